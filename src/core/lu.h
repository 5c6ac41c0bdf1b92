/* lu: a square matrix as L U, in place, without an allocation: GSL's makes one at every call and does not look whether it got it. */
#ifndef HF_CORE_LU_H
#define HF_CORE_LU_H

#include <stdbool.h>
#include <stddef.h>

/* Factorizes the n x n matrix a (rows of stride numbers) with partial pivoting: L, whose diagonal is 1, below the diagonal, U on and
 * above it; row i of L U is row order[i] of a. False: a pivot is 0 or not finite. By columns, halved again and again (Toledo 1997), so that
 * most of a large one is products of matrices. */
bool hf_lu_factorize(size_t n, double *a, size_t stride, size_t *order);

#endif
