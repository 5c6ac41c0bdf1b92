#include "train/regression.h"

#include "core/simd.h"
#include "detect/saddle.h"
#include "train/normal.h"
#include "train/projection.h"
#include "train/view.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 8,        /* lanes of a sum over input coordinates */
    TILE = 16,        /* input coordinates whose sums are held in registers */
    SHARES = 16,      /* parts of a batch that can be computed at the same time, each with a gradient of its own */
    CHUNK_MAX = 64,   /* samples in one matrix product */
    CACHED = 1 << 18, /* bytes of inputs in a chunk that stay in a core's cache */
    STORED = 1 << 29  /* bytes of fixed samples that are kept, not drawn again */
};

/* What one part of a batch adds up. */
typedef struct {
    double loss;
    double *value;    /* (H, d, d) sum of e (X s_k)^T */
    double *gain;     /* (H, rows) sum of (V_k^T e) . x_i */
    double *products; /* (H, H) sum of w_k . w_l */
} share;

/* What one thread needs for a chunk of n samples. */
typedef struct {
    double *input;     /* (n, rows, d) */
    const double **at; /* (n) each sample's inputs: there, or among the stored ones */
    double *seen;      /* (max(H, J), n, d) X s_k or X p_j */
    double *error;     /* (n, d) e */
    double *back;      /* (H, n, d) w_k = V_k^T e */
    double *lanes;     /* (H, rows, WIDTH) */
} workspace;

struct hf_regression {
    hf_task task;
    hf_viewer viewer;
    size_t heads, patterns, dim, inputs;
    size_t batch, samples, validation, threads;
    bool projected;
    double value_rate, attention_rate, weight_decay;

    double *attention; /* (H, N) s_ki */
    double *looked;    /* (H, N) c_i s_ki, in projected and weighted form times sqrt(omega_i) */
    double *wanted;    /* (J, N) p_ji, likewise */
    double *gain;      /* (H, N) g_ki */
    double *rest;      /* (H, N) */
    double *overlaps;  /* (H, J + H) */
    hf_projection projection;

    /* The samples' inputs as the kernels see them: all N, or the directions of the projection. */
    size_t rows, stride;
    const double *row_pattern, *row_attention; /* (J, stride), (H, stride) */

    size_t chunk;          /* samples */
    workspace *workspaces; /* (threads) */
    share shares[SHARES];
    double *memory;    /* of workspaces and shares */
    const double **at; /* (threads, chunk) */
    double *stored;    /* (samples + validation, N, d), or NULL */
    uint32_t *order;   /* (samples) of the present epoch */
    uint64_t epoch;
};

/* ---- kernels: every head goes through the same operations in the same order ---- */

/* Input coordinates c..c + lanes - 1 of sum_i weight_i x_i. */
HF_INLINE void combine_tile(size_t rows, size_t d, const double *x, const double *weight, size_t c, size_t lanes,
                            double *sum)
{
    double tile[TILE] = {0};
    for (size_t i = 0; i < rows; i++) {
        const double w = weight[i];
        if (w == 0)
            continue;
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            tile[l] += w * x[i * d + c + l];
    }
    memcpy(sum + c, tile, lanes * sizeof *sum);
}

/* sum (d) = sum_i weight_i x_i over rows x (rows, d). The last tile overlaps the one before: the same sums once more. */
static HF_WIDE_CLONES void combine_rows(size_t rows, size_t d, const double *x, const double *weight, double *sum)
{
    size_t c = 0;
    for (; c + TILE <= d; c += TILE)
        combine_tile(rows, d, x, weight, c, TILE, sum);
    for (; d >= WIDTH && c < d; c += WIDTH)
        combine_tile(rows, d, x, weight, c + WIDTH <= d ? c : d - WIDTH, WIDTH, sum);
    for (; c < d; c++)
        combine_tile(rows, d, x, weight, c, 1, sum);
}

/* Four rows at a time, so that the processor always has a sum to go on with. */
enum { TOGETHER = 4 };

/* Products with one row, or several, of columns c..c + WIDTH - 1. */
HF_INLINE void add_product(size_t rows, size_t d, const double *x, const double *w, double *lanes)
{
    double tile[TOGETHER][WIDTH], tail[WIDTH] = {0};
    const size_t rest = d % WIDTH, whole = d - rest;
    memcpy(tile, lanes, rows * sizeof tile[0]);
    for (size_t c = 0; c < whole; c += WIDTH)
        for (size_t r = 0; r < rows; r++) {
            HF_SIMD
            for (size_t l = 0; l < WIDTH; l++)
                tile[r][l] += x[r * d + c + l] * w[c + l];
        }
    if (rest > 0 && whole > 0) { /* the last WIDTH columns, those that have been counted times 0 */
        memcpy(tail + WIDTH - rest, w + whole, rest * sizeof *tail);
        for (size_t r = 0; r < rows; r++) {
            HF_SIMD
            for (size_t l = 0; l < WIDTH; l++)
                tile[r][l] += x[r * d + d - WIDTH + l] * tail[l];
        }
    } else
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < rest; c++)
                tile[r][c] += x[r * d + c] * w[c];
    memcpy(lanes, tile, rows * sizeof tile[0]);
}

/* lanes (rows, WIDTH) += products of the rows x (rows, d) with w (d), to be summed over lanes. */
static HF_WIDE_CLONES void add_products(size_t rows, size_t d, const double *x, const double *w, double *lanes)
{
    size_t i = 0;
    for (; i + TOGETHER <= rows; i += TOGETHER)
        add_product(TOGETHER, d, x + i * d, w, lanes + i * WIDTH);
    for (; i < rows; i++)
        add_product(1, d, x + i * d, w, lanes + i * WIDTH);
}

HF_INLINE double sum_lanes(const double *lanes)
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static HF_CLONES double batch_product(size_t count, const double *x, const double *y)
{
    double tile[WIDTH] = {0};
    const size_t whole = count - count % WIDTH;
    for (size_t c = 0; c < whole; c += WIDTH) {
        HF_SIMD
        for (size_t l = 0; l < WIDTH; l++)
            tile[l] += x[c + l] * y[c + l];
    }
    for (size_t c = whole; c < count; c++)
        tile[c - whole] += x[c] * y[c];
    return sum_lanes(tile);
}

static HF_CLONES void add_scaled(size_t count, double factor, const double *x, double *y)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

/* ---- attention ---- */

static void fill_attention(const hf_regression *m, const double *logits)
{
    const hf_problem *p = m->task.problem;
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

/* Inputs of the same variance in all coordinates are drawn with variance 1; their weights make up for it. */
static bool has_shape(const hf_task *task)
{
    return task->groups > 1 || task->repetition > 0;
}

static double input_scale(const hf_regression *m, size_t i)
{
    return has_shape(&m->task) ? 1 : m->task.deviation[i];
}

static void fill_rows(hf_regression *m)
{
    for (size_t k = 0; k < m->heads; k++)
        for (size_t i = 0; i < m->inputs; i++)
            m->looked[k * m->inputs + i] = m->task.problem->copies[i] * m->attention[k * m->inputs + i] * input_scale(m, i);
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

/* ---- samples ---- */

/* Where the samples of a step come from. */
typedef struct {
    uint64_t step; /* of fresh samples, from 1; 0 for fixed and held-out ones */
    size_t first;  /* number of the first sample */
    size_t count;
    const uint32_t *order; /* sample n is order[first + n]; NULL: first + n */
    bool fixed;            /* among the stored samples, if these are kept */
} batch;

static uint32_t sample_number(const batch *b, size_t n)
{
    return b->order != NULL ? b->order[b->first + n] : (uint32_t)(b->first + n);
}

/* Scales the inputs of several groups, and repeats e_1. x: (N, d). */
static void shape_inputs(const hf_task *task, uint64_t step, uint32_t sample, double *x)
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

/* Inputs of one sample: (rows, d). */
static void draw_inputs(const hf_regression *m, uint64_t step, uint32_t sample, double *x)
{
    const hf_stream stream = {m->task.seed, HF_DRAW_INPUTS, step, sample};
    hf_normal_fill(&stream, m->rows * m->dim, x);
    if (has_shape(&m->task))
        shape_inputs(&m->task, step, sample, x);
}

static void fill_inputs(const hf_regression *m, const batch *b, size_t first, size_t count, workspace *w)
{
    const size_t size = m->rows * m->dim;
    for (size_t n = 0; n < count; n++) {
        const uint32_t sample = sample_number(b, first + n);
        if (b->fixed && m->stored != NULL) {
            w->at[n] = m->stored + (size_t)sample * size;
        } else {
            draw_inputs(m, b->step, sample, w->input + n * size);
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

/* X times weights (count, stride) for every sample of a chunk: seen (vectors, n, d). */
static void look(const hf_regression *m, size_t n, const workspace *w, size_t vectors, const double *weights)
{
    for (size_t b = 0; b < n; b++)
        for (size_t v = 0; v < vectors; v++)
            combine_rows(m->rows, m->dim, w->at[b], weights + v * m->stride, w->seen + (v * n + b) * m->dim);
}

/* e = sum_j A_j X p_j + noise - sum_k V_k X s_k, leaving X s_k in seen. Returns the sum of 1/2 |e|^2. */
static double forward(const hf_regression *m, const double *values, const batch *b, size_t first, size_t n, workspace *w)
{
    const size_t d = m->dim;
    for (size_t s = 0; s < n; s++) {
        const hf_stream stream = {m->task.seed, HF_DRAW_NOISE, b->step, sample_number(b, first + s)};
        if (m->task.noise > 0)
            hf_normal_fill(&stream, d, w->error + s * d);
    }
    look(m, n, w, m->patterns, m->row_pattern);
    for (size_t j = 0; j < m->patterns; j++)
        multiply(n, d, 1, w->seen + j * n * d, m->task.feature + j * d * d, true,
                 j == 0 ? m->task.noise > 0 ? m->task.noise : 0 : 1, w->error);
    look(m, n, w, m->heads, m->row_attention);
    for (size_t k = 0; k < m->heads; k++)
        multiply(n, d, -1, w->seen + k * n * d, values + k * d * d, true, 1, w->error);
    return batch_product(n * d, w->error, w->error) / 2;
}

static void backward(const hf_regression *m, const double *values, size_t n, workspace *w, share *s)
{
    const size_t d = m->dim;
    for (size_t k = 0; k < m->heads; k++) {
        double *back = w->back + k * n * d;
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)d, (int)n, 1, w->error, (int)d,
                    w->seen + k * n * d, (int)d, 1, s->value + k * d * d, (int)d);
        multiply(n, d, 1, w->error, values + k * d * d, false, 0, back);
        for (size_t b = 0; b < n; b++)
            add_products(m->rows, d, w->at[b], back + b * d, w->lanes + k * m->rows * WIDTH);
    }
    for (size_t k = 0; k < m->heads && m->projected; k++)
        for (size_t l = 0; l <= k; l++)
            s->products[k * m->heads + l] += batch_product(n * d, w->back + k * n * d, w->back + l * n * d);
}

/* ---- one batch ---- */

static size_t chunk_count(const hf_regression *m, const batch *b)
{
    return (b->count + m->chunk - 1) / m->chunk;
}

/* Share number s of a batch: its losses and, if back, its gradients. */
static void compute_share(hf_regression *m, const double *values, const batch *b, size_t s, bool back, workspace *w)
{
    const size_t chunks = chunk_count(m, b);
    share *sum = &m->shares[s];
    sum->loss = 0;
    memset(sum->value, 0, m->heads * m->dim * m->dim * sizeof *sum->value);
    memset(sum->products, 0, m->heads * m->heads * sizeof *sum->products);
    memset(w->lanes, 0, m->heads * m->rows * WIDTH * sizeof *w->lanes);
    for (size_t c = s * chunks / SHARES; c < (s + 1) * chunks / SHARES; c++) {
        const size_t first = c * m->chunk, n = first + m->chunk > b->count ? b->count - first : m->chunk;
        fill_inputs(m, b, first, n, w);
        sum->loss += forward(m, values, b, first, n, w);
        if (back)
            backward(m, values, n, w, sum);
    }
    for (size_t i = 0; i < m->heads * m->rows; i++)
        sum->gain[i] = sum_lanes(w->lanes + i * WIDTH);
}

static size_t this_thread(void)
{
#ifdef _OPENMP
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}

/* All shares, on as many threads as there are; what a share holds does not depend on who computes it. Returns the sum of
 * the losses; share 0 then holds the sums of the gradients. */
static double compute_batch(hf_regression *m, const double *values, const batch *b, bool back)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->threads) schedule(dynamic, 1) if (m->threads > 1)
#endif
    for (size_t s = 0; s < SHARES; s++)
        compute_share(m, values, b, s, back, &m->workspaces[this_thread()]);
    double loss = m->shares[0].loss;
    for (size_t s = 1; s < SHARES; s++) {
        loss += m->shares[s].loss;
        if (!back || s * chunk_count(m, b) / SHARES == (s + 1) * chunk_count(m, b) / SHARES)
            continue; /* an empty share */
        add_scaled(m->heads * m->dim * m->dim, 1, m->shares[s].value, m->shares[0].value);
        add_scaled(m->heads * m->rows, 1, m->shares[s].gain, m->shares[0].gain);
        add_scaled(m->heads * m->heads, 1, m->shares[s].products, m->shares[0].products);
    }
    return loss;
}

/* ---- gradients ---- */

/* g_ki from what the drawn directions give (share 0) and the rest of the inputs. */
static void expand_gain(hf_regression *m, uint64_t step)
{
    const size_t H = m->heads, N = m->inputs;
    double *products = m->shares[0].products;
    hf_factor_semidefinite(H, products, m->viewer.equal);
    for (size_t k = 0; k < H; k++) {
        const hf_stream stream = {m->task.seed, HF_DRAW_REST, step, (uint32_t)k};
        hf_normal_fill(&stream, N, m->rest + k * N);
        hf_projection_remove(&m->projection, m->rest + k * N);
    }
    for (size_t k = 0; k < H; k++) {
        double *gain = m->gain + k * N;
        hf_projection_expand(&m->projection, m->shares[0].gain + k * m->rows, gain);
        for (size_t l = 0; l <= k; l++)
            add_scaled(N, (l < k ? products[k * H + l] : 1) * sqrt(products[l * H + l]), m->rest + l * N, gain);
    }
}

/* The gradient from m->gain (g_ki) and, in gradient already, sum_i n_i omega E s: dL/dV_k without decay is minus that. */
static void finish_gradient(const hf_regression *m, const double *parameters, double *gradient)
{
    const size_t values = m->heads * m->dim * m->dim;
    for (size_t e = 0; e < values; e++)
        gradient[e] = m->weight_decay * parameters[e] - gradient[e];
    for (size_t k = 0; k < m->heads; k++) {
        const double *s = m->attention + k * m->inputs, *g = m->gain + k * m->inputs;
        double mean = 0;
        for (size_t i = 0; i < m->inputs; i++)
            mean += m->task.problem->copies[i] * s[i] * g[i];
        for (size_t i = 0; i < m->inputs; i++)
            gradient[values + k * m->inputs + i] = -s[i] * (g[i] - mean);
    }
}

static void sampled_gradient(hf_regression *m, const double *parameters, const batch *b, double *gradient, double *loss)
{
    const size_t values = m->heads * m->dim * m->dim;
    const double share_of_one = 1 / (double)b->count;
    fill_rows(m);
    if (m->projected)
        project_rows(m);
    *loss = compute_batch(m, parameters, b, true) * share_of_one;
    for (size_t e = 0; e < values; e++)
        gradient[e] = m->shares[0].value[e] * share_of_one;
    if (m->projected)
        expand_gain(m, b->step);
    else
        memcpy(m->gain, m->shares[0].gain, m->heads * m->inputs * sizeof *m->gain);
    for (size_t k = 0; k < m->heads; k++)
        for (size_t i = 0; i < m->inputs; i++)
            m->gain[k * m->inputs + i] *= share_of_one * input_scale(m, i);
    finish_gradient(m, parameters, gradient);
}

/* <x, y> over the columns from..to - 1 of two (d, d) matrices. */
static double inner_columns(size_t d, size_t from, size_t to, const double *x, const double *y)
{
    double sum = 0;
    if (from == 0 && to == d)
        return batch_product(d * d, x, y);
    for (size_t o = 0; o < d; o++)
        sum += batch_product(to - from, x + o * d + from, y + o * d + from);
    return sum;
}

/* sum_i omega_gi x_i y_i */
static double inner_inputs(const hf_regression *m, size_t group, const double *x, const double *y)
{
    const double *deviation = m->task.deviation + group * m->inputs;
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
    for (size_t g = 0; g < m->task.groups; g++) {
        const size_t from = m->task.group_start[g], to = m->task.group_start[g + 1];
        const double along = factor * inner_inputs(m, g, vector, m->looked + k * m->inputs);
        const double product = factor * inner_columns(d, from, to, matrix, values + k * d * d);
        for (size_t o = 0; o < d; o++)
            add_scaled(to - from, along, matrix + o * d + from, force + o * d + from);
        for (size_t i = 0; i < m->inputs; i++) {
            const double deviation = m->task.deviation[g * m->inputs + i];
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
            m->looked[k * N + i] = m->task.problem->copies[i] * m->attention[k * N + i];
    memset(gradient, 0, m->heads * d * d * sizeof *gradient);
    memset(m->gain, 0, m->heads * N * sizeof *m->gain);
    for (size_t k = 0; k < m->heads; k++) {
        double *force = gradient + k * d * d;
        for (size_t j = 0; j < m->patterns; j++)
            add_matrix(m, k, parameters, 1, m->task.feature + j * d * d, m->task.pattern + j * N, force);
        for (size_t l = 0; l < m->heads; l++)
            add_matrix(m, k, parameters, -1, parameters + l * d * d, m->looked + l * N, force);
    }
    finish_gradient(m, parameters, gradient);
}

/* The order of the samples in an epoch: sorted by random keys. */
static void order_samples(hf_regression *m, uint64_t epoch)
{
    if (m->epoch == epoch)
        return;
    m->epoch = epoch;
    for (uint32_t n = 0; n < m->samples; n++)
        m->order[n] = n;
    for (size_t n = m->samples; n > 1; n--) { /* Fisher and Yates */
        const hf_stream stream = {m->task.seed, HF_DRAW_ORDER, epoch, (uint32_t)n};
        const size_t other = (size_t)(hf_uniform(&stream) * (double)n);
        const uint32_t held = m->order[n - 1];
        m->order[n - 1] = m->order[other];
        m->order[other] = held;
    }
}

static void regression_gradient(void *model, const double *parameters, uint64_t step, double *gradient, double *loss)
{
    hf_regression *m = model;
    *loss = NAN;
    if (m->batch == 0 && m->samples == 0) {
        hf_regression_population_gradient(m, parameters, gradient);
        return;
    }
    batch b = {.step = step + 1, .count = m->batch};
    if (m->samples > 0) {
        const size_t size = m->batch == 0 || m->batch > m->samples ? m->samples : m->batch, per_epoch = m->samples / size;
        b = (batch){.first = (size_t)(step % per_epoch) * size, .count = size, .fixed = true};
        if (size < m->samples) {
            order_samples(m, step / per_epoch + 1);
            b.order = m->order;
        }
    }
    fill_attention(m, parameters + m->heads * m->dim * m->dim);
    sampled_gradient(m, parameters, &b, gradient, loss);
}

static double regression_sample_loss(void *model, const double *parameters, bool held_out)
{
    hf_regression *m = model;
    const batch b = {.first = held_out ? m->samples : 0, .count = held_out ? m->validation : m->samples, .fixed = true};
    if (b.count == 0)
        return NAN;
    fill_attention(m, parameters + m->heads * m->dim * m->dim);
    fill_rows(m);
    return compute_batch(m, parameters, &b, false) / (double)b.count;
}

/* ---- life ---- */

static void regression_free(void *model)
{
    hf_regression *m = model;
    if (m == NULL)
        return;
    hf_viewer_clear(&m->viewer);
    hf_task_clear(&m->task);
    hf_projection_clear(&m->projection);
    free(m->attention);
    free(m->workspaces);
    free(m->memory);
    free(m->at);
    free(m->stored);
    free(m->order);
    free(m);
}

/* Chunks whose inputs stay in the cache, and enough of them for the shares. */
static void choose_chunk(hf_regression *m)
{
    const size_t rows = m->projected ? m->patterns + m->heads : m->inputs, bytes = rows * m->dim * sizeof(double);
    size_t largest = m->batch > m->samples ? m->batch : m->samples;
    largest = (m->batch == 0 || m->samples == 0 ? largest : m->batch) / SHARES;
    m->chunk = CACHED / bytes;
    m->chunk = m->chunk < CHUNK_MAX ? m->chunk : CHUNK_MAX;
    m->chunk = m->chunk < largest ? m->chunk : largest;
    m->chunk = m->chunk > 0 ? m->chunk : 1;
}

static double *take(double **memory, size_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

static hf_status allocate_kernels(hf_regression *m, hf_error *err)
{
    const size_t H = m->heads, d = m->dim, n = m->chunk, J = m->patterns;
    const size_t rows = m->projected ? J + H : m->inputs, most = H > J ? H : J;
    const size_t per_thread = n * rows * d + most * n * d + n * d + H * n * d + H * rows * WIDTH;
    const size_t per_share = H * d * d + H * rows + H * H;
    m->memory = malloc((m->threads * per_thread + SHARES * per_share) * sizeof *m->memory);
    m->workspaces = calloc(m->threads, sizeof *m->workspaces);
    m->at = malloc(m->threads * n * sizeof *m->at);
    if (m->memory == NULL || m->workspaces == NULL || m->at == NULL)
        return hf_fail_memory(err, "the samples of a step");
    double *free_memory = m->memory;
    for (size_t t = 0; t < m->threads; t++)
        m->workspaces[t] = (workspace){.at = m->at + t * n,
                                       .input = take(&free_memory, n * rows * d),
                                       .seen = take(&free_memory, most * n * d),
                                       .error = take(&free_memory, n * d),
                                       .back = take(&free_memory, H * n * d),
                                       .lanes = take(&free_memory, H * rows * WIDTH)};
    for (size_t s = 0; s < SHARES; s++)
        m->shares[s] = (share){.value = take(&free_memory, H * d * d),
                               .gain = take(&free_memory, H * rows),
                               .products = take(&free_memory, H * H)};
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
            m->wanted[j * m->inputs + i] = m->task.pattern[j * m->inputs + i] * input_scale(m, i);
    return HF_OK;
}

/* Fixed samples are drawn once where they fit into the memory set aside for them. */
static hf_status store_samples(hf_regression *m, hf_error *err)
{
    const size_t count = m->samples + m->validation, size = m->inputs * m->dim;
    m->order = malloc((m->samples + 1) * sizeof *m->order);
    if (m->order == NULL)
        return hf_fail_memory(err, "the samples");
    if (count == 0 || (double)count * (double)size * sizeof(double) > STORED)
        return HF_OK;
    m->stored = malloc(count * size * sizeof *m->stored);
    if (m->stored == NULL)
        return hf_fail_memory(err, "the samples");
    m->rows = m->inputs;
    for (size_t n = 0; n < count; n++)
        draw_inputs(m, 0, (uint32_t)n, m->stored + n * size);
    return HF_OK;
}

static hf_status regression_create(void **model, const hf_config *config, uint64_t seed, size_t threads, hf_error *err)
{
    hf_regression *m = calloc(1, sizeof *m);
    if (m == NULL)
        return hf_fail_memory(err, "the model");
    hf_status status = hf_task_init(&m->task, config, seed, err);
    if (status == HF_OK) {
        m->heads = m->task.problem->heads;
        m->patterns = m->task.problem->patterns;
        m->dim = m->task.dim;
        m->inputs = m->task.inputs;
        m->batch = config->train.batch;
        m->samples = config->train.samples;
        m->validation = config->train.validation;
        m->threads = threads;
        m->projected = config->train.sampling == HF_SAMPLING_PROJECTED;
        m->value_rate = m->task.problem->value_rate;
        m->attention_rate = m->task.problem->attention_rate;
        m->weight_decay = m->task.problem->weight_decay;
        choose_chunk(m);
        status = hf_viewer_init(&m->viewer, &m->task, err);
    }
    if (status == HF_OK)
        status = allocate_rows(m, err);
    if (status == HF_OK)
        status = allocate_kernels(m, err);
    if (status == HF_OK && m->projected)
        status = hf_projection_init(&m->projection, m->inputs, m->patterns, m->heads, m->wanted, err);
    if (status == HF_OK)
        status = store_samples(m, err);
    if (status != HF_OK) {
        regression_free(m);
        return status;
    }
    *model = m;
    return HF_OK;
}

static size_t regression_parameters(const void *model, hf_group groups[HF_GROUPS])
{
    const hf_regression *m = model;
    const size_t values = m->heads * m->dim * m->dim, logits = m->heads * m->inputs;
    groups[0] = (hf_group){"value", 0, values, m->value_rate};
    groups[1] = (hf_group){"logit", values, logits, m->attention_rate};
    return values + logits;
}

static void regression_initialize(const void *model, double *parameters)
{
    const hf_regression *m = model;
    const hf_problem *p = m->task.problem;
    const size_t size = m->dim * m->dim;
    memset(parameters, 0, m->heads * size * sizeof *parameters);
    for (size_t k = 0; k < m->heads; k++)
        for (size_t r = 0; r < m->task.base; r++) {
            const double v = p->base_value[k * p->features + r] + p->value_deviation[k * p->features + r];
            add_scaled(size, v, m->task.basis + r * size, parameters + k * size);
        }
    for (size_t i = 0; i < m->heads * m->inputs; i++)
        parameters[m->heads * size + i] = p->base_logit[i] + p->logit_deviation[i];
}

static bool regression_observe(void *model, const double *parameters)
{
    hf_regression *m = model;
    return hf_viewer_look(&m->viewer, parameters, parameters + m->heads * m->dim * m->dim);
}

static hf_view *regression_view(void *model)
{
    return &((hf_regression *)model)->viewer.view;
}

static double regression_sharpness(void *model, const double *parameters)
{
    hf_regression *m = model;
    hf_saddle saddle;
    if (!regression_observe(m, parameters) || hf_saddle_analyze(m->viewer.view.flow, 0, &saddle, NULL) != HF_OK)
        return NAN;
    return saddle.lambda_max;
}

const hf_task *hf_regression_task(const hf_regression *model)
{
    return &model->task;
}

const hf_model hf_model_regression = {.name = "regression",
                                      .create = regression_create,
                                      .free = regression_free,
                                      .parameters = regression_parameters,
                                      .initialize = regression_initialize,
                                      .gradient = regression_gradient,
                                      .sample_loss = regression_sample_loss,
                                      .observe = regression_observe,
                                      .view = regression_view,
                                      .sharpness = regression_sharpness};
