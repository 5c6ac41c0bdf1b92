#include "train/minimal.h"

#include "core/simd.h"
#include "train/exponential.h"
#include "train/kernels.h"
#include "train/normal.h"
#include "train/tiles.h"

#include <math.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdlib.h>
#include <string.h>

enum { PARTS = 24 }; /* of a batch, each with a gradient of its own, summed in order */

/* What one thread needs for one sequence. q counts scored queries, j keys, v tokens; padded to whole lanes. */
typedef struct {
    hf_token *tokens; /* (length) */
    double *row;      /* (D) of the query matrix, of one key */
    double *shown;    /* (H, J, v) V_h x_j */
    double *weight;   /* (H, J, q) logits, then attention */
    double *change;   /* (J, q) their gradient */
    double *output;   /* (q, v) z, then its gradient */
    double *turned;   /* (v, q) the same, transposed */
    double *back;     /* (J, v) gradient of V_h x_j */
} workspace;

typedef struct {
    double loss;
    double *gradient; /* (all parameters) */
} part;

struct hf_minimal {
    hf_token_task task;
    hf_minimal_params params;
    size_t heads, width, places; /* H, D, J */
    size_t v, q;                 /* vocabulary and scored queries, padded */
    double scale;                /* 1/sqrt(D) */
    hf_tensor tensors[2];
    workspace *work; /* (threads) */
    part parts[PARTS];
    double *memory;   /* of workspaces and parts */
    hf_token *tokens; /* (threads, length) */
    hf_token *stored; /* (params.stored, length) */
};

/* ---- one sequence ---- */

static size_t pad(size_t count)
{
    return (count + HF_TILE_LANES - 1) / HF_TILE_LANES * HF_TILE_LANES;
}

static size_t first_query(const hf_minimal *m)
{
    return m->task.first - 1; /* the place that predicts the first scored token */
}

/* Number of the first scored query that sees key j. */
static size_t first_seeing(const hf_minimal *m, size_t j)
{
    return j > first_query(m) ? j - first_query(m) : 0;
}

/* One more than the number of the last scored query that sees key j; up to first_seeing(m, j): none does. */
static size_t end_seeing(const hf_minimal *m, size_t j)
{
    const size_t window = m->params.window, scored = m->task.scored, start = first_query(m);
    if (window == 0 || j + window >= start + scored)
        return scored;
    return j + window > start ? j + window - start : 0;
}

/* The first key that scored query n sees. */
static size_t first_seen(const hf_minimal *m, size_t n)
{
    const size_t window = m->params.window, keys = first_query(m) + n + 1;
    return window == 0 || keys <= window ? 0 : keys - window;
}

static const hf_token *sequence(const hf_minimal *m, const hf_batch *batch, size_t n, workspace *w)
{
    const uint32_t sample = hf_batch_sample(batch, n);
    if (batch->fixed && sample < m->params.stored)
        return m->stored + (size_t)sample * m->task.length;
    m->task.kind->draw(m->task.self, batch->step, sample, w->tokens);
    return w->tokens;
}

/* weight (J, q): logits of head h; -infinity where the query does not see the key. */
HF_INLINE void fill_logits(const hf_minimal *m, const double *query, const hf_token *tokens, double *row, double *weight)
{
    const size_t d = m->task.vocabulary, D = m->width, start = first_query(m);
    for (size_t j = 0; j < m->places; j++) {
        const double *by_token = query + tokens[j] * D, *by_place = query + (d + j) * D;
        double *l = weight + j * m->q;
        HF_SIMD
        for (size_t c = 0; c < D; c++)
            row[c] = by_token[c] + by_place[c];
        for (size_t n = 0; n < m->q; n++)
            l[n] = -INFINITY;
        for (size_t n = first_seeing(m, j); n < end_seeing(m, j); n++)
            l[n] = (row[tokens[start + n]] + row[d + start + n]) * m->scale;
    }
}

/* Softmax over the keys for every query, in lanes of queries. Lanes of padding become 0. */
HF_INLINE void take_softmax(const hf_minimal *m, double *weight)
{
    for (size_t n = 0; n < m->q; n += HF_TILE_LANES) {
        double largest[HF_TILE_LANES], sum[HF_TILE_LANES] = {0};
        for (size_t i = 0; i < HF_TILE_LANES; i++)
            largest[i] = -1e300;
        for (size_t j = 0; j < m->places; j++) {
            const double *l = weight + j * m->q + n;
            HF_SIMD
            for (size_t i = 0; i < HF_TILE_LANES; i++)
                largest[i] = l[i] > largest[i] ? l[i] : largest[i];
        }
        for (size_t j = 0; j < m->places; j++) {
            double *l = weight + j * m->q + n;
            HF_SIMD
            for (size_t i = 0; i < HF_TILE_LANES; i++) {
                l[i] = hf_exponential(l[i] - largest[i]);
                sum[i] += l[i];
            }
        }
        HF_SIMD
        for (size_t i = 0; i < HF_TILE_LANES; i++)
            sum[i] = sum[i] > 0 ? 1 / sum[i] : 0;
        for (size_t j = 0; j < m->places; j++) {
            double *l = weight + j * m->q + n;
            HF_SIMD
            for (size_t i = 0; i < HF_TILE_LANES; i++)
                l[i] *= sum[i];
        }
    }
}

/* shown (J, v): what head h shows of every key. */
HF_INLINE void fill_shown(const hf_minimal *m, const double *value, const hf_token *tokens, double *shown)
{
    const size_t d = m->task.vocabulary, D = m->width;
    for (size_t j = 0; j < m->places; j++) {
        const double *by_token = value + tokens[j] * D, *by_place = value + (d + j) * D;
        double *u = shown + j * m->v;
        HF_SIMD
        for (size_t c = 0; c < d; c++)
            u[c] = by_token[c] + by_place[c];
    }
}

/* output (q, v) += attention times what is shown; keys that a group of queries does not see have attention 0. */
HF_INLINE void add_output(const hf_minimal *m, const double *weight, const double *shown, double *output)
{
    for (size_t n = 0; n < m->task.scored; n += HF_TILE_ROWS) {
        const size_t left = m->task.scored - n, rows = left < HF_TILE_ROWS ? left : HF_TILE_ROWS;
        const size_t from = first_seen(m, n), seen = first_query(m) + n + rows - from;
        hf_tiles_add(rows, seen, m->v, weight + from * m->q + n, 1, m->q, shown + from * m->v, m->v, output + n * m->v,
                     m->v);
    }
}

/* Attention (H, J, q) and outputs (q, v) of a sequence. */
HF_INLINE void forward(const hf_minimal *m, const double *parameters, const hf_token *tokens, workspace *w)
{
    const size_t square = m->width * m->width, keys = m->places * m->q;
    memset(w->output, 0, m->q * m->v * sizeof *w->output);
    for (size_t h = 0; h < m->heads; h++) {
        double *weight = w->weight + h * keys, *shown = w->shown + h * m->places * m->v;
        fill_logits(m, parameters + h * square, tokens, w->row, weight);
        take_softmax(m, weight);
        fill_shown(m, parameters + (m->heads + h) * square, tokens, shown);
        add_output(m, weight, shown, w->output);
    }
}

/* The cross-entropy of the scored tokens in all; output becomes its gradient, softmax minus one-hot. Padding becomes 0. */
HF_INLINE double cross_entropy(const hf_minimal *m, const hf_token *tokens, workspace *w)
{
    const size_t d = m->task.vocabulary;
    double loss = 0;
    for (size_t n = 0; n < m->task.scored; n++) {
        double *z = w->output + n * m->v, largest = -1e300, sum = 0;
        const hf_token target = tokens[m->task.first + n];
        const double chosen = z[target];
        HF_SIMD_MAX(largest)
        for (size_t v = 0; v < d; v++)
            largest = z[v] > largest ? z[v] : largest;
        HF_SIMD
        for (size_t v = 0; v < d; v++)
            z[v] = hf_exponential(z[v] - largest);
        sum = hf_tiles_sum(d, z);
        loss += log(sum) + largest - chosen;
        const double norm = 1 / sum;
        HF_SIMD
        for (size_t v = 0; v < d; v++)
            z[v] *= norm;
        z[target] -= 1;
    }
    return loss;
}

/* Gradient of the logits from that of the attention, change (J, q): a (da - sum_j a da), times the scale of the logits. */
HF_INLINE void turn_back(const hf_minimal *m, const double *weight, double *change)
{
    for (size_t n = 0; n < m->q; n += HF_TILE_LANES) {
        double mean[HF_TILE_LANES] = {0};
        for (size_t j = 0; j < m->places; j++) {
            const double *a = weight + j * m->q + n, *da = change + j * m->q + n;
            HF_SIMD
            for (size_t i = 0; i < HF_TILE_LANES; i++)
                mean[i] += a[i] * da[i];
        }
        for (size_t j = 0; j < m->places; j++) {
            const double *a = weight + j * m->q + n;
            double *da = change + j * m->q + n;
            HF_SIMD
            for (size_t i = 0; i < HF_TILE_LANES; i++)
                da[i] = a[i] * (da[i] - mean[i]) * m->scale;
        }
    }
}

/* Adds what the logits' gradients, change (J, q), say of the query matrix; fill_logits read backwards. */
HF_INLINE void spread_query(const hf_minimal *m, const hf_token *tokens, const double *change, double *query)
{
    const size_t d = m->task.vocabulary, D = m->width, start = first_query(m);
    for (size_t j = 0; j < m->places; j++) {
        double *by_token = query + tokens[j] * D, *by_place = query + (d + j) * D;
        const double *dl = change + j * m->q;
        for (size_t n = first_seeing(m, j); n < end_seeing(m, j); n++) {
            by_token[tokens[start + n]] += dl[n];
            by_place[tokens[start + n]] += dl[n];
        }
        for (size_t n = first_seeing(m, j); n < end_seeing(m, j); n++) {
            by_token[d + start + n] += dl[n];
            by_place[d + start + n] += dl[n];
        }
    }
}

/* The same of the value matrix; back: (J, v). */
HF_INLINE void spread_value(const hf_minimal *m, const hf_token *tokens, const double *back, double *value)
{
    const size_t d = m->task.vocabulary, D = m->width;
    for (size_t j = 0; j < m->places; j++) {
        double *by_token = value + tokens[j] * D, *by_place = value + (d + j) * D;
        const double *du = back + j * m->v;
        HF_SIMD
        for (size_t c = 0; c < d; c++)
            by_token[c] += du[c];
        HF_SIMD
        for (size_t c = 0; c < d; c++)
            by_place[c] += du[c];
    }
}

/* change (J, q) = shown times the outputs' gradient, and back (J, v) = attention times it, where queries see the key. */
HF_INLINE void return_output(const hf_minimal *m, const double *weight, const double *shown, workspace *w)
{
    const size_t d = m->task.vocabulary;
    memset(w->change, 0, m->places * m->q * sizeof *w->change);
    memset(w->back, 0, m->places * m->v * sizeof *w->back);
    for (size_t j = 0; j < m->places; j += HF_TILE_ROWS) {
        const size_t left = m->places - j, rows = left < HF_TILE_ROWS ? left : HF_TILE_ROWS;
        const size_t from = first_seeing(m, j), to = end_seeing(m, j + rows - 1);
        const size_t lane = from / HF_TILE_LANES * HF_TILE_LANES;
        if (to <= from)
            continue; /* nobody sees these keys */
        hf_tiles_add(rows, d, pad(to) - lane, shown + j * m->v, m->v, 1, w->turned + lane, m->q,
                     w->change + j * m->q + lane, m->q);
        hf_tiles_add(rows, to - from, m->v, weight + j * m->q + from, m->q, 1, w->output + from * m->v, m->v,
                     w->back + j * m->v, m->v);
    }
}

/* From the outputs' gradient to those of all parameters: z = sum_h a_h^T u_h backwards. */
HF_INLINE void backward(const hf_minimal *m, const hf_token *tokens, workspace *w, double *gradient)
{
    const size_t square = m->width * m->width, keys = m->places * m->q, d = m->task.vocabulary, scored = m->task.scored;
    for (size_t v = 0; v < d; v++)
        for (size_t n = 0; n < scored; n++)
            w->turned[v * m->q + n] = w->output[n * m->v + v];
    for (size_t h = 0; h < m->heads; h++) {
        const double *weight = w->weight + h * keys, *shown = w->shown + h * m->places * m->v;
        return_output(m, weight, shown, w);
        turn_back(m, weight, w->change);
        spread_query(m, tokens, w->change, gradient + h * square);
        spread_value(m, tokens, w->back, gradient + (m->heads + h) * square);
    }
}

HF_CLONES static double learn_sequence(const hf_minimal *m, const double *parameters, const hf_token *tokens, workspace *w,
                                       double *gradient)
{
    forward(m, parameters, tokens, w);
    const double loss = cross_entropy(m, tokens, w);
    if (gradient != NULL)
        backward(m, tokens, w, gradient);
    return loss;
}

HF_CLONES static void show_sequence(const hf_minimal *m, const double *parameters, const hf_token *tokens, workspace *w)
{
    forward(m, parameters, tokens, w);
}

/* ---- a batch ---- */

static size_t this_thread(void)
{
#ifdef _OPENMP
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}

/* The sum of the losses; gradients of the parts where back. */
static double compute(hf_minimal *m, const double *parameters, const hf_batch *batch, bool back)
{
    const size_t count = 2 * m->heads * m->width * m->width;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t s = 0; s < PARTS; s++) {
        part *p = &m->parts[s];
        workspace *w = &m->work[this_thread()];
        p->loss = 0;
        if (back)
            memset(p->gradient, 0, count * sizeof *p->gradient);
        for (size_t n = s * batch->count / PARTS; n < (s + 1) * batch->count / PARTS; n++)
            p->loss += learn_sequence(m, parameters, sequence(m, batch, n, w), w, back ? p->gradient : NULL);
    }
    double loss = 0;
    for (size_t s = 0; s < PARTS; s++)
        loss += m->parts[s].loss;
    return loss;
}

static double minimal_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    hf_minimal *m = self;
    const size_t count = 2 * m->heads * m->width * m->width;
    if (batch->count == 0) {
        memset(gradient, 0, count * sizeof *gradient);
        return NAN;
    }
    const double scored = (double)batch->count * (double)m->task.scored, loss = compute(m, parameters, batch, true);
    memset(gradient, 0, count * sizeof *gradient);
    for (size_t s = 0; s < PARTS; s++)
        hf_kernel_add(count, 1 / scored, m->parts[s].gradient, gradient);
    return loss / scored;
}

static double minimal_loss(void *self, const double *parameters, const hf_batch *batch)
{
    hf_minimal *m = self;
    if (batch->count == 0)
        return NAN;
    return compute(m, parameters, batch, false) / ((double)batch->count * (double)m->task.scored);
}

static void minimal_forward(void *self, const double *parameters, const hf_batch *batch, size_t first, size_t count,
                            double *logits, double *attention)
{
    hf_minimal *m = self;
    const size_t scored = m->task.scored, d = m->task.vocabulary;
    workspace *w = &m->work[0];
    for (size_t n = 0; n < count; n++) {
        show_sequence(m, parameters, sequence(m, batch, first + n, w), w);
        for (size_t q = 0; q < scored && logits != NULL; q++)
            memcpy(logits + (n * scored + q) * d, w->output + q * m->v, d * sizeof *logits);
        for (size_t h = 0; h < m->heads && attention != NULL; h++)
            for (size_t q = 0; q < scored; q++)
                for (size_t j = 0; j < m->places; j++)
                    attention[((n * m->heads + h) * scored + q) * m->places + j] =
                        w->weight[(h * m->places + j) * m->q + q];
    }
}

/* ---- life ---- */

size_t hf_minimal_width(const hf_token_task *task)
{
    return task->vocabulary + task->first + task->scored - 1;
}

static double *take(double **memory, size_t count)
{
    double *taken = *memory;
    *memory += count;
    return taken;
}

static void minimal_free(void *self)
{
    hf_minimal *m = self;
    if (m == NULL)
        return;
    free(m->work);
    free(m->memory);
    free(m->tokens);
    free(m->stored);
    free(m);
}

static hf_status allocate(hf_minimal *m, hf_error *err)
{
    const size_t H = m->heads, J = m->places, T = m->params.threads, parameters = 2 * H * m->width * m->width;
    const size_t per_thread = m->width + H * J * m->v + H * J * m->q + J * m->q + m->q * m->v + m->v * m->q + J * m->v;
    const size_t numbers = T * per_thread + PARTS * parameters;
    m->work = calloc(T, sizeof *m->work);
    m->memory = calloc(numbers, sizeof *m->memory); /* padding is 0 and stays so */
    m->tokens = malloc(T * m->task.length * sizeof *m->tokens);
    m->stored = malloc((m->params.stored * m->task.length + 1) * sizeof *m->stored);
    if (m->work == NULL || m->memory == NULL || m->tokens == NULL || m->stored == NULL)
        return hf_fail_memory(err, "the model");
    double *memory = m->memory;
    for (size_t t = 0; t < T; t++)
        m->work[t] = (workspace){.tokens = m->tokens + t * m->task.length,
                                 .row = take(&memory, m->width),
                                 .shown = take(&memory, H * J * m->v),
                                 .weight = take(&memory, H * J * m->q),
                                 .change = take(&memory, J * m->q),
                                 .output = take(&memory, m->q * m->v),
                                 .turned = take(&memory, m->v * m->q),
                                 .back = take(&memory, J * m->v)};
    for (size_t s = 0; s < PARTS; s++)
        m->parts[s].gradient = take(&memory, parameters);
    return HF_OK;
}

static void name_tensors(hf_minimal *m)
{
    const size_t H = m->heads, D = m->width;
    for (size_t i = 0; i < 2; i++)
        m->tensors[i] = (hf_tensor){.name = i == 0 ? "query" : "value",
                                    .offset = i * H * D * D,
                                    .count = H * D * D,
                                    .rank = 3,
                                    .shape = {H, D, D},
                                    .rate = 1,
                                    .decays = true};
}

hf_status hf_minimal_create(hf_model *model, const hf_token_task *task, const hf_minimal_params *params, hf_error *err)
{
    hf_minimal *m = calloc(1, sizeof *m);
    if (m == NULL)
        return hf_fail_memory(err, "the model");
    m->task = *task;
    m->params = *params;
    m->heads = params->heads;
    m->width = hf_minimal_width(task);
    m->places = m->width - task->vocabulary;
    m->v = pad(task->vocabulary);
    m->q = pad(task->scored);
    m->scale = 1 / sqrt((double)m->width);
    name_tensors(m);
    const hf_status status = allocate(m, err);
    if (status != HF_OK) {
        minimal_free(m);
        return status;
    }
    for (size_t n = 0; n < params->stored; n++)
        task->kind->draw(task->self, 0, (uint32_t)n, m->stored + n * task->length);
    *model = (hf_model){&hf_model_minimal, m};
    return HF_OK;
}

static hf_tensors minimal_tensors(const void *self)
{
    const hf_minimal *m = self;
    return (hf_tensors){2, m->tensors};
}

static void minimal_initialize(const void *self, double *parameters)
{
    const hf_minimal *m = self;
    const double bound = sqrt(6 / (2 * (double)m->width));
    for (size_t i = 0; i < 2; i++) {
        const double asked = i == 0 ? m->params.query_scale : m->params.value_scale, scale = asked < 0 ? bound : asked;
        const hf_stream stream = {m->params.seed, HF_DRAW_PARAMETERS, 0, (uint32_t)i};
        double *x = parameters + m->tensors[i].offset;
        hf_uniform_fill(&stream, m->tensors[i].count, x);
        for (size_t e = 0; e < m->tensors[i].count; e++)
            x[e] = scale * (2 * x[e] - 1);
    }
}

const hf_model_kind hf_model_minimal = {.name = "minimal",
                                        .free = minimal_free,
                                        .tensors = minimal_tensors,
                                        .initialize = minimal_initialize,
                                        .gradient = minimal_gradient,
                                        .loss = minimal_loss,
                                        .forward = minimal_forward};
