/* Where the flow starts: uniform or one of the named starts, or a state table; and noise on it. */
#include "flow/start.h"

#include "core/linear.h"
#include "core/plural.h"
#include "core/random.h"
#include "flow/attention.h"
#include "flow/state.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool weights_differ_between_features(const hf_real_rows *weights, size_t position)
{
    for (size_t r = 1; r < weights->count; r++)
        if (hf_reals_at(&weights->row[r], position, 1) != hf_reals_at(&weights->row[0], position, 1))
            return true;
    return false;
}

static double largest(size_t count, const double *x)
{
    double result = 0;
    for (size_t i = 0; i < count; i++)
        result = fmax(result, fabs(x[i]));
    return result;
}

/* Gram-Schmidt over the heads' coordinates beyond the features: fills basis (up to H rows of width) and returns how many
 * directions there are. scratch: (width). */
static size_t outside_directions(size_t heads, size_t width, size_t stride, const double *value, double *basis,
                                 double *scratch)
{
    const double rounding = 1e-13; /* what is left of a dependent vector, relative to the largest one */
    double scale = 0;
    for (size_t k = 0; k < heads; k++)
        scale = fmax(scale, largest(width, value + k * stride));
    size_t count = 0;
    for (size_t k = 0; k < heads && scale > 0; k++) {
        for (size_t i = 0; i < width; i++)
            scratch[i] = value[k * stride + i] / scale;
        for (size_t pass = 0; pass < 2; pass++) /* the second pass removes what rounding left in the first */
            for (size_t b = 0; b < count; b++) {
                double along = hf_dot(width, scratch, basis + b * width);
                for (size_t i = 0; i < width; i++)
                    scratch[i] -= along * basis[b * width + i];
            }
        double norm = sqrt(hf_dot(width, scratch, scratch));
        if (norm <= rounding)
            continue;
        for (size_t i = 0; i < width; i++)
            basis[count * width + i] = scratch[i] / norm;
        count++;
    }
    return count;
}

/* Of values outside the features' span only the input variance that all features share is known. */
static hf_status check_outside(const hf_problem *p, const char *key, const hf_real_rows *weights, hf_error *err)
{
    for (size_t i = 0; i < p->positions; i++)
        if (weights_differ_between_features(weights, i))
            return hf_reject(err, "init.state",
                             "gives values outside the span of the features, for which %s must not differ between "
                             "features (they do at position %zu)",
                             key, i + 1);
    return HF_OK;
}

/* Reduces values of any number of coordinates D to the R that the flow can reach. */
static hf_status reduce_values(hf_problem *p, const hf_problem_params *params, const hf_state *state, hf_error *err)
{
    size_t inside = p->patterns, width = state->value_width - inside, outside = 0;
    double *directions = calloc((p->heads + 1) * (width + 1), sizeof *directions);
    if (directions == NULL)
        return hf_fail_memory(err, "the features");
    outside = outside_directions(p->heads, width, state->value_width, state->value + inside, directions,
                                 directions + p->heads * width);
    p->features = p->span = inside + outside;
    p->value_width = state->value_width;
    p->value_basis = calloc(p->features * p->value_width, sizeof *p->value_basis);
    p->value_deviation = calloc(p->heads * p->features, sizeof *p->value_deviation);
    hf_status status = HF_OK;
    if (p->value_basis == NULL || p->value_deviation == NULL) {
        status = hf_fail_memory(err, "the features");
        goto done;
    }
    if (outside > 0)
        status = check_outside(p, "data.weights", &params->data.weights, err);
    if (outside > 0 && status == HF_OK)
        status = check_outside(p, "test.weights", &params->test.weights, err);
    for (size_t r = 0; r < inside; r++)
        p->value_basis[r * p->value_width + r] = 1;
    for (size_t r = 0; r < outside; r++)
        memcpy(p->value_basis + (inside + r) * p->value_width + inside, directions + r * width, width * sizeof *directions);
    for (size_t k = 0; k < p->heads; k++) {
        const double *value = state->value + k * state->value_width;
        double *reduced = p->value_deviation + k * p->features;
        memcpy(reduced, value, inside * sizeof *reduced);
        for (size_t r = 0; r < outside; r++)
            reduced[inside + r] = hf_dot(width, directions + r * width, value + inside);
    }
done:
    free(directions);
    return status;
}

/* Fills noise (H, T). Every head draws, so that the noise of one does not depend on which others have some. */
static hf_status draw_logits(const hf_problem *p, const hf_problem_params *params, double *noise, hf_error *err)
{
    gsl_rng *rng = gsl_rng_alloc(hf_rng_philox());
    if (rng == NULL)
        return hf_fail_memory(err, "the random numbers");
    hf_rng_seed(rng, params->init.seed);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t i = 0; i < p->positions; i++) {
            double *a = noise + k * p->positions + i;
            switch (params->init.distribution) {
            case HF_NOISE_NORMAL:
                *a = gsl_ran_gaussian_ziggurat(rng, 1);
                break;
            case HF_NOISE_UNIFORM:
                *a = gsl_ran_flat(rng, -sqrt(3), sqrt(3));
                break;
            case HF_NOISE_SINE:
                *a = sin((double)(1 + 3 * (k + 1) + 2 * (i + 1) + (k + 1) * (i + 1)));
                break;
            }
        }
    gsl_rng_free(rng);
    return HF_OK;
}

/* Where a logit is held, it is held without noise. */
static void quiet_positions(const hf_problem *p, double *noise)
{
    for (size_t k = 0; k < p->heads && p->held_value != NULL; k++)
        for (size_t i = 0; i < p->positions; i++)
            if (p->held_position[i])
                noise[k * p->positions + i] = 0;
}

/* Subtracts each head's mean over positions from logits (H, T) and multiplies by scale. Twice: the first mean is rounded
 * too. */
static void center_logits(const hf_problem *p, double *logit, double scale)
{
    for (size_t k = 0; k < p->heads; k++) {
        double *a = logit + k * p->positions;
        for (size_t pass = 0; pass < 2; pass++) {
            double mean = hf_dot(p->positions, p->multiplicity, a) / p->total;
            for (size_t i = 0; i < p->positions; i++)
                a[i] -= mean;
        }
        for (size_t i = 0; i < p->positions; i++)
            a[i] *= scale;
    }
}

static bool is_perturbed(const hf_problem_params *params, size_t head)
{
    bool found = params->init.heads.count == 0;
    for (size_t i = 0; i < params->init.heads.count; i++)
        found = found || params->init.heads.at[i] == head + 1;
    return found;
}

hf_status hf_start_noise(const hf_problem *p, const hf_problem_params *params, double *noise, hf_error *err)
{
    const hf_status status = draw_logits(p, params, noise, err);
    if (status != HF_OK)
        return status;
    quiet_positions(p, noise);
    center_logits(p, noise, params->init.perturbation);
    for (size_t k = 0; k < p->heads; k++)
        if (!is_perturbed(params, k))
            memset(noise + k * p->positions, 0, p->positions * sizeof *noise);
    return HF_OK;
}

/* Adds the noise to the logits' deviation. */
static hf_status add_noise(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    double *noise = malloc(p->heads * p->positions * sizeof *noise);
    hf_status status =
        noise == NULL ? hf_fail_memory(err, "the initial logits") : hf_start_noise(p, params, noise, err);
    for (size_t i = 0; i < p->heads * p->positions && status == HF_OK; i++)
        if (is_perturbed(params, i / p->positions))
            p->logit_deviation[i] += noise[i];
    free(noise);
    return status;
}

static hf_status start_from_table(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    const hf_status status = reduce_values(p, params, &params->state, err);
    if (status == HF_OK) {
        memcpy(p->logit_deviation, params->state.logit, p->heads * p->positions * sizeof *p->logit_deviation);
        if (p->attention == HF_ATTENTION_SOFTMAX) /* of which logits count only up to a constant */
            center_logits(p, p->logit_deviation, 1);
    }
    return status;
}

static hf_status start_anew(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    hf_state no_deviation = {.value_width = p->patterns, .value = calloc(p->heads * p->patterns, sizeof(double))};
    if (no_deviation.value == NULL)
        return hf_fail_memory(err, "the initial values");
    const hf_status status = reduce_values(p, params, &no_deviation, err);
    hf_state_clear(&no_deviation);
    return status;
}

hf_status hf_start_deviation(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    p->logit_deviation = calloc(p->heads * p->positions, sizeof *p->logit_deviation);
    if (p->logit_deviation == NULL)
        return hf_fail_memory(err, "the initial logits");
    const hf_status status = params->state.logit != NULL ? start_from_table(p, params, err) : start_anew(p, params, err);
    return status != HF_OK || params->init.perturbation == 0 ? status : add_noise(p, params, err);
}

static void raise_pattern(const hf_problem *p, size_t pattern, double scale, double *logit)
{
    for (size_t e = 0; e < p->pattern[pattern].count; e++)
        logit[p->pattern[pattern].entry[e].position] = scale;
}

/* Which of the learned patterns head k carries at a saddle. */
static size_t carried_pattern(const hf_problem *p, const hf_problem_params *params, size_t head)
{
    size_t groups = params->init.learned < p->heads ? params->init.learned : p->heads;
    return head % groups;
}

static void fill_base_logits(hf_problem *p, const hf_problem_params *params)
{
    for (size_t k = 0; k < p->heads; k++) {
        double *logit = p->base_logit + k * p->positions;
        switch (params->init.start) {
        case HF_START_UNIFORM:
            break;
        case HF_START_BUMPS:
            raise_pattern(p, k % p->patterns, params->init.scale, logit);
            break;
        case HF_START_WRONG:
            logit[params->init.position - 1] = params->init.scale;
            break;
        case HF_START_WATERFALL:
            for (size_t j = 0; j <= k && j < p->patterns; j++)
                raise_pattern(p, j, params->init.scale, logit);
            break;
        case HF_START_SADDLE:
            raise_pattern(p, carried_pattern(p, params, k), params->init.scale, logit);
            break;
        }
    }
    center_logits(p, p->base_logit, 1);
    const double start = hf_attention_find(p)->start(p->total);
    for (size_t i = 0; i < p->heads * p->positions; i++)
        p->base_logit[i] += start;
}

/* Softmax of one head's base logits. */
static void base_attention(const hf_problem *p, size_t head, double *s)
{
    double sum = 0, largest = -INFINITY;
    for (size_t i = 0; i < p->positions; i++)
        largest = fmax(largest, p->base_logit[head * p->positions + i]);
    for (size_t i = 0; i < p->positions; i++) {
        s[i] = exp(p->base_logit[head * p->positions + i] - largest);
        sum += p->multiplicity[i] * s[i];
    }
    for (size_t i = 0; i < p->positions; i++)
        s[i] /= sum;
}

/* sum_i n_i omega_ri x_i y_i */
static double data_product(const hf_problem *p, size_t r, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < p->positions; i++)
        sum += p->multiplicity[i] * p->variance[r * p->positions + i] * x[i] * y[i];
    return sum;
}

/* Values at a saddle: the least-squares fit of the target by the groups' attentions s (groups, T), shared equally within
 * each group. cs: (T) scratch. */
static bool fit_values(hf_problem *p, const hf_problem_params *params, size_t groups, const double *s, double *cs)
{
    gsl_matrix *normal = gsl_matrix_alloc(groups, groups);
    gsl_vector *fit = gsl_vector_alloc(groups);
    bool good = normal != NULL && fit != NULL;
    for (size_t r = 0; r < p->features && good; r++) {
        for (size_t g = 0; g < groups; g++) {
            for (size_t i = 0; i < p->positions; i++)
                cs[i] = p->copies[i] * s[g * p->positions + i];
            for (size_t h = 0; h < groups; h++)
                gsl_matrix_set(normal, g, h, data_product(p, r, cs, s + h * p->positions));
            gsl_vector_set(fit, g, data_product(p, r, p->target + r * p->positions, s + g * p->positions));
        }
        good = gsl_linalg_cholesky_decomp1(normal) == 0 && gsl_linalg_cholesky_svx(normal, fit) == 0;
        for (size_t k = 0; k < p->heads && good; k++) {
            size_t g = carried_pattern(p, params, k), sharing = (p->heads - g + groups - 1) / groups;
            p->base_value[k * p->features + r] = gsl_vector_get(fit, g) / (double)sharing;
        }
    }
    gsl_matrix_free(normal);
    gsl_vector_free(fit);
    return good;
}

hf_status hf_start_saddle_values(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    size_t groups = params->init.learned < p->heads ? params->init.learned : p->heads;
    double *s = malloc((groups + 1) * p->positions * sizeof *s);
    if (s == NULL)
        return hf_fail_memory(err, "the initial values");
    for (size_t g = 0; g < groups; g++) /* head g is in group g */
        base_attention(p, g, s + g * p->positions);
    bool good = fit_values(p, params, groups, s, s + groups * p->positions);
    free(s);
    return good ? HF_OK
                : hf_reject(err, "init.learned",
                            groups == 1 ? "the first pattern does not determine values"
                                        : "the first %zu patterns do not determine values of their own",
                            groups);
}

hf_status hf_start_base(hf_problem *p, const hf_problem_params *params, hf_error *err)
{
    p->base_logit = calloc(p->heads * p->positions, sizeof *p->base_logit);
    p->base_value = calloc(p->heads * p->features, sizeof *p->base_value);
    if (p->base_logit == NULL || p->base_value == NULL)
        return hf_fail_memory(err, "the initial state");
    if (params->state.logit != NULL)
        return HF_OK;
    fill_base_logits(p, params);
    if (params->init.start == HF_START_SADDLE)
        return hf_start_saddle_values(p, params, err);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t r = 0; r < p->patterns; r++)
            p->base_value[k * p->features + r] = params->init.values;
    return HF_OK;
}
