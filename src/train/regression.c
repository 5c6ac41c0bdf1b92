#include "train/regression_state.h"

#include "train/factor.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_MAX = 64,   /* samples in one matrix product */
    CACHED = 1 << 18, /* bytes of inputs in a chunk that stay in a core's cache */
    STORED = 1 << 29  /* bytes of fixed samples that are kept, not drawn again */
};

/* ---- attention ---- */

static void fill_attention(const hf_regression *m, const double *logits)
{
    const hf_problem *p = m->task->problem;
    for (size_t k = 0; k < m->heads; k++) {
        const double *a = logits + k * m->inputs;
        double *s = m->attention + k * m->inputs, largest = -INFINITY, sum = 0;
        for (size_t i = 0; i < m->inputs; i++)
            largest = a[i] > largest ? a[i] : largest;
        for (size_t i = 0; i < m->inputs; i++) {
            s[i] = exp(a[i] - largest);
            sum += p->copies[i] * s[i];
        }
        for (size_t i = 0; i < m->inputs; i++)
            s[i] /= sum;
    }
}

static double input_scale(const hf_regression *m, size_t i)
{
    return hf_regression_task_shapes_inputs(m->task) ? 1 : m->task->deviation[i];
}

static void fill_rows(hf_regression *m)
{
    for (size_t k = 0; k < m->heads; k++)
        for (size_t i = 0; i < m->inputs; i++)
            m->looked[k * m->inputs + i] =
                m->task->problem->copies[i] * m->attention[k * m->inputs + i] * input_scale(m, i);
    m->rows = m->stride = m->inputs;
    m->row_pattern = m->wanted;
    m->row_attention = m->looked;
}

static void project_rows(hf_regression *m)
{
    hf_projection_set(&m->projection, m->looked);
    m->rows = m->projection.count;
    m->stride = m->patterns + m->heads;
    m->row_pattern = m->projection.pattern;
    m->row_attention = m->projection.attention;
}

/* ---- gradients ---- */

/* g_ki from what the drawn directions give (share 0) and the rest of the inputs. */
static void expand_gain(hf_regression *m, uint64_t step)
{
    const size_t H = m->heads, N = m->inputs;
    double *products = m->shares[0].products;
    hf_factor_semidefinite(H, products, m->equal);
    for (size_t k = 0; k < H; k++) {
        const hf_stream stream = {m->task->seed, HF_DRAW_REST, step, (uint32_t)k};
        hf_normal_fill(&stream, N, m->rest + k * N);
        hf_projection_remove(&m->projection, m->rest + k * N);
    }
    for (size_t k = 0; k < H; k++) {
        double *gain = m->gain + k * N;
        hf_projection_expand(&m->projection, m->shares[0].gain + k * m->rows, gain);
        for (size_t l = 0; l <= k; l++)
            hf_kernel_add(N, (l < k ? products[k * H + l] : 1) * sqrt(products[l * H + l]), m->rest + l * N, gain);
    }
}

/* What is held has no gradient. */
static void hold(const hf_regression *m, double *gradient)
{
    const hf_problem *p = m->task->problem;
    const size_t value = m->dim * m->dim, values = m->heads * value;
    if (p->held_value == NULL)
        return;
    for (size_t k = 0; k < m->heads; k++) {
        if (p->held_value[k])
            memset(gradient + k * value, 0, value * sizeof *gradient);
        for (size_t i = 0; i < m->inputs; i++)
            if (p->held_logit[k] || p->held_position[i])
                gradient[values + k * m->inputs + i] = 0;
    }
}

/* The gradient from m->gain (g_ki) and, in gradient already, sum_i n_i omega E s: dL/dV_k without decay is minus that. */
static void finish_gradient(const hf_regression *m, const double *parameters, double *gradient)
{
    const size_t values = m->heads * m->dim * m->dim;
    for (size_t e = 0; e < values; e++)
        gradient[e] = m->task->problem->weight_decay * parameters[e] - gradient[e];
    for (size_t k = 0; k < m->heads; k++) {
        const double *s = m->attention + k * m->inputs, *g = m->gain + k * m->inputs;
        double mean = 0;
        for (size_t i = 0; i < m->inputs; i++)
            mean += m->task->problem->copies[i] * s[i] * g[i];
        const double *logit = parameters + values + k * m->inputs, decay = m->task->problem->attention_decay;
        for (size_t i = 0; i < m->inputs; i++)
            gradient[values + k * m->inputs + i] = decay * logit[i] - s[i] * (g[i] - mean);
    }
    hold(m, gradient);
}

static void sampled_gradient(hf_regression *m, const double *parameters, const hf_batch *b, double *gradient, double *loss)
{
    const size_t values = m->heads * m->dim * m->dim;
    const double share_of_one = 1 / (double)b->count;
    fill_rows(m);
    if (m->params.projected)
        project_rows(m);
    *loss = hf_regression_sum(m, parameters, b, gradient) * share_of_one;
    for (size_t e = 0; e < values; e++)
        gradient[e] *= share_of_one;
    if (m->params.projected)
        expand_gain(m, b->step);
    else
        memcpy(m->gain, m->shares[0].gain, m->heads * m->inputs * sizeof *m->gain);
    for (size_t k = 0; k < m->heads; k++)
        for (size_t i = 0; i < m->inputs; i++)
            m->gain[k * m->inputs + i] *= share_of_one * input_scale(m, i);
    finish_gradient(m, parameters, gradient);
}

/* sum_i omega_gi x_i y_i */
static double inner_inputs(const hf_regression *m, size_t group, const double *x, const double *y)
{
    const double *deviation = m->task->deviation + group * m->inputs;
    double sum = 0;
    for (size_t i = 0; i < m->inputs; i++)
        sum += deviation[i] * deviation[i] * x[i] * y[i];
    return sum;
}

/* What one matrix M on vector v (A_j on p_j; V_l on c s_l, with factor -1) adds to head k's force and gains. */
static void add_matrix(hf_regression *m, size_t k, const double *values, double factor, const double *matrix,
                       const double *vector, double *force)
{
    const size_t d = m->dim;
    for (size_t g = 0; g < m->task->groups; g++) {
        const size_t from = m->task->group_start[g], to = m->task->group_start[g + 1];
        const double along = factor * inner_inputs(m, g, vector, m->looked + k * m->inputs);
        const double product = factor * hf_kernel_dot_columns(d, from, to, matrix, values + k * d * d);
        for (size_t o = 0; o < d; o++)
            hf_kernel_add(to - from, along, matrix + o * d + from, force + o * d + from);
        for (size_t i = 0; i < m->inputs; i++) {
            const double deviation = m->task->deviation[g * m->inputs + i];
            m->gain[k * m->inputs + i] += deviation * deviation * product * vector[i];
        }
    }
}

void hf_regression_population_gradient(hf_regression *m, const double *parameters, double *gradient)
{
    const size_t d = m->dim, N = m->inputs;
    fill_attention(m, parameters + m->heads * d * d);
    for (size_t k = 0; k < m->heads; k++)
        for (size_t i = 0; i < N; i++)
            m->looked[k * N + i] = m->task->problem->copies[i] * m->attention[k * N + i];
    memset(gradient, 0, m->heads * d * d * sizeof *gradient);
    memset(m->gain, 0, m->heads * N * sizeof *m->gain);
    for (size_t k = 0; k < m->heads; k++) {
        double *force = gradient + k * d * d;
        for (size_t j = 0; j < m->patterns; j++)
            add_matrix(m, k, parameters, 1, m->task->feature + j * d * d, m->task->pattern + j * N, force);
        for (size_t l = 0; l < m->heads; l++)
            add_matrix(m, k, parameters, -1, parameters + l * d * d, m->looked + l * N, force);
    }
    finish_gradient(m, parameters, gradient);
}

static double regression_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    hf_regression *m = self;
    double loss = NAN;
    if (batch->count == 0) {
        hf_regression_population_gradient(m, parameters, gradient);
        return loss;
    }
    fill_attention(m, parameters + m->heads * m->dim * m->dim);
    sampled_gradient(m, parameters, batch, gradient, &loss);
    return loss;
}

static double regression_loss(void *self, const double *parameters, const hf_batch *batch)
{
    hf_regression *m = self;
    if (batch->count == 0)
        return NAN;
    fill_attention(m, parameters + m->heads * m->dim * m->dim);
    fill_rows(m);
    return hf_regression_sum(m, parameters, batch, NULL) / (double)batch->count;
}

/* ---- life ---- */

static void regression_free(void *self)
{
    hf_regression *m = self;
    if (m == NULL)
        return;
    hf_projection_clear(&m->projection);
    free(m->attention);
    free(m->workspaces);
    free(m->memory);
    free(m->numbers);
    free(m->at);
    free(m->stored);
    free(m->equal);
    free(m);
}

/* Chunks whose inputs stay in the cache, and enough of them for the shares. */
static void choose_chunk(hf_regression *m)
{
    const size_t bytes = m->most_rows * m->dim * m->pass->size;
    const size_t largest = m->params.largest_batch / HF_SHARES;
    m->chunk = CACHED / bytes;
    m->chunk = m->chunk < CHUNK_MAX ? m->chunk : CHUNK_MAX;
    m->chunk = m->chunk < largest ? m->chunk : largest;
    m->chunk = m->chunk > 0 ? m->chunk : 1;
}

/* The next so many bytes of what *memory points to. */
static void *take(char **memory, size_t bytes)
{
    char *taken = *memory;
    *memory += bytes;
    return taken;
}

static hf_status allocate_kernels(hf_regression *m, hf_error *err)
{
    const size_t H = m->heads, value = H * m->dim * m->dim, gain = H * m->most_rows, size = m->pass->size;
    const size_t operands = m->pass->operands(m), work = m->pass->work(m), threads = m->params.threads;
    m->memory = malloc(HF_SHARES * (gain + H * H) * sizeof *m->memory);
    m->numbers = malloc((operands + threads * work + HF_SHARES * value) * size);
    m->workspaces = calloc(threads, sizeof *m->workspaces);
    m->at = malloc(threads * m->chunk * sizeof *m->at);
    if (m->memory == NULL || m->numbers == NULL || m->workspaces == NULL || m->at == NULL)
        return hf_fail_memory(err, "the samples of a step");
    char *numbers = m->numbers;
    double *memory = m->memory;
    m->operands = take(&numbers, operands * size);
    for (size_t t = 0; t < threads; t++)
        m->workspaces[t] = (hf_workspace){take(&numbers, work * size), m->at + t * m->chunk};
    for (size_t s = 0; s < HF_SHARES; s++, memory += gain + H * H)
        m->shares[s] = (hf_batch_share){.value = take(&numbers, value * size), .gain = memory, .products = memory + gain};
    return HF_OK;
}

static hf_status allocate_rows(hf_regression *m, hf_error *err)
{
    const size_t heads = m->heads * m->inputs, patterns = m->patterns * m->inputs;
    m->attention = malloc((4 * heads + patterns) * sizeof *m->attention);
    if (m->attention == NULL)
        return hf_fail_memory(err, "the attention");
    m->looked = m->attention + heads;
    m->gain = m->looked + heads;
    m->rest = m->gain + heads;
    m->wanted = m->rest + heads;
    for (size_t j = 0; j < m->patterns; j++)
        for (size_t i = 0; i < m->inputs; i++)
            m->wanted[j * m->inputs + i] = m->task->pattern[j * m->inputs + i] * input_scale(m, i);
    return HF_OK;
}

/* Fixed samples are drawn once where they fit into the memory set aside for them. */
static hf_status store_samples(hf_regression *m, hf_error *err)
{
    const size_t count = m->params.stored, size = m->inputs * m->dim;
    if (count == 0 || (double)count * (double)size * (double)m->pass->size > STORED)
        return HF_OK;
    m->stored = malloc(count * size * m->pass->size);
    if (m->stored == NULL)
        return hf_fail_memory(err, "the samples");
    m->rows = m->inputs;
    for (size_t n = 0; n < count; n++)
        m->pass->draw(m, 0, (uint32_t)n, (char *)m->stored + n * size * m->pass->size);
    return HF_OK;
}

static void name_tensors(hf_regression *m)
{
    const size_t H = m->heads, d = m->dim, N = m->inputs;
    const hf_problem *p = m->task->problem;
    m->tensors[0] = (hf_tensor){
        .name = "value", .count = H * d * d, .rank = 3, .shape = {H, d, d}, .rate = p->value_rate, .decays = true};
    m->tensors[1] = (hf_tensor){.name = "logit",
                                .offset = H * d * d,
                                .count = H * N,
                                .rank = 2,
                                .shape = {H, N},
                                .rate = p->attention_rate,
                                .decays = true};
}

hf_status hf_regression_create(hf_model *model, const hf_regression_task *task, const hf_regression_params *params,
                               hf_error *err)
{
    hf_regression *m = calloc(1, sizeof *m);
    if (m == NULL)
        return hf_fail_memory(err, "the model");
    m->task = task;
    m->params = *params;
    m->heads = task->problem->heads;
    m->patterns = task->problem->patterns;
    m->dim = task->dim;
    m->inputs = task->inputs;
    m->most_rows = params->projected ? m->patterns + m->heads : m->inputs;
    m->pass = params->single ? &hf_regression_pass_single : &hf_regression_pass_double;
    name_tensors(m);
    choose_chunk(m);
    m->equal = malloc(m->heads * sizeof *m->equal);
    hf_status status = m->equal == NULL ? hf_fail_memory(err, "the model") : allocate_rows(m, err);
    if (status == HF_OK)
        status = allocate_kernels(m, err);
    if (status == HF_OK && m->params.projected)
        status = hf_projection_init(&m->projection, m->inputs, m->patterns, m->heads, m->wanted, err);
    if (status == HF_OK)
        status = store_samples(m, err);
    if (status != HF_OK) {
        regression_free(m);
        return status;
    }
    *model = (hf_model){&hf_model_regression, m};
    return HF_OK;
}

static hf_tensors regression_tensors(const void *self)
{
    const hf_regression *m = self;
    return (hf_tensors){2, m->tensors};
}

static void regression_initialize(const void *self, double *parameters)
{
    const hf_regression *m = self;
    const hf_problem *p = m->task->problem;
    const size_t size = m->dim * m->dim;
    memset(parameters, 0, m->heads * size * sizeof *parameters);
    for (size_t k = 0; k < m->heads; k++)
        for (size_t r = 0; r < m->task->base; r++) {
            const double v = p->base_value[k * p->features + r] + p->value_deviation[k * p->features + r];
            hf_kernel_add(size, v, m->task->basis + r * size, parameters + k * size);
        }
    for (size_t i = 0; i < m->heads * m->inputs; i++)
        parameters[m->heads * size + i] = p->base_logit[i] + p->logit_deviation[i];
}

const hf_model_kind hf_model_regression = {.name = "regression",
                                           .free = regression_free,
                                           .tensors = regression_tensors,
                                           .initialize = regression_initialize,
                                           .gradient = regression_gradient,
                                           .loss = regression_loss};
