/* train_run: from a task and a seed to a directory of tables: trains, observes at every step, finds the stages,
 * saves and resumes.
 *
 * The tables are those of a flow (record.h, findings.h); trajectory.tsv has three columns more, step, train_loss (of the
 * step's batch, or of all fixed samples, with the label noise) and validation_loss (of the held-out samples). Where the
 * optimizer has no flow time, t is nan in it, and events and stages count steps. */
#ifndef HF_RUN_TRAIN_RUN_H
#define HF_RUN_TRAIN_RUN_H

#include "detect/params.h"
#include "report/table.h"
#include "run/learner.h"
#include "run/params.h"
#include "run/run.h"
#include "run/spread.h"

extern const hf_table_kind *const hf_train_run_tables[]; /* ended by NULL */

/* What is trained, how long, and what is looked for and written. */
typedef struct {
    hf_learner_params learner;
    hf_solver_params solver; /* t_end: where the output times end; stop_loss */
    hf_output_params output;
    hf_detector_params detector;
    hf_table_origin origin; /* seed: the first */
    uint64_t state_hash;    /* of what a saved state depends on */
} hf_train_run_params;

/* The flow of the same problem, that a run is held against at every step. */
typedef struct {
    size_t level_count;
    const double *level;     /* (level_count) of the loss, for the crossings */
    const hf_curve *curve;   /* the flow's loss; NULL: none */
    const hf_spread *spread; /* (level_count) what noise does to the times of the levels; NULL: not known */
    double settled;          /* time from which on a deviation counts as after the first plateau */
} hf_train_reference;

/* Trains with one seed. reference: NULL is legal. Errors: HF_EUSAGE, HF_ENUMERIC (the loss is not finite), HF_ESYSTEM. Free
 * the summary with hf_run_summary_clear. */
hf_status hf_train_run(const hf_train_run_params *params, uint64_t seed, const hf_run_options *options,
                       const hf_train_reference *reference, hf_run_summary *summary, hf_error *err);

#endif
