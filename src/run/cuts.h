/* cuts: training on tokens in two phases: first models that see only the nearest spans of the chain (train.cuts), then the one
 * in question, which is laid beside them.
 *
 * The model of cut k is the same network on the same sequences with the same optimizer and the same start, but its attention
 * sees the nearest k spans alone, and its gradients are not clipped. It trains in a folder of its own, directory/cut-k, which
 * holds the tables of a run; each of them costs as much as the training itself. */
#ifndef HF_RUN_CUTS_H
#define HF_RUN_CUTS_H

#include "run/token_run.h"

/* Models that are trained for every seed, one after the other. */
size_t hf_cuts_phases(const hf_train_params *train);

/* hf_token_run of them all: without cuts, of the one. summary: of the last; it also says of an earlier one that it was
 * interrupted. A saved state is gone on with in the phase it is of. Errors: those of hf_token_run, with the cut's name. */
hf_status hf_cuts_run(const hf_token_run_params *params, uint64_t seed, const hf_run_options *options,
                      hf_run_summary *summary, hf_error *err);

#endif
