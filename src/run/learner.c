#include "run/learner.h"

#include "train/regression.h"
#include "train/view.h"

#include <stdlib.h>

/* ---- regression ---- */

static void free_regression_task(void *task)
{
    if (task != NULL)
        hf_regression_task_clear(task);
    free(task);
}

static hf_status create_regression(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                   hf_error *err)
{
    const size_t batch = params->train.batch, samples = params->train.samples;
    const hf_regression_params model = {
        .projected = params->projects,
        .threads = threads,
        .largest_batch = batch == 0 || samples == 0 ? (batch > samples ? batch : samples) : batch,
        .stored = samples + params->train.validation,
    };
    hf_regression_task *task = malloc(sizeof *task);
    if (task == NULL)
        return hf_fail_memory(err, "the training task");
    hf_status status = hf_regression_task_init(task, &params->problem, &params->train, seed, err);
    if (status != HF_OK) {
        free(task);
        return status;
    }
    l->task = task;
    l->free_task = free_regression_task;
    status = hf_viewer_create(&l->probe, task, err);
    return status == HF_OK ? hf_regression_create(&l->model, task, &model, err) : status;
}

/* ---- every task ---- */

typedef hf_status create_learner(hf_learner *l, const hf_learner_params *params, uint64_t seed, size_t threads,
                                 hf_error *err);

static create_learner *const creators[] = {[HF_TASK_REGRESSION] = create_regression};

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

hf_optimizer_params hf_learner_optimizer(const hf_train_params *t)
{
    return (hf_optimizer_params){
        .kind = t->optimizer,
        .lr = t->lr,
        .momentum = t->momentum,
        .beta1 = t->beta1,
        .beta2 = t->beta2,
        .epsilon = t->epsilon,
        .weight_decay = t->optimizer == HF_OPTIMIZER_ADAMW ? t->weight_decay : 0,
        .clip = t->clip,
        .schedule = {
            .kind = t->schedule, .warmup = t->warmup, .steps = t->steps, .patience = t->patience, .floor = t->final_rate}};
}
