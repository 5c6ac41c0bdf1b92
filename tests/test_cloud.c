/* What SGD has put into the values as a part of the state: times beside an independent integration, its derivative, its digits. */
#include "support.h"

#include "compare/predicted.h"
#include "flow/cloud.h"
#include "flow/cloud_adjoint.h"
#include "flow/cloud_newton.h"
#include "flow/flow_system.h"
#include "run/spread.h"
#include "system/point.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 31;

static hf_problem *ladder(double perturbation, int batch, int dim)
{
    return make_problem("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
                        "init = { distribution = \"sine\"; perturbation = %.17g; };\n"
                        "flow = { sgd_drift = { lr = 0.1; batch = %d; dim = %d; dynamic = true; }; };\n",
                        perturbation, batch, dim);
}

/* An integration of a flow with its cloud. */
typedef struct {
    hf_problem *problem;
    hf_flow *flow;
    hf_system system;
    hf_point point;
    hf_integrator *integrator;
    double *y, energy;
} cloud_run;

static cloud_run start_cloud(hf_problem *problem, double rtol)
{
    cloud_run r = {.problem = problem, .flow = make_flow(problem)};
    r.system = hf_flow_system(r.flow);
    assert_int_equal(r.system.size, hf_cloud_size(r.flow));
    assert_int_equal(hf_point_init(&r.point, &r.system, NULL), HF_OK);
    assert_int_equal(hf_integrator_create(&r.integrator, r.system, rtol, 1e-14, NULL), HF_OK);
    r.y = numbers(r.system.size);
    return r;
}

static void end_cloud(cloud_run *r)
{
    hf_integrator_free(r->integrator);
    hf_point_clear(&r->point);
    hf_flow_free(r->flow);
    hf_problem_free(r->problem);
    free(r->y);
}

static double loss_at(cloud_run *r, double t)
{
    hf_integrator_interpolate(r->integrator, t, r->y, &r->energy);
    assert_true(hf_point_at(&r->point, r->y));
    return hf_point_loss(&r->point);
}

static void advance(cloud_run *r)
{
    if (hf_integrator_at_boundary(r->integrator))
        assert_int_equal(hf_integrator_restart(r->integrator, NULL), HF_OK);
    assert_int_equal(hf_integrator_step(r->integrator, NULL), HF_OK);
}

static double time_below(cloud_run *r, double level)
{
    while (loss_at(r, hf_integrator_time(r->integrator)) >= level)
        advance(r);
    double low = hf_integrator_previous_time(r->integrator), high = hf_integrator_time(r->integrator);
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        *(loss_at(r, middle) < level ? &high : &low) = middle;
    }
    return high;
}

static const double levels[] = {3.998077, 1.249244, 0.25};

static void test_drops_come_when_an_independent_integration_says(void **state)
{
    (void)state;
    static const struct {
        double perturbation;
        int batch, dim;
        size_t level;
        double t, half_digit;
    } cases[] = {{1e-2, 128, 10, 0, 21.72237, 2e-5},  {1e-2, 128, 10, 1, 54.54135, 2e-5}, {1e-2, 128, 50, 1, 54.37807, 2e-5},
                 {1e-3, 128, 10, 1, 120.29870, 5e-5}, {1e-3, 512, 10, 1, 122.5628, 2e-4}, {1e-6, 128, 10, 1, 570.593, 2e-3},
                 {1e-6, 512, 10, 1, 676.742, 2e-3},   {1e-2, 128, 10, 2, 997.1498, 5e-3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cloud_run r = start_cloud(ladder(cases[i].perturbation, cases[i].batch, cases[i].dim), 1e-9);
        assert_true(is_close(time_below(&r, levels[cases[i].level]), cases[i].t, 0, cases[i].half_digit));
        const double start = 0.5 * (2.89 * 2.89 + 1.7 * 1.7 + 1);
        assert_true(at_most(fabs(start - loss_at(&r, hf_integrator_time(r.integrator)) - r.energy) / start, 1e-7));
        end_cloud(&r);
    }
}

/* Relative, at first order in lr / batch: .47 and -1.02 for d = 10. */
static void test_the_slope_in_lr_over_batch_is_that_of_the_law(void **state)
{
    (void)state;
    cloud_run weak = start_cloud(ladder(1e-2, 1000000000, 10), 1e-11), some = start_cloud(ladder(1e-2, 128000, 10), 1e-11);
    static const double slope[] = {10.2, -55.5};
    for (size_t l = 0; l < 2; l++) {
        const double before = time_below(&weak, levels[l]), change = time_below(&some, levels[l]) - before;
        assert_true(is_close(change / (0.1 / 128000), slope[l], 0, 0.1));
    }
    end_cloud(&weak);
    end_cloud(&some);
}

/* With copies, decay, unequal rates and label noise. */
static hf_problem *rich(void)
{
    return make_problem("heads = 4; positions = 7; target = { strengths = (2.0, 1.0); }; data = { copies = (1, 2, 1, 1, 3, 1, 1); };"
                        "init = { perturbation = 0.5; };"
                        "flow = { value_rate = 1.5; attention_rate = 0.7; weight_decay = 0.1; sgd_drift = { lr = 0.5; batch = 8; dim = 5; "
                        "noise = 0.3; dynamic = true; }; };");
}

/* A state some way on, in which Gamma is not 0. */
static cloud_run rich_run(void)
{
    cloud_run r = start_cloud(rich(), 1e-8);
    while (hf_integrator_time(r.integrator) < 3)
        advance(&r);
    loss_at(&r, hf_integrator_time(r.integrator));
    return r;
}

static void test_its_derivatives_are_those_by_differences(void **state)
{
    (void)state;
    cloud_run r = rich_run();
    const size_t size = r.system.size;
    random_source random = {seed};
    double *x = numbers(size), *got = numbers(size), *above = numbers(size), *below = numbers(size), *moved = numbers(size);
    double loss[2], speed[2], worst = 0, largest = 0;
    const double h = 1e-5;
    r.system.kind->velocity(r.point.self, x);
    const double rate = r.system.kind->speed_rate(r.point.self), slope = hf_cloud_loss_along(r.point.self, x);
    for (int pass = 0; pass < 2; pass++) {
        r.system.kind->jacobian_times(r.point.self, x, got);
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < size; i++)
                moved[i] = r.y[i] + (side == 0 ? h : -h) * x[i];
            assert_true(hf_point_at(&r.point, moved));
            r.system.kind->velocity(r.point.self, side == 0 ? above : below);
            hf_point_energy(&r.point, &loss[side], &speed[side]);
        }
        for (size_t i = 0; i < size; i++) {
            worst = fmax(worst, fabs((above[i] - below[i]) / (2 * h) - got[i]));
            largest = fmax(largest, fabs(got[i]));
        }
        assert_true(at_most(worst, 1e-8 * largest));
        if (pass == 0) {
            assert_true(is_close((speed[0] - speed[1]) / (2 * h), rate, 1e-7, 0));
            assert_true(is_close((loss[0] - loss[1]) / (2 * h), slope, 1e-7, 0));
            assert_true(is_close(-slope, (speed[0] + speed[1]) / 2, 1e-6, 0));
        }
        assert_true(hf_point_at(&r.point, r.y));
        for (size_t i = 0; i < size; i++)
            x[i] = 2 * draw_uniform(&random) - 1;
    }
    free(x), free(got), free(above), free(below), free(moved);
    end_cloud(&r);
}

static void test_the_transposed_derivative_is_one(void **state)
{
    (void)state;
    cloud_run r = rich_run();
    const size_t size = r.system.size, core = hf_flow_size(r.flow);
    random_source random = {seed + 2};
    double *x = numbers(size), *y = numbers(size), *jx = numbers(size), *ty = numbers(size), *work = numbers(4 * size);
    double weights[10], left = 0, right = 0, slope = 0;
    for (size_t m = 0, k = 0; m < 4; m++)
        for (size_t n = 0; n <= m; n++)
            weights[k++] = m == n ? 1 : 2;
    for (size_t i = 0; i < size; i++) {
        x[i] = 2 * draw_uniform(&random) - 1;
        y[i] = 2 * draw_uniform(&random) - 1;
    }
    hf_cloud_jacobian_times(r.point.self, x, jx);
    hf_cloud_adjoint_times(r.point.self, y, ty, work);
    for (size_t i = 0; i < size; i++) {
        const double weight = i < core ? 1 : weights[i - core];
        left += weight * y[i] * jx[i];
        right += weight * ty[i] * x[i];
    }
    assert_true(is_close(left, right, 1e-11, 0));
    hf_cloud_gradient(r.point.self, y);
    for (size_t i = 0; i < size; i++)
        slope += (i < core ? 1 : weights[i - core]) * y[i] * x[i];
    assert_true(is_close(slope, hf_cloud_loss_along(r.point.self, x), 1e-11, 0));
    free(x), free(y), free(jx), free(ty), free(work);
    end_cloud(&r);
}

static void test_the_newton_solve_leaves_little(void **state)
{
    (void)state;
    cloud_run r = rich_run();
    const size_t size = r.system.size;
    random_source random = {seed + 1};
    hf_cloud_newton *newton;
    double *b = numbers(size), *x = numbers(size), *jx = numbers(size);
    assert_int_equal(hf_cloud_newton_create(&newton, r.flow, NULL), HF_OK);
    static const struct {
        double gamma, left;
    } cases[] = {{1e-3, 1e-6}, {0.1, 1e-2}, {1, 0.2}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double left = 0, all = 0;
        for (size_t i = 0; i < size; i++)
            b[i] = 2 * draw_uniform(&random) - 1;
        assert_true(hf_cloud_newton_setup(newton, r.point.self, cases[c].gamma));
        hf_cloud_newton_solve(newton, b, x);
        r.system.kind->jacobian_times(r.point.self, x, jx);
        for (size_t i = 0; i < size; i++) {
            left = fmax(left, fabs(b[i] - x[i] + cases[c].gamma * jx[i]));
            all = fmax(all, fabs(b[i]));
        }
        assert_true(at_most(left, cases[c].left * all));
    }
    hf_cloud_newton_free(newton);
    free(b), free(x), free(jx);
    end_cloud(&r);
}

/* Standard deviations over sqrt(lr / batch), about the flow (lr / batch tiny) and about the dynamic drift. */
static void test_bands_are_those_of_the_covariance(void **state)
{
    (void)state;
    static const struct {
        double perturbation, end, wide, e;
        int batch, dim;
        double first, second;
    } cases[] = {{1e-2, 70, 5e-3, 0.1 / 1e9, 1000000000, 10, 8.836, 24.60}, {1e-2, 70, 5e-3, 0.1 / 1e9, 1000000000, 5, 12.41, 34.45},
                 {1e-2, 70, 5e-3, 0.1 / 1e9, 1000000000, 50, 3.92, 10.96}, {1e-2, 70, 5e-3, 0.1 / 128, 128, 10, 0, 24.43},
                 {1e-3, 150, 5e-3, 0.1 / 1e9, 1000000000, 10, 0, 92.0}, {1e-3, 150, 5e-3, 0.1 / 128, 128, 10, 0, 84.6},
                 {1e-6, 800, 5e-3, 0.1 / 1e9, 1000000000, 10, 0, 613}, {1e-6, 800, 5e-3, 0.1 / 128, 128, 10, 0, 382}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_spread spread[2];
        const hf_solver_params solver = {.t_end = cases[i].end, .rtol = 1e-8, .atol = 1e-12, .max_steps = 100000};
        hf_problem *problem = ladder(cases[i].perturbation, cases[i].batch, cases[i].dim);
        assert_int_equal(hf_spread_find(problem, &solver, 2, levels, false, NULL, spread, NULL), HF_OK);
        printf("# p %g d %d e %g: t %g %g sd/sqrt(e) %.4f %.4f\n", cases[i].perturbation, cases[i].dim, cases[i].e, spread[0].t,
               spread[1].t, spread[0].deviation / sqrt(cases[i].e), spread[1].deviation / sqrt(cases[i].e));
        if (cases[i].first > 0)
            assert_true(is_close(spread[0].deviation / sqrt(cases[i].e), cases[i].first, cases[i].wide, 0));
        assert_true(is_close(spread[1].deviation / sqrt(cases[i].e), cases[i].second, cases[i].wide, 0));
        hf_spread_clear(2, spread);
        hf_problem_free(problem);
    }
}

/* So many steps that the integrator starts again, in other contrasts, on the way: the path is put together from both. */
static void test_bands_over_a_restart(void **state)
{
    (void)state;
    hf_spread plain[2], pieced[2];
    hf_problem *problem = ladder(1e-2, 128, 10);
    const hf_solver_params few = {.t_end = 70, .rtol = 1e-8, .atol = 1e-12, .max_steps = 100000},
                           many = {.t_end = 70, .rtol = 1e-14, .atol = 1e-18, .max_steps = 100000};
    assert_int_equal(hf_spread_find(problem, &few, 2, levels, true, NULL, plain, NULL), HF_OK);
    assert_int_equal(hf_spread_find(problem, &many, 2, levels, true, NULL, pieced, NULL), HF_OK);
    cloud_run r = start_cloud(ladder(1e-2, 128, 10), 1e-14);
    size_t restarts = 0;
    while (hf_integrator_time(r.integrator) < pieced[1].t) {
        restarts += hf_integrator_at_boundary(r.integrator);
        advance(&r);
    }
    assert_true(restarts > 0);
    end_cloud(&r);
    for (size_t l = 0; l < 2; l++) {
        printf("# level %zu: t %.9f %.9f sd %.9g %.9g mean %.9g %.9g\n", l, plain[l].t, pieced[l].t, plain[l].deviation, pieced[l].deviation,
               plain[l].mean_rate, pieced[l].mean_rate);
        assert_true(is_close(pieced[l].t, plain[l].t, 1e-7, 0));
        assert_true(is_close(pieced[l].deviation, plain[l].deviation, 1e-6, 0));
        assert_true(is_close(pieced[l].mean_rate, plain[l].mean_rate, 1e-5, 0));
    }
    hf_spread_clear(2, plain);
    hf_spread_clear(2, pieced);
    hf_problem_free(problem);
}

/* Second stages of sgd-ladder with B = 128, from 1e-2 and from 1e-6; each test alone. */
static void test_a_band_says_when_it_is_not_small(void **state)
{
    (void)state;
    const hf_band good = {.deviation = 0.6827, .shift_drift = -0.04255, .shift_linear = -0.04337, .deviation_flow = 0.6875,
                          .contrast = 0.0466, .duration = 8.8},
                  far = {.deviation = 10.69, .shift_drift = -156.4, .shift_linear = -221.1, .deviation_flow = 17.1, .contrast = 0.086,
                         .duration = 33};
    hf_band b = good;
    assert_int_equal(hf_predicted_tests(&good), 0);
    assert_int_equal(hf_predicted_tests(&far), HF_BAND_CURVED | HF_BAND_MOVED);
    b.shift_drift = -0.0099; /* nothing in a band of 0.68, whatever its law */
    assert_int_equal(hf_predicted_tests(&b), 0);
    b.contrast = 0.6;
    assert_int_equal(hf_predicted_tests(&b), HF_BAND_CONTRASTS);
    b.contrast = NAN;
    b.duration = 0.8;
    assert_int_equal(hf_predicted_tests(&b), HF_BAND_WIDE);
    b = good;
    b.shift_noise = -0.3;
    assert_int_equal(hf_predicted_tests(&b), 0);
    b.shift_noise = -0.4;
    assert_int_equal(hf_predicted_tests(&b), HF_BAND_FAR);
    b = good;
    b.deviation_flow = NAN; /* nobody has compared them */
    assert_int_equal(hf_predicted_tests(&b), HF_BAND_MOVED);
    b.deviation = NAN; /* there is no band */
    assert_int_equal(hf_predicted_tests(&b), 0);
}

static void test_equal_heads_stay_equal(void **state)
{
    (void)state;
    cloud_run r = start_cloud(ladder(0, 128, 10), 1e-8);
    while (hf_integrator_time(r.integrator) < 60)
        advance(&r);
    loss_at(&r, hf_integrator_time(r.integrator));
    const double *gamma = r.y + hf_flow_size(r.flow);
    assert_true(gamma[0] > 0);
    for (size_t n = 1; n < 6; n++)
        assert_true(gamma[n] == 0);
    for (size_t i = 40; i < 120; i++)
        assert_true(r.y[9 + i] == 0);
    end_cloud(&r);
}

/* Contrasts are proportional to the perturbation, and Gamma between the mean and a contrast, too. */
static void test_tiny_contrasts_keep_their_digits(void **state)
{
    (void)state;
    cloud_run small = start_cloud(ladder(1e-40, 128, 10), 1e-10), tiny = start_cloud(ladder(1e-150, 128, 10), 1e-10);
    while (hf_integrator_time(small.integrator) < 40)
        advance(&small);
    while (hf_integrator_time(tiny.integrator) < 40)
        advance(&tiny);
    loss_at(&small, 40);
    loss_at(&tiny, 40);
    const size_t core = hf_flow_size(small.flow);
    for (size_t i = 0; i < core + 6; i++) {
        const bool is_contrast = (i >= 3 && i < 9) || (i >= 49 && i < core) || i == core + 1 || i == core + 3;
        if (is_contrast && fabs(small.y[i]) > 1e-43)
            assert_true(is_close(tiny.y[i] * 1e110, small.y[i], 1e-5, 0));
    }
    assert_true(small.y[core + 1] != 0);
    end_cloud(&small);
    end_cloud(&tiny);
}

/* Heads that part ask for other contrasts: a state that is written in these anew by either way is one state. */
static void test_a_state_in_other_contrasts(void **state)
{
    (void)state;
    cloud_run r = rich_run();
    const size_t heads = r.problem->heads, size = r.system.size;
    hf_basis *before;
    const size_t square = heads * heads * sizeof(double);
    double *copy = numbers(size), *distance = numbers(heads * heads), moved = 0;
    memcpy(distance, r.flow->basis->distance, square);
    assert_int_equal(hf_basis_create(&before, heads, distance, r.problem->kind, NULL), HF_OK);
    random_source random = {seed + 3};
    for (size_t i = hf_flow_size(r.flow) - r.problem->positions * heads; i < hf_flow_size(r.flow); i++)
        r.y[i] += 2 * draw_uniform(&random) - 1; /* logits */
    memcpy(copy, r.y, size * sizeof *copy);
    assert_true(hf_point_at(&r.point, r.y));
    const double loss = hf_point_loss(&r.point);
    assert_int_equal(hf_cloud_rebase(r.flow, r.y, NULL), HF_OK);
    assert_int_equal(hf_cloud_recast(r.flow, before, copy, NULL), HF_OK);
    for (size_t i = 0; i < size; i++)
        moved = fmax(moved, fabs(copy[i] - r.y[i]));
    assert_true(at_most(moved, 1e-12));
    assert_true(memcmp(distance, r.flow->basis->distance, square) != 0);
    assert_true(hf_point_at(&r.point, r.y));
    assert_true(close_to(hf_point_loss(&r.point), loss, 1e-12));
    hf_basis_free(before);
    free(copy), free(distance);
    end_cloud(&r);
}

static void check_name(const cloud_run *r, size_t index, const char *expected)
{
    char text[128];
    r->system.kind->coordinate_name(r->flow, index, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_coordinates_have_names(void **state)
{
    (void)state;
    cloud_run r = start_cloud(ladder(1e-2, 128, 10), 1e-8);
    const size_t core = hf_flow_size(r.flow);
    check_name(&r, 0, "mean value on feature 1");
    check_name(&r, 3 * 3 + 39, "mean logit at position 40");
    check_name(&r, core, "covariance of the values outside the features, modes 0 and 0");
    check_name(&r, core + 1, "covariance of the values outside the features, modes 0 and 1");
    check_name(&r, core + 4, "covariance of the values outside the features, modes 1 and 2");
    check_name(&r, core + 5, "covariance of the values outside the features, modes 2 and 2");
    assert_int_equal(r.system.size, core + 6);
    end_cloud(&r);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drops_come_when_an_independent_integration_says),
        cmocka_unit_test(test_the_slope_in_lr_over_batch_is_that_of_the_law),
        cmocka_unit_test(test_its_derivatives_are_those_by_differences),
        cmocka_unit_test(test_the_transposed_derivative_is_one),
        cmocka_unit_test(test_the_newton_solve_leaves_little),
        cmocka_unit_test(test_bands_are_those_of_the_covariance),
        cmocka_unit_test(test_bands_over_a_restart),
        cmocka_unit_test(test_a_band_says_when_it_is_not_small),
        cmocka_unit_test(test_equal_heads_stay_equal),
        cmocka_unit_test(test_tiny_contrasts_keep_their_digits),
        cmocka_unit_test(test_a_state_in_other_contrasts),
        cmocka_unit_test(test_coordinates_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
