#include "detect/times.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>

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

/* ---- the fastest place ---- */

enum { TERMS = 4, ROWS_LEAST = 6 };

typedef struct {
    hf_times_peak at;
    double error; /* of its time */
} inflection;

/* Normal equations of a cubic in z = (x - centre) / half: their inverse and the solution. */
static bool solve(double matrix[TERMS * TERMS], const double right[TERMS], double solution[TERMS])
{
    gsl_matrix_view m = gsl_matrix_view_array(matrix, TERMS, TERMS);
    if (gsl_linalg_cholesky_decomp1(&m.matrix) != GSL_SUCCESS || gsl_linalg_cholesky_invert(&m.matrix) != GSL_SUCCESS)
        return false;
    for (size_t a = 0; a < TERMS; a++) {
        solution[a] = 0;
        for (size_t b = 0; b < TERMS; b++)
            solution[a] += matrix[a * TERMS + b] * right[b];
    }
    return true;
}

static double cubic(const double c[TERMS], double z)
{
    return c[0] + z * (c[1] + z * (c[2] + z * c[3]));
}

/* Of rows x, y around centre, half on either side. False: there is none inside, or it is no fastest fall. */
static bool find_inflection(size_t count, const double *x, const double *y, double centre, double half, inflection *found)
{
    double matrix[TERMS * TERMS] = {0}, right[TERMS] = {0}, c[TERMS], square = 0;
    for (size_t i = 0; i < count; i++) {
        const double z = (x[i] - centre) / half, power[TERMS] = {1, z, z * z, z * z * z};
        for (size_t a = 0; a < TERMS; a++) {
            right[a] += power[a] * (y[i] - y[0]);
            for (size_t b = 0; b < TERMS; b++)
                matrix[a * TERMS + b] += power[a] * power[b];
        }
    }
    if (!solve(matrix, right, c) || !(c[3] > 0))
        return false;
    const double z = -c[2] / (3 * c[3]), slope = c[1] + z * (2 * c[2] + z * 3 * c[3]);
    if (!(fabs(z) <= 1) || !(slope < 0))
        return false;
    for (size_t i = 0; i < count; i++) {
        const double left = y[i] - y[0] - cubic(c, (x[i] - centre) / half);
        square += left * left;
    }
    const double by2 = -1 / (3 * c[3]), by3 = c[2] / (3 * c[3] * c[3]); /* of z */
    const double variance =
        by2 * by2 * matrix[2 * TERMS + 2] + 2 * by2 * by3 * matrix[2 * TERMS + 3] + by3 * by3 * matrix[3 * TERMS + 3];
    *found = (inflection){{centre + half * z, y[0] + cubic(c, z), -slope / half},
                          half * sqrt(fmax(variance, 0) * square / (double)(count - TERMS + 1))};
    return true;
}

/* The steepest pair of rows. */
static bool steepest(size_t count, const double *x, const double *y, hf_times_peak *peak)
{
    size_t best = 0;
    peak->speed = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        const double now = (y[i] - y[i + 1]) / (x[i + 1] - x[i]);
        if (now > peak->speed) {
            peak->speed = now;
            best = i;
        }
    }
    if (!(peak->speed > 0))
        return false;
    peak->t = (x[best] + x[best + 1]) / 2;
    peak->y = (y[best] + y[best + 1]) / 2;
    return best + 2 < count;
}

bool hf_times_fastest(size_t count, const double *x, const double *y, double from, double to, hf_times_peak *peak)
{
    const double certain = 0.02, shrink = 0.75; /* of the drop; of a window */
    const double enough = certain * (to - from);
    inflection now;
    double centre = (from + to) / 2;
    bool is_found = false;
    for (double half = (to - from) / 2; half > 0; half *= shrink) {
        const size_t first = hf_times_row(count, x, centre - half);
        const size_t rows = hf_times_row(count, x, centre + half) - first;
        if (rows < ROWS_LEAST)
            break;
        if (!find_inflection(rows, x + first, y + first, centre, half, &now) || now.at.t < from || now.at.t > to) {
            if (is_found)
                break;
            continue;
        }
        if (is_found && now.error > enough)
            break;
        *peak = now.at;
        centre = now.at.t;
        is_found = true;
    }
    if (is_found)
        return true;
    size_t first = hf_times_row(count, x, from), last = hf_times_row(count, x, to);
    first -= first > 0;
    last += last < count;
    return last > first + 1 && steepest(last - first, x + first, y + first, peak);
}
