/* params: the ladder of learning rates and batch sizes. */
#ifndef HF_COMPARE_PARAMS_H
#define HF_COMPARE_PARAMS_H

#include "core/lists.h"

/* Its rungs. */
typedef struct {
    size_t halvings; /* of lr */
    hf_counts batches;
} hf_ladder_params;

#endif
