#include "config/config.h"

#include "config/keys.h"
#include "config/read.h"
#include "core/path.h"
#include "core/text.h"
#include "config/value.h"
#include "core/file.h"
#include "core/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    FOR_READER, /* as the user gave it, with comments */
    FOR_HASH,   /* one spelling for one run, without comments */
    AS_GIVEN,   /* what was given only, without the sweep, with comments */
    GIVEN_HASH  /* the same without comments */
} print_form;

static bool in_section(const hf_key *key, const char *prefix)
{
    return strncmp(key->path, prefix, strlen(prefix)) == 0;
}

/* Whether a sweep's tasks have this key from the model. The title would be made from another file's name. */
static bool is_given(const hf_config *c, const hf_key *key, print_form form)
{
    static const char *const without_effect[] = {"title", "labels", "init.state", "chain.teacher",
                                                 "output.plots"}; /* tables count by their contents */
    for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect; i++)
        if (form == GIVEN_HASH && strcmp(key->path, without_effect[i]) == 0)
            return false;
    if (in_section(key, "sweep.") || strcmp(key->path, "fit") == 0)
        return false;
    const hf_origins *origins = c->origins;
    return strcmp(key->path, "title") == 0 || origins->given[key - hf_keys] != NULL;
}

/* What the effective configuration leaves out: a second spelling of the same thing, and what has no effect. */
static bool is_shown(const hf_config *c, const hf_key *key, print_form form)
{
    const hf_section *section = hf_keys_section(key);
    if (form == AS_GIVEN || form == GIVEN_HASH)
        return is_given(c, key, form);
    if ((section->when != NULL && !section->when(c)) || (key->when != NULL && !key->when(c)))
        return false;
    if (form == FOR_READER ? key->derived != NULL && key->derived(c) : key->counts != NULL && !key->counts(c))
        return false;
    return hf_value_is_set(key->kind, hf_keys_value(key, c));
}

/* ---- sections ---- */

/* Number of components of the first length characters of a path. */
static int depth_of(const char *path, size_t length)
{
    int depth = length > 0;
    for (size_t i = 0; i < length; i++)
        depth += path[i] == '.';
    return depth;
}

static void indent(FILE *stream, int depth)
{
    fprintf(stream, "%*s", 4 * depth, "");
}

/* Length of the longest section that holds both keys. */
static size_t common_section(const char *a, const char *b)
{
    size_t common = 0;
    for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++)
        if (a[i] == '.')
            common = i;
    return common;
}

/* Closes the sections of key from that do not hold key to, and opens those of key to. "" is no key. */
static void change_section(FILE *stream, const char *from, const char *to)
{
    const size_t common = common_section(from, to), end = hf_keys_section_length(to);
    int depth = depth_of(from, hf_keys_section_length(from));
    for (; depth > depth_of(to, common); depth--) {
        indent(stream, depth - 1);
        fputs("};\n", stream);
    }
    for (size_t start = common == 0 ? 0 : common + 1; start < end; depth++) {
        const size_t length = strcspn(to + start, ".");
        indent(stream, depth);
        fprintf(stream, "%.*s = {\n", (int)length, to + start);
        start += length + 1;
    }
}

/* ---- the effective configuration ---- */

/* What the key means in this configuration. */
static const char *help_of(const hf_config *config, const hf_key *key)
{
    const char *help = config->declared.train ? key->task_help[config->train.task] : NULL;
    return help != NULL ? help : key->help;
}

static void print_comment(const hf_config *config, const hf_key *key, int depth, FILE *stream)
{
    const bool has_unit = *key->unit != '\0' && strcmp(key->unit, "1") != 0;
    indent(stream, depth);
    fprintf(stream, "# %s%s%s%s\n", help_of(config, key), has_unit ? " [" : "", key->unit + (has_unit ? 0 : strlen(key->unit)),
            has_unit ? "]" : "");
}

/* A table by the name given, or by a path that holds wherever the configuration is kept. False: no memory or no
 * current directory. */
static bool print_path(const hf_config *config, const hf_key *key, const char *name, FILE *stream)
{
    char *const *given = hf_keys_value(key, config);
    char *path = name != NULL ? strdup(name) : hf_config_resolve(config, *given);
    char *absolute = name != NULL || path == NULL ? path : hf_path_absolute(path);
    if (absolute != NULL)
        hf_value_print(key, &absolute, stream);
    const bool printed = absolute != NULL;
    if (absolute != path)
        free(absolute);
    free(path);
    return printed;
}

static bool is_teacher(const hf_key *key)
{
    return strcmp(key->path, "chain.teacher") == 0;
}

static bool print_key(const hf_config *config, const hf_key *key, print_form form, const char *state, FILE *stream)
{
    const int depth = depth_of(key->path, hf_keys_section_length(key->path));
    const hf_origins *origins = config->origins;
    const bool as_given = (form == AS_GIVEN || form == GIVEN_HASH) && origins->given[key - hf_keys] != NULL;
    bool printed = true;
    if (form == FOR_READER || form == AS_GIVEN)
        print_comment(config, key, depth, stream);
    indent(stream, depth);
    fprintf(stream, "%s = ", key->path + hf_keys_section_length(key->path) + (depth > 0));
    if (key->kind == HF_KIND_PATH)
        printed = print_path(config, key, state != NULL && is_teacher(key) ? HF_CONFIG_TEACHER : state, stream);
    else if (as_given)
        fputs(origins->given[key - hf_keys], stream);
    else
        hf_value_print(key, hf_keys_value(key, config), stream);
    fputs(";\n", stream);
    return printed;
}

static bool print_config(const hf_config *config, print_form form, const char *state, FILE *stream)
{
    const char *previous = "";
    bool printed = true;
    for (size_t k = 0; k < hf_key_count && printed; k++) {
        if (!is_shown(config, &hf_keys[k], form))
            continue;
        change_section(stream, previous, hf_keys[k].path);
        printed = print_key(config, &hf_keys[k], form, state, stream);
        previous = hf_keys[k].path;
    }
    change_section(stream, previous, "");
    return printed && fflush(stream) == 0 && !ferror(stream);
}

bool hf_config_print(const hf_config *config, const char *state, FILE *stream)
{
    return print_config(config, FOR_READER, state, stream);
}

/* A section that is there but says nothing still decides what a run does. */
static void print_empty_section(const hf_config *config, const char *section, bool declared, FILE *stream)
{
    const hf_origins *origins = config->origins;
    for (size_t k = 0; k < hf_key_count; k++)
        if (in_section(&hf_keys[k], section) && origins->given[k] != NULL)
            return;
    if (declared)
        fprintf(stream, "%.*s = {\n};\n", (int)strlen(section) - 1, section);
}

static bool print_given(const hf_config *config, print_form form, const char *state, FILE *stream)
{
    print_empty_section(config, "flow.", config->declared.flow, stream);
    print_empty_section(config, "train.", config->declared.train, stream);
    return print_config(config, form, state, stream);
}

bool hf_config_print_given(const hf_config *config, const char *state, FILE *stream)
{
    return print_given(config, AS_GIVEN, state, stream);
}

/* ---- hash ---- */

static hf_status hash_keys(const hf_config *config, print_form form, uint64_t *hash, hf_error *err)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return hf_fail_memory(err, "the configuration");
    const bool printed =
        form == FOR_HASH ? print_config(config, form, NULL, stream) : print_given(config, form, NULL, stream);
    const bool closed = fclose(stream) == 0;
    const bool good = printed && closed && text != NULL; /* whose last growth fails in silence */
    if (good)
        hf_hash_bytes(hash, text, size);
    free(text);
    return good ? HF_OK : hf_fail_memory(err, "the configuration");
}

static hf_status reject_table(const hf_config *config, const char *key, int reason, const char *shown, hf_error *err)
{
    const hf_status status = hf_file_read_status(reason);
    if (status == HF_EUSAGE)
        return hf_config_reject(config, err, key, "cannot read '%s': %s", shown, strerror(reason));
    return hf_fail(err, status, "%s: cannot be read: %s", shown, strerror(reason));
}

/* A table counts by what it holds, not by where it is. given: NULL: there is none */
static hf_status hash_table(const hf_config *config, const char *key, const char *given, uint64_t *hash, hf_error *err)
{
    char shown[HF_SHOWN], bytes[4096];
    size_t size;
    if (given == NULL)
        return HF_OK;
    char *path = hf_config_resolve(config, given);
    if (path == NULL)
        return hf_fail_memory(err, "the path of a table");
    hf_text_show(path, shown, sizeof shown);
    FILE *stream = fopen(path, "rb");
    free(path);
    if (stream == NULL)
        return reject_table(config, key, errno, shown, err);
    while ((size = fread(bytes, 1, sizeof bytes, stream)) > 0)
        hf_hash_bytes(hash, bytes, size);
    const int reason = errno;
    const bool failed = ferror(stream);
    fclose(stream);
    return failed ? reject_table(config, key, reason, shown, err) : HF_OK;
}

static hf_status hash_tables(const hf_config *config, uint64_t *hash, hf_error *err)
{
    const hf_status status = hash_table(config, "init.state", config->init.state, hash, err);
    return status == HF_OK && hf_config_is_chain(config)
               ? hash_table(config, "chain.teacher", config->chain.teacher, hash, err)
               : status;
}

hf_status hf_config_hash(const hf_config *config, uint64_t *hash, hf_error *err)
{
    *hash = HF_HASH_START;
    const hf_status status = hash_keys(config, FOR_HASH, hash, err);
    return status == HF_OK ? hash_tables(config, hash, err) : status;
}

hf_status hf_config_hash_sweep(const hf_config *config, uint64_t *hash, hf_error *err)
{
    const hf_status status = hf_config_hash(config, hash, err);
    return status == HF_OK ? hash_keys(config, GIVEN_HASH, hash, err) : status;
}

hf_status hf_config_hash_model(const hf_config *config, uint64_t *hash, hf_error *err)
{
    *hash = HF_HASH_START;
    const hf_status status = hash_keys(config, GIVEN_HASH, hash, err);
    return status == HF_OK ? hash_tables(config, hash, err) : status;
}
