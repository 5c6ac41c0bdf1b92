/* validate: what the keys of a model must have in common, and the data that follows from them. */
#ifndef HF_CONFIG_VALIDATE_H
#define HF_CONFIG_VALIDATE_H

#include "config/config.h"

/* Sets target.count, strengths and patterns where the file says them in another way, and checks every condition that
 * involves more than one key. HF_EUSAGE, HF_ESYSTEM (memory). */
hf_status hf_validate_config(hf_config *config, hf_error *err);

#endif
