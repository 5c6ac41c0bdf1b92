/* step: what steps of a finite size do that the flow does not, as a term of it (private to flow/).
 *
 * Steps y -> y + eta f(y) follow, up to eta^2, not y' = f but the modified equation
 *
 *     y' = f~ = f - tau J f,    J = df/dy,    tau = eta (1 + mu) / (2 (1 - mu)^2)
 *
 * with momentum mu (0: eta / 2), in the clock t_n = h (n - mu (1 - mu^n) / (1 - mu)), h = eta / (1 - mu). That holds for any f; where
 * f is a gradient, f~ is minus the gradient of L + tau/2 |f|^2 in the same metric (doc/mathematics.md, "Finite steps"). */
#ifndef HF_FLOW_STEP_H
#define HF_FLOW_STEP_H

#include "flow/flow_point.h"

struct hf_direction;

struct hf_step_kind {
    bool bends; /* a point keeps hf_bend */

    /* At the end of hf_flow_at, at the state y; sets speed. False: not finite. */
    bool (*at)(hf_flow_point *point, const double *y);

    void (*velocity)(const hf_flow_point *point, double *velocity);                    /* hf_flow_velocity */
    void (*jacobian_times)(hf_flow_point *point, const double *x, double *result);     /* hf_flow_jacobian_times */
    double (*speed_rate)(hf_flow_point *point);                                        /* hf_flow_speed_rate */
    bool (*along)(hf_flow_point *point, const struct hf_direction *d, double *result); /* hf_direction_velocity */
};

/* The row of a problem's steps: finite, or none. */
const hf_step_kind *hf_step_find(const hf_problem *problem);

/* What a point keeps where the flow is bent. f itself and its derivative are those of hf_flow_plain_*. */
typedef struct hf_bend hf_bend;

/* Errors: HF_ESYSTEM. Free with hf_bend_free (NULL is legal). */
hf_status hf_bend_create(hf_bend **bend, const hf_flow *flow, hf_error *err);

void hf_bend_free(hf_bend *bend);

/* result = f''(x, w): the derivative of J w along x, at the state of a point of a bent flow; by a central difference, good to
 * about 1e-9 of its largest coordinate among the coordinates of every mode. All (size). */
void hf_bend_second(const hf_flow_point *point, const double *x, const double *w, double *result);

#endif
