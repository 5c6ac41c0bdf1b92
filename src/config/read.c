#include "config/read.h"

#include "config/keys.h"
#include "core/path.h"
#include "core/text.h"
#include "config/tree.h"
#include "config/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATH_TEXT  256 /* of a key; longer ones are cut and therefore unknown */
#define KEY_TEXT   120 /* of a key or an override in a message */
#define PLACE_TEXT (2 * HF_SHOWN + 16)
#define LIST_HINT  200

/* Where one key's value comes from. */
typedef struct {
    const hf_setting *setting; /* NULL: not given */
    const char *override;      /* "path=value"; NULL: the file, or a default */
    bool in_file;              /* the file gives it, too */
} source;

typedef struct {
    hf_config *config;
    const char *path; /* or what stands for it */
    const char *text; /* NULL: what is in the file */
    hf_error *err;
    hf_fault fault;
    hf_pool pool;    /* what has been parsed; the sources point into it */
    source *sources; /* (hf_key_count) */
} reader;

/* Writes where a fault is, "FILE:LINE" or "-s path=value", and returns place. */
static const char *describe_place(const reader *r, const char *override, const hf_fault *fault, char place[PLACE_TEXT])
{
    char shown[HF_SHOWN];
    if (override != NULL) {
        snprintf(place, PLACE_TEXT, "-s %s", hf_text_show(override, shown, KEY_TEXT));
        return place;
    }
    int used;
    if (fault->file[0] == '\0')
        used = snprintf(place, PLACE_TEXT, "%s", hf_text_show(r->path, shown, sizeof shown));
    else if (strcmp(r->config->directory, ".") == 0)
        used = snprintf(place, PLACE_TEXT, "%s", fault->file);
    else
        used = snprintf(place, PLACE_TEXT, "%s/%s", hf_text_show(r->config->directory, shown, sizeof shown), fault->file);
    if (fault->line > 0)
        snprintf(place + used, PLACE_TEXT - (size_t)used, ":%u", fault->line);
    return place;
}

/* Writes how numbers that an override gives without brackets are said, ", such as -s data.copies='(3, 2)'", or "" where that
 * is not what is wrong, and returns hint. */
static const char *describe_list(const char *override, const char *path, char hint[LIST_HINT])
{
    const hf_key *key = path == NULL || override == NULL ? NULL : hf_keys_find(path);
    const bool is_list = key != NULL && (key->kind == HF_KIND_COUNTS || key->kind == HF_KIND_NUMBERS || key->kind == HF_KIND_REALS);
    const char *value = is_list ? strchr(override, '=') + 1 : "";
    hint[0] = '\0';
    if (*value == '\0' || strspn(value, "0123456789+-.eEL, ") != strlen(value) || strlen(value) > LIST_HINT / 4)
        return hint;
    int used = snprintf(hint, LIST_HINT, ", such as -s %s='(", path);
    for (const char *separator = ""; *(value += strspn(value, ", ")) != '\0'; separator = ", ") {
        const int length = (int)strcspn(value, ", ");
        used += snprintf(hint + used, LIST_HINT - (size_t)used, "%s%.*s", separator, length, value);
        value += length;
    }
    snprintf(hint + used, LIST_HINT - (size_t)used, ")'");
    return hint;
}

/* Turns the reader's fault, or a failed allocation, into the caller's error. key NULL: the fault is of no key. */
static hf_status report(reader *r, hf_status status, const char *override, const char *key)
{
    char place[PLACE_TEXT], shown[KEY_TEXT], hint[LIST_HINT];
    if (status != HF_EUSAGE && r->fault.text[0] == '\0')
        return hf_fail_memory(r->err, "the model file");
    return hf_fail(r->err, status, "%s: %s%s%s%s", describe_place(r, override, &r->fault, place),
                   key == NULL ? "" : hf_text_show(key, shown, sizeof shown), key == NULL ? "" : ": ", r->fault.text,
                   describe_list(override, key, hint));
}

static hf_status report_unknown(reader *r, const char *override, const char *path)
{
    char shown[KEY_TEXT];
    const char *meant = hf_keys_suggest(path);
    hf_text_show(path, shown, sizeof shown);
    if (meant == NULL)
        snprintf(r->fault.text, sizeof r->fault.text, "unknown key '%s'", shown);
    else
        snprintf(r->fault.text, sizeof r->fault.text, "unknown key '%s', did you mean '%s'?", shown, meant);
    return report(r, HF_EUSAGE, override, NULL);
}

/* Makes the fault point at a setting. */
static void point_at(reader *r, const hf_setting *setting)
{
    const char *file = setting->file;
    hf_fault_set(&r->fault, file, setting->line, "%s", "");
}

/* Parses text, which should be what expected says, and returns its root. */
static hf_status parse(reader *r, const char *text, const char *expected, const hf_setting **root)
{
    return hf_tree_parse(&r->pool, text, r->config->directory, expected, root, &r->fault);
}

/* Notes that something is said in the section that path is, or is in. */
static void declare(reader *r, const char *path)
{
    const size_t length = strcspn(path, ".");
    for (size_t s = 0; s < hf_section_count; s++) {
        const hf_section *section = &hf_sections[s];
        const bool is_it = strlen(section->path) == length && strncmp(path, section->path, length) == 0;
        if (is_it && section->is_declared)
            *(bool *)((char *)r->config + section->declared) = true;
    }
}

/* ---- the file ---- */

/* Enters the settings of a section, whose path is prefix, and of the sections in it as sources. */
static hf_status collect(reader *r, const hf_setting *section, const char *prefix)
{
    hf_status status = HF_OK;
    for (size_t i = 0; i < section->length && status == HF_OK; i++) {
        const hf_setting *setting = &section->at[i];
        char path[PATH_TEXT], got[HF_EXPECTED];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", setting->name);
        const hf_key *key = hf_keys_find(path);
        point_at(r, setting);
        declare(r, path);
        if (key != NULL) {
            r->sources[key - hf_keys] = (source){.setting = setting, .in_file = true};
        } else if (hf_keys_find_section(path) == NULL) {
            status = report_unknown(r, NULL, path);
        } else if (setting->type == HF_SETTING_GROUP) {
            status = collect(r, setting, path);
        } else {
            snprintf(r->fault.text, sizeof r->fault.text, "expected a section { ... }, got %s",
                     hf_value_describe(setting, got));
            status = report(r, HF_EUSAGE, NULL, path);
        }
    }
    return status;
}

static hf_status read_file(reader *r)
{
    char *text = NULL;
    const hf_setting *root;
    hf_status status = r->text == NULL ? hf_text_load(r->path, &text, &r->fault) : HF_OK;
    if (status != HF_OK)
        return report(r, status, NULL, NULL);
    const char *start = hf_text_skip_mark(r->text == NULL ? text : r->text);
    status = parse(r, start, "'key = value;' with every key once", &root);
    free(text);
    return status == HF_OK ? collect(r, root, "") : report(r, status, NULL, NULL);
}

/* ---- overrides and defaults ---- */

/* Whether text is a string without quotes: always for a key that holds a string, else if it starts like a word. */
static bool is_bare_word(const hf_key *key, const char *text)
{
    const bool holds_string = key->kind == HF_KIND_STRING || key->kind == HF_KIND_PATH || key->kind == HF_KIND_CHOICE;
    const bool is_bool = strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
    return holds_string ? *text != '"' : isalpha((unsigned char)*text) && !is_bool;
}

/* Turns the text of one value, of a default or of an override, into a setting. */
static hf_status parse_value(reader *r, const hf_key *key, const char *text, const hf_setting **setting)
{
    static const char form[] = "value = %s\n;";
    const hf_setting *root;
    if (is_bare_word(key, text)) {
        *setting = hf_tree_string(&r->pool, text);
        return *setting == NULL ? HF_ESYSTEM : HF_OK;
    }
    char *wide = hf_text_widen(text);
    const size_t size = wide == NULL ? 0 : sizeof form + strlen(wide);
    char *assignment = wide == NULL ? NULL : malloc(size);
    if (assignment != NULL)
        snprintf(assignment, size, form, wide);
    free(wide);
    if (assignment == NULL)
        return HF_ESYSTEM;
    const hf_status status = parse(r, assignment, "one value", &root);
    free(assignment);
    if (status != HF_OK)
        return status;
    if (root->length != 1)
        return hf_fault_set(&r->fault, NULL, 0, "expected one value");
    *setting = &root->at[0];
    return HF_OK;
}

static hf_status read_override(reader *r, const char *override)
{
    const char *equals = strchr(override, '=');
    char path[PATH_TEXT];
    r->fault = (hf_fault){.text = "expected path=value, such as target.ratio=1.7"};
    if (equals == NULL || equals == override)
        return report(r, HF_EUSAGE, override, NULL);
    snprintf(path, sizeof path, "%.*s", (int)(equals - override < PATH_TEXT ? equals - override : PATH_TEXT), override);
    const hf_key *key = hf_keys_find(path);
    if (key == NULL && hf_keys_find_section(path) == NULL)
        return report_unknown(r, override, path);
    hf_fault_set(&r->fault, NULL, 0, "is a section, expected one of its keys");
    source *entry = key == NULL ? NULL : &r->sources[key - hf_keys];
    const hf_status status = entry == NULL ? HF_EUSAGE : parse_value(r, key, equals + 1, &entry->setting);
    if (status != HF_OK)
        return report(r, status, override, path);
    entry->override = override;
    declare(r, path);
    return HF_OK;
}

static source *source_of(const reader *r, const char *path)
{
    return &r->sources[hf_keys_find(path) - hf_keys];
}

/* Whether a key of the file yields to one of the command line. */
static bool is_dropped(const reader *r, const hf_key *key)
{
    for (const char *const *path = key->yields; path != NULL && *path != NULL; path++) {
        const source *stronger = source_of(r, *path);
        if (stronger->override != NULL && !stronger->in_file)
            return r->sources[key - hf_keys].override == NULL;
    }
    return false;
}

/* Of two keys that exclude each other an override drops the one in the file; elsewhere both are an error. */
static hf_status settle_alternatives(reader *r)
{
    for (size_t k = 0; k < hf_key_count; k++) {
        if (is_dropped(r, &hf_keys[k]))
            r->sources[k] = (source){0};
        if (hf_keys[k].replaces == NULL)
            continue;
        source *one = &r->sources[k];
        source *other = source_of(r, hf_keys[k].replaces);
        if (one->setting == NULL || other->setting == NULL)
            continue;
        if ((one->override == NULL) == (other->override == NULL)) {
            point_at(r, one->setting);
            snprintf(r->fault.text, sizeof r->fault.text, "cannot be given together with %s", hf_keys[k].replaces);
            return report(r, HF_EUSAGE, one->override, hf_keys[k].path);
        }
        *(one->override == NULL ? one : other) = (source){0};
    }
    return HF_OK;
}

/* ---- the fields ---- */

static hf_status record_origin(reader *r, size_t k)
{
    char place[PLACE_TEXT];
    hf_origins *origins = r->config->origins;
    point_at(r, r->sources[k].setting);
    origins->where[k] = strdup(describe_place(r, r->sources[k].override, &r->fault, place));
    origins->given[k] = hf_value_text(&hf_keys[k], hf_keys_value(&hf_keys[k], r->config));
    const bool recorded = origins->where[k] != NULL && origins->given[k] != NULL;
    return recorded ? HF_OK : report(r, HF_ESYSTEM, NULL, NULL);
}

/* A path on the command line starts at the current directory, one in the file at the file's. */
static hf_status root_path(reader *r, char **path)
{
    char *absolute = hf_path_absolute(*path);
    if (absolute == NULL)
        return hf_fail(r->err, HF_ESYSTEM, "the current directory has no path");
    free(*path);
    *path = absolute;
    return HF_OK;
}

static hf_status fill_key(reader *r, size_t k)
{
    const hf_key *key = &hf_keys[k];
    const source *given = &r->sources[k];
    const hf_setting *setting = given->setting;
    void *field = hf_keys_field(key, r->config);
    char expected[HF_EXPECTED];
    hf_status status = HF_OK;
    if (setting == NULL && key->required && (key->when == NULL || key->when(r->config)))
        status = hf_fault_set(&r->fault, NULL, 0, "this key is required, expected %s", hf_value_expected(key, expected));
    else if (setting == NULL && key->fallback != NULL)
        status = parse_value(r, key, key->fallback, &setting);
    if (status == HF_OK && setting != NULL)
        status = hf_value_read(key, setting, field, &r->fault);
    if (status != HF_OK)
        return report(r, status, given->override, key->path);
    if (given->setting != NULL)
        status = record_origin(r, k);
    if (status == HF_OK && given->override != NULL && key->kind == HF_KIND_PATH)
        status = root_path(r, field);
    return status;
}

/* The last component of path, without ".conf". */
static char *make_title(const char *path)
{
    static const char suffix[] = ".conf";
    const char *name = hf_path_name(path);
    const size_t length = strlen(name), end = sizeof suffix - 1;
    const bool has_suffix = length > end && strcmp(name + length - end, suffix) == 0;
    return strndup(name, has_suffix ? length - end : length);
}

static hf_status fill(reader *r)
{
    for (size_t n = 0; n < 2 * hf_key_count; n++) {
        const size_t k = n % hf_key_count;
        const bool is_first = n < hf_key_count;
        const hf_status status = hf_keys[k].decides == is_first ? fill_key(r, k) : HF_OK;
        if (status != HF_OK)
            return status;
    }
    if (r->config->title == NULL)
        r->config->title = make_title(r->path);
    return r->config->title == NULL ? report(r, HF_ESYSTEM, NULL, NULL) : HF_OK;
}

/* ---- the whole ---- */

void hf_read_free_origins(hf_origins *origins)
{
    if (origins == NULL)
        return;
    for (size_t k = 0; origins->where != NULL && k < hf_key_count; k++)
        free(origins->where[k]);
    for (size_t k = 0; origins->given != NULL && k < hf_key_count; k++)
        free(origins->given[k]);
    free(origins->where);
    free(origins->given);
    free(origins->file);
    free(origins);
}

static hf_origins *make_origins(const char *path)
{
    char shown[HF_SHOWN];
    hf_origins *origins = calloc(1, sizeof *origins);
    if (origins == NULL)
        return NULL;
    origins->file = strdup(hf_text_show(path, shown, sizeof shown));
    origins->where = calloc(hf_key_count, sizeof *origins->where);
    origins->given = calloc(hf_key_count, sizeof *origins->given);
    if (origins->file != NULL && origins->where != NULL && origins->given != NULL)
        return origins;
    hf_read_free_origins(origins);
    return NULL;
}

static hf_status read_all(reader *r, size_t override_count, const char *const overrides[])
{
    hf_status status = read_file(r);
    for (size_t i = 0; i < override_count && status == HF_OK; i++)
        status = read_override(r, overrides[i]);
    if (status == HF_OK)
        status = settle_alternatives(r);
    return status == HF_OK ? fill(r) : status;
}

hf_status hf_read_model(hf_config *config, const hf_config_source *from, size_t override_count,
                        const char *const overrides[], hf_error *err)
{
    reader r = {.config = config, .path = from->path, .text = from->text, .err = err};
    config->directory = from->directory == NULL ? hf_path_folder(from->path) : strdup(from->directory);
    config->origins = make_origins(from->path);
    r.sources = calloc(hf_key_count, sizeof *r.sources);
    hf_status status = HF_ESYSTEM;
    if (config->directory == NULL || config->origins == NULL || r.sources == NULL)
        report(&r, status, NULL, NULL);
    else
        status = read_all(&r, override_count, overrides);
    hf_pool_clear(&r.pool);
    free(r.sources);
    return status;
}

hf_status hf_read_again(hf_config *config, const char *override, hf_error *err)
{
    hf_origins *origins = config->origins;
    reader r = {.config = config, .path = origins->file, .err = err, .sources = calloc(hf_key_count, sizeof *r.sources)};
    hf_status status = r.sources == NULL ? report(&r, HF_ESYSTEM, NULL, NULL) : read_override(&r, override);
    for (size_t k = 0; k < hf_key_count && status == HF_OK; k++) {
        if (r.sources[k].setting == NULL)
            continue;
        hf_value_clear(hf_keys[k].kind, hf_keys_field(&hf_keys[k], config));
        free(origins->where[k]);
        free(origins->given[k]);
        origins->where[k] = origins->given[k] = NULL;
        status = fill_key(&r, k);
    }
    hf_pool_clear(&r.pool);
    free(r.sources);
    return status;
}
