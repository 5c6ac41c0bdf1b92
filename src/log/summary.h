/* summary: what was found in a curve of a log, for the eye. */
#ifndef HF_LOG_SUMMARY_H
#define HF_LOG_SUMMARY_H

#include "log/look.h"

#include <stdio.h>

void hf_log_print(const hf_log_look *look, FILE *stream);

/* What the columns mean. */
void hf_log_print_legend(FILE *stream);

#endif
