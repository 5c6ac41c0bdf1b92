#include "core/lu.h"

#include <float.h>
#include <gsl/gsl_cblas.h>
#include <math.h>

enum { NARROW = 24 }; /* columns that are not halved */

typedef struct {
    size_t n, stride;
    double *a;
    size_t *order;
} matrix;

static double *entry(const matrix *m, size_t i, size_t j)
{
    return m->a + i * m->stride + j;
}

/* Brings the largest entry of column j, from row j on, to row j. */
static void pivot(matrix *m, size_t j)
{
    const size_t with = j + cblas_idamax((int)(m->n - j), entry(m, j, j), (int)m->stride), row = m->order[j];
    if (with == j)
        return;
    cblas_dswap((int)m->n, entry(m, j, 0), 1, entry(m, with, 0), 1);
    m->order[j] = m->order[with];
    m->order[with] = row;
}

/* Columns first to last - 1, from row first on, one by one. */
static bool factorize_narrow(matrix *m, size_t first, size_t last)
{
    for (size_t j = first; j < last; j++) {
        pivot(m, j);
        const double diagonal = *entry(m, j, j);
        const int below = (int)(m->n - j - 1), right = (int)(last - j - 1), stride = (int)m->stride;
        if (diagonal == 0 || !isfinite(diagonal))
            return false;
        if (below == 0)
            break;
        if (fabs(diagonal) >= DBL_MIN)
            cblas_dscal(below, 1 / diagonal, entry(m, j + 1, j), stride);
        else /* the reciprocal may not be finite */
            for (size_t i = j + 1; i < m->n; i++)
                *entry(m, i, j) /= diagonal;
        if (right > 0)
            cblas_dger(CblasRowMajor, below, right, -1, entry(m, j + 1, j), stride, entry(m, j, j + 1), 1,
                       entry(m, j + 1, j + 1), stride);
    }
    return true;
}

/* The same: the left half, what it does to the right one, and that. */
static bool factorize(matrix *m, size_t first, size_t last)
{
    if (last - first <= NARROW)
        return factorize_narrow(m, first, last);
    const size_t middle = first + (last - first + 8) / 16 * 8;
    const int left = (int)(middle - first), right = (int)(last - middle), below = (int)(m->n - middle),
              stride = (int)m->stride;
    if (!factorize(m, first, middle))
        return false;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, left, right, 1, entry(m, first, first),
                stride, entry(m, first, middle), stride);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, below, right, left, -1, entry(m, middle, first), stride,
                entry(m, first, middle), stride, 1, entry(m, middle, middle), stride);
    return factorize(m, middle, last);
}

bool hf_lu_factorize(size_t n, double *a, size_t stride, size_t *order)
{
    matrix m = {.n = n, .stride = stride, .a = a, .order = order};
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    return factorize(&m, 0, n);
}
