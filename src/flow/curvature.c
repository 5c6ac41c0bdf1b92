#include "flow/curvature.h"

#include "flow/lanes.h"
#include "flow/optimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- along the flow ---- */

/* The flow's direction in one block: a' and, given <a'>, u and ds. Rows of HF_BLOCK. */
typedef struct {
    double *da, *u, *ds, *uu; /* (H) each */

    /* -grad L . J y' takes sum_i n_i (along . ds + turn . dg). Replicator: (s h) . dg. With drift in the logit geometry, where y'
     * is no gradient either, h~ (s h - phi) and s (s h - phi), phi_k = sum_i n_i s_ki (s h)_ki: what (s h) . d(s h~) comes to. */
    double *along, *phi; /* (H), only with drift; phi numbers by modes */
    const double *turn;  /* (H), rows of stride; in the logit geometry only with drift */
    size_t stride;
} block_direction;

HF_INLINE void block_velocity(const hf_flow_point *point, size_t first, size_t width, double *da)
{
    const hf_problem *p = point->problem;
    bool logit = p->geometry == HF_GEOMETRY_LOGIT;
    for (size_t n = 0; n < p->heads; n++) {
        const double *x = (logit ? point->ascent : point->gain) + n * p->positions + first;
        double shift = logit ? 0 : point->shift[n], rate = p->attention_rate, *row = da + n * HF_BLOCK;
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            row[i] = rate * (x[i] + shift);
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

/* Without drift the velocity of the logit geometry is the gradient's. */
HF_INLINE bool is_gradient(const hf_problem *p)
{
    return p->geometry == HF_GEOMETRY_LOGIT && p->kappa == 0;
}

/* phi */
HF_CLONES static void find_phi(const hf_flow_point *point, const block_direction *d)
{
    const hf_problem *p = point->problem;
    memset(d->phi, 0, p->heads * sizeof *d->phi);
    for (size_t first = 0; first < p->positions && p->geometry == HF_GEOMETRY_LOGIT; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, point->loss_ascent + first,
                         p->positions, d->along, HF_BLOCK);
        for (size_t n = 0; n < p->heads; n++)
            d->phi[n] += hf_lanes_dot(width, p->multiplicity + first, d->along + n * HF_BLOCK);
    }
}

/* along and turn of one block, and what the change of the drift adds to -grad L . J y', dg~ = dg - w (beta ds + dbeta s).
 * turned: (H) what turn points to. */
HF_INLINE double block_drift(const hf_flow_point *point, const block_direction *d, double dbeta, size_t first, size_t width,
                             double *turned)
{
    const hf_problem *p = point->problem;
    bool logit = p->geometry == HF_GEOMETRY_LOGIT;
    double sum = 0, *f = d->uu; /* not needed yet */
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < width; i++)
            f[n * HF_BLOCK + i] = point->loss_ascent[n * p->positions + first + i] - d->phi[n];
    if (logit) {
        hf_lanes_product(point->flow->basis, width, point->gain + first, p->positions, f, HF_BLOCK, d->along, HF_BLOCK);
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, f, HF_BLOCK, turned, HF_BLOCK);
    }
    for (size_t n = 0; n < p->heads; n++) {
        double *row = turned + n * HF_BLOCK;
        const double *s = point->attention + n * p->positions + first, *ds = d->ds + n * HF_BLOCK,
                     *along = d->along + n * HF_BLOCK, *count = p->multiplicity + first;
        for (size_t i = 0; i < width && !logit; i++)
            row[i] = f[n * HF_BLOCK + i];
        double part = 0;
        HF_SIMD_SUM(part)
        for (size_t i = 0; i < width; i++) {
            double weight = p->copies[first + i] * p->variance[first + i];
            part += count[i] * ((logit ? along[i] : 0) * ds[i] - weight * row[i] * (point->beta * ds[i] + dbeta * s[i]));
        }
        sum += part;
    }
    return p->attention_rate * sum;
}

/* What one feature adds to Q and, where y' is no gradient, to -grad L . J y'. dv: (H, R). */
HF_INLINE double feature_curvature(const hf_flow_point *point, const block_direction *d, const double *dv, size_t r,
                                   size_t first, size_t width)
{
    const hf_problem *p = point->problem;
    double change[HF_BLOCK] = {0}, crossed[HF_BLOCK] = {0}, pulled[HF_BLOCK] = {0}, dpulled[HF_BLOCK] = {0};
    const double *pull = point->pull + r * p->positions + first, *variance = p->variance + r * p->positions + first;
    const double *copies = p->copies + first, *replicas = p->replicas + first;
    for (size_t n = 0; n < p->heads; n++) {
        size_t nr = n * p->features + r, row = n * p->positions + first;
        hf_lanes_add(width, dv[nr], point->attention + row, pulled);
        hf_lanes_add(width, point->value[nr], d->ds + n * HF_BLOCK, change);
        hf_lanes_add(width, dv[nr], d->ds + n * HF_BLOCK, crossed);
    }
    double sum = 0;
    if (is_gradient(p)) {
        HF_SIMD_SUM(sum)
        for (size_t i = 0; i < width; i++) {
            double residual = copies[i] * (pulled[i] + change[i]);
            sum += replicas[i] * variance[i] * residual * residual - 2 * replicas[i] * copies[i] * pull[i] * crossed[i];
        }
        return 2 * sum;
    }
    /* -grad L . J y' = sum dv . dforce + rho_a sum_i n_i turn . dg; with dE = -c (pulled + change) */
    double turned[HF_BLOCK] = {0};
    for (size_t n = 0; n < p->heads; n++) {
        size_t nr = n * p->features + r;
        hf_lanes_add(width, point->value[nr], d->turn + n * d->stride, turned);
        hf_lanes_add(width, dv[nr], d->turn + n * d->stride, dpulled);
    }
    double rate = p->attention_rate,
           learned = p->values != HF_VALUES_OPTIMAL; /* at optimal values grad L has no part in them */
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

/* dbeta: the change of the drift along y'. */
HF_CLONES static double sum_curvature(const hf_flow_point *point, block_direction *d, const double *dv, const double *mean,
                                      double dbeta)
{
    const hf_problem *p = point->problem;
    double sum = 0, twice = is_gradient(p) ? 2 : 1;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        block_velocity(point, first, width, d->u);
        for (size_t n = 0; n < p->heads; n++)
            for (size_t i = 0; i < width; i++)
                d->u[n * HF_BLOCK + i] -= mean[n];
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, d->u, HF_BLOCK, d->ds,
                         HF_BLOCK);
        d->turn = point->ascent + first;
        d->stride = p->positions;
        if (p->kappa > 0) {
            sum -= block_drift(point, d, dbeta, first, width, d->da);
            d->turn = d->da;
            d->stride = HF_BLOCK;
        }
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
        for (size_t r = 0; r < p->features; r++)
            sum += feature_curvature(point, d, dv, r, first, width);
    }
    return sum;
}

/* dv of optimal values along the flow, from ds = s (a' - <a'>). */
static void optimal_velocity(hf_flow_point *point, const double *mean, double *dv)
{
    const hf_problem *p = point->problem;
    double *u = point->direction + p->heads * p->features, *ds = point->turned;
    hf_flow_velocity(point, point->direction);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            u[n * p->positions + i] -= mean[n];
    hf_lanes_product(point->flow->basis, p->positions, point->attention, p->positions, u, p->positions, ds, p->positions);
    hf_optimal_change(point, ds, dv);
}

double hf_flow_speed_rate(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features, rows = p->heads * HF_BLOCK;
    double *memory = point->scratch;
    block_direction d = {.da = memory, .u = memory + rows, .ds = memory + 2 * rows, .uu = memory + 3 * rows};
    double *dv = memory + 4 * rows, *mean = dv + values, decay = 0, loss = -point->speed;
    bool optimal = p->values == HF_VALUES_OPTIMAL;
    mean_velocity(point, &d, mean);
    if (optimal)
        optimal_velocity(point, mean, dv);
    for (size_t i = 0; i < values; i++) {
        if (!optimal)
            dv[i] = p->value_rate * (point->force[i] - p->weight_decay * point->value[i]);
        decay += p->weight_decay * dv[i] * dv[i];
        loss -= p->weight_decay * point->value[i] * dv[i]; /* L' without decay */
    }
    if (p->kappa > 0) {
        d.along = point->moved;
        d.phi = d.along + rows;
        find_phi(point, &d);
    }
    /* logit: 2 Q; else Q + grad L . J y', in which decay enters with + lambda |dv|^2 both times if values are learned */
    bool twice = !optimal || p->geometry == HF_GEOMETRY_LOGIT;
    return -(sum_curvature(point, &d, dv, mean, 2 * p->kappa * loss) + (twice ? 2 : 1) * decay);
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
static void fisher_times(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features, logits = p->heads * p->positions;
    size_t widest = p->heads > p->features ? p->heads : p->features;
    double *dv = point->direction, *dg = dv + values, *ds = point->turned, *value = point->small + p->heads * widest,
           *dforce = value + p->heads * widest;
    memcpy(ds, x + values, logits * sizeof *ds);
    project_fisher(point, ds);
    multiply_fisher(point, true, ds);
    scale_values(p, x, point->change);
    if (p->values == HF_VALUES_OPTIMAL) {
        rotate(point->flow->basis, p->positions, ds, dg);
        hf_optimal_change(point, dg, point->change);
    }
    hf_basis_heads(point->flow->basis, p->features, point->change, dv);
    hf_basis_heads(point->flow->basis, p->features, point->value, value);
    change_by_heads(point, value, dv, ds, dforce, dg);
    for (size_t i = 0; i < values; i++)
        dforce[i] = p->weight_decay * dv[i] - dforce[i];
    rotate(point->flow->basis, p->features, dforce, result);
    scale_values(p, result, result);
    multiply_fisher(point, false, dg);
    project_fisher(point, dg);
    for (size_t i = 0; i < logits; i++)
        result[values + i] = -dg[i];
}

void hf_flow_hessian_times(hf_flow_point *point, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features;
    double *direction = point->direction;
    if (p->geometry == HF_GEOMETRY_REPLICATOR) {
        fisher_times(point, x, result);
        return;
    }
    scale_values(p, x, direction);
    scale_logits(point, x + values, direction + values);
    hf_flow_gradient_change(point, direction, result);
    scale_values(p, result, result);
    scale_logits(point, result + values, result + values);
}

double hf_flow_symmetric_fraction(const hf_flow *flow, const double *x)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features, size = hf_flow_size(flow);
    double all = hf_lanes_dot(size, x, x), alike = hf_lanes_dot(p->features, x, x);
    const double *a = x + values;
    for (size_t i = 0; i < p->positions; i++) {
        double mean = a[i]; /* mode 0 */
        if (p->geometry == HF_GEOMETRY_REPLICATOR) {
            mean = 0;
            for (size_t k = 0; k < p->heads; k++)
                mean += a[k * p->positions + i] / sqrt((double)p->heads);
        }
        alike += mean * mean;
    }
    return alike / all;
}
