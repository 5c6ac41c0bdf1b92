/* What the libraries underneath are told: no pool of threads that spins, and no products side by side where the BLAS cannot.
 * Two functions of OpenBLAS are replaced here by ones that can be told what to say (the test is linked with -rdynamic). */
#include "check.h"

#include "core/blas.h"
#include "core/init.h"

#include <dirent.h>
#include <gsl/gsl_cblas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_vector.h>
#include <string.h>

static int parallel = 1;
static char built[80] = "OpenBLAS";

__attribute__((visibility("default"))) int openblas_get_parallel(void);
int openblas_get_parallel(void)
{
    return parallel;
}

__attribute__((visibility("default"))) char *openblas_get_config(void);
char *openblas_get_config(void)
{
    return built;
}

static size_t threads_now(void)
{
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        skip();
    while (true) {
        const struct dirent *entry = readdir(tasks);
        if (entry == NULL)
            break;
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

/* Two calls: the second finds nothing left to do. Products are still made, by one thread. */
static void test_no_pool(void **state)
{
    enum { n = 300 };
    static double a[n * n], b[n * n];
    (void)state;
    for (int call = 0; call < 2; call++) {
        hf_init();
        assert_int_equal(threads_now(), 1);
    }
    for (size_t i = 0; i < (size_t)n * n; i++)
        a[i] = (double)(i % 7);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a, n, a, n, 0, b, n);
    double want = 0;
    for (size_t i = 0; i < n; i++)
        want += a[i] * a[i];
    assert_true(b[0] == want);
    assert_int_equal(threads_now(), 1);
}

static void test_gsl_does_not_abort(void **state)
{
    (void)state;
    hf_init();
    assert_null(gsl_vector_alloc_from_block(NULL, 0, 0, 0));
}

/* A BLAS for one thread may be asked by several at a time only if it has locks. */
static void test_shared(void **state)
{
    static const struct {
        int parallel;
        const char *built;
        bool shared;
    } cases[] = {{1, "OpenBLAS 0.3.21 DYNAMIC_ARCH Haswell MAX_THREADS=64", true},
                 {2, "OpenBLAS 0.3.21 USE_OPENMP", true},
                 {0, "OpenBLAS 0.3.21 SINGLE_THREADED", false},
                 {0, "OpenBLAS 0.3.29 SINGLE_THREADED USE_LOCKING", true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parallel = cases[i].parallel;
        snprintf(built, sizeof built, "%s", cases[i].built);
        assert_int_equal(hf_blas_is_shared(), cases[i].shared);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_pool),
        cmocka_unit_test(test_gsl_does_not_abort),
        cmocka_unit_test(test_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
