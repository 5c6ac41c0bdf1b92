/* Tests of newton: the backward error of the bordered solve, of the contrasts alone as well; exact zeros; singular systems.
 */
#include "support.h"

#include "core/lu.h"
#include "flow/newton.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20240604;

static const double gammas[] = {1e-3, 1e-1, 1, 10, 1e3, 1e5, 1e8};

enum { GAMMAS = sizeof gammas / sizeof *gammas };

typedef struct {
    hf_problem *problem;
    hf_flow *flow;
    hf_flow_point *point;
    hf_newton *newton;
    size_t size, values;
    double *y, *b, *x, *jx;
} setting;

static setting make_setting(problem_shape shape, bool replicator, double contrast, random_source *random)
{
    shape.replicator = replicator;
    setting s = {.problem = random_problem(&shape, random)};
    s.flow = make_flow(s.problem);
    s.point = make_point(s.flow);
    s.size = hf_flow_size(s.flow);
    s.values = s.problem->heads * s.problem->features;
    s.y = random_state(s.flow, contrast, random);
    s.b = random_state(s.flow, contrast, random);
    s.x = numbers(s.size);
    s.jx = numbers(s.size);
    assert_true(hf_flow_at(s.point, s.y));
    assert_int_equal(hf_newton_create(&s.newton, s.flow, NULL), HF_OK);
    return s;
}

static void clear_setting(setting *s)
{
    free(s->y), free(s->b), free(s->x), free(s->jx);
    hf_newton_free(s->newton);
    hf_flow_point_free(s->point);
    hf_flow_free(s->flow);
    hf_problem_free(s->problem);
}

static bool is_mean(const setting *s, size_t i)
{
    return i < s->values ? i < s->problem->features : i - s->values < s->problem->positions;
}

/* Euclidean norm over the mean's, the contrasts' or all coordinates, scaled so that 1e-200 is not squared. */
static double norm(const setting *s, const double *x, bool mean, bool contrasts)
{
    double largest = 0, sum = 0;
    for (size_t i = 0; i < s->size; i++)
        if (is_mean(s, i) ? mean : contrasts) {
            if (isnan(x[i]))
                return x[i];
            largest = fmax(largest, fabs(x[i]));
        }
    for (size_t i = 0; i < s->size && largest > 0; i++)
        if (is_mean(s, i) ? mean : contrasts)
            sum += x[i] / largest * (x[i] / largest);
    return largest * sqrt(sum);
}

/* A lower bound of |J|, by a few power iterations. */
static double norm_of_jacobian(const setting *s, random_source *random)
{
    double *z = random_state(s->flow, 1, random), *jz = numbers(s->size), size = 0;
    for (size_t round = 0; round < 10; round++) {
        double length = norm(s, z, true, true);
        for (size_t i = 0; i < s->size; i++)
            z[i] /= length > 0 ? length : 1;
        hf_flow_jacobian_times(s->point, z, jz);
        size = fmax(size, norm(s, jz, true, true));
        memcpy(z, jz, s->size * sizeof *z);
    }
    free(z), free(jz);
    return size;
}

/* |x - gamma J x - b| / (|b| + gamma |J| |x|) over the coordinates chosen */
static double backward_error(setting *s, double gamma, double jacobian, bool mean)
{
    hf_flow_jacobian_times(s->point, s->x, s->jx);
    for (size_t i = 0; i < s->size; i++)
        s->jx[i] = s->x[i] - gamma * s->jx[i] - s->b[i];
    return norm(s, s->jx, mean, true) / (norm(s, s->b, mean, true) + gamma * jacobian * norm(s, s->x, mean, true));
}

static double worst_backward_error(const problem_shape *shape, double contrast, bool mean, random_source *random)
{
    double worst = 0;
    for (size_t geometry = 0; geometry < 2; geometry++) {
        setting s = make_setting(*shape, geometry == 1, contrast, random);
        double jacobian = norm_of_jacobian(&s, random);
        for (size_t i = 0; i < GAMMAS; i++) {
            bool regular = hf_newton_setup(s.newton, s.point, gammas[i]);
            if (!regular && shape->positions <= 2)
                continue; /* rounding may hit 0 there, and the integrator then takes a smaller step */
            if (!regular)
                fail_msg("%s: singular at gamma = %g", describe(shape), gammas[i]);
            hf_newton_solve(s.newton, s.b, s.x);
            double error = backward_error(&s, gammas[i], jacobian, mean);
            if (!(error <= 1e-11))
                fprintf(stderr, "%s geometry %zu, gamma %g: backward error %.3g\n", describe(shape), geometry, gammas[i],
                        error);
            worst = error <= worst ? worst : error;
        }
        clear_setting(&s);
    }
    return worst;
}

/* ---- backward error ---- */

static const size_t head_counts[] = {1, 2, 3, 8}, position_counts[] = {1, 2, 40, 200};

typedef enum { PLAIN, EVERYTHING, DRIFT, EVERYTHING_AND_DRIFT } flavour;

static problem_shape shape_of(size_t i, flavour kind)
{
    problem_shape shape = {.heads = head_counts[i % 4], .positions = position_counts[i / 4 % 4]};
    shape.patterns = shape.positions < 3 ? 1 : 3;
    shape.drift = kind == DRIFT || kind == EVERYTHING_AND_DRIFT;
    if (kind == EVERYTHING || kind == EVERYTHING_AND_DRIFT) {
        shape.outside = i % 3;
        shape.copies = shape.replicas = shape.weights = shape.decay = shape.rates = true;
        shape.gram = shape.patterns > 1;
    }
    return shape;
}

/* The worst over all numbers of heads and the given range of position_counts. */
static double worst_over_shapes(size_t first, size_t last, flavour kind, double contrast, bool mean, uint64_t its_seed)
{
    random_source random = {its_seed};
    double worst = 0;
    for (size_t i = 4 * first; i < 4 * last; i++) {
        problem_shape shape = shape_of(i, kind);
        if (mean || shape.heads > 1)
            worst = fmax(worst, worst_backward_error(&shape, contrast, mean, &random));
    }
    return worst;
}

static void test_plain_flows_are_solved(void **state)
{
    (void)state;
    assert_true(within("backward error, plain", worst_over_shapes(2, 4, PLAIN, 1, true, seed), 1e-11));
}

static void test_flows_with_everything_are_solved(void **state)
{
    (void)state;
    assert_true(within("backward error, everything", worst_over_shapes(2, 4, EVERYTHING, 1, true, seed + 1), 1e-11));
}

static void test_flows_with_drift_are_solved(void **state)
{
    (void)state;
    assert_true(within("backward error, drift", worst_over_shapes(2, 4, DRIFT, 1, true, seed + 13), 1e-11));
    assert_true(within("backward error, everything and drift",
                       worst_over_shapes(2, 4, EVERYTHING_AND_DRIFT, 1, true, seed + 14), 1e-11));
}

static void test_flows_on_one_or_two_positions_are_solved(void **state)
{
    (void)state;
    double plain = worst_over_shapes(0, 2, PLAIN, 1, true, seed + 10);
    double everything = worst_over_shapes(0, 2, EVERYTHING, 1, true, seed + 11);
    /* Between one or two positions nothing dilutes what cancels in the border at gamma = 1e8: rounding times gamma remains.
     */
    assert_true(within("backward error, T <= 2", fmax(plain, everything), 1e-7));
    assert_true(within("backward error, T <= 2, drift", worst_over_shapes(0, 2, DRIFT, 1, true, seed + 15), 1e-7));
    assert_true(within("backward error, T <= 2, everything and drift",
                       worst_over_shapes(0, 2, EVERYTHING_AND_DRIFT, 1, true, seed + 16), 1e-7));
}

static void test_each_feature_of_the_flow_is_solved(void **state)
{
    (void)state;
    static const problem_shape shapes[] = {
        {.copies = true}, {.replicas = true}, {.weights = true}, {.decay = true},
        {.rates = true},  {.gram = true},     {.outside = 3},    {.drift = true},
    };
    random_source random = {seed + 2};
    double worst = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        problem_shape shape = shapes[i];
        shape.heads = 3;
        shape.positions = 30;
        shape.patterns = 2;
        worst = fmax(worst, worst_backward_error(&shape, 1, true, &random));
    }
    assert_true(within("backward error, one feature at a time", worst, 1e-11));
}

static void check_tiny_contrasts(size_t first, size_t last, double limit)
{
    static const double sizes[] = {1e-8, 1e-30, 1e-200};
    for (size_t i = 0; i < 3; i++) {
        char what[64];
        snprintf(what, sizeof what, "backward error of contrasts of %g", sizes[i]);
        for (flavour kind = PLAIN; kind <= EVERYTHING_AND_DRIFT; kind++)
            assert_true(within(what, worst_over_shapes(first, last, kind, sizes[i], false, seed + 3 + kind), limit));
    }
}

static void test_tiny_contrasts_are_solved_to_their_own_size(void **state)
{
    (void)state;
    check_tiny_contrasts(2, 4, 1e-11);
}

static void test_tiny_contrasts_on_one_or_two_positions_are_solved(void **state)
{
    (void)state;
    check_tiny_contrasts(0, 2, 2e-7);
}

static void test_zero_rates_are_solved(void **state)
{
    (void)state;
    random_source random = {seed + 4};
    for (size_t i = 0; i < 4; i++) {
        hf_problem *p = make_problem("heads = 3; positions = 10; target = { strengths = (2.0, 1.0); };"
                                     "flow = { geometry = \"%s\"; %s_rate = 0.0; };",
                                     i % 2 == 0 ? "logit" : "replicator", i / 2 == 0 ? "value" : "attention");
        setting s = {.problem = p, .flow = make_flow(p)};
        s.point = make_point(s.flow);
        s.size = hf_flow_size(s.flow);
        s.values = 6;
        s.y = random_state(s.flow, 1, &random);
        s.b = random_state(s.flow, 1, &random);
        s.x = numbers(s.size);
        s.jx = numbers(s.size);
        assert_true(hf_flow_at(s.point, s.y));
        assert_int_equal(hf_newton_create(&s.newton, s.flow, NULL), HF_OK);
        double jacobian = norm_of_jacobian(&s, &random), worst = 0;
        for (size_t g = 0; g < GAMMAS; g++) {
            assert_true(hf_newton_setup(s.newton, s.point, gammas[g]));
            hf_newton_solve(s.newton, s.b, s.x);
            worst = fmax(worst, backward_error(&s, gammas[g], jacobian, true));
            for (size_t j = 0; j < s.size; j++)
                if ((j < s.values) == (i / 2 == 0))
                    assert_true(is_close(s.x[j], s.b[j], 1e-12, 0)); /* frozen: x = b */
        }
        assert_true(within("backward error, a rate of 0", worst, 1e-11));
        clear_setting(&s);
    }
}

/* Along the flow, where it is used: at the first plateau the attention is concentrated and the gains are small. */
static void test_the_first_plateau_is_solved(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"}, *const drifts[] = {"", "lr = 0.05; noise = 0.5;"};
    random_source random = {seed + 5};
    for (size_t i = 0; i < 4; i++) {
        test_run r = start_run(make_problem("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };"
                                            "init = { perturbation = 1e-30; };"
                                            "flow = { geometry = \"%s\"; sgd_drift = { %s }; };",
                                            geometries[i % 2], drifts[i / 2]),
                               1e-8, 1e-12);
        run_to(&r, 300);
        setting s = {.problem = r.problem, .flow = r.flow, .point = r.point, .size = hf_flow_size(r.flow), .values = 9};
        s.y = r.y;
        s.b = random_state(r.flow, 1e-30, &random);
        s.x = numbers(s.size);
        s.jx = numbers(s.size);
        assert_int_equal(hf_newton_create(&s.newton, s.flow, NULL), HF_OK);
        double jacobian = norm_of_jacobian(&s, &random), all = 0, contrasts = 0;
        for (size_t g = 0; g < GAMMAS; g++) {
            assert_true(hf_newton_setup(s.newton, s.point, gammas[g]));
            hf_newton_solve(s.newton, s.b, s.x);
            all = fmax(all, backward_error(&s, gammas[g], jacobian, true));
            contrasts = fmax(contrasts, backward_error(&s, gammas[g], jacobian, false));
        }
        assert_true(within("backward error on the plateau", all, 1e-11));
        assert_true(within("backward error on the plateau, contrasts", contrasts, 1e-11));
        free(s.b), free(s.x), free(s.jx);
        hf_newton_free(s.newton);
        end_run(&r);
    }
}

static void test_a_factorization_outlives_the_state_it_was_made_at(void **state)
{
    (void)state;
    random_source random = {seed + 6};
    problem_shape shape = shape_of(10, EVERYTHING);
    setting s = make_setting(shape, false, 1, &random);
    double *first = numbers(s.size), *elsewhere = random_state(s.flow, 1, &random);
    assert_true(hf_newton_setup(s.newton, s.point, 2));
    hf_newton_solve(s.newton, s.b, first);
    assert_true(hf_flow_at(s.point, elsewhere));
    hf_newton_solve(s.newton, s.b, s.x);
    assert_memory_equal(first, s.x, s.size * sizeof *first);
    free(first), free(elsewhere);
    clear_setting(&s);
}

/* ---- exact zeros ---- */

/* Heads 1..3, of which the pair (first, second) is equal, and a right-hand side that does not tell them apart. */
static void check_pair(size_t first, size_t second, bool replicator, bool drift, random_source *random)
{
    problem_shape shape = {.heads = 3, .positions = 70, .patterns = 3, .copies = true, .weights = true, .decay = true};
    shape.drift = drift;
    setting s = make_setting(shape, replicator, 1, random);
    double distance[9] = {0, 1, 1, 1, 0, 1, 1, 1, 0};
    distance[first * 3 + second] = distance[second * 3 + first] = 0;
    assert_int_equal(hf_flow_use_basis(s.flow, distance, NULL), HF_OK);
    size_t n = 2, T = s.problem->positions, R = s.problem->features; /* the pair is joined first, so it is the last mode */
    assert_true(s.flow->basis->q[n * 3 + 3 - first - second] == 0);
    memset(s.y + n * R, 0, R * sizeof *s.y);
    memset(s.y + s.values + n * T, 0, T * sizeof *s.y);
    memset(s.b + n * R, 0, R * sizeof *s.b);
    memset(s.b + s.values + n * T, 0, T * sizeof *s.b);
    assert_true(hf_flow_at(s.point, s.y));
    for (size_t g = 0; g < GAMMAS; g++) {
        assert_true(hf_newton_setup(s.newton, s.point, gammas[g]));
        hf_newton_solve(s.newton, s.b, s.x);
        for (size_t r = 0; r < R; r++)
            assert_true(s.x[n * R + r] == 0);
        for (size_t i = 0; i < T; i++)
            assert_true(s.x[s.values + n * T + i] == 0);
    }
    clear_setting(&s);
}

static void test_contrast_of_any_equal_pair_stays_exactly_zero(void **state)
{
    (void)state;
    random_source random = {seed + 7};
    for (size_t i = 0; i < 4; i++) {
        check_pair(0, 1, i % 2 == 1, i > 1, &random);
        check_pair(0, 2, i % 2 == 1, i > 1, &random);
        check_pair(1, 2, i % 2 == 1, i > 1, &random);
    }
}

static void test_contrasts_of_eight_equal_heads_stay_exactly_zero(void **state)
{
    (void)state;
    random_source random = {seed + 8};
    for (size_t i = 0; i < 4; i++) {
        problem_shape shape = {.heads = 8, .positions = 30, .patterns = 3, .replicas = true, .gram = true, .rates = true};
        shape.drift = i > 1;
        setting s = make_setting(shape, i % 2 == 1, 0, &random);
        for (size_t g = 0; g < GAMMAS; g++) {
            assert_true(hf_newton_setup(s.newton, s.point, gammas[g]));
            hf_newton_solve(s.newton, s.b, s.x);
            assert_true(norm(&s, s.x, false, true) == 0);
            assert_true(norm(&s, s.x, true, false) > 0);
        }
        clear_setting(&s);
    }
}

/* ---- singular systems ---- */

/* One head on two positions with equal logits: every number of the system is a small power of two. */
static bool factors(double strength, double value, double gamma)
{
    hf_problem *p = make_problem("heads = 1; positions = 2; target = { strengths = (%.17g); };"
                                 "init = { perturbation = 0.0; values = %.17g; };",
                                 strength, value);
    hf_flow *flow = make_flow(p);
    hf_flow_point *point = make_point(flow);
    hf_newton *newton = NULL;
    double y[3];
    hf_flow_start(flow, y);
    assert_true(hf_flow_at(point, y));
    assert_int_equal(hf_newton_create(&newton, flow, NULL), HF_OK);
    bool good = hf_newton_setup(newton, point, gamma);
    hf_newton_free(newton);
    hf_flow_point_free(point);
    hf_flow_free(flow);
    hf_problem_free(p);
    return good;
}

static void test_a_singular_position_is_reported(void **state)
{
    (void)state;
    /* B = 1 - gamma (s h - s^2 v^2) at position 1, with s h = m v / 4 = 5/4 and s^2 v^2 = 1/4 */
    assert_false(factors(5, 1, 1));
    assert_true(factors(5, 1, 0.5));
}

static void test_a_singular_border_is_reported(void **state)
{
    (void)state;
    /* at v = 0: J = [[-1/2, m/2], [m/4, 0]], det(I - gamma J) = 1 + gamma/2 - (gamma m)^2 / 8 = 0 */
    assert_false(factors(2, 0, 2));
    assert_true(factors(2, 0, 1));
}

static void test_a_state_that_is_not_finite_is_singular(void **state)
{
    (void)state;
    random_source random = {seed + 9};
    for (size_t i = 0; i < 32; i++) {
        problem_shape shape = shape_of(i, (flavour)(i % 4));
        setting s = make_setting(shape, i >= 16, 1, &random);
        s.y[draw_count(&random, 0, s.size - 1)] = NAN;
        hf_flow_at(s.point, s.y);
        assert_false(hf_newton_setup(s.newton, s.point, 1));
        clear_setting(&s);
    }
}

static void test_free_accepts_null(void **state)
{
    (void)state;
    hf_newton_free(NULL);
}

/* ---- the factors of a border ---- */

/* Entry (i, j) of L U, which share one matrix. */
static double entry_of_product(size_t n, const double *lu, size_t i, size_t j)
{
    double sum = j >= i ? lu[i * n + j] : 0;
    for (size_t k = 0; k < i && k <= j; k++)
        sum += lu[i * n + k] * lu[k * n + j];
    return sum;
}

/* L U is the matrix with its rows exchanged, and no entry of L is above 1; a matrix of rank n - 1 has no factors. */
static void test_factors(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 130; n += n < 60 ? 1 : 35) {
        double *a = numbers(n * n), *lu = numbers(n * n);
        size_t order[130];
        for (size_t i = 0; i < n * n; i++)
            a[i] = lu[i] = sin(1.0 + 12.9898 * (double)i * (1 + 1e-3 * (double)(i % 7)));
        assert_true(hf_lu_factorize(n, lu, n, order));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                assert_true(j >= i || fabs(lu[i * n + j]) <= 1 + 1e-15);
                assert_true(fabs(entry_of_product(n, lu, i, j) - a[order[i] * n + j]) <= 1e-15 * (double)n);
            }
        for (size_t i = 0; i < n; i++)
            lu[i * n + n - 1] = 0;
        assert_false(hf_lu_factorize(n, lu, n, order));
        free(a);
        free(lu);
    }
}

int main(void)
{
    hf_init();
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_plain_flows_are_solved),
        cmocka_unit_test(test_flows_with_everything_are_solved),
        cmocka_unit_test(test_flows_with_drift_are_solved),
        cmocka_unit_test(test_each_feature_of_the_flow_is_solved),
        cmocka_unit_test(test_tiny_contrasts_are_solved_to_their_own_size),
        cmocka_unit_test(test_flows_on_one_or_two_positions_are_solved),
        cmocka_unit_test(test_tiny_contrasts_on_one_or_two_positions_are_solved),
        cmocka_unit_test(test_zero_rates_are_solved),
        cmocka_unit_test(test_the_first_plateau_is_solved),
        cmocka_unit_test(test_a_factorization_outlives_the_state_it_was_made_at),
        cmocka_unit_test(test_contrast_of_any_equal_pair_stays_exactly_zero),
        cmocka_unit_test(test_contrasts_of_eight_equal_heads_stay_exactly_zero),
        cmocka_unit_test(test_a_singular_position_is_reported),
        cmocka_unit_test(test_a_singular_border_is_reported),
        cmocka_unit_test(test_a_state_that_is_not_finite_is_singular),
        cmocka_unit_test(test_free_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
