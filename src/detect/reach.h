/* reach: whether more was to come when a run ended.
 *
 * A run is censored if it ends inside a drop, or if the state it ends in still has a way down within reach: a direction
 * along which a perturbation grows e-fold within the age t of the run, or, where the loss is at rest (falling by less than a
 * tenth in a time t) and the rate is above 1e-4 of the largest curvature, within 4 t; on the plateau that the run started on,
 * any direction that makes it a saddle (saddle.h).
 *
 * On a learned pattern a flow creeps on for ever, and its Hessian has directions down whose rates are about 0.2 / t: they are
 * no way down. On a plateau the rate is of the order of what is not yet learned, and falls like t^(-1/2): above 0.5 / t from
 * its beginning on. Heads that are exactly equal stay equal: where all are, only directions that move them alike count. */
#ifndef HF_DETECT_REACH_H
#define HF_DETECT_REACH_H

#include "detect/findings.h"
#include "system/point.h"

/* How a run has ended. */
typedef struct {
    hf_end end;         /* where, if events were looked for; else HF_END_PLATEAU */
    double t;           /* its age; nan: its steps are no flow time, to which rates could be compared */
    double loss, speed; /* L and P = -dL/dt */
    bool equal_heads;   /* there are several, and they are equal bit for bit */
} hf_ending;

/* *censored: 1 or 0; nan where it cannot be told (no eigenvalues; directions down of which none knows how fast they are). The
 * point is at the final state. Errors: HF_ESYSTEM. */
hf_status hf_reach_judge(hf_point *point, const hf_ending *ending, double *censored, hf_error *err);

#endif
