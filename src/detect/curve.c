#include "detect/curve.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* ---- rates ---- */

/* The derivative at t[k] of the polynomial through (t, u). */
static double node_slope(size_t count, const double *t, const double *u, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++) {
        double weight = j == k ? 0 : (u[j] - u[k]) / (t[j] - t[k]);
        for (size_t m = 0; m < count; m++)
            if (m != j && m != k)
                weight *= (t[k] - t[m]) / (t[j] - t[m]);
        sum += weight;
    }
    return sum;
}

/* From the sample and up to four around it, by the logarithm of P where that is there. */
static double rate_from_around(const hf_curve *curve, size_t i)
{
    enum { AROUND = 5 };
    const size_t most = curve->count, count = most < AROUND ? most : AROUND;
    size_t first = i > AROUND / 2 ? i - AROUND / 2 : 0;
    first = first + count > most ? most - count : first;
    const hf_sample *s = curve->at + first, *here = curve->at + i;
    double t[AROUND], u[AROUND];
    bool positive = true;
    for (size_t j = 0; j < count; j++)
        positive = positive && s[j].speed > 0;
    for (size_t j = 0; j < count; j++) {
        t[j] = s[j].t;
        u[j] = positive ? log(s[j].speed / here->speed) : s[j].speed;
    }
    return node_slope(count, t, u, i - first) * (positive ? here->speed : 1);
}

double hf_curve_rate(const hf_curve *curve, size_t i)
{
    const double rate = curve->at[i].rate;
    return isnan(rate) ? rate_from_around(curve, i) : rate;
}

void hf_curve_pair(const hf_curve *curve, size_t i, hf_sample *pair)
{
    for (size_t k = 0; k < 2; k++) {
        pair[k] = curve->at[i + k];
        pair[k].rate = hf_curve_rate(curve, i + k);
    }
}

/* ---- losses ---- */

double hf_curve_falling(const hf_sample *a, double x, double loss)
{
    const double rounding = 8 * DBL_EPSILON * a[0].loss;
    if (a[0].speed < 0 || a[1].speed < 0)
        return loss;
    if (loss >= a[1].loss - rounding && loss <= a[0].loss + rounding)
        return fmax(loss, fmin(0, a[1].loss));
    const double fall = fmax(0, a[0].loss - a[1].loss), width = a[1].t - a[0].t, y = 1 - x;
    const double size = hypot(a[0].speed, a[1].speed) * width, part = size > 3 * fall ? 3 * fall / size : 1;
    const double first = part * a[0].speed * width, last = part * a[1].speed * width;
    return a[1].loss + fmax(0, fall * y * y * (1 + 2 * x) - first * x * y * y + last * x * x * y);
}

/* Between two samples a[0], a[1], at fraction x of the way: value, first and second derivative agree at both ends. */
static double interpolate(const hf_sample *a, double x)
{
    const double width = a[1].t - a[0].t, square = width * width;
    const double f0 = a[0].loss, f1 = -a[0].speed * width, f2 = -a[0].rate * square / 2;
    const double d0 = a[1].loss - f0 - f1 - f2, d1 = -a[1].speed * width - f1 - 2 * f2, d2 = -a[1].rate * square / 2 - f2;
    const double c3 = 10 * d0 - 4 * d1 + d2, c4 = -15 * d0 + 7 * d1 - 2 * d2, c5 = 6 * d0 - 3 * d1 + d2;
    return hf_curve_falling(a, x, f0 + x * (f1 + x * (f2 + x * (c3 + x * (c4 + x * c5)))));
}

double hf_curve_loss(const hf_curve *curve, double t)
{
    const hf_sample *a = curve->at;
    size_t low = 0, high = curve->count;
    if (curve->count == 0 || !(t >= a[0].t && t <= a[curve->count - 1].t))
        return NAN;
    while (high - low > 1) { /* a[low].t <= t < a[high].t */
        const size_t middle = low + (high - low) / 2;
        if (a[middle].t <= t)
            low = middle;
        else
            high = middle;
    }
    if (low + 1 == curve->count)
        return a[low].loss;
    hf_sample pair[2];
    hf_curve_pair(curve, low, pair);
    return interpolate(pair, (t - pair[0].t) / (pair[1].t - pair[0].t));
}

double hf_curve_first_below(const hf_curve *curve, double level)
{
    for (size_t i = 0; i < curve->count; i++) {
        const hf_sample *a = curve->at + i;
        if (a->loss > level)
            continue;
        if (i == 0)
            return a->t;
        hf_sample pair[2];
        double low = 0, high = 1;
        hf_curve_pair(curve, i - 1, pair);
        for (int step = 0; step < 60; step++) {
            const double middle = (low + high) / 2;
            if (interpolate(pair, middle) > level)
                low = middle;
            else
                high = middle;
        }
        return pair[0].t + high * (pair[1].t - pair[0].t);
    }
    return NAN;
}

void hf_curve_compare(const hf_curve *reference, double t, double loss, hf_deviation *largest)
{
    const double deviation = fabs(loss - hf_curve_loss(reference, t)) / reference->at[0].loss;
    if (isnan(largest->loss) ? !isnan(deviation) : deviation > largest->loss)
        *largest = (hf_deviation){t, deviation};
}
