#include "detect/search.h"

#include "core/statistics.h"
#include "detect/candidates.h"
#include "detect/describe.h"
#include "detect/isotonic.h"
#include "detect/noise.h"
#include "detect/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const hf_search_params hf_search_usual = {.contrast = 3, .significance = 4, .least = 1e-4, .memory = 1};

enum { VALUES_LEAST = 16 }; /* of a scale */

/* ---- scales ---- */

/* Room for the means of every scale but the first, and for what is estimated of their noise. */
typedef struct {
    hf_scale scale;
    double *x, *y, *noise; /* one block at x; NULL until the second scale */
    size_t memory;         /* of the noise, in rows */
} means;

static void start_scales(means *m, const hf_rows *rows)
{
    *m = (means){
        .memory = rows->memory,
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
    hf_noise_profile(half, m->y, m->memory / m->scale.rows, estimate);
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

/* Whether a coarser scale sees the same drop again: also one that it does not see settle, for want of means behind it. */
static bool are_same(const core *fine, const core *coarse)
{
    const double middle = (coarse->top + coarse->bottom) / 2;
    const bool cut_short = !coarse->drop->settled && middle < fine->drop->before && middle > fine->drop->after;
    return holds_middle(fine, coarse) || holds_middle(coarse, fine) || cut_short;
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

/* ---- plateaus ---- */

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
    return isnan(loss) ? hf_describe_plateau(rows, from, to, rows->y[hf_times_row(rows->count - 1, rows->x, from)], 0)
                       : hf_describe_plateau(rows, a, b, loss, least);
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
        r->stage[r->stage_count++] =
            hf_describe_stage(rows, chosen[i].drop, chosen[i].strength, chosen[i].drop->before, chosen[i].drop->after);
    if (status == HF_OK)
        status = add_plateaus(r, rows, params, err);
    for (size_t i = 0; i < count && status == HF_OK; i++) { /* again, between the levels of the plateaus */
        hf_search_stage *s = &r->stage[i];
        const hf_search_plateau *before = &r->plateau[i], *after = s->settled ? before + 1 : NULL;
        const double bottom = after == NULL ? s->after : after->loss;
        if (before->loss > bottom)
            *s = hf_describe_stage(rows, chosen[i].drop, chosen[i].strength, before->loss, bottom);
        if (after != NULL)
            s->half_error = hypot(s->half_error, hypot(before->loss_error, after->loss_error) / 2 / s->speed);
    }
    free(chosen);
    return status;
}

hf_status hf_search_rows(hf_search_result *result, const hf_rows *rows, const hf_search_params *params, hf_error *err)
{
    enum { ROWS_LEAST = 4 };
    hf_candidates list = {0};
    *result = (hf_search_result){0};
    hf_status status = describe_rows(result, rows, err);
    if (status == HF_OK && rows->count >= ROWS_LEAST) {
        status = find_all(&list, rows, params, err);
        if (status == HF_OK)
            status = describe_stages(result, rows, &list, params, err);
    }
    hf_candidates_clear(&list);
    if (status != HF_OK)
        hf_search_clear(result);
    return status;
}

hf_status hf_search_run(hf_search_result *result, size_t count, const double *x, const double *y,
                        const hf_search_params *params, hf_error *err)
{
    hf_rows rows;
    *result = (hf_search_result){0};
    hf_status status = hf_rows_clean(&rows, count, x, y, params->memory, err);
    if (status == HF_OK)
        status = hf_search_rows(result, &rows, params, err);
    hf_rows_clear(&rows);
    return status;
}

void hf_search_clear(hf_search_result *result)
{
    free(result->stage);
    free(result->plateau);
    *result = (hf_search_result){0};
}
