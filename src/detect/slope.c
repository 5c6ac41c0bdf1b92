#include "detect/slope.h"

#include "detect/times.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

enum { TERMS = 3, ROWS_LEAST = 3, BACK = 3 /* windows earlier */ };

typedef struct {
    const hf_rows *rows;
    size_t first, end; /* rows that may be used */
    double t;
} place;

/* Rows a..b-1 around the place. */
static bool fit(const place *p, size_t a, size_t b, hf_slope *s)
{
    const double *x = p->rows->x, *y = p->rows->y;
    const double half = fmax(p->t - x[a], x[b - 1] - p->t);
    double matrix[TERMS * TERMS] = {0}, right[TERMS] = {0}, c[TERMS] = {0}, square = 0;
    for (size_t i = a; i < b; i++) {
        const double z = (x[i] - p->t) / half, power[TERMS] = {1, z, z * z};
        for (size_t k = 0; k < TERMS; k++) {
            right[k] += power[k] * (y[i] - y[a]);
            for (size_t l = 0; l < TERMS; l++)
                matrix[k * TERMS + l] += power[k] * power[l];
        }
        square += p->rows->noise[i] * p->rows->noise[i];
    }
    gsl_matrix_view m = gsl_matrix_view_array(matrix, TERMS, TERMS);
    if (gsl_linalg_cholesky_decomp1(&m.matrix) != GSL_SUCCESS || gsl_linalg_cholesky_invert(&m.matrix) != GSL_SUCCESS)
        return false;
    for (size_t k = 0; k < TERMS; k++)
        for (size_t l = 0; l < TERMS; l++)
            c[k] += matrix[k * TERMS + l] * right[l];
    const size_t n = b - a;
    const double variance = square / (double)n * fmin(p->rows->together, (double)n);
    *s = (hf_slope){.t = p->t,
                    .loss = y[a] + c[0],
                    .loss_error = sqrt(variance * matrix[0]),
                    .speed = -c[1] / half,
                    .speed_error = sqrt(variance * matrix[TERMS + 1]) / half,
                    .half = half,
                    .rows = n};
    return true;
}

/* The n rows nearest to the place, by their number on either side. */
static void window(const place *p, size_t n, size_t *a, size_t *b)
{
    const size_t at = hf_times_row(p->rows->count, p->rows->x, p->t);
    *a = at > p->first + n / 2 ? at - n / 2 : p->first;
    *b = *a + n < p->end ? *a + n : p->end;
    if (*b - *a < n)
        *a = *b > p->first + n ? *b - n : p->first;
}

/* Standard errors; what agrees has a point in common within so many. Of a speed more, or a window ends by chance. */
static const double of_speed = 3, of_level = 2; /* at a place; where a level is passed */

/* What all windows so far agree on. */
typedef struct {
    double low, high;
} interval;

static const interval anything = {-INFINITY, INFINITY};

static bool agrees(interval *all, double value, double off)
{
    all->low = fmax(all->low, value - off);
    all->high = fmin(all->high, value + off);
    return all->low <= all->high;
}

/* Windows around a place, narrower ones first, for as long as something that they say agrees. */
typedef struct {
    interval agreed;
    hf_slope last[BACK + 1]; /* those that were accepted, the latest first */
    size_t accepted;
    bool disagreed;
} growth;

static void grow(growth *g, const hf_slope *now, double value, double off)
{
    g->disagreed = g->disagreed || !agrees(&g->agreed, value, off);
    if (g->disagreed)
        return;
    memmove(g->last + 1, g->last, BACK * sizeof *g->last);
    g->last[0] = *now;
    g->accepted++;
}

/* The widest window may be as wrong as narrower ones are uncertain, several of its own errors: an earlier one is taken. */
static const hf_slope *earlier(const growth *g)
{
    return &g->last[!g->disagreed ? 0 : g->accepted > BACK ? BACK : g->accepted - 1];
}

/* The next window, of about n rows; *all: it has all there are. False: there is none. */
static bool next_window(const place *p, size_t n, bool *all, hf_slope *now)
{
    size_t a, b;
    window(p, n, &a, &b);
    *all = b - a < n;
    return fit(p, a, b, now);
}

bool hf_slope_at(const hf_rows *rows, double t, hf_slope *slope)
{
    const place p = {rows, 0, rows->count, t};
    growth speed = {.agreed = anything}, level = {.agreed = anything};
    bool all = false;
    for (size_t n = ROWS_LEAST; !all && rows->count >= ROWS_LEAST && !(speed.disagreed && level.disagreed); n += n / 2) {
        hf_slope now;
        if (!next_window(&p, n, &all, &now))
            break;
        grow(&speed, &now, now.speed, of_speed * now.speed_error);
        grow(&level, &now, now.loss, of_speed * now.loss_error);
    }
    if (speed.accepted == 0)
        return false;
    *slope = *earlier(&speed);
    slope->loss = earlier(&level)->loss;
    slope->loss_error = earlier(&level)->loss_error;
    return true;
}

bool hf_slope_level_at(const hf_rows *rows, size_t first, size_t end, double t, double level, hf_slope *slope)
{
    const double spread = 3; /* deviations of a row next to where the rows pass the level */
    const size_t at = hf_times_row(rows->count, rows->x, t);
    const double apart = spread * rows->noise[at < rows->count ? at : rows->count - 1];
    const place p = {rows, first, end, t};
    interval levels = {level - apart, level + apart}, speeds = anything;
    bool found = false, all = false;
    for (size_t n = ROWS_LEAST; !all && end - first >= ROWS_LEAST; n += n / 2) {
        hf_slope now;
        if (!next_window(&p, n, &all, &now) || !agrees(&speeds, now.speed, of_level * now.speed_error) ||
            !agrees(&levels, now.loss, of_level * now.loss_error))
            break;
        *slope = now;
        found = true;
    }
    return found;
}
