#include "config/frozen_check.h"

#include <stdlib.h>

static bool holds(const hf_config *c)
{
    return c->flow.frozen.values.count + c->flow.frozen.logits.count + c->flow.frozen.positions.count > 0;
}

bool hf_frozen_acts(const hf_config *c)
{
    return c->flow.attention_decay > 0 || holds(c);
}

/* A list of numbers 1..most, each once. */
static hf_status check_list(const hf_config *c, const char *key, const char *what, const hf_counts *list, size_t most,
                            hf_error *err)
{
    hf_status status = HF_OK;
    bool *seen = calloc(most, sizeof *seen);
    if (seen == NULL)
        return hf_fail_memory(err, "what is frozen");
    for (size_t i = 0; i < list->count && status == HF_OK; i++) {
        const size_t at = list->at[i];
        if (at > most)
            status = hf_config_reject(c, err, key, "has %s %zu, expected 1..%zu", what, at, most);
        else if (seen[at - 1])
            status = hf_config_reject(c, err, key, "has %s %zu twice, expected each once", what, at);
        else
            seen[at - 1] = true;
    }
    free(seen);
    return status;
}

static hf_status check_with_others(const hf_config *c, hf_error *err)
{
    const char *key = c->flow.attention_decay > 0         ? "flow.attention_decay"
                      : c->flow.frozen.values.count > 0 ? "flow.frozen.values"
                      : c->flow.frozen.logits.count > 0 ? "flow.frozen.logits"
                                                        : "flow.frozen.positions";
    if (c->flow.frozen.values.count > 0 && c->flow.values != HF_VALUES_LEARNED)
        return hf_config_reject(c, err, "flow.frozen.values",
                                "holds values of some heads, expected flow.values = \"learned\", which others follow");
    if (c->flow.frozen.positions.count > 0 && c->flow.geometry != HF_GEOMETRY_LOGIT)
        return hf_config_reject(c, err, "flow.frozen.positions",
                                "a single logit can be held in the geometry \"logit\" alone: in \"replicator\" the "
                                "coordinates are attentions, of sum 1");
    if (hf_frozen_acts(c) && c->flow.sgd_drift.lr > 0)
        return hf_config_reject(c, err, key, "has no known drift of SGD, expected no flow.sgd_drift");
    if (hf_frozen_acts(c) && c->flow.step > 0)
        return hf_config_reject(c, err, key, "is not known beside steps of a finite size, expected flow.step = 0");
    if (holds(c) && c->declared.train && c->train.optimizer == HF_OPTIMIZER_ADAMW && c->train.weight_decay > 0)
        return hf_config_reject(c, err, key,
                                "adamw would decay what is frozen, expected another train.optimizer or "
                                "train.weight_decay = 0");
    return HF_OK;
}

/* What a restricted support stands beside. */
static hf_status check_support(const hf_config *c, hf_error *err)
{
    const char *key = "flow.support";
    if (c->flow.support.count == 0)
        return HF_OK;
    if (c->flow.attention != HF_ATTENTION_SOFTMAX)
        return hf_config_reject(c, err, key, "is of the softmax alone, expected flow.attention = \"softmax\"");
    if (c->flow.sgd_drift.lr > 0)
        return hf_config_reject(c, err, key, "has no known drift of SGD, expected no flow.sgd_drift");
    if (c->flow.step > 0)
        return hf_config_reject(c, err, key, "is not known beside steps of a finite size, expected flow.step = 0");
    if (c->declared.train)
        return hf_config_reject(
            c, err, key, "is of the flow alone: heads that are trained see all positions, expected no train section");
    return check_list(c, key, "position", &c->flow.support, c->positions, err);
}

hf_status hf_frozen_check(hf_config *c, hf_error *err)
{
    hf_status status = check_list(c, "flow.frozen.values", "head", &c->flow.frozen.values, c->heads, err);
    if (status == HF_OK)
        status = check_list(c, "flow.frozen.logits", "head", &c->flow.frozen.logits, c->heads, err);
    if (status == HF_OK)
        status = check_list(c, "flow.frozen.positions", "position", &c->flow.frozen.positions, c->positions, err);
    if (status == HF_OK)
        status = check_support(c, err);
    return status == HF_OK ? check_with_others(c, err) : status;
}
