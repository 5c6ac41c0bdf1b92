/* isotonic: the curve that never rises (or never falls) and is nearest to given values, by pooling adjacent violators. What it
 * leaves is 0 for any falling curve, and all of any noise: it needs no model of either. */
#ifndef HF_DETECT_ISOTONIC_H
#define HF_DETECT_ISOTONIC_H

#include <stdbool.h>
#include <stddef.h>

/* fit: (count) the nearest falling or rising sequence to y; pool: (count) scratch. */
void hf_isotonic_fit(size_t count, const double *y, bool falling, double *fit, size_t *pool);

/* The root mean square of y - fit. */
double hf_isotonic_residual(size_t count, const double *y, const double *fit);

#endif
