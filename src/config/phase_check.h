/* phase_check: the two columns of a phase plane. */
#ifndef HF_CONFIG_PHASE_CHECK_H
#define HF_CONFIG_PHASE_CHECK_H

#include "config/config.h"

/* Checks that output.phase names two columns of trajectory.tsv. The number of patterns is known. Errors: HF_EUSAGE. */
hf_status hf_phase_check(const hf_config *config, hf_error *err);

#endif
