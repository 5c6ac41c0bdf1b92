#include "detect/times.h"

size_t hf_times_row(size_t count, const double *x, double t)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (x[middle] < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double hf_times_level(size_t count, const double *x, const double *y, double level)
{
    double sum = 0, most = 0;
    size_t above = 0; /* rows before the change */
    for (size_t i = 0; i < count; i++) {
        sum += y[i] - level;
        if (sum > most) {
            most = sum;
            above = i + 1;
        }
    }
    if (above == 0)
        return x[0];
    if (above == count || !(y[above - 1] > y[above]))
        return x[above - 1];
    return x[above - 1] + (x[above] - x[above - 1]) * ((y[above - 1] - level) / (y[above - 1] - y[above]));
}
