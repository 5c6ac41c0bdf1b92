/* The derivative of the flow along a direction; hf_flow_jacobian_times and hf_flow_gradient_change of flow_point.h. */
#include "flow/flow_point.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/restraint.h"
#include "flow/step.h"
#include "flow/values.h"

#include <string.h>

/* x (H, T) -= the modes of field_ki mean_k. */
HF_INLINE void subtract_mean(const hf_flow_point *point, const double *field, const double *mean, double *x)
{
    const size_t positions = point->problem->positions;
    hf_basis_term const *term = point->flow->basis->term;
    for (size_t t = 0; t < point->flow->basis->term_count; t++)
        hf_lanes_add(positions, -term[t].c * mean[term[t].l], field + term[t].n * positions, x + term[t].m * positions);
}

HF_INLINE void attention_change(const hf_flow_point *point, const double *da, double *ds, double *mean)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions;
    hf_lanes_product(point->flow->basis, positions, point->slope, positions, da, positions, ds, positions);
    for (size_t n = 0; n < p->heads; n++)
        mean[n] = point->flow->attention->is_normalized ? hf_counted_sum(p, ds + n * positions) : 0;
    if (point->flow->attention->is_normalized)
        subtract_mean(point, point->attention, mean, ds);
}

/* ds = w da - s <da> with <da>_k = sum_i n_i w_ki da_ki. */
HF_CLONES static void find_attention_change(const hf_flow_point *point, const double *da, double *ds, double *mean)
{
    attention_change(point, da, ds, mean);
}

void hf_attention_change(const hf_flow_point *point, const double *da, double *ds, double *mean)
{
    find_attention_change(point, da, ds, mean);
}

/* omega dE, dE_r = -c sum_n (dv_nr s_n + v_nr ds_n), and dforce_nr = sum_i n_i (omega dE s + omega E ds). */
HF_INLINE void pull_change(const hf_flow_point *point, const double *dv, const double *ds, double *dpull, double *dforce)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions, features = p->features;
    for (size_t r = 0; r < features; r++) {
        double *x = dpull + r * positions;
        memset(x, 0, positions * sizeof *x);
        for (size_t n = 0; n < p->heads; n++)
            hf_lanes_add_two(positions, dv[n * features + r], point->attention + n * positions,
                             point->value[n * features + r], ds + n * positions, x);
        for (size_t i = 0; i < positions; i++)
            x[i] *= -p->copies[i] * p->variance[r * positions + i];
        for (size_t n = 0; n < p->heads; n++)
            dforce[n * features + r] = hf_counted_dot(p, x, point->attention + n * positions) +
                                       hf_counted_dot(p, point->pull + r * positions, ds + n * positions);
    }
}

/* dg_n = sum_r (omega dE_r v_nr + omega E_r dv_nr) */
HF_INLINE void gain_change(const hf_flow_point *point, const double *dv, const double *dpull, double *dg)
{
    const hf_problem *p = point->problem;
    memset(dg, 0, p->heads * p->positions * sizeof *dg);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t r = 0; r < p->features; r++)
            hf_lanes_add_two(p->positions, point->value[n * p->features + r], dpull + r * p->positions,
                             dv[n * p->features + r], point->pull + r * p->positions, dg + n * p->positions);
}

/* d(s h) = ds h + s dg - s <dg>', with <dg>' = sum_i n_i (ds h + s dg) because sum_i n_i ds = 0. gain: h. Overwrites ds. */
HF_CLONES static void softmax_change(const hf_flow_point *point, const double *gain, double *ds, const double *dg,
                                     double *change)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions;
    double *mean = point->small;
    hf_lanes_product(point->flow->basis, positions, ds, positions, gain, positions, change, positions);
    hf_lanes_product(point->flow->basis, positions, point->attention, positions, dg, positions, ds, positions);
    for (size_t i = 0; i < p->heads * positions; i++)
        change[i] += ds[i];
    for (size_t n = 0; n < p->heads; n++)
        mean[n] = hf_counted_sum(p, change + n * positions);
    hf_lanes_product_constant(point->flow->basis, positions, point->attention, positions, mean, ds, positions);
    for (size_t i = 0; i < p->heads * positions; i++)
        change[i] -= ds[i];
}

void hf_softmax_ascent_change(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg,
                              double *change)
{
    (void)da;
    softmax_change(point, gain, ds, dg, change);
}

/* d(w h) = dw h + w dg - w <dg>', with dw = q da - w <da> and <dg>' = sum_i n_i (ds h + s dg); without the means where attention is
 * not normalized. */
HF_CLONES static void slope_change(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg,
                                   double *change)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const bool is_normalized = point->flow->attention->is_normalized;
    size_t positions = p->positions, field = p->heads * positions;
    double *mean = point->small, *dmean = mean + p->heads, *dw = point->turning;
    hf_lanes_product(basis, positions, point->slope, positions, da, positions, dw, positions);
    for (size_t n = 0; n < p->heads; n++)
        mean[n] = hf_counted_sum(p, dw + n * positions);
    hf_lanes_product(basis, positions, ds, positions, gain, positions, change, positions);
    hf_lanes_product(basis, positions, point->attention, positions, dg, positions, dw, positions);
    for (size_t n = 0; n < p->heads; n++)
        dmean[n] = hf_counted_sum(p, change + n * positions) + hf_counted_sum(p, dw + n * positions);
    hf_lanes_product(basis, positions, point->bend, positions, da, positions, dw, positions);
    if (is_normalized)
        subtract_mean(point, point->slope, mean, dw);
    hf_lanes_product(basis, positions, dw, positions, gain, positions, change, positions);
    hf_lanes_product(basis, positions, point->slope, positions, dg, positions, dw, positions);
    if (is_normalized)
        subtract_mean(point, point->slope, dmean, dw);
    for (size_t i = 0; i < field; i++)
        change[i] += dw[i];
}

void hf_slope_ascent_change(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg,
                            double *change)
{
    slope_change(point, gain, da, ds, dg, change);
}

/* Changes along x of what the velocity is made of: dforce in result's values, ds and dg in scratch (H, T each). */
HF_INLINE void change_along(hf_flow_point *point, const double *x, double *dforce, double *ds, double *dg)
{
    const hf_problem *p = point->problem;
    double *dpull = dg + p->heads * p->positions;
    attention_change(point, x + p->heads * p->features, ds, point->small);
    const double *dv = point->flow->values->change(point, x, ds);
    pull_change(point, dv, ds, dpull, dforce);
    gain_change(point, dv, dpull, dg);
}

HF_CLONES static void gradient_change(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features;
    double *ds = point->scratch, *dg = ds + p->heads * p->positions;
    change_along(point, x, result, ds, dg);
    point->flow->decay->gain_change(point, ds, dg);
    point->flow->attention->ascent_change(point, point->loss_gain, x + values, ds, dg, result + values);
    point->flow->decay->add(point, 1, x + values, result + values);
    for (size_t i = 0; i < values; i++)
        result[i] = p->weight_decay * x[i] - result[i];
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            result[values + n * p->positions + i] *= -p->multiplicity[i];
}

HF_CLONES static void jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions, values = p->heads * p->features;
    double *ds = point->scratch, *dg = ds + p->heads * positions, *da = result + values;
    change_along(point, x, result, ds, dg);
    for (size_t i = 0; i < values; i++)
        result[i] = p->value_rate * (result[i] - p->weight_decay * x[i]);
    point->flow->drift->change(point, x, ds, dg);
    point->flow->decay->gain_change(point, ds, dg);
    point->flow->attention->velocity_change(point, x + values, ds, dg, da);
    for (size_t i = 0; i < p->heads * positions; i++)
        da[i] *= p->attention_rate;
    point->flow->decay->add(point, p->attention_rate, x + values, da);
    hf_restraint_hold(point->flow, result);
}

void hf_gradient_change(hf_flow_point *point, const double *da, double *ds, double *dg, double *change)
{
    point->flow->attention->ascent_change(point, point->gain, da, ds, dg, change);
}

HF_CLONES static void mirror_change(const hf_flow_point *point, const double *dg, double *change)
{
    const hf_problem *p = point->problem;
    for (size_t n = 0; n < p->heads; n++) {
        const double *row = dg + n * p->positions;
        const double average = hf_counted_sum(p, row) / p->total;
        for (size_t i = 0; i < p->positions; i++)
            change[n * p->positions + i] = row[i] - average;
    }
}

void hf_mirror_change(hf_flow_point *point, const double *da, double *ds, double *dg, double *change)
{
    (void)da;
    (void)ds;
    mirror_change(point, dg, change);
}

void hf_flow_gradient_change(hf_flow_point *point, const double *x, double *result)
{
    gradient_change(point, x, result);
}

void hf_flow_jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    point->flow->step->jacobian_times(point, x, result);
}

void hf_flow_plain_jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    jacobian_times(point, x, result);
}
