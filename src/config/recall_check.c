#include "config/recall_check.h"

#include "config/network_check.h"

static hf_status check_pairs(hf_config *c, hf_error *err)
{
    const hf_recall_params *r = &c->recall;
    if (r->copies > r->pairs)
        return hf_config_reject(c, err, "recall.copies", "is %zu, expected at most recall.pairs = %zu", r->copies,
                                r->pairs);
    if (r->held_out > r->pairs)
        return hf_config_reject(c, err, "recall.held_out", "is %zu, expected at most recall.pairs = %zu", r->held_out,
                                r->pairs);
    const size_t fewest = r->held_out > 0 && r->held_out < r->copies ? r->held_out : r->copies;
    if (r->pairs - fewest + 1 > r->tokens)
        return hf_config_reject(c, err, "recall.tokens", "is %zu, expected at least %zu: so many keys are distinct",
                                r->tokens, r->pairs - fewest + 1);
    return HF_OK;
}

static hf_status check_network(hf_config *c, hf_error *err)
{
    if (c->model.kind != HF_NETWORK_DECODER)
        return hf_config_reject(c, err, "model.kind", "is \"minimal\", expected \"decoder\", which alone learns this task");
    return hf_network_check(c, err);
}

hf_status hf_recall_check(hf_config *config, hf_error *err)
{
    hf_status status = check_pairs(config, err);
    if (status == HF_OK)
        status = check_network(config, err);
    return status == HF_OK ? hf_network_check_training(config, err) : status;
}

hf_status hf_vectors_check(hf_config *c, hf_error *err)
{
    const hf_vectors_params *v = &c->vectors;
    hf_status status = check_network(c, err);
    if (status != HF_OK)
        return status;
    if (v->copies > v->length)
        return hf_config_reject(c, err, "vectors.copies", "is %zu, expected at most vectors.length = %zu", v->copies,
                                v->length);
    if (c->model.one_hot)
        return hf_config_reject(c, err, "model.one_hot", "is true, which vectors cannot be");
    if (c->model.positions == HF_PLACES_NONE)
        return hf_config_reject(c, err, "model.positions", "is \"none\": only their places tell the inputs apart");
    return hf_network_check_training(c, err);
}
