/* model: a transformer that can be trained, as one table of functions.
 *
 * The trainer, the optimizers, checkpoints and tables know a model only through this table; parameters are one array in
 * groups. */
#ifndef HF_TRAIN_MODEL_H
#define HF_TRAIN_MODEL_H

#include "config/config.h"
#include "flow/observe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parameters offset..offset + count - 1 of one kind. */
typedef struct {
    const char *name; /* of one of them, as in "value" */
    size_t offset, count;
    double rate; /* multiplier of the learning rate */
} hf_group;

enum { HF_GROUPS = 2 };

/* What the tables show of a model: the flow's description of it. */
typedef struct {
    const hf_problem *problem;
    hf_flow *flow;              /* at the state observed */
    double *y;                  /* (size of the flow's state) that state */
    hf_observation observation; /* loss: exact, over the population, without the label noise */
} hf_view;

typedef struct {
    const char *name;

    /* A model of the configuration's task for one seed, computing on so many threads. Errors: HF_EUSAGE, HF_ESYSTEM. */
    hf_status (*create)(void **model, const hf_config *config, uint64_t seed, size_t threads, hf_error *err);
    void (*free)(void *model);

    size_t (*parameters)(const void *model, hf_group groups[HF_GROUPS]); /* returns their number in all */
    void (*initialize)(const void *model, double *parameters);

    /* Forward and backward: the gradient at parameters from the samples of one step, and their mean loss (with label
     * noise); nan where no samples are drawn. Depends on (parameters, step) alone. */
    void (*gradient)(void *model, const double *parameters, uint64_t step, double *gradient, double *loss);

    /* Mean loss over the fixed training samples, or the held-out ones; nan if there are none. */
    double (*sample_loss)(void *model, const double *parameters, bool held_out);

    /* The view at parameters; it belongs to the model. False if something is not finite. */
    bool (*observe)(void *model, const double *parameters);
    hf_view *(*view)(void *model);

    /* Largest curvature of the loss at parameters, 1/flow time; nan: unknown. */
    double (*sharpness)(void *model, const double *parameters);
} hf_model;

extern const hf_model hf_model_regression;

#endif
