#include "core/lu.h"

#include "core/simd.h"

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
    size_t with = j;
    for (size_t i = j + 1; i < m->n; i++)
        if (fabs(*entry(m, i, j)) > fabs(*entry(m, with, j)))
            with = i;
    if (with == j)
        return;
    for (size_t k = 0; k < m->n; k++) {
        const double x = *entry(m, j, k);
        *entry(m, j, k) = *entry(m, with, k);
        *entry(m, with, k) = x;
    }
    const size_t row = m->order[j];
    m->order[j] = m->order[with];
    m->order[with] = row;
}

/* Columns first to last - 1, from row first on, one by one. For some ten columns a library's calls cost more than the work. */
HF_CLONES static bool factorize_narrow(matrix *m, size_t first, size_t last)
{
    for (size_t j = first; j < last; j++) {
        pivot(m, j);
        const double *above = entry(m, j, 0), diagonal = above[j], inverse = 1 / diagonal;
        if (diagonal == 0 || !isfinite(diagonal))
            return false;
        for (size_t i = j + 1; i < m->n; i++) {
            double *row = entry(m, i, 0);
            row[j] = fabs(diagonal) >= DBL_MIN ? row[j] * inverse : row[j] / diagonal; /* the inverse may not be finite */
            const double ratio = row[j];
            HF_SIMD
            for (size_t k = j + 1; k < last; k++)
                row[k] -= ratio * above[k];
        }
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
