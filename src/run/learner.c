#include "run/learner.h"

#include "core/channel.h"
#include "train/construction.h"
#include "train/minimal.h"
#include "train/regression.h"
#include "train/view.h"

#include <stdlib.h>
#include <string.h>

/* ---- regression ---- */

static void free_regression_task(void *task)
{
    if (task != NULL)
        hf_regression_task_clear(task);
    free(task);
}

/* Logits stand for themselves. An entry that stands for none has no gradient: it stays 0 if it counts as one, too. */
static hf_status scale_values(hf_learner *l, const hf_regression_task *task, size_t heads, hf_error *err)
{
    const hf_tensors tensors = l->model.kind->tensors(l->model.self);
    const size_t size = task->dim * task->dim, count = hf_tensors_size(tensors);
    l->scale = malloc(count * sizeof *l->scale);
    if (l->scale == NULL)
        return hf_fail_memory(err, "the entries of the values");
    for (size_t i = 0; i < count; i++)
        l->scale[i] = i < heads * size && task->scale[i % size] > 0 ? task->scale[i % size] : 1;
    return HF_OK;
}

static hf_status create_regression(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                   hf_error *err)
{
    const size_t batch = params->train.batch, samples = params->train.samples;
    const hf_regression_params model = {
        .projected = params->projects,
        .single = params->train.precision == HF_PRECISION_MIXED,
        .threads = threads,
        .largest_batch = batch == 0 || samples == 0 ? (batch > samples ? batch : samples) : batch,
        .stored = samples + params->train.validation,
    };
    hf_regression_task *task = malloc(sizeof *task);
    if (task == NULL)
        return hf_fail_memory(err, "the training task");
    hf_problem_params problem = params->problem;
    problem.flow.step = problem.flow.momentum = 0; /* training makes steps of its own */
    hf_status status = hf_regression_task_init(task, &problem, &params->train, seed, err);
    if (status != HF_OK) {
        free(task);
        return status;
    }
    l->task = task;
    l->free_task = free_regression_task;
    status = hf_viewer_create(&l->probe, task, err);
    if (status == HF_OK)
        status = hf_regression_create(&l->model, task, &model, err);
    return status == HF_OK && task->scale != NULL ? scale_values(l, task, params->problem.heads, err) : status;
}

/* ---- Markov chains ---- */

static void free_token_task(void *task)
{
    hf_token_task *t = task;
    if (t != NULL && t->kind != NULL)
        t->kind->free(t->self);
    free(t);
}

/* Spans and weights into lag (K) and weight (sum of lengths). */
static void lay_spans(const hf_chain_params *chain, size_t *lag, double *weight)
{
    size_t next = 1;
    for (size_t k = 0; k < chain->lengths.count; k++) {
        const size_t length = chain->lengths.at[k];
        double sum = 0;
        lag[k] = chain->stride > 0 ? 1 + k * chain->stride : next;
        next = lag[k] + length;
        for (size_t i = 0; i < length; i++)
            sum += weight[i] = chain->weights.count == 0 ? 1 : chain->weights.row[k].at[i];
        for (size_t i = 0; i < length && chain->weights.count > 0 && chain->normalized; i++)
            weight[i] /= sum;
        weight += length;
    }
}

static hf_status create_chain(hf_token_task *task, const hf_learner_params *params, uint64_t seed, hf_error *err)
{
    const hf_chain_params *chain = &params->chain;
    size_t weights = 0;
    for (size_t k = 0; k < chain->lengths.count; k++)
        weights += chain->lengths.at[k];
    size_t *lag = malloc(chain->lengths.count * sizeof *lag);
    double *weight = malloc(weights * sizeof *weight);
    hf_status status = lag == NULL || weight == NULL ? hf_fail_memory(err, "the Markov chain") : HF_OK;
    if (status == HF_OK) {
        lay_spans(chain, lag, weight);
        const hf_markov_params markov = {.vocabulary = chain->vocabulary,
                                         .generated = chain->generated,
                                         .spans = chain->lengths.count,
                                         .lag = lag,
                                         .length = chain->lengths.at,
                                         .strength = chain->strengths.at,
                                         .weight = weight,
                                         .temperature = chain->temperature,
                                         .matrices = chain->matrices,
                                         .table = params->teacher,
                                         .seed = chain->seed,
                                         .sequences = seed};
        status = hf_markov_create(task, &markov, err);
    }
    free(lag);
    free(weight);
    return status;
}

static hf_status create_network(hf_model *model, const hf_token_task *task, const hf_learner_params *params, uint64_t seed,
                                size_t threads, hf_error *err)
{
    const hf_network_params *n = &params->network;
    const size_t stored = params->train.samples + params->train.validation;
    const hf_minimal_params minimal = {.heads = n->heads,
                                       .threads = threads,
                                       .window = n->window,
                                       .single = params->train.precision == HF_PRECISION_SINGLE,
                                       .query_scale = n->query_scale,
                                       .value_scale = n->value_scale,
                                       .seed = seed,
                                       .stored = stored};
    const hf_decoder_params decoder = {.heads = n->heads,
                                       .blocks = n->blocks,
                                       .width = n->width,
                                       .window = n->window,
                                       .mlp = n->mlp,
                                       .places = n->one_hot ? HF_PLACES_LEARNED : n->positions,
                                       .one_hot = n->one_hot,
                                       .keys = n->keys,
                                       .full_heads = n->full_heads,
                                       .output = n->output,
                                       .residual = n->residual,
                                       .norm = n->norm,
                                       .dropout = n->dropout,
                                       .query_scale = n->query_scale,
                                       .key_scale = n->key_scale,
                                       .value_scale = n->value_scale,
                                       .threads = threads,
                                       .seed = seed,
                                       .stored = stored};
    return n->kind == HF_NETWORK_MINIMAL ? hf_minimal_create(model, task, &minimal, err)
                                         : hf_decoder_create(model, task, &decoder, err);
}

/* ---- what a network learns ---- */

static hf_status create_recall(hf_token_task *task, const hf_learner_params *params, uint64_t seed, hf_error *err)
{
    hf_recall_params recall = params->recall;
    recall.fixed = params->train.samples;
    recall.seed = seed;
    return hf_recall_create(task, &recall, err);
}

static hf_status create_vectors(hf_token_task *task, const hf_learner_params *params, uint64_t seed, hf_error *err)
{
    hf_vectors_params vectors = params->vectors;
    vectors.fixed = params->train.samples;
    vectors.seed = seed;
    return hf_vectors_create(task, &vectors, err);
}

/* Its probe is one of tokens (train/token_probe.h), which the run makes. */
static hf_status create_sequences(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                  hf_error *err)
{
    const hf_task_kind kind = params->train.task;
    hf_token_task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return hf_fail_memory(err, "the training task");
    l->task = task;
    l->free_task = free_token_task;
    const hf_status status = (kind == HF_TASK_MARKOV   ? create_chain
                              : kind == HF_TASK_RECALL ? create_recall
                                                       : create_vectors)(task, params, seed, err);
    return status == HF_OK ? create_network(&l->model, task, params, seed, threads, err) : status;
}

/* ---- strings ---- */

/* Its run looks at the model itself (train/encoder.h). */
static hf_status create_strings(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                hf_error *err)
{
    hf_strings_params strings = params->strings;
    hf_encoder_params encoder = params->encoder;
    hf_token_task *task = calloc(1, sizeof *task);
    if (task == NULL)
        return hf_fail_memory(err, "the training task");
    l->task = task;
    l->free_task = free_token_task;
    strings.seed = encoder.seed = seed;
    encoder.classes = hf_strings_tasks[strings.task].classes;
    encoder.threads = threads;
    encoder.stored = params->train.samples + params->train.validation;
    const hf_status status = hf_strings_create(task, &strings, err);
    return status == HF_OK ? hf_encoder_create(&l->model, task, &encoder, err) : status;
}

/* ---- every task ---- */

typedef hf_status create_learner(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                 hf_error *err);

static create_learner *const creators[HF_TASKS] = {[HF_TASK_REGRESSION] = create_regression,
                                                   [HF_TASK_MARKOV] = create_sequences,
                                                   [HF_TASK_STRINGS] = create_strings,
                                                   [HF_TASK_RECALL] = create_sequences,
                                                   [HF_TASK_VECTORS] = create_sequences};

hf_status hf_learner_create(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads, hf_error *err)
{
    const hf_sampler_params samples = {
        .seed = seed, .samples = params->train.samples, .held_out = params->train.validation, .batch = params->train.batch};
    *l = (hf_learner){0};
    hf_status status = hf_sampler_init(&l->sampler, &samples, err);
    if (status == HF_OK)
        status = creators[params->train.task](l, params, seed, threads, err);
    if (status != HF_OK)
        hf_learner_clear(l);
    return status;
}

void hf_learner_start(const hf_learner *l, const hf_learner_params *params, double *parameters)
{
    const hf_tensors tensors = l->model.kind->tensors(l->model.self);
    const hf_network_params *n = &params->network;
    if (params->start != NULL)
        memcpy(parameters, params->start, hf_tensors_size(tensors) * sizeof *parameters);
    else
        l->model.kind->initialize(l->model.self, parameters);
    if (params->start == NULL && params->train.task == HF_TASK_MARKOV && n->beta > 0)
        hf_construction_fill(l->task, n->heads, n->beta, n->kind == HF_NETWORK_DECODER, tensors, parameters);
    if (params->train.precision == HF_PRECISION_SINGLE)
        hf_optimizer_round(hf_tensors_size(tensors), parameters);
}

hf_optimizer_params hf_learner_optimizer(const hf_train_params *t)
{
    return (hf_optimizer_params){.kind = t->optimizer,
                                 .lr = t->lr,
                                 .momentum = t->momentum,
                                 .beta1 = t->beta1,
                                 .beta2 = t->beta2,
                                 .epsilon = t->epsilon,
                                 .weight_decay = t->optimizer == HF_OPTIMIZER_ADAMW ? t->weight_decay : 0,
                                 .clip = t->clip,
                                 .single = t->precision == HF_PRECISION_SINGLE,
                                 .schedule = {.kind = t->schedule,
                                              .warmup = t->warmup,
                                              .steps = t->steps,
                                              .patience = t->patience,
                                              .floor = t->final_rate,
                                              .epoch = hf_train_epoch(t),
                                              .rate = t->epoch_rate}};
}

void hf_learner_transfer(struct hf_channel *channel, hf_optimizer *o, size_t count, double *parameters)
{
    hf_channel_bytes(channel, &o->schedule.factor, sizeof o->schedule.factor);
    hf_channel_bytes(channel, &o->schedule.lowest, sizeof o->schedule.lowest);
    hf_channel_bytes(channel, &o->schedule.waited, sizeof o->schedule.waited);
    hf_channel_bytes(channel, parameters, count * sizeof *parameters);
    hf_channel_bytes(channel, o->memory, o->memory_count * sizeof *o->memory);
}
