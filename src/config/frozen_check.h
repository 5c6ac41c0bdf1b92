/* frozen_check: what the keys of flow.frozen, flow.support and flow.attention_decay must have in common with others. */
#ifndef HF_CONFIG_FROZEN_CHECK_H
#define HF_CONFIG_FROZEN_CHECK_H

#include "config/config.h"

/* Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_frozen_check(hf_config *config, hf_error *err);

/* Whether anything is frozen, or the attention decays. */
bool hf_frozen_acts(const hf_config *config);

#endif
