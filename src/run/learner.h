/* learner: what a configuration trains. */
#ifndef HF_RUN_LEARNER_H
#define HF_RUN_LEARNER_H

#include "config/config.h"
#include "train/learner.h"
#include "train/optimizer.h"

/* Task, model, probe and samples of the configuration for one seed, computing on so many threads. Errors: HF_EUSAGE,
 * HF_ESYSTEM. Free with hf_learner_clear. */
hf_status hf_learner_create(hf_learner *learner, const hf_config *config, uint64_t seed, size_t threads, hf_error *err);

/* The optimizer of a configuration. */
hf_optimizer_params hf_learner_optimizer(const hf_config *config);

#endif
