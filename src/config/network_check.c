#include "config/network_check.h"

#include "config/task_check.h"

#include <inttypes.h>

/* ---- the network ---- */

/* Switches of a decoder that do not go together. */
static hf_status check_decoder(hf_config *c, hf_error *err)
{
    const hf_network_params *m = &c->model;
    if (c->train.precision == HF_PRECISION_SINGLE)
        return hf_config_reject(c, err, "train.precision", "is \"single\", which the minimal model alone can be");
    if (!m->one_hot && !m->full_heads && m->width % m->heads != 0)
        return hf_config_reject(c, err, "model.width",
                                "is %zu, expected a multiple of model.heads = %zu, or model.full_heads", m->width,
                                m->heads);
    if (!m->keys && !m->full_heads)
        return hf_config_reject(c, err, "model.keys", "is false: without keys every head needs model.full_heads = true");
    if (m->one_hot && !m->full_heads)
        return hf_config_reject(c, err, "model.one_hot", "is true: one-hot input needs model.full_heads = true");
    return HF_OK;
}

hf_status hf_network_check(hf_config *c, hf_error *err)
{
    const hf_status status = hf_task_check_effect(c, "model", "on this network", err);
    if (status == HF_OK && c->train.precision == HF_PRECISION_MIXED)
        return hf_config_reject(c, err, "train.precision", "is \"mixed\", which train.task = \"regression\" alone can be");
    return status == HF_OK && c->model.kind == HF_NETWORK_DECODER ? check_decoder(c, err) : status;
}

/* ---- its training ---- */

static hf_status check_samples(hf_config *c, const char *task, hf_error *err)
{
    if (c->train.steps == 0)
        return hf_config_reject(c, err, "train.steps",
                                "this key is required with train.task = \"%s\", expected a number of steps", task);
    if (c->train.validation == 0)
        return hf_config_reject(c, err, "train.validation",
                                "this key is required with train.task = \"%s\", expected a number of sequences", task);
    if (c->train.batch == 0 && c->train.samples == 0)
        return hf_config_reject(c, err, "train.batch", "is 0, expected sequences: the task has no exact gradient");
    return HF_OK;
}

static hf_status check_maps(hf_config *c, hf_error *err)
{
    const hf_numbers *maps = &c->output.maps;
    for (size_t i = 0; i < maps->count; i++) {
        if (maps->at[i] > c->train.steps)
            return hf_config_reject(c, err, "output.maps", "has step %" PRIu64 ", expected 0..%" PRIu64 ", the number of train.steps",
                                    maps->at[i], c->train.steps);
        if (i > 0 && maps->at[i] <= maps->at[i - 1])
            return hf_config_reject(c, err, "output.maps",
                                    "has step %" PRIu64 " behind step %" PRIu64 ", expected ascending steps, each once", maps->at[i],
                                    maps->at[i - 1]);
    }
    return HF_OK;
}

hf_status hf_network_check_training(hf_config *c, hf_error *err)
{
    hf_status status = check_samples(c, hf_task_name(c->train.task), err);
    if (status == HF_OK)
        status = check_maps(c, err);
    return status == HF_OK ? hf_task_check_epochs(c, err) : status;
}
