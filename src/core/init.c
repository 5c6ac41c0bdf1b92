#include "core/init.h"

#include "core/blas.h"

#include <gsl/gsl_errno.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* What OpenBLAS starts its pool with. The dynamic linker takes the program's own function of that name, which must be seen from outside
 * for that; weak: a static OpenBLAS keeps its own. With one thread for every product (hf_init) the pool is never missed. */
int blas_thread_init(void);
__attribute__((weak, visibility("default"))) int blas_thread_init(void)
{
    return 0;
}

void hf_init(void)
{
    gsl_set_error_handler_off();
    hf_blas_use_one_thread();
#ifdef _OPENMP
    omp_set_max_active_levels(2);
#endif
}
