/* model: what can be trained, as a table of functions: forward and backward over named tensors.
 *
 * A model knows its task, from which it draws the samples of a batch, but no configuration and no flow. Trainer, optimizers
 * and checkpoints know it through this table alone. */
#ifndef HF_TRAIN_MODEL_H
#define HF_TRAIN_MODEL_H

#include "train/sampler.h"
#include "train/tensor.h"

typedef struct {
    const char *name;
    void (*free)(void *self); /* NULL is legal */

    hf_tensors (*tensors)(const void *self);
    void (*initialize)(const void *self, double *parameters); /* (all tensors) */

    /* Forward and backward: the gradient at parameters of the batch's mean loss, with label noise, which is returned; nan
     * for the exact gradient of the population. Depends on (parameters, batch) alone. */
    double (*gradient)(void *self, const double *parameters, const hf_batch *batch, double *gradient);

    /* The mean loss of a batch, forward only; nan without samples. */
    double (*loss)(void *self, const double *parameters, const hf_batch *batch);

    /* Of a model of tokens, else NULL: forward, without dropout, for the sequences of a batch from number first on. logits:
     * (count, scored, vocabulary) or NULL; attention of the scored queries: (count, blocks, heads, scored, places) or NULL. */
    void (*forward)(void *self, const double *parameters, const hf_batch *batch, size_t first, size_t count, double *logits,
                    double *attention);

    /* How many layers of attention it has, one after the other; NULL: one. */
    size_t (*blocks)(const void *self);
} hf_model_kind;

typedef struct {
    const hf_model_kind *kind;
    void *self; /* owned by whoever holds the model */
} hf_model;

static inline size_t hf_model_blocks(hf_model model)
{
    return model.kind->blocks == NULL ? 1 : model.kind->blocks(model.self);
}

#endif
