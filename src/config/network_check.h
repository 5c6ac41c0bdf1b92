/* network_check: whether the switches of the section model go together, and its training with them. */
#ifndef HF_CONFIG_NETWORK_CHECK_H
#define HF_CONFIG_NETWORK_CHECK_H

#include "config/config.h"

/* For hf_config_predicts_tokens alone. Errors: HF_EUSAGE. */
hf_status hf_network_check(hf_config *config, hf_error *err);
hf_status hf_network_check_training(hf_config *config, hf_error *err);

#endif
