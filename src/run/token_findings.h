/* token_findings: what a training on tokens does, from the rows of its excess. */
#ifndef HF_RUN_TOKEN_FINDINGS_H
#define HF_RUN_TOKEN_FINDINGS_H

#include "detect/params.h"
#include "run/run.h"

/* Fills summary->tokens.stages and, with the same stages, summary->findings, with the step at which the excess first falls to
 * detect->loss_fraction of its start among them; whether more was to come is known where the last row lies in a stage. at, excess: (rows). Errors:
 * HF_ESYSTEM. */
hf_status hf_token_find(hf_run_summary *summary, const hf_detect_params *detect, size_t rows, const double *at,
                        const double *excess, hf_error *err);

#endif
