/* moved: a flow whose parameters have been multiplied by factors, for a fit. Parameters are those of flow/direction.h by their names, and
 * lr: the flow time of a step, and with it the lr of SGD's drift and the finite steps, where the flow has them and they are no parameters
 * of their own. */
#ifndef HF_ESTIMATE_MOVED_H
#define HF_ESTIMATE_MOVED_H

#include "run/trace.h"
#include "train/clock.h"

typedef struct {
    const hf_flow_run_params *from;
    hf_clock from_clock;
    hf_flow_run_params flow; /* moved; sensitivity.to: parameters, and what lr takes along */
    hf_clock clock;
    size_t count;      /* of parameters */
    char (*name)[32];  /* (count) owned, in the order of their derivatives in a trace, and lr last */
    bool has_lr;       /* lr is among them */
    size_t followed;   /* of a trace: parameters */
    size_t taken;      /* of them, the first of those that lr takes along, which come last; followed: none */
    double *strengths; /* owned, of flow */
    hf_strings to;     /* owned list of somebody else's names */
} hf_moved;

/* flow: with sensitivity.to as wanted, lr aside; must outlive it, with its lists. Errors: HF_EUSAGE (about the key sensitivity.to, or
 * a parameter that has no continuous value), HF_ESYSTEM. Free with hf_moved_clear, also after an error. */
hf_status hf_moved_init(hf_moved *moved, const hf_flow_run_params *flow, hf_clock clock, bool has_lr, hf_error *err);

/* Legal on a zeroed one. */
void hf_moved_clear(hf_moved *moved);

/* Multiplies parameters by exp x, (count), from where they started. False: one leaves the numbers that it may have. */
bool hf_moved_set(hf_moved *moved, const double *x);

/* The value of a parameter where it is now. base: that of the last pattern's strength; ratio, where there is none: a factor. */
double hf_moved_value(const hf_moved *moved, size_t i);

/* dL / d ln p of parameter i at row k of a trace of the flow at flow times t. */
double hf_moved_along(const hf_moved *moved, const hf_trace *trace, const double *t, size_t i, size_t k);

#endif
