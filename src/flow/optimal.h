/* optimal: values that are the best for the present attention at every time, so that only the attention flows.
 *
 * v_r = (N_r + lambda I)^-1 sum_i n_i omega_ri G_ri s_i,   N_r = sum_i n_i c_i omega_ri s_i s_i^T   (modes of basis.h)
 *
 * is the ridge solution; without weight decay lambda is a small multiple of a uniform head's N, which makes it unique and
 * splits values equally between equal heads, as the least-norm solution does. Used by flow_point.c. */
#ifndef HF_FLOW_OPTIMAL_H
#define HF_FLOW_OPTIMAL_H

#include "flow/flow_point.h"

/* The lambda used for a problem with the given weight decay. */
double hf_optimal_decay(const hf_problem *problem, double weight_decay);

/* Sets a point's value from its attention. False if that is impossible (not finite). */
bool hf_optimal_values(hf_flow_point *point);

/* The values' change dv (H, R) when the attention changes by ds (H, T). */
void hf_optimal_change(hf_flow_point *point, const double *ds, double *dv);

#endif
