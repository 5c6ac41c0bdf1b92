/* The flows of Adam, AdamW and RMSProp, beside an independent integration, the optimizers' own steps, and each other where fewer
 * entries stand for all. */
#include "support.h"
#include "training.h"

#include "config/fill.h"
#include "run/experiment.h"
#include "train/entries.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LEVELS_MAX = 3 };

/* A model's first seed along the flow of its optimizer, or by its own steps. */
static hf_status follow(const char *text, bool flow, const hf_train_reference *levels, hf_run_summary *summary,
                        hf_error *err)
{
    hf_config config;
    hf_experiment_params params;
    const hf_run_options options = {.threads = 1};
    read_config(&config, text);
    if (hf_fill_experiment(&config, &params, err) != HF_OK)
        fail_msg("%s", err->message);
    assert_true(params.has_optimizer && params.optimizer.learner.continuous && !params.main.learner.continuous);
    const hf_status status =
        hf_train_run(flow ? &params.optimizer : &params.main, config.train.seed, &options, levels, summary, err);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    return status;
}

/* Steps at which the loss falls below levels. */
static void cross(const char *text, bool flow, size_t count, const double *level, double *step)
{
    hf_run_summary summary;
    hf_error err = {0};
    const hf_train_reference levels = {.level_count = count, .level = level, .settled = INFINITY};
    if (follow(text, flow, &levels, &summary, &err) != HF_OK)
        fail_msg("%s", err.message);
    for (size_t l = 0; l < count; l++)
        step[l] = summary.training.crossing[l];
    hf_run_summary_clear(&summary);
}

/* ---- beside an independent integration ---- */

#define ONE_LOCATION                                                                                                       \
    "heads = 1; positions = 2; target = { strengths = (8.0); patterns = ((1)); }; init = { perturbation = 0.0; };\n"       \
    "solver = { stop_loss = 0.099; };\n"                                                                                   \
    "data = { weights = ((0.015625)); replicas = (1, %d); }; flow = { optimizer = \"%s\"; };\n"                            \
    "train = { dim = 64; features = \"hadamard\"; batch = 0; lr = 1e-3; steps = 1500; optimizer = \"%s\"; %s };"

/* One head that finds one location among T, with entries of one size: all have the profile psi(t), and the equations are nine.
 * SciPy's DOP853 (rtol 1e-9) from 20 exact steps on reaches 0.2 L(0) at these times. */
static void test_one_location(void **state)
{
    (void)state;
    static const struct {
        int others;
        const char *optimizer, *more;
        double step;
    } cases[] = {{63, "adam", "", 838.325646},
                 {511, "adam", "", 960.442284},
                 {2047, "adam", "", 1054.310688},
                 {511, "rmsprop", "beta2 = 0.99;", 1378.865395},
                 {511, "adamw", "weight_decay = 0.3;", 1214.730786}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double level = 0.1, between_steps = 2e-3; /* the loss is taken as linear between two steps */
        double flow, steps;
        char text[1024];
        snprintf(text, sizeof text, ONE_LOCATION, cases[i].others, cases[i].optimizer, cases[i].optimizer, cases[i].more);
        cross(text, true, 1, &level, &flow);
        cross(text, false, 1, &level, &steps);
        if (!is_close(flow, cases[i].step, 0, between_steps))
            fail_msg("%s among %d: got %.6f, want %.6f", cases[i].optimizer, cases[i].others, flow, cases[i].step);
        if (!is_close(steps, flow, 5e-3, 2)) /* without momentum a step is not small beside the memory */
            fail_msg("%s among %d: %.3f steps beside %.3f", cases[i].optimizer, cases[i].others, steps, flow);
    }
}

/* ---- beside the optimizer's own steps ---- */

#define THREE_STAGES                                                                                                       \
    THREE "init = { distribution = \"sine\"; perturbation = %s; };\n"                                                      \
          "flow = { optimizer = \"adam\"; entries = \"%s\"; };\n"                                                          \
          "train = { dim = %d; features = \"%s\"; batch = 0; lr = 1e-3; steps = %d; optimizer = \"adam\"; seed = %d; };"

static const double three_levels[LEVELS_MAX] = {3.998, 1.249, 0.25};

static void cross_three(const char *perturbation, const char *entries, int dim, const char *features, int steps, int seed,
                        bool flow, double step[LEVELS_MAX])
{
    char text[1024];
    snprintf(text, sizeof text, THREE_STAGES, perturbation, entries, dim, features, steps, seed);
    cross(text, flow, LEVELS_MAX, three_levels, step);
}

/* Of a seed's own features: 0.3 % or two steps. */
static void test_three_stages(void **state)
{
    (void)state;
    static const struct {
        const char *perturbation, *features;
        int seed, steps;
    } cases[] = {{"1e-2", "orthogonal", 1, 1700},
                 {"1e-4", "orthogonal", 2, 2300},
                 {"1e-2", "random", 3, 1700},
                 {"1e-4", "hadamard", 1, 2300}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double flow[LEVELS_MAX], steps[LEVELS_MAX];
        cross_three(cases[i].perturbation, "all", 8, cases[i].features, cases[i].steps, cases[i].seed, true, flow);
        cross_three(cases[i].perturbation, "all", 8, cases[i].features, cases[i].steps, cases[i].seed, false, steps);
        for (size_t l = 0; l < LEVELS_MAX; l++)
            if (!is_close(flow[l], steps[l], 3e-3, 2))
                fail_msg("%s, %s, level %g: flow %.3f, steps %.3f", cases[i].features, cases[i].perturbation,
                         three_levels[l], flow[l], steps[l]);
    }
}

/* ---- fewer entries ---- */

/* Equal and opposite entries move alike: their classes are the entries. */
static void test_classes(void **state)
{
    (void)state;
    double all[LEVELS_MAX], classes[LEVELS_MAX];
    cross_three("1e-2", "all", 8, "hadamard", 1500, 1, true, all);
    cross_three("1e-2", "auto", 8, "hadamard", 1500, 1, true, classes);
    for (size_t l = 0; l < LEVELS_MAX; l++)
        assert_true(close_to(classes[l], all[l], 1e-7));
}

/* Two and eight classes leave entries of their squares, of four and nine, that stand for none. */
static void test_part_filled(void **state)
{
    (void)state;
    static const struct {
        const char *target, *optimizer, *more;
    } cases[] = {{"strengths = (2.0, 1.2); patterns = ((1), (2));", "adam", "epsilon = 0.03;"},
                 {"strengths = (2.0, 1.2); patterns = ((1), (2));", "rmsprop", "epsilon = 0.03; beta2 = 0.95;"},
                 {"strengths = (2.0, 1.6, 1.2, 1.0); patterns = ((1), (2), (3), (4));", "adamw", "weight_decay = 0.2;"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double step[2];
        const double level = 1.5;
        for (int merged = 0; merged < 2; merged++) {
            char text[1024];
            snprintf(
                text, sizeof text,
                "heads = 2; positions = 6; target = { %s };\n" SINE(
                    "3e-2") "flow = { optimizer = \"%s\"; entries = "
                            "\"%s\"; };\ntrain = { dim = 8; features = \"hadamard\"; batch = 0; lr = 5e-3; steps = 200; "
                            "optimizer = \"%s\"; %s };",
                cases[i].target, cases[i].optimizer, merged ? "classes" : "all", cases[i].optimizer, cases[i].more);
            cross(text, true, 1, &level, &step[merged]);
        }
        if (!(step[0] < 200) || !close_to(step[1], step[0], 1e-7))
            fail_msg("%s: classes %.9g, entries %.9g", cases[i].optimizer, step[1], step[0]);
    }
}

/* Nodes exist for so many features; beyond, auto means all entries. */
static void test_many_features(void **state)
{
    (void)state;
    char text[2048], patterns[1024] = "";
    double step;
    for (size_t j = 1; j <= HF_ENTRIES_FEATURES + 1; j++)
        snprintf(patterns + strlen(patterns), sizeof patterns - strlen(patterns), "%s(%zu)", j > 1 ? ", " : "", j);
    snprintf(text, sizeof text,
             "heads = 1; positions = 50; target = { ratio = 0.98; patterns = (%s); }; flow = { optimizer = \"adam\"; };\n"
             "train = { dim = 65; batch = 0; lr = 1e-2; steps = 22; optimizer = \"adam\"; };",
             patterns);
    cross(text, true, 0, NULL, &step);
}

/* Random features have their own stage times: nodes give those of many entries, to 2.5 % of a draw of 24^2. */
static void test_nodes(void **state)
{
    (void)state;
    double all[LEVELS_MAX], nodes[LEVELS_MAX];
    cross_three("1e-2", "all", 24, "orthogonal", 1100, 1, true, all);
    cross_three("1e-2", "nodes", 24, "orthogonal", 1100, 1, true, nodes);
    for (size_t l = 0; l < LEVELS_MAX; l++)
        if (!is_close(nodes[l], all[l], 2.5e-2, 0))
            fail_msg("level %g: nodes %.2f, entries %.2f", three_levels[l], nodes[l], all[l]);
}

/* Merged entries: the count and the inner products of the basis are those of all; what has no equal entries is not merged. */
static void test_merging(void **state)
{
    (void)state;
    const double basis[2][4] = {{0.5, -0.5, 0.5, 0.5}, {0.5, -0.5, -0.5, -0.5}}, apart[4] = {0.1, 0.2, 0.3, 0.4};
    hf_entries merged;
    bool found;
    assert_int_equal(hf_entries_merge(&merged, 2, 2, &basis[0][0], 2, &found, NULL), HF_OK);
    assert_true(found && merged.dim == 2); /* two classes need a square of four */
    double entries = 0, gram[3] = {0};
    for (size_t n = 0; n < 4; n++) {
        entries += merged.scale[n] * merged.scale[n];
        gram[0] += merged.basis[n] * merged.basis[n];
        gram[1] += merged.basis[n] * merged.basis[4 + n];
        gram[2] += merged.basis[4 + n] * merged.basis[4 + n];
    }
    assert_true(close_to(entries, 4, 1e-15) && close_to(gram[0], 1, 1e-15) && close_to(gram[2], 1, 1e-15));
    assert_true(fabs(gram[1]) < 1e-15);
    hf_entries_clear(&merged);
    assert_int_equal(hf_entries_merge(&merged, 1, 2, apart, 2, &found, NULL), HF_OK);
    assert_true(!found && merged.basis == NULL);
    assert_int_equal(hf_entries_nodes(&merged, 1000, 100, NULL), HF_EUSAGE);
}

/* Near a minimum v forgets the gradients, and the flow of RMSProp becomes faster without end: that is said, and not awaited. */
static void test_too_fast(void **state)
{
    (void)state;
    hf_run_summary summary;
    hf_error err = {0};
    const char *text = "heads = 2; positions = 6; target = { strengths = (2.0, 1.0); patterns = ((1), (2)); };\n" SINE(
        "3e-2") "flow = { optimizer = \"rmsprop\"; };\ntrain = { dim = 4; batch = 0; lr = 1e-2; beta2 = "
                "0.9; optimizer = \"rmsprop\"; steps = 900; };";
    assert_int_equal(follow(text, true, NULL, &summary, &err), HF_ENUMERIC);
    assert_non_null(strstr(err.message, "the flow of RMSProp cannot be followed beyond step "));
    assert_non_null(strstr(err.message, "train.steps"));
}

/* ---- heads and interruptions ---- */

/* Heads that start equal stay so, to the last bit. */
static void test_equal_heads(void **state)
{
    (void)state;
    hf_run_summary summary;
    hf_error err = {0};
    const char *text = THREE "init = { perturbation = 0.0; }; flow = { optimizer = \"adam\"; };\n"
                             "train = { dim = 6; batch = 0; lr = 1e-2; steps = 150; optimizer = \"adam\"; };";
    assert_int_equal(follow(text, true, NULL, &summary, &err), HF_OK);
    for (size_t j = 0; j < summary.patterns; j++)
        for (size_t k = 1; k < summary.heads; k++)
            assert_true(summary.share[k * summary.patterns + j] == summary.share[j]);
    assert_true(summary.loss < 0.9 * summary.loss_start && summary.overlap == 1);
    hf_run_summary_clear(&summary);
}

/* A run that is stopped after some steps, and goes on, ends where one that was not has ended: every step begins with parameters and memory alone. */
typedef struct {
    volatile sig_atomic_t flag;
    uint64_t at;
} stop_at;

static void watch_step(void *data, const hf_run_progress *progress)
{
    stop_at *stop = data;
    stop->flag = stop->at > 0 && progress->step >= stop->at;
}

static double follow_into(const char *name, const hf_train_run_params *params, uint64_t at, bool resume)
{
    stop_at stop = {.at = at};
    hf_run_summary summary;
    hf_error err = {0};
    const hf_run_options options = {.threads = 1,
                                    .directory = temporary_path(name),
                                    .resume = resume,
                                    .interrupted = &stop.flag,
                                    .progress = watch_step,
                                    .progress_data = &stop};
    if (hf_train_run(params, 1, &options, NULL, &summary, &err) != HF_OK)
        fail_msg("%s", err.message);
    assert_true(hf_run_was_interrupted(&summary) == (at > 0));
    const double loss = summary.loss;
    hf_run_summary_clear(&summary);
    return loss;
}

static void test_interrupted(void **state)
{
    (void)state;
    hf_config config;
    hf_experiment_params params;
    hf_error err = {0};
    read_config(&config,
                THREE SINE("1e-2") "flow = { optimizer = \"adamw\"; };\n"
                                   "train = { dim = 4; batch = 0; lr = 1e-2; steps = 90; optimizer = \"adamw\"; };");
    assert_int_equal(hf_fill_experiment(&config, &params, &err), HF_OK);
    assert_int_equal(mkdir(temporary_path("whole"), 0700), 0);
    assert_int_equal(mkdir(temporary_path("parts"), 0700), 0);
    const double whole = follow_into("whole", &params.optimizer, 0, false);
    follow_into("parts", &params.optimizer, 13, false); /* among the optimizer's own steps */
    follow_into("parts", &params.optimizer, 57, true);
    assert_true(follow_into("parts", &params.optimizer, 0, true) == whole);
    char first[256], second[256];
    snprintf(first, sizeof first, "%s", temporary_path("whole/trajectory.tsv"));
    snprintf(second, sizeof second, "%s", temporary_path("parts/trajectory.tsv"));
    assert_same_bytes(first, second);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_location), cmocka_unit_test(test_three_stages),  cmocka_unit_test(test_classes),
        cmocka_unit_test(test_part_filled),  cmocka_unit_test(test_many_features), cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_merging),      cmocka_unit_test(test_equal_heads),   cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_too_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
