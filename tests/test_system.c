/* Tests of system/: the in-context flow against finite differences, closed forms and published levels, integrated without a
 * Newton solve of its own. */
#include "support.h"

#include "system/in_context.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20261125;

static const double eigenvalues[] = {0.4, 0.3, 0.2, 0.1};
static const hf_in_context_params four = {.heads = 8, .dimension = 4, .eigenvalue = eigenvalues, .context = 31};

static hf_point at_no_state(hf_in_context *flow)
{
    const hf_system system = hf_in_context_system(flow);
    hf_point point;
    assert_int_equal(hf_point_init(&point, &system, NULL), HF_OK);
    return point;
}

static hf_in_context *make(const hf_in_context_params *params, const double *start)
{
    hf_in_context *flow = NULL;
    assert_int_equal(hf_in_context_create(&flow, params, start, NULL), HF_OK);
    return flow;
}

/* Steps to time t, where state is interpolated and point evaluated. */
static void carry(hf_integrator *it, hf_point *point, double t, double *state)
{
    hf_error err = {0};
    double energy;
    while (hf_integrator_time(it) < t) {
        hf_status status = hf_integrator_at_boundary(it) ? hf_integrator_restart(it, &err) : HF_OK;
        if (status == HF_OK)
            status = hf_integrator_step(it, &err);
        if (status != HF_OK)
            fail_msg("%s", err.message);
    }
    hf_integrator_interpolate(it, t, state, &energy);
    assert_true(hf_point_at(point, state));
}

/* ---- the equations ---- */

static void test_velocity_is_the_gradient_and_its_derivative(void **state)
{
    (void)state;
    random_source random = {seed};
    double start[72], velocity[72], direction[72], product[72], moved[72], ahead[72], behind[72], loss[2], speed;
    for (size_t i = 0; i < 72; i++) {
        start[i] = draw_normal(&random);
        direction[i] = draw_normal(&random);
    }
    hf_in_context *flow = make(&four, start);
    hf_point point = at_no_state(flow);
    const hf_system_kind *kind = point.system.kind;
    assert_int_equal(point.system.size, 72);
    assert_true(hf_point_at(&point, start));
    kind->velocity(point.self, velocity);
    kind->jacobian_times(point.self, direction, product);
    const double rate = hf_point_speed_rate(&point), h = 1e-5;
    hf_point_energy(&point, &loss[0], &speed);
    double slope = 0, along = 0;
    for (size_t i = 0; i < 72; i++)
        slope += -2 * velocity[i] * direction[i]; /* grad L = -2 y' */
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < 72; i++)
            moved[i] = start[i] + (side == 0 ? h : -h) * direction[i];
        assert_true(hf_point_at(&point, moved));
        kind->velocity(point.self, side == 0 ? ahead : behind);
        hf_point_energy(&point, &loss[side], &speed);
    }
    assert_true(close_to((loss[0] - loss[1]) / (2 * h), slope, 1e-8));
    double worst = 0, size = 0;
    for (size_t i = 0; i < 72; i++) {
        worst = fmax(worst, fabs((ahead[i] - behind[i]) / (2 * h) - product[i]));
        size = fmax(size, fabs(product[i]));
    }
    assert_true(within("J x against differences", worst / size, 1e-8));
    double speeds[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < 72; i++)
            moved[i] = start[i] + (side == 0 ? h : -h) * velocity[i];
        assert_true(hf_point_at(&point, moved));
        hf_point_energy(&point, &along, &speeds[side]);
    }
    assert_true(close_to((speeds[0] - speeds[1]) / (2 * h), rate, 1e-7));
    hf_point_clear(&point);
    hf_in_context_free(flow);
}

/* ---- points ---- */

/* What a point says: loss, speed, dP/dt, velocity, J v and, with curvature, the Hessian times v. said: (3 + 3 size). */
static void ask(hf_point *point, double *said)
{
    const hf_system *system = &point->system;
    double *velocity = said + 3;
    hf_point_energy(point, &said[0], &said[1]);
    system->kind->velocity(point->self, velocity);
    system->kind->jacobian_times(point->self, velocity, velocity + system->size);
    system->kind->curvature->times(point->self, velocity, velocity + 2 * system->size);
    said[2] = hf_point_speed_rate(point);
}

/* One is asked twice, and between the two times the other one is moved, asked and observed. */
static void check_points_apart(const hf_system *system, const double *here, const double *there)
{
    const size_t said = 3 + 3 * system->size;
    double *before = numbers(3 * said), *after = before + said, *elsewhere = after + said;
    hf_point one, other;
    void *observer = NULL;
    hf_event event = {.kind = HF_EVENT_ACQUIRED, .t = 1, .pattern = 1};
    assert_int_equal(hf_point_init(&one, system, NULL), HF_OK);
    assert_int_equal(hf_point_init(&other, system, NULL), HF_OK);
    assert_int_equal(system->kind->observer->create(&observer, system->self, NULL), HF_OK);
    assert_true(hf_point_at(&one, here));
    ask(&one, before);
    assert_true(hf_point_at(&other, there));
    ask(&other, elsewhere);
    system->kind->observer->look(observer, other.self, there);
    system->kind->watch->describe(observer, other.self, there, &event);
    ask(&one, after);
    assert_memory_equal(before, after, said * sizeof *before);
    assert_true(event.loss == elsewhere[0] && elsewhere[0] != before[0]);
    assert_true(hf_point_at(&other, here)); /* nothing is left of where it was */
    ask(&other, elsewhere);
    assert_memory_equal(before, elsewhere, said * sizeof *before);
    system->kind->observer->free(observer);
    hf_point_clear(&other);
    hf_point_clear(&one);
    hf_point_clear(&one); /* legal */
    free(before);
}

static void test_points_know_nothing_of_each_other(void **state)
{
    (void)state;
    static const char *const flows[] = {"", "geometry = \"replicator\";", "values = \"optimal\";",
                                        "sgd_drift = { lr = 0.05; batch = 8; dim = 10; };"};
    random_source random = {seed + 1};
    double here[72], there[72];
    for (size_t i = 0; i < 72; i++) {
        here[i] = draw_normal(&random);
        there[i] = draw_normal(&random);
    }
    hf_in_context *in_context = make(&four, here);
    const hf_system second = hf_in_context_system(in_context);
    check_points_apart(&second, here, there);
    hf_in_context_free(in_context);
    for (size_t i = 0; i < sizeof flows / sizeof *flows; i++) {
        hf_problem *problem = make_problem("heads = 3; positions = 7; target = { strengths = (2.89, 1.7, 1.0); };\n"
                                           "flow = { %s };\n",
                                           flows[i]);
        hf_flow *flow = make_flow(problem);
        double *y = random_state(flow, 1, &random), *z = random_state(flow, 1, &random);
        const hf_system system = hf_flow_system(flow);
        check_points_apart(&system, y, z);
        free(y), free(z);
        hf_flow_free(flow);
        hf_problem_free(problem);
    }
}

/* ---- levels and times ---- */

static void test_many_heads_rest_on_all_levels(void **state)
{
    (void)state;
    static const double published[] = {1, 0.64057971, 0.37737216, 0.2098046, 0.13599507}; /* arXiv 2506.06489's notebook */
    bool known[4] = {false};
    for (size_t k = 0; k <= 4; k++) {
        for (size_t i = 0; i < 4; i++)
            known[i] = i < k;
        assert_true(close_to(hf_in_context_level(&four, known), published[k], 1e-7));
    }
    double start[72], y[72], nearest[5] = {1, 1, 1, 1, 1}, loss, speed;
    assert_int_equal(hf_in_context_draw(&four, 5e-3, 1, start, NULL), HF_OK);
    hf_in_context *flow = make(&four, start);
    hf_point point = at_no_state(flow);
    hf_integrator *it = NULL;
    assert_int_equal(hf_integrator_create(&it, point.system, 1e-8, 1e-12, NULL), HF_OK);
    for (double t = 1; t < 1e6; t *= 1.002) {
        carry(it, &point, t, y);
        hf_point_energy(&point, &loss, &speed);
        for (size_t k = 0; k <= 4; k++)
            nearest[k] = fmin(nearest[k], fabs(loss / published[k] - 1));
    }
    for (size_t k = 0; k <= 4; k++) {
        char name[64];
        snprintf(name, sizeof name, "distance to level %zu", k);
        assert_true(within(name, nearest[k], 1e-6));
    }
    assert_true(within("final loss", fabs(loss / published[4] - 1), 1e-6));
    assert_true(within("conserved quantities", hf_in_context_defect(flow, y), 1e-6));
    hf_integrator_free(it);
    hf_point_clear(&point);
    hf_in_context_free(flow);
}

/* One head, v = |k| = |q|, aligned with coordinate i: the time at which half of K_ii is learned. */
static double half_time(size_t i, double size, double rtol)
{
    const hf_in_context_params one = {1, 4, eigenvalues, 31};
    double start[9] = {size}, y[9], product[16], low = 0, high = 1;
    start[1 + i] = start[5 + i] = size;
    hf_in_context *flow = make(&one, start);
    hf_point point = at_no_state(flow);
    hf_integrator *it = NULL;
    hf_error err = {0};
    assert_int_equal(hf_integrator_create(&it, point.system, rtol, 1e-14, NULL), HF_OK);
    const double sum = 1, lambda = eigenvalues[i], half = 1 / (lambda * (1 + 1.0 / 31) + sum / 31) / 2;
    do {
        low = hf_integrator_time(it);
        if (hf_integrator_at_boundary(it))
            assert_int_equal(hf_integrator_restart(it, &err), HF_OK);
        if (hf_integrator_step(it, &err) != HF_OK)
            fail_msg("%s", err.message);
        high = hf_integrator_time(it);
        carry(it, &point, high, y);
        hf_in_context_product(&point, product);
    } while (product[i * 5] < half);
    for (int n = 0; n < 60; n++) {
        const double middle = (low + high) / 2;
        carry(it, &point, middle, y);
        hf_in_context_product(&point, product);
        *(product[i * 5] < half ? &low : &high) = middle;
    }
    hf_integrator_free(it);
    hf_point_clear(&point);
    hf_in_context_free(flow);
    return high;
}

static void test_one_aligned_head_learns_when_it_should(void **state)
{
    (void)state;
    assert_true(close_to(half_time(0, 1e-3, 1e-10), 6245.94, 1e-6));
    assert_true(close_to(half_time(3, 1e-3, 1e-10), 99956.33, 1e-6));
}

/* ---- failures ---- */

static void test_an_overflow_is_named(void **state)
{
    (void)state;
    double start[72];
    for (size_t i = 0; i < 72; i++)
        start[i] = 1e120;
    hf_in_context *flow = make(&four, start);
    hf_integrator *it = NULL;
    hf_error err = {0};
    assert_int_equal(hf_integrator_create(&it, hf_in_context_system(flow), 1e-8, 1e-12, &err), HF_ENUMERIC);
    assert_non_null(strstr(err.message, "lower the eigenvalues"));
    char name[64];
    const hf_system system = hf_in_context_system(flow);
    system.kind->coordinate_name(system.self, 8 + 4 * 2 + 1, name, sizeof name);
    assert_string_equal(name, "key of head 3, coordinate 2");
    system.kind->coordinate_name(system.self, 71, name, sizeof name);
    assert_string_equal(name, "query of head 8, coordinate 4");
    hf_in_context_free(flow);
    hf_in_context_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_velocity_is_the_gradient_and_its_derivative),
        cmocka_unit_test(test_points_know_nothing_of_each_other),
        cmocka_unit_test(test_many_heads_rest_on_all_levels),
        cmocka_unit_test(test_one_aligned_head_learns_when_it_should),
        cmocka_unit_test(test_an_overflow_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
