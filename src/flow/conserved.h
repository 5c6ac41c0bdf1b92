/* conserved: what the flow of attention.h keeps, as a certificate of its integration: its name (NULL: nothing), and how far it has
 * *moved at the state y. Errors: HF_ESYSTEM. (Private to flow/.) */
#ifndef HF_FLOW_CONSERVED_H
#define HF_FLOW_CONSERVED_H

#include "flow/flow.h"

/* max_k |sum_i n_i a_ki| / sum_i n_i, which is 0: of the softmax. */
const char *hf_conserved_mean_name(const hf_flow *flow);
hf_status hf_conserved_mean(const hf_flow *flow, const double *y, double *moved, hf_error *err);

/* max_k |Q_k / Q_k(0) - 1|, Q_k = sum_i n_i z_ki^2: of scores of which only the ratios count. */
const char *hf_conserved_square_name(const hf_flow *flow);
hf_status hf_conserved_square(const hf_flow *flow, const double *y, double *moved, hf_error *err);

/* max_kl |B_kl - B_kl(0)|, B_kl = v_k . v_l / rho_v - sum_i n_i z_ki z_li / rho_a: of linear attention, of which values and
 * attention are alike. Only where both are learned, without decay; else the name is NULL. */
const char *hf_conserved_balance_name(const hf_flow *flow);
hf_status hf_conserved_balance(const hf_flow *flow, const double *y, double *moved, hf_error *err);

#endif
