/* mask: which keys a query attends to, as a table of kinds; without a causal order.
 *
 *     full      all
 *     top       the k keys with the largest logits        (of equal ones the first)
 *     bottom    the k with the smallest                   (of equal ones the first)
 *     random    k keys drawn anew for every query, sample and step
 *     window    k keys around the query: (k-1)/2 before it, the rest from it on, shifted inward at the ends
 *     block     those of the query's own block of k places; the last block may be shorter
 *
 * (Ram et al. 2025). A mask is taken as it is by the derivative: logits of keys that are left out have none. The last places may be
 * global: of masks that do not look at the logits they attend to all, and all attend to them. Places that are unseen are no keys
 * at all. */
#ifndef HF_TRAIN_LAYERS_MASK_H
#define HF_TRAIN_LAYERS_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    HF_MASK_FULL,
    HF_MASK_TOP,
    HF_MASK_BOTTOM,
    HF_MASK_RANDOM,
    HF_MASK_WINDOW,
    HF_MASK_BLOCK,
    HF_MASKS
} hf_mask_kind;

typedef struct {
    hf_mask_kind kind;
    size_t k;                      /* keys that a query keeps, from 1; no more than there are */
    size_t places;                 /* of queries and keys */
    size_t globals;                /* the last so many places are global; only where the kind has global places */
    size_t unseen_from, unseen_to; /* places unseen_from .. unseen_to - 1 are no keys */
} hf_mask;

typedef struct {
    const char *name;
    bool has_size;    /* k counts */
    bool has_globals; /* global places are possible */
    bool draws;       /* it needs random numbers */
} hf_mask_traits;

extern const hf_mask_traits hf_mask_kinds[HF_MASKS];

/* What a random mask draws is a function of (seed, place, step, sample) alone. place: which attention of the model. */
typedef struct {
    uint64_t seed, step;
    unsigned place;
    uint32_t sample;
} hf_mask_draw;

/* keep: (places) whether query keeps each key, by its logits (places). u: (places) uniform numbers, where the kind draws; else
 * NULL. rank: (places) to work in. */
void hf_mask_keep(const hf_mask *mask, size_t query, const double *logits, const double *u, size_t *rank, bool *keep);

/* The places of the k largest logits that are seen, largest first and of equal ones the first first, into rank (places). Returns
 * how many there are: k, or all that are seen. */
size_t hf_mask_largest(const hf_mask *mask, size_t k, const double *logits, size_t *rank);

/* logits (places, places) become weights: the softmax over the keys that every query keeps, 0 elsewhere. Equal bits for equal
 * logits. scratch: hf_mask_scratch(mask) bytes. */
void hf_mask_softmax(const hf_mask *mask, const hf_mask_draw *draw, double *logits, void *scratch);
size_t hf_mask_scratch(const hf_mask *mask);

#endif
