/* Tests of linear regression in context as a model: from a model file to stages, levels, times and tables. */
#include "support.h"
#include "training.h"

#include "config/config.h"
#include "config/fill.h"
#include "core/file.h"
#include "core/path.h"
#include "report/acquired.h"
#include "report/findings.h"
#include "run/flow_run.h"
#include "system/in_context.h"

#include <stdlib.h>
#include <string.h>

/* The levels that arXiv 2506.06489's notebook has for eigenvalues .4, .3, .2, .1 and 31 examples. */
static const double published[] = {1, 0.64057971, 0.37737216, 0.2098046, 0.13599507};

static void read_model(hf_config *config, const char *text)
{
    hf_error err = {0};
    write_text(temporary_path("model.conf"), text, strlen(text));
    if (hf_config_read(config, temporary_path("model.conf"), 0, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
}

static const char four[] = "heads = 8; init = { perturbation = %g; seed = %d; }; flow = { system = \"in-context\"; };\n"
                           "in_context = { eigenvalues = (0.4, 0.3, 0.2, 0.1); length = 31; };\n"
                           "solver = { t_end = 1e6; rtol = 1e-10; };\n";

/* The progress of a run, whose loss only falls. */
typedef struct {
    double lowest, highest_rise;
    size_t calls;
} progress_seen;

static void see_progress(void *data, const hf_run_progress *progress)
{
    progress_seen *seen = data;
    seen->highest_rise = fmax(seen->highest_rise, progress->loss - seen->lowest);
    seen->lowest = fmin(seen->lowest, progress->loss);
    seen->calls++;
}

/* Where the run is, not where it has looked back to: the plateau behind it, for its saddle. */
static void test_progress_says_where_the_run_is(void **state)
{
    static const char *const models[] = {
        "heads = 4; init = { perturbation = 1e-2; seed = 3; }; flow = { system = \"in-context\"; };\n"
        "in_context = { eigenvalues = (0.5, 0.2); length = 31; }; solver = { t_end = 1e4; };\n",
        "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n"
        "init = { perturbation = 1e-2; distribution = \"sine\"; };\n"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        hf_config config;
        hf_flow_run_params params;
        hf_run_summary summary;
        hf_error err = {0};
        progress_seen seen = {.lowest = INFINITY};
        const hf_run_options options = {.progress = see_progress, .progress_data = &seen};
        read_model(&config, models[i]);
        if (hf_fill_flow_run(&config, &params, &err) != HF_OK || hf_flow_run(&params, &options, &summary, &err) != HF_OK)
            fail_msg("%s", err.message);
        assert_true(summary.findings.stage_count >= 2 && seen.calls > 100);
        assert_true(within("rise of the loss in progress", seen.highest_rise / summary.loss_start, 1e-9));
        assert_true(seen.lowest > 0 && is_close(seen.lowest, summary.loss, 0.01, 1e-9));
        hf_fill_clear_problem(&params.problem);
        hf_run_summary_clear(&summary);
        hf_config_clear(&config);
    }
}

/* Nothing is said of heads that compete or part. */
static void check_words(const hf_findings *f)
{
    char *said = NULL;
    size_t length;
    FILE *stream = open_memstream(&said, &length);
    hf_findings_print(f, stream);
    hf_acquired_explain(f, stream);
    fclose(stream);
    assert_null(strstr(said, "ompetitive"));
    assert_null(strstr(said, "heads"));
    assert_non_null(strstr(said, "on a plateau that no direction leads down from"));
    assert_non_null(strstr(said, "Head: the one that\ngives most of it."));
    free(said);
}

/* Plateaus are the published levels, each direction is learned in a stage of its own by a head of its own, strongest first. */
static void check_stages(double size, int seed)
{
    char text[512];
    hf_config config;
    hf_run_summary s;
    snprintf(text, sizeof text, four, size, seed);
    read_model(&config, text);
    follow_flow(&config, &s);
    const hf_findings *f = &s.findings;
    assert_int_equal(f->stage_count, 4);
    assert_int_equal(f->plateau_count, 5);
    assert_int_equal(f->end, HF_END_PLATEAU);
    for (size_t i = 0; i < 5; i++) {
        assert_true(within("predicted level", fabs(f->plateau[i].predicted_loss / published[i] - 1), 1e-7));
        assert_true(within("level of a plateau", fabs(f->plateau[i].loss / published[i] - 1), 1e-6));
    }
    size_t next = 0, heads = 0;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_ACQUIRED) {
            assert_int_equal(f->event[i].pattern, ++next);
            assert_int_equal(f->event[i].stage, next);
            heads |= (size_t)1 << f->event[i].head;
        }
    assert_int_equal(next, 4);
    assert_int_equal(__builtin_popcountl(heads), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(f->plateau[i].saddle.index > f->plateau[i + 1].saddle.index);
    assert_int_equal(f->plateau[4].saddle.index, 0);
    assert_true(s.censored == 0);
    check_words(f);
    assert_true(isnan(s.overlap));
    assert_int_equal(s.heads, 8);
    assert_int_equal(s.patterns, 4);
    for (size_t i = 0; i < 4; i++) {
        double sum = 0;
        for (size_t h = 0; h < 8; h++)
            sum += s.share[h * 4 + i];
        assert_true(close_to(sum, 1, 1e-9));
    }
    assert_true(within("energy defect", s.integration.energy_defect, 1e-8));
    assert_true(within("what is conserved", s.integration.drift, 1e-8));
    hf_run_summary_clear(&s);
    hf_config_clear(&config);
}

static void test_every_direction_has_a_stage(void **state)
{
    (void)state;
    check_stages(2e-3, 1);
    check_stages(2e-3, 2);
}

/* One head with v = |k| = |q| = 1e-3 along direction i, from a state table: when half of K_ii is learned. */
static double half_learned(size_t i, double t_end)
{
    char text[512], rows[512];
    hf_config config;
    hf_run_summary s;
    size_t used = (size_t)snprintf(rows, sizeof rows, "kind\thead\tindex\tvalue\nvalue\t1\t1\t1e-3\n");
    for (size_t n = 0; n < 8; n++)
        used += (size_t)snprintf(rows + used, sizeof rows - used, "%s\t1\t%zu\t%g\n", n < 4 ? "key" : "query", n % 4 + 1,
                                 n % 4 + 1 == i ? 1e-3 : 0.0);
    write_text(temporary_path("one.tsv"), rows, used);
    snprintf(text, sizeof text,
             "heads = 1; init = { state = \"one.tsv\"; }; flow = { system = \"in-context\"; };\n"
             "in_context = { eigenvalues = (0.4, 0.3, 0.2, 0.1); length = 31; };\n"
             "solver = { t_end = %g; rtol = 1e-10; atol = 1e-14; };\n",
             t_end);
    read_model(&config, text);
    follow_flow(&config, &s);
    double t = NAN;
    for (size_t e = 0; e < s.findings.event_count; e++)
        if (s.findings.event[e].kind == HF_EVENT_ACQUIRED) {
            assert_int_equal(s.findings.event[e].pattern, i);
            assert_true(isnan(t));
            t = s.findings.event[e].t;
        }
    assert_int_equal(s.findings.stage_count, 1);
    hf_run_summary_clear(&s);
    hf_config_clear(&config);
    return t;
}

static void test_one_head_learns_when_it_should(void **state)
{
    (void)state;
    assert_true(close_to(half_learned(1, 1e4), 6245.94, 1e-6));
    assert_true(close_to(half_learned(4, 1.2e5), 99956.33, 1e-6));
}

/* A model whose start is exactly at rest stays there; one of noise that is too small to see is on its first plateau. */
static void test_nothing_happens_without_a_start(void **state)
{
    (void)state;
    char text[512];
    hf_config config;
    hf_run_summary s;
    snprintf(text, sizeof text, four, 0.0, 1);
    read_model(&config, text);
    follow_flow(&config, &s);
    assert_int_equal(s.findings.stage_count, 0);
    assert_int_equal(s.findings.end, HF_END_START);
    assert_true(close_to(s.loss, 1, 1e-15));
    hf_run_summary_clear(&s);
    hf_config_clear(&config);
}

/* ---- interruptions ---- */

typedef struct {
    size_t at; /* step */
    volatile sig_atomic_t flag;
} interruption;

static void interrupt(void *data, const hf_run_progress *progress)
{
    interruption *now = data;
    now->flag = progress->step >= now->at;
}

/* Runs into a folder; interrupted from step `at` on, 0: never. */
static void run_into(const char *folder, bool resume, size_t at)
{
    char text[512];
    hf_config config;
    hf_run_summary s;
    hf_flow_run_params params;
    hf_error err = {0};
    interruption now = {at, 0};
    const hf_run_options options = {.directory = folder,
                                    .resume = resume,
                                    .interrupted = &now.flag,
                                    .progress = at == 0 ? NULL : interrupt,
                                    .progress_data = &now};
    snprintf(text, sizeof text, four, 5e-3, 1);
    strncat(text, "output = { states = true; spectrum = 2; points = 50; };", sizeof text - strlen(text) - 1);
    read_model(&config, text);
    if (hf_directory_make(folder, &err) != HF_OK || hf_fill_flow_run(&config, &params, &err) != HF_OK ||
        hf_fill_identity(&config, &params.origin, &params.state_hash, &err) != HF_OK ||
        hf_flow_run(&params, &options, &s, &err) != HF_OK)
        fail_msg("%s", err.message);
    assert_int_equal(s.stop, at > 0 ? HF_STOP_INTERRUPTED : HF_STOP_TIME);
    assert_int_equal(s.resumed, resume);
    hf_run_summary_clear(&s);
    hf_fill_clear_problem(&params.problem);
    hf_config_clear(&config);
}

static void assert_same(const char *folder, const char *other, const char *name)
{
    char *path[2] = {hf_path_join(folder, name), hf_path_join(other, name)};
    assert_same_bytes(path[0], path[1]);
    free(path[0]);
    free(path[1]);
}

static void test_resumed_runs_are_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"trajectory.tsv", "states.tsv", "spectrum.tsv", "final.tsv",
                                        "events.tsv",     "stages.tsv", "plateaus.tsv", "acquisitions.tsv"};
    char *whole = strdup(temporary_path("whole")), *again = strdup(temporary_path("again"));
    run_into(whole, false, 0);
    run_into(again, false, 2300);
    run_into(again, true, 4200);
    run_into(again, true, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_same(whole, again, names[i]);
    free(whole);
    free(again);
}

static void expect_refused(const char *rows, const char *expected)
{
    hf_config config;
    hf_flow_run_params params;
    hf_run_summary s;
    hf_error err = {0};
    const hf_run_options options = {0};
    write_text(temporary_path("bad.tsv"), rows, strlen(rows));
    read_model(&config, "heads = 1; init = { state = \"bad.tsv\"; }; flow = { system = \"in-context\"; };\n"
                        "in_context = { eigenvalues = (0.4, 0.3); length = 31; };");
    assert_int_equal(hf_fill_flow_run(&config, &params, &err), HF_OK);
    assert_int_equal(hf_flow_run(&params, &options, &s, &err), HF_EUSAGE);
    if (strstr(err.message, expected) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, expected);
    hf_fill_clear_problem(&params.problem);
    hf_config_clear(&config);
}

/* Values, then keys, then queries, by head; what is there is added to. */
static void test_a_state_table_is_read_into_its_places(void **state)
{
    (void)state;
    static const double eigenvalue[] = {1, 0.5};
    const hf_in_context_params p = {.heads = 2, .dimension = 2, .eigenvalue = eigenvalue, .context = 5};
    static const char table[] = "kind\thead\tindex\tvalue\nquery\t2\t1\t9\nquery\t2\t2\t10\nvalue\t1\t1\t1\nkey\t1\t1\t3\n"
                                "key\t1\t2\t4\nkey\t2\t1\t5\nkey\t2\t2\t6\nquery\t1\t1\t7\nquery\t1\t2\t8\n"
                                "value\t2\t1\t2\n";
    double start[10] = {0.5};
    write_text(temporary_path("places.tsv"), table, sizeof table - 1);
    assert_int_equal(hf_in_context_read(&p, temporary_path("places.tsv"), start, NULL), HF_OK);
    assert_true(start[0] == 1.5);
    for (size_t i = 1; i < 10; i++)
        assert_true(start[i] == (double)(i + 1));
}

static void test_state_tables_that_are_refused(void **state)
{
    (void)state;
#define HEAD "kind\thead\tindex\tvalue\n"
    expect_refused(HEAD "value\t1\t1\t1\n", "is incomplete, expected value, key and query of 1 head");
    expect_refused(HEAD "logit\t1\t1\t1\n", "bad.tsv:2: the kind is not value, key or query");
    expect_refused(HEAD "value\t2\t1\t1\n", "bad.tsv:2: expected a head in 1..1");
    expect_refused(HEAD "value\t1\t2\t1\n", "bad.tsv:2: expected an index in 1..1");
    expect_refused(HEAD "key\t1\t3\t1\n", "bad.tsv:2: expected an index in 1..2");
    expect_refused(HEAD "key\t1\t1\tx\n", "bad.tsv:2: expected a number");
    expect_refused(HEAD "key\t1\t1\t1\nkey\t1\t1\t1\n", "bad.tsv:3: says this coordinate a second time");
    expect_refused("kind\thead\tvalue\nkey\t1\t1\n", "has no column index");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_says_where_the_run_is), cmocka_unit_test(test_every_direction_has_a_stage),
        cmocka_unit_test(test_one_head_learns_when_it_should), cmocka_unit_test(test_nothing_happens_without_a_start),
        cmocka_unit_test(test_resumed_runs_are_the_same),      cmocka_unit_test(test_a_state_table_is_read_into_its_places),
        cmocka_unit_test(test_state_tables_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
