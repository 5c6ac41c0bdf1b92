/* minimal: attention and nothing else, on tokens and positions as one-hot vectors (Yuksel et al. 2026, section 2).
 *
 * The input at place t is x_t = (e_token, e_t) of D = vocabulary + places coordinates. Head h has D x D matrices Q_h and V_h,
 *
 *     l_htj = x_t^T Q_h x_j / sqrt(D),   a_htj = softmax over j <= t,   z_t = sum_h sum_j a_htj V_h x_j
 *
 * (with a window of W lags over t - W < j <= t)
 *
 * and the first `vocabulary` coordinates of z_t are the logits of token t + 1. One-hot vectors make products look-ups: keys
 * come first in memory, query (H, D, D) is [head][key][query] and value (H, D, D) [head][key][output], so that what key j
 * gives is the sum of row token_j and row vocabulary + j. Value rows beyond the vocabulary have no effect, nor have queries
 * of places that predict nothing that counts. */
#ifndef HF_TRAIN_MINIMAL_H
#define HF_TRAIN_MINIMAL_H

#include "core/error.h"
#include "train/model.h"
#include "train/token_task.h"

typedef struct {
    size_t heads, threads;
    size_t window;                   /* a query sees so many places, its own the last of them; 0: all up to there */
    bool single;                     /* forward and backward in single precision */
    double query_scale, value_scale; /* parameters start uniform in (-scale, scale); < 0: sqrt(6/2D), Xavier's bound */
    uint64_t seed;                   /* of the initial parameters */
    size_t stored;                   /* fixed and held-out sequences, drawn once */
} hf_minimal_params;

extern const hf_model_kind hf_model_minimal;

typedef struct hf_minimal hf_minimal; /* its self */

/* A model that learns task, which must outlive it. Errors: HF_ESYSTEM. Free with model->kind->free(model->self). */
hf_status hf_minimal_create(hf_model *model, const hf_token_task *task, const hf_minimal_params *params, hf_error *err);

/* D. */
size_t hf_minimal_width(const hf_token_task *task);

#endif
