/* vector: SUNDIALS' serial vector with the operations CVODE spends its time in rewritten as vectorizable loops. */
#ifndef HF_INTEGRATE_VECTOR_H
#define HF_INTEGRATE_VECTOR_H

#include <sundials/sundials_nvector.h>

#include <stddef.h>

/* A vector of length numbers, cloned by CVODE with these operations, and room for as many clones: CVODE does not look whether a clone
 * was to be had. Beyond that they are made when they are asked for. NULL: out of memory. N_VDestroy frees the vector, and the room with
 * it: its clones must be destroyed before. */
N_Vector hf_vector_create(size_t length, size_t clones, SUNContext context);

#endif
