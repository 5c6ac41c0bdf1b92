/* comparison: training runs beside the flow that they stand for.
 *
 * compare.tsv: when the loss of every curve (flow; drift, step and step-drift: the flow with the drift of SGD's noise, with finite
 * steps, with both; a seed; the median and
 * the 10 % and 90 % quantile of the seeds) falls below the middle of each stage of the flow, in flow time, where that
 * exists, and in steps; the stage of the curve's own in which that happens (t_onset, t_peak, t_settle, pattern, carrier).
 * runs.tsv: how every run ended, its largest deviation from the flow, and its early stop. */
#ifndef HF_COMPARE_COMPARISON_H
#define HF_COMPARE_COMPARISON_H

#include "run/experiment.h"
#include "report/table.h"

#include <stdio.h>

/* What stands in the tables; the list ends with NULL. */
extern const hf_table_kind *const hf_comparison_tables[];

/* Writes runs.tsv and, where there is a flow, compare.tsv. Errors: HF_ESYSTEM. */
hf_status hf_comparison_write(const hf_experiment *experiment, const char *directory, hf_error *err);

/* The times of the stages side by side, for the eye, and the deviations. */
void hf_comparison_print(const hf_experiment *experiment, FILE *stream);

/* Heads of a run by what they carry in the end: head_of[k] is the flow's head that carries the pattern head k of the run
 * carries. False, and head_of undefined, unless every head carries a pattern of its own, the same ones in both. share_flow,
 * share_run: (heads, patterns). */
bool hf_comparison_match_heads(size_t heads, size_t patterns, const double *share_flow, const double *share_run,
                               size_t *head_of);

/* The q-quantile over a rung's seeds of the step at which level number l was reached. */
double hf_comparison_quantile(const hf_rung *rung, size_t l, double q);

/* The same of any number of a run, which gets index for its own use. */
double hf_comparison_quantile_of(const hf_rung *rung, double (*number)(const hf_run_summary *run, size_t index), size_t index,
                                 double q);

/* The step at which the optimizer's flow with the features of seed number k falls below level l; nan: there is no such flow. */
double hf_comparison_optimizer_step(const hf_experiment *experiment, size_t k, size_t l);

#endif
