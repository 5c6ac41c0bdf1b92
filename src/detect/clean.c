#include "detect/clean.h"

#include "core/statistics.h"
#include "detect/noise.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- resolution ---- */

enum { DECIMAL_MOST = 12, DECIMAL_LEAST = 3, BINARY_MOST = 24, BINARY_LEAST = 7 };

/* Whether y is a multiple of 10^-places, up to its own rounding. */
static bool has_places(double y, int places)
{
    const double scaled = y * pow(10, places);
    return fabs(scaled - nearbyint(scaled)) <= 4 * DBL_EPSILON * fabs(scaled);
}

static int decade(double y)
{
    return (int)floor(log10(fabs(y)));
}

/* Widens digits and places until y is written with them; above most there are none. */
static void see_decimals(double y, int *digits, int *places)
{
    if (*digits <= DECIMAL_MOST) {
        const int top = decade(y);
        while (*digits <= DECIMAL_MOST && !has_places(y, *digits - 1 - top))
            ++*digits;
    }
    while (*places <= DECIMAL_MOST && !has_places(y, *places))
        ++*places;
}

static void see_bits(double y, int *bits)
{
    int exponent;
    const double mantissa = frexp(y, &exponent);
    while (*bits <= BINARY_MOST && ldexp(mantissa, *bits) != nearbyint(ldexp(mantissa, *bits)))
        ++*bits;
}

static hf_digits find_digits(size_t count, const double *y)
{
    int digits = 1, places = -DECIMAL_MOST, bits = 1;
    for (size_t i = 0; i < count && (digits <= DECIMAL_MOST || places <= DECIMAL_MOST || bits <= BINARY_MOST); i++)
        if (y[i] != 0) {
            see_decimals(y[i], &digits, &places);
            see_bits(y[i], &bits);
        }
    return (hf_digits){.decimal = digits >= DECIMAL_LEAST && digits <= DECIMAL_MOST ? digits : 0,
                       .binary = bits >= BINARY_LEAST && bits <= BINARY_MOST ? bits : 0,
                       .least = digits >= DECIMAL_LEAST && places <= DECIMAL_MOST ? pow(10, -places) : 0};
}

double hf_digits_step(const hf_digits *r, double y)
{
    double step = r->least;
    if (y == 0)
        return step;
    if (r->decimal > 0)
        step = fmax(step, pow(10, decade(y) + 1 - r->decimal));
    if (r->binary > 0) {
        int exponent;
        frexp(y, &exponent);
        step = fmax(step, ldexp(1, exponent - r->binary));
    }
    return step;
}

/* ---- rows ---- */

typedef struct {
    double x, y;
    size_t place;
} row;

static int by_place(const void *a, const void *b)
{
    const row *p = a, *q = b;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static hf_status sort_rows(hf_rows *rows, hf_error *err)
{
    row *sorted = malloc((rows->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return hf_fail_memory(err, "the rows");
    for (size_t i = 0; i < rows->count; i++)
        sorted[i] = (row){rows->x[i], rows->y[i], i};
    qsort(sorted, rows->count, sizeof *sorted, by_place);
    for (size_t i = 0; i < rows->count; i++) {
        rows->x[i] = sorted[i].x;
        rows->y[i] = sorted[i].y;
    }
    free(sorted);
    return HF_OK;
}

/* Rows of the same x become one, with their mean. */
static void merge_repeated(hf_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count;) {
        size_t end = i;
        double sum = 0;
        while (end < rows->count && rows->x[end] == rows->x[i])
            sum += rows->y[end++];
        rows->x[kept] = rows->x[i];
        rows->y[kept++] = end == i + 1 ? rows->y[i] : sum / (double)(end - i);
        i = end;
    }
    rows->repeated = rows->count - kept;
    rows->count = kept;
}

/* A value that stands out from those around it; the median of a monotone piece is its middle, so steps survive. */
static bool is_spike(const hf_rows *rows, size_t i)
{
    enum { AROUND = 7 };
    const double many = 8;
    double near[AROUND];
    if (i < AROUND / 2 || i + AROUND / 2 >= rows->count)
        return false;
    const double *y = rows->y + i - AROUND / 2;
    double farthest = 0;
    for (size_t k = 0; k < AROUND; k++)
        farthest = fmax(farthest, fabs(y[k] - rows->y[i]));
    if (!(farthest > many * rows->noise[i])) /* nor is the median so far */
        return false;
    memcpy(near, y, sizeof near);
    const double centre = hf_median(AROUND, near), off = fabs(rows->y[i] - centre);
    for (size_t k = 0; k < AROUND; k++)
        near[k] = fabs(y[k] - centre);
    return off > many * (fmax(rows->noise[i], hf_digits_step(&rows->digits, centre)) + hf_median(AROUND, near));
}

static void drop_spikes(hf_rows *rows)
{
    const double mark = -1;
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (is_spike(rows, i))
            rows->noise[i] = mark;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->noise[i] >= 0) {
            rows->x[kept] = rows->x[i];
            rows->y[kept++] = rows->y[i];
        }
    rows->spikes = rows->count - kept;
    rows->count = kept;
}

/* Whether its square can be computed with. */
static bool is_usable(double number)
{
    return fabs(number) <= HF_ROWS_LARGEST;
}

/* Copies what is usable; false: x does not rise all the time. */
static bool copy_usable(hf_rows *rows, size_t count, const double *x, const double *y)
{
    bool rises = true;
    for (size_t i = 0; i < count; i++) {
        if (!is_usable(x[i]) || !is_usable(y[i]))
            continue;
        rises = rises && (rows->count == 0 || x[i] > rows->x[rows->count - 1]);
        rows->unsorted = rows->unsorted || (rows->count > 0 && x[i] < rows->x[rows->count - 1]);
        rows->x[rows->count] = x[i];
        rows->y[rows->count++] = y[i];
    }
    rows->not_finite = count - rows->count;
    return rises;
}

hf_status hf_rows_clean(hf_rows *rows, size_t count, const double *x, const double *y, size_t memory, hf_error *err)
{
    *rows = (hf_rows){.memory = memory};
    rows->x = malloc((4 * count + 1) * sizeof *rows->x);
    if (rows->x == NULL)
        return hf_fail_memory(err, "the rows");
    rows->y = rows->x + count;
    rows->noise = rows->y + count;
    if (!copy_usable(rows, count, x, y)) {
        const hf_status status = rows->unsorted ? sort_rows(rows, err) : HF_OK;
        if (status != HF_OK) {
            hf_rows_clear(rows);
            return status;
        }
        merge_repeated(rows);
    }
    rows->digits = find_digits(rows->count, rows->y);
    hf_noise_profile(rows->count, rows->y, memory, rows->noise);
    drop_spikes(rows);
    if (rows->spikes > 0)
        hf_noise_profile(rows->count, rows->y, memory, rows->noise);
    rows->together = memory > 1 ? (double)memory : hf_noise_together(rows->count, rows->y, rows->noise, rows->noise + count);
    return HF_OK;
}

void hf_rows_clear(hf_rows *rows)
{
    free(rows->x);
    *rows = (hf_rows){0};
}
