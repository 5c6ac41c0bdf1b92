/* spread: how far the noise of minibatch SGD scatters the times at which the loss falls to a level, without a training.
 *
 * To first order in lr / batch, about the flow with dynamic drift y' = f (flow/cloud.h) a run's time t* of a level has the variance
 *
 *     Var t* = lr / batch  integral of x^T C x dt,      x' = -J^T x backward from x(t*) = grad L / P,
 *
 * with C the covariance of one sample's gradient (flow/cloud_adjoint.h): one integration forward, of which all steps are kept, and
 * one backward for every level. */
#ifndef HF_RUN_SPREAD_H
#define HF_RUN_SPREAD_H

#include "flow/problem.h"
#include "run/influence.h"
#include "run/params.h"

#include <signal.h>

typedef struct {
    double t;                /* the loss of the flow falls to the level; nan: it does not */
    double deviation;        /* standard, in flow time; nan: not known */
    double mean_rate;        /* by which the mean over runs is later than t, over lr / batch; nan: not known (shift.h) */
    double by_contrast;      /* dt / d ln of all contrasts between heads at the start, together */
    hf_influence *influence; /* of the path; NULL: not known, or too large; owned */
} hf_spread;

void hf_spread_clear(size_t count, hf_spread *spread);

/* Of a problem with dynamic drift, from its start. spread: (count). Levels fall from one to the next. Larger problems than
 * memory is taken for (half a gigabyte) have no deviation; nor have levels when *interrupted is set on the way. with_mean: the
 * mean is asked for, which takes far longer and is not known of problems that are not affordable for shift.h. Errors: as those of the flow. Free with
 * hf_spread_clear, also after an error. */
hf_status hf_spread_find(const hf_problem *problem, const hf_solver_params *solver, size_t count, const double *level,
                         bool with_mean, const volatile sig_atomic_t *interrupted, hf_spread *spread, hf_error *err);

#endif
