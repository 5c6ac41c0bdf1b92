/* Markov chains and the attention-only model that learns them: the chain's own distribution, gradients, equal heads, threads. */
#include "support.h"

#include "core/tsv.h"
#include "run/token_maps.h"
#include "train/construction.h"
#include "core/exponential.h"
#include "train/markov.h"
#include "train/minimal.h"
#include "train/token_probe.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20261125;

static const size_t two_lags[] = {1, 3}, two_lengths[] = {2, 1}, three_lags[] = {1, 3, 5}, pairs[] = {2, 2, 2};
static const double two_strengths[] = {1.7, 1}, three_strengths[] = {2.89, 1.7, 1};

/* Seven tokens, spans of lags 1-2 and 3, six tokens generated. */
static const hf_markov_params small = {.vocabulary = 7,
                                       .generated = 6,
                                       .spans = 2,
                                       .lag = two_lags,
                                       .length = two_lengths,
                                       .strength = two_strengths,
                                       .temperature = 0.5,
                                       .seed = 3};

/* Fifty tokens, three spans of two: the setting of the paper's minimal model. */
static const hf_markov_params full = {.vocabulary = 50,
                                      .generated = 20,
                                      .spans = 3,
                                      .lag = three_lags,
                                      .length = pairs,
                                      .strength = three_strengths,
                                      .temperature = 0.1,
                                      .seed = 3};

static hf_token_task make_task(const hf_markov_params *params)
{
    hf_token_task task;
    assert_int_equal(hf_markov_create(&task, params, NULL), HF_OK);
    return task;
}

static hf_model make_minimal(const hf_token_task *task, const hf_minimal_params *params)
{
    hf_model model;
    assert_int_equal(hf_minimal_create(&model, task, params, NULL), HF_OK);
    return model;
}

/* ---- lanes ---- */

static void test_exponential(void **state)
{
    (void)state;
    random_source random = {seed};
    double worst = 0;
    for (size_t n = 0; n < 200000; n++) {
        const double x = -708 + 1416 * draw_uniform(&random) * (n % 2 == 0 ? 1 : 1e-3) + (n % 2 == 0 ? 0 : 708);
        worst = fmax(worst, (double)fabsl(hf_exponential(x) / expl(x) - 1));
    }
    assert_true(within("exponential", worst, 5e-16));
    assert_true(hf_exponential(0) == 1 && hf_exponential(-INFINITY) == 0 && hf_exponential(-1e4) == 0);
    worst = 0;
    for (size_t n = 0; n < 200000; n++) {
        const double x = (1.4 * draw_uniform(&random) - 0.7) * pow(10, -(double)(n % 20));
        worst = fmax(worst, (double)fabsl(hf_exponential_less_one(x) / expm1l(x) - 1));
    }
    assert_true(within("exponential less 1", worst, 4.4e-16));
    assert_true(hf_exponential_less_one(0) == 0 && hf_exponential_less_one(1e-300) == 1e-300);
    worst = 0;
    for (size_t n = 0; n <= 100000; n++) {
        const float x = -87 + 175 * (float)n / 100000;
        worst = fmax(worst, fabs((double)hf_exponential_single(x) / exp((double)x) - 1));
    }
    assert_true(within("exponential, single precision", worst, 2.4e-7));
    assert_true(hf_exponential_single(0) == 1 && hf_exponential_single(-INFINITY) == 0 &&
                hf_exponential_single(-1e3f) == 0);
    assert_true(hf_exponential_single(-87.5f) == 0 && hf_exponential_single(-86.9f) > 0);
}

/* ---- the chain ---- */

/* The chain's logits written down once more. */
static void distribution_again(const hf_token_task *task, const hf_markov_params *params, const hf_token *tokens, size_t at,
                               long double *p)
{
    const size_t d = params->vocabulary;
    long double sum = 0;
    for (size_t v = 0; v < d; v++) {
        long double logit = 0;
        for (size_t k = 0; k < params->spans; k++)
            for (size_t i = 0; i < params->length[k]; i++)
                logit += hf_markov_matrix(task, k)[v * d + tokens[at - params->lag[k] - i]] / params->temperature;
        sum += p[v] = expl(logit);
    }
    for (size_t v = 0; v < d; v++)
        p[v] /= sum;
}

static void test_the_chain_draws_from_its_distribution(void **state)
{
    (void)state;
    enum { SEQUENCES = 20000 };
    const hf_token_task task = make_task(&small);
    assert_true(task.vocabulary == 7 && task.length == 9 && task.first == 3 && task.scored == 6);
    double p[7], square = 0;
    long double want[7];
    hf_token tokens[9], again[9];
    for (uint32_t n = 0; n < SEQUENCES; n++) {
        task.kind->draw(task.self, 1, n, tokens);
        for (size_t at = 3; at < 9; at++) {
            task.kind->distribution(task.self, tokens, at, 2, p);
            distribution_again(&task, &small, tokens, at, want);
            assert_true(relative_error(7, p, want) < 1e-13);
            square += 1 / p[tokens[at]] / 7 - 1; /* mean 0 where tokens have the probabilities p */
        }
    }
    assert_true(within("chain: mean of 1/p over its tokens", fabs(square / (6 * SEQUENCES)), 0.05));
    task.kind->draw(task.self, 1, 5, tokens);
    task.kind->draw(task.self, 1, 5, again);
    assert_memory_equal(tokens, again, sizeof tokens);
    task.kind->draw(task.self, 0, 5, again);
    assert_memory_not_equal(tokens, again, sizeof tokens);
    task.kind->free(task.self);
}

static void test_levels_go_by_strength(void **state)
{
    (void)state;
    static const double strengths[] = {1, 2, 2};
    hf_markov_params params = full;
    params.strength = strengths;
    const hf_token_task task = make_task(&params);
    hf_token tokens[26] = {0};
    double all[50], none[50], first[50];
    assert_true(hf_markov_span(&task, 1) == 1 && hf_markov_span(&task, 2) == 2 && hf_markov_span(&task, 3) == 0);
    assert_true(task.kind->levels(task.self) == 3 && hf_markov_order(&task) == 6);
    task.kind->distribution(task.self, tokens, 10, 0, none);
    for (size_t v = 0; v < 50; v++)
        assert_true(close_to(none[v], 0.02, 1e-14));
    task.kind->distribution(task.self, tokens, 10, 1, first);
    tokens[9] = 3; /* lag 1: of span 0, which is not known */
    task.kind->distribution(task.self, tokens, 10, 1, all);
    assert_memory_equal(first, all, sizeof all);
    tokens[7] = 3; /* lag 3: of span 1, which is */
    task.kind->distribution(task.self, tokens, 10, 1, all);
    assert_memory_not_equal(first, all, sizeof all);
    task.kind->free(task.self);
}

/* Matrices of norm m sqrt(d), orthogonal or orthogonal to each other. */
static void test_matrices(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        hf_markov_params params = full;
        params.matrices = (hf_markov_matrices)kind;
        const hf_token_task task = make_task(&params);
        for (size_t k = 0; k < 3; k++) {
            const double *a = hf_markov_matrix(&task, k), m = three_strengths[k];
            double norm = 0, along = 0;
            for (size_t e = 0; e < 2500; e++)
                norm += a[e] * a[e];
            assert_true(close_to(norm, 50 * m * m, 1e-12));
            for (size_t i = 0; i < 50; i++)
                along += a[i] * a[50 + i];
            if (kind == HF_MARKOV_ORTHOGONAL)
                assert_true(within("rows of A", fabs(along), 1e-12));
            for (size_t l = 0; l < k && kind == HF_MARKOV_EXCLUSIVE; l++) {
                const double *b = hf_markov_matrix(&task, l);
                double inner = 0;
                for (size_t e = 0; e < 2500; e++)
                    inner += a[e] * b[e];
                assert_true(within("A_k against A_l", fabs(inner), 1e-11));
            }
        }
        task.kind->free(task.self);
    }
}

/* Excess of the uniform guess, ln d minus the entropy, over random teachers (a prototype: 3.32 +- 0.04 for spans of 2). */
static void test_the_uniform_guess(void **state)
{
    (void)state;
    double mean = 0;
    for (uint64_t teacher = 1; teacher <= 8; teacher++) {
        hf_markov_params params = full;
        params.seed = teacher;
        const hf_token_task task = make_task(&params);
        double entropy = 0, p[50];
        hf_token tokens[26];
        for (uint32_t n = 0; n < 400; n++) {
            task.kind->draw(task.self, 0, n, tokens);
            for (size_t at = 6; at < 26; at++) {
                task.kind->distribution(task.self, tokens, at, 3, p);
                for (size_t v = 0; v < 50; v++)
                    entropy -= p[v] > 0 ? p[v] * log(p[v]) / 8000 : 0;
            }
        }
        mean += (log(50) - entropy) / 8;
        task.kind->free(task.self);
    }
    assert_true(within("uniform guess", fabs(mean - 3.32), 0.05));
}

/* ---- the minimal model ---- */

static const hf_batch some = {.step = 1, .count = 5};

/* Largest difference between the gradient and central differences of the loss, over its largest number. */
static double gradient_error(const hf_model *model, size_t count)
{
    double *x = numbers(count), *g = numbers(count), largest = 0, worst = 0;
    model->kind->initialize(model->self, x);
    const double loss = model->kind->gradient(model->self, x, &some, g);
    assert_true(loss == model->kind->loss(model->self, x, &some));
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(g[i]));
    for (size_t i = 0; i < count; i++) {
        const double h = 1e-5, at = x[i];
        x[i] = at + h;
        const double up = model->kind->loss(model->self, x, &some);
        x[i] = at - h;
        const double down = model->kind->loss(model->self, x, &some);
        x[i] = at;
        worst = fmax(worst, fabs((up - down) / (2 * h) - g[i]));
    }
    free(x);
    free(g);
    return worst / largest;
}

static void test_gradient_against_differences(void **state)
{
    (void)state;
    static const size_t windows[] = {0, 1, 2, 3, 5, 7, 8, 100};
    const hf_token_task task = make_task(&small);
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        const hf_minimal_params params = {
            .heads = 2, .threads = 1, .window = windows[i], .query_scale = 1.5, .value_scale = 1.5, .seed = 7};
        const hf_model model = make_minimal(&task, &params);
        const size_t count = hf_tensors_size(model.kind->tensors(model.self));
        assert_int_equal(count, 2 * 2 * 15 * 15);
        assert_true(within("minimal model: gradient", gradient_error(&model, count), 1e-8));
        model.kind->free(model.self);
    }
    task.kind->free(task.self);
}

/* Attention with a window is that without, of the places in it alone. */
static void test_window(void **state)
{
    (void)state;
    enum { N = 3, ATTENDED = N * 2 * 20 * 25 };
    const hf_token_task task = make_task(&full);
    double *x = numbers(4 * 75 * 75), *all = numbers(ATTENDED), *some_of_it = numbers(ATTENDED);
    static const size_t windows[] = {1, 2, 4, 9, 24, 25};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        for (size_t pass = 0; pass < 2; pass++) {
            const hf_minimal_params params = {.heads = 2,
                                              .threads = 1,
                                              .window = pass == 0 ? 0 : windows[i],
                                              .query_scale = 2,
                                              .value_scale = 1,
                                              .seed = 7};
            const hf_model model = make_minimal(&task, &params);
            model.kind->initialize(model.self, x);
            model.kind->forward(model.self, x, &some, 0, N, NULL, pass == 0 ? all : some_of_it);
            model.kind->free(model.self);
            for (size_t r = 0; r < N * 2 * 20 && pass == 1; r++) {
                const size_t place = 5 + r % 20, from = place + 1 > windows[i] ? place + 1 - windows[i] : 0;
                double seen = 0;
                for (size_t j = from; j <= place; j++)
                    seen += all[r * 25 + j];
                for (size_t j = 0; j < 25; j++) {
                    const bool in = j >= from && j <= place;
                    assert_true(in ? close_to(some_of_it[r * 25 + j], all[r * 25 + j] / seen, 1e-13)
                                   : some_of_it[r * 25 + j] == 0);
                }
            }
        }
    free(x);
    free(all);
    free(some_of_it);
    task.kind->free(task.self);
}

/* Zero parameters are the uniform guess, attention is uniform over what a query sees. */
static void test_forward_at_zero(void **state)
{
    (void)state;
    const hf_token_task task = make_task(&small);
    const hf_minimal_params params = {.heads = 2, .threads = 1};
    const hf_model model = make_minimal(&task, &params);
    double *x = numbers(900), logits[2 * 6 * 7], attention[2 * 2 * 6 * 8];
    model.kind->initialize(model.self, x);
    assert_true(x[0] == 0 && x[899] == 0);
    assert_true(close_to(model.kind->loss(model.self, x, &some), log(7), 1e-14));
    model.kind->forward(model.self, x, &some, 1, 2, logits, attention);
    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++)
        assert_true(logits[i] == 0);
    for (size_t n = 0; n < 4; n++)
        for (size_t q = 0; q < 6; q++)
            for (size_t j = 0; j < 8; j++)
                assert_true(close_to(attention[(n * 6 + q) * 8 + j], j <= q + 2 ? 1 / (double)(q + 3) : 0, 1e-14));
    free(x);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

static void compare_equal_heads(bool single)
{
    const hf_token_task task = make_task(&full);
    double *g[3], *x = numbers(6 * 75 * 75);
    for (size_t threads = 1; threads <= 3; threads++) {
        const hf_minimal_params params = {.heads = 3, .threads = threads, .single = single};
        const hf_model model = make_minimal(&task, &params);
        const hf_batch batch = {.step = 4, .count = 61};
        random_source random = {seed};
        for (size_t i = 0; i < 75 * 75; i++) /* the same for every head */
            for (size_t m = 0; m < 2; m++)
                x[(3 * m + 1) * 75 * 75 + i] = x[(3 * m + 2) * 75 * 75 + i] = x[3 * m * 75 * 75 + i] = draw_normal(&random);
        g[threads - 1] = numbers(6 * 75 * 75);
        model.kind->gradient(model.self, x, &batch, g[threads - 1]);
        for (size_t m = 0; m < 6; m += 3)
            for (size_t k = 1; k < 3; k++)
                assert_memory_equal(g[threads - 1] + m * 75 * 75, g[threads - 1] + (m + k) * 75 * 75,
                                    75 * 75 * sizeof(double));
        assert_memory_equal(g[0], g[threads - 1], 6 * 75 * 75 * sizeof(double));
        model.kind->free(model.self);
    }
    for (size_t n = 0; n < 3; n++)
        free(g[n]);
    free(x);
    task.kind->free(task.self);
}

static void test_equal_heads_have_equal_gradients_on_any_threads(void **state)
{
    (void)state;
    compare_equal_heads(false);
    compare_equal_heads(true);
}

/* Gradient and loss (the last number) of a batch. */
static double *compute_in(const hf_token_task *task, bool single, size_t window, const hf_batch *batch)
{
    const hf_minimal_params params = {
        .heads = 3, .threads = 1, .window = window, .single = single, .query_scale = 2, .value_scale = 1, .seed = 7};
    const hf_model model = make_minimal(task, &params);
    const size_t count = hf_tensors_size(model.kind->tensors(model.self));
    double *x = numbers(count), *g = numbers(count + 1);
    model.kind->initialize(model.self, x);
    g[count] = model.kind->gradient(model.self, x, batch, g);
    assert_true(g[count] == model.kind->loss(model.self, x, batch));
    model.kind->free(model.self);
    free(x);
    return g;
}

/* Sums of some hundred terms: a few times the single epsilon, 1.2e-7, of the largest number. */
static void test_single_precision_is_near_double(void **state)
{
    (void)state;
    static const size_t windows[] = {0, 1, 4, 24};
    enum { COUNT = 6 * 75 * 75 };
    const hf_token_task task = make_task(&full);
    const hf_batch batch = {.step = 4, .count = 61};
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        double *right = compute_in(&task, false, windows[w], &batch), *g = compute_in(&task, true, windows[w], &batch);
        double largest = 0, worst = 0;
        for (size_t i = 0; i < COUNT; i++) {
            largest = fmax(largest, fabs(right[i]));
            worst = fmax(worst, fabs(g[i] - right[i]));
        }
        assert_true(within("single precision: gradient", worst / largest, 1e-6));
        assert_true(worst > 0 && within("single precision: loss", fabs(g[COUNT] / right[COUNT] - 1), 1e-6));
        free(right);
        free(g);
    }
    task.kind->free(task.self);
}

/* Stored sequences are the ones that are drawn. */
static void test_fixed_sequences(void **state)
{
    (void)state;
    const hf_token_task task = make_task(&small);
    const hf_batch batch = {.first = 2, .count = 9, .fixed = true};
    double *x = numbers(900), loss[2];
    for (size_t n = 0; n < 2; n++) {
        const hf_minimal_params params = {
            .heads = 2, .threads = 1, .query_scale = -1, .value_scale = -1, .seed = 1, .stored = n * 7};
        const hf_model model = make_minimal(&task, &params);
        model.kind->initialize(model.self, x);
        loss[n] = model.kind->loss(model.self, x, &batch);
        model.kind->free(model.self);
    }
    assert_true(loss[0] == loss[1]);
    free(x);
    task.kind->free(task.self);
}

/* ---- the construction ---- */

/* KL from the truth of the construction; heads: those of the model. */
static double construction_error(const hf_token_task *task, size_t heads, double beta)
{
    const hf_minimal_params params = {.heads = heads, .threads = 1, .query_scale = -1, .value_scale = -1};
    const hf_model model = make_minimal(task, &params);
    const hf_tensors tensors = model.kind->tensors(model.self);
    const hf_batch held_out = {.count = 50, .fixed = true};
    hf_token_probe *probe = NULL;
    double *x = numbers(hf_tensors_size(tensors));
    model.kind->initialize(model.self, x);
    hf_construction_fill(task, heads, beta, false, tensors, x);
    assert_int_equal(hf_token_probe_create(&probe, task, model, heads, &held_out, 1, NULL), HF_OK);
    assert_true(hf_token_probe_look(probe, x));
    const hf_token_view *view = hf_token_probe_view(probe);
    const double kl = view->kl[view->levels - 1];
    for (size_t k = 1; k <= view->levels && beta > 20; k++) /* every head has all its attention on its span */
        assert_true(close_to(view->mass[hf_markov_span(task, k) * view->levels + k - 1], 1, 1e-7));
    hf_token_probe_free(probe);
    free(x);
    model.kind->free(model.self);
    return kl;
}

/* The error falls like exp(-2 beta), whatever the weights, with spans that overlap and with more heads than spans. */
static void test_the_construction_is_the_chain(void **state)
{
    (void)state;
    static const size_t lengths[] = {3, 2, 3}, lags[] = {1, 3, 4};
    static const double weights[] = {0.7, 0.2, 0.1, 1, 2, 0, 0.5, 1}, strengths[] = {1, 1.7, 2};
    for (size_t i = 0; i < 2; i++) {
        hf_markov_params params = {.vocabulary = 9,
                                   .generated = 8,
                                   .spans = 3,
                                   .lag = lags,
                                   .length = lengths,
                                   .strength = strengths,
                                   .weight = i == 0 ? NULL : weights,
                                   .temperature = 0.5,
                                   .seed = 11};
        const hf_token_task task = make_task(&params);
        double before = INFINITY;
        for (double beta = 3; beta < 17; beta += 2) {
            const double kl = construction_error(&task, 3 + i, beta);
            assert_true(kl > 0 && kl < (beta < 6 ? 0.5 : 0.1) * before);
            if (beta > 7)
                assert_true(close_to(before / kl, exp(4), 0.05));
            before = kl;
        }
        assert_true(within("construction: KL from the truth", construction_error(&task, 3 + i, 25), 1e-14));
        task.kind->free(task.self);
    }
}

/* ---- the probe ---- */

/* At zero parameters the model is the uniform guess, whose divergences and masses are known; then against sums written down
 * once more. */
static void test_the_probe(void **state)
{
    (void)state;
    enum { N = 150 }; /* more than are looked at together */
    const hf_token_task task = make_task(&small);
    const hf_minimal_params params = {.heads = 2, .threads = 1};
    const hf_model model = make_minimal(&task, &params);
    const hf_batch held_out = {.first = 5, .count = N, .fixed = true};
    hf_token_probe *probe = NULL;
    assert_int_equal(hf_token_probe_create(&probe, &task, model, 2, &held_out, 1, NULL), HF_OK);
    const hf_token_view *view = hf_token_probe_view(probe);
    double *x = numbers(900), kl[2] = {0}, excess = 0, p[7], logits[42], attention[96], mass = 0, last[2] = {0};
    assert_true(hf_token_probe_look(probe, x));
    assert_true(close_to(view->kl[1], log(7) - hf_token_probe_entropy(probe), 1e-12));
    assert_true(close_to(view->excess, log(7) - hf_token_probe_truth(probe), 1e-12));
    for (size_t q = 0; q < 6; q++)
        mass += 2.0 / (double)(q + 3) / 6;
    assert_true(view->overlap == 1 && close_to(view->mass[0], mass, 1e-12) && close_to(view->mass[3], mass / 2, 1e-12));
    assert_true(close_to(view->last[0], 2 / 8.0, 1e-12) && close_to(view->last[3], 1 / 8.0, 1e-12));
    random_source random = {seed};
    for (size_t i = 0; i < 900; i++)
        x[i] = draw_normal(&random);
    assert_true(hf_token_probe_look(probe, x));
    for (uint32_t n = 0; n < N; n++) {
        hf_token tokens[9];
        task.kind->draw(task.self, 0, 5 + n, tokens);
        model.kind->forward(model.self, x, &held_out, n, 1, logits, attention);
        last[0] += (attention[5 * 8 + 6] + attention[5 * 8 + 7]) / N; /* head 1, lags 2 and 1 */
        last[1] += attention[11 * 8 + 5] / N;                         /* head 2, lag 3 */
        for (size_t q = 0; q < 6; q++) {
            double sum = 0;
            for (size_t v = 0; v < 7; v++)
                sum += exp(logits[q * 7 + v]);
            for (size_t k = 1; k <= 2; k++) {
                task.kind->distribution(task.self, tokens, 3 + q, k, p);
                for (size_t v = 0; v < 7; v++)
                    kl[k - 1] += p[v] * (log(p[v]) - logits[q * 7 + v] + log(sum)) / (6 * N);
            }
            excess += (log(p[tokens[3 + q]]) - logits[q * 7 + tokens[3 + q]] + log(sum)) / (6 * N);
        }
    }
    assert_true(close_to(view->kl[0], kl[0], 1e-12) && close_to(view->kl[1], kl[1], 1e-12));
    assert_true(close_to(view->last[0], last[0], 1e-12) && close_to(view->last[3], last[1], 1e-12));
    assert_true(close_to(view->excess, excess, 1e-12) && view->overlap < 1 && view->overlap > 0);
    free(x);
    hf_token_probe_free(probe);
    hf_token_probe_free(NULL);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

/* What a look sees, (14): truth, entropy, then the view's numbers. */
static void look(const hf_token_task *task, size_t threads, const double *x, double *seen)
{
    const hf_minimal_params params = {.heads = 2, .threads = threads};
    const hf_model model = make_minimal(task, &params);
    const hf_batch held_out = {.first = 5, .count = 301, .fixed = true};
    hf_token_probe *probe = NULL;
    assert_int_equal(hf_token_probe_create(&probe, task, model, 2, &held_out, threads, NULL), HF_OK);
    const hf_token_view *view = hf_token_probe_view(probe);
    assert_true(hf_token_probe_look(probe, x));
    seen[0] = hf_token_probe_truth(probe);
    seen[1] = hf_token_probe_entropy(probe);
    seen[2] = view->excess;
    seen[3] = view->overlap;
    memcpy(seen + 4, view->kl, 2 * sizeof *seen);
    memcpy(seen + 6, view->mass, 4 * sizeof *seen);
    memcpy(seen + 10, view->last, 4 * sizeof *seen);
    hf_token_probe_free(probe);
    model.kind->free(model.self);
}

static void test_a_look_is_the_same_on_any_number_of_threads(void **state)
{
    (void)state;
    const hf_token_task task = make_task(&small);
    double *x = numbers(900), seen[4][14];
    random_source random = {seed};
    for (size_t i = 0; i < 900; i++)
        x[i] = draw_normal(&random);
    for (size_t threads = 1; threads <= 4; threads++) {
        look(&task, threads, x, seen[threads - 1]);
        assert_memory_equal(seen[threads - 1], seen[0], sizeof seen[0]);
    }
    free(x);
    task.kind->free(task.self);
}

/* Divergences from two other models, against softmax and sums written down once more; from itself it is none. */
static void test_rivals(void **state)
{
    (void)state;
    enum { N = 70, SIZE = N * 6 * 7 };
    const hf_token_task task = make_task(&small);
    const hf_minimal_params params = {.heads = 2, .threads = 1};
    const hf_model model = make_minimal(&task, &params);
    const hf_batch held_out = {.first = 5, .count = N, .fixed = true};
    hf_token_probe *probe = NULL;
    assert_int_equal(hf_token_probe_create(&probe, &task, model, 2, &held_out, 2, NULL), HF_OK);
    assert_int_equal(hf_token_probe_predictions(probe), SIZE);
    double *x = numbers(900), *said[3] = {numbers(SIZE), numbers(SIZE), numbers(SIZE)}, kl[2] = {0}, logits[42];
    random_source random = {seed};
    for (size_t r = 0; r < 3; r++) {
        for (size_t i = 0; i < 900; i++)
            x[i] = draw_normal(&random);
        hf_token_probe_predict(probe, x, said[r]);
    }
    for (uint32_t n = 0; n < N; n++) {
        model.kind->forward(model.self, x, &held_out, n, 1, logits, NULL);
        for (size_t i = 0; i < 42; i++) {
            double sum = 0;
            for (size_t v = 0; v < 7; v++)
                sum += exp(logits[i / 7 * 7 + v]);
            const double q = exp(logits[i]) / sum;
            assert_true(close_to(said[2][n * 42 + i], q, 1e-14));
            for (size_t r = 0; r < 2; r++)
                kl[r] += said[r][n * 42 + i] * log(said[r][n * 42 + i] / q) / (6 * N);
        }
    }
    const size_t spans[] = {1, 2, 4};
    const hf_token_rivals rivals = {.count = 3, .spans = spans, .probability = said};
    assert_int_equal(hf_token_probe_compare(probe, &rivals, NULL), HF_OK);
    assert_true(hf_token_probe_look(probe, x));
    const hf_token_view *view = hf_token_probe_view(probe);
    assert_true(view->rivals == 3 && view->spans[2] == 4);
    assert_true(close_to(view->cut[0], kl[0], 1e-12) && close_to(view->cut[1], kl[1], 1e-12) && kl[0] > 0.1);
    assert_true(fabs(view->cut[2]) < 1e-13);
    for (size_t r = 0; r < 3; r++)
        free(said[r]);
    free(x);
    hf_token_probe_free(probe);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

/* ---- maps ---- */

enum { MAPPED = 70 }; /* sequences: more than are looked at together */

/* The mean attention of head h written down once more, from l = x_t^T Q x_j / sqrt(D): (6 queries, 8 keys). */
static void map_again(const hf_token_task *task, const double *query, double map[48])
{
    memset(map, 0, 48 * sizeof *map);
    for (uint32_t n = 0; n < MAPPED; n++) {
        hf_token tokens[9];
        task->kind->draw(task->self, 0, 5 + n, tokens);
        for (size_t q = 0; q < 6; q++) {
            const size_t at = q + 2; /* place of the query, from 0 */
            double weight[8], sum = 0;
            for (size_t j = 0; j <= at; j++) {
                double logit = 0;
                for (size_t part = 0; part < 4; part++) {
                    const size_t row = part < 2 ? tokens[j] : 7 + j, column = part % 2 == 0 ? tokens[at] : 7 + at;
                    logit += query[row * 15 + column];
                }
                sum += weight[j] = exp(logit / sqrt(15));
            }
            for (size_t j = 0; j <= at; j++)
                map[q * 8 + j] += weight[j] / sum / MAPPED;
        }
    }
}

static double cell(const hf_tsv *table, size_t row, size_t column)
{
    double x = NAN;
    assert_true(hf_tsv_number(table, row, column, &x));
    return x;
}

/* maps.tsv of two heads at two of three steps, against the definition, row by row. */
static void test_maps(void **state)
{
    (void)state;
    const hf_token_task task = make_task(&small);
    const hf_minimal_params params = {.heads = 2, .threads = 1};
    const hf_model model = make_minimal(&task, &params);
    uint64_t at[] = {3, 8};
    const hf_numbers steps = {2, at};
    const hf_token_maps_params mapped = {&steps, &task, model, 2, {.first = 5, .count = MAPPED, .fixed = true}};
    const hf_table_origin origin = {.title = "maps"};
    hf_token_maps maps;
    hf_tsv table;
    random_source random = {seed};
    double *x = numbers(900), map[48];
    for (size_t i = 0; i < 900; i++)
        x[i] = draw_normal(&random);
    assert_int_equal(hf_token_maps_init(&maps, &mapped, NULL), HF_OK);
    assert_int_equal(hf_token_maps_open(&maps, temporary_folder(), &origin, 0, NULL), HF_OK);
    for (uint64_t step = 0; step < 12; step++)
        assert_int_equal(hf_token_maps_look(&maps, step, x, NULL), HF_OK);
    assert_int_equal(hf_token_maps_commit(&maps, NULL), HF_OK);
    hf_token_maps_clear(&maps);
    assert_int_equal(hf_tsv_read(&table, temporary_path("maps.tsv"), NULL), HF_OK);
    assert_int_equal(table.rows, 2 * 2 * (3 + 4 + 5 + 6 + 7 + 8));
    size_t row = 0;
    for (size_t s = 0; s < 2; s++)
        for (size_t h = 0; h < 2; h++) {
            map_again(&task, x + h * 225, map);
            for (size_t q = 0; q < 6; q++)
                for (size_t key = 1; key <= q + 3; key++, row++) {
                    const double want[] = {(double)at[s], 1, (double)h + 1, (double)q + 3, (double)key};
                    for (size_t c = 0; c < 5; c++)
                        assert_true(cell(&table, row, c) == want[c]);
                    assert_true(close_to(cell(&table, row, 5), map[q * 8 + key - 1], 1e-14));
                }
        }
    hf_tsv_clear(&table);
    free(x);
    model.kind->free(model.self);
    task.kind->free(task.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_the_chain_draws_from_its_distribution),
        cmocka_unit_test(test_levels_go_by_strength),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_the_uniform_guess),
        cmocka_unit_test(test_gradient_against_differences),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_forward_at_zero),
        cmocka_unit_test(test_equal_heads_have_equal_gradients_on_any_threads),
        cmocka_unit_test(test_single_precision_is_near_double),
        cmocka_unit_test(test_fixed_sequences),
        cmocka_unit_test(test_the_construction_is_the_chain),
        cmocka_unit_test(test_the_probe),
        cmocka_unit_test(test_a_look_is_the_same_on_any_number_of_threads),
        cmocka_unit_test(test_rivals),
        cmocka_unit_test(test_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
