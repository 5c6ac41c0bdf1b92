/* params: what counts as an event, a plateau and a stage. */
#ifndef HF_DETECT_PARAMS_H
#define HF_DETECT_PARAMS_H

#include "system/event.h"

#include <stdbool.h>
#include <stddef.h>

/* Thresholds. */
typedef struct {
    double contrast, overlap, acquired, loss_fraction;
    double significance, least; /* of stages among noise: see hf_search_params */
    double accuracy;            /* of training strings: who answers so many rightly has learned the task */
    bool events;  /* false: nothing is looked for */
    bool saddles; /* Hessian at every plateau */
} hf_detect_params;

/* What is known of a run before it starts. */
typedef struct {
    hf_detect_params detect;
    double stop_loss;  /* the run ends once the loss is at or below this; 0: never */
    hf_awaited_event stop; /* a crossing that ends the run, too */
    double rtol, atol; /* of an integration */
    bool is_noisy;     /* of a training: its gradients are drawn */
    size_t memory;     /* of its noise, in steps: see hf_search_params */
} hf_detector_params;

#endif
