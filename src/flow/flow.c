#include "flow/flow.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

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
    flow->attention = hf_attention_find(problem);
    flow->values = hf_values_find(problem);
    flow->drift = hf_drift_find(problem);
    start_distances(problem, distance);
    flow->group = make_groups(problem);
    if (flow->group == NULL || hf_basis_create(&flow->basis, problem->heads, distance, NULL) != HF_OK)
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
    double scale = fmax(hf_lanes_max_abs(value_count, v), hf_lanes_max_abs(logit_count, a)), square = 0, product = 0;
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
