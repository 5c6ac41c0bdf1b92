/* findings: what the detector found, as tables (events.tsv, stages.tsv, acquisitions.tsv, plateaus.tsv) and for the eye. */
#ifndef HF_REPORT_FINDINGS_H
#define HF_REPORT_FINDINGS_H

#include "detect/detector.h"
#include "report/table.h"

#include <stdio.h>

/* What stands in the tables; the list ends with NULL. */
extern const hf_table_kind *const hf_findings_tables[];

/* Writes the four tables into directory, which is still to be synced (hf_file_finish). reason: why the run stopped. Errors: HF_ESYSTEM. */
hf_status hf_findings_write(const hf_findings *findings, const char *reason, const char *directory,
                            const hf_table_origin *origin, hf_error *err);

/* The same tables in memory: events, stages, acquisitions, plateaus. Errors: HF_ESYSTEM. */
hf_status hf_findings_keep(const hf_findings *findings, hf_frames *frames, hf_error *err);

/* The table of stages (acquired.h) and what else was found, in sentences. */
void hf_findings_print(const hf_findings *findings, FILE *stream);

#endif
