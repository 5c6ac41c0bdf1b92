/* The examples of doc/extending.md: a system, its columns and its signal, and a model. */
#include "support.h"

#include "core/path.h"
#include "detect/detector.h"
#include "integrate/integrator.h"
#include "run/record.h"
#include "train/learner.h"
#include "train/normal.h"
#include "train/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A chain of two weights that learns a number m: L = 1/2 (m - a b)^2, a' = b (m - a b), b' = a (m - a b). */
typedef struct {
    double target, start; /* m; a = b = start */
    hf_error_group group;
} chain;

/* It at a state. */
typedef struct {
    const chain *chain;
    double a, b, missing; /* the state; m - a b */
} chain_point;

static void start(const void *self, double *y)
{
    y[0] = y[1] = ((const chain *)self)->start;
}

static hf_status point_create(void **point, const void *self, hf_error *err)
{
    chain_point *p = malloc(sizeof *p);
    if (p == NULL)
        return hf_fail_memory(err, "a state of the chain");
    *p = (chain_point){.chain = self};
    *point = p;
    return HF_OK;
}

static bool at(void *point, const double *y)
{
    chain_point *p = point;
    p->a = y[0];
    p->b = y[1];
    p->missing = p->chain->target - p->a * p->b;
    return isfinite(p->missing);
}

static void velocity(const void *point, double *v)
{
    const chain_point *p = point;
    v[0] = p->b * p->missing;
    v[1] = p->a * p->missing;
}

static void energy(const void *point, double *loss, double *speed)
{
    const chain_point *p = point;
    double v[2];
    velocity(point, v);
    *loss = p->missing * p->missing / 2;
    *speed = v[0] * v[0] + v[1] * v[1];
}

static void jacobian_times(void *point, const double *x, double *result)
{
    const chain_point *p = point;
    const double change = -(x[0] * p->b + p->a * x[1]); /* of what is missing */
    result[0] = x[1] * p->missing + p->b * change;
    result[1] = x[0] * p->missing + p->a * change;
}

static double speed_rate(void *point)
{
    double v[2], bent[2];
    velocity(point, v);
    jacobian_times(point, v, bent);
    return 2 * (v[0] * bent[0] + v[1] * bent[1]);
}

static void coordinate_name(const void *self, size_t index, char *text, size_t capacity)
{
    (void)self;
    snprintf(text, capacity, "weight %zu", index + 1);
}

/* What its tables show. */
typedef struct {
    double product;
} chain_view;

static hf_status create(void **observer, const void *self, hf_error *err)
{
    (void)self;
    chain_view *view = calloc(1, sizeof *view);
    if (view == NULL)
        return hf_fail_memory(err, "the observations");
    *observer = view;
    return HF_OK;
}

static void look(void *observer, const void *point, const double *y)
{
    (void)point;
    ((chain_view *)observer)->product = y[0] * y[1];
}

static const double *get_product(const void *observer)
{
    return &((const chain_view *)observer)->product;
}

static const hf_observable observables[] = {
    {"product", "", "", "what the chain gives, a b", NULL, get_product, false},
};

static const hf_observer_kind observer = {
    .create = create, .free = free, .look = look, .observable_count = 1, .observable = observables};

/* What may happen to it. */
static double known(const void *point, size_t pattern)
{
    const chain_point *p = point;
    (void)pattern;
    return p->a * p->b / p->chain->target;
}

static size_t one(const void *self)
{
    (void)self;
    return 1;
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    (void)self;
    signal[0] = (hf_signal){.name = "known",
                            .event = HF_EVENT_ACQUIRED,
                            .pattern = 1,
                            .rises = true,
                            .threshold = thresholds->acquired,
                            .value = known};
}

static void describe_event(void *observer_of_it, void *point, const double *y, hf_event *event)
{
    double speed;
    (void)observer_of_it, (void)y;
    energy(point, &event->loss, &speed);
    event->value = known(point, event->pattern);
}

static const hf_watch_kind watch = {
    .signal_count = one, .signals = signals, .describe = describe_event, .pattern_count = one};

static const hf_system_kind kind = {.name = "chain",
                                    .remedy = "lower the target",
                                    .start = start,
                                    .point_create = point_create,
                                    .point_free = free,
                                    .at = at,
                                    .energy = energy,
                                    .velocity = velocity,
                                    .jacobian_times = jacobian_times,
                                    .speed_rate = speed_rate,
                                    .coordinate_name = coordinate_name,
                                    .observer = &observer,
                                    .watch = &watch};

static hf_system system_of(chain *c)
{
    c->group = (hf_error_group){0, 2, false, 0};
    return (hf_system){.kind = &kind, .self = c, .size = 2, .unit = 1, .group_count = 1, .group = &c->group};
}

/* ---- a model ---- */

/* The same two weights, trained: the mean over samples of 1/2 (m + xi_n - a b)^2. */
typedef struct {
    double target, start, noise; /* m; a = b = start; standard deviation of xi */
    uint64_t seed;
} trained_chain;

static hf_tensors chain_tensors(const void *self)
{
    static const hf_tensor tensors[] = {
        {.name = "first weight", .offset = 0, .count = 1, .rank = 1, .shape = {1}, .rate = 1},
        {.name = "second weight", .offset = 1, .count = 1, .rank = 1, .shape = {1}, .rate = 1},
    };
    (void)self;
    return (hf_tensors){2, tensors};
}

static void chain_initialize(const void *self, double *parameters)
{
    parameters[0] = parameters[1] = ((const trained_chain *)self)->start;
}

/* What sample number n of a batch asks for. */
static double chain_sample(const trained_chain *c, const hf_batch *batch, size_t n)
{
    const hf_stream stream = {c->seed, HF_DRAW_NOISE, batch->step, hf_batch_sample(batch, n)};
    double z;
    hf_normal_fill(&stream, 1, &z);
    return c->target + c->noise * z;
}

static double chain_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    const trained_chain *c = self;
    const double product = parameters[0] * parameters[1];
    double missing = batch->count == 0 ? c->target - product : 0, loss = batch->count == 0 ? NAN : 0;
    for (size_t n = 0; n < batch->count; n++) {
        const double left = chain_sample(c, batch, n) - product;
        missing += left / (double)batch->count;
        loss += left * left / 2 / (double)batch->count;
    }
    gradient[0] = -parameters[1] * missing;
    gradient[1] = -parameters[0] * missing;
    return loss;
}

static double chain_loss(void *self, const double *parameters, const hf_batch *batch)
{
    double unused[2];
    return chain_gradient(self, parameters, batch, unused);
}

static const hf_model_kind trained_kind = {.name = "chain",
                                           .tensors = chain_tensors,
                                           .initialize = chain_initialize,
                                           .gradient = chain_gradient,
                                           .loss = chain_loss};

/* ---- they work ---- */

static void read_head(const char *path, char *text, size_t size)
{
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    do
        assert_non_null(fgets(text, (int)size, stream));
    while (text[0] == '#');
    fclose(stream);
}

/* One stage, half of it over at ln(m / p_0 - 1) / 2 m, p_0 = a(0) b(0) = 1e-6. */
static void test_a_system_of_ones_own(void **state)
{
    (void)state;
    static const double target[] = {2.89, 1.7, 1.0}, half[] = {2.573835, 4.219452, 6.907755};
    const hf_detector_params params = {
        .detect = {.contrast = 3, .acquired = 0.5, .events = true, .saddles = true}, .rtol = 1e-10, .atol = 1e-14};
    for (size_t i = 0; i < 3; i++) {
        hf_error err = {0};
        chain c = {.target = target[i], .start = 1e-3};
        const hf_system system = system_of(&c);
        hf_detector *detector = NULL;
        hf_integrator *it = NULL;
        hf_findings found;
        assert_int_equal(hf_integrator_create(&it, system, params.rtol, params.atol, &err), HF_OK);
        assert_int_equal(hf_detector_create(&detector, &params, it, &err), HF_OK);
        bool stopped;
        for (double t = 0; t < 30;)
            if (hf_integrator_step(it, &err) != HF_OK || hf_detector_step(detector, it, 30, &t, &stopped, &err) != HF_OK)
                fail_msg("%s", err.message);
        assert_int_equal(hf_detector_finish(detector, &found, &err), HF_OK);
        assert_int_equal(found.stage_count, 1);
        size_t acquired = 0;
        for (size_t e = 0; e < found.event_count; e++)
            if (found.event[e].kind == HF_EVENT_ACQUIRED) {
                assert_true(close_to(found.event[e].t, half[i], 1e-6));
                assert_true(close_to(found.event[e].value, 0.5, 1e-9));
                acquired++;
            }
        assert_int_equal(acquired, 1);
        assert_false(hf_saddle_is_known(&found.plateau[0].saddle)); /* it has no curvature */
        assert_true(isnan(found.plateau[0].predicted_loss));
        hf_findings_clear(&found);
        hf_integrator_free(it);
        hf_detector_free(detector);
    }
}

static void test_its_columns_are_written(void **state)
{
    (void)state;
    chain c = {.target = 2, .start = 0.5};
    const hf_system system = system_of(&c);
    const hf_output_params output = {.attention = true, .states = true, .spectrum = 1}; /* which it has not */
    const hf_table_origin origin = {.title = "a chain"};
    hf_record record;
    hf_point point;
    hf_error err = {0};
    void *view = NULL;
    double y[2];
    char head[200], folder[500], *path;
    snprintf(folder, sizeof folder, "%.*s", (int)(strlen(temporary_path("x")) - 2), temporary_path("x"));
    assert_int_equal(hf_record_open(&record, &output, &system, folder, &origin, NULL, NULL, &err), HF_OK);
    assert_int_equal(observer.create(&view, &c, &err), HF_OK);
    start(&c, y);
    assert_int_equal(hf_point_init(&point, &system, &err), HF_OK);
    assert_true(hf_point_at(&point, y));
    look(view, point.self, y);
    assert_int_equal(hf_record_row(&record, 0, &point, y, view, 0, NULL, &err), HF_OK);
    assert_int_equal(hf_record_commit(&record, 0, &point, y, &err), HF_OK);
    path = hf_path_join(folder, "trajectory.tsv");
    read_head(path, head, sizeof head);
    assert_string_equal(head, "t\tloss\tspeed\tenergy_defect\tproduct\n");
    free(path);
    observer.free(view);
    hf_point_clear(&point);
}

/* Trains; the step at which the loss of the population has fallen to half. */
static uint64_t steps_to_half(trained_chain *c, const hf_sampler_params *samples, double lr)
{
    hf_learner learner = {.model = {&trained_kind, c}};
    const hf_optimizer_params how = {.kind = HF_OPTIMIZER_SGD, .lr = lr};
    hf_optimizer optimizer;
    double x[2], gradient[2];
    uint64_t step = 0;
    assert_int_equal(hf_sampler_init(&learner.sampler, samples, NULL), HF_OK);
    assert_int_equal(hf_optimizer_init(&optimizer, &how, 2, NULL), HF_OK);
    for (chain_initialize(c, x); x[0] * x[1] < c->target / 2 && step < 100000; step++) {
        hf_learner_gradient(&learner, x, step, gradient);
        hf_optimizer_step(&optimizer, step + 1, chain_tensors(c), gradient, x);
    }
    hf_optimizer_clear(&optimizer);
    hf_sampler_clear(&learner.sampler);
    return step;
}

/* Steps of the exact gradient are late by the first order of lr; noise of samples moves that by a few percent. */
static void test_a_model_of_ones_own(void **state)
{
    (void)state;
    const double half = log(1.7 / 1e-6 - 1) / (2 * 1.7);
    trained_chain c = {.target = 1.7, .start = 1e-3, .noise = 0.1, .seed = 7};
    const hf_sampler_params exact = {.seed = 7}, fresh = {.seed = 7, .batch = 16};
    const double coarse = 0.01 * (double)steps_to_half(&c, &exact, 0.01),
                 fine = 0.001 * (double)steps_to_half(&c, &exact, 0.001);
    assert_true(close_to(fine, half, 2e-3) && fabs(fine - half) < fabs(coarse - half) / 4);
    assert_true(close_to(0.01 * (double)steps_to_half(&c, &fresh, 0.01), half, 0.05));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_system_of_ones_own),
        cmocka_unit_test(test_its_columns_are_written),
        cmocka_unit_test(test_a_model_of_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
