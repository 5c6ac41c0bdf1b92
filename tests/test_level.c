/* Tests of level: predicted losses against closed forms, against plateaus of long flows, and where nothing may change. */
#include "detected.h"
#include "flow/level.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* The predicted level for a plateau's loss. */
static double predict(const hf_problem *p, double loss, const bool *learned)
{
    double level;
    assert_int_equal(hf_level_predict(p, loss, learned, &level, NULL), HF_OK);
    return level;
}

/* ---- closed forms ---- */

/* Half the smaller eigenvalue of the 2 x 2 matrix whose square root's rows are m_j u_j p_j^T: what the best component of
 * two leaves. u, q: the products of features and of patterns. */
static double smaller_half(const double m[2], const double u[3], const double q[3])
{
    double a = 0, trace = 0,
           determinant = m[0] * m[0] * m[1] * m[1] * (u[0] * u[2] - u[1] * u[1]) * (q[0] * q[2] - q[1] * q[1]);
    trace = m[0] * m[0] * u[0] * q[0] + m[1] * m[1] * u[2] * q[2] + 2 * m[0] * m[1] * u[1] * q[1];
    a = trace / 2 + sqrt(trace * trace / 4 - determinant);
    return determinant / a / 2;
}

/* Two patterns on three positions, or two disjoint ones with correlated features; heads that have not parted. */
static void test_two_patterns_in_closed_form(void **state)
{
    (void)state;
    const bool first[] = {true, false}, both[] = {true, true};
    const double m[] = {1.5, 1.0}, orthogonal[] = {1, 0, 1}, apart[] = {0.5, 0, 0.5}, shared[] = {0.5, 0.25, 0.5},
                 alike[] = {1, 0.4, 1};
    hf_problem *overlap =
        make_problem("heads = 2; positions = 6; target = { strengths = (1.5, 1.0); patterns = ((1, 2), (2, 3)); };");
    hf_problem *gram =
        make_problem("heads = 2; positions = 6; target = { strengths = (1.5, 1.0); patterns = ((1, 2), (3, 4)); "
                     "gram = ((1.0, 0.4), (0.4, 1.0)); };");
    hf_problem *opposed =
        make_problem("heads = 2; positions = 6; target = { strengths = (1.5, 1.0); patterns = ((1, 2), (3, 4)); "
                     "gram = ((1.0, -0.4), (-0.4, 1.0)); };");
    hf_problem *mixed =
        make_problem("heads = 2; positions = 6; target = { strengths = (1.5, 1.0); patterns = ((1, 2), (2, 3)); "
                     "gram = ((1.0, 0.4), (0.4, 1.0)); };");
    double level = smaller_half(m, orthogonal, shared);
    assert_true(close_to(predict(overlap, 1.05 * level, first), level, 1e-9));
    assert_true(
        close_to(predict(overlap, 1.05 * level, both), level, 1e-9)); /* both fitted by half and more, by one component */
    assert_true(predict(overlap, 0.01 * level, both) == 0);
    level = smaller_half(m, alike, apart);
    assert_true(close_to(predict(gram, 1.05 * level, first), level, 1e-9));
    level = smaller_half(m, alike, shared);
    assert_true(close_to(predict(mixed, 1.05 * level, both), level, 1e-9));
    /* a mixture would need a negative attention: pattern 1 alone */
    assert_true(close_to(predict(opposed, 0.3, first), 0.5 * 1.0 * 0.5, 1e-9));
    /* without a plateau to belong to: a component for every pattern */
    assert_true(close_to(predict(overlap, NAN, first), smaller_half(m, orthogonal, shared), 1e-9));
    assert_true(predict(overlap, NAN, both) == 0);
    hf_problem_free(overlap), hf_problem_free(gram), hf_problem_free(opposed), hf_problem_free(mixed);
}

/* Three equal patterns know 2/3 of themselves with two heads: they are all acquired, but half of one is left. */
static void test_fewer_heads_than_acquired_patterns(void **state)
{
    (void)state;
    const bool all[] = {true, true, true};
    hf_problem *p = make_problem("heads = 2; positions = 8; target = { strengths = (1.0, 1.0, 1.0); };");
    assert_true(close_to(predict(p, 0.51, all), 0.5, 1e-9));
    hf_problem_free(p);
}

/* Patterns on one position whose inputs' variances differ by a factor 65: the second is learned long after the first, though
 * the same attention serves both. */
static void test_a_pattern_that_is_not_learned_is_not_fitted(void **state)
{
    (void)state;
    const bool first[] = {true, false}, both[] = {true, true};
    hf_problem *p = make_problem("heads = 1; positions = 2; target = { strengths = (1.0, 7.9); patterns = ((1), (1)); };\n"
                                 "data = { weights = ((0.5, 0.015625), (0.0078125, 0.015625)); };");
    const double left = 0.5 * 0.0078125 * 7.9 * 7.9;
    assert_true(close_to(predict(p, 0.95 * left, first), left, 1e-12));
    assert_true(predict(p, 0.01 * left, both) == 0);
    hf_problem_free(p);
}

/* Disjoint patterns with orthogonal features: what is left of the target, whatever the plateau's loss. */
static void test_plain_problems_count_patterns(void **state)
{
    (void)state;
    hf_problem *p =
        make_problem("heads = 3; positions = 9; target = { strengths = (2.89, 1.7, 1.0); lengths = (2, 1, 3); };\n"
                     "data = { copies = (1, 2, 1, 1, 3, 1, 1, 1, 1); replicas = (2, 1, 1, 4, 1, 1, 1, 1, 1); };");
    bool plain;
    assert_int_equal(hf_level_is_plain(p, &plain, NULL), HF_OK);
    assert_true(plain);
    for (int set = 0; set < 8; set++) {
        const bool learned[] = {set & 1, set & 2, set & 4};
        const double losses[] = {NAN, 0, 0.3, 5};
        for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++)
            assert_true(predict(p, losses[i], learned) == hf_problem_plateau_loss(p, learned));
    }
    const bool all[] = {true, true, true};
    assert_true(hf_problem_plateau_loss(p, all) == 0);
    hf_problem_free(p);
}

/* What is learned leaves nothing, not even rounding. */
static void test_nothing_is_left_of_all(void **state)
{
    (void)state;
    random_source random = {20261120};
    for (int i = 0; i < 30; i++) {
        problem_shape shape = {.heads = 3,
                               .positions = 8,
                               .patterns = 3,
                               .copies = i % 2,
                               .replicas = i % 3 == 0,
                               .weights = i % 5 == 0,
                               .gram = i % 5 == 1};
        hf_problem *p = random_problem(&shape, &random);
        const bool all[] = {true, true, true};
        assert_true(hf_problem_plateau_loss(p, all) == 0);
        assert_true(predict(p, 1e-9, all) == 0);
        assert_true(predict(p, NAN, all) == 0);
        hf_problem_free(p);
    }
}

/* ---- plateaus of flows ---- */

/* Text of a random problem whose patterns overlap, and whose features are correlated unless plain. */
static void random_text(int i, random_source *random, char *text, size_t capacity)
{
    enum { LENGTH = 3, POSITIONS = 12 };
    size_t heads = 1 + (size_t)i % 3, patterns = 2 + (size_t)i % 2, used = 0;
    double strength = 4 * pow(1.3 + draw_uniform(random), (double)patterns);
    used += (size_t)snprintf(text + used, capacity - used, "heads = %zu; positions = %d; target = { strengths = (", heads,
                             POSITIONS);
    for (size_t j = 0; j < patterns; j++, strength *= 0.55 + 0.2 * draw_uniform(random))
        used += (size_t)snprintf(text + used, capacity - used, "%s%.6g", j > 0 ? ", " : "", strength / 4);
    used += (size_t)snprintf(text + used, capacity - used, "); patterns = (");
    for (size_t j = 0; j < patterns; j++) {
        size_t first = 1 + 2 * j + draw_count(random, 0, 1);
        used += (size_t)snprintf(text + used, capacity - used, "%s(%zu, %zu, %zu)", j > 0 ? ", " : "", first, first + 1,
                                 first + 2);
    }
    used += (size_t)snprintf(text + used, capacity - used, "); weights = (");
    for (size_t j = 0; j < patterns; j++)
        used += (size_t)snprintf(text + used, capacity - used, "%s(%.6g, %.6g, %.6g)", j > 0 ? ", " : "",
                                 0.4 + draw_uniform(random), 0.4 + draw_uniform(random), 0.4 + draw_uniform(random));
    used += (size_t)snprintf(text + used, capacity - used, "); ");
    double c = i % 3 == 0 ? 0 : 0.6 * (draw_uniform(random) - 0.5);
    if (patterns == 2)
        used += (size_t)snprintf(text + used, capacity - used, "gram = ((1.0, %.6g), (%.6g, 1.0)); };\n", c, c);
    else
        used += (size_t)snprintf(text + used, capacity - used,
                                 "gram = ((1.0, %.6g, 0.0), (%.6g, 1.0, 0.1), (0.0, 0.1, 1.0)); };\n", c, c);
    snprintf(text + used, capacity - used,
             "init = { perturbation = 1e-12; seed = %d; }; flow = { geometry = \"%s\"; };\n"
             "solver = { t_end = 1e7; };",
             i + 1, i % 4 == 3 ? "replicator" : "logit");
}

/* Heads that start close together come near the levels, and to the last one in the end. On the way they may rest, too, while
 * positions that a component needs still have next to no attention. */
static void test_plateaus_of_flows(void **state)
{
    (void)state;
    random_source random = {20261121};
    size_t levels = 0, near = 0, partly = 0;
    for (int i = 0; i < 24; i++) {
        char text[2000];
        detected_run run;
        random_text(i, &random, text, sizeof text);
        detect(&run, text);
        const bool none[] = {false, false, false};
        const double whole = hf_problem_plateau_loss(run.problem, none);
        const hf_plateau *last = &run.findings.plateau[run.findings.plateau_count - 1];
        for (size_t n = 0; n < run.findings.stage_count; n++) {
            const hf_stage *stage = &run.findings.stage[n];
            if (isnan(stage->loss_after))
                continue;
            levels++;
            near += fabs(stage->loss_after - stage->predicted_loss_after) <= 0.02 * whole;
            partly += stage->predicted_loss_after > 0;
        }
        if (run.findings.end == HF_END_PLATEAU && !is_close(last->loss, last->predicted_loss, 1e-3, 1e-4 * whole))
            fail_msg("at the end of\n%s", text);
        clear_run(&run);
    }
    fprintf(stderr, "# %zu levels, %zu near, %zu not 0\n", levels, near, partly);
    assert_true(levels > 30 && partly > 15 && 10 * near >= 8 * levels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_patterns_in_closed_form),
        cmocka_unit_test(test_fewer_heads_than_acquired_patterns),
        cmocka_unit_test(test_a_pattern_that_is_not_learned_is_not_fitted),
        cmocka_unit_test(test_plain_problems_count_patterns),
        cmocka_unit_test(test_nothing_is_left_of_all),
        cmocka_unit_test(test_plateaus_of_flows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
