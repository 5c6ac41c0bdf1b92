/* seeds: the losses of a training at the rows of a log (private to estimate/). */
#ifndef HF_ESTIMATE_SEEDS_H
#define HF_ESTIMATE_SEEDS_H

#include "run/learner.h"

#include <signal.h>
#include <stdbool.h>

/* Exact losses of the training with one seed at steps (count), rising; between two, on a straight line. *stopped: interrupted. Errors:
 * HF_EUSAGE, HF_ENUMERIC (not finite), HF_ESYSTEM. */
hf_status hf_seed_losses(const hf_learner_params *params, uint64_t seed, size_t count, const double *step, double *loss,
                         const volatile sig_atomic_t *interrupted, bool *stopped, hf_error *err);

#endif
