#include "config/label_groups.h"

#include "config/keys.h"
#include "config/value.h"
#include "report/labels.h"

#include <stdlib.h>
#include <string.h>

#define NAME_TEXT 200

static hf_status reject(hf_fault *fault, const hf_setting *setting, const char *name, const char *expected, const char *got)
{
    return hf_fault_set(fault, setting->file, setting->line, "%s%sexpected %s%s%s", name, *name == '\0' ? "" : ": ",
                        expected, *got == '\0' ? "" : ", got ", got);
}

static size_t count_strings(const hf_setting *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->length; i++) {
        const hf_setting *setting = &group->at[i];
        count += setting->type == HF_SETTING_GROUP ? count_strings(setting) : 1;
    }
    return count;
}

static hf_status read_label(const hf_setting *setting, const char *name, hf_labels *labels, hf_fault *fault)
{
    char what[HF_LABEL_TEXT], got[HF_EXPECTED];
    const char *text = setting->string;
    if (text == NULL || *text == '\0')
        return reject(fault, setting, name, "a string", hf_value_describe(setting, got));
    if (strlen(text) >= HF_LABEL_TEXT / 2)
        return reject(fault, setting, name, "a label of less than 200 bytes", "");
    if (!hf_labels_check(text, what))
        return reject(fault, setting, name, what, "");
    hf_label *label = &labels->at[labels->count++];
    *label = (hf_label){strdup(name), strdup(text)};
    return label->name == NULL || label->text == NULL ? HF_ESYSTEM : HF_OK;
}

/* The labels of a group whose name is prefix. */
static hf_status read_group(const hf_setting *group, const char *prefix, hf_labels *labels, hf_fault *fault)
{
    hf_status status = HF_OK;
    for (size_t i = 0; i < group->length && status == HF_OK; i++) {
        const hf_setting *setting = &group->at[i];
        char name[NAME_TEXT];
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", setting->name);
        status = setting->type == HF_SETTING_GROUP ? read_group(setting, name, labels, fault)
                                                   : read_label(setting, name, labels, fault);
    }
    return status;
}

hf_status hf_label_groups_read(const hf_setting *setting, hf_labels *labels, hf_fault *fault)
{
    char got[HF_EXPECTED];
    if (setting->type != HF_SETTING_GROUP)
        return reject(fault, setting, "", "a group { t_split = \"...\"; }", hf_value_describe(setting, got));
    const size_t count = count_strings(setting);
    labels->at = calloc(count == 0 ? 1 : count, sizeof *labels->at);
    return labels->at == NULL ? HF_ESYSTEM : read_group(setting, "", labels, fault);
}

void hf_label_groups_clear(hf_labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        free(labels->at[i].name);
        free(labels->at[i].text);
    }
    free(labels->at);
    *labels = (hf_labels){0};
}

/* ---- printing ---- */

/* Length of what both sections begin with, in whole parts: of "flow." for "flow.geometry" and "flow.sgd_drift.lr". */
static size_t common(const char *a, const char *b)
{
    size_t shared = 0;
    for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++)
        if (a[i] == '.')
            shared = i + 1;
    return shared;
}

static size_t dots(const char *name)
{
    size_t count = 0;
    for (; *name != '\0'; name++)
        count += *name == '.';
    return count;
}

void hf_label_groups_print(const hf_labels *labels, FILE *stream)
{
    const char *before = "";
    fputs("{", stream);
    for (size_t i = 0; i < labels->count; i++) {
        const char *name = labels->at[i].name;
        const size_t shared = common(before, name);
        for (size_t n = dots(before + shared); n > 0; n--)
            fputs(" };", stream);
        name += shared;
        for (size_t length; name[length = strcspn(name, ".")] == '.'; name += length + 1)
            fprintf(stream, " %.*s = {", (int)length, name);
        fprintf(stream, " %s = ", name);
        hf_text_quote(labels->at[i].text, stream);
        fputs(";", stream);
        before = labels->at[i].name;
    }
    for (size_t n = dots(before); n > 0; n--)
        fputs(" };", stream);
    fputs(" }", stream);
}

/* ---- whether they are of anything ---- */

static bool is_axis(const hf_config *config, const char *name)
{
    const hf_axes *over = &config->sweep.over;
    for (size_t i = 0; i < over->count; i++)
        if (over->at[i].name != NULL && strcmp(over->at[i].name, name) == 0)
            return true;
    return false;
}

hf_status hf_label_groups_check(hf_config *config, hf_error *err)
{
    for (size_t i = 0; i < config->labels.count; i++) {
        const char *name = config->labels.at[i].name;
        if (hf_labels_knows(name) || hf_keys_find(name) != NULL || is_axis(config, name))
            continue;
        const char *meant = hf_labels_nearest(name);
        if (meant == NULL)
            meant = hf_keys_suggest(name);
        return hf_config_reject(
            config, err, "labels",
            "figures show no %s%s%s%s, expected a key of the model file, a quantity of sweeps, or time, step, "
            "loss and the like",
            name, meant == NULL ? "" : ", did you mean ", meant == NULL ? "" : meant, meant == NULL ? "" : "?");
    }
    return HF_OK;
}
