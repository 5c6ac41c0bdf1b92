#include "train/minimal_pass.h"

#include "core/thread.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 24 }; /* of a batch, each with a gradient of its own, summed in order */

struct hf_minimal {
    hf_token_task task;
    hf_minimal_params params;
    const hf_minimal_pass *pass;
    hf_minimal_shape shape;
    hf_tensor tensors[2];
    double loss[PARTS];
    void *gradient[PARTS]; /* packed */
    void *packed;          /* parameters */
    char *work;            /* (threads) */
    size_t work_size;      /* bytes of one */
    void *memory;          /* of all these */
    hf_token *tokens;      /* (threads, length) */
    hf_token *stored;      /* (params.stored, length) */
};

/* ---- a batch ---- */

static const hf_token *sequence(const hf_minimal *m, const hf_batch *batch, size_t n, size_t thread)
{
    const uint32_t sample = hf_batch_sample(batch, n);
    if (batch->fixed && sample < m->params.stored)
        return m->stored + (size_t)sample * m->task.length;
    hf_token *tokens = m->tokens + thread * m->task.length;
    m->task.kind->draw(m->task.self, batch->step, sample, tokens);
    return tokens;
}

/* Loss and, with back, gradient of a part of the batch. */
static void compute_part(hf_minimal *m, const hf_batch *batch, size_t s, bool back)
{
    const size_t thread = hf_this_thread(), count = batch->count;
    void *work = m->work + thread * m->work_size;
    double loss = 0;
    if (back)
        memset(m->gradient[s], 0, m->pass->packed(&m->shape) * m->pass->size);
    for (size_t n = s * count / PARTS; n < (s + 1) * count / PARTS; n++) {
        const hf_token *tokens = sequence(m, batch, n, thread);
        loss += back ? m->pass->learn(&m->shape, m->packed, tokens, work, m->gradient[s])
                     : m->pass->judge(&m->shape, m->packed, tokens, work);
    }
    m->loss[s] = loss;
}

/* The mean loss of a batch, and its gradient unless NULL. */
static double compute(hf_minimal *m, const double *parameters, const hf_batch *batch, double *gradient)
{
    const size_t rows = m->shape.heads * m->shape.keys;
    const double scored = (double)batch->count * (double)m->task.scored;
    double loss = 0;
    m->pass->pack(&m->shape, parameters, m->packed);
#ifdef _OPENMP
#pragma omp parallel num_threads((int)m->params.threads) if (m->params.threads > 1)
#endif
    {
#ifdef _OPENMP
#pragma omp for schedule(dynamic, 1)
#endif
        for (size_t s = 0; s < PARTS; s++)
            compute_part(m, batch, s, gradient != NULL);
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
        for (size_t s = 0; s < PARTS; s++)
            if (gradient != NULL)
                m->pass->unpack(&m->shape, 1 / scored, PARTS, m->gradient, s * rows / PARTS, (s + 1) * rows / PARTS,
                                gradient);
    }
    for (size_t s = 0; s < PARTS; s++)
        loss += m->loss[s];
    return loss / scored;
}

static double minimal_gradient(void *self, const double *parameters, const hf_batch *batch, double *gradient)
{
    hf_minimal *m = self;
    if (batch->count > 0)
        return compute(m, parameters, batch, gradient);
    memset(gradient, 0, hf_tensors_size((hf_tensors){2, m->tensors}) * sizeof *gradient);
    return NAN;
}

static double minimal_loss(void *self, const double *parameters, const hf_batch *batch)
{
    return batch->count > 0 ? compute(self, parameters, batch, NULL) : NAN;
}

static void minimal_forward(void *self, const double *parameters, const hf_batch *batch, size_t first, size_t count,
                            double *logits, double *attention)
{
    hf_minimal *m = self;
    const size_t outputs = m->task.scored * m->task.vocabulary,
                 attended = m->shape.heads * m->task.scored * m->shape.places;
    m->pass->pack(&m->shape, parameters, m->packed);
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(static) if (m->params.threads > 1)
#endif
    for (size_t n = 0; n < count; n++) {
        const size_t thread = hf_this_thread();
        m->pass->show(&m->shape, m->packed, sequence(m, batch, first + n, thread), m->work + thread * m->work_size,
                      logits == NULL ? NULL : logits + n * outputs, attention == NULL ? NULL : attention + n * attended);
    }
}

/* ---- life ---- */

size_t hf_minimal_width(const hf_token_task *task)
{
    return task->vocabulary + task->first + task->scored - 1;
}

static void minimal_free(void *self)
{
    hf_minimal *m = self;
    if (m == NULL)
        return;
    free(m->memory);
    free(m->tokens);
    free(m->stored);
    free(m);
}

/* count numbers of that size up to whole registers. */
static size_t padded(size_t count, size_t size)
{
    const size_t in_one = HF_MINIMAL_PAD / size;
    return (count + in_one - 1) / in_one * in_one;
}

static hf_status allocate(hf_minimal *m, hf_error *err)
{
    const size_t T = m->params.threads, number = m->pass->size, room = padded(m->pass->packed(&m->shape) * number, 1);
    m->work_size = padded(m->pass->work(&m->shape) * number, 1);
    const size_t all = T * m->work_size + (PARTS + 1) * room;
    m->memory = aligned_alloc(HF_MINIMAL_PAD, all);
    m->tokens = malloc(T * m->task.length * sizeof *m->tokens);
    m->stored = malloc((m->params.stored * m->task.length + 1) * sizeof *m->stored);
    if (m->memory == NULL || m->tokens == NULL || m->stored == NULL)
        return hf_fail_memory(err, "the model");
    memset(m->memory, 0, all); /* padding is 0 and stays so */
    m->work = m->memory;
    m->packed = m->work + T * m->work_size;
    for (size_t s = 0; s < PARTS; s++)
        m->gradient[s] = (char *)m->packed + (s + 1) * room;
    return HF_OK;
}

static void name_tensors(hf_minimal *m)
{
    const size_t H = m->shape.heads, D = m->shape.keys;
    for (size_t i = 0; i < 2; i++)
        m->tensors[i] = (hf_tensor){.name = i == 0 ? "query" : "value",
                                    .offset = i * H * D * D,
                                    .count = H * D * D,
                                    .rank = 3,
                                    .shape = {H, D, D},
                                    .rate = 1,
                                    .decays = true};
}

static hf_minimal_shape shape_of(const hf_token_task *task, const hf_minimal_params *params, size_t number)
{
    const size_t width = hf_minimal_width(task);
    return (hf_minimal_shape){.heads = params->heads,
                              .vocabulary = task->vocabulary,
                              .places = width - task->vocabulary,
                              .keys = width,
                              .first = task->first - 1,
                              .scored = task->scored,
                              .window = params->window,
                              .v = padded(task->vocabulary, number),
                              .q = padded(task->scored, number),
                              .scale = 1 / sqrt((double)width)};
}

hf_status hf_minimal_create(hf_model *model, const hf_token_task *task, const hf_minimal_params *params, hf_error *err)
{
    hf_minimal *m = calloc(1, sizeof *m);
    if (m == NULL)
        return hf_fail_memory(err, "the model");
    m->task = *task;
    m->params = *params;
    m->pass = params->single ? &hf_minimal_pass_single : &hf_minimal_pass_double;
    m->shape = shape_of(task, params, m->pass->size);
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
    const double bound = sqrt(6 / (2 * (double)m->shape.keys));
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
