/* thread: which of OpenMP's threads this is. */
#ifndef HF_CORE_THREAD_H
#define HF_CORE_THREAD_H

#ifdef _OPENMP
#include <omp.h>
#endif
#include <stddef.h>

/* From 0; 0 without OpenMP. */
static inline size_t hf_this_thread(void)
{
#ifdef _OPENMP
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}

#endif
