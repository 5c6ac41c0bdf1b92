#include "config/axes.h"

#include "config/keys.h"
#include "config/value.h"
#include "core/plural.h"
#include "core/law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static hf_status reject(hf_fault *fault, const hf_setting *setting, const char *what, const char *expected)
{
    char got[HF_EXPECTED];
    return hf_fault_set(fault, setting->file, setting->line, "%s%sexpected %s, got %s", what, *what == '\0' ? "" : ": ",
                        expected, hf_value_describe(setting, got));
}

/* ---- strings ---- */

static hf_status read_string(const hf_setting *setting, const char *what, char **string, hf_fault *fault)
{
    const char *value = setting->string;
    if (value == NULL || *value == '\0')
        return reject(fault, setting, what, "a string");
    *string = strdup(value);
    return *string == NULL ? HF_ESYSTEM : HF_OK;
}

static void clear_strings(hf_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->at[i]);
    free(strings->at);
}

static bool is_filled_list(const hf_setting *setting)
{
    return hf_setting_is_sequence(setting) && setting->length > 0;
}

static hf_status start_strings(hf_strings *strings, size_t count)
{
    strings->at = calloc(count, sizeof *strings->at);
    strings->count = strings->at == NULL ? 0 : count;
    return strings->at == NULL ? HF_ESYSTEM : HF_OK;
}

/* ---- the values of an axis ---- */

/* Room for any field of hf_config. */
typedef union {
    char *string;
    int choice;
    bool flag;
    size_t count;
    uint64_t seed;
    double real;
    hf_list list;
} any_field;

/* One value of key, as the text that -s takes. */
static hf_status read_value(const hf_key *key, const hf_setting *setting, char **text, hf_fault *fault)
{
    any_field field = {.list = {0}};
    const hf_status status = hf_value_read(key, setting, &field, fault);
    if (status == HF_OK) /* a path bare: it is looked for, not only written */
        *text = key->kind == HF_KIND_PATH ? strdup(field.string) : hf_value_text(key, &field);
    hf_value_clear(key->kind, &field);
    if (status == HF_EUSAGE) { /* say which key */
        char what[sizeof fault->text];
        snprintf(what, sizeof what, "%s", fault->text);
        snprintf(fault->text, sizeof fault->text, "%s: %.500s", key->path, what);
    }
    return status == HF_OK && *text == NULL ? HF_ESYSTEM : status;
}

static hf_status read_values(hf_axis *axis, const hf_key *key, const hf_setting *setting, hf_fault *fault)
{
    if (!is_filled_list(setting))
        return reject(fault, setting, "values", "a list of values");
    hf_status status = start_strings(&axis->values, setting->length);
    for (size_t i = 0; i < axis->values.count && status == HF_OK; i++)
        status = read_value(key, &setting->at[i], &axis->values.at[i], fault);
    return status;
}

/* Number i of n, from first to last; powers of ten stay exact. */
static double grid_number(const hf_axis *axis, size_t i)
{
    const double n = (double)(axis->count - 1), k = (double)i;
    if (i == 0)
        return axis->first;
    if (i == axis->count - 1)
        return axis->last;
    if (axis->form == HF_AXIS_LINEAR)
        return ((n - k) * axis->first + k * axis->last) / n;
    return pow(10, ((n - k) * log10(axis->first) + k * log10(axis->last)) / n);
}

/* The values of a grid: integers are rounded, and those that round alike are taken once. */
static hf_status fill_grid(hf_axis *axis, const hf_key *key, const hf_setting *setting, hf_fault *fault)
{
    const bool is_real = key->kind == HF_KIND_REAL;
    hf_status status = start_strings(&axis->values, axis->count);
    size_t used = 0;
    double last = NAN;
    for (size_t i = 0; i < axis->count && status == HF_OK; i++) {
        const double number = is_real ? grid_number(axis, i) : round(grid_number(axis, i));
        any_field field = {.list = {0}};
        char expected[HF_EXPECTED];
        if (!hf_range_holds(&key->range, number) || (!is_real && number > 9007199254740992.0))
            return hf_fault_set(fault, setting->file, setting->line, "%s: expected %s, got %.10g", key->path,
                                hf_value_expected(key, expected), number);
        if (number == last)
            continue;
        last = number;
        if (is_real)
            field.real = number;
        else if (key->kind == HF_KIND_COUNT)
            field.count = (size_t)number;
        else
            field.seed = (uint64_t)number;
        axis->values.at[used] = hf_value_text(key, &field);
        status = axis->values.at[used++] == NULL ? HF_ESYSTEM : HF_OK;
    }
    axis->values.count = used;
    return status;
}

static bool get_number(const hf_setting *setting, double *number)
{
    *number = hf_setting_number(setting);
    return hf_setting_is_number(setting) && fabs(*number) <= HF_REAL_MAX;
}

/* log or linear = (first, last, count). */
static hf_status read_grid(hf_axis *axis, const hf_key *key, const hf_setting *setting, hf_fault *fault)
{
    const bool is_log = axis->form == HF_AXIS_LOG;
    const char *what = is_log ? "log" : "linear";
    double count;
    if (key->kind != HF_KIND_REAL && key->kind != HF_KIND_COUNT && key->kind != HF_KIND_NUMBER)
        return hf_fault_set(fault, setting->file, setting->line, "%s: %s does not hold a number, expected values = (...)",
                            what, key->path);
    const char *expected = is_log ? "(first, last, count) with first and last > 0 and a count from 2 to 1000000"
                                  : "(first, last, count) with a count from 2 to 1000000";
    if (!is_filled_list(setting) || setting->length != 3 || !get_number(&setting->at[0], &axis->first) ||
        !get_number(&setting->at[1], &axis->last) || !get_number(&setting->at[2], &count) || count != floor(count) ||
        count < 2 || count > HF_TASKS_MAX || (is_log && (axis->first <= 0 || axis->last <= 0)))
        return reject(fault, setting, what, expected);
    axis->count = (size_t)count;
    return fill_grid(axis, key, setting, fault);
}

/* Numbers in place of the values. */
static hf_status read_at(hf_axis *axis, const hf_setting *setting, hf_fault *fault)
{
    const char *expected = "a list of as many numbers as there are values";
    if (!is_filled_list(setting) || setting->length != axis->values.count)
        return reject(fault, setting, "at", expected);
    axis->at.at = calloc(axis->values.count, sizeof *axis->at.at);
    if (axis->at.at == NULL)
        return HF_ESYSTEM;
    axis->at.count = axis->values.count;
    for (size_t i = 0; i < axis->at.count; i++)
        if (!get_number(&setting->at[i], &axis->at.at[i]))
            return reject(fault, setting, "at", expected);
    return HF_OK;
}

/* ---- groups ---- */

/* The members of a group by name, NULL where missing; every member must be one of names. */
static hf_status find_members(const hf_setting *group, const char *const names[], const hf_setting *members[],
                              hf_fault *fault)
{
    if (group->type != HF_SETTING_GROUP)
        return reject(fault, group, "", "a group { ... }");
    for (size_t i = 0; i < group->length; i++) {
        const hf_setting *member = &group->at[i];
        const char *name = member->name, *meant = hf_keys_nearest(name, names);
        char shown[80];
        size_t n = 0;
        while (names[n] != NULL && strcmp(names[n], name) != 0)
            n++;
        if (names[n] == NULL)
            return hf_fault_set(fault, member->file, member->line, "unknown member '%s'%s%s%s",
                                hf_text_show(name, shown, sizeof shown), meant == NULL ? "" : ", did you mean '",
                                meant == NULL ? "" : meant, meant == NULL ? "" : "'?");
        members[n] = member;
    }
    return HF_OK;
}

static hf_status require(const hf_setting *group, const hf_setting *member, const char *name, hf_fault *fault)
{
    if (member != NULL)
        return HF_OK;
    return hf_fault_set(fault, group->file, group->line, "a member of this group is missing: %s", name);
}

/* The key an axis names. */
static hf_status find_key(const hf_axis *axis, const hf_setting *setting, const hf_key **key, hf_fault *fault)
{
    const char *file = setting->file, *meant = hf_keys_suggest(axis->key);
    const unsigned line = setting->line;
    char shown[120];
    *key = hf_keys_find(axis->key);
    hf_text_show(axis->key, shown, sizeof shown);
    if (*key == NULL && meant != NULL)
        return hf_fault_set(fault, file, line, "unknown key '%s', did you mean '%s'?", shown, meant);
    if (*key == NULL)
        return hf_fault_set(fault, file, line, "unknown key '%s'", shown);
    if (strncmp(axis->key, "sweep.", 6) == 0 || (*key)->kind == HF_KIND_FITS)
        return hf_fault_set(fault, file, line, "%s cannot be swept", shown);
    return HF_OK;
}

enum { KEY, VALUES, LOG, LINEAR, NAME, AT, WITH, AXIS_MEMBERS };

/* The key and its values. */
static hf_status read_key_and_values(const hf_setting *group, const hf_setting *const member[], hf_axis *axis,
                                     hf_fault *fault)
{
    const hf_key *key;
    hf_status status = require(group, member[KEY], "key", fault);
    if (status == HF_OK)
        status = read_string(member[KEY], "key", &axis->key, fault);
    if (status == HF_OK)
        status = find_key(axis, member[KEY], &key, fault);
    if (status != HF_OK)
        return status;
    const int given = (member[VALUES] != NULL) + (member[LOG] != NULL) + (member[LINEAR] != NULL);
    if (given != 1)
        return hf_fault_set(fault, group->file, group->line, "expected one of values, log and linear for %s, got %s",
                            axis->key, given == 0 ? "none" : "several");
    axis->form = member[VALUES] != NULL ? HF_AXIS_VALUES : member[LOG] != NULL ? HF_AXIS_LOG : HF_AXIS_LINEAR;
    return axis->form == HF_AXIS_VALUES ? read_values(axis, key, member[VALUES], fault)
                                        : read_grid(axis, key, member[axis->form == HF_AXIS_LOG ? LOG : LINEAR], fault);
}

/* The name of a column: text that no reader of tables takes apart. */
static hf_status read_name(const hf_setting *setting, char **name, hf_fault *fault)
{
    hf_status status = read_string(setting, "name", name, fault);
    if (status != HF_OK)
        return status;
    const size_t length = strlen(*name);
    bool good = (*name)[0] != ' ' && (*name)[0] != '"' && (*name)[length - 1] != ' ' && strchr(*name, '#') == NULL;
    for (size_t i = 0, bytes; i < length && good; i += bytes)
        good = (bytes = hf_text_printable(*name + i)) > 0;
    return good ? HF_OK
                : reject(fault, setting, "name",
                         "the name of a column: UTF-8 without #, tabs, a quote at its start and blanks at its ends");
}

/* *with: the setting of that name, or NULL. */
static hf_status read_axis(const hf_setting *group, hf_axis *axis, const hf_setting **with, hf_fault *fault)
{
    static const char *const names[] = {"key", "values", "log", "linear", "name", "at", "with", NULL};
    const hf_setting *member[AXIS_MEMBERS] = {NULL};
    hf_status status = find_members(group, names, member, fault);
    if (status == HF_OK)
        status = read_key_and_values(group, member, axis, fault);
    *with = member[WITH];
    if (status == HF_OK && (member[NAME] == NULL) != (member[AT] == NULL))
        status = require(group, NULL, member[NAME] == NULL ? "name (of the numbers at)" : "at (the numbers)", fault);
    if (status == HF_OK && member[NAME] != NULL)
        status = read_name(member[NAME], &axis->name, fault);
    return status == HF_OK && member[AT] != NULL ? read_at(axis, member[AT], fault) : status;
}

/* A key that goes along with leader. */
static hf_status read_companion(const hf_setting *group, const hf_axis *leader, hf_axis *axis, hf_fault *fault)
{
    static const char *const names[] = {"key", "values", "log", "linear", NULL};
    const hf_setting *member[AXIS_MEMBERS] = {NULL};
    hf_status status = find_members(group, names, member, fault);
    axis->goes_along = true;
    if (status == HF_OK)
        status = read_key_and_values(group, member, axis, fault);
    if (status == HF_OK && axis->values.count != leader->values.count)
        return hf_fault_set(fault, group->file, group->line,
                            "%s has %zu value%s and %s %zu; a key has as many as the one it goes along with", axis->key,
                            axis->values.count, hf_plural(axis->values.count), leader->key, leader->values.count);
    return status;
}

/* Number of groups in a list of groups or in one group; 0 after a fault. */
static size_t count_groups(const hf_setting *setting, const char *expected, const char *what, hf_fault *fault)
{
    const bool is_list = setting->type == HF_SETTING_LIST && setting->length > 0;
    if (!is_list && setting->type != HF_SETTING_GROUP)
        reject(fault, setting, what, expected);
    return is_list ? setting->length : setting->type == HF_SETTING_GROUP;
}

static const hf_setting *group_number(const hf_setting *setting, size_t i)
{
    return setting->type == HF_SETTING_GROUP ? setting : &setting->at[i];
}

/* Room for count more axes. */
static hf_status grow(hf_axes *axes, size_t count)
{
    hf_axis *grown = realloc(axes->at, (axes->count + count) * sizeof *grown);
    if (grown == NULL)
        return HF_ESYSTEM;
    axes->at = grown;
    memset(axes->at + axes->count, 0, count * sizeof *grown);
    axes->count += count;
    return HF_OK;
}

/* A group's axis, and those of the keys that go along with it. */
static hf_status read_group(const hf_setting *group, hf_axes *axes, hf_fault *fault)
{
    const hf_setting *with = NULL;
    const size_t leader = axes->count;
    hf_status status = grow(axes, 1);
    if (status == HF_OK)
        status = read_axis(group, &axes->at[leader], &with, fault);
    if (status != HF_OK || with == NULL)
        return status;
    const size_t count = count_groups(with, "a list of groups { key; values or log or linear; }", "with", fault);
    status = count == 0 ? HF_EUSAGE : grow(axes, count);
    for (size_t i = 0; i < count && status == HF_OK; i++)
        status = read_companion(group_number(with, i), &axes->at[leader], &axes->at[leader + 1 + i], fault);
    return status;
}

hf_status hf_axes_read(const hf_setting *setting, hf_axes *axes, hf_fault *fault)
{
    const size_t count = count_groups(setting, "a list of groups { key; values or log or linear; }", "", fault);
    hf_status status = count == 0 ? HF_EUSAGE : HF_OK;
    for (size_t i = 0; i < count && status == HF_OK; i++)
        status = read_group(group_number(setting, i), axes, fault);
    return status;
}

/* Requires exactly one of two members that say the same. */
static hf_status one_of_two(const hf_setting *group, const hf_setting *const member[], const char *const names[],
                            size_t one, size_t other, hf_fault *fault)
{
    if (member[one] != NULL && member[other] != NULL)
        return hf_fault_set(fault, group->file, group->line, "%s and %s say the same, expected one of them", names[one],
                            names[other]);
    return require(group, member[one] != NULL ? member[one] : member[other], names[one], fault);
}

/* A list of swept keys, or one. */
static hf_status read_parameters(const hf_setting *setting, const char *what, hf_strings *on, hf_fault *fault)
{
    const bool is_one = setting->type == HF_SETTING_STRING;
    if (!is_one && !is_filled_list(setting))
        return reject(fault, setting, what, "a list of swept keys");
    hf_status status = start_strings(on, is_one ? 1 : setting->length);
    for (size_t i = 0; i < on->count && status == HF_OK; i++)
        status = read_string(is_one ? setting : &setting->at[i], what, &on->at[i], fault);
    return status;
}

static hf_status read_law(const hf_setting *setting, hf_fit *fit, hf_fault *fault)
{
    char *name = NULL, shown[80];
    hf_status status = read_string(setting, "law", &name, fault);
    if (status != HF_OK)
        return status;
    while (fit->law < HF_LAWS && strcmp(hf_laws[fit->law].name, name) != 0)
        fit->law++;
    if (fit->law == HF_LAWS) {
        fit->law = 0;
        status = hf_fault_set(fault, setting->file, setting->line,
                              "unknown law '%s', expected power, exponential, log, sqrt-log or linear",
                              hf_text_show(name, shown, sizeof shown));
    }
    free(name);
    return status;
}

static hf_status read_fit(const hf_setting *group, hf_fit *fit, hf_fault *fault)
{
    static const char *const names[] = {"response", "on", "law", "of", "over", NULL};
    enum { RESPONSE, ON, LAW, OF, OVER, MEMBERS };
    const hf_setting *member[MEMBERS] = {NULL};
    hf_status status = find_members(group, names, member, fault);
    if (status == HF_OK)
        status = one_of_two(group, member, names, RESPONSE, OF, fault);
    if (status == HF_OK)
        status = one_of_two(group, member, names, ON, OVER, fault);
    if (status != HF_OK)
        return status;
    const size_t response = member[RESPONSE] != NULL ? RESPONSE : OF, on = member[ON] != NULL ? ON : OVER;
    status = read_string(member[response], names[response], &fit->response, fault);
    if (status == HF_OK)
        status = read_parameters(member[on], names[on], &fit->on, fault);
    return status == HF_OK && member[LAW] != NULL ? read_law(member[LAW], fit, fault) : status;
}

hf_status hf_fits_read(const hf_setting *setting, hf_fits *fits, hf_fault *fault)
{
    const size_t count = count_groups(setting, "a group { response; on; law; } or a list of them", "", fault);
    if (count == 0)
        return HF_EUSAGE;
    fits->at = calloc(count, sizeof *fits->at);
    fits->count = fits->at == NULL ? 0 : count;
    hf_status status = fits->at == NULL ? HF_ESYSTEM : HF_OK;
    for (size_t i = 0; i < fits->count && status == HF_OK; i++)
        status = read_fit(group_number(setting, i), &fits->at[i], fault);
    return status;
}

/* ---- ends ---- */

void hf_axes_clear(hf_axes *axes)
{
    for (size_t i = 0; i < axes->count; i++) {
        hf_axis *axis = &axes->at[i];
        free(axis->key);
        free(axis->name);
        free(axis->at.at);
        clear_strings(&axis->values);
    }
    free(axes->at);
    *axes = (hf_axes){0};
}

void hf_fits_clear(hf_fits *fits)
{
    for (size_t i = 0; i < fits->count; i++) {
        free(fits->at[i].response);
        clear_strings(&fits->at[i].on);
    }
    free(fits->at);
    *fits = (hf_fits){0};
}

/* ---- printing ---- */

static void print_number(double number, FILE *stream)
{
    char text[HF_REAL_TEXT];
    fputs(hf_text_real(number, text), stream);
}

static void print_values(const hf_axis *axis, FILE *stream)
{
    const bool is_path = hf_keys_find(axis->key)->kind == HF_KIND_PATH;
    fputs("values = (", stream);
    for (size_t i = 0; i < axis->values.count; i++) {
        fputs(i == 0 ? "" : ", ", stream);
        if (is_path)
            hf_text_quote(axis->values.at[i], stream);
        else
            fputs(axis->values.at[i], stream);
    }
    fputs("); ", stream);
}

/* All of a group but its end. */
static void print_axis(const hf_axis *axis, FILE *stream)
{
    fputs("{ key = ", stream);
    hf_text_quote(axis->key, stream);
    fputs("; ", stream);
    if (axis->form == HF_AXIS_VALUES)
        print_values(axis, stream);
    else {
        fputs(axis->form == HF_AXIS_LOG ? "log = (" : "linear = (", stream);
        print_number(axis->first, stream);
        fputs(", ", stream);
        print_number(axis->last, stream);
        fprintf(stream, ", %zu); ", axis->count);
    }
    if (axis->name != NULL) {
        fputs("name = ", stream);
        hf_text_quote(axis->name, stream);
        fputs("; at = (", stream);
        for (size_t i = 0; i < axis->at.count; i++) {
            fputs(i == 0 ? "" : ", ", stream);
            print_number(axis->at.at[i], stream);
        }
        fputs("); ", stream);
    }
}

/* Axes first to last - 1, those that go along with the first in its group. */
static void print_group(const hf_axes *axes, size_t first, size_t last, FILE *stream)
{
    print_axis(&axes->at[first], stream);
    for (size_t i = first + 1; i < last; i++) {
        fputs(i == first + 1 ? "with = (\n            " : ",\n            ", stream);
        print_axis(&axes->at[i], stream);
        fputs("}", stream);
    }
    fputs(last > first + 1 ? "\n        ); }" : "}", stream);
}

void hf_axes_print(const hf_axes *axes, FILE *stream)
{
    fputs("(", stream);
    for (size_t first = 0, last; first < axes->count; first = last) {
        for (last = first + 1; last < axes->count && axes->at[last].goes_along;)
            last++;
        fputs(first == 0 ? "\n        " : ",\n        ", stream);
        print_group(axes, first, last, stream);
    }
    fputs("\n    )", stream);
}

void hf_fits_print(const hf_fits *fits, FILE *stream)
{
    fputs("(", stream);
    for (size_t i = 0; i < fits->count; i++) {
        const hf_fit *fit = &fits->at[i];
        fputs(i == 0 ? "\n    { response = " : ",\n    { response = ", stream);
        hf_text_quote(fit->response, stream);
        fputs("; on = (", stream);
        for (size_t k = 0; k < fit->on.count; k++) {
            fputs(k == 0 ? "" : ", ", stream);
            hf_text_quote(fit->on.at[k], stream);
        }
        fputs("); ", stream);
        if (fit->law > 0) {
            fputs("law = ", stream);
            hf_text_quote(hf_laws[fit->law].name, stream);
            fputs("; ", stream);
        }
        fputs("}", stream);
    }
    fputs("\n)", stream);
}
