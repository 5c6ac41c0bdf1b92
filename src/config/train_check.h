/* train_check: what the keys of training, of the ladder and of the flow beside them must have in common. */
#ifndef HF_CONFIG_TRAIN_CHECK_H
#define HF_CONFIG_TRAIN_CHECK_H

#include "config/config.h"

/* Settles train.steps and refuses what cannot be trained or compared: HF_EUSAGE. Without a train section all is well. */
hf_status hf_train_check(hf_config *config, hf_error *err);

#endif
