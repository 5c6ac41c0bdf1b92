#include "train/factor.h"

/* The first row that is equal to row i in the symmetric matrix with the lower triangle a. */
static size_t first_equal(size_t n, const double *a, size_t i)
{
    for (size_t l = 0; l < i; l++) {
        size_t m = 0;
        while (m < n && (m < i ? a[i * n + m] : a[m * n + i]) == (m < l ? a[l * n + m] : a[m * n + l]))
            m++;
        if (m == n)
            return l;
    }
    return i;
}

void hf_factor_semidefinite(size_t n, double *a, size_t *equal)
{
    const double rounding = 1e-14;
    for (size_t i = 0; i < n; i++)
        equal[i] = first_equal(n, a, i);
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n, pivot = row[i];
        for (size_t m = 0; m < i;
             m++) { /* an equal row is copied: rounding would tell it apart where others stand between */
            const double *column = a + m * n;
            double left = row[m];
            for (size_t l = 0; l < m; l++)
                left -= row[l] * column[l] * a[l * n + l];
            if (equal[i] < i)
                row[m] = m < equal[i] ? a[equal[i] * n + m] : m == equal[i] && column[m] > 0 ? 1 : 0;
            else
                row[m] = column[m] > 0 ? left / column[m] : 0;
            pivot -= row[m] * row[m] * column[m];
        }
        row[i] = equal[i] == i && pivot > rounding * row[i] ? pivot : 0;
    }
}
