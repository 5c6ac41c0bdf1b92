/* chain_check: whether a Markov chain, its network and their training fit together. */
#ifndef HF_CONFIG_CHAIN_CHECK_H
#define HF_CONFIG_CHAIN_CHECK_H

#include "config/config.h"

/* Settles the strengths. For hf_config_is_chain alone. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_chain_check(hf_config *config, hf_error *err);

#endif
