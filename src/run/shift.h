/* shift: what the noise of minibatch SGD adds to the mean of the time at which the loss falls to a level, without a training.
 *
 * Let T(y) be the time from y to the level along the flow with dynamic drift y' = f. With noise of covariance e C, e = lr / batch, the
 * mean u = T + e u_1 of the time solves f.grad u + e/2 C:grad grad u = -1, so that to first order
 *
 *     E t* - T = e/2  integral of C:M dt along the path,       M = grad grad T,
 *     M' = -(J^T M + M J + sum_k x_k grad grad f_k),           x = grad T,  x' = -J^T x,
 *
 * backward from x = grad L / P and M = (H + x q^T + q x^T + L'' x x^T) / P, q = -grad P, at the level. Both are those of a discrete flow: of a diagonally
 * implicit Runge-Kutta method of order 3 along the path, whose derivatives are exact. */
#ifndef HF_RUN_SHIFT_H
#define HF_RUN_SHIFT_H

#include "core/error.h"
#include "flow/flow.h"

#include <signal.h>

/* The flow's path from 0 to end, in the contrasts that are the flow's now. */
typedef struct {
    const hf_flow *flow;
    double end;
    void (*state_at)(const void *of, double t, double *y); /* y: (size with Gamma) */
    const void *of;
} hf_shift_path;

typedef struct {
    double rate;      /* what is added, over lr / batch; nan: not known */
    double deviation; /* standard, by the same steps: how near it is to that of the sweep says how right they are */
} hf_shift;

/* Whether a problem is small enough: memory and time go with the square and the cube of its unknowns. */
bool hf_shift_is_affordable(const hf_flow *flow);

/* passed: (count + 1) times back from the end, from 0 to end and rising, between which two steps are taken. Errors: HF_ESYSTEM. */
hf_status hf_shift_find(const hf_shift_path *path, size_t count, const double *passed,
                        const volatile sig_atomic_t *interrupted, hf_shift *result, hf_error *err);

#endif
