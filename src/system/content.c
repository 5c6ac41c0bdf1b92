#include "system/content.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct hf_content {
    double variance, b, c; /* gamma^2 */
    double p, q, end;      /* of zeta; end: of Owen's integral */
    double start[2];       /* angles */
    gsl_integration_glfixed_table *nodes;
    hf_error_group group[2];
};

typedef struct {
    const hf_content *flow;
    double kappa, nu;
    double rest[2]; /* cos x, cos y */
    double loss, speed;
    double velocity[2];
    double jacobian[2][2];
} point;

/* ---- life ---- */

hf_status hf_content_create(hf_content **result, const hf_content_task *task, hf_error *err)
{
    hf_content *flow = calloc(1, sizeof *flow);
    gsl_integration_glfixed_table *nodes = gsl_integration_glfixed_table_alloc(64);
    if (flow == NULL || nodes == NULL) {
        free(flow);
        if (nodes != NULL)
            gsl_integration_glfixed_table_free(nodes);
        return hf_fail_memory(err, "the flow");
    }
    const double lambda = task->inverse_temperature, square = lambda * lambda * task->variance; /* G^2 */
    *flow = (hf_content){.variance = task->variance,
                         .b = lambda * sqrt((double)task->dim / (2 * (1 + 2 * square))),
                         .c = lambda * sqrt((double)task->dim / 2),
                         .p = 1 / sqrt(1 + 2 * square),
                         .q = 1 / sqrt((1 + 4 * square) * (1 + 2 * square)),
                         .end = 1 / sqrt(1 + 4 * square),
                         .start = {asin(task->kappa), asin(task->nu)},
                         .nodes = nodes,
                         .group = {{0, 1, false, 0}, {1, 1, false, 0}}};
    *result = flow;
    return HF_OK;
}

void hf_content_free(hf_content *flow)
{
    if (flow == NULL)
        return;
    gsl_integration_glfixed_table_free(flow->nodes);
    free(flow);
}

/* ---- the loss ---- */

/* erf' and erf'' */
static double bell(double x)
{
    return M_2_SQRTPI * exp(-x * x);
}

static double bell_slope(double x)
{
    return -2 * x * bell(x);
}

static double owen(double x, void *h)
{
    const double height = *(const double *)h;
    return exp(-height * height * (1 + x * x) / 2) / (1 + x * x);
}

double hf_content_zeta(const hf_content *flow, double t)
{
    double h = M_SQRT2 * flow->p * t;
    const gsl_function integrand = {owen, &h};
    return 1 - 4 * M_1_PI * gsl_integration_glfixed(&integrand, 0, flow->end, flow->nodes);
}

static double zeta_slope(const hf_content *flow, double t)
{
    return 2 * flow->p * erf(flow->q * t) * bell(flow->p * t);
}

static double zeta_bend(const hf_content *flow, double t)
{
    const double p = flow->p, q = flow->q;
    return 2 * p * (q * bell(q * t) * bell(p * t) + p * erf(q * t) * bell_slope(p * t));
}

double hf_content_loss(const hf_content *flow, double kappa, double nu)
{
    return flow->variance * (1 - 2 * nu * erf(flow->b * kappa) + hf_content_zeta(flow, flow->c * kappa));
}

/* ---- a point ---- */

static hf_status point_create(void **result, const void *self, hf_error *err)
{
    point *here = calloc(1, sizeof *here);
    if (here == NULL)
        return hf_fail_memory(err, "a state of the flow");
    here->flow = self;
    *result = here;
    return HF_OK;
}

/* With F = -dL/dkappa and E = -dL/dnu: x' = cos x F, y' = cos y E. */
static bool at(void *self, const double *y)
{
    point *here = self;
    const hf_content *f = here->flow;
    const double kappa = here->kappa = sin(y[0]), nu = here->nu = sin(y[1]), b = f->b, c = f->c;
    const double *rest = here->rest;
    here->rest[0] = cos(y[0]);
    here->rest[1] = cos(y[1]);
    const double known = 2 * f->variance * erf(b * kappa), slope = 2 * f->variance * b * bell(b * kappa);
    const double force = nu * slope - f->variance * c * zeta_slope(f, c * kappa);
    const double bend = f->variance * (2 * nu * b * b * bell_slope(b * kappa) - c * c * zeta_bend(f, c * kappa));
    here->velocity[0] = rest[0] * force;
    here->velocity[1] = rest[1] * known;
    here->jacobian[0][0] = rest[0] * rest[0] * bend - kappa * force;
    here->jacobian[0][1] = here->jacobian[1][0] = rest[0] * rest[1] * slope;
    here->jacobian[1][1] = -nu * known;
    here->loss = hf_content_loss(f, kappa, nu);
    here->speed = here->velocity[0] * here->velocity[0] + here->velocity[1] * here->velocity[1];
    return isfinite(here->loss) && isfinite(here->speed);
}

static void get_start(const void *self, double *y)
{
    const hf_content *flow = self;
    y[0] = flow->start[0];
    y[1] = flow->start[1];
}

static void energy(const void *self, double *loss, double *speed)
{
    const point *here = self;
    *loss = here->loss;
    *speed = here->speed;
}

static void velocity(const void *self, double *result)
{
    const point *here = self;
    result[0] = here->velocity[0];
    result[1] = here->velocity[1];
}

static void jacobian_times(void *self, const double *x, double *result)
{
    const point *here = self;
    for (size_t i = 0; i < 2; i++)
        result[i] = here->jacobian[i][0] * x[0] + here->jacobian[i][1] * x[1];
}

static double speed_rate(void *self)
{
    const point *here = self;
    double bent[2];
    jacobian_times(self, here->velocity, bent);
    return 2 * (here->velocity[0] * bent[0] + here->velocity[1] * bent[1]);
}

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    (void)self;
    snprintf(text, capacity, "angle of the %s", index == 0 ? "key" : "value");
}

/* ---- its columns ---- */

typedef struct {
    const hf_content *flow;
    double kappa, nu, known;
} view;

/* nu erf(b kappa), the part of the target that the output explains, over what it is when all is known. */
static double known_at(const hf_content *flow, double kappa, double nu)
{
    return nu * erf(flow->b * kappa) / erf(flow->b);
}

static hf_status create_view(void **observer, const void *self, hf_error *err)
{
    view *v = calloc(1, sizeof *v);
    if (v == NULL)
        return hf_fail_memory(err, "the observations");
    v->flow = self;
    *observer = v;
    return HF_OK;
}

static void look(void *observer, const void *self, const double *y)
{
    view *v = observer;
    const point *here = self;
    (void)y;
    v->kappa = here->kappa;
    v->nu = here->nu;
    v->known = known_at(v->flow, here->kappa, here->nu);
}

static const double *get_kappa(const void *observer)
{
    return &((const view *)observer)->kappa;
}

static const double *get_nu(const void *observer)
{
    return &((const view *)observer)->nu;
}

static const double *get_known(const void *observer)
{
    return &((const view *)observer)->known;
}

static const hf_observable observables[] = {
    {"kappa", "", "", "overlap of the key with the hidden direction", NULL, get_kappa, true},
    {"nu", "", "", "overlap of the value with the one to be learned", NULL, get_nu, true},
    {"known", "", "", "nu erf(b kappa), what the output explains, over what it is at overlaps of 1", NULL, get_known, true},
};

static hf_status state(const void *self, const double *y, hf_take_coordinate *take, void *to, hf_error *err)
{
    (void)self;
    (void)err;
    take(to, "key", 1, 1, sin(y[0]));
    take(to, "value", 1, 1, sin(y[1]));
    return HF_OK;
}

const hf_observer_kind hf_content_observer = {.create = create_view,
                                              .free = free,
                                              .look = look,
                                              .observable_count = sizeof observables / sizeof observables[0],
                                              .observable = observables,
                                              .state = state};

/* ---- events ---- */

static size_t one(const void *self)
{
    (void)self;
    return 1;
}

static double known(const void *self, size_t pattern)
{
    const point *here = self;
    (void)pattern;
    return known_at(here->flow, here->kappa, here->nu);
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    (void)self;
    *signal = (hf_signal){.name = "known",
                          .event = HF_EVENT_ACQUIRED,
                          .pattern = 1,
                          .rises = true,
                          .threshold = thresholds->acquired,
                          .value = known};
}

static void describe(void *observer, void *self, const double *y, hf_event *event)
{
    (void)observer;
    (void)y;
    event->loss = ((const point *)self)->loss;
    event->value = known(self, 1);
    event->head = 1;
}

/* Nothing is known, or all. */
static hf_status level(const void *self, double loss, const bool *learned, double *result, hf_error *err)
{
    (void)loss;
    (void)err;
    *result = learned[0] ? hf_content_loss(self, 1, 1) : hf_content_loss(self, 0, 0);
    return HF_OK;
}

static hf_status resolution(const void *self, double *scale, double *variance, hf_error *err)
{
    (void)err;
    *scale = hf_content_loss(self, 0, 0);
    *variance = ((const hf_content *)self)->variance;
    return HF_OK;
}

static const hf_watch_kind watch = {.signal_count = one,
                                    .signals = signals,
                                    .describe = describe,
                                    .pattern_count = one,
                                    .level = level,
                                    .resolution = resolution};

/* ---- curvature: a gradient flow in angles ---- */

static void hessian_times(void *self, const double *x, double *result)
{
    jacobian_times(self, x, result);
    result[0] = -result[0];
    result[1] = -result[1];
}

static size_t ways_down(const void *self, bool all)
{
    (void)self;
    (void)all;
    return 1;
}

static const hf_curvature_kind curvature = {.times = hessian_times, .ways_down = ways_down};

static const hf_system_kind kind = {.name = "content",
                                    .remedy = "lower content.inverse_temperature",
                                    .start = get_start,
                                    .point_create = point_create,
                                    .point_free = free,
                                    .at = at,
                                    .energy = energy,
                                    .velocity = velocity,
                                    .jacobian_times = jacobian_times,
                                    .speed_rate = speed_rate,
                                    .coordinate_name = coordinate_name,
                                    .observer = &hf_content_observer,
                                    .watch = &watch,
                                    .curvature = &curvature};

hf_system hf_content_system(hf_content *flow)
{
    return (hf_system){.kind = &kind, .self = flow, .size = 2, .unit = 1, .group_count = 2, .group = flow->group};
}
