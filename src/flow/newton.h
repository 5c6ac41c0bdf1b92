/* newton: solves (I - gamma J) x = b for the flow's Jacobian J in O(T) operations.
 *
 * Given z = (dv, sigma, c) with sigma_k = sum_i n_i s_ki da_ki and c_k = rho_a gamma d<g>_k, the unknowns da_ki of one
 * position form an H x H system of their own, so I - gamma J is block diagonal with a border of H (R + 2). With D and F
 * multiplication by s_i and by (s h)_i in the coordinates of basis.h, M by what multiplies h in the velocity of the logits (D in
 * the logit geometry, I in the mirror flow of the replicator geometry, where F is 0), C_i = sum_r omega_ri v_r v_r^T and
 *
 *     (G_i dv)_m = gamma sum_r omega_ri (E_ri dv_mr - c_i v_mr sum_n s_ni dv_nr)
 *
 * the rows of position i are
 *
 *     B = I - gamma rho_a (F - c_i M C D),   B da = b + rho_a M G dv + (B - I) sigma - M c
 *
 * and the border's rows are those of dv, sum_i n_i da_i = sum_i n_i b_i (the zero mean, in place of the definition of c:
 * written so, no digits are lost at large gamma) and the definition of sigma. Exact zeros between mean and contrasts stay
 * exact.
 *
 * With the drift of SGD (drift.h), F multiplies by (s h~)_i, C_i has beta omega_i I added, and one more unknown of the
 * border, l = dL, changes beta: -2 kappa gamma rho_a w_i l M s_i is added on the right. Its row is
 * l + sum force dv + sum_i n_i (s h)_i da_i = 0. */
#ifndef HF_FLOW_NEWTON_H
#define HF_FLOW_NEWTON_H

#include "flow/flow_point.h"

typedef struct hf_newton hf_newton;

/* Memory for a flow's systems. The flow must outlive it. Errors: HF_ESYSTEM. Free with hf_newton_free. */
hf_status hf_newton_create(hf_newton **newton, const hf_flow *flow, hf_error *err);

void hf_newton_free(hf_newton *newton);

/* Factors I - gamma J at the state of a point of the flow. False if it is singular or not finite. */
bool hf_newton_setup(hf_newton *newton, const hf_flow_point *point, double gamma);

/* Solves with the last factorization; the point may have moved on. b, x: (size of the flow's state), not overlapping. */
void hf_newton_solve(hf_newton *newton, const double *b, double *x);

#endif
