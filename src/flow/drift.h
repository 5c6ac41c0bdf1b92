/* drift: what the noise of minibatch SGD does to the attention on average, as a term of the flow (private to flow/).
 *
 * Values that SGD keeps shaking make the logits descend L + kappa (L + floor) sum_k |s_k|^2 with the factor in front held
 * fixed, where |s_k|^2 = sum_i n_i w_i s_ki^2 is the variance of X s_k and w_i = c_i omega_i (doc/mathematics.md, "SGD's
 * drift"). In both geometries this is a change of the gain: with beta = 2 kappa (L + floor), L without decay,
 *
 *     g~_ki = g_ki - beta w_i s_ki,     h~_ki = g~_ki - sum_l n_l s_kl g~_kl
 *
 * It is linear in s by modes, so that contrasts keep their digits and equal heads stay equal. */
#ifndef HF_FLOW_DRIFT_H
#define HF_FLOW_DRIFT_H

#include "flow/flow_point.h"

struct hf_drift_kind {
    size_t unknowns; /* of the Newton solver's border */
    bool turns;      /* y' is no gradient of the loss, and a point keeps fields with and without drift */

    /* From h and s h of the loss (point->loss_gain and loss_ascent) and its value without decay (point->loss): beta, gain,
     * ascent and shift with the drift. Returns the logits' part of the speed, rho_a sum_i n_i (s h) . (a' / rho_a), which
     * without drift is descent. */
    double (*gain)(hf_flow_point *point);

    /* dg := dg~ = dg - beta w ds - 2 kappa dL w s along x, at the state of the point. x: (size of a state); ds, dg: (H, T). */
    void (*change)(const hf_flow_point *point, const double *x, const double *ds, double *dg);
};

/* The row of a problem's drift: SGD's at rest, or with a cloud (cloud.h), whose Gamma is then held, or none, which leaves all as it is. */
const hf_drift_kind *hf_drift_find(const hf_problem *problem);

#endif
