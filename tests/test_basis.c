/* Tests of basis: orthonormal contrasts, arithmetic on modes against arithmetic by head, exact zeros, nested differences.
 */
#include "support.h"

#include "flow/basis.h"
#include "flow/lanes.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HEADS = 9, WIDTH = 4 };

static const uint64_t seed = 20240601;

static hf_basis *make_basis(size_t heads, const double *distance)
{
    hf_basis *basis = NULL;
    assert_int_equal(hf_basis_create(&basis, heads, distance, NULL, NULL), HF_OK);
    return basis;
}

/* The tree of the heads' numbers x (H, WIDTH). */
static hf_basis *basis_of(size_t heads, const double *x)
{
    double distance[MOST_HEADS * MOST_HEADS] = {0};
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l < heads; l++)
            for (size_t i = 0; i < WIDTH; i++)
                distance[k * heads + l] = fmax(distance[k * heads + l], fabs(x[k * WIDTH + i] - x[l * WIDTH + i]));
    return make_basis(heads, distance);
}

static hf_basis *random_basis(size_t heads, random_source *random)
{
    double x[MOST_HEADS * WIDTH];
    for (size_t i = 0; i < heads * WIDTH; i++)
        x[i] = draw_normal(random);
    return basis_of(heads, x);
}

/* Mode n of x by its definition, sqrt(ab/(a+b)) (mean over A - mean over B), in long double; only the signs of q are used.
 */
static long double contrast(const hf_basis *basis, size_t n, const double *x, size_t column)
{
    const double *q = basis->q + n * basis->heads;
    long double sum[2] = {0, 0}, count[2] = {0, 0};
    for (size_t k = 0; k < basis->heads; k++)
        if (q[k] != 0) {
            sum[q[k] < 0] += (long double)x[k * WIDTH + column];
            count[q[k] < 0]++;
        }
    return sqrtl(count[0] * count[1] / (count[0] + count[1])) * (sum[0] / count[0] - sum[1] / count[1]);
}

/* ---- orthonormal and invertible ---- */

static void test_modes_are_orthonormal(void **state)
{
    (void)state;
    random_source random = {seed};
    double worst = 0;
    for (size_t heads = 1; heads <= MOST_HEADS; heads++) {
        hf_basis *basis = random_basis(heads, &random);
        for (size_t m = 0; m < heads; m++)
            for (size_t n = 0; n < heads; n++) {
                double sum = 0;
                for (size_t k = 0; k < heads; k++)
                    sum += basis->q[m * heads + k] * basis->q[n * heads + k];
                worst = fmax(worst, fabs(sum - (m == n)));
            }
        for (size_t k = 0; k < heads; k++)
            assert_true(close_to(basis->q[k], 1 / sqrt((double)heads), 1e-15));
        hf_basis_free(basis);
    }
    assert_true(within("orthonormality", worst, 1e-15));
}

static void test_heads_come_back_from_modes(void **state)
{
    (void)state;
    random_source random = {seed + 1};
    for (size_t heads = 1; heads <= MOST_HEADS; heads++) {
        hf_basis *basis = random_basis(heads, &random);
        double x[MOST_HEADS * WIDTH], base[MOST_HEADS * WIDTH], modes[MOST_HEADS * WIDTH], back[MOST_HEADS * WIDTH];
        for (size_t i = 0; i < heads * WIDTH; i++) {
            x[i] = draw_normal(&random);
            base[i] = i < WIDTH ? draw_normal(&random) : base[i - WIDTH];
        }
        hf_basis_modes(basis, WIDTH, base, x, modes);
        hf_basis_heads(basis, WIDTH, modes, back);
        for (size_t i = 0; i < heads * WIDTH; i++)
            assert_true(is_close(back[i], base[i] + x[i], 1e-14, 1e-14));
        hf_basis_free(basis);
    }
}

static void test_a_mode_is_the_sum_of_q_times_heads(void **state)
{
    (void)state;
    random_source random = {seed + 2};
    for (size_t heads = 1; heads <= MOST_HEADS; heads++) {
        hf_basis *basis = random_basis(heads, &random);
        double x[MOST_HEADS * WIDTH], modes[MOST_HEADS * WIDTH];
        for (size_t i = 0; i < heads * WIDTH; i++)
            x[i] = draw_normal(&random);
        hf_basis_modes(basis, WIDTH, NULL, x, modes);
        for (size_t n = 0; n < heads; n++)
            for (size_t i = 0; i < WIDTH; i++) {
                double sum = 0;
                for (size_t k = 0; k < heads; k++)
                    sum += basis->q[n * heads + k] * x[k * WIDTH + i];
                assert_true(is_close(modes[n * WIDTH + i], sum, 0, 2e-14));
            }
        hf_basis_free(basis);
    }
}

/* ---- arithmetic ---- */

/* x, y by head and in modes; the product's modes by way of the heads. */
typedef struct {
    double x[MOST_HEADS], y[MOST_HEADS], xy[MOST_HEADS];
} factors;

static factors make_factors(const hf_basis *basis, random_source *random)
{
    factors f = {0};
    size_t heads = basis->heads;
    for (size_t k = 0; k < heads; k++) {
        double x = draw_normal(random), y = draw_normal(random);
        for (size_t n = 0; n < heads; n++) {
            f.x[n] += basis->q[n * heads + k] * x;
            f.y[n] += basis->q[n * heads + k] * y;
            f.xy[n] += basis->q[n * heads + k] * x * y;
        }
    }
    return f;
}

static void test_product_is_the_product_by_head(void **state)
{
    (void)state;
    random_source random = {seed + 3};
    for (size_t trial = 0; trial < 40; trial++) {
        hf_basis *basis = random_basis(draw_count(&random, 1, MOST_HEADS), &random);
        factors f = make_factors(basis, &random);
        double result[MOST_HEADS];
        hf_basis_product(basis, f.x, f.y, result);
        for (size_t n = 0; n < basis->heads; n++)
            assert_true(is_close(result[n], f.xy[n], 0, 2e-14));
        hf_basis_free(basis);
    }
}

/* Of fields, too, whose number of positions fills fours or does not: the constants of few heads beside any number of them. */
static void test_products_of_fields_are_those_by_head(void **state)
{
    (void)state;
    enum { MOST = 9, STRIDE = MOST + 2 };
    random_source random = {seed + 12};
    for (size_t heads = 1; heads <= MOST_HEADS; heads++)
        for (size_t width = 1; width <= MOST; width++) {
            hf_basis *basis = random_basis(heads, &random);
            double x[MOST_HEADS * STRIDE], y[MOST_HEADS * STRIDE], xy[MOST_HEADS * STRIDE], got[MOST_HEADS * STRIDE];
            for (size_t i = 0; i < STRIDE; i++) {
                const factors f = make_factors(basis, &random);
                for (size_t n = 0; n < heads; n++) {
                    const size_t at = n * STRIDE + i;
                    x[at] = f.x[n], y[at] = f.y[n], xy[at] = f.xy[n], got[at] = 7;
                }
            }
            hf_lanes_product(basis, width, x, STRIDE, y, STRIDE, got, STRIDE);
            for (size_t n = 0; n < heads; n++)
                for (size_t i = 0; i < STRIDE; i++)
                    assert_true(i < width ? is_close(got[n * STRIDE + i], xy[n * STRIDE + i], 0, 2e-14)
                                          : got[n * STRIDE + i] == 7);
            hf_basis_free(basis);
        }
}

/* matrix (H, H): multiplication by x, column by column. */
static void multiplier(const hf_basis *basis, const double *x, double *matrix)
{
    for (size_t n = 0; n < basis->heads; n++) {
        double unit[MOST_HEADS] = {0}, column[MOST_HEADS];
        unit[n] = 1;
        hf_basis_product(basis, x, unit, column);
        for (size_t m = 0; m < basis->heads; m++)
            matrix[m * basis->heads + n] = column[m];
    }
}

static void test_multiplier_is_symmetric_and_multiplies(void **state)
{
    (void)state;
    random_source random = {seed + 4};
    for (size_t trial = 0; trial < 40; trial++) {
        hf_basis *basis = random_basis(draw_count(&random, 1, MOST_HEADS), &random);
        size_t heads = basis->heads;
        factors f = make_factors(basis, &random);
        double matrix[MOST_HEADS * MOST_HEADS];
        multiplier(basis, f.x, matrix);
        for (size_t m = 0; m < heads; m++) {
            double sum = 0;
            for (size_t n = 0; n < heads; n++) {
                sum += matrix[m * heads + n] * f.y[n];
                assert_true(is_close(matrix[m * heads + n], matrix[n * heads + m], 1e-14, 1e-15));
            }
            assert_true(is_close(sum, f.xy[m], 0, 2e-14));
        }
        hf_basis_free(basis);
    }
}

static void test_every_term_of_a_contrast_has_a_contrast_as_factor(void **state)
{
    (void)state;
    random_source random = {seed + 5};
    hf_basis *basis = random_basis(MOST_HEADS, &random);
    for (size_t t = 0; t < basis->term_count; t++)
        assert_true(basis->term[t].m == 0 || basis->term[t].n > 0 || basis->term[t].l > 0);
    hf_basis_free(basis);
}

/* ---- exact zeros ---- */

/* Whether mode n compares heads of one group only. */
static bool is_inside_a_group(const hf_basis *basis, size_t n, const size_t *group)
{
    size_t seen = SIZE_MAX;
    for (size_t k = 0; k < basis->heads; k++) {
        if (basis->q[n * basis->heads + k] == 0)
            continue;
        if (seen != SIZE_MAX && seen != group[k])
            return false;
        seen = group[k];
    }
    return true;
}

/* Heads of one group have the same random numbers. Modes inside groups must be 0.0 in every operation; returns how many. */
static size_t count_exact_zeros(size_t heads, const size_t *group, random_source *random)
{
    double of_group[MOST_HEADS * WIDTH], x[MOST_HEADS * WIDTH], modes[MOST_HEADS * WIDTH], changed[MOST_HEADS * WIDTH];
    double column[MOST_HEADS], other[MOST_HEADS], product[MOST_HEADS], matrix[MOST_HEADS * MOST_HEADS];
    double distance[MOST_HEADS * MOST_HEADS] = {0}, base[MOST_HEADS * WIDTH];
    for (size_t i = 0; i < heads * WIDTH; i++)
        of_group[i] = draw_normal(random);
    for (size_t i = 0; i < heads * WIDTH; i++) {
        x[i] = of_group[group[i / WIDTH] * WIDTH + i % WIDTH];
        base[i] = of_group[i % WIDTH];
    }
    hf_basis *basis = basis_of(heads, x);
    hf_basis_modes(basis, WIDTH, base, x, modes);
    hf_basis_distances(basis, WIDTH, modes, distance);
    hf_basis *again = make_basis(heads, distance);
    hf_basis_change(basis, again, WIDTH, modes, changed);
    for (size_t n = 0; n < heads; n++) {
        column[n] = modes[n * WIDTH];
        other[n] = modes[n * WIDTH + 1];
    }
    hf_basis_product(basis, column, other, product);
    multiplier(basis, column, matrix);

    size_t zeros = 0;
    for (size_t n = 1; n < heads; n++) {
        if (is_inside_a_group(again, n, group))
            for (size_t i = 0; i < WIDTH; i++)
                assert_true(changed[n * WIDTH + i] == 0.0);
        if (!is_inside_a_group(basis, n, group))
            continue;
        zeros++;
        for (size_t i = 0; i < WIDTH; i++)
            assert_true(modes[n * WIDTH + i] == 0.0);
        assert_true(product[n] == 0.0);
        for (size_t m = 0; m < heads; m++) /* a field that does not tell them apart mixes them with nothing else */
            if (!is_inside_a_group(basis, m, group) || m == 0)
                assert_true(matrix[n * heads + m] == 0.0 && matrix[m * heads + n] == 0.0);
    }
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l < heads; l++)
            assert_true(group[k] != group[l] || distance[k * heads + l] == 0.0);
    hf_basis_heads(basis, WIDTH, modes, x);
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l < k; l++)
            assert_true(group[k] != group[l] || memcmp(x + k * WIDTH, x + l * WIDTH, WIDTH * sizeof *x) == 0);
    hf_basis_free(basis);
    hf_basis_free(again);
    return zeros;
}

static void test_contrast_of_any_equal_pair_among_three_is_zero(void **state)
{
    (void)state;
    static const size_t groups[][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
    random_source random = {seed + 6};
    for (size_t choice = 0; choice < 3; choice++)
        assert_int_equal(count_exact_zeros(3, groups[choice], &random), 1);
}

static void test_contrasts_inside_groups_of_five_are_zero(void **state)
{
    (void)state;
    static const struct {
        size_t group[5], zeros;
    } cases[] = {{{0, 0, 0, 0, 0}, 4}, {{0, 1, 0, 1, 0}, 3}, {{0, 1, 1, 1, 1}, 3}, {{0, 1, 2, 1, 0}, 2},
                 {{2, 1, 0, 0, 0}, 2}, {{0, 1, 2, 3, 0}, 1}, {{0, 1, 2, 3, 4}, 0}};
    random_source random = {seed + 7};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(count_exact_zeros(5, cases[i].group, &random), cases[i].zeros);
}

/* ---- nested differences ---- */

enum { NESTED = 7 };

/* Clusters of differences 1e-20 inside 1e-8 inside 1, in shuffled order: three, two and two heads. */
static void nested_heads(random_source *random, double *x)
{
    static const size_t place[NESTED] = {4, 0, 6, 2, 5, 1, 3};
    for (size_t i = 0; i < WIDTH; i++) {
        double unit = 1 + draw_uniform(random), middle = 1e-8 * (1 + draw_uniform(random)), at[NESTED] = {0};
        at[1] = 1e-20 * (1 + draw_uniform(random));
        at[2] = 1e-20 * (3 + draw_uniform(random));
        at[3] = middle;
        at[4] = middle + 1e-20 * (1 + draw_uniform(random));
        at[5] = unit;
        at[6] = unit + 1e-8 * (1 + draw_uniform(random));
        for (size_t k = 0; k < NESTED; k++)
            x[place[k] * WIDTH + i] = at[k];
    }
}

static double worst_contrast(const hf_basis *basis, const double *x, const double *modes)
{
    double worst = 0;
    for (size_t n = 1; n < basis->heads; n++)
        for (size_t i = 0; i < WIDTH; i++) {
            long double want = contrast(basis, n, x, i);
            worst = fmax(worst, (double)fabsl((modes[n * WIDTH + i] - want) / want));
        }
    return worst;
}

static void test_nested_differences_keep_their_digits(void **state)
{
    (void)state;
    random_source random = {seed + 8};
    double x[NESTED * WIDTH], modes[NESTED * WIDTH], base[NESTED * WIDTH];
    nested_heads(&random, x);
    for (size_t i = 0; i < NESTED * WIDTH; i++) /* equal for all heads, and far larger than what tells them apart */
        base[i] = i % WIDTH == 0 ? 0.3 : i % WIDTH == 1 ? -7 : 1e5;
    hf_basis *basis = basis_of(NESTED, x);
    hf_basis_modes(basis, WIDTH, base, x, modes);
    assert_true(within("nested contrasts", worst_contrast(basis, x, modes), 1e-14));
    hf_basis_free(basis);
}

/* The tree whose three tightest heads are joined in another order. */
static hf_basis *other_nested_basis(const double *x, size_t first, size_t second)
{
    double distance[NESTED * NESTED] = {0};
    for (size_t k = 0; k < NESTED; k++)
        for (size_t l = 0; l < NESTED; l++)
            for (size_t i = 0; i < WIDTH; i++)
                distance[k * NESTED + l] = fmax(distance[k * NESTED + l], fabs(x[k * WIDTH + i] - x[l * WIDTH + i]));
    distance[first * NESTED + second] = distance[second * NESTED + first] = 1e-22;
    return make_basis(NESTED, distance);
}

static void test_change_of_basis_keeps_nested_digits(void **state)
{
    (void)state;
    static const size_t tight[] = {4, 0, 6};
    random_source random = {seed + 9};
    double x[NESTED * WIDTH], modes[NESTED * WIDTH], changed[NESTED * WIDTH], worst = 0;
    nested_heads(&random, x);
    for (size_t from = 0; from < 3; from++)
        for (size_t to = 0; to < 3; to++) {
            hf_basis *a = other_nested_basis(x, tight[from], tight[(from + 1) % 3]);
            hf_basis *b = other_nested_basis(x, tight[to], tight[(to + 1) % 3]);
            hf_basis_modes(a, WIDTH, NULL, x, modes);
            hf_basis_change(a, b, WIDTH, modes, changed);
            worst = fmax(worst, worst_contrast(b, x, changed));
            for (size_t i = 0; i < WIDTH; i++)
                assert_true(changed[i] == modes[i]);
            hf_basis_free(a);
            hf_basis_free(b);
        }
    assert_true(within("nested contrasts after a change", worst, 1e-14));
}

static void test_distances_between_close_heads_are_accurate(void **state)
{
    (void)state;
    random_source random = {seed + 10};
    double x[NESTED * WIDTH], modes[NESTED * WIDTH], distance[NESTED * NESTED] = {0}, worst = 0;
    nested_heads(&random, x);
    hf_basis *basis = basis_of(NESTED, x);
    hf_basis_modes(basis, WIDTH, NULL, x, modes);
    hf_basis_distances(basis, WIDTH, modes, distance);
    for (size_t k = 0; k < NESTED; k++)
        for (size_t l = 0; l < k; l++) {
            double want = basis->distance[k * NESTED + l];
            worst = fmax(worst, fabs(distance[k * NESTED + l] - want) / want);
            assert_true(distance[k * NESTED + l] == distance[l * NESTED + k]);
        }
    assert_true(within("distances", worst, 1e-14));
    distance[1] = distance[NESTED] = 99;
    hf_basis_distances(basis, WIDTH, modes, distance);
    assert_true(distance[1] == 99 && distance[NESTED] == 99);
    hf_basis_free(basis);
}

/* ---- the tree ---- */

static void test_ties_go_to_the_lower_head(void **state)
{
    (void)state;
    const double equal[16] = {0};
    hf_basis *basis = make_basis(4, equal), *again = make_basis(4, equal);
    for (size_t n = 1; n < 4; n++) {
        assert_int_equal(basis->edge[n].from, 0);
        assert_int_equal(basis->edge[n].to, 4 - n);
        assert_int_equal(basis->edge[n].size, 1);
    }
    assert_memory_equal(basis->q, again->q, 16 * sizeof *basis->q);
    assert_int_equal(basis->root, 0);
    hf_basis_free(basis);
    hf_basis_free(again);
}

static void test_the_tree_joins_by_the_farthest_members(void **state)
{
    (void)state;
    /* on a line at 0, 1, 2.1, 3.3: {1,2} first; head 3 is nearer to head 2 (1.1) but 2.1 from head 1, so {3,4} (1.2) is
     * next */
    const double at[] = {0, 1, 2.1, 3.3};
    double distance[16];
    for (size_t k = 0; k < 16; k++)
        distance[k] = fabs(at[k / 4] - at[k % 4]);
    hf_basis *basis = make_basis(4, distance);
    static const hf_basis_edge edges[] = {{0, 0, 0}, {0, 2, 2}, {2, 3, 1}, {0, 1, 1}};
    for (size_t n = 1; n < 4; n++) {
        assert_int_equal(basis->edge[n].from, edges[n].from);
        assert_int_equal(basis->edge[n].to, edges[n].to);
        assert_int_equal(basis->edge[n].size, edges[n].size);
    }
    hf_basis_free(basis);
}

/* ---- kinds of heads ---- */

/* Heads of different kinds share no mode; modes, heads, products and changes of basis are as ever. */
static void test_kinds_are_not_mixed(void **state)
{
    (void)state;
    random_source random = {seed + 9};
    for (size_t trial = 0; trial < 60; trial++) {
        const size_t heads = draw_count(&random, 3, MOST_HEADS), kinds = draw_count(&random, 2, 3);
        double distance[2][MOST_HEADS * MOST_HEADS] = {{0}}, x[MOST_HEADS * WIDTH], modes[MOST_HEADS * WIDTH],
                                        back[MOST_HEADS * WIDTH], result[MOST_HEADS];
        size_t kind[MOST_HEADS];
        hf_basis *basis[2] = {NULL, NULL};
        for (size_t k = 0; k < heads; k++)
            kind[k] = k < kinds ? k : draw_count(&random, 0, kinds - 1);
        for (size_t b = 0; b < 2; b++) {
            for (size_t k = 0; k < heads; k++)
                for (size_t l = 0; l < k; l++)
                    distance[b][k * heads + l] = distance[b][l * heads + k] = draw_uniform(&random);
            assert_int_equal(hf_basis_create(&basis[b], heads, distance[b], kind, NULL), HF_OK);
            assert_int_equal(basis[b]->kinds, kinds);
            for (size_t n = 0; n < heads; n++)
                for (size_t k = 0; k < heads; k++)
                    for (size_t l = 0; l < heads; l++)
                        assert_true(kind[k] == kind[l] || basis[b]->q[n * heads + k] * basis[b]->q[n * heads + l] == 0);
        }
        for (size_t i = 0; i < heads * WIDTH; i++)
            x[i] = draw_normal(&random);
        hf_basis_modes(basis[0], WIDTH, NULL, x, modes);
        hf_basis_heads(basis[0], WIDTH, modes, back);
        for (size_t i = 0; i < heads * WIDTH; i++)
            assert_true(is_close(back[i], x[i], 1e-14, 1e-14));
        hf_basis_change(basis[0], basis[1], WIDTH, modes, back);
        hf_basis_modes(basis[1], WIDTH, NULL, x, modes);
        for (size_t i = 0; i < heads * WIDTH; i++)
            assert_true(is_close(back[i], modes[i], 1e-14, 1e-14));
        const factors f = make_factors(basis[0], &random);
        hf_basis_product(basis[0], f.x, f.y, result);
        for (size_t n = 0; n < heads; n++)
            assert_true(is_close(result[n], f.xy[n], 0, 2e-14));
        hf_basis_free(basis[0]);
        hf_basis_free(basis[1]);
    }
}

static void test_free_accepts_null(void **state)
{
    (void)state;
    hf_basis_free(NULL);
}

int main(void)
{
    hf_init();
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes_are_orthonormal),
        cmocka_unit_test(test_heads_come_back_from_modes),
        cmocka_unit_test(test_a_mode_is_the_sum_of_q_times_heads),
        cmocka_unit_test(test_product_is_the_product_by_head),
        cmocka_unit_test(test_products_of_fields_are_those_by_head),
        cmocka_unit_test(test_multiplier_is_symmetric_and_multiplies),
        cmocka_unit_test(test_every_term_of_a_contrast_has_a_contrast_as_factor),
        cmocka_unit_test(test_contrast_of_any_equal_pair_among_three_is_zero),
        cmocka_unit_test(test_contrasts_inside_groups_of_five_are_zero),
        cmocka_unit_test(test_nested_differences_keep_their_digits),
        cmocka_unit_test(test_change_of_basis_keeps_nested_digits),
        cmocka_unit_test(test_distances_between_close_heads_are_accurate),
        cmocka_unit_test(test_ties_go_to_the_lower_head),
        cmocka_unit_test(test_the_tree_joins_by_the_farthest_members),
        cmocka_unit_test(test_kinds_are_not_mixed),
        cmocka_unit_test(test_free_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
