/* The decoder and its layers: every switch against finite differences, against the minimal model, threads, dropout. */
#include "gradients.h"

#include "train/decoder.h"
#include "train/layers/layers.h"
#include "train/markov.h"
#include "train/minimal.h"

#include <stdlib.h>
#include <string.h>

static const size_t lags[] = {1, 3}, lengths[] = {2, 1};
static const double strengths[] = {1.7, 1};
static const hf_markov_params chain = {.vocabulary = 7,
                                       .generated = 6,
                                       .spans = 2,
                                       .lag = lags,
                                       .length = lengths,
                                       .strength = strengths,
                                       .temperature = 0.5,
                                       .seed = 3};
static const hf_batch some = {.step = 1, .stream = 1, .count = 5}, many = {.step = 1, .stream = 1, .count = 67};

static hf_token_task make_task(void)
{
    hf_token_task task;
    assert_int_equal(hf_markov_create(&task, &chain, NULL), HF_OK);
    return task;
}

static hf_model make_decoder(const hf_token_task *task, const hf_decoder_params *params)
{
    hf_model model;
    hf_error err = {0};
    hf_decoder_params complete = *params;
    complete.threads = params->threads == 0 ? 1 : params->threads;
    if (hf_decoder_create(&model, task, &complete, &err) != HF_OK)
        fail_msg("%s", err.message);
    return model;
}

typedef struct {
    const char *name;
    hf_decoder_params params;
} variant;

#define XAVIER .query_scale = -1, .key_scale = -1, .value_scale = -1, .seed = 5

/* From the full model to the minimal one, and some that lie beside the way. */
static const variant variants[] = {
    {"full", {2, 1, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true, XAVIER}},
    {"two blocks", {2, 2, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true, XAVIER}},
    {"three blocks, sinusoids",
     {3, 3, .width = 6, .mlp = 4, .places = HF_PLACES_SINUSOIDAL, .keys = true, .output = true, .residual = true, XAVIER}},
    {"no MLP", {2, 1, .width = 6, .keys = true, .output = true, .residual = true, .norm = true, XAVIER}},
    {"no norm", {2, 1, .width = 6, .mlp = 3, .keys = true, .output = true, .residual = true, XAVIER}},
    {"no residual", {2, 1, .width = 6, .mlp = 3, .keys = true, .output = true, .norm = true, XAVIER}},
    {"no output projection", {2, 1, .width = 6, .mlp = 3, .keys = true, .residual = true, .norm = true, XAVIER}},
    {"full heads", {2, 1, .width = 6, .keys = true, .full_heads = true, .output = true, .residual = true, XAVIER}},
    {"no keys", {2, 2, .width = 6, .full_heads = true, .residual = true, .norm = true, XAVIER}},
    {"no places", {2, 1, .width = 6, .places = HF_PLACES_NONE, .keys = true, .residual = true, XAVIER}},
    {"one-hot", {2, 1, .one_hot = true, .full_heads = true, XAVIER}},
    {"one-hot with keys and MLP",
     {2, 2, .one_hot = true, .mlp = 4, .keys = true, .full_heads = true, .residual = true, XAVIER}},
    {"window",
     {2, 1, .width = 6, .window = 3, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true, XAVIER}},
    {"two blocks with a window",
     {2, 2, .width = 6, .window = 2, .mlp = 5, .keys = true, .output = true, .residual = true, XAVIER}},
    {"window of the place itself", {2, 2, .width = 6, .window = 1, .keys = true, .output = true, .residual = true, XAVIER}},
    {"dropout",
     {2, 2, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true, .dropout = 0.3, XAVIER}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void test_gradients_against_differences(void **state)
{
    (void)state;
    const hf_token_task task = make_task();
    for (size_t n = 0; n < VARIANTS; n++) {
        const hf_model model = make_decoder(&task, &variants[n].params);
        assert_gradient_by_differences(variants[n].name, &model, &some, 1 + count_parameters(&model) / 400, n + 1);
        model.kind->free(model.self);
    }
    task.kind->free(task.self);
}

/* ---- PyTorch's gradients ---- */

/* Sequences by formula, as in bench/transformers.py. */
static void draw_by_formula(const void *self, uint64_t step, uint32_t sample, hf_token *tokens)
{
    (void)self, (void)step;
    for (uint32_t t = 0; t < 9; t++)
        tokens[t] = (hf_token)((3 * sample + 5 * t + sample * t * t) % 7);
}

static const hf_token_task_kind formula = {.name = "formula", .draw = draw_by_formula};

static const variant compared[] = {
    {"full", {2, 1, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true}},
    {"two blocks", {2, 2, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true}},
    {"sinusoids",
     {3, 2, .width = 6, .mlp = 4, .places = HF_PLACES_SINUSOIDAL, .keys = true, .output = true, .residual = true}},
    {"no MLP", {2, 1, .width = 6, .keys = true, .output = true, .residual = true, .norm = true}},
    {"no output", {2, 1, .width = 6, .mlp = 3, .keys = true, .residual = true, .norm = true}},
    {"no keys", {2, 2, .width = 6, .full_heads = true, .residual = true, .norm = true}},
    {"minimal", {2, 1, .one_hot = true, .full_heads = true}},
    {"vectors", {2, 1, .width = 6, .mlp = 5, .keys = true, .output = true, .residual = true, .norm = true}},
    {"vectors, two blocks",
     {1, 2, .width = 6, .places = HF_PLACES_SINUSOIDAL, .keys = true, .output = true, .residual = true}},
};

/* Inputs and answers by formula, likewise: seven vectors and the place that is asked. */
static void draw_vectors_by_formula(const void *self, uint64_t step, uint32_t sample, double *inputs, double *answer)
{
    (void)self, (void)step;
    for (size_t i = 0; i < 7; i++) {
        for (size_t t = 0; t < 7; t++)
            inputs[t * 7 + i] = sin(0.3 * sample + 0.7 * (double)t + 1.1 * (double)i + 0.13 * (double)(t * i));
        answer[i] = cos(0.9 * sample + 0.4 * (double)i);
    }
}

static const hf_token_task_kind vector_formula = {.name = "formula", .draw_vectors = draw_vectors_by_formula};

static void test_gradients_are_those_of_pytorch(void **state)
{
    (void)state;
    const hf_token_task task = {.kind = &formula, .vocabulary = 7, .length = 9, .first = 3, .scored = 6};
    const hf_token_task vectors = {.kind = &vector_formula, .vocabulary = 7, .length = 9, .first = 8, .scored = 1};
    hf_tsv table = read_tsv(data_path("transformers.tsv"));
    assert_int_equal(table.rows, sizeof compared / sizeof *compared);
    for (size_t n = 0; n < table.rows; n++) {
        const bool reads_vectors = strncmp(compared[n].name, "vectors", 7) == 0;
        const hf_model model = make_decoder(reads_vectors ? &vectors : &task, &compared[n].params);
        assert_gradient_of_table(&table, n, compared[n].name, &model, &some, 1e-13);
        model.kind->free(model.self);
    }
    hf_tsv_clear(&table);
}

/* With nothing but one-hot attention it is the minimal model: same loss, same gradients, matrices transposed. */
static void compare_with_minimal(size_t window)
{
    enum { D = 15, SQUARE = D * D };
    const hf_token_task task = make_task();
    const hf_decoder_params params = {2, 1, .one_hot = true, .full_heads = true, .window = window, XAVIER};
    const hf_minimal_params few = {
        .heads = 2, .threads = 1, .window = window, .query_scale = -1, .value_scale = -1, .seed = 5};
    const hf_model decoder = make_decoder(&task, &params);
    hf_model minimal;
    assert_int_equal(hf_minimal_create(&minimal, &task, &few, NULL), HF_OK);
    double x[4 * SQUARE], y[4 * SQUARE], gx[4 * SQUARE], gy[4 * SQUARE], worst = 0;
    assert_int_equal(hf_tensors_size(decoder.kind->tensors(decoder.self)), 4 * SQUARE);
    minimal.kind->initialize(minimal.self, x);
    /* rows of a query matrix are the keys' coordinates in both; value matrices are [key][output] and [output][key] */
    memcpy(y, x, 2 * SQUARE * sizeof *x);
    for (size_t m = 2; m < 4; m++)
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j < D; j++)
                y[m * SQUARE + i * D + j] = x[m * SQUARE + j * D + i];
    const double loss = minimal.kind->gradient(minimal.self, x, &some, gx);
    assert_true(close_to(decoder.kind->gradient(decoder.self, y, &some, gy), loss, 1e-14));
    for (size_t m = 0; m < 4; m++)
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j < D; j++)
                worst = fmax(worst, fabs(gy[m * SQUARE + (m < 2 ? j * D + i : i * D + j)] - gx[m * SQUARE + j * D + i]));
    assert_true(within("decoder against minimal model", worst, 1e-15));
    decoder.kind->free(decoder.self);
    minimal.kind->free(minimal.self);
    task.kind->free(task.self);
}

static void test_it_contains_the_minimal_model(void **state)
{
    (void)state;
    for (size_t window = 0; window < 9; window++)
        compare_with_minimal(window);
}

static void test_threads(void **state)
{
    (void)state;
    const hf_token_task task = make_task();
    hf_decoder_params params = variants[VARIANTS - 1].params;
    const size_t outputs = many.count * task.scored * task.vocabulary;
    double *x = NULL, *g[3], *logits[3];
    size_t count = 0;
    for (size_t threads = 1; threads <= 3; threads++) {
        params.threads = threads;
        const hf_model model = make_decoder(&task, &params);
        count = count_parameters(&model);
        x = x == NULL ? numbers(count) : x;
        g[threads - 1] = numbers(count);
        logits[threads - 1] = numbers(outputs);
        model.kind->initialize(model.self, x);
        model.kind->gradient(model.self, x, &many, g[threads - 1]);
        assert_memory_equal(g[threads - 1], g[0], count * sizeof *x);
        model.kind->forward(model.self, x, &many, 0, many.count, logits[threads - 1], NULL);
        assert_memory_equal(logits[threads - 1], logits[0], outputs * sizeof *x);
        model.kind->free(model.self);
    }
    for (size_t n = 0; n < 3; n++) {
        free(g[n]);
        free(logits[n]);
    }
    free(x);
    task.kind->free(task.self);
}

static void test_dropout(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    double *x = numbers(COUNT), *again = numbers(COUNT), sum = 0;
    const hf_dropout dropout = {1, 2, 0.25};
    for (size_t i = 0; i < COUNT; i++)
        x[i] = again[i] = 1;
    hf_dropout_apply(&dropout, 1, 7, COUNT, x);
    hf_dropout_apply(&dropout, 1, 7, COUNT, again);
    assert_memory_equal(x, again, COUNT * sizeof *x);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(x[i] == 0 || close_to(x[i], 4.0 / 3, 1e-15));
        sum += x[i];
    }
    assert_true(within("dropout: mean", fabs(sum / COUNT - 1), 6 * sqrt(1.0 / 3 / COUNT)));
    hf_dropout_apply(&dropout, 2, 7, COUNT, again);
    assert_memory_not_equal(x, again, COUNT * sizeof *x);
    free(x);
    free(again);
}

/* The loss without dropout is that of what forward gives. */
static void test_forward(void **state)
{
    (void)state;
    const hf_token_task task = make_task();
    for (size_t n = 0; n < VARIANTS; n++) {
        const hf_model model = make_decoder(&task, &variants[n].params);
        const size_t count = count_parameters(&model), H = variants[n].params.heads;
        const size_t window = variants[n].params.window;
        const size_t rows = 67 * variants[n].params.blocks * H * 6;
        double *x = numbers(count), *z = numbers(67 * 6 * 7), *a = numbers(rows * 8), loss = 0;
        hf_token tokens[9];
        model.kind->initialize(model.self, x);
        model.kind->forward(model.self, x, &many, 0, 67, z, a);
        for (uint32_t s = 0; s < 67; s++) {
            task.kind->draw(task.self, 1, s, tokens);
            loss += hf_cross_entropy(6, 7, tokens + 3, z + s * 42) / (67 * 6);
        }
        assert_true(close_to(model.kind->loss(model.self, x, &many), loss, 1e-13));
        assert_int_equal(hf_model_blocks(model), variants[n].params.blocks);
        for (size_t r = 0; r < rows; r++) {
            double sum = 0;
            for (size_t j = 0; j < 8; j++) {
                sum += a[r * 8 + j];
                const bool sees = j <= r % 6 + 2 && (window == 0 || j + window > r % 6 + 2);
                assert_true(sees ? a[r * 8 + j] > 0 : a[r * 8 + j] == 0);
            }
            assert_true(close_to(sum, 1, 1e-14));
        }
        free(x);
        free(z);
        free(a);
        model.kind->free(model.self);
    }
    task.kind->free(task.self);
}

/* The first block of two attends as a model of this block alone does, for what it sees and holds is the same. */
static void test_attention_of_every_block(void **state)
{
    (void)state;
    enum { SIZE = 2 * 6 * 8 }; /* of a block */
    const hf_token_task task = make_task();
    hf_decoder_params params = variants[1].params;
    const hf_model two = make_decoder(&task, &params);
    params.blocks = 1;
    const hf_model one = make_decoder(&task, &params);
    double *x = numbers(hf_tensors_size(two.kind->tensors(two.self)));
    double *both = numbers(67 * 2 * SIZE), *first = numbers(67 * SIZE), worst = 0, apart = 0;
    assert_true(hf_model_blocks(two) == 2 && hf_model_blocks(one) == 1);
    two.kind->initialize(two.self, x); /* the same parameters come first in both */
    two.kind->forward(two.self, x, &many, 0, 67, NULL, both);
    one.kind->forward(one.self, x, &many, 0, 67, NULL, first);
    for (size_t s = 0; s < 67; s++)
        for (size_t i = 0; i < SIZE; i++) {
            worst = fmax(worst, fabs(both[s * 2 * SIZE + i] - first[s * SIZE + i]));
            apart = fmax(apart, fabs(both[(s * 2 + 1) * SIZE + i] - first[s * SIZE + i]));
        }
    assert_true(within("attention of the first block", worst, 1e-14) && apart > 1e-3);
    free(x);
    free(both);
    free(first);
    two.kind->free(two.self);
    one.kind->free(one.self);
    task.kind->free(task.self);
}

/* The paper's start: embedding and read-out orthonormal, other matrices within Xavier's bound, gains 1, biases 0. */
static void test_start(void **state)
{
    (void)state;
    hf_token_task task;
    hf_markov_params large = chain;
    large.vocabulary = 50;
    assert_int_equal(hf_markov_create(&task, &large, NULL), HF_OK);
    const hf_decoder_params params = {
        3, 1, .width = 255, .mlp = 64, .keys = true, .output = true, .residual = true, .norm = true, XAVIER};
    const hf_model model = make_decoder(&task, &params);
    const hf_tensors tensors = model.kind->tensors(model.self);
    double *x = numbers(hf_tensors_size(tensors));
    model.kind->initialize(model.self, x);
    for (size_t t = 0; t < tensors.count; t++) {
        const hf_tensor *tensor = &tensors.at[t];
        const double *at = x + tensor->offset;
        double largest = 0, along = 0;
        for (size_t e = 0; e < tensor->count; e++)
            largest = fmax(largest, fabs(at[e]));
        for (size_t c = 0; c < tensor->shape[1] && tensor->shape[0] == 50; c++)
            along += at[c] * at[255 + c];
        if (strcmp(tensor->name, "query") == 0)
            assert_true(largest < 0.1085 && largest > 0.1083);
        if (strcmp(tensor->name, "gain") == 0)
            assert_true(largest == 1 && at[0] == 1);
        if (strcmp(tensor->name, "mlp_in_bias") == 0)
            assert_true(largest == 0);
        assert_true(tensor->shape[0] != 50 || fabs(along) < 1e-14);
    }
    free(x);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

static void test_switches_that_do_not_fit(void **state)
{
    (void)state;
    static const hf_decoder_params wrong[] = {
        {3, 1, .width = 8, .keys = true, .threads = 1},
        {2, 1, .width = 8, .threads = 1},
        {2, 1, .one_hot = true, .keys = true, .threads = 1},
        {2, 1, .one_hot = true, .full_heads = true, .places = HF_PLACES_NONE, .threads = 1},
    };
    const hf_token_task task = make_task();
    for (size_t n = 0; n < 4; n++) {
        hf_model model;
        hf_error err = {0};
        assert_int_equal(hf_decoder_create(&model, &task, &wrong[n], &err), HF_EUSAGE);
        assert_true(strlen(err.message) > 10);
    }
    task.kind->free(task.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_against_differences),
        cmocka_unit_test(test_gradients_are_those_of_pytorch),
        cmocka_unit_test(test_it_contains_the_minimal_model),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_dropout),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_attention_of_every_block),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_switches_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
