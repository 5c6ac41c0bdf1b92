/* trace: the loss of a flow at times that somebody asks for, and its derivatives with respect to parameters there.
 *
 * With y' = f(y, p) and x = dy / d ln p (integrate/variation.h), dL / d ln p at a fixed time is grad L . x + the loss's own. Losses and
 * derivatives are those of the integrator's polynomial at each time, not of one through the ends of its steps. */
#ifndef HF_RUN_TRACE_H
#define HF_RUN_TRACE_H

#include "run/flow_run.h"

#include <signal.h>

typedef struct {
    size_t count, parameters; /* times, and parameters that are followed */
    double *loss, *speed;     /* (count) L and -dL/dt; owned, one block at loss */
    double *along;            /* (parameters, count) dL / d ln p */
    char (*name)[32];         /* (parameters) owned */
    hf_integrator_counts counts;
} hf_trace;

/* Follows the flow of params along sensitivity.to up to the last of the times, rising and not negative; solver.t_end and stops do not count.
 * interrupted: not 0 ends it, with trace->count 0; may be NULL. Errors: HF_EUSAGE (about a key), HF_ENUMERIC, HF_ESYSTEM. Free with
 * hf_trace_clear. */
hf_status hf_trace_run(hf_trace *trace, const hf_flow_run_params *params, size_t count, const double *t,
                       const volatile sig_atomic_t *interrupted, hf_error *err);

/* Legal on a zeroed one. */
void hf_trace_clear(hf_trace *trace);

#endif
