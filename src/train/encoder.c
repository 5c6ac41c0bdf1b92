#include "train/encoder_state.h"

#include "core/thread.h"
#include "train/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tensors ---- */

static size_t add_tensor(hf_encoder *m, const char *name, size_t rows, size_t columns)
{
    return hf_network_add_tensor(m->tensors, &m->tensor_count, name, rows, columns);
}

static void add_block(hf_encoder *m, hf_encoder_block *b)
{
    const size_t C = m->C, M = m->params.mlp;
    b->query = add_tensor(m, "query", C, C);
    b->key = add_tensor(m, "key", C, C);
    b->value = add_tensor(m, "value", C, C);
    b->query_bias = add_tensor(m, "query_bias", C, 1);
    b->key_bias = add_tensor(m, "key_bias", C, 1);
    b->value_bias = add_tensor(m, "value_bias", C, 1);
    b->output = add_tensor(m, "output", C, C);
    b->output_bias = add_tensor(m, "output_bias", C, 1);
    b->mlp_in = add_tensor(m, "mlp_in", M, C);
    b->mlp_in_bias = add_tensor(m, "mlp_in_bias", M, 1);
    b->mlp_out = add_tensor(m, "mlp_out", C, M);
    b->mlp_out_bias = add_tensor(m, "mlp_out_bias", C, 1);
}

static void add_tensors(hf_encoder *m)
{
    m->token = add_tensor(m, "token", m->tokens, m->C);
    for (size_t b = 0; b < m->params.blocks; b++)
        add_block(m, &m->block[b]);
    m->head = add_tensor(m, "head", m->params.classes, m->C);
    m->head_bias = add_tensor(m, "head_bias", m->params.classes, 1);
}

static size_t parameter_count(const hf_encoder *m)
{
    return hf_tensors_size((hf_tensors){m->tensor_count, m->tensors});
}

/* ---- memory ---- */

static void place_block(const hf_encoder *m, double *memory, size_t *used, hf_encoder_kept *k)
{
    const size_t n = HF_ENCODER_CHUNK, H = m->params.heads, C = m->C, P = m->P;
    *k = (hf_encoder_kept){.unit1 = hf_network_place(memory, used, n * P * C),
                           .spread1 = hf_network_place(memory, used, n * P),
                           .qkv = hf_network_place(memory, used, n * P * 3 * C),
                           .logits = hf_network_place(memory, used, n * H * P * P),
                           .weights = hf_network_place(memory, used, n * H * P * P),
                           .dropped = hf_network_place(memory, used, n * H * P * P),
                           .o = hf_network_place(memory, used, n * P * C),
                           .unit2 = hf_network_place(memory, used, n * P * C),
                           .spread2 = hf_network_place(memory, used, n * P),
                           .inner = hf_network_place(memory, used, n * P * m->params.mlp),
                           .x = hf_network_place(memory, used, n * P * C)};
}

/* All of one thread's numbers; w may be NULL to count them. */
static size_t place_work(const hf_encoder *m, double *memory, hf_encoder_work *w)
{
    const size_t n = HF_ENCODER_CHUNK, H = m->params.heads, C = m->C, P = m->P;
    size_t used = 0;
    hf_encoder_kept unused;
    for (size_t b = 0; b < m->params.blocks; b++)
        place_block(m, memory, &used, w != NULL ? &w->kept[b] : &unused);
    hf_encoder_work placed = {.table = hf_network_place(memory, &used, m->tokens * C),
                              .dtable = hf_network_place(memory, &used, m->tokens * C),
                              .x = hf_network_place(memory, &used, n * P * C),
                              .unit = hf_network_place(memory, &used, m->params.final_norm ? n * P * C : 0),
                              .spread = hf_network_place(memory, &used, n * P),
                              .pooled = hf_network_place(memory, &used, n * C),
                              .z = hf_network_place(memory, &used, n * m->params.classes),
                              .dx = hf_network_place(memory, &used, n * P * C),
                              .da = hf_network_place(memory, &used, n * P * C),
                              .dqkv = hf_network_place(memory, &used, n * P * 3 * C),
                              .dinner = hf_network_place(memory, &used, n * P * m->params.mlp),
                              .dout = hf_network_place(memory, &used, n * P * C),
                              .dpooled = hf_network_place(memory, &used, n * C),
                              .dweights = hf_network_place(memory, &used, H * P * P)};
    if (w != NULL) {
        placed.inputs = w->inputs;
        placed.answers = w->answers;
        placed.sequence = w->sequence;
        placed.samples = w->samples;
        placed.kept = w->kept;
        placed.mask = w->mask;
        *w = placed;
    }
    return used;
}

static void encoder_free(void *self)
{
    hf_encoder *m = self;
    if (m == NULL)
        return;
    for (size_t t = 0; m->work != NULL && t < m->params.threads; t++) {
        free(m->work[t].inputs);
        free(m->work[t].samples);
        free(m->work[t].kept);
        free(m->work[t].mask);
    }
    free(m->work);
    free(m->block);
    free(m->tensors);
    free(m->sinusoids);
    free(m->memory);
    free(m->stored);
    free(m);
}

static bool allocate_work(const hf_encoder *m, hf_encoder_work *w)
{
    const size_t n = HF_ENCODER_CHUNK;
    w->kept = calloc(m->params.blocks, sizeof *w->kept);
    w->inputs = malloc((n * m->P + n + m->task.length) * sizeof *w->inputs);
    w->samples = malloc(n * sizeof *w->samples);
    w->mask = malloc(hf_mask_scratch(&m->mask));
    if (w->kept == NULL || w->inputs == NULL || w->samples == NULL || w->mask == NULL)
        return false;
    w->answers = w->inputs + n * m->P;
    w->sequence = w->answers + n;
    return true;
}

static hf_status allocate(hf_encoder *m, hf_error *err)
{
    const size_t T = m->params.threads, parameters = parameter_count(m), each = place_work(m, NULL, NULL);
    bool done = true;
    m->work = calloc(T, sizeof *m->work);
    m->memory = malloc((T * each + HF_ENCODER_PARTS * parameters) * sizeof *m->memory);
    m->sinusoids = malloc(m->P * m->C * sizeof *m->sinusoids);
    m->stored = malloc((m->params.stored * m->task.length + 1) * sizeof *m->stored);
    for (size_t t = 0; t < T && m->work != NULL; t++)
        done = allocate_work(m, &m->work[t]) && done;
    if (!done || m->work == NULL || m->memory == NULL || m->sinusoids == NULL || m->stored == NULL)
        return hf_fail_memory(err, "the model");
    for (size_t t = 0; t < T; t++)
        place_work(m, m->memory + t * each, &m->work[t]);
    for (size_t s = 0; s < HF_ENCODER_PARTS; s++)
        m->parts[s].gradient = m->memory + T * each + s * parameters;
    return HF_OK;
}

/* ---- life ---- */

static void set_places(hf_encoder *m)
{
    const hf_encoder_params *p = &m->params;
    const hf_mask_traits *kind = &hf_mask_kinds[p->mask];
    const bool pads = p->pad && kind->has_size;
    const size_t globals = kind->has_globals ? p->globals : 0;
    m->L = m->task.first;
    const size_t padded = pads ? (m->L + p->keep - 1) / p->keep * p->keep : m->L;
    m->P = padded + globals;
    m->tokens = m->task.vocabulary + 1 + globals;
    m->mask = (hf_mask){.kind = p->mask, .k = p->keep, .places = m->P, .globals = globals};
    if (!p->pad_seen) {
        m->mask.unseen_from = m->L;
        m->mask.unseen_to = padded;
    }
}

static hf_status check(const hf_encoder_params *p, hf_error *err)
{
    if (p->width % p->heads != 0)
        return hf_fail(err, HF_EUSAGE, "a width of %zu cannot be divided among %zu heads", p->width, p->heads);
    if (p->keep == 0 || p->mlp == 0)
        return hf_fail(err, HF_EUSAGE, "masks keep at least one key, and the MLP has an inner layer");
    return HF_OK;
}

hf_status hf_encoder_create(hf_model *model, const hf_token_task *task, const hf_encoder_params *params, hf_error *err)
{
    hf_status status = check(params, err);
    hf_encoder *m = status == HF_OK ? calloc(1, sizeof *m) : NULL;
    if (m == NULL)
        return status != HF_OK ? status : hf_fail_memory(err, "the model");
    m->task = *task;
    m->params = *params;
    m->C = params->width;
    set_places(m);
    m->block = calloc(params->blocks, sizeof *m->block);
    m->tensors = calloc(3 + HF_ENCODER_BLOCK_TENSORS * params->blocks, sizeof *m->tensors);
    if (m->block != NULL && m->tensors != NULL) {
        add_tensors(m);
        status = allocate(m, err);
    } else
        status = hf_fail_memory(err, "the model");
    if (status != HF_OK) {
        encoder_free(m);
        return status;
    }
    hf_embedding_sinusoids(m->P, m->C, m->sinusoids);
    for (size_t n = 0; n < params->stored; n++)
        task->kind->draw(task->self, 0, (uint32_t)n, m->stored + n * task->length);
    *model = (hf_model){&hf_model_encoder, m};
    return HF_OK;
}

static hf_tensors encoder_tensors(const void *self)
{
    const hf_encoder *m = self;
    return (hf_tensors){m->tensor_count, m->tensors};
}

size_t hf_encoder_places(const hf_model *model)
{
    return ((const hf_encoder *)model->self)->P;
}

/* ---- initial parameters ---- */

static void fill_uniform(const hf_encoder *m, size_t tensor, double bound, double *parameters)
{
    hf_network_fill_uniform(&m->tensors[tensor], tensor, m->params.seed, bound, parameters);
}

/* Tokens and head within 0.1, layers and their biases within 1/sqrt(what goes in), the head's bias 0. */
static void encoder_initialize(const void *self, double *parameters)
{
    const hf_encoder *m = self;
    const double wide = 1 / sqrt((double)m->C), inner = 1 / sqrt((double)m->params.mlp);
    memset(parameters, 0, parameter_count(m) * sizeof *parameters);
    fill_uniform(m, m->token, 0.1, parameters);
    for (size_t i = 0; i < m->params.blocks; i++) {
        const hf_encoder_block *b = &m->block[i];
        for (size_t t = b->query; t <= b->mlp_out_bias; t++)
            fill_uniform(m, t, t < b->mlp_out ? wide : inner, parameters);
    }
    fill_uniform(m, m->head, 0.1, parameters);
}

/* ---- a batch ---- */

void hf_encoder_read(const hf_encoder *m, const hf_batch *batch, size_t first, size_t n, hf_encoder_work *w)
{
    const hf_token padding = (hf_token)m->task.vocabulary;
    const size_t globals = m->mask.globals;
    for (size_t s = 0; s < n; s++) {
        const uint32_t sample = hf_batch_sample(batch, first + s);
        const hf_token *tokens = w->sequence;
        hf_token *inputs = w->inputs + s * m->P;
        w->samples[s] = sample;
        if (batch->fixed && sample < m->params.stored)
            tokens = m->stored + (size_t)sample * m->task.length;
        else
            m->task.kind->draw(m->task.self, batch->step, sample, w->sequence);
        memcpy(inputs, tokens, m->L * sizeof *inputs);
        for (size_t t = m->L; t < m->P; t++)
            inputs[t] = t < m->P - globals ? padding : (hf_token)(padding + 1 + t - (m->P - globals));
        w->answers[s] = tokens[m->task.first];
    }
}

static void compute_part(hf_encoder *m, const double *parameters, const hf_batch *batch, size_t s,
                         const hf_encoder_dropout *dropout)
{
    const size_t from = s * batch->count / HF_ENCODER_PARTS, to = (s + 1) * batch->count / HF_ENCODER_PARTS;
    hf_encoder_part *part = &m->parts[s];
    hf_encoder_work *w = &m->work[hf_this_thread()];
    part->loss = 0;
    memset(part->gradient, 0, parameter_count(m) * sizeof *part->gradient);
    for (size_t first = from; first < to; first += HF_ENCODER_CHUNK) {
        const size_t n = to - first < HF_ENCODER_CHUNK ? to - first : HF_ENCODER_CHUNK;
        hf_encoder_read(m, batch, first, n, w);
        hf_encoder_forward_chunk(m, parameters, n, dropout, w);
        part->loss += hf_cross_entropy(n, m->params.classes, w->answers, w->z);
        hf_encoder_backward_chunk(m, parameters, n, dropout, w, part->gradient);
    }
}

/* Parts in their order, whatever the threads. */
static double encoder_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    hf_encoder *m = self;
    const size_t count = parameter_count(m);
    const hf_encoder_dropout dropout = {{m->params.seed, batch->stream, m->params.dropout},
                                        {m->params.seed, batch->stream, m->params.attention_dropout}};
    double loss = 0;
    if (batch->count == 0) {
        memset(gradient, 0, count * sizeof *gradient);
        return NAN;
    }
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t s = 0; s < HF_ENCODER_PARTS; s++)
        compute_part(m, parameters, batch, s, &dropout);
    for (size_t s = 0; s < HF_ENCODER_PARTS; s++)
        loss += m->parts[s].loss;
    hf_network_gather(HF_ENCODER_PARTS, count, m->parts[0].gradient, 1 / (double)batch->count, m->params.threads, gradient);
    return loss / (double)batch->count;
}

static double encoder_loss(void *self, const double *parameters, const hf_batch *batch)
{
    const hf_model model = {&hf_model_encoder, self};
    return hf_encoder_judge(&model, parameters, batch).loss;
}

static void encoder_forward(void *self, const double *parameters, const hf_batch *batch, size_t first, size_t count,
                            double *logits, double *attention)
{
    const hf_encoder *m = self;
    const hf_encoder_dropout none = {0};
    const size_t H = m->params.heads, B = m->params.blocks, size = H * m->P * m->P;
    for (size_t done = 0; done < count; done += HF_ENCODER_CHUNK) {
        hf_encoder_work *w = &m->work[0];
        const size_t n = count - done < HF_ENCODER_CHUNK ? count - done : HF_ENCODER_CHUNK;
        hf_encoder_read(m, batch, first + done, n, w);
        hf_encoder_forward_chunk(m, parameters, n, &none, w);
        if (logits != NULL)
            memcpy(logits + done * m->params.classes, w->z, n * m->params.classes * sizeof *logits);
        for (size_t s = 0; s < n && attention != NULL; s++)
            for (size_t b = 0; b < B; b++)
                memcpy(attention + ((done + s) * B + b) * size, w->kept[b].weights + s * size, size * sizeof *attention);
    }
}

static size_t encoder_blocks(const void *self)
{
    return ((const hf_encoder *)self)->params.blocks;
}

const hf_model_kind hf_model_encoder = {.name = "encoder",
                                        .free = encoder_free,
                                        .tensors = encoder_tensors,
                                        .initialize = encoder_initialize,
                                        .gradient = encoder_gradient,
                                        .loss = encoder_loss,
                                        .forward = encoder_forward,
                                        .blocks = encoder_blocks};
