/* params: what systems other than attention heads are told. */
#ifndef HF_SYSTEM_PARAMS_H
#define HF_SYSTEM_PARAMS_H

#include "core/lists.h"

/* Which flow is integrated. */
typedef enum { HF_SYSTEM_HEADS, HF_SYSTEM_IN_CONTEXT, HF_SYSTEM_CONTENT } hf_system_choice;

extern const char *const hf_system_names[]; /* by hf_system_choice, ended by NULL; as a model file says them */

/* Linear regression in context (in_context.h). */
typedef struct {
    hf_reals eigenvalues; /* (D) of the inputs' covariance */
    size_t length;        /* N pairs in a prompt */
} hf_in_context_task;

/* A single location that is found by its content (content.h), and where that starts. */
typedef struct {
    size_t dim;                 /* d */
    double variance;            /* gamma^2 */
    double inverse_temperature; /* lambda */
    double kappa, nu;           /* overlaps of key and value at the start */
} hf_content_task;

#endif
