#include "compare/ladder.h"

#include "report/table.h"

#include <gsl/gsl_fit.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>

/* A fitted number with its standard error. */
typedef struct {
    double value, error;
} estimate;

static const estimate unknown = {NAN, NAN};

/* ---- a rung ---- */

/* Flow time of a run's step on a rung. */
static double rung_time(const hf_experiment *x, const hf_rung *rung, double step)
{
    hf_config config = *x->config;
    config.train.lr = rung->lr;
    return hf_config_step_time(&config, step);
}

static double deviation(const hf_experiment *x, const hf_rung *rung, size_t k, size_t l)
{
    return rung_time(x, rung, rung->run[k].crossing[l]) / x->levels.t_flow[l] - 1;
}

/* Mean over the seeds of a rung that reached the level, and standard deviation (nan for one seed). Returns how many. */
static size_t mean_and_spread(const hf_experiment *x, const hf_rung *rung, size_t l, double *mean, double *spread)
{
    double sum = 0, square = 0;
    size_t count = 0;
    for (size_t k = 0; k < rung->seeds; k++) {
        const double d = deviation(x, rung, k, l);
        sum += isnan(d) ? 0 : d;
        count += isnan(d) ? 0 : 1;
    }
    *mean = count > 0 ? sum / (double)count : NAN;
    for (size_t k = 0; k < rung->seeds; k++) {
        const double d = deviation(x, rung, k, l);
        square += isnan(d) ? 0 : (d - *mean) * (d - *mean);
    }
    *spread = count > 1 ? sqrt(square / (double)(count - 1)) : NAN;
    return count;
}

/* The mean over seeds of the largest deviation of the loss up to the first plateau. */
static double loss_deviation(const hf_rung *rung)
{
    double sum = 0;
    for (size_t k = 0; k < rung->seeds; k++)
        sum += rung->run[k].before.loss;
    return sum / (double)rung->seeds;
}

/* ---- fits ---- */

/* Slope and intercept of y over x by least squares; unknown for fewer than three points (two for the slope alone). */
static void fit_line(size_t count, const double *x, const double *y, estimate *intercept, estimate *slope)
{
    double c0, c1, cov00, cov01, cov11, sum;
    *intercept = *slope = unknown;
    if (count < 2)
        return;
    gsl_fit_linear(x, 1, y, 1, count, &c0, &c1, &cov00, &cov01, &cov11, &sum);
    *intercept = (estimate){c0, count > 2 ? sqrt(cov00) : NAN};
    *slope = (estimate){c1, count > 2 ? sqrt(cov11) : NAN};
}

/* mean = a lr + b lr/batch over count rungs, weighted by how well each is known; b is unknown if all batches are 0, or a if
 * all are alike, for then the two terms are one. terms: (count, 2). */
static void fit_mean(size_t count, const double *terms, const double *mean, const double *weight, estimate *a, estimate *b)
{
    *a = *b = unknown;
    bool drifts = false, alike = true;
    for (size_t i = 0; i < count; i++) {
        drifts = drifts || terms[2 * i + 1] > 0;
        alike = alike && fabs(terms[2 * i + 1] * terms[0] - terms[1] * terms[2 * i]) <= 1e-12 * terms[2 * i] * terms[0];
    }
    const size_t unknowns = drifts && !alike ? 2 : 1;
    if (count < unknowns)
        return;
    gsl_matrix *X = gsl_matrix_alloc(count, unknowns), *covariance = gsl_matrix_alloc(unknowns, unknowns);
    gsl_vector *y = gsl_vector_alloc(count), *w = gsl_vector_alloc(count), *c = gsl_vector_alloc(unknowns);
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(count, unknowns);
    if (X != NULL && covariance != NULL && y != NULL && w != NULL && c != NULL && work != NULL) {
        double sum;
        for (size_t i = 0; i < count; i++) {
            for (size_t u = 0; u < unknowns; u++)
                gsl_matrix_set(X, i, u, terms[2 * i + u]);
            gsl_vector_set(y, i, mean[i]);
            gsl_vector_set(w, i, weight[i]);
        }
        if (gsl_multifit_wlinear(X, w, y, c, covariance, &sum, work) == 0) {
            const double scale = count > unknowns ? sum / (double)(count - unknowns) : NAN; /* weights are relative */
            *a = (estimate){gsl_vector_get(c, 0), sqrt(scale * gsl_matrix_get(covariance, 0, 0))};
            if (unknowns == 2)
                *b = (estimate){gsl_vector_get(c, 1), sqrt(scale * gsl_matrix_get(covariance, 1, 1))};
        }
    }
    gsl_matrix_free(X);
    gsl_matrix_free(covariance);
    gsl_vector_free(y);
    gsl_vector_free(w);
    gsl_vector_free(c);
    gsl_multifit_linear_free(work);
}

/* ---- tables ---- */

static void write_estimate(hf_table *table, const char *what, double batch, size_t stage, estimate e)
{
    hf_table_text(table, "%s", what);
    hf_table_number(table, stage == 0 ? NAN : (double)stage);
    hf_table_number(table, batch);
    hf_table_number(table, e.value);
    hf_table_number(table, e.error);
    hf_table_end_line(table);
}

/* scratch: (6, rungs) */
static void fit_stage(const hf_experiment *x, size_t l, double *scratch, hf_table *table)
{
    const size_t n = x->rung_count;
    double *terms = scratch, *mean = terms + 2 * n, *weight = mean + n, *log_noise = weight + n,
           *log_spread = log_noise + n;
    size_t means = 0, spreads = 0;
    estimate a, b, c, p;
    for (size_t i = 0; i < n; i++) {
        const hf_rung *rung = &x->rung[i];
        double m, spread;
        const size_t reached = mean_and_spread(x, rung, l, &m, &spread);
        if (reached < rung->seeds) /* the mean of those that made it in time would be too early */
            continue;
        terms[2 * means] = rung->lr;
        terms[2 * means + 1] = rung->batch > 0 ? rung->lr / (double)rung->batch : 0;
        mean[means] = m;
        /* relative weights: the variance of the mean, and terms of second order in lr */
        const double second = m * m, noise = isnan(spread) ? 0 : spread * spread / (double)reached;
        weight[means++] = 1 / (noise + 1e-2 * second + 1e-20);
        if (spread > 0) {
            log_noise[spreads] = log(terms[2 * (means - 1) + 1]);
            log_spread[spreads++] = log(spread);
        }
    }
    fit_mean(means, terms, mean, weight, &a, &b);
    fit_line(spreads, log_noise, log_spread, &c, &p);
    write_estimate(table, "mean_per_lr", NAN, l + 1, a);
    write_estimate(table, "mean_per_lr_over_batch", NAN, l + 1, b);
    write_estimate(table, "spread_exponent", NAN, l + 1, p);
    write_estimate(table, "spread_factor", NAN, l + 1, (estimate){exp(c.value), exp(c.value) * c.error});
}

/* The order in lr of the loss's deviation at one batch size. scratch: (2, rungs) */
static void fit_order(const hf_experiment *x, size_t batch, double *scratch, hf_table *table)
{
    double *log_lr = scratch, *log_deviation = scratch + x->rung_count;
    size_t count = 0;
    estimate intercept, slope;
    for (size_t i = 0; i < x->rung_count; i++) {
        const double d = loss_deviation(&x->rung[i]);
        if (x->rung[i].batch != batch || !(d > 0))
            continue;
        log_lr[count] = log(x->rung[i].lr);
        log_deviation[count++] = log(d);
    }
    fit_line(count, log_lr, log_deviation, &intercept, &slope);
    write_estimate(table, "loss_order_in_lr", (double)batch, 0, slope);
}

static hf_status write_fits(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    double *scratch = malloc(6 * (x->rung_count + 1) * sizeof *scratch);
    if (scratch == NULL)
        return hf_fail_memory(err, "the ladder");
    hf_status status = hf_table_open(&table, directory, "ladder-fit.tsv", origin, err);
    if (status == HF_OK) {
        hf_table_text(&table, "fit\tstage\tbatch\tvalue\tstandard_error");
        hf_table_end_line(&table);
        for (size_t l = 0; l < x->levels.count; l++)
            fit_stage(x, l, scratch, &table);
        for (size_t i = 0; i < x->rung_count; i++)
            if (i == 0 || x->rung[i].batch != x->rung[i - 1].batch)
                fit_order(x, x->rung[i].batch, scratch, &table);
        status = hf_file_commit(&table.file, err);
    }
    free(scratch);
    return status;
}

static hf_status write_rungs(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, "ladder.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table,
                  "lr\tbatch\tseeds\tstage\tlevel\tt_flow\tt_drift\treached\tmean_deviation\tspread\tloss_deviation");
    hf_table_end_line(&table);
    for (size_t i = 0; i < x->rung_count; i++)
        for (size_t l = 0; l < x->levels.count; l++) {
            const hf_rung *rung = &x->rung[i];
            double mean, spread;
            const size_t reached = mean_and_spread(x, rung, l, &mean, &spread);
            hf_table_number(&table, rung->lr);
            hf_table_text(&table, "%zu\t%zu\t%zu", rung->batch, rung->seeds, l + 1);
            hf_table_numbers(&table, 2, (const double[]){x->levels.level[l], x->levels.t_flow[l]});
            hf_table_number(&table, rung->batch == x->main.batch && rung->lr == x->main.lr ? x->levels.t_drift[l] : NAN);
            hf_table_text(&table, "%zu", reached);
            hf_table_numbers(&table, 3, (const double[]){mean, spread, loss_deviation(rung)});
            hf_table_end_line(&table);
        }
    return hf_file_commit(&table.file, err);
}

hf_status hf_ladder_write(const hf_experiment *x, const char *directory, hf_error *err)
{
    hf_table_origin origin = {.title = x->config->title, .seed = x->config->train.seed};
    hf_status status = hf_config_hash(x->config, &origin.hash, err);
    if (status == HF_OK)
        status = write_rungs(x, directory, &origin, err);
    return status == HF_OK ? write_fits(x, directory, &origin, err) : status;
}
