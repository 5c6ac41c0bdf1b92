#include "detect/search.h"

#include "core/statistics.h"
#include "detect/candidates.h"
#include "detect/isotonic.h"
#include "detect/noise.h"
#include "detect/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const hf_search_params hf_search_usual = {.contrast = 3, .significance = 4, .least = 1e-4};

enum { VALUES_LEAST = 16 }; /* of a scale */

/* ---- scales ---- */

/* Room for the means of every scale but the first, and for what is estimated of their noise. */
typedef struct {
    hf_scale scale;
    double *x, *y, *noise; /* one block at x; NULL until the second scale */
} means;

static void start_scales(means *m, const hf_rows *rows)
{
    *m = (means){
        .scale = {
            .count = rows->count, .rows = 1, .x = rows->x, .y = rows->y, .noise = rows->noise, .digits = &rows->digits}};
}

/* Goes on to means of twice as many rows. Their noise is what it is estimated to be, but no less than if it were white and no
 * more than before. */
static hf_status double_scale(means *m, hf_error *err)
{
    const hf_scale *from = &m->scale;
    const size_t half = from->count / 2, skip = from->count % 2;
    if (m->x == NULL && (m->x = malloc((4 * half + 1) * sizeof *m->x)) == NULL)
        return hf_fail_memory(err, "the means");
    if (m->y == NULL) {
        m->y = m->x + half;
        m->noise = m->y + half;
    }
    for (size_t i = 0; i < half; i++) {
        const size_t a = 2 * i + skip, b = a + 1;
        m->x[i] = from->x[a] + (from->x[b] - from->x[a]) / 2;
        m->y[i] = from->y[a] + (from->y[b] - from->y[a]) / 2;
        m->noise[i] = fmax(from->noise[a], from->noise[b]);
    }
    double *estimate = m->noise + half; /* in place: the block is four times as long as this scale, at least */
    m->scale = (hf_scale){half, 2 * from->rows, m->x, m->y, m->noise, from->digits};
    hf_noise_profile(half, m->y, estimate);
    for (size_t i = 0; i < half; i++)
        m->noise[i] = fmin(m->noise[i], fmax(estimate[i], m->noise[i] * sqrt(0.5)));
    return HF_OK;
}

static bool has_next(const means *m)
{
    return m->scale.count / 2 >= VALUES_LEAST;
}

/* ---- choosing among scales ---- */

typedef struct {
    double top, bottom; /* of the middle half of its fall */
    const hf_candidate *drop;
    double strength; /* the largest at any scale */
} core;

static core core_of(const hf_candidate *c)
{
    const double quarter = (c->before - c->after) / 4;
    return (core){c->before - quarter, c->after + quarter, c, c->strength};
}

static bool holds_middle(const core *a, const core *b)
{
    const double middle = (b->top + b->bottom) / 2;
    return middle < a->top && middle > a->bottom;
}

/* Whether two drops are one, seen at two scales. */
static bool are_same(const core *a, const core *b)
{
    return holds_middle(a, b) || holds_middle(b, a);
}

static int by_bottom(const void *a, const void *b)
{
    const core *p = a, *q = b;
    if (p->bottom != q->bottom)
        return p->bottom > q->bottom ? -1 : 1;
    return p->drop->rows < q->drop->rows ? -1 : p->drop->rows > q->drop->rows;
}

static int by_onset(const void *a, const void *b)
{
    const core *p = a, *q = b;
    return (p->drop->t_onset > q->drop->t_onset) - (p->drop->t_onset < q->drop->t_onset);
}

static bool is_accepted(const hf_candidate *c, const hf_search_params *params)
{
    const hf_search_drop drop = {c->t_from, c->t_onset, c->t_settle, c->t_to, c->settled};
    return params->accepts == NULL || params->accepts(params->known, &drop);
}

/* Of candidates in order of their scale, those that are large enough, each at the finest scale it is seen at. */
static size_t merge_scales(const hf_candidates *list, double least, const hf_search_params *params, core *cores)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const core now = core_of(&list->at[i]);
        bool is_new = now.drop->before - now.drop->after >= least && is_accepted(now.drop, params);
        for (size_t k = 0; k < count && is_new; k++)
            if (cores[k].drop->rows != now.drop->rows && are_same(&cores[k], &now)) {
                cores[k].strength = fmax(cores[k].strength, now.strength);
                is_new = false;
            }
        if (is_new)
            cores[count++] = now;
    }
    return count;
}

/* The largest set of them whose cores do not meet, in order of time. Returns how many. */
static size_t choose(size_t count, core *cores)
{
    size_t kept = 0;
    qsort(cores, count, sizeof *cores, by_bottom);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || cores[i].top <= cores[kept - 1].bottom)
            cores[kept++] = cores[i];
    qsort(cores, kept, sizeof *cores, by_onset);
    size_t left = 0;
    for (size_t i = 0; i < kept; i++)
        if (cores[i].drop->settled || i + 1 == kept) /* nothing follows what the curve ends in */
            cores[left++] = cores[i];
    return left;
}

/* How far the nearest falling curve falls. */
static hf_status whole_fall(const hf_rows *rows, double *fall, hf_error *err)
{
    double *fit = malloc((rows->count + 1) * sizeof *fit);
    size_t *pool = malloc((rows->count + 1) * sizeof *pool);
    const bool good = fit != NULL && pool != NULL;
    if (good) {
        hf_isotonic_fit(rows->count, rows->y, true, fit, pool);
        *fall = fit[0] - fit[rows->count - 1];
    }
    free(fit);
    free(pool);
    return good ? HF_OK : hf_fail_memory(err, "the rows");
}

/* ---- describing ---- */

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

static hf_search_stage describe(const hf_rows *rows, const core *found)
{
    const hf_candidate *c = found->drop;
    const window w = window_of(rows, c);
    hf_search_stage s = {.t_onset = time_of_part(&w, c, 0.1),
                         .t_half = NAN,
                         .t_settle = NAN,
                         .before = c->before,
                         .after = c->after,
                         .fall = c->before - c->after,
                         .speed_onset = speed_of_part(&w, c, 0.1),
                         .speed_settle = NAN,
                         .strength = found->strength,
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

/* The line through rows from..to, at their middle. */
static hf_search_plateau line_through(const hf_rows *rows, double from, double to, double loss, double speed)
{
    const size_t first = hf_times_row(rows->count, rows->x, from), end = hf_times_row(rows->count, rows->x, to);
    const size_t count = end > first ? end - first : 0;
    hf_search_plateau p = {(from + to) / 2, loss, speed};
    if (count < 3)
        return p;
    double x = 0, y = 0, xx = 0, xy = 0;
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
    return p;
}

/* Where the string is slowest between two times. */
static hf_search_plateau slowest(const hf_rows *rows, const hf_scale *scale, const hf_taut *string, double from, double to)
{
    double least = INFINITY, a = from, b = to, loss = NAN;
    for (size_t k = 0; k + 1 < string->count; k++) {
        const double x = scale->x[string->knot[k].index], end = scale->x[string->knot[k + 1].index];
        const double speed = (string->knot[k].y - string->knot[k + 1].y) / (end - x);
        if (end <= from || x >= to || !(fabs(speed) < fabs(least)))
            continue;
        least = speed;
        a = fmax(x, from);
        b = fmin(end, to);
        loss = string->knot[k].y - speed * ((a + b) / 2 - x);
    }
    return isnan(loss) ? line_through(rows, from, to, rows->y[hf_times_row(rows->count - 1, rows->x, from)], 0)
                       : line_through(rows, a, b, loss, least);
}

/* Whether most of the fall up to a time happens at its beginning. */
static bool falls_first(const hf_scale *scale, const hf_taut *string, double to, double contrast, double noise)
{
    size_t last = 0;
    while (last + 1 < string->count && scale->x[string->knot[last + 1].index] <= to)
        last++;
    const double start = scale->x[0], fall = string->knot[0].y - string->knot[last].y;
    if (last == 0 || !(fall > noise))
        return false;
    size_t k = 0;
    while (k < last && string->knot[k + 1].y > string->knot[0].y - fall / 2)
        k++;
    const double a = scale->x[string->knot[k].index], b = scale->x[string->knot[k + 1].index];
    const double part = (string->knot[k].y - (string->knot[0].y - fall / 2)) / (string->knot[k].y - string->knot[k + 1].y);
    const double half = a + part * (b - a) - start, whole = scale->x[string->knot[last].index] - start;
    return whole - half >= contrast * half;
}

static hf_status add_plateaus(hf_search_result *r, const hf_rows *rows, const hf_search_params *params, hf_error *err)
{
    enum { COARSE = 64 }; /* values of the scale that plateaus are looked for at where there is no stage */
    size_t coarsest = r->stage_count == 0 ? rows->count / COARSE : 1;
    for (size_t i = 0; i < r->stage_count; i++)
        coarsest = r->stage[i].rows > coarsest ? r->stage[i].rows : coarsest;
    means m;
    start_scales(&m, rows);
    hf_status status = HF_OK;
    while (status == HF_OK && 2 * m.scale.rows <= coarsest && has_next(&m))
        status = double_scale(&m, err);
    hf_taut string = {0};
    if (status == HF_OK)
        status = hf_scale_string(&m.scale, params->significance, &string, err);
    const double end = rows->x[rows->count - 1];
    for (size_t i = 0; i <= r->stage_count && status == HF_OK; i++) {
        if (i > 0 && !r->stage[i - 1].settled)
            break;
        const double from = i == 0 ? rows->x[0] : r->stage[i - 1].t_settle;
        const double to = i == r->stage_count ? end : r->stage[i].t_onset;
        r->plateau[r->plateau_count++] = slowest(rows, &m.scale, &string, from, to > from ? to : from);
    }
    if (status == HF_OK)
        r->falls_at_start = falls_first(&m.scale, &string, r->stage_count == 0 ? end : r->stage[0].t_onset,
                                        params->contrast, 2 * params->significance * r->noise);
    hf_taut_clear(&string);
    free(m.x);
    return status;
}

/* ---- all of it ---- */

static hf_status find_all(hf_candidates *list, const hf_rows *rows, const hf_search_params *params, hf_error *err)
{
    const hf_candidate_params how = {params->contrast, params->significance};
    means m;
    start_scales(&m, rows);
    hf_status status = hf_candidates_find(list, &m.scale, &how, err);
    while (status == HF_OK && has_next(&m)) {
        status = double_scale(&m, err);
        if (status == HF_OK)
            status = hf_candidates_find(list, &m.scale, &how, err);
    }
    free(m.x);
    return status;
}

/* The smallest step between the numbers, and the noise in the middle of all. */
static hf_status describe_rows(hf_search_result *r, const hf_rows *rows, hf_error *err)
{
    r->count = rows->count;
    r->not_finite = rows->not_finite;
    r->repeated = rows->repeated;
    r->spikes = rows->spikes;
    r->unsorted = rows->unsorted;
    if (rows->count == 0)
        return HF_OK;
    double *copy = malloc(rows->count * sizeof *copy);
    if (copy == NULL)
        return hf_fail_memory(err, "the noise");
    memcpy(copy, rows->noise, rows->count * sizeof *copy);
    r->noise = hf_median(rows->count, copy);
    free(copy);
    r->resolution = INFINITY;
    for (size_t i = 0; i < rows->count; i++)
        r->resolution = fmin(r->resolution, hf_digits_step(&rows->digits, rows->y[i]));
    return HF_OK;
}

static hf_status describe_stages(hf_search_result *r, const hf_rows *rows, const hf_candidates *list,
                                 const hf_search_params *params, hf_error *err)
{
    double fall = 0;
    core *chosen = malloc((list->count + 1) * sizeof *chosen);
    hf_status status = chosen == NULL ? hf_fail_memory(err, "the stages") : whole_fall(rows, &fall, err);
    const size_t count = status == HF_OK ? choose(merge_scales(list, params->least * fall, params, chosen), chosen) : 0;
    r->stage = malloc((count + 1) * sizeof *r->stage);
    r->plateau = malloc((count + 2) * sizeof *r->plateau);
    if (status == HF_OK && (r->stage == NULL || r->plateau == NULL))
        status = hf_fail_memory(err, "the stages");
    for (size_t i = 0; i < count && status == HF_OK; i++)
        r->stage[r->stage_count++] = describe(rows, &chosen[i]);
    free(chosen);
    return status == HF_OK ? add_plateaus(r, rows, params, err) : status;
}

hf_status hf_search_run(hf_search_result *result, size_t count, const double *x, const double *y,
                        const hf_search_params *params, hf_error *err)
{
    enum { ROWS_LEAST = 4 };
    hf_rows rows;
    hf_candidates list = {0};
    *result = (hf_search_result){0};
    hf_status status = hf_rows_clean(&rows, count, x, y, err);
    if (status == HF_OK)
        status = describe_rows(result, &rows, err);
    if (status == HF_OK && rows.count >= ROWS_LEAST) {
        status = find_all(&list, &rows, params, err);
        if (status == HF_OK)
            status = describe_stages(result, &rows, &list, params, err);
    }
    hf_candidates_clear(&list);
    hf_rows_clear(&rows);
    if (status != HF_OK)
        hf_search_clear(result);
    return status;
}

void hf_search_clear(hf_search_result *result)
{
    free(result->stage);
    free(result->plateau);
    *result = (hf_search_result){0};
}
