/* observe: what a theorist looks at along the flow, in head coordinates and against the patterns of the task.
 *
 *     mass_kj        = sum_{i in supp p_j} n_i s_ki                     attention of head k on pattern j
 *     value_kj       = <u_j, v_k>
 *     share_kj       = value_kj <p_j, c s_k> / (m_j |u_j|^2 |p_j|^2)    part of pattern j that head k carries; sums to 1 once
 *                                                                       learned. Products of patterns count replicas.
 *     pattern_loss_j = 1/2 sum_i r_i omega_ji <u_j, E_i>^2 / |u_j|^2    loss along feature j
 *     distance_k     = 1/2 sum_i r_i sum_r omega_ri (sum_h v_hr c_i s_hi - sum_{j<=k} m_j u_jr p_ji)^2
 *                                                                       to the models that know k patterns; k = 0..J
 *     test_loss      = 1/2 sum_i r_i sum_r omega'_ri E_ri^2             with the input variance omega' of the test data
 *     overlap        = least cosine between the attentions of two heads, over positions; 1 for one head, exactly 1 for equal
 *                      ones */
#ifndef HF_FLOW_OBSERVE_H
#define HF_FLOW_OBSERVE_H

#include "flow/flow.h"

typedef struct {
    hf_flow *flow;                                        /* that is observed; not owned */
    double loss, speed, overlap, divergence, growth_rate; /* growth_rate: d log(divergence)/dt, nan at divergence 0 */
    double test_loss;                                     /* nan without test data */
    double *pattern_loss;                                 /* (J) */
    double *distance;                                     /* (J + 1) */
    double *mass;                                         /* (H, J) */
    double *value;                                        /* (H, J) */
    double *share;                                        /* (H, J) */
    double *share_rate;                                   /* (H, J) d share/dt, of hf_observe_share_rates */
    double *head_value;                                   /* (H, R) v_kr */
    double *attention;                                    /* (H, T) s_ki */
    double *output;   /* (R, T) scratch: what the heads give together, sum_k v_kr c_i s_ki */
    double *velocity; /* (size of a state) scratch */
} hf_observation;

/* Memory for a flow's observations. Errors: HF_ESYSTEM. Free with hf_observation_clear. */
hf_status hf_observation_init(hf_observation *observation, hf_flow *flow, hf_error *err);

/* Legal on a zeroed observation. */
void hf_observation_clear(hf_observation *observation);

/* The overlap alone, at the state of the flow's last hf_flow_at. */
double hf_least_overlap(const hf_flow *flow);

/* overlap (H, H): the cosine of the attentions of every pair of heads, 1 exactly where their values and logits are equal bit
 * for bit and below it elsewhere. At the state y of the flow's last hf_flow_at. */
void hf_pair_overlaps(const hf_flow *flow, const double *y, double *overlap);

/* sum_k share_kj of pattern j (from 0): what the heads together give along u_j on p_j. */
double hf_total_share(const hf_flow *flow, size_t j);

/* The loss on the test data alone, likewise; the problem must have them. */
double hf_test_loss(const hf_flow *flow);

/* Loss and speed in the span of the problem's own features (hf_problem.span), at the state of the flow's last hf_flow_at:
 * without what values outside it add. Equal to the flow's where there is nothing outside. */
void hf_span_loss(const hf_flow *flow, double *loss, double *speed);

/* Evaluates the flow at y (size of a state) and observes. */
void hf_observe(hf_flow *flow, const double *y, hf_observation *observation);

/* Adds the rates at which the shares change along the flow to what hf_observe has just observed. */
void hf_observe_share_rates(hf_flow *flow, hf_observation *observation);

#endif
