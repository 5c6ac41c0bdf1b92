/* clock: which flow time the steps of a training run stand for.
 *
 * Plain steps of a steady learning rate stand for lr each. A gradient that momentum repeats counts with what it has moved so
 * far: the steps of momentum mu lag behind by mu/(1 - mu) at first, and then take lr/(1 - mu) each. Steps of Adam, of a
 * learning rate that changes, or with gradients that are clipped, stand for no time. */
#ifndef HF_TRAIN_CLOCK_H
#define HF_TRAIN_CLOCK_H

#include "train/params.h"

typedef struct {
    bool is_time;        /* steps stand for flow time */
    double lr, momentum; /* momentum: mu, 0 without; both also where steps are no time */
} hf_clock;

hf_clock hf_clock_of(const hf_train_params *train);

/* Flow time that n steps stand for; n may lie between two steps. nan where steps are no time. */
double hf_clock_time(hf_clock clock, double n);

/* Flow time of a late step, lr/(1 - mu). */
double hf_clock_rate(hf_clock clock);

/* The least number of steps that reach t_end; where steps are no time, as many as plain ones would need. */
double hf_clock_steps(hf_clock clock, double t_end);

#endif
