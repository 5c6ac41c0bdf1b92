#include "flow/curvature.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/restraint.h"
#include "flow/step.h"
#include "flow/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- along the flow ---- */

/* The flow's direction in one block: a' and, given <a'>, u and ds. Rows of HF_BLOCK. */
typedef struct {
    double *da, *u, *ds, *uu; /* (H) each */

    /* Where y' is no gradient, -grad L . J y' takes sum_i n_i (along . ds + turn . dg). Mirror flow: (s h) . dg. With drift in
     * the logit geometry h~ (s h - phi) and s (s h - phi), phi_k = sum_i n_i s_ki (s h)_ki: what (s h) . d(s h~) comes to. */
    double *along, *phi; /* (H), only with drift; phi numbers by modes */
    const double *turn;  /* (H), rows of stride */
    size_t stride;
} block_direction;

HF_INLINE void block_velocity(const hf_flow_point *point, size_t first, size_t width, double *da)
{
    const hf_problem *p = point->problem;
    for (size_t n = 0; n < p->heads; n++) {
        const double *x = point->drive + n * p->positions + first;
        double offset = point->offset[n], rate = p->attention_rate, *row = da + n * HF_BLOCK;
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            row[i] = rate * (x[i] + offset);
    }
}

/* mean (H): modes of sum_i n_i s_ki a_ki'. */
HF_CLONES static void mean_velocity(const hf_flow_point *point, const block_direction *d, double *mean)
{
    const hf_problem *p = point->problem;
    memset(mean, 0, p->heads * sizeof *mean);
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        block_velocity(point, first, width, d->da);
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, d->da, HF_BLOCK, d->ds,
                         HF_BLOCK);
        for (size_t n = 0; n < p->heads; n++)
            mean[n] += hf_lanes_dot(width, p->multiplicity + first, d->ds + n * HF_BLOCK);
    }
}

/* phi in the logit geometry; scratch: (H) rows of HF_BLOCK. */
HF_CLONES static void find_phi(const hf_flow_point *point, double *scratch, double *phi)
{
    const hf_problem *p = point->problem;
    memset(phi, 0, p->heads * sizeof *phi);
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, point->loss_ascent + first,
                         p->positions, scratch, HF_BLOCK);
        for (size_t n = 0; n < p->heads; n++)
            phi[n] += hf_lanes_dot(width, p->multiplicity + first, scratch + n * HF_BLOCK);
    }
}

void hf_gradient_phi(const hf_flow_point *point, double *scratch, double *phi)
{
    find_phi(point, scratch, phi);
}

void hf_mirror_phi(const hf_flow_point *point, double *scratch, double *phi)
{
    (void)scratch;
    memset(phi, 0, point->problem->heads * sizeof *phi);
}

/* along and turn of one block; f: (H) rows of HF_BLOCK for work. */
void hf_gradient_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                      double *turned)
{
    const hf_problem *p = point->problem;
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < width; i++)
            f[n * HF_BLOCK + i] = point->loss_ascent[n * p->positions + first + i] - phi[n];
    hf_lanes_product(point->flow->basis, width, point->gain + first, p->positions, f, HF_BLOCK, along, HF_BLOCK);
    hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, f, HF_BLOCK, turned, HF_BLOCK);
}

void hf_mirror_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                    double *turned)
{
    const hf_problem *p = point->problem;
    (void)phi;
    (void)f;
    for (size_t n = 0; n < p->heads; n++) {
        memset(along + n * HF_BLOCK, 0, width * sizeof *along);
        memcpy(turned + n * HF_BLOCK, point->loss_ascent + n * p->positions + first, width * sizeof *turned);
    }
}

/* What the change of the drift adds to -grad L . J y' in one block, dg~ = dg - w (beta ds + dbeta s); leaves along, and turn in
 * turned, (H). */
HF_INLINE double block_drift(const hf_flow_point *point, const block_direction *d, double dbeta, size_t first, size_t width,
                             double *turned)
{
    const hf_problem *p = point->problem;
    double sum = 0;
    point->flow->attention->turn_block(point, d->phi, first, width, d->uu, d->along, turned); /* uu: not needed yet */
    for (size_t n = 0; n < p->heads; n++) {
        const double *s = point->attention + n * p->positions + first, *ds = d->ds + n * HF_BLOCK,
                     *row = turned + n * HF_BLOCK, *along = d->along + n * HF_BLOCK, *count = p->multiplicity + first;
        double part = 0;
        HF_SIMD_SUM(part)
        for (size_t i = 0; i < width; i++) {
            double weight = p->copies[first + i] * p->variance[first + i];
            part += count[i] * (along[i] * ds[i] - weight * row[i] * (point->beta * ds[i] + dbeta * s[i]));
        }
        sum += part;
    }
    return p->attention_rate * sum;
}

/* Of one feature: the changes of the attention's outputs, and what is crossed. dv: (H, R); each (HF_BLOCK). */
HF_INLINE void feature_changes(const hf_flow_point *point, const block_direction *d, const double *dv, size_t r,
                               size_t first, size_t width, double *pulled, double *change, double *crossed)
{
    const hf_problem *p = point->problem;
    hf_lanes_sum_rows(p->heads, width, dv + r, p->features, point->attention + first, p->positions, pulled);
    hf_lanes_sum_rows(p->heads, width, point->value + r, p->features, d->ds, HF_BLOCK, change);
    hf_lanes_sum_rows(p->heads, width, dv + r, p->features, d->ds, HF_BLOCK, crossed);
}

/* What one feature adds to 2 Q. */
HF_INLINE double feature_curvature(const hf_flow_point *point, const block_direction *d, const double *dv, size_t r,
                                   size_t first, size_t width)
{
    const hf_problem *p = point->problem;
    double change[HF_BLOCK], crossed[HF_BLOCK], pulled[HF_BLOCK];
    const double *pull = point->pull + r * p->positions + first, *variance = p->variance + r * p->positions + first;
    const double *copies = p->copies + first, *replicas = p->replicas + first;
    double sum = 0;
    feature_changes(point, d, dv, r, first, width, pulled, change, crossed);
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++) {
        double residual = copies[i] * (pulled[i] + change[i]);
        sum += replicas[i] * variance[i] * residual * residual - 2 * replicas[i] * copies[i] * pull[i] * crossed[i];
    }
    return 2 * sum;
}

/* What it adds to Q + grad L . J y', where y' is no gradient: -grad L . J y' = sum dv . dforce + rho_a sum_i n_i turn . dg;
 * with dE = -c (pulled + change). */
HF_INLINE double feature_turning(const hf_flow_point *point, const block_direction *d, const double *dv, size_t r,
                                 size_t first, size_t width)
{
    const hf_problem *p = point->problem;
    double change[HF_BLOCK], crossed[HF_BLOCK], pulled[HF_BLOCK], dpulled[HF_BLOCK], turned[HF_BLOCK];
    const double *pull = point->pull + r * p->positions + first, *variance = p->variance + r * p->positions + first;
    const double *copies = p->copies + first, *replicas = p->replicas + first;
    feature_changes(point, d, dv, r, first, width, pulled, change, crossed);
    hf_lanes_sum_rows(p->heads, width, point->value + r, p->features, d->turn, d->stride, turned);
    hf_lanes_sum_rows(p->heads, width, dv + r, p->features, d->turn, d->stride, dpulled);
    double rate = p->attention_rate, sum = 0,
           learned = 1 - point->flow->values->follow; /* at values that follow grad L has no part in them */
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++) {
        double count = replicas[i] * copies[i], residual = -copies[i] * (pulled[i] + change[i]);
        double quadratic = replicas[i] * variance[i] * residual * residual - 2 * count * pull[i] * crossed[i];
        double force = learned * count * (variance[i] * residual * pulled[i] + pull[i] * crossed[i]);
        double gain = count * rate * (variance[i] * residual * turned[i] + pull[i] * dpulled[i]);
        sum += quadratic - force - gain;
    }
    return sum;
}

/* u, ds and uu of one block. */
HF_INLINE void block_changes(const hf_flow_point *point, const block_direction *d, const double *mean, size_t first,
                             size_t width)
{
    const hf_problem *p = point->problem;
    block_velocity(point, first, width, d->u);
    for (size_t n = 0; n < p->heads; n++) {
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            d->u[n * HF_BLOCK + i] -= mean[n];
    }
    hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, d->u, HF_BLOCK, d->ds, HF_BLOCK);
}

/* sum_i n_i sum_k s_ki h_ki u_ki^2 of one block, subtracted, times twice, from sum. */
HF_INLINE double subtract_squares(const hf_flow_point *point, const block_direction *d, double twice, size_t first,
                                  size_t width, double sum)
{
    const hf_problem *p = point->problem;
    hf_lanes_product(point->flow->basis, width, d->u, HF_BLOCK, d->u, HF_BLOCK, d->uu, HF_BLOCK);
    for (size_t n = 0; n < p->heads; n++) {
        const double *count = p->multiplicity + first, *f = point->loss_ascent + n * p->positions + first,
                     *uu = d->uu + n * HF_BLOCK;
        double part = 0;
        HF_SIMD_SUM(part)
        for (size_t i = 0; i < width; i++)
            part += count[i] * f[i] * uu[i];
        sum -= twice * part;
    }
    return sum;
}

/* 2 Q but for the decay. */
HF_CLONES static double sum_curvature(const hf_flow_point *point, block_direction *d, const double *dv, const double *mean)
{
    const hf_problem *p = point->problem;
    double sum = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        block_changes(point, d, mean, first, width);
        sum = subtract_squares(point, d, 2, first, width, sum);
        for (size_t r = 0; r < p->features; r++)
            sum += feature_curvature(point, d, dv, r, first, width);
    }
    return sum;
}

/* Q + grad L . J y' but for the decay, where y' is no gradient. dbeta: the change of the drift along y'. */
HF_CLONES static double sum_turning(const hf_flow_point *point, block_direction *d, const double *dv, const double *mean,
                                    double dbeta)
{
    const hf_problem *p = point->problem;
    const bool drifts = point->flow->drift->unknowns > 0;
    double sum = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        block_changes(point, d, mean, first, width);
        d->turn = drifts ? d->da : point->ascent + first;
        d->stride = drifts ? HF_BLOCK : p->positions;
        if (drifts)
            sum -= block_drift(point, d, dbeta, first, width, d->da);
        sum = subtract_squares(point, d, 1, first, width, sum);
        for (size_t r = 0; r < p->features; r++)
            sum += feature_turning(point, d, dv, r, first, width);
    }
    return sum;
}

/* ds = s (a' - <a'>) at all positions, for values that follow it. */
static void whole_change(hf_flow_point *point, const double *mean, double *ds)
{
    const hf_problem *p = point->problem;
    double *u = point->direction + p->heads * p->features;
    hf_flow_plain_velocity(point, point->direction);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            u[n * p->positions + i] -= mean[n];
    hf_lanes_product(point->flow->basis, p->positions, point->attention, p->positions, u, p->positions, ds, p->positions);
}

double hf_flow_speed_rate(hf_flow_point *point)
{
    return point->flow->step->speed_rate(point);
}

/* P is |y'|^2 in the metric of a gradient flow. */
double hf_slope_speed_rate(hf_flow_point *point)
{
    double *velocity = point->onward, *change = velocity + hf_flow_size(point->flow);
    hf_flow_plain_velocity(point, velocity);
    hf_flow_plain_jacobian_times(point, velocity, change);
    return 2 * hf_flow_inner(point->flow, velocity, change);
}

double hf_softmax_speed_rate(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    const hf_attention_kind *attention = point->flow->attention;
    const hf_value_kind *kind = point->flow->values;
    const bool drifts = point->flow->drift->unknowns > 0;
    size_t values = p->heads * p->features, rows = p->heads * HF_BLOCK;
    double *memory = point->scratch;
    block_direction d = {.da = memory, .u = memory + rows, .ds = memory + 2 * rows, .uu = memory + 3 * rows};
    double *dv = memory + 4 * rows, *mean = dv + values, decay = 0, loss = -point->speed;
    mean_velocity(point, &d, mean);
    if (kind->follow > 0)
        whole_change(point, mean, point->turned);
    kind->velocity(point, point->turned, dv);
    for (size_t i = 0; i < values; i++) {
        decay += p->weight_decay * dv[i] * dv[i];
        loss -= p->weight_decay * point->value[i] * dv[i]; /* L' without decay */
    }
    if (!attention->is_mirror && !drifts) /* y' is a gradient */
        return -(sum_curvature(point, &d, dv, mean) + 2 * decay);
    if (drifts) {
        d.along = point->moved;
        d.phi = d.along + rows;
        attention->find_phi(point, d.along, d.phi);
    }
    /* decay enters Q and grad L . J y' with + lambda |dv|^2 each; the latter not for values that follow */
    return -(sum_turning(point, &d, dv, mean, 2 * p->kappa * loss) + (2 - kind->follow) * decay);
}

/* ---- as an operator ---- */

/* From orthonormal coordinates to (dv, da) by modes and back as covectors; the map is its own transpose. */
static void scale_values(const hf_problem *p, const double *x, double *result)
{
    for (size_t i = 0; i < p->heads * p->features; i++)
        result[i] = sqrt(p->value_rate) * x[i];
}

static void scale_logits(const hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            result[n * p->positions + i] = sqrt(p->attention_rate / p->multiplicity[i]) * x[n * p->positions + i];
}

/* x -> x - q (q . x) in every row, q_i = sqrt(n_i s_ki) of length 1. By heads: modes would leave an attention of 1e-30
 * with the rounding of the other heads'. */
HF_CLONES static void project_fisher(hf_flow_point *point, double *heads)
{
    const hf_problem *p = point->problem;
    double *q = point->edge; /* row 0 is scratch */
    for (size_t k = 0; k < p->heads; k++) {
        double *x = heads + k * p->positions;
        const double *weight = point->weight + k * p->positions, norm = point->norm[k];
        for (size_t i = 0; i < p->positions; i++)
            q[i] = sqrt(p->multiplicity[i] * weight[i] * norm);
        hf_lanes_add(p->positions, -hf_lanes_dot(p->positions, q, x), q, x);
    }
}

/* Multiplies by sqrt(rho_a s_ki n_i), or, divided, by sqrt(rho_a s_ki / n_i). */
static void multiply_fisher(const hf_flow_point *point, bool divided, double *heads)
{
    const hf_problem *p = point->problem;
    for (size_t k = 0; k < p->heads; k++)
        for (size_t i = 0; i < p->positions; i++) {
            double s = point->weight[k * p->positions + i] * point->norm[k], count = p->multiplicity[i];
            heads[k * p->positions + i] *= sqrt(p->attention_rate * (divided ? s / count : s * count));
        }
}

/* Modes of what the heads have, row by row; q is orthonormal, so that the other way is its transpose. */
static void rotate(const hf_basis *basis, size_t width, const double *heads, double *modes)
{
    memset(modes, 0, basis->heads * width * sizeof *modes);
    for (size_t n = 0; n < basis->heads; n++)
        for (size_t k = 0; k < basis->heads; k++)
            hf_lanes_add(width, basis->q[n * basis->heads + k], heads + k * width, modes + n * width);
}

/* The change of force and g when values and attentions change by dv and ds, all by heads. value: (H, R) v. */
HF_CLONES static void change_by_heads(hf_flow_point *point, const double *value, const double *dv, const double *ds,
                                      double *dforce, double *dg)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions, features = p->features;
    double *dpull = point->scratch, *attention = dpull + positions;
    memset(dg, 0, p->heads * positions * sizeof *dg);
    for (size_t r = 0; r < features; r++) {
        const double *pull = point->pull + r * positions;
        memset(dpull, 0, positions * sizeof *dpull);
        for (size_t k = 0; k < p->heads; k++) {
            hf_lanes_add(positions, dv[k * features + r] * point->norm[k], point->weight + k * positions, dpull);
            hf_lanes_add(positions, value[k * features + r], ds + k * positions, dpull);
        }
        for (size_t i = 0; i < positions; i++)
            dpull[i] *= -p->copies[i] * p->variance[r * positions + i];
        for (size_t k = 0; k < p->heads; k++) {
            hf_flow_head_attention(point, k, attention);
            dforce[k * features + r] = hf_counted_dot(p, dpull, attention) + hf_counted_dot(p, pull, ds + k * positions);
            hf_lanes_add(positions, value[k * features + r], dpull, dg + k * positions);
            hf_lanes_add(positions, dv[k * features + r], pull, dg + k * positions);
        }
    }
}

/* The mirror flow v' = -rho_v dL/dv, a' = -rho_a n^-1 dL/ds + const has the Jacobian -diag(rho_v, rho_a / n) A diag(1, F),
 * A the second derivative of L in (v, s) and F = n (diag(s / n) - s s^T): similar to -K^T A K, K K^T = diag(rho_v, rho_a F /
 * n), whose part for the attentions is K = sqrt(rho_a s / n) (1 - q q^T). */
void hf_mirror_hessian(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features, logits = p->heads * p->positions;
    size_t widest = p->heads > p->features ? p->heads : p->features;
    double *dv = point->direction, *dg = dv + values, *ds = point->turned, *value = point->small + p->heads * widest,
           *dforce = value + p->heads * widest;
    memcpy(ds, x + values, logits * sizeof *ds);
    project_fisher(point, ds);
    multiply_fisher(point, true, ds);
    rotate(point->flow->basis, p->positions, ds, dg);
    scale_values(p, x, result);
    hf_basis_heads(point->flow->basis, p->features, point->flow->values->change(point, result, dg), dv);
    hf_basis_heads(point->flow->basis, p->features, point->value, value);
    change_by_heads(point, value, dv, ds, dforce, dg);
    for (size_t i = 0; i < values; i++)
        dforce[i] = p->weight_decay * dv[i] - dforce[i];
    point->flow->decay->gain_change(point, ds, dg);
    rotate(point->flow->basis, p->features, dforce, result);
    scale_values(p, result, result);
    multiply_fisher(point, false, dg);
    project_fisher(point, dg);
    for (size_t i = 0; i < logits; i++)
        result[values + i] = -dg[i];
}

void hf_gradient_hessian(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features;
    double *direction = point->direction;
    scale_values(p, x, direction);
    scale_logits(point, x + values, direction + values);
    hf_flow_gradient_change(point, direction, result);
    scale_values(p, result, result);
    scale_logits(point, result + values, result + values);
}

void hf_flow_hessian_times(hf_flow_point *point, const double *x, double *result)
{
    const hf_flow *flow = point->flow;
    if (flow->problem->held_value == NULL) {
        flow->attention->hessian_times(point, x, result);
        return;
    }
    memcpy(point->onward, x, hf_flow_size(flow) * sizeof *x);
    hf_restraint_hold_orthonormal(flow, point->onward);
    flow->attention->hessian_times(point, point->onward, result);
    hf_restraint_hold_orthonormal(flow, result);
}

/* Entry i of the mean of all heads, sqrt(H) times, from modes (H, width). */
static double alike_modes(const hf_basis *basis, size_t width, const double *modes, size_t i)
{
    double sum = 0;
    if (basis->kinds == 1)
        return modes[i];
    for (size_t c = 0; c < basis->kinds; c++)
        sum += basis->of_root[c] / sqrt((double)basis->heads) * modes[c * width + i];
    return sum;
}

static void move_alike_modes(const hf_basis *basis, size_t width, size_t i, double amount, double *modes)
{
    for (size_t c = 0; c < basis->kinds; c++)
        modes[c * width + i] = basis->kinds == 1 ? amount : basis->of_root[c] / sqrt((double)basis->heads) * amount;
}

/* Values and, in the logit geometry, logits stand by modes, of which the first is the mean; those of a mirror flow by heads. */
double hf_flow_alike(const hf_flow *flow, const double *x, size_t i)
{
    const hf_problem *p = flow->problem;
    const double *logits = x + p->heads * p->features;
    if (i < p->features)
        return alike_modes(flow->basis, p->features, x, i);
    if (!flow->attention->is_mirror)
        return alike_modes(flow->basis, p->positions, logits, i - p->features);
    double sum = 0;
    for (size_t k = 0; k < p->heads; k++)
        sum += logits[k * p->positions + i - p->features] / sqrt((double)p->heads);
    return sum;
}

void hf_flow_move_alike(const hf_flow *flow, size_t i, double amount, double *x)
{
    const hf_problem *p = flow->problem;
    double *logits = x + p->heads * p->features;
    if (i < p->features)
        move_alike_modes(flow->basis, p->features, i, amount, x);
    else if (!flow->attention->is_mirror)
        move_alike_modes(flow->basis, p->positions, i - p->features, amount, logits);
    else
        for (size_t k = 0; k < p->heads; k++)
            logits[k * p->positions + i - p->features] = amount / sqrt((double)p->heads);
}

double hf_flow_symmetric_fraction(const hf_flow *flow, const double *x)
{
    const hf_problem *p = flow->problem;
    size_t size = hf_flow_size(flow);
    const bool is_one_kind = flow->basis->kinds == 1;
    double all = hf_lanes_dot(size, x, x), alike = is_one_kind ? hf_lanes_dot(p->features, x, x) : 0;
    for (size_t i = is_one_kind ? p->features : 0; i < p->features + p->positions; i++) {
        const double mean = hf_flow_alike(flow, x, i);
        alike += mean * mean;
    }
    return alike / all;
}
