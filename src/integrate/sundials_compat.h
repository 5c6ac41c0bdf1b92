/* sundials_compat: what is said differently to SUNDIALS 6.4 and later and to SUNDIALS 7.
 *
 * Everything else is written as both understand it: sunrealtype and sunbooleantype, and codes of CVODE, not of its linear
 * solvers. SUNDIALS 7 names its communicator and hands errors to its context, from where they go to standard error unless
 * nobody is left to take them. (Private to integrate/.) */
#ifndef HF_INTEGRATE_SUNDIALS_COMPAT_H
#define HF_INTEGRATE_SUNDIALS_COMPAT_H

#include <cvode/cvode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sundials/sundials_config.h>

/* Before SUNDIALS makes small things without looking whether it got the memory (a context, Krylov's Hessenberg matrix): more than
 * they take is taken and given back. Where memory ends, it ends here. */
static inline bool hf_sundials_reserve(void)
{
    void *volatile reserve = malloc(65536);
    const bool there = reserve != NULL;
    free(reserve);
    return there;
}

#if SUNDIALS_VERSION_MAJOR >= 7

#include <sundials/sundials_context.h>

/* A context that says nothing. False: out of memory. Free with SUNContext_Free. */
static inline bool hf_sundials_context(SUNContext *context)
{
    return hf_sundials_reserve() && SUNContext_Create(SUN_COMM_NULL, context) == SUN_SUCCESS &&
           SUNContext_ClearErrHandlers(*context) == SUN_SUCCESS;
}

/* Makes an integrator of the context say nothing. */
static inline bool hf_sundials_silence(void *cvode)
{
    (void)cvode; /* the context does it */
    return true;
}

#else

static inline void hf_sundials_ignore(int code, const char *module, const char *function, char *message, void *data)
{
    (void)code, (void)module, (void)function, (void)message, (void)data;
}

static inline bool hf_sundials_context(SUNContext *context)
{
    return hf_sundials_reserve() && SUNContext_Create(NULL, context) == 0;
}

static inline bool hf_sundials_silence(void *cvode)
{
    return CVodeSetErrHandlerFn(cvode, hf_sundials_ignore, NULL) == CV_SUCCESS;
}

#endif

#endif
