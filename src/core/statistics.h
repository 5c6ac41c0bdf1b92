/* statistics: quantiles of samples in which some may never have happened, nan or infinite. */
#ifndef HF_CORE_STATISTICS_H
#define HF_CORE_STATISTICS_H

#include <stddef.h>

/* Sorts x ascending; nan, which stands for never, comes last. */
void hf_sort(size_t count, double *x);

/* The q-quantile of a sorted sample (0: lowest, 1: highest), linear between order statistics; nan, or inf,
 * where it falls among those that never happened; nan if count is 0. */
double hf_quantile(size_t count, const double *sorted, double q);

#endif
