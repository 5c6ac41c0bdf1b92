#include "detect/noise.h"

#include "core/statistics.h"

#include <math.h>
#include <stdbool.h>

enum {
    WINDOW = 63,  /* least number of differences that a median is taken of */
    WINDOWS = 16, /* or as many as this part of the curve holds */
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

static double noise_at(size_t count, const double *y, size_t centre, size_t window, double *scratch)
{
    double last = difference(count, y, 1, centre, window, scratch), most = last;
    for (size_t h = 2; h <= count / 6; h *= 2) {
        const double now = difference(count, y, h, centre, window, scratch);
        if (!(now < growth * last))
            break;
        most = fmax(most, now);
        last = now;
    }
    return most;
}

void hf_noise_profile(size_t count, const double *y, double *noise)
{
    if (count < 6) {
        for (size_t i = 0; i < count; i++)
            noise[i] = 0;
        return;
    }
    double scratch[SAMPLE + 1];
    const size_t window = count / WINDOWS > WINDOW ? count / WINDOWS : WINDOW, hop = window / 2;
    size_t centre = hop;
    double before = noise_at(count, y, centre < count ? centre : count / 2, window, scratch);
    for (size_t i = 0; i < centre && i < count; i++)
        noise[i] = before;
    for (; centre < count; centre += hop) { /* linear from centre to centre, constant at the ends */
        const bool is_last = centre + hop >= count;
        const double after = is_last ? before : noise_at(count, y, centre + hop, window, scratch);
        for (size_t i = centre; i < centre + hop && i < count; i++)
            noise[i] = before + (after - before) * (double)(i - centre) / (double)hop;
        before = after;
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
