/* learner: all that training one seed needs: a task, the model that learns it, which samples it sees, and a probe. */
#ifndef HF_TRAIN_LEARNER_H
#define HF_TRAIN_LEARNER_H

#include "train/model.h"
#include "train/probe.h"
#include "train/sampler.h"

typedef struct {
    void *task; /* what model and probe refer to; owned */
    void (*free_task)(void *task);
    hf_model model;
    hf_probe probe;
    hf_sampler sampler;
    double *scale; /* (parameters) sqrt of how many each stands for (optimizer.h); NULL: one each; owned */
} hf_learner;

/* Legal on a zeroed or half-made learner. */
void hf_learner_clear(hf_learner *learner);

/* The gradient of a step, counted from 0, and the mean loss of its samples; nan: none are drawn. */
double hf_learner_gradient(hf_learner *learner, const double *parameters, uint64_t step, double *gradient);

/* Mean loss over the fixed training samples, or the held-out ones; nan if there are none. */
double hf_learner_loss(hf_learner *learner, const double *parameters, bool held_out);

#endif
