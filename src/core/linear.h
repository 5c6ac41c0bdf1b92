/* linear: small pieces of linear algebra that several rooms need, in plain loops: the same bits everywhere. */
#ifndef HF_CORE_LINEAR_H
#define HF_CORE_LINEAR_H

#include <stddef.h>

/* sum_i x_i y_i, in order */
static inline double hf_dot(size_t count, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * y[i];
    return sum;
}

/* What a row of a factor says of its matrix. */
typedef struct {
    double pivot; /* its squared pivot, before it counts as 0; below 0: the matrix is not positive semidefinite */
    double left;  /* the largest that is left of an entry whose column has the pivot 0, where a semidefinite matrix has 0 */
} hf_factor_row;

/* Row i of the Cholesky factor L (lower, rows of stride numbers) of a positive semidefinite matrix G = L L^T, given the rows
 * above: L's row holds G_i0..G_ii and becomes L_i0..L_ii. A squared pivot of at most least counts as 0. */
hf_factor_row hf_factor_add_row(double *L, size_t stride, size_t i, double least);

#endif
