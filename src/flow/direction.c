/* What a parameter changes at a state; hf_directions_create is in directions.c. */
#include "flow/direction.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/step.h"
#include "flow/values.h"

#include <string.h>

void hf_direction_start(const hf_flow *flow, const hf_direction *d, double *x)
{
    const hf_problem *p = flow->problem;
    hf_basis_modes(flow->basis, p->features, d->base_value, d->zero, x);
    hf_basis_modes(flow->basis, p->positions, d->base_logit, d->logit_deviation == NULL ? d->zero : d->logit_deviation,
                   x + p->heads * p->features);
}

/* ---- parts ---- */

/* What a parameter changes, the state held; in the point's scratch. */
typedef struct {
    double *ds;     /* (H, T) of the attention */
    double *dg;     /* (H, T) of g */
    double *dpull;  /* (R, T) of omega E */
    double *dforce; /* (H, R) */
} parts;

static bool moves_target(const hf_direction *d)
{
    return d->target != NULL || d->replicas != NULL;
}

/* sum_i dn_i x_i */
static double grown_sum(const hf_problem *p, const hf_direction *d, const double *x)
{
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < p->positions; i++)
        sum += p->multiplicity[i] * d->replicas[i] * x[i];
    return sum;
}

/* More positions take a part of the attention of all: ds_k = -s_k sum_i dn_i s_ki. */
HF_CLONES static void find_attention(const hf_flow_point *point, const hf_direction *d, double *ds)
{
    const hf_problem *p = point->problem;
    double *taken = point->small;
    for (size_t n = 0; n < p->heads; n++)
        taken[n] = -grown_sum(p, d, point->attention + n * p->positions);
    hf_lanes_product_constant(point->flow->basis, p->positions, point->attention, p->positions, taken, ds, p->positions);
}

/* omega dE = omega (dG - c sum_n v_n ds_n) */
HF_CLONES static void find_pull(const hf_flow_point *point, const hf_direction *d, const parts *x)
{
    const hf_problem *p = point->problem;
    const size_t positions = p->positions;
    for (size_t r = 0; r < p->features; r++) {
        double *dpull = x->dpull + r * positions;
        const double *variance = p->variance + r * positions;
        memset(dpull, 0, positions * sizeof *dpull);
        for (size_t n = 0; n < p->heads && d->replicas != NULL; n++)
            hf_lanes_add(positions, point->value[n * p->features + r], x->ds + n * positions, dpull);
        for (size_t i = 0; i < positions; i++)
            dpull[i] = variance[i] * ((d->target == NULL ? 0 : d->target[r * positions + i]) - p->copies[i] * dpull[i]);
    }
}

/* sum_i n_i (omega dE s + omega E ds) + sum_i dn_i omega E s */
HF_CLONES static void find_force(const hf_flow_point *point, const hf_direction *d, const parts *x)
{
    const hf_problem *p = point->problem;
    const size_t positions = p->positions;
    for (size_t r = 0; r < p->features; r++)
        for (size_t n = 0; n < p->heads; n++) {
            const double *s = point->attention + n * positions, *pull = point->pull + r * positions;
            double sum = hf_counted_dot(p, x->dpull + r * positions, s);
            if (d->replicas != NULL) {
                sum += hf_counted_dot(p, pull, x->ds + n * positions);
                for (size_t i = 0; i < positions; i++)
                    sum += p->multiplicity[i] * d->replicas[i] * pull[i] * s[i];
            }
            x->dforce[n * p->features + r] = sum;
        }
}

HF_CLONES static void find_gain(const hf_flow_point *point, const parts *x)
{
    const hf_problem *p = point->problem;
    memset(x->dg, 0, p->heads * p->positions * sizeof *x->dg);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t r = 0; r < p->features; r++)
            hf_lanes_add(p->positions, point->value[n * p->features + r], x->dpull + r * p->positions,
                         x->dg + n * p->positions);
}

/* dforce: where it goes. */
static parts find_parts(const hf_flow_point *point, const hf_direction *d, double *dforce)
{
    const hf_problem *p = point->problem;
    const size_t field = p->heads * p->positions;
    const parts x = {point->scratch, point->scratch + field, point->scratch + 2 * field, dforce};
    memset(x.ds, 0, field * sizeof *x.ds);
    if (d->replicas != NULL)
        find_attention(point, d, x.ds);
    if (moves_target(d)) {
        find_pull(point, d, &x);
        find_force(point, d, &x);
        find_gain(point, &x);
    } else {
        memset(x.dg, 0, field * sizeof *x.dg);
        memset(dforce, 0, p->heads * p->features * sizeof *dforce);
    }
    return x;
}

void hf_direction_attention(const hf_flow_point *point, const hf_direction *d, double *ds)
{
    if (d->replicas == NULL)
        return;
    const size_t field = point->problem->heads * point->problem->positions;
    find_attention(point, d, point->scratch);
    hf_lanes_add(field, 1, point->scratch, ds);
}

/* ---- the loss ---- */

/* Of the loss without decay: sum_i r_i sum_r E omega dE + 1/2 sum_i dr_i sum_r omega E^2. */
static double data_loss(const hf_flow_point *point, const hf_direction *d, const parts *x)
{
    const hf_problem *p = point->problem;
    double sum = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t ri = r * p->positions + i;
            if (p->variance[ri] == 0)
                continue;
            const double residual = point->pull[ri] / p->variance[ri], grown = d->replicas == NULL ? 0 : d->replicas[i];
            sum += p->replicas[i] * residual * (x->dpull[ri] + grown / 2 * point->pull[ri]);
        }
    return sum;
}

static double decay_loss(const hf_flow_point *point, const hf_direction *d)
{
    const size_t values = point->problem->heads * point->problem->features;
    return d->decay * point->problem->weight_decay / 2 * hf_lanes_dot(values, point->value, point->value);
}

double hf_direction_loss(hf_flow_point *point, const hf_direction *d)
{
    const double decay = d->decay == 0 ? 0 : decay_loss(point, d);
    if (!moves_target(d))
        return decay;
    const parts x = find_parts(point, d, point->change);
    return data_loss(point, d, &x) + decay;
}

/* ---- the velocity ---- */

/* dg~ = dg - w (beta ds + dbeta s) */
static void add_drift(const hf_flow_point *point, const hf_direction *d, const parts *x)
{
    const hf_problem *p = point->problem;
    if (point->flow->drift->unknowns == 0)
        return;
    const double loss = moves_target(d) ? data_loss(point, d, x) : 0;
    const double dbeta = d->kappa * point->beta + 2 * p->kappa * loss;
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t ni = n * p->positions + i;
            x->dg[ni] -= p->copies[i] * p->variance[i] * (point->beta * x->ds[ni] + dbeta * point->attention[ni]);
        }
}

/* d(s h) = ds h + s dg - s (sum_i n_i (ds h + s dg) + sum_i dn_i s h), gain: h. Overwrites ds. */
HF_CLONES static void find_ascent(const hf_flow_point *point, const hf_direction *d, const double *gain, const parts *x,
                                  double *change)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const size_t positions = p->positions, field = p->heads * positions;
    double *mean = point->small, *product = x->ds;
    hf_lanes_product(basis, positions, x->ds, positions, gain, positions, change, positions);
    hf_lanes_product(basis, positions, point->attention, positions, x->dg, positions, product, positions);
    for (size_t i = 0; i < field; i++)
        change[i] += product[i];
    for (size_t n = 0; n < p->heads; n++)
        mean[n] = hf_counted_sum(p, change + n * positions);
    if (d->replicas != NULL) {
        hf_lanes_product(basis, positions, point->attention, positions, gain, positions, product, positions);
        for (size_t n = 0; n < p->heads; n++)
            mean[n] += grown_sum(p, d, product + n * positions);
    }
    hf_lanes_product_constant(basis, positions, point->attention, positions, mean, product, positions);
    for (size_t i = 0; i < field; i++)
        change[i] -= product[i];
}

/* The mirror flow a' / rho_a = g - sum_i n_i g_i / N, from h = g - const: its offset is -sum_i n_i h_i / N. */
static void find_mirror(const hf_flow_point *point, const hf_direction *d, const parts *x, double *change)
{
    const hf_problem *p = point->problem;
    for (size_t n = 0; n < p->heads; n++) {
        const double *dg = x->dg + n * p->positions;
        double mean = hf_counted_sum(p, dg);
        if (d->replicas != NULL)
            mean += grown_sum(p, d, point->gain + n * p->positions) + point->shift[n] * d->total;
        for (size_t i = 0; i < p->positions; i++)
            change[n * p->positions + i] = dg[i] - mean / p->total;
    }
}

/* What the rates and the decay do, from the velocity. */
static void add_rates(const hf_flow_point *point, const hf_direction *d, const double *velocity, double *result)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, logits = p->heads * p->positions;
    hf_lanes_add(values, d->value_rate, velocity, result);
    hf_lanes_add(logits, d->attention_rate, velocity + values, result + values);
    hf_lanes_add(values, -d->decay * p->value_rate * p->weight_decay, point->value, result);
}

bool hf_direction_plain_velocity(hf_flow_point *point, const hf_direction *d, double *result)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, size = values + p->heads * p->positions;
    const bool moves_gain = moves_target(d) || d->kappa != 0;
    const bool moves_rates = d->value_rate != 0 || d->attention_rate != 0 || d->decay != 0;
    if (!moves_gain && !moves_rates)
        return false;
    if (moves_gain) {
        const parts x = find_parts(point, d, result);
        add_drift(point, d, &x);
        if (point->flow->attention->is_mirror)
            find_mirror(point, d, &x, result + values);
        else
            find_ascent(point, d, point->gain, &x, result + values);
        for (size_t i = 0; i < size; i++)
            result[i] *= i < values ? p->value_rate : p->attention_rate;
    } else
        memset(result, 0, size * sizeof *result);
    if (moves_rates) {
        hf_flow_plain_velocity(point, point->direction);
        add_rates(point, d, point->direction, result);
    }
    return true;
}

bool hf_direction_velocity(hf_flow_point *point, const hf_direction *d, double *result)
{
    return point->flow->step->along(point, d, result);
}

void hf_direction_gradient(hf_flow_point *point, const hf_direction *d, double *result)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, size = values + p->heads * p->positions;
    if (moves_target(d)) {
        const parts x = find_parts(point, d, result);
        find_ascent(point, d, point->loss_gain, &x, result + values);
    } else
        memset(result, 0, size * sizeof *result);
    hf_lanes_add(values, -d->decay * p->weight_decay, point->value, result);
}
