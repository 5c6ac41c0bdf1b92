/* statistics: quantiles of samples in which some may never have happened, nan or infinite; error bars by the jackknife. */
#ifndef HF_CORE_STATISTICS_H
#define HF_CORE_STATISTICS_H

#include <stddef.h>

/* Sorts x ascending; nan, which stands for never, comes last. */
void hf_sort(size_t count, double *x);

/* The q-quantile of a sorted sample (0: lowest, 1: highest), linear between order statistics; nan, or inf,
 * where it falls among those that never happened; nan if count is 0. */
double hf_quantile(size_t count, const double *sorted, double q);

/* Fewer runs than this have their 10 % quantile between the two lowest and their 90 % quantile between the two highest: the
 * band is nearly their range, and should be said to be. */
enum { HF_QUANTILES_FEW = 11 };

/* From so many independent runs on there is an error bar: the scatter of one or two says nothing. */
enum { HF_JACKKNIFE_LEAST = 3 };

/* The standard error of an estimate made from count independent groups (the runs of one seed), from what it is when group k
 * is left out of all its data: sqrt((n-1)/n sum_k (x_k - mean)^2). An error of t_{n-1} times this holds the truth as often as
 * Student's t with n - 1 degrees of freedom says. Nothing is assumed about how the data of one group hang together. nan:
 * fewer than HF_JACKKNIFE_LEAST groups, or an estimate that is nan. */
double hf_jackknife(size_t count, const double *left_out);

/* The interval of Clopper and Pearson for the chance of a hit, of which there were so many in count independent trials: at each
 * end the chance of as many hits, or more extreme ones, is half of what confidence (such as 0.95) leaves. 0 and 1 if count is 0. */
void hf_binomial_interval(size_t hits, size_t count, double confidence, double *low, double *high);

/* The median of count numbers (the mean of the two middle ones); reorders x. nan if count is 0. */
double hf_median(size_t count, double *x);

#endif
