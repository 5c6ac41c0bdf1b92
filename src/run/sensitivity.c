/* Derivatives on the way: samples, marks and restarts of sensitivity_state.h. */
#include "run/sensitivity_state.h"

#include "core/channel.h"
#include "core/lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- samples ---- */

static size_t sample_width(const hf_sensitivity *s)
{
    return HF_SAMPLE_HEAD + HF_SAMPLE_NUMBERS * s->count;
}

double *hf_sensitivity_sample_at(const hf_sensitivity *s, size_t i)
{
    return s->samples + i * sample_width(s);
}

/* The end of the last step. */
static hf_status take_sample(hf_sensitivity *s, hf_error *err)
{
    double *grown = hf_list_grow(s->samples, s->sample_count, &s->sample_capacity, sample_width(s) * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the history of the derivatives");
    s->samples = grown;
    double *sample = hf_sensitivity_sample_at(s, s->sample_count++), *number = sample + HF_SAMPLE_HEAD;
    hf_point *point = hf_variation_point(s->variation);
    sample[HF_SAMPLE_T] = hf_integrator_time(s->integrator);
    sample[HF_SAMPLE_SPEED] = hf_point_speed(point);
    for (size_t i = 0; i < s->count; i++, number += HF_SAMPLE_NUMBERS) {
        const double *velocity, *x = hf_variation_at_end(s->variation, i, &velocity);
        number[HF_SAMPLE_LOSS] = s->kind->number(point->self, (hf_number){.kind = HF_NUMBER_LOSS}, x, i);
        number[HF_SAMPLE_SLOPE] = s->kind->speed(point->self, x, velocity, i);
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
        s->judged_start[i] = s->kind->number(point->self, judged(s), hf_variation_at_end(s->variation, i, &velocity), i);
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

void hf_sensitivity_look_at(hf_sensitivity *s, double t)
{
    double energy;
    hf_integrator_interpolate(s->integrator, t, s->y, &energy);
    hf_point_at(&s->point, s->y);
    s->system.kind->velocity(s->point.self, s->velocity);
}

void hf_sensitivity_derivative_at(hf_sensitivity *s, size_t i, double t)
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
static void mark_extremum(hf_sensitivity *s, hf_mark *m, double *number)
{
    const double fraction = 0.01, rate = rate_of_change(s), dt = fraction / rate;
    const double onward = rate > 0 ? turn(s, HF_NO_PARAMETER, NULL, NULL, dt) : 0;
    m->touches = !(fabs(onward) > 0);
    for (size_t i = 0; i < s->count; i++, number += HF_MARK_NUMBERS) {
        hf_point_at(&s->point, s->y);
        hf_sensitivity_derivative_at(s, i, m->t);
        number[HF_MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        number[HF_MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
        number[HF_MARK_TIME] = m->touches ? NAN : -turn(s, i, s->x, s->dx, dt) / onward;
    }
}

/* What crosses its threshold in an event. */
static hf_number number_of(const hf_sensitivity *s, const hf_mark *m)
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

static void mark_crossing(hf_sensitivity *s, hf_mark *m, double *number)
{
    const hf_number crosses = number_of(s, m);
    const double onward = s->kind->number(s->point.self, crosses, s->velocity, HF_NO_PARAMETER);
    m->touches = !(fabs(onward) > 0);
    for (size_t i = 0; i < s->count; i++, number += HF_MARK_NUMBERS) {
        hf_sensitivity_derivative_at(s, i, m->t);
        const double moved = s->kind->number(s->point.self, crosses, s->x, i);
        const double threshold = m->kind == HF_EVENT_EMERGED ? s->loss_fraction * s->judged_start[i] : 0;
        number[HF_MARK_LOSS] = s->kind->number(s->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, s->x, i);
        number[HF_MARK_SPEED] = s->kind->speed(s->point.self, s->x, s->dx, i);
        number[HF_MARK_TIME] = m->touches ? NAN : -(moved - threshold) / onward;
    }
}

static hf_status add_mark(hf_sensitivity *s, const hf_detector_mark *seen, hf_error *err)
{
    hf_mark *marks = hf_list_grow(s->marks, s->mark_count, &s->mark_capacity, sizeof *marks);
    if (marks != NULL)
        s->marks = marks;
    const size_t width = HF_MARK_NUMBERS * s->count;
    double *numbers = hf_list_grow(s->numbers, s->mark_count, &s->number_capacity, width * sizeof *numbers);
    if (numbers != NULL)
        s->numbers = numbers;
    if (marks == NULL || numbers == NULL)
        return hf_fail_memory(err, "the derivatives");
    hf_mark *m = &s->marks[s->mark_count];
    hf_sensitivity_look_at(s, seen->t);
    *m = (hf_mark){.kind = seen->kind,
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
    hf_channel_array(channel, (void **)&s->numbers, &marked, HF_MARK_NUMBERS * s->count * sizeof *s->numbers);
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
