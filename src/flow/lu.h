/* lu: small linear systems, many side by side (private to flow/).
 *
 * One H x H system for each of HF_LU_LANES positions: entry (m, n) of position i is a[(m H + n) HF_LU_LANES + i]. */
#ifndef HF_FLOW_LU_H
#define HF_FLOW_LU_H

#include "core/simd.h"
#include "flow/fours.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { HF_LU_LANES = HF_FOUR };

/* LU factors with partial pivoting, in place, the inverse on the diagonal; entry (m, n) of one position is a[(m H + n)
 * HF_LU_LANES] and row pivot[m HF_LU_LANES] was exchanged with row m in step m. False if singular or not finite. */
static inline bool hf_lu_factorize_one(size_t heads, double *a, size_t *pivot)
{
    for (size_t m = 0; m < heads; m++) {
        size_t best = m;
        for (size_t k = m + 1; k < heads; k++)
            if (fabs(a[(k * heads + m) * HF_LU_LANES]) > fabs(a[(best * heads + m) * HF_LU_LANES]))
                best = k;
        pivot[m * HF_LU_LANES] = best;
        for (size_t n = 0; n < heads && best != m; n++) {
            double swap = a[(m * heads + n) * HF_LU_LANES];
            a[(m * heads + n) * HF_LU_LANES] = a[(best * heads + n) * HF_LU_LANES];
            a[(best * heads + n) * HF_LU_LANES] = swap;
        }
        double diagonal = a[(m * heads + m) * HF_LU_LANES];
        if (diagonal == 0 || !isfinite(diagonal))
            return false;
        a[(m * heads + m) * HF_LU_LANES] = 1 / diagonal;
        for (size_t k = m + 1; k < heads; k++) {
            double ratio = a[(k * heads + m) * HF_LU_LANES] /= diagonal;
            for (size_t n = m + 1; n < heads; n++)
                a[(k * heads + n) * HF_LU_LANES] -= ratio * a[(m * heads + n) * HF_LU_LANES];
        }
    }
    return true;
}

/* The same without exchanges for four positions side by side. False where that would lose digits (or for a singular one). */
HF_INLINE bool hf_lu_factorize_four(size_t heads, hf_four *a)
{
    const double growth = 4; /* largest factor between rows that is taken without an exchange; with one it is at most 1 */
    double worst[HF_FOUR] = {0}, slowest[HF_FOUR] = {0};
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        hf_four *diagonal = a + m * heads + m;
        *diagonal = 1 / *diagonal;
        hf_fours_raise(diagonal, slowest);
        HF_UNROLL
        for (size_t k = m + 1; k < heads; k++) {
            hf_four *ratio = a + k * heads + m;
            *ratio *= *diagonal;
            hf_fours_raise(ratio, worst);
            HF_UNROLL
            for (size_t n = m + 1; n < heads; n++)
                a[k * heads + n] -= *ratio * a[m * heads + n];
        }
    }
    for (size_t l = 0; l < HF_FOUR; l++) /* a diagonal far below 1 may be what is left of a cancellation */
        if (worst[l] > growth || slowest[l] > 1e3)
            return false;
    return true;
}

/* Solves for one column of one position; entry m is x[m stride]. */
static inline void hf_lu_substitute_one(size_t heads, const double *a, const size_t *pivot, double *x, size_t stride)
{
    for (size_t m = 0; m < heads; m++) {
        double entry = x[pivot[m * HF_LU_LANES] * stride];
        x[pivot[m * HF_LU_LANES] * stride] = x[m * stride];
        for (size_t n = 0; n < m; n++)
            entry -= a[(m * heads + n) * HF_LU_LANES] * x[n * stride];
        x[m * stride] = entry;
    }
    for (size_t m = heads; m-- > 0;) {
        double entry = x[m * stride];
        for (size_t n = m + 1; n < heads; n++)
            entry -= a[(m * heads + n) * HF_LU_LANES] * x[n * stride];
        x[m * stride] = entry * a[(m * heads + m) * HF_LU_LANES];
    }
}

/* Solves for columns of up to four positions side by side, from factors without exchanges; entry m of column j is x[j column_stride +
 * m stride]. many: (H) scratch, for more than a few heads. */
HF_INLINE void hf_lu_substitute_four(size_t heads, size_t count, const hf_four *a, size_t columns, double *x, size_t stride,
                                     size_t column_stride, hf_four *many)
{
    hf_four few[HF_FEW_HEADS];
    hf_four *entry = heads <= HF_FEW_HEADS ? few : many;
    for (size_t j = 0; j < columns; j++) {
        double *at = x + j * column_stride;
        HF_UNROLL
        for (size_t m = 0; m < heads; m++) {
            hf_fours_load(count, at + m * stride, &entry[m]);
            HF_UNROLL
            for (size_t n = 0; n < m; n++)
                entry[m] -= a[m * heads + n] * entry[n];
        }
        HF_UNROLL
        for (size_t m = heads; m-- > 0;) {
            HF_UNROLL
            for (size_t n = m + 1; n < heads; n++)
                entry[m] -= a[m * heads + n] * entry[n];
            entry[m] *= a[m * heads + m];
            hf_fours_store(count, &entry[m], at + m * stride);
        }
    }
}

#endif
