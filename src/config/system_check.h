/* system_check: what a model may say depends on the flow that is integrated (private to config/). */
#ifndef HF_CONFIG_SYSTEM_CHECK_H
#define HF_CONFIG_SYSTEM_CHECK_H

#include "config/config.h"

/* Refuses keys that are given and have an effect on another flow only. Errors: HF_EUSAGE. */
hf_status hf_system_check_keys(hf_config *config, hf_error *err);

/* Completes and checks what only the flow in-context needs. Errors: HF_EUSAGE. */
hf_status hf_system_check_in_context(hf_config *config, hf_error *err);

/* The same of the flow content. */
hf_status hf_system_check_content(hf_config *config, hf_error *err);

#endif
