/* The regression transformer: its task, its exact loss and its gradients, against definitions, finite differences and the
 * flow. */
#include "support.h"
#include "config/fill.h"
#include "training.h"

#include <stdlib.h>
#include <string.h>

/* ---- the task ---- */

/* <A_j, A_l> = m_j m_l gram_jl exactly; several groups: A_j reads its own coordinates alone. */
static void test_features(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++) {
        trained_model m;
        make_model(&m, 1, "%s", tasks[n].text);
        const hf_regression_task *task = m.task;
        const hf_problem *p = task->problem;
        const size_t size = task->dim * task->dim;
        for (size_t j = 0; j < p->patterns; j++)
            for (size_t l = 0; l < p->patterns; l++) {
                const double gram = product(p->features, p->feature + j * p->features, p->feature + l * p->features);
                const double got = product(size, task->feature + j * size, task->feature + l * size);
                assert_true(is_close(got, p->strength[j] * p->strength[l] * gram, 1e-13, 1e-13));
                if (m.config.target.gram.count > 0)
                    assert_true(close_to(gram, m.config.target.gram.row[j].at[l], 1e-13));
                else if (m.config.train.features != HF_FEATURES_RANDOM || j == l)
                    assert_true(is_close(gram, j == l, 1e-13, 1e-13));
                else
                    assert_true(fabs(gram) > 1e-3); /* random ones are only nearly orthogonal */
            }
        for (size_t e = 0; e < size && task->groups > 1; e++)
            for (size_t j = 0; j < p->patterns; j++) {
                const size_t c = e % task->dim;
                const bool own = c >= task->group_start[j] && c < task->group_start[j + 1];
                assert_true(own || task->feature[j * size + e] == 0);
            }
        clear_model(&m);
    }
}

static void refuse(const char *text, const char *words)
{
    hf_config config;
    hf_error err = {0};
    hf_learner learner = {0};
    write_text(temporary_path("refused.conf"), text, strlen(text));
    hf_status status = hf_config_read(&config, temporary_path("refused.conf"), 0, NULL, &err); /* by the keys alone, or: */
    if (status == HF_OK)
        status = try_learner(&learner, &config, 1, &err);
    assert_int_equal(status, HF_EUSAGE);
    if (strstr(err.message, words) == NULL)
        fail_msg("got '%s', want something about '%s'", err.message, words);
    hf_config_clear(&config);
}

static void test_what_cannot_be_sampled(void **state)
{
    (void)state;
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); }; train = { dim = 1; };",
           "train.dim");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); }; data = { weights = ((1), "
           "(2)); }; "
           "train = { dim = 4; };",
           "train.inputs");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); }; train = { dim = 4; inputs = "
           "(1, 3); "
           "sampling = \"projected\"; };",
           "train.sampling");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); gram = ((1, 0.1), (0.1, 1)); "
           "}; train = "
           "{ dim = 4; features = \"random\"; };",
           "random");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); }; train = { dim = 4; "
           "repetition = "
           "0.2; };",
           "repetition");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (2)); }; data = { weights = ((0.1), "
           "(1)); }; "
           "train = { dim = 4; inputs = (1, 3); repetition = 0.2; };",
           "repetition");
    /* SGD does not follow these flows */
    refuse("heads = 1; positions = 3; target = { strengths = (1); patterns = ((1)); }; flow = { geometry = \"replicator\"; "
           "}; train = "
           "{ dim = 4; };",
           "flow.geometry");
    refuse("heads = 1; positions = 3; target = { strengths = (1); patterns = ((1)); }; flow = { values = \"optimal\"; }; "
           "train = "
           "{ dim = 4; };",
           "flow.values");
    /* inputs that repeat together are correlated, which the flow does not know */
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1, 2), (1)); }; "
           "train = { dim = 4; inputs = (1, 3); repetition = 0.2; };",
           "repetition");
    refuse("heads = 1; positions = 3; target = { strengths = (1, 1); patterns = ((1), (1)); }; data = { replicas = (2, 1, "
           "1); }; "
           "train = { dim = 4; inputs = (1, 3); repetition = 0.2; };",
           "repetition");
}

/* ---- the view: the exact loss by its definition ---- */

/* 1/2 sum_i sum_c omega_ci |column c of sum_k V_k c_i s_ki - sum_{j <= known} A_j p_ji|^2, in d x d */
static double distance_by_definition(const trained_model *m, size_t known)
{
    const hf_regression_task *task = m->task;
    const size_t d = task->dim, N = task->inputs, H = task->problem->heads;
    double *cs = numbers(H * N), *sum = numbers(d * d), total = 0;
    for (size_t k = 0; k < H; k++)
        attended(m, k, cs + k * N);
    for (size_t i = 0; i < N; i++) {
        for (size_t e = 0; e < d * d; e++) {
            sum[e] = 0;
            for (size_t k = 0; k < H; k++)
                sum[e] += m->x[k * d * d + e] * cs[k * N + i];
            for (size_t j = 0; j < known; j++)
                sum[e] -= task->feature[j * d * d + e] * task->pattern[j * N + i];
        }
        for (size_t g = 0; g < task->groups; g++)
            for (size_t o = 0; o < d; o++)
                for (size_t c = task->group_start[g]; c < task->group_start[g + 1]; c++)
                    total += pow(task->deviation[g * N + i] * sum[o * d + c], 2) / 2;
    }
    free(cs);
    free(sum);
    return total;
}

static void test_view(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++) {
        trained_model m;
        make_shaken(&m, &tasks[n]);
        const size_t J = m.task->problem->patterns;
        const double decay = m.task->problem->weight_decay / 2 * product(m.values, m.x, m.x);
        const double want = distance_by_definition(&m, J) + decay;
        if (!close_to(exact_loss(&m), want, 1e-12))
            fail_msg("the loss of %s", tasks[n].name);
        const hf_observation *o = &view_of(&m)->observation;
        for (size_t k = 0; k <= J; k++)
            assert_true(close_to(o->distance[k], distance_by_definition(&m, k), 1e-12));
        m.x[3] = NAN;
        assert_false(look_at(&m));
        clear_model(&m);
    }
}

/* ---- gradients ---- */

/* Central differences of loss at parameter number i: exact up to rounding for values, in which it is quadratic. */
static double difference(trained_model *m, size_t i, uint64_t step, double (*loss)(trained_model *, uint64_t))
{
    const double h = i < m->values ? 1e-2 : 1e-4, x = m->x[i];
    m->x[i] = x + h;
    const double above = loss(m, step);
    m->x[i] = x - h;
    const double below = loss(m, step);
    m->x[i] = x;
    return (above - below) / (2 * h);
}

static double population_loss(trained_model *m, uint64_t step)
{
    (void)step;
    return exact_loss(m);
}

/* Every parameter's gradient within 1e-6 of its group's largest. All copies of an input have a logit of their own, which
 * move together: the loss sees c_i of them. decay: of the values, where the loss knows nothing of it. */
static void check_gradient(trained_model *m, const char *name, uint64_t step, double decay,
                           double (*loss)(trained_model *, uint64_t))
{
    double worst[2] = {0};
    for (size_t g = 0; g < 2; g++) {
        const hf_tensor *group = &m->tensors.at[g];
        const double scale = largest(group->count, m->gradient + group->offset);
        assert_true(scale > 1e-4);
        for (size_t e = 0; e < group->count; e++) {
            const size_t i = group->offset + e;
            const double copies = g == 0 ? 1 : m->task->problem->copies[e % m->task->inputs];
            const double got = copies * (m->gradient[i] - (g == 0 ? decay * m->x[i] : 0));
            worst[g] = fmax(worst[g], fabs(got - difference(m, i, step, loss)) / scale);
        }
        if (!within(group->name, worst[g], g == 0 ? 1e-9 : 1e-7))
            fail_msg("the gradient of a %s of %s", group->name, name);
    }
}

static void test_sampled_gradient(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++)
        for (uint64_t step = 0; step < 9; step += 4) { /* fixed samples: two of the first epoch, one of the third */
            trained_model m;
            make_shaken(&m, &tasks[n]);
            take_gradient(&m, step);
            check_gradient(&m, tasks[n].name, step, m.task->problem->weight_decay, batch_loss);
            clear_model(&m);
            if (m.values > 2000)
                break;
        }
}

/* A task's model in mixed precision, where another is. */
static void make_mixed(trained_model *m, size_t threads, const char *text, const trained_model *other)
{
    const char *train = strstr(text, "train = {");
    make_model(m, threads, "%.*s train = { precision = \"mixed\"; %s", (int)(train - text), text,
               train + strlen("train = {"));
    memcpy(m->x, other->x, m->count * sizeof *m->x);
    take_gradient(m, 2);
}

/* Samples are those of double precision, so that loss and gradient are, too, up to rounding; they do not depend on the threads. */
static void check_mixed(const char *text)
{
    trained_model exact, m, threads;
    make_model(&exact, 1, "%s", text);
    shake(&exact, 0.2, 5);
    take_gradient(&exact, 2);
    make_mixed(&m, 1, text, &exact);
    make_mixed(&threads, 3, text, &exact);
    assert_memory_equal(m.gradient, threads.gradient, m.count * sizeof *m.gradient);
    assert_true(m.loss == threads.loss && m.loss != exact.loss && close_to(m.loss, exact.loss, 1e-6));
    for (size_t g = 0; g < 2; g++) {
        const hf_tensor *group = &m.tensors.at[g];
        const double scale = largest(group->count, exact.gradient + group->offset);
        double worst = 0;
        for (size_t i = group->offset; i < group->offset + group->count; i++)
            worst = fmax(worst, fabs(m.gradient[i] - exact.gradient[i]));
        assert_true(worst > 0 && within(group->name, worst / scale, 2e-6));
    }
    clear_model(&exact);
    clear_model(&m);
    clear_model(&threads);
}

static void test_mixed_precision(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++) {
        check_mixed(tasks[n].text);
        if (can_be_projected(&tasks[n]))
            check_mixed(projected(tasks[n].text));
    }
}

/* Equal heads have equal gradients, to the last bit. */
static void test_equal_heads_of_mixed_precision(void **state)
{
    (void)state;
    trained_model m;
    make_model(&m, 1, "%s",
               HEADS(5, 5) "target = { " TARGET(
                   "") "}; train = { sampling = \"direct\"; precision = \"mixed\"; dim = 19; batch = 40; };");
    shake(&m, 0.2, 5);
    const size_t value = m.values / 5, logit = (m.count - m.values) / 5;
    memcpy(m.x + 4 * value, m.x, value * sizeof *m.x);
    memcpy(m.x + m.values + 4 * logit, m.x + m.values, logit * sizeof *m.x);
    take_gradient(&m, 1);
    assert_memory_equal(m.gradient + 4 * value, m.gradient, value * sizeof *m.gradient);
    assert_memory_equal(m.gradient + m.values + 4 * logit, m.gradient + m.values, logit * sizeof *m.gradient);
    clear_model(&m);
}

static void test_population_gradient(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++) {
        trained_model m;
        make_shaken(&m, &tasks[n]);
        take_population_gradient(&m);
        check_gradient(&m, tasks[n].name, 0, 0, population_loss);
        clear_model(&m);
    }
}

/* At the start all values lie in the features' span: minus the gradient is the velocity of the flow of the same file, whose
 * positions stand for many inputs. */
static void test_gradient_is_the_flow(void **state)
{
    (void)state;
    for (size_t n = 0; n < task_count; n++) {
        trained_model m;
        hf_problem *problem;
        hf_error err = {0};
        make_model(&m, 1, "%s", tasks[n].text);
        if (m.config.train.features == HF_FEATURES_RANDOM) {
            clear_model(&m);
            continue;
        }
        assert_int_equal(hf_fill_create_problem(&m.config, &problem, &err), HF_OK);
        hf_flow *flow = make_flow(problem);
        const size_t R = problem->features, H = problem->heads, T = problem->positions, size = m.task->dim * m.task->dim;
        double *y = numbers(hf_flow_size(flow));
        long double *x = long_numbers(H * (R + T)), *velocity = long_numbers(H * (R + T));
        hf_flow_start(flow, y);
        to_heads(flow, y, x);
        naive_flow(problem, x, velocity, NULL, NULL);
        take_population_gradient(&m);
        const double *logit = m.gradient + m.values;
        for (size_t k = 0; k < H; k++) {
            for (size_t r = 0; r < R; r++) {
                const double along = product(size, m.task->basis + r * size, m.gradient + k * size);
                assert_true(is_close(-problem->value_rate * along, (double)velocity[k * R + r], 1e-12, 1e-13));
            }
            for (size_t i = 0, input = 0; i < T; i++)
                for (size_t replica = 0; replica < (size_t)problem->replicas[i]; replica++, input++)
                    assert_true(is_close(-problem->attention_rate * logit[k * m.task->inputs + input],
                                         (double)velocity[H * R + k * T + i], 1e-12, 1e-14));
        }
        free(y);
        free(x);
        free(velocity);
        hf_flow_free(flow);
        hf_problem_free(problem);
        clear_model(&m);
    }
}

/* With batch = 0 the gradient of a step is that of the population. */
static void test_no_batch(void **state)
{
    (void)state;
    trained_model m;
    make_model(&m, 1, "%s",
               HEADS(3, 5) "target = { " TARGET("") "}; data = { noise = 2.0; }; train = { dim = 7; batch = 0; };");
    shake(&m, 0.2, 5);
    take_population_gradient(&m);
    double *want = numbers(m.count);
    memcpy(want, m.gradient, m.count * sizeof *want);
    take_gradient(&m, 3);
    assert_memory_equal(m.gradient, want, m.count * sizeof *want);
    assert_true(isnan(m.loss));
    free(want);
    clear_model(&m);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_what_cannot_be_sampled),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_sampled_gradient),
        cmocka_unit_test(test_mixed_precision),
        cmocka_unit_test(test_equal_heads_of_mixed_precision),
        cmocka_unit_test(test_population_gradient),
        cmocka_unit_test(test_gradient_is_the_flow),
        cmocka_unit_test(test_no_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
