#include "flow/cloud_adjoint.h"

#include "core/linear.h"
#include "flow/attention.h"
#include "flow/lanes.h"

#include <math.h>
#include <string.h>

/* ---- the transposed derivative ---- */

/* y = the rates times a covector x, without Gamma: a direction of the state. */
static void raise(const hf_problem *p, const double *x, double *y)
{
    const size_t values = p->heads * p->features;
    for (size_t i = 0; i < values; i++)
        y[i] = p->value_rate * x[i];
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t at = values + n * p->positions + i;
            y[at] = p->attention_rate * x[at] / p->multiplicity[i];
        }
}

/* The other way. Logits that do not move have no covector. */
static void lower(const hf_problem *p, const double *y, double *x)
{
    const size_t values = p->heads * p->features;
    for (size_t i = 0; i < values; i++)
        x[i] = y[i] / p->value_rate;
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t at = values + n * p->positions + i;
            x[at] = p->attention_rate > 0 ? y[at] * p->multiplicity[i] / p->attention_rate : 0;
        }
}

/* -1/2 dS along the logits of a direction: what Gamma does to the logits' velocity. result: (H, H). */
static void transpose_push(hf_flow_point *point, const double *direction, double *result)
{
    const hf_problem *p = point->problem;
    const size_t heads = p->heads, positions = p->positions;
    double *ds = point->cloud->field;
    hf_attention_change(point, direction + heads * p->features, ds, point->cloud->small);
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            double sum = 0;
            for (size_t i = 0; i < positions; i++)
                sum += p->multiplicity[i] * p->copies[i] * p->variance[i] *
                       (ds[m * positions + i] * point->attention[n * positions + i] +
                        point->attention[m * positions + i] * ds[n * positions + i]);
            result[m * heads + n] = -sum / 2;
        }
}

/* result (the logits' covector) += 2 of the gradient of <g, S> / 2. */
static void add_square_gradient(const hf_flow_point *point, const double *g, double *result)
{
    const hf_problem *p = point->problem;
    const size_t positions = p->positions;
    const double *ascent = hf_cloud_ascent(point, g);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < positions; i++)
            result[n * positions + i] += 2 * p->multiplicity[i] * ascent[n * positions + i];
}

/* What the loss and the force in Gamma' add: noise (of_loss weight 2 dL + spread <X, d(C C^T)>). */
static void add_loss_and_force(hf_flow_point *point, const double *x, double weight, double *result, double *work)
{
    const hf_problem *p = point->problem;
    const size_t heads = p->heads, features = p->features, values = heads * features, size = hf_flow_size(point->flow);
    const double noise = p->value_rate * p->value_rate * p->cloud.rate, loss = 2 * noise * p->cloud.of_loss * weight;
    double *direction = work, *change = work + size;
    memset(direction, 0, size * sizeof *direction);
    for (size_t m = 0; m < heads; m++)
        for (size_t k = 0; k < heads; k++)
            hf_lanes_add(features, 2 * noise * point->cloud->spread * x[m * heads + k], point->force + k * features,
                         direction + m * features);
    hf_flow_gradient_change(point, direction, change);
    for (size_t i = 0; i < values; i++)
        result[i] -= loss * point->force[i] + change[i] - p->weight_decay * direction[i];
    for (size_t n = 0; n < heads; n++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t at = n * p->positions + i;
            result[values + at] -= loss * p->multiplicity[i] * point->loss_ascent[at] + change[values + at];
        }
}

void hf_cloud_adjoint_times(hf_flow_point *point, const double *x, double *result, double *work)
{
    const hf_problem *p = point->problem;
    const hf_cloud *cloud = point->cloud;
    const size_t heads = p->heads, count = heads * heads, size = hf_flow_size(point->flow), values = heads * p->features;
    const double noise = p->value_rate * p->value_rate * p->cloud.rate;
    double *direction = work, *change = work + size;
    double *matrix = cloud->small + count, *of_gamma = matrix + count, *of_square = of_gamma + count;
    raise(p, x, direction);
    hf_flow_plain_jacobian_times(point, direction, change);
    lower(p, change, result);
    transpose_push(point, direction, of_gamma);
    hf_cloud_unpack(heads, x + size, matrix);
    const double weight = hf_lanes_dot(count, matrix, cloud->square);
    for (size_t i = 0; i < count; i++) {
        of_gamma[i] +=
            noise * p->cloud.of_loss * weight * cloud->square[i] - 2 * p->value_rate * p->weight_decay * matrix[i];
        of_square[i] = noise * (cloud->strength * matrix[i] + p->cloud.of_loss * weight * cloud->gamma[i]);
    }
    hf_cloud_add_products(heads, -p->value_rate, cloud->square, matrix, of_gamma);
    hf_cloud_add_products(heads, -p->value_rate, cloud->gamma, matrix, of_square);
    hf_cloud_pack(heads, of_gamma, result + size);
    add_square_gradient(point, of_square, result + values);
    add_loss_and_force(point, matrix, weight, result, work);
}

void hf_cloud_gradient(const hf_flow_point *point, double *result)
{
    const hf_problem *p = point->problem;
    const size_t heads = p->heads, values = heads * p->features, size = hf_flow_size(point->flow);
    for (size_t i = 0; i < values; i++)
        result[i] = p->weight_decay * point->value[i] - point->force[i];
    for (size_t n = 0; n < heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            result[values + n * p->positions + i] = -p->multiplicity[i] * point->ascent[n * p->positions + i];
    double *next = result + size;
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n <= m; n++)
            *next++ = (point->cloud->square[n * heads + m] + (m == n ? p->weight_decay : 0)) / 2;
}

/* ---- the noise ---- */

/* Q (R, T), what a direction of the state does to the output. */
static void output_change(const hf_flow_point *point, const double *direction, double *output)
{
    const hf_problem *p = point->problem;
    const size_t positions = p->positions, features = p->features;
    double *ds = point->cloud->field;
    hf_attention_change(point, direction + p->heads * features, ds, point->cloud->small);
    memset(output, 0, features * positions * sizeof *output);
    for (size_t r = 0; r < features; r++) {
        double *row = output + r * positions;
        for (size_t n = 0; n < p->heads; n++) {
            hf_lanes_add(positions, direction[n * features + r], point->attention + n * positions, row);
            hf_lanes_add(positions, point->value[n * features + r], ds + n * positions, row);
        }
        for (size_t i = 0; i < positions; i++)
            row[i] *= p->copies[i];
    }
}

static void residual(const hf_flow_point *point, double *result)
{
    const hf_problem *p = point->problem;
    const size_t positions = p->positions, features = p->features;
    memcpy(result, p->target, features * positions * sizeof *result);
    for (size_t r = 0; r < features; r++)
        for (size_t n = 0; n < p->heads; n++)
            for (size_t i = 0; i < positions; i++)
                result[r * positions + i] -=
                    p->copies[i] * point->value[n * features + r] * point->attention[n * positions + i];
}

/* sum_i r_i omega_i x_i y_i of two rows. */
static double weighed(const hf_problem *p, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < p->positions; i++)
        sum += p->replicas[i] * p->variance[i] * x[i] * y[i];
    return sum;
}

double hf_cloud_noise_along(const hf_flow_point *point, const double *x, double *work)
{
    const hf_problem *p = point->problem;
    const size_t features = p->features, positions = p->positions;
    double *q = work + hf_flow_size(point->flow), *e = q + features * positions;
    double length = 0, along = 0, pairs = 0, crossed = 0, turned = 0;
    raise(p, x, work);
    output_change(point, work, q);
    residual(point, e);
    for (size_t a = 0; a < features; a++)
        for (size_t b = 0; b < features; b++) {
            const double *qa = q + a * positions, *qb = q + b * positions, *ea = e + a * positions, *eb = e + b * positions;
            const double ab = weighed(p, ea, qb);
            length += a == b ? weighed(p, qa, qa) : 0;
            along += a == b ? ab : 0;
            pairs += weighed(p, ea, eb) * weighed(p, qa, qb);
            crossed += ab * weighed(p, eb, qa);
            turned += ab * ab;
        }
    const double alpha = p->cloud.alpha, gamma = p->cloud.gamma;
    return alpha * (point->cloud->loss * length + along * along + pairs + crossed) + gamma * (pairs + turned) +
           p->cloud.label * length;
}

size_t hf_cloud_noise_count(const hf_problem *p)
{
    return p->features * (p->positions + p->features) + 1;
}

/* L (R, R, lower) with L L^T = (2 alpha L_0 + sigma^2) + (alpha + gamma) E E^T. */
static void factor_of_length(const hf_flow_point *point, const double *e, double *factor)
{
    const hf_problem *p = point->problem;
    const size_t features = p->features;
    for (size_t a = 0; a < features; a++) {
        for (size_t b = 0; b <= a; b++)
            factor[a * features + b] =
                (p->cloud.alpha + p->cloud.gamma) * weighed(p, e + a * p->positions, e + b * p->positions);
        factor[a * features + a] += p->cloud.alpha * point->cloud->loss + p->cloud.label;
        hf_factor_add_row(factor, features, a, 0);
    }
}

void hf_cloud_noise_signs(const hf_problem *p, double *sign)
{
    const double both = p->cloud.alpha + p->cloud.gamma;
    for (size_t a = 0; a < p->features; a++)
        for (size_t b = 0; b < p->features; b++) /* tr A^2 and |A|^2 by the even and the odd part of A */
            *sign++ = a <= b ? both : p->cloud.gamma - p->cloud.alpha;
    *sign++ = p->cloud.alpha;
    for (size_t i = 0; i < p->features * p->positions; i++)
        *sign++ = 1;
}

/* The parts of one coordinate, of its Q. */
static void find_parts(const hf_problem *p, const double *factor, const double *e, const double *q, double *part)
{
    const size_t features = p->features, positions = p->positions;
    double trace = 0;
    for (size_t a = 0; a < features; a++)
        for (size_t b = 0; b < features; b++) {
            const double ab = weighed(p, e + a * positions, q + b * positions),
                         ba = a == b ? ab : weighed(p, e + b * positions, q + a * positions);
            trace += a == b ? ab : 0;
            *part++ = a == b ? ab : a < b ? (ab + ba) * sqrt(0.5) : (ab - ba) * sqrt(0.5);
        }
    *part++ = trace;
    for (size_t a = 0; a < features; a++, part += positions) {
        memset(part, 0, positions * sizeof *part);
        for (size_t b = a; b < features; b++)
            hf_lanes_add(positions, factor[b * features + a], q + b * positions, part);
        for (size_t i = 0; i < positions; i++)
            part[i] *= sqrt(p->replicas[i] * p->variance[i]);
    }
}

void hf_cloud_noise_parts(const hf_flow_point *point, double *part, double *work)
{
    const hf_problem *p = point->problem;
    const size_t size = hf_flow_size(point->flow), count = hf_cloud_noise_count(p), features = p->features;
    double *direction = work, *covector = direction + size, *q = covector + size, *e = q + features * p->positions,
           *factor = e + features * p->positions;
    residual(point, e);
    factor_of_length(point, e, factor);
    memset(covector, 0, size * sizeof *covector);
    for (size_t i = 0; i < size; i++) {
        covector[i] = 1;
        raise(p, covector, direction);
        covector[i] = 0;
        output_change(point, direction, q);
        find_parts(p, factor, e, q, part + i * count);
    }
}
