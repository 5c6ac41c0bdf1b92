#include "flow/cloud.h"

#include "flow/attention.h"
#include "flow/lanes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

bool hf_cloud_is_there(const hf_problem *problem)
{
    return problem->cloud.rate > 0;
}

static size_t pairs(size_t heads)
{
    return heads * (heads + 1) / 2;
}

size_t hf_cloud_size(const hf_flow *flow)
{
    return hf_flow_size(flow) + pairs(flow->problem->heads);
}

void hf_cloud_coordinate_name(const hf_flow *flow, size_t index, char *text, size_t capacity)
{
    if (index < hf_flow_size(flow)) {
        hf_flow_coordinate_name(flow, index, text, capacity);
        return;
    }
    size_t m = 0, left = index - hf_flow_size(flow);
    while (left > m)
        left -= ++m;
    snprintf(text, capacity, "covariance of the values outside the features, modes %zu and %zu", left, m);
}

hf_status hf_cloud_create(hf_cloud **result, const hf_flow *flow, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t size = hf_flow_size(flow), field = p->heads * p->positions, square = p->heads * p->heads,
                 rates = 4 * size + 3 * pairs(p->heads);
    hf_cloud *cloud = calloc(1, sizeof *cloud);
    double *memory = calloc(4 * size + 2 * field + 8 * square + rates, sizeof *memory);
    if (cloud == NULL || memory == NULL) {
        free(cloud);
        free(memory);
        return hf_fail_memory(err, "a state of the flow");
    }
    cloud->y = memory; /* the one pointer to free */
    cloud->core = memory + size;
    cloud->field = cloud->core + 3 * size;
    cloud->gamma = cloud->field + 2 * field;
    cloud->square = cloud->gamma + square;
    cloud->rate = cloud->square + square;
    cloud->bent_square = cloud->rate + square;
    cloud->small = cloud->bent_square + square;
    cloud->rates = cloud->small + 4 * square;
    *result = cloud;
    return HF_OK;
}

void hf_cloud_free(hf_cloud *cloud)
{
    if (cloud == NULL)
        return;
    free(cloud->y);
    free(cloud);
}

/* ---- matrices by modes ---- */

void hf_cloud_unpack(size_t heads, const double *packed, double *matrix)
{
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n <= m; n++)
            matrix[n * heads + m] = matrix[m * heads + n] = *packed++;
}

void hf_cloud_pack(size_t heads, const double *matrix, double *packed)
{
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n <= m; n++)
            *packed++ = matrix[n * heads + m];
}

void hf_cloud_add_products(size_t heads, double factor, const double *a, const double *b, double *result)
{
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            double sum = 0;
            for (size_t k = 0; k < heads; k++)
                sum += a[m * heads + k] * b[k * heads + n] + b[m * heads + k] * a[k * heads + n];
            result[m * heads + n] += factor * sum;
        }
}

/* result += factor (x y^T + y x^T) / 2 over columns; x, y: (H, columns). */
static void add_outer(size_t heads, size_t columns, double factor, const double *x, const double *y, double *result)
{
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++)
            result[m * heads + n] += factor / 2 *
                                     (hf_lanes_dot(columns, x + m * columns, y + n * columns) +
                                      hf_lanes_dot(columns, y + m * columns, x + n * columns));
}

static double trace_of_product(size_t heads, const double *a, const double *b)
{
    return hf_lanes_dot(heads * heads, a, b);
}

static double trace(size_t heads, const double *a)
{
    double sum = 0;
    for (size_t m = 0; m < heads; m++)
        sum += a[m * heads + m];
    return sum;
}

/* result_mn = sum_i n_i w_i (x_mi s_ni + s_mi x_ni) / 2 for two fields (H, T). */
static void square_of(const hf_problem *p, const double *x, const double *s, double *result)
{
    const size_t heads = p->heads, positions = p->positions;
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n <= m; n++) {
            const double *xm = x + m * positions, *xn = x + n * positions, *sm = s + m * positions, *sn = s + n * positions;
            double sum = 0;
            HF_SIMD_SUM(sum)
            for (size_t i = 0; i < positions; i++)
                sum += p->multiplicity[i] * p->copies[i] * p->variance[i] * (xm[i] * sn[i] + sm[i] * xn[i]);
            result[m * heads + n] = result[n * heads + m] = sum / 2;
        }
}

void hf_cloud_push(const hf_problem *p, const double *gamma, const double *s, double *x)
{
    for (size_t m = 0; m < p->heads; m++) {
        double *row = x + m * p->positions;
        hf_lanes_combine(p->heads, p->positions, gamma + m * p->heads, 1, s, row);
        for (size_t i = 0; i < p->positions; i++)
            row[i] *= p->copies[i] * p->variance[i];
    }
}

/* ---- at a state ---- */

void hf_cloud_start(const hf_flow *flow, double *y)
{
    hf_flow_start(flow, y);
    memset(y + hf_flow_size(flow), 0, pairs(flow->problem->heads) * sizeof *y);
}

/* Gamma' where the noise has a strength, at matrices square and gamma. */
static void find_rate(const hf_problem *p, const hf_cloud *cloud, const double *force, double *rate)
{
    const size_t heads = p->heads, count = heads * heads;
    const double noise = p->value_rate * p->value_rate * p->cloud.rate;
    for (size_t i = 0; i < count; i++)
        rate[i] = noise * cloud->strength * cloud->square[i] - 2 * p->value_rate * p->weight_decay * cloud->gamma[i];
    hf_cloud_add_products(heads, -p->value_rate, cloud->square, cloud->gamma, rate);
    add_outer(heads, p->features, noise * cloud->spread, force, force, rate);
}

/* 1/2 tr (S + lambda) x */
static double half_trace(const hf_problem *p, const hf_cloud *cloud, const double *x)
{
    return (trace_of_product(p->heads, cloud->square, x) + p->weight_decay * trace(p->heads, x)) / 2;
}

/* A point of a flow with finite steps may be without them. */
static bool is_bent(const hf_flow_point *point)
{
    return point->bend_of_step != NULL;
}

bool hf_cloud_at(hf_flow_point *point, const double *y)
{
    const hf_problem *p = point->problem;
    hf_cloud *cloud = point->cloud;
    const size_t size = hf_flow_size(point->flow);
    double *plain = cloud->core, *bent = cloud->core + size;
    memcpy(cloud->y, y, size * sizeof *y);
    hf_cloud_unpack(p->heads, y + size, cloud->gamma);
    if (!(is_bent(point) ? hf_flow_at(point, y) : hf_flow_plain_at(point, y)))
        return false;
    square_of(p, point->attention, point->attention, cloud->square);
    const double shaken = trace_of_product(p->heads, cloud->square, cloud->gamma) / 2;
    const double decay = p->weight_decay / 2 * hf_lanes_dot(p->heads * p->features, point->value, point->value);
    cloud->loss = 2 * (point->loss - decay + shaken);
    cloud->strength = cloud->loss * p->cloud.of_loss + p->cloud.of_label;
    cloud->spread = p->cloud.of_force;
    find_rate(p, cloud, point->force, cloud->rate);
    hf_flow_plain_velocity(point, plain);
    if (is_bent(point))
        hf_flow_velocity(point, bent);
    else
        memcpy(bent, plain, size * sizeof *bent);
    point->loss += half_trace(p, cloud, cloud->gamma);
    point->speed = hf_flow_inner(point->flow, plain, bent) - half_trace(p, cloud, cloud->rate);
    return isfinite(point->loss) && isfinite(point->speed);
}

void hf_cloud_velocity(const hf_flow_point *point, double *velocity)
{
    hf_flow_velocity(point, velocity);
    hf_cloud_pack(point->problem->heads, point->cloud->rate, velocity + hf_flow_size(point->flow));
}

/* ---- along a direction ---- */

const double *hf_cloud_ascent(const hf_flow_point *point, const double *gamma)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const size_t positions = p->positions, field = p->heads * positions;
    double *push = point->cloud->field, *ascent = push + field, *mean = point->cloud->small;
    hf_cloud_push(p, gamma, point->attention, push);
    hf_lanes_product(basis, positions, point->attention, positions, push, positions, ascent, positions);
    for (size_t n = 0; n < p->heads; n++)
        mean[n] = hf_counted_sum(p, ascent + n * positions);
    hf_lanes_product_constant(basis, positions, point->attention, positions, mean, push, positions);
    for (size_t i = 0; i < field; i++)
        ascent[i] -= push[i];
    return ascent;
}

/* What a change of Gamma adds to that of the logits' velocity. */
static void add_push(const hf_flow_point *point, const double *change, double *da)
{
    const hf_problem *p = point->problem;
    const double *ascent = hf_cloud_ascent(point, change);
    for (size_t i = 0; i < p->heads * p->positions; i++)
        da[i] -= p->attention_rate * ascent[i];
}

/* The change of 2 L_0 along values, logits and Gamma; bent_square: dS. */
static double change_of_loss(const hf_flow_point *point, const double *x, const double *change)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features;
    double sum = -hf_lanes_dot(values, point->force, x);
    for (size_t n = 0; n < p->heads; n++)
        sum -= hf_counted_dot(p, point->loss_ascent + n * p->positions, x + values + n * p->positions);
    return 2 * sum + trace_of_product(p->heads, point->cloud->bent_square, point->cloud->gamma) +
           trace_of_product(p->heads, point->cloud->square, change);
}

/* d Gamma' into rate; plain (size): the change of the plain velocity, of which the values' part is that of the force. */
static void change_rate(hf_flow_point *point, const double *x, const double *change, const double *plain, double *rate)
{
    const hf_problem *p = point->problem;
    const hf_cloud *cloud = point->cloud;
    const size_t heads = p->heads, values = heads * p->features, count = heads * heads;
    const double noise = p->value_rate * p->value_rate * p->cloud.rate;
    double *dforce = cloud->core + hf_flow_size(point->flow), *da = cloud->field;
    hf_attention_change(point, x + values, da, cloud->small);
    square_of(p, da, point->attention, cloud->bent_square);
    for (size_t i = 0; i < count; i++)
        cloud->bent_square[i] *= 2;
    const double more = p->cloud.of_loss * change_of_loss(point, x, change);
    for (size_t i = 0; i < values; i++)
        dforce[i] = plain[i] / p->value_rate + p->weight_decay * x[i];
    for (size_t i = 0; i < count; i++)
        rate[i] = noise * (cloud->strength * cloud->bent_square[i] + more * cloud->square[i]) -
                  2 * p->value_rate * p->weight_decay * change[i];
    hf_cloud_add_products(heads, -p->value_rate, cloud->bent_square, cloud->gamma, rate);
    hf_cloud_add_products(heads, -p->value_rate, cloud->square, change, rate);
    add_outer(heads, p->features, 2 * noise * cloud->spread, dforce, point->force, rate);
}

/* As hf_cloud_jacobian_times, but for values and logits of the plain flow. */
static void plain_jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    const size_t heads = point->problem->heads, size = hf_flow_size(point->flow);
    double *change = point->cloud->small + 2 * heads * heads, *rate = change + heads * heads;
    hf_cloud_unpack(heads, x + size, change);
    hf_flow_plain_jacobian_times(point, x, result);
    change_rate(point, x, change, result, rate);
    add_push(point, change, result + heads * point->problem->features);
    hf_cloud_pack(heads, rate, result + size);
}

void hf_cloud_jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    const size_t heads = point->problem->heads, size = hf_flow_size(point->flow);
    double *plain = point->cloud->core;
    plain_jacobian_times(point, x, result);
    if (!is_bent(point))
        return;
    memcpy(plain, result, size * sizeof *plain);
    hf_flow_jacobian_times(point, x, result);
    add_push(point, point->cloud->small + 2 * heads * heads, result + heads * point->problem->features);
}

double hf_cloud_loss_along(const hf_flow_point *point, const double *x)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, size = hf_flow_size(point->flow);
    double *change = point->cloud->small;
    double sum = p->weight_decay * hf_lanes_dot(values, point->value, x) - hf_lanes_dot(values, point->force, x);
    hf_cloud_unpack(p->heads, x + size, change);
    for (size_t n = 0; n < p->heads; n++)
        sum -= hf_counted_dot(p, point->ascent + n * p->positions, x + values + n * p->positions);
    return sum + half_trace(p, point->cloud, change);
}

/* P = (f, f~) - 1/2 tr (S + lambda) Gamma' with f the plain velocity and f~ that with finite steps. */
double hf_cloud_speed_rate(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    hf_cloud *cloud = point->cloud;
    const size_t size = hf_flow_size(point->flow), pair = pairs(p->heads), heads = p->heads;
    double *velocity = cloud->rates, *plain = velocity + size + pair, *change = plain + size,
           *plain_change = change + size + pair;
    double *matrix = cloud->small;
    hf_cloud_velocity(point, velocity);
    hf_flow_plain_velocity(point, plain);
    hf_cloud_jacobian_times(point, velocity, change);
    memcpy(plain_change, change, (size + pair) * sizeof *change);
    if (is_bent(point))
        plain_jacobian_times(point, velocity, plain_change);
    hf_cloud_unpack(heads, change + size, matrix);
    const double rate = hf_flow_inner(point->flow, plain_change, velocity) + hf_flow_inner(point->flow, plain, change) -
                        half_trace(p, cloud, matrix) - trace_of_product(heads, cloud->bent_square, cloud->rate) / 2;
    return rate;
}

/* ---- other contrasts ---- */

/* matrix (H, H) in other contrasts, on both sides. */
static void change_matrix(const hf_basis *from, const hf_basis *to, double *matrix, double *scratch)
{
    const size_t heads = from->heads;
    for (int side = 0; side < 2; side++) {
        hf_basis_change(from, to, heads, matrix, scratch);
        for (size_t m = 0; m < heads; m++)
            for (size_t n = 0; n < heads; n++)
                matrix[m * heads + n] = scratch[n * heads + m];
    }
}

hf_status hf_cloud_recast(const hf_flow *flow, const hf_basis *from, double *y, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t size = hf_flow_size(flow), values = p->heads * p->features, count = p->heads * p->heads;
    double *before = malloc((size + 2 * count) * sizeof *before);
    if (before == NULL)
        return hf_fail_memory(err, "the contrasts between heads");
    memcpy(before, y, size * sizeof *y);
    hf_basis_change(from, flow->basis, p->features, before, y);
    hf_basis_change(from, flow->basis, p->positions, before + values, y + values);
    double *matrix = before + size;
    hf_cloud_unpack(p->heads, y + size, matrix);
    change_matrix(from, flow->basis, matrix, matrix + count);
    hf_cloud_pack(p->heads, matrix, y + size);
    free(before);
    return HF_OK;
}

hf_status hf_cloud_rebase(hf_flow *flow, double *y, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t size = hf_flow_size(flow), count = p->heads * p->heads;
    hf_basis *old = NULL;
    double *matrix = malloc(2 * count * sizeof *matrix);
    hf_status status = matrix == NULL ? hf_fail_memory(err, "the contrasts between heads")
                                      : hf_basis_create(&old, p->heads, flow->basis->distance, p->kind, err);
    if (status == HF_OK)
        status = hf_flow_rebase(flow, y, err);
    if (status == HF_OK) {
        hf_cloud_unpack(p->heads, y + size, matrix);
        change_matrix(old, flow->basis, matrix, matrix + count);
        hf_cloud_pack(p->heads, matrix, y + size);
    }
    hf_basis_free(old);
    free(matrix);
    return status;
}
