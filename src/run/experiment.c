#include "run/experiment.h"

#include "run/folder.h"
#include "run/seeds.h"
#include "run/workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- flows ---- */

const char *const hf_companion_names[HF_COMPANIONS] = {"drift", "step", "step-drift"};

/* The flow itself has drift, and bands are asked for. */
static bool has_own_bands(const hf_experiment *x)
{
    return x->has_flow && x->params->flow.problem.flow.sgd_drift.bands;
}

/* One flow into directory/name. One that is already there is followed again in memory if its curve is needed. */
static hf_status run_flow(hf_experiment *x, const hf_flow_run_params *params, const char *name,
                          const hf_experiment_options *options, hf_run_summary *summary, hf_error *err)
{
    const bool trains = x->params->trains, is_read = trains || has_own_bands(x);
    char *directory = NULL;
    hf_status status = hf_folder_place(options->directory, options->finished, name, params->origin.hash, &directory, err);
    hf_run_options run = {.directory = directory,
                          .part = trains ? name : NULL,
                          .resume = options->resume || options->finished != NULL,
                          .interrupted = options->interrupted,
                          .progress = options->flow_progress,
                          .progress_data = options->progress_data,
                          .watch = params == &x->params->flow ? options->watch : NULL};
    if (status == HF_OK)
        status = hf_flow_run(params, &run, summary, err);
    if (status == HF_OK && summary->already_complete && is_read) {
        run.directory = NULL;
        run.watch = NULL;
        status = hf_flow_run(params, &run, summary, err);
    } else if (status == HF_OK && !summary->already_complete)
        x->all_were_here = false;
    x->interrupted = status == HF_OK && !summary->already_complete && hf_run_was_interrupted(summary);
    free(directory);
    return status;
}

/* Halfway between neighbouring plateaus of the flow. */
static hf_status find_levels(hf_experiment *x, hf_error *err)
{
    const hf_findings *f = &x->flow.findings;
    hf_levels *levels = &x->levels;
    levels->level = malloc((2 + HF_COMPANIONS) * (f->stage_count + 1) * sizeof *levels->level);
    if (levels->level == NULL)
        return hf_fail_memory(err, "the levels of the loss");
    levels->settled = f->stage_count > 0 && !isnan(f->stage[0].t_settle) ? f->stage[0].t_settle : INFINITY;
    levels->t_flow = levels->level + f->stage_count;
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        levels->t_companion[c] = levels->t_flow + (c + 1) * f->stage_count;
    for (size_t i = 0; i < f->stage_count; i++) {
        const double level = hf_stage_level(&f->stage[i]);
        if (isnan(level))
            continue;
        levels->level[levels->count] = level;
        levels->t_flow[levels->count] = hf_curve_first_below(&f->curve, level);
        for (size_t c = 0; c < HF_COMPANIONS; c++)
            levels->t_companion[c][levels->count] =
                x->has[c] ? hf_curve_first_below(&x->companion[c].findings.curve, level) : NAN;
        levels->count++;
    }
    return HF_OK;
}

/* What stands beside the flow and the training for its own sake is left out where its numerics fail: the reason goes to
 * *left_out, and the rest goes on. Every other failure is everybody's. */
static hf_status leave_out(hf_status status, const hf_error *why, hf_error *left_out, hf_error *err)
{
    if (status == HF_ENUMERIC) {
        *left_out = *why;
        return HF_OK;
    }
    if (status != HF_OK && err != NULL)
        *err = *why;
    return status;
}

/* A flow with drift that fails fails the comparison; one with finite steps is left out. */
static hf_status run_companion(hf_experiment *x, hf_companion c, const hf_experiment_options *options, hf_error *err)
{
    hf_error why = {0};
    const hf_status status = run_flow(x, &x->params->companion[c], hf_companion_names[c], options, &x->companion[c], &why);
    x->has[c] = status == HF_OK;
    if (status == HF_ENUMERIC && c == HF_COMPANION_DRIFT)
        return hf_fail(err, status, "the flow with the drift of this training failed; lower train.lr = %g: %.400s",
                       x->params->main.learner.train.lr, why.message);
    return leave_out(status, &why, &x->failed[c], err);
}

/* What is known of the noise's covariance is of features and samples of its own kind; NULL: this is of it. */
static const char *why_no_bands(const hf_train_params *train)
{
    if (train->features == HF_FEATURES_RANDOM)
        return "random features have another covariance of the noise";
    if (train->optimizer != HF_OPTIMIZER_SGD)
        return "the covariance of the noise is known for plain SGD";
    return train->repetition > 0 ? "repeated inputs have another covariance of the noise" : NULL;
}

/* When a flow, followed in memory, falls to the levels: (levels) into *t, to be freed. */
static hf_status find_times(hf_experiment *x, const hf_flow_run_params *params, const hf_experiment_options *options,
                            double **t, hf_error *err)
{
    hf_run_summary summary;
    const hf_run_options run = {.interrupted = options->interrupted};
    const hf_status status = hf_flow_run(params, &run, &summary, err);
    if (status != HF_OK)
        return status;
    x->interrupted = x->interrupted || hf_run_was_interrupted(&summary);
    *t = malloc(x->levels.count * sizeof **t);
    for (size_t l = 0; l < x->levels.count && *t != NULL; l++)
        (*t)[l] = hf_curve_first_below(&summary.findings.curve, x->levels.level[l]);
    hf_run_summary_clear(&summary);
    return *t == NULL ? hf_fail_memory(err, "the times of the levels") : HF_OK;
}

/* The noisy flow without its noise. */
static hf_status find_bare_times(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    hf_flow_run_params bare = *x->noisy;
    bare.problem.flow.sgd_drift.lr = 0;
    bare.detector.detect.saddles = false; /* nobody asks for them, and they change no trajectory */
    bare.sensitivity.to.count = 0;
    return find_times(x, &bare, options, &x->t_bare, err);
}

/* A band that cannot be followed is left out. */
static hf_status find_spread(const hf_experiment *x, double lr, bool with_mean, const hf_experiment_options *options,
                             hf_spread *spread, hf_error *err)
{
    hf_problem_params own = x->noisy->problem;
    hf_problem *problem = NULL;
    own.flow.sgd_drift.lr = lr;
    hf_status status = hf_problem_create(&problem, &own, err);
    if (status == HF_OK)
        status = hf_spread_find(problem, &x->noisy->solver, x->levels.count, x->levels.level, with_mean,
                                options->interrupted, spread, err);
    hf_problem_free(problem);
    return status == HF_ENUMERIC ? HF_OK : status;
}

static hf_status find_bands(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    const bool is_beside = x->has[HF_COMPANION_DRIFT];
    if ((!is_beside && !has_own_bands(x)) || x->levels.count == 0)
        return HF_OK;
    x->no_bands = is_beside ? why_no_bands(&x->params->main.learner.train) : NULL;
    if (x->no_bands != NULL)
        return HF_OK;
    x->noisy = is_beside ? &x->params->companion[HF_COMPANION_DRIFT] : &x->params->flow;
    x->about_drift = calloc(2 * x->levels.count, sizeof *x->about_drift);
    if (x->about_drift == NULL)
        return hf_fail_memory(err, "the bands");
    x->about_flow = x->about_drift + x->levels.count;
    const double lr = x->noisy->problem.flow.sgd_drift.lr;
    hf_status status = is_beside ? HF_OK : find_bare_times(x, options, err);
    if (status == HF_OK)
        status = find_spread(x, lr, true, options, x->about_drift, err);
    return status == HF_OK ? find_spread(x, lr / HF_BAND_FRACTION, x->params->rung_count > 0, options, x->about_flow, err)
                           : status;
}

static hf_status run_flows(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    const hf_experiment_params *params = x->params;
    hf_status status = HF_OK;
    x->has_flow = params->has_flow;
    x->has_optimizer = params->has_optimizer;
    if (x->has_flow)
        status = run_flow(x, &params->flow, "flow", options, &x->flow, err);
    for (hf_companion c = 0; c < HF_COMPANIONS; c++)
        if (status == HF_OK && params->has[c] && !x->interrupted)
            status = run_companion(x, c, options, err);
    const bool has_levels = x->has_flow && (params->trains || has_own_bands(x));
    if (status == HF_OK && has_levels && !x->interrupted)
        status = find_levels(x, err);
    if (status == HF_OK && has_levels && !x->interrupted)
        status = find_bands(x, options, err);
    return status;
}

/* ---- training ---- */

static void clear_rung(hf_rung *rung)
{
    for (size_t k = 0; k < rung->seeds; k++)
        hf_run_summary_clear(&rung->run[k]);
    free(rung->run);
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        free(rung->t_companion[c]);
}

/* The seeds of one learning rate and batch size. */
typedef struct {
    const hf_experiment *experiment;
    const hf_train_run_params *params;
    const hf_experiment_options *options;
    const char *part;
    hf_train_reference reference;
} rung_work;

/* Of all seeds, in the units of a workload. */
static double work_of(const hf_train_params *train, const hf_experiment_options *options)
{
    return hf_workload_cost(train->batch) * hf_seeds_steps(train, options->threads);
}

static void report_progress(void *data, const hf_seeds_progress *progress)
{
    const rung_work *w = data;
    const hf_experiment *x = w->experiment;
    const hf_train_params *train = &w->params->learner.train;
    const hf_training_progress all = {.part = w->part,
                                      .number = x->part,
                                      .parts = x->parts,
                                      .seeds = train->seeds,
                                      .step = progress->step,
                                      .steps = progress->steps,
                                      .t = progress->last.t,
                                      .loss = progress->last.loss,
                                      .reached = progress->last.stages,
                                      .stages = x->levels.count,
                                      .done = x->done + work_of(train, w->options) -
                                              hf_workload_cost(train->batch) * progress->ahead,
                                      .work = x->work};
    w->options->train_progress(w->options->progress_data, &all);
}

static hf_status train_seed(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                            hf_error *err)
{
    const rung_work *w = self;
    return hf_train_run(w->params, seed, options, &w->reference, summary, err);
}

/* What noise does to the times of a training; the exact gradient has none. About the drift, if it is that of this noise. */
static const hf_spread *spread_of(const hf_experiment *x, const hf_train_params *train)
{
    const hf_train_params *main = &x->params->main.learner.train;
    if (train->batch == 0)
        return NULL;
    return train->lr == main->lr && train->batch == main->batch ? x->about_drift : x->about_flow;
}

/* All seeds of one learning rate and batch size into options->directory/name. */
static hf_status train_rung(hf_experiment *x, const hf_train_run_params *params, const char *name,
                            const hf_experiment_options *options, hf_rung *rung, hf_error *err)
{
    const hf_train_params *train = &params->learner.train;
    rung_work w = {.experiment = x,
                   .params = params,
                   .options = options,
                   .part = name,
                   .reference = {.level_count = x->levels.count,
                                 .level = x->levels.level,
                                 .spread = params->learner.continuous ? NULL : spread_of(x, train),
                                 .curve = x->has_flow ? &x->flow.findings.curve : NULL,
                                 .settled = x->levels.settled}};
    const hf_seeds seeds = {.train = train,
                            .hash = params->origin.hash,
                            .directory = options->directory,
                            .finished = options->finished,
                            .part = name,
                            .resume = options->resume,
                            .threads = options->threads,
                            .interrupted = options->interrupted,
                            .run = train_seed,
                            .self = &w,
                            .progress = options->train_progress == NULL ? NULL : report_progress,
                            .progress_data = &w};
    *rung = (hf_rung){.lr = train->lr, .batch = train->batch};
    rung->run = calloc(train->seeds, sizeof *rung->run);
    if (rung->run == NULL)
        return hf_fail_memory(err, "the training runs");
    rung->seeds = train->seeds;
    const hf_status status = hf_seeds_run(&seeds, rung->run, err);
    for (size_t k = 0; k < rung->seeds && status == HF_OK; k++) {
        x->interrupted = x->interrupted || hf_run_was_interrupted(&rung->run[k]);
        x->all_were_here = x->all_were_here && rung->run[k].already_complete;
    }
    return status;
}

/* A rung as the next part of the training. One that was finished before does not count as work. */
static hf_status train_part(hf_experiment *x, const hf_train_run_params *params, const char *name,
                            const hf_experiment_options *options, hf_rung *rung, hf_error *err)
{
    const double work = work_of(&params->learner.train, options);
    bool was_here = true;
    x->part++;
    const hf_status status = train_rung(x, params, name, options, rung, err);
    for (size_t k = 0; k < rung->seeds; k++)
        was_here = was_here && rung->run[k].already_complete;
    if (was_here)
        x->work -= work;
    else
        x->done += work;
    return status;
}

/* ---- the ladder ---- */

/* The flow with a rung's own noise or steps. A rung whose noise is too large for that flow is trained all the same, and has none. */
static hf_status follow(hf_experiment *x, const hf_rung_params *params, hf_companion c,
                        const hf_experiment_options *options, hf_rung *rung, hf_error *err)
{
    if (!params->has[c] || x->levels.count == 0 || x->interrupted)
        return HF_OK;
    const hf_status status = find_times(x, &params->companion[c], options, &rung->t_companion[c], err);
    return status == HF_ENUMERIC ? HF_OK : status;
}

static hf_status climb(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    const size_t count = x->params->rung_count;
    hf_status status = HF_OK;
    x->rung = calloc(count, sizeof *x->rung);
    if (x->rung == NULL)
        return hf_fail_memory(err, "the ladder");
    for (size_t i = 0; i < count && status == HF_OK && !x->interrupted; i++) {
        const hf_rung_params *params = &x->params->rung[i];
        const hf_train_params *train = &params->train.learner.train;
        char name[64];
        snprintf(name, sizeof name, "ladder/batch-%zu-lr-%.6g", train->batch, train->lr);
        hf_experiment_options place = *options;
        place.resume = options->resume || params->is_main; /* that one has just been climbed */
        hf_rung *climbed = &x->rung[x->rung_count++];
        status = params->is_main ? train_rung(x, &params->train, "train", &place, climbed, err)
                                 : train_part(x, &params->train, name, &place, climbed, err);
        for (hf_companion c = 0; c < HF_COMPANIONS && status == HF_OK; c++)
            status = follow(x, params, c, options, climbed, err);
    }
    return status;
}

/* ---- the whole ---- */

/* What will be trained, for the progress. */
static void plan_training(hf_experiment *x, const hf_experiment_options *options)
{
    x->parts = 1;
    x->work = work_of(&x->params->main.learner.train, options);
    if (x->has_optimizer) {
        x->work += work_of(&x->params->optimizer.learner.train, options);
        x->parts++;
    }
    for (size_t i = 0; i < x->params->rung_count; i++) {
        const hf_rung_params *rung = &x->params->rung[i];
        if (rung->is_main)
            continue;
        x->work += work_of(&rung->train.learner.train, options);
        x->parts++;
    }
}

/* The flow of the optimizer, for every seed. */
static hf_status follow_optimizer(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    hf_error why = {0};
    const hf_status status = train_part(x, &x->params->optimizer, "optimizer", options, &x->optimizer, &why);
    if (status == HF_ENUMERIC) {
        clear_rung(&x->optimizer);
        x->optimizer = (hf_rung){0};
        x->has_optimizer = false;
    }
    return leave_out(status, &why, &x->optimizer_failed, err);
}

static hf_status train(hf_experiment *x, const hf_experiment_options *options, hf_error *err)
{
    plan_training(x, options);
    hf_status status = train_part(x, &x->params->main, "train", options, &x->main, err);
    if (status == HF_OK && !x->interrupted && x->has_optimizer)
        status = follow_optimizer(x, options, err);
    if (status == HF_OK && !x->interrupted && x->params->rung_count > 0)
        status = climb(x, options, err);
    return status;
}

hf_status hf_experiment_run(hf_experiment *x, const hf_experiment_params *params, const hf_experiment_options *options,
                            hf_error *err)
{
    *x = (hf_experiment){.params = params, .all_were_here = options->resume};
    hf_status status = run_flows(x, options, err);
    if (status == HF_OK && params->trains && !x->interrupted)
        status = train(x, options, err);
    if (status != HF_OK)
        hf_experiment_clear(x);
    return status;
}

void hf_experiment_clear(hf_experiment *x)
{
    hf_run_summary_clear(&x->flow);
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        hf_run_summary_clear(&x->companion[c]);
    free(x->levels.level);
    free(x->t_bare);
    hf_spread_clear(x->levels.count, x->about_drift);
    hf_spread_clear(x->levels.count, x->about_flow);
    free(x->about_drift);
    clear_rung(&x->main);
    clear_rung(&x->optimizer);
    for (size_t i = 0; i < x->rung_count; i++)
        clear_rung(&x->rung[i]);
    free(x->rung);
    *x = (hf_experiment){0};
}
