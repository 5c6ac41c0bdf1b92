/* Every key that holds real numbers, at extreme values: a run either ends and its losses are numbers, or it is refused with
 * one sentence and exit code 2 or 3. */
#include "support.h"

#include "run/experiment.h"
#include "config/fill.h"
#include "config/keys.h"
#include "config/value.h"
#include "core/file.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASE                                                                                                               \
    "heads = 2; positions = 3; solver = { t_end = 20.0; max_steps = 300; };"                                               \
    "output = { points = 3; plots = false; attention = false; };"

/* What else a key needs to have an effect; the first word of a row is the start of its path. */
static const char *const contexts[][5] = {
    {"target.strengths", NULL},
    {"target.base", "target.ratio=1.5", "target.count=2"},
    {"target.ratio", "target.count=2"},
    {"init.scale", "target.strengths=(2, 1)", "init.start=bumps"},
    {"flow.sgd_drift.lr", "target.strengths=(2, 1)"},
    {"flow.sgd_drift", "target.strengths=(2, 1)", "flow.sgd_drift.lr=0.05"},
    {"train.momentum", "target.strengths=(2, 1)", "train.optimizer=momentum"},
    {"train.beta", "target.strengths=(2, 1)", "train.optimizer=adam"},
    {"train.epsilon", "target.strengths=(2, 1)", "train.optimizer=adam"},
    {"train.weight_decay", "target.strengths=(2, 1)", "train.optimizer=adamw"},
    {"train.final_rate", "target.strengths=(2, 1)", "train.schedule=cosine"},
    {"", "target.strengths=(2, 1)"},
};

/* The overrides of a run of key, the first of which is its value; ended by NULL. */
static size_t fill_overrides(const hf_key *key, const char *value, const char *overrides[16])
{
    size_t row = 0, count = 0;
    while (strncmp(key->path, contexts[row][0], strlen(contexts[row][0])) != 0)
        row++;
    overrides[count++] = value;
    for (size_t i = 1; i < 5 && contexts[row][i] != NULL; i++)
        overrides[count++] = contexts[row][i];
    if (strncmp(key->path, "train.", 6) == 0) {
        static const char *const training[] = {"train.dim=4", "train.batch=4", "train.seeds=1", "train.steps=5"};
        for (size_t i = 0; i < sizeof training / sizeof *training; i++)
            overrides[count++] = training[i];
    }
    return count;
}

/* "path=value" in the shape that the key has for two heads, three positions and two patterns. */
static void write_value(const hf_key *key, double x, char text[256])
{
    const bool gram = strcmp(key->path, "target.gram") == 0;
    if (gram)
        snprintf(text, 256, "%s=((%.17e, 0.0), (0.0, %.17e))", key->path, x, x);
    else if (key->kind == HF_KIND_REAL_ROWS)
        snprintf(text, 256, "%s=((%.17e), (%.17e))", key->path, x, x);
    else if (key->kind == HF_KIND_REALS)
        snprintf(text, 256, "%s=(%.17e, %.17e)", key->path, x, x);
    else
        snprintf(text, 256, "%s=%.17e", key->path, x);
}

/* The losses of a run that ended are numbers, and the first says that there was something to learn. */
static void check_losses(const hf_config *config, const char *what)
{
    hf_tsv table = read_tsv(
        temporary_path(config->declared.train ? "run/train/seed-1/trajectory.tsv" : "run/flow/trajectory.tsv"));
    for (size_t row = 0; row < table.rows; row++) {
        const double loss = number_in(&table, row, "loss");
        if (!isfinite(loss) || loss < 0 || (row == 0 && loss == 0))
            fail_msg("%s: the loss is %g", what, loss);
    }
    assert_true(table.rows > 1);
    hf_tsv_clear(&table);
}

static void check_sentence(hf_status status, const hf_error *err, const char *what)
{
    if ((status != HF_EUSAGE && status != HF_ENUMERIC) || err->message[0] == '\0' || strchr(err->message, '\n') != NULL ||
        strlen(err->message) > 500)
        fail_msg("%s: status %d, '%s'", what, (int)status, err->message);
}

/* Returns the status of the run. */
static hf_status try_value(const hf_key *key, double x)
{
    char value[256];
    const char *overrides[16];
    hf_config config;
    hf_experiment experiment = {0};
    hf_error err = {0};
    write_value(key, x, value);
    const size_t count = fill_overrides(key, value, overrides);
    write_text(temporary_path("m.conf"), BASE, sizeof BASE - 1);
    hf_status status = hf_config_read(&config, temporary_path("m.conf"), count, overrides, &err);
    if (status != HF_OK) {
        check_sentence(status, &err, value);
        return status;
    }
    char directory[512];
    snprintf(directory, sizeof directory, "%s", temporary_path("run"));
    assert_int_equal(hf_directory_make(directory, &err), HF_OK);
    const hf_experiment_options options = {.directory = directory, .threads = 1};
    hf_experiment_params params;
    status = hf_fill_experiment(&config, &params, &err);
    if (status == HF_OK)
        status = hf_experiment_run(&experiment, &params, &options, &err);
    if (status == HF_OK)
        check_losses(&config, value);
    else
        check_sentence(status, &err, value);
    hf_experiment_clear(&experiment);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    return status;
}

static bool holds_reals(const hf_key *key)
{
    return key->kind == HF_KIND_REAL || key->kind == HF_KIND_REALS || key->kind == HF_KIND_REAL_ROWS;
}

static void test_every_real_key_at_extreme_values(void **state)
{
    (void)state;
    static const double values[] = {-1, 0, 2.3e-308, 1e-150, 1e-12, 1e12, 1e150, 1e300};
    size_t keys = 0;
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        if (!holds_reals(key))
            continue;
        const double low = key->range.low, high = key->range.high;
        size_t refused = 0;
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            refused += try_value(key, values[i]) != HF_OK;
        if (low > -HF_REAL_MAX && low != 0) {
            refused += try_value(key, nextafter(low, -INFINITY)) != HF_OK;
            try_value(key, key->range.low_open ? nextafter(low, INFINITY) : low);
        }
        if (high < HF_REAL_MAX) {
            refused += try_value(key, nextafter(high, INFINITY)) != HF_OK;
            try_value(key, key->range.high_open ? nextafter(high, -INFINITY) : high);
        }
        if (key->kind != HF_KIND_REAL_ROWS && low > -HF_REAL_MAX && refused == 0)
            fail_msg("%s takes everything", key->path);
        keys++;
    }
    assert_true(keys > 30);
}

/* What is too small or too large for its square is refused, by headflow check too, whatever makes it so. */
static void test_a_loss_that_is_no_number_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"target = { strengths = (1e-200, 1e-200); };", "the loss underflows: it is 0 where nothing is learned"},
        {"target = { strengths = (1e-140); };", "the loss underflows: it is 5e-281 where nothing is learned"},
        {"target = { strengths = (1e200); };", "at t = 0: the loss overflows"},
        {"target = { strengths = (1.0, 1e155); };", "at t = 0: the loss overflows"},
        {"target = { strengths = (1.0); weights = ((1e-300)); };", "the loss underflows"},
        {"target = { strengths = (1.0); }; data = { weights = ((1e-300)); };", "the loss underflows"},
        {"target = { strengths = (1.0); }; data = { weights = ((0, 1, 1)); };",
         "data.weights: is 0 wherever the patterns are"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        hf_problem *problem = NULL;
        hf_error err = {0};
        snprintf(text, sizeof text, "heads = 2; positions = 3; %s", cases[i].text);
        const hf_status status = try_problem(text, &problem, &err);
        check_sentence(status, &err, cases[i].text);
        if (strstr(err.message, cases[i].message) == NULL)
            fail_msg("got      %s\nexpected %s", err.message, cases[i].message);
    }
    hf_problem_free(make_problem("heads = 2; positions = 3; target = { strengths = (1e-130, 1e-200); };"));
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_real_key_at_extreme_values),
        cmocka_unit_test(test_a_loss_that_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
