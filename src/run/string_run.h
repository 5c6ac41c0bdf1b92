/* string_run: from a task of strings and a seed to a directory of tables: trains an encoder, looks after every epoch how many strings
 * it answers rightly, measures its attention, saves and resumes. Its tables: string_record.h. */
#ifndef HF_RUN_STRING_RUN_H
#define HF_RUN_STRING_RUN_H

#include "report/table.h"
#include "run/learner.h"
#include "run/params.h"
#include "report/params.h"
#include "run/run.h"

/* What is trained, and when it has learned its task. */
typedef struct {
    hf_learner_params learner;
    hf_output_params output;
    double accuracy;         /* on the training strings, from which it has */
    const hf_labels *labels; /* of figures */
    hf_table_origin origin;  /* seed: the first */
    uint64_t state_hash;     /* of what a saved state depends on */
} hf_string_run_params;

/* Trains one model with one seed. Errors: HF_EUSAGE, HF_ENUMERIC (something is not finite), HF_ESYSTEM. Free the summary with
 * hf_run_summary_clear. */
hf_status hf_string_run(const hf_string_run_params *params, uint64_t seed, const hf_run_options *options,
                        hf_run_summary *summary, hf_error *err);

#endif
