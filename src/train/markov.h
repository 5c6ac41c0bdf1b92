/* markov: a Markov chain of high order whose next token depends on spans of earlier ones, on some more than on others.
 *
 *     x_1..x_w uniform,   x_t ~ softmax( (1/tau) sum_k A_k sum_{i in span k} alpha_ki x_{t-i} )
 *
 * over d tokens (one-hot vectors x), w the largest lag (Yuksel et al. 2026, section 2). A_k is a d x d matrix times its
 * strength. Knowing k levels is to know the k strongest spans (of equal ones the nearer) and to leave out the others' part
 * of the logit. */
#ifndef HF_TRAIN_MARKOV_H
#define HF_TRAIN_MARKOV_H

#include "core/error.h"
#include "train/token_task.h"

enum { HF_MARKOV_VOCABULARY = 4096, HF_MARKOV_LENGTH = 4096 }; /* the largest that are possible */

typedef enum {
    HF_MARKOV_ORTHOGONAL, /* A_k = U V^T of the singular vectors of a matrix of normal numbers */
    HF_MARKOV_NORMAL,     /* normal numbers, scaled to the norm of an orthogonal matrix */
    HF_MARKOV_EXCLUSIVE   /* orthogonal ones, or those of the table, made orthogonal to each other, the first first; norms restored */
} hf_markov_matrices;

typedef struct {
    size_t vocabulary;      /* d */
    size_t generated;       /* tokens after the first w, all scored */
    size_t spans;           /* K */
    const size_t *lag;      /* (K) the nearest lag of each span, from 1 */
    const size_t *length;   /* (K) lags lag .. lag + length - 1 */
    const double *strength; /* (K) Frobenius norm of A_k over sqrt(d) */
    const double *weight;   /* alpha_ki, nearest first, one span after the other; NULL: 1 */
    double temperature;     /* tau */
    hf_markov_matrices matrices;
    const double *table; /* (K, d, d) A_k to be scaled to their strengths, rows: the next token; NULL: random ones */
    uint64_t seed;       /* of the matrices */
    uint64_t sequences;  /* seed of the sequences */
} hf_markov_params;

/* A task with everything copied. Errors: HF_ESYSTEM, HF_ENUMERIC (no singular vectors). Free with
 * task->kind->free(task->self). */
hf_status hf_markov_create(hf_token_task *task, const hf_markov_params *params, hf_error *err);

/* A_k of span k (from 0), times its strength; without the factor 1/tau. (d, d), rows: the next token. */
const double *hf_markov_matrix(const hf_token_task *task, size_t span);

/* Where span k (from 0) is, its weights, nearest first, and what an earlier token adds to the logits where its weight is 1. */
typedef struct {
    size_t lag, length;
    const double *weight; /* (length) */
    const double *effect; /* (d, stride) A_k^T / tau: row = the earlier token */
    size_t stride;
} hf_markov_reach;
hf_markov_reach hf_markov_reach_of(const hf_token_task *task, size_t span);

/* Which span is learned level number k (from 1): the k-th strongest. */
size_t hf_markov_span(const hf_token_task *task, size_t level);

/* w, the largest lag. */
size_t hf_markov_order(const hf_token_task *task);

#endif
