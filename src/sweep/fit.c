#include "sweep/fit.h"

#include "config/axes.h"
#include "report/table.h"

#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>

/* ---- axes as numbers ---- */

double hf_fit_coordinate(const hf_sweep *sweep, size_t axis, size_t task)
{
    const hf_config *config = &sweep->config;
    return hf_axes_number(&config->sweep.over.at[axis], hf_axes_index(config, axis, task / config->sweep.seeds));
}

/* ---- least squares ---- */

/* Which reported quantity a fit is about. */
static size_t response_of(const hf_sweep *sweep, const hf_fit *fit)
{
    hf_quantity wanted;
    const char *meant;
    hf_quantity_find(fit->response, &wanted, &meant);
    size_t q = 0;
    while (q + 1 < sweep->report_count && !hf_quantity_equal(&wanted, &sweep->report[q]))
        q++;
    return q;
}

/* The run's response, or nan. */
static double response_at(const hf_results *results, size_t task, size_t quantity)
{
    const double y = results->value[task * results->width + quantity];
    return results->task[task].state == HF_TASK_OK && y > 0 && isfinite(y) ? y : NAN;
}

static void fill_row(const hf_sweep *sweep, const hf_fit *fit, size_t task, gsl_matrix *X, size_t row)
{
    gsl_matrix_set(X, row, 0, 1);
    for (size_t k = 0; k < fit->on.count; k++)
        gsl_matrix_set(X, row, k + 1,
                       log(hf_fit_coordinate(sweep, hf_axes_find(&sweep->config.sweep.over, fit->on.at[k]), task)));
}

static double total_sum_of_squares(const gsl_vector *y)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < y->size; i++)
        mean += gsl_vector_get(y, i) / (double)y->size;
    for (size_t i = 0; i < y->size; i++)
        sum += pow(gsl_vector_get(y, i) - mean, 2);
    return sum;
}

/* The workspace of a least-squares problem. */
typedef struct {
    gsl_matrix *X, *covariance;
    gsl_vector *y, *c;
    gsl_multifit_linear_workspace *work;
} problem;

static void free_problem(problem *p)
{
    if (p->X != NULL)
        gsl_matrix_free(p->X);
    if (p->covariance != NULL)
        gsl_matrix_free(p->covariance);
    if (p->y != NULL)
        gsl_vector_free(p->y);
    if (p->c != NULL)
        gsl_vector_free(p->c);
    if (p->work != NULL)
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

static void solve(problem *p, hf_fit_result *result)
{
    const double tolerance = 1e-10; /* of singular values: parameters that the sweep does not vary on their own */
    double chi2;
    size_t rank;
    if (gsl_multifit_linear_tsvd(p->X, p->y, tolerance, p->c, p->covariance, &chi2, &rank, p->work) != 0 ||
        rank < result->unknowns)
        return;
    const double free_runs = (double)(result->runs - result->unknowns);
    result->residual = free_runs > 0 ? sqrt(chi2 / free_runs) : NAN;
    result->r2 = 1 - chi2 / total_sum_of_squares(p->y);
    for (size_t k = 0; k < result->unknowns; k++) {
        result->value[k] = gsl_vector_get(p->c, k);
        result->error[k] = free_runs > 0 ? sqrt(gsl_matrix_get(p->covariance, k, k)) : NAN;
    }
}

hf_status hf_fit_solve(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, hf_fit_result *result,
                       hf_error *err)
{
    const size_t quantity = response_of(sweep, fit);
    problem p = {0};
    *result = (hf_fit_result){.unknowns = fit->on.count + 1, .r2 = NAN, .residual = NAN};
    result->value = malloc(2 * result->unknowns * sizeof *result->value);
    if (result->value == NULL)
        return hf_fail_memory(err, "the fit");
    result->error = result->value + result->unknowns;
    for (size_t k = 0; k < 2 * result->unknowns; k++)
        result->value[k] = NAN;
    for (size_t task = 0; task < results->count; task++)
        result->runs += isnan(response_at(results, task, quantity)) ? 0 : 1;
    result->left_out = results->count - result->runs;
    if (result->runs < result->unknowns)
        return HF_OK;
    const bool allocated = allocate_problem(&p, result->runs, result->unknowns);
    for (size_t task = 0, row = 0; task < results->count && allocated; task++) {
        const double y = response_at(results, task, quantity);
        if (isnan(y))
            continue;
        gsl_vector_set(p.y, row, log(y));
        fill_row(sweep, fit, task, p.X, row++);
    }
    if (allocated)
        solve(&p, result);
    free_problem(&p);
    if (allocated)
        return HF_OK;
    hf_fit_clear(result);
    return hf_fail_memory(err, "the fit");
}

void hf_fit_clear(hf_fit_result *result)
{
    free(result->value);
    *result = (hf_fit_result){0};
}

/* ---- fit.tsv ---- */

static void write_fit(hf_table *table, size_t number, const hf_fit *fit, const hf_fit_result *result)
{
    for (size_t k = 0; k < result->unknowns; k++) {
        hf_table_text(table, "%zu\t%s\t%s", number, fit->response, k == 0 ? "constant" : fit->on.at[k - 1]);
        hf_table_number(table, k == 0 ? exp(result->value[k]) : result->value[k]);
        hf_table_number(table, result->error[k]);
        hf_table_number(table, result->r2);
        hf_table_number(table, result->residual);
        hf_table_text(table, "%zu\t%zu", result->runs, result->left_out);
        hf_table_end_line(table);
    }
}

/* A table of fits that the model no longer has. */
static hf_status forget_old(const hf_sweep *sweep, hf_error *err)
{
    char *path = hf_path_join(sweep->directory, "fit.tsv");
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    remove(path);
    free(path);
    return HF_OK;
}

hf_status hf_fit_write(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    const hf_config *config = &sweep->config;
    const hf_table_origin origin = {.title = config->title, .hash = sweep->tasks.hash, .seed = config->init.seed};
    hf_table table;
    if (config->fit.count == 0)
        return forget_old(sweep, err);
    hf_status status = hf_table_open(&table, sweep->directory, "fit.tsv", &origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "fit\tresponse\tparameter\texponent\tstandard_error\tr2\tresidual\truns\tleft_out");
    hf_table_end_line(&table);
    for (size_t i = 0; i < config->fit.count && status == HF_OK; i++) {
        hf_fit_result result;
        status = hf_fit_solve(sweep, results, &config->fit.at[i], &result, err);
        if (status != HF_OK)
            break;
        write_fit(&table, i + 1, &config->fit.at[i], &result);
        hf_fit_clear(&result);
    }
    if (status == HF_OK)
        return hf_file_commit(&table.file, err);
    hf_file_abandon(&table.file);
    return status;
}
