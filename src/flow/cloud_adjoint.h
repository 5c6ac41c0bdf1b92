/* cloud_adjoint: the transposed derivative of a flow with its cloud, and the noise along a covector (private to flow/ and run/spread.c).
 *
 * A covector x has the coordinates of a state (cloud.h) and pairs with a change of it as sum x dy over values and logits plus <X, dGamma> over
 * all H x H entries: an entry off the diagonal, stored once, counts twice. All at the state of hf_cloud_at. */
#ifndef HF_FLOW_CLOUD_ADJOINT_H
#define HF_FLOW_CLOUD_ADJOINT_H

#include "flow/cloud.h"

/* result = J^T x of the plain flow. x, result: (size with Gamma), apart; work: (3, size without). */
void hf_cloud_adjoint_times(hf_flow_point *point, const double *x, double *result, double *work);

/* The gradient of the loss. result: (size with Gamma). */
void hf_cloud_gradient(const hf_flow_point *point, double *result);

/* x^T C x, with lr / batch C the covariance that minibatches of fresh samples add to values and logits in unit time: with y = the rates times x and Q
 * what y does to the output, N = E E^T, in the norm of the loss and alpha and gamma of cloud.h,
 *
 *     2 alpha L_0 |Q|^2 + alpha (E.Q)^2 + (alpha + gamma) N:(Q Q^T) + alpha tr (E Q^T)^2 + gamma |E Q^T|^2 + sigma^2 |Q|^2
 *
 * formed by modes: no digits are lost where x is as large as contrasts are small. work: (size without, and 2 R T). */
double hf_cloud_noise_along(const hf_flow_point *point, const double *x, double *work);

/* The same by parts, x^T C x = sum_k sign_k (sum_i x_i part_ik)^2, k = 0..count - 1: those of A = E Q^T, of its trace and of Q. sign:
 * (count). part: (size without, count). work: (2 sizes without, 2 R T and R R). */
size_t hf_cloud_noise_count(const hf_problem *problem);
void hf_cloud_noise_signs(const hf_problem *problem, double *sign);
void hf_cloud_noise_parts(const hf_flow_point *point, double *part, double *work);

#endif
