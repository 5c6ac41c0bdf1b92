#include "training.h"

#include "support.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

extern void openblas_set_num_threads(int count) __attribute__((weak));

void use_one_blas_thread(void)
{
    if (openblas_set_num_threads != NULL)
        openblas_set_num_threads(1);
}

void read_config(hf_config *config, const char *text)
{
    hf_error err = {0};
    write_text(temporary_path("model.conf"), text, strlen(text));
    if (hf_config_read(config, temporary_path("model.conf"), 0, NULL, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
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
    if (hf_model_regression.create(&m->model, &m->config, m->config.train.seed, threads, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    m->task = hf_regression_task(m->model);
    m->count = hf_model_regression.parameters(m->model, m->groups);
    m->values = m->groups[0].count;
    m->x = numbers(m->count);
    m->gradient = numbers(m->count);
    hf_model_regression.initialize(m->model, m->x);
}

void clear_model(trained_model *m)
{
    hf_model_regression.free(m->model);
    hf_config_clear(&m->config);
    free(m->x);
    free(m->gradient);
}

void shake(trained_model *m, double size, uint64_t seed)
{
    random_source random = {seed};
    for (size_t i = 0; i < m->count; i++)
        m->x[i] += size * draw_normal(&random);
}

void take_gradient(trained_model *m, uint64_t step)
{
    hf_model_regression.gradient(m->model, m->x, step, m->gradient, &m->loss);
}

void take_population_gradient(trained_model *m)
{
    hf_regression_population_gradient(m->model, m->x, m->gradient);
}

double exact_loss(trained_model *m)
{
    assert_true(hf_model_regression.observe(m->model, m->x));
    return hf_model_regression.view(m->model)->observation.loss;
}

double batch_loss(trained_model *m, uint64_t step)
{
    double *unused = numbers(m->count), loss;
    hf_model_regression.gradient(m->model, m->x, step, unused, &loss);
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
