#include "training.h"

#include "config/fill.h"
#include "support.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void read_config(hf_config *config, const char *text)
{
    hf_error err = {0};
    write_text(temporary_path("model.conf"), text, strlen(text));
    if (hf_config_read(config, temporary_path("model.conf"), 0, NULL, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
}

hf_status try_learner(hf_learner *learner, const hf_config *config, size_t threads, hf_error *err)
{
    hf_learner_params params;
    hf_status status = hf_fill_learner(config, &params, err);
    if (status == HF_OK)
        status = hf_learner_create(learner, &params, config->train.seed, threads, err);
    hf_fill_clear_problem(&params.problem);
    return hf_config_place(config, status, err);
}

void make_model(trained_model *m, size_t threads, const char *format, ...)
{
    char text[4096];
    hf_error err = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *m = (trained_model){0};
    read_config(&m->config, text);
    if (try_learner(&m->learner, &m->config, threads, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    m->task = m->learner.task;
    m->tensors = hf_model_regression.tensors(m->learner.model.self);
    m->count = hf_tensors_size(m->tensors);
    m->values = m->tensors.at[0].count;
    m->x = numbers(m->count);
    m->gradient = numbers(m->count);
    hf_model_regression.initialize(m->learner.model.self, m->x);
}

void clear_model(trained_model *m)
{
    hf_learner_clear(&m->learner);
    hf_config_clear(&m->config);
    free(m->x);
    free(m->gradient);
}

void make_shaken(trained_model *m, const task_text *task)
{
    make_model(m, 1, "%s", task->text);
    shake(m, 0.2, 5);
}

void shake(trained_model *m, double size, uint64_t seed)
{
    random_source random = {seed};
    for (size_t i = 0; i < m->count; i++)
        m->x[i] += size * draw_normal(&random);
}

void take_gradient(trained_model *m, uint64_t step)
{
    m->loss = hf_learner_gradient(&m->learner, m->x, step, m->gradient);
}

void take_population_gradient(trained_model *m)
{
    hf_regression_population_gradient(m->learner.model.self, m->x, m->gradient);
}

bool look_at(trained_model *m)
{
    return m->learner.probe.kind->look(m->learner.probe.self, m->x);
}

const hf_view *view_of(const trained_model *m)
{
    return m->learner.probe.kind->view(m->learner.probe.self);
}

double exact_loss(trained_model *m)
{
    assert_true(look_at(m));
    return view_of(m)->observation.loss;
}

double batch_loss(trained_model *m, uint64_t step)
{
    double *unused = numbers(m->count);
    const double loss = hf_learner_gradient(&m->learner, m->x, step, unused);
    free(unused);
    return loss;
}

void attended(const trained_model *m, size_t head, double *cs)
{
    const double *a = m->x + m->values + head * m->task->inputs, *copies = m->task->problem->copies;
    long double sum = 0;
    for (size_t i = 0; i < m->task->inputs; i++)
        sum += copies[i] * expl(a[i]);
    for (size_t i = 0; i < m->task->inputs; i++)
        cs[i] = (double)(copies[i] * expl(a[i]) / sum);
}

/* ---- tasks of every kind ---- */

/* clang-format off */

const task_text tasks[] = {
    {"plain", HEADS(3, 5) "target = { " TARGET("") "}; train = { dim = 7; batch = 5; };"},
    {"noise", HEADS(3, 5) "target = { " TARGET("") "}; data = { noise = 0.7; }; train = { dim = 3; batch = 5; };"},
    {"gram", HEADS(3, 5) "target = { " TARGET("gram = ((1.5, 0.4), (0.4, 1.2)); ") "}; train = { dim = 10; batch = 4; };"},
    {"random features", HEADS(2, 5) "target = { " TARGET("") "}; train = { sampling = \"direct\"; features = \"random\"; dim = 4; batch = 4; };"},
    {"copies and replicas", HEADS(3, 5) "target = { " TARGET("") "};"
     "data = { copies = (1, 3, 2, 1, 2); replicas = (1, 2, 3, 1, 4); noise = 0.3; }; train = { sampling = \"direct\"; dim = 8; batch = 6; };"},
    {"variances", HEADS(3, 5) "target = { " TARGET("") "};"
     "data = { weights = ((0.5, 1.5, 0.8, 2, 0), (0.5, 1.5, 0.8, 2, 0)); }; train = { dim = 16; batch = 3; };"},
    {"variances by feature", HEADS(3, 5) "target = { " TARGET("") "};"
     "data = { weights = ((0.5, 1.5, 0.8, 2, 1), (2, 0.2, 1, 0.4, 1.4)); copies = (1, 1, 2, 1, 1);"
     "         replicas = (1, 1, 1, 1, 2); noise = 0.2; }; train = { dim = 17; inputs = (9, 8); batch = 3; };"},
    {"repetition", HEADS(2, 5) "target = { strengths = (1.9, 1.2); patterns = ((2), (2)); };"
     "data = { weights = ((0.2, 0.5, 0.8, 1, 1), (1, 0.2, 1, 0.4, 1)); };"
     "train = { dim = 5; inputs = (1, 4); repetition = 0.4; batch = 6; };"},
    {"repetition alone", HEADS(2, 4) "target = { strengths = (1.9); patterns = ((3)); };"
     "data = { weights = ((0.2, 0.5, 0.8, 1)); }; train = { dim = 1; inputs = (1); repetition = 0.4; batch = 2; };"},
    {"decay and rates", HEADS(3, 5) "target = { " TARGET("") "};"
     "flow = { weight_decay = 0.13; value_rate = 0.6; attention_rate = 1.7; }; train = { dim = 7; batch = 5; };"},
    {"wide", HEADS(2, 5) "target = { " TARGET("") "}; data = { noise = 0.5; }; train = { sampling = \"direct\"; dim = 50; batch = 20; };"},
    {"all samples", HEADS(3, 5) "target = { " TARGET("") "}; data = { noise = 0.5; };"
     "train = { dim = 7; batch = 0; samples = 37; };"},
    {"some samples", HEADS(3, 5) "target = { " TARGET("") "}; data = { noise = 0.5; };"
     "train = { dim = 7; batch = 8; samples = 37; };"},
    {"entries of one size", HEADS(3, 5) "target = { " TARGET("gram = ((1.5, 0.4), (0.4, 1.2)); ") "};"
     "train = { dim = 4; features = \"hadamard\"; batch = 4; };"},
    {"one head", HEADS(1, 5) "target = { " TARGET("") "}; train = { sampling = \"direct\"; dim = 2; batch = 1; };"},
};

/* clang-format on */

const size_t task_count = sizeof tasks / sizeof *tasks;

bool is_fresh(const task_text *task)
{
    return strstr(task->text, "samples") == NULL;
}

bool can_be_projected(const task_text *task)
{
    return is_fresh(task) && strstr(task->text, "inputs = ") == NULL;
}

const char *projected(const char *text)
{
    static char changed[2048];
    const char *train = strstr(text, "train = {");
    const char *rest = train + strlen("train = {"), *direct = " sampling = \"direct\";";
    if (strncmp(rest, direct, strlen(direct)) == 0)
        rest += strlen(direct);
    snprintf(changed, sizeof changed, "%.*s train = { sampling = \"projected\"; %s", (int)(train - text), text, rest);
    return changed;
}

/* ---- small things ---- */

double product(size_t count, const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * y[i];
    return sum;
}

double largest(size_t count, const double *x)
{
    double result = 0;
    for (size_t i = 0; i < count; i++)
        result = fmax(result, fabs(x[i]));
    return result;
}

/* ---- runs in memory ---- */

hf_status try_training(const hf_config *config, uint64_t seed, const training_options *options, hf_run_summary *summary,
                       hf_error *err)
{
    training_options complete = *options;
    complete.run.threads = options->run.threads == 0 ? 1 : options->run.threads;
    hf_train_run_params params;
    hf_status status = hf_fill_train_run(config, &params, err);
    if (status == HF_OK)
        status = hf_fill_identity(config, &params.origin, &params.state_hash, err);
    if (status == HF_OK)
        status = hf_train_run(&params, seed, &complete.run, &complete.beside, summary, err);
    hf_fill_clear_problem(&params.learner.problem);
    return hf_config_place(config, status, err);
}

void run_training(const hf_config *config, const training_options *options, hf_run_summary *summary)
{
    hf_error err = {0};
    if (try_training(config, config->train.seed, options, summary, &err) != HF_OK)
        fail_msg("%s", err.message);
}

hf_status try_flow(const hf_config *config, const hf_run_options *options, hf_run_summary *summary, hf_error *err)
{
    hf_flow_run_params params;
    hf_status status = hf_fill_flow_run(config, &params, err);
    if (status == HF_OK)
        status = hf_fill_identity(config, &params.origin, &params.state_hash, err);
    if (status == HF_OK)
        status = hf_flow_run(&params, options, summary, err);
    hf_fill_clear_problem(&params.problem);
    return hf_config_place(config, status, err);
}

void follow_flow(const hf_config *config, hf_run_summary *summary)
{
    const hf_run_options options = {.judge_end = true};
    hf_error err = {0};
    if (try_flow(config, &options, summary, &err) != HF_OK)
        fail_msg("%s", err.message);
}

void follow_text(const char *text, hf_run_summary *summary)
{
    hf_config config;
    read_config(&config, text);
    follow_flow(&config, summary);
    hf_config_clear(&config);
}

static void assert_same_findings(const hf_findings *a, const hf_findings *b)
{
    assert_int_equal(a->stage_count, b->stage_count);
    assert_int_equal(a->event_count, b->event_count);
    for (size_t i = 0; i < a->stage_count; i++)
        assert_memory_equal(&a->stage[i].t_onset, &b->stage[i].t_onset, sizeof a->stage[i] - offsetof(hf_stage, t_onset));
    for (size_t i = 0; i < a->event_count; i++)
        assert_true(a->event[i].kind == b->event[i].kind && a->event[i].t == b->event[i].t &&
                    a->event[i].head == b->event[i].head);
}

void assert_same_summary(const hf_run_summary *a, const hf_run_summary *b, size_t levels)
{
    const hf_training_numbers *one = &a->training, *two = &b->training;
    assert_int_equal(a->steps, b->steps);
    assert_memory_equal(&a->t, &b->t, offsetof(hf_run_summary, heads) - offsetof(hf_run_summary, t));
    assert_memory_equal(one, two, offsetof(hf_training_numbers, crossing));
    assert_memory_equal(&one->before, &two->before, 2 * sizeof one->before);
    assert_memory_equal(one->crossing, two->crossing, levels * sizeof *one->crossing);
    assert_memory_equal(a->share, b->share, a->heads * a->patterns * sizeof *a->share);
    assert_same_findings(&a->findings, &b->findings);
}
