#include "estimate/estimate.h"

#include "estimate/least.h"
#include "estimate/seeds.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const hf_estimate_params *params;
    hf_estimate *fit;
    hf_moved moved;
    hf_least least;
    size_t p;          /* parameters */
    double *x;         /* (p) of the log */
    double *inverse;   /* (p, p) of J^T J */
    double *rows;      /* (p, p) covariance by the rows */
    double *seeds;     /* (p, p) by the seeds */
    double *found;     /* (seeds, p) what each seed gives, minus x */
    double *seed_loss; /* (count) */
} fitting;

void hf_estimate_clear(hf_estimate *fit)
{
    free(fit->parameter);
    free(fit->correlation);
    free(fit->t);
    *fit = (hf_estimate){0};
}

static hf_status allocate(fitting *f, hf_error *err)
{
    const size_t p = f->p, count = f->params->count;
    f->x = calloc(p + 3 * p * p + f->params->seeds * p + count, sizeof *f->x);
    f->fit->parameter = calloc(p, sizeof *f->fit->parameter);
    f->fit->correlation = calloc(p * p, sizeof *f->fit->correlation);
    f->fit->t = calloc(3 * count, sizeof *f->fit->t);
    if (f->x == NULL || f->fit->parameter == NULL || f->fit->correlation == NULL || f->fit->t == NULL)
        return hf_fail_memory(err, "the fit");
    f->inverse = f->x + p;
    f->rows = f->inverse + p * p;
    f->seeds = f->rows + p * p;
    f->found = f->seeds + p * p;
    f->seed_loss = f->found + f->params->seeds * p;
    f->fit->loss = f->fit->t + count;
    f->fit->before = f->fit->loss + count;
    f->fit->parameters = p;
    f->fit->count = count;
    return HF_OK;
}

/* ---- the error by the rows ---- */

/* result = A B A, symmetric. (p, p) */
static void sandwich(size_t p, const double *a, const double *b, double *result)
{
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            double sum = 0;
            for (size_t k = 0; k < p; k++)
                for (size_t l = 0; l < p; l++)
                    sum += a[i * p + k] * b[k * p + l] * a[l * p + j];
            result[i * p + j] = sum;
        }
}

/* Sum over rows k of the products of the scores k and k - lag, made symmetric, times weight. */
static void add_scores(const hf_least *l, size_t lag, double weight, double *sum)
{
    const size_t p = l->moved->count;
    for (size_t k = lag; k < l->count; k++) {
        const double *a = l->jacobian + k * p, *b = l->jacobian + (k - lag) * p;
        const double product = weight * l->residual[k] * l->residual[k - lag];
        for (size_t i = 0; i < p; i++)
            for (size_t j = 0; j < p; j++)
                sum[i * p + j] += product * (lag == 0 ? a[i] * b[j] : a[i] * b[j] + a[j] * b[i]);
    }
}

/* Raises the error of every parameter by the rows to that of rows of an autoregressive noise, whose neighbours correlate as the residuals
 * do, where it is below: the sum over neighbours knows little of them where few rows tell the parameter. */
static void raise_errors(fitting *f)
{
    const size_t p = f->p;
    const double rho = fmin(fmax(f->fit->neighbours, 0), 0.99),
                 noise2 = f->fit->noise * f->fit->noise * (1 + rho) / (1 - rho);
    for (size_t i = 0; i < p; i++) {
        const double ratio = sqrt(fmax(1, noise2 * f->inverse[i * p + i] / f->rows[i * p + i]));
        for (size_t j = 0; j < p && isfinite(ratio); j++) {
            f->rows[i * p + j] *= ratio;
            f->rows[j * p + i] *= ratio;
        }
    }
}

static hf_status judge_rows(fitting *f, double *memory, hf_error *err)
{
    const hf_least *l = &f->least;
    const size_t p = f->p, n = l->count;
    const double part = 0.1, factor = 1 + (2.9694 * part + 0.4160 * part * part - 0.5324 * part * part * part) / 1.96;
    const size_t width = (size_t)ceil(part * (double)n);
    double *scores = memory, squares = 0, products = 0;
    const hf_status status = hf_least_inverse(l, f->inverse, err);
    if (status != HF_OK)
        return status;
    memset(scores, 0, p * p * sizeof *scores);
    for (size_t lag = 0; lag < width; lag++)
        add_scores(l, lag, 1 - (double)lag / (double)width, scores);
    sandwich(p, f->inverse, scores, f->rows);
    for (size_t k = 0; k < n; k++) {
        squares += l->residual[k] * l->residual[k];
        products += k == 0 ? 0 : l->residual[k] * l->residual[k - 1];
    }
    const double freedom = (double)n - (double)p;
    for (size_t i = 0; i < p * p; i++)
        f->rows[i] *= factor * factor * (double)n / freedom;
    f->fit->noise = sqrt(squares / freedom);
    f->fit->neighbours = squares > 0 ? products / squares : 0;
    raise_errors(f);
    return HF_OK;
}

/* ---- the error by the seeds ---- */

/* The trainings that the fitted parameters make. */
static hf_learner_params fitted_learner(const fitting *f)
{
    hf_learner_params learner = *f->params->learner;
    const hf_problem_params *moved = &f->moved.flow.problem;
    learner.problem.target = moved->target;
    learner.problem.init = moved->init;
    learner.problem.flow = moved->flow;
    learner.problem.flow.sgd_drift = f->params->learner->problem.flow.sgd_drift;
    learner.train.lr = f->moved.clock.lr;
    learner.train.steps = (uint64_t)ceil(f->params->step[f->params->count - 1]);
    return learner;
}

static hf_status fit_seed(fitting *f, size_t k, const hf_learner_params *learner, hf_error *err)
{
    const hf_estimate_params *params = f->params;
    double *found = f->found + k * f->p;
    hf_least least;
    bool stopped;
    hf_status status = hf_seed_losses(learner, params->first_seed + k, params->count, params->step, f->seed_loss,
                                      params->interrupted, &stopped, err);
    if (status != HF_OK || stopped) {
        f->fit->interrupted = stopped;
        return status;
    }
    memcpy(found, f->x, f->p * sizeof *found);
    status = hf_least_init(&least, &f->moved, params->count, params->step, f->seed_loss, params->interrupted, err);
    if (status == HF_OK)
        status = hf_least_find(&least, found, err);
    f->fit->interrupted = status == HF_OK && least.stopped;
    for (size_t i = 0; i < f->p; i++)
        found[i] -= f->x[i];
    hf_least_clear(&least);
    return status;
}

/* Their covariance, with the error of their mean, and so much larger that two of its roots hold 95 %. */
static void judge_seeds(fitting *f)
{
    const size_t p = f->p, n = f->params->seeds;
    const double many = (double)n, wider = gsl_cdf_tdist_Pinv(0.975, many - 1) / 1.96;
    for (size_t i = 0; i < p; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += f->found[k * p + i];
        f->fit->parameter[i].bias = sum / many;
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum +=
                    (f->found[k * p + i] - f->fit->parameter[i].bias) * (f->found[k * p + j] - f->fit->parameter[j].bias);
            f->seeds[i * p + j] = wider * wider * (1 + 1 / many) * sum / (many - 1);
        }
    f->fit->seeds = n;
}

static hf_status try_seeds(fitting *f, hf_error *err)
{
    if (f->params->learner == NULL || f->params->seeds < 2)
        return HF_OK;
    hf_moved_set(&f->moved, f->x);
    double *strengths = malloc((f->params->flow->problem.target.strengths.count + 1) * sizeof *strengths);
    if (strengths == NULL)
        return hf_fail_memory(err, "the strengths");
    hf_learner_params learner = fitted_learner(f);
    memcpy(strengths, f->moved.strengths, learner.problem.target.strengths.count * sizeof *strengths);
    learner.problem.target.strengths.at = strengths; /* while the moved flow goes on moving */
    hf_status status = HF_OK;
    for (size_t k = 0; k < f->params->seeds && status == HF_OK && !f->fit->interrupted; k++)
        status = fit_seed(f, k, &learner, err);
    free(strengths);
    if (status == HF_OK && !f->fit->interrupted)
        judge_seeds(f);
    return status;
}

/* ---- the whole ---- */

static void tell_parameters(fitting *f)
{
    const size_t p = f->p;
    const double *x = f->x;
    double *zero = f->seed_loss; /* free by now */
    for (size_t i = 0; i < p; i++) {
        hf_estimate_parameter *a = &f->fit->parameter[i];
        snprintf(a->name, sizeof a->name, "%s", f->moved.name[i]);
        a->plain = f->fit->noise * sqrt(f->inverse[i * p + i]);
        a->rows = sqrt(f->rows[i * p + i]);
        a->seeds = sqrt(f->seeds[i * p + i]);
        a->error = hypot(a->rows, a->seeds);
        zero[i] = 0;
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++)
            f->fit->correlation[i * p + j] =
                (f->rows[i * p + j] + f->seeds[i * p + j]) / (f->fit->parameter[i].error * f->fit->parameter[j].error);
    hf_moved_set(&f->moved, zero);
    for (size_t i = 0; i < p; i++)
        f->fit->parameter[i].start = hf_moved_value(&f->moved, i);
    hf_moved_set(&f->moved, x);
    for (size_t i = 0; i < p; i++) {
        f->fit->parameter[i].fitted = hf_moved_value(&f->moved, i);
        f->fit->parameter[i].value = f->fit->parameter[i].fitted * exp(-f->fit->parameter[i].bias);
    }
}

static void keep_curve(const hf_least *l, double *t, double *loss)
{
    if (t != NULL)
        memcpy(t, l->t, l->count * sizeof *t);
    memcpy(loss, l->flow, l->count * sizeof *loss);
}

static hf_status find(fitting *f, hf_error *err)
{
    hf_least *l = &f->least;
    hf_status status = hf_least_at(l, f->x, err);
    if (status != HF_OK || l->stopped)
        return status;
    keep_curve(l, NULL, f->fit->before);
    status = hf_least_inverse(l, f->inverse, err); /* what cannot be told apart is not searched for */
    if (status == HF_OK)
        status = hf_least_find(l, f->x, err);
    if (status != HF_OK || l->stopped)
        return status;
    keep_curve(l, f->fit->t, f->fit->loss);
    status = judge_rows(f, f->seeds, err);
    memset(f->seeds, 0, f->p * f->p * sizeof *f->seeds);
    f->fit->iterations = l->iterations;
    f->fit->flows = l->flows;
    f->fit->converged = l->converged;
    return status;
}

static hf_status run(fitting *f, hf_error *err)
{
    const hf_estimate_params *params = f->params;
    hf_status status = hf_moved_init(&f->moved, params->flow, params->clock, params->has_lr, err);
    f->p = f->moved.count;
    if (status == HF_OK && params->count <= f->p)
        status = hf_fail(err, HF_EUSAGE, "the log has %zu rows there, expected more than the %zu parameters", params->count,
                         f->p);
    if (status == HF_OK)
        status = allocate(f, err);
    if (status == HF_OK)
        status = hf_least_init(&f->least, &f->moved, params->count, params->step, params->loss, params->interrupted, err);
    if (status == HF_OK)
        status = find(f, err);
    f->fit->interrupted = status == HF_OK && f->least.stopped;
    if (status == HF_OK && !f->fit->interrupted)
        status = try_seeds(f, err);
    if (status == HF_OK && !f->fit->interrupted)
        tell_parameters(f);
    return status;
}

hf_status hf_estimate_run(hf_estimate *fit, const hf_estimate_params *params, hf_error *err)
{
    fitting f = {.params = params, .fit = fit};
    *fit = (hf_estimate){0};
    const hf_status status = run(&f, err);
    hf_least_clear(&f.least);
    hf_moved_clear(&f.moved);
    free(f.x);
    if (status != HF_OK)
        hf_estimate_clear(fit);
    return status;
}
