#include "flow/flow_system.h"

#include "flow/attention.h"
#include "flow/curvature.h"
#include "flow/flow_sensitivity.h"
#include "flow/flow_watch.h"
#include "flow/newton.h"

#include <math.h>
#include <string.h>

/* ---- the Newton solve ---- */

static hf_status newton_create(void **newton, const void *self, hf_error *err)
{
    hf_newton *created = NULL;
    const hf_status status = hf_newton_create(&created, self, err);
    *newton = created;
    return status;
}

static void newton_free(void *newton)
{
    hf_newton_free(newton);
}

static bool newton_setup(void *newton, const void *point, double gamma)
{
    return hf_newton_setup(newton, point, gamma);
}

static void newton_solve(void *newton, const double *b, double *x)
{
    hf_newton_solve(newton, b, x);
}

static const hf_newton_kind newton_kind = {newton_create, newton_free, newton_setup, newton_solve};

/* ---- the flow ---- */

static void start(const void *self, double *y)
{
    hf_flow_start(self, y);
}

static hf_status point_create(void **point, const void *self, hf_error *err)
{
    hf_flow_point *created = NULL;
    const hf_status status = hf_flow_point_create(&created, self, err);
    *point = created;
    return status;
}

static void point_free(void *point)
{
    hf_flow_point_free(point);
}

static bool at(void *point, const double *y)
{
    return hf_flow_at(point, y);
}

static void energy(const void *point, double *loss, double *speed)
{
    const hf_flow_point *here = point;
    *loss = here->loss;
    *speed = here->speed;
}

static void velocity(const void *point, double *result)
{
    hf_flow_velocity(point, result);
}

static void jacobian_times(void *point, const double *x, double *result)
{
    hf_flow_jacobian_times(point, x, result);
}

static double speed_rate(void *point)
{
    return hf_flow_speed_rate(point);
}

static hf_status rebase(void *self, double *y, hf_error *err)
{
    return hf_flow_rebase(self, y, err);
}

static bool blame(const void *self, const double *y, char *text, size_t capacity)
{
    return hf_flow_blame(self, y, text, capacity);
}

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    hf_flow_coordinate_name(self, index, text, capacity);
}

static size_t basis_size(const void *self)
{
    const size_t heads = ((const hf_flow *)self)->problem->heads;
    return heads * heads;
}

static void save_basis(const void *self, double *basis)
{
    const hf_flow *flow = self;
    memcpy(basis, flow->basis->distance, basis_size(self) * sizeof *basis);
}

static hf_status use_basis(void *self, const double *basis, hf_error *err)
{
    return hf_flow_use_basis(self, basis, err);
}

#define ATTENTION                                                                                                          \
    .name = "attention", .remedy = "lower target.strengths, the initial values or the rates", .start = start,              \
    .point_create = point_create, .point_free = point_free, .at = at, .energy = energy, .velocity = velocity,              \
    .jacobian_times = jacobian_times, .speed_rate = speed_rate, .rebase = rebase, .blame = blame,                          \
    .coordinate_name = coordinate_name, .basis_size = basis_size, .save_basis = save_basis, .use_basis = use_basis,        \
    .observer = &hf_flow_observer, .watch = &hf_flow_watch, .curvature = &hf_flow_curvature, .sensitivity = &hf_flow_sensitivity

/* The Newton solve of newton.h is that of the softmax without restraints. */
static const hf_system_kind with_newton = {ATTENTION, .newton = &newton_kind}, without_newton = {ATTENTION};

hf_system hf_flow_system(hf_flow *flow)
{
    return (hf_system){.kind = flow->attention->has_slope || flow->is_restrained ? &without_newton : &with_newton,
                       .self = flow,
                       .size = hf_flow_size(flow),
                       .unit = sqrt((double)flow->problem->heads),
                       .group_count = 2 * flow->problem->heads,
                       .group = flow->group};
}
