#include "flow/step.h"

#include "flow/attention.h"
#include "flow/cloud.h"
#include "flow/curvature.h"
#include "flow/direction.h"
#include "flow/lanes.h"
#include "flow/restraint.h"
#include "flow/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_bend {
    double *y;            /* (size) the state */
    double *plain, *bent; /* (size) f and J f there */
    double *work;         /* (5, size) */
    hf_flow_point *probe; /* of the plain flow, for differences */
};

/* ---- life ---- */

hf_status hf_bend_create(hf_bend **result, const hf_flow *flow, hf_error *err)
{
    const size_t size = hf_flow_size(flow);
    hf_bend *bend = calloc(1, sizeof *bend);
    double *memory = malloc(8 * size * sizeof *memory);
    if (bend == NULL || memory == NULL) {
        free(bend);
        free(memory);
        return hf_fail_memory(err, "a state of the flow");
    }
    *bend = (hf_bend){.y = memory, .plain = memory + size, .bent = memory + 2 * size, .work = memory + 3 * size};
    const hf_status status = hf_flow_plain_point_create(&bend->probe, flow, err);
    if (status != HF_OK) {
        hf_bend_free(bend);
        return status;
    }
    *result = bend;
    return HF_OK;
}

void hf_bend_free(hf_bend *bend)
{
    if (bend == NULL)
        return;
    hf_flow_point_free(bend->probe);
    free(bend->y);
    free(bend);
}

/* ---- parts ---- */

/* -grad L . x; finite steps are not known beside a decay of the attention. */
static double fall_along(const hf_flow_point *point, const double *x)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features;
    double sum = 0;
    for (size_t i = 0; i < values; i++)
        sum += hf_values_slope(point, i) * x[i];
    for (size_t n = 0; n < p->heads; n++)
        sum += hf_counted_dot(p, point->loss_ascent + n * p->positions, x + values + n * p->positions);
    return sum;
}

/* The difference's half width: 6e-6, the cube root of rounding, of what values and logits may change before the derivative
 * does: logits 1, values the largest strength. */
static double half_width(const hf_problem *p, const double *x)
{
    const size_t values = p->heads * p->features;
    double strength = 0;
    for (size_t j = 0; j < p->patterns; j++)
        strength = fmax(strength, p->strength[j]);
    const double most = fmax(hf_lanes_max_abs(values, x) / strength, hf_lanes_max_abs(p->heads * p->positions, x + values));
    return most > 0 ? 6e-6 / most : 0;
}

/* change = J(y + s x) w */
static void derivative_at(const hf_bend *bend, size_t size, double s, const double *x, const double *w, double *change)
{
    double *moved = bend->work;
    for (size_t i = 0; i < size; i++)
        moved[i] = bend->y[i] + s * x[i];
    hf_flow_plain_at(bend->probe, moved);
    hf_flow_plain_jacobian_times(bend->probe, w, change);
}

void hf_bend_second(const hf_flow_point *point, const double *x, const double *w, double *result)
{
    const hf_bend *bend = point->bend_of_step;
    const size_t size = hf_flow_size(point->flow);
    const double s = half_width(point->problem, x);
    double *below = bend->work + size;
    if (s == 0) {
        memset(result, 0, size * sizeof *result);
        return;
    }
    derivative_at(bend, size, s, x, w, result);
    derivative_at(bend, size, -s, x, w, below);
    for (size_t i = 0; i < size; i++)
        result[i] = (result[i] - below[i]) / (2 * s);
}

/* ---- finite steps ---- */

static bool bend_at(hf_flow_point *point, const double *y)
{
    hf_bend *bend = point->bend_of_step;
    const size_t size = hf_flow_size(point->flow), heads = point->problem->heads;
    memcpy(bend->y, y, size * sizeof *y);
    if (point->cloud != NULL)
        memcpy(bend->probe->cloud->gamma, point->cloud->gamma, heads * heads * sizeof *y);
    hf_flow_plain_velocity(point, bend->plain);
    hf_flow_plain_jacobian_times(point, bend->plain, bend->bent);
    point->speed -= point->problem->tau * fall_along(point, bend->bent);
    return isfinite(point->speed);
}

static void bent_velocity(const hf_flow_point *point, double *velocity)
{
    const hf_bend *bend = point->bend_of_step;
    const double tau = point->problem->tau;
    for (size_t i = 0; i < hf_flow_size(point->flow); i++)
        velocity[i] = bend->plain[i] - tau * bend->bent[i];
}

/* J~ x = J x - tau (f''(x, f) + J J x) */
static void bent_jacobian_times(hf_flow_point *point, const double *x, double *result)
{
    const hf_bend *bend = point->bend_of_step;
    const size_t size = hf_flow_size(point->flow);
    const double tau = point->problem->tau;
    double *second = bend->work + 2 * size;
    hf_bend_second(point, x, bend->plain, second);
    hf_flow_plain_jacobian_times(point, x, result);
    hf_flow_plain_jacobian_times(point, result, bend->work);
    for (size_t i = 0; i < size; i++)
        result[i] -= tau * (second[i] + bend->work[i]);
}

/* P = -grad L . f~, so that P' = -(H f~) . f~ - grad L . J~ f~ with the second derivative H of the loss. */
static double bent_speed_rate(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    const size_t size = hf_flow_size(point->flow), values = p->heads * p->features;
    const double learned = 1 - point->flow->values->follow; /* values that follow have no slope */
    double *along = point->bend_of_step->work + 3 * size, *change = along + size;
    bent_velocity(point, along);
    bent_jacobian_times(point, along, change);
    const double turned = fall_along(point, change);
    hf_flow_gradient_change(point, along, change);
    return turned - learned * hf_lanes_dot(values, change, along) -
           hf_lanes_dot(size - values, change + values, along + values);
}

/* The derivative of J f along a parameter, the state held: that of f_p = df / d ln p along f, by a central difference, and J f_p. f_p
 * is given, result in the bend's work. */
static const double *bent_along_parameter(hf_flow_point *point, const hf_direction *d, const double *given)
{
    const hf_bend *bend = point->bend_of_step;
    const size_t size = hf_flow_size(point->flow);
    const double s = half_width(point->problem, bend->plain);
    double *moved = bend->work, *below = moved + size, *result = below + size;
    hf_flow_plain_jacobian_times(point, given, result);
    for (int side = -1; side <= 1 && s > 0; side += 2) {
        for (size_t i = 0; i < size; i++)
            moved[i] = bend->y[i] + side * s * bend->plain[i];
        hf_flow_plain_at(bend->probe, moved);
        hf_direction_plain_velocity(bend->probe, d, side < 0 ? below : moved);
    }
    for (size_t i = 0; i < size && s > 0; i++)
        result[i] += (moved[i] - below[i]) / (2 * s);
    return result;
}

/* f~_p = f_p - tau (J f)_p - tau_p J f */
static bool bent_along(hf_flow_point *point, const hf_direction *d, double *result)
{
    const size_t size = hf_flow_size(point->flow);
    if (hf_direction_plain_velocity(point, d, result)) {
        const double *bent = bent_along_parameter(point, d, result);
        for (size_t i = 0; i < size; i++)
            result[i] -= point->problem->tau * bent[i];
    } else if (d->tau == 0)
        return false;
    else
        memset(result, 0, size * sizeof *result);
    hf_lanes_add(size, -d->tau, point->bend_of_step->bent, result);
    return true;
}

/* The same at tau = 0. */
static bool plain_along(hf_flow_point *point, const hf_direction *d, double *result)
{
    const size_t size = hf_flow_size(point->flow);
    if (d->tau == 0)
        return hf_direction_plain_velocity(point, d, result);
    hf_flow_plain_velocity(point, point->direction);
    hf_flow_plain_jacobian_times(point, point->direction, result);
    for (size_t i = 0; i < size; i++)
        result[i] *= -d->tau;
    return true;
}

/* ---- the table ---- */

static bool plain_at(hf_flow_point *point, const double *y)
{
    (void)point, (void)y;
    return true;
}

static double plain_speed_rate(hf_flow_point *point)
{
    return point->flow->is_restrained ? hf_restraint_speed_rate(point) : point->flow->attention->speed_rate(point);
}

static const hf_step_kind none = {.at = plain_at,
                                  .velocity = hf_flow_plain_velocity,
                                  .jacobian_times = hf_flow_plain_jacobian_times,
                                  .speed_rate = plain_speed_rate,
                                  .along = plain_along};
static const hf_step_kind finite = {.bends = true,
                                    .at = bend_at,
                                    .velocity = bent_velocity,
                                    .jacobian_times = bent_jacobian_times,
                                    .speed_rate = bent_speed_rate,
                                    .along = bent_along};

const hf_step_kind *hf_step_find(const hf_problem *problem)
{
    return problem->tau > 0 ? &finite : &none;
}
