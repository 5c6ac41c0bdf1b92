#include "flow/flow_system.h"

#include "flow/attention.h"
#include "flow/cloud.h"
#include "flow/cloud_newton.h"
#include "flow/curvature.h"
#include "flow/flow_near.h"
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

static bool near(const void *point, const double *from, const double *y, const double *given, double *loss, double *speed)
{
    return hf_flow_near(point, from, y, given, loss, speed);
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

/* ---- with what noise has put into the values (cloud.h) ---- */

static hf_status cloud_newton_create(void **newton, const void *self, hf_error *err)
{
    hf_cloud_newton *created = NULL;
    const hf_status status = hf_cloud_newton_create(&created, self, err);
    *newton = created;
    return status;
}

static void cloud_newton_free(void *newton)
{
    hf_cloud_newton_free(newton);
}

static bool cloud_newton_setup(void *newton, const void *point, double gamma)
{
    return hf_cloud_newton_setup(newton, point, gamma);
}

static void cloud_newton_solve(void *newton, const double *b, double *x)
{
    hf_cloud_newton_solve(newton, b, x);
}

static const hf_newton_kind cloud_newton_kind = {cloud_newton_create, cloud_newton_free, cloud_newton_setup,
                                                 cloud_newton_solve};

static void cloud_start(const void *self, double *y)
{
    hf_cloud_start(self, y);
}

static bool cloud_at(void *point, const double *y)
{
    return hf_cloud_at(point, y);
}

static void cloud_velocity(const void *point, double *result)
{
    hf_cloud_velocity(point, result);
}

static void cloud_jacobian_times(void *point, const double *x, double *result)
{
    hf_cloud_jacobian_times(point, x, result);
}

static double cloud_speed_rate(void *point)
{
    return hf_cloud_speed_rate(point);
}

static hf_status cloud_rebase(void *self, double *y, hf_error *err)
{
    return hf_cloud_rebase(self, y, err);
}

static void cloud_coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    hf_cloud_coordinate_name(self, index, text, capacity);
}

#define COMMON                                                                                                             \
    .name = "attention", .remedy = "lower target.strengths, the initial values or the rates",                              \
    .point_create = point_create, .point_free = point_free, .energy = energy, .blame = blame, .basis_size = basis_size,    \
    .save_basis = save_basis, .use_basis = use_basis, .observer = &hf_flow_observer, .watch = &hf_flow_watch,              \
    .curvature = &hf_flow_curvature
#define ATTENTION                                                                                                          \
    COMMON, .start = start, .at = at, .velocity = velocity, .jacobian_times = jacobian_times, .speed_rate = speed_rate,    \
            .rebase = rebase, .coordinate_name = coordinate_name, .sensitivity = &hf_flow_sensitivity

/* The Newton solve of newton.h is that of the softmax without restraints. */
static const hf_system_kind with_newton = {ATTENTION, .near = near, .newton = &newton_kind}, without_newton = {ATTENTION};
static const hf_system_kind with_cloud = {COMMON,
                                          .start = cloud_start,
                                          .at = cloud_at,
                                          .velocity = cloud_velocity,
                                          .jacobian_times = cloud_jacobian_times,
                                          .speed_rate = cloud_speed_rate,
                                          .rebase = cloud_rebase,
                                          .coordinate_name = cloud_coordinate_name,
                                          .newton = &cloud_newton_kind};

hf_system hf_flow_system(hf_flow *flow)
{
    const bool clouds = hf_cloud_is_there(flow->problem), solves = !flow->attention->has_slope && !flow->is_restrained;
    return (hf_system){.kind = clouds ? &with_cloud : solves ? &with_newton : &without_newton,
                       .self = flow,
                       .size = clouds ? hf_cloud_size(flow) : hf_flow_size(flow),
                       .unit = sqrt((double)flow->problem->heads),
                       .group_count = (clouds ? 3 : 2) * flow->problem->heads,
                       .group = flow->group};
}
