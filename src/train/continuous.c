#include "train/continuous.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_odeiv2.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RTOL 1e-7

/* A state is parameters, then what the optimizer remembers: m where it has one, and v. */
struct hf_continuous {
    hf_optimizer *optimizer;
    hf_model model;
    hf_tensors tensors;
    size_t count, size; /* of parameters, and of a state */
    bool has_mean;      /* m */
    double *state;      /* (size) owned, with the next three */
    double *tried;      /* (size) after a step */
    double *error;      /* (size) of it */
    double *gradient;   /* (count) */
    gsl_odeiv2_step *step;
};

bool hf_continuous_exists(const hf_optimizer_params *params)
{
    return !hf_optimizer_is_plain(params->kind) && params->schedule.kind == HF_SCHEDULE_CONSTANT &&
           params->schedule.warmup == 0 && params->clip == 0;
}

/* ---- the equations ---- */

/* A number's time of forgetting; 0 for beta = 0, which remembers nothing. */
static double forgetting(double beta)
{
    return beta > 0 ? -1 / log(beta) : 0;
}

/* What a running mean has been divided by: 1 - beta^t. */
static double filled(const hf_continuous *c, double beta, double t)
{
    return c->has_mean ? -expm1(t * log(beta)) : 1; /* expm1(-inf) of beta = 0 is -1 */
}

typedef struct {
    double tau1, tau2, mean, square; /* 1 / c_1, 1 / c_2 */
} memory_rates;

/* One tensor's part of the velocity. x, f: of a state, (size). */
static void tensor_velocity(const hf_continuous *c, const hf_tensor *tensor, const memory_rates *rates, const double *x,
                            double *f)
{
    const hf_optimizer_params *o = &c->optimizer->params;
    const double eta = o->lr * tensor->rate, lost = tensor->decays ? eta * o->weight_decay : 0;
    const size_t v = c->has_mean ? 2 * c->count : c->count;
    for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
        const double g = c->gradient[i], w = c->optimizer->scale == NULL ? 1 : c->optimizer->scale[i];
        const double m = c->has_mean && rates->tau1 > 0 ? x[c->count + i] : g;
        const double root = sqrt(fmax(x[v + i], 0) * rates->square) + w * o->epsilon;
        f[i] = -w * eta * m * rates->mean / root - lost * x[i];
        f[v + i] = (g * g - x[v + i]) / rates->tau2;
        if (c->has_mean)
            f[c->count + i] = rates->tau1 > 0 ? (g - m) / rates->tau1 : 0;
    }
}

static int velocity(double t, const double x[], double f[], void *self)
{
    hf_continuous *c = self;
    const hf_optimizer_params *o = &c->optimizer->params;
    const memory_rates rates = {.tau1 = forgetting(o->beta1),
                                .tau2 = fmax(forgetting(o->beta2), 1e-3), /* of beta2 = 0: the last gradient alone */
                                .mean = 1 / filled(c, o->beta1, t),
                                .square = 1 / filled(c, o->beta2, t)};
    c->model.kind->gradient(c->model.self, x, &(hf_batch){0}, c->gradient);
    for (size_t i = 0; i < c->tensors.count; i++)
        tensor_velocity(c, &c->tensors.at[i], &rates, x, f);
    return GSL_SUCCESS;
}

/* ---- errors ---- */

static double mean_square(size_t count, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return count == 0 ? 0 : sum / (double)count;
}

/* The sum of the squares of errors in units of what is allowed, of one tensor. */
static double tensor_error(const hf_continuous *c, const hf_tensor *tensor, const double *x, const double *error)
{
    const size_t v = c->has_mean ? 2 * c->count : c->count;
    const double size = sqrt(mean_square(tensor->count, x + tensor->offset)) + c->optimizer->params.lr * tensor->rate;
    double sum = 0;
    for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
        const double square = fmax(x[v + i], 0);
        const double of_x = error[i] / (RTOL * size);
        const double of_v = error[v + i] == 0 ? 0 : error[v + i] / (RTOL * square);
        const double of_m = !c->has_mean || error[c->count + i] == 0 ? 0 : error[c->count + i] / (RTOL * sqrt(square));
        sum += of_x * of_x + fmin(of_v * of_v, 1e30) + fmin(of_m * of_m, 1e30);
    }
    return sum;
}

/* The error of a step to the state x, in units of what is allowed. */
static double error_of(const hf_continuous *c, const double *x, const double *error)
{
    double sum = 0;
    for (size_t i = 0; i < c->tensors.count; i++)
        sum += tensor_error(c, &c->tensors.at[i], x, error);
    return sqrt(sum / (double)c->size);
}

/* ---- steps ---- */

hf_status hf_continuous_advance(hf_continuous *c, uint64_t step, double *parameters, hf_error *err)
{
    const gsl_odeiv2_system system = {velocity, NULL, c->size, c};
    const double from = (double)step, least = 1e-4, growth = 5, safety = 0.9;
    double done = 0, h = 1; /* of the interval */
    memcpy(c->state, parameters, c->count * sizeof *parameters);
    memcpy(c->state + c->count, c->optimizer->memory, c->optimizer->memory_count * sizeof *c->state);
    while (done < 1) {
        memcpy(c->tried, c->state, c->size * sizeof *c->state);
        gsl_odeiv2_step_reset(c->step);
        const int result = gsl_odeiv2_step_apply(c->step, from + done, h, c->tried, c->error, NULL, NULL, &system);
        const double error = result == GSL_SUCCESS ? error_of(c, c->tried, c->error) : NAN;
        const double factor = isfinite(error) ? safety * pow(fmax(error, 1e-10), -0.2) : 0;
        if (!(error <= 1)) {
            h *= fmax(factor, 1 / growth);
            if (h < least)
                return hf_fail(err, HF_ENUMERIC,
                               "the flow of %s cannot be followed beyond step %" PRIu64 ": it is not finite, or far faster "
                               "than its steps; end there (train.steps), or lower train.lr = %g",
                               hf_optimizer_name(c->optimizer->params.kind), step, c->optimizer->params.lr);
            continue;
        }
        memcpy(c->state, c->tried, c->size * sizeof *c->state);
        done += h;
        h = fmin(h * fmin(fmax(factor, 1 / growth), growth), 1 - done);
    }
    memcpy(parameters, c->state, c->count * sizeof *parameters);
    memcpy(c->optimizer->memory, c->state + c->count, c->optimizer->memory_count * sizeof *c->state);
    return HF_OK;
}

/* ---- life ---- */

hf_status hf_continuous_create(hf_continuous **flow, hf_optimizer *optimizer, hf_model model, hf_error *err)
{
    hf_continuous *c = calloc(1, sizeof *c);
    if (c == NULL)
        return hf_fail_memory(err, "the optimizer's flow");
    c->optimizer = optimizer;
    c->model = model;
    c->tensors = model.kind->tensors(model.self);
    c->count = optimizer->count;
    c->size = c->count + optimizer->memory_count;
    c->has_mean = optimizer->memory_count == 2 * c->count;
    c->state = malloc((3 * c->size + c->count) * sizeof *c->state);
    c->step = gsl_odeiv2_step_alloc(gsl_odeiv2_step_rkf45, c->size);
    if (c->state == NULL || c->step == NULL) {
        hf_continuous_free(c);
        return hf_fail_memory(err, "the optimizer's flow");
    }
    c->tried = c->state + c->size;
    c->error = c->tried + c->size;
    c->gradient = c->error + c->size;
    *flow = c;
    return HF_OK;
}

void hf_continuous_free(hf_continuous *c)
{
    if (c == NULL)
        return;
    if (c->step != NULL)
        gsl_odeiv2_step_free(c->step);
    free(c->state);
    free(c);
}
