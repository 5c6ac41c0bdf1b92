/* projection: the few directions of a Gaussian input that a step sees.
 *
 * A sample enters the loss only through X p_j and X s_k. For X with independent standard normal entries and an orthonormal
 * basis Q (N, q) of span{p_j, s_k}, Z = X Q has independent standard normal entries, X p_j and X s_k are combinations of
 * the columns of Z, and X (1 - Q Q^T) is independent of all that. So a step draws q <= J + H columns instead of N; what the
 * rest of X adds to the sum of g_k = X^T w_k over the batch is, given every w_k = V_k^T e, normal with covariance
 * (sum_b w_bk . w_bl) (1 - Q Q^T): one more draw of N numbers for each head. Exact in law (not a sample of the same inputs). */
#ifndef HF_TRAIN_PROJECTION_H
#define HF_TRAIN_PROJECTION_H

#include "core/error.h"

#include <stddef.h>

typedef struct {
    size_t inputs, patterns, heads; /* N, J, H */
    size_t count;                   /* q */
    size_t fixed;                   /* of them, those of the patterns */
    double *basis;                  /* (J + H, N) rows: orthonormal directions */
    double *pattern;                /* (J, J + H) coordinates of p_j */
    double *attention;              /* (H, J + H) coordinates of s_k; equal heads have equal ones */
} hf_projection;

/* pattern: (J, N). Errors: HF_ESYSTEM. Free with hf_projection_clear. */
hf_status hf_projection_init(hf_projection *projection, size_t inputs, size_t patterns, size_t heads, const double *pattern,
                             hf_error *err);

/* Legal on a zeroed projection. */
void hf_projection_clear(hf_projection *projection);

/* Takes the attention (H, N) of one step. */
void hf_projection_set(hf_projection *projection, const double *attention);

/* rest (N) -= Q Q^T rest. */
void hf_projection_remove(const hf_projection *projection, double *rest);

/* sum (N) = Q coordinate. */
void hf_projection_expand(const hf_projection *projection, const double *coordinate, double *sum);

#endif
