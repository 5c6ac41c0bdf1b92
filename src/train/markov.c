#include "train/markov.h"

#include "core/simd.h"
#include "core/exponential.h"
#include "train/kernels.h"
#include "train/normal.h"
#include "train/tiles.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = (HF_MARKOV_VOCABULARY + HF_TILE_LANES - 1) / HF_TILE_LANES * HF_TILE_LANES };

typedef struct {
    size_t vocabulary, order, generated, spans;
    size_t room; /* vocabulary, padded to whole registers */
    uint64_t seed, sequences;
    size_t *lag, *length, *span_of_level; /* (K) each */
    double *strength;                     /* (K) */
    double *weight;                       /* (K, w) alpha by place in the span */
    double *matrix;                       /* (K, d, d) rows: the next token */
    double *effect;                       /* (K, d, room) A_k^T / tau: row = the earlier token; padding is 0 */
} markov;

static double *take(double **memory, size_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

static void markov_free(void *self)
{
    markov *m = self;
    if (m == NULL)
        return;
    free(m->lag);
    free(m->strength);
    free(m);
}

static bool allocate(markov *m)
{
    const size_t K = m->spans, square = m->vocabulary * m->vocabulary;
    m->lag = malloc(3 * K * sizeof *m->lag);
    double *memory = malloc((K + K * m->order + K * square + K * m->vocabulary * m->room) * sizeof *memory);
    m->strength = memory;
    if (m->lag == NULL || memory == NULL)
        return false;
    m->length = m->lag + K;
    m->span_of_level = m->length + K;
    m->strength = take(&memory, K);
    m->weight = take(&memory, K * m->order);
    m->matrix = take(&memory, K * square);
    m->effect = take(&memory, K * m->vocabulary * m->room);
    return true;
}

/* ---- matrices ---- */

/* The nearest orthogonal matrix U V^T of a = U S V^T, in place. */
static hf_status orthogonalize(size_t d, double *a, hf_error *err)
{
    const lapack_int n = (lapack_int)d;
    double *memory = malloc((2 * d * d + 2 * d) * sizeof *memory);
    if (memory == NULL)
        return hf_fail_memory(err, "the chain");
    double *u = memory, *vt = u + d * d, *s = vt + d * d, *super = s + d;
    const lapack_int code = LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'A', 'A', n, n, a, n, s, u, n, vt, n, super);
    for (size_t i = 0; i < d && code == 0; i++)
        for (size_t j = 0; j < d; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += u[i * d + k] * vt[k * d + j];
            a[i * d + j] = sum;
        }
    free(memory);
    if (code == LAPACK_WORK_MEMORY_ERROR || code == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return hf_fail_memory(err, "the chain");
    return code == 0 ? HF_OK : hf_fail(err, HF_ENUMERIC, "the singular vectors of the chain's matrices do not converge");
}

static void set_norm(size_t size, double norm, double *a)
{
    const double factor = norm / sqrt(hf_kernel_dot(size, a, a));
    for (size_t e = 0; e < size; e++)
        a[e] *= factor;
}

/* Takes the parts along the k matrices before it out of matrix k; twice, for what rounding leaves. */
static void exclude(size_t size, size_t k, double *matrix)
{
    double *a = matrix + k * size;
    for (int pass = 0; pass < 2; pass++)
        for (size_t l = 0; l < k; l++) {
            const double *b = matrix + l * size, along = hf_kernel_dot(size, a, b) / hf_kernel_dot(size, b, b);
            hf_kernel_add(size, -along, b, a);
        }
}

static hf_status fill_matrices(markov *m, const hf_markov_params *params, hf_error *err)
{
    const size_t d = m->vocabulary, size = d * d;
    for (size_t k = 0; k < m->spans; k++) {
        double *a = m->matrix + k * size;
        const hf_stream stream = {m->seed, HF_DRAW_FEATURES, 0, (uint32_t)k};
        if (params->table != NULL)
            memcpy(a, params->table + k * size, size * sizeof *a);
        else
            hf_normal_fill(&stream, size, a);
        const bool turns = params->table == NULL && params->matrices != HF_MARKOV_NORMAL;
        const hf_status status = turns ? orthogonalize(d, a, err) : HF_OK;
        if (status != HF_OK)
            return status;
        if (params->matrices == HF_MARKOV_EXCLUSIVE)
            exclude(size, k, m->matrix);
    }
    for (size_t k = 0; k < m->spans; k++) {
        double *a = m->matrix + k * size, *effect = m->effect + k * d * m->room;
        memset(effect, 0, d * m->room * sizeof *effect);
        set_norm(size, m->strength[k] * sqrt((double)d), a);
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++)
                effect[j * m->room + i] = a[i * d + j] / params->temperature;
    }
    return HF_OK;
}

/* ---- life ---- */

/* Spans by strength; of equal ones the nearer first. */
static void order_levels(markov *m)
{
    for (size_t k = 0; k < m->spans; k++) {
        size_t place = k;
        for (; place > 0; place--) {
            const size_t other = m->span_of_level[place - 1];
            const bool before =
                m->strength[k] > m->strength[other] || (m->strength[k] == m->strength[other] && m->lag[k] < m->lag[other]);
            if (!before)
                break;
            m->span_of_level[place] = other;
        }
        m->span_of_level[place] = k;
    }
}

static void copy_spans(markov *m, const hf_markov_params *params)
{
    const double *weight = params->weight;
    for (size_t k = 0; k < m->spans; k++) {
        m->lag[k] = params->lag[k];
        m->length[k] = params->length[k];
        m->strength[k] = params->strength[k];
        for (size_t i = 0; i < m->length[k]; i++)
            m->weight[k * m->order + i] = weight == NULL ? 1 : *weight++;
    }
    order_levels(m);
}

static void markov_draw(const void *self, uint64_t step, uint32_t sample, hf_token *tokens);
static size_t markov_levels(const void *self);
static void markov_lags(const void *self, size_t level, size_t *from, size_t *to);
static void markov_distribution(const void *self, const hf_token *tokens, size_t at, size_t known, double *p);

static const hf_token_task_kind kind = {.name = "markov",
                                        .free = markov_free,
                                        .draw = markov_draw,
                                        .levels = markov_levels,
                                        .distribution = markov_distribution,
                                        .lags = markov_lags};

hf_status hf_markov_create(hf_token_task *task, const hf_markov_params *params, hf_error *err)
{
    markov *m = calloc(1, sizeof *m);
    if (m == NULL)
        return hf_fail_memory(err, "the Markov chain");
    *m = (markov){.vocabulary = params->vocabulary,
                  .generated = params->generated,
                  .spans = params->spans,
                  .seed = params->seed,
                  .sequences = params->sequences};
    m->room = (m->vocabulary + HF_TILE_LANES - 1) / HF_TILE_LANES * HF_TILE_LANES;
    for (size_t k = 0; k < m->spans; k++) {
        const size_t last = params->lag[k] + params->length[k] - 1;
        m->order = last > m->order ? last : m->order;
    }
    hf_status status = allocate(m) ? HF_OK : hf_fail_memory(err, "the Markov chain");
    if (status == HF_OK) {
        copy_spans(m, params);
        status = fill_matrices(m, params, err);
    }
    if (status != HF_OK) {
        markov_free(m);
        return status;
    }
    *task = (hf_token_task){.kind = &kind,
                            .self = m,
                            .vocabulary = m->vocabulary,
                            .length = m->order + m->generated,
                            .first = m->order,
                            .scored = m->generated};
    return HF_OK;
}

/* ---- sequences ---- */

/* p (room): logits, -infinity beyond the vocabulary. */
HF_INLINE void fill_logits(size_t lanes, const markov *m, const hf_token *tokens, size_t at, size_t known, double *p)
{
    const size_t d = m->vocabulary, room = m->room;
    memset(p, 0, room * sizeof *p);
    for (size_t level = 0; level < known; level++) {
        const size_t k = m->span_of_level[level];
        for (size_t i = 0; i < m->length[k]; i++) {
            const double weight = m->weight[k * m->order + i];
            const double *effect = m->effect + (k * d + tokens[at - m->lag[k] - i]) * room;
            for (size_t c = 0; c < room; c += lanes) {
                HF_SIMD
                for (size_t l = 0; l < lanes; l++)
                    p[c + l] += weight * effect[c + l];
            }
        }
    }
    for (size_t v = d; v < room; v++)
        p[v] = -INFINITY;
}

HF_INLINE double largest_of(size_t lanes, size_t room, const double *p)
{
    double most[HF_TILE_LANES], largest = -INFINITY;
    for (size_t l = 0; l < lanes; l++)
        most[l] = -INFINITY;
    for (size_t c = 0; c < room; c += lanes) {
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            most[l] = p[c + l] > most[l] ? p[c + l] : most[l];
    }
    for (size_t l = 0; l < lanes; l++)
        largest = most[l] > largest ? most[l] : largest;
    return largest;
}

/* p (room): the distribution, 0 beyond the vocabulary. Returns the sum that it was divided by. */
HF_INLINE double distribute_registers(size_t bytes, const markov *m, const hf_token *tokens, size_t at, size_t known,
                                      double *p)
{
    const size_t lanes = bytes / sizeof(double), room = m->room;
    fill_logits(lanes, m, tokens, at, known, p);
    const double largest = largest_of(lanes, room, p);
    for (size_t c = 0; c < room; c += lanes) {
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            p[c + l] = hf_exponential(p[c + l] - largest);
    }
    const double sum = hf_tiles_sum(room, p);
    for (size_t c = 0; c < room; c += lanes) {
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            p[c + l] /= sum;
    }
    return sum;
}

HF_REGISTERS(double, distribute, (const markov *m, const hf_token *tokens, size_t at, size_t known, double *p), m, tokens,
             at, known, p)

static void markov_distribution(const void *self, const hf_token *tokens, size_t at, size_t known, double *p)
{
    const markov *m = self;
    double weights[ROOM];
    distribute(m, tokens, at, known, weights);
    memcpy(p, weights, m->vocabulary * sizeof *p);
}

/* The token where the cumulated probability passes u. */
static hf_token choose(size_t d, const double *p, double u)
{
    size_t v = 0;
    for (double sum = p[0]; v + 1 < d && sum <= u; sum += p[v])
        v++;
    return (hf_token)v;
}

static void markov_draw(const void *self, uint64_t step, uint32_t sample, hf_token *tokens)
{
    const markov *m = self;
    const size_t d = m->vocabulary, length = m->order + m->generated;
    const hf_stream stream = {m->sequences, HF_DRAW_TOKENS, step, sample};
    double p[ROOM], u[HF_MARKOV_LENGTH];
    hf_uniform_fill(&stream, length, u);
    for (size_t t = 0; t < m->order; t++)
        tokens[t] = (hf_token)(u[t] * (double)d);
    for (size_t t = m->order; t < length; t++) {
        distribute(m, tokens, t, m->spans, p);
        tokens[t] = choose(d, p, u[t]);
    }
}

static size_t markov_levels(const void *self)
{
    return ((const markov *)self)->spans;
}

static void markov_lags(const void *self, size_t level, size_t *from, size_t *to)
{
    const markov *m = self;
    const size_t k = m->span_of_level[level - 1];
    *from = m->lag[k];
    *to = m->lag[k] + m->length[k] - 1;
}

/* ---- for probes ---- */

const double *hf_markov_matrix(const hf_token_task *task, size_t span)
{
    const markov *m = task->self;
    return m->matrix + span * m->vocabulary * m->vocabulary;
}

hf_markov_reach hf_markov_reach_of(const hf_token_task *task, size_t span)
{
    const markov *m = task->self;
    return (hf_markov_reach){.lag = m->lag[span],
                             .length = m->length[span],
                             .weight = m->weight + span * m->order,
                             .effect = m->effect + span * m->vocabulary * m->room,
                             .stride = m->room};
}

size_t hf_markov_span(const hf_token_task *task, size_t level)
{
    return ((const markov *)task->self)->span_of_level[level - 1];
}

size_t hf_markov_order(const hf_token_task *task)
{
    return ((const markov *)task->self)->order;
}
