/* Tests of flow.support: attention that is exactly 0 outside, and inside the flow of heads that have no other positions, against the
 * equations written down naively by head and integrated by Runge and Kutta's method, in both geometries. */
#include "config/config.h"
#include "support.h"
#include "training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20261126;

enum { H = 3, J = 2, T = 9, SIZE = H * J + H * T };

/* A task: two patterns of weight 1 on a position each, of which the second may lie outside. */
typedef struct {
    bool mirror, support[T];
    double strength[J];
    size_t place[J];
} task;

static task draw_task(bool mirror, bool hides_second, random_source *random)
{
    task t = {.mirror = mirror, .strength = {2 + draw_uniform(random), 0.8 + draw_uniform(random)}};
    t.place[0] = draw_count(random, 0, 3);
    t.place[1] = draw_count(random, 4, T - 1);
    for (size_t i = 0; i < T; i++)
        t.support[i] = draw_uniform(random) < 0.5;
    t.support[t.place[0]] = true;
    t.support[t.place[0] == 0 ? 1 : 0] = true;
    t.support[t.place[1]] = !hides_second;
    return t;
}

static hf_problem *problem_of_task(const task *t)
{
    char text[800], list[100] = "";
    for (size_t i = 0; i < T; i++)
        if (t->support[i])
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%zu", list[0] == '\0' ? "" : ", ", i + 1);
    snprintf(text, sizeof text,
             "heads = 3; positions = 9; target = { strengths = (%.17g, %.17g); patterns = ((%zu), (%zu)); };\n"
             "init = { perturbation = 0.05; distribution = \"sine\"; }; flow = { geometry = \"%s\"; support = (%s); };",
             t->strength[0], t->strength[1], t->place[0] + 1, t->place[1] + 1, t->mirror ? "replicator" : "logit", list);
    return make_problem("%s", text);
}

/* s of one head over the support, and 0. */
static void attend(const task *t, const double *a, double *s)
{
    double sum = 0;
    for (size_t i = 0; i < T; i++)
        sum += t->support[i] ? exp(a[i]) : 0;
    for (size_t i = 0; i < T; i++)
        s[i] = t->support[i] ? exp(a[i]) / sum : 0;
}

/* x: values (H, J), logits (H, T), which are compared within the support alone. Returns the loss. */
static double velocity(const task *t, const double *x, double *slope)
{
    double s[H][T], error[J][T], loss = 0;
    for (size_t k = 0; k < H; k++)
        attend(t, x + H * J + k * T, s[k]);
    for (size_t r = 0; r < J; r++)
        for (size_t i = 0; i < T; i++) {
            error[r][i] = i == t->place[r] ? t->strength[r] : 0;
            for (size_t k = 0; k < H; k++)
                error[r][i] -= x[k * J + r] * s[k][i];
            loss += error[r][i] * error[r][i] / 2;
        }
    for (size_t k = 0; k < H; k++) {
        double g[T] = {0}, mean = 0, *da = slope + H * J + k * T;
        for (size_t r = 0; r < J; r++) {
            slope[k * J + r] = 0;
            for (size_t i = 0; i < T; i++) {
                slope[k * J + r] += error[r][i] * s[k][i];
                g[i] += error[r][i] * x[k * J + r];
            }
        }
        for (size_t i = 0; i < T; i++)
            mean += s[k][i] * g[i];
        for (size_t i = 0; i < T; i++)
            da[i] = !t->support[i] ? 0 : t->mirror ? g[i] - mean : s[k][i] * (g[i] - mean);
    }
    return loss;
}

static void runge_kutta(const task *t, double *x, double time, size_t steps)
{
    const double h = time / (double)steps, part[] = {0, h / 2, h / 2, h}, weight[] = {h / 6, h / 3, h / 3, h / 6};
    for (size_t n = 0; n < steps; n++) {
        double slope[SIZE] = {0}, at[SIZE], sum[SIZE] = {0};
        for (size_t stage = 0; stage < 4; stage++) {
            for (size_t i = 0; i < SIZE; i++)
                at[i] = x[i] + part[stage] * slope[i];
            velocity(t, at, slope);
            for (size_t i = 0; i < SIZE; i++)
                sum[i] += weight[stage] * slope[i];
        }
        for (size_t i = 0; i < SIZE; i++)
            x[i] += sum[i];
    }
}

/* The largest difference of values, attention and loss; attention outside must be 0. */
static double difference(const task *t, test_run *run, hf_flow_point *point, const double *x)
{
    long double *by_head = long_numbers(hf_flow_size(run->flow));
    double slope[SIZE], worst;
    to_heads(run->flow, run->y, by_head);
    assert_true(hf_flow_at(point, run->y));
    worst = fabs(point->loss - velocity(t, x, slope));
    for (size_t k = 0; k < H; k++) {
        double naive[T], s[T];
        attend(t, x + H * J + k * T, naive);
        hf_flow_head_attention(point, k, s);
        for (size_t r = 0; r < J; r++)
            worst = fmax(worst, fabs((double)by_head[k * J + r] - x[k * J + r]));
        for (size_t i = 0; i < T; i++) {
            worst = fmax(worst, fabs(s[i] - naive[i]));
            assert_true(t->support[i] || s[i] == 0);
        }
    }
    free(by_head);
    return worst;
}

static void test_flow_is_that_of_the_support(void **state)
{
    (void)state;
    random_source random = {seed};
    for (size_t number = 0; number < 6; number++) {
        const task t = draw_task(number % 2 == 1, number >= 4, &random);
        test_run run = start_run(problem_of_task(&t), 1e-11, 1e-14);
        hf_flow_point *point = make_point(run.flow);
        long double *by_head = long_numbers(hf_flow_size(run.flow));
        double x[SIZE], worst = 0;
        to_heads(run.flow, run.y, by_head);
        for (size_t i = 0; i < SIZE; i++)
            x[i] = (double)by_head[i];
        worst = difference(&t, &run, point, x);
        for (size_t n = 1; n <= 4; n++) {
            runge_kutta(&t, x, 10, 4000);
            run_to(&run, 10.0 * (double)n);
            worst = fmax(worst, difference(&t, &run, point, x));
        }
        assert_true(within(t.mirror ? "replicator" : "logit", worst, 1e-7));
        free(by_head);
        hf_flow_point_free(point);
        end_run(&run);
    }
}

/* The velocity's derivative along random directions is that of finite differences; the loss has no slope outside. */
static void test_derivatives_are_those_of_finite_differences(void **state)
{
    (void)state;
    random_source random = {seed + 1};
    for (size_t number = 0; number < 6; number++) {
        const task t = draw_task(number % 2 == 1, number >= 4, &random);
        hf_problem *problem = problem_of_task(&t);
        hf_flow *flow = make_flow(problem);
        hf_flow_point *point = make_point(flow);
        const size_t size = hf_flow_size(flow);
        const double h = 1e-5;
        double *y = random_state(flow, 0.3, &random), x[SIZE], up[SIZE], down[SIZE], at[SIZE], change[SIZE], worst = 0;
        assert_int_equal(size, SIZE);
        for (size_t i = 0; i < size; i++)
            x[i] = draw_normal(&random);
        for (size_t i = 0; i < size; i++)
            at[i] = y[i] + h * x[i];
        assert_true(hf_flow_at(point, at));
        hf_flow_velocity(point, up);
        for (size_t i = 0; i < size; i++)
            at[i] = y[i] - h * x[i];
        assert_true(hf_flow_at(point, at));
        hf_flow_velocity(point, down);
        assert_true(hf_flow_at(point, y));
        hf_flow_jacobian_times(point, x, change);
        for (size_t i = 0; i < size; i++)
            worst = fmax(worst, fabs((up[i] - down[i]) / (2 * h) - change[i]));
        assert_true(within("Jacobian", worst, 1e-7));
        hf_flow_gradient_change(point, x, change);
        for (size_t n = 0; n < H; n++)
            for (size_t i = 0; i < T; i++)
                assert_true(t.support[i] || change[H * J + n * T + i] == 0);
        free(y);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(problem);
    }
}

/* Equal heads stay equal bit for bit; a support without any pattern leaves nothing to learn. */
static void test_equal_heads_and_hidden_patterns(void **state)
{
    (void)state;
    static const char *const geometry[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        char text[400];
        hf_run_summary s;
        snprintf(text, sizeof text,
                 "heads = 3; positions = 9; target = { strengths = (2.0, 1.0); }; init = { perturbation = 0; };\n"
                 "flow = { geometry = \"%s\"; support = (1, 5, 7); }; solver = { t_end = 100; };",
                 geometry[g]);
        test_run run = start_run(make_problem("%s", text), 1e-10, 1e-13);
        run_to(&run, 100);
        for (size_t n = 1; n < H; n++) {
            for (size_t r = 0; r < J; r++)
                assert_true(run.y[n * J + r] == 0);
            for (size_t i = 0; i < T; i++)
                assert_true(run.y[H * J + n * T + i] == 0);
        }
        end_run(&run);
        snprintf(text, sizeof text,
                 "heads = 3; positions = 9; target = { strengths = (2.0, 1.0); }; init = { perturbation = 0.1; };\n"
                 "flow = { geometry = \"%s\"; support = (5, 7, 8); }; solver = { t_end = 1e4; };",
                 geometry[g]);
        follow_text(text, &s);
        assert_int_equal(s.findings.stage_count, 0);
        hf_run_summary_clear(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flow_is_that_of_the_support),
        cmocka_unit_test(test_derivatives_are_those_of_finite_differences),
        cmocka_unit_test(test_equal_heads_and_hidden_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
