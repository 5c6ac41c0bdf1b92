/* acquired: the patterns that a stage acquires, the heads that carry them, and the table of stages for the eye. */
#ifndef HF_REPORT_ACQUIRED_H
#define HF_REPORT_ACQUIRED_H

#include "detect/detector.h"

#include <stdio.h>

/* The first pattern that stage number (from 1) acquires, and its carrier; NULL: it acquires none. */
const hf_event *hf_acquired_first(const hf_findings *findings, size_t stage);

/* Cooperative if any of the acquisitions is. */
hf_mode hf_acquired_mode(const hf_findings *findings, size_t stage);

/* The table of stages. Columns are as wide as what stands in them, 80 characters in all unless many patterns are acquired at
 * once; of long lists the first are shown, and how many there are. */
void hf_acquired_print(const hf_findings *findings, FILE *stream);

/* What the columns mean. */
void hf_acquired_explain(const hf_findings *findings, FILE *stream);

#endif
