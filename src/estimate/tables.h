/* tables: an estimate as tables, figure and text: fit.tsv, fitted.tsv, plots/fitted.gp (doc/fit.md). */
#ifndef HF_ESTIMATE_TABLES_H
#define HF_ESTIMATE_TABLES_H

#include "estimate/estimate.h"

#include <stdio.h>

extern const hf_table_kind *const hf_estimate_tables[]; /* ended by NULL */

/* Of an estimate by params. Errors: HF_ESYSTEM. Into directory, which is there: */
hf_status hf_estimate_write(const hf_estimate *estimate, const hf_estimate_params *params, const char *directory, hf_error *err);
/* ... and in memory, as fit and fitted. */
hf_status hf_estimate_keep(const hf_estimate *estimate, const hf_estimate_params *params, hf_frames *frames, hf_error *err);

/* For the eye. log: what it is called. */
void hf_estimate_print(const hf_estimate *estimate, const hf_estimate_params *params, const char *log, FILE *stream);

#endif
