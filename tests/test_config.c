/* Tests of config: what is read, what is printed, and that whatever a model file holds, a wrong one gives a message.
 *
 * Every tests/config/NAME.conf is a wrong model file; its first line "# expect: TEXT" is part of the message it must
 * give. */
#include "config/config.h"

#include "config/keys.h"
#include "config/value.h"
#include "support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TARGET "target = { strengths = (2.89, 1.7, 1.0); };\n"
#define MODEL  "heads = 3;\npositions = 40;\n" TARGET

/* Reads text, with overrides up to a NULL, as the model file m.conf. */
static hf_status read_text(hf_config *config, const char *text, const char *const *overrides, hf_error *err)
{
    size_t count = 0;
    while (overrides != NULL && overrides[count] != NULL)
        count++;
    write_text(temporary_path("m.conf"), text, strlen(text));
    return hf_config_read(config, temporary_path("m.conf"), count, overrides, err);
}

static void read_good(hf_config *config, const char *text, const char *const *overrides)
{
    hf_error err = {0};
    if (read_text(config, text, overrides, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
}

static void expect_message(const hf_error *err, const char *expected)
{
    if (strstr(err->message, expected) == NULL)
        fail_msg("got      %s\nexpected %s", err->message, expected);
}

/* What hf_config_print writes. Caller frees. */
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

static uint64_t hash(const hf_config *config)
{
    uint64_t value;
    assert_int_equal(hf_config_hash(config, &value, NULL), HF_OK);
    return value;
}

static uint64_t hash_text(const char *text, const char *const *overrides)
{
    hf_config config;
    read_good(&config, text, overrides);
    const uint64_t value = hash(&config);
    hf_config_clear(&config);
    return value;
}

/* ---- values ---- */

static void test_defaults(void **state)
{
    (void)state;
    hf_config c;
    read_good(&c, MODEL, NULL);
    assert_string_equal(c.title, "m");
    assert_string_equal(c.directory, temporary_folder());
    assert_int_equal(c.heads, 3);
    assert_int_equal(c.positions, 40);
    assert_int_equal(c.target.count, 3);
    assert_true(c.target.strengths.at[0] == 2.89 && c.target.strengths.at[2] == 1.0);
    for (size_t j = 0; j < 3; j++) {
        assert_int_equal(c.target.patterns.row[j].count, 1);
        assert_int_equal(c.target.patterns.row[j].at[0], j + 1);
    }
    assert_true(c.target.weights.count == 0 && c.target.gram.count == 0);
    assert_true(c.data.copies.count == 0 && c.data.weights.count == 0 && c.data.noise == 0.0);
    assert_int_equal(c.test.weights.count, 0);
    assert_true(c.init.values == 0.0 && c.init.perturbation == 1e-3 && c.init.distribution == HF_NOISE_NORMAL);
    assert_true(c.init.seed == 4 && c.init.state == NULL);
    assert_true(c.flow.geometry == HF_GEOMETRY_LOGIT && c.flow.value_rate == 1.0 && c.flow.attention_rate == 1.0);
    assert_true(c.flow.weight_decay == 0.0);
    assert_true(c.solver.t_end == 1e4 && c.solver.rtol == 1e-8 && c.solver.atol == 1e-12 && c.solver.stop_loss == 0.0);
    assert_int_equal(c.solver.max_steps, 1000000);
    assert_true(c.detect.contrast == 3.0 && c.detect.overlap == 0.5 && c.detect.acquired == 0.5);
    assert_true(c.detect.loss_fraction == 0.0);
    assert_true(c.output.points == 400 && c.output.spacing == HF_SPACING_LOG && c.output.t_first == 1e-2);
    assert_true(c.output.attention && !c.output.states && c.output.plots);
    hf_config_clear(&c);
    hf_config_clear(&c);
}

static void test_numbers(void **state)
{
    (void)state;
    hf_config c;
    read_good(&c,
              "heads = 2.0; positions = 40L; target = { strengths = [3, 2, 1]; patterns = ([1], [2, 3], (4)); };\n"
              "solver = { t_end = 2000000L; max_steps = 1e6; atol = 1; }; init = { seed = 9223372036854775807L; };\n",
              NULL);
    assert_int_equal(c.heads, 2);
    assert_true(c.target.strengths.at[0] == 3.0);
    assert_int_equal(c.target.patterns.row[1].at[1], 3);
    assert_true(c.solver.t_end == 2e6 && c.solver.atol == 1.0 && c.solver.max_steps == 1000000);
    assert_true(c.init.seed == INT64_MAX);
    hf_config_clear(&c);
}

/* A model file says the same on machines of 32 bits: what counts things in memory has a range that ends there, and steps and
 * seeds have 64 bits. */
static void test_wide_numbers(void **state)
{
    (void)state;
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_kind kind = hf_keys[k].kind;
        if (kind == HF_KIND_COUNT || kind == HF_KIND_COUNTS || kind == HF_KIND_COUNT_ROWS)
            assert_true(hf_keys[k].range.high <= UINT32_MAX);
    }
    static const char *const overrides[] = {"solver.max_steps=1e15", "init.seed=4294967301L", NULL};
    hf_config c;
    read_good(&c, MODEL, overrides);
    assert_true(c.solver.max_steps == UINT64_C(1000000000000000) && c.init.seed == UINT64_C(4294967301));
    hf_config_clear(&c);
    static const char *const steps[] = {"train.steps=1e12",     "train.warmup=4294967297L", "train.patience=4294967298L",
                                        "train.log_every=1e11", "train.save_every=1e10",    "output.maps=(1, 4294967299L)",
                                        NULL};
    read_good(&c, "train = { task = \"markov\"; validation = 10; };", steps);
    const hf_train_params *t = &c.train;
    assert_true(t->steps == UINT64_C(1000000000000) && t->warmup == UINT64_C(4294967297));
    assert_true(t->patience == UINT64_C(4294967298) && t->log_every == UINT64_C(100000000000));
    assert_true(t->save_every == UINT64_C(10000000000) && c.output.maps.at[1] == UINT64_C(4294967299));
    hf_config_clear(&c);
}

static void test_ratio(void **state)
{
    (void)state;
    hf_config c;
    read_good(&c, "heads = 3; positions = 40; target = { base = 0.5; ratio = 2; count = 4; };", NULL);
    assert_int_equal(c.target.strengths.count, 4);
    for (size_t j = 0; j < 4; j++)
        assert_true(c.target.strengths.at[j] == 0.5 * (8 >> j));
    assert_int_equal(c.target.patterns.count, 4);
    hf_config_clear(&c);
}

/* First and last position of patterns 2 and 3 of lengths (4, 3, 2), by stride. */
static void test_lengths(void **state)
{
    (void)state;
    static const size_t cases[][5] = {{0, 5, 7, 8, 9}, {4, 5, 7, 9, 10}, {2, 3, 5, 5, 6}, {10, 11, 13, 21, 22}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_config c;
        char text[256];
        snprintf(text, sizeof text,
                 "heads = 3; positions = 40; target = { ratio = 2; lengths = (4, 3, 2); stride = %zu; };", cases[i][0]);
        read_good(&c, text, NULL);
        assert_int_equal(c.target.count, 3);
        for (size_t j = 1; j < 3; j++) {
            const hf_counts *pattern = &c.target.patterns.row[j];
            assert_int_equal(pattern->at[0], cases[i][2 * j - 1]);
            assert_int_equal(pattern->at[pattern->count - 1], cases[i][2 * j]);
        }
        hf_config_clear(&c);
    }
}

static void test_gram(void **state)
{
    (void)state;
    hf_config c;
    read_good(&c,
              "heads = 3; positions = 40; target = { strengths = (3, 2, 1);\n"
              "gram = ((1, 1, 0), (1, 1, 0), (0, 0, 4)); };\n" /* singular: features 1 and 2 are the same */
              "data = { weights = ((2.0), (2.0), (2.0)); };",
              NULL);
    assert_true(c.target.gram.row[2].at[2] == 4.0);
    hf_config_clear(&c);
}

/* Ends of files and lines that some editors leave, and what is no fault of the last line. */
static void test_ends(void **state)
{
    (void)state;
    static const char *const texts[] = {
        MODEL "# no newline",
        MODEL "// no newline",
        MODEL "/* no newline */",
        MODEL "flow = { }; #",
        "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); }; # all in one line",
        "\xef\xbb\xbf" MODEL,
        "\xef\xbb\xbf# a comment\n" MODEL "# no newline",
        "# a comment\r\nheads = 3;\r\npositions = 40; # another\r\n target = { strengths = (2.89, 1.7, 1.0); };\r\n# last\r",
        "heads = 3;\rpositions = 40;\r\f target = { strengths = (+2.89, 17.e-1, .1E+1); };\r",
        MODEL "title = \"one\" \" two\";",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hf_config c;
        read_good(&c, texts[i], NULL);
        assert_int_equal(c.heads, 3);
        assert_true(c.target.strengths.count == 3 && c.target.strengths.at[1] == 1.7 && c.target.strengths.at[2] == 1);
        hf_config_clear(&c);
    }
}

static void test_include(void **state)
{
    (void)state;
    static const char included[] = "value_rate = 2.0; /* a \"comment\" */ // 99999999999";
    hf_config c;
    write_text(temporary_path("rates.inc"), included, strlen(included));
    read_good(&c, MODEL "flow = {\n  @include \"rates.inc\"\n};\n", NULL);
    assert_true(c.flow.value_rate == 2.0);
    hf_config_clear(&c);
}

/* ---- overrides ---- */

static void test_overrides(void **state)
{
    (void)state;
    static const char *const overrides[] = {"title=three heads",  "target.ratio=2",   "target.lengths=(2, 2, 2)",
                                            "init.seed=5",        "init.seed=6",      "flow.geometry=replicator",
                                            "output.plots=false", "solver.t_end=1e5", NULL};
    hf_config c;
    read_good(&c, "heads = 3; positions = 40; target = { strengths = (9, 8, 7); patterns = ((1), (2), (3)); };", overrides);
    assert_string_equal(c.title, "three heads");
    assert_true(c.target.strengths.at[0] == 4.0 && c.target.ratio == 2.0);
    assert_int_equal(c.target.patterns.row[2].at[1], 6);
    assert_int_equal(c.init.seed, 6);
    assert_true(c.flow.geometry == HF_GEOMETRY_REPLICATOR && !c.output.plots && c.solver.t_end == 1e5);
    hf_config_clear(&c);

    static const char *const back[] = {"target.strengths=(2, 1)", "title=\"q\"", NULL};
    read_good(&c, "heads = 3; positions = 40; target = { base = 2; ratio = 3; count = 2; };", back);
    assert_string_equal(c.title, "q");
    assert_true(c.target.strengths.at[0] == 2.0 && c.target.ratio == 0.0);
    hf_config_clear(&c);
}

static void test_bad_overrides(void **state)
{
    (void)state;
    static const struct {
        const char *override, *expected;
    } cases[] = {
        {"heads", "-s heads: expected path=value"},
        {"=3", "-s =3: expected path=value"},
        {"", "-s : expected path=value"},
        {"target.ratoi=2", "-s target.ratoi=2: unknown key 'target.ratoi', did you mean 'target.ratio'?"},
        {"target.ratio=abc", "-s target.ratio=abc: target.ratio: expected a real number > 0, got \"abc\""},
        {"target.ratio=nan", "-s target.ratio=nan: target.ratio: expected a real number > 0, got \"nan\""},
        {"flow.geometry=flat",
         "-s flow.geometry=flat: flow.geometry: expected one of \"logit\", \"replicator\", got \"flat\""},
        {"heads=", "-s heads=: heads: syntax error, expected one value"},
        {"heads=1; positions=5", "heads: expected one value"},
        {"target.strengths=3,2,1", "syntax error, expected one value, such as -s target.strengths='(3, 2, 1)'"},
        {"target.strengths=3 2, 1", "such as -s target.strengths='(3, 2, 1)'"},
        {"target.strengths=3", "expected a list of real numbers > 0, got 3, such as -s target.strengths='(3)'"},
        {"data.copies=2,1", "such as -s data.copies='(2, 1)'"},
        {"init.seed=.", "-s init.seed=.: init.seed: '.' is not a number, expected one such as 3, 0.5 or 1e-3"},
        {"init.seed=", "init.seed: syntax error, expected one value"},
        {"solver.t_end=1e5x", "'1e5x' is not a number"},
        {"target.gram=((1,0),(0,1)", "target.gram: syntax error, expected one value"},
        {"target={}", "-s target={}: target: is a section, expected one of its keys"},
        {"=", "-s =: expected path=value"},
        {"solver.max_steps=2e15", "solver.max_steps: expected an integer in [1, 1e+15], got 2e+15"},
        {"positions=5e9", "positions: expected an integer in [1, 100000000], got 5000000000.0"},
        {"init.seed=9223372036854775808", "init.seed: an integer of 19 digits does not fit 64 bits"},
        {"title=\"x", "title: this string has no end"},
        {"positions=2", "positions: pattern 3 would end at position 3, expected 1..2"},
        {"init.state=none.tsv", "-s init.state=none.tsv: init.state: cannot read '/"},
        {"a\nb\x1b=1", "-s a\\x0ab\\x1b=1: unknown key 'a\\x0ab\\x1b'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const overrides[] = {cases[i].override, NULL};
        hf_config c;
        hf_error err = {0};
        assert_int_equal(read_text(&c, MODEL, overrides, &err), HF_EUSAGE);
        expect_message(&err, cases[i].expected);
    }
}

/* ---- the effective configuration ---- */

static const char *const good_models[] = {
    MODEL,
    "heads = 1; positions = 1; target = { strengths = (1); };",
    "title = \"a \\\"b\\\" \\\\ \xc3\xbc\"; heads = 3; positions = 40; target = { base = 0.1; ratio = 1.7; count = "
    "3; };",
    "heads = 3; positions = 40; target = { ratio = 1.7; lengths = (4, 4, 4); stride = 3; };",
    "heads = 3; positions = 9; target = { strengths = (0.1, 1e-30, 123456789012.0); patterns = ((1, 9), (2), (5, 4, 3));\n"
    "weights = ((0.7, 0.3), (1), (0.2, 0.3, 0.1)); gram = ((1, 0, 0), (0, 2, 0), (0, 0, 3)); };\n"
    "data = { copies = (2); replicas = (1, 2, 3, 4, 5, 6, 7, 8, 1000000000); weights = ((1), (0.5), (3)); noise = 0.3; };\n"
    "init = { values = -0.25; perturbation = 1e-200; distribution = \"sine\"; seed = 12345678901L; };\n"
    "flow = { geometry = \"replicator\"; value_rate = 0; attention_rate = 0.333333333333333333; weight_decay = 1e-4; };\n"
    "solver = { t_end = 1e22; rtol = 1e-14; atol = 1e-300; stop_loss = 1e-6; max_steps = 10000000000L; };\n"
    "detect = { contrast = 2; overlap = 0.9; acquired = 0.1; loss_fraction = 0.2; };\n"
    "output = { points = 10; spacing = \"linear\"; t_first = 1; attention = false; states = true; plots = false; };\n",
    MODEL "init = { state = \"state.tsv\"; distribution = \"uniform\"; seed = 9; };",
    MODEL "test = { weights = ((0), (0.1), (1e-30)); }; detect = { loss_fraction = 0.2; };",
};

static void test_round_trip(void **state)
{
    (void)state;
    write_text(temporary_path("state.tsv"), "1\n", 2);
    for (size_t i = 0; i < sizeof good_models / sizeof *good_models; i++) {
        hf_config first, second;
        read_good(&first, good_models[i], NULL);
        char *once = print(&first);
        read_good(&second, once, NULL);
        char *twice = print(&second);
        assert_string_equal(once, twice);
        assert_true(hash(&first) == hash(&second));
        assert_int_equal(first.target.count, second.target.count);
        for (size_t j = 0; j < first.target.count; j++)
            assert_true(first.target.strengths.at[j] == second.target.strengths.at[j]);
        free(once);
        free(twice);
        hf_config_clear(&first);
        hf_config_clear(&second);
    }
}

static void test_print_failure(void **state)
{
    (void)state;
    hf_config c;
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL)
        skip();
    read_good(&c, MODEL, NULL);
    assert_false(hf_config_print(&c, NULL, full));
    assert_false(hf_config_print_keys(full));
    fclose(full);
    hf_config_clear(&c);
}

static void test_documentation(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "## Top level\n",
        "| `heads` | an integer in [1, 1000] | required | 1 | number of heads H |\n",
        "\n## output\n",
        "| `solver.rtol` | a real number in [1e-14, 0.01] | 1e-8 | 1 | relative tolerance |\n",
    };
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_true(hf_config_print_keys(stream));
    fclose(stream);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_non_null(strstr(text, expected[i]));
    free(text);
}

/* What else a model must say so that a key's example means something; the first word of a line is the key or the start of
 * its path. */
static const char *const contexts[][6] = {
    {"encoder.globals", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9", "encoder.mask=window"},
    {"encoder.pad", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9", "encoder.mask=top"},
    {"output.slice_radius", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9", "output.slices=3"},
    {"output.slices", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9"},
    {"encoder", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9"},
    {"strings", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9"},
    {"detect.accuracy", "train.task=strings", "train.steps=9", "train.samples=600", "train.validation=9"},
    {"vectors", "train.task=vectors", "train.steps=9", "train.validation=9", "model.kind=decoder"},
    {"recall", "train.task=recall", "train.steps=9", "train.validation=9", "model.kind=decoder"},
    {"train.epoch_rate", "target.strengths=(1.0,1.0,1.0)", "target.patterns=((1),(2),(3))", "train.schedule=epochs", "train.samples=600"},
    {"flow.system", "in_context.eigenvalues=(3, 2, 1)", "in_context.length=5"},
    {"target.strengths", NULL},
    {"target.base", "target.ratio=2", "target.count=3"},
    {"target.ratio", "target.count=3"},
    {"target.stride", "target.strengths=(3, 2, 1)", "target.lengths=(4, 4, 4)"},
    {"target.weights", "target.strengths=(3, 2, 1)", "target.patterns=((1, 2), (3), (4, 5, 6))"},
    {"ladder.", "target.strengths=(3, 2, 1)", "train.dim=10", "flow.values=learned"},
    {"sweep.over", "target.strengths=(3, 2, 1)"},
    {"sweep.", "target.strengths=(3, 2, 1)", "sweep.over={ key = \"init.perturbation\"; values = (0.1, 0.2); }"},
    {"fit", "target.strengths=(3, 2, 1)", "sweep.over={ key = \"init.perturbation\"; values = (0.1, 0.2); }"},
    {"content.dim", "flow.system=content"},
    {"content.", "flow.system=content", "content.dim=400"},
    {"in_context.eigenvalues", "flow.system=in-context", "in_context.length=5"},
    {"in_context.length", "flow.system=in-context", "in_context.eigenvalues=(3, 2, 1)"},
    {"chain.normalized", "train.task=markov", "train.steps=5", "train.validation=10", "chain.weights=((1, 1), (1, 1), (1, 1))"},
    {"chain.", "train.task=markov", "train.steps=5", "train.validation=10"},
    {"train.cuts", "train.task=markov", "train.steps=5", "train.validation=10"},
    {"train.precision", "train.task=markov", "train.steps=5", "train.validation=10"},
    {"model.beta", "train.task=markov", "train.steps=5", "train.validation=10"},
    {"model.kind", "train.task=markov", "train.steps=5", "train.validation=10"},
    {"model.", "train.task=markov", "train.steps=5", "train.validation=10", "model.kind=decoder"},
    {"output.maps", "train.task=markov", "train.steps=1000", "train.validation=10"},
    {"flow.optimizer", "target.strengths=(3, 2, 1)", "train.optimizer=adam"},
    {"flow.sgd_drift.bands", "target.strengths=(3, 2, 1)", "flow.sgd_drift.lr=0.05", "flow.sgd_drift.dynamic=true"},
    {"flow.entries", "target.strengths=(3, 2, 1)", "train.optimizer=adam", "flow.optimizer=adam"},
    {"", "target.strengths=(3, 2, 1)"},
};

/* Fills overrides, ended by NULL, with what the key's example needs beside it. */
static void fill_context(const hf_key *key, const char *overrides[8])
{
    size_t row = 0, count = 0;
    while (strncmp(key->path, contexts[row][0], strlen(contexts[row][0])) != 0)
        row++;
    const bool of_chain = contexts[row][1] != NULL && strncmp(contexts[row][1], "train.task=", 11) == 0;
    const bool of_content = strncmp(key->path, "content.", 8) == 0;
    if (strcmp(key->path, "heads") != 0 && !of_chain && !of_content)
        overrides[count++] = "heads=3";
    const bool in_context = strncmp(key->path, "in_context.", 11) == 0 || strcmp(key->path, "flow.system") == 0;
    if (strcmp(key->path, "positions") != 0 && !in_context && !of_chain && !of_content)
        overrides[count++] = "positions=40";
    for (size_t i = 1; i < 6 && contexts[row][i] != NULL; i++)
        overrides[count++] = contexts[row][i];
    const char *const needs_full_heads[] = {"model.heads", "model.keys", "model.one_hot"};
    for (size_t i = 0; i < sizeof needs_full_heads / sizeof *needs_full_heads; i++)
        if (strcmp(key->path, needs_full_heads[i]) == 0)
            overrides[count++] = "model.full_heads=true";
    overrides[count] = NULL;
}

/* The word behind mark in the lines that explain a key, up to the end of its line. Caller frees. */
static char *explained(const hf_key *key, const char *mark)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_true(hf_config_explain(key->path, stream));
    fclose(stream);
    char *line = strstr(text, mark);
    assert_non_null(line);
    line += strlen(mark);
    char *word = strndup(line, strcspn(line, "\n"));
    free(text);
    return word;
}

/* Every key's example, as help shows it in a file and as an override, is read as its value and printed back. */
static void test_examples(void **state)
{
    (void)state;
    char override[256];
    write_text(temporary_path("final.tsv"), "1\n", 2);
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        const char *overrides[9] = {0};
        hf_config from_file, from_command;
        char *line = explained(key, "in a file     ");
        fill_context(key, overrides);
        read_good(&from_file, line, overrides);
        assert_true(hf_config_is_given(&from_file, key->path));
        snprintf(override, sizeof override, "%s=%s", key->path, key->example);
        size_t count = 0;
        while (overrides[count] != NULL)
            count++;
        overrides[count] = override;
        if (key->kind != HF_KIND_PATH) { /* a path on the command line starts elsewhere */
            read_good(&from_command, "", overrides);
            char *one = hf_value_text(key, hf_keys_value(key, &from_file));
            char *other = hf_value_text(key, hf_keys_value(key, &from_command));
            assert_string_equal(one, other);
            if (key->fallback != NULL && strcmp(one, key->fallback) == 0)
                fail_msg("the example of %s is its default", key->path);
            free(one);
            free(other);
            hf_config_clear(&from_command);
        }
        hf_config_clear(&from_file);
        free(line);
    }
}

/* Help shows a section's keys, and knows no others. */
static void test_explain(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_true(hf_config_explain("init", stream));
    assert_false(hf_config_explain("gram", stream));
    assert_false(hf_config_explain("", stream));
    fclose(stream);
    assert_non_null(strstr(text, "\n  init.perturbation = 1e-3\n"));
    assert_null(strstr(text, "target."));
    free(text);
    assert_string_equal(hf_keys_suggest("gram"), "target.gram");
    for (size_t k = 0; k < hf_key_count; k++) {
        char *line = explained(&hf_keys[k], "meaning       ");
        assert_true(line[0] != '\0');
        free(line);
    }
}

static void test_hash(void **state)
{
    (void)state;
    static const struct {
        const char *override;
        bool is_same;
    } cases[] = {
        {"title=other", true},
        {"output.plots=false", true},
        {"heads=3.0", true},
        {"target.lengths=(1,1,1)", true},
        {"target.count=3", true},
        {"init.seed=5", false},
        {"solver.rtol=1e-9", false},
        {"output.points=5", false},
        {"target.stride=2", false},
        {"flow.sgd_drift.batch=64", true},
        {"flow.sgd_drift.lr=0.05", false},
        {"test.weights=((1),(1),(1))", false},
    };
    const uint64_t plain = hash_text(MODEL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const overrides[] = {cases[i].override, "target.lengths=(1,1,1)", NULL};
        const bool is_same = hash_text(MODEL, overrides) == plain;
        if (is_same != cases[i].is_same)
            fail_msg("%s: the hash is %s", cases[i].override, is_same ? "the same" : "different");
    }
}

/* ---- the state table ---- */

static void test_state(void **state)
{
    (void)state;
    static const char text[] = MODEL "init = { state = \"a.tsv\"; };";
    hf_config c;
    write_text(temporary_path("a.tsv"), "1\n", 2);
    write_text(temporary_path("b.tsv"), "1\n", 2);
    read_good(&c, text, NULL);
    assert_string_equal(c.init.state, "a.tsv");
    char *path = hf_config_resolve(&c, c.init.state);
    assert_string_equal(path, temporary_path("a.tsv"));
    free(path);
    path = hf_config_resolve(&c, "/x");
    assert_string_equal(path, "/x");
    free(path);
    char *printed = print(&c);
    assert_null(strstr(printed, "perturbation ="));
    assert_null(strstr(printed, "seed ="));
    free(printed);
    const uint64_t of_a = hash(&c);
    hf_config_clear(&c);
    assert_true(of_a == hash_text(MODEL "init = { state = \"b.tsv\"; };", NULL));
    write_text(temporary_path("a.tsv"), "2\n", 2);
    assert_true(of_a != hash_text(text, NULL));
    static const char *const noise[] = {"init.perturbation=1e-4", NULL};
    read_good(&c, text, noise);
    assert_non_null(c.init.state);
    assert_true(c.init.perturbation == 1e-4);
    hf_config_clear(&c);
    assert_true(hash_text(text, NULL) != hash_text(text, noise));
}

/* On the command line a path starts at the current directory, not at the model file's. */
static void test_state_override(void **state)
{
    (void)state;
    static const char *const overrides[] = {"init.state=sub/c.tsv", NULL};
    char before[4096];
    hf_config c;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(mkdir(temporary_path("sub"), 0700), 0);
    write_text(temporary_path("sub/c.tsv"), "1\n", 2);
    assert_int_equal(chdir(temporary_folder()), 0);
    read_good(&c, MODEL "init = { perturbation = 0.5; };", overrides);
    assert_int_equal(chdir(before), 0);
    char *path = hf_config_resolve(&c, c.init.state);
    assert_int_equal(path[0], '/');
    assert_int_equal(access(path, R_OK), 0);
    free(path);
    hf_config_clear(&c);
}

/* A state table takes the place of the file's noise, unless the file has both; noise of the command line is added to it. */
static void test_noise_on_a_state(void **state)
{
    (void)state;
    static const struct {
        const char *init, *override;
        bool has_path;
        double perturbation;
    } cases[] = {
        {"init = { };", "init.state=", true, 0},
        {"init = { perturbation = 0.5; };", "init.state=", true, 0},
        {"init = { state = \"a.tsv\"; };", "title=t", false, 0},
        {"init = { state = \"a.tsv\"; };", "init.perturbation=0.25", false, 0.25},
        {"init = { state = \"a.tsv\"; perturbation = 0.5; };", "title=t", false, 0.5},
        {"init = { state = \"a.tsv\"; perturbation = 0.5; };", "init.state=", true, 0.5},
    };
    write_text(temporary_path("a.tsv"), "1\n", 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_config c;
        char text[200], override[200];
        snprintf(text, sizeof text, MODEL "%s", cases[i].init);
        snprintf(override, sizeof override, "%s%s", cases[i].override, cases[i].has_path ? temporary_path("a.tsv") : "");
        const char *const overrides[] = {override, NULL};
        read_good(&c, text, overrides);
        assert_non_null(c.init.state);
        if (c.init.perturbation != cases[i].perturbation)
            fail_msg("case %zu: %g", i, c.init.perturbation);
        char *once = print(&c);
        hf_config again;
        read_good(&again, once, NULL);
        assert_true(again.init.perturbation == c.init.perturbation && hash(&again) == hash(&c));
        free(once);
        hf_config_clear(&again);
        hf_config_clear(&c);
    }
}

/* ---- wrong model files ---- */

/* Reads the file at path and checks its message against its first line. */
static void check_bad_file(const char *path)
{
    static const char mark[] = "# expect: ";
    char line[1024] = "";
    hf_config c;
    hf_error err = {0};
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    assert_non_null(fgets(line, sizeof line, stream));
    fclose(stream);
    line[strcspn(line, "\n")] = '\0';
    assert_int_equal(strncmp(line, mark, strlen(mark)), 0);
    if (hf_config_read(&c, path, 0, NULL, &err) != HF_EUSAGE || strstr(err.message, line + strlen(mark)) == NULL)
        fail_msg("%s\ngot      %s\nexpected %s", path, err.message, line + strlen(mark));
    for (const char *at = err.message; *at != '\0'; at++)
        assert_true((unsigned char)*at >= ' ');
    const hf_config cleared = {0};
    assert_memory_equal(&c, &cleared, sizeof c);
}

static void test_bad_files(void **state)
{
    (void)state;
    const char *source = getenv("srcdir");
    char path[4096];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/tests/config", source == NULL ? "." : source);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    const size_t length = strlen(path);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *suffix = strrchr(entry->d_name, '.');
        if (suffix == NULL || strcmp(suffix, ".conf") != 0)
            continue;
        snprintf(path + length, sizeof path - length, "/%s", entry->d_name);
        check_bad_file(path);
        count++;
    }
    closedir(directory);
    assert_true(count >= 172); /* so many there were when this was written */
}

static void test_not_a_model(void **state)
{
    (void)state;
    hf_config c;
    hf_error err = {0};
    assert_int_equal(hf_config_read(&c, temporary_path("none.conf"), 0, NULL, &err), HF_EUSAGE);
    expect_message(&err, "none.conf: cannot be read: No such file or directory");
    assert_int_equal(hf_config_read(&c, temporary_folder(), 0, NULL, &err), HF_EUSAGE);
    expect_message(&err, ": cannot be read: Is a directory");
    assert_int_equal(read_text(&c, "", NULL, &err), HF_EUSAGE);
    expect_message(&err, "m.conf: heads: this key is required");
    write_text(temporary_path("nul.conf"), "heads = 3;\n\0x", 13);
    assert_int_equal(hf_config_read(&c, temporary_path("nul.conf"), 0, NULL, &err), HF_EUSAGE);
    expect_message(&err, "nul.conf:2: holds a NUL byte");
    if (geteuid() == 0)
        return;
    write_text(temporary_path("secret.conf"), MODEL, strlen(MODEL));
    assert_int_equal(chmod(temporary_path("secret.conf"), 0), 0);
    assert_int_equal(hf_config_read(&c, temporary_path("secret.conf"), 0, NULL, &err), HF_EUSAGE);
    expect_message(&err, "secret.conf: cannot be read: Permission denied");
}

static void test_reject(void **state)
{
    (void)state;
    static const char *const overrides[] = {"init.seed=7", NULL};
    hf_config c;
    hf_error err = {0};
    read_good(&c, MODEL, overrides);
    assert_int_equal(hf_config_reject(&c, &err, "positions", "is %d", 40), HF_EUSAGE);
    expect_message(&err, "/m.conf:2: positions: is 40");
    hf_config_reject(&c, &err, "init.seed", "is unlucky");
    assert_string_equal(err.message, "-s init.seed=7: init.seed: is unlucky");
    hf_config_reject(&c, &err, "solver.rtol", "is a default");
    expect_message(&err, "/m.conf: solver.rtol: is a default");
    hf_config_clear(&c);
}

/* Whatever size bytes say, they are read or refused with a message. */
static void read_model_bytes(const char *bytes, size_t size)
{
    hf_config c;
    hf_error err = {0};
    write_text(temporary_path("bytes.conf"), bytes, size);
    const hf_status status = hf_config_read(&c, temporary_path("bytes.conf"), 0, NULL, &err);
    if (status == HF_OK)
        hf_config_clear(&c);
    else
        assert_true(status == HF_EUSAGE && err.message[0] != '\0');
}

static void test_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_models / sizeof *good_models; i++)
        for (size_t size = 0; size <= strlen(good_models[i]); size++)
            read_model_bytes(good_models[i], size);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* A few bytes replaced by ones that mean something to the parser, or by any. */
static void test_mutations(void **state)
{
    (void)state;
    static const char special[] = "\"\\(){}[]=:;,.#/*@-+eELx09 \n\t";
    uint64_t seed = 20240607;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int trial = 0; trial < 4000; trial++) {
        const char *model = good_models[next_random(&seed) % (sizeof good_models / sizeof *good_models)];
        char *bytes = strdup(model);
        assert_non_null(bytes);
        const size_t size = strlen(model);
        for (uint64_t changes = 1 + next_random(&seed) % 4; changes > 0; changes--) {
            const bool any = next_random(&seed) % 4 == 0;
            const size_t at = next_random(&seed) % size;
            bytes[at] = any ? (char)next_random(&seed) : special[next_random(&seed) % (sizeof special - 1)];
        }
        read_model_bytes(bytes, size);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_numbers),        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_wide_numbers),
        cmocka_unit_test(test_lengths),       cmocka_unit_test(test_gram),           cmocka_unit_test(test_ends),
        cmocka_unit_test(test_include),
        cmocka_unit_test(test_overrides),     cmocka_unit_test(test_bad_overrides),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_print_failure), cmocka_unit_test(test_documentation),  cmocka_unit_test(test_hash),
        cmocka_unit_test(test_noise_on_a_state), cmocka_unit_test(test_examples),      cmocka_unit_test(test_explain),
        cmocka_unit_test(test_state),         cmocka_unit_test(test_state_override), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_not_a_model),   cmocka_unit_test(test_reject),         cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
