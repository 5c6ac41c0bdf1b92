/* Regression on sequences of vectors: samples and their law, the loss at the start, gradients, where the asked place looks, threads. */
#include "gradients.h"

#include "train/decoder.h"
#include "train/token_probe.h"
#include "train/vectors.h"

#include <stdlib.h>
#include <string.h>

enum { DIM = 5, LENGTH = 6, MANY = 20000, HELD_OUT = 150, PLACES = LENGTH + 1 };

static hf_token_task make_task(const hf_vectors_params *params)
{
    hf_token_task task;
    assert_int_equal(hf_vectors_create(&task, params, NULL), HF_OK);
    assert_int_equal(task.vocabulary, params->dim);
    assert_int_equal(task.first, params->length + 1);
    assert_int_equal(task.scored, 1);
    return task;
}

/* W, column by column, from samples with x_T = e_1 is not at hand for all columns: it is found from as many samples as dimensions by
 * Gaussian elimination without pivots, X W^T = Y. */
static void solve(double x[DIM][DIM], double y[DIM][DIM])
{
    for (size_t k = 0; k < DIM; k++)
        for (size_t r = 0; r < DIM; r++) {
            const double factor = r == k ? 1 - 1 / x[k][k] : x[r][k] / x[k][k];
            for (size_t c = 0; c < DIM; c++) {
                y[r][c] -= factor * y[k][c];
                x[r][c] -= factor * x[k][c];
            }
        }
}

/* One matrix of squared norm d gives all answers; copies are equal; inputs have mean 0 and variance 1/d and are independent. */
static void test_samples(void **state)
{
    (void)state;
    const hf_vectors_params params = {.dim = DIM, .length = LENGTH, .copies = 2, .seed = 5};
    hf_token_task task = make_task(&params);
    double x[DIM][DIM], w[DIM][DIM], inputs[LENGTH * DIM], answer[DIM], norm = 0, sum = 0, squares = 0, products = 0;
    for (uint32_t n = 0; n < DIM; n++) {
        task.kind->draw_vectors(task.self, 3, n, inputs, answer);
        memcpy(x[n], inputs + (LENGTH - 1) * DIM, sizeof x[n]);
        memcpy(w[n], answer, sizeof w[n]);
    }
    solve(x, w); /* w[column][row] */
    for (size_t i = 0; i < DIM * DIM; i++)
        norm += (&w[0][0])[i] * (&w[0][0])[i];
    assert_true(close_to(norm, DIM, 1e-9));
    for (uint32_t n = 0; n < MANY; n++) {
        task.kind->draw_vectors(task.self, n % 2, n, inputs, answer);
        assert_memory_equal(inputs + (LENGTH - 1) * DIM, inputs + (LENGTH - 2) * DIM, DIM * sizeof *inputs);
        assert_memory_not_equal(inputs + (LENGTH - 2) * DIM, inputs + (LENGTH - 3) * DIM, DIM * sizeof *inputs);
        for (size_t i = 0; i < DIM; i++) {
            double expected = 0;
            for (size_t j = 0; j < DIM; j++)
                expected += w[j][i] * inputs[(LENGTH - 1) * DIM + j];
            assert_true(is_close(answer[i], expected, 1e-9, 1e-9));
        }
        for (size_t i = 0; i < (LENGTH - 1) * DIM; i++) {
            sum += inputs[i];
            squares += inputs[i] * inputs[i];
            products += inputs[i] * inputs[(i + DIM) % ((LENGTH - 1) * DIM)];
        }
    }
    const double count = MANY * (LENGTH - 1.0) * DIM, variance = 1.0 / DIM;
    assert_true(is_close(sum / count, 0, 0, 5 * sqrt(variance / count)));
    assert_true(is_close(squares / count, variance, 0, 5 * variance * sqrt(2 / count)));
    assert_true(is_close(products / count, 0, 0, 5 * variance / sqrt(count)));
    task.kind->free(task.self);
}

static bool is_unit(const double *x)
{
    for (size_t i = 0; i < DIM; i++)
        if (x[i] != (i == 0))
            return false;
    return true;
}

static void test_repetition(void **state)
{
    (void)state;
    const double p = 0.3;
    const hf_vectors_params params = {.dim = DIM, .length = LENGTH, .copies = 1, .repetition = p, .fixed = MANY, .seed = 6};
    hf_token_task task = make_task(&params);
    double inputs[LENGTH * DIM], answer[DIM];
    size_t fresh = 0, fixed = 0;
    for (uint32_t n = 0; n < MANY; n++) {
        task.kind->draw_vectors(task.self, 1, n, inputs, answer);
        fresh += is_unit(inputs + (LENGTH - 1) * DIM);
        task.kind->draw_vectors(task.self, 0, n, inputs, answer);
        fixed += is_unit(inputs + (LENGTH - 1) * DIM);
        task.kind->draw_vectors(task.self, 0, MANY + n, inputs, answer);
        assert_false(is_unit(inputs + (LENGTH - 1) * DIM));
    }
    assert_true(is_close((double)fresh / MANY, p, 0, 5 * sqrt(p * (1 - p) / MANY)));
    assert_true(is_close((double)fixed / MANY, p, 0, 5 * sqrt(p * (1 - p) / MANY)));
    task.kind->free(task.self);
}

static void test_gradient(void **state)
{
    (void)state;
    const hf_vectors_params params = {.dim = DIM, .length = LENGTH, .copies = 2, .repetition = 0.5, .seed = 9};
    const hf_batch batch = {.step = 1, .stream = 1, .count = 7};
    hf_token_task task = make_task(&params);
    for (int sinusoids = 0; sinusoids < 2; sinusoids++) {
        hf_model model = make_two_blocks(&task, sinusoids ? HF_PLACES_SINUSOIDAL : HF_PLACES_LEARNED, -1, 1);
        assert_gradient_by_differences("vectors", &model, &batch, 3, 20261127);
        model.kind->free(model.self);
    }
    hf_model model;
    const hf_decoder_params without = {
        .heads = 1, .blocks = 1, .width = 4, .places = HF_PLACES_NONE, .keys = true, .threads = 1};
    assert_int_equal(hf_decoder_create(&model, &task, &without, NULL), HF_EUSAGE);
    task.kind->free(task.self);
}

/* At the start the answer is 0, and the loss half the mean square of what is asked for; the masses are sums of forward's attention. */
static void test_probe(void **state)
{
    (void)state;
    const hf_vectors_params params = {.dim = DIM, .length = LENGTH, .copies = 2, .seed = 9};
    const hf_batch held_out = {.fixed = true, .count = HELD_OUT};
    hf_token_task task = make_task(&params);
    double first_loss = 0;
    for (size_t threads = 1; threads <= 2; threads++) {
        hf_model model = make_two_blocks(&task, HF_PLACES_LEARNED, -1, threads);
        double *parameters = malloc(count_parameters(&model) * sizeof *parameters), mass[2] = {0}, half_squares = 0;
        double *attention = malloc(HELD_OUT * 4 * PLACES * sizeof *attention),
               *answers = malloc(HELD_OUT * DIM * sizeof *answers);
        hf_token_probe *probe;
        assert_true(parameters != NULL && attention != NULL && answers != NULL);
        model.kind->initialize(model.self, parameters);
        assert_int_equal(hf_token_probe_create(&probe, &task, model, 2, &held_out, threads, NULL), HF_OK);
        const hf_token_view *view = hf_token_probe_view(probe);
        for (int trained = 0; trained < 2; trained++) {
            if (trained)
                parameters[count_parameters(&model) - 1] = 0.7; /* of the read-out */
            assert_true(hf_token_probe_look(probe, parameters) && hf_token_probe_truth(probe) == 0);
            model.kind->forward(model.self, parameters, &held_out, 0, HELD_OUT, answers, attention);
            mass[0] = mass[1] = half_squares = 0;
            for (uint32_t n = 0; n < HELD_OUT; n++) {
                double inputs[LENGTH * DIM], answer[DIM];
                task.kind->draw_vectors(task.self, 0, n, inputs, answer);
                for (size_t i = 0; i < DIM; i++) {
                    const double miss = answers[n * DIM + i] - answer[i];
                    half_squares += miss * miss / 2 / HELD_OUT;
                    assert_true(trained || answers[n * DIM + i] == 0);
                }
                for (size_t h = 0; h < 2; h++)
                    for (size_t t = LENGTH - 2; t < LENGTH; t++)
                        mass[h] += attention[((n * 2 + 1) * 2 + h) * PLACES + t] / HELD_OUT;
            }
            assert_true(close_to(view->excess, half_squares, 1e-12) && view->kl[0] == view->excess);
            assert_true(close_to(model.kind->loss(model.self, parameters, &held_out), half_squares, 1e-12));
            assert_true(close_to(view->mass[0], mass[0], 1e-12) && close_to(view->last[1], mass[1], 1e-12));
        }
        assert_true(threads == 1 || view->excess == first_loss);
        first_loss = view->excess;
        hf_token_probe_free(probe);
        model.kind->free(model.self);
        free(parameters);
        free(attention);
        free(answers);
    }
    task.kind->free(task.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples), cmocka_unit_test(test_repetition),
                                       cmocka_unit_test(test_gradient), cmocka_unit_test(test_probe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
