#include "api/equations.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was given ---- */

static bool copy_names(hf_equations *e)
{
    char **names = calloc(e->column_count + 1, sizeof *names);
    const char *const *given = e->column;
    bool good = names != NULL;
    e->column = (const char *const *)names;
    for (size_t i = 0; i < e->column_count && good; i++) {
        names[i] = strdup(given[i]);
        good = names[i] != NULL;
    }
    return good;
}

hf_status hf_own_init(hf_own_system *own, const hf_equations *equations, hf_error *err)
{
    *own = (hf_own_system){.group = {0}};
    if (equations->size < offsetof(hf_equations, known) + sizeof equations->known)
        return hf_fail(err, HF_EUSAGE, "equations: size is %zu, expected sizeof(hf_equations)", equations->size);
    memcpy(&own->given, equations, equations->size < sizeof own->given ? equations->size : sizeof own->given);
    hf_equations *e = &own->given;
    const char *missing = e->unknowns == 0                                ? "unknowns"
                          : e->start == NULL                              ? "start"
                          : e->loss == NULL                               ? "loss"
                          : e->velocity == NULL                           ? "velocity"
                          : e->column_count > 0 && e->column == NULL      ? "column"
                          : e->column_count > 0 && e->observe == NULL     ? "observe"
                          : e->pattern_count > 0 && e->known == NULL      ? "known"
                                                                          : NULL;
    if (missing != NULL) {
        *own = (hf_own_system){.group = {0}};
        return hf_fail(err, HF_EUSAGE, "equations: %s is missing", missing);
    }
    e->name = strdup(e->name == NULL ? "equations" : e->name);
    own->group = (hf_error_group){0, e->unknowns, false, 0};
    if (copy_names(e) && e->name != NULL)
        return HF_OK;
    hf_own_clear(own);
    return hf_fail_memory(err, "the equations");
}

void hf_own_clear(hf_own_system *own)
{
    for (size_t i = 0; own->given.column != NULL && i < own->given.column_count; i++)
        free((char *)own->given.column[i]);
    free((void *)own->given.column);
    free((char *)own->given.name);
    *own = (hf_own_system){.group = {0}};
}

/* ---- a state ---- */

typedef struct {
    const hf_equations *e;
    double loss, speed;
    double *y, *v;              /* (unknowns) the state and its velocity */
    double *near, *up, *down; /* (unknowns) for differences */
} own_point;

static void point_free(void *point)
{
    own_point *p = point;
    if (p != NULL)
        free(p->y);
    free(p);
}

static hf_status point_create(void **point, const void *self, hf_error *err)
{
    const hf_equations *e = &((const hf_own_system *)self)->given;
    const size_t n = e->unknowns;
    own_point *p = calloc(1, sizeof *p);
    double *room = p == NULL ? NULL : calloc(5 * n, sizeof *room);
    if (room == NULL) {
        free(p);
        return hf_fail_memory(err, "a state");
    }
    *p = (own_point){.e = e, .y = room, .v = room + n, .near = room + 2 * n, .up = room + 3 * n, .down = room + 4 * n};
    *point = p;
    return HF_OK;
}

static double square(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

static bool at(void *point, const double *y)
{
    own_point *p = point;
    const hf_equations *e = p->e;
    memcpy(p->y, y, e->unknowns * sizeof *y);
    p->loss = e->loss(e->self, p->y);
    e->velocity(e->self, p->y, p->v);
    const double v2 = square(e->unknowns, p->v);
    p->speed = e->speed == NULL ? v2 : e->speed(e->self, p->y);
    return isfinite(p->loss) && isfinite(p->speed) && isfinite(v2);
}

static void energy(const void *point, double *loss, double *speed)
{
    const own_point *p = point;
    *loss = p->loss;
    *speed = p->speed;
}

static void velocity(const void *point, double *v)
{
    const own_point *p = point;
    memcpy(v, p->v, p->e->unknowns * sizeof *v);
}

/* How far to go along x for a central difference; 0: x is none. */
static double difference_step(const own_point *p, const double *x)
{
    const double length = sqrt(square(p->e->unknowns, x)), size = sqrt(square(p->e->unknowns, p->y));
    return length > 0 && isfinite(length) ? cbrt(DBL_EPSILON) * fmax(size, 1e-3) / length : 0;
}

static const double *move(own_point *p, const double *x, double step)
{
    for (size_t i = 0; i < p->e->unknowns; i++)
        p->near[i] = p->y[i] + step * x[i];
    return p->near;
}

static void jacobian_times(void *point, const double *x, double *result)
{
    own_point *p = point;
    const hf_equations *e = p->e;
    if (e->jacobian_times != NULL) {
        e->jacobian_times(e->self, p->y, x, result);
        return;
    }
    const double step = difference_step(p, x);
    e->velocity(e->self, move(p, x, step), p->up);
    e->velocity(e->self, move(p, x, -step), p->down);
    for (size_t i = 0; i < e->unknowns; i++)
        result[i] = step == 0 ? 0 : (p->up[i] - p->down[i]) / (2 * step);
}

/* dP/dt: 2 v J v of a gradient flow, else by differences along v. */
static double speed_rate(void *point)
{
    own_point *p = point;
    const hf_equations *e = p->e;
    double rate = 0;
    if (e->speed != NULL) {
        const double step = difference_step(p, p->v);
        const double up = e->speed(e->self, move(p, p->v, step)), down = e->speed(e->self, move(p, p->v, -step));
        return step == 0 ? 0 : (up - down) / (2 * step);
    }
    double *bent = p->near; /* whose use is over when it is filled */
    jacobian_times(p, p->v, bent);
    for (size_t i = 0; i < e->unknowns; i++)
        rate += 2 * p->v[i] * bent[i];
    return rate;
}

/* ---- names ---- */

static void start(const void *self, double *y)
{
    const hf_equations *e = &((const hf_own_system *)self)->given;
    e->start(e->self, y);
}

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    (void)self;
    snprintf(text, capacity, "unknown %zu", index + 1);
}

/* ---- columns ---- */

typedef struct {
    const hf_equations *e;
    double *value; /* (column_count) */
} own_view;

static void view_free(void *view)
{
    own_view *v = view;
    if (v != NULL)
        free(v->value);
    free(v);
}

static hf_status view_create(void **view, const void *self, hf_error *err)
{
    const hf_equations *e = &((const hf_own_system *)self)->given;
    own_view *v = calloc(1, sizeof *v);
    double *value = v == NULL ? NULL : calloc(e->column_count + 1, sizeof *value);
    if (value == NULL) {
        free(v);
        return hf_fail_memory(err, "the observations");
    }
    *v = (own_view){e, value};
    *view = v;
    return HF_OK;
}

static void look(void *view, const void *point, const double *y)
{
    const own_view *v = view;
    (void)point;
    if (v->e->column_count > 0)
        v->e->observe(v->e->self, y, v->value);
}

static hf_shape column_shape(const void *self)
{
    return (hf_shape){1, {((const hf_own_system *)self)->given.column_count, 0}, 1};
}

static const char *column_name(const void *self, size_t index)
{
    return ((const hf_own_system *)self)->given.column[index];
}

static const double *column_values(const void *view)
{
    return ((const own_view *)view)->value;
}

static hf_status state(const void *point, const double *y, hf_take_coordinate *take, void *to, hf_error *err)
{
    const own_point *p = point;
    (void)err;
    for (size_t i = 0; i < p->e->unknowns; i++)
        take(to, "unknown", 1, i + 1, y[i]);
    return HF_OK;
}

static const hf_observable observables[] = {
    {.name = "column", .index = "_<i>", .unit = "", .meaning = "of somebody's own", .shape = column_shape, .values = column_values},
};
static const hf_observer_kind observer = {.create = view_create,
                                          .free = view_free,
                                          .look = look,
                                          .observable_count = 1,
                                          .observable = observables,
                                          .column_name = column_name,
                                          .state = state};

/* ---- what may happen ---- */

static double known(const void *point, size_t pattern)
{
    const own_point *p = point;
    return p->e->known(p->e->self, p->y, pattern - 1);
}

static size_t pattern_count(const void *self)
{
    return ((const hf_own_system *)self)->given.pattern_count;
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    for (size_t i = 0; i < pattern_count(self); i++)
        signal[i] = (hf_signal){.name = "known",
                                .event = HF_EVENT_ACQUIRED,
                                .pattern = i + 1,
                                .rises = true,
                                .threshold = thresholds->acquired,
                                .value = known};
}

static void describe(void *view, void *point, const double *y, hf_event *event)
{
    (void)view, (void)y;
    event->loss = ((const own_point *)point)->loss;
    event->value = known(point, event->pattern);
}

static const hf_watch_kind watch = {
    .signal_count = pattern_count, .signals = signals, .describe = describe, .pattern_count = pattern_count};

/* ---- the system ---- */

static const hf_system_kind kind = {.name = "equations",
                                    .remedy = "look at its velocity",
                                    .start = start,
                                    .point_create = point_create,
                                    .point_free = point_free,
                                    .at = at,
                                    .energy = energy,
                                    .velocity = velocity,
                                    .jacobian_times = jacobian_times,
                                    .speed_rate = speed_rate,
                                    .coordinate_name = coordinate_name,
                                    .observer = &observer,
                                    .watch = &watch};

hf_system hf_own_as_system(hf_own_system *own)
{
    return (hf_system){.kind = &kind,
                       .self = own,
                       .size = own->given.unknowns,
                       .unit = 1,
                       .group_count = 1,
                       .group = &own->group};
}
