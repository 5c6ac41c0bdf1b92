/* token_summary: what there is to say of a training on tokens. */
#ifndef HF_RUN_TOKEN_SUMMARY_H
#define HF_RUN_TOKEN_SUMMARY_H

#include "run/run.h"

#include <stdio.h>

/* Its losses, divergences, stages, and what heads do in these. */
void hf_token_summary_print(const hf_run_summary *summary, FILE *stream);

#endif
