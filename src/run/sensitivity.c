#include "run/sensitivity.h"

#include "core/channel.h"
#include "core/lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Along every parameter, at a mark: of its time, and of loss and speed at a fixed time. */
enum { MARK_TIME, MARK_LOSS, MARK_SPEED, MARK_NUMBERS };

typedef struct {
    hf_event_kind kind; /* HF_EVENT_PLATEAU: an extremum of the speed */
    uint32_t touches;   /* 1: the number does not cross */
    size_t pattern;
    double t, speed, rate; /* P and dP/dt */
} mark;

/* A sample: t, P, and along every parameter dL and dP at a fixed time. */
enum { SAMPLE_T, SAMPLE_SPEED, SAMPLE_HEAD, SAMPLE_LOSS = 0, SAMPLE_SLOPE, SAMPLE_NUMBERS };

struct hf_sensitivity {
    hf_variation *variation;
    hf_integrator *integrator;
    hf_system system;
    const hf_sensitivity_kind *kind;
    hf_point point; /* where an event is looked at */
    size_t count;   /* of parameters */
    double loss_fraction;
    double *judged_start; /* (count) of the loss by which emergence is judged */
    mark *marks;
    size_t mark_count, mark_capacity;
    double *numbers; /* (marks, count, MARK_NUMBERS) */
    size_t number_capacity;
    double *samples; /* (samples, SAMPLE_HEAD + SAMPLE_NUMBERS count) */
    size_t sample_count, sample_capacity;
    double *y, *velocity, *change, *x, *dx, *moved_y, *moved_x; /* (size) each */
};

/* ---- samples ---- */

static size_t sample_width(const hf_sensitivity *s)
{
    return SAMPLE_HEAD + SAMPLE_NUMBERS * s->count;
}

static double *sample_at(const hf_sensitivity *s, size_t i)
{
    return s->samples + i * sample_width(s);
}

/* The end of the last step. */
static hf_status take_sample(hf_sensitivity *s, hf_error *err)
{
    double *grown =
        hf_list_grow(s->samples, s->sample_count, &s->sample_capacity, sample_width(s) * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the history of the derivatives");
    s->samples = grown;
    double *sample = sample_at(s, s->sample_count++), *number = sample + SAMPLE_HEAD;
    hf_point *point = hf_variation_point(s->variation);
    sample[SAMPLE_T] = hf_integrator_time(s->integrator);
    sample[SAMPLE_SPEED] = hf_point_speed(point);
    for (size_t i = 0; i < s->count; i++, number += SAMPLE_NUMBERS) {
        const double *velocity, *x = hf_variation_at_end(s->variation, i, &velocity);
        number[SAMPLE_LOSS] = s->kind->number(point->self, (hf_number){.kind = HF_NUMBER_LOSS}, x, i);
        number[SAMPLE_SLOPE] = s->kind->speed(point->self, x, velocity, i);
    }
    return HF_OK;
}

/* ---- life ---- */

static hf_number judged(const hf_sensitivity *s)
{
    const hf_watch_kind *watch = s->system.kind->watch;
    const bool tested = watch != NULL && watch->has_test != NULL && watch->has_test(s->system.self);
    return (hf_number){.kind = tested ? HF_NUMBER_TEST_LOSS : HF_NUMBER_LOSS};
}

static bool allocate(hf_sensitivity *s)
{
    const size_t size = s->system.size;
    s->y = malloc((7 * size + s->count) * sizeof *s->y);
    if (s->y == NULL)
        return false;
    double **const places[] = {&s->velocity, &s->change, &s->x, &s->dx, &s->moved_y, &s->moved_x, &s->judged_start};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        *places[k] = s->y + (k + 1) * size;
    return true;
}

static hf_status look_at_start(hf_sensitivity *s, hf_error *err)
{
    const double *velocity;
    hf_point *point = hf_variation_point(s->variation);
    for (size_t i = 0; i < s->count; i++)
        s->judged_start[i] =
            s->kind->number(point->self, judged(s), hf_variation_at_end(s->variation, i, &velocity), i);
    return take_sample(s, err);
}

hf_status hf_sensitivity_create(hf_sensitivity **result, hf_integrator *integrator, double loss_fraction, hf_error *err)
{
    hf_sensitivity *s = calloc(1, sizeof *s);
    if (s == NULL)
        return hf_fail_memory(err, "the derivatives");
    s->integrator = integrator;
    s->system = *hf_integrator_system(integrator);
    s->kind = s->system.kind->sensitivity;
    s->count = s->kind->count(s->system.self);
    s->loss_fraction = loss_fraction;
    hf_status status = hf_variation_create(&s->variation, integrator, err);
    if (status == HF_OK)
        status = hf_point_init(&s->point, &s->system, err);
    if (status == HF_OK && !allocate(s))
        status = hf_fail_memory(err, "the derivatives");
    if (status == HF_OK)
        status = look_at_start(s, err);
    if (status == HF_OK)
        *result = s;
    else
        hf_sensitivity_free(s);
    return status;
}

void hf_sensitivity_free(hf_sensitivity *s)
{
    if (s == NULL)
        return;
    hf_variation_free(s->variation);
    hf_point_clear(&s->point);
    free(s->marks);
    free(s->numbers);
    free(s->samples);
    free(s->y);
    free(s);
}

hf_status hf_sensitivity_step(hf_sensitivity *s, hf_error *err)
{
    const hf_status status = hf_variation_step(s->variation, err);
    return status == HF_OK ? take_sample(s, err) : status;
}

/* ---- marks ---- */

static void look_at(hf_sensitivity *s, double t)
{
    double energy;
    hf_integrator_interpolate(s->integrator, t, s->y, &energy);
    hf_point_at(&s->point, s->y);
    s->system.kind->velocity(s->point.self, s->velocity);
}

/* x and its velocity dx along parameter i at the point. */
static void derivative_at(hf_sensitivity *s, size_t i, double t)
{
    hf_variation_interpolate(s->variation, i, t, s->x);
    s->system.kind->jacobian_times(s->point.self, s->x, s->dx);
    if (s->kind->velocity(s->point.self, i, s->change))
        for (size_t k = 0; k < s->system.size; k++)
            s->dx[k] += s->change[k];
}

static double largest(size_t count, const double *x)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* How fast the velocity changes, relative to itself, in the group where it does so fastest. */
static double rate_of_change(hf_sensitivity *s)
{
    double rate = 0;
    s->system.kind->jacobian_times(s->point.self, s->velocity, s->change);
    for (size_t g = 0; g < s->system.group_count; g++) {
        const hf_error_group *group = &s->system.group[g];
        const double speed = largest(group->count, s->velocity + group->first);
        if (speed > 0)
            rate = fmax(rate, largest(group->count, s->change + group->first) / speed);
    }
    return rate;
}

/* dP along parameter i, and dP/dt for HF_NO_PARAMETER, a time dt behind the point's on a straight line. */
static double slope_behind(hf_sensitivity *s, size_t i, const double *x, const double *dx, double dt)
{
    const size_t size = s->system.size;
    for (size_t k = 0; k < size; k++)
        s->moved_y[k] = s->y[k] + dt * s->velocity[k];
    hf_point_at(&s->point, s->moved_y);
    if (i == HF_NO_PARAMETER)
        return hf_point_speed_rate(&s->point);
    for (size_t k = 0; k < size; k++)
        s->moved_x[k] = x[k] + dt * dx[k];
    s->system.kind->jacobian_times(s->point.self, s->moved_x, s->moved_y);
    if (s->kind->velocity(s->point.self, i, s->change))
        for (size_t k = 0; k < size; k++)
            s->moved_y[k] += s->change[k];
    return s->kind->speed(s->point.self, s->moved_x, s->moved_y, i);
}

/* Its rate of change, by differences that are exact up to the sixth power of dt. */
static double turn(hf_sensitivity *s, size_t i, const double *x, const double *dx, double dt)
{
    static const double weight[] = {45, -9, 1};
    double sum = 0;
    for (int k = 0; k < 3; k++) {
        const double ahead = slope_behind(s, i, x, dx, (k + 1) * dt);
        sum += weight[k] * (ahead - slope_behind(s, i, x, dx, -(k + 1) * dt));
    }
    return sum / (60 * dt);
}

/* An extremum of the speed. */
static void mark_extremum(hf_sensitivity *s, mark *m, double *number)
{
    const double fraction = 0.01, rate = rate_of_change(s), dt = fraction / rate;
    const double onward = rate > 0 ? turn(s, HF_NO_PARAMETER, NULL, NULL, dt) : 0;
    m->touches = !(fabs(onward) > 0);
    for (size_t i = 0; i < s->count; i++, number += MARK_NUMBERS) {
        hf_point_at(&s->point, s->y);
        derivative_at(s, i, m->t);
        number[MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        number[MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
        number[MARK_TIME] = m->touches ? NAN : -turn(s, i, s->x, s->dx, dt) / onward;
    }
}

/* What crosses its threshold in an event. */
static hf_number number_of(const hf_sensitivity *s, const mark *m)
{
    switch (m->kind) {
    case HF_EVENT_ACQUIRED:
        return (hf_number){.kind = HF_NUMBER_SHARE, .pattern = m->pattern};
    case HF_EVENT_SPLIT:
        return (hf_number){.kind = HF_NUMBER_OVERLAP};
    case HF_EVENT_EMERGED:
        return judged(s);
    default:
        return (hf_number){.kind = HF_NUMBER_LOSS};
    }
}

static void mark_crossing(hf_sensitivity *s, mark *m, double *number)
{
    const hf_number crosses = number_of(s, m);
    const double onward = s->kind->number(s->point.self, crosses, s->velocity, HF_NO_PARAMETER);
    m->touches = !(fabs(onward) > 0);
    for (size_t i = 0; i < s->count; i++, number += MARK_NUMBERS) {
        derivative_at(s, i, m->t);
        const double moved = s->kind->number(s->point.self, crosses, s->x, i);
        const double threshold = m->kind == HF_EVENT_EMERGED ? s->loss_fraction * s->judged_start[i] : 0;
        number[MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        number[MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
        number[MARK_TIME] = m->touches ? NAN : -(moved - threshold) / onward;
    }
}

static hf_status add_mark(hf_sensitivity *s, const hf_detector_mark *seen, hf_error *err)
{
    mark *marks = hf_list_grow(s->marks, s->mark_count, &s->mark_capacity, sizeof *marks);
    if (marks != NULL)
        s->marks = marks;
    const size_t width = MARK_NUMBERS * s->count;
    double *numbers = hf_list_grow(s->numbers, s->mark_count, &s->number_capacity, width * sizeof *numbers);
    if (numbers != NULL)
        s->numbers = numbers;
    if (marks == NULL || numbers == NULL)
        return hf_fail_memory(err, "the derivatives");
    mark *m = &s->marks[s->mark_count];
    look_at(s, seen->t);
    *m = (mark){.kind = seen->kind,
                .pattern = seen->pattern,
                .t = seen->t,
                .speed = hf_point_speed(&s->point),
                .rate = hf_point_speed_rate(&s->point)};
    if (m->kind == HF_EVENT_PLATEAU)
        mark_extremum(s, m, s->numbers + s->mark_count * width);
    else
        mark_crossing(s, m, s->numbers + s->mark_count * width);
    s->mark_count++;
    return HF_OK;
}

hf_status hf_sensitivity_look(hf_sensitivity *s, const hf_detector *detector, hf_error *err)
{
    const hf_detector_mark *marks;
    const size_t marked = hf_detector_marks(detector, &marks);
    hf_status status = HF_OK;
    for (size_t k = 0; k < marked && status == HF_OK; k++)
        status = add_mark(s, &marks[k], err);
    return status;
}

/* ---- restarts ---- */

void hf_sensitivity_before_restart(hf_sensitivity *s)
{
    hf_variation_before_restart(s->variation);
}

hf_status hf_sensitivity_restart(hf_sensitivity *s, hf_error *err)
{
    return hf_variation_restart(s->variation, err);
}

bool hf_sensitivity_transfer(hf_sensitivity *s, hf_channel *channel)
{
    size_t numbers, marked = s->mark_count;
    double *state = hf_variation_state(s->variation, &numbers);
    hf_channel_bytes(channel, state, numbers * sizeof *state);
    hf_channel_bytes(channel, s->judged_start, s->count * sizeof *s->judged_start);
    hf_channel_array(channel, (void **)&s->marks, &s->mark_count, sizeof *s->marks);
    hf_channel_array(channel, (void **)&s->numbers, &marked, MARK_NUMBERS * s->count * sizeof *s->numbers);
    hf_channel_array(channel, (void **)&s->samples, &s->sample_count, sample_width(s) * sizeof *s->samples);
    if (!channel->writing) {
        s->mark_capacity = s->number_capacity = s->mark_count;
        s->sample_capacity = s->sample_count;
    }
    return channel->good && marked == s->mark_count;
}

hf_status hf_sensitivity_load(hf_sensitivity *s, hf_error *err)
{
    return hf_variation_load(s->variation, err);
}

/* ---- what moves what ---- */

/* Where the end of the run is looked at. */
typedef struct {
    hf_sensitivity *s;
    const hf_findings *findings;
    hf_sensitivities *result;
    double t;             /* the end */
    const double *moves;  /* (count, MARK_NUMBERS) of it where the loss stops the run; NULL: it is at a fixed time */
    double *end;          /* (count, MARK_NUMBERS) at the end */
    double speed, rate;   /* there */
    double *work;         /* (count, MARK_NUMBERS) */
    hf_error *err;
    hf_status status;
} finishing;

static const mark *find_mark(const hf_sensitivity *s, hf_event_kind kind, size_t pattern, double t, const double **number)
{
    for (size_t k = 0; k < s->mark_count; k++)
        if (s->marks[k].kind == kind && s->marks[k].t == t && s->marks[k].pattern == pattern) {
            *number = s->numbers + k * MARK_NUMBERS * s->count;
            return &s->marks[k];
        }
    return NULL;
}

static void add_row(finishing *f, const hf_event *e, const char *quantity, size_t parameter, double value, double derivative,
                    hf_why why)
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
        add_row(f, e, "t", i, e->t, number[i * MARK_NUMBERS + MARK_TIME], why_t);
    for (size_t i = 0; i < count; i++) {
        const double *n = number + i * MARK_NUMBERS, dt = isnan(n[MARK_TIME]) ? 0 : n[MARK_TIME];
        add_row(f, e, "loss", i, e->loss, n[MARK_LOSS] - speed * dt, why_levels);
    }
    for (size_t i = 0; i < count && with_speed; i++) {
        const double *n = number + i * MARK_NUMBERS, dt = isnan(n[MARK_TIME]) ? 0 : n[MARK_TIME];
        add_row(f, e, "speed", i, speed, n[MARK_SPEED] + rate * dt, why_levels);
    }
}

/* Numbers at t = 0: there is no time to move. */
static const double *at_start(const finishing *f)
{
    const double *sample = sample_at(f->s, 0) + SAMPLE_HEAD;
    for (size_t i = 0; i < f->s->count; i++) {
        f->work[i * MARK_NUMBERS + MARK_TIME] = 0;
        f->work[i * MARK_NUMBERS + MARK_LOSS] = sample[i * SAMPLE_NUMBERS + SAMPLE_LOSS];
        f->work[i * MARK_NUMBERS + MARK_SPEED] = sample[i * SAMPLE_NUMBERS + SAMPLE_SLOPE];
    }
    return f->work;
}

/* A plateau or a drop; *speed: P there. */
static const double *extremum(const finishing *f, double t, double *speed, double *rate, hf_why *why)
{
    const double *number;
    const mark *m = find_mark(f->s, HF_EVENT_PLATEAU, 0, t, &number);
    if (m != NULL) {
        *why = m->touches ? HF_WHY_TOUCHES : HF_WHY_DEFINED;
        *speed = m->speed;
        *rate = 0;
        return number;
    }
    *why = t == 0 ? HF_WHY_AT_START : t == f->t ? HF_WHY_CENSORED : HF_WHY_AT_REST;
    *speed = t == 0 ? sample_at(f->s, 0)[SAMPLE_SPEED] : f->speed;
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
        const double *n = number + i * MARK_NUMBERS;
        const double moved = *why == HF_WHY_CENSORED && f->moves != NULL ? f->rate * f->moves[i * MARK_NUMBERS + MARK_TIME] : 0;
        result[i] = (n[MARK_SPEED] + moved) / speed;
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
        if (sample_at(s, middle)[SAMPLE_T] <= t)
            low = middle;
        else
            high = middle;
    }
    const double apart = least * (sample_at(s, high)[SAMPLE_T] - sample_at(s, low)[SAMPLE_T]);
    node[0] = low;
    node[1] = high;
    double first = sample_at(s, low)[SAMPLE_T], last = sample_at(s, high)[SAMPLE_T];
    for (int side = 0; side < NODES - 2; side++) {
        size_t k = side % 2 == 0 ? low : high;
        bool found = false;
        while (!found && (side % 2 == 0 ? k > 0 : k + 1 < s->sample_count)) {
            k = side % 2 == 0 ? k - 1 : k + 1;
            found = side % 2 == 0 ? first - sample_at(s, k)[SAMPLE_T] >= apart : sample_at(s, k)[SAMPLE_T] - last >= apart;
        }
        if (!found)
            continue;
        node[count++] = k;
        if (side % 2 == 0) {
            low = k;
            first = sample_at(s, k)[SAMPLE_T];
        } else {
            high = k;
            last = sample_at(s, k)[SAMPLE_T];
        }
    }
    for (size_t a = 0; a < count; a++) {
        weight[a] = 1;
        for (size_t b = 0; b < count; b++)
            if (b != a)
                weight[a] *= (t - sample_at(s, node[b])[SAMPLE_T]) /
                             (sample_at(s, node[a])[SAMPLE_T] - sample_at(s, node[b])[SAMPLE_T]);
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
    memset(number, 0, MARK_NUMBERS * s->count * sizeof *number);
    *slope = 0;
    for (size_t a = 0; a < nodes; a++) {
        const double *sample = sample_at(s, node[a]);
        for (size_t i = 0; i < s->count; i++) {
            const double *n = sample + SAMPLE_HEAD + i * SAMPLE_NUMBERS;
            number[i * MARK_NUMBERS + MARK_LOSS] += weight[a] * n[SAMPLE_LOSS];
            number[i * MARK_NUMBERS + MARK_SPEED] += weight[a] * n[SAMPLE_SLOPE] / sample[SAMPLE_SPEED];
        }
        const hf_sample *seen = node[a] < curve->count ? &curve->at[node[a]] : NULL;
        *slope += seen == NULL ? NAN : weight[a] * seen->rate / seen->speed;
    }
}

/* Where ln P crosses the mean of those of the plateau and the peak. */
static void add_crossing_of_speed(finishing *f, const hf_event *e, const hf_plateau *plateau, const hf_event *peak)
{
    const size_t count = f->s->count;
    double slope, *number = malloc((2 + MARK_NUMBERS) * count * sizeof *number);
    if (number == NULL) {
        f->status = f->status == HF_OK ? hf_fail_memory(f->err, "the derivatives") : f->status;
        return;
    }
    double *low = number + MARK_NUMBERS * count, *high = low + count;
    hf_why why = HF_WHY_AT_REST, ignored;
    bool known = plateau->level == plateau->speed && log_speed(f, plateau->t, low, &why);
    if (known)
        known = log_speed(f, peak == NULL ? f->t : peak->t, high, &ignored);
    interpolate(f, e->t, number, &slope);
    for (size_t i = 0; i < count; i++) {
        double *n = number + i * MARK_NUMBERS;
        n[MARK_TIME] = known ? -(n[MARK_SPEED] - (low[i] + high[i]) / 2) / slope : NAN;
        n[MARK_SPEED] *= e->value;
        known = known && isfinite(n[MARK_TIME]);
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
    const mark *m = find_mark(f->s, e->kind, e->kind == HF_EVENT_ACQUIRED ? e->pattern : 0, e->t, &number);
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
        add_row(f, e, name, i, value, moved + onward * f->end[i * MARK_NUMBERS + MARK_TIME], HF_WHY_DEFINED);
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
    look_at(s, f->t);
    f->speed = hf_point_speed(&s->point);
    f->rate = hf_point_speed_rate(&s->point);
    for (size_t i = 0; i < s->count; i++) {
        double *n = f->end + i * MARK_NUMBERS;
        derivative_at(s, i, f->t);
        n[MARK_TIME] = f->moves == NULL ? 0 : f->moves[i * MARK_NUMBERS + MARK_TIME];
        n[MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        n[MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
    }
}

hf_status hf_sensitivity_finish(hf_sensitivity *s, double t, const hf_findings *findings, hf_sensitivities *result,
                                hf_error *err)
{
    finishing f = {.s = s, .findings = findings, .result = result, .t = t, .err = err};
    const double *moves;
    *result = (hf_sensitivities){0};
    f.work = malloc((2 * MARK_NUMBERS * s->count + 1) * sizeof *f.work);
    if (f.work == NULL)
        return hf_fail_memory(err, "the derivatives");
    f.end = f.work + MARK_NUMBERS * s->count;
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
