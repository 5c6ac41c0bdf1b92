/* findings: what a command has to say, as JSON on standard output (--json). One object; what is not finite is null; numbers have 17
 * significant digits. Rows of tables are objects with the names of their columns (doc/columns.md). After an error nothing is
 * printed; a failed write shows when main flushes. */
#ifndef HF_CLI_FINDINGS_H
#define HF_CLI_FINDINGS_H

#include "config/config.h"
#include "report/frame.h"
#include "sweep/parts.h"

/* Of a finished run in directory: where its files are, and of every run in it the first and the last row, and what was found.
 * Errors: HF_EUSAGE, HF_ESYSTEM (a table cannot be read). */
hf_status hf_cli_print_run(const hf_config *config, const char *directory, hf_error *err);

/* Of a model: its keys, as the effective configuration has them. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_cli_print_check(const hf_config *config, hf_error *err);

/* Of a sweep, what the command has made of its results: how many tasks there are and how they went, where the tables and figures
 * are, and the rows of the results. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_cli_print_sweep(const char *command, const hf_sweep *sweep, const hf_results *results, hf_error *err);

/* Of curves: what hf_log_tables_keep and hf_beside_keep found. directory: where the tables are; NULL: nowhere.
 * Errors: HF_ESYSTEM. */
hf_status hf_cli_print_curves(const hf_frames *found, const char *directory, hf_error *err);

/* Of a fit: what hf_estimate_keep found. directory, errors: likewise. */
hf_status hf_cli_print_fit(const hf_frames *found, const char *directory, hf_error *err);

#endif
