/* write: all tables that compare the runs of an experiment. */
#ifndef HF_COMPARE_WRITE_H
#define HF_COMPARE_WRITE_H

#include "run/experiment.h"

/* Writes bands.tsv, where there are bands, and of an experiment that has trained train/summary.tsv, runs.tsv, compare.tsv and the ladder's tables into directory;
 * finished: where training runs are that were not done again, NULL: nowhere. Errors: HF_EUSAGE (a table of finished is no table),
 * HF_ESYSTEM. */
hf_status hf_compare_write(const hf_experiment *experiment, const char *directory, const char *finished, hf_error *err);

#endif
