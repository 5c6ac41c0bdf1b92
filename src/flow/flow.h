/* flow: the gradient flow of H attention heads on T position classes and R features, in mean and difference coordinates.
 *
 *     s_ki = exp(a_ki) / sum_l n_l exp(a_kl)                attention on one position of class i
 *     E_ri = G_ri - sum_k v_kr c_i s_ki                     residual
 *     L    = 1/2 sum_i r_i sum_r omega_ri E_ri^2            loss (with decay: + lambda/2 sum |v_k|^2)
 *     g_ki = sum_r omega_ri E_ri v_kr,   h_ki = g_ki - sum_l n_l s_kl g_kl
 *     v_kr' = rho_v (sum_i n_i omega_ri E_ri s_ki - lambda v_kr)
 *     a_ki' = rho_a s_ki h_ki                               logit geometry: gradient flow in zero-mean logits
 *     a_ki' = rho_a (g_ki - sum_l n_l g_kl / sum_l n_l)     replicator geometry: Fisher metric on the simplex
 *
 * (Yuksel et al. 2026, section 3, generalized to classes of r_i replicas seen at c_i copies, n_i = r_i c_i; with the drift
 * of minibatch SGD, drift.h, g~ takes the place of g in a' and P may be negative.) The state y
 * holds the modes of basis.h: values (H, R), then logits (H, T), row n = mode n. Every product of two head-dependent
 * quantities is formed from modes and every difference of attentions through expm1, so that contrasts of size 1e-200
 * evolve with full relative accuracy and contrasts that are 0 stay exactly 0.
 *
 * A flow is evaluated at one state at a time: hf_flow_at computes everything that depends on y alone, the functions
 * after it refer to that state. Only memory of the flow's own is written: two flows may be used by two threads. */
#ifndef HF_FLOW_FLOW_H
#define HF_FLOW_FLOW_H

#include "core/error.h"
#include "flow/basis.h"
#include "flow/problem.h"
#include "system/system.h"

#include <stdbool.h>
#include <stddef.h>

/* What hf_flow_at leaves behind, read-only for others. Rows are modes unless said otherwise. */
typedef struct {
    const hf_problem *problem; /* not owned */
    hf_basis *basis;           /* owned */
    hf_error_group *group;           /* (2 H) values of every mode, then logits of every mode; owned */
    double loss, speed;        /* L and P = -dL/dt */
    double beta;               /* of drift.h; 0 without drift */
    double descent;            /* with drift: what P would be without, a sum of squares */

    double *value;     /* (H, R) the values: the state's, or the optimal ones */
    double *attention; /* (H, T) s_ki */
    double *pull;      /* (R, T) omega_ri E_ri; no modes */
    double *gain;      /* (H, T) h_ki, with drift h~_ki */
    double *ascent;    /* (H, T) s_ki h_ki, with drift s_ki h~_ki */
    double *force;     /* (H, R) sum_i n_i omega_ri E_ri s_ki = -dL/dv_kr without decay */
    double *shift;     /* (H) sum_l n_l s_kl g_kl - sum_l n_l g_kl / sum_l n_l: from h to the replicator's velocity */

    /* (H, T) h_ki and s_ki h_ki = -dL/da_ki / n_i of the loss: gain and ascent themselves where there is no drift. */
    double *loss_gain, *loss_ascent;

    double *weight; /* (H, T) by head: exp(a_ki) up to a factor */
    double *norm;   /* (H) by head: that factor, s_ki = weight_ki norm_k */
    double *edge;   /* (H, T) s_to - s_from along every edge, [0] scratch, also of curvature.c */

    double *normal;    /* (R, H, H) for optimal.c */
    double *change;    /* (H, R) the optimal values' change */
    double *scratch;   /* (2 H + R, T), at least four blocks of H rows, for what is asked at the state of hf_flow_at */
    double *direction; /* (size of a state) and */
    double *turned;    /* (H, T) for hf_flow_hessian_times */
    double *moved;     /* (H HF_BLOCK + H) for hf_flow_speed_rate with drift */
    double *small;     /* (3, H, max(H, R)) */
} hf_flow;

/* A flow whose contrasts fit the problem's initial state. The problem must outlive it. Errors: HF_ESYSTEM. */
hf_status hf_flow_create(hf_flow **flow, const hf_problem *problem, hf_error *err);

void hf_flow_free(hf_flow *flow);

/* Number of coordinates of a state, H (R + T). */
size_t hf_flow_size(const hf_flow *flow);

/* The problem's initial state. y: (size). */
void hf_flow_start(const hf_flow *flow, double *y);

/* Chooses the contrasts anew from the state y and rewrites y in them. Errors: HF_ESYSTEM (flow and y unchanged). */
hf_status hf_flow_rebase(hf_flow *flow, double *y, hf_error *err);

/* Takes the contrasts made from a distance matrix (H, H), as an earlier flow's basis->distance. Errors: HF_ESYSTEM. */
hf_status hf_flow_use_basis(hf_flow *flow, const double *distance, hf_error *err);

/* Evaluates the flow at y. False if something is not finite (hf_flow_blame says what). */
bool hf_flow_at(hf_flow *flow, const double *y);

/* y' at the state of hf_flow_at. velocity: (size). */
void hf_flow_velocity(const hf_flow *flow, double *velocity);

/* result = J x, the velocity's derivative along x, at the state of hf_flow_at; all (size). */
void hf_flow_jacobian_times(hf_flow *flow, const double *x, double *result);

/* result = the change of the loss's gradient along x, its second derivative in values and logits, by modes; all (size). */
void hf_flow_gradient_change(hf_flow *flow, const double *x, double *result);

/* Inner product in which the logit flow is a gradient flow and J is symmetric: sum v w / rho_v + sum n_i a b / rho_a. A
 * rate of 0 leaves its part out. */
double hf_flow_inner(const hf_flow *flow, const double *x, const double *y);

/* Probability that head k gives one position of class i at the state of hf_flow_at. attention: (T). */
void hf_flow_head_attention(const hf_flow *flow, size_t head, double *attention);

/* max_k |sum_i n_i a_ki| / sum_i n_i: how far their mean, which is 0, has moved. */
double hf_flow_mean_logit(const hf_flow *flow, const double *y);

/* Size of the contrasts, sqrt(sum |v|^2 + sum_i n_i a_i^2), safe against underflow; exactly 0 when all heads are equal.
 * *rate: its logarithmic derivative along velocity, nan when it is 0. */
double hf_flow_divergence(const hf_flow *flow, const double *y, const double *velocity, double *rate);

/* Names the first head's coordinate that is not finite in a state or velocity y, as in "logit of head 2, position 7".
 * False if all are finite. */
bool hf_flow_blame(const hf_flow *flow, const double *y, char *text, size_t capacity);

/* Names coordinate index of the state, as in "mean logit at position 7" or "value on feature 2, heads 1 and 3 compared". */
void hf_flow_coordinate_name(const hf_flow *flow, size_t index, char *text, size_t capacity);

#endif
