#include "detect/isotonic.h"

#include <math.h>

void hf_isotonic_fit(size_t count, const double *y, bool falling, double *fit, size_t *pool)
{
    const double sign = falling ? 1 : -1;
    size_t pools = 0; /* fit: their means, pool: how many values each holds */
    for (size_t i = 0; i < count; i++) {
        fit[pools] = y[i];
        pool[pools++] = 1;
        while (pools > 1 && sign * fit[pools - 1] > sign * fit[pools - 2]) {
            const double a = (double)pool[pools - 2], b = (double)pool[pools - 1];
            fit[pools - 2] += (fit[pools - 1] - fit[pools - 2]) * (b / (a + b));
            pool[pools - 2] += pool[pools - 1];
            pools--;
        }
    }
    for (size_t end = count; pools-- > 0;) { /* from behind: a pool never lies before its place */
        const double mean = fit[pools];
        for (size_t n = pool[pools]; n > 0; n--)
            fit[--end] = mean;
    }
}

double hf_isotonic_residual(size_t count, const double *y, const double *fit)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (y[i] - fit[i]) * (y[i] - fit[i]);
    return count > 0 ? sqrt(sum / (double)count) : 0;
}
