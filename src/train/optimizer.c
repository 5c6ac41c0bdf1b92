#include "train/optimizer.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t memories; /* doubles it remembers for each parameter */
    bool is_plain;   /* steps follow the gradient */
} kinds[] = {[HF_OPTIMIZER_SGD] = {"SGD", 0, true},
             [HF_OPTIMIZER_MOMENTUM] = {"momentum", 1, true},
             [HF_OPTIMIZER_ADAM] = {"Adam", 2, false},
             [HF_OPTIMIZER_ADAMW] = {"AdamW", 2, false}};

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

static void step_sgd(size_t count, double rate, const double *g, double *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] -= rate * g[i];
}

static void step_momentum(size_t count, double rate, double mu, const double *g, double *v, double *x)
{
    for (size_t i = 0; i < count; i++) {
        v[i] = mu * v[i] + g[i];
        x[i] -= rate * v[i];
    }
}

/* decay: of weights, 0 for none. */
static void step_adam(const hf_optimizer_params *o, size_t count, double rate, double decay, uint64_t n, const double *g,
                      double *m, double *v, double *x)
{
    const double mean = 1 / (1 - pow(o->beta1, (double)n)), square = 1 / (1 - pow(o->beta2, (double)n));
    for (size_t i = 0; i < count; i++) {
        m[i] = o->beta1 * m[i] + (1 - o->beta1) * g[i];
        v[i] = o->beta2 * v[i] + (1 - o->beta2) * g[i] * g[i];
        x[i] -= rate * decay * x[i];
        x[i] -= rate * (m[i] * mean) / (sqrt(v[i] * square) + o->epsilon);
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

void hf_optimizer_step(hf_optimizer *o, uint64_t n, hf_tensors tensors, double *gradient, double *parameters)
{
    const hf_optimizer_params *params = &o->params;
    const double lr = params->lr * hf_schedule_factor(&o->schedule, n);
    if (params->clip > 0)
        clip(params->clip, o->count, gradient);
    for (size_t i = 0; i < tensors.count; i++) {
        const hf_tensor *tensor = &tensors.at[i];
        const size_t at = tensor->offset, count = tensor->count;
        const double rate = lr * tensor->rate, *g = gradient + at;
        double *x = parameters + at;
        switch (params->kind) {
        case HF_OPTIMIZER_SGD:
            step_sgd(count, rate, g, x);
            break;
        case HF_OPTIMIZER_MOMENTUM:
            step_momentum(count, rate, params->momentum, g, o->memory + at, x);
            break;
        case HF_OPTIMIZER_ADAM:
        case HF_OPTIMIZER_ADAMW:
            step_adam(params, count, rate, tensor->decays ? params->weight_decay : 0, n, g, o->memory + at,
                      o->memory + o->count + at, x);
            break;
        }
    }
}
