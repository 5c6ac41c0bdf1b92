/* ladder: how the stage times of training approach those of the flow, over learning rates and batch sizes.
 *
 * ladder.tsv has a row for every rung and stage: the mean over seeds of the signed deviation t/t_flow - 1, its spread (the
 * standard deviation over seeds), and the largest deviation of the loss up to the first plateau; t_drift is that of the flow
 * with the drift of the rung's own learning rate and batch size, t_step that with its finite steps, t_step_drift that with both. ladder-fit.tsv has what is fitted to it for every stage,
 *
 *     mean deviation = a lr + b lr/batch          (discretization, and the drift of the noise; least squares)
 *     spread         = c (lr/batch)^p             (p = 1/2 is expected; least squares on logarithms)
 *
 * and, for every batch size, the order in lr of the largest deviation of the loss up to the first plateau.
 *
 * All rungs share their seeds: the same features, and samples from the same random numbers. What one seed does early it does
 * early on every rung, so the rungs are not independent, and how well they agree on a law says nothing about its error. The
 * standard error is that of the jackknife: a seed is left out of all rungs and the law fitted again, for every seed. */
#ifndef HF_COMPARE_LADDER_H
#define HF_COMPARE_LADDER_H

#include "run/experiment.h"
#include "report/table.h"

#include <stdio.h>

/* What stands in the tables; the list ends with NULL. */
extern const hf_table_kind *const hf_ladder_tables[];

/* A fitted number; nan where the rungs do not determine it. */
typedef struct {
    double value;
    double error;    /* standard error by the jackknife over seeds; nan: fewer than HF_JACKKNIFE_LEAST of them */
    double residual; /* what the rungs' scatter about the law would give if they were independent: how well the law holds;
                        nan: no more rungs than unknowns */
    double predicted; /* of a and b: the same fit to the flows with every rung's steps and drift; nan: not known */
    size_t seeds;    /* that were left out in turn */
} hf_ladder_number;

/* What is fitted to a stage: a, b, p and c. */
typedef enum {
    HF_LADDER_MEAN_PER_LR,
    HF_LADDER_MEAN_PER_NOISE,
    HF_LADDER_SPREAD_EXPONENT,
    HF_LADDER_SPREAD_FACTOR,
    HF_LADDER_NUMBERS
} hf_ladder_fit;

/* Fits the rungs' deviations at level number l (from 0). Rungs in which a seed did not come to it are left out. Errors:
 * HF_ESYSTEM. */
hf_status hf_ladder_fit_stage(const hf_experiment *experiment, size_t l, hf_ladder_number fit[HF_LADDER_NUMBERS],
                              hf_error *err);

/* The order in lr of the largest deviation of the loss up to the first plateau, at one batch size. Errors: HF_ESYSTEM. */
hf_status hf_ladder_fit_order(const hf_experiment *experiment, size_t batch, hf_ladder_number *order, hf_error *err);

/* Writes both tables from the rungs of an experiment. Errors: HF_ESYSTEM. */
hf_status hf_ladder_write(const hf_experiment *experiment, const char *directory, hf_error *err);

/* What was fitted, for the eye. Errors: HF_ESYSTEM. */
hf_status hf_ladder_print(const hf_experiment *experiment, FILE *stream, hf_error *err);

#endif
