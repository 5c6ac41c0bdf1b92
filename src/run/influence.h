/* influence: what a small change of the state on the way does to the time at which the loss falls to a level: dt* = x . dy, x = grad T of
 * run/spread.h. */
#ifndef HF_RUN_INFLUENCE_H
#define HF_RUN_INFLUENCE_H

#include "flow/flow.h"

typedef struct {
    size_t features, positions;
    double *replicas; /* (positions) */
    hf_basis *basis;  /* of the modes */
    size_t count;     /* of times */
    double *t;        /* (count) falling, from t* to 0 */
    double *x;        /* (count, H (R + T)) by modes, values and logits */
} hf_influence;

/* Of a flow in the contrasts that are its own now; of no time yet. Errors: HF_ESYSTEM. Free with hf_influence_free (NULL is legal). */
hf_status hf_influence_create(hf_influence **influence, const hf_flow *flow, hf_error *err);
void hf_influence_free(hf_influence *influence);

/* Keeps x at t, the first time at t* and then earlier and earlier. Where that is too much to keep *influence is freed, and NULL. Errors:
 * HF_ESYSTEM. */
hf_status hf_influence_add(hf_influence **influence, double t, const double *x, hf_error *err);

/* x (H (R + T)) at t, linear between two times; false beyond t*. */
bool hf_influence_at(const hf_influence *influence, double t, double *x);

#endif
