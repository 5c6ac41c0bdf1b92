/* collect: from the parts of a sweep to its tables.
 *
 * results.tsv   a row per task, in order
 * summary.tsv   a row per point: quantiles over its runs (summary.h)
 * timing.tsv    what tasks took
 * fit.tsv       laws (fit.h)
 *
 * hf_collect_tables lists their columns. */
#ifndef HF_SWEEP_COLLECT_H
#define HF_SWEEP_COLLECT_H

#include "report/table.h"
#include "sweep/parts.h"

extern const hf_table_kind *const hf_collect_tables[]; /* ended by NULL */

/* Writes the tables. Errors: HF_ESYSTEM. */
hf_status hf_collect_write(const hf_sweep *sweep, const hf_results *results, hf_error *err);

#endif
