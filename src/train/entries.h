/* entries: which entries of d x d values have to be followed one by one.
 *
 * With inputs alike in all coordinates entry (a, b) of the values knows of the task the numbers B_1ab .. B_Rab of the features' basis alone. Entries
 * whose numbers are equal, or opposite, move alike: one of them, times the root of how many they are, stands for all. So d x d
 * entries become the fewer of a smaller square, in which losses, gradients of logits and inner products are the same, and steps of an optimizer
 * that goes entry by entry are as long as optimizer.h says. Features with entries of one size have 2^(R-1) classes whatever d is;
 * random ones have none. For large d these are as good as normal numbers of variance 1/d^2, which a low-discrepancy sequence (Sobol)
 * covers more evenly than d^2 drawn ones do: so many nodes, each for as many entries, are a quadrature. */
#ifndef HF_TRAIN_ENTRIES_H
#define HF_TRAIN_ENTRIES_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { HF_ENTRIES_SIDE = 32,       /* nodes are the square of it */
       HF_ENTRIES_FEATURES = 40 }; /* most features that have nodes */

typedef struct {
    size_t dim;    /* of the smaller square */
    double *basis; /* (features, dim, dim) orthonormal; owned */
    double *scale; /* (dim, dim) root of how many entries each stands for, 0 where none; owned */
} hf_entries;

/* The classes of a basis (features, dim, dim), if they are at most so many, a square below dim^2; *found: whether they are. Errors: HF_ESYSTEM. Free with
 * hf_entries_clear. */
hf_status hf_entries_merge(hf_entries *entries, size_t features, size_t dim, const double *basis, size_t most, bool *found,
                           hf_error *err);

/* Quadrature nodes for random features of dimension d. Errors: HF_EUSAGE (too many features), HF_ESYSTEM. Free with hf_entries_clear. */
hf_status hf_entries_nodes(hf_entries *entries, size_t features, size_t dim, hf_error *err);

/* Legal on zeroed entries. */
void hf_entries_clear(hf_entries *entries);

#endif
