#include "run/train_run.h"

#include "core/channel.h"
#include "core/file.h"
#include "core/path.h"
#include "detect/reach.h"
#include "detect/series.h"
#include "flow/flow_system.h"
#include "report/findings.h"
#include "run/completion.h"
#include "run/flow_run.h"
#include "run/learner.h"
#include "run/record.h"
#include "train/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "hftrn03";
static const char extra_columns[] = "step\ttrain_loss\tvalidation_loss";
enum { EXTRA_COLUMNS = 3 };

typedef struct {
    const hf_train_run_params *params;
    const hf_train_params *train;
    const hf_train_options *options;
    hf_train_summary *summary;

    hf_table_origin origin;
    char *checkpoint_path;
    hf_learner learner;
    hf_tensors tensors;
    hf_optimizer optimizer;
    hf_series *series;
    hf_record record;

    size_t count;       /* of parameters */
    double *parameters; /* (count) */
    double *gradient;   /* (count) */
    double batch_loss;  /* of the last gradient */
    double loss;        /* at the last look */
    bool stopped;       /* the loss has fallen to solver.stop_loss */
    uint64_t step;
    uint64_t next; /* output time to be written next */
    long lengths[HF_RECORD_TABLES];
    struct {           /* what a longer run has in place of the last step's, which has a row only because it is the last */
        uint64_t step; /* 0: nothing */
        long lengths[HF_RECORD_TABLES];
        double train_loss;
        hf_early_stop early;
    } open;
} train_run;

static const hf_view *view_of(const train_run *run)
{
    return run->learner.probe.kind->view(run->learner.probe.self);
}

/* ---- time ---- */

static double time_of(const train_run *run, uint64_t step)
{
    return hf_clock_time(hf_clock_of(run->train), (double)step);
}

/* What events are dated by: flow time, or steps where these are none. */
static double clock_of(const train_run *run, uint64_t step)
{
    const double t = time_of(run, step);
    return isnan(t) ? (double)step : t;
}

/* Where output time number index is among the steps: at its flow time or, where these are none, in the same place between
 * the first and the last step. */
static double output_clock(const train_run *run, size_t index)
{
    const hf_output_params *output = &run->params->output;
    const double last = (double)run->train->steps;
    if (hf_clock_of(run->train).is_time)
        return hf_output_time(output, run->params->solver.t_end, index);
    if (index == 0 || output->points == 1)
        return index == 0 ? 0 : last;
    const double fraction = (double)(index - 1) / (double)(output->points - 1);
    return output->spacing == HF_SPACING_LINEAR ? 1 + fraction * (last - 1) : pow(last, fraction);
}

/* Whether a step has a row of its own: every log_every steps, or the first at or after an output time. The last step has one
 * in any case. */
static bool is_logged(train_run *run)
{
    bool logged = false;
    if (run->train->log_every > 0)
        return run->step % run->train->log_every == 0;
    for (; run->next <= run->params->output.points && output_clock(run, run->next) <= clock_of(run, run->step); run->next++)
        logged = true;
    return logged;
}

/* ---- observing ---- */

static hf_status fail_not_finite(const train_run *run, hf_error *err)
{
    if (run->step == 0)
        return hf_fail(err, HF_ENUMERIC,
                       "training with seed %" PRIu64
                       " cannot begin: the loss is not finite at the start; lower the initial "
                       "values or target.strengths",
                       run->origin.seed);
    return hf_fail(err, HF_ENUMERIC,
                   "training with seed %" PRIu64 " exploded: the loss is not finite after step %" PRIu64
                   "; lower train.lr = %g (times the largest curvature at the start it is %.3g; beyond 2 steps grow)",
                   run->origin.seed, run->step, run->train->lr, run->summary->sharpness);
}

static void note_early_stop(train_run *run, double held_out)
{
    hf_early_stop *early = &run->summary->early;
    const hf_observation *o = &view_of(run)->observation;
    if (!(held_out < early->loss))
        return;
    *early = (hf_early_stop){.step = run->step, .t = time_of(run, run->step), .loss = held_out, .distance = o->distance[0]};
    for (size_t k = 1; k <= run->params->learner.problem.target.count; k++)
        if (o->distance[k] < early->distance) {
            early->distance = o->distance[k];
            early->nearest = k;
        }
}

static hf_status write_row(train_run *run, hf_error *err)
{
    const hf_view *view = view_of(run);
    const bool fixed = run->train->samples > 0;
    const double train_loss = fixed ? hf_learner_loss(&run->learner, run->parameters, false) : run->batch_loss;
    const double held_out = hf_learner_loss(&run->learner, run->parameters, true);
    const double extra[EXTRA_COLUMNS] = {(double)run->step, train_loss, held_out};
    if (run->train->validation > 0)
        note_early_stop(run, held_out);
    run->summary->train_loss = fixed ? train_loss : NAN;
    if (run->options->directory == NULL)
        return HF_OK;
    return hf_record_row(&run->record, time_of(run, run->step), view->y, &view->observation, NAN, extra, err);
}

/* The levels that the loss has fallen to, by linear interpolation between two steps. */
static void note_crossings(train_run *run, double loss)
{
    for (size_t l = 0; l < run->options->level_count; l++) {
        const double level = run->options->level[l];
        double *crossing = &run->summary->crossing[l];
        if (isnan(*crossing) && loss <= level)
            *crossing = run->step == 0 ? 0 : (double)run->step - (level - loss) / (run->loss - loss);
    }
}

/* Before the row of a step that has one only because it is the last. */
static hf_status note_open_end(train_run *run, hf_error *err)
{
    run->open.step = run->step;
    run->open.train_loss = run->summary->train_loss;
    run->open.early = run->summary->early;
    return run->options->directory == NULL ? HF_OK : hf_record_sync(&run->record, run->open.lengths, err);
}

/* Looks at the parameters after run->step steps. */
static hf_status observe(train_run *run, hf_error *err)
{
    if (!run->learner.probe.kind->look(run->learner.probe.self, run->parameters))
        return fail_not_finite(run, err);
    const hf_view *view = view_of(run);
    const double loss = view->observation.loss;
    if (run->step == 0)
        run->summary->loss_start = loss;
    if (run->train->validation == 0)
        note_early_stop(run, loss);
    note_crossings(run, loss);
    const double t = time_of(run, run->step);
    if (run->options->reference != NULL)
        hf_curve_compare(run->options->reference, t, loss,
                         t <= run->options->settled ? &run->summary->before : &run->summary->after);
    run->loss = loss;
    hf_status status = hf_series_add(run->series, clock_of(run, run->step), view->y, &run->stopped, err);
    const bool logged = is_logged(run), last = run->stopped || run->step == run->train->steps;
    if (status == HF_OK && last && !logged)
        status = note_open_end(run, err);
    return status == HF_OK && (last || logged) ? write_row(run, err) : status;
}

/* ---- saving ---- */

static void transfer(hf_channel *channel, void *data)
{
    train_run *run = data;
    uint64_t count = run->count;
    hf_channel_bytes(channel, &count, sizeof count);
    channel->good = channel->good && count == run->count;
    hf_channel_bytes(channel, &run->step, sizeof run->step);
    hf_channel_bytes(channel, &run->stopped, sizeof run->stopped);
    hf_channel_bytes(channel, &run->next, sizeof run->next);
    hf_channel_bytes(channel, run->lengths, sizeof run->lengths);
    hf_channel_bytes(channel, &run->open.step, sizeof run->open.step);
    hf_channel_bytes(channel, run->open.lengths, sizeof run->open.lengths);
    hf_channel_bytes(channel, &run->open.train_loss, sizeof run->open.train_loss);
    hf_channel_bytes(channel, &run->open.early, sizeof run->open.early);
    hf_channel_bytes(channel, &run->batch_loss, sizeof run->batch_loss);
    hf_channel_bytes(channel, &run->loss, sizeof run->loss);
    hf_channel_bytes(channel, &run->summary->loss_start, sizeof run->summary->loss_start);
    hf_channel_bytes(channel, &run->summary->train_loss, sizeof run->summary->train_loss);
    hf_channel_bytes(channel, &run->summary->early, sizeof run->summary->early);
    hf_channel_bytes(channel, &run->summary->before, sizeof run->summary->before);
    hf_channel_bytes(channel, &run->summary->after, sizeof run->summary->after);
    hf_channel_bytes(channel, run->summary->crossing, run->options->level_count * sizeof *run->summary->crossing);
    hf_learner_transfer(channel, &run->optimizer, run->count, run->parameters);
    channel->good = hf_series_transfer(run->series, channel) && channel->good;
}

static hf_status save(train_run *run, hf_error *err)
{
    if (run->options->directory == NULL)
        return HF_OK;
    hf_status status = hf_record_sync(&run->record, run->lengths, err);
    return status == HF_OK ? hf_channel_save(run->checkpoint_path, magic, run->params->state_hash, transfer, run, err)
                           : status;
}

/* ---- the loop ---- */

static void report_progress(const train_run *run)
{
    if (run->options->progress == NULL)
        return;
    hf_train_progress progress = {.step = run->step,
                                  .steps = run->train->steps,
                                  .t = time_of(run, run->step),
                                  .loss = view_of(run)->observation.loss};
    for (size_t l = 0; l < run->options->level_count; l++)
        progress.reached += isnan(run->summary->crossing[l]) ? 0 : 1;
    run->options->progress(run->options->progress_data, &progress);
}

static hf_status train(train_run *run, hf_error *err)
{
    const uint64_t steps = run->train->steps, save_every = run->train->save_every;
    hf_status status = HF_OK;
    while (status == HF_OK && run->step < steps && !run->stopped) {
        run->batch_loss = hf_learner_gradient(&run->learner, run->parameters, run->step, run->gradient);
        hf_optimizer_step(&run->optimizer, ++run->step, run->tensors, run->gradient, run->parameters);
        status = observe(run, err);
        if (status != HF_OK)
            break;
        hf_schedule_see(&run->optimizer.schedule, run->loss);
        report_progress(run);
        const bool goes_on = run->step < steps && !run->stopped;
        run->summary->interrupted = run->options->interrupted != NULL && *run->options->interrupted && goes_on;
        if (run->summary->interrupted || (run->step % save_every == 0 && goes_on))
            status = save(run, err);
        if (run->summary->interrupted)
            return status;
    }
    return status == HF_OK && !run->summary->already_complete ? save(run, err) : status; /* the summary is made of it */
}

/* ---- begin and end ---- */

static hf_status open_record(train_run *run, const long *lengths, hf_error *err)
{
    if (run->options->directory == NULL)
        return HF_OK;
    const hf_system system = hf_flow_system(view_of(run)->flow);
    return hf_record_open(&run->record, &run->params->output, &system, run->options->directory, &run->origin, extra_columns,
                          EXTRA_COLUMNS, lengths, err);
}

static hf_status prepare(train_run *run, hf_error *err)
{
    const hf_optimizer_params optimizer = hf_learner_optimizer(run->train);
    hf_status status =
        hf_learner_create(&run->learner, &run->params->learner, run->origin.seed, run->options->threads, err);
    if (status != HF_OK)
        return status;
    run->tensors = run->learner.model.kind->tensors(run->learner.model.self);
    run->count = hf_tensors_size(run->tensors);
    status = hf_optimizer_init(&run->optimizer, &optimizer, run->count, err);
    if (status == HF_OK)
        status = hf_series_create(&run->series, &run->params->detector, hf_flow_system(view_of(run)->flow), err);
    if (status != HF_OK)
        return status;
    run->parameters = malloc(2 * run->count * sizeof *run->parameters);
    hf_train_summary *summary = run->summary;
    summary->heads = run->params->learner.problem.heads;
    summary->patterns = run->params->learner.problem.target.count;
    summary->crossing = malloc((run->options->level_count + 1) * sizeof *summary->crossing);
    summary->share = malloc(summary->heads * summary->patterns * sizeof *summary->share);
    if (run->parameters == NULL || summary->crossing == NULL || summary->share == NULL)
        return hf_fail_memory(err, "the parameters");
    run->gradient = run->parameters + run->count;
    run->learner.model.kind->initialize(run->learner.model.self, run->parameters);
    summary->sharpness = run->train->lr * run->learner.probe.kind->sharpness(run->learner.probe.self, run->parameters);
    summary->early.loss = INFINITY;
    summary->before.loss = summary->after.loss = summary->before.t = summary->after.t = NAN;
    for (size_t l = 0; l < run->options->level_count; l++)
        summary->crossing[l] = NAN;
    run->batch_loss = NAN;
    return HF_OK;
}

/* Takes up a saved run, which may have been shorter: its last row goes then, unless the step has one of its own. */
static hf_status load(train_run *run, hf_error *err)
{
    const uint64_t steps = run->train->steps;
    const hf_status status = hf_channel_load(run->checkpoint_path, magic, run->params->state_hash, transfer, run, err);
    if (status != HF_OK)
        return status;
    run->summary->resumed = true;
    if (run->step > steps)
        return hf_fail(err, HF_EUSAGE, "%s: has %" PRIu64 " steps already, more than train.steps = %" PRIu64,
                       run->checkpoint_path, run->step, steps);
    if (run->step < steps && run->open.step == run->step && !run->stopped && run->step > 0) {
        memcpy(run->lengths, run->open.lengths, sizeof run->lengths);
        run->summary->train_loss = run->open.train_loss;
        run->summary->early = run->open.early;
    }
    return HF_OK;
}

/* Observes the start, or takes up a saved run. */
static hf_status begin(train_run *run, hf_error *err)
{
    hf_status status;
    if (run->options->directory == NULL)
        return observe(run, err);
    if (run->summary->already_complete && !hf_file_exists(run->checkpoint_path))
        return hf_fail(err, HF_EUSAGE, "%s: is gone; run without --resume", run->checkpoint_path);
    if (run->options->resume && hf_file_exists(run->checkpoint_path)) {
        status = load(run, err);
        const hf_system system = hf_flow_system(view_of(run)->flow);
        if (status == HF_OK && run->summary->already_complete)
            return hf_record_check(&run->params->output, &system, run->options->directory, run->lengths, err);
        return status == HF_OK ? open_record(run, run->lengths, err) : status;
    }
    if (remove(run->checkpoint_path) != 0 && errno != ENOENT)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", run->checkpoint_path, strerror(errno));
    status = open_record(run, NULL, err);
    return status == HF_OK ? observe(run, err) : status;
}

static hf_status write_tables(train_run *run, hf_error *err)
{
    const hf_view *view = view_of(run);
    const char *reason = run->stopped ? "loss" : "steps";
    hf_status status = HF_OK;
    if (run->params->detector.detect.events)
        status = hf_findings_write(&run->summary->findings, reason, run->options->directory, &run->origin, err);
    return status == HF_OK ? hf_record_commit(&run->record, time_of(run, run->step), view->y, err) : status;
}

/* Whether more was to come; the view is at the final state. */
static hf_status judge_end(train_run *run, hf_error *err)
{
    const hf_view *view = view_of(run);
    hf_ending ending = {.end = run->params->detector.detect.events ? run->summary->findings.end : HF_END_PLATEAU,
                        .t = time_of(run, run->step),
                        .equal_heads = run->params->learner.problem.heads > 1 && view->observation.divergence == 0};
    if (run->train->samples > 0)
        return HF_OK;
    hf_span_loss(view->flow, &ending.loss, &ending.speed);
    const hf_system system = hf_flow_system(view->flow);
    return hf_reach_judge(&system, &ending, &run->summary->censored, err);
}

static hf_status finish(train_run *run, hf_error *err)
{
    hf_train_summary *summary = run->summary;
    const hf_observation *o = &view_of(run)->observation;
    hf_status status = HF_OK;
    if (!summary->interrupted && run->params->detector.detect.events)
        status = hf_series_finish(run->series, &summary->findings, err);
    run->learner.probe.kind->look(run->learner.probe.self,
                                  run->parameters); /* now: saddles have left the view at a plateau */
    summary->step = run->step;
    summary->censored = NAN;
    if (status == HF_OK && run->options->judge_end && !summary->interrupted)
        status = judge_end(run, err);
    summary->t = time_of(run, run->step);
    summary->loss = o->loss;
    summary->overlap = o->overlap;
    memcpy(summary->share, o->share, summary->heads * summary->patterns * sizeof *summary->share);
    const bool writes = run->options->directory != NULL && !summary->already_complete && !summary->interrupted;
    return status == HF_OK && writes ? write_tables(run, err) : status;
}

static hf_status run_to_end(train_run *run, hf_error *err)
{
    hf_status status = prepare(run, err);
    if (status == HF_OK)
        status = begin(run, err);
    if (status == HF_OK)
        status = train(run, err);
    return status == HF_OK ? finish(run, err) : status;
}

hf_status hf_train_run(const hf_train_run_params *params, uint64_t seed, const hf_train_options *options,
                       hf_train_summary *summary, hf_error *err)
{
    train_run run = {.params = params, .train = &params->learner.train, .options = options, .summary = summary};
    *summary = (hf_train_summary){0};
    run.origin = params->origin;
    run.origin.seed = seed;
    hf_status status = HF_OK;
    if (options->directory != NULL) {
        run.checkpoint_path = hf_path_join(options->directory, "checkpoint");
        status = run.checkpoint_path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
        if (status == HF_OK && options->resume)
            status = hf_completion_check(options->directory, run.origin.hash, &summary->already_complete, err);
    }
    if (status == HF_OK)
        status = run_to_end(&run, err);

    hf_record_abandon(&run.record);
    hf_series_free(run.series);
    hf_optimizer_clear(&run.optimizer);
    hf_learner_clear(&run.learner);
    free(run.checkpoint_path);
    free(run.parameters);
    if (status != HF_OK)
        hf_train_summary_clear(summary);
    return status;
}

void hf_train_summary_clear(hf_train_summary *summary)
{
    free(summary->crossing);
    free(summary->share);
    hf_findings_clear(&summary->findings);
    *summary = (hf_train_summary){0};
}
