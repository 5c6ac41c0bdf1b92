#include "config/value.h"

#include "config/axes.h"
#include "config/label_groups.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(hf_list) == sizeof(hf_counts) && sizeof(hf_list) == sizeof(hf_numbers) && sizeof(hf_list) == sizeof(hf_reals) &&
                   sizeof(hf_list) == sizeof(hf_count_rows) && sizeof(hf_list) == sizeof(hf_real_rows) &&
                   sizeof(hf_list) == sizeof(hf_strings) && sizeof(hf_list) == sizeof(hf_axes) &&
                   sizeof(hf_list) == sizeof(hf_fits) && sizeof(hf_list) == sizeof(hf_labels),
               "the lists of hf_config differ in layout");

static hf_list load_list(const void *field)
{
    hf_list list;
    memcpy(&list, field, sizeof list);
    return list;
}

static void *element(hf_list list, hf_kind kind, size_t i)
{
    return (char *)list.at + i * hf_kinds[hf_kinds[kind].element].size;
}

static const char *describe_kind(const hf_key *key, hf_kind kind, char text[HF_EXPECTED])
{
    char range[HF_RANGE_TEXT];
    int used = snprintf(text, HF_EXPECTED, "%s%s", hf_kinds[kind].name, hf_range_describe(&key->range, range));
    for (size_t c = 0; kind == HF_KIND_CHOICE && key->choices[c] != NULL; c++)
        used += snprintf(text + used, HF_EXPECTED - (size_t)used, "%s \"%s\"", c == 0 ? "" : ",", key->choices[c]);
    return text;
}

const char *hf_value_expected(const hf_key *key, char text[HF_EXPECTED])
{
    return describe_kind(key, key->kind, text);
}

const char *hf_value_describe(const hf_setting *setting, char text[HF_EXPECTED])
{
    static const char *const others[] = {
        [HF_SETTING_GROUP] = "a section",
        [HF_SETTING_LIST] = "a list",
        [HF_SETTING_ARRAY] = "a list",
    };
    char shown[80];
    switch (setting->type) {
    case HF_SETTING_INTEGER:
        snprintf(text, HF_EXPECTED, "%lld", (long long)setting->integer);
        break;
    case HF_SETTING_REAL:
        hf_text_real(setting->real, text);
        break;
    case HF_SETTING_STRING:
        snprintf(text, HF_EXPECTED, "\"%s\"", hf_text_show(setting->string, shown, sizeof shown));
        break;
    case HF_SETTING_BOOL:
        snprintf(text, HF_EXPECTED, "%s", setting->truth ? "true" : "false");
        break;
    default:
        if (setting->type != HF_SETTING_GROUP && setting->length == 0)
            snprintf(text, HF_EXPECTED, "an empty list");
        else
            snprintf(text, HF_EXPECTED, "%s", others[setting->type]);
    }
    return text;
}

/* The fault of a setting that is not a value of kind, or of the key's range. */
static hf_status mismatch(const hf_key *key, hf_kind kind, const hf_setting *setting, hf_fault *fault)
{
    char expected[HF_EXPECTED], got[HF_EXPECTED];
    const bool huge = setting->type == HF_SETTING_REAL && fabs(setting->real) > HF_REAL_MAX;
    return hf_fault_set(fault, setting->file, setting->line, "expected %s%s, got %s", describe_kind(key, kind, expected),
                        huge ? " of magnitude up to 1e300" : "", hf_value_describe(setting, got));
}

static bool get_string(const hf_setting *setting, const char **value)
{
    *value = setting->string;
    return *value != NULL;
}

/* Any number in range; an integer where kind asks for a real. */
static bool get_real(const hf_key *key, const hf_setting *setting, double *value)
{
    if (!hf_setting_is_number(setting))
        return false;
    *value = hf_setting_number(setting);
    return isfinite(*value) && hf_range_holds(&key->range, *value);
}

/* A non-negative integer in range; a real such as 1e6 if it is integral and exact. */
static bool get_integer(const hf_key *key, const hf_setting *setting, uint64_t *value)
{
    const double exact_max = 9007199254740992.0; /* 2^53 */
    double real;
    if (!get_real(key, setting, &real))
        return false;
    if (setting->type != HF_SETTING_REAL)
        *value = (uint64_t)setting->integer;
    else if (real == floor(real) && real <= exact_max)
        *value = (uint64_t)real;
    else
        return false;
    return true;
}

static bool get_choice(const hf_key *key, const hf_setting *setting, int *value)
{
    const char *name;
    if (!get_string(setting, &name))
        return false;
    for (*value = 0; key->choices[*value] != NULL; ++*value)
        if (strcmp(key->choices[*value], name) == 0)
            return true;
    return false;
}

static bool get_bool(const hf_setting *setting, bool *value)
{
    *value = setting->truth;
    return setting->type == HF_SETTING_BOOL;
}

static hf_status read_string(const hf_key *key, hf_kind kind, const hf_setting *setting, char **field, hf_fault *fault)
{
    const char *value;
    if (!get_string(setting, &value) || (kind == HF_KIND_PATH && *value == '\0'))
        return mismatch(key, kind, setting, fault);
    *field = strdup(value);
    return *field == NULL ? HF_ESYSTEM : HF_OK;
}

static hf_status read_kind(const hf_key *key, hf_kind kind, const hf_setting *setting, void *field, hf_fault *fault);

static hf_status read_list(const hf_key *key, hf_kind kind, const hf_setting *setting, void *field, hf_fault *fault)
{
    const hf_kind inner = hf_kinds[kind].element;
    if (!hf_setting_is_sequence(setting) || setting->length == 0)
        return mismatch(key, kind, setting, fault);
    hf_list list = {.count = setting->length};
    list.at = calloc(list.count, hf_kinds[inner].size);
    if (list.at == NULL)
        return HF_ESYSTEM;
    memcpy(field, &list, sizeof list);
    hf_status status = HF_OK;
    for (size_t i = 0; i < list.count && status == HF_OK; i++)
        status = read_kind(key, inner, &setting->at[i], element(list, kind, i), fault);
    return status;
}

static hf_status read_kind(const hf_key *key, hf_kind kind, const hf_setting *setting, void *field, hf_fault *fault)
{
    bool fits = true;
    uint64_t integer;
    switch (kind) {
    case HF_KIND_STRING:
    case HF_KIND_PATH:
        return read_string(key, kind, setting, field, fault);
    case HF_KIND_CHOICE:
        fits = get_choice(key, setting, field);
        break;
    case HF_KIND_BOOL:
        fits = get_bool(setting, field);
        break;
    case HF_KIND_COUNT:
        fits = get_integer(key, setting, &integer) && integer <= SIZE_MAX; /* no range ends beyond it */
        if (fits)
            *(size_t *)field = (size_t)integer;
        break;
    case HF_KIND_NUMBER:
        fits = get_integer(key, setting, field);
        break;
    case HF_KIND_REAL:
        fits = get_real(key, setting, field);
        break;
    case HF_KIND_COUNTS:
    case HF_KIND_NUMBERS:
    case HF_KIND_REALS:
    case HF_KIND_COUNT_ROWS:
    case HF_KIND_REAL_ROWS:
    case HF_KIND_STRINGS:
        return read_list(key, kind, setting, field, fault);
    case HF_KIND_AXES:
        return hf_axes_read(setting, field, fault);
    case HF_KIND_FITS:
        return hf_fits_read(setting, field, fault);
    case HF_KIND_LABELS:
        return hf_label_groups_read(setting, field, fault);
    }
    return fits ? HF_OK : mismatch(key, kind, setting, fault);
}

hf_status hf_value_read(const hf_key *key, const hf_setting *setting, void *field, hf_fault *fault)
{
    return read_kind(key, key->kind, setting, field, fault);
}

void hf_value_clear(hf_kind kind, void *field)
{
    if (hf_kinds[kind].is_list) {
        const hf_list list = load_list(field);
        for (size_t i = 0; i < list.count; i++)
            hf_value_clear(hf_kinds[kind].element, element(list, kind, i));
        free(list.at);
    } else if (kind == HF_KIND_STRING || kind == HF_KIND_PATH) {
        free(*(char **)field);
    } else if (kind == HF_KIND_AXES) {
        hf_axes_clear(field);
    } else if (kind == HF_KIND_FITS) {
        hf_fits_clear(field);
    } else if (kind == HF_KIND_LABELS) {
        hf_label_groups_clear(field);
    }
    memset(field, 0, hf_kinds[kind].size);
}

bool hf_value_is_set(hf_kind kind, const void *field)
{
    if (kind == HF_KIND_STRING || kind == HF_KIND_PATH)
        return *(char *const *)field != NULL;
    const bool is_counted =
        hf_kinds[kind].is_list || kind == HF_KIND_AXES || kind == HF_KIND_FITS || kind == HF_KIND_LABELS;
    return !is_counted || load_list(field).count > 0;
}

/* libconfig reads an integer of more than 32 bits only with an L. */
static void print_integer(uint64_t value, FILE *stream)
{
    fprintf(stream, "%llu%s", (unsigned long long)value, value > INT_MAX ? "L" : "");
}

static void print_kind(const hf_key *key, hf_kind kind, const void *field, FILE *stream);

static void print_list(const hf_key *key, hf_kind kind, const void *field, FILE *stream)
{
    const hf_list list = load_list(field);
    fputc('(', stream);
    for (size_t i = 0; i < list.count; i++) {
        fputs(i == 0 ? "" : ", ", stream);
        print_kind(key, hf_kinds[kind].element, element(list, kind, i), stream);
    }
    fputc(')', stream);
}

static void print_kind(const hf_key *key, hf_kind kind, const void *field, FILE *stream)
{
    char real[HF_REAL_TEXT];
    switch (kind) {
    case HF_KIND_STRING:
    case HF_KIND_PATH:
        hf_text_quote(*(char *const *)field, stream);
        break;
    case HF_KIND_CHOICE:
        hf_text_quote(key->choices[*(const int *)field], stream);
        break;
    case HF_KIND_BOOL:
        fputs(*(const bool *)field ? "true" : "false", stream);
        break;
    case HF_KIND_COUNT:
        print_integer(*(const size_t *)field, stream);
        break;
    case HF_KIND_NUMBER:
        print_integer(*(const uint64_t *)field, stream);
        break;
    case HF_KIND_REAL:
        fputs(hf_text_real(*(const double *)field, real), stream);
        break;
    case HF_KIND_COUNTS:
    case HF_KIND_NUMBERS:
    case HF_KIND_REALS:
    case HF_KIND_COUNT_ROWS:
    case HF_KIND_REAL_ROWS:
    case HF_KIND_STRINGS:
        print_list(key, kind, field, stream);
        break;
    case HF_KIND_AXES:
        hf_axes_print(field, stream);
        break;
    case HF_KIND_FITS:
        hf_fits_print(field, stream);
        break;
    case HF_KIND_LABELS:
        hf_label_groups_print(field, stream);
        break;
    }
}

void hf_value_print(const hf_key *key, const void *field, FILE *stream)
{
    print_kind(key, key->kind, field, stream);
}

char *hf_value_text(const hf_key *key, const void *field)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return NULL;
    hf_value_print(key, field, stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}
