#include "config/phase_check.h"

#include "config/keys.h"
#include "core/text.h"
#include "run/systems.h"

#include <stdio.h>
#include <string.h>

/* Reads "_<index>" at *text: no sign, no zero in front. */
static bool read_index(const char **text, size_t *index)
{
    const char *at = *text;
    if (*at++ != '_' || *at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (*index = 0; *at >= '0' && *at <= '9'; at++) {
        if (*index > 100000000)
            return false;
        *index = 10 * *index + (size_t)(*at - '0');
    }
    *text = at;
    return true;
}

/* Whether text has the indices that "_<h>_<j>" stands for: of a head, of a pattern, or of k patterns known. */
static bool has_indices(const hf_config *c, const char *text, const char *indices)
{
    for (const char *letter = strchr(indices, '<'); letter != NULL; letter = strchr(letter + 1, '<')) {
        size_t index;
        const size_t last = letter[1] == 'h' ? c->heads : c->target.count;
        if (!read_index(&text, &index) || index > last || (index == 0 && letter[1] != 'k'))
            return false;
    }
    return *text == '\0';
}

static bool is_there(const hf_config *c, const hf_observable *column)
{
    return strcmp(column->name, "test_loss") != 0 || c->test.weights.count > 0;
}

static bool is_column(const hf_config *c, const hf_observer_kind *kind, const char *name)
{
    static const char *const of_all[] = {"t", "loss", "speed", "energy_defect"};
    for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
        if (strcmp(name, of_all[i]) == 0)
            return true;
    for (size_t i = 0; i < kind->observable_count; i++) {
        const hf_observable *column = &kind->observable[i];
        const size_t length = strlen(column->name);
        if (strncmp(name, column->name, length) == 0 && is_there(c, column) && has_indices(c, name + length, column->index))
            return true;
    }
    return false;
}

static hf_status reject(const hf_config *c, const hf_observer_kind *kind, const char *name, hf_error *err)
{
    char shown[HF_SHOWN], list[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < kind->observable_count && used < sizeof list; i++)
        if (is_there(c, &kind->observable[i]))
            used += (size_t)snprintf(list + used, sizeof list - used, ", %s%s", kind->observable[i].name,
                                     kind->observable[i].index);
    return hf_config_reject(c, err, "output.phase",
                            "has \"%.80s\", expected columns of trajectory.tsv: t, loss, speed, energy_defect%s (%zu heads, %zu patterns)",
                            hf_text_show(name, shown, sizeof shown), list, c->heads, c->target.count);
}

hf_status hf_phase_check(const hf_config *config, hf_error *err)
{
    const hf_strings *phase = &config->output.phase;
    const hf_observer_kind *kind = hf_systems[config->flow.system].observer;
    if (phase->count == 0)
        return HF_OK;
    if (phase->count != 2)
        return hf_config_reject(config, err, "output.phase", "has length %zu, expected two columns of trajectory.tsv", phase->count);
    for (size_t i = 0; i < 2; i++)
        if (!is_column(config, kind, phase->at[i]))
            return reject(config, kind, phase->at[i], err);
    return HF_OK;
}
