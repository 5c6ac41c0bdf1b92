/* Associative recall: sequences, what who knows a level says, where heads look, gradients of the decoder that learns it. */
#include "gradients.h"

#include "train/decoder.h"
#include "train/recall.h"
#include "train/token_probe.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS = 6, LENGTH = 2 * PAIRS + 2, MANY = 20000 };

static hf_token_task make_task(const hf_recall_params *params)
{
    hf_token_task task;
    assert_int_equal(hf_recall_create(&task, params, NULL), HF_OK);
    assert_int_equal(task.vocabulary, params->tokens);
    assert_int_equal(task.length, 2 * params->pairs + 2);
    assert_int_equal(task.first, 2 * params->pairs + 1);
    assert_int_equal(task.scored, 1);
    return task;
}

/* The pairs asked for in a sequence of six; fails where keys are not distinct otherwise or a pair or the answer is wrong. */
static size_t count_asked_for(const hf_token *tokens, size_t vocabulary)
{
    const hf_token query = tokens[2 * PAIRS], answer = tokens[2 * PAIRS + 1];
    size_t asked_for = 0;
    for (size_t i = 0; i < LENGTH; i++)
        assert_true(tokens[i] < vocabulary);
    for (size_t i = 0; i < PAIRS; i++) {
        if (tokens[2 * i] == query) {
            assert_int_equal(tokens[2 * i + 1], answer);
            asked_for++;
            continue;
        }
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(tokens[2 * i], tokens[2 * j]);
    }
    return asked_for;
}

/* A frequency of MANY draws within five standard errors. */
static void assert_frequency(size_t count, double p)
{
    assert_true(is_close((double)count / MANY, p, 0, 5 * sqrt(p * (1 - p) / MANY)));
}

static void test_sequences(void **state)
{
    (void)state;
    for (size_t copies = 1; copies <= PAIRS; copies++) {
        const hf_recall_params params = {.tokens = 7, .pairs = PAIRS, .copies = copies, .seed = 5};
        hf_token_task task = make_task(&params);
        size_t queried[7] = {0}, valued[7] = {0}, at[PAIRS] = {0};
        for (uint32_t n = 0; n < MANY; n++) {
            hf_token tokens[LENGTH];
            task.kind->draw(task.self, 1 + n % 3, n, tokens);
            assert_int_equal(count_asked_for(tokens, 7), copies);
            queried[tokens[2 * PAIRS]]++;
            valued[tokens[1]]++;
            for (size_t i = 0; i < PAIRS; i++)
                at[i] += tokens[2 * i] == tokens[2 * PAIRS];
        }
        for (size_t v = 0; v < 7; v++) {
            assert_frequency(queried[v], 1 / 7.0);
            assert_frequency(valued[v], 1 / 7.0);
        }
        for (size_t i = 0; i < PAIRS; i++)
            assert_frequency(at[i], (double)copies / PAIRS);
        task.kind->free(task.self);
    }
}

/* Token 0 is asked for with probability p + (1 - p)/V in training, fresh or fixed, and 1/V in held-out sequences. */
static void test_repetition(void **state)
{
    (void)state;
    const hf_recall_params params = {
        .tokens = 9, .pairs = PAIRS, .copies = 2, .held_out = 1, .repetition = 0.3, .fixed = MANY, .seed = 6};
    hf_token_task task = make_task(&params);
    size_t fresh = 0, fixed = 0, held_out = 0;
    for (uint32_t n = 0; n < MANY; n++) {
        hf_token tokens[LENGTH];
        task.kind->draw(task.self, 7, n, tokens);
        fresh += tokens[2 * PAIRS] == 0;
        assert_int_equal(count_asked_for(tokens, 9), 2);
        task.kind->draw(task.self, 0, n, tokens);
        assert_int_equal(count_asked_for(tokens, 9), 2);
        fixed += tokens[2 * PAIRS] == 0;
        task.kind->draw(task.self, 0, MANY + n, tokens);
        assert_int_equal(count_asked_for(tokens, 9), 1);
        held_out += tokens[2 * PAIRS] == 0;
    }
    assert_frequency(fresh, 0.3 + 0.7 / 9);
    assert_frequency(fixed, 0.3 + 0.7 / 9);
    assert_frequency(held_out, 1 / 9.0);
    task.kind->free(task.self);
}

static void test_levels(void **state)
{
    (void)state;
    const hf_recall_params params = {.tokens = 5, .pairs = PAIRS, .copies = 3, .seed = 7};
    /*                           0  1  2  3  4  5  6  7  8  9 10 11 12 13 */
    const hf_token tokens[] = {3, 1, 0, 2, 3, 1, 4, 2, 3, 1, 2, 0, 3, 1};
    const double guess[] = {0.2, 0.2, 0.2, 0.2, 0.2}, values[] = {1 / 6.0, 3 / 6.0, 2 / 6.0, 0, 0},
                 truth[] = {0, 1, 0, 0, 0};
    const double *const expected[] = {guess, values, truth};
    hf_token_task task = make_task(&params);
    assert_int_equal(task.kind->levels(task.self), 2);
    for (size_t known = 0; known <= 2; known++) {
        double p[5];
        task.kind->distribution(task.self, tokens, LENGTH - 1, known, p);
        for (size_t v = 0; v < 5; v++)
            assert_true(close_to(p[v], expected[known][v], 1e-15));
    }
    for (size_t place = 0; place < LENGTH - 1; place++) {
        assert_int_equal(task.kind->sees(task.self, tokens, 1, place), place == 3 || place == 7 || place == 11);
        assert_int_equal(task.kind->sees(task.self, tokens, 2, place), place == 1 || place == 5 || place == 9);
    }
    task.kind->free(task.self);
}

static void test_gradient(void **state)
{
    (void)state;
    const hf_recall_params params = {.tokens = 7, .pairs = PAIRS, .copies = 2, .repetition = 0.5, .seed = 9};
    const hf_batch batch = {.step = 1, .stream = 1, .count = 7};
    hf_token_task task = make_task(&params);
    hf_model model = make_two_blocks(&task, HF_PLACES_LEARNED, -1, 1);
    assert_gradient_by_differences("recall", &model, &batch, 3, 20261127);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

/* Without queries attention is uniform over the 2N + 1 places, and the masses follow; with them, they are sums of forward's attention. */
static void test_masses(void **state)
{
    (void)state;
    const hf_recall_params params = {.tokens = 7, .pairs = PAIRS, .copies = 2, .seed = 9};
    const hf_batch held_out = {.fixed = true, .count = 150};
    const size_t places = 2 * PAIRS + 1;
    hf_token_task task = make_task(&params);
    for (int uniform = 0; uniform < 2; uniform++)
        for (size_t threads = 1; threads <= 2; threads++) {
            hf_model model = make_two_blocks(&task, HF_PLACES_LEARNED, uniform ? 0 : -1, threads);
            const size_t count = count_parameters(&model);
            double *parameters = malloc(count * sizeof *parameters),
                   *attention = malloc(150 * 4 * places * sizeof *attention);
            double mass[4] = {0};
            hf_token_probe *probe;
            assert_true(parameters != NULL && attention != NULL);
            model.kind->initialize(model.self, parameters);
            assert_int_equal(hf_token_probe_create(&probe, &task, model, 2, &held_out, threads, NULL), HF_OK);
            assert_true(hf_token_probe_look(probe, parameters) && hf_token_probe_look(probe, parameters));
            model.kind->forward(model.self, parameters, &held_out, 0, 150, NULL, attention);
            for (size_t n = 0; n < 150; n++) {
                hf_token tokens[LENGTH];
                task.kind->draw(task.self, 0, (uint32_t)n, tokens);
                for (size_t h = 0; h < 2; h++)
                    for (size_t i = 0; i < PAIRS; i++)
                        mass[2 * h + (tokens[2 * i] == tokens[2 * PAIRS])] +=
                            attention[((n * 2 + 1) * 2 + h) * places + 2 * i + 1] / 150;
            }
            const hf_token_view *view = hf_token_probe_view(probe);
            for (size_t i = 0; i < 4; i++) {
                assert_true(close_to(view->mass[i], mass[i], 1e-12) && view->last[i] == view->mass[i]);
                if (uniform)
                    assert_true(close_to(view->mass[i], (i % 2 == 0 ? 4 : 2) / 13.0, 1e-12));
            }
            hf_token_probe_free(probe);
            model.kind->free(model.self);
            free(parameters);
            free(attention);
        }
    task.kind->free(task.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequences), cmocka_unit_test(test_repetition),
                                       cmocka_unit_test(test_levels), cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_masses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
