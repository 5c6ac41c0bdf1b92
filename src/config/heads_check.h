/* heads_check: what the keys of attention heads must have in common, and the data that follows from them. */
#ifndef HF_CONFIG_HEADS_CHECK_H
#define HF_CONFIG_HEADS_CHECK_H

#include "config/config.h"

/* Target, data and features. Sets target.count, strengths and patterns where the file says them in another way. Errors:
 * HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_heads_check_target(hf_config *config, hf_error *err);

/* The start, what is known of attentions other than the softmax, and the drift of SGD's noise. Errors: HF_EUSAGE. */
hf_status hf_heads_check_start(hf_config *config, hf_error *err);
hf_status hf_heads_check_attention(hf_config *config, hf_error *err);
hf_status hf_heads_check_drift(hf_config *config, hf_error *err);

/* Whether features with these inner products are orthogonal to each other. */
bool hf_gram_is_diagonal(const hf_real_rows *gram);

#endif
