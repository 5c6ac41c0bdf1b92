/* run: what all runs have in common, whether a flow is integrated or a model trained: what they are told, how they say where
 * they are, and what is to be said of them when they have ended. */
#ifndef HF_RUN_RUN_H
#define HF_RUN_RUN_H

#include "detect/detector.h"
#include "detect/search.h"
#include "integrate/integrator.h"
#include "report/frame.h"
#include "report/sensitivities.h"
#include "core/lists.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a run is. */
typedef struct {
    const char *part;         /* of the experiment; NULL: it is the only one */
    uint64_t step, steps;     /* steps: in all; 0: not known before */
    double t, t_first, t_end; /* t: nan where steps are no time */
    double loss;
    size_t stages; /* begun so far; of a training run: levels that its loss has fallen to */
} hf_run_progress;

/* Somebody who wants rows of a flow as they are made. */
typedef struct {
    hf_frames *frames; /* where tables are kept: all where nothing is written, else the last row of the trajectory */
    /* Called after every row of the trajectory, the last one of rows. False: it wants the run to stop. NULL: nobody asks. */
    bool (*row)(void *data, const hf_frame *rows);
    void *data;
} hf_run_watch;

typedef struct {
    const char *directory;                    /* of the tables; exists. NULL: nothing is written, saved or resumed */
    const char *part;                         /* for the progress */
    bool resume;                              /* go on from the saved state if there is one */
    bool judge_end;                           /* fill summary.censored */
    size_t threads;                           /* of a training run */
    const volatile sig_atomic_t *interrupted; /* not 0: stop after the present step; may be NULL */
    void (*progress)(void *data, const hf_run_progress *progress); /* called after every step; may be NULL */
    void *progress_data;
    const hf_run_watch *watch; /* of a flow; NULL: nobody */
} hf_run_options;

typedef enum { HF_STOP_TIME, HF_STOP_LOSS, HF_STOP_EVENT, HF_STOP_INTERRUPTED } hf_stop;

/* Of an integration. */
typedef struct {
    double energy_defect;  /* |L(0) - L(t) - dissipated energy| / L(0) */
    double drift;          /* of what the flow conserves, and */
    const char *conserved; /* what that is: "the mean logit"; NULL: nothing is known to be */
    hf_integrator_counts counts;
} hf_integration_numbers;

/* The step at which the held-out loss (the exact one where nothing is held out) was lowest. */
typedef struct {
    uint64_t step;
    double t, loss; /* loss: the held-out one */
    size_t nearest; /* k of the smallest distance_k: the hypothesis class the model was nearest to */
    double distance;
} hf_early_stop;

/* Of a training that a flow stands for. */
typedef struct {
    double train_loss; /* nan: no fixed samples */
    double sharpness;  /* lr times the largest curvature at the start; above 2 the first steps grow */
    hf_early_stop early;
    double *crossing;           /* (level_count) step at which the loss first fell to each level, between two by linear
                                   interpolation; nan: never; owned */
    double *control;            /* (level_count) how much later its own noise makes that, flow time, to first order
                                   (control.h); nan: not known; owned with crossing */
    hf_deviation before, after; /* from the reference, up to when it has settled and later */
} hf_training_numbers;

/* What heads do in a stage of a training on tokens (token_turn.h). Heads and spans count from 1; 0: none. */
typedef struct {
    size_t head, pattern; /* whose attention grows most, and to which span */
    hf_mode mode;
    double together; /* whether all heads are on the same span before: 1, 0 or nan */
    size_t *on, *to; /* (heads) the span that each is on before, and that it leaves for */
    double *gain;    /* (heads) */
} hf_token_move;

/* Of a training on tokens. Its loss is the excess over the truth. */
typedef struct {
    double truth; /* mean cross-entropy of the truth on the held-out tokens */
    double train_excess;
    uint64_t best_step; /* where the held-out excess was least, of the rows */
    double best;
    size_t first, scored; /* places that ask, counted from 1: first .. first + scored - 1 */
    size_t levels, heads;
    double *kl;              /* (levels) at the end; owned */
    size_t cuts;             /* models with cut contexts it is compared with, */
    const size_t *cut_spans; /* (cuts) the spans they see, the parameters' list, */
    double *cut;             /* (cuts) and the divergence from them at the end; owned */
    hf_lag_range *lags;      /* (levels) what each is about; NULL: not lags. Owned */
    const hf_level_name *level_names; /* (levels) what each is called; NULL: span 1, 2, .. */
    bool searched;           /* for stages */
    hf_search_result stages; /* of the held-out excess */
    hf_token_move *move;     /* (stages); owned, with what it points to: */
    size_t *move_spans;
    double *move_gains;
    size_t turn; /* the stage in which heads turn from competition to cooperation; 0: none */
} hf_token_numbers;

/* Of a training on strings, at the end but for learned. Its loss is the held-out cross-entropy. */
typedef struct {
    double threshold;                /* accuracy on the training strings from which the task counts as learned */
    double learned;                  /* epochs after which it first was; nan: not by the end */
    double epochs;                   /* of the run */
    double train_accuracy, accuracy; /* accuracy: held-out; */
    double best;                     /* and the highest of all rows */
    double entropy;                  /* mean of the attention of held-out strings, nats */
    double spread, inside, gap;      /* delta_s, delta_h, Delta_h: means over queries (train/encoder.h) */
    double lipschitz, curvature;     /* of the loss along random lines (slices.h) */
    double holds;                    /* part of the queries for which delta_h + ln(2 (1 + 1/Delta_h)) < delta_s */
} hf_string_numbers;

/* How a run went; nan for what it does not have. */
typedef struct {
    uint64_t seed; /* of a training run */
    hf_stop stop;
    bool resumed;          /* went on from a saved state */
    bool already_complete; /* resume found a finished run of the same configuration: nothing was written; of a flow the rest
                              is not set */
    bool trained;
    uint64_t steps;
    double t, loss_start, loss;
    double overlap;         /* of the heads */
    double censored;        /* whether more was to come, see detect/reach.h; nan: not judged, or not known, as with fixed
                               samples, which a training run follows instead of the population */
    size_t heads, patterns; /* 0: the system has no shares */
    double *share;          /* (heads, patterns) at the end; owned */
    double *mass;           /* (heads, patterns) attention on each pattern at the end; NULL: the system has none; owned */
    double acquired;        /* sum of shares from which a pattern is known */
    hf_sensitivities sensitivities; /* of a flow that has parameters to follow, likewise */
    hf_findings findings;           /* empty unless the run has ended by itself */
    hf_integration_numbers integration;
    hf_training_numbers training;
    hf_token_numbers tokens;
    hf_string_numbers strings;
} hf_run_summary;

/* Nothing is known yet. */
void hf_run_summary_init(hf_run_summary *summary);

/* Legal on a zeroed summary. */
void hf_run_summary_clear(hf_run_summary *summary);

/* As tables say it: "time", "loss", "event"; "watcher" for an interruption. */
const char *hf_run_stop_name(hf_stop stop);

bool hf_run_was_interrupted(const hf_run_summary *summary);

/* Whether the user wants the run to stop. */
bool hf_run_should_stop(const hf_run_options *options);

#endif
