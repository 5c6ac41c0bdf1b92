/* Tests of problem and state: targets by hand, the reduction to a few features, the start, and bad state tables. */
#include "support.h"

#include "flow/problem.h"
#include "flow/state.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20240602;

#define THREE_STAGES "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };"

/* ---- the target ---- */

static void test_target_of_weighted_patterns_and_a_gram_matrix(void **state)
{
    (void)state;
    /* u_1 = (1, 0), u_2 = (0.6, 0.8) */
    hf_problem *p = make_problem("heads = 2; positions = 5;"
                                 "target = { strengths = (3.0, 2.0); patterns = ((1, 2), (4, 2));"
                                 "  weights = ((0.75, 0.25), (2.0, 0.5)); gram = ((1.0, 0.6), (0.6, 1.0)); };"
                                 "data = { copies = (1, 2, 1, 1, 3); replicas = (4, 1, 1, 2, 1); };");
    const double target[2][5] = {{3 * 0.75, 3 * 0.25 + 2 * 0.6 * 0.5, 0, 2 * 0.6 * 2, 0},
                                 {0, 2 * 0.8 * 0.5, 0, 2 * 0.8 * 2, 0}};
    const double multiplicity[5] = {4, 2, 1, 2, 3};
    assert_int_equal(p->features, 2);
    for (size_t i = 0; i < 5; i++) {
        for (size_t r = 0; r < 2; r++)
            assert_true(is_close(p->target[r * 5 + i], target[r][i], 1e-15, 1e-15));
        assert_true(p->multiplicity[i] == multiplicity[i]);
    }
    assert_true(p->total == 12);
    assert_true(close_to(p->feature2[1], 1, 1e-15));
    assert_true(close_to(p->pattern[0].norm2, 4 * 0.75 * 0.75 + 0.25 * 0.25, 1e-15));
    assert_true(close_to(p->pattern[1].norm2, 2 * 2.0 * 2.0 + 0.5 * 0.5, 1e-15));
    hf_problem_free(p);
}

static void test_lengths_and_stride_place_uniform_patterns(void **state)
{
    (void)state;
    hf_problem *p =
        make_problem("heads = 1; positions = 8; target = { base = 1.0; ratio = 2.0; lengths = (4, 4, 4); stride = 2; };");
    for (size_t j = 0; j < 3; j++)
        for (size_t i = 0; i < 8; i++)
            assert_true(close_to(p->target[j * 8 + i], i >= 2 * j && i < 2 * j + 4 ? (double)(4 >> j) / 4 : 0, 1e-15));
    hf_problem_free(p);
}

static void test_features_of_a_gram_matrix_have_its_inner_products(void **state)
{
    (void)state;
    const double gram[3][3] = {{4, 1, -0.5}, {1, 2, 0.3}, {-0.5, 0.3, 1}};
    hf_problem *p = make_problem("heads = 1; positions = 3; target = { strengths = (1.0, 1.0, 1.0);"
                                 "  gram = ((4.0, 1.0, -0.5), (1.0, 2.0, 0.3), (-0.5, 0.3, 1.0)); };");
    for (size_t j = 0; j < 3; j++)
        for (size_t l = 0; l < 3; l++) {
            double sum = 0;
            for (size_t r = 0; r < 3; r++)
                sum += p->feature[j * 3 + r] * p->feature[l * 3 + r];
            assert_true(is_close(sum, gram[j][l], 1e-15, 1e-15));
        }
    hf_problem_free(p);
}

static void test_a_dependent_feature_adds_no_direction(void **state)
{
    (void)state;
    /* u_3 = u_1 + u_2, u_4 = e_3 */
    hf_problem *p = make_problem("heads = 1; positions = 4; target = { strengths = (1.0, 1.0, 2.0, 1.0);"
                                 "  gram = ((1.0, 0.0, 1.0, 0.0), (0.0, 1.0, 1.0, 0.0), (1.0, 1.0, 2.0, 0.0),"
                                 "          (0.0, 0.0, 0.0, 1.0)); };");
    const double third[4] = {2, 2, 0, 0};
    for (size_t r = 0; r < 4; r++) {
        assert_true(is_close(p->target[r * 4 + 2], third[r], 1e-15, 0));
        assert_true(p->target[r * 4 + 3] == (r == 3));
    }
    hf_problem_free(p);
}

static void test_variances_are_one_number_or_one_per_position(void **state)
{
    (void)state;
    hf_problem *p = make_problem("heads = 1; positions = 3; target = { strengths = (2.0, 1.0); };"
                                 "data = { weights = ((0.1, 0.2, 0.3), (0.5)); };");
    const double want[2][3] = {{0.1, 0.2, 0.3}, {0.5, 0.5, 0.5}};
    for (size_t i = 0; i < 6; i++)
        assert_true(p->variance[i] == want[i / 3][i % 3]);
    hf_problem_free(p);
}

/* ---- the plateau's loss ---- */

static void test_plateau_loss_of_disjoint_patterns_is_half_a_sum_of_squares(void **state)
{
    (void)state;
    hf_problem *p =
        make_problem("heads = 3; positions = 12; target = { strengths = (2.89, 1.7, 1.0); lengths = (1, 2, 4); };");
    const double m[3] = {2.89, 1.7, 1}, norm2[3] = {1, 0.5, 0.25};
    for (unsigned set = 0; set < 8; set++) {
        bool learned[3];
        double want = 0;
        for (size_t j = 0; j < 3; j++) {
            learned[j] = set >> j & 1;
            want += learned[j] ? 0 : m[j] * m[j] * norm2[j] / 2;
        }
        assert_true(is_close(hf_problem_plateau_loss(p, learned), want, 1e-14, 1e-15));
    }
    hf_problem_free(p);
}

static void test_plateau_loss_counts_overlap_replicas_and_variances(void **state)
{
    (void)state;
    /* both patterns on position 2, whose residual vectors add: u_1 = (1, 0), u_2 = (0.6, 0.8) */
    hf_problem *p = make_problem(
        "heads = 1; positions = 3; target = { strengths = (3.0, 2.0); patterns = ((1, 2), (2));"
        "  gram = ((1.0, 0.6), (0.6, 1.0)); };"
        "data = { copies = (2, 1, 1); replicas = (4, 5, 1); weights = ((0.5, 0.25, 1.0), (0.5, 0.25, 1.0)); };");
    const bool none[2] = {false, false}, first[2] = {true, false}, both[2] = {true, true};
    double at_2 = (1.5 + 1.2) * (1.5 + 1.2) + 1.6 * 1.6;
    assert_true(close_to(hf_problem_plateau_loss(p, none), 0.5 * (4 * 0.5 * 1.5 * 1.5 + 5 * 0.25 * at_2), 1e-14));
    assert_true(close_to(hf_problem_plateau_loss(p, first), 0.5 * 5 * 0.25 * 4, 1e-14));
    assert_true(is_close(hf_problem_plateau_loss(p, both), 0, 0, 1e-28));
    hf_problem_free(p);
}

/* ---- reduction to a few features ---- */

enum { DIMENSION = 50, HEADS = 3, POSITIONS = 6, PATTERNS = 2 };

/* Values in DIMENSION coordinates, of which `rank` beyond the patterns', and logits. */
static void write_wide_start(random_source *random, size_t rank, double value[HEADS][DIMENSION])
{
    double direction[HEADS][DIMENSION] = {{0}};
    for (size_t b = 0; b < rank; b++)
        for (size_t r = PATTERNS; r < DIMENSION; r++)
            direction[b][r] = draw_normal(random);
    FILE *stream = fopen(temporary_path("start.tsv"), "w");
    assert_non_null(stream);
    fprintf(stream, "kind\thead\tindex\tvalue\n");
    for (size_t k = 0; k < HEADS; k++) {
        for (size_t r = 0; r < DIMENSION; r++) {
            value[k][r] = r < PATTERNS ? draw_normal(random) : 0;
            for (size_t b = 0; b < rank; b++)
                value[k][r] += (0.2 + (double)((k + b) % HEADS)) * direction[b][r] / 7;
            fprintf(stream, "value\t%zu\t%zu\t%.17g\n", k + 1, r + 1, value[k][r]);
        }
        for (size_t i = 0; i < POSITIONS; i++)
            fprintf(stream, "logit\t%zu\t%zu\t%.17g\n", k + 1, i + 1, draw_normal(random));
    }
    assert_int_equal(fclose(stream), 0);
}

#define WIDE_MODEL                                                                                                         \
    "heads = 3; positions = 6; target = { strengths = (2.0, 1.0); patterns = ((1, 2), (5)); };"                            \
    "data = { copies = (1, 2, 1, 3, 1, 1); replicas = (1, 1, 4, 1, 1, 2); weights = ((0.5), (0.5)); };"                    \
    "init = { state = \"start.tsv\"; }; flow = { weight_decay = 0.1; };"

/* The same problem without reduction: DIMENSION features, of which only the patterns' have a target. */
static hf_problem widen(const hf_problem *p, double *target, double *variance)
{
    hf_problem wide = *p;
    wide.features = DIMENSION;
    wide.target = target;
    wide.variance = variance;
    for (size_t i = 0; i < DIMENSION * POSITIONS; i++) {
        target[i] = i < PATTERNS * POSITIONS ? p->target[i] : 0;
        variance[i] = 0.5;
    }
    return wide;
}

static void test_reduced_flow_is_the_flow_in_all_coordinates(void **state)
{
    (void)state;
    random_source random = {seed};
    double value[HEADS][DIMENSION], target[DIMENSION * POSITIONS], variance[DIMENSION * POSITIONS];
    for (size_t rank = 0; rank <= HEADS; rank++) {
        write_wide_start(&random, rank, value);
        hf_problem *p = make_problem(WIDE_MODEL), wide = widen(p, target, variance);
        assert_int_equal(p->features, PATTERNS + rank);
        assert_int_equal(p->value_width, DIMENSION);
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        double *y = numbers(hf_flow_size(flow)), *dy = numbers(hf_flow_size(flow));
        hf_flow_start(flow, y);
        assert_true(hf_flow_at(point, y));
        hf_flow_velocity(point, dy);

        size_t R = p->features, values = HEADS * DIMENSION;
        long double *x = long_numbers(HEADS * (DIMENSION + POSITIONS)), *dx = long_numbers(HEADS * (DIMENSION + POSITIONS)),
                    loss;
        long double *reduced = long_numbers(HEADS * (R + POSITIONS)), *got = long_numbers(HEADS * (R + POSITIONS));
        to_heads(flow, y, reduced);
        for (size_t k = 0; k < HEADS; k++) {
            for (size_t r = 0; r < DIMENSION; r++)
                x[k * DIMENSION + r] = value[k][r];
            for (size_t i = 0; i < POSITIONS; i++)
                x[values + k * POSITIONS + i] = reduced[HEADS * R + k * POSITIONS + i];
        }
        naive_flow(&wide, x, dx, &loss, NULL);
        assert_true(close_to(point->loss, (double)loss, 1e-13));
        to_heads(flow, dy, got);
        for (size_t k = 0; k < HEADS; k++) {
            for (size_t r = 0; r < DIMENSION; r++) {
                long double sum = 0, velocity = 0;
                for (size_t b = 0; b < R; b++) {
                    sum += p->value_basis[b * DIMENSION + r] * reduced[k * R + b];
                    velocity += p->value_basis[b * DIMENSION + r] * got[k * R + b];
                }
                assert_true(is_close((double)sum, value[k][r], 0, 1e-13));
                assert_true(is_close((double)velocity, (double)dx[k * DIMENSION + r], 0, 1e-13));
            }
            for (size_t i = 0; i < POSITIONS; i++)
                assert_true(
                    is_close((double)got[HEADS * R + k * POSITIONS + i], (double)dx[values + k * POSITIONS + i], 0, 1e-13));
        }
        free(y), free(dy), free(x), free(dx), free(reduced), free(got);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

static void test_equal_heads_of_a_table_have_no_deviation_from_each_other(void **state)
{
    (void)state;
    random_source random = {seed + 1};
    FILE *stream = fopen(temporary_path("start.tsv"), "w");
    assert_non_null(stream);
    fprintf(stream, "kind\thead\tindex\tvalue\n");
    for (size_t r = 1; r <= DIMENSION; r++) {
        double x = draw_normal(&random);
        for (size_t k = 1; k <= 3; k++)
            fprintf(stream, "value\t%zu\t%zu\t%.17g\n", k, r, k == 2 ? draw_normal(&random) : x);
    }
    for (size_t i = 1; i <= 6; i++) {
        double x = 10 * draw_normal(&random);
        for (size_t k = 1; k <= 3; k++)
            fprintf(stream, "logit\t%zu\t%zu\t%.17g\n", k, i, k == 2 ? draw_normal(&random) : x);
    }
    fclose(stream);
    hf_problem *p = make_problem(WIDE_MODEL);
    assert_int_equal(p->features, 4);
    assert_memory_equal(p->value_deviation, p->value_deviation + 2 * p->features, p->features * sizeof(double));
    assert_memory_equal(p->logit_deviation, p->logit_deviation + 2 * 6, 6 * sizeof(double));
    hf_problem_free(p);
}

static void test_values_outside_need_equal_variances(void **state)
{
    (void)state;
    random_source random = {seed + 2};
    double value[HEADS][DIMENSION];
    hf_problem *p = NULL;
    hf_error err = {0};
    write_wide_start(&random, 1, value);
    assert_int_equal(try_problem("heads = 3; positions = 6; target = { strengths = (2.0, 1.0); };"
                                 "data = { weights = ((0.5, 1.0, 0.5, 0.5, 0.5, 0.5), (0.5)); };\n"
                                 "init = { state = \"start.tsv\"; };",
                                 &p, &err),
                     HF_EUSAGE);
    assert_non_null(strstr(err.message, "model.conf:2: "));
    assert_non_null(strstr(err.message, "position 2"));
    assert_int_equal(try_problem("heads = 3; positions = 6; target = { strengths = (2.0, 1.0); };"
                                 "test = { weights = ((0.5, 1.0, 0.5, 0.5, 0.5, 0.5), (0.5)); };\n"
                                 "init = { state = \"start.tsv\"; };",
                                 &p, &err),
                     HF_EUSAGE);
    assert_non_null(strstr(err.message, "for which test.weights must not differ between features (they do at position 2)"));
    write_wide_start(&random, 0, value);
    p = make_problem("heads = 3; positions = 6; target = { strengths = (2.0, 1.0); };"
                     "data = { weights = ((0.5), (1.5)); }; init = { state = \"start.tsv\"; };");
    assert_int_equal(p->features, 2);
    hf_problem_free(p);
}

/* ---- the start ---- */

static double largest_mean(const hf_problem *p)
{
    double largest = 0;
    for (size_t k = 0; k < p->heads; k++) {
        double mean = 0;
        for (size_t i = 0; i < p->positions; i++)
            mean += p->multiplicity[i] * p->logit_deviation[k * p->positions + i] / p->total;
        largest = fmax(largest, fabs(mean));
    }
    return largest;
}

static double standard_deviation(const hf_problem *p)
{
    double sum = 0;
    size_t count = p->heads * p->positions;
    for (size_t i = 0; i < count; i++)
        sum += p->logit_deviation[i] * p->logit_deviation[i];
    return sqrt(sum / (double)count);
}

static hf_problem *noisy(const char *distribution, unsigned long long its_seed)
{
    return make_problem("heads = 2; positions = 20000; target = { strengths = (1.0); };"
                        "init = { perturbation = 0.25; distribution = \"%s\"; seed = %lluL; };",
                        distribution, its_seed);
}

static void test_noise_has_its_standard_deviation(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double kurtosis;
    } noises[] = {{"normal", 3}, {"uniform", 1.8}};
    for (size_t i = 0; i < 2; i++) {
        hf_problem *p = noisy(noises[i].name, 7);
        double spread = sqrt((noises[i].kurtosis - 1) / 4 / 40000), found = standard_deviation(p) / 0.25;
        assert_true(within(noises[i].name, fabs(found - 1) / spread, 4)); /* in standard errors */
        hf_problem_free(p);
    }
}

static void test_uniform_noise_fills_its_interval(void **state)
{
    (void)state;
    hf_problem *p = noisy("uniform", 3);
    double low = 0, high = 0;
    for (size_t i = 0; i < 40000; i++) {
        low = fmin(low, p->logit_deviation[i]);
        high = fmax(high, p->logit_deviation[i]);
    }
    assert_true(is_close(high, 0.25 * sqrt(3), 0.02, 0) && is_close(low, -0.25 * sqrt(3), 0.02, 0));
    hf_problem_free(p);
}

static void test_noise_is_that_of_its_seed(void **state)
{
    (void)state;
    hf_problem *a = noisy("normal", 5), *b = noisy("normal", 5), *c = noisy("normal", 6), *d = noisy("normal", 4294967301);
    size_t bytes = 40000 * sizeof(double);
    assert_memory_equal(a->logit_deviation, b->logit_deviation, bytes);
    assert_memory_not_equal(a->logit_deviation, c->logit_deviation, bytes);
    assert_memory_not_equal(a->logit_deviation, d->logit_deviation, bytes); /* 5 + 2^32 */
    hf_problem_free(a), hf_problem_free(b), hf_problem_free(c), hf_problem_free(d);
}

static void test_sine_noise_is_that_of_the_reference(void **state)
{
    (void)state;
    hf_problem *p = make_problem(THREE_STAGES "init = { distribution = \"sine\"; perturbation = 1e-2; };");
    hf_state table;
    hf_error err = {0};
    if (hf_state_read(&table, data_path("three-stage.init.tsv"), 3, 40, 3, &err) != HF_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < 120; i++)
        assert_true(is_close(p->logit_deviation[i], table.logit[i], 1e-13, 1e-17));
    for (size_t i = 0; i < 9; i++)
        assert_true(table.value[i] == 0);
    hf_state_clear(&table);
    hf_problem_free(p);
}

static void test_logits_have_zero_mean_over_all_inputs(void **state)
{
    (void)state;
    static const char *const noises[] = {"normal", "uniform", "sine"};
    for (size_t i = 0; i < 3; i++) {
        hf_problem *p = make_problem("heads = 3; positions = 4; target = { strengths = (1.0); };"
                                     "data = { copies = (1, 5, 2, 1); replicas = (1000000, 1, 3, 7); };"
                                     "init = { perturbation = 2.0; distribution = \"%s\"; };",
                                     noises[i]);
        assert_true(at_most(largest_mean(p), 1e-15));
        hf_problem_free(p);
    }
    random_source random = {seed + 3};
    double value[HEADS][DIMENSION];
    write_wide_start(&random, 0, value);
    hf_problem *p = make_problem(WIDE_MODEL);
    assert_true(at_most(largest_mean(p), 1e-15));
    hf_problem_free(p);
}

static void test_a_tiny_perturbation_is_the_large_one_scaled(void **state)
{
    (void)state;
    hf_problem *one = make_problem(THREE_STAGES "init = { perturbation = 1.0; };");
    hf_problem *tiny = make_problem(THREE_STAGES "init = { perturbation = 1e-200; };");
    for (size_t i = 0; i < 120; i++)
        assert_true(close_to(tiny->logit_deviation[i], 1e-200 * one->logit_deviation[i], 1e-15));
    hf_problem_free(one);
    hf_problem_free(tiny);
}

static void test_no_perturbation_leaves_heads_equal_at_their_values(void **state)
{
    (void)state;
    hf_problem *p = make_problem(THREE_STAGES "init = { perturbation = 0.0; values = 0.3; };");
    hf_flow *flow = make_flow(p);
    double *y = numbers(hf_flow_size(flow));
    hf_flow_start(flow, y);
    for (size_t i = 0; i < hf_flow_size(flow); i++)
        assert_true(i < 3 ? close_to(y[i], sqrt(3) * 0.3, 1e-15) : y[i] == 0);
    free(y);
    hf_flow_free(flow);
    hf_problem_free(p);
}

/* ---- noise ---- */

#define NOISY "heads = 3; positions = 6; target = { strengths = (2.0, 1.0); patterns = ((1, 2), (5)); };"

/* Noise on a state table is the table's logits and the very noise that a uniform start has; init.heads chooses whose. */
static void test_noise_on_a_state_and_on_chosen_heads(void **state)
{
    (void)state;
    random_source random = {seed + 2};
    double value[HEADS][DIMENSION];
    write_wide_start(&random, 1, value);
    hf_problem *table = make_problem(NOISY "init = { state = \"start.tsv\"; };");
    hf_problem *noise = make_problem(NOISY "init = { perturbation = 0.3; seed = 9; };");
    hf_problem *both = make_problem(NOISY "init = { state = \"start.tsv\"; perturbation = 0.3; seed = 9; };");
    hf_problem *second = make_problem(NOISY "init = { state = \"start.tsv\"; perturbation = 0.3; seed = 9; heads = (2); };");
    hf_problem *alone = make_problem(NOISY "init = { perturbation = 0.3; seed = 9; heads = (3, 1); };");
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < 6; i++) {
            const double on_table = table->logit_deviation[6 * k + i], its_noise = noise->logit_deviation[6 * k + i];
            assert_true(its_noise != 0);
            assert_true(both->logit_deviation[6 * k + i] == on_table + its_noise);
            assert_true(second->logit_deviation[6 * k + i] == (k == 1 ? on_table + its_noise : on_table));
            assert_true(alone->logit_deviation[6 * k + i] == (k == 1 ? 0 : its_noise));
        }
    hf_problem_free(table);
    hf_problem_free(noise);
    hf_problem_free(both);
    hf_problem_free(second);
    hf_problem_free(alone);
}

/* ---- state tables ---- */

#define HEADER "kind\thead\tindex\tvalue\n"
#define LOGITS "logit\t1\t1\t0.5\nlogit\t1\t2\t-0.5\nlogit\t2\t1\t1\nlogit\t2\t2\t-1\n"

/* A table for 2 heads, 2 positions, 1 feature. */
static hf_status read_state(const char *text, size_t size, hf_state *table, hf_error *err)
{
    write_text(temporary_path("start.tsv"), text, size);
    return hf_state_read(table, temporary_path("start.tsv"), 2, 2, 1, err);
}

static void test_a_good_table_is_read(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# a comment\n#\n" HEADER "\n# more\n" LOGITS
                               "value\t1\t1\t0\nvalue\t1\t2\t0\nvalue\t2\t1\t5\nvalue\t2\t2\t-3e-2\r\n";
    hf_state table;
    hf_error err = {0};
    if (read_state(text, sizeof text - 1, &table, &err) != HF_OK)
        fail_msg("%s", err.message);
    assert_int_equal(table.value_width, 2);
    assert_true(table.value[3] == -3e-2 && table.value[0] == 0 && table.logit[1] == -0.5 && table.logit[3] == -1);
    hf_state_clear(&table);
    hf_state_clear(&table);
}

static void test_a_long_comment_is_skipped(void **state)
{
    (void)state;
    for (size_t length = 250; length < 262; length++) {
        char text[1024] = "";
        memset(text, 'x', length);
        text[0] = '#';
        snprintf(text + length, sizeof text - length, "\n" HEADER LOGITS);
        hf_state table;
        hf_error err = {0};
        if (read_state(text, strlen(text), &table, &err) != HF_OK)
            fail_msg("comment of %zu characters: %s", length, err.message);
        hf_state_clear(&table);
    }
}

static void test_bad_tables_are_refused_with_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "the logit of head 1, position 1 is missing"},
        {HEADER, "the logit of head 1, position 1 is missing"},
        {HEADER "logit\t1\t1\t0.5\nlogit\t1\t2\t-0.5\nlogit\t2\t1\t1\n", "the logit of head 2, position 2 is missing"},
        {LOGITS, "start.tsv:1: expected the header line"},
        {"kind head index value\n" LOGITS, "start.tsv:1: expected the header line"},
        {"# c\n\nkind\thead\tindex\tvalue\textra\n" LOGITS, "start.tsv:3: expected the header line"},
        {HEADER "logit\t1\t1\n", "start.tsv:2: expected four fields"},
        {HEADER "logit\t1\t1\t2\t3\n", "start.tsv:2: expected four fields"},
        {HEADER LOGITS "Logit\t1\t1\t2\n", "start.tsv:6: kind: expected value or logit"},
        {HEADER "logit\t3\t1\t2\n", "start.tsv:2: head: expected 1..2"},
        {HEADER "logit\t0\t1\t2\n", "start.tsv:2: head: expected 1..2"},
        {HEADER "logit\t-1\t1\t2\n", "start.tsv:2: head: expected 1..2"},
        {HEADER "logit\t1.0\t1\t2\n", "start.tsv:2: head: expected 1..2"},
        {HEADER "logit\t99999999999999999999999\t1\t2\n", "start.tsv:2: head: expected 1..2"},
        {HEADER "logit\t1\t3\t2\n", "start.tsv:2: index: expected 1..2"},
        {HEADER "logit\t1\t\t2\n", "start.tsv:2: index: expected 1..2"},
        {HEADER "value\t1\t99999999999\t2\n", "start.tsv:2: index: expected 1.."},
        {HEADER "logit\t1\t1\tnan\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t-inf\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t1e999\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t1x\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t1,5\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t0x1p3\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t 1\n", "start.tsv:2: value: expected a finite number"},
        {HEADER "logit\t1\t1\t.\n", "start.tsv:2: value: expected a finite number"},
        {HEADER LOGITS "value\t2\t2\t1\n", "start.tsv:6: the table ends, but the value of head 1, index 1 is missing"},
        {HEADER LOGITS "value\t1\t1\t1\n", "start.tsv:6: the table ends, but the value of head 2, index 1 is missing"},
        {HEADER LOGITS "value\t1\t1\t1\nvalue\t2\t1\t1\nvalue\t1\t1\t1\n",
         "start.tsv:8: the value of head 1, index 1 is given twice, in line 6 and here"},
        {HEADER LOGITS "logit\t2\t1\t7\n", "start.tsv:6: the logit of head 2, position 1 is given twice, in line 4 and here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_state table;
        hf_error err = {0};
        assert_int_equal(read_state(cases[i].text, strlen(cases[i].text), &table, &err), HF_EUSAGE);
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("case %zu: got      %s\nexpected %s", i, err.message, cases[i].message);
        assert_null(table.value);
    }
}

static void test_a_long_number_is_read(void **state)
{
    (void)state;
    char text[1024];
    hf_state table;
    hf_error err = {0};
    snprintf(text, sizeof text, HEADER "logit\t1\t1\t0%.400d\n", 0);
    assert_int_equal(read_state(text, strlen(text), &table, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "is missing")); /* the other logits; the long line itself is fine */
}

static void test_a_nul_byte_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof HEADER LOGITS - 1; at++) {
        char text[] = HEADER LOGITS;
        hf_state table;
        hf_error err = {0};
        text[at] = '\0';
        if (read_state(text, sizeof text - 1, &table, &err) != HF_EUSAGE)
            fail_msg("a NUL in place of byte %zu of %zu is accepted", at + 1, sizeof text - 1);
    }
}

static void test_a_missing_table_is_refused(void **state)
{
    (void)state;
    hf_state table;
    hf_error err = {0};
    assert_int_equal(hf_state_read(&table, "/nonexistent/start.tsv", 2, 2, 1, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "/nonexistent/start.tsv: cannot be read"));
}

/* Only the file without its last newline is complete: all others lack a logit or part of a line. */
static void test_a_truncated_table_is_refused_and_never_crashes(void **state)
{
    (void)state;
    static const char text[] = "# comment\n" HEADER "value\t1\t1\t0.25\nvalue\t2\t1\t0\n" LOGITS;
    for (size_t size = 0; size < sizeof text - 2; size++) {
        hf_state table;
        hf_error err = {0};
        hf_status status = read_state(text, size, &table, &err);
        if (status != HF_EUSAGE)
            fail_msg("%zu bytes: status %d", size, (int)status);
    }
}

static void test_random_bytes_never_crash(void **state)
{
    (void)state;
    static const char alphabet[] = "logitvalue\t\t\t\n\n#0123456789.-+eE\0\xff\r naninf";
    random_source random = {seed + 4};
    for (size_t trial = 0; trial < 2000; trial++) {
        char text[400] = HEADER;
        size_t start = trial % 2 == 0 ? sizeof HEADER - 1 : 0, size = draw_count(&random, start, sizeof text);
        for (size_t i = start; i < size; i++)
            text[i] = alphabet[draw_count(&random, 0, sizeof alphabet - 2)];
        hf_state table;
        hf_error err = {0};
        hf_status status = read_state(text, size, &table, &err);
        assert_true(status == HF_OK || status == HF_EUSAGE);
        hf_state_clear(&table);
    }
}

int main(void)
{
    hf_init();
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_of_weighted_patterns_and_a_gram_matrix),
        cmocka_unit_test(test_lengths_and_stride_place_uniform_patterns),
        cmocka_unit_test(test_features_of_a_gram_matrix_have_its_inner_products),
        cmocka_unit_test(test_a_dependent_feature_adds_no_direction),
        cmocka_unit_test(test_variances_are_one_number_or_one_per_position),
        cmocka_unit_test(test_plateau_loss_of_disjoint_patterns_is_half_a_sum_of_squares),
        cmocka_unit_test(test_plateau_loss_counts_overlap_replicas_and_variances),
        cmocka_unit_test(test_reduced_flow_is_the_flow_in_all_coordinates),
        cmocka_unit_test(test_equal_heads_of_a_table_have_no_deviation_from_each_other),
        cmocka_unit_test(test_values_outside_need_equal_variances),
        cmocka_unit_test(test_noise_has_its_standard_deviation),
        cmocka_unit_test(test_uniform_noise_fills_its_interval),
        cmocka_unit_test(test_noise_is_that_of_its_seed),
        cmocka_unit_test(test_sine_noise_is_that_of_the_reference),
        cmocka_unit_test(test_logits_have_zero_mean_over_all_inputs),
        cmocka_unit_test(test_a_tiny_perturbation_is_the_large_one_scaled),
        cmocka_unit_test(test_no_perturbation_leaves_heads_equal_at_their_values),
        cmocka_unit_test(test_noise_on_a_state_and_on_chosen_heads),
        cmocka_unit_test(test_a_good_table_is_read),
        cmocka_unit_test(test_a_long_comment_is_skipped),
        cmocka_unit_test(test_bad_tables_are_refused_with_the_line),
        cmocka_unit_test(test_a_long_number_is_read),
        cmocka_unit_test(test_a_nul_byte_anywhere_is_refused),
        cmocka_unit_test(test_a_missing_table_is_refused),
        cmocka_unit_test(test_a_truncated_table_is_refused_and_never_crashes),
        cmocka_unit_test(test_random_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
