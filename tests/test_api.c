/* The library as its users see it: headflow.h alone. */
#include "check.h"

#include "headflow.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char three[] = "heads = 3; positions = 40;\n"
                            "target = { strengths = (2.89, 1.7, 1.0); };\n"
                            "init = { perturbation = 1e-2; seed = 4; };\n"
                            "solver = { t_end = 2000.0; };\n"
                            "output = { points = 30; plots = false; };\n";

static hf_job *job_of(const char *text, const char *setting)
{
    hf_job *job = NULL;
    hf_error err;
    assert_int_equal(hf_job_parse(&job, "m", text, NULL, &err), HF_OK);
    if (setting != NULL)
        assert_int_equal(hf_job_set(job, setting, &err), HF_OK);
    return job;
}

static hf_outcome *outcome_of(hf_job *job)
{
    hf_outcome *outcome = NULL;
    hf_error err = {.message = ""};
    if (hf_job_run(job, &outcome, &err) != HF_OK)
        fail_msg("%s", err.message);
    return outcome;
}

static const hf_frame *frame_of(hf_outcome *outcome, const char *name)
{
    const hf_frame *frame = NULL;
    hf_error err;
    if (hf_outcome_frame(outcome, name, &frame, &err) != HF_OK)
        fail_msg("%s", err.message);
    return frame;
}

static void make_folder(char folder[64])
{
    strcpy(folder, "/tmp/headflow-api-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(const char *folder)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Every number of both, and every word. */
static void assert_same_frames(const hf_frame *a, const hf_frame *b)
{
    assert_int_equal(hf_frame_rows(a), hf_frame_rows(b));
    assert_int_equal(hf_frame_columns(a), hf_frame_columns(b));
    for (size_t c = 0; c < hf_frame_columns(a); c++) {
        const char *name = hf_frame_column(a, c);
        assert_string_equal(name, hf_frame_column(b, c));
        for (size_t r = 0; r < hf_frame_rows(a); r++) {
            const char *x = hf_frame_word(a, r, name), *y = hf_frame_word(b, r, name);
            assert_true(same_number(hf_frame_get(a, r, name), hf_frame_get(b, r, name)));
            assert_true((x == NULL) == (y == NULL) && (x == NULL || strcmp(x, y) == 0));
        }
    }
}

/* What is kept in memory is what a folder holds, bit for bit, and what is loaded from there. */
static void test_memory_and_folder(void **state)
{
    static const char *const names[] = {"trajectory", "attention", "events", "stages", "acquisitions", "plateaus", "final"};
    char folder[64];
    hf_error err;
    hf_outcome *loaded = NULL;
    (void)state;
    make_folder(folder);
    hf_job *job = job_of(three, NULL);
    hf_outcome *kept = outcome_of(job);
    assert_int_equal(hf_job_write_to(job, folder, false, &err), HF_OK);
    hf_outcome *written = outcome_of(job);
    assert_int_equal(hf_outcome_load(&loaded, folder, &err), HF_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_same_frames(frame_of(kept, names[i]), frame_of(written, names[i]));
        assert_same_frames(frame_of(kept, names[i]), frame_of(loaded, names[i]));
    }
    assert_same_frames(frame_of(kept, "summary"), frame_of(written, "summary"));
    assert_same_frames(frame_of(loaded, "events"), frame_of(loaded, "flow/events"));
    const hf_frame *stages = frame_of(kept, "stages");
    assert_int_equal(hf_frame_rows(stages), 3);
    assert_string_equal(hf_frame_word(stages, 0, "mode"), "competitive");
    assert_true(hf_frame_values(stages, "t_peak")[2] == hf_frame_get(stages, 2, "t_peak"));
    assert_string_equal(hf_frame_word(frame_of(kept, "summary"), 0, "stop"), "time");
    for (size_t i = 0; i < hf_outcome_count(loaded); i++)
        frame_of(loaded, hf_outcome_name(loaded, i));
    assert_null(hf_outcome_name(loaded, hf_outcome_count(loaded)));
    hf_outcome_free(loaded);
    hf_outcome_free(written);
    hf_outcome_free(kept);
    hf_job_free(job);
    remove_folder(folder);
}

typedef struct {
    size_t rows, most;
    double last;
    bool whole; /* earlier rows are there */
} watcher;

static bool count_rows(void *data, double t, double loss, double speed, const hf_frame *rows)
{
    watcher *w = data;
    const size_t last = hf_frame_rows(rows) - 1;
    assert_true(t == hf_frame_get(rows, last, "t") && loss == hf_frame_get(rows, last, "loss") && speed == hf_frame_get(rows, last, "speed"));
    assert_true(w->rows == 0 || t > w->last);
    assert_int_equal(last, w->whole ? w->rows : 0);
    w->last = t;
    return ++w->rows < w->most;
}

static void test_a_watcher_sees_every_row(void **state)
{
    watcher w = {.most = 1000, .whole = true};
    char folder[64];
    hf_error err;
    (void)state;
    hf_job *job = job_of(three, NULL);
    hf_job_watch(job, count_rows, &w);
    hf_outcome_free(outcome_of(job));
    assert_int_equal(w.rows, 31);
    assert_true(w.last == 2000);
    make_folder(folder);
    w = (watcher){.most = 1000};
    assert_int_equal(hf_job_write_to(job, folder, false, &err), HF_OK);
    hf_outcome_free(outcome_of(job));
    assert_int_equal(w.rows, 31);
    hf_job_free(job);
    remove_folder(folder);
}

/* One that stops the run; in a folder it goes on from there. */
static void test_a_watcher_stops(void **state)
{
    watcher w = {.most = 12, .whole = true};
    char folder[64];
    hf_error err;
    const hf_frame *none;
    (void)state;
    hf_job *job = job_of(three, NULL);
    hf_job_watch(job, count_rows, &w);
    hf_outcome *whole = NULL, *outcome = outcome_of(job);
    assert_string_equal(hf_frame_word(frame_of(outcome, "summary"), 0, "stop"), "watcher");
    assert_int_equal(hf_frame_rows(frame_of(outcome, "trajectory")), 12);
    assert_int_equal(hf_outcome_frame(outcome, "events", &none, NULL), HF_EUSAGE);
    assert_null(none);
    hf_outcome_free(outcome);
    make_folder(folder);
    w = (watcher){.most = 12};
    assert_int_equal(hf_job_write_to(job, folder, false, &err), HF_OK);
    hf_outcome_free(outcome_of(job));
    hf_job_watch(job, NULL, NULL);
    assert_int_equal(hf_job_write_to(job, folder, true, &err), HF_OK);
    outcome = outcome_of(job);
    assert_int_equal(hf_job_write_to(job, NULL, false, &err), HF_OK);
    whole = outcome_of(job);
    assert_same_frames(frame_of(outcome, "trajectory"), frame_of(whole, "trajectory"));
    hf_outcome_free(whole);
    hf_outcome_free(outcome);
    hf_job_free(job);
    remove_folder(folder);
}

static void test_training_needs_a_folder(void **state)
{
    static const char sgd[] = "heads = 2; positions = 6; target = { strengths = (2.0, 1.0); };\n"
                              "init = { perturbation = 1e-2; }; solver = { t_end = 4.0; }; flow = { };\n"
                              "train = { dim = 8; batch = 16; lr = 0.05; steps = 80; seeds = 2; }; output = { points = 10; };\n";
    static const char *const names[] = {"flow/stages", "train/seed-1/trajectory", "train/seed-2/trajectory", "compare"};
    char folder[64];
    hf_error err;
    hf_outcome *outcome = NULL;
    (void)state;
    hf_job *job = job_of(sgd, NULL);
    assert_int_equal(hf_job_run(job, &outcome, &err), HF_EUSAGE);
    assert_null(outcome);
    assert_non_null(strstr(err.message, "hf_job_write_to"));
    make_folder(folder);
    assert_int_equal(hf_job_write_to(job, folder, false, &err), HF_OK);
    hf_job_use_threads(job, 2);
    outcome = outcome_of(job);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(hf_frame_columns(frame_of(outcome, names[i])) > 3);
    hf_outcome_free(outcome);
    hf_job_free(job);
    remove_folder(folder);
}

static void test_mistakes_have_their_place(void **state)
{
    static const struct {
        const char *text, *setting, *says;
    } cases[] = {{"heads = 3;\npositions = x;", NULL, "m:2: syntax error"},
                 {"heads = 0;\npositions = 3; target = { strengths = (1.0); };", NULL, "m:1: heads: expected"},
                 {"heads = 3; positions = 3; target = { strengths = (1.0); };", "solver.rtoll=1", "did you mean 'solver.rtol'"},
                 {"heads = 3; positions = 3; target = { strengths = (1.0); };", "init.state=/nowhere", "/nowhere"},
                 {"heads = 3; positions = 3; target = { strengths = (1.0); };", "sweep.seeds=3", "this model is many runs"},
                 {"heads = 3; positions = 3; target = { strengths = (1.0); };", "solver.stop_loss=9", "solver.stop_loss: the loss starts at"}};
    hf_error err;
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job = job_of(cases[i].text, cases[i].setting);
        err.message[0] = '\0';
        assert_int_equal(hf_job_run(job, &outcome, &err), HF_EUSAGE);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("'%s' does not say: %s", err.message, cases[i].says);
        assert_null(outcome);
        assert_int_equal(hf_job_run(job, &outcome, NULL), HF_EUSAGE);
        hf_job_free(job);
    }
    assert_int_equal(hf_job_open(&job, "/nowhere.conf", &err), HF_EUSAGE);
    assert_null(job);
    assert_int_equal(hf_outcome_load(&outcome, "/proc/self/fd", &err), HF_EUSAGE);
    assert_null(outcome);
    job = job_of(three, "solver.max_steps=5");
    assert_int_equal(hf_job_run(job, &outcome, &err), HF_ENUMERIC);
    hf_job_free(job);
    job = job_of(three, NULL);
    assert_int_equal(hf_job_write_to(job, "/proc/nowhere", false, &err), HF_OK);
    assert_int_equal(hf_job_run(job, &outcome, &err), HF_ESYSTEM);
    hf_job_free(job);
}

static void test_the_effective_model(void **state)
{
    const char *model = NULL, *again = NULL;
    hf_error err;
    (void)state;
    hf_job *job = job_of(three, "init.perturbation=1e-5");
    assert_int_equal(hf_job_check(job, &model, &err), HF_OK);
    assert_non_null(strstr(model, "perturbation = 1e-05;"));
    hf_job *second = job_of(model, NULL);
    assert_int_equal(hf_job_check(second, &again, &err), HF_OK);
    assert_string_equal(model, again);
    hf_job_free(second);
    hf_job_free(job);
}

/* ---- equations ---- */

static void start_one(void *self, double *y)
{
    y[0] = *(double *)self;
}

static double loss_one(void *self, const double *y)
{
    (void)self;
    return 1 - y[0] * y[0] / 2 + y[0] * y[0] * y[0] * y[0] / 4;
}

static void velocity_one(void *self, const double *y, double *v)
{
    (void)self;
    v[0] = y[0] - y[0] * y[0] * y[0];
}

static void velocity_wrong(void *self, const double *y, double *v)
{
    (void)self, (void)y;
    v[0] = NAN;
}

static void jacobian_one(void *self, const double *y, const double *x, double *result)
{
    (void)self;
    result[0] = (1 - 3 * y[0] * y[0]) * x[0];
}

static double speed_one(void *self, const double *y)
{
    double v;
    velocity_one(self, y, &v);
    return v * v;
}

/* y' = y - y^3 from 1e-3: y^2 = 1 / (1 + c exp(-2 t)), the loss falls fastest at y^2 = 1/3. */
static void test_equations(void **state)
{
    double start = 1e-3;
    hf_equations e = {.size = sizeof e, .self = &start, .unknowns = 1, .start = start_one, .loss = loss_one, .velocity = velocity_one};
    const double c = 1 / (start * start) - 1, peak = log(c / 2) / 2;
    hf_error err;
    (void)state;
    for (int i = 0; i < 3; i++) {
        hf_job *job = NULL;
        e.jacobian_times = i > 0 ? jacobian_one : NULL;
        e.speed = i > 1 ? speed_one : NULL;
        assert_int_equal(hf_job_solve(&job, &e, &err), HF_OK);
        assert_int_equal(hf_job_set(job, "solver.t_end=30", &err), HF_OK);
        hf_outcome *outcome = outcome_of(job);
        const hf_frame *stages = frame_of(outcome, "stages"), *rows = frame_of(outcome, "trajectory");
        assert_int_equal(hf_frame_rows(stages), 1);
        assert_true(fabs(hf_frame_get(stages, 0, "t_peak") / peak - 1) < 1e-6);
        for (size_t r = 0; r < hf_frame_rows(rows); r++) {
            const double y2 = 1 / (1 + c * exp(-2 * hf_frame_get(rows, r, "t"))), want = 1 - y2 / 2 + y2 * y2 / 4;
            assert_true(fabs(hf_frame_get(rows, r, "loss") - want) < 1e-6);
        }
        hf_outcome_free(outcome);
        hf_job_free(job);
    }
}

/* Somebody's equations in a folder are those in memory. */
static void test_equations_in_a_folder(void **state)
{
    double start = 1e-3;
    char folder[64];
    const hf_equations e = {.size = sizeof e, .self = &start, .unknowns = 1, .start = start_one, .loss = loss_one, .velocity = velocity_one};
    hf_error err;
    hf_job *job = NULL;
    (void)state;
    make_folder(folder);
    assert_int_equal(hf_job_solve(&job, &e, &err), HF_OK);
    assert_int_equal(hf_job_set(job, "solver.t_end=30", &err), HF_OK);
    hf_outcome *kept = outcome_of(job);
    assert_int_equal(hf_job_write_to(job, folder, false, &err), HF_OK);
    hf_outcome *written = outcome_of(job);
    assert_same_frames(frame_of(kept, "trajectory"), frame_of(written, "trajectory"));
    assert_same_frames(frame_of(kept, "stages"), frame_of(written, "stages"));
    assert_true(hf_frame_rows(frame_of(written, "trajectory")) > 100);
    hf_outcome_free(kept);
    hf_outcome_free(written);
    hf_job_free(job);
    remove_folder(folder);
}

static hf_outcome *outcome_in(const char *text, const char *folder, const char *setting, size_t threads, bool resume)
{
    hf_error err;
    hf_job *job = job_of(text, setting);
    assert_int_equal(hf_job_write_to(job, folder, resume, &err), HF_OK);
    hf_job_use_threads(job, threads);
    hf_outcome *outcome = outcome_of(job);
    hf_job_free(job);
    return outcome;
}

/* Trainings on tokens: the same with one thread or two, at once or seed after seed. */
static void test_trainings_on_tokens(void **state)
{
    static const char *const models[] = {
        "train = { task = \"markov\"; steps = 12; batch = 8; samples = 16; validation = 8; lr = 0.01; cuts = (1); };"
        "chain = { vocabulary = 6; lengths = (1, 1); generated = 4; }; output = { points = 4; plots = false; };",
        "train = { task = \"strings\"; steps = 8; batch = 4; samples = 12; validation = 8; lr = 0.01; optimizer = \"sgd\"; };"
        "strings = { task = \"parity\"; length = 6; }; output = { plots = false; };",
        "train = { task = \"recall\"; steps = 12; batch = 4; validation = 4; lr = 0.01; optimizer = \"adam\"; };"
        "recall = { tokens = 6; pairs = 2; }; model = { kind = \"decoder\"; heads = 1; width = 8; }; output = { points = 4; plots = false; };"};
    static const char *const tables[] = {"train/seed-1/trajectory", "train/seed-2/trajectory", "train/seed-2/final"};
    (void)state;
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        char once[64], grown[64];
        make_folder(once);
        make_folder(grown);
        hf_outcome *two = outcome_in(models[m], once, "train.seeds=2", 2, false);
        hf_outcome_free(outcome_in(models[m], grown, "train.seeds=1", 1, false));
        hf_outcome *one_by_one = outcome_in(models[m], grown, "train.seeds=2", 1, true);
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            assert_same_frames(frame_of(two, tables[i]), frame_of(one_by_one, tables[i]));
        const hf_frame *rows = frame_of(two, tables[1]);
        assert_true(hf_frame_rows(rows) > 2);
        assert_true(hf_frame_get(rows, 0, "train_loss") != hf_frame_get(frame_of(two, tables[0]), 0, "train_loss")); /* another seed */
        hf_outcome_free(two);
        hf_outcome_free(one_by_one);
        remove_folder(once);
        remove_folder(grown);
    }
}

/* What moves the events, in memory and in a folder. */
static void test_sensitivities(void **state)
{
    static const char more[] = "heads = 2; positions = 8; target = { strengths = (2.0, 1.0); }; init = { perturbation = 0.05; };"
                               "solver = { t_end = 40.0; }; output = { points = 5; plots = false; }; sensitivity = { to = (\"perturbation\"); };";
    char folder[64];
    (void)state;
    make_folder(folder);
    hf_job *job = job_of(more, NULL);
    hf_outcome *kept = outcome_of(job), *written = outcome_in(more, folder, NULL, 1, false);
    assert_same_frames(frame_of(kept, "sensitivities"), frame_of(written, "sensitivities"));
    assert_true(hf_frame_rows(frame_of(kept, "sensitivities")) > 5);
    hf_outcome_free(kept);
    hf_outcome_free(written);
    hf_job_free(job);
    remove_folder(folder);
}

static void test_equations_that_are_wrong(void **state)
{
    double start = 1e-3;
    hf_equations e = {.size = sizeof e, .self = &start, .unknowns = 1, .start = start_one, .loss = loss_one};
    hf_error err;
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    (void)state;
    assert_int_equal(hf_job_solve(&job, &e, &err), HF_EUSAGE);
    assert_string_equal(err.message, "equations: velocity is missing");
    e.velocity = velocity_wrong;
    e.size = 8;
    assert_int_equal(hf_job_solve(&job, &e, &err), HF_EUSAGE);
    e.size = sizeof e;
    assert_int_equal(hf_job_solve(&job, &e, &err), HF_OK);
    assert_int_equal(hf_job_run(job, &outcome, &err), HF_ENUMERIC);
    assert_int_equal(hf_job_set(job, "heads=2", &err), HF_OK);
    assert_int_equal(hf_job_run(job, &outcome, &err), HF_EUSAGE);
    hf_job_free(job);
}

/* ---- curves ---- */

static void test_detect(void **state)
{
    enum { N = 3000 };
    static double t[N], loss[N];
    hf_outcome *outcome = NULL, *unnumbered = NULL;
    hf_error err;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        t[i] = 10 * (double)(i + 1);
        loss[i] = 3 - 1 / (1 + exp(-(t[i] - 5000) / 300)) - 1 / (1 + exp(-(t[i] - 18000) / 800)) + 0.01 * sin(1000.0 * (double)(i * i % 977));
    }
    assert_int_equal(hf_detect(&outcome, N, t, loss, &err), HF_OK);
    const hf_frame *stages = frame_of(outcome, "stages");
    assert_int_equal(hf_frame_rows(stages), 2);
    assert_true(fabs(hf_frame_get(stages, 0, "t_half") - 5000) < 60 && fabs(hf_frame_get(stages, 1, "t_half") - 18000) < 120);
    assert_string_equal(hf_frame_word(frame_of(outcome, "curves"), 0, "end"), "plateau");
    assert_int_equal(hf_detect(&unnumbered, N, NULL, loss, &err), HF_OK);
    assert_true(fabs(hf_frame_get(frame_of(unnumbered, "stages"), 0, "t_half") - 500) < 6);
    hf_outcome_free(unnumbered);
    hf_outcome_free(outcome);
    assert_int_equal(hf_detect(&outcome, 3, t, loss, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "expected at least 4"));
    assert_null(outcome);
}

/* ---- what is not there, and several at a time ---- */

static void test_what_is_not_there(void **state)
{
    (void)state;
    hf_job *job = job_of(three, "solver.t_end=5");
    hf_outcome *outcome = outcome_of(job);
    const hf_frame *rows = frame_of(outcome, "trajectory"), *none;
    assert_true(isnan(hf_frame_get(rows, 0, "nothing")) && isnan(hf_frame_get(rows, 999, "t")));
    assert_null(hf_frame_word(rows, 0, "t"));
    assert_null(hf_frame_values(rows, "nothing"));
    assert_null(hf_frame_column(rows, 999));
    assert_true(hf_frame_has(rows, "loss") && !hf_frame_has(rows, "nothing"));
    assert_int_equal(hf_outcome_frame(outcome, "nothing", &none, NULL), HF_EUSAGE);
    hf_outcome_free(outcome);
    hf_outcome_free(NULL);
    hf_job_free(job);
    hf_job_free(NULL);
    assert_int_equal(hf_api_version(), HF_API_VERSION);
    assert_string_equal(hf_version(), PACKAGE_VERSION);
}

static void *run_beside(void *data)
{
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    if (hf_job_parse(&job, "m", three, NULL, NULL) == HF_OK)
        hf_job_run(job, &outcome, NULL);
    hf_job_free(job);
    *(hf_outcome **)data = outcome;
    return NULL;
}

static void test_side_by_side(void **state)
{
    enum { THREADS = 3 };
    pthread_t thread[THREADS];
    hf_outcome *outcome[THREADS];
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_beside, &outcome[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (size_t i = 0; i < THREADS; i++) {
        assert_non_null(outcome[i]);
        assert_same_frames(frame_of(outcome[0], "final"), frame_of(outcome[i], "final"));
        assert_same_frames(frame_of(outcome[0], "events"), frame_of(outcome[i], "events"));
    }
    for (size_t i = 0; i < THREADS; i++)
        hf_outcome_free(outcome[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_and_folder),     cmocka_unit_test(test_a_watcher_sees_every_row),
        cmocka_unit_test(test_a_watcher_stops),       cmocka_unit_test(test_training_needs_a_folder),
        cmocka_unit_test(test_mistakes_have_their_place), cmocka_unit_test(test_the_effective_model),
        cmocka_unit_test(test_equations),             cmocka_unit_test(test_equations_that_are_wrong),
        cmocka_unit_test(test_equations_in_a_folder), cmocka_unit_test(test_trainings_on_tokens),
        cmocka_unit_test(test_sensitivities),
        cmocka_unit_test(test_detect),                cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_side_by_side),
    };
    hf_prepare_process();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
