/* recall_check: whether a recall task or one of vectors, its network and their training fit together. */
#ifndef HF_CONFIG_RECALL_CHECK_H
#define HF_CONFIG_RECALL_CHECK_H

#include "config/config.h"

/* For hf_config_is_recall alone. Errors: HF_EUSAGE. */
hf_status hf_recall_check(hf_config *config, hf_error *err);

/* For hf_config_is_vectors alone. Errors: HF_EUSAGE. */
hf_status hf_vectors_check(hf_config *config, hf_error *err);

#endif
