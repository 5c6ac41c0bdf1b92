/* Tests of what is said where numerics break down: integrator, derivatives, detector and eigenvalues on a flow that does so on
 * purpose.
 *
 *     y_i' = -a_i y_i,   L = 1/2 sum_i a_i y_i^2,   P = sum_i a_i^2 y_i^2,   a_i = 1 + i/n
 *
 * goes down from y = 1, and once y_0 = exp(-t) has fallen below 1/2, at t = ln 2, one of its functions fails. */
#include "support.h"

#include "detect/detector.h"
#include "detect/series.h"
#include "integrate/variation.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 5, LARGE = HF_SADDLE_DENSE + 1, NAMED = 3 /* the coordinate that fails */ };

typedef enum {
    SOUND,
    NO_STATE,        /* not finite, nor is its velocity */
    NO_SPEED,        /* P is not finite */
    WALL,            /* a coordinate jumps to a velocity of -1e12 */
    ROUGH_VELOCITY,  /* from the start: of a coordinate, it jumps everywhere */
    ROUGH_SPEED,     /* likewise P */
    NEWTON_SINGULAR, /* from the start: it does not factor */
    NO_RATE,         /* dP/dt is not finite */
    NO_SIGNAL,       /* a signal is not finite */
    SIGNAL_GAP,      /* the signal that crosses at 1/2 is not finite near it */
    LOSS_GAP,        /* likewise the loss */
    NO_HESSIAN,      /* from the start */
    CLUSTERED,       /* the Hessian's eigenvalues are ((i + 1)/n)^3: too close for Lanczos at 0 */
    NO_FORCING,      /* the derivative of the velocity along the parameter is not finite */
    INFINITE_FORCING,
    NO_DERIVATIVE,  /* nor that of the start */
    OTHER_JACOBIAN, /* products with it are not what the Newton solve has factored */
    OWN_SINGULAR,   /* likewise, and the second Newton solve, which the derivatives make, does not factor */
    NO_DRAWING      /* the coordinates cannot be chosen anew */
} flaw;

typedef struct {
    size_t size;
    flaw flaw;
    int newtons; /* made so far */
    hf_error_group group;
} toy;

typedef struct {
    toy *toy;
    double y[LARGE];
} toy_point;

typedef struct {
    const toy *toy;
    double gamma;
    int number; /* from 1 */
} toy_newton;

static double rate(const toy *t, size_t i)
{
    return 1 + (double)i / (double)t->size;
}

/* Whether that flaw shows. */
static bool fails(const toy_point *p, flaw what)
{
    return p->toy->flaw == what && p->y[0] < 0.5;
}

static bool is_in_gap(const toy_point *p, flaw what)
{
    return p->toy->flaw == what && fabs(p->y[0] - 0.5) < 1e-3;
}

/* What no step is short enough for: something from 1e12 to 2e12, and something else 1e-13 away. */
static double roughness(const toy_point *p)
{
    return 1e12 * (1 + (double)((uint64_t)(p->y[0] * 1e13) * 40503 % 1009) / 1009);
}

/* ---- the equations ---- */

static void start(const void *self, double *y)
{
    for (size_t i = 0; i < ((const toy *)self)->size; i++)
        y[i] = 1;
}

static hf_status point_create(void **point, const void *self, hf_error *err)
{
    (void)err;
    toy_point *p = calloc(1, sizeof *p);
    assert_non_null(p);
    memcpy(&p->toy, &self, sizeof self); /* it counts */
    *point = p;
    return HF_OK;
}

static void energy(const void *point, double *loss, double *speed)
{
    const toy_point *p = point;
    *loss = *speed = 0;
    for (size_t i = 0; i < p->toy->size; i++) {
        const double a = rate(p->toy, i);
        *loss += a * p->y[i] * p->y[i] / 2;
        *speed += a * a * p->y[i] * p->y[i];
    }
    *loss = is_in_gap(p, LOSS_GAP) ? NAN : *loss;
    *speed = fails(p, NO_SPEED) ? NAN : p->toy->flaw == ROUGH_SPEED ? roughness(p) : *speed;
}

static bool at(void *point, const double *y)
{
    toy_point *p = point;
    double loss, speed;
    memcpy(p->y, y, p->toy->size * sizeof *y);
    energy(p, &loss, &speed);
    return !fails(p, NO_STATE) && isfinite(speed);
}

static void velocity(const void *point, double *result)
{
    const toy_point *p = point;
    for (size_t i = 0; i < p->toy->size; i++)
        result[i] = -rate(p->toy, i) * p->y[i];
    const double rough = p->toy->flaw == ROUGH_VELOCITY ? roughness(p) : fails(p, WALL) ? 1e12 : 0;
    result[NAMED] = fails(p, NO_STATE) ? NAN : result[NAMED] - rough;
}

static void jacobian_times(void *point, const double *x, double *result)
{
    const toy_point *p = point;
    const double factor = p->toy->flaw == OTHER_JACOBIAN || p->toy->flaw == OWN_SINGULAR ? 1e6 : -1;
    for (size_t i = 0; i < p->toy->size; i++)
        result[i] = factor * rate(p->toy, i) * x[i];
}

static double speed_rate(void *point)
{
    const toy_point *p = point;
    double sum = 0;
    for (size_t i = 0; i < p->toy->size; i++)
        sum -= 2 * pow(rate(p->toy, i), 3) * p->y[i] * p->y[i];
    return fails(p, NO_RATE) ? NAN : sum;
}

static hf_status rebase(void *self, double *y, hf_error *err)
{
    (void)y;
    return ((toy *)self)->flaw == NO_DRAWING ? hf_fail_memory(err, "the toy's coordinates") : HF_OK;
}

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    (void)self;
    snprintf(text, capacity, "coordinate %zu", index);
}

/* ---- Newton ---- */

static hf_status newton_create(void **newton, const void *self, hf_error *err)
{
    (void)err;
    toy_newton *n = calloc(1, sizeof *n);
    assert_non_null(n);
    toy *counted;
    memcpy(&counted, &self, sizeof self);
    *n = (toy_newton){.toy = self, .number = ++counted->newtons};
    *newton = n;
    return HF_OK;
}

static bool newton_setup(void *newton, const void *point, double gamma)
{
    (void)point;
    toy_newton *n = newton;
    n->gamma = gamma;
    return n->toy->flaw != NEWTON_SINGULAR && (n->toy->flaw != OWN_SINGULAR || n->number == 1);
}

static void newton_solve(void *newton, const double *b, double *x)
{
    const toy_newton *n = newton;
    for (size_t i = 0; i < n->toy->size; i++)
        x[i] = b[i] / (1 + n->gamma * rate(n->toy, i));
}

/* ---- what is watched, curvature, derivatives ---- */

static size_t one(const void *self)
{
    (void)self;
    return 1;
}

static double first_coordinate(const void *point, size_t pattern)
{
    (void)pattern;
    const toy_point *p = point;
    return fails(p, NO_SIGNAL) || is_in_gap(p, SIGNAL_GAP) ? NAN : p->y[0];
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    (void)thresholds;
    *signal = (hf_signal){.name = "halved",
                          .event = HF_EVENT_SPLIT,
                          .threshold = ((const toy *)self)->flaw == NO_SIGNAL ? 0.1 : 0.5,
                          .value = first_coordinate};
}

static void describe_event(void *observer, void *point, const double *y, hf_event *event)
{
    (void)observer, (void)y;
    double speed;
    energy(point, &event->loss, &speed);
}

static void hessian_times(void *point, const double *x, double *result)
{
    const toy *t = ((const toy_point *)point)->toy;
    for (size_t i = 0; i < t->size; i++)
        result[i] = x[i] * (t->flaw == NO_HESSIAN ? NAN : t->flaw == CLUSTERED ? pow(rate(t, i + 1) - 1, 3) : rate(t, i));
}

static size_t ways_down(const void *self, bool all)
{
    (void)self, (void)all;
    return 1;
}

static const char *parameter_name(const void *self, size_t parameter)
{
    (void)self, (void)parameter;
    return "p";
}

/* The parameter moves the start of every coordinate alike, and the velocity of one. */
static void derivative_start(const void *self, size_t parameter, double *x)
{
    (void)parameter;
    start(self, x);
    x[NAMED] = ((const toy *)self)->flaw == NO_DERIVATIVE ? NAN : 1;
}

static bool forcing(void *point, size_t parameter, double *result)
{
    (void)parameter;
    const toy_point *p = point;
    memset(result, 0, p->toy->size * sizeof *result);
    result[NAMED] = fails(p, NO_FORCING) ? NAN : fails(p, INFINITE_FORCING) ? INFINITY : p->y[NAMED];
    return true;
}

static const hf_newton_kind newton = {newton_create, free, newton_setup, newton_solve};
static const hf_watch_kind watch = {.signal_count = one, .signals = signals, .describe = describe_event};
static const hf_curvature_kind curvature = {.times = hessian_times, .ways_down = ways_down};
static const hf_sensitivity_kind sensitivity = {
    .count = one, .name = parameter_name, .start = derivative_start, .velocity = forcing};

static const hf_system_kind kind = {.name = "toy",
                                    .remedy = "lower what is too large",
                                    .start = start,
                                    .point_create = point_create,
                                    .point_free = free,
                                    .at = at,
                                    .energy = energy,
                                    .velocity = velocity,
                                    .jacobian_times = jacobian_times,
                                    .speed_rate = speed_rate,
                                    .rebase = rebase,
                                    .coordinate_name = coordinate_name,
                                    .newton = &newton,
                                    .watch = &watch,
                                    .curvature = &curvature,
                                    .sensitivity = &sensitivity};

static hf_system system_of(toy *t, size_t size, flaw what)
{
    *t = (toy){.size = size, .flaw = what, .group = {.count = size}};
    return (hf_system){.kind = &kind, .self = t, .size = size, .unit = 1, .group_count = 1, .group = &t->group};
}

/* ---- what is said ---- */

static void expect(flaw what, hf_status status, const hf_error *err, hf_status expected, const char *text)
{
    if (status != expected || strstr(err->message, text) == NULL)
        fail_msg("flaw %d: status %d, \"%s\", expected status %d, \"...%s...\"", (int)what, (int)status, err->message,
                 (int)expected, text);
}

/* The number behind "t = ". */
static double time_in(const hf_error *err)
{
    const char *place = strstr(err->message, "t = ");
    return place == NULL ? NAN : strtod(place + 4, NULL);
}

/* A flaw, what is said of it, and the time that is named. */
typedef struct {
    flaw flaw;
    const char *says;
    double t;
} breakdown;

static void expect_each(const breakdown *cases, size_t count, hf_status (*run)(flaw, hf_error *), double tolerance)
{
    for (size_t i = 0; i < count; i++) {
        hf_error err = {0};
        expect(cases[i].flaw, run(cases[i].flaw, &err), &err, HF_ENUMERIC, cases[i].says);
        assert_true(is_close(time_in(&err), cases[i].t, 0, tolerance));
    }
}

/* Steps of the integrator, and what else there is follows them, up to t = 2. */
static hf_status follow(hf_integrator *it, hf_variation *variation, hf_detector *detector, hf_error *err)
{
    hf_status status = HF_OK;
    for (int steps = 0; status == HF_OK && hf_integrator_time(it) < 2; steps++) {
        double reached;
        assert_true(steps < 10000);
        bool stopped;
        status = hf_integrator_step(it, err);
        if (status == HF_OK && variation != NULL)
            status = hf_variation_step(variation, err);
        if (status == HF_OK && detector != NULL)
            status = hf_detector_step(detector, it, 2, &reached, &stopped, err);
    }
    return status;
}

static hf_status integrate(flaw what, hf_error *err)
{
    toy t;
    hf_integrator *it = NULL;
    hf_status status = hf_integrator_create(&it, system_of(&t, SMALL, what), 1e-6, 1e-10, err);
    if (status == HF_OK)
        status = follow(it, NULL, NULL, err);
    if (status == HF_OK)
        status = hf_integrator_restart(it, err);
    hf_integrator_free(it);
    return status;
}

static void test_integrations_that_cannot_go_on(void **state)
{
    (void)state;
    static const breakdown cases[] = {
        {NO_STATE, "is not finite at t = ", 0.69314718},
        {NO_STATE, "the velocity of the coordinate 3 overflows; lower what is too large", 0.69314718},
        {NO_SPEED, "the speed -dL/dt overflows; lower what is too large", 0.69314718},
        {ROUGH_VELOCITY, "(largest error: coordinate 3); raise solver.rtol or solver.atol", 0},
        {ROUGH_SPEED, "(largest error: dissipated energy); raise solver.rtol or solver.atol", 0},
        {WALL, "the integration stands still at t = ", 0.69314718},
        {WALL, "are too short for the time to change; raise solver.rtol or solver.atol", 0.69314718},
        {NEWTON_SINGULAR, "Newton's iteration does not converge at t = 0 with a step of ", 0},
    };
    hf_error err = {0};
    assert_int_equal(integrate(SOUND, &err), HF_OK);
    expect_each(cases, sizeof cases / sizeof *cases, integrate, 1e-3);
    err = (hf_error){0};
    expect(NO_DRAWING, integrate(NO_DRAWING, &err), &err, HF_ESYSTEM, "the toy's coordinates");
}

/* A run that is taken up again says the same. */
static void test_a_saved_state_that_is_not_finite(void **state)
{
    (void)state;
    toy t;
    hf_integrator *it = NULL;
    hf_error err = {0};
    double y[SMALL] = {0.4, 1, 1, 1, 1};
    const hf_integrator_state saved = {.t = 7, .y = y};
    assert_int_equal(hf_integrator_create(&it, system_of(&t, SMALL, NO_STATE), 1e-6, 1e-10, &err), HF_OK);
    expect(NO_STATE, hf_integrator_load(it, &saved, &err), &err, HF_ENUMERIC, "not finite at t = 7: the velocity of");
    y[2] = NAN;
    expect(NO_STATE, hf_integrator_load(it, &saved, &err), &err, HF_ENUMERIC, "not finite at t = 7: the coordinate 2");
    hf_integrator_free(it);
}

/* ---- derivatives ---- */

static hf_status derive(flaw what, double *derivative, hf_error *err)
{
    toy t;
    hf_integrator *it = NULL;
    hf_variation *variation = NULL;
    assert_int_equal(hf_integrator_create(&it, system_of(&t, SMALL, what), 1e-8, 1e-12, err), HF_OK);
    hf_status status = hf_variation_create(&variation, it, err);
    if (status == HF_OK)
        status = follow(it, variation, NULL, err);
    if (status == HF_OK && derivative != NULL)
        hf_variation_interpolate(variation, 0, 2, derivative);
    hf_variation_free(variation);
    hf_integrator_free(it);
    return status;
}

static hf_status derive_only(flaw what, hf_error *err)
{
    return derive(what, NULL, err);
}

static void test_derivatives_that_cannot_go_on(void **state)
{
    (void)state;
    static const breakdown cases[] = {
        {NO_FORCING, "the derivatives of the flow are not finite at t = ", 0.69314718},
        {INFINITE_FORCING, "the derivatives of the flow are not finite at t = ", 0.69314718},
        {NO_DERIVATIVE, "the derivatives of the flow are not finite at t = 0; leave out sensitivity.to", 0},
        {OTHER_JACOBIAN, "the derivatives of the flow do not converge at t = ", 0},
        {OWN_SINGULAR, "the derivatives of the flow are not finite at t = ", 0},
    };
    double derivative[SMALL];
    hf_error err = {0};
    assert_int_equal(derive(SOUND, derivative, &err), HF_OK);
    assert_true(close_to(derivative[0], exp(-2), 1e-6));                     /* d' = -a d from 1 */
    assert_true(close_to(derivative[NAMED], exp(-1.6 * 2) * (1 + 2), 1e-6)); /* d' = -a d + y */
    expect_each(cases, sizeof cases / sizeof *cases, derive_only, 0.1);
}

/* ---- events ---- */

static hf_status detect(flaw what, const hf_detector_params *params, hf_findings *findings, hf_error *err)
{
    toy t;
    hf_integrator *it = NULL;
    hf_detector *detector = NULL;
    const hf_system system = system_of(&t, SMALL, what);
    assert_int_equal(hf_integrator_create(&it, system, 1e-4, 1e-8, err), HF_OK);
    assert_int_equal(hf_detector_create(&detector, params, it, err), HF_OK);
    hf_status status = follow(it, NULL, detector, err);
    if (status == HF_OK)
        status = hf_detector_finish(detector, findings, err);
    hf_detector_free(detector);
    hf_integrator_free(it);
    return status;
}

static void test_events_that_cannot_be_located(void **state)
{
    (void)state;
    static const struct {
        flaw flaw;
        bool stops;
        const char *says;
    } cases[] = {
        {NO_RATE, false, "the flow is not finite at t = "},   {NO_RATE, false, "; lower what is too large"},
        {NO_SIGNAL, false, "the flow is not finite at t = "}, {SIGNAL_GAP, false, "so no event can be located there"},
        {LOSS_GAP, true, "so no event can be located there"}, /* at the loss of y_0 = 1/2 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_findings findings;
        hf_error err = {0};
        hf_detector_params params = {.detect = {.contrast = 2, .events = true}, .rtol = 1e-4, .atol = 1e-8};
        for (size_t k = 0; k < SMALL && cases[i].stops; k++) /* y_k = 1/2^(a_k) */
            params.stop_loss += (1 + (double)k / SMALL) * pow(0.25, 1 + (double)k / SMALL) / 2;
        expect(cases[i].flaw, detect(cases[i].flaw, &params, &findings, &err), &err, HF_ENUMERIC, cases[i].says);
        params = (hf_detector_params){.rtol = 1e-4, .atol = 1e-8}; /* who looks for nothing does not mind */
        assert_int_equal(detect(cases[i].flaw, &params, &findings, &err), HF_OK);
        hf_findings_clear(&findings);
    }
    hf_findings findings;
    const hf_detector_params params = {.detect = {.contrast = 2, .events = true}, .rtol = 1e-4, .atol = 1e-8};
    assert_int_equal(detect(SOUND, &params, &findings, NULL), HF_OK);
    size_t split = 0;
    while (findings.event[split].kind != HF_EVENT_SPLIT) /* the last event is the stop */
        assert_true(++split < findings.event_count);
    assert_true(is_close(findings.event[split].t, 0.69314718, 0, 1e-3));
    hf_findings_clear(&findings);
}

/* ---- eigenvalues ---- */

/* A point at the start. Free with clear. */
static hf_point point_of(toy *t, size_t size, flaw what)
{
    hf_point point;
    const hf_system system = system_of(t, size, what);
    double *y = numbers(size);
    assert_int_equal(hf_point_init(&point, &system, NULL), HF_OK);
    start(t, y);
    assert_true(hf_point_at(&point, y));
    free(y);
    return point;
}

static void check_no_hessian(size_t size, const char *says)
{
    toy t;
    hf_saddle saddle;
    hf_error err[3] = {0};
    double lowest[2], largest;
    hf_point point = point_of(&t, size, NO_HESSIAN);
    expect(NO_HESSIAN, hf_saddle_analyze(&point, 1, &saddle, &err[0]), &err[0], HF_ENUMERIC, says);
    assert_false(hf_saddle_is_known(&saddle));
    expect(NO_HESSIAN, hf_saddle_sharpness(&point, &largest, &err[1]), &err[1], HF_ENUMERIC, says);
    expect(NO_HESSIAN, hf_saddle_spectrum(&point, 1, 2, lowest, &largest, &err[2]), &err[2], HF_ENUMERIC, says);
    hf_point_clear(&point);
}

static void test_eigenvalues_that_do_not_converge(void **state)
{
    (void)state;
    check_no_hessian(SMALL, "the eigenvalues of the Hessian do not converge");
    check_no_hessian(LARGE, "the Hessian is not finite");
    toy t;
    hf_saddle saddle;
    hf_error err = {0};
    hf_point point = point_of(&t, LARGE, CLUSTERED);
    expect(CLUSTERED, hf_saddle_analyze(&point, 1e12, &saddle, &err), &err, HF_ENUMERIC,
           "do not converge (ARPACK's code 1)");
    assert_false(hf_saddle_is_known(&saddle));
    assert_int_equal(hf_saddle_analyze(&point, 1, &saddle, &err), HF_OK); /* nor is it asked for so much then */
    assert_true(saddle.index == 0 && close_to(saddle.lambda_max, 1, 1e-6));
    hf_point_clear(&point);
}

/* The same way down in steps, as of a training. */
static hf_status detect_in_steps(flaw what, const hf_detector_params *params, hf_findings *findings, hf_error *err)
{
    toy t;
    hf_series *series = NULL;
    hf_point point = point_of(&t, SMALL, what);
    hf_status status = hf_series_create(&series, params, point.system, err);
    for (size_t k = 0; k <= 200 && status == HF_OK; k++) {
        double y[SMALL];
        bool stopped;
        for (size_t i = 0; i < SMALL; i++)
            y[i] = exp(-rate(&t, i) * 0.01 * (double)k);
        assert_true(hf_point_at(&point, y));
        status = hf_series_add(series, 0.01 * (double)k, &point, y, &stopped, err);
    }
    if (status == HF_OK)
        status = hf_series_finish(series, findings, err);
    hf_series_free(series);
    hf_point_clear(&point);
    return status;
}

/* Eigenvalues that cannot be had cost a run its saddles, and nothing else. */
static void test_a_run_without_eigenvalues(void **state)
{
    (void)state;
    const hf_detector_params params = {
        .detect = {.contrast = 2, .events = true, .saddles = true}, .rtol = 1e-4, .atol = 1e-8};
    for (int with = 0; with < 2; with++)
        for (int in_steps = 0; in_steps < 2; in_steps++) {
            hf_findings findings;
            hf_error err = {0};
            const flaw what = with == 1 ? SOUND : NO_HESSIAN;
            assert_int_equal((in_steps == 1 ? detect_in_steps : detect)(what, &params, &findings, &err), HF_OK);
            assert_true(findings.plateau_count > 0);
            assert_true(hf_saddle_is_known(&findings.plateau[0].saddle) == (with == 1));
            hf_findings_clear(&findings);
        }
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integrations_that_cannot_go_on),   cmocka_unit_test(test_a_saved_state_that_is_not_finite),
        cmocka_unit_test(test_derivatives_that_cannot_go_on),    cmocka_unit_test(test_events_that_cannot_be_located),
        cmocka_unit_test(test_eigenvalues_that_do_not_converge), cmocka_unit_test(test_a_run_without_eigenvalues)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
