#include "flow/flow.h"

#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/optimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Logits of two heads that differ by more than this at some position are far apart: their attentions are then subtracted
 * directly, which loses no digits, while expm1 could overflow or lose those of a head that leaves a concentrated other. */
static const double far_apart = 0.7;

/* ---- life ---- */

static hf_status allocate(hf_flow *flow)
{
    size_t heads = flow->problem->heads, positions = flow->problem->positions, features = flow->problem->features;
    size_t widest = heads > features ? heads : features;
    size_t field = heads * positions, pulls = features * positions;
    size_t drift = flow->problem->kappa > 0 ? 2 * field + heads * (HF_BLOCK + 1) : 0;
    size_t blocks = 4 * heads * HF_BLOCK + heads * (features + 1),
           scratch = 2 * field + pulls > blocks ? 2 * field + pulls : blocks;
    double *memory = malloc((7 * field + pulls + scratch + 4 * heads * features + 2 * heads + 3 * heads * widest +
                             features * heads * heads + drift) *
                            sizeof *memory);
    if (memory == NULL)
        return HF_ESYSTEM;
    flow->attention = memory; /* the one pointer to free */
    flow->gain = flow->attention + field;
    flow->ascent = flow->gain + field;
    flow->weight = flow->ascent + field;
    flow->edge = flow->weight + field;
    flow->scratch = flow->edge + field;
    flow->turned = flow->scratch + scratch;
    flow->direction = flow->turned + field;
    flow->pull = flow->direction + field + heads * features;
    flow->value = flow->pull + pulls;
    flow->force = flow->value + heads * features;
    flow->shift = flow->force + heads * features;
    flow->norm = flow->shift + heads;
    flow->small = flow->norm + heads;
    flow->change = flow->small + 3 * heads * widest;
    flow->normal = flow->change + heads * features;
    flow->loss_gain = drift > 0 ? flow->normal + features * heads * heads : flow->gain;
    flow->loss_ascent = drift > 0 ? flow->loss_gain + field : flow->ascent;
    flow->moved = drift > 0 ? flow->loss_ascent + field : NULL;
    return HF_OK;
}

/* Values and logits of the mean head, and those of every contrast, which are each other's partners. */
static hf_error_group *make_groups(const hf_problem *p)
{
    hf_error_group *group = malloc(2 * p->heads * sizeof *group);
    for (size_t n = 0; group != NULL && n < p->heads; n++) {
        const size_t values = p->heads * p->features;
        group[n] = (hf_error_group){n * p->features, p->features, n > 0, p->heads + n};
        group[p->heads + n] = (hf_error_group){values + n * p->positions, p->positions, n > 0, n};
    }
    return group;
}

/* Largest distance between two heads' rows of base + deviation; small deviations count where bases are equal. */
static double row_distance(size_t width, const double *base, const double *deviation, size_t k, size_t l)
{
    double farthest = 0;
    for (size_t i = 0; i < width; i++) {
        double apart = base[k * width + i] - base[l * width + i] + (deviation[k * width + i] - deviation[l * width + i]);
        farthest = fmax(farthest, fabs(apart));
    }
    return farthest;
}

static void start_distances(const hf_problem *p, double *distance)
{
    for (size_t k = 0; k < p->heads; k++)
        for (size_t l = 0; l < p->heads; l++)
            distance[k * p->heads + l] = fmax(row_distance(p->features, p->base_value, p->value_deviation, k, l),
                                              row_distance(p->positions, p->base_logit, p->logit_deviation, k, l));
}

hf_status hf_flow_create(hf_flow **result, const hf_problem *problem, hf_error *err)
{
    hf_flow *flow = calloc(1, sizeof *flow);
    double *distance = malloc(problem->heads * problem->heads * sizeof *distance);
    if (flow == NULL || distance == NULL)
        goto fail;
    flow->problem = problem;
    start_distances(problem, distance);
    flow->group = make_groups(problem);
    if (flow->group == NULL || allocate(flow) != HF_OK || hf_basis_create(&flow->basis, problem->heads, distance, NULL) != HF_OK)
        goto fail;
    free(distance);
    *result = flow;
    return HF_OK;

fail:
    free(distance);
    hf_flow_free(flow);
    return hf_fail_memory(err, "the flow");
}

void hf_flow_free(hf_flow *flow)
{
    if (flow == NULL)
        return;
    hf_basis_free(flow->basis);
    free(flow->group);
    free(flow->attention);
    free(flow);
}

size_t hf_flow_size(const hf_flow *flow)
{
    return flow->problem->heads * (flow->problem->features + flow->problem->positions);
}

void hf_flow_start(const hf_flow *flow, double *y)
{
    const hf_problem *p = flow->problem;
    hf_basis_modes(flow->basis, p->features, p->base_value, p->value_deviation, y);
    hf_basis_modes(flow->basis, p->positions, p->base_logit, p->logit_deviation, y + p->heads * p->features);
}

hf_status hf_flow_use_basis(hf_flow *flow, const double *distance, hf_error *err)
{
    hf_basis *basis;
    hf_status status = hf_basis_create(&basis, flow->problem->heads, distance, err);
    if (status == HF_OK) {
        hf_basis_free(flow->basis);
        flow->basis = basis;
    }
    return status;
}

hf_status hf_flow_rebase(hf_flow *flow, double *y, hf_error *err)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features;
    double *distance = calloc(p->heads * p->heads, sizeof *distance);
    double *before = malloc(hf_flow_size(flow) * sizeof *before);
    hf_basis *old = flow->basis;
    if (distance == NULL || before == NULL) {
        free(distance);
        free(before);
        return hf_fail_memory(err, "the contrasts between heads");
    }
    hf_basis_distances(old, p->features, y, distance);
    hf_basis_distances(old, p->positions, y + values, distance);
    memcpy(before, y, hf_flow_size(flow) * sizeof *y);
    flow->basis = NULL;
    hf_status status = hf_flow_use_basis(flow, distance, err);
    if (status == HF_OK) {
        hf_basis_change(old, flow->basis, p->features, before, y);
        hf_basis_change(old, flow->basis, p->positions, before + values, y + values);
        hf_basis_free(old);
    } else
        flow->basis = old;
    free(distance);
    free(before);
    return status;
}

/* ---- attention ---- */

HF_INLINE double max_abs(size_t width, const double *x)
{
    double largest = 0;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

HF_INLINE double max_of(size_t width, const double *x)
{
    double largest = -INFINITY;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

/* combination = sum over modes n of coefficient[n * stride] times row n of the logits a (H, T). */
HF_CLONES static void combine(const hf_problem *p, const double *coefficient, size_t stride, const double *a,
                              double *combination)
{
    memset(combination, 0, p->positions * sizeof *combination);
    for (size_t n = 0; n < p->heads; n++)
        if (coefficient[n * stride] != 0)
            hf_lanes_add(p->positions, coefficient[n * stride], a + n * p->positions, combination);
}

/* Softmax of one head from the modes a of the logits; its norm is not finite if one of them is not. */
HF_CLONES static void head_softmax(hf_flow *flow, const double *a, size_t head)
{
    const hf_problem *p = flow->problem;
    double *weight = flow->weight + head * p->positions, *logit = flow->edge;
    combine(p, flow->basis->q + head, p->heads, a, logit);
    double largest = max_of(p->positions, logit), zero = 0; /* nan if a logit is not finite */
    HF_SIMD_SUM(zero)
    for (size_t i = 0; i < p->positions; i++)
        zero += 0 * logit[i];
    for (size_t i = 0; i < p->positions; i++)
        weight[i] = exp(logit[i] - largest);
    flow->norm[head] = 1 / hf_lanes_dot(p->positions, p->multiplicity, weight) + zero;
}

/* The attention of edge.to and its difference from that of edge.from: with u = expm1(a_to - a_from) and <u> its mean under
 * s_from, delta = s_from (u - <u>) / (1 + <u>). */
HF_CLONES static void follow_edge(hf_flow *flow, const double *a, size_t n)
{
    const hf_problem *p = flow->problem;
    size_t positions = p->positions;
    hf_basis_edge edge = flow->basis->edge[n];
    const double *from = flow->weight + edge.from * positions;
    double *to = flow->weight + edge.to * positions, *delta = flow->edge + n * positions;
    combine(p, flow->basis->edge_of_mode + n * p->heads, 1, a, delta);
    if (max_abs(positions, delta) > far_apart) {
        head_softmax(flow, a, edge.to);
        double norm_from = flow->norm[edge.from], norm_to = flow->norm[edge.to];
        HF_SIMD
        for (size_t i = 0; i < positions; i++)
            delta[i] = to[i] * norm_to - from[i] * norm_from;
        return;
    }
    double sum = 0;
    for (size_t i = 0; i < positions; i++)
        delta[i] = expm1(delta[i]);
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < positions; i++)
        sum += p->multiplicity[i] * from[i] * delta[i];
    double mean = sum * flow->norm[edge.from], norm = flow->norm[edge.from] / (1 + mean);
    flow->norm[edge.to] = norm;
    HF_SIMD
    for (size_t i = 0; i < positions; i++) {
        to[i] = from[i] + from[i] * delta[i];
        delta[i] = from[i] * norm * (delta[i] - mean);
    }
}

/* ---- residual, loss and force ---- */

/* Modes of the attention in one block of positions, from the root head and the edges. */
HF_INLINE void block_attention(hf_flow *flow, size_t first, size_t width)
{
    const hf_basis *basis = flow->basis;
    size_t heads = basis->heads, positions = flow->problem->positions;
    for (size_t m = 0; m < heads; m++) {
        double *s = flow->attention + m * positions + first;
        memset(s, 0, width * sizeof *s);
        if (m == 0)
            hf_lanes_add(width, sqrt((double)heads) * flow->norm[basis->root],
                         flow->weight + basis->root * positions + first, s);
        for (size_t n = m > 1 ? m : 1; n < heads; n++) {
            double c = basis->mode_of_edge[m * heads + n];
            if (c != 0)
                hf_lanes_add(width, c, flow->edge + n * positions + first, s);
        }
    }
}

/* omega E of one feature in one block; returns its part of the loss. */
HF_INLINE double block_residual(hf_flow *flow, size_t r, size_t first, size_t width)
{
    const hf_problem *p = flow->problem;
    const double *copies = p->copies + first, *replicas = p->replicas + first;
    const double *target = p->target + r * p->positions + first, *variance = p->variance + r * p->positions + first;
    double *pull = flow->pull + r * p->positions + first, loss = 0;
    memset(pull, 0, width * sizeof *pull);
    for (size_t n = 0; n < p->heads; n++)
        hf_lanes_add(width, flow->value[n * p->features + r], flow->attention + n * p->positions + first, pull);
    HF_SIMD_SUM(loss)
    for (size_t i = 0; i < width; i++) {
        double residual = target[i] - copies[i] * pull[i];
        pull[i] = variance[i] * residual;
        loss += replicas[i] * pull[i] * residual;
    }
    return loss / 2;
}

/* Adds the block's part of force_nr = sum_i n_i omega E_ri s_ni and of sum_i n_i omega E_ri (into total, (R)). */
HF_INLINE void block_force(hf_flow *flow, size_t first, size_t width, double *total)
{
    const hf_problem *p = flow->problem;
    double counted[HF_BLOCK];
    for (size_t r = 0; r < p->features; r++) {
        const double *pull = flow->pull + r * p->positions + first;
        double sum = 0;
        HF_SIMD_SUM(sum)
        for (size_t i = 0; i < width; i++) {
            counted[i] = p->multiplicity[first + i] * pull[i];
            sum += counted[i];
        }
        total[r] += sum;
        for (size_t n = 0; n < p->heads; n++)
            flow->force[n * p->features + r] += hf_lanes_dot(width, counted, flow->attention + n * p->positions + first);
    }
}

HF_CLONES static void evaluate_residual(hf_flow *flow, double *total)
{
    const hf_problem *p = flow->problem;
    memset(flow->force, 0, p->heads * p->features * sizeof *flow->force);
    memset(total, 0, p->features * sizeof *total);
    flow->loss = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        block_attention(flow, first, width);
        for (size_t r = 0; r < p->features; r++)
            flow->loss += block_residual(flow, r, first, width);
        block_force(flow, first, width, total);
    }
}

/* ---- gain and speed ---- */

/* result_m = modes of sum_r x_kr y_kr for two fields of (H, R): the heads' own inner products. */
static void head_products(const hf_flow *flow, const double *x, const double *y, double *result)
{
    size_t features = flow->problem->features;
    memset(result, 0, flow->problem->heads * sizeof *result);
    for (size_t t = 0; t < flow->basis->term_count; t++) {
        hf_basis_term term = flow->basis->term[t];
        double sum = 0;
        for (size_t r = 0; r < features; r++)
            sum += x[term.n * features + r] * y[term.l * features + r];
        result[term.m] += term.c * sum;
    }
}

/* h = g - <g> and s h; the part of the speed that comes from the logits is sum_i n_i (s h)(a'). mean: (H) modes of <g>. */
HF_CLONES static double evaluate_gain(hf_flow *flow, const double *mean)
{
    const hf_problem *p = flow->problem;
    const double *other = p->geometry == HF_GEOMETRY_LOGIT ? flow->loss_ascent : flow->loss_gain;
    double speed = 0;
    for (size_t first = 0; first < p->positions; first += HF_BLOCK) {
        size_t width = hf_block_width(first, p->positions);
        for (size_t n = 0; n < p->heads; n++) {
            double *gain = flow->loss_gain + n * p->positions + first;
            for (size_t i = 0; i < width; i++)
                gain[i] = -mean[n];
            for (size_t r = 0; r < p->features; r++)
                hf_lanes_add(width, flow->value[n * p->features + r], flow->pull + r * p->positions + first, gain);
        }
        hf_lanes_product(flow->basis, width, flow->attention + first, p->positions, flow->loss_gain + first, p->positions,
                         flow->loss_ascent + first, p->positions);
        speed = hf_counted_block(p, first, width, flow->loss_ascent, other, speed);
    }
    return p->attention_rate * speed;
}

bool hf_flow_at(hf_flow *flow, const double *y)
{
    const hf_problem *p = flow->problem;
    const double *a = y + p->heads * p->features;
    double *total = flow->small, *mean = flow->small + p->heads * (p->heads > p->features ? p->heads : p->features);
    memcpy(flow->value, y, p->heads * p->features * sizeof *y);
    head_softmax(flow, a, flow->basis->root);
    for (size_t n = 1; n < p->heads; n++)
        follow_edge(flow, a, n);
    for (size_t k = 0; k < p->heads; k++)
        if (!isfinite(flow->norm[k]) ||
            flow->norm[k] == 0) { /* logits that are not finite, or so large that differences are not */
            flow->loss = flow->speed = NAN;
            return false;
        }
    if (p->values == HF_VALUES_OPTIMAL) {
        block_attention(flow, 0, p->positions);
        if (!hf_optimal_values(flow)) {
            flow->loss = flow->speed = NAN;
            return false;
        }
    }
    evaluate_residual(flow, total);

    head_products(flow, flow->force, flow->value, mean);
    for (size_t n = 0; n < p->heads; n++)
        flow->shift[n] = mean[n] - hf_lanes_dot(p->features, flow->value + n * p->features, total) / p->total;
    flow->speed = flow->descent = evaluate_gain(flow, mean);
    if (p->kappa > 0)
        flow->speed = hf_drift_gain(flow);
    for (size_t i = 0; i < p->heads * p->features; i++) {
        double slope = flow->force[i] - p->weight_decay * flow->value[i];
        flow->speed += p->value_rate * slope * slope;
        flow->descent += p->value_rate * slope * slope;
        flow->loss += p->weight_decay / 2 * flow->value[i] * flow->value[i];
    }
    return isfinite(flow->loss) && isfinite(flow->speed);
}

void hf_flow_velocity(const hf_flow *flow, double *velocity)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features;
    for (size_t i = 0; i < values; i++)
        velocity[i] = p->value_rate * (flow->force[i] - p->weight_decay * flow->value[i]);
    for (size_t n = 0; n < p->heads; n++) {
        bool logit = p->geometry == HF_GEOMETRY_LOGIT;
        const double *x = (logit ? flow->ascent : flow->gain) + n * p->positions;
        double *a = velocity + values + n * p->positions, shift = logit ? 0 : flow->shift[n];
        HF_SIMD
        for (size_t i = 0; i < p->positions; i++)
            a[i] = p->attention_rate * (x[i] + shift);
    }
}

/* ---- measures ---- */

double hf_flow_inner(const hf_flow *flow, const double *x, const double *y)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features;
    double value = hf_lanes_dot(values, x, y), logit = 0;
    for (size_t n = 0; n < p->heads; n++)
        logit += hf_counted_dot(p, x + values + n * p->positions, y + values + n * p->positions);
    return (p->value_rate > 0 ? value / p->value_rate : 0) + (p->attention_rate > 0 ? logit / p->attention_rate : 0);
}

void hf_flow_head_attention(const hf_flow *flow, size_t head, double *attention)
{
    size_t positions = flow->problem->positions;
    for (size_t i = 0; i < positions; i++)
        attention[i] = flow->weight[head * positions + i] * flow->norm[head];
}

double hf_flow_mean_logit(const hf_flow *flow, const double *y)
{
    const hf_problem *p = flow->problem;
    const double *a = y + p->heads * p->features;
    double largest = 0;
    for (size_t k = 0; k < p->heads; k++) {
        double sum = 0;
        for (size_t n = 0; n < p->heads; n++)
            sum += flow->basis->q[n * p->heads + k] * hf_counted_sum(p, a + n * p->positions);
        largest = fmax(largest, fabs(sum));
    }
    return largest / p->total;
}

double hf_flow_divergence(const hf_flow *flow, const double *y, const double *velocity, double *rate)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features, positions = p->positions;
    const double *v = y + p->features, *a = y + values + positions;
    const double *dv = velocity + p->features, *da = velocity + values + positions;
    size_t value_count = (p->heads - 1) * p->features, logit_count = (p->heads - 1) * positions;
    double scale = fmax(max_abs(value_count, v), max_abs(logit_count, a)), square = 0, product = 0;
    *rate = NAN;
    if (scale == 0 || !isfinite(scale))
        return scale;
    for (size_t i = 0; i < value_count; i++) {
        square += v[i] / scale * (v[i] / scale);
        product += v[i] / scale * (dv[i] / scale);
    }
    for (size_t i = 0; i < logit_count; i++) {
        double x = a[i] / scale, count = p->multiplicity[i % positions];
        square += count * x * x;
        product += count * x * (da[i] / scale);
    }
    *rate = product / square;
    return scale * sqrt(square);
}

/* First column at which a head's number is not finite; rows of modes of width. */
static bool find_not_finite(const hf_basis *basis, size_t head, size_t width, const double *modes, size_t *column)
{
    for (size_t i = 0; i < width; i++) {
        double sum = 0;
        for (size_t n = 0; n < basis->heads; n++)
            sum += basis->q[n * basis->heads + head] * modes[n * width + i];
        if (!isfinite(sum)) {
            *column = i;
            return true;
        }
    }
    return false;
}

bool hf_flow_blame(const hf_flow *flow, const double *y, char *text, size_t capacity)
{
    const hf_problem *p = flow->problem;
    size_t column;
    for (size_t k = 0; k < p->heads; k++) {
        if (find_not_finite(flow->basis, k, p->features, y, &column)) {
            snprintf(text, capacity, "value of head %zu, feature %zu", k + 1, column + 1);
            return true;
        }
        if (find_not_finite(flow->basis, k, p->positions, y + p->heads * p->features, &column)) {
            snprintf(text, capacity, "logit of head %zu, position %zu", k + 1, column + 1);
            return true;
        }
    }
    return false;
}

void hf_flow_coordinate_name(const hf_flow *flow, size_t index, char *text, size_t capacity)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features;
    bool is_value = index < values;
    size_t width = is_value ? p->features : p->positions, local = is_value ? index : index - values;
    const char *what = is_value ? "value on feature" : "logit at position";
    if (local / width == 0) {
        snprintf(text, capacity, "mean %s %zu", what, local % width + 1);
        return;
    }
    hf_basis_edge edge = flow->basis->edge[local / width];
    snprintf(text, capacity, "%s %zu, heads %zu and %zu compared", what, local % width + 1, edge.from + 1, edge.to + 1);
}
