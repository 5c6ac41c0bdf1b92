/* experiment: everything that a model declares, in one directory.
 *
 *     DIR/flow              the flow: without a train section, or with a flow section
 *     DIR/drift             the same flow with the drift of SGD's noise, beside fresh samples and plain or momentum SGD
 *     DIR/step              the same flow with the finite steps of plain or momentum SGD
 *     DIR/step-drift        the same flow with both
 *     DIR/train/seed-<n>    a training run for every seed; DIR/train/summary.tsv their median and band
 *     DIR/optimizer/seed-<n>  beside every training run the flow of its optimizer, of the seed's own features, where it is asked for
 *     DIR/ladder            the same at several learning rates and batch sizes */
#ifndef HF_RUN_EXPERIMENT_H
#define HF_RUN_EXPERIMENT_H

#include "run/flow_run.h"
#include "run/spread.h"
#include "run/train_run.h"

/* Flows that are followed beside the flow itself, with what the training has and the flow has not. */
typedef enum { HF_COMPANION_DRIFT, HF_COMPANION_STEP, HF_COMPANION_STEP_DRIFT, HF_COMPANIONS } hf_companion;

enum { HF_BAND_FRACTION = 100 };

/* Their folders, and what tables call them. */
extern const char *const hf_companion_names[HF_COMPANIONS];

/* A rung of the ladder of learning rates and batch sizes. */
typedef struct {
    hf_train_run_params train;
    bool is_main;   /* it is the training run itself */
    bool has[HF_COMPANIONS]; /* which are followed, with the rung's own noise and steps */
    hf_flow_run_params companion[HF_COMPANIONS];
} hf_rung_params;

/* What is to be done. */
typedef struct {
    bool has_flow, has[HF_COMPANIONS], has_optimizer, trains;
    hf_flow_run_params flow; /* also where it is not integrated */
    hf_flow_run_params companion[HF_COMPANIONS]; /* where has */
    hf_train_run_params main;                    /* where trains */
    hf_train_run_params optimizer;               /* where has_optimizer */
    size_t rung_count;
    hf_rung_params *rung;
} hf_experiment_params;

/* How far the training is. */
typedef struct {
    const char *part;       /* train, or a rung of the ladder */
    size_t number, parts;   /* of the part, from 1 */
    size_t seeds;           /* of the part */
    uint64_t step, steps;   /* of all seeds of the part */
    double t, loss;         /* of the seed that has just made a step; t: nan where steps are no time */
    size_t reached, stages; /* levels of the flow's stages that its loss has fallen to, and how many there are */
    double done,
        work; /* of all parts: what is behind and the whole, as if one thread after the other made it (workload.h) */
} hf_training_progress;

typedef struct {
    const char *directory; /* where to; exists. NULL: nothing is written, and every run must be in finished */
    const char *finished;  /* where runs that are there already need not be done again; NULL: nowhere */
    bool resume;
    size_t threads; /* for training */
    const volatile sig_atomic_t *interrupted;
    void (*flow_progress)(void *data, const hf_run_progress *progress); /* both may be NULL */
    void (*train_progress)(void *data, const hf_training_progress *progress);
    void *progress_data;
    const hf_run_watch *watch; /* of the flow, not of its companions; NULL: nobody */
} hf_experiment_options;

/* Levels of the loss halfway between the plateaus of the flow: a stage's time is when the loss first falls below its. */
typedef struct {
    size_t count;
    double *level;   /* (count) owned */
    double *t_flow;  /* (count) when the flow's loss falls below it; owned with level */
    double *t_companion[HF_COMPANIONS]; /* (count) likewise of the companions; nan without one */
    double settled;  /* when the flow settles on its first plateau after the start; inf: never, and nothing is after it */
} hf_levels;

/* The runs of one learning rate and batch size. */
typedef struct {
    double lr;
    size_t batch, seeds;
    hf_run_summary *run; /* (seeds) owned */
    double *t_companion[HF_COMPANIONS]; /* (levels) when that flow, with this rung's noise and steps, falls to each level, nan:
                                           never; NULL: it is not followed, or there is none; owned */
} hf_rung;

typedef struct {
    const hf_experiment_params *params;
    bool has_flow, has[HF_COMPANIONS], has_optimizer, interrupted;
    hf_run_summary flow, companion[HF_COMPANIONS];
    hf_error failed[HF_COMPANIONS]; /* why a companion that was to be followed is left out; "": it is not */
    hf_levels levels;
    const hf_flow_run_params *noisy; /* the flow with drift whose noise bands are of; NULL: there are none */
    double *t_bare; /* (levels) when the flow falls to them without the drift of its own; NULL: it has none; owned */
    hf_spread *about_drift; /* (levels) how noise scatters their times about the flow with drift, and */
    hf_spread *about_flow;  /* with lr / batch smaller by HF_BAND_FRACTION, which is to say about the flow; NULL: not known; owned */
    const char *no_bands;   /* why; NULL: nobody asks */
    hf_rung main;       /* of the train section; seeds 0: nothing is trained */
    hf_rung optimizer;  /* of the flow of the optimizer, for every seed */
    hf_error optimizer_failed; /* why it is left out; "": it is not */
    size_t rung_count;  /* of the ladder */
    hf_rung *rung;      /* (rung_count) owned */
    bool all_were_here; /* resume had nothing to do */
    size_t parts, part; /* of the training, and the present one, from 1: for the progress */
    double work, done;  /* of all parts, and of those before the present one */
} hf_experiment;

/* Runs and writes the tables of every run. After an interruption everything is saved and experiment->interrupted
 * set. params must outlive the experiment. Free it with hf_experiment_clear. Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_experiment_run(hf_experiment *experiment, const hf_experiment_params *params,
                            const hf_experiment_options *options, hf_error *err);

/* Legal on a zeroed experiment. */
void hf_experiment_clear(hf_experiment *experiment);

#endif
