#include "estimate/least.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_least_init(hf_least *l, hf_moved *moved, size_t count, const double *step, const double *loss,
                        const volatile sig_atomic_t *interrupted, hf_error *err)
{
    const size_t p = moved->count;
    *l = (hf_least){.moved = moved, .count = count, .step = step, .loss = loss, .interrupted = interrupted};
    l->t = malloc((count * (3 + p) + p + 1) * sizeof *l->t);
    if (l->t == NULL)
        return hf_fail_memory(err, "the fit");
    l->flow = l->t + count;
    l->residual = l->flow + count;
    l->jacobian = l->residual + count;
    l->x = l->jacobian + count * p;
    return HF_OK;
}

void hf_least_clear(hf_least *l)
{
    free(l->t);
    *l = (hf_least){0};
}

hf_status hf_least_at(hf_least *l, const double *x, hf_error *err)
{
    const size_t p = l->moved->count;
    hf_trace trace;
    if (l->known && memcmp(x, l->x, p * sizeof *x) == 0)
        return HF_OK;
    l->known = false;
    if (!hf_moved_set(l->moved, x))
        return hf_fail(err, HF_ENUMERIC, "a parameter of the fit leaves all bounds");
    for (size_t k = 0; k < l->count; k++)
        l->t[k] = hf_clock_time(l->moved->clock, l->step[k]);
    const hf_status status = hf_trace_run(&trace, &l->moved->flow, l->count, l->t, l->interrupted, err);
    if (status != HF_OK)
        return status;
    l->flows++;
    l->stopped = trace.count < l->count;
    for (size_t k = 0; k < trace.count; k++) {
        l->flow[k] = trace.loss[k];
        l->residual[k] = trace.loss[k] - l->loss[k];
        for (size_t i = 0; i < p; i++)
            l->jacobian[k * p + i] = hf_moved_along(l->moved, &trace, l->t, i, k);
    }
    hf_trace_clear(&trace);
    memcpy(l->x, x, p * sizeof *x);
    l->known = !l->stopped;
    return HF_OK;
}

/* ---- the search ---- */

typedef struct {
    hf_least *least;
    double beyond; /* residual of what cannot be followed: larger than all others */
    hf_status status;
    hf_error *err; /* what ends the search */
} search;

static int give_up(search *s, hf_status status, const hf_error *err)
{
    s->status = status;
    *s->err = *err;
    return GSL_EFAILED;
}

/* A flow that cannot be followed is one to turn back from. */
static int residuals(const gsl_vector *x, void *data, gsl_vector *f)
{
    search *s = data;
    hf_error err;
    const hf_status status = hf_least_at(s->least, x->data, &err);
    if (status == HF_ESYSTEM)
        return give_up(s, status, &err);
    if (s->least->stopped)
        return GSL_EFAILED;
    for (size_t k = 0; k < s->least->count; k++) {
        const double r = status == HF_OK ? s->least->residual[k] : s->beyond;
        gsl_vector_set(f, k, isfinite(r) ? r : s->beyond);
    }
    return GSL_SUCCESS;
}

static int derivatives(const gsl_vector *x, void *data, gsl_matrix *jacobian)
{
    search *s = data;
    hf_error err;
    const size_t p = s->least->moved->count;
    const hf_status status = hf_least_at(s->least, x->data, &err);
    if (status != HF_OK)
        return give_up(s, status, &err);
    if (s->least->stopped)
        return GSL_EFAILED;
    for (size_t k = 0; k < s->least->count; k++)
        for (size_t i = 0; i < p; i++)
            gsl_matrix_set(jacobian, k, i, s->least->jacobian[k * p + i]);
    return GSL_SUCCESS;
}

static hf_status descend(search *s, gsl_multifit_nlinear_workspace *w, double *x)
{
    hf_least *l = s->least;
    const size_t p = l->moved->count, most = 60;
    const double close = 1e-7, flat = 1e-10;
    gsl_multifit_nlinear_fdf fdf = {.f = residuals, .df = derivatives, .n = l->count, .p = p, .params = s};
    gsl_vector_const_view start = gsl_vector_const_view_array(x, p);
    int info = 0, outcome = gsl_multifit_nlinear_init(&start.vector, &fdf, w);
    if (outcome == GSL_SUCCESS)
        outcome = gsl_multifit_nlinear_driver(most, close, flat, 0, NULL, NULL, &info, w);
    if (s->status != HF_OK || l->stopped)
        return s->status;
    l->iterations = gsl_multifit_nlinear_niter(w);
    l->converged = outcome == GSL_SUCCESS || outcome == GSL_ENOPROG;
    for (size_t i = 0; i < p; i++)
        x[i] = gsl_vector_get(gsl_multifit_nlinear_position(w), i);
    return hf_least_at(l, x, s->err);
}

hf_status hf_least_find(hf_least *l, double *x, hf_error *err)
{
    hf_status status = hf_least_at(l, x, err);
    if (status != HF_OK || l->stopped)
        return status;
    double largest = 0;
    for (size_t k = 0; k < l->count; k++)
        largest = fmax(largest, fabs(l->residual[k]) + fabs(l->loss[k]));
    gsl_multifit_nlinear_parameters usual = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &usual, l->count, l->moved->count);
    search s = {.least = l, .beyond = 1e3 * largest, .err = err};
    status = w == NULL ? hf_fail_memory(err, "the fit") : descend(&s, w, x);
    if (w != NULL)
        gsl_multifit_nlinear_free(w);
    return status;
}

/* ---- what the rows tell ---- */

/* A combination of parameters that moves nothing, as a product of powers. */
static hf_status refuse(const hf_least *l, const double *power, hf_error *err)
{
    char text[400] = "";
    size_t used = 0;
    double largest = 0;
    for (size_t i = 0; i < l->moved->count; i++)
        largest = fmax(largest, fabs(power[i]));
    for (size_t i = 0; i < l->moved->count && used < sizeof text; i++)
        if (fabs(power[i]) > 0.01 * largest)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s^%.3g", used == 0 ? "" : " ", l->moved->name[i],
                                     power[i] / largest);
    return hf_fail(
        err, HF_EUSAGE,
        "the log does not tell the parameters apart: along %s the flow's loss does not change at its rows; fit fewer "
        "parameters, or more of the log",
        text);
}

typedef struct {
    gsl_matrix *u, *v;
    gsl_vector *s, *work;
    double *size; /* (parameters) of the columns */
} decomposition;

static bool allocate(decomposition *d, size_t n, size_t p)
{
    d->u = gsl_matrix_alloc(n, p);
    d->v = gsl_matrix_alloc(p, p);
    d->s = gsl_vector_alloc(p);
    d->work = gsl_vector_alloc(p);
    d->size = calloc(2 * p, sizeof *d->size);
    return d->u != NULL && d->v != NULL && d->s != NULL && d->work != NULL && d->size != NULL;
}

static void clear(decomposition *d)
{
    if (d->u != NULL)
        gsl_matrix_free(d->u);
    if (d->v != NULL)
        gsl_matrix_free(d->v);
    if (d->s != NULL)
        gsl_vector_free(d->s);
    if (d->work != NULL)
        gsl_vector_free(d->work);
    free(d->size);
}

/* J with columns of length 1 into u. Returns a column that is 0 beside the others; p: none. */
static size_t scale(const hf_least *l, decomposition *d)
{
    const size_t p = l->moved->count;
    const double nothing = 1e-12;
    double largest = 0;
    for (size_t k = 0; k < l->count; k++)
        for (size_t i = 0; i < p; i++)
            d->size[i] = hypot(d->size[i], l->jacobian[k * p + i]);
    for (size_t i = 0; i < p; i++)
        largest = fmax(largest, d->size[i]);
    for (size_t i = 0; i < p; i++)
        if (!(d->size[i] > nothing * largest))
            return i;
    for (size_t k = 0; k < l->count; k++)
        for (size_t i = 0; i < p; i++)
            gsl_matrix_set(d->u, k, i, l->jacobian[k * p + i] / d->size[i]);
    return p;
}

static hf_status invert(const hf_least *l, decomposition *d, double *inverse, hf_error *err)
{
    const size_t p = l->moved->count, empty = scale(l, d);
    const double told_apart = 1e-5; /* the derivatives have an error of their own */
    double *power = d->size + p;
    if (empty < p) {
        power[empty] = 1;
        return refuse(l, power, err);
    }
    gsl_linalg_SV_decomp(d->u, d->v, d->s, d->work);
    if (!(gsl_vector_get(d->s, p - 1) > told_apart * gsl_vector_get(d->s, 0))) {
        for (size_t i = 0; i < p; i++)
            power[i] = gsl_matrix_get(d->v, i, p - 1) / d->size[i];
        return refuse(l, power, err);
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < p; j++) {
            double sum = 0;
            for (size_t q = 0; q < p; q++) {
                const double s = gsl_vector_get(d->s, q);
                sum += gsl_matrix_get(d->v, i, q) * gsl_matrix_get(d->v, j, q) / (s * s);
            }
            inverse[i * p + j] = sum / (d->size[i] * d->size[j]);
        }
    return HF_OK;
}

hf_status hf_least_inverse(const hf_least *l, double *inverse, hf_error *err)
{
    decomposition d = {0};
    const hf_status status =
        allocate(&d, l->count, l->moved->count) ? invert(l, &d, inverse, err) : hf_fail_memory(err, "the fit");
    clear(&d);
    return status;
}
