#include "core/blas.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What OpenBLAS can be asked, wherever it comes from (LAPACK and ARPACK bring a BLAS of their own choice); NULL: it is not
 * there. */
typedef struct {
    void (*set_threads)(int count);
    int (*parallel)(void); /* 0: built for one thread */
    char *(*built)(void);  /* how */
} openblas;

/* The function of that name in the process. C knows no conversion from an object's address to a function's; POSIX does. */
static void find(void *process, const char *name, void *function)
{
    void *const address = dlsym(process, name);
    memcpy(function, &address, sizeof address);
}

static openblas find_openblas(void)
{
    openblas blas = {NULL, NULL, NULL};
    void *const process = dlopen(NULL, RTLD_LAZY);
    if (process == NULL)
        return blas;
    find(process, "openblas_set_num_threads", &blas.set_threads);
    find(process, "openblas_get_parallel", &blas.parallel);
    find(process, "openblas_get_config", &blas.built);
    dlclose(process);
    return blas;
}

void hf_blas_use_one_thread(void)
{
    const openblas blas = find_openblas();
    if (blas.set_threads != NULL)
        blas.set_threads(1);
}

bool hf_blas_is_shared(void)
{
    const openblas blas = find_openblas();
    if (blas.parallel == NULL || blas.parallel() != 0)
        return true;
    return blas.built != NULL && strstr(blas.built(), "USE_LOCKING") != NULL;
}

hf_status hf_blas_check_room(hf_error *err)
{
    void *volatile room = malloc((size_t)160 << 20); /* addresses only: nothing is written there */
    const bool there = room != NULL;
    free(room);
    if (there || find_openblas().set_threads == NULL)
        return HF_OK;
    return hf_fail(err, HF_ESYSTEM, "out of memory for products of matrices, which take 128 MiB of addresses for each thread (ulimit -v)");
}
