#include "flow/restraint.h"

#include "flow/attention.h"
#include "flow/curvature.h"
#include "flow/lanes.h"
#include "flow/values.h"

#include <string.h>

/* sum_k sum_i n_i x_ki^2, from modes */
static double counted_square(const hf_problem *p, const double *x)
{
    double sum = 0;
    for (size_t n = 0; n < p->heads; n++)
        sum += hf_counted_dot(p, x + n * p->positions, x + n * p->positions);
    return sum;
}

/* ---- of the coordinates ---- */

static void coordinates_at(hf_flow_point *point, const double *a)
{
    const hf_problem *p = point->problem;
    memcpy(point->coordinates, a, p->heads * p->positions * sizeof *a);
    point->loss += p->attention_decay / 2 * counted_square(p, a);
}

static void leave_gain(const hf_flow_point *point, const double *ds, double *dg)
{
    (void)point;
    (void)ds;
    (void)dg;
}

static void add_coordinates(const hf_flow_point *point, double rate, const double *x, double *result)
{
    const hf_problem *p = point->problem;
    hf_lanes_add(p->heads * p->positions, -rate * p->attention_decay, x, result);
}

/* ---- of the attention ---- */

/* h~ = h - lambda_a (s - <s>), <s>_k = sum_i n_i s_ki^2, and s h~; shift likewise. */
static void attention_at(hf_flow_point *point, const double *a)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const size_t T = p->positions;
    (void)a;
    point->loss += p->attention_decay / 2 * counted_square(p, point->attention);
    hf_lanes_product(basis, T, point->attention, T, point->attention, T, point->ascent, T); /* is found anew below */
    for (size_t n = 0; n < p->heads; n++) {
        const double *s = point->attention + n * T, square = hf_counted_sum(p, point->ascent + n * T);
        double *gain = point->gain + n * T;
        for (size_t i = 0; i < T; i++)
            gain[i] -= p->attention_decay * (s[i] - square);
        point->shift[n] -= p->attention_decay * (square - hf_counted_sum(p, s) / p->total);
    }
    hf_lanes_product(basis, T, point->attention, T, point->gain, T, point->ascent, T);
}

static void change_gain(const hf_flow_point *point, const double *ds, double *dg)
{
    const hf_problem *p = point->problem;
    hf_lanes_add(p->heads * p->positions, -p->attention_decay, ds, dg);
}

static void add_nothing(const hf_flow_point *point, double rate, const double *x, double *result)
{
    (void)point;
    (void)rate;
    (void)x;
    (void)result;
}

/* ---- the table ---- */

static void leave_point(hf_flow_point *point, const double *a)
{
    (void)point;
    (void)a;
}

static const hf_decay_kind none = {.at = leave_point, .gain_change = leave_gain, .add = add_nothing};
static const hf_decay_kind of_coordinates = {
    .of_coordinates = true, .at = coordinates_at, .gain_change = leave_gain, .add = add_coordinates};
static const hf_decay_kind of_attention = {.at = attention_at, .gain_change = change_gain, .add = add_nothing};

const hf_decay_kind *hf_decay_find(const hf_problem *p)
{
    if (p->attention_decay == 0)
        return &none;
    return hf_attention_find(p)->is_mirror ? &of_attention : &of_coordinates;
}

/* ---- what is held ---- */

bool hf_restraint_acts(const hf_problem *p)
{
    return p->attention_decay > 0 || p->held_value != NULL;
}

/* x (H, width) times free (H), by rows. */
static void hold_rows(size_t rows, size_t width, const double *free, double *x)
{
    for (size_t n = 0; n < rows; n++)
        if (free[n] == 0)
            memset(x + n * width, 0, width * sizeof *x);
}

static void hold_positions(const hf_problem *p, double *x)
{
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            if (p->held_position[i])
                x[n * p->positions + i] = 0;
}

void hf_restraint_hold(const hf_flow *flow, double *x)
{
    const hf_problem *p = flow->problem;
    if (p->held_value == NULL)
        return;
    hold_rows(p->heads, p->features, flow->free_value, x);
    hold_rows(p->heads, p->positions, flow->free_logit, x + p->heads * p->features);
    hold_positions(p, x + p->heads * p->features);
}

void hf_restraint_hold_orthonormal(const hf_flow *flow, double *x)
{
    const hf_problem *p = flow->problem;
    double *logits = x + p->heads * p->features;
    if (!flow->attention->is_mirror) {
        hf_restraint_hold(flow, x);
        return;
    }
    hold_rows(p->heads, p->features, flow->free_value, x);
    for (size_t k = 0; k < p->heads; k++)
        if (p->held_logit[k])
            memset(logits + k * p->positions, 0, p->positions * sizeof *x);
}

/* ---- speed ---- */

/* Slopes are those of the loss with its decay: P = -grad L . y' */
void hf_restraint_speed(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features;
    double *velocity = point->onward;
    hf_flow_plain_velocity(point, velocity);
    point->speed = p->value_rate > 0 ? hf_lanes_dot(values, velocity, velocity) / p->value_rate : 0;
    for (size_t n = 0; n < p->heads && p->attention_rate > 0; n++) {
        const double *da = velocity + values + n * p->positions;
        const bool is_mirror = point->flow->attention->is_mirror;
        point->speed += is_mirror ? hf_counted_dot(p, point->ascent + n * p->positions, da)
                                  : hf_counted_dot(p, da, da) / p->attention_rate;
    }
    point->descent = point->speed;
}

/* Of a mirror flow: P' = -(d grad L) . y' - grad L . J y' */
static double mirror_speed_rate(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, size = hf_flow_size(point->flow);
    double *velocity = point->onward, *change = velocity + size, sum = 0;
    hf_flow_plain_velocity(point, velocity);
    hf_flow_gradient_change(point, velocity, change);
    for (size_t i = 0; i < size; i++)
        sum -= change[i] * velocity[i];
    hf_flow_plain_jacobian_times(point, velocity, change);
    for (size_t i = 0; i < values; i++)
        sum += hf_values_slope(point, i) * change[i];
    for (size_t n = 0; n < p->heads; n++)
        sum += hf_counted_dot(p, point->ascent + n * p->positions, change + values + n * p->positions);
    return sum;
}

double hf_restraint_speed_rate(hf_flow_point *point)
{
    return point->flow->attention->is_mirror ? mirror_speed_rate(point) : hf_slope_speed_rate(point);
}
