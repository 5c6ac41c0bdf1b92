#include "detect/candidates.h"

#include "core/lists.h"
#include "detect/isotonic.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define NONE SIZE_MAX

/* Half the tube of the string, over the deviations that are not trusted. Narrower than these, it shows the string more drops
 * than there are, of which the confirmation leaves none; with the whole of them, drops of ten deviations stay hidden. */
static const double tube_part = 0.75;

/* A drop on the string: knots and the segments between them; the neighbours among those that are left. */
typedef struct {
    size_t before, peak, after; /* segments */
    size_t onset, settle;       /* knots */
    size_t previous, next;      /* drops; NONE */
    size_t place;               /* in the heap; NONE: removed */
    bool settled;
    double level_before, level_after, strength;
} drop;

typedef struct {
    const hf_scale *scale;
    const hf_candidate_params *params;
    hf_taut string;
    double *lowest; /* (knots) of the string up to there */
    size_t count, capacity;
    drop *drops; /* (count) all that were found */
    size_t heap_count;
    size_t *heap; /* (heap_count) drops that are left, the weakest first */
    double *fit;  /* (scale count) scratch */
    size_t *pool; /* (scale count) scratch */
} search;

/* ---- the string ---- */

hf_status hf_scale_string(const hf_scale *scale, double significance, hf_taut *string, hf_error *err)
{
    double *tube = malloc((scale->count + 1) * sizeof *tube);
    if (tube == NULL)
        return hf_fail_memory(err, "the noise");
    for (size_t i = 0; i < scale->count; i++)
        tube[i] = significance * scale->noise[i] + hf_digits_step(scale->digits, scale->y[i]) +
                  4 * DBL_EPSILON * fabs(scale->y[i]);
    const hf_status status = hf_taut_pull(scale->count, scale->x, scale->y, tube, string, err);
    free(tube);
    return status;
}

static size_t index_at(const search *s, size_t knot)
{
    return s->string.knot[knot].index;
}

static double time_at(const search *s, size_t knot)
{
    return s->scale->x[index_at(s, knot)];
}

static double loss_at(const search *s, size_t knot)
{
    return s->string.knot[knot].y;
}

/* How fast the string falls in a segment; as slow as can be where it does not. */
static double speed_of(const search *s, size_t segment)
{
    const double standing = 1e-300;
    const double fall = loss_at(s, segment) - loss_at(s, segment + 1);
    return fall > 0 ? fmax(fall / (time_at(s, segment + 1) - time_at(s, segment)), standing) : standing;
}

/* The string's value at x between the first and the last knot. */
static double value_at(const search *s, double x)
{
    size_t low = 0, high = s->string.count - 1;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (time_at(s, middle) <= x)
            low = middle;
        else
            high = middle;
    }
    const double width = time_at(s, high) - time_at(s, low);
    return loss_at(s, low) + (loss_at(s, high) - loss_at(s, low)) * ((x - time_at(s, low)) / width);
}

/* When the string first falls to level between two knots. */
static double time_of_level(const search *s, size_t from, size_t to, double level)
{
    for (size_t k = from; k < to; k++)
        if (loss_at(s, k + 1) <= level) {
            const double fall = loss_at(s, k) - loss_at(s, k + 1), part = fall > 0 ? (loss_at(s, k) - level) / fall : 0;
            return time_at(s, k) + fmax(part, 0) * (time_at(s, k + 1) - time_at(s, k));
        }
    return time_at(s, to);
}

/* ---- persistence ---- */

/* The speed halfway between a plateau and a peak, on a logarithmic scale. */
static double halfway(double plateau, double peak)
{
    return sqrt(plateau) * sqrt(peak);
}

static void find_edges(const search *s, drop *d)
{
    const double peak = speed_of(s, d->peak);
    const double out = halfway(speed_of(s, d->before), peak);
    const double in = d->settled ? halfway(speed_of(s, d->after), peak) : 0;
    d->onset = d->peak;
    while (d->onset > d->before + 1 && speed_of(s, d->onset - 1) > out)
        d->onset--;
    d->settle = d->peak + 1;
    while (d->settled && d->settle < d->after && speed_of(s, d->settle) > in)
        d->settle++;
    if (!d->settled)
        d->settle = s->string.count - 1;
}

static bool add_drop(search *s, size_t before, size_t peak, size_t after, bool settled)
{
    drop *grown = hf_list_grow(s->drops, s->count, &s->capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    s->drops = grown;
    drop *d = &s->drops[s->count];
    *d = (drop){.before = before, .peak = peak, .after = after, .settled = settled, .previous = NONE, .next = NONE};
    find_edges(s, d);
    s->count++;
    return true;
}

/* Minima and maxima of the speed, by persistence: each counts once the speed has changed by the contrast from it. */
static bool find_drops(search *s)
{
    const double contrast = s->params->contrast;
    size_t low = 0, high = 0, before = 0, peak = 0;
    enum { FIRST, DROP, PLATEAU } seeking = FIRST;
    bool open = false; /* a drop whose plateau behind is not known yet: its lowest segment is */
    for (size_t k = 1; k + 1 < s->string.count; k++) {
        const double speed = speed_of(s, k);
        if (speed < speed_of(s, low))
            low = k;
        if (speed > speed_of(s, high))
            high = k;
        if (seeking != DROP && speed >= contrast * speed_of(s, low)) {
            if (open && !add_drop(s, before, peak, low, true))
                return false;
            open = false;
            before = low;
            seeking = DROP;
            high = k;
        } else if (seeking != PLATEAU && speed * contrast <= speed_of(s, high)) {
            open = seeking == DROP;
            peak = high;
            seeking = PLATEAU;
            low = k;
        }
    }
    if (open)
        return add_drop(s, before, peak, low, true);
    return seeking != DROP || add_drop(s, before, high, NONE, false);
}

/* ---- strength ---- */

/* A window's level at the end that the drop is at, and what noise leaves there. */
typedef struct {
    double level, residual;
} level;

/* Where the string is lowest in a window, and whether it rises clearly behind. */
static bool has_valley(const search *s, size_t first, size_t last, size_t *bottom)
{
    enum { RISING = 16 };
    double least = INFINITY;
    size_t low = 0, high = s->string.count - 1;
    while (low < high) { /* the first knot at or behind first */
        const size_t middle = low + (high - low) / 2;
        if (index_at(s, middle) < first)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t k = low; k < s->string.count && index_at(s, k) <= last; k++)
        if (loss_at(s, k) < least) {
            least = loss_at(s, k);
            *bottom = index_at(s, k);
        }
    return least < INFINITY && *bottom + RISING <= last;
}

/* The level of the values first..last at their end, or at their beginning: of the nearest falling curve, or of one that falls
 * and then rises where that is what they do. */
static level level_of(const search *s, size_t first, size_t last, bool at_end)
{
    const double clear = 20; /* residuals that a rise is */
    const double *y = s->scale->y + first;
    const size_t count = last - first + 1;
    size_t bottom = 0;
    level found;
    if (has_valley(s, first, last, &bottom)) {
        const size_t falling = bottom - first + 1;
        hf_isotonic_fit(falling, y, true, s->fit, s->pool);
        hf_isotonic_fit(count - falling, y + falling, false, s->fit + falling, s->pool);
        found = (level){s->fit[at_end ? count - 1 : 0], hf_isotonic_residual(count, y, s->fit)};
        if (value_at(s, s->scale->x[last]) - value_at(s, s->scale->x[bottom]) > clear * found.residual)
            return found;
    }
    hf_isotonic_fit(count, y, true, s->fit, s->pool);
    return (level){s->fit[at_end ? count - 1 : 0], hf_isotonic_residual(count, y, s->fit)};
}

/* What the plateau beside a drop may fall by and not be seen to, and does fall by, in a time. */
static double slow_speed(const search *s, double from, double to, double residual)
{
    const double hidden = 0.75 * s->params->significance * residual;
    const double fall = to > from ? fmax(value_at(s, from) - value_at(s, to), 0) : 0;
    return to > from ? (fall + hidden) / (to - from) : INFINITY;
}

/* B: the speed of the middle of a drop over that of the plateaus, between it and the drops beside it, whether these are left
 * or not. */
static double relative_speed(const search *s, size_t i, double residual_before, double residual_after)
{
    const drop *d = &s->drops[i];
    const double top = loss_at(s, d->onset), fall = top - loss_at(s, d->settle);
    if (!(fall > 0))
        return 0;
    const double core =
        time_of_level(s, d->onset, d->settle, top - 0.75 * fall) - time_of_level(s, d->onset, d->settle, top - 0.25 * fall);
    const double onset = time_at(s, d->onset), settle = time_at(s, d->settle);
    const double from = fmax(i == 0 ? -INFINITY : time_at(s, s->drops[i - 1].settle), onset - 2 * core);
    const double to = fmin(i + 1 == s->count ? INFINITY : time_at(s, s->drops[i + 1].onset), settle + 2 * core);
    const double first = s->scale->x[0], last = s->scale->x[s->scale->count - 1];
    double slow = slow_speed(s, fmax(from, first), onset, residual_before);
    if (d->settled)
        slow = fmax(slow, slow_speed(s, settle, fmin(to, last), residual_after));
    return core > 0 ? fall / 2 / core / (sqrt(s->params->contrast) * slow) : 0;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Measures drop i between those that are left beside it. */
static void measure(search *s, size_t i)
{
    enum { NEAR = 32, FAR = 1024 }; /* values that a level is taken from; coarser scales see farther */
    drop *d = &s->drops[i];
    const size_t onset = index_at(s, d->onset), settle = index_at(s, d->settle), twice = 2 * (settle - onset);
    const size_t reach = twice < NEAR ? NEAR : twice > FAR ? FAR : twice;
    const size_t from =
        larger(d->previous == NONE ? 0 : index_at(s, s->drops[d->previous].settle), onset > reach ? onset - reach : 0);
    size_t to = d->next == NONE ? s->scale->count - 1 : index_at(s, s->drops[d->next].onset);
    to = to > settle + reach ? settle + reach : to;
    const level before = level_of(s, from, onset, true);
    const level after = d->settled ? level_of(s, settle, to, false) : (level){loss_at(s, d->settle), 0};
    const double fall = before.level - after.level;
    const double floor = hf_digits_step(s->scale->digits, before.level) / 2;
    const double noise = fmax(fmax(before.residual, after.residual), floor);
    d->level_before = before.level;
    d->level_after = after.level;
    d->strength = 0;
    if (!(fall > 0) || s->lowest[d->onset] - after.level < fall / 2) /* most of it recovers from a rise */
        return;
    d->strength = fmin(fall / (2.5 * s->params->significance * noise),
                       relative_speed(s, i, fmax(before.residual, floor), fmax(after.residual, floor)));
}

/* ---- the weakest first ---- */

static void swap(search *s, size_t a, size_t b)
{
    const size_t drop_a = s->heap[a];
    s->heap[a] = s->heap[b];
    s->heap[b] = drop_a;
    s->drops[s->heap[a]].place = a;
    s->drops[s->heap[b]].place = b;
}

static bool is_weaker(const search *s, size_t a, size_t b)
{
    const double x = s->drops[s->heap[a]].strength, y = s->drops[s->heap[b]].strength;
    return x < y || (x == y && s->heap[a] < s->heap[b]);
}

/* Brings what stands at a place of the heap to where it belongs. */
static void settle_place(search *s, size_t place)
{
    while (place > 0 && is_weaker(s, place, (place - 1) / 2)) {
        swap(s, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
    for (;;) {
        size_t weakest = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < s->heap_count; child++)
            weakest = is_weaker(s, child, weakest) ? child : weakest;
        if (weakest == place)
            return;
        swap(s, place, weakest);
        place = weakest;
    }
}

static void remove_weakest(search *s)
{
    drop *gone = &s->drops[s->heap[0]];
    swap(s, 0, --s->heap_count);
    gone->place = NONE;
    if (s->heap_count > 0)
        settle_place(s, 0);
    if (gone->previous != NONE)
        s->drops[gone->previous].next = gone->next;
    if (gone->next != NONE)
        s->drops[gone->next].previous = gone->previous;
    const size_t beside[2] = {gone->previous, gone->next};
    for (size_t n = 0; n < 2; n++)
        if (beside[n] != NONE) {
            measure(s, beside[n]);
            settle_place(s, s->drops[beside[n]].place);
        }
}

static void confirm(search *s)
{
    for (size_t i = 0; i < s->count; i++) {
        s->drops[i].previous = i == 0 ? NONE : i - 1;
        s->drops[i].next = i + 1 == s->count ? NONE : i + 1;
    }
    for (size_t i = 0; i < s->count; i++) {
        measure(s, i);
        s->heap[i] = i;
        s->drops[i].place = i;
        s->heap_count = i + 1;
        settle_place(s, i);
    }
    while (s->heap_count > 0 && s->drops[s->heap[0]].strength < 1)
        remove_weakest(s);
}

/* ---- all of it ---- */

static hf_status add_candidate(hf_candidates *list, const search *s, const drop *d, hf_error *err)
{
    hf_candidate *grown = hf_list_grow(list->at, list->count, &list->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the drops");
    list->at = grown;
    const size_t from = d->previous == NONE ? 0 : s->drops[d->previous].settle;
    const size_t to = d->next == NONE ? s->string.count - 1 : s->drops[d->next].onset;
    size_t lowest = d->settle;
    for (size_t k = d->settle; k <= to; k++)
        lowest = loss_at(s, k) < loss_at(s, lowest) ? k : lowest;
    list->at[list->count++] = (hf_candidate){.rows = s->scale->rows,
                                             .t_onset = time_at(s, d->onset),
                                             .t_settle = time_at(s, d->settle),
                                             .t_from = time_at(s, from),
                                             .t_to = time_at(s, to),
                                             .t_lowest = time_at(s, lowest),
                                             .before = d->level_before,
                                             .after = d->level_after,
                                             .strength = d->strength,
                                             .settled = d->settled};
    return HF_OK;
}

static hf_status prepare(search *s, hf_error *err)
{
    const size_t knots = s->string.count, count = s->scale->count;
    s->lowest = malloc((knots + 1) * sizeof *s->lowest);
    s->heap = malloc((s->count + 1) * sizeof *s->heap);
    s->fit = malloc((count + 1) * sizeof *s->fit);
    s->pool = malloc((count + 1) * sizeof *s->pool);
    if (s->lowest == NULL || s->heap == NULL || s->fit == NULL || s->pool == NULL)
        return hf_fail_memory(err, "the drops");
    for (size_t k = 0; k < knots; k++)
        s->lowest[k] = k == 0 ? loss_at(s, k) : fmin(s->lowest[k - 1], loss_at(s, k));
    return HF_OK;
}

hf_status hf_candidates_find(hf_candidates *list, const hf_scale *scale, const hf_candidate_params *params, hf_error *err)
{
    search s = {.scale = scale, .params = params};
    hf_status status = hf_scale_string(scale, tube_part * params->significance, &s.string, err);
    if (status == HF_OK && !find_drops(&s))
        status = hf_fail_memory(err, "the drops");
    if (status == HF_OK && s.count > 0) {
        status = prepare(&s, err);
        if (status == HF_OK)
            confirm(&s);
        for (size_t i = 0; i < s.count && status == HF_OK; i++)
            if (s.drops[i].place != NONE)
                status = add_candidate(list, &s, &s.drops[i], err);
    }
    hf_taut_clear(&s.string);
    free(s.lowest);
    free(s.drops);
    free(s.heap);
    free(s.fit);
    free(s.pool);
    return status;
}

void hf_candidates_clear(hf_candidates *list)
{
    free(list->at);
    *list = (hf_candidates){0};
}
