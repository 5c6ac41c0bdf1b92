#include "flow/drift.h"

#include "flow/cloud.h"
#include "flow/lanes.h"

#include <string.h>

/* Modes of sum_i n_i w_i s_ki^2, the variance |s_k|^2, and of sum_i n_i w_i s_ki; (H) each. */
HF_CLONES static void find_variance(hf_flow_point *point, double *variance, double *sum)
{
    const hf_problem *p = point->problem;
    double weight[HF_BLOCK], *squares = point->scratch;
    memset(variance, 0, p->heads * sizeof *variance);
    memset(sum, 0, p->heads * sizeof *sum);
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        const double *s = point->attention + first;
        hf_block_weight(p, first, width, weight);
        for (size_t i = 0; i < width; i++)
            weight[i] *= p->multiplicity[first + i];
        hf_lanes_product(point->flow->basis, width, s, p->positions, s, p->positions, squares, HF_BLOCK);
        for (size_t n = 0; n < p->heads; n++) {
            variance[n] += hf_lanes_dot(width, weight, squares + n * HF_BLOCK);
            sum[n] += hf_lanes_dot(width, weight, s + n * p->positions);
        }
    }
}

/* h~ = h - beta (w s - |s|^2) and s h~. */
HF_CLONES static double turn_gain(hf_flow_point *point, const double *variance)
{
    const hf_problem *p = point->problem;
    double weight[HF_BLOCK], speed = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        hf_block_weight(p, first, width, weight);
        for (size_t n = 0; n < p->heads; n++) {
            size_t row = n * p->positions + first;
            const double *s = point->attention + row, *h = point->loss_gain + row;
            double *turned = point->gain + row;
            HF_SIMD
            for (size_t i = 0; i < width; i++)
                turned[i] = h[i] - point->beta * (weight[i] * s[i] - variance[n]);
        }
        hf_lanes_product(point->flow->basis, width, point->attention + first, p->positions, point->gain + first,
                         p->positions, point->ascent + first, p->positions);
        speed = hf_counted_block(p, first, width, point->loss_ascent, point->drive, speed);
    }
    return p->attention_rate * speed;
}

static double drift_gain(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    double *variance = point->small, *sum = point->small + p->heads;
    point->beta = 2 * p->kappa * (point->loss + p->noise_floor);
    find_variance(point, variance, sum);
    for (size_t n = 0; n < p->heads; n++)
        point->shift[n] -= point->beta * (variance[n] - sum[n] / p->total);
    return turn_gain(point, variance);
}

HF_CLONES static void change_gain(const hf_flow_point *point, const double *x, const double *ds, double *dg)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions, values = p->heads * p->features;
    double weight[HF_BLOCK], loss = -hf_lanes_dot(values, point->force, x);
    for (size_t n = 0; n < p->heads; n++)
        loss -= hf_counted_dot(p, point->loss_ascent + n * positions, x + values + n * positions);
    double drift = 2 * p->kappa * loss;
    for (size_t first = 0; first < positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, positions);
        hf_block_weight(p, first, width, weight);
        for (size_t n = 0; n < p->heads; n++) {
            size_t row = n * positions + first;
            HF_SIMD
            for (size_t i = 0; i < width; i++)
                dg[row + i] -= weight[i] * (point->beta * ds[row + i] + drift * point->attention[row + i]);
        }
    }
}

static void drift_change(const hf_flow_point *point, const double *x, const double *ds, double *dg)
{
    change_gain(point, x, ds, dg);
}

/* ---- with Gamma as a part of the state ---- */

/* h~ = h - (x - <s x>), x = w Gamma s, and s h~. */
static double cloud_gain(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const size_t positions = p->positions, field = p->heads * positions;
    double *push = point->cloud->field, *turned = push + field, speed = 0;
    hf_cloud_push(p, point->cloud->gamma, point->attention, push);
    hf_lanes_product(basis, positions, point->attention, positions, push, positions, turned, positions);
    for (size_t n = 0; n < p->heads; n++) {
        const double mean = hf_counted_sum(p, turned + n * positions);
        for (size_t i = n * positions; i < (n + 1) * positions; i++)
            point->gain[i] = point->loss_gain[i] - (push[i] - mean);
    }
    hf_lanes_product(basis, positions, point->attention, positions, point->gain, positions, point->ascent, positions);
    for (size_t first = 0; first < positions; first += HF_BLOCK)
        speed = hf_counted_block(p, first, hf_block_width(first, positions), point->loss_ascent, point->drive, speed);
    return p->attention_rate * speed;
}

static void cloud_change(const hf_flow_point *point, const double *x, const double *ds, double *dg)
{
    const hf_problem *p = point->problem;
    double *push = point->cloud->field;
    (void)x;
    hf_cloud_push(p, point->cloud->gamma, ds, push);
    for (size_t i = 0; i < p->heads * p->positions; i++)
        dg[i] -= push[i];
}

/* ---- the table ---- */

static double no_gain(hf_flow_point *point)
{
    return point->descent;
}

static void no_change(const hf_flow_point *point, const double *x, const double *ds, double *dg)
{
    (void)point;
    (void)x;
    (void)ds;
    (void)dg;
}

static const hf_drift_kind none = {.unknowns = 0, .gain = no_gain, .change = no_change};
static const hf_drift_kind of_sgd = {.unknowns = 1, .turns = true, .gain = drift_gain, .change = drift_change};

static const hf_drift_kind of_cloud = {.unknowns = 0, .turns = true, .gain = cloud_gain, .change = cloud_change};

const hf_drift_kind *hf_drift_find(const hf_problem *problem)
{
    if (hf_cloud_is_there(problem))
        return &of_cloud;
    return problem->kappa > 0 ? &of_sgd : &none;
}
