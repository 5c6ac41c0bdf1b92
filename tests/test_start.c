/* What holds at the start: events at t = 0 of flows and training runs, times of 0 in sweeps, and what is said about heads that
 * are equal, alike or apart. */
#include "detected.h"
#include "support.h"

#include "core/init.h"
#include "report/findings.h"
#include "report/heads.h"
#include "sweep/measure.h"

#include <stdlib.h>
#include <string.h>

#define THREE "heads = 3; positions = 10; target = { strengths = (2.89, 1.7, 1.0); }; "
#define TWO   "heads = 2; positions = 10; target = { strengths = (2.0, 1.0); }; "

/* ---- events ---- */

/* Everything of this kind is at t = 0, in stage 0 and with the loss there. */
static void check_start(const hf_findings *f, hf_event_kind kind, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == kind && f->event[i].t == 0) {
            assert_true(f->event[i].stage == 0 && f->event[i].loss == f->start_loss);
            found++;
        }
    assert_int_equal(found, count);
}

static void test_heads_that_start_apart_split_at_0(void **state)
{
    (void)state;
    static const char *const starts[] = {"bumps", "waterfall"};
    for (size_t i = 0; i < 2; i++) {
        detected_run run;
        char text[512];
        snprintf(text, sizeof text, THREE "init = { start = \"%s\"; scale = 8.0; }; solver = { t_end = 100; };", starts[i]);
        detect(&run, text);
        const bool is_apart = run.findings.start_overlap <= 0.5;
        assert_true(is_apart || i > 0);
        check_start(&run.findings, HF_EVENT_SPLIT, is_apart);
        if (is_apart) {
            assert_int_equal(count_events(&run.findings, HF_EVENT_SPLIT), 1);
            assert_true(event_of(&run.findings, HF_EVENT_SPLIT, 0)->value == run.findings.start_overlap);
        }
        clear_run(&run);
    }
}

static void test_patterns_known_at_the_start_are_acquired_at_0(void **state)
{
    (void)state;
    for (size_t learned = 1; learned <= 3; learned++) {
        detected_run run;
        char text[512];
        snprintf(text, sizeof text,
                 THREE
                 "init = { start = \"saddle\"; learned = %zu; scale = 8.0; perturbation = 1e-6; }; solver = { t_end = "
                 "1e4; };",
                 learned);
        detect(&run, text);
        check_start(&run.findings, HF_EVENT_ACQUIRED, learned);
        check_start(&run.findings, HF_EVENT_SPLIT, learned > 1); /* then a head has a pattern of its own */
        for (size_t j = 0; j < learned; j++)
            assert_int_equal(event_of(&run.findings, HF_EVENT_ACQUIRED, j)->pattern, j + 1);
        for (size_t i = 0; i < count_events(&run.findings, HF_EVENT_ACQUIRED); i++) /* once each */
            for (size_t k = 0; k < i; k++)
                assert_true(event_of(&run.findings, HF_EVENT_ACQUIRED, i)->pattern !=
                            event_of(&run.findings, HF_EVENT_ACQUIRED, k)->pattern);
        clear_run(&run);
    }
}

/* Values without time are optimal for the attention from the start. */
static void test_optimal_values_know_from_the_start(void **state)
{
    (void)state;
    detected_run run;
    detect(&run,
           THREE "init = { start = \"bumps\"; scale = 8.0; }; flow = { values = \"optimal\"; }; solver = { t_end = 10; };");
    check_start(&run.findings, HF_EVENT_ACQUIRED, 3);
    check_start(&run.findings, HF_EVENT_SPLIT, 1);
    clear_run(&run);
}

static void test_nothing_holds_at_an_ordinary_start(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, TWO "solver = { t_end = 200; }; detect = { loss_fraction = 0.5; };");
    for (size_t i = 0; i < run.findings.event_count; i++)
        assert_true(run.findings.event[i].t > 0 || run.findings.event[i].kind == HF_EVENT_PLATEAU);
    clear_run(&run);
    detect(&run, "heads = 1; positions = 3; target = { strengths = (1.0); }; solver = { t_end = 1; };");
    assert_int_equal(count_events(&run.findings, HF_EVENT_SPLIT), 0); /* one head has nobody to part from */
    clear_run(&run);
}

/* ---- sweeps ---- */

enum { MEASURED = 5 };

static void measure(const char *text, size_t count, const char *const *settings, double values[MEASURED])
{
    static const char *const names[MEASURED] = {"t_split", "t_acquired_1", "t_acquired_2", "t_stop", "stages"};
    hf_config c;
    hf_quantity q[MEASURED];
    hf_error err = {0};
    bool stopped;
    const char *path = temporary_path("start.conf");
    write_text(path, text, strlen(text));
    if (hf_config_read(&c, path, count, settings, &err) != HF_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < MEASURED; i++)
        assert_int_equal(hf_quantity_find(names[i], &q[i], NULL), HF_OK);
    if (hf_measure(&c, MEASURED, q, NULL, values, NULL, &stopped, &err) != HF_OK)
        fail_msg("%s", err.message);
    hf_config_clear(&c);
}

/* Least overlap at the start of the flow that a text describes. */
static double start_overlap(const char *text)
{
    detected_run run;
    detect(&run, text);
    const double overlap = run.findings.start_overlap;
    clear_run(&run);
    return overlap;
}

static void test_times_of_a_sweep_over_perturbations(void **state)
{
    (void)state;
    static const double perturbations[] = {0.1, 1, 2, 3, 5, 10};
    for (size_t i = 0; i < 6; i++) {
        size_t apart = 0;
        for (size_t seed = 1; seed <= 8; seed++) {
            char text[512];
            double values[MEASURED];
            snprintf(text, sizeof text, TWO "init = { perturbation = %g; seed = %zu; }; solver = { t_end = 0.1; };",
                     perturbations[i], seed);
            const bool is_apart = start_overlap(text) <= 0.5;
            const char *const longer[] = {"solver.t_end=200.0"};
            measure(text, 1, longer, values);
            assert_true(is_apart ? values[0] == 0 : values[0] > 0 && values[0] < 200);
            assert_true(values[3] == 200);
            apart += is_apart;
        }
        assert_true(i == 0 ? apart == 0 : apart > 0);
    }
}

static void test_a_run_that_starts_below_its_stop_loss(void **state)
{
    (void)state;
    double values[MEASURED];
    measure(TWO "solver = { stop_loss = 2.5; }; ", 0, NULL, values); /* L(0) = 2.5 */
    assert_true(isnan(values[0]) && isnan(values[1]) && values[3] == 0 && values[4] == 0);
    measure(TWO "solver = { stop_loss = 2.49; }; ", 0, NULL, values);
    assert_true(values[3] > 0);
}

static void test_training_that_starts_apart(void **state)
{
    (void)state;
    static const char *const trainings[] = {"train = { dim = 4; batch = 32; steps = 50; lr = 0.02; };",
                                            "train = { dim = 4; batch = 0; steps = 50; lr = 0.02; };"};
    for (size_t i = 0; i < 2; i++) {
        char text[512];
        double values[MEASURED];
        snprintf(text, sizeof text, TWO "init = { start = \"bumps\"; }; %s", trainings[i]);
        measure(text, 0, NULL, values);
        assert_true(values[0] == 0 && !(values[1] == 0));
        snprintf(text, sizeof text, TWO "init = { start = \"saddle\"; learned = 1; scale = 8.0; perturbation = 1e-3; }; %s",
                 trainings[i]);
        measure(text, 0, NULL, values);
        assert_true(values[1] == 0 && isnan(values[0]) && !(values[2] == 0));
    }
}

/* ---- words ---- */

/* What is said about heads, given the overlaps of pairs 12, 13, 23 at the start and at the end. */
static char *words(size_t heads, double t_split, const double *start, const double *end)
{
    double overlaps[2][9];
    hf_event events[2] = {{.kind = HF_EVENT_SPLIT, .t = t_split, .head = 2, .pattern = 1, .value = 0.25},
                          {.kind = HF_EVENT_STOP, .t = 9}};
    hf_findings f = {.heads = heads,
                     .start_overlaps = overlaps[0],
                     .end_overlaps = overlaps[1],
                     .overlap_level = 0.5,
                     .event_count = isnan(t_split) ? 1 : 2,
                     .event = isnan(t_split) ? events + 1 : events};
    for (size_t side = 0; side < 2; side++)
        for (size_t k = 0, pair = 0; k < heads; k++) {
            overlaps[side][k * heads + k] = 1;
            for (size_t l = k + 1; l < heads; l++, pair++)
                overlaps[side][k * heads + l] = overlaps[side][l * heads + k] = (side == 0 ? start : end)[pair];
        }
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    hf_heads_print(&f, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void test_words_about_heads(void **state)
{
    (void)state;
    static const struct {
        size_t heads;
        double t, start[3], end[3];
        const char *want;
    } cases[] = {
        {1, NAN, {0}, {0}, ""},
        {2, NAN, {1}, {1}, "The heads have not parted by t = 9: they are equal.\n"},
        {2, NAN, {0.9}, {0.7}, "The heads have not parted by t = 9: overlap 0.7, at the start 0.9.\n"},
        {2, 0, {0.25}, {0.1}, "The heads are apart from the start (overlap 0.25).\n"},
        {2,
         0,
         {0.25},
         {0.8},
         "The heads are apart from the start (overlap 0.25).\nAt t = 9 heads 1 and 2 are alike (overlap 0.8).\n"},
        {2, 5, {0.9}, {0.1}, "The heads part at t = 5 (overlap 0.25): head 2 leaves for pattern 1.\n"},
        {3, NAN, {1, 1, 1}, {1, 1, 1}, "The heads have not parted by t = 9: they are equal.\n"},
        {3,
         NAN,
         {0.9, 0.9, 1},
         {0.8, 0.8, 1},
         "The heads have not parted by t = 9: overlap 0.8, at the start 0.9, heads 2 and 3 of them equal.\n"},
        {3,
         0,
         {0.25, 0.25, 1},
         {0.1, 0.1, 1},
         "The heads are apart from the start (least overlap 0.25): heads 2 and 3 are equal, head 1 is apart.\n"},
        {3,
         0,
         {0.25, 0.25, 0.9999},
         {0.1, 0.1, 0.7},
         "The heads are apart from the start (least overlap 0.25): heads 2 and 3 are alike (overlap above 0.999), head 1 "
         "is "
         "apart.\n"},
        {3,
         0,
         {0.25, 0.25, 0.9},
         {0.1, 0.1, 0.2},
         "The heads are apart from the start (least overlap 0.25): heads 2 and 3 are alike (overlap 0.9), head 1 is "
         "apart.\n"
         "At t = 9 all heads are apart.\n"},
        {3, 0, {0.25, 0.3, 0.1}, {0.1, 0.1, 0.2}, "All heads are apart from the start (overlap at most 0.3).\n"},
        {3,
         5,
         {1, 0.9, 0.9},
         {1, 0.2, 0.2},
         "The heads part at t = 5 (overlap 0.25): head 2 leaves for pattern 1.\nAt t = 9 heads 1 and 2 are equal, head 3 "
         "is "
         "apart.\n"},
        {3,
         5,
         {0.9, 0.9, 0.9},
         {0.6, 0.3, 0.8},
         "The heads part at t = 5 (overlap 0.25): head 2 leaves for pattern 1.\nAt t = 9 heads 1, 2 and 3 are alike only "
         "in "
         "part (overlap 0.3 to 0.8).\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = words(cases[i].heads, cases[i].t, cases[i].start, cases[i].end);
        assert_string_equal(text, cases[i].want);
        free(text);
    }
}

/* Equal means bit for bit: heads 1e-30 apart, whose overlap rounds to 1, are not. */
static void test_equal_heads_are_told_from_alike_ones(void **state)
{
    (void)state;
    static const char *const perturbations[] = {"0.0", "1e-30", "1e-200"};
    for (size_t i = 0; i < 3; i++) {
        detected_run run;
        char text[512];
        snprintf(text, sizeof text, THREE "init = { perturbation = %s; }; solver = { t_end = 30; };", perturbations[i]);
        detect(&run, text);
        for (size_t pair = 0; pair < 9; pair++) {
            const bool equal = i == 0 || pair % 4 == 0;
            assert_int_equal(run.findings.start_overlaps[pair] == 1, equal);
            assert_int_equal(run.findings.end_overlaps[pair] == 1, equal);
        }
        clear_run(&run);
    }
}

/* A start that falls to the first plateau is said to, with what it learns on the way. */
static void test_words_about_a_start_inside_a_drop(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"heads = 2; positions = 2; target = { strengths = (2.0, 1.0); }; ",
         "and pattern 1 is acquired: the run starts inside a drop"},
        {"heads = 1; positions = 1; target = { strengths = (1.0); }; ", "from 0.5 to "},
        {THREE "init = { start = \"saddle\"; learned = 2; scale = 8.0; perturbation = 1e-6; }; ",
         "Known at the start: patterns 1, 2.\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        detected_run run;
        char *text = NULL;
        size_t size;
        FILE *stream = open_memstream(&text, &size);
        detect(&run, cases[i].text);
        hf_findings_print(&run.findings, stream);
        assert_int_equal(fclose(stream), 0);
        if (strstr(text, cases[i].want) == NULL)
            fail_msg("there is no '%s' in\n%s", cases[i].want, text);
        free(text);
        clear_run(&run);
    }
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_that_start_apart_split_at_0),
        cmocka_unit_test(test_patterns_known_at_the_start_are_acquired_at_0),
        cmocka_unit_test(test_optimal_values_know_from_the_start),
        cmocka_unit_test(test_nothing_holds_at_an_ordinary_start),
        cmocka_unit_test(test_times_of_a_sweep_over_perturbations),
        cmocka_unit_test(test_a_run_that_starts_below_its_stop_loss),
        cmocka_unit_test(test_training_that_starts_apart),
        cmocka_unit_test(test_words_about_heads),
        cmocka_unit_test(test_equal_heads_are_told_from_alike_ones),
        cmocka_unit_test(test_words_about_a_start_inside_a_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
