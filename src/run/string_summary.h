/* string_summary: what there is to say of a training on strings. */
#ifndef HF_RUN_STRING_SUMMARY_H
#define HF_RUN_STRING_SUMMARY_H

#include "core/error.h"
#include "run/run.h"

#include <stdio.h>

/* When it has learned, how much it answers rightly, and what its attention is like. */
void hf_string_summary_print(const hf_run_summary *summary, FILE *stream);

/* The same of all seeds together: medians and quartiles. Errors: HF_ESYSTEM. */
hf_status hf_string_summary_print_all(size_t count, const hf_run_summary *summary, FILE *stream, hf_error *err);

#endif
