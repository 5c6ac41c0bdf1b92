#include "core/statistics.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

void hf_sort(size_t count, double *x)
{
    qsort(x, count, sizeof *x, compare);
}

double hf_quantile(size_t count, const double *sorted, double q)
{
    if (count == 0)
        return NAN;
    const double place = q * (double)(count - 1);
    const size_t low = (size_t)place;
    const double fraction = place - (double)low;
    if (fraction == 0 || sorted[low] == sorted[low + 1]) /* inf - inf has no value */
        return sorted[low];
    return sorted[low] + fraction * (sorted[low + 1] - sorted[low]);
}

double hf_jackknife(size_t count, const double *left_out)
{
    const double n = (double)count;
    double mean = 0, sum = 0;
    if (count < HF_JACKKNIFE_LEAST)
        return NAN;
    for (size_t k = 0; k < count; k++)
        mean += left_out[k] / n;
    for (size_t k = 0; k < count; k++)
        sum += (left_out[k] - mean) * (left_out[k] - mean);
    return sqrt((n - 1) / n * sum);
}

/* Brings the k-th smallest of x to its place, none larger before it, none smaller behind (Hoare). */
static double select_kth(size_t count, double *x, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        const double pivot = x[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot)
                i++;
            while (pivot < x[j])
                j--;
            if (i >= j)
                break;
            const double swapped = x[i];
            x[i++] = x[j];
            x[j--] = swapped;
        }
        if (i == j && i == k)
            return x[k];
        if (k <= j)
            high = j;
        else
            low = j + 1;
    }
    return x[k];
}

double hf_median(size_t count, double *x)
{
    if (count == 0)
        return NAN;
    const double upper = select_kth(count, x, count / 2);
    if (count % 2 == 1)
        return upper;
    double lower = x[0];
    for (size_t i = 1; i < count / 2; i++)
        lower = fmax(lower, x[i]);
    return lower + (upper - lower) / 2;
}

/* The x at which the beta distribution reaches p, to the last bits, by halving, which cannot fail. */
static double beta_quantile(double p, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        if (gsl_cdf_beta_P(middle, a, b) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

void hf_binomial_interval(size_t hits, size_t count, double confidence, double *low, double *high)
{
    const double k = (double)hits, n = (double)count, tail = (1 - confidence) / 2;
    *low = hits == 0 ? 0 : beta_quantile(tail, k, n - k + 1);
    *high = hits == count ? 1 : beta_quantile(1 - tail, k + 1, n - k);
}
