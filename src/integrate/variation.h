/* variation: derivatives of an integrated state with respect to parameters, carried along with the integration.
 *
 * With y' = f(y, p), the derivative d = dy / d ln p follows d' = J d + df / d ln p. After every step of the state d makes the same
 * step by the same formula: order, step and leading coefficient are CVODE's, so that d is the derivative of the computed state,
 * with its steps held. One linear system I - gamma J is to be solved for every parameter: by the factorization that the state's
 * own Newton iteration has left, repeated until it has converged, else by one of its own (staggered, as Feehery, Tolsma and Barton
 * 1997). The error of d has no say in the steps: state, times and events are what they are without it, bit for bit.
 *
 * Convergence is judged in every group of coordinates (system.h) by itself and relative to d there, so that contrasts may be as
 * small as numbers are. */
#ifndef HF_INTEGRATE_VARIATION_H
#define HF_INTEGRATE_VARIATION_H

#include "integrate/integrator.h"

typedef struct hf_variation hf_variation;

/* The derivatives of an integration that has just begun, for the parameters of its system, which has a Newton solve of its own.
 * The integrator must outlive it. Errors: HF_ESYSTEM, HF_ENUMERIC. Free with hf_variation_free. */
hf_status hf_variation_create(hf_variation **variation, hf_integrator *integrator, hf_error *err);

void hf_variation_free(hf_variation *variation);

/* Follows the integrator's last step; to be called after each of them. Errors: HF_ENUMERIC (not finite, no convergence). */
hf_status hf_variation_step(hf_variation *variation, hf_error *err);

/* The point at the end of the last step, and there the derivative of the state along a parameter and that one's velocity. */
hf_point *hf_variation_point(hf_variation *variation);
const double *hf_variation_at_end(const hf_variation *variation, size_t parameter, const double **velocity);

/* The derivative at a time within the last step. x: (size of a state). */
void hf_variation_interpolate(hf_variation *variation, size_t parameter, double t, double *x);

/* To be called before and after the integrator's restart. Errors: HF_ESYSTEM, HF_ENUMERIC. */
void hf_variation_before_restart(hf_variation *variation);
hf_status hf_variation_restart(hf_variation *variation, hf_error *err);

/* Just after a restart: all that is to be saved, (count, size), or to be filled before hf_variation_load, once the integrator has
 * gone on from its own saved state. */
double *hf_variation_state(hf_variation *variation, size_t *numbers);
hf_status hf_variation_load(hf_variation *variation, hf_error *err);

#endif
