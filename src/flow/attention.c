#include "flow/attention.h"

#include "flow/conserved.h"

#include <math.h>

static double start_at_zero(double total)
{
    (void)total;
    return 0;
}

static double start_at_one(double total)
{
    (void)total;
    return 1;
}

static double start_at_part(double total)
{
    return 1 / total;
}

/* Attention 1/T; a single position starts at 1/2. */
static double start_at_logit(double total)
{
    return total > 1 ? -log(total - 1) : 0;
}

#define SOFTMAX                                                                                                            \
    .is_normalized = true, .start = start_at_zero, .at = hf_softmax_at, .ascent_change = hf_softmax_ascent_change,         \
    .speed_rate = hf_softmax_speed_rate, .conserved = hf_conserved_mean_name, .moved = hf_conserved_mean

/* The others are gradient flows in their coordinates. */
#define SLOPE                                                                                                              \
    .has_slope = true, .ascent_change = hf_slope_ascent_change, .velocity_change = hf_gradient_change,                     \
    .speed_rate = hf_slope_speed_rate, .hessian_times = hf_gradient_hessian

static const hf_attention_kind softmax[] = {
    [HF_GEOMETRY_LOGIT] = {.name = "softmax",
                           SOFTMAX,
                           .velocity_change = hf_gradient_change,
                           .hessian_times = hf_gradient_hessian,
                           .find_phi = hf_gradient_phi,
                           .turn_block = hf_gradient_turn},
    [HF_GEOMETRY_REPLICATOR] = {.name = "softmax, replicator",
                                SOFTMAX,
                                .is_mirror = true,
                                .velocity_change = hf_mirror_change,
                                .hessian_times = hf_mirror_hessian,
                                .find_phi = hf_mirror_phi,
                                .turn_block = hf_mirror_turn}};

static const hf_attention_kind others[] = {
    [HF_ATTENTION_SQUARES] = {.name = "squares",
                              SLOPE,
                              .is_normalized = true,
                              .start = start_at_one,
                              .at = hf_squares_at,
                              .conserved = hf_conserved_square_name,
                              .moved = hf_conserved_square},
    [HF_ATTENTION_SUM] = {.name = "sum",
                          SLOPE,
                          .is_normalized = true,
                          .is_signed = true,
                          .start = start_at_one,
                          .at = hf_sum_at,
                          .conserved = hf_conserved_square_name,
                          .moved = hf_conserved_square},
    [HF_ATTENTION_SIGMOID] = {.name = "sigmoid", SLOPE, .start = start_at_logit, .at = hf_sigmoid_at},
    [HF_ATTENTION_LINEAR] = {.name = "linear",
                             SLOPE,
                             .is_signed = true,
                             .start = start_at_part,
                             .at = hf_linear_at,
                             .conserved = hf_conserved_balance_name,
                             .moved = hf_conserved_balance}};

const hf_attention_kind *hf_attention_find(const hf_problem *problem)
{
    return problem->attention == HF_ATTENTION_SOFTMAX ? &softmax[problem->geometry] : &others[problem->attention];
}
