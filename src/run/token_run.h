/* token_run: from a Markov chain and a seed to a directory of tables: trains, looks at the held-out sequences at every output
 * step, finds the stages of the excess, saves and resumes. Its tables: token_record.h. */
#ifndef HF_RUN_TOKEN_RUN_H
#define HF_RUN_TOKEN_RUN_H

#include "detect/params.h"
#include "detect/search.h"
#include "report/table.h"
#include "run/learner.h"
#include "run/params.h"

#include <signal.h>
#include <stdio.h>

/* What is trained, when it is looked at, and what is looked for. */
typedef struct {
    hf_learner_params learner;
    hf_output_params output;
    hf_detect_params detect;
    hf_table_origin origin; /* seed: the first */
    uint64_t state_hash;    /* of what a saved state depends on */
    double *teacher;        /* learner.teacher, to be freed by hf_fill_clear_token_run */
} hf_token_run_params;

typedef struct {
    const char *directory; /* of the tables; exists. NULL: nothing is written, saved or resumed */
    bool resume;
    size_t threads;
    const volatile sig_atomic_t *interrupted; /* not 0: stop after the present step; may be NULL */
    void (*progress)(void *data, uint64_t step, double excess); /* called after every step; may be NULL */
    void *progress_data;
} hf_token_options;

typedef struct {
    bool interrupted, resumed;
    bool already_complete;  /* resume found a finished run: nothing was written */
    uint64_t seed, step;
    double truth;           /* mean cross-entropy of the truth on the held-out tokens */
    double excess_start, excess, train_excess, overlap;
    uint64_t best_step;     /* where the held-out excess was least, of the rows */
    double best;
    size_t levels;
    double *kl;             /* (levels) at the end; owned */
    hf_search_result stages; /* of the held-out excess */
} hf_token_summary;

/* Trains with one seed. Errors: HF_EUSAGE, HF_ENUMERIC (something is not finite), HF_ESYSTEM. Free the summary with
 * hf_token_summary_clear. */
hf_status hf_token_run(const hf_token_run_params *params, uint64_t seed, const hf_token_options *options,
                       hf_token_summary *summary, hf_error *err);

/* What there is to say of a run. */
void hf_token_summary_print(const hf_token_summary *summary, FILE *stream);

/* Legal on a zeroed summary. */
void hf_token_summary_clear(hf_token_summary *summary);

#endif
