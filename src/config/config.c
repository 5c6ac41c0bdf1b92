#include "config/config.h"

#include "config/keys.h"
#include "config/read.h"
#include "config/text.h"
#include "config/validate.h"
#include "config/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_config_read(hf_config *config, const char *path, size_t override_count, const char *const overrides[],
                         hf_error *err)
{
    *config = (hf_config){0};
    hf_status status = hf_read_model(config, path, override_count, overrides, err);
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

bool hf_config_is_given(const hf_config *config, const char *key)
{
    const hf_origins *origins = config->origins;
    return origins->where[hf_keys_find(key) - hf_keys] != NULL;
}

char *hf_config_resolve(const hf_config *config, const char *path)
{
    return hf_text_join(config->directory, path);
}

bool hf_config_runs_flow(const hf_config *config)
{
    return config->declared.flow || !config->declared.train;
}

const char *hf_config_optimizer_name(const hf_config *config)
{
    static const char *const names[] = {[HF_OPTIMIZER_SGD] = "SGD",
                                        [HF_OPTIMIZER_MOMENTUM] = "momentum",
                                        [HF_OPTIMIZER_ADAM] = "Adam",
                                        [HF_OPTIMIZER_ADAMW] = "AdamW"};
    return names[config->train.optimizer];
}

/* Distinct inputs of a sample: every replica of a class is one. */
static double count_inputs(const hf_config *config)
{
    const hf_counts *replicas = &config->data.replicas;
    double inputs = replicas->count == 0 ? (double)config->positions : 0;
    if (replicas->count == 1)
        return (double)config->positions * (double)replicas->at[0];
    for (size_t i = 0; i < replicas->count; i++)
        inputs += (double)replicas->at[i];
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

bool hf_config_steps_are_time(const hf_config *config)
{
    const hf_train_params *t = &config->train;
    const bool steady = t->schedule == HF_SCHEDULE_CONSTANT && t->warmup == 0 && t->clip == 0;
    return steady && (t->optimizer == HF_OPTIMIZER_SGD || t->optimizer == HF_OPTIMIZER_MOMENTUM);
}

double hf_config_step_time(const hf_config *config, double n)
{
    const double lr = config->train.lr, mu = config->train.momentum;
    if (!hf_config_steps_are_time(config))
        return NAN;
    switch (config->train.optimizer) {
    case HF_OPTIMIZER_SGD:
        return lr * n;
    case HF_OPTIMIZER_MOMENTUM:
        return lr / (1 - mu) * (n - mu * (1 - pow(mu, n)) / (1 - mu));
    default:
        return NAN;
    }
}

bool hf_config_runs_drift(const hf_config *config)
{
    return config->declared.flow && config->declared.train && config->train.batch > 0 && config->train.samples == 0 &&
           config->train.inputs.count == 0 && config->flow.sgd_drift.lr == 0 && hf_config_steps_are_time(config);
}
