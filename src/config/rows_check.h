/* rows_check: what is said of the rows of a run's tables, and of the event that ends it. */
#ifndef HF_CONFIG_ROWS_CHECK_H
#define HF_CONFIG_ROWS_CHECK_H

#include "config/config.h"

/* Checks output.t_first, output.times and output.at_events, and reads solver.stop into solver.stop_at. The number of patterns is
 * known by then. */
hf_status hf_rows_check(hf_config *config, hf_error *err);

#endif
