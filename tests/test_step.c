/* Finite steps as a term of the flow: beside steps that are really taken. */
#include "support.h"

#include "flow/curvature.h"
#include "flow/step.h"

#include <stdlib.h>
#include <string.h>

#define LADDER                                                                                                             \
    "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"                \
    "init = { distribution = \"sine\"; perturbation = 1e-2; };\n"

enum { LEVELS = 2 };
static const uint64_t seed = 20;

/* A problem whose sine start counts heads and positions from 0. */
static hf_problem *problem_from_zero(double step, double momentum)
{
    double start[3][40];
    FILE *file = fopen(temporary_path("zero.tsv"), "w");
    assert_non_null(file);
    fputs("kind\thead\tindex\tvalue\n", file);
    for (int k = 0; k < 3; k++) {
        double mean = 0;
        for (int i = 0; i < 40; i++) {
            start[k][i] = 1e-2 * sin(1 + 3 * k + 2 * i + k * i);
            mean += start[k][i] / 40;
        }
        for (int i = 0; i < 40; i++)
            fprintf(file, "logit\t%d\t%d\t%.17g\n", k + 1, i + 1, start[k][i] - mean);
        for (int r = 0; r < 3; r++)
            fprintf(file, "value\t%d\t%d\t0\n", k + 1, r + 1);
    }
    fclose(file);
    return make_problem("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
                        "init = { state = \"zero.tsv\"; }; flow = { step = %.17g; momentum = %.17g; };\n",
                        step, momentum);
}

/* The times at which the flow's loss falls to the levels. */
static void times_of_flow(hf_problem *problem, const double *level, double *t)
{
    test_run run = start_run(problem, 1e-11, 1e-14);
    for (size_t l = 0; l < LEVELS; l++)
        t[l] = run_until_below(&run, NULL, level[l]);
    assert_true(at_most(energy_defect(&run), 1e-9));
    end_run(&run);
}

/* The fraction of a step, h long, at which the loss falls to a level: by a straight line, or by a cubic with the modified flow's
 * slopes, which is right to fourth order. */
static double fraction(bool straight, double h, const double loss[2], const double speed[2], double level)
{
    double low = 0, high = 1;
    if (straight)
        return (loss[0] - level) / (loss[0] - loss[1]);
    for (int i = 0; i < 60; i++) {
        const double x = (low + high) / 2, z = 1 - x;
        const double here = z * z * (1 + 2 * x) * loss[0] + x * x * (1 + 2 * z) * loss[1] +
                            h * z * x * (x * speed[1] - z * speed[0]);
        *(here > level ? &low : &high) = x;
    }
    return low;
}

/* The times at which steps of the problem's own size come to the levels, on the clock of momentum. */
static void times_of_steps(hf_problem *problem, double eta, double mu, bool straight, const double *level, double *t)
{
    hf_flow *flow = make_flow(problem);
    hf_flow_point *point = make_point(flow);
    const size_t size = hf_flow_size(flow);
    double *y = numbers(size), *velocity = numbers(size), *moved = numbers(size), loss[2] = {0}, speed[2] = {0}, clock[2] = {0};
    hf_flow_start(flow, y);
    memset(moved, 0, size * sizeof *moved);
    for (size_t l = 0, n = 0; l < LEVELS; n++) {
        assert_true(hf_flow_at(point, y) && n < 1000000);
        loss[1] = point->loss;
        speed[1] = point->speed;
        clock[1] = eta / (1 - mu) * ((double)n - mu * (1 - pow(mu, (double)n)) / (1 - mu));
        for (; l < LEVELS && n > 0 && loss[1] <= level[l]; l++)
            t[l] = clock[0] + (clock[1] - clock[0]) * fraction(straight, clock[1] - clock[0], loss, speed, level[l]);
        loss[0] = loss[1];
        speed[0] = speed[1];
        clock[0] = clock[1];
        hf_flow_plain_velocity(point, velocity);
        for (size_t i = 0; i < size; i++) {
            moved[i] = mu * moved[i] + eta * velocity[i];
            y[i] += moved[i];
        }
    }
    free(y);
    free(velocity);
    free(moved);
    hf_flow_point_free(point);
    hf_flow_free(flow);
    hf_problem_free(problem);
}

/* ---- beside gradient descent ---- */

static void test_gradient_descent_follows_the_modified_flow(void **state)
{
    (void)state;
    static const struct {
        double eta, to_flow[LEVELS], to_modified[LEVELS];
    } table[] = {{0.4, {0.5642, 3.0476}, {-0.0389, -0.3669}},
                 {0.2, {0.2874, 1.5513}, {-0.0088, -0.0887}},
                 {0.1, {0.1445, 0.7821}, {-0.0023, -0.0219}},
                 {0.05, {0.0726, 0.3926}, {-0.0005, -0.0055}}};
    const double level[LEVELS] = {4, 1.2}, digit = 1.01e-4;
    double flow[LEVELS], modified[LEVELS], steps[LEVELS];
    times_of_flow(problem_from_zero(0, 0), level, flow);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        times_of_flow(problem_from_zero(table[i].eta, 0), level, modified);
        times_of_steps(problem_from_zero(table[i].eta, 0), table[i].eta, 0, true, level, steps);
        for (size_t l = 0; l < LEVELS; l++) {
            assert_true(is_close(steps[l] - flow[l], table[i].to_flow[l], 0, digit));
            assert_true(is_close(steps[l] - modified[l], table[i].to_modified[l], 0, digit));
        }
    }
}

/* Deviations from the modified flow at h, h/2 and h/4 per step, whose ratios are to lie in 4 -+ band. */
static void check_order(double mu, double h, double band, double wanted[LEVELS])
{
    static const double level[LEVELS] = {3.998077, 1.249244};
    double modified[LEVELS], steps[LEVELS], before[LEVELS] = {0};
    for (int i = 0; i < 3; i++, h /= 2) {
        const double eta = h * (1 - mu);
        const char *const model = LADDER "flow = { step = %.17g; momentum = %.17g; };\n";
        times_of_flow(make_problem(model, eta, mu), level, modified);
        times_of_steps(make_problem(model, eta, mu), eta, mu, false, level, steps);
        for (size_t l = 0; l < LEVELS; l++) {
            const double off = steps[l] - modified[l];
            if (i > 0)
                assert_true(is_close(before[l] / off, 4, 0, band));
            before[l] = off;
        }
    }
    for (size_t l = 0; l < LEVELS; l++)
        assert_true(is_close(before[l], wanted[l], 2e-3, 1e-5));
}

static void test_the_deviation_is_of_second_order(void **state)
{
    (void)state;
    check_order(0, 0.2, 0.2, (double[]){-0.00048, -0.00517});
    check_order(0.5, 0.2, 0.3, (double[]){-0.00699, -0.0676});
    check_order(0.9, 0.025, 0.3, (double[]){-0.00459, -0.0439});
}

/* ---- the term itself ---- */

static flow_setting make_setting(const problem_shape *shape, double contrast, random_source *random)
{
    flow_setting s = {.problem = random_problem(shape, random)};
    s.problem->tau = 0.03;
    s.flow = make_flow(s.problem);
    s.point = make_point(s.flow);
    s.size = hf_flow_size(s.flow);
    s.values = s.problem->heads * s.problem->features;
    s.y = random_state(s.flow, contrast, random);
    assert_true(hf_flow_at(s.point, s.y));
    return s;
}

static const problem_shape shapes[] = {
    {.heads = 3, .positions = 9, .patterns = 2},
    {.heads = 2, .positions = 150, .patterns = 3, .copies = true, .replicas = true, .rates = true, .decay = true},
    {.heads = 3, .positions = 7, .patterns = 2, .weights = true, .outside = 1, .gram = true},
    {.heads = 3, .positions = 7, .patterns = 2, .replicator = true, .copies = true, .rates = true},
    {.heads = 3, .positions = 7, .patterns = 2, .drift = true, .copies = true},
    {.heads = 2, .positions = 6, .patterns = 2, .drift = true, .replicator = true, .rates = true},
    {.heads = 3, .positions = 6, .patterns = 2, .attention = "squares", .rates = true},
    {.heads = 3, .positions = 6, .patterns = 2, .attention = "sigmoid", .copies = true},
    {.heads = 2, .positions = 6, .patterns = 2, .attention = "linear"},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Puts the point at y + s x. */
static void move(flow_setting *s, double by, const double *x)
{
    double *moved = numbers(s->size);
    for (size_t i = 0; i < s->size; i++)
        moved[i] = s->y[i] + by * x[i];
    assert_true(hf_flow_at(s->point, moved));
    free(moved);
}

/* The loss whose gradient a bent gradient flow goes down. */
static double modified_loss(const flow_setting *s, double *scratch)
{
    hf_flow_plain_velocity(s->point, scratch);
    return s->point->loss + s->problem->tau / 2 * hf_flow_inner(s->flow, scratch, scratch);
}

static void test_the_velocity_is_the_gradient_of_the_modified_loss(void **state)
{
    (void)state;
    random_source random = {seed};
    for (size_t k = 0; k < SHAPES; k++) {
        if (shapes[k].replicator || shapes[k].drift)
            continue;
        flow_setting s = make_setting(&shapes[k], 1, &random);
        double *x = random_state(s.flow, 1, &random), *velocity = numbers(s.size), *scratch = numbers(s.size);
        const double h = 1e-5, want = (hf_flow_velocity(s.point, velocity), hf_flow_inner(s.flow, velocity, x));
        move(&s, h, x);
        double got = -modified_loss(&s, scratch);
        move(&s, -h, x);
        got = (got + modified_loss(&s, scratch)) / (2 * h);
        if (!is_close(got, want, 1e-6, 1e-6))
            fail_msg("%s", describe(&shapes[k]));
        free(x);
        free(velocity);
        free(scratch);
        clear_flow_setting(&s);
    }
}

static void test_speed_its_rate_and_the_jacobian_are_derivatives(void **state)
{
    (void)state;
    random_source random = {seed + 1};
    for (size_t k = 0; k < SHAPES; k++) {
        flow_setting s = make_setting(&shapes[k], 1, &random);
        double *along = numbers(s.size), *change = numbers(s.size), *up = numbers(s.size), *down = numbers(s.size);
        const double h = 1e-5, speed = s.point->speed, rate = hf_flow_speed_rate(s.point);
        hf_flow_velocity(s.point, along);
        hf_flow_jacobian_times(s.point, along, change);
        move(&s, h, along);
        hf_flow_velocity(s.point, up);
        double loss = s.point->loss, faster = s.point->speed, off = 0, largest = 0;
        move(&s, -h, along);
        hf_flow_velocity(s.point, down);
        loss -= s.point->loss;
        faster -= s.point->speed;
        for (size_t i = 0; i < s.size; i++) {
            off = fmax(off, fabs((up[i] - down[i]) / (2 * h) - change[i]));
            largest = fmax(largest, fabs(change[i]));
        }
        if (!is_close(-loss / (2 * h), speed, 1e-6, 1e-8) || !is_close(faster / (2 * h), rate, 1e-5, 1e-6) ||
            !at_most(off, 1e-6 * largest))
            fail_msg("%s", describe(&shapes[k]));
        free(along);
        free(change);
        free(up);
        free(down);
        clear_flow_setting(&s);
    }
}

/* Contrasts of 1e-200 move by the same law as those of 1e-100, and those of 0 do not. */
static void test_contrasts_keep_their_digits(void **state)
{
    (void)state;
    static const double sizes[] = {1e-100, 1e-200, 0};
    for (size_t k = 0; k < SHAPES; k++) {
        double *velocity[3];
        size_t size = 0, features = 0, values = 0, positions = 0;
        for (size_t c = 0; c < 3; c++) {
            random_source random = {seed + 2};
            flow_setting s = make_setting(&shapes[k], sizes[c], &random);
            size = s.size;
            features = s.problem->features;
            values = s.values;
            positions = s.problem->positions;
            velocity[c] = numbers(size);
            hf_flow_velocity(s.point, velocity[c]);
            clear_flow_setting(&s);
        }
        double largest = 0;
        for (size_t i = features; i < size; i++)
            if (i < values || i >= values + positions)
                largest = fmax(largest, fabs(velocity[0][i]));
        for (size_t i = features; i < size; i++) {
            if (i >= values && i < values + positions)
                continue;
            assert_true(velocity[2][i] == 0);
            assert_true(is_close(velocity[1][i] * 1e100, velocity[0][i], 0, 1e-13 * largest));
        }
        for (size_t c = 0; c < 3; c++)
            free(velocity[c]);
    }
}

static void test_equal_heads_stay_equal(void **state)
{
    (void)state;
    test_run run = start_run(make_problem("heads = 3; positions = 12; target = { strengths = (2.5, 1.5); };\n"
                                          "init = { perturbation = 0; }; flow = { step = 0.2; };\n"),
                             1e-8, 1e-12);
    run_to(&run, 300);
    const hf_problem *p = run.problem;
    const double *logits = run.y + p->heads * p->features;
    for (size_t i = p->features; i < p->heads * p->features; i++)
        assert_true(run.y[i] == 0);
    for (size_t i = p->positions; i < p->heads * p->positions; i++)
        assert_true(logits[i] == 0);
    assert_true(at_most(energy_defect(&run), 1e-6));
    end_run(&run);
}

/* tau is what counts; none of it leaves the flow as it is. */
static void test_momentum_enters_the_constant(void **state)
{
    (void)state;
    static const struct {
        const char *flow;
        double tau;
    } cases[] = {{"", 0}, {"step = 0.2;", 0.1}, {"step = 0.2; momentum = 0.5;", 0.6}, {"momentum = 0.5;", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_problem *problem = make_problem(LADDER "flow = { %s };\n", cases[i].flow);
        assert_true(is_close(problem->tau, cases[i].tau, 1e-15, 0));
        hf_flow *flow = make_flow(problem);
        assert_true(hf_step_find(problem)->bends == (cases[i].tau > 0));
        hf_flow_free(flow);
        hf_problem_free(problem);
    }
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient_descent_follows_the_modified_flow),
        cmocka_unit_test(test_the_deviation_is_of_second_order),
        cmocka_unit_test(test_the_velocity_is_the_gradient_of_the_modified_loss),
        cmocka_unit_test(test_speed_its_rate_and_the_jacobian_are_derivatives),
        cmocka_unit_test(test_contrasts_keep_their_digits),
        cmocka_unit_test(test_equal_heads_stay_equal),
        cmocka_unit_test(test_momentum_enters_the_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
