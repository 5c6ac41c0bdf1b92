/* tensor: the parameters of a model by name. They are one array, which optimizers, checkpoints and gradients see as a list of
 * tensors, one after the other. */
#ifndef HF_TRAIN_TENSOR_H
#define HF_TRAIN_TENSOR_H

#include <stdbool.h>
#include <stddef.h>

enum { HF_TENSOR_RANK = 4 };

typedef struct {
    const char *name;     /* of one of its numbers, as in "value" */
    size_t offset, count; /* parameters offset .. offset + count - 1 */
    size_t rank, shape[HF_TENSOR_RANK];
    double rate; /* multiplier of the learning rate */
    bool decays; /* the weight decay of AdamW acts on it */
} hf_tensor;

typedef struct {
    size_t count;
    const hf_tensor *at; /* (count) in order of offset, without gaps; the model's */
} hf_tensors;

/* The number of all parameters. */
static inline size_t hf_tensors_size(hf_tensors tensors)
{
    return tensors.count == 0 ? 0 : tensors.at[tensors.count - 1].offset + tensors.at[tensors.count - 1].count;
}

#endif
