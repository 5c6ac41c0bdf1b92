#include "detect/describe.h"

#include "detect/times.h"

#include <math.h>

/* ---- drops ---- */

/* The rows around a drop, as far as they may belong to it. */
typedef struct {
    size_t count;
    const double *x, *y;
} window;

static window window_of(const hf_rows *rows, const hf_candidate *c)
{
    const double beside = (c->t_settle - c->t_onset) / 4;
    const double from = fmax(c->t_from, c->t_onset - beside), to = fmin(fmin(c->t_to, c->t_settle + beside), c->t_lowest);
    size_t first = hf_times_row(rows->count, rows->x, from), end = hf_times_row(rows->count, rows->x, to);
    end += end < rows->count && rows->x[end] <= to;
    if (!c->settled)
        end = rows->count;
    if (end < first + 2) {
        first = first > 0 ? first - 1 : 0;
        end = first + 2 < rows->count ? first + 2 : rows->count;
    }
    return (window){end - first, rows->x + first, rows->y + first};
}

/* When a part of a drop has fallen. */
static double time_of_part(const window *w, const hf_candidate *c, double part)
{
    return hf_times_level(w->count, w->x, w->y, c->before - part * (c->before - c->after));
}

/* The speed around that: across a tenth of the fall. */
static double speed_of_part(const window *w, const hf_candidate *c, double part)
{
    const double width = 0.1, time = time_of_part(w, c, part + width / 2) - time_of_part(w, c, part - width / 2);
    return time > 0 ? width * (c->before - c->after) / time : NAN;
}

hf_search_stage hf_describe_stage(const hf_rows *rows, const hf_candidate *c, double strength)
{
    const window w = window_of(rows, c);
    hf_search_stage s = {.t_onset = time_of_part(&w, c, 0.1),
                         .t_half = NAN,
                         .t_settle = NAN,
                         .before = c->before,
                         .after = c->after,
                         .fall = c->before - c->after,
                         .speed_onset = speed_of_part(&w, c, 0.1),
                         .speed_settle = NAN,
                         .strength = strength,
                         .settled = c->settled,
                         .rows = c->rows};
    const double end = c->settled ? time_of_part(&w, c, 0.9) : rows->x[rows->count - 1];
    if (c->settled) {
        s.t_half = time_of_part(&w, c, 0.5);
        s.t_settle = end;
        s.speed_settle = speed_of_part(&w, c, 0.9);
    }
    hf_times_peak peak = {s.t_half, (c->before + c->after) / 2, c->settled ? speed_of_part(&w, c, 0.5) : NAN};
    const hf_times_peak half = peak;
    if (!hf_times_fastest(w.count, w.x, w.y, s.t_onset, end, &peak))
        peak = half;
    s.t_peak = peak.t;
    s.loss_peak = peak.y;
    s.speed = peak.speed;
    return s;
}

/* ---- plateaus ---- */

hf_search_plateau hf_describe_plateau(const hf_rows *rows, double from, double to, double loss, double speed)
{
    const size_t first = hf_times_row(rows->count, rows->x, from), end = hf_times_row(rows->count, rows->x, to);
    const size_t count = end > first ? end - first : 0;
    hf_search_plateau p = {.t = (from + to) / 2, .loss = loss, .speed = speed, .loss_error = NAN, .speed_error = NAN, .rows = count};
    if (count < 3)
        return p;
    double x = 0, y = 0, xx = 0, xy = 0, square = 0;
    for (size_t i = first; i < end; i++) {
        x += (rows->x[i] - rows->x[first]) / (double)count;
        y += (rows->y[i] - rows->y[first]) / (double)count;
    }
    for (size_t i = first; i < end; i++) {
        const double off = rows->x[i] - rows->x[first] - x;
        xx += off * off;
        xy += off * (rows->y[i] - rows->y[first] - y);
    }
    p.speed = -xy / xx;
    p.loss = rows->y[first] + y - p.speed * (p.t - rows->x[first] - x);
    for (size_t i = first; i < end; i++)
        square += pow(rows->y[i] - rows->y[first] - y + p.speed * (rows->x[i] - rows->x[first] - x), 2);
    const double variance = square / (double)(count - 2) * fmin(rows->together, (double)count);
    p.speed_error = sqrt(variance / xx);
    p.loss_error = hypot(sqrt(variance / (double)count), p.speed_error * (p.t - rows->x[first] - x));
    return p;
}
