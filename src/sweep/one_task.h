/* one_task: one run of a sweep as a model of its own, for headflow run MODEL --task N. */
#ifndef HF_SWEEP_ONE_TASK_H
#define HF_SWEEP_ONE_TASK_H

#include "config/config.h"

/* Reads a model with a sweep section as task number (from 1) of that sweep has it: with its swept values and seeds, and
 * without the sections sweep and fit. Arguments and errors otherwise as for hf_config_read_from. */
hf_status hf_one_task_read(hf_config *config, const hf_config_source *source, size_t override_count,
                           const char *const overrides[], size_t number, hf_error *err);

#endif
