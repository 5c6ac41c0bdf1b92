#include "flow/values.h"

#include "flow/attention.h"
#include "flow/optimal.h"

/* ---- of the state ---- */

static bool state_at(hf_flow_point *point)
{
    (void)point;
    return true;
}

static const double *state_change(hf_flow_point *point, const double *x, const double *ds)
{
    (void)point;
    (void)ds;
    return x;
}

static void state_velocity(hf_flow_point *point, const double *ds, double *dv)
{
    const hf_problem *p = point->problem;
    (void)ds;
    for (size_t i = 0; i < p->heads * p->features; i++)
        dv[i] = point->flow->free_value[i / p->features] * p->value_rate * hf_values_slope(point, i);
}

static const hf_value_kind of_state = {.follow = 0, .at = state_at, .change = state_change, .velocity = state_velocity};

/* ---- optimal ---- */

static bool optimal_at(hf_flow_point *point)
{
    hf_attention_form(point);
    return hf_optimal_values(point);
}

static const double *optimal_change(hf_flow_point *point, const double *x, const double *ds)
{
    (void)x;
    hf_optimal_change(point, ds, point->change);
    return point->change;
}

static const hf_value_kind optimal = {.follow = 1, .at = optimal_at, .change = optimal_change, .velocity = hf_optimal_change};

static const hf_value_kind *const kinds[] = {
    [HF_VALUES_LEARNED] = &of_state, [HF_VALUES_FROZEN] = &of_state, [HF_VALUES_OPTIMAL] = &optimal};

const hf_value_kind *hf_values_find(const hf_problem *problem)
{
    return kinds[problem->values];
}
