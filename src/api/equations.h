/* equations: somebody's own (hf_equations of headflow.h) as a system of this house (system.h). Without a Newton solve: the integrator's
 * Krylov iterations take the Jacobian's product, given or from central differences of the velocity. */
#ifndef HF_API_EQUATIONS_H
#define HF_API_EQUATIONS_H

#include "system/system.h"

#include "api/headflow.h"

typedef struct {
    hf_equations given; /* with lists of its own */
    hf_error_group group;
} hf_own_system;

/* Copies what a caller gave; fields that its version of the header does not have are 0. Errors: HF_EUSAGE (something that is needed is
 * missing), HF_ESYSTEM. Clear with hf_own_clear. */
hf_status hf_own_init(hf_own_system *own, const hf_equations *equations, hf_error *err);

/* Legal on a zeroed one. */
void hf_own_clear(hf_own_system *own);

hf_system hf_own_as_system(hf_own_system *own);

#endif
