/* run_strings: headflow run on a task of strings. */
#ifndef HF_CLI_RUN_STRINGS_H
#define HF_CLI_RUN_STRINGS_H

#include "cli/cli.h"
#include "run/folder.h"
#include "run/string_run.h"

/* As hf_cli_run_tokens. */
hf_status hf_cli_run_strings(const hf_string_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                             hf_error *err);

#endif
