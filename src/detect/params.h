/* params: what counts as an event, a plateau and a stage. */
#ifndef HF_DETECT_PARAMS_H
#define HF_DETECT_PARAMS_H

#include <stdbool.h>

/* Thresholds. */
typedef struct {
    double contrast, overlap, acquired, loss_fraction;
    double significance, least; /* of stages among noise: see hf_search_params */
    bool events;  /* false: nothing is looked for */
    bool saddles; /* Hessian at every plateau */
} hf_detect_params;

#endif
