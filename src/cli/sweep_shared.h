/* sweep_shared: what the commands sweep, task and collect have in common. */
#ifndef HF_CLI_SWEEP_SHARED_H
#define HF_CLI_SWEEP_SHARED_H

#include "cli/cli.h"

#include "sweep/parts.h"

/* Exit code of a sweep in which a task failed or has not run. */
enum { HF_CLI_INCOMPLETE = 3 };

/* Runs count tasks with a progress line. *stopped: hf_cli_signal came, for which the caller watches. */
hf_status hf_cli_run_tasks(const hf_sweep *sweep, size_t count, const size_t *tasks, size_t jobs, bool quiet, bool *stopped,
                           hf_error *err);

/* Reads the results, writes tables and figures, prints a summary, or what command has found as JSON, unless it is to be quiet. Returns
 * the exit code. */
int hf_cli_collect_sweep(const hf_sweep *sweep, const char *command, const hf_cli_options *options);

/* Prints the first failures to standard error. */
void hf_cli_print_failures(const hf_sweep *sweep, const hf_results *results);

#endif
