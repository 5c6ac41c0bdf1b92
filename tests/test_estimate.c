/* Parameters of a flow from a loss curve: derivatives of the loss along the trajectory against central differences, recovery from exact
 * and from noisy curves, errors that hold what they promise where neighbours are noisy together, combinations that a curve does not tell
 * apart, flows that do not reach its end, interruption. */
#include "support.h"

#include "config/fill.h"
#include "estimate/estimate.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SMALL                                                                                                              \
    "heads = 2; positions = 10; target = { ratio = 1.7; count = 2; };"                                                     \
    "init = { distribution = \"sine\"; perturbation = 0.02; }; solver = { t_end = 40.0; rtol = 1e-9; };"

typedef struct {
    hf_config config;
    hf_flow_run_params flow;
    char *names[8];
} problem;

/* The names end with NULL. */
static void open_problem(problem *p, const char *text, ...)
{
    const char *path = temporary_path("model.conf");
    hf_error err;
    va_list names;
    size_t count = 0;
    write_text(path, text, strlen(text));
    if (hf_config_read(&p->config, path, 0, NULL, &err) != HF_OK || hf_fill_flow_run(&p->config, &p->flow, &err) != HF_OK)
        fail_msg("%s", err.message);
    va_start(names, text);
    while ((p->names[count] = va_arg(names, char *)) != NULL)
        count++;
    va_end(names);
    p->flow.sensitivity.to = (hf_strings){count, p->names};
}

static void close_problem(problem *p)
{
    hf_fill_clear_problem(&p->flow.problem);
    hf_config_clear(&p->config);
}

static const hf_clock tenth = {.is_time = true, .lr = 0.1};

/* ---- derivatives ---- */

enum { TIMES = 7 };

static void losses_at(hf_moved *m, const double *x, double *loss)
{
    static const double step[TIMES] = {0, 1, 37.5, 60, 110, 180.25, 300};
    double t[TIMES];
    hf_trace trace;
    hf_error err;
    assert_true(hf_moved_set(m, x));
    for (int k = 0; k < TIMES; k++)
        t[k] = hf_clock_time(m->clock, step[k]);
    if (hf_trace_run(&trace, &m->flow, TIMES, t, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
    for (int k = 0; k < TIMES; k++) {
        loss[k] = trace.loss[k];
        for (size_t i = 0; i < m->count; i++)
            loss[TIMES + i * TIMES + (size_t)k] = hf_moved_along(m, &trace, t, i, (size_t)k);
    }
    hf_trace_clear(&trace);
}

static void compare_derivatives(problem *p)
{
    enum { MOST = 8 };
    const double h = 1e-3;
    double at[TIMES * (1 + MOST)], side[4][TIMES * (1 + MOST)], x[MOST] = {0};
    hf_moved m;
    hf_error err;
    if (hf_moved_init(&m, &p->flow, tenth, true, &err) != HF_OK)
        fail_msg("%s", err.message);
    losses_at(&m, x, at);
    for (size_t i = 0; i < m.count; i++) {
        static const double far[4] = {-2, -1, 1, 2};
        double largest = 0;
        for (int s = 0; s < 4; s++) {
            x[i] = far[s] * h;
            losses_at(&m, x, side[s]);
        }
        x[i] = 0;
        for (size_t k = 0; k < TIMES; k++)
            largest = fmax(largest, fabs(at[TIMES + i * TIMES + k]));
        for (size_t k = 0; k < TIMES; k++) {
            const double central = (8 * (side[2][k] - side[1][k]) - (side[3][k] - side[0][k])) / (12 * h);
            if (!(fabs(at[TIMES + i * TIMES + k] - central) <= 2e-6 * largest))
                fail_msg("along %s at time %zu: %.12g, differences %.12g", m.name[i], k, at[TIMES + i * TIMES + k],
                         central);
        }
    }
    hf_moved_clear(&m);
}

static void derivatives_are_central_differences(void **state)
{
    (void)state;
    problem p;
    open_problem(&p, SMALL, "perturbation", "strengths", "base", "ratio", "attention_rate", NULL);
    compare_derivatives(&p);
    close_problem(&p);
    open_problem(
        &p,
        SMALL "flow = { geometry = \"replicator\"; weight_decay = 0.01; sgd_drift = { lr = 0.1; batch = 32; dim = 4; }; };",
        "perturbation", "weight_decay", "value_rate", NULL); /* the drift's lr goes along with lr */
    compare_derivatives(&p);
    close_problem(&p);
    open_problem(&p, SMALL "flow = { step = 0.1; sgd_drift = { lr = 0.1; batch = 32; dim = 4; }; };", "perturbation",
                 NULL); /* and the steps */
    compare_derivatives(&p);
    close_problem(&p);
    open_problem(&p, SMALL "flow = { step = 0.1; };", "step", NULL); /* which do not where they are fitted themselves */
    compare_derivatives(&p);
    close_problem(&p);
}

static hf_trace trace_with(problem *p, double rtol, const double *t)
{
    hf_trace trace;
    hf_error err;
    p->flow.solver.rtol = rtol;
    p->flow.solver.atol = rtol * 1e-4;
    if (hf_trace_run(&trace, &p->flow, TIMES, t, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
    return trace;
}

/* So many steps that the integrator starts again on the way: losses and derivatives are those of fewer. */
static void they_go_on_over_a_restart(void **state)
{
    (void)state;
    static const double t[TIMES] = {0, 1, 4, 9, 20, 35, 70};
    problem p;
    open_problem(&p, SMALL, "perturbation", "ratio", NULL);
    hf_trace few = trace_with(&p, 1e-9, t), many = trace_with(&p, 1e-14, t);
    assert_true(few.counts.steps < 2000 && many.counts.steps > 2100);
    for (size_t k = 0; k < TIMES; k++) {
        assert_true(close_to(many.loss[k], few.loss[k], 1e-7));
        for (size_t i = 0; i < 2; i++)
            assert_true(is_close(many.along[i * TIMES + k], few.along[i * TIMES + k], 1e-6, 1e-7));
    }
    hf_trace_clear(&few);
    hf_trace_clear(&many);
    close_problem(&p);
}

/* ---- recovery ---- */

enum { ROWS = 300 };

/* The flow's losses at steps 0, 1, ... of size lr, times factors of the perturbation. */
static void make_curve(problem *p, double perturbation, double lr, double *step, double *loss)
{
    hf_trace trace;
    hf_error err;
    double t[ROWS];
    hf_flow_run_params moved = p->flow;
    moved.problem.init.perturbation *= perturbation;
    moved.sensitivity.to.count = 0;
    for (int k = 0; k < ROWS; k++) {
        step[k] = k;
        t[k] = lr * k;
    }
    if (hf_trace_run(&trace, &moved, ROWS, t, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
    memcpy(loss, trace.loss, sizeof(double) * ROWS);
    hf_trace_clear(&trace);
}

static hf_estimate estimate_of(const problem *p, const double *step, const double *loss)
{
    const hf_estimate_params params = {
        .flow = &p->flow, .clock = tenth, .has_lr = true, .count = ROWS, .step = step, .loss = loss};
    hf_estimate found;
    hf_error err;
    if (hf_estimate_run(&found, &params, &err) != HF_OK)
        fail_msg("%s", err.message);
    return found;
}

static void exact_curves_give_exact_parameters(void **state)
{
    (void)state;
    problem p;
    double step[ROWS], loss[ROWS];
    open_problem(&p, SMALL, "perturbation", NULL);
    make_curve(&p, 1.9, 0.13, step, loss);
    hf_estimate found = estimate_of(&p, step, loss);
    assert_true(found.converged);
    assert_string_equal(found.parameter[0].name, "perturbation");
    assert_string_equal(found.parameter[1].name, "lr");
    assert_true(close_to(found.parameter[0].start, 0.02, 0));
    assert_true(close_to(found.parameter[0].value, 0.038, 1e-6));
    assert_true(close_to(found.parameter[1].value, 0.13, 1e-6));
    hf_estimate_clear(&found);
    close_problem(&p);
}

/* Noise whose neighbours correlate by rho: how often the parameters are within two errors, and within two plain ones. */
static void try_noise(double rho, size_t trials, size_t *held, size_t *plain)
{
    problem p;
    double step[ROWS], exact[ROWS], loss[ROWS];
    open_problem(&p, SMALL, "perturbation", NULL);
    make_curve(&p, 1.2, 0.11, step, exact);
    *held = *plain = 0;
    for (size_t trial = 0; trial < trials; trial++) {
        random_source random = {100 + trial};
        double noise = draw_normal(&random);
        for (int k = 0; k < ROWS; k++) {
            noise = rho * noise + sqrt(1 - rho * rho) * draw_normal(&random);
            loss[k] = exact[k] * (1 + 0.05 * noise); /* it follows the loss */
        }
        hf_estimate found = estimate_of(&p, step, loss);
        const double truth[] = {0.024, 0.11};
        for (size_t i = 0; i < 2; i++) {
            const double off = fabs(log(found.parameter[i].value / truth[i]));
            *held += off <= 2 * found.parameter[i].error;
            *plain += off <= 2 * found.parameter[i].plain;
        }
        hf_estimate_clear(&found);
    }
    close_problem(&p);
}

static void errors_hold_what_they_promise(void **state)
{
    (void)state;
    enum { TRIALS = 60 };
    size_t held, plain;
    try_noise(0, TRIALS, &held, &plain);
    print_message("independent rows: %zu of %d within two errors, %zu within two plain ones\n", held, 2 * TRIALS, plain);
    assert_true(held >= 2 * TRIALS * 9 / 10);
    try_noise(0.8, TRIALS, &held, &plain);
    print_message("neighbours that correlate by 0.8: %zu, %zu\n", held, plain);
    assert_true(held >= 2 * TRIALS * 85 / 100);
    assert_true(plain <= 2 * TRIALS * 7 / 10);
}

/* ---- refusals ---- */

static void refuses(hf_status status, const char *text, const problem *p, const double *step, const double *loss)
{
    const hf_estimate_params params = {
        .flow = &p->flow, .clock = tenth, .has_lr = true, .count = ROWS, .step = step, .loss = loss};
    hf_estimate found;
    hf_error err;
    assert_int_equal(hf_estimate_run(&found, &params, &err), status);
    if (strstr(err.message, text) == NULL)
        fail_msg("expected '%s' in '%s'", text, err.message);
}

static void what_is_not_told_apart_is_refused(void **state)
{
    (void)state;
    problem p;
    double step[ROWS], loss[ROWS];
    open_problem(&p, SMALL, "value_rate", "attention_rate", NULL);
    make_curve(&p, 1, 0.1, step, loss);
    refuses(HF_EUSAGE, "does not tell the parameters apart: along value_rate", &p, step, loss);
    close_problem(&p);
    open_problem(&p, SMALL, "base", "strengths", NULL);
    refuses(HF_EUSAGE, "does not tell the parameters apart", &p, step, loss);
    close_problem(&p);
    open_problem(&p, SMALL, "positions", NULL);
    refuses(HF_EUSAGE, "cannot be fitted", &p, step, loss);
    close_problem(&p);
    open_problem(&p, SMALL, "perturbation", NULL);
    p.flow.solver.max_steps = 20;
    refuses(HF_ENUMERIC, "the flow does not reach t = 29.9", &p, step, loss);
    close_problem(&p);
}

static void an_interruption_ends_it(void **state)
{
    (void)state;
    static const volatile sig_atomic_t now = 2;
    problem p;
    double step[ROWS], loss[ROWS];
    open_problem(&p, SMALL, "perturbation", NULL);
    make_curve(&p, 1, 0.1, step, loss);
    const hf_estimate_params params = {
        .flow = &p.flow, .clock = tenth, .has_lr = true, .count = ROWS, .step = step, .loss = loss, .interrupted = &now};
    hf_estimate found;
    hf_error err;
    assert_int_equal(hf_estimate_run(&found, &params, &err), HF_OK);
    assert_true(found.interrupted);
    hf_estimate_clear(&found);
    close_problem(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_are_central_differences),
        cmocka_unit_test(they_go_on_over_a_restart),
        cmocka_unit_test(exact_curves_give_exact_parameters),
        cmocka_unit_test(errors_hold_what_they_promise),
        cmocka_unit_test(what_is_not_told_apart_is_refused),
        cmocka_unit_test(an_interruption_ends_it),
    };
    hf_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
