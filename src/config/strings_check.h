/* strings_check: whether a task of strings, its encoder and their training fit together. */
#ifndef HF_CONFIG_STRINGS_CHECK_H
#define HF_CONFIG_STRINGS_CHECK_H

#include "config/config.h"

/* For hf_config_is_strings alone. Errors: HF_EUSAGE. */
hf_status hf_strings_check(hf_config *config, hf_error *err);

#endif
