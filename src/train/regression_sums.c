/* Sums over the samples of a batch; hf_regression_draw and hf_regression_sum of regression_state.h. */
#include "core/thread.h"
#include "train/normal.h"
#include "train/regression_state.h"

#include <gsl/gsl_cblas.h>
#include <string.h>

/* ---- samples ---- */

/* Scales the inputs of several groups, and repeats e_1. x: (N, d). */
static void shape_inputs(const hf_regression_task *task, uint64_t step, uint32_t sample, double *x)
{
    const hf_stream stream = {task->seed, HF_DRAW_REPETITION, step, sample};
    const bool repeats = task->repetition > 0 && hf_uniform(&stream) < task->repetition;
    const double *deviation = task->rest != NULL ? task->rest : task->deviation;
    for (size_t i = 0; i < task->inputs; i++)
        for (size_t g = 0; g < task->groups; g++)
            for (size_t c = task->group_start[g]; c < task->group_start[g + 1]; c++)
                x[i * task->dim + c] *= deviation[g * task->inputs + i];
    for (size_t e = 0; e < task->problem->pattern[0].count && repeats; e++) {
        double *row = x + task->problem->pattern[0].entry[e].position * task->dim;
        memset(row, 0, task->dim * sizeof *row);
        row[0] = 1;
    }
}

void hf_regression_draw(const hf_regression *m, uint64_t step, uint32_t sample, double *x)
{
    const hf_stream stream = {m->task->seed, HF_DRAW_INPUTS, step, sample};
    hf_normal_fill(&stream, m->rows * m->dim, x);
    if (hf_regression_task_shapes_inputs(m->task))
        shape_inputs(m->task, step, sample, x);
}

static void fill_inputs(const hf_regression *m, const hf_batch *b, size_t first, size_t count, hf_workspace *w)
{
    const size_t size = m->rows * m->dim;
    for (size_t n = 0; n < count; n++) {
        const uint32_t sample = hf_batch_sample(b, first + n);
        if (b->fixed && m->stored != NULL) {
            w->at[n] = m->stored + (size_t)sample * size;
        } else {
            hf_regression_draw(m, b->step, sample, w->input + n * size);
            w->at[n] = w->input + n * size;
        }
    }
}

/* ---- one chunk ---- */

/* C (count, d) = or += factor A (count, d) B or B^T (d, d). */
static void multiply(size_t count, size_t d, double factor, const double *a, const double *b, bool transpose, double old,
                     double *c)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, transpose ? CblasTrans : CblasNoTrans, (int)count, (int)d, (int)d, factor, a,
                (int)d, b, (int)d, old, c, (int)d);
}

/* Rows from..to - 1 hold all weights that are not 0. */
static void find_rows(size_t rows, const double *weight, size_t *from, size_t *to)
{
    *from = 0;
    *to = rows;
    while (*to > 0 && weight[*to - 1] == 0)
        (*to)--;
    while (*from < *to && weight[*from] == 0)
        (*from)++;
}

/* X times weights (vectors, stride) for every sample of a chunk: seen (vectors, n, d). Rows of weight 0 at either end do not count,
 * and vectors with the same rows go together. */
static void look(const hf_regression *m, size_t n, const hf_workspace *w, size_t vectors, const double *weights)
{
    const size_t d = m->dim;
    for (size_t v = 0, next; v < vectors; v = next) {
        size_t from, to;
        find_rows(m->rows, weights + v * m->stride, &from, &to);
        for (next = v + 1; next < vectors; next++) {
            size_t its_from, its_to;
            find_rows(m->rows, weights + next * m->stride, &its_from, &its_to);
            if (its_from != from || its_to != to)
                break;
        }
        for (size_t b = 0; b < n; b++)
            hf_kernel_combine(next - v, to - from, d, w->at[b] + from * d, weights + v * m->stride + from, m->stride,
                              w->seen + (v * n + b) * d, n * d);
    }
}

/* e = sum_j A_j X p_j + noise - sum_k V_k X s_k, leaving X s_k in seen. Returns the sum of 1/2 |e|^2. */
static double forward(const hf_regression *m, const double *values, const hf_batch *b, size_t first, size_t n,
                      hf_workspace *w)
{
    const size_t d = m->dim;
    for (size_t s = 0; s < n; s++) {
        const hf_stream stream = {m->task->seed, HF_DRAW_NOISE, b->step, hf_batch_sample(b, first + s)};
        if (m->task->noise > 0)
            hf_normal_fill(&stream, d, w->error + s * d);
    }
    look(m, n, w, m->patterns, m->row_pattern);
    for (size_t j = 0; j < m->patterns; j++)
        multiply(n, d, 1, w->seen + j * n * d, m->task->feature + j * d * d, true,
                 j == 0 ? m->task->noise > 0 ? m->task->noise : 0 : 1, w->error);
    look(m, n, w, m->heads, m->row_attention);
    for (size_t k = 0; k < m->heads; k++)
        multiply(n, d, -1, w->seen + k * n * d, values + k * d * d, true, 1, w->error);
    return hf_kernel_dot(n * d, w->error, w->error) / 2;
}

static void backward(const hf_regression *m, const double *values, size_t n, hf_workspace *w, hf_batch_share *s)
{
    const size_t d = m->dim;
    for (size_t k = 0; k < m->heads; k++) {
        double *back = w->back + k * n * d;
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)d, (int)n, 1, w->error, (int)d,
                    w->seen + k * n * d, (int)d, 1, s->value + k * d * d, (int)d);
        multiply(n, d, 1, w->error, values + k * d * d, false, 0, back);
    }
    for (size_t b = 0; b < n; b++)
        hf_kernel_products(m->heads, m->rows, d, w->at[b], w->back + b * d, n * d, w->lanes);
    for (size_t k = 0; k < m->heads && m->params.projected; k++)
        for (size_t l = 0; l <= k; l++)
            s->products[k * m->heads + l] += hf_kernel_dot(n * d, w->back + k * n * d, w->back + l * n * d);
}

/* ---- one batch ---- */

static size_t chunk_count(const hf_regression *m, const hf_batch *b)
{
    return (b->count + m->chunk - 1) / m->chunk;
}

/* Share number s of a batch: its losses and, if back, its gradients. */
static void compute_share(hf_regression *m, const double *values, const hf_batch *b, size_t s, bool back, hf_workspace *w)
{
    const size_t chunks = chunk_count(m, b);
    hf_batch_share *sum = &m->shares[s];
    sum->loss = 0;
    memset(sum->value, 0, m->heads * m->dim * m->dim * sizeof *sum->value);
    memset(sum->products, 0, m->heads * m->heads * sizeof *sum->products);
    memset(w->lanes, 0, m->heads * m->rows * HF_KERNEL_LANES * sizeof *w->lanes);
    for (size_t c = s * chunks / HF_SHARES; c < (s + 1) * chunks / HF_SHARES; c++) {
        const size_t first = c * m->chunk, n = first + m->chunk > b->count ? b->count - first : m->chunk;
        fill_inputs(m, b, first, n, w);
        sum->loss += forward(m, values, b, first, n, w);
        if (back)
            backward(m, values, n, w, sum);
    }
    for (size_t i = 0; i < m->heads * m->rows; i++)
        sum->gain[i] = hf_kernel_sum(w->lanes + i * HF_KERNEL_LANES);
}

double hf_regression_sum(hf_regression *m, const double *values, const hf_batch *b, bool back)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t s = 0; s < HF_SHARES; s++)
        compute_share(m, values, b, s, back, &m->workspaces[hf_this_thread()]);
    double loss = m->shares[0].loss;
    for (size_t s = 1; s < HF_SHARES; s++) {
        loss += m->shares[s].loss;
        if (!back || s * chunk_count(m, b) / HF_SHARES == (s + 1) * chunk_count(m, b) / HF_SHARES)
            continue; /* an empty share */
        hf_kernel_add(m->heads * m->dim * m->dim, 1, m->shares[s].value, m->shares[0].value);
        hf_kernel_add(m->heads * m->rows, 1, m->shares[s].gain, m->shares[0].gain);
        hf_kernel_add(m->heads * m->heads, 1, m->shares[s].products, m->shares[0].products);
    }
    return loss;
}
