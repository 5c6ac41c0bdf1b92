#include "estimate/seeds.h"

#include "train/optimizer.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct {
    hf_learner learner;
    hf_optimizer optimizer;
    hf_tensors tensors;
    double *parameters, *gradient; /* one block */
} training;

static void clear(training *t)
{
    hf_optimizer_clear(&t->optimizer);
    hf_learner_clear(&t->learner);
    free(t->parameters);
}

static hf_status create(training *t, const hf_learner_params *params, uint64_t seed, hf_error *err)
{
    hf_status status = hf_learner_create(&t->learner, params, seed, 1, err);
    if (status != HF_OK)
        return status;
    t->tensors = t->learner.model.kind->tensors(t->learner.model.self);
    const size_t size = hf_tensors_size(t->tensors);
    const hf_optimizer_params optimizer = hf_learner_optimizer(&params->train);
    t->parameters = malloc(2 * size * sizeof *t->parameters);
    if (t->parameters == NULL)
        return hf_fail_memory(err, "the training");
    t->gradient = t->parameters + size;
    hf_learner_start(&t->learner, params, t->parameters);
    return hf_optimizer_init(&t->optimizer, &optimizer, size, err);
}

static hf_status look(training *t, uint64_t seed, double *loss, hf_error *err)
{
    const hf_probe *probe = &t->learner.probe;
    if (!probe->kind->look(probe->self, t->parameters))
        return hf_fail(err, HF_ENUMERIC, "the training with seed %" PRIu64 " is not finite at the fitted parameters", seed);
    *loss = probe->kind->view(probe->self)->observation.loss;
    return HF_OK;
}

/* One step after the other, up to the last one that is asked for. */
static hf_status follow(training *t, uint64_t seed, size_t count, const double *step, double *loss,
                        const volatile sig_atomic_t *interrupted, bool *stopped, hf_error *err)
{
    double before = 0, now;
    uint64_t n = 0;
    hf_status status = look(t, seed, &now, err);
    for (size_t k = 0; k < count && status == HF_OK; k++) {
        for (; (double)n < step[k] && status == HF_OK; n++) {
            if (interrupted != NULL && *interrupted != 0) {
                *stopped = true;
                return HF_OK;
            }
            before = now;
            hf_learner_gradient(&t->learner, t->parameters, n, t->gradient);
            hf_optimizer_step(&t->optimizer, n + 1, t->tensors, t->gradient, t->parameters);
            if ((double)(n + 2) >= step[k]) /* only these two are needed */
                status = look(t, seed, &now, err);
        }
        loss[k] = n == 0 ? now : now + ((double)n - step[k]) * (before - now);
    }
    return status;
}

hf_status hf_seed_losses(const hf_learner_params *params, uint64_t seed, size_t count, const double *step, double *loss,
                         const volatile sig_atomic_t *interrupted, bool *stopped, hf_error *err)
{
    training t = {0};
    *stopped = false;
    hf_status status = create(&t, params, seed, err);
    if (status == HF_OK)
        status = follow(&t, seed, count, step, loss, interrupted, stopped, err);
    clear(&t);
    return status;
}
