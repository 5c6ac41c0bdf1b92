#include "flow/problem.h"

#include "core/linear.h"
#include "flow/optimal.h"
#include "flow/start.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- patterns, features, data ---- */

static hf_status fill_data(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const hf_counts *copies = &params->data.copies, *replicas = &params->data.replicas;
    p->copies = malloc(3 * p->positions * sizeof *p->copies);
    if (p->copies == NULL)
        return hf_fail_memory(err, "the positions");
    p->replicas = p->copies + p->positions;
    p->multiplicity = p->replicas + p->positions;
    for (size_t i = 0; i < p->positions; i++) {
        p->copies[i] = (double)hf_counts_at(copies, i, 1);
        p->replicas[i] = (double)hf_counts_at(replicas, i, 1);
        p->multiplicity[i] = p->copies[i] * p->replicas[i];
        p->total += p->multiplicity[i];
    }
    return HF_OK;
}

static hf_status fill_patterns(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const hf_count_rows *positions = &params->target.patterns;
    const hf_real_rows *weights = &params->target.weights;
    size_t entries = 0;
    for (size_t j = 0; j < p->patterns; j++)
        entries += positions->row[j].count;
    p->pattern = calloc(p->patterns, sizeof *p->pattern);
    p->entries = malloc(entries * sizeof *p->entries);
    p->strength = malloc(p->patterns * sizeof *p->strength);
    if (p->pattern == NULL || p->entries == NULL || p->strength == NULL)
        return hf_fail_memory(err, "the patterns");

    hf_pattern_entry *entry = p->entries;
    for (size_t j = 0; j < p->patterns; j++) {
        hf_counts row = positions->row[j];
        p->strength[j] = params->target.strengths.at[j];
        p->pattern[j] = (hf_pattern){.count = row.count, .entry = entry};
        for (size_t e = 0; e < row.count; e++, entry++) {
            entry->position = row.at[e] - 1;
            entry->weight = weights->count == 0 ? 1 / (double)row.count : weights->row[j].at[e];
            p->pattern[j].norm2 += p->replicas[entry->position] * entry->weight * entry->weight;
        }
    }
    return HF_OK;
}

/* Coordinates of the features in their Gram-Schmidt basis: the Cholesky factor of the Gram matrix. A feature that depends
 * on the ones before it adds no direction of its own. */
static void fill_features(hf_problem *p, const hf_real_rows *gram)
{
    const double dependent = 1e-12; /* a squared distance below this, relative to |u_j|^2, is rounding */
    for (size_t j = 0; j < p->patterns; j++) {
        double *u = p->feature + j * p->features;
        p->feature2[j] = gram->count == 0 ? 1 : gram->row[j].at[j];
        u[j] = p->feature2[j];
        for (size_t l = 0; l < j; l++)
            u[l] = gram->count == 0 ? 0 : gram->row[j].at[l];
        hf_factor_add_row(p->feature, p->features, j, dependent * p->feature2[j]);
    }
}

/* (R, T) from weights by feature. Beyond the features all rows are equal: checked in reduce_values. NULL: no memory. */
static double *make_variance(const hf_problem *p, const hf_real_rows *weights)
{
    double *variance = malloc(p->features * p->positions * sizeof *variance);
    for (size_t r = 0; r < p->features && variance != NULL; r++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t row = r < weights->count ? r : 0;
            variance[r * p->positions + i] = weights->count == 0 ? 1 : hf_reals_at(&weights->row[row], i, 1);
        }
    return variance;
}

static hf_status fill_target(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const bool has_test = params->test.weights.count > 0;
    p->feature = calloc(p->patterns * p->features, sizeof *p->feature);
    p->feature2 = malloc(p->patterns * sizeof *p->feature2);
    p->target = calloc(p->features * p->positions, sizeof *p->target);
    p->variance = make_variance(p, &params->data.weights);
    p->test_variance = has_test ? make_variance(p, &params->test.weights) : NULL;
    if (p->feature == NULL || p->feature2 == NULL || p->target == NULL || p->variance == NULL ||
        (has_test && p->test_variance == NULL))
        return hf_fail_memory(err, "the target");
    fill_features(p, &params->target.gram);

    for (size_t j = 0; j < p->patterns; j++)
        for (size_t r = 0; r < p->features; r++)
            for (size_t e = 0; e < p->pattern[j].count; e++) {
                hf_pattern_entry entry = p->pattern[j].entry[e];
                p->target[r * p->positions + entry.position] +=
                    p->strength[j] * p->feature[j * p->features + r] * entry.weight;
            }
    return HF_OK;
}

/* What there is to learn, 1/2 sum_i r_i sum_r omega_ri G_ri^2, must be a number whose square root's rounding is one, too:
 * below, losses and their differences lose digits and end as 0. */
static hf_status check_size(const hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const double least = DBL_MIN / (DBL_EPSILON * DBL_EPSILON);
    double loss = 0, variance = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++) {
            const double target = p->target[r * p->positions + i];
            loss += p->replicas[i] * p->variance[r * p->positions + i] * target * target / 2;
            variance += target == 0 ? 0 : p->variance[r * p->positions + i];
        }
    if (!(loss <= DBL_MAX))
        return hf_fail(err, HF_ENUMERIC, "the flow is not finite at t = 0: the loss overflows; lower target.strengths");
    if (loss >= least)
        return HF_OK;
    if (variance == 0 && params->data.weights.count > 0)
        return hf_reject(err, "data.weights", "is 0 wherever the patterns are, so there is nothing to learn");
    return hf_fail(
        err, HF_ENUMERIC,
        "the loss underflows: it is %.3g where nothing is learned, expected %.2g at least; raise target.strengths", loss,
        least);
}

/* The noise that shakes the values is that of their own learning rate, rho_v lr. */
static void fill_drift(hf_problem *p, const hf_problem_params *params)
{
    double lr = params->flow.sgd_drift.lr, noise = params->flow.sgd_drift.noise;
    double dim = (double)params->flow.sgd_drift.dim, batch = (double)params->flow.sgd_drift.batch;
    p->kappa = p->value_rate * lr * dim / (2 * batch);
    p->noise_floor = dim * noise * noise / 2;
}

/* The factors of cloud.h, once the features are counted. */
static hf_status fill_cloud(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const double lr = params->flow.sgd_drift.lr, noise = params->flow.sgd_drift.noise;
    const double d = (double)params->flow.sgd_drift.dim, batch = (double)params->flow.sgd_drift.batch;
    const double features = (double)p->features, alpha = (d * d + d + 1) / ((d + 1) * (d * d + 2)),
                 gamma = (d - 1) / ((d + 1) * (d * d + 2));
    if (!params->flow.sgd_drift.dynamic || lr == 0)
        return HF_OK;
    if (features > d * d)
        return hf_reject(err, "flow.sgd_drift.dim", "values have d^2 = %g coordinates, the task has %zu features", d * d,
                         p->features);
    p->kappa = 0;
    p->cloud.rate = lr / batch;
    p->cloud.of_loss = d - alpha * (features + 1) - gamma;
    p->cloud.of_label = noise * noise * (d * d - features);
    p->cloud.alpha = alpha;
    p->cloud.gamma = gamma;
    p->cloud.label = noise * noise;
    p->cloud.of_force = 1 - 2 * alpha - gamma * features;
    return HF_OK;
}

/* ---- what is held ---- */

static void mark(const hf_counts *list, bool *flag)
{
    for (size_t i = 0; i < list->count; i++)
        flag[list->at[i] - 1] = true;
}

/* Numbers the kinds of heads in the order in which they come. */
static hf_status number_kinds(hf_problem *p, hf_error *err)
{
    size_t count = 0;
    p->kind = malloc(p->heads * sizeof *p->kind);
    if (p->kind == NULL)
        return hf_fail_memory(err, "the heads that are held");
    for (size_t k = 0; k < p->heads; k++) {
        size_t l = 0;
        while (p->held_value[l] != p->held_value[k] || p->held_logit[l] != p->held_logit[k])
            l++;
        p->kind[k] = l < k ? p->kind[l] : count++;
    }
    if (count == 1) {
        free(p->kind);
        p->kind = NULL;
    }
    return HF_OK;
}

hf_status hf_problem_hold(hf_problem *p, const hf_counts *values, const hf_counts *logits, const hf_counts *positions,
                          hf_error *err)
{
    if (values->count + logits->count + positions->count == 0)
        return HF_OK;
    p->held_value = calloc(2 * p->heads + p->positions, sizeof *p->held_value);
    if (p->held_value == NULL)
        return hf_fail_memory(err, "the coordinates that are held");
    p->held_logit = p->held_value + p->heads;
    p->held_position = p->held_logit + p->heads;
    mark(values, p->held_value);
    mark(logits, p->held_logit);
    mark(positions, p->held_position);
    return number_kinds(p, err);
}

hf_status hf_problem_restrict(hf_problem *p, const hf_counts *positions, hf_error *err)
{
    if (positions->count == 0)
        return HF_OK;
    p->support = calloc(p->positions, sizeof *p->support);
    if (p->support == NULL)
        return hf_fail_memory(err, "the positions that heads can attend to");
    mark(positions, p->support);
    return HF_OK;
}

double hf_problem_step(double step, double momentum)
{
    const double left = 1 - momentum;
    return step * (1 + momentum) / (2 * left * left);
}

/* ---- the whole ---- */

hf_status hf_problem_create(hf_problem **result, const hf_problem_params *params, hf_error *err)
{
    hf_problem *p = calloc(1, sizeof *p);
    if (p == NULL)
        return hf_fail_memory(err, "the problem");
    p->heads = params->heads;
    p->positions = params->positions;
    p->patterns = params->target.count;
    p->attention = params->flow.attention;
    p->geometry = params->flow.geometry;
    p->values = params->flow.values;
    p->value_rate = p->values == HF_VALUES_LEARNED ? params->flow.value_rate : 0;
    p->attention_rate = params->flow.attention_rate;
    p->weight_decay = params->flow.weight_decay;
    p->attention_decay = params->flow.attention_decay;
    fill_drift(p, params);
    p->tau = hf_problem_step(params->flow.step, params->flow.momentum);

    hf_status status =
        hf_problem_hold(p, &params->flow.frozen.values, &params->flow.frozen.logits, &params->flow.frozen.positions, err);
    if (status == HF_OK)
        status = hf_problem_restrict(p, &params->flow.support, err);
    if (status == HF_OK)
        status = fill_data(p, params, err);
    if (status == HF_OK)
        status = fill_patterns(p, params, err);
    if (status == HF_OK)
        status = hf_start_deviation(p, params, err); /* says how many features there are */
    if (status == HF_OK)
        status = fill_cloud(p, params, err);
    if (status == HF_OK)
        status = fill_target(p, params, err);
    if (status == HF_OK)
        status = check_size(p, params, err);
    if (status == HF_OK)
        status = hf_start_base(p, params, err);
    if (status == HF_OK && p->values == HF_VALUES_OPTIMAL)
        p->weight_decay = hf_optimal_decay(p, p->weight_decay);
    if (status != HF_OK) {
        hf_problem_free(p);
        return status;
    }
    *result = p;
    return HF_OK;
}

void hf_problem_free(hf_problem *p)
{
    if (p == NULL)
        return;
    free(p->strength);
    free(p->feature);
    free(p->feature2);
    free(p->pattern);
    free(p->entries);
    free(p->target);
    free(p->copies);
    free(p->variance);
    free(p->test_variance);
    free(p->base_value);
    free(p->base_logit);
    free(p->value_deviation);
    free(p->logit_deviation);
    free(p->value_basis);
    free(p->held_value);
    free(p->support);
    free(p->kind);
    free(p);
}

double hf_problem_plateau_loss(const hf_problem *p, const bool *learned)
{
    double sum = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++) {
            double left = 0; /* not what is subtracted from the target, which would leave rounding where all is learned */
            for (size_t j = 0; j < p->patterns; j++)
                for (size_t e = 0; e < p->pattern[j].count && !learned[j]; e++)
                    if (p->pattern[j].entry[e].position == i)
                        left += p->strength[j] * p->feature[j * p->features + r] * p->pattern[j].entry[e].weight;
            sum += p->replicas[i] * p->variance[r * p->positions + i] * left * left;
        }
    return sum / 2;
}
