#include "train/optimizer.h"

#include "core/simd.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t memories; /* doubles it remembers for each parameter */
    bool is_plain;   /* steps follow the gradient */
} kinds[] = {[HF_OPTIMIZER_SGD] = {"SGD", 0, true},
             [HF_OPTIMIZER_MOMENTUM] = {"momentum", 1, true},
             [HF_OPTIMIZER_ADAM] = {"Adam", 2, false},
             [HF_OPTIMIZER_ADAMW] = {"AdamW", 2, false},
             [HF_OPTIMIZER_RMSPROP] = {"RMSProp", 1, false}};

const char *hf_optimizer_name(hf_optimizer_kind kind)
{
    return kinds[kind].name;
}

bool hf_optimizer_is_plain(hf_optimizer_kind kind)
{
    return kinds[kind].is_plain;
}

hf_status hf_optimizer_init(hf_optimizer *o, const hf_optimizer_params *params, size_t count, hf_error *err)
{
    *o = (hf_optimizer){.params = *params,
                        .schedule = hf_schedule_start(&params->schedule),
                        .count = count,
                        .memory_count = kinds[params->kind].memories * count};
    o->memory = calloc(o->memory_count + 1, sizeof *o->memory);
    return o->memory != NULL ? HF_OK : hf_fail_memory(err, "the optimizer");
}

void hf_optimizer_clear(hf_optimizer *o)
{
    free(o->memory);
    *o = (hf_optimizer){0};
}

/* The result of an operation on numbers of single precision, in single precision: rounded from a double it is right to the
 * last bit, as 53 bits are more than twice 24 and two. In double precision, x itself. */
HF_INLINE double fit(bool single, double x)
{
    return single ? (double)(float)x : x;
}

HF_INLINE void step_sgd(bool single, size_t count, double rate, const double *g, double *x)
{
    const double r = fit(single, rate);
    for (size_t i = 0; i < count; i++)
        x[i] = fit(single, x[i] - fit(single, r * g[i]));
}

HF_INLINE void step_momentum(bool single, size_t count, double rate, double momentum, const double *g, double *v, double *x)
{
    const double r = fit(single, rate), mu = fit(single, momentum);
    for (size_t i = 0; i < count; i++) {
        v[i] = fit(single, fit(single, mu * v[i]) + g[i]);
        x[i] = fit(single, x[i] - fit(single, r * v[i]));
    }
}

/* decay: of weights, 0 for none. scale: (count) or NULL. */
HF_INLINE void step_adam(bool single, const hf_optimizer_params *o, size_t count, double rate, double decay, uint64_t n,
                         const double *scale, const double *g, double *m, double *v, double *x)
{
    const double beta1 = fit(single, o->beta1), beta2 = fit(single, o->beta2), epsilon = fit(single, o->epsilon);
    const double new1 = fit(single, 1 - o->beta1), new2 = fit(single, 1 - o->beta2), r = fit(single, rate);
    const double mean = fit(single, 1 / (1 - pow(o->beta1, (double)n))), lost = fit(single, rate * decay);
    const double square = fit(single, 1 / (1 - pow(o->beta2, (double)n)));
    for (size_t i = 0; i < count; i++) {
        m[i] = fit(single, fit(single, beta1 * m[i]) + fit(single, new1 * g[i]));
        v[i] = fit(single, fit(single, beta2 * v[i]) + fit(single, fit(single, new2 * g[i]) * g[i]));
        x[i] = fit(single, x[i] - fit(single, lost * x[i]));
        const double w = scale == NULL ? 1 : scale[i];
        const double root = fit(single, fit(single, sqrt(fit(single, v[i] * square))) + w * epsilon);
        x[i] = fit(single, x[i] - fit(single, fit(single, w * r * fit(single, m[i] * mean)) / root));
    }
}

HF_INLINE void step_rmsprop(bool single, const hf_optimizer_params *o, size_t count, double rate, const double *scale,
                            const double *g, double *v, double *x)
{
    const double beta = fit(single, o->beta2), epsilon = fit(single, o->epsilon), new = fit(single, 1 - o->beta2);
    const double r = fit(single, rate);
    for (size_t i = 0; i < count; i++) {
        const double w = scale == NULL ? 1 : scale[i];
        v[i] = fit(single, fit(single, beta * v[i]) + fit(single, fit(single, new *g[i]) * g[i]));
        const double root = fit(single, fit(single, sqrt(v[i])) + w * epsilon);
        x[i] = fit(single, x[i] - fit(single, fit(single, w * r * g[i]) / root));
    }
}

/* Scales x down to the norm most. */
static void clip(double most, size_t count, double *x)
{
    double square = 0;
    for (size_t i = 0; i < count; i++)
        square += x[i] * x[i];
    const double norm = sqrt(square);
    for (size_t i = 0; i < count && norm > most; i++)
        x[i] *= most / norm;
}

HF_INLINE void step_tensor(bool single, hf_optimizer *o, uint64_t n, double lr, const hf_tensor *tensor,
                           const double *gradient, double *parameters)
{
    const hf_optimizer_params *params = &o->params;
    const size_t at = tensor->offset, count = tensor->count;
    const double rate = lr * tensor->rate, *g = gradient + at, *scale = o->scale == NULL ? NULL : o->scale + at;
    double *x = parameters + at;
    switch (params->kind) {
    case HF_OPTIMIZER_SGD:
        step_sgd(single, count, rate, g, x);
        break;
    case HF_OPTIMIZER_MOMENTUM:
        step_momentum(single, count, rate, params->momentum, g, o->memory + at, x);
        break;
    case HF_OPTIMIZER_ADAM:
    case HF_OPTIMIZER_ADAMW:
        step_adam(single, params, count, rate, tensor->decays ? params->weight_decay : 0, n, scale, g, o->memory + at,
                  o->memory + o->count + at, x);
        break;
    case HF_OPTIMIZER_RMSPROP:
        step_rmsprop(single, params, count, rate, scale, g, o->memory + at, x);
        break;
    }
}

void hf_optimizer_step(hf_optimizer *o, uint64_t n, hf_tensors tensors, double *gradient, double *parameters)
{
    const hf_optimizer_params *params = &o->params;
    const double lr = params->lr * hf_schedule_factor(&o->schedule, n);
    if (params->clip > 0)
        clip(params->clip, o->count, gradient);
    if (params->single)
        hf_optimizer_round(o->count, gradient);
    for (size_t i = 0; i < tensors.count; i++) {
        if (params->single)
            step_tensor(true, o, n, lr, &tensors.at[i], gradient, parameters);
        else
            step_tensor(false, o, n, lr, &tensors.at[i], gradient, parameters);
    }
}

void hf_optimizer_round(size_t count, double *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (double)(float)x[i];
}
