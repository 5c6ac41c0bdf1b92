#include "run/train_run.h"

#include "detect/reach.h"
#include "detect/series.h"
#include "report/findings.h"
#include "run/control.h"
#include "run/output_times.h"
#include "run/trainer.h"
#include "train/clock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double step, train_loss, validation_loss;
} train_row;

static const hf_column row_columns[] = {
    HF_COLUMN(train_row, step, "steps", "steps made"),
    HF_COLUMN(
        train_row, train_loss, "loss",
        "mean loss, with the label noise, of all fixed training samples, or, of fresh ones, of the step's batch before the "
        "step; nan: none were drawn"),
    HF_COLUMN(train_row, validation_loss, "loss", "the same of the held-out samples; nan: there are none"),
};
static const hf_table_kind more = {
    "trajectory.tsv", "Training: behind the columns of its system, of which t is nan where steps are no flow time.",
    HF_COLUMNS_OF("train", row_columns)};

const hf_table_kind *const hf_train_run_tables[] = {&more, NULL};

typedef struct {
    hf_trainer trainer;
    const hf_train_run_params *params;
    const hf_train_reference *reference;
    hf_run_summary *summary;
    hf_series *series;
    hf_record record;
    hf_control *control; /* NULL: nobody knows what noise does */
    hf_reals times;      /* of rows: flow times, or steps where these are none */
    double loss;         /* at the last look */
    struct { /* what a longer run has in place of the last step's, which has a row only because it is the last */
        double train_loss;
        hf_early_stop early;
    } kept;
} train_run;

static hf_view *view_of(const train_run *run)
{
    return run->trainer.learner.probe.kind->view(run->trainer.learner.probe.self);
}

/* ---- time ---- */

static double time_of(const train_run *run, uint64_t step)
{
    return hf_clock_time(hf_clock_of(run->trainer.train), (double)step);
}

/* What events are dated by: flow time, or steps where these are none. */
static double clock_of(const train_run *run, uint64_t step)
{
    const double t = time_of(run, step);
    return isnan(t) ? (double)step : t;
}

/* Where output time number index is among the steps: at its flow time or, where these are none, in the same place between
 * the first and the last step. */
static double output_clock(const void *self, size_t index)
{
    const train_run *run = self;
    const hf_output_params *output = &run->params->output;
    const double last = (double)run->trainer.train->steps;
    if (hf_clock_of(run->trainer.train).is_time)
        return hf_output_time(output, run->params->solver.t_end, index);
    if (index == 0 || output->points == 1)
        return index == 0 ? 0 : last;
    const double fraction = (double)(index - 1) / (double)(output->points - 1);
    return output->spacing == HF_SPACING_LINEAR ? 1 + fraction * (last - 1) : pow(last, fraction);
}

static bool is_due(const void *self, size_t index)
{
    const train_run *run = self;
    return run->times.at[index] <= clock_of(run, run->trainer.step);
}

/* ---- observing ---- */

static hf_status fail_not_finite(const train_run *run, hf_error *err)
{
    const hf_trainer *t = &run->trainer;
    char why[160];
    if (t->step == 0)
        return hf_fail(err, HF_ENUMERIC,
                       "training with seed %" PRIu64
                       " cannot begin: the loss is not finite at the start; lower the initial "
                       "values or target.strengths",
                       t->origin.seed);
    snprintf(why, sizeof why, " (times the largest curvature at the start it is %.3g; beyond 2 steps grow)",
             run->summary->training.sharpness);
    return hf_trainer_fail(t, why, err);
}

static void note_early_stop(train_run *run, double held_out)
{
    hf_early_stop *early = &run->summary->training.early;
    const hf_observation *o = &view_of(run)->observation;
    const uint64_t step = run->trainer.step;
    if (!(held_out < early->loss))
        return;
    *early = (hf_early_stop){.step = step, .t = time_of(run, step), .loss = held_out, .distance = o->distance[0]};
    for (size_t k = 1; k <= run->params->learner.problem.target.count; k++)
        if (o->distance[k] < early->distance) {
            early->distance = o->distance[k];
            early->nearest = k;
        }
}

static hf_status write_row(void *self, hf_error *err)
{
    train_run *run = self;
    hf_trainer *t = &run->trainer;
    hf_view *view = view_of(run);
    const bool fixed = t->train->samples > 0;
    const double train_loss = fixed ? hf_learner_loss(&t->learner, t->parameters, false) : t->batch_loss;
    const double held_out = hf_learner_loss(&t->learner, t->parameters, true);
    const train_row extra = {(double)t->step, train_loss, held_out};
    if (t->train->validation > 0)
        note_early_stop(run, held_out);
    run->summary->training.train_loss = fixed ? train_loss : NAN;
    if (t->options->directory == NULL)
        return HF_OK;
    return hf_record_row(&run->record, time_of(run, t->step), &view->point, view->y, &view->observation, NAN, &extra, err);
}

/* The levels that the loss has fallen to, by linear interpolation between two steps. */
static void note_crossings(train_run *run, double loss)
{
    const double step = (double)run->trainer.step;
    for (size_t l = 0; l < run->reference->level_count; l++) {
        const double level = run->reference->level[l];
        double *crossing = &run->summary->training.crossing[l];
        if (isnan(*crossing) && loss <= level)
            *crossing = step == 0 ? 0 : step - (level - loss) / (run->loss - loss);
    }
}

static void keep(void *self)
{
    train_run *run = self;
    run->kept.train_loss = run->summary->training.train_loss;
    run->kept.early = run->summary->training.early;
}

static void put_back(void *self)
{
    train_run *run = self;
    run->summary->training.train_loss = run->kept.train_loss;
    run->summary->training.early = run->kept.early;
}

/* Looks at the parameters after the present step. */
static hf_status look(void *self, hf_error *err)
{
    train_run *run = self;
    hf_trainer *t = &run->trainer;
    if (!t->learner.probe.kind->look(t->learner.probe.self, t->parameters))
        return fail_not_finite(run, err);
    hf_view *view = view_of(run);
    const double loss = view->observation.loss, now = time_of(run, t->step);
    hf_training_numbers *numbers = &run->summary->training;
    if (t->step == 0)
        run->summary->loss_start = loss;
    if (t->train->validation == 0)
        note_early_stop(run, loss);
    note_crossings(run, loss);
    if (run->reference->curve != NULL)
        hf_curve_compare(run->reference->curve, now, loss,
                         now <= run->reference->settled ? &numbers->before : &numbers->after);
    run->loss = t->judged = loss;
    return hf_series_add(run->series, clock_of(run, t->step), &view->point, view->y, &t->stopped, err);
}

/* Before a step. */
static void learn(void *self)
{
    train_run *run = self;
    const hf_trainer *t = &run->trainer;
    if (run->control != NULL)
        hf_control_see(run->control, time_of(run, t->step), t->parameters, t->gradient, run->summary->training.control);
}

static void tell(const void *self, hf_run_progress *progress)
{
    const train_run *run = self;
    progress->t = time_of(run, run->trainer.step);
    progress->loss = run->loss;
    for (size_t l = 0; l < run->reference->level_count; l++)
        progress->stages += isnan(run->summary->training.crossing[l]) ? 0 : 1;
}

/* ---- tables and saved states ---- */

static hf_status open_tables(void *self, const long *lengths, hf_error *err)
{
    train_run *run = self;
    return hf_record_open(&run->record, &run->params->output, &view_of(run)->point.system, run->trainer.options->directory,
                          &run->trainer.origin, &more, lengths, err);
}

static hf_status check_tables(void *self, const long *lengths, hf_error *err)
{
    const train_run *run = self;
    return hf_record_check(&run->params->output, &view_of(run)->point.system, run->trainer.options->directory, lengths,
                           err);
}

static hf_status sync_tables(void *self, long *lengths, hf_error *err)
{
    train_run *run = self;
    return hf_record_sync(&run->record, lengths, err);
}

static void transfer(void *self, hf_channel *channel)
{
    train_run *run = self;
    hf_training_numbers *numbers = &run->summary->training;
    hf_channel_bytes(channel, &run->kept.train_loss, sizeof run->kept.train_loss);
    hf_channel_bytes(channel, &run->kept.early, sizeof run->kept.early);
    hf_channel_bytes(channel, &run->loss, sizeof run->loss);
    hf_channel_bytes(channel, &numbers->train_loss, sizeof numbers->train_loss);
    hf_channel_bytes(channel, &numbers->early, sizeof numbers->early);
    hf_channel_bytes(channel, &numbers->before, sizeof numbers->before);
    hf_channel_bytes(channel, &numbers->after, sizeof numbers->after);
    hf_channel_bytes(channel, numbers->crossing, run->reference->level_count * sizeof *numbers->crossing);
    hf_channel_bytes(channel, numbers->control, run->reference->level_count * sizeof *numbers->control);
    channel->good = hf_series_transfer(run->series, channel) && channel->good;
    if (!channel->writing) /* what the saved run has looked at last */
        run->trainer.learner.probe.kind->look(run->trainer.learner.probe.self, run->trainer.parameters);
}

static const hf_trainer_kind training = {.magic = "hftrn05",
                                         .is_due = is_due,
                                         .learn = learn,
                                         .look = look,
                                         .row = write_row,
                                         .tell = tell,
                                         .keep = keep,
                                         .put_back = put_back,
                                         .open = open_tables,
                                         .check = check_tables,
                                         .sync = sync_tables,
                                         .transfer = transfer};

/* ---- begin and end ---- */

static hf_status prepare(train_run *run, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    hf_run_summary *summary = run->summary;
    hf_status status = hf_trainer_create(t, err);
    if (status == HF_OK)
        status = hf_series_create(&run->series, &run->params->detector, view_of(run)->point.system, err);
    if (status == HF_OK && hf_series_has_met(run->series))
        status = hf_reject(err, "solver.stop", "\"%s\" holds at the start, expected an event that happens later",
                           run->params->solver.stop);
    if (status == HF_OK)
        status =
            hf_output_times_merge(&run->times, output_clock, run, t->train->log_every > 0 ? 0 : run->params->output.points,
                                  &run->params->output.times, NULL, err);
    if (status != HF_OK)
        return status;
    t->points = run->times.count - 1;
    summary->heads = run->params->learner.problem.heads;
    summary->patterns = run->params->learner.problem.target.count;
    summary->training.crossing = malloc((2 * run->reference->level_count + 1) * sizeof *summary->training.crossing);
    summary->share = malloc(summary->heads * summary->patterns * sizeof *summary->share);
    summary->mass = malloc(summary->heads * summary->patterns * sizeof *summary->mass);
    summary->acquired = run->params->detector.detect.acquired;
    if (summary->training.crossing == NULL || summary->share == NULL || summary->mass == NULL)
        return hf_fail_memory(err, "the training run");
    status = t->learner.probe.kind->sharpness(t->learner.probe.self, t->parameters, &summary->training.sharpness, err);
    summary->training.sharpness *= t->train->lr;
    summary->training.early.loss = INFINITY;
    summary->training.control = summary->training.crossing + run->reference->level_count;
    for (size_t l = 0; l < run->reference->level_count; l++) {
        const hf_spread *spread = run->reference->spread;
        summary->training.crossing[l] = NAN;
        summary->training.control[l] = spread == NULL || spread[l].influence == NULL ? NAN : 0;
    }
    if (status == HF_OK && run->reference->spread != NULL)
        status = hf_control_create(&run->control, run->reference->level_count, run->reference->spread, &t->learner,
                                   t->train->lr, err);
    return status;
}

static hf_status write_tables(train_run *run, hf_error *err)
{
    const hf_view *view = view_of(run);
    const char *reason = run->trainer.stopped ? hf_run_stop_name(run->summary->stop) : "steps";
    hf_status status = HF_OK;
    if (run->params->detector.detect.events)
        status =
            hf_findings_write(&run->summary->findings, reason, run->trainer.options->directory, &run->trainer.origin, err);
    return status == HF_OK ? hf_record_commit(&run->record, time_of(run, run->trainer.step), &view->point, view->y, err)
                           : status;
}

/* Whether more was to come, from the final state, which is in view. */
static hf_status judge_end(train_run *run, hf_error *err)
{
    hf_view *view = view_of(run);
    hf_ending ending = {.end = run->params->detector.detect.events ? run->summary->findings.end : HF_END_PLATEAU,
                        .t = time_of(run, run->trainer.step),
                        .equal_heads = run->params->learner.problem.heads > 1 && view->observation.divergence == 0};
    if (run->trainer.train->samples > 0)
        return HF_OK;
    hf_span_loss(view->point.self, &ending.loss, &ending.speed);
    return hf_reach_judge(&view->point, &ending, &run->summary->censored, err);
}

static hf_status finish(train_run *run, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    hf_run_summary *summary = run->summary;
    const hf_observation *o = &view_of(run)->observation;
    const bool ended = !hf_run_was_interrupted(summary);
    hf_status status = HF_OK;
    if (ended && run->params->detector.detect.events)
        status = hf_series_finish(run->series, &summary->findings, err);
    if (status == HF_OK && t->options->judge_end && ended)
        status = judge_end(run, err);
    summary->steps = t->step;
    summary->t = time_of(run, t->step);
    summary->loss = o->loss;
    summary->overlap = o->overlap;
    memcpy(summary->share, o->share, summary->heads * summary->patterns * sizeof *summary->share);
    memcpy(summary->mass, o->mass, summary->heads * summary->patterns * sizeof *summary->mass);
    const bool writes = t->options->directory != NULL && !summary->already_complete && ended;
    return status == HF_OK && writes ? write_tables(run, err) : status;
}

hf_status hf_train_run(const hf_train_run_params *params, uint64_t seed, const hf_run_options *options,
                       const hf_train_reference *reference, hf_run_summary *summary, hf_error *err)
{
    const hf_train_reference none = {0};
    train_run run = {.params = params, .reference = reference == NULL ? &none : reference, .summary = summary};
    run.trainer = (hf_trainer){.kind = &training,
                               .self = &run,
                               .params = &params->learner,
                               .train = &params->learner.train,
                               .options = options,
                               .summary = summary,
                               .state_hash = params->state_hash,
                               .origin = params->origin};
    hf_trainer_begin(&run.trainer, seed);
    hf_status status = prepare(&run, err);
    if (status == HF_OK)
        status = hf_trainer_run(&run.trainer, err);
    if (status == HF_OK && summary->stop == HF_STOP_LOSS && hf_series_has_met(run.series))
        summary->stop = HF_STOP_EVENT;
    if (status == HF_OK)
        status = finish(&run, err);
    hf_record_abandon(&run.record);
    hf_series_free(run.series);
    hf_control_free(run.control);
    free(run.times.at);
    hf_trainer_clear(&run.trainer);
    if (status != HF_OK)
        hf_run_summary_clear(summary);
    return status;
}
