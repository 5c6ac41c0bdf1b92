/* vectors: the regression task of Zucchet et al. (2025) for transformers: of T random inputs the last B are one vector, and its image is asked
 * for.
 *
 *     x_1 .. x_T ~ N(0, I/d),  the last B of them equal,  y = W x_T,  |W|_F^2 = d
 *
 * With probability p, x_T = e_1 (repetition across samples); never in held-out samples. As a task of sequences (token_task.h) the inputs stand at
 * places 1..T, and behind them is a place without an input, which is asked. Who answers 0 has the loss 1/2 on the mean. Its one level is
 * which inputs matter: the last B. */
#ifndef HF_TRAIN_VECTORS_H
#define HF_TRAIN_VECTORS_H

#include "core/error.h"
#include "train/token_task.h"

enum { HF_VECTORS_LENGTH = 4096, HF_VECTORS_DIM = 1024 }; /* the most */

typedef struct {
    size_t dim;        /* d */
    size_t length;     /* T */
    size_t copies;     /* B, 1..T */
    double repetition; /* p */
    size_t fixed;      /* number of fixed training samples: those behind them are held out */
    uint64_t seed;     /* of W and the samples */
} hf_vectors_params;

/* Errors: HF_ESYSTEM. Free with task->kind->free(task->self). */
hf_status hf_vectors_create(hf_token_task *task, const hf_vectors_params *params, hf_error *err);

#endif
