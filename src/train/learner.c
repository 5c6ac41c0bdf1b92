#include "train/learner.h"

#include <math.h>
#include <stdlib.h>

void hf_learner_clear(hf_learner *l)
{
    if (l->probe.kind != NULL)
        l->probe.kind->free(l->probe.self);
    if (l->model.kind != NULL)
        l->model.kind->free(l->model.self);
    if (l->free_task != NULL)
        l->free_task(l->task);
    hf_sampler_clear(&l->sampler);
    free(l->scale);
    *l = (hf_learner){0};
}

double hf_learner_gradient(hf_learner *l, const double *parameters, uint64_t step, double *gradient)
{
    const hf_batch batch = hf_sampler_draw(&l->sampler, step);
    return l->model.kind->gradient(l->model.self, parameters, &batch, gradient);
}

double hf_learner_loss(hf_learner *l, const double *parameters, bool held_out)
{
    const hf_batch batch = hf_sampler_all(&l->sampler, held_out);
    return batch.count > 0 ? l->model.kind->loss(l->model.self, parameters, &batch) : NAN;
}
