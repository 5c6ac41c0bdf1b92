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
    void *value;      /* (H, d, d) sum of e (X s_k)^T, in the precision of the pass */
    double *gain;     /* (H, rows) sum of (V_k^T e) . x_i */
    double *products; /* (H, H) sum of w_k . w_l */
} hf_batch_share;

/* What one thread works on. */
typedef struct {
    void *numbers;
    const void **at; /* (chunk) */
} hf_workspace;

/* The way through samples, forward and backward, in one precision. */
typedef struct {
    size_t size;                                /* of a number */
    size_t (*operands)(const hf_regression *m); /* numbers that a step multiplies with */
    size_t (*work)(const hf_regression *m);     /* numbers that one thread needs */

    /* Takes over values (H, d, d), attention and patterns. */
    void (*prepare)(hf_regression *m, const double *values);

    /* Inputs of one sample: (rows, d). */
    void (*draw)(const hf_regression *m, uint64_t step, uint32_t sample, void *inputs);

    /* Adds the chunks from..to - 1 of a batch to a share's loss and products; value and gain become what they add up to. */
    void (*add_chunks)(const hf_regression *m, const hf_batch *batch, size_t from, size_t to, bool back,
                       const hf_workspace *work, hf_batch_share *share);

    /* gradient (H, d, d) += a share's value. */
    void (*add_value)(const hf_regression *m, const hf_batch_share *share, double *gradient);
} hf_regression_pass;

extern const hf_regression_pass hf_regression_pass_double, hf_regression_pass_single;

struct hf_regression {
    const hf_regression_task *task;
    hf_regression_params params;
    const hf_regression_pass *pass;
    size_t heads, patterns, dim, inputs;
    hf_tensor tensors[2]; /* values (H, d, d), logits (H, N) */

    double *attention; /* (H, N) s_ki */
    double *looked;    /* (H, N) c_i s_ki, in projected and weighted form times sqrt(omega_i) */
    double *wanted;    /* (J, N) p_ji, likewise */
    double *gain;      /* (H, N) g_ki */
    double *rest;      /* (H, N) */
    hf_projection projection;

    /* The samples' inputs as the kernels see them: all N, or the directions of the projection; at most most_rows. */
    size_t rows, stride, most_rows;
    const double *row_pattern, *row_attention; /* (J, stride), (H, stride) */

    size_t chunk;             /* samples */
    hf_workspace *workspaces; /* (threads) */
    hf_batch_share shares[HF_SHARES];
    double *memory;  /* of the shares' gains and products */
    void *numbers;   /* of operands, workspaces and the shares' values */
    void *operands;  /* in numbers */
    const void **at; /* (threads, chunk) */
    void *stored;    /* (samples + validation, N, d), or NULL */
    size_t *equal;   /* (H) scratch */
};

/* All losses of a batch at values (H, d, d), on as many threads as the model has, and, unless gradient is NULL, the gradients: those of the
 * values in gradient (H, d, d), gains and products in share 0. The attention and rows must have been set. What comes out does not
 * depend on the threads. Returns the sum of the losses. */
double hf_regression_sum(hf_regression *model, const double *values, const hf_batch *batch, double *gradient);

#endif
