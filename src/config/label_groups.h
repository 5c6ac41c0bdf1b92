/* label_groups: what figures call things, as a model file says it: labels = { t_split = "..."; init = { perturbation = "..."; }; }, where
 * keys stand in their sections. */
#ifndef HF_CONFIG_LABEL_GROUPS_H
#define HF_CONFIG_LABEL_GROUPS_H

#include "config/config.h"
#include "config/tree.h"

/* Converts a group into a zeroed field. HF_EUSAGE: described in *fault; HF_ESYSTEM: memory. On failure it may be half filled. */
hf_status hf_label_groups_read(const hf_setting *setting, hf_labels *labels, hf_fault *fault);

/* Frees what the field owns; legal on a half-filled one. */
void hf_label_groups_clear(hf_labels *labels);

void hf_label_groups_print(const hf_labels *labels, FILE *stream);

/* Whether every label is of something that figures show: HF_EUSAGE. */
hf_status hf_label_groups_check(hf_config *config, hf_error *err);

#endif
