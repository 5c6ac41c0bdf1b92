#include "flow/flow.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/restraint.h"
#include "flow/step.h"
#include "flow/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

/* Values and logits of the mean head, and those of every contrast, which are each other's partners. */
static void fill_groups(hf_flow *flow)
{
    const hf_problem *p = flow->problem;
    for (size_t n = 0; n < p->heads; n++) {
        const size_t values = p->heads * p->features;
        const bool is_contrast = n >= flow->basis->kinds;
        flow->group[n] = (hf_error_group){n * p->features, p->features, is_contrast, p->heads + n};
        flow->group[p->heads + n] = (hf_error_group){values + n * p->positions, p->positions, is_contrast, n};
        flow->group[2 * p->heads + n] = (hf_error_group){hf_flow_size(flow) + n * (n + 1) / 2, n + 1, is_contrast, p->heads + n};
    }
}

/* A head that has mode n: all that do are held alike. */
static size_t head_of_mode(const hf_basis *basis, size_t n)
{
    size_t k = 0;
    while (basis->q[n * basis->heads + k] == 0)
        k++;
    return k;
}

static void fill_free(hf_flow *flow)
{
    const hf_problem *p = flow->problem;
    for (size_t n = 0; n < p->heads; n++) {
        const size_t k = head_of_mode(flow->basis, n);
        flow->free_value[n] = p->held_value == NULL || !p->held_value[k];
        flow->free_logit[n] = p->held_value == NULL || !p->held_logit[k];
    }
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
    flow->decay = hf_decay_find(problem);
    flow->is_restrained = hf_restraint_acts(problem);
    flow->step = hf_step_find(problem);
    start_distances(problem, distance);
    flow->group = malloc(3 * problem->heads * sizeof *flow->group);
    flow->free_value = malloc(2 * problem->heads * sizeof *flow->free_value);
    flow->free_logit = flow->free_value == NULL ? NULL : flow->free_value + problem->heads;
    if (flow->group == NULL || flow->free_value == NULL || hf_flow_use_basis(flow, distance, NULL) != HF_OK)
        goto fail;
    fill_groups(flow);
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
    free(flow->free_value);
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
    hf_status status = hf_basis_create(&basis, flow->problem->heads, distance, flow->problem->kind, err);
    if (status == HF_OK) {
        hf_basis_free(flow->basis);
        flow->basis = basis;
        fill_free(flow);
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

hf_status hf_flow_recast(const hf_flow *flow, const double *distance, double *x, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t values = p->heads * p->features, size = hf_flow_size(flow);
    hf_basis *old = NULL;
    double *before = malloc(size * sizeof *before);
    const hf_status status =
        before == NULL ? hf_fail_memory(err, "the derivatives") : hf_basis_create(&old, p->heads, distance, p->kind, err);
    if (status == HF_OK) {
        memcpy(before, x, size * sizeof *x);
        hf_basis_change(old, flow->basis, p->features, before, x);
        hf_basis_change(old, flow->basis, p->positions, before + values, x + values);
    }
    hf_basis_free(old);
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

/* Contrast n at column i of modes; those between the means of kinds are what these have apart from the mean of all heads. */
HF_INLINE double contrast_at(const hf_basis *basis, size_t width, const double *modes, size_t n, size_t i)
{
    double mean = 0;
    if (n >= basis->kinds)
        return modes[n * width + i];
    for (size_t c = 0; c < basis->kinds; c++)
        mean += basis->of_root[c] * modes[c * width + i];
    return modes[n * width + i] - basis->of_root[n] * mean / (double)basis->heads;
}

/* The first contrast. */
static size_t first_contrast(const hf_basis *basis)
{
    return basis->kinds == 1 ? 1 : 0;
}

static double largest_contrast(const hf_basis *basis, size_t width, const double *modes)
{
    double largest = 0;
    for (size_t n = first_contrast(basis); n < basis->heads; n++)
        for (size_t i = 0; i < width; i++) {
            const double size = fabs(contrast_at(basis, width, modes, n, i));
            largest = size <= largest ? largest : size;
        }
    return largest;
}

/* Adds sum count x x and sum count x dx over contrasts x in units of scale; count: (width), NULL: 1. */
static void add_contrasts(const hf_basis *basis, size_t width, const double *count, const double *modes, const double *change,
                          double scale, double *square, double *product)
{
    for (size_t n = first_contrast(basis); n < basis->heads; n++)
        for (size_t i = 0; i < width; i++) {
            const double x = contrast_at(basis, width, modes, n, i) / scale, many = count == NULL ? 1 : count[i];
            *square += many * x * x;
            *product += many * x * (contrast_at(basis, width, change, n, i) / scale);
        }
}

double hf_flow_divergence(const hf_flow *flow, const double *y, const double *velocity, double *rate)
{
    const hf_problem *p = flow->problem;
    const hf_basis *basis = flow->basis;
    const size_t values = p->heads * p->features;
    const double scale =
        fmax(largest_contrast(basis, p->features, y), largest_contrast(basis, p->positions, y + values));
    double square = 0, product = 0;
    *rate = NAN;
    if (scale == 0 || !isfinite(scale))
        return scale;
    add_contrasts(basis, p->features, NULL, y, velocity, scale, &square, &product);
    add_contrasts(basis, p->positions, p->multiplicity, y + values, velocity + values, scale, &square, &product);
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
    if (local / width < flow->basis->kinds) {
        const size_t head = head_of_mode(flow->basis, local / width) + 1;
        if (flow->basis->kinds == 1)
            snprintf(text, capacity, "mean %s %zu", what, local % width + 1);
        else
            snprintf(text, capacity, "mean %s %zu of head %zu and those held like it", what, local % width + 1, head);
        return;
    }
    hf_basis_edge edge = flow->basis->edge[local / width];
    snprintf(text, capacity, "%s %zu, heads %zu and %zu compared", what, local % width + 1, edge.from + 1, edge.to + 1);
}
