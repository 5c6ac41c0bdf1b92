/* token_run: from a Markov chain and a seed to a directory of tables: trains, looks at the held-out sequences at every output
 * step, finds the stages of the excess, saves and resumes. Its tables: token_record.h. */
#ifndef HF_RUN_TOKEN_RUN_H
#define HF_RUN_TOKEN_RUN_H

#include "detect/params.h"
#include "report/table.h"
#include "run/learner.h"
#include "run/params.h"
#include "report/params.h"
#include "run/run.h"
#include "train/token_probe.h"

/* What is trained, when it is looked at, and what is looked for. */
typedef struct {
    hf_learner_params learner;
    hf_output_params output;
    hf_detect_params detect;
    const hf_labels *labels; /* of figures */
    hf_table_origin origin;  /* seed: the first */
    uint64_t state_hash;     /* of what a saved state depends on */
    double *teacher, *start; /* of the learner, to be freed by hf_fill_clear_token_run */
} hf_token_run_params;

/* What a training has to do with others. */
typedef struct {
    hf_token_rivals rivals; /* models that it is compared with */
    double *
        *predicted; /* becomes what the model says of the held-out tokens at the end (token_probe.h), to be freed; NULL */
} hf_token_beside;

/* Trains one model with one seed. beside: NULL: nothing. Errors: HF_EUSAGE, HF_ENUMERIC (something is not finite), HF_ESYSTEM.
 * Free the summary with hf_run_summary_clear. */
hf_status hf_token_run(const hf_token_run_params *params, uint64_t seed, const hf_run_options *options,
                       const hf_token_beside *beside, hf_run_summary *summary, hf_error *err);

#endif
