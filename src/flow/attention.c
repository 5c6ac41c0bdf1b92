#include "flow/attention.h"

static const hf_attention_kind softmax = {.name = "softmax",
                                          .is_mirror = false,
                                          .at = hf_softmax_at,
                                          .velocity_change = hf_gradient_change,
                                          .find_phi = hf_gradient_phi,
                                          .turn_block = hf_gradient_turn,
                                          .hessian_times = hf_gradient_hessian};

static const hf_attention_kind replicator = {.name = "softmax, replicator",
                                             .is_mirror = true,
                                             .at = hf_softmax_at,
                                             .velocity_change = hf_mirror_change,
                                             .find_phi = hf_mirror_phi,
                                             .turn_block = hf_mirror_turn,
                                             .hessian_times = hf_mirror_hessian};

static const hf_attention_kind *const kinds[] = {[HF_GEOMETRY_LOGIT] = &softmax, [HF_GEOMETRY_REPLICATOR] = &replicator};

const hf_attention_kind *hf_attention_find(const hf_problem *problem)
{
    return kinds[problem->geometry];
}
