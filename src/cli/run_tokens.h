/* run_tokens: headflow run on a Markov chain. */
#ifndef HF_CLI_RUN_TOKENS_H
#define HF_CLI_RUN_TOKENS_H

#include "cli/cli.h"
#include "run/folder.h"
#include "run/token_run.h"

/* Trains seed after seed into the folder, publishes the tables and says what was found. After a signal what there is is saved.
 * Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_cli_run_tokens(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                            hf_error *err);

#endif
