#include "run/spread.h"

#include "flow/cloud_adjoint.h"
#include "flow/flow_system.h"
#include "integrate/integrator.h"
#include "run/shift.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the path ---- */

/* A state on the way, in the contrasts of its segment. */
typedef struct {
    double t;
    size_t segment;
} stop;

typedef struct {
    hf_flow *flow;
    size_t size, square; /* of a state; H^2 */
    size_t count, room;
    stop *at;      /* (count) */
    double *state; /* (count, 2, size) states and velocities */
    size_t segments;
    double *distance; /* (segments, H, H) what their contrasts are made from */
    bool too_large;
} path;

static void clear_path(path *p)
{
    free(p->at);
    free(p->state);
    free(p->distance);
}

static hf_status grow(path *p, hf_error *err)
{
    const size_t most = (size_t)1 << 28, room = p->room == 0 ? 256 : 2 * p->room, bytes = 2 * p->size * sizeof *p->state;
    if (p->count < p->room)
        return HF_OK;
    if (room > most / bytes) {
        p->too_large = true;
        return HF_OK;
    }
    stop *at = realloc(p->at, room * sizeof *at);
    p->at = at == NULL ? p->at : at;
    double *state = realloc(p->state, room * bytes);
    p->state = state == NULL ? p->state : state;
    if (at == NULL || state == NULL)
        return hf_fail_memory(err, "the states on the way");
    p->room = room;
    return HF_OK;
}

static hf_status begin_segment(path *p, hf_error *err)
{
    double *distance = realloc(p->distance, (p->segments + 1) * p->square * sizeof *distance);
    if (distance == NULL)
        return hf_fail_memory(err, "the states on the way");
    p->distance = distance;
    memcpy(distance + p->segments * p->square, p->flow->basis->distance, p->square * sizeof *distance);
    p->segments++;
    return HF_OK;
}

/* Keeps the state at t, of a step that has just been taken. */
static hf_status keep(path *p, hf_integrator *integrator, hf_point *point, double t, hf_error *err)
{
    double energy;
    const hf_status status = grow(p, err);
    if (status != HF_OK || p->too_large)
        return status;
    double *y = p->state + p->count * 2 * p->size;
    hf_integrator_interpolate(integrator, t, y, &energy);
    hf_point_at(point, y);
    point->system.kind->velocity(point->self, y + p->size);
    p->at[p->count++] = (stop){t, p->segments - 1};
    return HF_OK;
}

/* When in the last step the loss falls to the level. y: (size) the state there. */
static double cross(hf_integrator *integrator, hf_point *point, double level, double *y)
{
    double low = hf_integrator_previous_time(integrator), high = hf_integrator_time(integrator), energy;
    for (int halving = 0; halving < 60 && high - low > 1e-14 * high; halving++) {
        const double middle = (low + high) / 2;
        hf_integrator_interpolate(integrator, middle, y, &energy);
        hf_point_at(point, y);
        *(hf_point_loss(point) < level ? &high : &low) = middle;
    }
    return high;
}

/* Follows the flow to the last level. Every crossing is a state of the path, too; crossing[l]: its number. */
static hf_status follow(path *p, const hf_solver_params *solver, size_t count, const double *level,
                        const volatile sig_atomic_t *interrupted, size_t *crossing, hf_spread *spread, hf_error *err)
{
    const hf_system system = hf_flow_system(p->flow);
    hf_integrator *integrator = NULL;
    hf_point point = {0};
    double *y = malloc(p->size * sizeof *y);
    hf_status status = y == NULL ? hf_fail_memory(err, "the states on the way") : hf_point_init(&point, &system, err);
    if (status == HF_OK)
        status = hf_integrator_create(&integrator, system, solver->rtol, solver->atol, err);
    if (status == HF_OK)
        status = begin_segment(p, err);
    if (status == HF_OK)
        status = keep(p, integrator, &point, 0, err);
    size_t l = 0;
    for (uint64_t steps = 0; status == HF_OK && l < count && !p->too_large && steps < solver->max_steps; steps++) {
        if (hf_integrator_time(integrator) >= solver->t_end || (interrupted != NULL && *interrupted))
            break;
        if (hf_integrator_at_boundary(integrator)) {
            status = hf_integrator_restart(integrator, err);
            status = status == HF_OK ? begin_segment(p, err) : status;
        }
        status = status == HF_OK ? hf_integrator_step(integrator, err) : status;
        const double t = hf_integrator_time(integrator);
        for (; status == HF_OK && l < count && hf_integrator_loss(integrator) < level[l] && !p->too_large; l++) {
            spread[l].t = cross(integrator, &point, level[l], y);
            crossing[l] = p->count;
            status = keep(p, integrator, &point, spread[l].t, err);
        }
        if (status == HF_OK && l < count)
            status = keep(p, integrator, &point, t, err);
    }
    hf_integrator_free(integrator);
    hf_point_clear(&point);
    free(y);
    return status;
}

/* ---- backward ---- */

/* The path up to a level in the contrasts that are the flow's there, as a system of its own: x and the time that has passed. */
enum { MOST_STEPS = 200000 };

typedef struct {
    const path *path;
    size_t last;         /* state number at the level */
    const double *state; /* (last + 1, 2, size) */
    double *start;       /* (size) */
    hf_error_group *group;
    size_t count;            /* of steps back */
    double *passed;          /* (MOST_STEPS + 1) how far back they came, from 0 */
    hf_influence *influence; /* what they found; NULL: too much to keep */
} sweep;

typedef struct {
    const sweep *sweep;
    hf_flow_point *point;
    double *y, *rate, *work; /* (size), (size), (4 size and 2 R T) */
    double speed;
} sweep_point;

static void sweep_start(const void *self, double *x)
{
    const sweep *s = self;
    memcpy(x, s->start, s->path->size * sizeof *x);
    x[s->path->size] = 0;
}

static void sweep_point_free(void *point)
{
    sweep_point *here = point;
    if (here == NULL)
        return;
    hf_flow_point_free(here->point);
    free(here->y);
    free(here);
}

static hf_status sweep_point_create(void **point, const void *self, hf_error *err)
{
    const sweep *s = self;
    const hf_problem *p = s->path->flow->problem;
    const size_t size = s->path->size;
    sweep_point *here = calloc(1, sizeof *here);
    if (here == NULL)
        return hf_fail_memory(err, "the states on the way");
    here->sweep = s;
    here->y = malloc((6 * size + 2 * p->features * p->positions) * sizeof *here->y);
    hf_status status = here->y == NULL ? hf_fail_memory(err, "the states on the way") : HF_OK;
    if (status == HF_OK)
        status = hf_flow_plain_point_create(&here->point, s->path->flow, err);
    if (status != HF_OK) {
        sweep_point_free(here);
        return status;
    }
    here->rate = here->y + size;
    here->work = here->rate + size;
    *point = here;
    return HF_OK;
}

/* The state at t by cubics between states of the path. */
static void state_at(const sweep *s, double t, double *y)
{
    const size_t size = s->path->size;
    const stop *at = s->path->at;
    size_t low = 0, high = s->last;
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(at[middle].t <= t ? &low : &high) = middle;
    }
    const double h = at[high].t - at[low].t, u = h > 0 ? fmin(1, fmax(0, (t - at[low].t) / h)) : 0, v = 1 - u;
    const double *a = s->state + low * 2 * size, *b = s->state + high * 2 * size;
    for (size_t i = 0; i < size; i++)
        y[i] = v * v * (1 + 2 * u) * a[i] + u * u * (1 + 2 * v) * b[i] + h * u * v * (v * a[size + i] - u * b[size + i]);
}

static bool sweep_at(void *point, const double *x)
{
    sweep_point *here = point;
    const sweep *s = here->sweep;
    const double passed = x[s->path->size];
    state_at(s, s->path->at[s->last].t - passed, here->y);
    if (!hf_cloud_at(here->point, here->y))
        return false;
    hf_cloud_adjoint_times(here->point, x, here->rate, here->work);
    here->speed = here->point->problem->cloud.rate * hf_cloud_noise_along(here->point, x, here->work);
    return isfinite(here->speed);
}

static void sweep_energy(const void *point, double *loss, double *speed)
{
    *loss = 0;
    *speed = ((const sweep_point *)point)->speed;
}

static void sweep_velocity(const void *point, double *velocity)
{
    const sweep_point *here = point;
    const size_t size = here->sweep->path->size;
    memcpy(velocity, here->rate, size * sizeof *velocity);
    velocity[size] = 1;
}

static void sweep_jacobian_times(void *point, const double *x, double *result)
{
    sweep_point *here = point;
    hf_cloud_adjoint_times(here->point, x, result, here->work);
    result[here->sweep->path->size] = 0;
}

static void sweep_name(const void *self, size_t index, char *text, size_t capacity)
{
    const sweep *s = self;
    char name[128] = "";
    if (index < s->path->size)
        hf_cloud_coordinate_name(s->path->flow, index, name, sizeof name);
    snprintf(text, capacity, "%s%s", index < s->path->size ? "derivative by the " : "time that has passed", name);
}

static const hf_system_kind sweep_kind = {.name = "sweep",
                                          .remedy = "lower the learning rate",
                                          .start = sweep_start,
                                          .point_create = sweep_point_create,
                                          .point_free = sweep_point_free,
                                          .at = sweep_at,
                                          .energy = sweep_energy,
                                          .velocity = sweep_velocity,
                                          .jacobian_times = sweep_jacobian_times,
                                          .coordinate_name = sweep_name};

/* Covectors may have any size, group by group, and are relative to it. */
static void fill_groups(const path *p, hf_error_group *group)
{
    const size_t count = 3 * p->flow->problem->heads;
    for (size_t g = 0; g < count; g++)
        group[g] = (hf_error_group){p->flow->group[g].first, p->flow->group[g].count, true, g};
    group[count] = (hf_error_group){p->size, 1, false, count};
}

/* All states up to the last one, in the contrasts of its segment. */
static hf_status recast(const path *p, size_t last, double *state, hf_error *err)
{
    const double *target = p->distance + p->at[last].segment * p->square;
    hf_status status = hf_flow_use_basis(p->flow, target, err);
    hf_basis *from = NULL;
    size_t segment = SIZE_MAX;
    memcpy(state, p->state, (last + 1) * 2 * p->size * sizeof *state);
    for (size_t k = 0; k <= last && status == HF_OK; k++) {
        const double *own = p->distance + p->at[k].segment * p->square;
        if (memcmp(own, target, p->square * sizeof *own) == 0)
            continue;
        if (segment != p->at[k].segment) {
            hf_basis_free(from);
            from = NULL;
            status = hf_basis_create(&from, p->flow->problem->heads, own, p->flow->problem->kind, err);
        }
        segment = p->at[k].segment;
        for (size_t i = 0; i < 2 && status == HF_OK; i++)
            status = hf_cloud_recast(p->flow, from, state + (2 * k + i) * p->size, err);
    }
    hf_basis_free(from);
    return status;
}

/* x(t*) */
static hf_status find_start(const sweep *s, hf_error *err)
{
    hf_flow_point *point = NULL;
    const hf_status status = hf_flow_plain_point_create(&point, s->path->flow, err);
    if (status != HF_OK)
        return status;
    hf_cloud_at(point, s->state + s->last * 2 * s->path->size);
    hf_cloud_gradient(point, s->start);
    for (size_t i = 0; i < s->path->size; i++)
        s->start[i] /= point->speed;
    hf_flow_point_free(point);
    return HF_OK;
}

/* x . y over the contrasts between heads at the start. */
static double along_contrasts(const sweep *s, const double *x)
{
    const hf_problem *p = s->path->flow->problem;
    const size_t kinds = s->path->flow->basis->kinds, values = p->heads * p->features;
    double sum = 0;
    for (size_t i = kinds * p->features; i < values; i++)
        sum += x[i] * s->state[i];
    for (size_t i = values + kinds * p->positions; i < values + p->heads * p->positions; i++)
        sum += x[i] * s->state[i];
    return sum;
}

static hf_status integrate_back(sweep *s, hf_spread *spread, const volatile sig_atomic_t *interrupted, hf_error *err)
{
    const double end = s->path->at[s->last].t;
    const hf_system system = {.kind = &sweep_kind,
                              .self = s,
                              .size = s->path->size + 1,
                              .unit = 1,
                              .group_count = 3 * s->path->flow->problem->heads + 1,
                              .group = s->group};
    hf_integrator *integrator = NULL;
    double *x = malloc(system.size * sizeof *x), variance;
    hf_status status =
        x == NULL ? hf_fail_memory(err, "the band") : hf_integrator_create(&integrator, system, 1e-5, 1e-8, err);
    if (status == HF_OK)
        status = hf_influence_add(&s->influence, end, s->start, err);
    while (status == HF_OK && hf_integrator_time(integrator) < end) {
        status = hf_integrator_step(integrator, err);
        s->passed[++s->count] = fmin(end, hf_integrator_time(integrator));
        if (status == HF_OK) {
            hf_integrator_interpolate(integrator, s->passed[s->count], x, &variance);
            status = hf_influence_add(&s->influence, end - s->passed[s->count], x, err);
        }
        if (s->count == MOST_STEPS || (interrupted != NULL && *interrupted))
            break;
    }
    if (status == HF_OK && hf_integrator_time(integrator) >= end) {
        hf_integrator_interpolate(integrator, end, x, &variance);
        spread->deviation = sqrt(variance);
        spread->by_contrast = -along_contrasts(s, x);
        spread->influence = s->influence;
        s->influence = NULL;
    }
    hf_integrator_free(integrator);
    free(x);
    return status;
}

static void state_of(const void *of, double t, double *y)
{
    state_at(of, t, y);
}

/* Two steps for every two of the sweep. That the deviation comes out the same says that they are short enough. */
static hf_status find_mean(sweep *s, const volatile sig_atomic_t *interrupted, hf_spread *spread, hf_error *err)
{
    enum { STRIDE = 2 };
    const double wrong = 0.02;
    const hf_shift_path along = {s->path->flow, s->path->at[s->last].t, state_of, s};
    hf_shift shift;
    size_t count = 0;
    for (size_t k = 0; k < s->count; k += STRIDE)
        s->passed[count++] = s->passed[k];
    s->passed[count] = s->passed[s->count];
    const hf_status status = hf_shift_find(&along, count, s->passed, interrupted, &shift, err);
    if (status == HF_OK && fabs(shift.deviation - spread->deviation) <= wrong * spread->deviation)
        spread->mean_rate = shift.rate;
    return status;
}

/* A sweep that fails leaves the deviation unknown: it is about a path that is there. */
static hf_status find_deviation(path *p, size_t last, bool with_mean, const volatile sig_atomic_t *interrupted,
                                hf_spread *spread, hf_error *err)
{
    double *state = malloc((((last + 1) * 2 + 1) * p->size + MOST_STEPS + 1) * sizeof *state);
    hf_error_group *group = malloc((3 * p->flow->problem->heads + 1) * sizeof *group);
    hf_status status = state == NULL || group == NULL ? hf_fail_memory(err, "the band") : recast(p, last, state, err);
    if (status == HF_OK) {
        sweep s = {p,   last, state, state + (last + 1) * 2 * p->size, group, 0, state + ((last + 1) * 2 + 1) * p->size,
                   NULL};
        s.passed[0] = 0;
        fill_groups(p, group);
        status = find_start(&s, err);
        if (status == HF_OK)
            status = hf_influence_create(&s.influence, p->flow, err);
        if (status == HF_OK)
            status = integrate_back(&s, spread, interrupted, err);
        if (status == HF_OK && with_mean && !isnan(spread->deviation) && hf_shift_is_affordable(p->flow))
            status = find_mean(&s, interrupted, spread, err);
        hf_influence_free(s.influence);
        if (status == HF_ENUMERIC)
            status = HF_OK;
    }
    free(state);
    free(group);
    return status;
}

void hf_spread_clear(size_t count, hf_spread *spread)
{
    for (size_t l = 0; l < count && spread != NULL; l++) {
        hf_influence_free(spread[l].influence);
        spread[l].influence = NULL;
    }
}

hf_status hf_spread_find(const hf_problem *problem, const hf_solver_params *solver, size_t count, const double *level,
                         bool with_mean, const volatile sig_atomic_t *interrupted, hf_spread *spread, hf_error *err)
{
    path p = {0};
    size_t *crossing = calloc(count + 1, sizeof *crossing);
    for (size_t l = 0; l < count; l++)
        spread[l] = (hf_spread){NAN, NAN, NAN, NAN, NULL};
    hf_status status = crossing == NULL ? hf_fail_memory(err, "the bands") : hf_flow_create(&p.flow, problem, err);
    if (status == HF_OK) {
        p.size = hf_cloud_size(p.flow);
        p.square = problem->heads * problem->heads;
        status = follow(&p, solver, count, level, interrupted, crossing, spread, err);
    }
    for (size_t l = 0; l < count && status == HF_OK && !p.too_large; l++)
        if (!isnan(spread[l].t))
            status = find_deviation(&p, crossing[l], with_mean, interrupted, &spread[l], err);
    clear_path(&p);
    hf_flow_free(p.flow);
    free(crossing);
    return status;
}
