/* Sampled gradients: their mean and covariance, drawn directly or by projections; equal heads and threads to the last bit;
 * fixed and held-out samples. */
#include "support.h"
#include "training.h"

#include "train/factor.h"

#include "train/projection.h"
#include "train/view.h"

#include <stdlib.h>
#include <string.h>

/* ---- the law of sampled gradients ---- */

/* Sums of what is watched over many steps. */
typedef struct {
    size_t count, steps;
    double *sum, *square; /* (count) */
} statistics;

static statistics make_statistics(size_t count)
{
    return (statistics){.count = count, .sum = numbers(count), .square = numbers(count)};
}

static void clear_statistics(statistics *s)
{
    free(s->sum);
    free(s->square);
}

static void add_numbers(statistics *s, const double *x)
{
    s->steps++;
    for (size_t i = 0; i < s->count; i++) {
        s->sum[i] += x[i];
        s->square[i] += x[i] * x[i];
    }
}

static double mean_of(const statistics *s, size_t i)
{
    return s->sum[i] / (double)s->steps;
}

/* of the numbers, not of their mean */
static double variance_of(const statistics *s, size_t i)
{
    const double mean = mean_of(s, i);
    return fmax(s->square[i] / (double)s->steps - mean * mean, 0);
}

/* The mean of 1500 sampled gradients is that of the population: of at most 5100 numbers none is 6 standard errors away
 * (expected: 1e-5), and the mean square of their distances is near 1 (they are correlated, and some models have few). */
static void check_mean_gradient(const task_text *task, const char *more)
{
    enum { STEPS = 1500 };
    trained_model m;
    make_model(&m, 1, "%s %s", task->text, more);
    shake(&m, 0.2, 5);
    statistics sampled = make_statistics(m.count);
    for (uint64_t step = 0; step < STEPS; step++) {
        take_gradient(&m, step);
        add_numbers(&sampled, m.gradient);
    }
    take_population_gradient(&m);
    double worst = 0, square = 0;
    for (size_t i = 0; i < m.count; i++) {
        const double error = sqrt(variance_of(&sampled, i) / STEPS), away = fabs(mean_of(&sampled, i) - m.gradient[i]);
        const double z = away <= 1e-13 ? 0 : away / error;
        worst = fmax(worst, z);
        square += z * z / (double)m.count;
    }
    if (!within("standard errors", worst, 6) || !within("their mean square", square, m.count > 100 ? 1.6 : 3))
        fail_msg("the mean gradient of %s %s", task->name, more);
    clear_statistics(&sampled);
    clear_model(&m);
}

static void test_mean_gradient(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++)
        if (is_fresh(&tasks[n]))
            check_mean_gradient(&tasks[n], "");
}

static void test_mean_gradient_projected(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++)
        if (can_be_projected(&tasks[n])) {
            const task_text task = {tasks[n].name, projected(tasks[n].text)};
            check_mean_gradient(&task, "");
        }
}

/* What is compared between direct and projected sampling: the loss, a few combinations of values' and logits' gradients, and
 * their products, which are second moments within a group, across groups and across heads. */
enum { COMBINATIONS = 8, WATCHED = 1 + COMBINATIONS + COMBINATIONS * (COMBINATIONS + 1) / 2 };

static void watch(const trained_model *m, const double *combination, double *watched)
{
    double *at = watched;
    *at++ = m->loss;
    for (size_t c = 0; c < COMBINATIONS; c++)
        *at++ = product(m->count, combination + c * m->count, m->gradient);
    for (size_t c = 0; c < COMBINATIONS; c++)
        for (size_t e = 0; e <= c; e++)
            *at++ = watched[1 + c] * watched[1 + e];
}

/* Combination c reads the values (even) or the logits (odd) of head c / 2; the last heads' turn: of all. */
static void fill_combinations(const trained_model *m, double *combination)
{
    random_source random = {77};
    const size_t H = m->task->problem->heads;
    for (size_t c = 0; c < COMBINATIONS; c++) {
        const hf_tensor *group = &m->tensors.at[c % 2];
        const size_t each = group->count / H, head = c / 2;
        for (size_t e = 0; e < group->count; e++)
            if (head >= H || e / each == head)
                combination[c * m->count + group->offset + e] = draw_normal(&random);
    }
}

static statistics watch_law(const char *text)
{
    enum { STEPS = 12000 };
    trained_model m;
    make_model(&m, 1, "%s", text);
    shake(&m, 0.3, 6);
    statistics law = make_statistics(WATCHED);
    double *combination = numbers(COMBINATIONS * m.count), watched[WATCHED];
    fill_combinations(&m, combination);
    for (uint64_t step = 0; step < STEPS; step++) {
        take_gradient(&m, step);
        watch(&m, combination, watched);
        add_numbers(&law, watched);
    }
    free(combination);
    clear_model(&m);
    return law;
}

/* 45 means in each of four cases; 5 standard errors are exceeded once in ten thousand such tests. */
static void test_projected_law(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEADS(2, 4) "target = { " TARGET("") "}; train = { dim = 3; batch = 2; };",
        HEADS(3, 6) "target = { " TARGET("") "}; data = { noise = 0.8; }; train = { dim = 2; batch = 3; };",
        HEADS(2,
              6) "target = { strengths = (1, 1); patterns = ((1), (2)); }; data = { copies = (1, 2, 1, 3, 1, 1); weights = "
                 "((0.3, 1, 2, 1, 0.6, 0), (0.3, 1, 2, 1, 0.6, 0)); replicas = (1, 1, 1, 2, 1, 1); }; train = { dim = 3; "
                 "batch = 1; };",
        HEADS(3, 4) "target = { strengths = (1); patterns = ((1, 2, 3, 4)); }; flow = { weight_decay = 0.5; }; train = { "
                    "dim = 3; "
                    "batch = 4; };",
    };
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        statistics direct = watch_law(texts[n]), other = watch_law(projected(texts[n]));
        double worst = 0;
        for (size_t i = 0; i < WATCHED; i++) {
            const double error =
                sqrt(variance_of(&direct, i) / (double)direct.steps + variance_of(&other, i) / (double)other.steps);
            const double away = fabs(mean_of(&direct, i) - mean_of(&other, i));
            worst = fmax(worst, away <= 1e-12 ? 0 : away / error);
        }
        assert_true(within("direct and projected", worst, 5));
        clear_statistics(&direct);
        clear_statistics(&other);
    }
}

/* Where the label noise is nearly all there is, the losses of a step agree: the noise is the same. */
static void test_projected_noise(void **state)
{
    (void)state;
    const char *text =
        HEADS(2, 4) "target = { strengths = (1e-7); patterns = ((1)); }; data = { noise = 3.0; }; train = { dim = 5; "
                    "batch = 13; };";
    trained_model direct, other;
    make_model(&direct, 1, "%s", text);
    make_model(&other, 1, "%s", projected(text));
    memset(direct.x, 0, direct.values * sizeof *direct.x);
    memset(other.x, 0, other.values * sizeof *other.x);
    for (uint64_t step = 0; step < 3; step++)
        assert_true(close_to(batch_loss(&direct, step), batch_loss(&other, step), 1e-6));
    assert_false(fabs(batch_loss(&direct, 0) / batch_loss(&direct, 1) - 1) < 1e-3);
    clear_model(&direct);
    clear_model(&other);
}

/* Directions are orthonormal and reproduce what is projected, also where vectors coincide, nearly coincide or are 0. */
/* By default samples are projected where that is the same law and less to draw; what the file says is done. */
static void test_default_sampling(void **state)
{
    static const struct {
        const char *keys;
        bool may, projects;
    } cases[] = {
        {"train = { };", true, true},
        {"train = { sampling = \"direct\"; };", true, false},
        {"train = { sampling = \"projected\"; };", true, true},
        {"train = { batch = 0; };", true, false}, /* nothing is drawn */
        {"train = { samples = 20; };", false, false},
        {"train = { validation = 20; };", false, false},
        {"train = { inputs = (4, 6); };", false, false},
        {"train = { inputs = (4, 6); repetition = 0.1; };", false, false},
        {"train = { sampling = \"projected\"; }; data = { replicas = (1); };", true, true},
        {"train = { features = \"random\"; batch = 1; };", true, true},
    };
    static const struct {
        size_t heads, positions;
        const char *replicas;
        bool projects; /* patterns: 2 */
    } sizes[] = {{2, 5, "", true}, {2, 4, "", false}, {3, 4, "(2)", true}, {3, 5, "(1)", false}, {3, 3, "(1, 1, 4)", true}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_config config;
        char text[512];
        snprintf(text, sizeof text, "heads = 2; positions = 9; target = { strengths = (2.0, 1.0); }; %s", cases[i].keys);
        read_config(&config, text);
        assert_int_equal(hf_config_may_project(&config), cases[i].may);
        assert_int_equal(hf_config_projects(&config), cases[i].projects);
        hf_config_clear(&config);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hf_config config;
        char text[512];
        snprintf(text, sizeof text,
                 "heads = %zu; positions = %zu; target = { strengths = (2.0, 1.0); }; train = { }; data = { %s%s%s };",
                 sizes[i].heads, sizes[i].positions, sizes[i].replicas[0] == '\0' ? "" : "replicas = ", sizes[i].replicas,
                 sizes[i].replicas[0] == '\0' ? "" : ";");
        read_config(&config, text);
        assert_int_equal(hf_config_projects(&config), sizes[i].projects);
        hf_config_clear(&config);
    }
}

static void test_projection(void **state)
{
    (void)state;
    enum { N = 7, J = 2, H = 4, MOST = J + H };
    random_source random = {8};
    hf_projection p;
    double pattern[J * N], attention[H * N];
    for (size_t i = 0; i < N; i++) {
        pattern[i] = draw_normal(&random);
        pattern[N + i] = 0;
        attention[i] = draw_normal(&random);
        attention[N + i] = attention[i] + 1e-9 * draw_normal(&random);
        attention[2 * N + i] = attention[i];
        attention[3 * N + i] = 2 * pattern[i] - attention[i];
    }
    assert_int_equal(hf_projection_init(&p, N, J, H, pattern, NULL), HF_OK);
    hf_projection_set(&p, attention);
    assert_int_equal(p.count, 3);
    for (size_t m = 0; m < p.count; m++)
        for (size_t n = 0; n < p.count; n++)
            assert_true(is_close(product(N, p.basis + m * N, p.basis + n * N), m == n, 0, 1e-14));
    for (size_t v = 0; v < J + H; v++) {
        const double *want = v < J ? pattern + v * N : attention + (v - J) * N;
        double got[N], rest[N];
        hf_projection_expand(&p, v < J ? p.pattern + v * MOST : p.attention + (v - J) * MOST, got);
        memcpy(rest, want, sizeof rest);
        hf_projection_remove(&p, rest);
        for (size_t i = 0; i < N; i++)
            assert_true(is_close(got[i], want[i], 0, 1e-14) && fabs(rest[i]) < 1e-14);
    }
    assert_memory_equal(p.attention, p.attention + 2 * MOST, MOST * sizeof(double));
    hf_projection_clear(&p);
}

/* ---- the noise of gradients ---- */

/* At the start, where the values are 0: tr cov(dL/dV_k) = [(2 L + d sigma^2) d |s_k|^2 + |C_k|^2] / B. */
static void check_start_noise(const char *text, bool is_projected)
{
    enum { STEPS = 2000 };
    trained_model m;
    make_model(&m, 1, "%s", is_projected ? projected(text) : text);
    const size_t H = m.task->problem->heads, N = m.task->inputs, d = m.task->dim;
    const double loss = exact_loss(&m), floor = (double)d * pow(m.task->noise, 2), batch = (double)m.config.train.batch;
    statistics sampled = make_statistics(m.values);
    for (uint64_t step = 0; step < STEPS; step++) {
        take_gradient(&m, step);
        add_numbers(&sampled, m.gradient);
    }
    take_population_gradient(&m);
    for (size_t k = 0; k < H; k++) {
        double trace = 0, s2 = 0, *cs = numbers(N);
        attended(&m, k, cs);
        for (size_t i = 0; i < N; i++)
            s2 += pow(cs[i] * m.task->deviation[i], 2);
        for (size_t e = k * d * d; e < (k + 1) * d * d; e++)
            trace += variance_of(&sampled, e) * STEPS / (STEPS - 1);
        const double mean2 = product(d * d, m.gradient + k * d * d, m.gradient + k * d * d);
        const double want = ((2 * loss + floor) * (double)d * s2 + mean2) / batch;
        assert_true(within("trace of the covariance", fabs(trace / want - 1), 0.02));
        free(cs);
    }
    clear_statistics(&sampled);
    clear_model(&m);
}

static void test_noise_at_the_start(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "heads = 2; positions = 5; target = { strengths = (2.89, 1.7, 1); patterns = ((1), (2), (3)); }; init = { "
        "perturbation = "
        "0.5; }; train = { dim = 10; batch = 16; };",
        /* the mean gradient counts: few dimensions, sharp attention */
        "heads = 2; positions = 3; target = { strengths = (2.89); patterns = ((1)); }; init = { start = \"bumps\"; scale = "
        "3.0; }; "
        "data = { noise = 0.6; copies = (1, 2, 1); weights = ((0.5, 1, 2)); }; train = { dim = 2; batch = 3; };",
    };
    for (size_t n = 0; n < 2; n++) {
        check_start_noise(texts[n], false);
        check_start_noise(texts[n], true);
    }
}

/* ---- equal heads, threads ---- */

static void copy_head(const trained_model *m, double *x, size_t from, size_t to)
{
    for (size_t g = 0; g < 2; g++) {
        const size_t each = m->tensors.at[g].count / m->task->problem->heads;
        double *group = x + m->tensors.at[g].offset;
        memcpy(group + to * each, group + from * each, each * sizeof *x);
    }
}

static bool heads_equal(const trained_model *m, const double *x, size_t a, size_t b)
{
    bool equal = true;
    for (size_t g = 0; g < 2; g++) {
        const size_t each = m->tensors.at[g].count / m->task->problem->heads;
        const double *group = x + m->tensors.at[g].offset;
        equal = equal && memcmp(group + a * each, group + b * each, each * sizeof *x) == 0;
    }
    return equal;
}

/* Heads 1, 3 and 4 of five are equal, also where the others' differ from them. */
static void test_equal_heads_have_equal_gradients(void **state)
{
    (void)state;
    static const size_t dims[] = {1, 3, 7, 8, 10, 15, 16, 17, 23, 24, 33}, batches[] = {0, 1, 2, 13, 67};
    for (size_t n = 0; n < sizeof dims / sizeof *dims; n++)
        for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
            for (int is_projected = 0; is_projected < 2; is_projected++) {
                trained_model m;
                make_model(
                    &m, 2,
                    "heads = 5; positions = 9; target = { strengths = (1.3); patterns = ((1, 2)); }; init = { "
                    "perturbation = 0.5; }; data = { noise = 0.5; copies = (1, 1, 1, 2, 1, 1, 1, 1, 3); }; train = { dim = "
                    "%zu; batch = %zu; sampling = \"%s\"; };",
                    dims[n], batches[b], is_projected ? "projected" : "direct");
                shake(&m, 0.3, n);
                copy_head(&m, m.x, 0, 2);
                copy_head(&m, m.x, 0, 3);
                for (uint64_t step = 0; step < 4; step++) {
                    take_gradient(&m, step);
                    if (!heads_equal(&m, m.gradient, 0, 2) || !heads_equal(&m, m.gradient, 0, 3))
                        fail_msg("heads 1, 3, 4 at d = %zu, batch %zu, %s sampling", dims[n], batches[b],
                                 is_projected ? "projected" : "direct");
                    assert_false(heads_equal(&m, m.gradient, 0, 1));
                }
                clear_model(&m);
            }
}

/* L D L^T: the matrix again, pivots that are not negative, and equal rows for equal vectors, wherever they stand. */
static void test_factor(void **state)
{
    (void)state;
    enum { N = 6, WIDTH = 9 };
    size_t equal[N];
    random_source random = {3};
    for (size_t trial = 0; trial < 200; trial++) {
        double x[N][WIDTH], gram[N * N], a[N * N], root[N][N];
        for (size_t k = 0; k < N; k++)
            for (size_t e = 0; e < WIDTH; e++)
                x[k][e] = trial % 4 == 3 && k == 1 ? 0 : draw_normal(&random);
        memcpy(x[3], x[0], sizeof x[0]);
        memcpy(x[5], x[0], sizeof x[0]);
        memcpy(x[4], x[2], sizeof x[0]);
        for (size_t k = 0; k < N; k++)
            for (size_t l = 0; l < N; l++)
                gram[k * N + l] = a[k * N + l] = product(WIDTH, x[k], x[l]);
        hf_factor_semidefinite(N, a, equal);
        for (size_t k = 0; k < N; k++)
            for (size_t l = 0; l < N; l++)
                root[k][l] = (l < k ? a[k * N + l] : l == k) * sqrt(a[l * N + l]);
        for (size_t k = 0; k < N; k++)
            for (size_t l = 0; l < N; l++)
                assert_true(is_close(product(N, root[k], root[l]), gram[k * N + l], 1e-12, 1e-12));
        assert_memory_equal(root[0], root[3], sizeof root[0]);
        assert_memory_equal(root[0], root[5], sizeof root[0]);
        assert_memory_equal(root[2], root[4], sizeof root[0]);
    }
}

/* In the view the contrasts between equal heads are 0, whatever noise has put outside the span. */
static void test_equal_heads_in_the_view(void **state)
{
    (void)state;
    trained_model m;
    make_model(&m, 1,
               "heads = 3; positions = 6; target = { strengths = (1.3, 1.0); patterns = ((1, 2), (3)); }; init = { start = "
               "\"bumps\"; scale = 1.0; }; train = { dim = 7; };");
    for (uint64_t trial = 0; trial < 20; trial++) { /* heads 1 and 3 start equal and have a contrast of their own */
        shake(&m, 0.3, trial);
        copy_head(&m, m.x, 0, 2);
        exact_loss(&m);
        const hf_view *view = view_of(&m);
        const size_t R = view->problem->features, N = view->problem->positions;
        size_t zeros[2] = {0};
        for (size_t n = 1; n < 3; n++) {
            zeros[0] += largest(R, view->y + n * R) == 0;
            zeros[1] += largest(N, view->y + 3 * R + n * N) == 0;
        }
        assert_int_equal(zeros[0], 1);
        assert_int_equal(zeros[1], 1);
    }
    clear_model(&m);
}

static void test_threads(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++)
        for (int is_projected = 0; is_projected < 2; is_projected++) {
            if (is_projected && !can_be_projected(&tasks[n]))
                continue;
            double *want = NULL, want_loss[2] = {0};
            for (size_t threads = 1; threads <= 3; threads++) {
                trained_model m;
                make_model(&m, threads, "%s", is_projected ? projected(tasks[n].text) : tasks[n].text);
                shake(&m, 0.2, 5);
                take_gradient(&m, 6);
                const double fixed_loss = hf_learner_loss(&m.learner, m.x, false);
                if (want == NULL) {
                    want = numbers(m.count);
                    memcpy(want, m.gradient, m.count * sizeof *want);
                    want_loss[0] = m.loss;
                    want_loss[1] = fixed_loss;
                }
                assert_memory_equal(m.gradient, want, m.count * sizeof *want);
                assert_memory_equal(&m.loss, &want_loss[0], sizeof m.loss);
                assert_memory_equal(&fixed_loss, &want_loss[1], sizeof fixed_loss);
                clear_model(&m);
            }
            free(want);
        }
}

/* Where the values are 0, a sample in which pattern 1 holds e_1 has the loss of its features' first columns: as many samples
 * as train.repetition says have. */
static void check_repetition(const char *text)
{
    enum { STEPS = 4000 };
    trained_model m;
    make_model(&m, 1, "%s", text);
    memset(m.x, 0, m.values * sizeof *m.x);
    const size_t d = m.task->dim, J = m.task->problem->patterns;
    double want = 0, repeated = 0;
    for (size_t o = 0; o < d; o++) {
        double y = 0;
        for (size_t j = 0; j < J; j++)
            y += m.task->feature[(j * d + o) * d];
        want += y * y / 2;
    }
    for (uint64_t step = 0; step < STEPS; step++)
        repeated += fabs(batch_loss(&m, step) - want) < 1e-12 * want;
    const double p = m.config.train.repetition;
    assert_true(within("repeated samples", fabs(repeated / STEPS - p) / sqrt(p * (1 - p) / STEPS), 5));
    clear_model(&m);
}

static void test_repetition(void **state)
{
    (void)state;
    check_repetition("heads = 1; positions = 2; target = { strengths = (1.9); patterns = ((2)); }; "
                     "train = { dim = 1; inputs = (1); repetition = 0.4; batch = 1; };");
    check_repetition("heads = 1; positions = 3; target = { strengths = (1.9, 1.2); patterns = ((2), (2)); }; "
                     "train = { dim = 5; inputs = (1, 4); repetition = 0.2; batch = 1; };");
}

/* ---- fixed samples ---- */

/* The losses of an epoch's batches average to the loss of all samples, and the next epoch has another order. */
static void test_epochs(void **state)
{
    (void)state;
    trained_model m;
    make_model(&m, 1, "%s",
               HEADS(2, 5) "target = { " TARGET("") "}; data = { noise = 0.5; }; train = { dim = 3; batch = 6; samples "
                                                    "= 42; validation = 31; };");
    double sum[3] = {0}, first[3];
    for (uint64_t step = 0; step < 21; step++)
        sum[step / 7] += batch_loss(&m, step) / 7;
    const double all = hf_learner_loss(&m.learner, m.x, false);
    for (uint64_t epoch = 0; epoch < 3; epoch++) {
        assert_true(close_to(sum[epoch], all, 1e-13));
        first[epoch] = batch_loss(&m, 7 * epoch);
    }
    assert_true(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    assert_true(batch_loss(&m, 7) == first[1]); /* of any step at any time */
    assert_true(fabs(hf_learner_loss(&m.learner, m.x, true) / all - 1) > 1e-3);
    clear_model(&m);
}

/* Held-out samples are none that fresh training ever sees. */
static void test_held_out(void **state)
{
    (void)state;
    trained_model m;
    make_model(&m, 1, "%s", HEADS(2, 5) "target = { " TARGET("") "}; train = { dim = 3; batch = 8; validation = 8; };");
    const double held_out = hf_learner_loss(&m.learner, m.x, true);
    assert_true(isnan(hf_learner_loss(&m.learner, m.x, false)));
    for (uint64_t step = 0; step < 20; step++)
        assert_true(fabs(batch_loss(&m, step) / held_out - 1) > 1e-9);
    clear_model(&m);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_gradient),
        cmocka_unit_test(test_mean_gradient_projected),
        cmocka_unit_test(test_projected_law),
        cmocka_unit_test(test_projected_noise),
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_default_sampling),
        cmocka_unit_test(test_noise_at_the_start),
        cmocka_unit_test(test_equal_heads_have_equal_gradients),
        cmocka_unit_test(test_factor),
        cmocka_unit_test(test_equal_heads_in_the_view),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_repetition),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
