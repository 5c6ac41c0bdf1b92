#include "config/config.h"

#include "config/frozen_check.h"
#include "config/keys.h"
#include "config/read.h"
#include "core/path.h"
#include "core/text.h"
#include "config/validate.h"
#include "config/value.h"
#include "train/clock.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_config_read(hf_config *config, const char *path, size_t override_count, const char *const overrides[],
                         hf_error *err)
{
    const hf_config_source source = {.path = path};
    return hf_config_read_from(config, &source, override_count, overrides, err);
}

hf_status hf_config_read_from(hf_config *config, const hf_config_source *source, size_t override_count,
                              const char *const overrides[], hf_error *err)
{
    *config = (hf_config){0};
    hf_status status = hf_read_model(config, source, override_count, overrides, err);
    if (status == HF_OK)
        status = hf_validate_config(config, err);
    if (status != HF_OK)
        hf_config_clear(config);
    return status;
}

void hf_config_clear(hf_config *config)
{
    for (size_t k = 0; k < hf_key_count; k++)
        hf_value_clear(hf_keys[k].kind, hf_keys_field(&hf_keys[k], config));
    free(config->directory);
    hf_read_free_origins(config->origins);
    *config = (hf_config){0};
}

hf_status hf_config_place(const hf_config *config, hf_status status, hf_error *err)
{
    if (status == HF_OK || err == NULL || err->key == NULL)
        return status;
    const hf_origins *origins = config->origins;
    const hf_key *row = hf_keys_find(err->key);
    const char *where = row == NULL ? NULL : origins->where[row - hf_keys];
    hf_error why = *err;
    return hf_fail(err, status, "%s: %.800s", where == NULL ? origins->file : where, why.message);
}

hf_status hf_config_reject(const hf_config *config, hf_error *err, const char *key, const char *format, ...)
{
    char what[640];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return hf_config_place(config, hf_reject(err, key, "%s", what), err);
}

bool hf_keys_is_given(const hf_key *key, const hf_config *config)
{
    const hf_origins *origins = config->origins;
    return origins->where[key - hf_keys] != NULL;
}

bool hf_config_is_given(const hf_config *config, const char *key)
{
    return hf_keys_is_given(hf_keys_find(key), config);
}

char *hf_config_resolve(const hf_config *config, const char *path)
{
    return hf_path_resolve(config->directory, path);
}

bool hf_config_runs_flow(const hf_config *config)
{
    return config->declared.flow || !config->declared.train;
}

bool hf_config_is_chain(const hf_config *config)
{
    return config->declared.train && config->train.task == HF_TASK_MARKOV;
}

bool hf_config_is_strings(const hf_config *config)
{
    return config->declared.train && config->train.task == HF_TASK_STRINGS;
}

bool hf_config_is_recall(const hf_config *config)
{
    return config->declared.train && config->train.task == HF_TASK_RECALL;
}

bool hf_config_is_vectors(const hf_config *config)
{
    return config->declared.train && config->train.task == HF_TASK_VECTORS;
}

bool hf_config_predicts_tokens(const hf_config *config)
{
    return hf_config_is_chain(config) || hf_config_is_recall(config) || hf_config_is_vectors(config);
}

bool hf_config_reads_tokens(const hf_config *config)
{
    return hf_config_predicts_tokens(config) || hf_config_is_strings(config);
}

bool hf_config_has_clock(const hf_config *config)
{
    return !hf_config_reads_tokens(config) && hf_clock_of(&config->train).is_time;
}

/* Distinct inputs of a sample: every replica of a class is one. */
static double count_inputs(const hf_config *config)
{
    double inputs = 0;
    for (size_t i = 0; i < config->positions; i++)
        inputs += (double)hf_counts_at(&config->data.replicas, i, 1);
    return inputs;
}

bool hf_config_may_project(const hf_config *config)
{
    return config->train.inputs.count == 0 && config->train.repetition == 0 && config->train.samples == 0 &&
           config->train.validation == 0;
}

bool hf_config_projects(const hf_config *config)
{
    if (config->train.sampling != HF_SAMPLING_AUTO)
        return config->train.sampling == HF_SAMPLING_PROJECTED;
    return config->train.batch > 0 && hf_config_may_project(config) &&
           (double)(config->heads + config->target.count) < count_inputs(config);
}

bool hf_config_runs_step(const hf_config *config)
{
    return config->declared.flow && config->declared.train && config->flow.system == HF_SYSTEM_HEADS &&
           config->train.samples == 0 && config->flow.step == 0 && !hf_frozen_acts(config) && hf_clock_of(&config->train).is_time;
}

bool hf_config_runs_drift(const hf_config *config)
{
    return config->declared.flow && config->declared.train && config->train.batch > 0 && config->train.samples == 0 &&
           config->train.inputs.count == 0 && config->flow.sgd_drift.lr == 0 && !hf_frozen_acts(config) && hf_clock_of(&config->train).is_time;
}

bool hf_config_runs_optimizer(const hf_config *config)
{
    return config->declared.flow && config->declared.train && config->flow.optimizer != HF_OPTIMIZER_SGD;
}
