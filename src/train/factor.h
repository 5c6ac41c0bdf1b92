/* factor: a Cholesky factor of Gram matrices that may be singular and have equal rows. */
#ifndef HF_TRAIN_FACTOR_H
#define HF_TRAIN_FACTOR_H

#include <stddef.h>

/* L D L^T of a positive semidefinite matrix (count, count), in place: D on the diagonal, the unit lower triangle below it.
 * Pivots that are rounding become 0; equal rows get equal rows of L sqrt(D), exactly. equal: (count) scratch. */
void hf_factor_semidefinite(size_t count, double *matrix, size_t *equal);

#endif
