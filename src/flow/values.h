/* values: where the heads' values come from, as rows of a table (private to flow/): from the state, or from the attention, for
 * which they are the best at every time (optimal.h). */
#ifndef HF_FLOW_VALUES_H
#define HF_FLOW_VALUES_H

#include "flow/flow_point.h"

struct hf_value_kind {
    /* 1: values follow the attention, are an equation without a time derivative, and the loss has no slope along them; 0: they
     * are part of the state. */
    double follow;

    /* Sets a point's value from its attention; it is the state's before. False: not finite. */
    bool (*at)(hf_flow_point *point);

    /* Their change, (H, R), when the state changes along x, (size), and the attention by ds, (H, T). */
    const double *(*change)(hf_flow_point *point, const double *x, const double *ds);

    /* Their velocity dv (H, R) when the attention's is ds (H, T). */
    void (*velocity)(hf_flow_point *point, const double *ds, double *dv);
};

/* The row of a problem's values. */
const hf_value_kind *hf_values_find(const hf_problem *problem);

/* -d(L + lambda / 2 |v|^2) / dv_i at a point, i of (H, R) */
static inline double hf_values_slope(const hf_flow_point *point, size_t i)
{
    return point->force[i] - point->problem->weight_decay * point->value[i];
}

#endif
