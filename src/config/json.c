#include "config/json.h"

#include "config/tree.h"

#include <stdlib.h>

static void write_setting(hf_json *json, const hf_setting *setting)
{
    const char *name = setting->name;
    switch (setting->type) {
    case HF_SETTING_INTEGER:
        if (setting->integer >= 0)
            hf_json_count(json, name, (uint64_t)setting->integer);
        else
            hf_json_number(json, name, (double)setting->integer);
        break;
    case HF_SETTING_REAL:
        hf_json_number(json, name, setting->real);
        break;
    case HF_SETTING_BOOL:
        hf_json_flag(json, name, setting->truth);
        break;
    case HF_SETTING_STRING:
        hf_json_string(json, name, setting->string);
        break;
    default: {
        const char bracket = setting->type == HF_SETTING_GROUP ? '{' : '[';
        hf_json_open(json, name, bracket);
        for (size_t i = 0; i < setting->length; i++)
            write_setting(json, &setting->at[i]);
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
    hf_pool pool = {0};
    hf_fault fault;
    const hf_setting *root;
    char *text = print_model(config);
    if (text == NULL)
        return hf_fail_memory(err, "the configuration");
    const bool good =
        hf_tree_parse(&pool, text, ".", "", &root, &fault) == HF_OK; /* it reads back, unless memory is short */
    free(text);
    if (good) {
        hf_json_open(json, name, '{');
        for (size_t i = 0; i < root->length; i++)
            write_setting(json, &root->at[i]);
        hf_json_close(json, '{');
    }
    hf_pool_clear(&pool);
    return good ? HF_OK : hf_fail_memory(err, "the configuration");
}
