#include "detect/noise.h"

#include "core/statistics.h"

#include <math.h>
#include <stdbool.h>

enum {
    WINDOW = 63,  /* least number of differences that a median is taken of */
    WINDOWS = 16, /* or as many as this part of the curve holds */
    CENTRES = 2 * WINDOWS + 4,
    SAMPLE = 2047 /* of more differences a sample of so many does: its median is good to 3 % */
};

/* Growth of the differences from one lag to twice that: noise's is sqrt(2) at most. */
static const double growth = 1.7;

/* The median of the differences at lag h around centre. scratch: (max(WINDOW, SAMPLE)) */
static double difference(size_t count, const double *y, size_t h, size_t centre, size_t window, double *scratch)
{
    const double deviation = sqrt(20) * 0.67448975019608171; /* of a third difference; its median absolute value, over it */
    const size_t all = count - 3 * h, width = window < all ? window : all, back = width / 2 + 3 * h / 2;
    size_t first = centre > back ? centre - back : 0;
    if (first > all - width)
        first = all - width;
    const size_t stride = (width + SAMPLE - 1) / SAMPLE;
    size_t taken = 0;
    for (size_t i = first; i < first + width; i += stride)
        scratch[taken++] = fabs((y[i] - y[i + 3 * h]) - 3 * (y[i + h] - y[i + 2 * h]));
    return hf_median(taken, scratch) / deviation;
}

/* What the differences around a centre say. */
typedef struct {
    size_t at;
    double neighbours, noise; /* at lag 1; at the lag where they grow no more, from the first lag on */
} centre;

static centre look_at(size_t count, const double *y, size_t first, size_t at, size_t window, double *scratch)
{
    centre c = {.at = at, .neighbours = difference(count, y, 1, at, window, scratch)};
    double last = c.noise = first == 1 ? c.neighbours : difference(count, y, first, at, window, scratch);
    for (size_t h = 2 * first; h <= count / 6; h *= 2) {
        const double now = difference(count, y, h, at, window, scratch);
        if (!(now < growth * last))
            break;
        c.noise = fmax(c.noise, now);
        last = now;
    }
    return c;
}

/* Few rows of correlated noise let its differences grow faster by chance, and then it is taken for a trend. The others tell: noise
 * exceeds the differences of neighbours by what it does in the middle of all centres, at least; by that where its lags start
 * from a memory, since trends are seen there. */
static void share_correlation(size_t centres, size_t first, centre *c)
{
    double factor[CENTRES];
    for (size_t k = 0; k < centres; k++) {
        if (!(c[k].neighbours > 0))
            return;
        factor[k] = c[k].noise / c[k].neighbours;
    }
    const double middle = hf_median(centres, factor);
    for (size_t k = 0; k < centres; k++)
        c[k].noise = first > 1 ? middle * c[k].neighbours : fmax(c[k].noise, middle * c[k].neighbours);
}

/* The largest power of two that is no more than memory and that the curve has room for. */
static size_t first_lag(size_t count, size_t memory)
{
    size_t h = 1;
    while (2 * h <= memory && 2 * h <= count / 6)
        h *= 2;
    return h;
}

void hf_noise_profile(size_t count, const double *y, size_t memory, double *noise)
{
    if (count < 6) {
        for (size_t i = 0; i < count; i++)
            noise[i] = 0;
        return;
    }
    double scratch[SAMPLE + 1];
    centre centres[CENTRES];
    const size_t window = count / WINDOWS > WINDOW ? count / WINDOWS : WINDOW, hop = window / 2;
    const size_t first = first_lag(count, memory);
    size_t number = 0;
    for (size_t at = hop; number == 0 || (at < count && number < CENTRES); at += hop)
        centres[number++] = look_at(count, y, first, at < count ? at : count / 2, window, scratch);
    share_correlation(number, first, centres);
    for (size_t i = 0, k = 0; i < count; i++) { /* linear from centre to centre, constant at the ends */
        k += k + 1 < number && i >= centres[k + 1].at;
        const centre *a = &centres[k], *b = k + 1 < number ? a + 1 : a;
        noise[i] = i <= a->at || a == b ? a->noise
                                        : a->noise + (b->noise - a->noise) * (double)(i - a->at) / (double)(b->at - a->at);
    }
}

double hf_noise_together(size_t count, const double *y, const double *noise, double *scratch)
{
    const double deviation = sqrt(20) * 0.67448975019608171, most = 0.995;
    size_t taken = 0;
    for (size_t i = 0; i + 3 < count; i++)
        if (noise[i] > 0)
            scratch[taken++] = fabs((y[i] - y[i + 3]) - 3 * (y[i + 1] - y[i + 2])) / (deviation * noise[i]);
    if (taken < WINDOW)
        return 1;
    const double ratio = hf_median(taken, scratch);
    double low = 0, high = most;
    for (int k = 0; k < 40; k++) {
        const double rho = (low + high) / 2;
        const bool is_more = 20 - rho * (30 - rho * (12 - 2 * rho)) > 20 * ratio * ratio;
        *(is_more ? &low : &high) = rho;
    }
    return (1 + low) / (1 - low);
}
