/* The kernels of the regression transformer: every sum in the order that kernels.h and kernels_registers.h say, for registers of
 * every size and both precisions, to the last bit. */
#include "support.h"

#include "train/kernels.c" /* for each size of registers */

#include <float.h>
#include <stdlib.h>

enum { MOST_ROWS = 9, MOST_COLUMNS = 40, MOST_VECTORS = 7, GAP = 3, SIZES = 3 };

/* Those that this processor has. */
static size_t list_sizes(kernels *size)
{
    size_t count = 0;
    size[count++] = (kernels)KERNELS(16);
#ifdef HF_HAVE_TARGET_CLONES
    if (__builtin_cpu_supports("avx2"))
        size[count++] = (kernels)KERNELS(32);
    if (__builtin_cpu_supports("avx512f"))
        size[count++] = (kernels)KERNELS(64);
#endif
    return count;
}

#define REAL          double
#define SUMS          8
#define PRECISION(of) of##_double
#define COMBINE       combine
#define PRODUCTS      products
#include "kernels_checks.h"

#define REAL          float
#define SUMS          16
#define PRECISION(of) of##_single
#define COMBINE       combine_single
#define PRODUCTS      products_single
#include "kernels_checks.h"

static void check_all(void (*check)(random_source *, size_t, size_t, size_t))
{
    random_source random = {20261127};
    if (FLT_EVAL_METHOD != 0)
        skip(); /* sums of more bits than their numbers have depend on what is kept in registers */
    for (size_t vectors = 1; vectors <= MOST_VECTORS; vectors++)
        for (size_t rows = 1; rows <= MOST_ROWS; rows++)
            for (size_t d = 1; d <= MOST_COLUMNS; d++)
                check(&random, vectors, rows, d);
}

static void test_combine(void **state)
{
    (void)state;
    check_all(check_combine_double);
    check_all(check_combine_single);
}

static void test_products(void **state)
{
    (void)state;
    check_all(check_products_double);
    check_all(check_products_single);
}

/* No rows: nothing is added up. */
static void test_no_rows(void **state)
{
    (void)state;
    double sum[2] = {1, 2};
    const double none[2] = {3, 4};
    hf_kernel_combine(1, 0, 2, none, none, 0, sum, 2);
    assert_true(sum[0] == 0 && sum[1] == 0);
}

/* Of numbers of single precision the products are exact in double, and so are sums of few bits. */
static void test_sums_of_single_precision(void **state)
{
    (void)state;
    enum { MOST = 40 };
    float x[MOST], y[MOST], lanes[HF_KERNEL_LANES_SINGLE];
    double sum = 0, all = 0;
    for (size_t i = 0; i < MOST; i++) {
        x[i] = (float)(1 + i) * 0x1p-30f + 1;
        y[i] = (float)(7 * i % 11) - 3;
        assert_true(hf_kernel_dot_single(i, x, y) == sum);
        sum += (double)x[i] * (double)y[i];
    }
    for (size_t l = 0; l < HF_KERNEL_LANES_SINGLE; l++)
        all += (double)(lanes[l] = l == 3 ? 0x1p30f : (float)l);
    assert_true(hf_kernel_sum_single(lanes) == all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combine),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_sums_of_single_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
