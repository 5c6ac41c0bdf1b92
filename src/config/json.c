#include "config/json.h"

#include <libconfig.h>
#include <stdlib.h>

static void write_setting(hf_json *json, const config_setting_t *setting, bool is_named)
{
    const char *name = is_named ? config_setting_name(setting) : NULL;
    const int kind = config_setting_type(setting);
    switch (kind) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64: {
        const long long number = config_setting_get_int64(setting);
        if (number >= 0)
            hf_json_count(json, name, (uint64_t)number);
        else
            hf_json_number(json, name, (double)number);
        break;
    }
    case CONFIG_TYPE_FLOAT:
        hf_json_number(json, name, config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_BOOL:
        hf_json_flag(json, name, config_setting_get_bool(setting));
        break;
    case CONFIG_TYPE_STRING:
        hf_json_string(json, name, config_setting_get_string(setting));
        break;
    default: {
        const char bracket = kind == CONFIG_TYPE_GROUP ? '{' : '[';
        hf_json_open(json, name, bracket);
        for (int i = 0; i < config_setting_length(setting); i++)
            write_setting(json, config_setting_get_elem(setting, (unsigned)i), kind == CONFIG_TYPE_GROUP);
        hf_json_close(json, bracket);
    }
    }
}

/* The configuration as the text of a model file. Caller frees; NULL: memory. */
static char *print_model(const hf_config *config)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return NULL;
    const bool printed = hf_config_print(config, NULL, stream);
    if (fclose(stream) == 0 && printed)
        return text;
    free(text);
    return NULL;
}

hf_status hf_config_write_json(const hf_config *config, const char *name, hf_json *json, hf_error *err)
{
    config_t tree;
    char *text = print_model(config);
    if (text == NULL)
        return hf_fail_memory(err, "the configuration");
    config_init(&tree);
    const bool good = config_read_string(&tree, text) == CONFIG_TRUE; /* it reads back, unless memory is short */
    free(text);
    if (good) {
        const config_setting_t *root = config_root_setting(&tree);
        hf_json_open(json, name, '{');
        for (int i = 0; i < config_setting_length(root); i++)
            write_setting(json, config_setting_get_elem(root, (unsigned)i), true);
        hf_json_close(json, '{');
    }
    config_destroy(&tree);
    return good ? HF_OK : hf_fail_memory(err, "the configuration");
}
