#include "config/axes.h"
#include "config/keys.h"
#include "config/read.h"
#include "core/plural.h"
#include "core/law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- axes as numbers ---- */

bool hf_axes_is_numeric(const hf_axis *axis)
{
    const hf_kind kind = hf_keys_find(axis->key)->kind;
    return axis->at.count > 0 || kind == HF_KIND_REAL || kind == HF_KIND_COUNT || kind == HF_KIND_NUMBER;
}

double hf_axes_number(const hf_axis *axis, size_t i)
{
    if (axis->at.count > 0)
        return axis->at.at[i];
    return hf_axes_is_numeric(axis) ? strtod(axis->values.at[i], NULL) : (double)(i + 1);
}

/* ---- fits ---- */

size_t hf_axes_find(const hf_axes *axes, const char *name)
{
    size_t found = axes->count;
    for (size_t i = 0; i < axes->count; i++) {
        const hf_axis *axis = &axes->at[i];
        if (strcmp(axis->key, name) == 0 || (axis->name != NULL && strcmp(axis->name, name) == 0))
            return i;
    }
    for (size_t i = 0; i < axes->count; i++) {
        const char *dot = strrchr(axes->at[i].key, '.');
        if (dot != NULL && strcmp(dot + 1, name) == 0)
            found = i;
    }
    return found;
}

static hf_status check_parameter(const hf_config *config, const hf_fit *fit, size_t k, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    const size_t i = hf_axes_find(over, fit->on.at[k]);
    if (i == over->count)
        return hf_config_reject(config, err, "fit", "on '%.80s': no swept key is called so", fit->on.at[k]);
    if (!hf_axes_is_numeric(&over->at[i]))
        return hf_config_reject(config, err, "fit", "%s is no number; give its values some in sweep.over: name, at",
                                over->at[i].key);
    for (size_t n = 0; n < over->at[i].values.count; n++) {
        const double x = hf_axes_number(&over->at[i], n);
        if (isnan(hf_scale_of(hf_laws[fit->law].parameter, x)))
            return hf_config_reject(config, err, "fit", "%s takes the value %g, which has no logarithm", fit->on.at[k], x);
    }
    for (size_t other = 0; other < k; other++)
        if (hf_axes_find(over, fit->on.at[other]) == i)
            return hf_config_reject(config, err, "fit", "has %s twice, expected each key once", over->at[i].key);
    return HF_OK;
}

static hf_status check_fits(const hf_config *config, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t f = 0; f < config->fit.count; f++)
        for (size_t k = 0; k < config->fit.at[f].on.count && status == HF_OK; k++)
            status = check_parameter(config, &config->fit.at[f], k, err);
    return status;
}

/* ---- tasks ---- */

size_t hf_axes_group(const hf_axes *axes, size_t n)
{
    size_t i = 0;
    for (size_t left = n; i < axes->count; i++)
        if (!axes->at[i].goes_along && left-- == 0)
            break;
    return i;
}

size_t hf_axes_stride(const hf_config *config, size_t i)
{
    const hf_axes *over = &config->sweep.over;
    size_t points = 1;
    while (++i < over->count && !config->sweep.zip)
        points *= over->at[i].goes_along ? 1 : over->at[i].values.count;
    return points;
}

size_t hf_axes_points(const hf_config *config)
{
    const hf_axes *over = &config->sweep.over;
    return over->count == 0 ? 1 : over->at[0].values.count * hf_axes_stride(config, 0);
}

size_t hf_axes_index(const hf_config *config, size_t i, size_t point)
{
    return point / hf_axes_stride(config, i) % config->sweep.over.at[i].values.count;
}

static hf_status check_task_count(const hf_config *config, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    double tasks = (double)config->sweep.seeds;
    for (size_t i = 0; i < over->count; i++)
        if (i == 0 || !(config->sweep.zip || over->at[i].goes_along))
            tasks *= (double)over->at[i].values.count;
    if (tasks <= HF_TASKS_MAX)
        return HF_OK;
    return hf_config_reject(config, err, over->count > 0 ? "sweep.over" : "sweep.seeds",
                            "makes %.10g tasks, expected at most %d", tasks, HF_TASKS_MAX);
}

static hf_status check_seed_axis(const hf_config *config, const hf_axis *axis, hf_error *err)
{
    const bool is_seed = strcmp(axis->key, "init.seed") == 0 || strcmp(axis->key, "train.seed") == 0;
    if (!is_seed || config->sweep.seeds == 1)
        return HF_OK;
    return hf_config_reject(config, err, "sweep.seeds", "cannot be given when %s is swept", axis->key);
}

/* Seeds beside a start that does not depend on one would be the same run again and again. */
static hf_status check_seeds(const hf_config *config, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    const char *cause = config->init.perturbation > 0 ? "distribution"
                        : config->init.state != NULL  ? "state"
                                                      : "perturbation";
    bool noise = config->init.distribution != HF_NOISE_SINE && config->init.perturbation > 0;
    for (size_t i = 0; i < over->count; i++)
        noise = noise || strncmp(over->at[i].key, "init.", 5) == 0;
    if (config->sweep.seeds > 1 && !noise && !config->declared.train)
        return hf_config_reject(config, err, "sweep.seeds", "the start does not depend on a seed (init.%s), expected 1",
                                cause);
    if (config->init.seed > (uint64_t)INT64_MAX - config->sweep.seeds)
        return hf_config_reject(config, err, "init.seed", "is too large to count up from");
    if (config->train.seed > (uint64_t)INT64_MAX - config->sweep.seeds)
        return hf_config_reject(config, err, "train.seed", "is too large to count up from");
    return HF_OK;
}

/* A run of a sweep is a flow or a training run, not both; and keys of a section that the model lacks would turn one into the
 * other. */
static hf_status check_kind(const hf_config *config, hf_error *err)
{
    static const char *const without_effect[] = {"train.seeds", "train.save_every", "ladder.halvings", "ladder.batches"};
    const hf_axes *over = &config->sweep.over;
    const bool trains = config->declared.train;
    if (trains && config->declared.flow)
        return hf_config_reject(config, err, over->count > 0 ? "sweep.over" : "sweep.seeds",
                                "runs of a sweep follow the flow or train, but the model has both sections: take out one");
    for (size_t i = 0; i < over->count; i++) {
        const char *key = over->at[i].key;
        if (strncmp(key, trains ? "flow." : "train.", trains ? 5 : 6) == 0)
            return hf_config_reject(config, err, "sweep.over", "%s has no effect here: the model has %s section", key,
                                    trains ? "a train" : "no train");
        for (size_t k = 0; k < sizeof without_effect / sizeof *without_effect; k++)
            if (strcmp(key, without_effect[k]) == 0)
                return hf_config_reject(config, err, "sweep.over", "%s has no effect on a run of a sweep", key);
    }
    return HF_OK;
}

/* Fits that stand in the section of the sweep are those of the model. */
static void take_fits(hf_config *config)
{
    hf_origins *origins = config->origins;
    const size_t from = (size_t)(hf_keys_find("sweep.fit") - hf_keys), to = (size_t)(hf_keys_find("fit") - hf_keys);
    if (config->sweep.fit.count == 0)
        return;
    config->fit = config->sweep.fit;
    config->sweep.fit = (hf_fits){0};
    if (origins->where[to] == NULL && origins->where[from] != NULL)
        origins->where[to] = strdup(origins->where[from]); /* for messages; without memory they name the file alone */
}

/* Columns of tasks.tsv, results.tsv and summary.tsv that do not depend on the sweep. */
static const char *const fixed_columns[] = {"task", "status", "code",    "reason",    "censored",
                                            "runs", "failed", "not_run", "init.seed", "train.seed"};

/* A name must be a column of its own. */
static hf_status check_name(const hf_config *config, size_t i, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    const char *name = over->at[i].name;
    bool is_taken = false;
    for (size_t k = 0; name != NULL && k < sizeof fixed_columns / sizeof *fixed_columns; k++)
        is_taken = is_taken || strcmp(name, fixed_columns[k]) == 0;
    for (size_t k = 0; name != NULL && k < over->count; k++)
        is_taken = is_taken || strcmp(name, over->at[k].key) == 0 ||
                   (k < i && over->at[k].name != NULL && strcmp(name, over->at[k].name) == 0);
    return is_taken ? hf_config_reject(config, err, "sweep.over", "the name '%s' is that of another column", name) : HF_OK;
}

hf_status hf_axes_check(hf_config *config, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    take_fits(config);
    hf_status status = check_task_count(config, err);
    for (size_t i = 0; i < over->count && status == HF_OK; i++) {
        for (size_t k = 0; k < i; k++)
            if (strcmp(over->at[i].key, over->at[k].key) == 0)
                return hf_config_reject(config, err, "sweep.over", "has %s twice, expected each key once", over->at[i].key);
        if (config->sweep.zip && over->at[i].values.count != over->at[0].values.count)
            return hf_config_reject(config, err, "sweep.over",
                                    "%s has %zu value%s and %s %zu; with sweep.zip all keys have as many", over->at[0].key,
                                    over->at[0].values.count, hf_plural(over->at[0].values.count), over->at[i].key,
                                    over->at[i].values.count);
        status = check_seed_axis(config, &over->at[i], err);
        if (status == HF_OK)
            status = check_name(config, i, err);
    }
    if (status != HF_OK || !config->declared.sweep)
        return status;
    status = check_kind(config, err);
    if (status == HF_OK)
        status = check_seeds(config, err);
    return status == HF_OK ? check_fits(config, err) : status;
}
