/* probe: looks at a model's parameters and says what is seen there, as a table of functions. */
#ifndef HF_TRAIN_PROBE_H
#define HF_TRAIN_PROBE_H

#include "core/error.h"
#include "flow/observe.h"
#include "system/point.h"

#include <stdbool.h>

/* A model in the coordinates of a flow. */
typedef struct {
    const hf_problem *problem;
    hf_flow *flow;              /* owned */
    hf_point point;             /* of it: the state observed */
    double *y;                  /* (size of the flow's state) that state */
    hf_observation observation; /* loss: exact, over the population, without the label noise */
} hf_view;

typedef struct {
    const char *name;
    void (*free)(void *self); /* NULL is legal */

    bool (*look)(void *self, const double *parameters); /* false: something is not finite */

    /* Of the parameters looked at last, the probe's own: */
    hf_view *(*view)(void *self);

    /* Largest curvature of the loss at parameters, 1/flow time; nan: unknown. Looks there. Errors: HF_ESYSTEM. */
    hf_status (*sharpness)(void *self, const double *parameters, double *largest, hf_error *err);
} hf_probe_kind;

typedef struct {
    const hf_probe_kind *kind;
    void *self; /* owned by whoever holds the probe */
} hf_probe;

#endif
