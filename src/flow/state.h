/* state: reading the table of values and logits that final.tsv is: columns kind (value|logit), head, index, value. */
#ifndef HF_FLOW_STATE_H
#define HF_FLOW_STATE_H

#include "core/error.h"

#include <stddef.h>

typedef struct {
    size_t value_width; /* D: the largest index of a value, at least features */
    double *value;      /* (H, D) */
    double *logit;      /* (H, T) */
} hf_state;

/* Reads path for a model of heads and positions whose patterns span features coordinates. Every logit is given
 * once. Values may be left out altogether (0); where there are some, every head has all coordinates, of which there may be
 * more than features. Lines starting with # are skipped. Errors:
 * HF_EUSAGE ("FILE:LINE: what is wrong, what was expected"), HF_ESYSTEM. *state is cleared on failure. */
hf_status hf_state_read(hf_state *state, const char *path, size_t heads, size_t positions, size_t features, hf_error *err);

void hf_state_clear(hf_state *state);

#endif
