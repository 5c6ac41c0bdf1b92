/* collect: from the parts of a sweep to its tables.
 *
 * results.tsv   task <overridden keys> <names of axes> status code <quantities> reason censored: a row per task, in order
 * summary.tsv   <swept keys> <names of axes> runs failed not_run, then for each quantity q its q_median q_low q_high (the
 *               10 and 90 % quantiles) over the runs of a point (summary.h), and in q_count how many of them have it; censored:
 *               how many of them are
 * timing.tsv    task seconds
 * fit.tsv       fit response parameter exponent standard_error r2 residual runs left_out (fit.h) */
#ifndef HF_SWEEP_COLLECT_H
#define HF_SWEEP_COLLECT_H

#include "sweep/parts.h"

/* Writes the tables. Errors: HF_ESYSTEM. */
hf_status hf_collect_write(const hf_sweep *sweep, const hf_results *results, hf_error *err);

#endif
