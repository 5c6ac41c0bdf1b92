#include "train/decoder_state.h"

#include "core/thread.h"
#include "train/kernels.h"
#include "train/network.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tensors ---- */

static size_t add_tensor(hf_decoder *m, const char *name, size_t rows, size_t columns)
{
    return hf_network_add_tensor(m->tensors, &m->tensor_count, name, rows, columns);
}

static void add_block(hf_decoder *m, hf_decoder_block *b)
{
    const hf_decoder_params *p = &m->params;
    const size_t H = p->heads, C = m->C, M = p->mlp;
    const bool norm2 = p->norm && M > 0;
    b->query = add_tensor(m, "query", H * m->q_width, C);
    b->key = p->keys ? add_tensor(m, "key", H * m->q_width, C) : HF_NO_TENSOR;
    b->value = add_tensor(m, "value", H * m->v_width, C);
    b->output = p->output ? add_tensor(m, "output", C, H * m->v_width) : HF_NO_TENSOR;
    b->gain1 = p->norm ? add_tensor(m, "gain", C, 1) : HF_NO_TENSOR;
    b->shift1 = p->norm ? add_tensor(m, "shift", C, 1) : HF_NO_TENSOR;
    b->mlp_in = M > 0 ? add_tensor(m, "mlp_in", M, C) : HF_NO_TENSOR;
    b->mlp_in_bias = M > 0 ? add_tensor(m, "mlp_in_bias", M, 1) : HF_NO_TENSOR;
    b->mlp_out = M > 0 ? add_tensor(m, "mlp_out", C, M) : HF_NO_TENSOR;
    b->mlp_out_bias = M > 0 ? add_tensor(m, "mlp_out_bias", C, 1) : HF_NO_TENSOR;
    b->gain2 = norm2 ? add_tensor(m, "gain", C, 1) : HF_NO_TENSOR;
    b->shift2 = norm2 ? add_tensor(m, "shift", C, 1) : HF_NO_TENSOR;
}

static void add_tensors(hf_decoder *m)
{
    const bool embeds = !m->params.one_hot;
    m->token = embeds ? add_tensor(m, hf_token_task_has_vectors(&m->task) ? "input" : "token", m->task.vocabulary, m->C)
                      : HF_NO_TENSOR;
    m->place = embeds && m->params.places == HF_PLACES_LEARNED ? add_tensor(m, "place", m->P, m->C) : HF_NO_TENSOR;
    for (size_t b = 0; b < m->params.blocks; b++)
        add_block(m, &m->block[b]);
    m->readout = embeds ? add_tensor(m, "readout", m->task.vocabulary, m->C) : HF_NO_TENSOR;
}

static size_t parameter_count(const hf_decoder *m)
{
    return hf_tensors_size((hf_tensors){m->tensor_count, m->tensors});
}

/* ---- memory ---- */

static void place_block(const hf_decoder *m, size_t b, double *memory, size_t *used, hf_decoder_kept *k)
{
    const size_t n = HF_DECODER_CHUNK, H = m->params.heads, C = m->C, P = m->P, Q = hf_decoder_queries(m, b);
    *k = (hf_decoder_kept){.queried = hf_network_place(memory, used, n * Q * C),
                           .q = hf_network_place(memory, used, n * Q * H * m->q_width),
                           .k = hf_network_place(memory, used, m->params.keys ? n * P * H * m->q_width : 0),
                           .v = hf_network_place(memory, used, n * P * H * m->v_width),
                           .weights = hf_network_place(memory, used, n * H * Q * P),
                           .dropped = hf_network_place(memory, used, n * H * Q * P),
                           .o = hf_network_place(memory, used, n * Q * H * m->v_width),
                           .unit1 = hf_network_place(memory, used, n * Q * C),
                           .spread1 = hf_network_place(memory, used, n * Q),
                           .y1 = hf_network_place(memory, used, n * Q * C),
                           .inner = hf_network_place(memory, used, n * Q * m->params.mlp),
                           .unit2 = hf_network_place(memory, used, n * Q * C),
                           .spread2 = hf_network_place(memory, used, n * Q),
                           .x = hf_network_place(memory, used, n * Q * C)};
}

/* All of one thread's numbers; w may be NULL to count them. */
static size_t place_work(const hf_decoder *m, double *memory, hf_decoder_work *w)
{
    const size_t n = HF_DECODER_CHUNK, H = m->params.heads, C = m->C, P = m->P;
    const size_t numbers = hf_token_task_has_vectors(&m->task) ? n * m->task.vocabulary : 0;
    size_t used = 0;
    hf_decoder_kept unused;
    for (size_t b = 0; b < m->params.blocks; b++)
        place_block(m, b, memory, &used, w != NULL ? &w->kept[b] : &unused);
    hf_decoder_work placed = {.x = hf_network_place(memory, &used, n * P * C),
                              .z = hf_network_place(memory, &used, n * m->task.scored * m->task.vocabulary),
                              .dx = hf_network_place(memory, &used, n * P * C),
                              .dy = hf_network_place(memory, &used, n * P * C),
                              .da = hf_network_place(memory, &used, n * P * C),
                              .dq = hf_network_place(memory, &used, n * P * H * m->q_width),
                              .dk = hf_network_place(memory, &used, n * P * H * m->q_width),
                              .dv = hf_network_place(memory, &used, n * P * H * m->v_width),
                              .dout = hf_network_place(memory, &used, n * P * H * m->v_width),
                              .dinner = hf_network_place(memory, &used, n * P * m->params.mlp),
                              .dweights = hf_network_place(memory, &used, H * P * P),
                              .vectors = hf_network_place(memory, &used, numbers * P),
                              .wanted = hf_network_place(memory, &used, numbers)};
    if (w != NULL) {
        placed.kept = w->kept;
        placed.sequences = w->sequences;
        placed.inputs = w->inputs;
        placed.targets = w->targets;
        placed.samples = w->samples;
        *w = placed;
    }
    return used;
}

static void decoder_free(void *self)
{
    hf_decoder *m = self;
    if (m == NULL)
        return;
    for (size_t t = 0; m->work != NULL && t < m->params.threads; t++) {
        free(m->work[t].kept);
        free(m->work[t].sequences);
        free(m->work[t].samples);
    }
    free(m->work);
    free(m->block);
    free(m->tensors);
    free(m->fixed);
    free(m->memory);
    free(m->stored);
    free(m);
}

static bool allocate_work(const hf_decoder *m, hf_decoder_work *w)
{
    const size_t n = HF_DECODER_CHUNK;
    w->kept = calloc(m->params.blocks, sizeof *w->kept);
    w->sequences = malloc(n * (m->task.length + m->P + m->task.scored) * sizeof *w->sequences);
    w->samples = malloc(n * sizeof *w->samples);
    if (w->kept == NULL || w->sequences == NULL || w->samples == NULL)
        return false;
    w->inputs = w->sequences + n * m->task.length;
    w->targets = w->inputs + n * m->P;
    return true;
}

static hf_status allocate(hf_decoder *m, hf_error *err)
{
    const size_t T = m->params.threads, parameters = parameter_count(m), each = place_work(m, NULL, NULL);
    bool done = true;
    m->work = calloc(T, sizeof *m->work);
    m->memory = malloc((T * each + HF_DECODER_PARTS * parameters) * sizeof *m->memory);
    m->fixed = calloc((m->task.vocabulary + m->P) * m->C, sizeof *m->fixed);
    m->stored = malloc((m->params.stored * m->task.length + 1) * sizeof *m->stored);
    for (size_t t = 0; t < T && m->work != NULL; t++)
        done = allocate_work(m, &m->work[t]) && done;
    if (!done || m->work == NULL || m->memory == NULL || m->fixed == NULL || m->stored == NULL)
        return hf_fail_memory(err, "the model");
    for (size_t t = 0; t < T; t++)
        place_work(m, m->memory + t * each, &m->work[t]);
    for (size_t s = 0; s < HF_DECODER_PARTS; s++)
        m->parts[s].gradient = m->memory + T * each + s * parameters;
    return HF_OK;
}

/* ---- life ---- */

static hf_status check(const hf_token_task *task, const hf_decoder_params *p, hf_error *err)
{
    if (!p->one_hot && !p->full_heads && p->width % p->heads != 0)
        return hf_fail(err, HF_EUSAGE, "a width of %zu cannot be divided among %zu heads", p->width, p->heads);
    if (!p->keys && !p->full_heads)
        return hf_fail(err, HF_EUSAGE, "without keys every head needs queries of full width");
    if (hf_token_task_has_vectors(task) && (p->one_hot || p->places == HF_PLACES_NONE))
        return hf_fail(err, HF_EUSAGE, "vectors need an embedding, and vectors of their places");
    if (p->one_hot && (p->places != HF_PLACES_LEARNED || !p->full_heads))
        return hf_fail(err, HF_EUSAGE, "one-hot input goes with full heads and has its places in it");
    return HF_OK;
}

/* One-hot rows of tokens and places, or sinusoids. */
static void fill_fixed(hf_decoder *m)
{
    const size_t rows = m->task.vocabulary + m->P;
    for (size_t r = 0; r < rows && m->params.one_hot; r++)
        m->fixed[r * m->C + r] = 1;
    if (!m->params.one_hot && m->params.places == HF_PLACES_SINUSOIDAL)
        hf_embedding_sinusoids(m->P, m->C, m->fixed + m->task.vocabulary * m->C);
}

hf_status hf_decoder_create(hf_model *model, const hf_token_task *task, const hf_decoder_params *params, hf_error *err)
{
    hf_status status = check(task, params, err);
    hf_decoder *m = status == HF_OK ? calloc(1, sizeof *m) : NULL;
    if (m == NULL)
        return status != HF_OK ? status : hf_fail_memory(err, "the model");
    m->task = *task;
    m->params = *params;
    m->P = task->first + task->scored - 1;
    m->C = params->one_hot ? task->vocabulary + m->P : params->width;
    m->q_width = m->v_width = params->full_heads ? m->C : m->C / params->heads;
    m->block = calloc(params->blocks, sizeof *m->block);
    m->tensors = calloc(3 + HF_DECODER_BLOCK_TENSORS * params->blocks, sizeof *m->tensors);
    if (m->block != NULL && m->tensors != NULL) {
        add_tensors(m);
        status = allocate(m, err);
    } else
        status = hf_fail_memory(err, "the model");
    if (status != HF_OK) {
        decoder_free(m);
        return status;
    }
    fill_fixed(m);
    for (size_t n = 0; n < params->stored && !hf_token_task_has_vectors(&m->task); n++)
        task->kind->draw(task->self, 0, (uint32_t)n, m->stored + n * task->length);
    *model = (hf_model){&hf_model_decoder, m};
    return HF_OK;
}

static hf_tensors decoder_tensors(const void *self)
{
    const hf_decoder *m = self;
    return (hf_tensors){m->tensor_count, m->tensors};
}

/* ---- initial parameters ---- */

/* Uniform in (-scale, scale); scale < 0: Xavier's bound. */
static void fill_uniform(const hf_decoder *m, size_t tensor, double scale, double *parameters)
{
    if (tensor == HF_NO_TENSOR)
        return;
    const hf_tensor *t = &m->tensors[tensor];
    const double bound = scale < 0 ? sqrt(6 / (double)(t->shape[0] + t->shape[1])) : scale;
    hf_network_fill_uniform(t, tensor, m->params.seed, bound, parameters);
}

/* Random orthonormal rows; where there are more rows than columns, of norm 1. */
static void fill_orthonormal(const hf_decoder *m, size_t tensor, double *parameters)
{
    if (tensor == HF_NO_TENSOR)
        return;
    const hf_tensor *t = &m->tensors[tensor];
    const size_t rows = t->shape[0], C = t->shape[1];
    const hf_stream stream = {m->params.seed, HF_DRAW_PARAMETERS, 0, (uint32_t)tensor};
    double *x = parameters + t->offset;
    hf_normal_fill(&stream, t->count, x);
    for (size_t r = 0; r < rows; r++) {
        const double norm = hf_kernel_orthogonalize(C, rows <= C ? r : 0, x, x + r * C, NULL);
        for (size_t c = 0; c < C; c++)
            x[r * C + c] /= norm;
    }
}

static void fill_ones(const hf_decoder *m, size_t tensor, double *parameters)
{
    for (size_t e = 0; tensor != HF_NO_TENSOR && e < m->tensors[tensor].count; e++)
        parameters[m->tensors[tensor].offset + e] = 1;
}

/* Embedding and read-out orthonormal, matrices uniform, gains 1, shifts and biases 0. */
static void decoder_initialize(const void *self, double *parameters)
{
    const hf_decoder *m = self;
    memset(parameters, 0, parameter_count(m) * sizeof *parameters);
    fill_orthonormal(m, m->token, parameters);
    fill_uniform(m, m->place, -1, parameters);
    for (size_t i = 0; i < m->params.blocks; i++) {
        const hf_decoder_block *b = &m->block[i];
        fill_uniform(m, b->query, m->params.query_scale, parameters);
        fill_uniform(m, b->key, m->params.key_scale, parameters);
        fill_uniform(m, b->value, m->params.value_scale, parameters);
        fill_uniform(m, b->output, -1, parameters);
        fill_uniform(m, b->mlp_in, -1, parameters);
        fill_uniform(m, b->mlp_out, -1, parameters);
        fill_ones(m, b->gain1, parameters);
        fill_ones(m, b->gain2, parameters);
    }
    if (!hf_token_task_has_vectors(&m->task)) /* else it starts at 0, and the loss at that of who answers 0 */
        fill_orthonormal(m, m->readout, parameters);
}

/* ---- a batch ---- */

/* Samples first .. first + n - 1 of a batch of vectors; the place that is asked has none. */
static void read_vectors(const hf_decoder *m, const hf_batch *batch, size_t first, size_t n, hf_decoder_work *w)
{
    const size_t d = m->task.vocabulary, inputs = (m->P - 1) * d;
    for (size_t s = 0; s < n; s++) {
        double *x = w->vectors + s * m->P * d;
        w->samples[s] = hf_batch_sample(batch, first + s);
        m->task.kind->draw_vectors(m->task.self, batch->step, w->samples[s], x, w->wanted + s * d);
        memset(x + inputs, 0, d * sizeof *x);
    }
}

/* Sequences first .. first + n - 1 of a batch: what the model reads and what it is to predict. */
static void read_sequences(const hf_decoder *m, const hf_batch *batch, size_t first, size_t n, hf_decoder_work *w)
{
    const size_t length = m->task.length;
    if (hf_token_task_has_vectors(&m->task)) {
        read_vectors(m, batch, first, n, w);
        return;
    }
    for (size_t s = 0; s < n; s++) {
        const uint32_t sample = hf_batch_sample(batch, first + s);
        hf_token *tokens = w->sequences + s * length;
        w->samples[s] = sample;
        if (batch->fixed && sample < m->params.stored)
            memcpy(tokens, m->stored + (size_t)sample * length, length * sizeof *tokens);
        else
            m->task.kind->draw(m->task.self, batch->step, sample, tokens);
        memcpy(w->inputs + s * m->P, tokens, m->P * sizeof *tokens);
        memcpy(w->targets + s * m->task.scored, tokens + m->task.first, m->task.scored * sizeof *tokens);
    }
}

static void compute_part(hf_decoder *m, const double *parameters, const hf_batch *batch, size_t s,
                         const hf_dropout *dropout, bool back, hf_decoder_work *w)
{
    const size_t from = s * batch->count / HF_DECODER_PARTS, to = (s + 1) * batch->count / HF_DECODER_PARTS;
    hf_decoder_part *part = &m->parts[s];
    part->loss = 0;
    if (back)
        memset(part->gradient, 0, parameter_count(m) * sizeof *part->gradient);
    for (size_t first = from; first < to; first += HF_DECODER_CHUNK) {
        const size_t n = to - first < HF_DECODER_CHUNK ? to - first : HF_DECODER_CHUNK;
        read_sequences(m, batch, first, n, w);
        hf_decoder_forward_chunk(m, parameters, n, dropout, w);
        part->loss += hf_token_task_has_vectors(&m->task)
                          ? hf_half_squares(n * m->task.vocabulary, w->wanted, w->z)
                          : hf_cross_entropy(n * m->task.scored, m->task.vocabulary, w->targets, w->z);
        if (back)
            hf_decoder_backward_chunk(m, parameters, n, dropout, w, part->gradient);
    }
}

/* The sum of the losses, parts in their order. step: of the dropout. */
static double compute(hf_decoder *m, const double *parameters, const hf_batch *batch, bool back)
{
    const hf_dropout dropout = {m->params.seed, batch->stream, back ? m->params.dropout : 0};
    double loss = 0;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t s = 0; s < HF_DECODER_PARTS; s++)
        compute_part(m, parameters, batch, s, &dropout, back, &m->work[hf_this_thread()]);
    for (size_t s = 0; s < HF_DECODER_PARTS; s++)
        loss += m->parts[s].loss;
    return loss;
}

static double decoder_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    hf_decoder *m = self;
    if (batch->count == 0) {
        memset(gradient, 0, parameter_count(m) * sizeof *gradient);
        return NAN;
    }
    const double scored = (double)batch->count * (double)m->task.scored, loss = compute(m, parameters, batch, true);
    hf_network_gather(HF_DECODER_PARTS, parameter_count(m), m->parts[0].gradient, 1 / scored, m->params.threads, gradient);
    return loss / scored;
}

static double decoder_loss(void *self, const double *parameters, const hf_batch *batch)
{
    hf_decoder *m = self;
    if (batch->count == 0)
        return NAN;
    return compute(m, parameters, batch, false) / ((double)batch->count * (double)m->task.scored);
}

/* The scored queries' attention of n sequences in every block, (n, blocks, heads, scored, places): the last ones of each. */
static void copy_attention(const hf_decoder *m, const hf_decoder_work *w, size_t n, double *attention)
{
    const size_t heads = m->params.heads, size = m->task.scored * m->P;
    for (size_t s = 0; s < n; s++)
        for (size_t b = 0; b < m->params.blocks; b++)
            for (size_t h = 0; h < heads; h++, attention += size) {
                const size_t queries = hf_decoder_queries(m, b);
                memcpy(attention, w->kept[b].weights + ((s * heads + h + 1) * queries - m->task.scored) * m->P,
                       size * sizeof *attention);
            }
}

static size_t decoder_blocks(const void *self)
{
    return ((const hf_decoder *)self)->params.blocks;
}

static void decoder_forward(void *self, const double *parameters, const hf_batch *batch, size_t first, size_t count,
                            double *logits, double *attention)
{
    hf_decoder *m = self;
    const hf_dropout none = {0};
    const size_t scored = m->task.scored, outputs = scored * m->task.vocabulary;
    const size_t weights = m->params.blocks * m->params.heads * scored * m->P;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(static) if (m->params.threads > 1)
#endif
    for (size_t done = 0; done < count; done += HF_DECODER_CHUNK) {
        hf_decoder_work *w = &m->work[hf_this_thread()];
        const size_t n = count - done < HF_DECODER_CHUNK ? count - done : HF_DECODER_CHUNK;
        read_sequences(m, batch, first + done, n, w);
        hf_decoder_forward_chunk(m, parameters, n, &none, w);
        if (logits != NULL)
            memcpy(logits + done * outputs, w->z, n * outputs * sizeof *logits);
        if (attention != NULL)
            copy_attention(m, w, n, attention + done * weights);
    }
}

const hf_model_kind hf_model_decoder = {.name = "decoder",
                                        .free = decoder_free,
                                        .tensors = decoder_tensors,
                                        .initialize = decoder_initialize,
                                        .gradient = decoder_gradient,
                                        .loss = decoder_loss,
                                        .forward = decoder_forward,
                                        .blocks = decoder_blocks};
