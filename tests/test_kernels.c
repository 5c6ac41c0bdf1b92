/* The kernels of the regression transformer: every sum in the order that kernels.h and kernels_registers.h say, for registers of
 * every size, to the last bit. */
#include "support.h"

#include "train/kernels.c" /* for each size of registers */

#include <stdlib.h>

enum { MOST_ROWS = 11, MOST_COLUMNS = 40, MOST_VECTORS = 7, GAP = 3, SIZES = 3 };

/* Those that this processor has. */
static size_t list_sizes(kernels *size)
{
    size_t count = 0;
    size[count++] = (kernels){combine_16, products_16};
#ifdef HF_HAVE_TARGET_CLONES
    if (__builtin_cpu_supports("avx2"))
        size[count++] = (kernels){combine_32, products_32};
    if (__builtin_cpu_supports("avx512f"))
        size[count++] = (kernels){combine_64, products_64};
#endif
    return count;
}

/* What is read is at the end of memory of its own, so that a sanitizer sees a number too far. */
static double *draw(random_source *random, size_t count)
{
    double *x = numbers(count);
    for (size_t i = 0; i < count; i++)
        x[i] = draw_uniform(random) < 0.1 ? 0 : draw_normal(random);
    return x;
}

static double *copy(const double *x, size_t count)
{
    return memcpy(numbers(count), x, count * sizeof *x);
}

static void check_combine(random_source *random, size_t vectors, size_t rows, size_t d)
{
    kernels size[SIZES];
    const size_t sizes = list_sizes(size), weight_row = rows + GAP, sum_row = d + GAP;
    double *x = draw(random, rows * d), *weight = draw(random, (vectors - 1) * weight_row + rows);
    double *before = draw(random, (vectors - 1) * sum_row + d), *want = copy(before, (vectors - 1) * sum_row + d);
    for (size_t v = 0; v < vectors; v++)
        for (size_t c = 0; c < d; c++) {
            double sum = 0;
            for (size_t i = 0; i < rows; i++)
                sum += weight[v * weight_row + i] * x[i * d + c];
            want[v * sum_row + c] = sum;
        }
    for (size_t n = 0; n < sizes; n++) {
        double *got = copy(before, (vectors - 1) * sum_row + d);
        size[n].combine(vectors, rows, d, x, weight, weight_row, got, sum_row);
        assert_memory_equal(got, want, ((vectors - 1) * sum_row + d) * sizeof *got);
        free(got);
    }
    free(x);
    free(weight);
    free(before);
    free(want);
}

/* Column c is in lane c % HF_KERNEL_LANES, of an incomplete last group in those of the last HF_KERNEL_LANES columns. */
static size_t lane_of(size_t c, size_t d)
{
    const size_t whole = d - d % HF_KERNEL_LANES;
    return c < whole ? c % HF_KERNEL_LANES : d < HF_KERNEL_LANES ? c : c + HF_KERNEL_LANES - d;
}

static void check_products(random_source *random, size_t vectors, size_t rows, size_t d)
{
    kernels size[SIZES];
    const size_t sizes = list_sizes(size), w_row = d + GAP, count = vectors * rows * HF_KERNEL_LANES;
    double *x = draw(random, rows * d), *w = draw(random, (vectors - 1) * w_row + d);
    double *before = draw(random, count), *want = copy(before, count);
    for (size_t v = 0; v < vectors; v++)
        for (size_t i = 0; i < rows; i++)
            for (size_t c = 0; c < d; c++)
                want[(v * rows + i) * HF_KERNEL_LANES + lane_of(c, d)] += x[i * d + c] * w[v * w_row + c];
    for (size_t n = 0; n < sizes; n++) {
        double *got = copy(before, count);
        size[n].products(vectors, rows, d, x, w, w_row, got);
        for (size_t i = 0; i < count; i++)
            assert_true(got[i] == want[i]);
        free(got);
    }
    free(x);
    free(w);
    free(before);
    free(want);
}

static void check_all(void (*check)(random_source *, size_t, size_t, size_t))
{
    random_source random = {20261127};
    for (size_t vectors = 1; vectors <= MOST_VECTORS; vectors++)
        for (size_t rows = 1; rows <= MOST_ROWS; rows++)
            for (size_t d = 1; d <= MOST_COLUMNS; d++)
                check(&random, vectors, rows, d);
}

static void test_combine(void **state)
{
    (void)state;
    check_all(check_combine);
}

static void test_products(void **state)
{
    (void)state;
    check_all(check_products);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combine),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
