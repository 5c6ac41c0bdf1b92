#include "detect/describe.h"

#include "detect/slope.h"
#include "detect/times.h"

#include <math.h>

/* ---- drops ---- */

/* The rows around a drop, as far as they may belong to it, and the levels beside it. */
typedef struct {
    const hf_rows *rows;
    size_t first, end;
    double before, after;
} window;

static window window_of(const hf_rows *rows, const hf_candidate *c, double before, double after)
{
    size_t first = hf_times_row(rows->count, rows->x, c->t_from);
    size_t end = hf_times_row(rows->count, rows->x, fmin(c->t_to, c->t_lowest));
    end += end < rows->count;
    if (!c->settled)
        end = rows->count;
    if (end < first + 2) {
        first = first > 0 ? first - 1 : 0;
        end = first + 2 < rows->count ? first + 2 : rows->count;
    }
    return (window){rows, first, end, before, after};
}

static double level_of_part(const window *w, double part)
{
    return w->before - part * (w->before - w->after);
}

/* When a part of a drop has fallen: the change point, and where a parabola through the rows around passes the level. error: of
 * the level there, over the speed; NULL: not wanted. */
static double time_of_part(const window *w, double part, double *error)
{
    enum { AGAIN = 2 };
    const hf_rows *rows = w->rows;
    const double level = level_of_part(w, part);
    const double point = hf_times_level(w->end - w->first, rows->x + w->first, rows->y + w->first, level);
    double t = point;
    hf_slope here;
    if (error != NULL)
        *error = NAN;
    for (int k = 0; k < AGAIN; k++) {
        if (!hf_slope_level_at(rows, w->first, w->end, t, level, &here) || !(here.speed > 0))
            break;
        const double step = (here.loss - level) / here.speed;
        if (!(fabs(step) <= here.half) || t + step < rows->x[w->first] || t + step > rows->x[w->end - 1])
            break;
        t += step;
        if (error != NULL)
            *error = here.loss_error / here.speed;
    }
    return t;
}

double hf_describe_time(const hf_rows *rows, double level, double *error)
{
    const window w = {rows, 0, rows->count, level, level};
    const double point = hf_times_level(rows->count, rows->x, rows->y, level);
    *error = NAN;
    if (point <= rows->x[0] || point >= rows->x[rows->count - 1])
        return NAN;
    return time_of_part(&w, 0, error);
}

/* The speed around that: across a tenth of the fall. */
static double speed_of_part(const window *w, double part)
{
    const double width = 0.1;
    const double time = time_of_part(w, part + width / 2, NULL) - time_of_part(w, part - width / 2, NULL);
    return time > 0 ? width * (w->before - w->after) / time : NAN;
}

enum { PLACES = 64 };

/* The middle of the peak of local slopes around place number best: of those next to it that are nearly as fast. */
static double middle_of_peak(const hf_slope place[PLACES + 1], size_t best)
{
    const double nearly = 0.8 * place[best].speed;
    size_t first = best, last = best;
    double sum = 0, times = 0;
    while (first > 0 && place[first - 1].speed > nearly)
        first--;
    while (last < PLACES && place[last + 1].speed > nearly)
        last++;
    for (size_t i = first; i <= last; i++) {
        sum += place[i].speed - nearly;
        times += (place[i].speed - nearly) * (place[i].t - place[best].t);
    }
    return place[best].t + times / sum;
}

/* The fastest place between two times: of the local slopes, the one that is surely the largest, and those around it. Where a drop
 * that has not settled is fastest at its end it is still getting faster: nan; where it has few rows it is fastest halfway. */
static void find_fastest(const window *w, double from, double to, hf_search_stage *s)
{
    enum { ROWS_LEAST = 5 };
    const double sure = 3; /* standard errors: of many places one or the other is off by two */
    const hf_rows *rows = w->rows;
    const size_t inside = hf_times_row(rows->count, rows->x, to) - hf_times_row(rows->count, rows->x, from);
    hf_slope place[PLACES + 1], peak;
    double most = -INFINITY;
    size_t best = 0;
    s->t_peak = s->settled ? s->t_half : NAN;
    s->loss_peak = level_of_part(w, 0.5);
    s->speed = s->settled ? speed_of_part(w, 0.5) : NAN;
    for (size_t i = 0; i <= PLACES && inside >= ROWS_LEAST; i++) {
        if (!hf_slope_at(rows, from + (to - from) * (double)i / PLACES, &place[i]))
            return;
        const double now = place[i].speed - sure * place[i].speed_error;
        best = now > most ? i : best;
        most = fmax(most, now);
    }
    if (inside < ROWS_LEAST || !(place[best].speed > 0))
        return;
    if (!hf_slope_at(rows, middle_of_peak(place, best), &peak))
        peak = place[best];
    const bool is_end = !s->settled && best == PLACES;
    s->t_peak = is_end ? NAN : peak.t;
    s->loss_peak = peak.loss;
    s->speed = is_end ? NAN : peak.speed;
}

hf_search_stage hf_describe_stage(const hf_rows *rows, const hf_candidate *c, double strength, double before, double after)
{
    const window w = window_of(rows, c, before, after);
    hf_search_stage s = {.t_onset = time_of_part(&w, 0.1, NULL),
                         .t_half = NAN,
                         .t_settle = NAN,
                         .half_error = NAN,
                         .before = before,
                         .after = after,
                         .fall = before - after,
                         .speed_onset = speed_of_part(&w, 0.1),
                         .speed_settle = NAN,
                         .strength = strength,
                         .settled = c->settled,
                         .rows = c->rows};
    const double end = c->settled ? time_of_part(&w, 0.9, NULL) : rows->x[rows->count - 1];
    if (c->settled) {
        s.t_half = time_of_part(&w, 0.5, &s.half_error);
        s.t_settle = end;
        s.speed_settle = speed_of_part(&w, 0.9);
    }
    find_fastest(&w, s.t_onset, end, &s);
    return s;
}

/* ---- plateaus ---- */

hf_search_plateau hf_describe_plateau(const hf_rows *rows, double from, double to, double loss, double speed)
{
    const size_t first = hf_times_row(rows->count, rows->x, from), end = hf_times_row(rows->count, rows->x, to);
    const size_t count = end > first ? end - first : 0;
    hf_search_plateau p = {
        .t = (from + to) / 2, .loss = loss, .speed = speed, .loss_error = NAN, .speed_error = NAN, .rows = count};
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
