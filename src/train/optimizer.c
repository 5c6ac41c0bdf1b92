#include "train/optimizer.h"

#include <math.h>
#include <stdlib.h>

static size_t memories(hf_optimizer_kind kind)
{
    static const size_t count[] = {
        [HF_OPTIMIZER_SGD] = 0, [HF_OPTIMIZER_MOMENTUM] = 1, [HF_OPTIMIZER_ADAM] = 2, [HF_OPTIMIZER_ADAMW] = 2};
    return count[kind];
}

hf_status hf_optimizer_init(hf_optimizer *o, const hf_config *config, size_t count, hf_error *err)
{
    *o = (hf_optimizer){.kind = config->train.optimizer,
                        .lr = config->train.lr,
                        .momentum = config->train.momentum,
                        .beta1 = config->train.beta1,
                        .beta2 = config->train.beta2,
                        .epsilon = config->train.epsilon,
                        .weight_decay = config->train.optimizer == HF_OPTIMIZER_ADAMW ? config->train.weight_decay : 0,
                        .count = count,
                        .memory_count = memories(config->train.optimizer) * count};
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

static void step_adam(const hf_optimizer *o, size_t count, double rate, uint64_t n, const double *g, double *m, double *v,
                      double *x)
{
    const double mean = 1 / (1 - pow(o->beta1, (double)n)), square = 1 / (1 - pow(o->beta2, (double)n));
    for (size_t i = 0; i < count; i++) {
        m[i] = o->beta1 * m[i] + (1 - o->beta1) * g[i];
        v[i] = o->beta2 * v[i] + (1 - o->beta2) * g[i] * g[i];
        x[i] -= rate * o->weight_decay * x[i];
        x[i] -= rate * (m[i] * mean) / (sqrt(v[i] * square) + o->epsilon);
    }
}

void hf_optimizer_step(hf_optimizer *o, uint64_t n, const hf_group groups[HF_GROUPS], const double *gradient,
                       double *parameters)
{
    for (size_t group = 0; group < HF_GROUPS; group++) {
        const size_t at = groups[group].offset, count = groups[group].count;
        const double rate = o->lr * groups[group].rate, *g = gradient + at;
        double *x = parameters + at;
        switch (o->kind) {
        case HF_OPTIMIZER_SGD:
            step_sgd(count, rate, g, x);
            break;
        case HF_OPTIMIZER_MOMENTUM:
            step_momentum(count, rate, o->momentum, g, o->memory + at, x);
            break;
        case HF_OPTIMIZER_ADAM:
        case HF_OPTIMIZER_ADAMW:
            step_adam(o, count, rate, n, g, o->memory + at, o->memory + o->count + at, x);
            break;
        }
    }
}
