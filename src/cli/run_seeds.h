/* run_seeds: headflow run where there is nothing but seeds that train: on a Markov chain (run_tokens.h), on strings (run_strings.h). */
#ifndef HF_CLI_RUN_SEEDS_H
#define HF_CLI_RUN_SEEDS_H

#include "cli/cli.h"
#include "run/folder.h"
#include "run/run.h"
#include "run/seeds.h"
#include "train/params.h"

typedef struct {
    hf_train_params train; /* steps: of all that a seed does */
    uint64_t hash;         /* of the configuration */
    bool plots;
    const char *cheaper; /* what makes it shorter */

    /* Trains with one seed. */
    hf_status (*run)(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary, hf_error *err);

    /* Tables of all seeds and scripts of figures, where tables are written. */
    hf_status (*write)(const void *self, const hf_run_summary *summary, const char *work, hf_error *err);

    /* What there is to say. */
    hf_status (*print)(const void *self, const hf_run_summary *summary, hf_error *err);
    const void *self;
} hf_cli_seeds;

/* Trains seed after seed into the folder, publishes the tables and says what was found. After a signal what there is is saved.
 * Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_cli_run_seeds(const hf_cli_seeds *training, const hf_cli_options *options, const hf_folder *folder,
                           hf_error *err);

#endif
