#include "compare/ladder.h"

#include "core/plural.h"
#include "core/statistics.h"
#include "report/table.h"
#include "train/clock.h"

#include <gsl/gsl_fit.h>
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const hf_ladder_number unknown = {NAN, NAN, NAN, NAN, 0};
static const size_t nobody = SIZE_MAX; /* no seed is left out */

/* ---- a rung ---- */

/* Flow time of a run's step on a rung. */
static double rung_time(const hf_experiment *x, const hf_rung *rung, double step)
{
    hf_clock clock = hf_clock_of(&x->params->main.learner.train);
    clock.lr = rung->lr;
    return hf_clock_time(clock, step);
}

static double deviation(const hf_experiment *x, const hf_rung *rung, size_t k, size_t l)
{
    return rung_time(x, rung, rung->run[k].training.crossing[l]) / x->levels.t_flow[l] - 1;
}

/* lr / batch; the exact gradient has no noise. */
static double noise_of(const hf_rung *rung)
{
    return rung->batch > 0 ? rung->lr / (double)rung->batch : 0;
}

/* By how much the mean is later than the flow with drift, over lr / batch; nan: not known. */
static double mean_rate(const hf_experiment *x, size_t l)
{
    return x->about_flow == NULL ? NAN : x->about_flow[l].mean_rate;
}

/* The same as steps and noise predict: of the flow that knows most of the rung, with steps and drift, and what noise adds to it where
 * that is known; of the exact gradient, of the flow with steps. nan: none. */
static double predicted_deviation(const hf_experiment *x, const hf_rung *rung, size_t l)
{
    const double *t = rung->t_companion[rung->batch > 0 ? HF_COMPANION_STEP_DRIFT : HF_COMPANION_STEP];
    const double rate = mean_rate(x, l), later = isnan(rate) ? 0 : noise_of(rung) * rate;
    return t == NULL ? NAN : (t[l] + later) / x->levels.t_flow[l] - 1;
}

/* Mean and standard deviation (nan for one) of the numbers that are there, without number left_out. Returns how many. */
static size_t mean_and_spread(size_t seeds, const double *x, size_t left_out, double *mean, double *spread)
{
    double sum = 0, square = 0;
    size_t count = 0;
    for (size_t k = 0; k < seeds; k++)
        if (k != left_out && !isnan(x[k])) {
            sum += x[k];
            count++;
        }
    *mean = count > 0 ? sum / (double)count : NAN;
    for (size_t k = 0; k < seeds; k++)
        if (k != left_out && !isnan(x[k]))
            square += (x[k] - *mean) * (x[k] - *mean);
    *spread = count > 1 ? sqrt(square / (double)(count - 1)) : NAN;
    return count;
}

/* The mean over seeds of the largest deviation of the loss up to the first plateau, without seed left_out. */
static double loss_deviation(const hf_rung *rung, size_t left_out)
{
    double sum = 0;
    size_t count = 0;
    for (size_t k = 0; k < rung->seeds; k++)
        if (k != left_out) {
            sum += rung->run[k].training.before.loss;
            count++;
        }
    return sum / (double)count;
}

/* The seeds that rungs share: those of the rungs with noise. */
static size_t shared_seeds(const hf_experiment *x)
{
    size_t most = 0;
    for (size_t i = 0; i < x->rung_count; i++)
        most = x->rung[i].seeds > most ? x->rung[i].seeds : most;
    return most;
}

/* ---- least squares ---- */

/* What a fit finds: values, and the errors that the scatter about the law would give if the points were independent. */
typedef struct {
    double value, residual;
} estimate;

/* Slope and intercept of y over x by least squares; nan for fewer than two points, no errors for two. */
static void fit_line(size_t count, const double *x, const double *y, estimate *intercept, estimate *slope)
{
    double c0, c1, cov00, cov01, cov11, sum;
    *intercept = *slope = (estimate){NAN, NAN};
    if (count < 2)
        return;
    gsl_fit_linear(x, 1, y, 1, count, &c0, &c1, &cov00, &cov01, &cov11, &sum);
    *intercept = (estimate){c0, count > 2 ? sqrt(cov00) : NAN};
    *slope = (estimate){c1, count > 2 ? sqrt(cov11) : NAN};
}

/* How many of the two terms of count rungs tell themselves apart: b is unknown if all batches are 0, or a if all are alike,
 * for then the two terms are one. */
static size_t unknowns_of(size_t count, const double *terms)
{
    bool drifts = false, alike = true;
    for (size_t i = 0; i < count; i++) {
        drifts = drifts || terms[2 * i + 1] > 0;
        alike = alike && fabs(terms[2 * i + 1] * terms[0] - terms[1] * terms[2 * i]) <= 1e-12 * terms[2 * i] * terms[0];
    }
    return drifts && !alike ? 2 : 1;
}

/* mean = a lr + b lr/batch over count rungs, weighted by how well each is known. terms: (count, 2). False: no memory. */
static bool fit_mean(size_t count, const double *terms, const double *mean, const double *weight, estimate *a, estimate *b)
{
    *a = *b = (estimate){NAN, NAN};
    const size_t unknowns = unknowns_of(count, terms);
    if (count < unknowns)
        return true;
    gsl_matrix *X = gsl_matrix_alloc(count, unknowns), *covariance = gsl_matrix_alloc(unknowns, unknowns);
    gsl_vector *y = gsl_vector_alloc(count), *w = gsl_vector_alloc(count), *c = gsl_vector_alloc(unknowns);
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(count, unknowns);
    const bool allocated = X != NULL && covariance != NULL && y != NULL && w != NULL && c != NULL && work != NULL;
    for (size_t i = 0; i < count && allocated; i++) {
        for (size_t u = 0; u < unknowns; u++)
            gsl_matrix_set(X, i, u, terms[2 * i + u]);
        gsl_vector_set(y, i, mean[i]);
        gsl_vector_set(w, i, weight[i]);
    }
    double sum;
    if (allocated && gsl_multifit_wlinear(X, w, y, c, covariance, &sum, work) == 0) {
        const double scale = count > unknowns ? sum / (double)(count - unknowns) : NAN; /* weights are relative */
        *a = (estimate){gsl_vector_get(c, 0), sqrt(scale * gsl_matrix_get(covariance, 0, 0))};
        if (unknowns == 2)
            *b = (estimate){gsl_vector_get(c, 1), sqrt(scale * gsl_matrix_get(covariance, 1, 1))};
    }
    gsl_matrix_free(X);
    gsl_matrix_free(covariance);
    gsl_vector_free(y);
    gsl_vector_free(w);
    gsl_vector_free(c);
    gsl_multifit_linear_free(work);
    return allocated;
}

/* ---- a stage ---- */

/* The rungs of one stage that can be fitted. */
typedef struct {
    size_t count, seeds;   /* rungs; the seeds they share */
    const hf_rung **rung;  /* (count) */
    double *deviation;     /* (count, seeds) */
    double *terms;         /* (count, 2) scratch, and */
    double *mean, *weight; /* (count) */
    double *log_noise, *log_spread;
    double *predicted; /* (count) */
    double *left_out;  /* (HF_LADDER_NUMBERS, seeds) what is fitted without one seed */
} stage_data;

static void clear_stage(stage_data *s)
{
    free(s->rung);
    free(s->deviation);
}

/* Rungs in which a seed never came to the level would give a mean that is too early: they are left out. */
static hf_status gather_stage(const hf_experiment *x, size_t l, stage_data *s, hf_error *err)
{
    const size_t n = x->rung_count, seeds = shared_seeds(x);
    *s = (stage_data){.seeds = seeds, .rung = calloc(n + 1, sizeof *s->rung)};
    s->deviation = malloc((n * (seeds + 7) + HF_LADDER_NUMBERS * seeds + 1) * sizeof *s->deviation);
    if (s->rung == NULL || s->deviation == NULL) {
        clear_stage(s);
        return hf_fail_memory(err, "the ladder");
    }
    s->terms = s->deviation + n * seeds;
    s->mean = s->terms + 2 * n;
    s->weight = s->mean + n;
    s->log_noise = s->weight + n;
    s->log_spread = s->log_noise + n;
    s->predicted = s->log_spread + n;
    s->left_out = s->predicted + n;
    for (size_t i = 0; i < n; i++) {
        double *at = s->deviation + s->count * seeds;
        bool all = true;
        for (size_t k = 0; k < x->rung[i].seeds; k++) {
            at[k] = deviation(x, &x->rung[i], k, l);
            all = all && !isnan(at[k]);
        }
        if (!all)
            continue;
        s->predicted[s->count] = predicted_deviation(x, &x->rung[i], l);
        s->rung[s->count++] = &x->rung[i];
    }
    return HF_OK;
}

/* Both laws, without one seed or with all; that seed is missing on every rung that has several. False: no memory. */
static bool fit_without(stage_data *s, size_t left_out, estimate fit[HF_LADDER_NUMBERS])
{
    size_t spreads = 0;
    for (size_t i = 0; i < s->count; i++) {
        const hf_rung *rung = s->rung[i];
        double m, spread;
        const size_t count =
            mean_and_spread(rung->seeds, s->deviation + i * s->seeds, rung->seeds > 1 ? left_out : nobody, &m, &spread);
        s->terms[2 * i] = rung->lr;
        s->terms[2 * i + 1] = noise_of(rung);
        s->mean[i] = m;
        /* relative weights: the variance of the mean, and terms of second order in lr */
        const double second = m * m, noise = isnan(spread) ? 0 : spread * spread / (double)count;
        s->weight[i] = 1 / (noise + 1e-2 * second + 1e-20);
        if (spread > 0 && noise_of(rung) > 0) {
            s->log_noise[spreads] = log(noise_of(rung));
            s->log_spread[spreads++] = log(spread);
        }
    }
    fit_line(spreads, s->log_noise, s->log_spread, &fit[HF_LADDER_SPREAD_FACTOR], &fit[HF_LADDER_SPREAD_EXPONENT]);
    return fit_mean(s->count, s->terms, s->mean, s->weight, &fit[HF_LADDER_MEAN_PER_LR], &fit[HF_LADDER_MEAN_PER_NOISE]);
}

/* The law of the mean, fitted in the same way, with the weights of the last fit, to what the flows of the rungs predict. False: no
 * memory. */
static bool fit_predicted(const stage_data *s, double predicted[HF_LADDER_NUMBERS])
{
    estimate a = {NAN, NAN}, b = {NAN, NAN};
    bool known = true;
    for (size_t i = 0; i < s->count; i++)
        known = known && !isnan(s->predicted[i]);
    const bool good = !known || fit_mean(s->count, s->terms, s->predicted, s->weight, &a, &b);
    for (size_t i = 0; i < HF_LADDER_NUMBERS; i++)
        predicted[i] = NAN;
    predicted[HF_LADDER_MEAN_PER_LR] = a.value;
    predicted[HF_LADDER_MEAN_PER_NOISE] = b.value;
    return good;
}

/* From logarithms: c itself, with an absolute error. */
static void take_factor(hf_ladder_number *c)
{
    c->value = exp(c->value);
    c->error *= c->value;
    c->residual *= c->value;
}

hf_status hf_ladder_fit_stage(const hf_experiment *x, size_t l, hf_ladder_number fit[HF_LADDER_NUMBERS], hf_error *err)
{
    stage_data s;
    estimate all[HF_LADDER_NUMBERS], without[HF_LADDER_NUMBERS];
    hf_status status = gather_stage(x, l, &s, err);
    if (status != HF_OK)
        return status;
    double predicted[HF_LADDER_NUMBERS];
    bool good = fit_without(&s, nobody, all) && fit_predicted(&s, predicted);
    if (isnan(mean_rate(x, l)))
        predicted[HF_LADDER_MEAN_PER_NOISE] = NAN; /* drift alone is not the mean */
    for (size_t k = 0; k < s.seeds && good; k++) {
        good = fit_without(&s, k, without);
        for (size_t i = 0; i < HF_LADDER_NUMBERS; i++)
            s.left_out[i * s.seeds + k] = without[i].value;
    }
    for (size_t i = 0; i < HF_LADDER_NUMBERS && good; i++)
        fit[i] = (hf_ladder_number){all[i].value, hf_jackknife(s.seeds, s.left_out + i * s.seeds), all[i].residual,
                                    predicted[i], s.seeds};
    clear_stage(&s);
    if (!good)
        return hf_fail_memory(err, "the ladder");
    take_factor(&fit[HF_LADDER_SPREAD_FACTOR]);
    return HF_OK;
}

/* ---- the order in lr ---- */

/* scratch: (2, rungs) */
static estimate order_without(const hf_experiment *x, size_t batch, size_t left_out, double *scratch)
{
    double *log_lr = scratch, *log_deviation = scratch + x->rung_count;
    size_t count = 0;
    estimate intercept, slope;
    for (size_t i = 0; i < x->rung_count; i++) {
        const hf_rung *rung = &x->rung[i];
        const double d = loss_deviation(rung, rung->seeds > 1 ? left_out : nobody);
        if (rung->batch != batch || !(d > 0))
            continue;
        log_lr[count] = log(rung->lr);
        log_deviation[count++] = log(d);
    }
    fit_line(count, log_lr, log_deviation, &intercept, &slope);
    return slope;
}

hf_status hf_ladder_fit_order(const hf_experiment *x, size_t batch, hf_ladder_number *order, hf_error *err)
{
    *order = unknown;
    for (size_t i = 0; i < x->rung_count; i++)
        if (x->rung[i].batch == batch && x->rung[i].seeds > order->seeds)
            order->seeds = x->rung[i].seeds;
    double *scratch = malloc((2 * x->rung_count + order->seeds + 1) * sizeof *scratch);
    if (scratch == NULL)
        return hf_fail_memory(err, "the ladder");
    double *left_out = scratch + 2 * x->rung_count;
    const estimate all = order_without(x, batch, nobody, scratch);
    for (size_t k = 0; k < order->seeds; k++)
        left_out[k] = order_without(x, batch, k, scratch).value;
    order->value = all.value;
    order->residual = all.residual;
    order->error = hf_jackknife(order->seeds, left_out);
    free(scratch);
    return HF_OK;
}

/* ---- tables ---- */

static const char *const fit_names[HF_LADDER_NUMBERS] = {"mean_per_lr", "mean_per_lr_over_batch", "spread_exponent",
                                                         "spread_factor"};

typedef struct {
    const char *fit;
    double stage, batch, value, standard_error;
    size_t seeds;
    double residual_error, predicted;
} fit_row;

typedef struct {
    double lr;
    size_t batch, seeds, stage;
    double level, t_flow, t_drift;
    size_t reached;
    double mean_deviation, spread, loss_deviation, t_step, t_step_drift;
} rung_row;

/* clang-format off */
static const hf_column fit_columns[] = {
    HF_COLUMN(fit_row, fit, "", "mean_per_lr a and mean_per_lr_over_batch b: mean deviation = a lr + b lr/batch; spread_exponent p and spread_factor c: spread = c (lr/batch)^p; loss_order_in_lr: exponent of loss_deviation in lr"),
    HF_COLUMN(fit_row, stage, "", "of the flow; nan: the law has none"),
    HF_COLUMN(fit_row, batch, "samples", "of loss_order_in_lr; 0: the exact gradient"),
    HF_COLUMN(fit_row, value, "", "the fitted number"),
    HF_COLUMN(fit_row, standard_error, "", "one seed left out of all rungs, in turn (jackknife)"),
    HF_COLUMN(fit_row, seeds, "", "that it is made of"),
    HF_COLUMN(fit_row, residual_error, "", "how well the law holds, from the rungs' scatter about it; no error bar"),
    HF_COLUMN(fit_row, predicted, "", "of mean_per_lr and mean_per_lr_over_batch: the same fit to the flows with each rung's steps and drift, later by the noise's part of the mean; nan: not known"),
};
static const hf_column rung_columns[] = {
    HF_COLUMN(rung_row, lr, "flow time", "learning rate"),
    HF_COLUMN(rung_row, batch, "samples", "of a step; 0: the exact gradient"),
    HF_COLUMN(rung_row, seeds, "", "training runs of the rung"),
    HF_COLUMN(rung_row, stage, "", "of the flow"),
    HF_COLUMN(rung_row, level, "loss", "halfway between the flow's plateaus around it"),
    HF_COLUMN(rung_row, t_flow, "flow time", "the flow's loss falls below the level"),
    HF_COLUMN(rung_row, t_drift, "flow time", "that of the flow with the drift of this rung's noise does; nan: none"),
    HF_COLUMN(rung_row, reached, "", "number of seeds that reached the level"),
    HF_COLUMN(rung_row, mean_deviation, "1", "mean over seeds of t/t_flow - 1"),
    HF_COLUMN(rung_row, spread, "1", "its standard deviation"),
    HF_COLUMN(rung_row, loss_deviation, "start loss", "mean over seeds of deviation_before (runs.tsv)"),
    HF_COLUMN(rung_row, t_step, "flow time", "as t_drift, of the flow with this rung's finite steps"),
    HF_COLUMN(rung_row, t_step_drift, "flow time", "as t_drift, of the flow with finite steps and drift"),
};
static const hf_table_kind fits_table = {"ladder-fit.tsv", "A row for every fitted number.", HF_COLUMNS(fit_columns)};
static const hf_table_kind rungs_table = {"ladder.tsv", "A row for every learning rate, batch size and stage.", HF_COLUMNS(rung_columns)};
/* clang-format on */

const hf_table_kind *const hf_ladder_tables[] = {&rungs_table, &fits_table, NULL};

static void write_number(hf_table *table, const char *what, double batch, size_t stage, const hf_ladder_number *n)
{
    const fit_row row = {.fit = what,
                         .stage = stage == 0 ? NAN : (double)stage,
                         .batch = batch,
                         .value = n->value,
                         .standard_error = n->error,
                         .seeds = n->seeds,
                         .residual_error = n->residual,
                         .predicted = n->predicted};
    hf_table_line(table, &fits_table, &row);
}

/* Whether rung number i is the first of its batch size: those of one batch size follow each other. */
static bool is_first_of_batch(const hf_experiment *x, size_t i)
{
    return i == 0 || x->rung[i].batch != x->rung[i - 1].batch;
}

static hf_status fill_fits(const hf_experiment *x, hf_table *table, hf_error *err)
{
    hf_ladder_number fit[HF_LADDER_NUMBERS], order;
    hf_status status = HF_OK;
    for (size_t l = 0; l < x->levels.count && status == HF_OK; l++) {
        status = hf_ladder_fit_stage(x, l, fit, err);
        for (size_t i = 0; i < HF_LADDER_NUMBERS && status == HF_OK; i++)
            write_number(table, fit_names[i], NAN, l + 1, &fit[i]);
    }
    for (size_t i = 0; i < x->rung_count && status == HF_OK; i++) {
        if (!is_first_of_batch(x, i))
            continue;
        status = hf_ladder_fit_order(x, x->rung[i].batch, &order, err);
        if (status == HF_OK)
            write_number(table, "loss_order_in_lr", (double)x->rung[i].batch, 0, &order);
    }
    return status;
}

static hf_status write_fits(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, fits_table.name, origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table,
                     "standard_error: one seed left out of all rungs, in turn (jackknife); nan: fewer than %d seeds",
                     HF_JACKKNIFE_LEAST);
    hf_table_comment(&table, "residual_error: how well the law holds, from the rungs' scatter about it; no error bar, for "
                             "rungs share their seeds");
    hf_table_head(&table, &fits_table, NULL);
    status = fill_fits(x, &table, err);
    if (status == HF_OK)
        return hf_file_commit(&table.file, err);
    hf_file_abandon(&table.file);
    return status;
}

/* When a companion of the rung comes to level l. */
static double time_of(const hf_rung *rung, hf_companion c, size_t l)
{
    return rung->t_companion[c] == NULL ? NAN : rung->t_companion[c][l];
}

static void write_rung(hf_table *table, const hf_experiment *x, const hf_rung *rung, size_t l, double *scratch)
{
    double mean, spread;
    for (size_t k = 0; k < rung->seeds; k++)
        scratch[k] = deviation(x, rung, k, l);
    const size_t reached = mean_and_spread(rung->seeds, scratch, nobody, &mean, &spread);
    const rung_row row = {.lr = rung->lr,
                          .batch = rung->batch,
                          .seeds = rung->seeds,
                          .stage = l + 1,
                          .level = x->levels.level[l],
                          .t_flow = x->levels.t_flow[l],
                          .t_drift = time_of(rung, HF_COMPANION_DRIFT, l),
                          .reached = reached,
                          .mean_deviation = mean,
                          .spread = spread,
                          .loss_deviation = loss_deviation(rung, nobody),
                          .t_step = time_of(rung, HF_COMPANION_STEP, l),
                          .t_step_drift = time_of(rung, HF_COMPANION_STEP_DRIFT, l)};
    hf_table_line(table, &rungs_table, &row);
}

static hf_status write_rungs(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    double *scratch = malloc((shared_seeds(x) + 1) * sizeof *scratch);
    hf_status status = scratch == NULL ? hf_fail_memory(err, "the ladder")
                                       : hf_table_start(&table, directory, &rungs_table, origin, NULL, err);
    if (status == HF_OK) {
        for (size_t i = 0; i < x->rung_count; i++)
            for (size_t l = 0; l < x->levels.count; l++)
                write_rung(&table, x, &x->rung[i], l, scratch);
        status = hf_file_commit(&table.file, err);
    }
    free(scratch);
    return status;
}

hf_status hf_ladder_write(const hf_experiment *x, const char *directory, hf_error *err)
{
    const hf_table_origin *origin = &x->params->main.origin;
    const hf_status status = write_rungs(x, directory, origin, err);
    return status == HF_OK ? write_fits(x, directory, origin, err) : status;
}

/* ---- for the eye ---- */

/* "0.0682 ± 0.0031" in a column; no error bar where there is none. */
static void print_fit(FILE *stream, const hf_ladder_number *n)
{
    char text[64];
    if (isnan(n->value))
        snprintf(text, sizeof text, "-");
    else if (isnan(n->error))
        snprintf(text, sizeof text, "%.3g", n->value);
    else
        snprintf(text, sizeof text, "%.3g ± %.2g", n->value, n->error);
    const int wide = isnan(n->value) || isnan(n->error) ? 20 : 21; /* the sign is two bytes and one letter */
    fprintf(stream, " %*s", wide, text);
}

static void print_predicted(FILE *stream, const hf_ladder_number *n)
{
    if (isnan(n->predicted))
        fprintf(stream, " %10s", "-");
    else
        fprintf(stream, " %10.3g", n->predicted);
}

hf_status hf_ladder_print(const hf_experiment *x, FILE *stream, hf_error *err)
{
    const size_t seeds = shared_seeds(x);
    hf_status status = HF_OK;
    if (x->levels.count == 0)
        return HF_OK;
    fprintf(stream, "Ladder of %zu rung%s: mean deviation = a lr + b lr/batch, spread over seeds = c (lr/batch)^p\n",
            x->rung_count, hf_plural(x->rung_count));
    fprintf(stream, "stage %20s %10s %20s %10s %20s\n", "a", "predicted", "b", "predicted", "p");
    bool predicted = false;
    for (size_t l = 0; l < x->levels.count && status == HF_OK; l++) {
        hf_ladder_number fit[HF_LADDER_NUMBERS];
        status = hf_ladder_fit_stage(x, l, fit, err);
        if (status != HF_OK)
            break;
        predicted = predicted || !isnan(fit[HF_LADDER_MEAN_PER_LR].predicted);
        fprintf(stream, "%5zu", l + 1);
        print_fit(stream, &fit[HF_LADDER_MEAN_PER_LR]);
        print_predicted(stream, &fit[HF_LADDER_MEAN_PER_LR]);
        print_fit(stream, &fit[HF_LADDER_MEAN_PER_NOISE]);
        print_predicted(stream, &fit[HF_LADDER_MEAN_PER_NOISE]);
        print_fit(stream, &fit[HF_LADDER_SPREAD_EXPONENT]);
        fputc('\n', stream);
    }
    if (seeds < HF_JACKKNIFE_LEAST)
        fprintf(stream, "No error bars: these take %d seeds or more, here is %zu.\n", HF_JACKKNIFE_LEAST, seeds);
    else
        fprintf(stream, "Standard errors: each of the %zu seeds left out of all rungs in turn, for the rungs share them.\n",
                seeds);
    if (predicted)
        fputs("Predicted, without training: the same fit to the flows with each rung's own steps and drift, and to what "
              "noise adds to the mean.\n",
              stream);
    return status;
}
