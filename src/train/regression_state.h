/* regression_state: what the regression transformer computes with (private to train/): regression.c makes it and turns sums
 * into gradients, regression_sums.c adds up over samples. */
#ifndef HF_TRAIN_REGRESSION_STATE_H
#define HF_TRAIN_REGRESSION_STATE_H

#include "train/kernels.h"
#include "train/projection.h"
#include "train/regression.h"

enum { HF_SHARES = 16 }; /* parts of a batch that can be computed at the same time, each with a gradient of its own */

/* What one part of a batch adds up. */
typedef struct {
    double loss;
    double *value;    /* (H, d, d) sum of e (X s_k)^T */
    double *gain;     /* (H, rows) sum of (V_k^T e) . x_i */
    double *products; /* (H, H) sum of w_k . w_l */
} hf_batch_share;

/* What one thread needs for a chunk of n samples. */
typedef struct {
    double *input;     /* (n, rows, d) */
    const double **at; /* (n) each sample's inputs: there, or among the stored ones */
    double *seen;      /* (max(H, J), n, d) X s_k or X p_j */
    double *error;     /* (n, d) e */
    double *back;      /* (H, n, d) w_k = V_k^T e */
    double *lanes;     /* (H, rows, HF_KERNEL_LANES) */
} hf_workspace;

struct hf_regression {
    const hf_regression_task *task;
    hf_regression_params params;
    size_t heads, patterns, dim, inputs;
    hf_tensor tensors[2]; /* values (H, d, d), logits (H, N) */

    double *attention; /* (H, N) s_ki */
    double *looked;    /* (H, N) c_i s_ki, in projected and weighted form times sqrt(omega_i) */
    double *wanted;    /* (J, N) p_ji, likewise */
    double *gain;      /* (H, N) g_ki */
    double *rest;      /* (H, N) */
    hf_projection projection;

    /* The samples' inputs as the kernels see them: all N, or the directions of the projection. */
    size_t rows, stride;
    const double *row_pattern, *row_attention; /* (J, stride), (H, stride) */

    size_t chunk;             /* samples */
    hf_workspace *workspaces; /* (threads) */
    hf_batch_share shares[HF_SHARES];
    double *memory;    /* of workspaces and shares */
    const double **at; /* (threads, chunk) */
    double *stored;    /* (samples + validation, N, d), or NULL */
    size_t *equal;     /* (H) scratch */
};

/* Inputs of one sample: (rows, d). */
void hf_regression_draw(const hf_regression *model, uint64_t step, uint32_t sample, double *x);

/* All losses of a batch at values (H, d, d), on as many threads as the model has, and, if back, the gradients: share 0 then
 * holds their sums. The attention and rows must have been set. What comes out does not depend on the threads. Returns the
 * sum of the losses. */
double hf_regression_sum(hf_regression *model, const double *values, const hf_batch *batch, bool back);

#endif
