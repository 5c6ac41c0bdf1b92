#include "gradients.h"

#include <stdlib.h>

hf_model make_two_blocks(const hf_token_task *task, hf_places places, double query_scale, size_t threads)
{
    const hf_decoder_params params = {.heads = 2,
                                      .blocks = 2,
                                      .width = 8,
                                      .mlp = 5,
                                      .places = places,
                                      .keys = true,
                                      .output = true,
                                      .residual = true,
                                      .norm = true,
                                      .query_scale = query_scale,
                                      .key_scale = -1,
                                      .value_scale = -1,
                                      .threads = threads,
                                      .seed = 8,
                                      .stored = 150};
    hf_model model;
    assert_int_equal(hf_decoder_create(&model, task, &params, NULL), HF_OK);
    return model;
}

size_t count_parameters(const hf_model *model)
{
    return hf_tensors_size(model->kind->tensors(model->self));
}

double training_loss(const hf_model *model, const hf_batch *batch, const double *x, double *gradient)
{
    return model->kind->gradient(model->self, x, batch, gradient);
}

void assert_gradient_by_differences(const char *name, const hf_model *model, const hf_batch *batch, size_t every,
                                    uint64_t seed)
{
    const size_t count = count_parameters(model);
    double *x = numbers(count), *g = numbers(count), *unused = numbers(count), largest = 0, worst = 0;
    random_source random = {seed};
    model->kind->initialize(model->self, x);
    for (size_t i = 0; i < count; i++)
        x[i] += 0.2 * draw_normal(&random);
    training_loss(model, batch, x, g);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(g[i]));
    for (size_t i = 0; i < count; i += every) {
        const double h = 1e-5, at = x[i];
        x[i] = at + h;
        const double up = training_loss(model, batch, x, unused);
        x[i] = at - h;
        const double down = training_loss(model, batch, x, unused);
        x[i] = at;
        worst = fmax(worst, fabs((up - down) / (2 * h) - g[i]));
    }
    assert_true(within(name, worst / largest, 1e-7));
    free(x);
    free(g);
    free(unused);
}

void assert_gradient_of_table(const hf_tsv *table, size_t n, const char *name, const hf_model *model, const hf_batch *batch,
                              double rtol)
{
    const size_t count = count_parameters(model);
    double line[6], along[3] = {0}, square = 0, *x = numbers(count), *g = numbers(count);
    assert_string_equal(hf_tsv_text(table, n, 0), name);
    for (size_t c = 0; c < 6; c++)
        assert_true(hf_tsv_number(table, n, c + 1, &line[c]));
    assert_int_equal(count, (size_t)line[0]);
    for (size_t i = 0; i < count; i++)
        x[i] = 0.7 * sin(1 + 0.37 * (double)i + 0.0011 * (double)i * (double)i);
    const double loss = training_loss(model, batch, x, g);
    for (size_t i = 0; i < count; i++) {
        square += g[i] * g[i];
        for (size_t k = 0; k < 3; k++)
            along[k] += g[i] * cos((double)((k + 1) * (i + 1)));
    }
    assert_true(close_to(model->kind->loss(model->self, x, batch), loss, 1e-14));
    assert_true(close_to(loss, line[1], rtol) && close_to(sqrt(square), line[5], rtol));
    for (size_t k = 0; k < 3; k++)
        assert_true(within(name, fabs(along[k] - line[2 + k]) / line[5], 1e-12));
    free(x);
    free(g);
}
