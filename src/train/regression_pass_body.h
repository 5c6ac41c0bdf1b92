/* regression_pass_body: regression_state.h's pass in one precision. Included where are defined
 *
 *     real            the type of its numbers
 *     PASS            the name of its table
 *     FILL_NORMAL     normal numbers (train/normal.h)
 *     COMBINE, PRODUCTS, DOT, SUM, SUMS     kernels, and how many lanes make one product (train/kernels.h)
 *     GEMM            of a BLAS */
#include "train/normal.h"

#include <gsl/gsl_cblas.h>
#include <string.h>

/* What a step multiplies with, H d^2 and so on of each; the same for all threads. */
typedef struct {
    real *value, *feature;     /* (H, d, d), (J, d, d) */
    real *attention, *pattern; /* (H, stride), (J, stride) */
} operands;

/* What one thread needs for a chunk of n samples. */
typedef struct {
    const real **at; /* (n) each sample's inputs: in input, or among the stored ones */
    real *input;     /* (n, rows, d) */
    real *seen;      /* (max(H, J), n, d) X s_k or X p_j */
    real *error;     /* (n, d) e */
    real *back;      /* (H, n, d) w_k = V_k^T e */
    real *lanes;     /* (H, rows, SUMS) */
} workspace;

static size_t place_operands(const hf_regression *m, real *memory, operands *o)
{
    const size_t size = m->dim * m->dim;
    o->value = memory;
    o->feature = o->value + m->heads * size;
    o->attention = o->feature + m->patterns * size;
    o->pattern = o->attention + m->heads * m->most_rows;
    return (m->heads + m->patterns) * (size + m->most_rows);
}

static size_t place_workspace(const hf_regression *m, real *memory, workspace *w)
{
    const size_t H = m->heads, n = m->chunk, d = m->dim, most = H > m->patterns ? H : m->patterns;
    w->input = memory;
    w->seen = w->input + n * m->most_rows * d;
    w->error = w->seen + most * n * d;
    w->back = w->error + n * d;
    w->lanes = w->back + H * n * d;
    return n * d * (m->most_rows + most + 1 + H) + H * m->most_rows * SUMS;
}

static size_t operand_count(const hf_regression *m)
{
    operands o;
    return place_operands(m, NULL, &o);
}

static size_t work_count(const hf_regression *m)
{
    workspace w;
    return place_workspace(m, NULL, &w);
}

static HF_CLONES void convert(size_t count, const double *from, real *to)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        to[i] = (real)from[i];
}

static void prepare(hf_regression *m, const double *values)
{
    const size_t size = m->dim * m->dim;
    operands o;
    place_operands(m, m->operands, &o);
    convert(m->heads * size, values, o.value);
    convert(m->patterns * size, m->task->feature, o.feature);
    convert(m->heads * m->stride, m->row_attention, o.attention);
    convert(m->patterns * m->stride, m->row_pattern, o.pattern);
}

/* ---- samples ---- */

/* Scales the inputs of several groups, and repeats e_1. x: (N, d). */
static void shape_inputs(const hf_regression_task *task, uint64_t step, uint32_t sample, real *x)
{
    const hf_stream stream = {task->seed, HF_DRAW_REPETITION, step, sample};
    const bool repeats = task->repetition > 0 && hf_uniform(&stream) < task->repetition;
    const double *deviation = task->rest != NULL ? task->rest : task->deviation;
    for (size_t i = 0; i < task->inputs; i++)
        for (size_t g = 0; g < task->groups; g++)
            for (size_t c = task->group_start[g]; c < task->group_start[g + 1]; c++)
                x[i * task->dim + c] *= (real)deviation[g * task->inputs + i];
    for (size_t e = 0; e < task->problem->pattern[0].count && repeats; e++) {
        real *row = x + task->problem->pattern[0].entry[e].position * task->dim;
        memset(row, 0, task->dim * sizeof *row);
        row[0] = 1;
    }
}

static void draw(const hf_regression *m, uint64_t step, uint32_t sample, void *inputs)
{
    const hf_stream stream = {m->task->seed, HF_DRAW_INPUTS, step, sample};
    FILL_NORMAL(&stream, m->rows * m->dim, inputs);
    if (hf_regression_task_shapes_inputs(m->task))
        shape_inputs(m->task, step, sample, inputs);
}

static void fill_inputs(const hf_regression *m, const hf_batch *b, size_t first, size_t count, const workspace *w)
{
    const size_t size = m->rows * m->dim;
    for (size_t n = 0; n < count; n++) {
        const uint32_t sample = hf_batch_sample(b, first + n);
        if (b->fixed && m->stored != NULL) {
            w->at[n] = (const real *)m->stored + (size_t)sample * size;
        } else {
            draw(m, b->step, sample, w->input + n * size);
            w->at[n] = w->input + n * size;
        }
    }
}

/* ---- one chunk ---- */

/* C (count, d) = or += factor A (count, d) B or B^T (d, d). */
static void multiply(size_t count, size_t d, real factor, const real *a, const real *b, bool transpose, real old, real *c)
{
    GEMM(CblasRowMajor, CblasNoTrans, transpose ? CblasTrans : CblasNoTrans, (int)count, (int)d, (int)d, factor, a, (int)d,
         b, (int)d, old, c, (int)d);
}

/* Rows from..to - 1 hold all weights that are not 0. */
static void find_rows(size_t rows, const real *weight, size_t *from, size_t *to)
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
static void look(const hf_regression *m, size_t n, const workspace *w, size_t vectors, const real *weights)
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
            COMBINE(next - v, to - from, d, w->at[b] + from * d, weights + v * m->stride + from, m->stride,
                    w->seen + (v * n + b) * d, n * d);
    }
}

/* e = sum_j A_j X p_j + noise - sum_k V_k X s_k, leaving X s_k in seen. Returns the sum of 1/2 |e|^2. */
static double forward(const hf_regression *m, const operands *o, const hf_batch *b, size_t first, size_t n,
                      const workspace *w)
{
    const size_t d = m->dim;
    for (size_t s = 0; s < n; s++) {
        const hf_stream stream = {m->task->seed, HF_DRAW_NOISE, b->step, hf_batch_sample(b, first + s)};
        if (m->task->noise > 0)
            FILL_NORMAL(&stream, d, w->error + s * d);
    }
    look(m, n, w, m->patterns, o->pattern);
    for (size_t j = 0; j < m->patterns; j++)
        multiply(n, d, 1, w->seen + j * n * d, o->feature + j * d * d, true,
                 j == 0 ? m->task->noise > 0 ? (real)m->task->noise : 0 : 1, w->error);
    look(m, n, w, m->heads, o->attention);
    for (size_t k = 0; k < m->heads; k++)
        multiply(n, d, -1, w->seen + k * n * d, o->value + k * d * d, true, 1, w->error);
    return DOT(n * d, w->error, w->error) / 2;
}

static void backward(const hf_regression *m, const operands *o, size_t n, const workspace *w, hf_batch_share *s)
{
    const size_t d = m->dim;
    real *value = s->value;
    for (size_t k = 0; k < m->heads; k++) {
        GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)d, (int)n, 1, w->error, (int)d, w->seen + k * n * d,
             (int)d, 1, value + k * d * d, (int)d);
        multiply(n, d, 1, w->error, o->value + k * d * d, false, 0, w->back + k * n * d);
    }
    for (size_t b = 0; b < n; b++)
        PRODUCTS(m->heads, m->rows, d, w->at[b], w->back + b * d, n * d, w->lanes);
    for (size_t k = 0; k < m->heads && m->params.projected; k++)
        for (size_t l = 0; l <= k; l++)
            s->products[k * m->heads + l] += DOT(n * d, w->back + k * n * d, w->back + l * n * d);
}

/* ---- one share ---- */

static void add_chunks(const hf_regression *m, const hf_batch *b, size_t from, size_t to, bool back,
                       const hf_workspace *memory, hf_batch_share *s)
{
    operands o;
    workspace w = {.at = (const real **)memory->at};
    place_operands(m, m->operands, &o);
    place_workspace(m, memory->numbers, &w);
    memset(s->value, 0, m->heads * m->dim * m->dim * sizeof(real));
    memset(w.lanes, 0, m->heads * m->rows * SUMS * sizeof *w.lanes);
    for (size_t c = from; c < to; c++) {
        const size_t first = c * m->chunk, n = first + m->chunk > b->count ? b->count - first : m->chunk;
        fill_inputs(m, b, first, n, &w);
        s->loss += forward(m, &o, b, first, n, &w);
        if (back)
            backward(m, &o, n, &w, s);
    }
    for (size_t i = 0; i < m->heads * m->rows; i++)
        s->gain[i] = SUM(w.lanes + i * SUMS);
}

static HF_CLONES void add(size_t count, const real *x, double *sum)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        sum[i] += (double)x[i];
}

static void add_value(const hf_regression *m, const hf_batch_share *s, double *gradient)
{
    add(m->heads * m->dim * m->dim, s->value, gradient);
}

const hf_regression_pass PASS = {.size = sizeof(real),
                                 .operands = operand_count,
                                 .work = work_count,
                                 .prepare = prepare,
                                 .draw = draw,
                                 .add_chunks = add_chunks,
                                 .add_value = add_value};
