/* task_check: what the tasks of training have no use for: keys of one that are given to another. */
#ifndef HF_CONFIG_TASK_CHECK_H
#define HF_CONFIG_TASK_CHECK_H

#include "config/config.h"

/* As it stands in a model file. */
const char *hf_task_name(hf_task_kind task);

/* That no key is given that has an effect with another task alone. Errors: HF_EUSAGE. */
hf_status hf_task_check_keys(hf_config *config, hf_error *err);

/* That the keys of a section that are given have an effect; here: where they have none, as in "on this network". Errors: HF_EUSAGE. */
hf_status hf_task_check_effect(hf_config *config, const char *section, const char *here, hf_error *err);

/* That there are epochs where the schedule goes by them. Errors: HF_EUSAGE. */
hf_status hf_task_check_epochs(hf_config *config, hf_error *err);

#endif
