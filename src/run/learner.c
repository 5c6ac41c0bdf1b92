#include "run/learner.h"

#include "config/fill.h"
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

static hf_status create_regression(hf_learner *l, const hf_config *config, uint64_t seed, size_t threads, hf_error *err)
{
    const size_t batch = config->train.batch, samples = config->train.samples;
    const hf_regression_params params = {
        .projected = hf_config_projects(config),
        .threads = threads,
        .largest_batch = batch == 0 || samples == 0 ? (batch > samples ? batch : samples) : batch,
        .stored = samples + config->train.validation,
    };
    hf_regression_task *task = malloc(sizeof *task);
    if (task == NULL)
        return hf_fail_memory(err, "the training task");
    hf_problem_params problem;
    hf_status status = hf_fill_problem(config, &problem, err);
    if (status == HF_OK)
        status = hf_config_place(config, hf_regression_task_init(task, &problem, &config->train, seed, err), err);
    hf_fill_clear_problem(&problem);
    if (status != HF_OK) {
        free(task);
        return status;
    }
    l->task = task;
    l->free_task = free_regression_task;
    status = hf_viewer_create(&l->probe, task, err);
    return status == HF_OK ? hf_regression_create(&l->model, task, &params, err) : status;
}

/* ---- every task ---- */

typedef hf_status create_learner(hf_learner *l, const hf_config *config, uint64_t seed, size_t threads, hf_error *err);

static create_learner *const creators[] = {[HF_TASK_REGRESSION] = create_regression};

hf_status hf_learner_create(hf_learner *l, const hf_config *config, uint64_t seed, size_t threads, hf_error *err)
{
    const hf_sampler_params params = {
        .seed = seed, .samples = config->train.samples, .held_out = config->train.validation, .batch = config->train.batch};
    *l = (hf_learner){0};
    hf_status status = hf_sampler_init(&l->sampler, &params, err);
    if (status == HF_OK)
        status = creators[config->train.task](l, config, seed, threads, err);
    if (status != HF_OK)
        hf_learner_clear(l);
    return status;
}

hf_optimizer_params hf_learner_optimizer(const hf_config *config)
{
    const hf_train_params *t = &config->train;
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
