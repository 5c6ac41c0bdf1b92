/* curvature: second derivatives of the loss, along the flow and as a symmetric operator.
 *
 * With (dv, da) a direction, u_ki = da_ki - sum_l n_l s_kl da_kl, ds = s u and dE_r = -c sum_k (dv_kr s_k + v_kr ds_k),
 * the second variation of the loss along straight lines in values and logits is
 *
 *     Q(dv, da) = sum_i r_i sum_r omega dE^2 - 2 sum_i n_i sum_r omega E_r sum_k dv_kr ds_k - sum_i n_i sum_k s_k h_k u_k^2
 *                 + lambda |dv|^2 */
#ifndef HF_FLOW_CURVATURE_H
#define HF_FLOW_CURVATURE_H

#include "flow/flow_point.h"

/* dP/dt along the flow at the state of a point, P = -dL/dt. Logit geometry without drift: -2 Q(v', a'); else -Q - grad L
 * . J y'. */
double hf_flow_speed_rate(hf_flow_point *point);

/* Minus the Jacobian of the flow without drift, in coordinates in which it is symmetric, those that are orthonormal in
 * the flow's own metric: an eigenvalue is minus the rate at which a perturbation along its eigenvector grows. The
 * coordinates are dv / sqrt(rho_v) and, in the logit geometry, da sqrt(n_i / rho_a) by modes; in the replicator geometry,
 * where a probability s has the Fisher norm ds^2 / s, u sqrt(n_i s_ki / rho_a) by heads. Logit geometry: the Hessian of
 * the loss in values and logits; replicator: K^T A K with A its Hessian in values and attentions, which the loss is
 * unconstrained in, and K K^T the inverse metric. With optimal values, which follow, only attentions are perturbed.
 * Exact zeros are a head's logits changed all alike, attentions that have underflown and coordinates whose rate is 0.
 * x, result: (size of a state). At the state of a point. */
void hf_flow_hessian_times(hf_flow_point *point, const double *x, double *result);

/* A direction that moves all heads alike, in the coordinates of hf_flow_hessian_times: coordinate i of R + T of it; and sets it,
 * in a direction x that is otherwise 0. */
double hf_flow_alike(const hf_flow *flow, const double *x, size_t i);
void hf_flow_move_alike(const hf_flow *flow, size_t i, double amount, double *x);

/* Share of |x|^2 that moves all heads alike, for x in the coordinates of hf_flow_hessian_times. */
double hf_flow_symmetric_fraction(const hf_flow *flow, const double *x);

#endif
