/* summary: what the runs of one point of a sweep say together.
 *
 * Medians and quantiles are over the runs that are OK. A time that was never reached is later than every time (inf). What a
 * censored run (detect/reach.h) reports of its end is a bound: it has one stage or more, this loss or less. A quantile is
 * then known only if it comes out the same wherever the true numbers of those runs are; else it is nan. */
#ifndef HF_SWEEP_SUMMARY_H
#define HF_SWEEP_SUMMARY_H

#include "sweep/parts.h"

/* Of one quantity; nan, or inf, where it is not known, or later. */
typedef struct {
    double median, low, high; /* quantiles 0.5, 0.1, 0.9 */
    double least, most;       /* bounds of the median; infinite where there is none */
    size_t have;              /* runs that have the quantity */
} hf_point_summary;

/* Of the point whose first task is number first (from 0), in quantity number q. scratch: (2, seeds). */
hf_point_summary hf_summary_of_point(const hf_sweep *sweep, const hf_results *results, size_t first, size_t q,
                                     double *scratch);

/* Whether a task is OK, and censored as far as is known. */
bool hf_summary_is_censored(const hf_sweep *sweep, const hf_results *results, size_t task);

/* How many runs of that point are censored, as far as is known. */
size_t hf_summary_censored(const hf_sweep *sweep, const hf_results *results, size_t first);

#endif
