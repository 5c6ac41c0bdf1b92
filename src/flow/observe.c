#include "flow/observe.h"

#include "flow/attention.h"
#include "flow/lanes.h"
#include "flow/values.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_observation_init(hf_observation *o, const hf_problem *p, hf_error *err)
{
    size_t table = p->heads * p->patterns, size = p->heads * (p->features + p->positions);
    *o = (hf_observation){.problem = p};
    double *memory = malloc((2 * p->patterns + 1 + 4 * table + p->heads * p->features + p->heads * p->positions +
                             p->features * p->positions + size) *
                            sizeof *memory);
    if (memory == NULL)
        return hf_fail_memory(err, "the observations");
    o->pattern_loss = memory; /* the one pointer to free */
    o->distance = o->pattern_loss + p->patterns;
    o->mass = o->distance + p->patterns + 1;
    o->value = o->mass + table;
    o->share = o->value + table;
    o->share_rate = o->share + table;
    o->head_value = o->share_rate + table;
    o->attention = o->head_value + p->heads * p->features;
    o->output = o->attention + p->heads * p->positions;
    o->velocity = o->output + p->features * p->positions;
    return HF_OK;
}

void hf_observation_clear(hf_observation *o)
{
    free(o->pattern_loss);
    *o = (hf_observation){0};
}

static void observe_patterns(const hf_problem *p, hf_observation *o)
{
    for (size_t k = 0; k < p->heads; k++)
        for (size_t j = 0; j < p->patterns; j++) {
            const hf_pattern *pattern = &p->pattern[j];
            const double *s = o->attention + k * p->positions, *u = p->feature + j * p->features;
            double mass = 0, along = 0, value = 0;
            for (size_t e = 0; e < pattern->count; e++) {
                hf_pattern_entry entry = pattern->entry[e];
                mass += p->multiplicity[entry.position] * s[entry.position];
                along += p->multiplicity[entry.position] * s[entry.position] * entry.weight;
            }
            for (size_t r = 0; r < p->features; r++)
                value += u[r] * o->head_value[k * p->features + r];
            o->mass[k * p->patterns + j] = mass;
            o->value[k * p->patterns + j] = value;
            o->share[k * p->patterns + j] = value * along / (p->strength[j] * p->feature2[j] * pattern->norm2);
        }
}

static void observe_output(const hf_problem *p, hf_observation *o)
{
    memset(o->output, 0, p->features * p->positions * sizeof *o->output);
    for (size_t r = 0; r < p->features; r++)
        for (size_t k = 0; k < p->heads; k++) {
            double value = o->head_value[k * p->features + r];
            for (size_t i = 0; i < p->positions; i++)
                o->output[r * p->positions + i] += value * p->copies[i] * o->attention[k * p->positions + i];
        }
}

static void observe_pattern_losses(const hf_problem *p, hf_observation *o)
{
    for (size_t j = 0; j < p->patterns; j++) {
        const double *u = p->feature + j * p->features, *variance = p->variance + j * p->positions;
        double sum = 0;
        for (size_t i = 0; i < p->positions; i++) {
            double along = 0;
            for (size_t r = 0; r < p->features; r++)
                along += u[r] * (p->target[r * p->positions + i] - o->output[r * p->positions + i]);
            sum += p->replicas[i] * variance[i] * along * along;
        }
        o->pattern_loss[j] = sum / (2 * p->feature2[j]);
    }
}

/* 1/2 sum_i r_i sum_r omega_ri x_ri^2 */
static double half_square(const hf_problem *p, const double *x)
{
    double sum = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++)
            sum += p->replicas[i] * p->variance[r * p->positions + i] * x[r * p->positions + i] * x[r * p->positions + i];
    return sum / 2;
}

/* distance_k from the output, from which pattern after pattern is subtracted. */
static void observe_distances(const hf_problem *p, hf_observation *o)
{
    o->distance[0] = half_square(p, o->output);
    for (size_t j = 0; j < p->patterns; j++) {
        const hf_pattern *pattern = &p->pattern[j];
        for (size_t r = 0; r < p->features; r++)
            for (size_t e = 0; e < pattern->count; e++)
                o->output[r * p->positions + pattern->entry[e].position] -=
                    p->strength[j] * p->feature[j * p->features + r] * pattern->entry[e].weight;
        o->distance[j + 1] = half_square(p, o->output);
    }
}

/* Cosine between the attentions of two heads, of which weights are a multiple. Exactly 1 for equal ones: sqrt(x x) = x. */
HF_CLONES static double cosine(const hf_flow_point *point, size_t k, size_t l)
{
    const hf_problem *p = point->problem;
    const double *x = point->weight + k * p->positions, *y = point->weight + l * p->positions, *count = p->multiplicity;
    double xx = 0, xy = 0, yy = 0;
    HF_SIMD_SUM(xx, xy, yy)
    for (size_t i = 0; i < p->positions; i++) {
        xx += count[i] * x[i] * x[i];
        xy += count[i] * x[i] * y[i];
        yy += count[i] * y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

double hf_least_overlap(const hf_flow_point *point)
{
    double least = 1;
    for (size_t k = 0; k < point->problem->heads; k++)
        for (size_t l = 0; l < k; l++)
            least = fmin(least, cosine(point, k, l));
    return least;
}

/* Whether every mode that tells two heads apart is 0. */
static bool are_equal(const hf_flow_point *point, const double *y, size_t k, size_t l)
{
    const hf_problem *p = point->problem;
    const double *q = point->flow->basis->q, *logit = y + p->heads * p->features;
    bool equal = true;
    for (size_t n = 1; n < p->heads; n++) {
        if (q[n * p->heads + k] == q[n * p->heads + l])
            continue;
        for (size_t r = 0; r < p->features; r++)
            equal = equal && point->value[n * p->features + r] == 0;
        for (size_t i = 0; i < p->positions; i++)
            equal = equal && logit[n * p->positions + i] == 0;
    }
    return equal;
}

void hf_pair_overlaps(const hf_flow_point *point, const double *y, double *overlap)
{
    const size_t heads = point->problem->heads;
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l <= k; l++)
            overlap[k * heads + l] = overlap[l * heads + k] =
                are_equal(point, y, k, l) ? 1 : fmin(cosine(point, k, l), 1 - DBL_EPSILON / 2);
}

double hf_total_share(const hf_flow_point *point, size_t j)
{
    const hf_problem *p = point->problem;
    const hf_pattern *pattern = &p->pattern[j];
    double sum = 0;
    for (size_t r = 0; r < p->features; r++) {
        double u = p->feature[j * p->features + r];
        for (size_t n = 0; n < p->heads && u != 0; n++)
            for (size_t e = 0; e < pattern->count; e++) {
                hf_pattern_entry entry = pattern->entry[e];
                sum += u * point->value[n * p->features + r] * p->multiplicity[entry.position] * entry.weight *
                       point->attention[n * p->positions + entry.position];
            }
    }
    return sum / (p->strength[j] * p->feature2[j] * pattern->norm2);
}

/* Of one feature; the residual is formed anew, since a point keeps it multiplied by the variance of its own data. */
HF_CLONES static double feature_test_loss(const hf_flow_point *point, size_t r)
{
    const hf_problem *p = point->problem;
    const double *target = p->target + r * p->positions, *variance = p->test_variance + r * p->positions;
    double loss = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        double given[HF_BLOCK] = {0};
        for (size_t n = 0; n < p->heads; n++)
            hf_lanes_add(width, point->value[n * p->features + r], point->attention + n * p->positions + first, given);
        HF_SIMD_SUM(loss)
        for (size_t i = 0; i < width; i++) {
            double residual = target[first + i] - p->copies[first + i] * given[i];
            loss += p->replicas[first + i] * variance[first + i] * residual * residual;
        }
    }
    return loss / 2;
}

double hf_test_loss(const hf_flow_point *point)
{
    double loss = 0;
    for (size_t r = 0; r < point->problem->features; r++)
        loss += feature_test_loss(point, r);
    return loss;
}

void hf_span_loss(const hf_flow_point *point, double *loss, double *speed)
{
    const hf_problem *p = point->problem;
    *loss = point->loss;
    *speed = point->speed;
    for (size_t r = p->span; r < p->features; r++) {
        for (size_t i = 0; i < p->positions; i++) {
            double output = 0; /* there is no target */
            for (size_t n = 0; n < p->heads; n++)
                output += point->value[n * p->features + r] * point->attention[n * p->positions + i];
            output *= p->copies[i];
            *loss -= p->replicas[i] * p->variance[r * p->positions + i] * output * output / 2;
        }
        for (size_t n = 0; n < p->heads; n++) {
            const double value = point->value[n * p->features + r];
            const double slope = hf_values_slope(point, n * p->features + r);
            *loss -= p->weight_decay / 2 * value * value;
            *speed -= point->flow->free_value[n] * p->value_rate * slope * slope;
        }
    }
    *loss = fmax(*loss, 0); /* a difference of sums of squares, whose rounding may be negative */
}

void hf_observe(const hf_flow_point *point, const double *y, hf_observation *o)
{
    const hf_problem *p = point->problem;
    hf_flow_velocity(point, o->velocity);
    o->loss = point->loss;
    o->speed = point->speed;
    o->test_loss = p->test_variance == NULL ? NAN : hf_test_loss(point);
    o->divergence = hf_flow_divergence(point->flow, y, o->velocity, &o->growth_rate);
    hf_basis_heads(point->flow->basis, p->features, point->value, o->head_value);
    for (size_t k = 0; k < p->heads; k++)
        hf_flow_head_attention(point, k, o->attention + k * p->positions);
    o->overlap = hf_least_overlap(point);
    observe_patterns(p, o);
    observe_output(p, o);
    observe_pattern_losses(p, o);
    observe_distances(p, o);
}

/* dv, ds: one head's velocities. */
static void head_share_rates(const hf_problem *p, const double *dv, const double *ds, size_t k, hf_observation *o)
{
    const double *s = o->attention + k * p->positions;
    for (size_t j = 0; j < p->patterns; j++) {
        const hf_pattern *pattern = &p->pattern[j];
        double along = 0, turn = 0, dvalue = 0;
        for (size_t e = 0; e < pattern->count; e++) {
            const hf_pattern_entry entry = pattern->entry[e];
            const double weight = p->multiplicity[entry.position] * entry.weight;
            along += weight * s[entry.position];
            turn += weight * ds[entry.position];
        }
        for (size_t r = 0; r < p->features; r++)
            dvalue += p->feature[j * p->features + r] * dv[r];
        o->share_rate[k * p->patterns + j] =
            (dvalue * along + o->value[k * p->patterns + j] * turn) / (p->strength[j] * p->feature2[j] * pattern->norm2);
    }
}

void hf_observe_share_rates(hf_flow_point *point, hf_observation *o)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    double *modes = point->change, *dv = point->direction, *ds = dv + p->heads * p->features, *ds_modes = point->scratch;
    hf_attention_change(point, o->velocity + p->heads * p->features, ds_modes, ds_modes + p->heads * p->positions);
    point->flow->values->velocity(point, ds_modes, modes);
    hf_basis_heads(basis, p->features, modes, dv);
    hf_basis_heads(basis, p->positions, ds_modes, ds);
    for (size_t k = 0; k < p->heads; k++)
        head_share_rates(p, dv + k * p->features, ds + k * p->positions, k, o);
}
