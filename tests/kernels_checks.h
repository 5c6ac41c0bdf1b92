/* kernels_checks: the kernels in one precision beside plain loops. A template for test_kernels.c, included where are defined
 *
 *     REAL, SUMS, PRECISION(of)     the type, the lanes of a product, and names
 *     COMBINE, PRODUCTS             members of kernels */

static REAL *PRECISION(draw)(random_source *random, size_t count)
{
    REAL *x = (REAL *)numbers(count * sizeof(REAL) / sizeof(double) + 1);
    for (size_t i = 0; i < count; i++)
        x[i] = draw_uniform(random) < 0.1 ? 0 : (REAL)draw_normal(random);
    return x;
}

/* Of exactly so many numbers, so that a sanitizer sees one too far. */
static REAL *PRECISION(copy)(const REAL *x, size_t count)
{
    REAL *to = malloc(count * sizeof *to);
    assert_non_null(to);
    return memcpy(to, x, count * sizeof *x);
}

static REAL *PRECISION(draw_exactly)(random_source *random, size_t count)
{
    REAL *x = PRECISION(draw)(random, count), *exactly = PRECISION(copy)(x, count);
    free(x);
    return exactly;
}

static void PRECISION(check_combine)(random_source *random, size_t vectors, size_t rows, size_t d)
{
    kernels size[SIZES];
    const size_t sizes = list_sizes(size), weight_row = rows + GAP, sum_row = d + GAP, count = (vectors - 1) * sum_row + d;
    REAL *x = PRECISION(draw_exactly)(random, rows * d);
    REAL *weight = PRECISION(draw_exactly)(random, (vectors - 1) * weight_row + rows);
    REAL *before = PRECISION(draw)(random, count), *want = PRECISION(copy)(before, count);
    for (size_t v = 0; v < vectors; v++)
        for (size_t c = 0; c < d; c++) {
            REAL sum = 0;
            for (size_t i = 0; i < rows; i++)
                sum += weight[v * weight_row + i] * x[i * d + c];
            want[v * sum_row + c] = sum;
        }
    for (size_t n = 0; n < sizes; n++) {
        REAL *got = PRECISION(copy)(before, count);
        size[n].COMBINE(vectors, rows, d, x, weight, weight_row, got, sum_row);
        assert_memory_equal(got, want, count * sizeof *got);
        free(got);
    }
    free(x);
    free(weight);
    free(before);
    free(want);
}

/* Column c is in lane c % SUMS, of an incomplete last group in those of the last SUMS columns. */
static size_t PRECISION(lane_of)(size_t c, size_t d)
{
    const size_t whole = d - d % SUMS;
    return c < whole ? c % SUMS : d < SUMS ? c : c + SUMS - d;
}

static void PRECISION(check_products)(random_source *random, size_t vectors, size_t rows, size_t d)
{
    kernels size[SIZES];
    const size_t sizes = list_sizes(size), w_row = d + GAP, count = vectors * rows * SUMS;
    REAL *x = PRECISION(draw_exactly)(random, rows * d);
    REAL *w = PRECISION(draw_exactly)(random, (vectors - 1) * w_row + d);
    REAL *before = PRECISION(draw)(random, count), *want = PRECISION(copy)(before, count);
    for (size_t v = 0; v < vectors; v++)
        for (size_t i = 0; i < rows; i++)
            for (size_t c = 0; c < d; c++)
                want[(v * rows + i) * SUMS + PRECISION(lane_of)(c, d)] += x[i * d + c] * w[v * w_row + c];
    for (size_t n = 0; n < sizes; n++) {
        REAL *got = PRECISION(copy)(before, count);
        size[n].PRODUCTS(vectors, rows, d, x, w, w_row, got);
        for (size_t i = 0; i < count; i++)
            assert_true(got[i] == want[i]);
        free(got);
    }
    free(x);
    free(w);
    free(before);
    free(want);
}

#undef REAL
#undef SUMS
#undef PRECISION
#undef COMBINE
#undef PRODUCTS
