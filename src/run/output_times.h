/* output_times: when a run has rows: at t = 0, at the times of a grid, and at times of the user's own or of events.
 *
 * Rows come from the integrator's interpolant, so that they never change the trajectory. Where several times are the same number
 * the first of them has the row. */
#ifndef HF_RUN_OUTPUT_TIMES_H
#define HF_RUN_OUTPUT_TIMES_H

#include "core/error.h"
#include "run/params.h"

#include <stdbool.h>

/* Output time number index of the grid, 0 for t = 0 and 1..points for t_first..t_end. A time that two grids share as an
 * exact fraction of the way has the same bits in both. */
double hf_output_time(const hf_output_params *output, double t_end, size_t index);

/* Time number index of a grid; not descending. */
typedef double hf_output_grid(const void *self, size_t index);

/* The times 0..last of a grid, the user's own and more ones (in any order; nan: none), ascending. Free times->at. Errors:
 * HF_ESYSTEM. */
hf_status hf_output_times_merge(hf_reals *times, hf_output_grid *grid, const void *self, size_t last, const hf_reals *own,
                                const hf_reals *more, hf_error *err);

/* Whether the time has a row of its own: it is later than the one before. */
bool hf_output_times_has_row(const hf_reals *times, size_t index);

#endif
