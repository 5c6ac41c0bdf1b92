/* vector: SUNDIALS' serial vector with the operations CVODE spends its time in rewritten as vectorizable loops. */
#ifndef HF_INTEGRATE_VECTOR_H
#define HF_INTEGRATE_VECTOR_H

#include <sundials/sundials_nvector.h>

#include <stddef.h>

/* A vector of length numbers, cloned by CVODE with these operations. NULL: out of memory. */
N_Vector hf_vector_create(size_t length, SUNContext context);

#endif
