/* flow_near: what the flow is close to a state at which it has been evaluated, without another evaluation: for system.h.
 *
 * At the end of a step the integrator knows the state y and its velocity y' (the derivative of its polynomial), but the flow
 * has been evaluated at y* only, where the last Newton iteration started. Where y' = -M^-1 grad L with a metric M of constants (logit
 * geometry, no drift, no finite steps),
 *
 *     P = y' . M y'        L(y) = L(y*) - (y - y*) . M (y'(y*) + y') / 2 + O(|y - y*|^3)
 */
#ifndef HF_FLOW_FLOW_NEAR_H
#define HF_FLOW_FLOW_NEAR_H

#include "flow/flow_point.h"

/* L and P at y, near the state `from` of hf_flow_at, where the velocity is given; all (size). False: the metric is not one of
 * constants, or the flow is restrained. */
bool hf_flow_near(const hf_flow_point *point, const double *from, const double *y, const double *velocity, double *loss,
                  double *speed);

#endif
