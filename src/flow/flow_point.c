#include "flow/flow_point.h"

#include "flow/attention.h"
#include "flow/cloud.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/restraint.h"
#include "flow/step.h"
#include "flow/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static bool allocate(hf_flow_point *point)
{
    size_t heads = point->problem->heads, positions = point->problem->positions, features = point->problem->features;
    size_t widest = heads > features ? heads : features;
    size_t field = heads * positions, pulls = features * positions;
    size_t drift = point->flow->drift->turns ? 2 * field + heads * (HF_BLOCK + 1) : 0;
    size_t blocks = 4 * heads * HF_BLOCK + heads * (features + 1),
           scratch = 2 * field + pulls > blocks ? 2 * field + pulls : blocks;
    size_t fours = HF_FOUR * (1 + features + heads * features + heads);
    double *memory = malloc((7 * field + pulls + scratch + 4 * heads * features + 3 * heads + 3 * heads * widest +
                             features * heads * heads + fours + drift) *
                            sizeof *memory);
    if (memory == NULL)
        return false;
    point->attention = memory; /* the one pointer to free */
    point->gain = point->attention + field;
    point->ascent = point->gain + field;
    point->weight = point->ascent + field;
    point->edge = point->weight + field;
    point->scratch = point->edge + field;
    point->turned = point->scratch + scratch;
    point->direction = point->turned + field;
    point->pull = point->direction + field + heads * features;
    point->value = point->pull + pulls;
    point->force = point->value + heads * features;
    point->shift = point->force + heads * features;
    point->norm = point->shift + heads;
    point->zero = point->norm + heads;
    point->small = point->zero + heads;
    point->change = point->small + 3 * heads * widest;
    point->normal = point->change + heads * features;
    point->fours = point->normal + features * heads * heads;
    point->loss_gain = drift > 0 ? point->fours + fours : point->gain;
    point->loss_ascent = drift > 0 ? point->loss_gain + field : point->ascent;
    point->moved = drift > 0 ? point->loss_ascent + field : NULL;
    for (size_t n = 0; n < heads; n++)
        point->zero[n] = 0;
    return true;
}

/* What only attentions other than the softmax need. */
static bool allocate_slopes(hf_flow_point *point)
{
    const size_t field = point->problem->heads * point->problem->positions;
    point->slope = point->bend = point->attention;
    if (!point->flow->attention->has_slope)
        return true;
    point->slope = malloc(4 * field * sizeof *point->slope);
    if (point->slope == NULL)
        return false;
    point->bend = point->slope + field;
    point->score = point->bend + field;
    point->turning = point->score + field;
    return true;
}

/* What these, and flows that are restrained, need. */
static bool allocate_onward(hf_flow_point *point)
{
    const size_t field = point->problem->heads * point->problem->positions, size = hf_flow_size(point->flow);
    if (!point->flow->attention->has_slope && !point->flow->is_restrained)
        return true;
    point->onward = malloc((2 * size + field) * sizeof *point->onward);
    if (point->onward != NULL && point->flow->decay->of_coordinates)
        point->coordinates = point->onward + 2 * size;
    return point->onward != NULL;
}

/* What only those who follow parameters need. */
static bool allocate_work(hf_flow_point *point)
{
    if (point->flow->directions == NULL)
        return true;
    point->work = malloc(2 * hf_flow_size(point->flow) * sizeof *point->work);
    return point->work != NULL;
}

static void choose_drive(hf_flow_point *point)
{
    const bool is_mirror = point->flow->attention->is_mirror;
    point->drive = is_mirror ? point->gain : point->ascent;
    point->loss_drive = is_mirror ? point->loss_gain : point->loss_ascent;
    point->offset = is_mirror ? point->shift : point->zero;
}

hf_status hf_flow_plain_point_create(hf_flow_point **result, const hf_flow *flow, hf_error *err)
{
    hf_flow_point *point = calloc(1, sizeof *point);
    if (point != NULL) {
        point->flow = flow;
        point->problem = flow->problem;
    }
    if (point == NULL || !allocate(point) || !allocate_slopes(point) || !allocate_onward(point) || !allocate_work(point)) {
        hf_flow_point_free(point);
        return hf_fail_memory(err, "a state of the flow");
    }
    choose_drive(point);
    const hf_status status = hf_cloud_is_there(flow->problem) ? hf_cloud_create(&point->cloud, flow, err) : HF_OK;
    if (status != HF_OK) {
        hf_flow_point_free(point);
        return status;
    }
    *result = point;
    return HF_OK;
}

hf_status hf_flow_point_create(hf_flow_point **result, const hf_flow *flow, hf_error *err)
{
    hf_flow_point *point = NULL;
    hf_status status = hf_flow_plain_point_create(&point, flow, err);
    if (status == HF_OK && flow->step->bends)
        status = hf_bend_create(&point->bend_of_step, flow, err);
    if (status == HF_OK)
        *result = point;
    else
        hf_flow_point_free(point);
    return status;
}

void hf_flow_point_free(hf_flow_point *point)
{
    if (point == NULL)
        return;
    hf_bend_free(point->bend_of_step);
    hf_cloud_free(point->cloud);
    if (point->slope != point->attention)
        free(point->slope);
    free(point->work);
    free(point->attention);
    free(point->onward);
    free(point);
}

/* H where there are as many features, the case that is compiled for few heads; else 0. */
static size_t heads_if_square(const hf_problem *p)
{
    return p->heads == p->features ? p->heads : 0;
}

/* ---- residual, loss and force ---- */

/* Modes s (H) of the attention of one four, from the root head and the edges. */
HF_INLINE void attention_of_four(const hf_flow_point *point, size_t heads, size_t i, size_t count, hf_four *s)
{
    const hf_basis *basis = point->flow->basis;
    const size_t positions = point->problem->positions;
    const bool few = heads <= HF_FEW_HEADS;
    hf_four weight, edge;
    hf_fours_load(count, point->weight + basis->root * positions + i, &weight);
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        s[m] = (m < basis->kinds ? basis->of_root[m] * point->norm[basis->root] : 0) * weight;
        HF_UNROLL
        for (size_t n = few || m < basis->kinds ? 1 : m; n < heads; n++) {
            const double c = basis->mode_of_edge[m * heads + n];
            if (!few && c == 0)
                continue;
            hf_fours_load(count, point->edge + n * positions + i, &edge);
            s[m] += c * edge;
        }
    }
}

HF_INLINE void store_attention(hf_flow_point *point, size_t heads, size_t i, size_t count, const hf_four *s)
{
    HF_UNROLL
    for (size_t m = 0; m < heads; m++)
        hf_fours_store(count, &s[m], point->attention + m * point->problem->positions + i);
}

/* What is not attended to whatever the logits are has no part in any derivative; its part of the loss stays. */
HF_INLINE void keep_to_support(const hf_problem *p, size_t i, size_t count, hf_four *pull)
{
    for (size_t k = 0; k < count && p->support != NULL; k++)
        (*pull)[k] = p->support[i + k] ? (*pull)[k] : 0;
}

/* Attention and omega E of one four, and what it adds to sums: twice the loss, sum_i n_i omega E_ri (R), force_nr = sum_i n_i omega
 * E_ri s_ni (H, R). s: (H) */
HF_INLINE void residual_of_four(hf_flow_point *point, size_t heads, size_t features, size_t i, size_t count, hf_four *s,
                                hf_four *sums)
{
    const hf_problem *p = point->problem;
    hf_four copies, replicas, multiplicity, target, variance;
    attention_of_four(point, heads, i, count, s);
    store_attention(point, heads, i, count, s);
    hf_fours_load(count, p->copies + i, &copies);
    hf_fours_load(count, p->replicas + i, &replicas);
    hf_fours_load(count, p->multiplicity + i, &multiplicity);
    HF_UNROLL
    for (size_t r = 0; r < features; r++) {
        hf_fours_load(count, p->target + r * p->positions + i, &target);
        hf_fours_load(count, p->variance + r * p->positions + i, &variance);
        hf_four prediction = point->value[r] * s[0];
        HF_UNROLL
        for (size_t n = 1; n < heads; n++)
            prediction += point->value[n * features + r] * s[n];
        const hf_four residual = target - copies * prediction;
        hf_four pull = variance * residual;
        sums[0] += replicas * pull * residual;
        keep_to_support(p, i, count, &pull);
        hf_fours_store(count, &pull, point->pull + r * p->positions + i);
        const hf_four counted = multiplicity * pull;
        sums[1 + r] += counted;
        HF_UNROLL
        for (size_t n = 0; n < heads; n++)
            sums[1 + features + n * features + r] += counted * s[n];
    }
}

/* total: (R) */
HF_INLINE void evaluate_residual_of(hf_flow_point *point, size_t heads, size_t features, double *total)
{
    hf_four few_s[HF_FEW_HEADS], few_sums[1 + HF_FEW_HEADS + HF_FEW_HEADS * HF_FEW_HEADS];
    const bool few = heads <= HF_FEW_HEADS && features <= HF_FEW_HEADS;
    const size_t positions = point->problem->positions, count = 1 + features + heads * features;
    hf_four *sums = few ? few_sums : (hf_four *)point->fours, *s = few ? few_s : sums + count;
    HF_UNROLL
    for (size_t k = 0; k < count; k++)
        sums[k] = (hf_four){0};
    size_t i = 0;
    for (; i + HF_FOUR <= positions; i += HF_FOUR)
        residual_of_four(point, heads, features, i, HF_FOUR, s, sums);
    if (i < positions)
        residual_of_four(point, heads, features, i, positions - i, s, sums);
    point->loss = hf_fours_sum(&sums[0]) / 2;
    for (size_t r = 0; r < features; r++)
        total[r] = hf_fours_sum(&sums[1 + r]);
    for (size_t k = 0; k < heads * features; k++)
        point->force[k] = hf_fours_sum(&sums[1 + features + k]);
}

HF_CLONES static void evaluate_residual(hf_flow_point *point, double *total)
{
    const hf_problem *p = point->problem;
#define EVALUATE(number) evaluate_residual_of(point, number, number, total)
    HF_BY_HEADS(heads_if_square(p), EVALUATE, evaluate_residual_of(point, p->heads, p->features, total))
#undef EVALUATE
}

/* ---- gain and speed ---- */

/* result_m = modes of sum_r x_kr y_kr for two fields of (H, R): the heads' own inner products. */
static void head_products(const hf_flow_point *point, const double *x, const double *y, double *result)
{
    size_t features = point->problem->features;
    memset(result, 0, point->problem->heads * sizeof *result);
    for (size_t t = 0; t < point->flow->basis->term_count; t++) {
        hf_basis_term term = point->flow->basis->term[t];
        double sum = 0;
        for (size_t r = 0; r < features; r++)
            sum += x[term.n * features + r] * y[term.l * features + r];
        result[term.m] += term.c * sum;
    }
}

/* h = g - <g> of one four. mean: (H) modes of <g>. */
HF_INLINE void gain_of_four(hf_flow_point *point, size_t heads, size_t features, const double *mean, size_t i, size_t count)
{
    const size_t positions = point->problem->positions;
    hf_four pull, gain;
    HF_UNROLL
    for (size_t n = 0; n < heads; n++) {
        gain = (hf_four){0} - mean[n];
        HF_UNROLL
        for (size_t r = 0; r < features; r++) {
            hf_fours_load(count, point->pull + r * positions + i, &pull);
            gain += point->value[n * features + r] * pull;
        }
        hf_fours_store(count, &gain, point->loss_gain + n * positions + i);
    }
}

HF_INLINE void gain_of_block(hf_flow_point *point, size_t heads, size_t features, const double *mean, size_t first,
                             size_t width)
{
    size_t i = 0;
    for (; i + HF_FOUR <= width; i += HF_FOUR)
        gain_of_four(point, heads, features, mean, first + i, HF_FOUR);
    if (i < width)
        gain_of_four(point, heads, features, mean, first + i, width - i);
}

/* h and w h; the part of the speed that comes from the logits is sum_i n_i (w h)(a'). */
HF_CLONES static double evaluate_gain(hf_flow_point *point, const double *mean)
{
    const hf_problem *p = point->problem;
    double speed = 0;
#define EVALUATE(number) gain_of_block(point, number, number, mean, first, width)
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        HF_BY_HEADS(heads_if_square(p), EVALUATE, gain_of_block(point, p->heads, p->features, mean, first, width))
        hf_lanes_product(point->flow->basis, width, point->slope + first, p->positions, point->loss_gain + first,
                         p->positions, point->loss_ascent + first, p->positions);
        speed = hf_counted_block(p, first, width, point->loss_ascent, point->loss_drive, speed);
    }
#undef EVALUATE
    return p->attention_rate * speed;
}

void hf_attention_form(hf_flow_point *point)
{
    const size_t heads = point->problem->heads, positions = point->problem->positions;
    hf_four *s = (hf_four *)point->fours;
    for (size_t i = 0; i < positions; i += HF_FOUR) {
        attention_of_four(point, heads, i, positions - i, s);
        store_attention(point, heads, i, positions - i, s);
    }
}

bool hf_flow_plain_at(hf_flow_point *point, const double *y)
{
    const hf_problem *p = point->problem;
    const double *a = y + p->heads * p->features;
    double *total = point->small, *mean = point->small + p->heads * (p->heads > p->features ? p->heads : p->features);
    memcpy(point->value, y, p->heads * p->features * sizeof *y);
    if (!point->flow->attention->at(point, a) || !point->flow->values->at(point)) {
        point->loss = point->speed = NAN;
        return false;
    }
    evaluate_residual(point, total);

    head_products(point, point->force, point->value, mean);
    for (size_t n = 0; n < p->heads && !point->flow->attention->is_normalized; n++)
        mean[n] = 0;
    for (size_t n = 0; n < p->heads; n++)
        point->shift[n] = mean[n] - hf_lanes_dot(p->features, point->value + n * p->features, total) / p->total;
    point->descent = evaluate_gain(point, mean);
    point->speed = point->flow->drift->gain(point);
    for (size_t i = 0; i < p->heads * p->features; i++) {
        double slope = hf_values_slope(point, i);
        point->speed += p->value_rate * slope * slope;
        point->descent += p->value_rate * slope * slope;
        point->loss += p->weight_decay / 2 * point->value[i] * point->value[i];
    }
    point->flow->decay->at(point, a);
    if (point->flow->is_restrained)
        hf_restraint_speed(point);
    return isfinite(point->loss) && isfinite(point->speed);
}

bool hf_flow_at(hf_flow_point *point, const double *y)
{
    return hf_flow_plain_at(point, y) && point->flow->step->at(point, y);
}

void hf_flow_velocity(const hf_flow_point *point, double *velocity)
{
    point->flow->step->velocity(point, velocity);
}

void hf_flow_plain_velocity(const hf_flow_point *point, double *velocity)
{
    const hf_problem *p = point->problem;
    size_t values = p->heads * p->features;
    for (size_t i = 0; i < values; i++)
        velocity[i] = p->value_rate * hf_values_slope(point, i);
    for (size_t n = 0; n < p->heads; n++) {
        const double *x = point->drive + n * p->positions;
        double *a = velocity + values + n * p->positions, offset = point->offset[n];
        HF_SIMD
        for (size_t i = 0; i < p->positions; i++)
            a[i] = p->attention_rate * (x[i] + offset);
    }
    point->flow->decay->add(point, p->attention_rate, point->coordinates, velocity + values);
    hf_restraint_hold(point->flow, velocity);
}

void hf_flow_head_attention(const hf_flow_point *point, size_t head, double *attention)
{
    size_t positions = point->problem->positions;
    for (size_t i = 0; i < positions; i++)
        attention[i] = point->weight[head * positions + i] * point->norm[head];
}
