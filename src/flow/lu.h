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

enum { HF_LU_LANES = 64 };

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

/* The same without exchanges for width positions side by side. False where that would lose digits (or for a singular one).
 */
HF_INLINE bool hf_lu_factorize_lanes(size_t heads, size_t width, double *a)
{
    const double growth = 4; /* largest factor between rows that is taken without an exchange; with one it is at most 1 */
    double worst = 0, slowest = 0;
    for (size_t m = 0; m < heads; m++) {
        double *diagonal = a + (m * heads + m) * HF_LU_LANES;
        HF_SIMD_MAX(slowest)
        for (size_t i = 0; i < width; i++) {
            diagonal[i] = 1 / diagonal[i];
            slowest = fabs(diagonal[i]) > slowest ? fabs(diagonal[i]) : slowest;
        }
        for (size_t k = m + 1; k < heads; k++) {
            double *ratio = a + (k * heads + m) * HF_LU_LANES;
            HF_SIMD_MAX(worst)
            for (size_t i = 0; i < width; i++) {
                ratio[i] *= diagonal[i];
                worst = fabs(ratio[i]) > worst ? fabs(ratio[i]) : worst;
            }
            for (size_t n = m + 1; n < heads; n++) {
                const double *above = a + (m * heads + n) * HF_LU_LANES;
                double *entry = a + (k * heads + n) * HF_LU_LANES;
                HF_SIMD
                for (size_t i = 0; i < width; i++)
                    entry[i] -= ratio[i] * above[i];
            }
        }
    }
    return worst <= growth && slowest <= 1e3; /* a diagonal far below 1 may be what is left of a cancellation */
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

/* One four of every column: forwards, backwards. x: (H) */
HF_INLINE void hf_lu_substitute_four(size_t heads, size_t count, const double *a, size_t columns, double *column,
                                     size_t stride, size_t column_stride, hf_four *x)
{
    hf_four factor;
    for (size_t j = 0; j < columns; j++) {
        double *at = column + j * column_stride;
        HF_UNROLL
        for (size_t m = 0; m < heads; m++) {
            hf_fours_load(count, at + m * stride, &x[m]);
            HF_UNROLL
            for (size_t n = 0; n < m; n++) {
                hf_fours_load(count, a + (m * heads + n) * HF_LU_LANES, &factor);
                x[m] -= factor * x[n];
            }
        }
        HF_UNROLL
        for (size_t m = heads; m-- > 0;) {
            HF_UNROLL
            for (size_t n = m + 1; n < heads; n++) {
                hf_fours_load(count, a + (m * heads + n) * HF_LU_LANES, &factor);
                x[m] -= factor * x[n];
            }
            hf_fours_load(count, a + (m * heads + m) * HF_LU_LANES, &factor);
            x[m] *= factor;
            hf_fours_store(count, &x[m], at + m * stride);
        }
    }
}

/* Solves for columns of width positions side by side; entry m of column j is x[j column_stride + m stride]. many: (H) scratch, for
 * more than a few heads. */
HF_INLINE void hf_lu_substitute_lanes(size_t heads, size_t width, const double *a, size_t columns, double *x, size_t stride,
                                      size_t column_stride, hf_four *many)
{
    hf_four few[HF_FEW_HEADS];
    hf_four *entry = heads <= HF_FEW_HEADS ? few : many;
    size_t i = 0;
    for (; i + HF_FOUR <= width; i += HF_FOUR)
        hf_lu_substitute_four(heads, HF_FOUR, a + i, columns, x + i, stride, column_stride, entry);
    if (i < width)
        hf_lu_substitute_four(heads, width - i, a + i, columns, x + i, stride, column_stride, entry);
}

#endif
