/* Tests of the sweep: what is frozen, what parts survive, quantiles and fits against closed forms, and that a task of a
 * sweep is the run that it stands for. */
#include "config/axes.h"
#include "core/file.h"
#include "core/statistics.h"
#include "sweep/collect.h"
#include "sweep/fit.h"
#include "sweep/summary.h"
#include "sweep/workers.h"

#include "support.h"
#include "config/fill.h"
#include "sweep/measure.h"
#include "sweep/report.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL "heads = 2; positions = 8; target = { ratio = 2.0; count = 2; }; solver = { t_end = 300.0; rtol = 1e-6; };\n"

/* ---- help ---- */

static void read_model(hf_config *config, const char *text)
{
    hf_error err = {0};
    const char *path = temporary_path("sweep-model.conf");
    write_text(path, text, strlen(text));
    if (hf_config_read(config, path, 0, NULL, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    if (hf_report_settle(config, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
}

/* A frozen sweep in the folder name of this run's own. */
static hf_sweep make_sweep(const char *name, const char *text)
{
    hf_config config;
    hf_error err = {0};
    hf_sweep sweep = {0};
    char *folder = strdup(temporary_path(name));
    assert_non_null(folder);
    read_model(&config, text);
    if (hf_sweep_freeze(&config, folder, false, &err) != HF_OK || hf_sweep_open(&sweep, folder, &err) != HF_OK)
        fail_msg("%s", err.message);
    hf_config_clear(&config);
    free(folder);
    return sweep;
}

static hf_results load(const hf_sweep *sweep)
{
    hf_error err = {0};
    hf_results results;
    if (hf_results_load(&results, sweep, &err) != HF_OK)
        fail_msg("%s", err.message);
    return results;
}

/* Where name is in a sweep's folder. Valid until the next call. */
static const char *in_folder(const hf_sweep *sweep, const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", sweep->directory, name);
    return path;
}

static void append(const hf_sweep *sweep, size_t task, const double *values, const hf_error *failure)
{
    hf_part part = {.sweep = sweep};
    hf_error err = {0};
    assert_int_equal(hf_part_append(&part, task, 0.25, values, NULL, failure, &err), HF_OK);
    assert_int_equal(hf_part_close(&part, &err), HF_OK);
}

/* ---- reading ---- */

static void test_grids(void **state)
{
    (void)state;
    hf_config c;
    read_model(&c, MODEL "sweep = { over = ({ key = \"init.perturbation\"; log = (1e-12, 1e-1, 23); },\n"
                         "{ key = \"target.ratio\"; linear = (1, 2, 5); }, { key = \"heads\"; log = (1, 10, 7); }); };");
    const hf_axis *axis = c.sweep.over.at;
    assert_int_equal(axis[0].values.count, 23);
    for (size_t i = 0; i < 23; i++)
        assert_true(close_to(hf_axes_number(&axis[0], i), pow(10, -12 + 0.5 * (double)i), 1e-15));
    assert_string_equal(axis[0].values.at[0], "1e-12");
    assert_string_equal(axis[0].values.at[14], "1e-05"); /* powers of ten are exact */
    assert_string_equal(axis[0].values.at[22], "0.1");
    assert_string_equal(axis[1].values.at[1], "1.25");
    assert_int_equal(axis[2].values.count, 6); /* 1, 1.47, 2.15, 3.16, 4.64, 6.81, 10: rounded, 1 once */
    assert_string_equal(axis[2].values.at[0], "1");
    assert_string_equal(axis[2].values.at[1], "2");
    assert_string_equal(axis[2].values.at[3], "5");
    assert_int_equal(hf_axes_points(&c), 23 * 5 * 6);
    hf_config_clear(&c);
}

static void test_values(void **state)
{
    (void)state;
    hf_config c;
    read_model(&c, MODEL
               "sweep = { zip = true; over = ({ key = \"flow.geometry\"; values = (\"logit\", \"replicator\"); },\n"
               "{ key = \"data.replicas\"; values = ([1, 1, 1, 1, 1, 1, 1, 9], (2)); name = \"T\"; at = (16, 17); }); };");
    assert_string_equal(c.sweep.over.at[0].values.at[1], "\"replicator\"");
    assert_string_equal(c.sweep.over.at[1].values.at[0], "(1, 1, 1, 1, 1, 1, 1, 9)");
    assert_true(hf_axes_number(&c.sweep.over.at[0], 1) == 2 && hf_axes_number(&c.sweep.over.at[1], 1) == 17);
    assert_int_equal(hf_axes_points(&c), 2);
    assert_int_equal(hf_axes_find(&c.sweep.over, "replicas"), 1);
    assert_int_equal(hf_axes_find(&c.sweep.over, "T"), 1);
    assert_int_equal(hf_axes_find(&c.sweep.over, "flow.geometry"), 0);
    assert_int_equal(hf_axes_find(&c.sweep.over, "ratio"), 2);
    hf_config_clear(&c);
}

/* Keys that go along with another make no combinations of their own, and are there to be fitted to. */
#define GROUPS                                                                                                             \
    "sweep = { over = ({ key = \"data.replicas\"; values = ((1), (2), (4)); name = \"T\"; at = (8, 16, 32);\n"             \
    "with = ({ key = \"flow.attention_rate\"; log = (1, 4, 3); }, { key = \"flow.value_rate\"; values = (3, 2, 1); }); "   \
    "},\n"                                                                                                                 \
    "{ key = \"target.ratio\"; values = (2, 3); with = { key = \"init.perturbation\"; linear = (0.5, 1, 2); }; });\n"

static void test_keys_that_go_along(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("along", MODEL GROUPS "seeds = 2; };");
    const hf_axes *over = &sweep.config.sweep.over;
    assert_int_equal(over->count, 5);
    assert_int_equal(hf_axes_points(&sweep.config), 6);
    assert_int_equal(sweep.tasks.count, 12);
    assert_true(hf_axes_group(over, 0) == 0 && hf_axes_group(over, 1) == 3 && hf_axes_group(over, 2) == 5);
    assert_true(hf_axes_stride(&sweep.config, 0) == 2 && hf_axes_stride(&sweep.config, 3) == 1);
    static const double T[] = {8, 16, 32}, rate[] = {1, 2, 4}, value_rate[] = {3, 2, 1}, ratio[] = {2, 3},
                        noise[] = {0.5, 1};
    for (size_t task = 0; task < 12; task++) {
        hf_config c;
        hf_error err = {0};
        const size_t i = task / 4, k = task / 2 % 2;
        char **overrides = hf_tasks_overrides(&sweep.tasks, task, sweep.directory);
        assert_non_null(overrides);
        if (hf_config_read(&c, sweep.model, sweep.tasks.columns, (const char *const *)overrides, &err) != HF_OK)
            fail_msg("%s", err.message);
        assert_true((double)c.data.replicas.at[0] * 8 == T[i] && close_to(c.flow.attention_rate, rate[i], 1e-15));
        assert_true(c.flow.value_rate == value_rate[i] && c.target.ratio == ratio[k] && c.init.perturbation == noise[k]);
        assert_true(hf_fit_coordinate(&sweep, 0, task) == T[i] && hf_fit_coordinate(&sweep, 2, task) == value_rate[i]);
        assert_true(hf_fit_coordinate(&sweep, 3, task) == ratio[k] && hf_fit_coordinate(&sweep, 4, task) == noise[k]);
        assert_int_equal(c.init.seed, sweep.config.init.seed + task % 2);
        hf_config_clear(&c);
        free(overrides);
    }
    hf_sweep_close(&sweep);

    hf_config zipped;
    read_model(&zipped, MODEL "sweep = { zip = true; over = ({ key = \"heads\"; values = (2, 3);\n"
                              "with = { key = \"init.values\"; values = (5, 6); }; },\n"
                              "{ key = \"target.ratio\"; values = (2, 4); }); };");
    assert_int_equal(hf_axes_points(&zipped), 2);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(hf_axes_index(&zipped, i, 1), 1);
    hf_config_clear(&zipped);
}

/* What no run can have shows before anything runs, whichever key of a group it comes from. */
static void test_impossible_company(void **state)
{
    (void)state;
    hf_config c;
    hf_error err = {0};
    char *folder = strdup(temporary_path("company"));
    assert_non_null(folder);
    read_model(&c, MODEL "sweep = { over = ({ key = \"positions\"; values = (8, 9);\n"
                         "with = { key = \"data.copies\"; values = ((1, 1, 1, 1, 1, 1, 1, 2), (1, 2)); }; }); };");
    assert_int_equal(hf_sweep_freeze(&c, folder, false, &err), HF_EUSAGE);
    if (strstr(err.message, "sweep.over: positions=9 cannot be: -s data.copies=(1, 2): data.copies") == NULL)
        fail_msg("got %s", err.message);
    hf_config_clear(&c);
    free(folder);
}

static char *print(const hf_config *config)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    assert_true(hf_config_print(config, NULL, stream));
    fclose(stream);
    return text;
}

static void test_round_trip(void **state)
{
    (void)state;
    hf_config c;
    read_model(&c, MODEL "sweep = { seeds = 3; over = ({ key = \"init.perturbation\"; log = (1e-12, 0.1, 23); },\n"
                         "{ key = \"data.replicas\"; values = ((1), (2)); name = \"a \\\"name\\\"\"; at = (8, 16); }); };\n"
                         "fit = { response = \"t_peak_1\"; on = (\"perturbation\"); };");
    char *once = print(&c);
    hf_config_clear(&c);
    read_model(&c, once);
    char *twice = print(&c);
    hf_config_clear(&c);
    assert_string_equal(once, twice);
    assert_non_null(strstr(once, "log = (1e-12, 0.1, 23)"));
    assert_non_null(strstr(once, "\"t_peak_1\"")); /* the fit's response is reported */
    free(once);
    free(twice);
    read_model(&c, MODEL GROUPS "}; fit = { response = \"stages\"; on = (\"T\", \"value_rate\"); };");
    once = print(&c);
    hf_config_clear(&c);
    read_model(&c, once);
    twice = print(&c);
    assert_true(c.sweep.over.count == 5 && c.sweep.over.at[2].goes_along && !c.sweep.over.at[3].goes_along);
    hf_config_clear(&c);
    assert_string_equal(once, twice);
    free(once);
    free(twice);
}

/* The hash tells sweeps apart by all that changes a result, and by nothing else. */
static void test_hash(void **state)
{
    static const char *const same[] = {"title = \"x\";", "fit = { response = \"stages\"; on = (\"ratio\"); };",
                                       "output = { plots = false; };"};
    static const char *const other[] = {"init = { seed = 5; };", "heads2", "more", "train = { };", "with"};
    (void)state;
    hf_config c;
    const char *sweep = "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3); }); report = (\"stages\"); };\n";
    uint64_t first, hash;
    char text[1024];
    snprintf(text, sizeof text, "%s%s", MODEL, sweep);
    read_model(&c, text);
    assert_int_equal(hf_config_hash_sweep(&c, &first, NULL), HF_OK);
    hf_config_clear(&c);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        snprintf(text, sizeof text, "%s%s%s", MODEL, sweep, same[i]);
        read_model(&c, text);
        assert_int_equal(hf_config_hash_sweep(&c, &hash, NULL), HF_OK);
        hf_config_clear(&c);
        assert_true(hash == first);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        if (i == 1)
            snprintf(text, sizeof text, "%s%s", MODEL,
                     "sweep = { over = ({ key = \"target.ratio\"; values = (2, 4); }); report = (\"stages\"); };");
        else if (i == 2)
            snprintf(text, sizeof text, "%s%s", MODEL,
                     "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3); }); report = (\"steps\"); };");
        else if (i == 4)
            snprintf(text, sizeof text, "%s%s", MODEL,
                     "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3); with = { key = \"heads\"; values = (2, "
                     "2); }; }); report = (\"stages\"); };");
        else
            snprintf(text, sizeof text, "%s%s%s", MODEL, sweep, other[i]);
        read_model(&c, text);
        assert_int_equal(hf_config_hash_sweep(&c, &hash, NULL), HF_OK);
        hf_config_clear(&c);
        assert_true(hash != first);
    }
}

static void test_quantity_names(void **state)
{
    (void)state;
    hf_quantity q, p;
    assert_int_equal(hf_quantity_find("t_acquired_12", &q, NULL), HF_OK);
    assert_int_equal(q.index, 12);
    assert_int_equal(hf_quantity_find("emergence", &q, NULL), HF_OK);
    assert_int_equal(hf_quantity_find("t_emerged", &p, NULL), HF_OK);
    assert_true(hf_quantity_equal(&q, &p));
    hf_error why;
    assert_int_equal(hf_quantity_find("t_spilt", &q, &why), HF_EUSAGE);
    assert_string_equal(why.message, "unknown quantity 't_spilt', did you mean 't_split'?");
    static const char *const wrong[] = {"t_acquired_", "t_acquired_0", "t_acquired_01", "t_acquired_x", "t_acquired_1 ", "",
                                        "xyzzy"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(hf_quantity_find(wrong[i], &q, NULL), HF_EUSAGE);
}

static void expect_unsettled(const char *text, const char *expected)
{
    hf_config c;
    hf_error err = {0};
    const char *path = temporary_path("sweep-model.conf");
    write_text(path, text, strlen(text));
    if (hf_config_read(&c, path, 0, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
    assert_int_equal(hf_report_settle(&c, &err), HF_EUSAGE);
    if (strstr(err.message, expected) == NULL)
        fail_msg("got      %s\nexpected %s", err.message, expected);
    hf_config_clear(&c);
}

static void test_report_messages(void **state)
{
    (void)state;
    expect_unsettled(MODEL "sweep = { report = (\"t_spilt\"); };",
                     ":2: sweep.report: unknown quantity 't_spilt', did you mean 't_split'?");
    expect_unsettled(MODEL "sweep = { report = (\"t_aquired_1\"); };", "did you mean 't_acquired_<j>'?");
    expect_unsettled(MODEL "sweep = { report = (\"t_acquired_3\"); };", "t_acquired_3: the target has only 2 patterns");
    expect_unsettled(MODEL "sweep = { report = (\"t_emerged\"); };", "t_emerged needs detect.loss_fraction > 0");
    expect_unsettled(MODEL "detect = { events = false; }; sweep = { report = (\"stages\"); };",
                     "stages needs detect.events = true");
    expect_unsettled(MODEL "detect = { loss_fraction = 0.2; }; sweep = { report = (\"t_emerged\", \"emergence\"); };",
                     "has emergence twice");
    expect_unsettled(
        MODEL
        "sweep = { over = ({ key = \"heads\"; values = (1, 2); }); }; fit = { response = \"nothing\"; on = (\"heads\"); };",
        "fit: unknown quantity 'nothing'");
}

/* ---- freezing ---- */

/* The task's own overrides make the same configuration as the original model with them: what follows from other keys is
 * settled anew. */
static void test_tasks(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("tasks", "heads = 2; positions = 8; target = { ratio = 2.0; count = 2; };\n"
                                         "init = { start = \"wrong\"; seed = 2147483647; };\n"
                                         "sweep = { seeds = 2; over = ({ key = \"target.count\"; values = (1, 3); },\n"
                                         "{ key = \"positions\"; values = (5, 6, 7); }); };");
    const hf_tasks *tasks = &sweep.tasks;
    assert_int_equal(tasks->count, 12);
    assert_int_equal(tasks->columns, 3);
    for (size_t i = 0; i < tasks->count; i++) {
        hf_config c;
        hf_error err = {0};
        char **overrides = hf_tasks_overrides(tasks, i, sweep.directory);
        assert_non_null(overrides);
        if (hf_config_read(&c, sweep.model, tasks->columns, (const char *const *)overrides, &err) != HF_OK)
            fail_msg("%s", err.message);
        assert_int_equal(c.target.count, i / 6 == 0 ? 1 : 3);
        assert_int_equal(c.positions, 5 + i / 2 % 3);
        assert_int_equal(c.init.position, c.positions); /* the last one, of every task's own */
        assert_true(c.init.seed == 2147483647u + i % 2);
        assert_false(c.declared.sweep);
        hf_config_clear(&c);
        free(overrides);
    }
    hf_sweep_close(&sweep);
}

/* Whatever byte of tasks.tsv is changed, but for the title and the version, it is noticed. */
static void test_damaged_tasks(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("damage", MODEL "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3); }); };");
    size_t size;
    char *folder = strdup(sweep.directory), *path = strdup(in_folder(&sweep, "tasks.tsv")), *text = read_bytes(path, &size);
    hf_sweep_close(&sweep);
    const size_t start = (size_t)(strstr(text, "\ntask") + 1 - text);
    assert_true(size > start + 20);
    for (size_t i = start; i < size; i++) {
        hf_tasks tasks;
        hf_error err = {0};
        text[i] ^= 1;
        write_text(path, text, size);
        assert_int_equal(hf_tasks_read(&tasks, folder, &err), HF_EUSAGE);
        assert_non_null(strstr(err.message, "tasks.tsv"));
        text[i] ^= 1;
    }
    for (size_t length = 0; length < size; length++) {
        hf_tasks tasks;
        write_text(path, text, length);
        assert_int_equal(hf_tasks_read(&tasks, folder, NULL), HF_EUSAGE);
    }
    free(text);
    free(path);
    free(folder);
}

/* ---- parts ---- */

static void test_parts(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("parts", MODEL "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3, 4); });\n"
                                               "report = (\"t_split\", \"stages\"); };");
    const double first[] = {1.0 / 3, 2, 0}, never[] = {NAN, 1, 1}; /* the last: whether the run is censored */
    hf_error why = {.status = HF_ENUMERIC};
    snprintf(why.message, sizeof why.message, "a\tb\n%s/model.conf", sweep.directory);
    append(&sweep, 2, first, NULL);
    append(&sweep, 1, NULL, &why);
    hf_results results = load(&sweep);
    assert_int_equal(results.done, 1);
    assert_int_equal(results.failed, 1);
    assert_int_equal(results.task[0].state, HF_SWEEP_TASK_NOT_RUN);
    assert_int_equal(results.task[1].code, 3);
    assert_string_equal(results.task[1].reason, "a b model.conf"); /* one line, without the folder */
    assert_true(results.width == 3 && results.value[2 * 3] == first[0] && isnan(results.value[3]));
    size_t tasks[3];
    assert_int_equal(hf_results_missing(&results, 1, 1, tasks), 2);
    assert_int_equal(hf_results_missing(&results, 2, 2, tasks), 1);
    assert_int_equal(tasks[0], 1);
    hf_results_clear(&results);

    append(&sweep, 1, never, NULL); /* a success replaces a failure */
    append(&sweep, 1, first, NULL); /* and the first success counts */
    append(&sweep, 1, NULL, &why);
    results = load(&sweep);
    assert_int_equal(results.failed, 0);
    assert_int_equal(results.task[1].state, HF_SWEEP_TASK_OK);
    assert_true(isnan(results.value[3]) && results.value[4] == 1 && results.value[5] == 1);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* Whatever byte of a part is changed, it is noticed or is a torn last line; whatever is cut off, whole lines count. */
static void test_damaged_parts(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("torn", MODEL "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3, 4); });\n"
                                              "report = (\"stages\"); };");
    const double values[] = {2.5, 0};
    hf_part part = {.sweep = &sweep};
    hf_error err = {0};
    hf_results results;
    size_t size;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(hf_part_append(&part, i, 0, values, NULL, NULL, &err), HF_OK);
    assert_int_equal(hf_part_close(&part, &err), HF_OK);
    char *path = strdup(in_folder(&sweep, "parts/00001.tsv")), *text = read_bytes(path, &size);
    for (size_t i = 0; i < size; i++) {
        text[i] ^= 1;
        write_text(path, text, size);
        const hf_status status = hf_results_load(&results, &sweep, &err);
        if (!(status == HF_EUSAGE || (i == size - 1 && results.done == 2)))
            fail_msg("byte %zu of %zu, changed to %c, in\n%s", i, size, text[i], text);
        if (status == HF_OK)
            hf_results_clear(&results);
        else
            assert_non_null(strstr(err.message, "parts/00001.tsv"));
        text[i] ^= 1;
    }
    size_t most = 0;
    for (size_t length = 0; length <= size; length++) {
        write_text(path, text, length);
        results = load(&sweep);
        assert_true(results.done == most || results.done == most + 1);
        most = results.done;
        hf_results_clear(&results);
    }
    assert_int_equal(most, 3);
    free(text);
    free(path);
    hf_sweep_close(&sweep);
}

/* ---- quantiles ---- */

static double quantile(size_t count, double *numbers, double q)
{
    hf_sort(count, numbers);
    return hf_quantile(count, numbers, q);
}

static void test_quantiles(void **state)
{
    (void)state;
    double one[] = {3}, four[] = {4, 1, 3, 2}, late[] = {INFINITY, 1, 2, INFINITY}, all[] = {INFINITY, INFINITY};
    assert_true(isnan(quantile(0, one, 0.5)));
    assert_true(quantile(1, one, 0.9) == 3);
    assert_true(quantile(4, four, 0.5) == 2.5 && quantile(4, four, 0) == 1);
    assert_true(close_to(quantile(4, four, 0.9), 3.7, 1e-15) && quantile(4, four, 1) == 4);
    assert_true(isinf(quantile(4, late, 0.5)) && close_to(quantile(4, late, 0.1), 1.3, 1e-15));
    assert_true(isinf(quantile(2, all, 0.5)));
}

/* ---- what the end of a run leaves open ---- */

/* What a run reports of one quantity and whether it is censored; -1: it failed. */
typedef struct {
    double value, censored;
} made_run;

static hf_point_summary summarize(hf_sweep *sweep, size_t q, size_t count, const made_run *runs)
{
    double scratch[2 * 8];
    hf_results results = load(sweep);
    assert_true(count <= 8 && sweep->config.sweep.seeds == count);
    for (size_t i = 0; i < count; i++) {
        results.task[i].state = runs[i].censored < 0 ? HF_SWEEP_TASK_FAILED : HF_SWEEP_TASK_OK;
        results.value[i * results.width + q] = runs[i].censored < 0 ? NAN : runs[i].value;
        results.value[i * results.width + sweep->censored] = runs[i].censored < 0 ? NAN : runs[i].censored;
    }
    const hf_point_summary s = hf_summary_of_point(sweep, &results, 0, q, scratch);
    size_t censored = 0;
    for (size_t i = 0; i < count; i++)
        censored += runs[i].censored == 1;
    assert_int_equal(hf_summary_censored(sweep, &results, 0), censored);
    hf_results_clear(&results);
    return s;
}

/* A quantile counts if it is the same wherever the true numbers of censored runs are. */
static void test_censored_medians(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("censored", MODEL "sweep = { seeds = 5; report = (\"stages\", \"final_loss\", "
                                                  "\"t_split\", \"final_overlap\", \"t_stop\"); };");
    enum { STAGES, LOSS, SPLIT, OVERLAP, STOP };
    assert_true(sweep.asked_count == 5 && sweep.report_count == 6 && sweep.censored == 5);
    const made_run none[] = {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}, top[] = {{1, 0}, {2, 0}, {3, 0}, {4, 1}, {5, 1}},
                   low[] = {{1, 1}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}, all[] = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}},
                   failed[] = {{1, 0}, {3, 0}, {3, NAN}, {0, -1}, {9, 1}};
    assert_true(summarize(&sweep, STAGES, 5, none).median == 3 && summarize(&sweep, LOSS, 5, none).high == 4.6);
    /* more stages at the upper end, less loss at the lower: the median stays */
    assert_true(summarize(&sweep, STAGES, 5, top).median == 3 && summarize(&sweep, STAGES, 5, top).low == 1.4);
    assert_true(isnan(summarize(&sweep, STAGES, 5, top).high) && summarize(&sweep, STAGES, 5, top).have == 5);
    assert_true(summarize(&sweep, LOSS, 5, low).median == 3 && isnan(summarize(&sweep, LOSS, 5, low).low));
    assert_true(summarize(&sweep, LOSS, 5, low).high == 4.6);
    /* at the other end they could be anywhere */
    assert_true(isnan(summarize(&sweep, STAGES, 5, low).median) && isnan(summarize(&sweep, LOSS, 5, top).median));
    assert_true(isnan(summarize(&sweep, OVERLAP, 5, low).median) && isnan(summarize(&sweep, STAGES, 5, all).low));
    /* what has happened has happened */
    assert_true(summarize(&sweep, SPLIT, 5, all).median == 3 && summarize(&sweep, STOP, 5, all).median == 3);
    /* failed runs do not count, and what is not known is not censored */
    assert_true(summarize(&sweep, STAGES, 5, failed).median == 3 && summarize(&sweep, STAGES, 5, failed).have == 4);
    hf_sweep_close(&sweep);

    hf_sweep named = make_sweep("named", MODEL "sweep = { report = (\"censored\", \"stages\"); };");
    assert_true(named.asked_count == 2 && named.report_count == 2 && named.censored == 0);
    hf_sweep_close(&named);
}

/* One run: whether it is censored. */
static double is_censored(const char *text)
{
    hf_config c;
    hf_error err = {0};
    hf_quantity q;
    double value;
    bool stopped;
    read_model(&c, text);
    assert_int_equal(hf_quantity_find("censored", &q, NULL), HF_OK);
    if (hf_measure(&c, 1, &q, NULL, &value, NULL, &stopped, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    hf_config_clear(&c);
    return value;
}

#define BASE                                                                                                               \
    "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); }; init = { perturbation = 1e-2; distribution = " \
    "\"sine\"; };\n"

/* Three stages, at t = 22, 55 and 1126: on every plateau before the last and in every drop more is to come, after it nothing,
 * although learned patterns creep on for ever and their directions down have rates of 0.2 / t. */
static void test_censored_flows(void **state)
{
    static const struct {
        double t_end, censored;
    } cases[] = {{1, 1}, {12, 1}, {22, 1}, {36, 1}, {55, 1}, {70, 1}, {300, 1}, {1000, 1}, {1126, 1}, {2000, 0}, {1e5, 0}};
    static const char *const events[] = {"", "detect = { saddles = false; };", "detect = { events = false; };"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < 3; k++) {
            char text[512];
            snprintf(text, sizeof text, BASE "solver = { t_end = %g; }; %s", cases[i].t_end, events[k]);
            if (k == 2 &&
                (cases[i].t_end < 10 || cases[i].t_end > 1100)) /* without events a young start, or a drop, is not seen */
                continue;
            if (is_censored(text) != cases[i].censored)
                fail_msg("censored: %g, of\n%s", is_censored(text), text);
        }
    assert_true(is_censored(BASE "solver = { t_end = 1e5; stop_loss = 0.51; };") == 1); /* the end that was asked for */
    assert_true(is_censored(BASE "solver = { t_end = 1e5; stop_loss = 1e-3; };") == 0);
    /* heads that are equal stay so: the saddle has ways down, but none that they could take */
    assert_true(is_censored("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n"
                            "init = { perturbation = 0.0; }; solver = { t_end = 1000.0; };") == 0);
    assert_true(is_censored("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n"
                            "init = { perturbation = 0.0; }; solver = { t_end = 12.0; };") == 1);
    assert_true(is_censored("heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n"
                            "init = { perturbation = 1e-200; }; solver = { t_end = 1000.0; };") == 1);
    assert_true(is_censored("heads = 2; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n" /* one too few */
                            "init = { perturbation = 1e-2; }; solver = { t_end = 1e4; };") == 0);
}

#define TRAINED "heads = 2; positions = 8; target = { strengths = (2.0, 1.0); }; init = { perturbation = 1e-2; };\n"

static void test_censored_training(void **state)
{
    (void)state;
    assert_true(is_censored(TRAINED "train = { dim = 4; batch = 64; lr = 0.1; steps = 150; };") == 1);
    assert_true(is_censored(TRAINED "train = { dim = 4; batch = 0; lr = 0.1; steps = 20000; };") == 0);
    assert_true(isnan(is_censored(TRAINED "train = { dim = 4; samples = 40; batch = 0; lr = 0.1; steps = 150; };")));
    /* Adam's steps are no time that rates could be compared with: a start can be told, what comes after cannot */
    assert_true(is_censored(TRAINED "train = { dim = 4; optimizer = \"adam\"; lr = 1e-4; steps = 3; };") == 1);
    assert_true(
        isnan(is_censored(TRAINED "train = { dim = 4; batch = 0; optimizer = \"adam\"; lr = 1e-3; steps = 5000; };")));
}

/* Parts of a version that did not ask whether runs are censored are read; nothing is known of that then. */
static void test_older_parts(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("older", MODEL "sweep = { over = ({ key = \"target.ratio\"; values = (2, 3, 4); });\n"
                                               "report = (\"stages\"); };");
    const double values[] = {2.5};
    hf_sweep older = sweep;
    older.report_count = 1;
    append(&older, 1, values, NULL);
    const double newer[] = {3.5, 1};
    append(&sweep, 2, newer, NULL);
    hf_results results = load(&sweep);
    assert_true(results.done == 2 && results.value[2] == 2.5 && isnan(results.value[3]));
    assert_true(results.value[4] == 3.5 && results.value[5] == 1);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* ---- fits ---- */

static hf_sweep fit_sweep(const char *name)
{
    return make_sweep(name, MODEL "sweep = { over = ({ key = \"solver.t_end\"; values = (1, 2, 4, 9); },\n"
                                  "{ key = \"init.perturbation\"; log = (1e-6, 1e-2, 3); }); report = (\"t_split\"); };\n"
                                  "fit = ({ response = \"t_split\"; on = (\"t_end\", \"init.perturbation\"); },\n"
                                  "{ response = \"t_split\"; on = (\"t_end\"); });");
}

static void test_exact_law(void **state)
{
    (void)state;
    hf_sweep sweep = fit_sweep("law");
    hf_results results = load(&sweep);
    for (size_t i = 0; i < results.count; i++) {
        results.task[i].state = i == 5 ? HF_SWEEP_TASK_FAILED : HF_SWEEP_TASK_OK;
        results.value[i * results.width] =
            i == 7 ? NAN : 1.5 * pow(hf_fit_coordinate(&sweep, 0, i), 0.99) * pow(hf_fit_coordinate(&sweep, 1, i), -0.25);
    }
    hf_fit_result fit;
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[0], &fit, NULL), HF_OK);
    assert_int_equal(fit.runs, 10);
    assert_int_equal(fit.left_out, 2);
    assert_true(close_to(exp(fit.number[0].value), 1.5, 1e-12) && close_to(fit.number[1].value, 0.99, 1e-12));
    assert_true(close_to(fit.number[2].value, -0.25, 1e-12) && close_to(fit.r2, 1, 1e-12) &&
                at_most(fit.number[1].residual, 1e-12));
    hf_fit_clear(&fit);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* One parameter: slope, its standard error and R^2 by their textbook formulas. */
static void test_noisy_law(void **state)
{
    (void)state;
    hf_sweep sweep = fit_sweep("noise");
    hf_results results = load(&sweep);
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (size_t i = 0; i < results.count; i++) {
        const double x = log(hf_fit_coordinate(&sweep, 0, i)), y = 0.3 + 0.7 * x + 0.2 * sin(7.0 * (double)i);
        results.task[i].state = HF_SWEEP_TASK_OK;
        results.value[i * results.width] = exp(y);
        n++, sx += x, sy += y, sxx += x * x, sxy += x * y, syy += y * y;
    }
    const double Sxx = sxx - sx * sx / n, Sxy = sxy - sx * sy / n, Syy = syy - sy * sy / n;
    const double slope = Sxy / Sxx, chi2 = Syy - slope * Sxy, s2 = chi2 / (n - 2);
    hf_fit_result fit;
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[1], &fit, NULL), HF_OK);
    assert_true(close_to(fit.number[1].value, slope, 1e-12) && close_to(fit.number[1].residual, sqrt(s2 / Sxx), 1e-10));
    assert_true(close_to(fit.number[0].value, (sy - slope * sx) / n, 1e-12) && close_to(fit.residual, sqrt(s2), 1e-10));
    assert_true(close_to(fit.number[0].residual, sqrt(s2 * (1 / n + sx * sx / n / n / Sxx)), 1e-10));
    assert_true(close_to(fit.r2, 1 - chi2 / Syy, 1e-12));
    hf_fit_clear(&fit);

    for (size_t i = 1; i < results.count; i++) /* one run does not determine two unknowns */
        results.value[i * results.width] = NAN;
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[1], &fit, NULL), HF_OK);
    assert_true(isnan(fit.number[0].value) && isnan(fit.number[1].residual) && fit.runs == 1);
    hf_fit_clear(&fit);
    for (size_t i = 0; i < 3; i++) /* nor do three with the same parameter */
        results.value[i * results.width] = 1 + (double)i;
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[1], &fit, NULL), HF_OK);
    assert_true(isnan(fit.number[1].value) && fit.runs == 3);
    hf_fit_clear(&fit);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* 23 noises and as many seeds as asked for, with laws of every form. */
static hf_sweep law_sweep(const char *name, size_t seeds)
{
    char text[1024];
    snprintf(
        text, sizeof text,
        MODEL
        "sweep = { over = { key = \"init.perturbation\"; log = (1e-12, 1e-1, 23); }; seeds = %zu; report = (\"t_split\");\n"
        "fit = ({ of = \"t_split\"; over = \"perturbation\"; }, { of = \"t_split\"; over = \"perturbation\"; law = "
        "\"sqrt-log\"; },\n{ of = \"t_split\"; over = \"perturbation\"; law = \"log\"; }, { of = \"t_split\"; over = "
        "\"perturbation\"; law = \"exponential\"; },\n{ of = \"t_split\"; over = \"perturbation\"; law = \"linear\"; }); "
        "};",
        seeds);
    return make_sweep(name, text);
}

/* Fills the results with a law whose slope of second order is bend, and noise of which a seed has one part at all points. */
typedef struct {
    double constant, slope, bend, shared, own;
} made_law;

static void make_results(const hf_sweep *sweep, hf_results *results, const hf_law *law, const made_law *m,
                         random_source *random)
{
    double z[8];
    for (size_t k = 0; k < 8; k++)
        z[k] = draw_normal(random);
    for (size_t i = 0; i < results->count; i++) {
        const double x = hf_scale_of(law->parameter, hf_fit_coordinate(sweep, 0, i));
        const double noise = m->shared * z[i % sweep->config.sweep.seeds] + m->own * draw_normal(random);
        results->task[i].state = HF_SWEEP_TASK_OK;
        results->value[i * results->width] =
            hf_scale_back(law->response, m->constant + m->slope * (1 + noise) * x + m->bend * x * x);
        results->value[i * results->width + 1] = 0;
    }
}

static void test_every_law(void **state)
{
    static const made_law laws[HF_LAWS] = {{.constant = 1, .slope = -0.2},
                                           {.constant = 1, .slope = -3},
                                           {.constant = 5, .slope = -0.5},
                                           {.constant = 3, .slope = -2.28},
                                           {.constant = 2, .slope = 7}};
    static const size_t fit_of[HF_LAWS] = {0, 3, 2, 1, 4};
    (void)state;
    hf_sweep sweep = law_sweep("laws", 3);
    hf_results results = load(&sweep);
    random_source random = {1};
    assert_int_equal(sweep.config.fit.count, HF_LAWS);
    for (size_t l = 0; l < HF_LAWS; l++) {
        hf_fit_result fit;
        char text[300];
        const hf_fit *asked = &sweep.config.fit.at[fit_of[l]];
        assert_int_equal(asked->law, l);
        make_results(&sweep, &results, &hf_laws[l], &laws[l], &random);
        assert_int_equal(hf_fit_solve(&sweep, &results, asked, &fit, NULL), HF_OK);
        assert_true(close_to(fit.number[0].value, laws[l].constant, 1e-10));
        assert_true(close_to(fit.number[1].value, laws[l].slope, 1e-10));
        assert_true(close_to(fit.r2, 1, 1e-10) && at_most(fit.relative, 1e-10) && at_most(fit.number[1].error, 1e-10));
        assert_true(!fit.is_curved && fit.number[1].curved == 0 && fit.seeds == 3);
        hf_fit_warn(asked, &fit, text, sizeof text);
        assert_string_equal(text, "");
        hf_fit_describe(asked, &fit, text, sizeof text);
        assert_non_null(strstr(text, l == 3 ? "√t_split = 3" : "t_split = "));
        hf_fit_clear(&fit);
    }
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* A power law through points that lie on sqrt(t) = a + b log x: R^2 = 0.9, and curved; the law itself is not. */
static void test_law_that_misses(void **state)
{
    (void)state;
    hf_sweep sweep = law_sweep("misses", 8);
    hf_results results = load(&sweep);
    random_source random = {5};
    const made_law theory = {.constant = -0.5, .slope = -2.28, .shared = 0.05, .own = 0.01};
    hf_fit_result fit;
    char text[300], *printed = NULL;
    size_t size;
    make_results(&sweep, &results, &hf_laws[3], &theory, &random);
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[0], &fit, NULL), HF_OK);
    assert_true(fit.r2 > 0.85 && fit.r2 < 0.95 && fit.is_curved && fit.relative > 0.3);
    assert_true(fit.number[1].first > -0.1 && fit.number[1].last < -0.3 && fit.number[1].bend > 1);
    hf_fit_warn(&sweep.config.fit.at[0], &fit, text, sizeof text);
    assert_non_null(strstr(text, "curved, not this law: the exponent of perturbation goes from"));
    hf_fit_clear(&fit);
    assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[1], &fit, NULL), HF_OK);
    assert_true(!fit.is_curved && fabs(fit.number[1].bend) < 0.1);
    hf_fit_clear(&fit);
    FILE *stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    assert_int_equal(hf_fit_print(&sweep, &results, stream, NULL), HF_OK);
    fclose(stream);
    assert_non_null(strstr(printed, "fit (power): t_split = "));
    assert_non_null(strstr(printed, "curved, not this law"));
    assert_null(strstr(printed, "no error bar"));
    free(printed);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* Where seeds share their noise at all points, the jackknife's error of the slope holds the truth as often as it says, that of
 * independent runs does not; and few straight laws are called curved. */
static void test_error_bars_of_laws(void **state)
{
    enum { TRIALS = 150 };
    static const size_t seeds[] = {3, 8};
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        hf_sweep sweep = law_sweep(s == 0 ? "bars-of-three" : "bars-of-eight", seeds[s]);
        hf_results results = load(&sweep);
        random_source random = {99};
        const double t = gsl_cdf_tdist_Qinv(0.1, (double)seeds[s] - 1);
        size_t held = 0, held_by_scatter = 0, curved = 0;
        for (size_t trial = 0; trial < TRIALS; trial++) {
            const made_law straight = {.constant = 1, .slope = -0.2, .shared = 0.05, .own = 0.01};
            hf_fit_result fit;
            make_results(&sweep, &results, &hf_laws[0], &straight, &random);
            assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[0], &fit, NULL), HF_OK);
            const double off = fabs(fit.number[1].value + 0.2);
            held += off <= t * fit.number[1].error;
            held_by_scatter += off <= 1.3 * fit.number[1].residual;
            curved += fit.is_curved;
            hf_fit_clear(&fit);
        }
        assert_true(fabs((double)held / TRIALS - 0.8) < 0.1);
        assert_true((double)held_by_scatter / TRIALS < 0.65);
        assert_true(curved <= 4);
        hf_results_clear(&results);
        hf_sweep_close(&sweep);
    }
}

/* Seeds may be swept, too; then one of these is left out. Two have no error bar. */
static void test_seeds_of_laws(void **state)
{
    (void)state;
    for (size_t seeds = 1; seeds <= 3; seeds++) {
        char text[512], *printed = NULL;
        size_t size;
        hf_fit_result fit;
        random_source random = {8};
        const made_law straight = {.constant = 1, .slope = -0.2, .shared = 0.05, .own = 0.01};
        snprintf(text, sizeof text,
                 MODEL "sweep = { over = ({ key = \"init.perturbation\"; log = (1e-12, 1e-1, 23); },\n"
                       "{ key = \"init.seed\"; values = (%s); }); report = (\"t_split\"); };\n"
                       "fit = { response = \"t_split\"; on = (\"perturbation\"); };",
                 seeds == 1   ? "4"
                 : seeds == 2 ? "4, 9"
                              : "4, 9, 2");
        hf_sweep sweep = make_sweep(seeds == 1 ? "one-seed" : seeds == 2 ? "seeds" : "more-seeds", text);
        hf_results results = load(&sweep);
        make_results(&sweep, &results, &hf_laws[0], &straight, &random);
        assert_int_equal(hf_fit_solve(&sweep, &results, &sweep.config.fit.at[0], &fit, NULL), HF_OK);
        assert_true(fit.seeds == seeds && isnan(fit.number[1].error) == (seeds < 3) && isfinite(fit.number[1].residual));
        hf_fit_clear(&fit);
        FILE *stream = open_memstream(&printed, &size);
        assert_non_null(stream);
        assert_int_equal(hf_fit_print(&sweep, &results, stream, NULL), HF_OK);
        fclose(stream);
        assert_true((strstr(printed, "no error bar: it takes 3 seeds or more") != NULL) == (seeds < 3));
        free(printed);
        hf_results_clear(&results);
        hf_sweep_close(&sweep);
    }
}

/* Both ways to say it are the same. */
static void test_fit_syntax(void **state)
{
    static const char *const same[] = {"}; fit = { response = \"t_split\"; on = (\"ratio\"); law = \"log\"; };",
                                       "}; fit = ({ of = \"t_split\"; over = (\"ratio\"); law = \"log\"; });",
                                       "fit = { of = \"t_split\"; over = \"ratio\"; law = \"log\"; }; };"};
    (void)state;
    char *first = NULL;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        hf_config c;
        char text[512];
        snprintf(text, sizeof text, MODEL "sweep = { over = { key = \"target.ratio\"; values = (2, 3); }; %s", same[i]);
        read_model(&c, text);
        char *printed = print(&c);
        assert_non_null(strstr(printed, "{ response = \"t_split\"; on = (\"ratio\"); law = \"log\"; }"));
        assert_true(c.fit.count == 1 && c.sweep.fit.count == 0);
        if (first == NULL)
            first = printed;
        else {
            assert_string_equal(printed, first);
            free(printed);
        }
        hf_config_clear(&c);
    }
    free(first);
}

/* ---- running ---- */

/* What a sweep reports is what a run with tables finds, bit for bit. */
static void test_same_as_run(void **state)
{
    static const char *const names[] = {"t_split",    "t_acquired_2",  "t_peak_1",      "stages",
                                        "final_loss", "energy_defect", "saddle_index_2"};
    enum { COUNT = sizeof names / sizeof *names };
    (void)state;
    for (int with_saddle = 0; with_saddle < 2; with_saddle++) {
        hf_config c;
        hf_error err = {0};
        hf_quantity q[COUNT];
        double values[COUNT];
        hf_run_summary summary;
        bool stopped;
        const size_t count = COUNT - !with_saddle;
        read_model(&c, MODEL "init = { perturbation = 0.01; };");
        for (size_t i = 0; i < COUNT; i++)
            assert_int_equal(hf_quantity_find(names[i], &q[i], NULL), HF_OK);
        char *folder = strdup(temporary_path("same"));
        assert_int_equal(hf_directory_make(folder, &err), HF_OK);
        const hf_run_options options = {.directory = folder};
        hf_flow_run_params params;
        assert_int_equal(hf_fill_flow_run(&c, &params, &err), HF_OK);
        assert_int_equal(hf_fill_identity(&c, &params.origin, &params.state_hash, &err), HF_OK);
        assert_int_equal(hf_flow_run(&params, &options, &summary, &err), HF_OK);
        assert_int_equal(hf_measure(&c, count, q, NULL, values, NULL, &stopped, &err), HF_OK);
        assert_false(stopped);
        for (size_t i = 0; i < count; i++) {
            const double want = hf_quantity_value(&q[i], &summary);
            assert_true(values[i] == want && isfinite(want));
        }
        assert_true(values[3] == 2); /* and something happens in it */
        hf_run_summary_clear(&summary);
        hf_config_clear(&c);
        free(folder);
    }
}

static void note_progress(void *data, const hf_sweep_progress *progress)
{
    *(hf_sweep_progress *)data = *progress;
}

static void test_workers(void **state)
{
    (void)state;
    hf_results results[2];
    for (size_t k = 0; k < 2; k++) {
        hf_sweep sweep = make_sweep(k == 0 ? "one" : "three",
                                    MODEL "sweep = { over = ({ key = \"solver.max_steps\"; values = (5, 100000); },\n"
                                          "{ key = \"init.perturbation\"; log = (1e-6, 1e-1, 6); }); seeds = 2; };");
        hf_sweep_progress last = {0};
        const hf_workers_options options = {.jobs = k == 0 ? 1 : 3, .progress = note_progress, .progress_data = &last};
        hf_error err = {0};
        bool stopped;
        size_t tasks[24];
        for (size_t i = 0; i < 24; i++)
            tasks[i] = 23 - i;
        assert_int_equal(hf_workers_run(&sweep, 24, tasks, &options, &stopped, &err), HF_OK);
        assert_false(stopped);
        assert_true(last.total == 24 && last.done == 12 && last.failed == 12);
        results[k] = load(&sweep);
        assert_int_equal(results[k].done, 12);
        assert_int_equal(results[k].failed, 12);
        hf_sweep_close(&sweep);
    }
    for (size_t i = 0; i < 24; i++) {
        assert_int_equal(results[0].task[i].code, i < 12 ? 3 : 0);
        assert_int_equal(results[0].task[i].code, results[1].task[i].code);
        if (i < 12)
            assert_string_equal(results[0].task[i].reason, results[1].task[i].reason);
    }
    assert_memory_equal(results[0].value, results[1].value, 24 * results[0].width * sizeof(double));
    hf_results_clear(&results[0]);
    hf_results_clear(&results[1]);
}

static void test_interrupted(void **state)
{
    (void)state;
    hf_sweep sweep = make_sweep("stopped", MODEL "sweep = { seeds = 3; };");
    const volatile sig_atomic_t interrupted = 1;
    const hf_workers_options options = {.jobs = 2, .interrupted = &interrupted};
    hf_error err = {0};
    bool stopped;
    assert_int_equal(hf_workers_run(&sweep, 3, (const size_t[]){0, 1, 2}, &options, &stopped, &err), HF_OK);
    assert_true(stopped);
    hf_results results = load(&sweep);
    assert_int_equal(results.done + results.failed, 0);
    hf_results_clear(&results);
    hf_sweep_close(&sweep);
}

/* A task is the same whichever was run before, though only the seeds of tasks that differ in nothing else are read. */
static void test_order_of_tasks(void **state)
{
    (void)state;
    static const size_t order[] = {0, 1, 2, 5, 3, 0, 4, 2, 2};
    hf_sweep sweep = make_sweep("order", "heads = 2; positions = 4; target = { ratio = 2.0; count = 2; };\n"
                                         "solver = { t_end = 20.0; rtol = 1e-4; }; init = { perturbation = 0.1; };\n"
                                         "sweep = { report = (\"final_loss\"); seeds = 3;\n"
                                         "over = ({ key = \"target.ratio\"; values = (1.5, 2.5); }); };");
    assert_int_equal(sweep.tasks.count, 6);
    hf_sweep_last last = {0};
    double first = 0;
    for (size_t n = 0; n < sizeof order / sizeof *order; n++) {
        double value[2], alone_value[2];
        bool stopped;
        hf_error err;
        hf_sweep_last alone = {0};
        assert_int_equal(hf_sweep_run_task(&sweep, order[n], &last, NULL, value, NULL, &stopped, &err), HF_OK);
        assert_int_equal(hf_sweep_run_task(&sweep, order[n], &alone, NULL, alone_value, NULL, &stopped, &err), HF_OK);
        assert_true(value[0] == alone_value[0]);
        assert_int_equal(last.config.init.seed, alone.config.init.seed);
        uint64_t hash, alone_hash;
        assert_int_equal(hf_config_hash(&last.config, &hash, &err), HF_OK);
        assert_int_equal(hf_config_hash(&alone.config, &alone_hash, &err), HF_OK);
        assert_true(hash == alone_hash);
        first = n == 0 ? value[0] : first;
        assert_true(n == 0 || order[n] == 0 || value[0] != first);
        hf_sweep_forget(&alone);
    }
    hf_sweep_forget(&last);
    hf_sweep_close(&sweep);
}

/* A worker's heap after many runs, good and bad ones, is what it was after a few. */
static void test_no_heap_growth(void **state)
{
    (void)state;
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
    hf_sweep sweep = make_sweep(
        "heap", "heads = 2; positions = 4; target = { ratio = 2.0; count = 2; };\n"
                "solver = { t_end = 20.0; rtol = 1e-4; }; sweep = { report = (\"t_acquired_1\", \"saddle_index_1\");\n"
                "over = ({ key = \"solver.max_steps\"; values = (3, 100000); }, { key = \"target.ratio\"; linear = (1.1, "
                "3, 30); }); };");
    double values[3]; /* and whether the run is censored */
    assert_int_equal(sweep.report_count, 3);
    hf_sweep_last last = {0};
    size_t used = 0, blocks = 0;
    for (size_t run = 0; run < 3000; run++) {
        hf_error err;
        bool stopped;
        hf_sweep_run_task(&sweep, run % 60, &last, NULL, values, NULL, &stopped, &err);
        if (run == 599) {
            used = mallinfo2().uordblks;
            blocks = mallinfo2().arena;
        }
    }
    const size_t slack =
        2400 * 8; /* freed blocks that malloc keeps at hand count as used; half a block a run does not pass */
    assert_true(mallinfo2().uordblks <= used + slack);
    assert_true(mallinfo2().arena <= blocks + slack);
    hf_sweep_forget(&last);
    hf_sweep_close(&sweep);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grids),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_quantity_names),
        cmocka_unit_test(test_report_messages),
        cmocka_unit_test(test_tasks),
        cmocka_unit_test(test_damaged_tasks),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_damaged_parts),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_exact_law),
        cmocka_unit_test(test_noisy_law),
        cmocka_unit_test(test_same_as_run),
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_order_of_tasks),
        cmocka_unit_test(test_no_heap_growth),
        cmocka_unit_test(test_keys_that_go_along),
        cmocka_unit_test(test_impossible_company),
        cmocka_unit_test(test_censored_medians),
        cmocka_unit_test(test_censored_flows),
        cmocka_unit_test(test_censored_training),
        cmocka_unit_test(test_older_parts),
        cmocka_unit_test(test_every_law),
        cmocka_unit_test(test_law_that_misses),
        cmocka_unit_test(test_error_bars_of_laws),
        cmocka_unit_test(test_seeds_of_laws),
        cmocka_unit_test(test_fit_syntax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
