#include "run/trainer.h"

#include "core/blas.h"
#include "core/file.h"
#include "core/path.h"
#include "run/completion.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_tables(const hf_trainer *t)
{
    return t->options->directory != NULL;
}

/* Products of a few parameters of this size are no numbers of any use, if they are finite. */
static const double largest_parameter = 1e30;

hf_status hf_trainer_judge(const hf_trainer *t, hf_error *err)
{
    double largest = 0;
    bool finite = true;
    for (size_t i = 0; i < t->count; i++) {
        largest = fabs(t->parameters[i]) > largest ? fabs(t->parameters[i]) : largest;
        finite = finite && isfinite(t->parameters[i]);
    }
    if (finite && largest <= largest_parameter)
        return HF_OK;
    return hf_fail(err, HF_ENUMERIC,
                   "training with seed %" PRIu64 " exploded: a parameter is %s after step %" PRIu64 "; lower train.lr = %g",
                   t->origin.seed, finite ? "beyond 1e30" : "not finite", t->step, t->train->lr);
}

hf_status hf_trainer_fail(const hf_trainer *t, const char *more, hf_error *err)
{
    return hf_fail(err, HF_ENUMERIC,
                   "training with seed %" PRIu64 " exploded: the loss is not finite after step %" PRIu64
                   "; lower train.lr = %g%s",
                   t->origin.seed, t->step, t->train->lr, more == NULL ? "" : more);
}

hf_status hf_trainer_look_at_batch(hf_trainer *t, hf_error *err)
{
    t->judged = t->batch_loss;
    return t->step > 0 && !isfinite(t->batch_loss) ? hf_trainer_fail(t, NULL, err) : hf_trainer_judge(t, err);
}

/* ---- rows ---- */

/* Whether a step has a row of its own: every log_every steps, and the first at or after an output time. The last step has one
 * in any case. */
static bool is_logged(hf_trainer *t)
{
    const bool every = t->train->log_every > 0;
    bool logged = every && t->step % t->train->log_every == 0;
    for (; t->next <= t->points && t->kind->is_due(t->self, (size_t)t->next); t->next++)
        logged = logged || t->next > 0 || !every;
    return logged;
}

static hf_status set_aside(hf_trainer *t, hf_error *err)
{
    t->open_step = t->step;
    t->kind->keep(t->self);
    return has_tables(t) ? t->kind->sync(t->self, t->open_lengths, err) : HF_OK;
}

static hf_status observe(hf_trainer *t, hf_error *err)
{
    hf_status status = t->kind->look(t->self, err);
    if (status != HF_OK)
        return status;
    const bool logged = is_logged(t), last = t->stopped || t->step == t->train->steps;
    if (last && !logged)
        status = set_aside(t, err);
    return status == HF_OK && (last || logged) ? t->kind->row(t->self, err) : status;
}

/* ---- saving ---- */

static void transfer(hf_channel *channel, void *data)
{
    hf_trainer *t = data;
    uint64_t count = t->count;
    hf_channel_bytes(channel, &count, sizeof count);
    channel->good = channel->good && count == t->count;
    hf_channel_bytes(channel, &t->step, sizeof t->step);
    hf_channel_flags(channel, &t->stopped, 1);
    hf_channel_bytes(channel, &t->next, sizeof t->next);
    hf_channel_bytes(channel, t->lengths, sizeof t->lengths);
    hf_channel_bytes(channel, &t->open_step, sizeof t->open_step);
    hf_channel_bytes(channel, t->open_lengths, sizeof t->open_lengths);
    hf_channel_bytes(channel, &t->batch_loss, sizeof t->batch_loss);
    hf_channel_bytes(channel, &t->summary->loss_start, sizeof t->summary->loss_start);
    hf_channel_bytes(channel, &t->summary->loss, sizeof t->summary->loss);
    hf_channel_bytes(channel, &t->summary->overlap, sizeof t->summary->overlap);
    hf_learner_transfer(channel, &t->optimizer, t->count, t->parameters);
    t->kind->transfer(t->self, channel);
}

static hf_status save(hf_trainer *t, hf_error *err)
{
    if (!has_tables(t))
        return HF_OK;
    const hf_status status = t->kind->sync(t->self, t->lengths, err);
    return status == HF_OK ? hf_channel_save(t->checkpoint_path, t->kind->magic, t->state_hash, transfer, t, err) : status;
}

/* Takes up a saved run, which may have been shorter: its last row goes then, unless the step has one of its own. */
static hf_status load(hf_trainer *t, hf_error *err)
{
    const hf_status status = hf_channel_load(t->checkpoint_path, t->kind->magic, t->state_hash, transfer, t, err);
    if (status != HF_OK)
        return status;
    t->summary->resumed = true;
    if (t->step > t->train->steps)
        return hf_fail(err, HF_EUSAGE, "%s: has %" PRIu64 " steps already, more than train.steps = %" PRIu64,
                       t->checkpoint_path, t->step, t->train->steps);
    if (t->step < t->train->steps && t->open_step == t->step && !t->stopped && t->step > 0) {
        memcpy(t->lengths, t->open_lengths, sizeof t->lengths);
        t->kind->put_back(t->self);
    }
    return HF_OK;
}

/* ---- the loop ---- */

static void report_progress(const hf_trainer *t)
{
    if (t->options->progress == NULL)
        return;
    hf_run_progress progress = {.part = t->options->part, .step = t->step, .steps = t->train->steps, .t = NAN};
    t->kind->tell(t->self, &progress);
    t->options->progress(t->options->progress_data, &progress);
}

static hf_status advance(hf_trainer *t, hf_error *err)
{
    if (t->flow != NULL && t->step >= HF_CONTINUOUS_START)
        return hf_continuous_advance(t->flow, t->step++, t->parameters, err);
    t->batch_loss = hf_learner_gradient(&t->learner, t->parameters, t->step, t->gradient);
    if (t->kind->learn != NULL)
        t->kind->learn(t->self);
    hf_optimizer_step(&t->optimizer, ++t->step, t->tensors, t->gradient, t->parameters);
    return HF_OK;
}

static hf_status train(hf_trainer *t, hf_error *err)
{
    const uint64_t steps = t->train->steps;
    hf_status status = HF_OK;
    while (status == HF_OK && t->step < steps && !t->stopped) {
        status = advance(t, err);
        if (status == HF_OK)
            status = observe(t, err);
        if (status != HF_OK)
            break;
        hf_schedule_see(&t->optimizer.schedule, t->judged);
        report_progress(t);
        const bool goes_on = t->step < steps && !t->stopped, interrupted = goes_on && hf_run_should_stop(t->options);
        if (interrupted || (t->step % t->train->save_every == 0 && goes_on))
            status = save(t, err);
        if (interrupted) {
            t->summary->stop = HF_STOP_INTERRUPTED;
            return status;
        }
    }
    t->summary->stop = t->stopped ? HF_STOP_LOSS : HF_STOP_TIME;
    return status == HF_OK && !t->summary->already_complete ? save(t, err) : status; /* the summary is made of it */
}

/* Observes the start, or takes up a saved run. */
static hf_status begin(hf_trainer *t, hf_error *err)
{
    if (!has_tables(t))
        return observe(t, err);
    const bool complete = t->summary->already_complete, there = hf_file_exists(t->checkpoint_path);
    if (complete && !there)
        return hf_fail(err, HF_EUSAGE, "%s: is gone; run without --resume", t->checkpoint_path);
    if (t->options->resume && there) {
        const hf_status status = load(t, err);
        return status == HF_OK ? (complete ? t->kind->check : t->kind->open)(t->self, t->lengths, err) : status;
    }
    hf_status status = hf_file_remove(t->checkpoint_path, err);
    if (status == HF_OK)
        status = t->kind->open(t->self, NULL, err);
    return status == HF_OK ? observe(t, err) : status;
}

hf_status hf_trainer_run(hf_trainer *t, hf_error *err)
{
    const hf_status status = begin(t, err);
    return status == HF_OK ? train(t, err) : status;
}

/* ---- life ---- */

static hf_status look_what_is_there(hf_trainer *t, hf_error *err)
{
    if (!has_tables(t))
        return HF_OK;
    t->checkpoint_path = hf_path_join(t->options->directory, "checkpoint");
    if (t->checkpoint_path == NULL)
        return hf_fail_memory(err, "a file name");
    return t->options->resume
               ? hf_completion_check(t->options->directory, t->origin.hash, &t->summary->already_complete, err)
               : HF_OK;
}

void hf_trainer_begin(hf_trainer *t, uint64_t seed)
{
    t->origin.seed = seed;
    hf_run_summary_init(t->summary);
    t->summary->seed = seed;
    t->summary->trained = true;
}

hf_status hf_trainer_create(hf_trainer *t, hf_error *err)
{
    const hf_optimizer_params optimizer = hf_learner_optimizer(t->train);
    hf_status status = look_what_is_there(t, err);
    if (status == HF_OK)
        status = hf_blas_check_room(err);
    if (status == HF_OK)
        status = hf_learner_create(&t->learner, t->params, t->origin.seed, t->options->threads, err);
    if (status != HF_OK)
        return status;
    t->tensors = t->learner.model.kind->tensors(t->learner.model.self);
    t->count = hf_tensors_size(t->tensors);
    t->batch_loss = t->judged = NAN;
    status = hf_optimizer_init(&t->optimizer, &optimizer, t->count, err);
    t->optimizer.scale = t->learner.scale;
    if (status == HF_OK && t->params->continuous)
        status = hf_continuous_create(&t->flow, &t->optimizer, t->learner.model, err);
    if (status != HF_OK)
        return status;
    t->parameters = malloc(2 * t->count * sizeof *t->parameters);
    if (t->parameters == NULL)
        return hf_fail_memory(err, "the parameters");
    t->gradient = t->parameters + t->count;
    hf_learner_start(&t->learner, t->params, t->parameters);
    return HF_OK;
}

void hf_trainer_clear(hf_trainer *t)
{
    hf_continuous_free(t->flow);
    hf_optimizer_clear(&t->optimizer);
    hf_learner_clear(&t->learner);
    free(t->checkpoint_path);
    free(t->parameters);
}
