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
 * (without what keeps it back, restraint.h)
 *
 * (Yuksel et al. 2026, section 3, generalized to classes of r_i replicas seen at c_i copies, n_i = r_i c_i; with the drift
 * of minibatch SGD, drift.h, g~ takes the place of g in a' and P may be negative.) The state y
 * holds the modes of basis.h: values (H, R), then logits (H, T), row n = mode n. Every product of two head-dependent
 * quantities is formed from modes and every difference of attentions through expm1, so that contrasts of size 1e-200
 * evolve with full relative accuracy and contrasts that are 0 stay exactly 0.
 *
 * A flow is the equations and the coordinates they are written in; what they are at a state is a point of the flow
 * (flow_point.h). Only hf_flow_rebase and hf_flow_use_basis change a flow. */
#ifndef HF_FLOW_FLOW_H
#define HF_FLOW_FLOW_H

#include "core/error.h"
#include "flow/basis.h"
#include "flow/problem.h"
#include "system/system.h"

#include <stdbool.h>
#include <stddef.h>

/* What kind of flow it is, chosen once: rows of the tables of attention.h, values.h, drift.h, restraint.h and step.h. */
typedef struct hf_attention_kind hf_attention_kind;
typedef struct hf_value_kind hf_value_kind;
typedef struct hf_drift_kind hf_drift_kind;
typedef struct hf_decay_kind hf_decay_kind;
typedef struct hf_step_kind hf_step_kind;

/* Read-only for others. */
typedef struct {
    const hf_problem *problem; /* not owned */
    const hf_attention_kind *attention;
    const hf_value_kind *values;
    const hf_drift_kind *drift;
    const hf_decay_kind *decay;
    bool is_restrained; /* by restraint.h */
    const hf_step_kind *step;
    hf_basis *basis;           /* owned */
    const struct hf_directions *directions; /* parameters that it is followed along (direction.h), not owned; NULL: none */
    hf_error_group *group;     /* (3 H) values of every mode, then logits, then columns of Gamma (cloud.h); owned */
    double *free_value, *free_logit; /* (H) by modes: 1, or 0 for those that are held; owned */
} hf_flow;

/* A flow whose contrasts fit the problem's initial state. The problem must outlive it. Errors: HF_ESYSTEM. */
hf_status hf_flow_create(hf_flow **flow, const hf_problem *problem, hf_error *err);

void hf_flow_free(hf_flow *flow);

/* Number of coordinates of a state, H (R + T). */
size_t hf_flow_size(const hf_flow *flow);

/* The problem's initial state. y: (size). */
void hf_flow_start(const hf_flow *flow, double *y);

/* Chooses the contrasts anew from the state y and rewrites y in them. Points and states of the flow are in the old ones: they
 * are to be evaluated, or rewritten, anew. Errors: HF_ESYSTEM (flow and y unchanged). */
hf_status hf_flow_rebase(hf_flow *flow, double *y, hf_error *err);

/* Takes the contrasts made from a distance matrix (H, H), as an earlier flow's basis->distance; points likewise. Errors:
 * HF_ESYSTEM. */
hf_status hf_flow_use_basis(hf_flow *flow, const double *distance, hf_error *err);

/* Rewrites x, (size), in the contrasts made from a distance matrix, as hf_flow_use_basis takes it, in the present ones. Errors:
 * HF_ESYSTEM. */
hf_status hf_flow_recast(const hf_flow *flow, const double *distance, double *x, hf_error *err);

/* Inner product in which a gradient flow has a symmetric Jacobian and P = |y'|^2: sum v w / rho_v + sum n_i a b / rho_a. A rate
 * of 0 leaves its part out. */
double hf_flow_inner(const hf_flow *flow, const double *x, const double *y);

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
