/* layers: the parts of a transformer, each with its derivative beside it.
 *
 * Rows are one place of one sequence: x (n, C) has n rows of C numbers. A backward function gets the gradient dy of what came
 * out and adds to those of parameters; gradients dx of what went in are written, not added, unless said otherwise. Products
 * are BLAS's (one thread: parallelism is over parts of a batch). */
#ifndef HF_TRAIN_LAYERS_LAYERS_H
#define HF_TRAIN_LAYERS_LAYERS_H

#include "train/token_task.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- linear.c: y = x W^T + b ---- */

/* x: (n, in), w: (out, in), b: (out) or NULL, y: (n, out). */
void hf_linear_forward(size_t n, size_t in, size_t out, const double *x, const double *w, const double *b, double *y);

/* dx: (n, in), added to if add, or NULL; dw, db (NULL where there is no b): added to. */
void hf_linear_backward(size_t n, size_t in, size_t out, const double *x, const double *w, const double *dy, bool add,
                        double *dx, double *dw, double *db);

/* ---- embedding.c: x = token's row + place's row ---- */

/* tokens: (n); row r stands at place r % places. token: (vocabulary, C); place: (places, C) or NULL. x: (n, C). */
void hf_embedding_forward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *token,
                          const double *place, double *x);

/* dtoken, dplace: added to; NULL: is not learned. */
void hf_embedding_backward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *dx, double *dtoken,
                           double *dplace);

/* The same of vectors: x = E^T v + place's row. v: (n, d); input: (d, C) E. */
void hf_embedding_vectors(size_t n, size_t places, size_t d, size_t C, const double *v, const double *input,
                          const double *place, double *x);
void hf_embedding_vectors_back(size_t n, size_t places, size_t d, size_t C, const double *v, const double *dx,
                               double *dinput, double *dplace);

/* Sinusoids (Vaswani et al. 2017): sin(t / 10000^(2i/C)), cos(...) in columns 2i, 2i + 1. place: (places, C). */
void hf_embedding_sinusoids(size_t places, size_t C, double *place);

/* ---- norm.c: u = (x - mean) / sqrt(variance + eps), y = u gain + shift, row by row ---- */

/* u: (n, C), may be x; spread: (n) 1 / sqrt(variance + eps); both are kept for the derivative. gain, shift: (C), or NULL: y
 * is u. y: (n, C). */
void hf_norm_forward(size_t n, size_t C, double eps, const double *x, const double *gain, const double *shift, double *u,
                     double *spread, double *y);

/* dx: (n, C), may be dy. dgain, dshift: added to, NULL with gain. */
void hf_norm_backward(size_t n, size_t C, const double *u, const double *spread, const double *gain, const double *dy,
                      double *dx, double *dgain, double *dshift);

/* ---- activation.c: max(0, x); dropout ---- */

void hf_relu_forward(size_t count, double *x);

/* dy becomes dx; y: what came out. */
void hf_relu_backward(size_t count, const double *y, double *dy);

/* Multiplies x by 0 with probability rate and by 1/(1 - rate) otherwise; a function of (seed, place, step, sample) alone.
 * place: which of a model's dropouts. */
typedef struct {
    uint64_t seed, step;
    double rate; /* 0: none */
} hf_dropout;
void hf_dropout_apply(const hf_dropout *dropout, unsigned place, uint32_t sample, size_t count, double *x);

/* The same for n samples, each with a row of x (n, width). */
void hf_dropout_rows(const hf_dropout *dropout, unsigned place, size_t n, const uint32_t *samples, size_t width, double *x);

/* From the gradient of y (count) to that of what became y by the dropout, or by it and the relu: 0 where y is 0, where other
 * derivatives must not count (the relu's do not, nor those of weights that a mask has put to 0). Nothing is drawn anew. */
void hf_dropout_back(const hf_dropout *dropout, size_t count, const double *y, double *dy);

/* ---- attention.c: o_h = softmax(q_h k_h^T scale, causal) v_h ---- */

/* One sequence and head: queries q (queries, q_width), keys k (keys, q_width), values v (keys, v_width), outputs o (queries,
 * v_width), with rows that are a stride apart. Query n stands at place first + n and sees the keys up to there, or the last
 * `window` of them (0: all). */
typedef struct {
    size_t queries, keys, first, window;
    size_t q_width, v_width;
    size_t q_stride, k_stride, v_stride, o_stride;
    double scale;
} hf_attention_shape;

/* logits: (queries, keys) q k^T scale, seen or not. */
void hf_attention_logits(const hf_attention_shape *shape, const double *q, const double *k, double *logits);

/* weights: (queries, keys) softmax(q k^T scale), 0 where a key is not seen. */
void hf_attention_weights(const hf_attention_shape *shape, const double *q, const double *k, double *weights);

/* o = weights v. */
void hf_attention_values(const hf_attention_shape *shape, const double *weights, const double *v, double *o);

/* dweights = do v^T; dv = weights^T do. */
void hf_attention_values_back(const hf_attention_shape *shape, const double *weights, const double *v, const double *dout,
                              double *dweights, double *dv);

/* The gradient of the weights, which becomes that of q k^T, to those of q and k: dq = .. k, dk = ..^T q, or += if
 * add. */
void hf_attention_weights_back(const hf_attention_shape *shape, const double *weights, const double *q, const double *k,
                               double *dweights, double *dq, bool add, double *dk);

/* ---- loss.c: cross-entropy ---- */

/* z: (n, vocabulary) becomes its gradient, softmax minus one-hot. Returns the sum over rows. */
double hf_cross_entropy(size_t n, size_t vocabulary, const hf_token *targets, double *z);

/* The sum of half the squares of z - wanted, both (count); z becomes its own gradient, z - wanted. */
double hf_half_squares(size_t count, const double *wanted, double *z);

#endif
