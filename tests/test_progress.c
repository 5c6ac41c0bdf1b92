/* What a command says while it works, by a clock that the test turns. */
#include "check.h"

#include "cli/progress.h"
#include "run/workload.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    double time;
    char *text;
    size_t size;
    hf_cli_progress progress;
} told;

static double read_clock(void *clock)
{
    return ((const told *)clock)->time;
}

static void start(told *t, bool terminal, size_t flows, bool trains)
{
    *t = (told){.time = 1000};
    t->progress = (hf_cli_progress){.stream = open_memstream(&t->text, &t->size),
                                    .terminal = terminal,
                                    .now = read_clock,
                                    .clock = t,
                                    .flows = flows,
                                    .trains = trains,
                                    .cheaper = "fewer train.seeds"};
    assert_non_null(t->progress.stream);
}

/* What has been said since the last call. */
static void says(told *t, const char *want)
{
    fflush(t->progress.stream);
    assert_string_equal(t->text, want);
    rewind(t->progress.stream);
    memset(t->text, 0, t->size);
}

static void stop(told *t)
{
    hf_cli_progress_end(&t->progress);
    fclose(t->progress.stream);
    free(t->text);
}

static void flow(told *t, double seconds, const char *part, double at, size_t stages)
{
    const hf_run_progress now = {.part = part, .t = at, .t_first = 1, .t_end = 1e4, .loss = 0.5, .stages = stages};
    t->time = 1000 + seconds;
    hf_cli_progress_flow(&t->progress, &now);
}

static void training(told *t, double seconds, double done, double work, size_t number, size_t parts)
{
    const hf_training_progress now = {.part = number == 1 ? "train" : "ladder/batch-64-lr-0.1",
                                      .number = number,
                                      .parts = parts,
                                      .seeds = 3,
                                      .step = 150,
                                      .steps = 300,
                                      .t = 7.5,
                                      .loss = 0.25,
                                      .reached = 1,
                                      .stages = 2,
                                      .done = done,
                                      .work = work};
    t->time = 1000 + seconds;
    hf_cli_progress_training(&t->progress, &now);
}

static void tasks(told *t, double seconds, size_t done, size_t failed)
{
    const hf_sweep_progress now = {.total = 200, .done = done, .failed = failed};
    t->time = 1000 + seconds;
    hf_cli_progress_tasks(&t->progress, &now);
}

static void test_durations(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{-1, "0 s"},         {0, "0 s"},           {0.2, "1 s"},        {44.5, "45 s"},
                 {99, "99 s"},        {99.5, "2 min"},      {120, "2 min"},      {121, "3 min"},
                 {5939, "99 min"},    {5941, "1 h 40 min"}, {7200, "2 h 0 min"}, {172700, "47 h 59 min"},
                 {172801, "2 d 1 h"}, {1e9, "11574 d 2 h"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        hf_cli_progress_duration(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Short runs are silent; then a line at every tenth, at most every 2 seconds, or after 30 seconds. */
static void test_lines_of_a_file(void **state)
{
    told t;
    (void)state;
    start(&t, false, 1, false);
    flow(&t, 0, NULL, 0, 0);
    flow(&t, 1.9, NULL, 1e2, 0);
    says(&t, "");
    flow(&t, 2, NULL, 1e2, 1);
    says(&t, "headflow: flow, 50 %: t = 100 of 10000, loss 0.5, 1 stage so far; 2 s left\n");
    flow(&t, 3, NULL, 1e3, 1); /* 75 %, but only a second later */
    says(&t, "");
    flow(&t, 4, NULL, 1e3, 2);
    says(&t, "headflow: flow, 75 %: t = 1000 of 10000, loss 0.5, 2 stages so far; 2 s left\n");
    flow(&t, 33, NULL, 1001, 2); /* not yet 30 seconds, and no new tenth */
    says(&t, "");
    flow(&t, 34, NULL, 1001, 2);
    says(&t, "headflow: flow, 75 %: t = 1001 of 10000, loss 0.5, 2 stages so far; 12 s left\n");
    stop(&t);
}

/* The time left is that of both flows; of a training nothing is known before it begins. */
static void test_flows(void **state)
{
    told t;
    (void)state;
    start(&t, true, 2, true);
    flow(&t, 0, "flow", 0, 0);
    flow(&t, 0.1, "flow", 1e2, 0);
    says(&t, "");
    flow(&t, 2, "flow", 1e2, 0);
    says(&t, "\rflow, 50 %: t = 100 of 10000, loss 0.5, 0 stages so far; 6 s left, then the training\033[K");
    flow(&t, 6, "drift", 1e2, 1);
    says(&t, "\rdrift, 50 %: t = 100 of 10000, loss 0.5, 1 stage so far; 2 s left, then the training\033[K");
    stop(&t);
}

/* A training of 100 seconds in four parts, begun 10 seconds after the flow. The share that was behind when it went on after an
 * interruption took no time. */
static void test_training(void **state)
{
    told t;
    (void)state;
    start(&t, false, 1, true);
    flow(&t, 0, "flow", 1, 0);
    training(&t, 10, 0, 1000, 1, 4);
    says(&t, "");
    training(&t, 11.5, 15, 1000, 1, 4);
    says(&t, "headflow: the training takes about 2 min (4 rungs); cheaper: fewer train.seeds\n");
    training(&t, 60, 500, 1000, 2, 4);
    says(
        &t,
        "headflow: training, 50 %: ladder/batch-64-lr-0.1 (2 of 4), step 150 of 300, t = 7.5, loss 0.25, 1 of the flow's 2 "
        "stages; 50 s left\n");
    stop(&t);

    start(&t, false, 0, true);
    training(&t, 0, 800, 1000, 1, 1);
    training(&t, 5, 900, 1000, 1, 1); /* less than a minute: no estimate */
    says(&t, "headflow: training, 90 %: step 150 of 300, t = 7.5, loss 0.25, 1 of the flow's 2 stages; 5 s left\n");
    stop(&t);
}

/* Steps of Adam, without a flow, on a terminal that the line is cleared from. */
static void test_training_alone(void **state)
{
    const hf_training_progress now = {.part = "train",
                                      .number = 1,
                                      .parts = 1,
                                      .seeds = 1,
                                      .step = 5,
                                      .steps = 10,
                                      .t = NAN,
                                      .loss = 2,
                                      .done = 5,
                                      .work = 1e4};
    hf_training_progress first = now;
    told t;
    (void)state;
    start(&t, true, 0, true);
    first.done = 0;
    hf_cli_progress_training(&t.progress, &first);
    t.time += 1;
    hf_cli_progress_training(&t.progress, &now);
    says(&t, "headflow: the training takes about 34 min (1 seed of 10 steps); cheaper: fewer train.seeds\n"
             "\rtraining, 0 %: step 5 of 10, loss 2; 34 min left\033[K");
    hf_cli_progress_end(&t.progress);
    says(&t, "\r\033[K");
    hf_cli_progress_end(&t.progress);
    says(&t, "");
    stop(&t);
}

static void test_tasks(void **state)
{
    told t;
    (void)state;
    start(&t, false, 0, false);
    tasks(&t, 0, 0, 0);
    tasks(&t, 10, 10, 0); /* 5 %: neither a tenth nor 30 seconds */
    says(&t, "");
    tasks(&t, 20, 19, 1);
    says(&t, "headflow: 19 of 200 tasks done, 1 failed, 1 a second; 3 min left\n");
    tasks(&t, 200, 200, 0);
    says(&t, "headflow: 200 of 200 tasks done, 1 a second; 0 s left\n");
    stop(&t);

    start(&t, false, 0, false);
    tasks(&t, 0, 0, 0);
    tasks(&t, 30, 0, 0);
    says(&t, "headflow: 0 of 200 tasks done\n");
    stop(&t);
}

static void test_workload(void **state)
{
    static const struct {
        size_t seeds, together;
        uint64_t step[4];
        double ahead;
    } cases[] = {{1, 1, {0}, 100},
                 {1, 8, {40}, 60},
                 {3, 1, {0}, 300},
                 {3, 2, {0}, 200},
                 {3, 3, {0}, 100},
                 {3, 2, {50, 50, 0}, 150},
                 {3, 2, {100, 100, 30}, 70},
                 {4, 2, {100, 20, 0, 0}, 180},
                 {4, 4, {10, 20, 30, 90}, 90},
                 {2, 2, {100, 100}, 0},
                 {4, 2, {90, 0, 0, 10}, 190}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(
            close_to(hf_workload_ahead(cases[i].seeds, cases[i].step, 100, cases[i].together), cases[i].ahead, 1e-15));
    const uint64_t many[100] = {100, 100, 50};
    assert_true(close_to(hf_workload_ahead(100, many, 100, 3), 9750 / 3.0, 1e-15));
    assert_true(hf_workload_cost(0) < hf_workload_cost(1) && hf_workload_cost(1) < hf_workload_cost(512));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations), cmocka_unit_test(test_lines_of_a_file), cmocka_unit_test(test_flows),
        cmocka_unit_test(test_training),  cmocka_unit_test(test_training_alone),  cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_workload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
