/* What moves every event, at the end of a run: hf_sensitivity_finish of sensitivity.h. */
#include "run/sensitivity_state.h"

#include "core/lists.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the end of the run is looked at. */
typedef struct {
    hf_sensitivity *s;
    const hf_findings *findings;
    hf_sensitivities *result;
    double t;            /* the end */
    const double *moves; /* (count, HF_MARK_NUMBERS) of it where the loss stops the run; NULL: it is at a fixed time */
    double *end;         /* (count, HF_MARK_NUMBERS) at the end */
    double speed, rate;  /* there */
    double *work;        /* (count, HF_MARK_NUMBERS) */
    hf_error *err;
    hf_status status;
} finishing;

static const hf_mark *find_mark(const hf_sensitivity *s, hf_event_kind kind, size_t pattern, double t,
                                const double **number)
{
    for (size_t k = 0; k < s->mark_count; k++)
        if (s->marks[k].kind == kind && s->marks[k].t == t && s->marks[k].pattern == pattern) {
            *number = s->numbers + k * HF_MARK_NUMBERS * s->count;
            return &s->marks[k];
        }
    return NULL;
}

static void add_row(finishing *f, const hf_event *e, const char *quantity, size_t parameter, double value,
                    double derivative, hf_why why)
{
    hf_sensitivities *result = f->result;
    if (f->status != HF_OK)
        return;
    hf_sensitivity_row *grown = hf_list_grow(result->row, result->count, &result->capacity, sizeof *grown);
    if (grown == NULL) {
        f->status = hf_fail_memory(f->err, "the derivatives");
        return;
    }
    result->row = grown;
    hf_sensitivity_row *row = &result->row[result->count++];
    *row = (hf_sensitivity_row){.event = e->kind,
                                .stage = e->stage,
                                .head = e->head,
                                .pattern = e->pattern,
                                .t = e->t,
                                .parameter = parameter,
                                .value = value,
                                .derivative = why == HF_WHY_DEFINED ? derivative : NAN,
                                .why = why};
    snprintf(row->quantity, sizeof row->quantity, "%s", quantity);
}

/* Time, loss and, where it is the event's own value, speed of an event, from numbers at a fixed time and how its time moves. */
static void add_event(finishing *f, const hf_event *e, const double *number, double speed, double rate, bool with_speed,
                      hf_why why_t, hf_why why_levels)
{
    const size_t count = f->s->count;
    for (size_t i = 0; i < count; i++)
        add_row(f, e, "t", i, e->t, number[i * HF_MARK_NUMBERS + HF_MARK_TIME], why_t);
    for (size_t i = 0; i < count; i++) {
        const double *n = number + i * HF_MARK_NUMBERS, dt = isnan(n[HF_MARK_TIME]) ? 0 : n[HF_MARK_TIME];
        add_row(f, e, "loss", i, e->loss, n[HF_MARK_LOSS] - speed * dt, why_levels);
    }
    for (size_t i = 0; i < count && with_speed; i++) {
        const double *n = number + i * HF_MARK_NUMBERS, dt = isnan(n[HF_MARK_TIME]) ? 0 : n[HF_MARK_TIME];
        add_row(f, e, "speed", i, speed, n[HF_MARK_SPEED] + rate * dt, why_levels);
    }
}

/* Numbers at t = 0: there is no time to move. */
static const double *at_start(const finishing *f)
{
    const double *sample = hf_sensitivity_sample_at(f->s, 0) + HF_SAMPLE_HEAD;
    for (size_t i = 0; i < f->s->count; i++) {
        f->work[i * HF_MARK_NUMBERS + HF_MARK_TIME] = 0;
        f->work[i * HF_MARK_NUMBERS + HF_MARK_LOSS] = sample[i * HF_SAMPLE_NUMBERS + HF_SAMPLE_LOSS];
        f->work[i * HF_MARK_NUMBERS + HF_MARK_SPEED] = sample[i * HF_SAMPLE_NUMBERS + HF_SAMPLE_SLOPE];
    }
    return f->work;
}

/* A plateau or a drop; *speed: P there. */
static const double *extremum(const finishing *f, double t, double *speed, double *rate, hf_why *why)
{
    const double *number;
    const hf_mark *m = find_mark(f->s, HF_EVENT_PLATEAU, 0, t, &number);
    if (m != NULL) {
        *why = m->touches ? HF_WHY_TOUCHES : HF_WHY_DEFINED;
        *speed = m->speed;
        *rate = 0;
        return number;
    }
    *why = t == 0 ? HF_WHY_AT_START : t == f->t ? HF_WHY_CENSORED : HF_WHY_AT_REST;
    *speed = t == 0 ? hf_sensitivity_sample_at(f->s, 0)[HF_SAMPLE_SPEED] : f->speed;
    *rate = 0;
    return t == 0 ? at_start(f) : f->end;
}

static void add_extremum(finishing *f, const hf_event *e)
{
    double speed, rate;
    hf_why why;
    const double *number = extremum(f, e->t, &speed, &rate, &why);
    const bool is_known = why != HF_WHY_AT_REST;
    if (why == HF_WHY_CENSORED) /* at the end, however that moves */
        rate = f->rate;
    add_event(f, e, number, speed, rate, true, why, is_known ? HF_WHY_DEFINED : why);
}

/* d ln P of a plateau or a peak: its own time does not matter; (count) into result. False: not known. */
static bool log_speed(const finishing *f, double t, double *result, hf_why *why)
{
    double speed, rate;
    const double *number = extremum(f, t, &speed, &rate, why);
    if (*why == HF_WHY_AT_REST || !(speed > 0)) {
        *why = HF_WHY_AT_REST;
        return false;
    }
    for (size_t i = 0; i < f->s->count; i++) {
        const double *n = number + i * HF_MARK_NUMBERS;
        const double moved =
            *why == HF_WHY_CENSORED && f->moves != NULL ? f->rate * f->moves[i * HF_MARK_NUMBERS + HF_MARK_TIME] : 0;
        result[i] = (n[HF_MARK_SPEED] + moved) / speed;
    }
    return true;
}

/* ---- between samples ---- */

enum { NODES = 6 };

/* Samples around t whose distances are not too different, for an interpolation; weights of Lagrange's polynomial. */
static size_t choose_nodes(const hf_sensitivity *s, double t, size_t node[NODES], double weight[NODES])
{
    const double least = 0.2; /* of the step that t is in */
    size_t low = 0, high = s->sample_count - 1, count = 2;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (hf_sensitivity_sample_at(s, middle)[HF_SAMPLE_T] <= t)
            low = middle;
        else
            high = middle;
    }
    const double apart =
        least * (hf_sensitivity_sample_at(s, high)[HF_SAMPLE_T] - hf_sensitivity_sample_at(s, low)[HF_SAMPLE_T]);
    node[0] = low;
    node[1] = high;
    double first = hf_sensitivity_sample_at(s, low)[HF_SAMPLE_T], last = hf_sensitivity_sample_at(s, high)[HF_SAMPLE_T];
    for (int side = 0; side < NODES - 2; side++) {
        size_t k = side % 2 == 0 ? low : high;
        bool found = false;
        while (!found && (side % 2 == 0 ? k > 0 : k + 1 < s->sample_count)) {
            k = side % 2 == 0 ? k - 1 : k + 1;
            found = side % 2 == 0 ? first - hf_sensitivity_sample_at(s, k)[HF_SAMPLE_T] >= apart
                                  : hf_sensitivity_sample_at(s, k)[HF_SAMPLE_T] - last >= apart;
        }
        if (!found)
            continue;
        node[count++] = k;
        if (side % 2 == 0) {
            low = k;
            first = hf_sensitivity_sample_at(s, k)[HF_SAMPLE_T];
        } else {
            high = k;
            last = hf_sensitivity_sample_at(s, k)[HF_SAMPLE_T];
        }
    }
    for (size_t a = 0; a < count; a++) {
        weight[a] = 1;
        for (size_t b = 0; b < count; b++)
            if (b != a)
                weight[a] *=
                    (t - hf_sensitivity_sample_at(s, node[b])[HF_SAMPLE_T]) /
                    (hf_sensitivity_sample_at(s, node[a])[HF_SAMPLE_T] - hf_sensitivity_sample_at(s, node[b])[HF_SAMPLE_T]);
    }
    return count;
}

/* Numbers at a time between samples, with d ln P in place of dP; *slope: d ln P / dt. */
static void interpolate(const finishing *f, double t, double *number, double *slope)
{
    const hf_sensitivity *s = f->s;
    const hf_curve *curve = &f->findings->curve;
    size_t node[NODES];
    double weight[NODES];
    const size_t nodes = choose_nodes(s, t, node, weight);
    memset(number, 0, HF_MARK_NUMBERS * s->count * sizeof *number);
    *slope = 0;
    for (size_t a = 0; a < nodes; a++) {
        const double *sample = hf_sensitivity_sample_at(s, node[a]);
        for (size_t i = 0; i < s->count; i++) {
            const double *n = sample + HF_SAMPLE_HEAD + i * HF_SAMPLE_NUMBERS;
            number[i * HF_MARK_NUMBERS + HF_MARK_LOSS] += weight[a] * n[HF_SAMPLE_LOSS];
            number[i * HF_MARK_NUMBERS + HF_MARK_SPEED] += weight[a] * n[HF_SAMPLE_SLOPE] / sample[HF_SAMPLE_SPEED];
        }
        const bool seen = node[a] < curve->count;
        *slope += seen ? weight[a] * hf_curve_rate(curve, node[a]) / curve->at[node[a]].speed : NAN;
    }
}

/* Where ln P crosses the mean of those of the plateau and the peak. */
static void add_crossing_of_speed(finishing *f, const hf_event *e, const hf_plateau *plateau, const hf_event *peak)
{
    const size_t count = f->s->count;
    double slope, *number = malloc((2 + HF_MARK_NUMBERS) * count * sizeof *number);
    if (number == NULL) {
        f->status = f->status == HF_OK ? hf_fail_memory(f->err, "the derivatives") : f->status;
        return;
    }
    double *low = number + HF_MARK_NUMBERS * count, *high = low + count;
    hf_why why = HF_WHY_AT_REST, ignored;
    bool known = plateau->level == plateau->speed && log_speed(f, plateau->t, low, &why);
    if (known)
        known = log_speed(f, peak == NULL ? f->t : peak->t, high, &ignored);
    interpolate(f, e->t, number, &slope);
    for (size_t i = 0; i < count; i++) {
        double *n = number + i * HF_MARK_NUMBERS;
        n[HF_MARK_TIME] = known ? -(n[HF_MARK_SPEED] - (low[i] + high[i]) / 2) / slope : NAN;
        n[HF_MARK_SPEED] *= e->value;
        known = known && isfinite(n[HF_MARK_TIME]);
    }
    why = known ? HF_WHY_DEFINED : HF_WHY_AT_REST;
    add_event(f, e, number, e->value, slope * e->value, true, why, why);
    free(number);
}

/* ---- events ---- */

static const hf_event *peak_of(const hf_findings *findings, size_t stage)
{
    for (size_t k = 0; k < findings->event_count; k++)
        if (findings->event[k].kind == HF_EVENT_DROP && findings->event[k].stage == stage)
            return &findings->event[k];
    return NULL;
}

static void add_crossing(finishing *f, const hf_event *e)
{
    const double *number;
    const hf_mark *m = find_mark(f->s, e->kind, e->kind == HF_EVENT_ACQUIRED ? e->pattern : 0, e->t, &number);
    if (m != NULL)
        add_event(f, e, number, m->speed, m->rate, false, m->touches ? HF_WHY_TOUCHES : HF_WHY_DEFINED,
                  m->touches ? HF_WHY_TOUCHES : HF_WHY_DEFINED);
    else
        add_event(f, e, at_start(f), 0, 0, false, HF_WHY_AT_START, HF_WHY_DEFINED);
}

/* A number of the state at the end. */
static void add_number(finishing *f, const hf_event *e, const char *name, hf_number number)
{
    hf_sensitivity *s = f->s;
    const double value = s->kind->value(s->point.self, number);
    const double onward = s->kind->number(s->point.self, number, s->velocity, HF_NO_PARAMETER);
    for (size_t i = 0; i < s->count; i++) {
        hf_variation_interpolate(s->variation, i, f->t, s->x);
        const double moved = s->kind->number(s->point.self, number, s->x, i);
        add_row(f, e, name, i, value, moved + onward * f->end[i * HF_MARK_NUMBERS + HF_MARK_TIME], HF_WHY_DEFINED);
    }
}

static void add_end(finishing *f, const hf_event *e)
{
    const hf_watch_kind *watch = f->s->system.kind->watch;
    const size_t heads = watch != NULL && watch->head_count != NULL ? watch->head_count(f->s->system.self) : 0;
    const size_t patterns = watch != NULL && watch->pattern_count != NULL ? watch->pattern_count(f->s->system.self) : 0;
    char name[40];
    add_event(f, e, f->end, f->speed, f->rate, true, HF_WHY_DEFINED, HF_WHY_DEFINED);
    if (heads > 1)
        add_number(f, e, "overlap", (hf_number){.kind = HF_NUMBER_OVERLAP});
    for (size_t h = 1; h <= heads; h++)
        for (size_t j = 1; j <= patterns; j++) {
            snprintf(name, sizeof name, "share_%zu_%zu", h, j);
            add_number(f, e, name, (hf_number){HF_NUMBER_SHARE, h, j});
        }
}

static void add_one(finishing *f, const hf_event *e)
{
    const hf_findings *findings = f->findings;
    switch (e->kind) {
    case HF_EVENT_PLATEAU:
    case HF_EVENT_DROP:
        add_extremum(f, e);
        break;
    case HF_EVENT_ONSET:
    case HF_EVENT_SETTLE:
        add_crossing_of_speed(f, e, &findings->plateau[e->kind == HF_EVENT_ONSET ? e->stage - 1 : e->stage],
                              peak_of(findings, e->stage));
        break;
    case HF_EVENT_ACQUIRED:
    case HF_EVENT_SPLIT:
    case HF_EVENT_EMERGED:
        add_crossing(f, e);
        break;
    case HF_EVENT_STOP:
        add_end(f, e);
        break;
    }
}

static hf_status name_parameters(const hf_sensitivity *s, hf_sensitivities *result, hf_error *err)
{
    result->parameter = calloc(s->count + 1, sizeof *result->parameter);
    if (result->parameter == NULL)
        return hf_fail_memory(err, "the derivatives");
    result->parameter_count = s->count;
    for (size_t i = 0; i < s->count; i++)
        snprintf(result->parameter[i], sizeof result->parameter[i], "%s", s->kind->name(s->system.self, i));
    return HF_OK;
}

static void look_at_end(finishing *f)
{
    hf_sensitivity *s = f->s;
    hf_sensitivity_look_at(s, f->t);
    f->speed = hf_point_speed(&s->point);
    f->rate = hf_point_speed_rate(&s->point);
    for (size_t i = 0; i < s->count; i++) {
        double *n = f->end + i * HF_MARK_NUMBERS;
        hf_sensitivity_derivative_at(s, i, f->t);
        n[HF_MARK_TIME] = f->moves == NULL ? 0 : f->moves[i * HF_MARK_NUMBERS + HF_MARK_TIME];
        n[HF_MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        n[HF_MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
    }
}

hf_status hf_sensitivity_finish(hf_sensitivity *s, double t, const hf_findings *findings, hf_sensitivities *result,
                                hf_error *err)
{
    finishing f = {.s = s, .findings = findings, .result = result, .t = t, .err = err};
    const double *moves;
    *result = (hf_sensitivities){0};
    f.work = malloc((2 * HF_MARK_NUMBERS * s->count + 1) * sizeof *f.work);
    if (f.work == NULL)
        return hf_fail_memory(err, "the derivatives");
    f.end = f.work + HF_MARK_NUMBERS * s->count;
    f.moves = find_mark(s, HF_EVENT_STOP, 0, t, &moves) == NULL ? NULL : moves;
    f.status = name_parameters(s, result, err);
    look_at_end(&f);
    for (size_t k = 0; k < findings->event_count; k++)
        add_one(&f, &findings->event[k]);
    free(f.work);
    if (f.status != HF_OK)
        hf_sensitivities_clear(result);
    return f.status;
}
