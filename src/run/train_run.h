/* train_run: from a task and a seed to a directory of tables: trains, observes at every step, finds the stages,
 * saves and resumes.
 *
 * The tables are those of a flow (record.h, findings.h); trajectory.tsv has three columns more, step, train_loss (of the
 * step's batch, or of all fixed samples, with the label noise) and validation_loss (of the held-out samples). Where the
 * optimizer has no flow time, t is nan in it, and events and stages count steps. With a reference, the flow of the same
 * problem, the run is held against it at every step. */
#ifndef HF_RUN_TRAIN_RUN_H
#define HF_RUN_TRAIN_RUN_H

#include "detect/detector.h"
#include "detect/params.h"
#include "report/table.h"
#include "run/learner.h"
#include "run/params.h"

#include <signal.h>
#include <stdbool.h>

/* What is trained, how long, and what is looked for and written. */
typedef struct {
    hf_learner_params learner;
    hf_solver_params solver; /* t_end: where the output times end; stop_loss */
    hf_output_params output;
    hf_detector_params detector;
    hf_table_origin origin; /* seed: the first */
    uint64_t state_hash;    /* of what a saved state depends on */
} hf_train_run_params;

typedef struct {
    uint64_t step, steps;
    double t;       /* flow time; nan: steps are none */
    size_t reached; /* levels that the loss has fallen to */
    double loss;
} hf_train_progress;

typedef struct {
    const char *directory; /* of the tables; exists. NULL: nothing is written, saved or resumed */
    bool resume;
    bool judge_end; /* fill summary.censored */
    size_t threads;
    size_t level_count;
    const double *level;                      /* (level_count) of the loss, for the crossings */
    const hf_curve *reference;                /* the flow's loss; NULL: none */
    double settled;                           /* time from which on a deviation counts as after the first plateau */
    const volatile sig_atomic_t *interrupted; /* not 0: stop after the present step; may be NULL */
    void (*progress)(void *data, const hf_train_progress *progress); /* called after every step; may be NULL */
    void *progress_data;
} hf_train_options;

/* The step at which the held-out loss (the exact one where nothing is held out) was lowest. */
typedef struct {
    uint64_t step;
    double t, loss; /* loss: the held-out one */
    size_t nearest; /* k of the smallest distance_k: the hypothesis class the model was nearest to */
    double distance;
} hf_early_stop;

typedef struct {
    bool interrupted, resumed;
    bool already_complete; /* resume found a finished run: the summary is its own, nothing was written */
    uint64_t step;
    double t, loss_start, loss, overlap;
    double train_loss; /* nan: no fixed samples */
    double sharpness;  /* lr times the largest curvature at the start; above 2 the first steps grow */
    double censored; /* whether more was to come, see detect/reach.h; nan: not judged, or not known, as with fixed samples,
                          which the run follows instead of the population */
    hf_early_stop early;
    double *crossing;           /* (level_count) step at which the loss first fell to each level, between two by linear
                                   interpolation; nan: never; owned */
    hf_deviation before, after; /* from the reference, up to options.settled and later */
    size_t heads, patterns;
    double *share; /* (heads, patterns) at the end; owned */
    hf_findings findings;
} hf_train_summary;

/* Trains with one seed. Errors: HF_EUSAGE, HF_ENUMERIC (the loss is not finite), HF_ESYSTEM. Free
 * the summary with hf_train_summary_clear. */
hf_status hf_train_run(const hf_train_run_params *params, uint64_t seed, const hf_train_options *options,
                       hf_train_summary *summary, hf_error *err);

/* Legal on a zeroed summary. */
void hf_train_summary_clear(hf_train_summary *summary);

#endif
