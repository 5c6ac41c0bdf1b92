/* cloud_newton: solves (I - gamma J) x = b approximately where Gamma is a part of the state (private to flow/).
 *
 * Values and logits are solved for by newton.h as if Gamma did not push, then Gamma, whose own equation is (1 + 2 gamma rho_v lambda) x +
 * gamma rho_v (S x + x S) = b, in the eigenvectors of S, and what is left over, by the exact J of the plain flow, once more. The
 * eigenvectors are found by Jacobi rotations, which keep the digits of entries between contrasts, however small these are. */
#ifndef HF_FLOW_CLOUD_NEWTON_H
#define HF_FLOW_CLOUD_NEWTON_H

#include "flow/cloud.h"

typedef struct hf_cloud_newton hf_cloud_newton;

/* As those of newton.h. Errors: HF_ESYSTEM. */
hf_status hf_cloud_newton_create(hf_cloud_newton **newton, const hf_flow *flow, hf_error *err);
void hf_cloud_newton_free(hf_cloud_newton *newton);
bool hf_cloud_newton_setup(hf_cloud_newton *newton, const hf_flow_point *point, double gamma);
void hf_cloud_newton_solve(hf_cloud_newton *newton, const double *b, double *x);

#endif
