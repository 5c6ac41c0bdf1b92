/* cloud: what minibatch SGD has put into the values outside the features, as a part of the state (private to flow/).
 *
 * Noise moves a head's value V_k in all d^2 directions, R of which the flow is about. In the others, W_k, the mean stays 0, and of
 * what is random only Gamma_kl = E <W_k, W_l> acts back, since the loss is quadratic in W (doc/mathematics.md, "Dynamic drift"):
 *
 *     L      = L(v, a) + 1/2 tr S Gamma + lambda/2 tr Gamma,       S_kl = sum_i n_i w_i s_ki s_li,  w_i = c_i omega_i
 *     g~_ki  = g_ki - w_i sum_l Gamma_kl s_li                      in the velocity of the logits; that of the values is as it was
 *     Gamma' = -rho_v (S Gamma + Gamma S) - 2 rho_v lambda Gamma + rho_v^2 e (strength S + spread C C^T)
 *     strength = 2 L_0 (d - alpha R - alpha - gamma) + sigma^2 (d^2 - R),   spread = 1 - 2 alpha - gamma R
 *
 * with e = lr / batch, L_0 = L without decay, C the force on the values and the means over random orthonormal features
 * alpha = (d^3 - 1) / ((d^2 - 1)(d^2 + 2)), gamma = (d - 1)^2 / ((d^2 - 1)(d^2 + 2)).
 *
 * The state holds Gamma by modes on both sides after values and logits: column m = 0..H-1 has the entries n = 0..m. Between equal heads
 * all is exactly 0; an entry between contrasts is of the size of their product. */
#ifndef HF_FLOW_CLOUD_H
#define HF_FLOW_CLOUD_H

#include "flow/flow_point.h"

struct hf_cloud {
    double *gamma;  /* (H, H) Gamma by modes */
    double *square; /* (H, H) S */
    double *rate;   /* (H, H) Gamma' */
    double *y;      /* (size) the state, without Gamma */
    double loss;    /* 2 L_0 */
    double strength, spread;

    /* For work: */
    double *field;       /* (2, H, T) */
    double *core;        /* (3, size) */
    double *bent_square; /* (H, H) dS of the last hf_cloud_jacobian_times */
    double *small;       /* (4, H, H) */
    double *rates;       /* of hf_cloud_speed_rate: three states with Gamma, one without */
};

/* Whether a problem has one. */
bool hf_cloud_is_there(const hf_problem *problem);

/* Numbers of a state with Gamma, H (R + T) + H (H + 1) / 2, and their names, from 0. */
size_t hf_cloud_size(const hf_flow *flow);
void hf_cloud_coordinate_name(const hf_flow *flow, size_t index, char *text, size_t capacity);

/* Memory of a point. Errors: HF_ESYSTEM. Free with hf_cloud_free (NULL is legal). */
hf_status hf_cloud_create(hf_cloud **cloud, const hf_flow *flow, hf_error *err);
void hf_cloud_free(hf_cloud *cloud);

/* As hf_flow_start, hf_flow_at, hf_flow_velocity, hf_flow_jacobian_times, hf_flow_speed_rate and hf_flow_rebase, for states with Gamma.
 * With finite steps the Jacobian takes Gamma's part in them as of the plain flow. */
void hf_cloud_start(const hf_flow *flow, double *y);
bool hf_cloud_at(hf_flow_point *point, const double *y);
void hf_cloud_velocity(const hf_flow_point *point, double *velocity);
void hf_cloud_jacobian_times(hf_flow_point *point, const double *x, double *result);
double hf_cloud_speed_rate(hf_flow_point *point);
hf_status hf_cloud_rebase(hf_flow *flow, double *y, hf_error *err);

/* Rewrites y, a state with Gamma or a change of one, from other contrasts of the same heads in the flow's. Errors: HF_ESYSTEM. */
hf_status hf_cloud_recast(const hf_flow *flow, const hf_basis *from, double *y, hf_error *err);

/* The gradient of the loss along x: dL. At the state of hf_cloud_at. */
double hf_cloud_loss_along(const hf_flow_point *point, const double *x);

/* Between the entries of a symmetric matrix by modes (H, H) and those that a state holds of it. */
void hf_cloud_unpack(size_t heads, const double *packed, double *matrix);
void hf_cloud_pack(size_t heads, const double *matrix, double *packed);

/* result += factor (A B + B A) for symmetric matrices. */
void hf_cloud_add_products(size_t heads, double factor, const double *a, const double *b, double *result);

/* s x - s <s x> (H, T) with x the push of any matrix in place of Gamma: what it takes from the logits' ascent. In the point's memory until
 * its field is used again. */
const double *hf_cloud_ascent(const hf_flow_point *point, const double *gamma);

/* x (H, T) = w_i sum_l Gamma_kl s_li by modes, for any matrix in place of Gamma and any field in place of s. */
void hf_cloud_push(const hf_problem *problem, const double *gamma, const double *s, double *x);

#endif
