#include "system/in_context_state.h"

#include "core/linear.h"
#include "core/random.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

size_t hf_in_context_size(const hf_in_context_params *params)
{
    return params->heads * (1 + 2 * params->dimension);
}

static double trace(const hf_in_context_params *params)
{
    double sum = 0;
    for (size_t i = 0; i < params->dimension; i++)
        sum += params->eigenvalue[i];
    return sum;
}

/* What knowing feature i takes off the loss. */
static double gain_of(const hf_in_context_params *params, size_t i)
{
    const double lambda = params->eigenvalue[i];
    return lambda / (1 + (1 + trace(params) / lambda) / params->context);
}

double hf_in_context_level(const hf_in_context_params *params, const bool *known)
{
    double loss = trace(params);
    for (size_t i = 0; i < params->dimension; i++)
        if (known[i])
            loss -= gain_of(params, i);
    return loss;
}

static bool allocate(hf_in_context *flow)
{
    const size_t d = flow->dimension;
    double *memory = malloc((3 * d + flow->size) * sizeof *memory);
    if (memory == NULL)
        return false;
    flow->eigenvalue = memory; /* the one pointer to free */
    flow->moment = flow->eigenvalue + d;
    flow->best = flow->moment + d;
    flow->start = flow->best + d;
    return true;
}

hf_status hf_in_context_create(hf_in_context **result, const hf_in_context_params *params, const double *start,
                               hf_error *err)
{
    const size_t d = params->dimension, heads = params->heads;
    hf_in_context *flow = calloc(1, sizeof *flow);
    if (flow != NULL)
        *flow = (hf_in_context){.heads = heads, .dimension = d, .size = hf_in_context_size(params)};
    if (flow == NULL || !allocate(flow)) {
        free(flow);
        return hf_fail_memory(err, "the flow");
    }
    const double sum = trace(params);
    flow->least = sum;
    for (size_t i = 0; i < d; i++) {
        const double lambda = params->eigenvalue[i];
        flow->eigenvalue[i] = lambda;
        flow->moment[i] = lambda * lambda * (1 + 1 / params->context) + lambda * sum / params->context;
        flow->best[i] = lambda / flow->moment[i];
        flow->least -= gain_of(params, i);
    }
    flow->group[0] = (hf_error_group){0, heads, false, 0};
    flow->group[1] = (hf_error_group){heads, heads * d, false, 0};
    flow->group[2] = (hf_error_group){heads * (1 + d), heads * d, false, 0};
    memcpy(flow->start, start, flow->size * sizeof *start);
    *result = flow;
    return HF_OK;
}

void hf_in_context_free(hf_in_context *flow)
{
    if (flow == NULL)
        return;
    free(flow->eigenvalue);
    free(flow);
}

hf_status hf_in_context_draw(const hf_in_context_params *params, double scale, uint64_t seed, double *start, hf_error *err)
{
    gsl_rng *random = gsl_rng_alloc(hf_rng_philox());
    if (random == NULL)
        return hf_fail_memory(err, "the random numbers");
    hf_rng_seed(random, seed);
    for (size_t i = 0; i < hf_in_context_size(params); i++)
        start[i] = gsl_ran_gaussian(random, scale);
    gsl_rng_free(random);
    return HF_OK;
}

/* ---- a point ---- */

static hf_status point_create(void **point, const void *self, hf_error *err)
{
    const hf_in_context *flow = self;
    const size_t d = flow->dimension, square = d * d, size = flow->size;
    hf_in_context_point *here = calloc(1, sizeof *here);
    double *memory = calloc(3 * square + 3 * size + 4 * d, sizeof *memory);
    if (here == NULL || memory == NULL) {
        free(here);
        free(memory);
        return hf_fail_memory(err, "a state of the flow");
    }
    here->flow = flow;
    here->y = memory; /* the one pointer to free */
    here->velocity = here->y + size;
    here->bent = here->velocity + size;
    here->product = here->bent + size;
    here->slope = here->product + square;
    here->change = here->slope + square;
    here->turned = here->change + square;
    *point = here;
    return HF_OK;
}

static void point_free(void *point)
{
    hf_in_context_point *here = point;
    if (here != NULL)
        free(here->y);
    free(here);
}

/* ---- the equations ---- */

static void get_start(const void *self, double *y)
{
    const hf_in_context *flow = self;
    memcpy(y, flow->start, flow->size * sizeof *y);
}

/* result += v k q^T */
static void add_outer(size_t d, double v, const double *k, const double *q, double *result)
{
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            result[i * d + j] += v * k[i] * q[j];
}

/* right = A q and left = A^T k. */
static void turn(size_t d, const double *matrix, const double *k, const double *q, double *right, double *left)
{
    memset(left, 0, d * sizeof *left);
    for (size_t i = 0; i < d; i++) {
        double sum = 0;
        for (size_t j = 0; j < d; j++) {
            sum += matrix[i * d + j] * q[j];
            left[j] += matrix[i * d + j] * k[i];
        }
        right[i] = sum;
    }
}

/* K, B = M (K* - K) Lambda and L = least + sum_ij M_ii (K* - K)_ij^2 lambda_j, a sum of squares. */
static void evaluate_product(hf_in_context_point *here)
{
    const hf_in_context *flow = here->flow;
    const size_t d = flow->dimension, heads = flow->heads;
    const double *k = here->y + heads, *q = k + heads * d;
    memset(here->product, 0, d * d * sizeof *here->product);
    for (size_t h = 0; h < heads; h++)
        add_outer(d, here->y[h], k + h * d, q + h * d, here->product);
    here->loss = flow->least;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            const double missing = (i == j ? flow->best[i] : 0) - here->product[i * d + j];
            here->slope[i * d + j] = flow->moment[i] * missing * flow->eigenvalue[j];
            here->loss += here->slope[i * d + j] * missing;
        }
}

static bool at(void *point, const double *y)
{
    hf_in_context_point *here = point;
    const hf_in_context *flow = here->flow;
    const size_t d = flow->dimension, heads = flow->heads;
    memcpy(here->y, y, flow->size * sizeof *y);
    evaluate_product(here);
    const double *v = y, *k = y + heads, *q = k + heads * d;
    double *dk = here->velocity + heads, *dq = dk + heads * d;
    for (size_t h = 0; h < heads; h++) {
        turn(d, here->slope, k + h * d, q + h * d, dk + h * d, dq + h * d);
        here->velocity[h] = hf_dot(d, k + h * d, dk + h * d);
        for (size_t i = h * d; i < (h + 1) * d; i++) {
            dk[i] *= v[h];
            dq[i] *= v[h];
        }
    }
    here->speed = 2 * hf_dot(flow->size, here->velocity, here->velocity);
    return isfinite(here->loss) && isfinite(here->speed);
}

static void energy(const void *point, double *loss, double *speed)
{
    const hf_in_context_point *here = point;
    *loss = here->loss;
    *speed = here->speed;
}

static void velocity(const void *point, double *result)
{
    const hf_in_context_point *here = point;
    memcpy(result, here->velocity, here->flow->size * sizeof *result);
}

/* dB_ij = -M_ii dK_ij lambda_j */
static void change_slope(hf_in_context_point *here, const double *dv, const double *dk, const double *dq)
{
    const hf_in_context *flow = here->flow;
    const size_t d = flow->dimension, heads = flow->heads;
    const double *v = here->y, *k = v + heads, *q = k + heads * d;
    double *change = here->change;
    memset(change, 0, d * d * sizeof *change);
    for (size_t h = 0; h < heads; h++) {
        add_outer(d, dv[h], k + h * d, q + h * d, change);
        add_outer(d, v[h], dk + h * d, q + h * d, change);
        add_outer(d, v[h], k + h * d, dq + h * d, change);
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            change[i * d + j] *= -flow->moment[i] * flow->eigenvalue[j];
}

/* (k^T B q)' = dk.Bq + k.(dB q + B dq), (v B q)' = dv Bq + v (dB q + B dq), (v B^T k)' likewise. */
void hf_in_context_jacobian_times(void *point, const double *x, double *result)
{
    hf_in_context_point *here = point;
    const hf_in_context *flow = here->flow;
    const size_t d = flow->dimension, heads = flow->heads;
    const double *v = here->y, *dv = x, *dk = x + heads, *dq = dk + heads * d;
    double *right = here->turned, *left = right + d, *along = left + d, *back = along + d;
    change_slope(here, dv, dk, dq);
    for (size_t h = 0; h < heads; h++) {
        const double *k = v + heads + h * d, *q = v + heads * (1 + d) + h * d;
        double *to_k = result + heads + h * d, *to_q = result + heads * (1 + d) + h * d;
        turn(d, here->slope, k, q, right, left);
        turn(d, here->change, k, q, to_k, to_q);
        turn(d, here->slope, dk + h * d, dq + h * d, along, back);
        for (size_t i = 0; i < d; i++) {
            to_k[i] += along[i];
            to_q[i] += back[i];
        }
        result[h] = hf_dot(d, dk + h * d, right) + hf_dot(d, k, to_k);
        for (size_t i = 0; i < d; i++) {
            to_k[i] = dv[h] * right[i] + v[h] * to_k[i];
            to_q[i] = dv[h] * left[i] + v[h] * to_q[i];
        }
    }
}

static double speed_rate(void *point)
{
    hf_in_context_point *here = point;
    hf_in_context_jacobian_times(here, here->velocity, here->bent);
    return 4 * hf_dot(here->flow->size, here->velocity, here->bent);
}

/* ---- names ---- */

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    const hf_in_context *flow = self;
    const size_t heads = flow->heads, keys = heads * flow->dimension;
    if (index < heads) {
        snprintf(text, capacity, "value of head %zu", index + 1);
        return;
    }
    const size_t local = (index - heads) % keys;
    snprintf(text, capacity, "%s of head %zu, coordinate %zu", index < heads + keys ? "key" : "query",
             local / flow->dimension + 1, local % flow->dimension + 1);
}

static const hf_system_kind kind = {
    .name = "in-context",
    .remedy = "lower the eigenvalues or the initial values",
    .start = get_start,
    .point_create = point_create,
    .point_free = point_free,
    .at = at,
    .energy = energy,
    .velocity = velocity,
    .jacobian_times = hf_in_context_jacobian_times,
    .speed_rate = speed_rate,
    .coordinate_name = coordinate_name,
    .observer = &hf_in_context_observer,
    .watch = &hf_in_context_watch,
    .curvature = &hf_in_context_curvature,
};

hf_system hf_in_context_system(hf_in_context *flow)
{
    return (hf_system){.kind = &kind, .self = flow, .size = flow->size, .unit = 1, .group_count = 3, .group = flow->group};
}

/* ---- measures ---- */

void hf_in_context_product(const hf_point *point, double *product)
{
    const hf_in_context_point *here = point->self;
    memcpy(product, here->product, here->flow->dimension * here->flow->dimension * sizeof *product);
}

/* |x|^2 of the row of head h of the block that starts at first. */
static double row_square(const hf_in_context *flow, const double *y, size_t first, size_t h)
{
    const double *x = y + first + h * flow->dimension;
    return hf_dot(flow->dimension, x, x);
}

double hf_in_context_defect(const hf_in_context *flow, const double *y)
{
    const size_t heads = flow->heads, block[2] = {heads, heads * (1 + flow->dimension)};
    double largest = 0, moved = 0;
    for (size_t h = 0; h < heads; h++)
        for (size_t b = 0; b < 2; b++) {
            const double now = row_square(flow, y, block[b], h), then = row_square(flow, flow->start, block[b], h);
            const double v = y[h], v0 = flow->start[h];
            moved = fmax(moved, fabs(v * v - now - (v0 * v0 - then)));
            largest = fmax(largest, fmax(v * v, now));
        }
    return largest > 0 ? moved / largest : 0;
}
