/* report: which quantities a sweep reports. */
#ifndef HF_SWEEP_REPORT_H
#define HF_SWEEP_REPORT_H

#include "config/config.h"

/* Fills sweep.report where it is empty, adds what the fits need, and checks that everything asked for can be measured.
 * Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_report_settle(hf_config *config, hf_error *err);

#endif
