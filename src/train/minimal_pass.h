/* minimal_pass: the minimal model's way through one sequence, forward and backward (private to train/). */
#ifndef HF_TRAIN_MINIMAL_PASS_H
#define HF_TRAIN_MINIMAL_PASS_H

#include "train/minimal.h"

enum { HF_MINIMAL_PAD = 64 }; /* bytes: rows are whole registers of any size */

/* Sizes. H heads, J places, d tokens of the vocabulary, keys = d + J rows of a matrix: tokens, then places. */
typedef struct {
    size_t heads, vocabulary, places, keys;
    size_t first;  /* place of the first scored query: it predicts the first scored token */
    size_t scored; /* scored queries */
    size_t window;
    size_t v, q;  /* vocabulary and scored queries, padded to whole registers */
    double scale; /* of logits */
} hf_minimal_shape;

/* What a pass works on is packed, in its own precision: the query matrices (H, keys, v + q) by token and by scored query, the
 * value matrices (H, keys, v) by output. What no scored query can see of the parameters is left out. */
typedef struct {
    size_t size;                                     /* of a number */
    size_t (*packed)(const hf_minimal_shape *shape); /* numbers */
    size_t (*work)(const hf_minimal_shape *shape);   /* numbers that one thread needs; 0 before the first use */

    void (*pack)(const hf_minimal_shape *shape, const double *parameters, void *packed);

    /* The sum of the cross-entropies of one sequence's scored tokens; adds to the packed gradient. tokens: from place 0 on. */
    double (*learn)(const hf_minimal_shape *shape, const void *packed, const hf_token *tokens, void *work, void *gradient);

    /* The same without gradient. */
    double (*judge)(const hf_minimal_shape *shape, const void *packed, const hf_token *tokens, void *work);

    /* logits (scored, vocabulary) and attention (H, scored, J), each may be NULL. */
    void (*show)(const hf_minimal_shape *shape, const void *packed, const hf_token *tokens, void *work, double *logits,
                 double *attention);

    /* The rows of keys from..to - 1 (counted through all heads) of the gradient (H, D, D) twice: factor times the sum over
     * `parts` packed gradients, in their order. */
    void (*unpack)(const hf_minimal_shape *shape, double factor, size_t parts, void *const *packed, size_t from, size_t to,
                   double *gradient);
} hf_minimal_pass;

extern const hf_minimal_pass hf_minimal_pass_double, hf_minimal_pass_single;

#endif
