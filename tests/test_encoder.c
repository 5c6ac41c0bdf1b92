/* The encoder, its masks and its tasks: every mask and switch against finite differences and PyTorch, masks against their definitions,
 * threads, measures against a direct computation. */
#include "gradients.h"

#include "train/encoder.h"
#include "train/layers/layers.h"
#include "train/strings.h"

#include <stdlib.h>
#include <string.h>

static const hf_batch some = {.step = 1, .stream = 1, .count = 5}, many = {.step = 1, .stream = 1, .count = 67};

/* Strings by formula, as in bench/encoders.py. */
static void draw_by_formula(const void *self, uint64_t step, uint32_t sample, hf_token *tokens)
{
    (void)self, (void)step;
    for (uint32_t t = 0; t < 7; t++)
        tokens[t] = (hf_token)((3 * sample + 5 * t + sample * t * t) % 3);
    tokens[7] = (hf_token)(sample % 2);
}

static const hf_token_task_kind formula = {.name = "formula", .draw = draw_by_formula};
static const hf_token_task task = {.kind = &formula, .vocabulary = 3, .length = 8, .first = 7, .scored = 1};

static hf_model make_encoder(const hf_token_task *of, const hf_encoder_params *params)
{
    hf_model model;
    hf_error err = {0};
    hf_encoder_params complete = *params;
    complete.threads = params->threads == 0 ? 1 : params->threads;
    if (hf_encoder_create(&model, of, &complete, &err) != HF_OK)
        fail_msg("%s", err.message);
    return model;
}

typedef struct {
    const char *name;
    hf_encoder_params params;
} variant;

#define SMALL .classes = 2, .width = 6, .blocks = 2, .mlp = 5, .keep = 3, .eps = 1e-5, .seed = 5
#define AS_IS .pad = true, .pad_seen = true

/* Those with a line in tests/data/encoders.tsv, in its order. */
static const variant compared[] = {
    {"full", {SMALL, AS_IS, .heads = 2}},
    {"one head", {SMALL, AS_IS, .heads = 1, .first_eps = 1e-5}},
    {"final norm", {SMALL, AS_IS, .heads = 2, .final_norm = true, .first_eps = 1e-5}},
    {"top", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_TOP}},
    {"top, no padding", {SMALL, .pad_seen = true, .heads = 2, .mask = HF_MASK_TOP}},
    {"top, padding unseen", {SMALL, .pad = true, .heads = 2, .mask = HF_MASK_TOP}},
    {"bottom", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_BOTTOM}},
    {"window", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_WINDOW}},
    {"window, global places", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_WINDOW, .globals = 2}},
    {"block", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_BLOCK}},
    {"block, no padding", {SMALL, .pad_seen = true, .heads = 2, .mask = HF_MASK_BLOCK}},
    {"block, global place", {SMALL, .pad = true, .heads = 2, .mask = HF_MASK_BLOCK, .globals = 1}},
};
enum { COMPARED = sizeof compared / sizeof *compared };

/* What PyTorch draws otherwise. */
static const variant random_ones[] = {
    {"random", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_RANDOM}},
    {"random, padding unseen", {SMALL, .pad = true, .heads = 3, .mask = HF_MASK_RANDOM}},
    {"dropout", {SMALL, AS_IS, .heads = 2, .dropout = 0.3, .attention_dropout = 0.2}},
    {"top with dropout", {SMALL, AS_IS, .heads = 2, .mask = HF_MASK_TOP, .dropout = 0.2, .attention_dropout = 0.3}},
};

/* The loss that gradient returns: with dropout, unlike that of loss. */
static void compare_with_differences(const variant *v)
{
    const hf_model model = make_encoder(&task, &v->params);
    assert_gradient_by_differences(v->name, &model, &some, 1, 17);
    model.kind->free(model.self);
}

static void test_gradients_against_differences(void **state)
{
    (void)state;
    for (size_t n = 0; n < COMPARED; n++)
        compare_with_differences(&compared[n]);
    for (size_t n = 0; n < sizeof random_ones / sizeof *random_ones; n++)
        compare_with_differences(&random_ones[n]);
}

static void test_gradients_are_those_of_pytorch(void **state)
{
    (void)state;
    hf_tsv table = read_tsv(data_path("encoders.tsv"));
    assert_int_equal(table.rows, COMPARED);
    for (size_t n = 0; n < table.rows; n++) {
        const hf_model model = make_encoder(&task, &compared[n].params);
        assert_gradient_of_table(&table, n, compared[n].name, &model, &some, 1e-12);
        model.kind->free(model.self);
    }
    hf_tsv_clear(&table);
}

/* ---- masks ---- */

/* Kept keys of a query as a text of 1 and 0. */
static const char *kept(const hf_mask *mask, size_t query, const double *x)
{
    static char text[32];
    size_t rank[32];
    bool keep[32];
    hf_mask_keep(mask, query, x, x, rank, keep);
    for (size_t j = 0; j < mask->places; j++)
        text[j] = keep[j] ? '1' : '0';
    text[mask->places] = '\0';
    return text;
}

static void test_masks(void **state)
{
    (void)state;
    static const double x[] = {2, 3, 1, 3, 3, 1, 0, 1, 2, 0};
    static const struct {
        hf_mask mask;
        size_t query;
        const char *kept;
    } cases[] = {
        {{HF_MASK_FULL, 3, 8, 0, 0, 0}, 2, "11111111"},
        {{HF_MASK_FULL, 3, 8, 0, 6, 8}, 2, "11111100"},
        {{HF_MASK_TOP, 2, 8, 0, 0, 0}, 2, "01010000"}, /* of three that are equal the first two */
        {{HF_MASK_TOP, 4, 8, 0, 0, 0}, 2, "11011000"},
        {{HF_MASK_TOP, 4, 8, 0, 1, 4},
         2,
         "10001101"}, /* 2, 3, 1, 1: the last two are equal to the first of those left out */
        {{HF_MASK_TOP, 20, 8, 0, 1, 4}, 2, "10001111"},
        {{HF_MASK_BOTTOM, 2, 8, 0, 0, 0}, 2, "00100010"},
        {{HF_MASK_BOTTOM, 1, 8, 0, 6, 7}, 2, "00100000"},
        {{HF_MASK_RANDOM, 2, 8, 0, 0, 0}, 2, "01010000"}, /* by u, which is x here */
        {{HF_MASK_WINDOW, 4, 8, 0, 0, 0}, 0, "11110000"},
        {{HF_MASK_WINDOW, 4, 8, 0, 0, 0}, 4, "00011110"},
        {{HF_MASK_WINDOW, 4, 8, 0, 0, 0}, 7, "00001111"},
        {{HF_MASK_WINDOW, 5, 8, 0, 0, 0}, 3, "01111100"},
        {{HF_MASK_WINDOW, 9, 8, 0, 0, 0}, 3, "11111111"},
        {{HF_MASK_WINDOW, 3, 8, 2, 0, 0}, 5, "00011111"},
        {{HF_MASK_WINDOW, 3, 8, 2, 4, 6}, 3, "00110011"},
        {{HF_MASK_WINDOW, 3, 8, 2, 0, 0}, 6, "11111111"},
        {{HF_MASK_BLOCK, 3, 8, 0, 0, 0}, 4, "00011100"},
        {{HF_MASK_BLOCK, 3, 8, 0, 0, 0}, 7, "00000011"},
        {{HF_MASK_BLOCK, 3, 7, 1, 0, 0}, 1, "1110001"},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
        assert_string_equal(kept(&cases[n].mask, cases[n].query, x), cases[n].kept);
}

/* Random keys: k of them, anew for every query and step, the same for the same. */
static void test_random_mask(void **state)
{
    (void)state;
    enum { P = 12, K = 4 };
    const hf_mask mask = {.kind = HF_MASK_RANDOM, .k = K, .places = P};
    double x[3][P * P];
    void *scratch = malloc(hf_mask_scratch(&mask));
    assert_non_null(scratch);
    for (size_t n = 0; n < 3; n++) {
        const hf_mask_draw draw = {1, n == 2 ? 2 : 1, 0, 7};
        for (size_t i = 0; i < P * P; i++)
            x[n][i] = 0;
        hf_mask_softmax(&mask, &draw, x[n], scratch);
        for (size_t q = 0; q < P; q++) {
            size_t count = 0;
            for (size_t j = 0; j < P; j++)
                count += x[n][q * P + j] == 1.0 / K;
            assert_int_equal(count, K);
        }
    }
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_memory_not_equal(x[0], x[2], sizeof x[0]);
    assert_memory_not_equal(x[0], x[0] + P, P * sizeof x[0][0]);
    free(scratch);
}

/* ---- the model ---- */

static void test_threads(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof random_ones / sizeof *random_ones; n++) {
        hf_encoder_params params = random_ones[n].params;
        double *x = NULL, *g[3];
        hf_encoder_score score[3];
        size_t count = 0;
        for (size_t threads = 1; threads <= 3; threads++) {
            params.threads = threads;
            const hf_model model = make_encoder(&task, &params);
            count = count_parameters(&model);
            x = x == NULL ? numbers(count) : x;
            g[threads - 1] = numbers(count);
            model.kind->initialize(model.self, x);
            model.kind->gradient(model.self, x, &many, g[threads - 1]);
            score[threads - 1] = hf_encoder_judge(&model, x, &many);
            assert_memory_equal(g[threads - 1], g[0], count * sizeof *x);
            assert_memory_equal(&score[threads - 1], &score[0], sizeof score[0]);
            model.kind->free(model.self);
        }
        for (size_t i = 0; i < 3; i++)
            free(g[i]);
        free(x);
    }
}

/* The start is the same for every mask, and dropout has no part in judging. */
static void test_start(void **state)
{
    (void)state;
    const hf_model full = make_encoder(&task, &compared[0].params), top = make_encoder(&task, &compared[3].params);
    const hf_model dropped = make_encoder(&task, &random_ones[2].params);
    const size_t count = count_parameters(&full);
    double *x = numbers(count), *y = numbers(count), *g = numbers(count);
    full.kind->initialize(full.self, x);
    top.kind->initialize(top.self, y);
    assert_int_equal(count_parameters(&top), count);
    assert_memory_equal(x, y, count * sizeof *x);
    assert_true(close_to(dropped.kind->loss(dropped.self, x, &some), full.kind->loss(full.self, x, &some), 1e-15));
    assert_true(fabs(training_loss(&dropped, &some, x, g) - full.kind->loss(full.self, x, &some)) > 1e-6);
    free(x);
    free(y);
    free(g);
    full.kind->free(full.self);
    top.kind->free(top.self);
    dropped.kind->free(dropped.self);
}

/* Accuracy and entropy from what forward gives. */
static void test_judging(void **state)
{
    (void)state;
    enum { P = 9, H = 2, B = 2, N = 67 };
    const hf_model model = make_encoder(&task, &compared[3].params);
    double *x = numbers(count_parameters(&model)), *z = numbers(N * 2), *a = numbers(N * B * H * P * P);
    double right = 0, entropy = 0;
    model.kind->initialize(model.self, x);
    model.kind->forward(model.self, x, &many, 0, N, z, a);
    for (size_t s = 0; s < N; s++)
        right += (z[2 * s + 1] > z[2 * s]) == (s % 2 == 1);
    for (size_t r = 0; r < N * B * H * P; r++) {
        double sum = 0;
        size_t seen = 0;
        for (size_t j = 0; j < P; j++) {
            const double w = a[r * P + j];
            sum += w;
            seen += w > 0;
            entropy -= w > 0 ? w * log(w) / (N * B * H * P) : 0;
        }
        assert_true(close_to(sum, 1, 1e-14) && seen == 3);
    }
    const hf_encoder_score score = hf_encoder_judge(&model, x, &many);
    assert_true(close_to(score.accuracy, right / N, 1e-15) && close_to(score.entropy, entropy, 1e-12));
    assert_int_equal(hf_encoder_places(&model), P);
    assert_int_equal(hf_model_blocks(model), B);
    free(x);
    free(z);
    free(a);
    model.kind->free(model.self);
}

/* With full attention the logits are those of the weights up to a number for every query: the measures by sorting these. */
static void test_measures(void **state)
{
    (void)state;
    enum { P = 7, H = 2, B = 2, N = 5, K = 3 };
    const hf_model model = make_encoder(&task, &compared[0].params);
    const size_t count = count_parameters(&model);
    double *x = numbers(count), *a = numbers(N * B * H * P * P);
    hf_encoder_place place[B * H * P], mine[B * H * P] = {{0}};
    for (size_t i = 0; i < count; i++)
        x[i] = 0.7 * sin(1 + 0.37 * (double)i + 0.0011 * (double)i * (double)i);
    model.kind->forward(model.self, x, &some, 0, N, NULL, a);
    for (size_t r = 0; r < N * B * H * P; r++) {
        const double *w = a + r * P;
        hf_encoder_place *m = &mine[r % (B * H * P)];
        size_t order[P];
        for (size_t j = 0; j < P; j++) {
            size_t at = j;
            for (; at > 0 && w[order[at - 1]] < w[j]; at--)
                order[at] = order[at - 1];
            order[at] = j;
        }
        const double spread = log(w[order[0]] / w[order[P - 1]]), inside = log(w[order[0]] / w[order[K - 1]]);
        const double gap = log(w[order[K - 1]] / w[order[K]]);
        m->spread += spread / N;
        m->inside += inside / N;
        m->gap += gap / N;
        m->spread_most = fmax(m->spread_most, spread);
        m->inside_most = fmax(m->inside_most, inside);
        m->gap_least = r < B * H * P ? gap : fmin(m->gap_least, gap);
        m->holds += (inside + log(2 + 2 / gap) < spread) / (double)N;
        for (size_t i = 0; i < K; i++)
            mine[r % (B * H * P) / P * P + order[i]].chosen += 1.0 / (K * N);
    }
    assert_int_equal(hf_encoder_measure(&model, x, &some, place, NULL), HF_OK);
    double holds = 0;
    for (size_t i = 0; i < B * H * P; i++) {
        const hf_encoder_place *p = &place[i], *m = &mine[i];
        assert_true(close_to(p->spread, m->spread, 1e-9) && close_to(p->inside, m->inside, 1e-9));
        assert_true(close_to(p->gap, m->gap, 1e-9) && close_to(p->spread_most, m->spread_most, 1e-9));
        assert_true(close_to(p->inside_most, m->inside_most, 1e-9) && is_close(p->gap_least, m->gap_least, 1e-9, 1e-12));
        assert_true(is_close(p->holds, m->holds, 1e-12, 1e-12) && is_close(p->chosen, m->chosen, 1e-12, 1e-12));
        holds += p->holds;
    }
    assert_true(holds > 0 && holds < B * H * P);
    free(x);
    free(a);
    model.kind->free(model.self);
}

/* No more keys than are kept: nothing is left out, and there is no gap. */
static void test_measures_without_a_gap(void **state)
{
    (void)state;
    hf_encoder_params params = compared[0].params;
    params.keep = 7;
    const hf_model model = make_encoder(&task, &params);
    double *x = numbers(count_parameters(&model));
    hf_encoder_place place[28];
    model.kind->initialize(model.self, x);
    assert_int_equal(hf_encoder_measure(&model, x, &some, place, NULL), HF_OK);
    assert_true(isnan(place[3].gap) && isnan(place[3].inside) && isnan(place[3].holds) && place[3].spread > 0);
    assert_true(close_to(place[3].chosen, 1, 1e-14));
    free(x);
    model.kind->free(model.self);
}

static void test_sizes_that_do_not_fit(void **state)
{
    (void)state;
    hf_encoder_params wrong[] = {compared[0].params, compared[0].params, compared[0].params};
    wrong[0].heads = 4;
    wrong[1].keep = 0;
    wrong[2].mlp = 0;
    for (size_t n = 0; n < 3; n++) {
        hf_model model;
        hf_error err = {0};
        wrong[n].threads = 1;
        assert_int_equal(hf_encoder_create(&model, &task, &wrong[n], &err), HF_EUSAGE);
        assert_true(strlen(err.message) > 10);
    }
}

/* ---- tasks ---- */

/* Answers by another way: the first and the last bit; the number of ones; the bit that stands twice. */
static hf_token answer(hf_strings_kind kind, size_t length, const hf_token *tokens)
{
    size_t ones = 0;
    if (kind == HF_STRINGS_EVEN_PAIRS)
        return tokens[0] != tokens[length - 1];
    for (size_t t = 0; t < length; t++) {
        if (tokens[t] == 2)
            return tokens[t < length / 2 ? t + length / 2 : t - length / 2];
        ones += tokens[t];
    }
    return ones % 2;
}

static void test_tasks(void **state)
{
    (void)state;
    enum { LENGTH = 40, COUNT = 2000 };
    for (hf_strings_kind kind = 0; kind <= HF_STRINGS_MISSING_DUPLICATES; kind++) {
        hf_token_task strings;
        hf_token tokens[LENGTH + 1], again[LENGTH + 1];
        const hf_strings_params params = {kind, LENGTH, 3};
        double right = 0, marks[LENGTH] = {0}, bits = 0;
        assert_int_equal(hf_strings_create(&strings, &params, NULL), HF_OK);
        assert_true(strings.length == LENGTH + 1 && strings.first == LENGTH && strings.scored == 1);
        for (uint32_t s = 0; s < COUNT; s++) {
            strings.kind->draw(strings.self, 0, s, tokens);
            strings.kind->draw(strings.self, 0, s, again);
            assert_memory_equal(tokens, again, sizeof tokens);
            assert_int_equal(tokens[LENGTH], answer(kind, LENGTH, tokens));
            right += tokens[LENGTH];
            for (size_t t = 0; t < LENGTH; t++) {
                marks[t] += tokens[t] == 2;
                bits += tokens[t] == 1;
            }
        }
        const double deviation = 0.5 / sqrt(COUNT);
        assert_true(fabs(right / COUNT - 0.5) < 4 * deviation && fabs(bits / (COUNT * LENGTH) - 0.5) < 0.02);
        for (size_t t = 0; t < LENGTH; t++)
            assert_true(kind == HF_STRINGS_MISSING_DUPLICATES ? marks[t] > 20 && marks[t] < 90 : marks[t] == 0);
        double p[3];
        strings.kind->distribution(strings.self, tokens, LENGTH, 1, p);
        assert_true(p[tokens[LENGTH]] == 1 && strings.kind->levels(strings.self) == 1);
        strings.kind->distribution(strings.self, tokens, LENGTH, 0, p);
        assert_true(p[0] == 0.5 && p[1] == 0.5);
        strings.kind->free(strings.self);
    }
}

/* Place after the steps: ones minus minus ones. */
static hf_token walk(size_t length, const hf_token *tokens)
{
    int place = 0;
    for (size_t t = 0; t < length; t++)
        place += tokens[t] == 2 ? 1 : tokens[t] == 0 ? -1 : 0;
    return (hf_token)((place % 5 + 5) % 5);
}

/* The value of an expression from its last operator of the weakest kind on; whole numbers, and the residue at the end. */
static long value_of(size_t length, const hf_token *tokens)
{
    for (size_t t = length; t-- > 1;)
        if (t % 2 == 1 && tokens[t] != 7) {
            const long before = value_of(t, tokens), after = value_of(length - t - 1, tokens + t + 1);
            return (tokens[t] == 5 ? before + after : before - after) % 5;
        }
    long product = 1;
    for (size_t t = 0; t < length; t += 2)
        product = product * tokens[t] % 5;
    return product;
}

/* Answers of five classes: against those above, hand-made ones, and for the walk as often as the others. */
static void test_five_classes(void **state)
{
    (void)state;
    enum { LENGTH = 41, COUNT = 5000 };
    const hf_token steps[] = {2, 0, 1, 0, 0}, sum[] = {1, 5, 2, 7, 3}, left[] = {1, 6, 1, 6, 1},
                   mixed[] = {0, 7, 1, 5, 4, 7, 3, 6, 2};
    assert_int_equal(walk(5, steps), 3);
    assert_int_equal((value_of(5, sum) + 5) % 5, 2);
    assert_int_equal((value_of(5, left) + 5) % 5, 4);
    assert_int_equal((value_of(9, mixed) + 5) % 5, 0);
    for (hf_strings_kind kind = HF_STRINGS_CYCLE_NAVIGATION; kind <= HF_STRINGS_MODULAR_ARITHMETIC; kind++) {
        hf_token_task strings;
        hf_token tokens[LENGTH + 1];
        const bool walks = kind == HF_STRINGS_CYCLE_NAVIGATION;
        const hf_strings_params params = {kind, LENGTH, 3};
        double answers[5] = {0}, symbols[8] = {0}, p[8], total = 0;
        assert_int_equal(hf_strings_create(&strings, &params, NULL), HF_OK);
        assert_int_equal(strings.vocabulary, walks ? 5 : 8);
        for (uint32_t s = 0; s < COUNT; s++) {
            strings.kind->draw(strings.self, 0, s, tokens);
            assert_int_equal(tokens[LENGTH], walks ? walk(LENGTH, tokens) : (value_of(LENGTH, tokens) + 5) % 5);
            answers[tokens[LENGTH]]++;
            for (size_t t = 0; t < LENGTH; t++) {
                assert_true(walks ? tokens[t] < 3 : (tokens[t] >= 5) == (t % 2 == 1) && tokens[t] < 8);
                symbols[tokens[t]]++;
            }
        }
        for (size_t c = 0; c < 5 && walks; c++)
            assert_true(fabs(answers[c] / COUNT - 0.2) < 4 * sqrt(0.16 / COUNT));
        for (size_t c = 0; c < (walks ? 3 : 5); c++)
            assert_true(fabs(symbols[c] / COUNT - (walks ? LENGTH / 3.0 : 21 / 5.0)) < 0.15);
        strings.kind->distribution(strings.self, tokens, LENGTH, 0, p);
        for (size_t c = 0; c < strings.vocabulary; c++)
            total += p[c];
        assert_true(close_to(total, 1, 1e-15) && p[4] == 0.2);
        strings.kind->free(strings.self);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_against_differences),
        cmocka_unit_test(test_gradients_are_those_of_pytorch),
        cmocka_unit_test(test_five_classes),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_random_mask),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_judging),
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_measures_without_a_gap),
        cmocka_unit_test(test_sizes_that_do_not_fit),
        cmocka_unit_test(test_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
