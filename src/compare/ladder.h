/* ladder: how the stage times of training approach those of the flow, over learning rates and batch sizes.
 *
 * ladder.tsv has a row for every rung and stage: the mean over seeds of the signed deviation t/t_flow - 1, its spread (the
 * standard deviation over seeds), and the largest deviation of the loss up to the first plateau. ladder-fit.tsv has what is
 * fitted to it for every stage,
 *
 *     mean deviation = a lr + b lr/batch          (discretization, and the drift of the noise; least squares)
 *     spread         = c (lr/batch)^p             (p = 1/2 is expected; least squares on logarithms)
 *
 * and, for every batch size, the order in lr of the largest deviation of the loss up to the first plateau. */
#ifndef HF_COMPARE_LADDER_H
#define HF_COMPARE_LADDER_H

#include "compare/experiment.h"

#include <stdio.h>

/* Writes both tables from the rungs of an experiment. Errors: HF_ESYSTEM. */
hf_status hf_ladder_write(const hf_experiment *experiment, const char *directory, hf_error *err);

#endif
