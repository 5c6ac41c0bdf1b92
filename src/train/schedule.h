/* schedule: the learning rate of a step, relative to train.lr.
 *
 *     constant    1
 *     cosine      floor + (1 - floor) (1 + cos(pi (n - warmup)/(steps - warmup)))/2
 *     halving     halved whenever the loss has not fallen below its lowest for more than `patience` steps
 *     epochs      rate^e, e the epochs that are over: from 0, one more after every `epoch` steps
 *
 * after a warm-up in which it grows in proportion, n / warmup at step n. */
#ifndef HF_TRAIN_SCHEDULE_H
#define HF_TRAIN_SCHEDULE_H

#include "train/params.h"

#include <stdint.h>

typedef struct {
    hf_schedule_kind kind;
    uint64_t warmup, steps, patience; /* in steps; steps: of the whole run */
    double floor;                     /* of cosine, at the last step */
    uint64_t epoch;                   /* of epochs: steps of one, from 1; and */
    double rate;                      /* the factor of one */
} hf_schedule_params;

/* Plain data, to be saved with a run. */
typedef struct {
    hf_schedule_params params;
    double factor, lowest; /* of halving: the present factor, the lowest loss so far */
    uint64_t waited;       /* steps since then */
} hf_schedule;

hf_schedule hf_schedule_start(const hf_schedule_params *params);

/* The factor of step number n, counted from 1. */
double hf_schedule_factor(const hf_schedule *schedule, uint64_t n);

/* Takes in the loss after a step. */
void hf_schedule_see(hf_schedule *schedule, double loss);

#endif
