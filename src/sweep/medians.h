/* medians: what a sweep found, as a small table for the eye, and how much of it the end of the runs leaves open. */
#ifndef HF_SWEEP_MEDIANS_H
#define HF_SWEEP_MEDIANS_H

#include "sweep/parts.h"

#include <stdio.h>

/* Prints the medians of every quantity over the first group, or over the first two (the others at their first value), of long
 * grids a part that is spread evenly. Errors: HF_ESYSTEM. */
hf_status hf_medians_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err);

#endif
