/* findings: what the detector found, as tables and for the eye.
 *
 * events.tsv    event t loss stage head pattern value mode      in order of time; nan where a field does not apply
 * stages.tsv    stage t_onset t_peak t_settle loss_before loss_after predicted_loss_after pattern carrier mode
 *               saddle_index lambda_min symmetric_fraction      pattern and carrier of the first that the stage acquires
 * acquisitions.tsv  pattern stage carrier t loss share mode     a row for every acquired pattern, in order of time
 * plateaus.tsv  plateau t loss predicted_loss speed saddle_index threshold lambda_min lambda_max symmetric_fraction */
#ifndef HF_REPORT_FINDINGS_H
#define HF_REPORT_FINDINGS_H

#include "detect/detector.h"
#include "report/table.h"

#include <stdio.h>

/* Writes the four tables into directory. reason: why the run stopped. Errors: HF_ESYSTEM. */
hf_status hf_findings_write(const hf_findings *findings, const char *reason, const char *directory,
                            const hf_table_origin *origin, hf_error *err);

/* The table of stages (acquired.h) and what else was found, in sentences. */
void hf_findings_print(const hf_findings *findings, FILE *stream);

#endif
