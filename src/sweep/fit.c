#include "sweep/fit.h"

#include "config/axes.h"
#include "core/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const size_t nobody = SIZE_MAX; /* no seed is left out */

/* ---- axes as numbers ---- */

double hf_fit_coordinate(const hf_sweep *sweep, size_t axis, size_t task)
{
    const hf_config *config = &sweep->config;
    return hf_axes_number(&config->sweep.over.at[axis], hf_axes_index(config, axis, task / config->sweep.seeds));
}

/* The axis that a parameter of a fit is. */
static size_t axis_of(const hf_sweep *sweep, const hf_fit *fit, size_t k)
{
    return hf_axes_find(&sweep->config.sweep.over, fit->on.at[k]);
}

/* A seed that is swept; over.count if none is. */
static size_t seed_axis(const hf_axes *over)
{
    size_t i = 0;
    while (i < over->count && strcmp(over->at[i].key, "init.seed") != 0 && strcmp(over->at[i].key, "train.seed") != 0)
        i++;
    return i;
}

/* How many seeds the points share, and which of them a task has. */
static size_t seeds_of(const hf_sweep *sweep)
{
    const hf_axes *over = &sweep->config.sweep.over;
    const size_t axis = seed_axis(over);
    return axis < over->count ? over->at[axis].values.count : sweep->config.sweep.seeds;
}

static size_t seed_of(const hf_sweep *sweep, size_t task)
{
    const hf_config *config = &sweep->config;
    const size_t axis = seed_axis(&config->sweep.over);
    return axis < config->sweep.over.count ? hf_axes_index(config, axis, task / config->sweep.seeds)
                                           : task % config->sweep.seeds;
}

/* ---- what is fitted ---- */

/* Runs on the scales of a law. */
typedef struct {
    size_t runs, parameters, seeds;
    double *y, *x;      /* (runs), (runs, parameters) */
    size_t *seed;       /* (runs) */
    double *low, *high; /* (parameters) of x */
    bool *bends;        /* (parameters) whether it has three values or more, which a curve takes */
    double *left_out;   /* (seeds, 2 parameters + 1) what is fitted without one seed */
} law_data;

static void clear_data(law_data *d)
{
    free(d->y);
    free(d->seed);
    free(d->bends);
}

/* Which reported quantity a fit is about. */
static size_t response_of(const hf_sweep *sweep, const hf_fit *fit)
{
    const hf_quantity wanted = hf_quantity_of(fit->response);
    size_t q = 0;
    while (q + 1 < sweep->asked_count && !hf_quantity_equal(&wanted, &sweep->report[q]))
        q++;
    return q;
}

/* The run's response on the law's scale, or nan. What holds at the start already tells nothing about a time, and what a
 * censored run says of its end is a bound. */
static double response_at(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, size_t task, size_t quantity)
{
    const double y = results->value[task * results->width + quantity];
    const hf_quantity_kind *kind = sweep->report[quantity].kind;
    const bool is_bound = kind->until != HF_UNTIL_NONE && results->value[task * results->width + sweep->censored] == 1;
    const bool counts = results->task[task].state == HF_SWEEP_TASK_OK && isfinite(y) && !is_bound && (y > 0 || !kind->is_time);
    return counts ? hf_scale_of(hf_laws[fit->law].response, y) : NAN;
}

static bool allocate_data(law_data *d)
{
    const size_t p = d->parameters;
    d->y = malloc((d->runs * (p + 1) + 2 * p + d->seeds * (2 * p + 1) + 1) * sizeof *d->y);
    d->seed = malloc((d->runs + 1) * sizeof *d->seed);
    d->bends = calloc(p + 1, sizeof *d->bends);
    if (d->y == NULL || d->seed == NULL || d->bends == NULL)
        return false;
    d->x = d->y + d->runs;
    d->low = d->x + d->runs * p;
    d->high = d->low + p;
    d->left_out = d->high + p;
    return true;
}

/* Range of every parameter, and whether there is a value within it. */
static void look_at_ranges(law_data *d)
{
    for (size_t k = 0; k < d->parameters; k++) {
        d->low[k] = INFINITY;
        d->high[k] = -INFINITY;
        for (size_t i = 0; i < d->runs; i++) {
            d->low[k] = fmin(d->low[k], d->x[i * d->parameters + k]);
            d->high[k] = fmax(d->high[k], d->x[i * d->parameters + k]);
        }
        for (size_t i = 0; i < d->runs; i++)
            d->bends[k] =
                d->bends[k] || (d->x[i * d->parameters + k] > d->low[k] && d->x[i * d->parameters + k] < d->high[k]);
    }
}

static hf_status gather(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, law_data *d, hf_error *err)
{
    const size_t quantity = response_of(sweep, fit);
    *d = (law_data){.parameters = fit->on.count, .seeds = seeds_of(sweep)};
    for (size_t task = 0; task < results->count; task++)
        d->runs += isnan(response_at(sweep, results, fit, task, quantity)) ? 0 : 1;
    if (!allocate_data(d)) {
        clear_data(d);
        return hf_fail_memory(err, "the fit");
    }
    for (size_t task = 0, i = 0; task < results->count; task++) {
        const double y = response_at(sweep, results, fit, task, quantity);
        if (isnan(y))
            continue;
        d->y[i] = y;
        d->seed[i] = seed_of(sweep, task);
        for (size_t k = 0; k < d->parameters; k++)
            d->x[i * d->parameters + k] =
                hf_scale_of(hf_laws[fit->law].parameter, hf_fit_coordinate(sweep, axis_of(sweep, fit, k), task));
        i++;
    }
    look_at_ranges(d);
    return HF_OK;
}

/* ---- least squares ---- */

/* The workspace of a least-squares problem. */
typedef struct {
    gsl_matrix *X, *covariance;
    gsl_vector *y, *c;
    gsl_multifit_linear_workspace *work;
} problem;

static void free_problem(problem *p)
{
    gsl_matrix_free(p->X);
    gsl_matrix_free(p->covariance);
    gsl_vector_free(p->y);
    gsl_vector_free(p->c);
    gsl_multifit_linear_free(p->work);
}

static bool allocate_problem(problem *p, size_t runs, size_t unknowns)
{
    p->X = gsl_matrix_alloc(runs, unknowns);
    p->covariance = gsl_matrix_alloc(unknowns, unknowns);
    p->y = gsl_vector_alloc(runs);
    p->c = gsl_vector_alloc(unknowns);
    p->work = gsl_multifit_linear_alloc(runs, unknowns);
    return p->X != NULL && p->covariance != NULL && p->y != NULL && p->c != NULL && p->work != NULL;
}

/* What least squares finds: coefficients, and their errors if all runs were independent; nan: not determined. The constant,
 * the slopes and, for a curve, the terms of second order about the middle of the range. */
typedef struct {
    size_t runs, unknowns;
    double chi2;
    double *value, *error; /* (2 parameters + 1) */
} solution;

static void fill_row(const law_data *d, bool curve, size_t i, gsl_matrix *X, size_t row)
{
    size_t column = 0;
    gsl_matrix_set(X, row, column++, 1);
    for (size_t k = 0; k < d->parameters; k++)
        gsl_matrix_set(X, row, column++, d->x[i * d->parameters + k]);
    for (size_t k = 0; k < d->parameters && curve; k++)
        if (d->bends[k])
            gsl_matrix_set(X, row, column++, pow(d->x[i * d->parameters + k] - (d->low[k] + d->high[k]) / 2, 2));
}

/* Column of the design in which place k of a solution stands; false: there is none. */
static bool column_of(const law_data *d, bool curve, size_t k, size_t *column)
{
    *column = k;
    if (k <= d->parameters)
        return true;
    if (!curve || !d->bends[k - d->parameters - 1])
        return false;
    *column = d->parameters + 1;
    for (size_t i = 0; i < k - d->parameters - 1; i++)
        *column += d->bends[i];
    return true;
}

static size_t unknowns_of(const law_data *d, bool curve)
{
    size_t count = d->parameters + 1;
    for (size_t k = 0; k < d->parameters && curve; k++)
        count += d->bends[k];
    return count;
}

static void take(const law_data *d, bool curve, const problem *p, double chi2, solution *s)
{
    const double free_runs = (double)s->runs - (double)s->unknowns;
    s->chi2 = chi2;
    for (size_t k = 0; k < 2 * d->parameters + 1; k++) {
        size_t column;
        if (!column_of(d, curve, k, &column))
            continue;
        s->value[k] = gsl_vector_get(p->c, column);
        s->error[k] = free_runs > 0 ? sqrt(gsl_matrix_get(p->covariance, column, column)) : NAN;
    }
}

/* Least squares without one seed, or with all. Fills s, whose lists are the caller's. False: no memory. */
static bool solve(const law_data *d, bool curve, size_t left_out, solution *s)
{
    const double tolerance = 1e-10; /* of singular values: parameters that the sweep does not vary on their own */
    problem p = {0};
    s->unknowns = unknowns_of(d, curve);
    s->runs = 0;
    s->chi2 = NAN;
    for (size_t i = 0; i < d->runs; i++)
        s->runs += d->seed[i] != left_out;
    for (size_t k = 0; k < 2 * d->parameters + 1; k++)
        s->value[k] = s->error[k] = NAN;
    if (s->runs < s->unknowns)
        return true;
    const bool allocated = allocate_problem(&p, s->runs, s->unknowns);
    for (size_t i = 0, row = 0; i < d->runs && allocated; i++) {
        if (d->seed[i] == left_out)
            continue;
        gsl_vector_set(p.y, row, d->y[i]);
        fill_row(d, curve, i, p.X, row++);
    }
    double chi2;
    size_t rank;
    if (allocated && gsl_multifit_linear_tsvd(p.X, p.y, tolerance, p.c, p.covariance, &chi2, &rank, p.work) == 0 &&
        rank == s->unknowns)
        take(d, curve, &p, chi2, s);
    free_problem(&p);
    return allocated;
}

/* The jackknife's errors of all places of a solution. errors: (2 parameters + 1). False: no memory. */
static bool leave_out(const law_data *d, bool curve, solution *scratch, double *errors)
{
    const size_t width = 2 * d->parameters + 1;
    bool good = true;
    for (size_t seed = 0; seed < d->seeds && good && d->seeds >= HF_JACKKNIFE_LEAST; seed++) {
        good = solve(d, curve, seed, scratch);
        for (size_t k = 0; k < width; k++)
            d->left_out[k * d->seeds + seed] = scratch->value[k];
    }
    for (size_t k = 0; k < width && good; k++)
        errors[k] = hf_jackknife(d->seeds, d->left_out + k * d->seeds);
    return good;
}

/* ---- a law ---- */

static double total_sum_of_squares(const law_data *d)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < d->runs; i++)
        mean += d->y[i] / (double)d->runs;
    for (size_t i = 0; i < d->runs; i++)
        sum += pow(d->y[i] - mean, 2);
    return sum;
}

static double relative_deviation(const law_data *d, const hf_fit_result *result)
{
    double sum = 0;
    for (size_t i = 0; i < d->runs; i++) {
        double y = result->number[0].value;
        for (size_t k = 0; k < d->parameters; k++)
            y += result->number[k + 1].value * d->x[i * d->parameters + k];
        sum += pow(hf_scale_back(result->law->response, d->y[i]) / hf_scale_back(result->law->response, y) - 1, 2);
    }
    return sqrt(sum / (double)d->runs);
}

static void take_law(const law_data *d, const solution *s, const double *errors, hf_fit_result *result)
{
    const double free_runs = (double)d->runs - (double)result->unknowns;
    for (size_t k = 0; k < result->unknowns; k++) {
        result->number[k].value = s->value[k];
        result->number[k].error = errors[k];
        result->number[k].residual = s->error[k];
    }
    if (isnan(s->value[0]))
        return;
    result->residual = free_runs > 0 ? sqrt(s->chi2 / free_runs) : NAN;
    result->r2 = 1 - s->chi2 / total_sum_of_squares(d);
    result->relative = relative_deviation(d, result);
}

/* Whether the law is a straight line in parameter k (from 0), from the curve through the runs. */
static void take_bend(const law_data *d, size_t k, const solution *curve, const double *errors, hf_fit_result *result)
{
    const double level = 0.005, least = 0.1; /* of a two-sided test; of the slope */
    const bool by_seeds = d->seeds >= HF_JACKKNIFE_LEAST;
    const double square = curve->value[d->parameters + 1 + k], slope = curve->value[k + 1];
    const double error = by_seeds ? errors[d->parameters + 1 + k] : curve->error[d->parameters + 1 + k];
    const double freedom = by_seeds ? (double)d->seeds - 1 : (double)curve->runs - (double)curve->unknowns;
    const double change = 2 * square * (d->high[k] - d->low[k]);
    hf_fit_number *n = &result->number[k + 1];
    n->first = slope - change / 2;
    n->last = slope + change / 2;
    n->bend = change / slope;
    n->bend_error = fabs(2 * error * (d->high[k] - d->low[k]) / slope);
    if (isnan(error) || isnan(n->bend) || freedom < 1)
        return;
    n->curved = fabs(square) > gsl_cdf_tdist_Qinv(level, freedom) * error && fabs(n->bend) > least;
    result->is_curved = result->is_curved || n->curved == 1;
}

static bool fit_law(const law_data *d, double *memory, hf_fit_result *result)
{
    const size_t width = 2 * d->parameters + 1;
    double *errors = memory + 4 * width;
    solution all = {.value = memory, .error = memory + width};
    solution without = {.value = memory + 2 * width, .error = memory + 3 * width};
    bool good = solve(d, false, nobody, &all) && leave_out(d, false, &without, errors);
    if (good)
        take_law(d, &all, errors, result);
    good = good && solve(d, true, nobody, &all) && leave_out(d, true, &without, errors);
    for (size_t k = 0; k < d->parameters && good; k++)
        take_bend(d, k, &all, errors, result);
    return good;
}

hf_status hf_fit_solve(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, hf_fit_result *result,
                       hf_error *err)
{
    law_data d;
    const size_t p = fit->on.count;
    *result = (hf_fit_result){.law = &hf_laws[fit->law], .unknowns = p + 1, .r2 = NAN, .residual = NAN, .relative = NAN};
    hf_status status = gather(sweep, results, fit, &d, err);
    if (status != HF_OK)
        return status;
    double *memory = malloc(5 * (2 * p + 1) * sizeof *memory);
    result->runs = d.runs;
    result->left_out = results->count - d.runs;
    result->seeds = d.seeds;
    result->number = malloc(result->unknowns * sizeof *result->number);
    for (size_t k = 0; k < result->unknowns && result->number != NULL; k++)
        result->number[k] = (hf_fit_number){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const bool good = memory != NULL && result->number != NULL && fit_law(&d, memory, result);
    free(memory);
    clear_data(&d);
    if (good)
        return HF_OK;
    hf_fit_clear(result);
    return hf_fail_memory(err, "the fit");
}

void hf_fit_clear(hf_fit_result *result)
{
    free(result->number);
    *result = (hf_fit_result){0};
}

double hf_fit_constant(const hf_fit_result *result)
{
    const double a = result->number[0].value;
    return result->law->response == HF_SCALE_LOG ? exp(a) : a;
}
