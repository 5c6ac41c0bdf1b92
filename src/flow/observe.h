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

#include "flow/flow_point.h"

typedef struct {
    const hf_problem *problem;                            /* of the flow; not owned */
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

/* Memory for observations of a problem's flow. Errors: HF_ESYSTEM. Free with hf_observation_clear. */
hf_status hf_observation_init(hf_observation *observation, const hf_problem *problem, hf_error *err);

/* Legal on a zeroed observation. */
void hf_observation_clear(hf_observation *observation);

/* The overlap alone. Here and below: at the state of a point. */
double hf_least_overlap(const hf_flow_point *point);

/* overlap (H, H): the cosine of the attentions of every pair of heads, 1 exactly where their values and logits are equal bit
 * for bit and below it elsewhere. The point is at y. */
void hf_pair_overlaps(const hf_flow_point *point, const double *y, double *overlap);

/* sum_k share_kj of pattern j (from 0): what the heads together give along u_j on p_j. */
double hf_total_share(const hf_flow_point *point, size_t j);

/* The loss on the test data alone, likewise; the problem must have them. */
double hf_test_loss(const hf_flow_point *point);

/* Loss and speed in the span of the problem's own features (hf_problem.span): without what values outside it add. Equal to the
 * flow's where there is nothing outside. */
void hf_span_loss(const hf_flow_point *point, double *loss, double *speed);

/* Observes a point that is at y (size of a state). */
void hf_observe(const hf_flow_point *point, const double *y, hf_observation *observation);

/* Adds the rates at which the shares change along the flow to what hf_observe has seen of this point. */
void hf_observe_share_rates(hf_flow_point *point, hf_observation *observation);

#endif
