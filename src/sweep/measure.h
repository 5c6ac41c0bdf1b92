/* measure: one run of a sweep, in numbers. */
#ifndef HF_SWEEP_MEASURE_H
#define HF_SWEEP_MEASURE_H

#include "config/config.h"
#include "run/flow_run.h"
#include "run/train_run.h"
#include "sweep/quantity.h"

/* Runs what config describes, a flow or, with a train section and no flow section, the training of its first seed, without
 * tables, and fills values (count) and, unless that is NULL, texts (count) with those of categories, to be freed; NULL where there is
 * none. Only what the quantities need is looked for. *stopped:
 * *interrupted, which may be NULL, became true and values are not set. Errors: as hf_flow_run and hf_train_run. */
hf_status hf_measure(const hf_config *config, size_t count, const hf_quantity *quantities,
                     const volatile sig_atomic_t *interrupted, double *values, char **texts, bool *stopped, hf_error *err);

#endif
