/* Texts of settings, read by headflow and by libconfig: both read the same tree, or both refuse with the same word. What headflow alone
 * refuses, and says so, is not compared; nor are arrays that mix integers with and without L, which libconfig alone refuses, and
 * included files. Needs libconfig, which nothing else does. */
#include "fuzz.h"

#include "config/tree.h"

#include <libconfig.h>

static bool is_same(const hf_setting *ours, const config_setting_t *theirs);

static bool are_same(const hf_setting *ours, const config_setting_t *theirs)
{
    if (ours->length != (size_t)config_setting_length(theirs))
        return false;
    for (size_t i = 0; i < ours->length; i++)
        if (!is_same(&ours->at[i], config_setting_get_elem(theirs, (unsigned)i)))
            return false;
    return true;
}

static bool is_same(const hf_setting *ours, const config_setting_t *theirs)
{
    static const int types[] = {[HF_SETTING_BOOL] = CONFIG_TYPE_BOOL,   [HF_SETTING_INTEGER] = CONFIG_TYPE_INT,
                                [HF_SETTING_REAL] = CONFIG_TYPE_FLOAT,  [HF_SETTING_STRING] = CONFIG_TYPE_STRING,
                                [HF_SETTING_ARRAY] = CONFIG_TYPE_ARRAY, [HF_SETTING_LIST] = CONFIG_TYPE_LIST,
                                [HF_SETTING_GROUP] = CONFIG_TYPE_GROUP};
    const int type = config_setting_type(theirs);
    const char *name = config_setting_name(theirs);
    const double real = config_setting_get_float(theirs);
    if (types[ours->type] != (type == CONFIG_TYPE_INT64 ? CONFIG_TYPE_INT : type) || (name == NULL) != (ours->name == NULL))
        return false;
    if (name != NULL && (strcmp(name, ours->name) != 0 || ours->line != config_setting_source_line(theirs)))
        return false;
    switch (ours->type) {
    case HF_SETTING_BOOL:
        return ours->truth == config_setting_get_bool(theirs);
    case HF_SETTING_INTEGER:
        return ours->integer == config_setting_get_int64(theirs);
    case HF_SETTING_REAL:
        return memcmp(&real, &ours->real, sizeof real) == 0;
    case HF_SETTING_STRING:
        return strcmp(ours->string, config_setting_get_string(theirs)) == 0;
    default:
        return are_same(ours, theirs);
    }
}

/* Whether headflow refuses what libconfig takes, or cannot be trusted with. */
static bool is_stricter(const char *message)
{
    static const char *const ours[] = {"carriage return",   "two strings",       "is not a number",     "too small",
                                       "does not fit",      "more than 32 bits", "hexadecimal numbers", "\\x in a string",
                                       "cannot stand here", "nested more",       "has no end",          NULL};
    for (size_t i = 0; ours[i] != NULL; i++)
        if (strstr(message, ours[i]) != NULL)
            return true;
    return false;
}

static void compare(const char *text, hf_status status, const hf_setting *root, const hf_fault *fault)
{
    config_t tree;
    config_init(&tree);
    const bool good = config_read_string(&tree, text) == CONFIG_TRUE;
    const char *why = good ? "" : config_error_text(&tree);
    const bool mixes = strstr(why, "mismatched") != NULL && (status == HF_OK || strstr(fault->text, "mismatched") == NULL);
    const bool agree = good ? status == HF_OK && is_same(root, config_root_setting(&tree))
                            : mixes || (status == HF_EUSAGE && strstr(fault->text, why) != NULL);
    if (!agree || (mixes && strchr(text, 'L') == NULL)) {
        fprintf(stderr, "headflow: status %d, line %u: %s\nlibconfig: %s\n", (int)status, fault->line, fault->text,
                good ? "another tree" : why);
        abort();
    }
    config_destroy(&tree);
}

FUZZ_TARGET(tree)
{
    char *text = malloc(size + 2);
    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, bytes, size);
    memcpy(text + size, "\n", 2); /* libconfig wants an end behind the last comment */
    hf_pool pool = {0};
    hf_fault fault = {.text = ""};
    const hf_setting *root = NULL;
    if (strlen(text) == size + 1 && strstr(text, "@include") == NULL) {
        const hf_status status = hf_tree_parse(&pool, text, ".", "one", &root, &fault);
        if (status == HF_OK || !is_stricter(fault.text))
            compare(text, status, root, &fault);
    }
    hf_pool_clear(&pool);
    free(text);
    return 0;
}
