#include "run/token_run.h"

#include "core/channel.h"
#include "core/file.h"
#include "core/path.h"
#include "run/completion.h"
#include "run/token_record.h"
#include "train/kernels.h"
#include "train/minimal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "hftok01";

typedef struct {
    const hf_token_run_params *params;
    const hf_train_params *train;
    const hf_token_options *options;
    hf_token_summary *summary;

    hf_table_origin origin;
    char *checkpoint_path;
    hf_learner learner;
    const hf_token_task *task;
    hf_token_probe *probe;
    hf_tensors tensors;
    hf_optimizer optimizer;
    hf_table table;

    size_t count;       /* of parameters */
    double *parameters; /* (count) */
    double *gradient;   /* (count) */
    double *value;      /* (heads, levels) inner products with A_k; NULL: the model has none; with parameters */
    double batch_loss;  /* of the last gradient */
    double train_truth; /* mean cross-entropy of the truth on the fixed sequences */
    uint64_t step;
    uint64_t next;    /* output time to be written next */
    uint64_t open;    /* a step that has a row only because it was the last; 0: none */
    long length;      /* of the trajectory */
    long open_length; /* before that row */
    size_t rows, room;
    double *at, *excess; /* (rows) of the trajectory: steps and the held-out excess there */
} token_run;

/* ---- the truth ---- */

/* Mean cross-entropy of the truth on the tokens of a batch; nan: no memory. */
static double truth_of(const hf_token_task *task, const hf_batch *batch)
{
    const size_t levels = task->kind->levels(task->self);
    double sum = 0, *p = malloc(task->vocabulary * sizeof *p);
    hf_token *tokens = malloc(task->length * sizeof *tokens);
    for (size_t n = 0; n < batch->count && p != NULL && tokens != NULL; n++) {
        task->kind->draw(task->self, batch->step, hf_batch_sample(batch, n), tokens);
        for (size_t at = task->first; at < task->first + task->scored; at++) {
            task->kind->distribution(task->self, tokens, at, levels, p);
            sum -= log(p[tokens[at]]);
        }
    }
    const bool good = p != NULL && tokens != NULL;
    free(p);
    free(tokens);
    return good ? sum / ((double)batch->count * (double)task->scored) : NAN;
}

/* ---- rows ---- */

/* Where output time number index is among the steps. */
static double output_step(const token_run *run, size_t index)
{
    const hf_output_params *output = &run->params->output;
    const double last = (double)run->train->steps;
    if (index == 0 || output->points == 1)
        return index == 0 ? 0 : last;
    if (output->spacing == HF_SPACING_LINEAR)
        return last * (double)index / (double)output->points;
    return pow(last, (double)(index - 1) / (double)(output->points - 1));
}

static bool is_logged(token_run *run)
{
    bool logged = false;
    if (run->train->log_every > 0)
        return run->step % run->train->log_every == 0;
    for (; run->next <= run->params->output.points && output_step(run, run->next) <= (double)run->step; run->next++)
        logged = true;
    return logged;
}

/* <V_h, A_k>: what the value matrix of each head of the minimal model has of each span's. */
static void fill_values(token_run *run)
{
    const hf_token_view *view = hf_token_probe_view(run->probe);
    const size_t d = run->task->vocabulary, width = hf_minimal_width(run->task);
    const double *values = run->parameters + run->tensors.at[1].offset; /* (heads, key, output) */
    for (size_t h = 0; h < view->heads; h++)
        for (size_t k = 1; k <= view->levels; k++) {
            const double *a = hf_markov_matrix(run->task, hf_markov_span(run->task, k));
            double sum = 0;
            for (size_t key = 0; key < d; key++)
                for (size_t v = 0; v < d; v++)
                    sum += values[(h * width + key) * width + v] * a[v * d + key];
            run->value[h * view->levels + k - 1] = sum;
        }
}

static hf_status note_row(token_run *run, double excess, hf_error *err)
{
    if (run->rows == run->room) {
        const size_t room = run->room == 0 ? 512 : 2 * run->room;
        double *at = realloc(run->at, room * sizeof *at), *y = realloc(run->excess, room * sizeof *y);
        run->at = at != NULL ? at : run->at;
        run->excess = y != NULL ? y : run->excess;
        if (at == NULL || y == NULL)
            return hf_fail_memory(err, "the curve");
        run->room = room;
    }
    run->at[run->rows] = (double)run->step;
    run->excess[run->rows++] = excess;
    if (excess < run->summary->best) {
        run->summary->best = excess;
        run->summary->best_step = run->step;
    }
    return HF_OK;
}

static void measure_training(token_run *run, hf_token_row *row)
{
    if (run->train->samples > 0) {
        row->train_loss = hf_learner_loss(&run->learner, run->parameters, false);
        row->train_excess = row->train_loss - run->train_truth;
        return;
    }
    row->train_loss = run->batch_loss;
    row->train_excess = NAN;
    if (run->step > 0) {
        const hf_batch batch = hf_sampler_draw(&run->learner.sampler, run->step - 1);
        row->train_excess = row->train_loss - truth_of(run->task, &batch);
    }
}

static hf_status fail_not_finite(const token_run *run, hf_error *err)
{
    return hf_fail(err, HF_ENUMERIC,
                   "training with seed %" PRIu64 " exploded: the loss is not finite after step %" PRIu64
                   "; lower train.lr = %g",
                   run->origin.seed, run->step, run->train->lr);
}

static hf_status write_row(token_run *run, hf_error *err)
{
    if (!hf_token_probe_look(run->probe, run->parameters))
        return fail_not_finite(run, err);
    const hf_token_view *view = hf_token_probe_view(run->probe);
    hf_token_row row = {
        .step = run->step, .excess = view->excess, .overlap = view->overlap, .view = view, .value = run->value};
    measure_training(run, &row);
    if (run->value != NULL)
        fill_values(run);
    if (run->step == 0)
        run->summary->excess_start = view->excess;
    run->summary->excess = view->excess;
    run->summary->train_excess = row.train_excess;
    run->summary->overlap = view->overlap;
    memcpy(run->summary->kl, view->kl, view->levels * sizeof *view->kl);
    const hf_status status = note_row(run, view->excess, err);
    return status == HF_OK && run->options->directory != NULL ? hf_token_record_row(&run->table, &row, err) : status;
}

/* A row where one is due. A longer run would not have the one of a last step that is no output step. */
static hf_status observe(token_run *run, hf_error *err)
{
    const bool logged = is_logged(run), last = run->step == run->train->steps;
    hf_status status = HF_OK;
    if (!logged && last && run->options->directory != NULL) {
        run->open = run->step;
        status = hf_file_sync(&run->table.file, &run->open_length, err);
    }
    return status == HF_OK && (logged || last || run->step == 0) ? write_row(run, err) : status;
}

/* ---- saving ---- */

static void transfer(hf_channel *channel, void *data)
{
    token_run *run = data;
    hf_token_summary *s = run->summary;
    uint64_t count = run->count;
    size_t rows = run->rows;
    hf_channel_bytes(channel, &count, sizeof count);
    channel->good = channel->good && count == run->count;
    hf_channel_bytes(channel, &run->step, sizeof run->step);
    hf_channel_bytes(channel, &run->next, sizeof run->next);
    hf_channel_bytes(channel, &run->open, sizeof run->open);
    hf_channel_bytes(channel, &run->length, sizeof run->length);
    hf_channel_bytes(channel, &run->open_length, sizeof run->open_length);
    hf_channel_bytes(channel, &run->batch_loss, sizeof run->batch_loss);
    hf_channel_bytes(channel, &s->excess_start, sizeof s->excess_start);
    hf_channel_bytes(channel, &s->excess, sizeof s->excess);
    hf_channel_bytes(channel, &s->train_excess, sizeof s->train_excess);
    hf_channel_bytes(channel, &s->overlap, sizeof s->overlap);
    hf_channel_bytes(channel, s->kl, s->levels * sizeof *s->kl);
    hf_learner_transfer(channel, &run->optimizer, run->count, run->parameters);
    hf_channel_array(channel, (void **)&run->at, &rows, sizeof *run->at);
    hf_channel_array(channel, (void **)&run->excess, &run->rows, sizeof *run->excess);
    channel->good = channel->good && rows == run->rows;
    if (!channel->writing)
        run->room = run->rows;
}

static hf_status save(token_run *run, hf_error *err)
{
    if (run->options->directory == NULL)
        return HF_OK;
    const hf_status status = hf_file_sync(&run->table.file, &run->length, err);
    return status == HF_OK ? hf_channel_save(run->checkpoint_path, magic, run->params->state_hash, transfer, run, err)
                           : status;
}

/* ---- the loop ---- */

static hf_status train(token_run *run, hf_error *err)
{
    const uint64_t steps = run->train->steps, save_every = run->train->save_every;
    hf_status status = HF_OK;
    while (status == HF_OK && run->step < steps) {
        run->batch_loss = hf_learner_gradient(&run->learner, run->parameters, run->step, run->gradient);
        hf_optimizer_step(&run->optimizer, ++run->step, run->tensors, run->gradient, run->parameters);
        hf_schedule_see(&run->optimizer.schedule, run->batch_loss);
        status = isfinite(run->batch_loss) ? observe(run, err) : fail_not_finite(run, err);
        if (status == HF_OK && run->options->progress != NULL)
            run->options->progress(run->options->progress_data, run->step, run->summary->excess);
        const bool goes_on = run->step < steps;
        run->summary->interrupted = run->options->interrupted != NULL && *run->options->interrupted && goes_on;
        if (status == HF_OK && (run->summary->interrupted || (run->step % save_every == 0 && goes_on)))
            status = save(run, err);
        if (run->summary->interrupted)
            return status;
    }
    return status == HF_OK && !run->summary->already_complete ? save(run, err) : status;
}

/* ---- begin and end ---- */

static hf_status prepare_model(token_run *run, hf_error *err)
{
    const hf_optimizer_params optimizer = hf_learner_optimizer(run->train);
    hf_status status =
        hf_learner_create(&run->learner, &run->params->learner, run->origin.seed, run->options->threads, err);
    if (status != HF_OK)
        return status;
    const hf_batch held_out = hf_sampler_all(&run->learner.sampler, true);
    run->task = run->learner.task;
    run->tensors = run->learner.model.kind->tensors(run->learner.model.self);
    run->count = hf_tensors_size(run->tensors);
    status = hf_optimizer_init(&run->optimizer, &optimizer, run->count, err);
    return status == HF_OK ? hf_token_probe_create(&run->probe, run->task, run->learner.model,
                                                   run->params->learner.network.heads, &held_out, err)
                           : status;
}

static hf_status prepare(token_run *run, hf_error *err)
{
    hf_status status = prepare_model(run, err);
    if (status != HF_OK)
        return status;
    const hf_token_view *view = hf_token_probe_view(run->probe);
    const size_t values = view->heads * view->levels;
    run->parameters = malloc((2 * run->count + values) * sizeof *run->parameters);
    run->summary->kl = malloc(view->levels * sizeof *run->summary->kl);
    if (run->parameters == NULL || run->summary->kl == NULL)
        return hf_fail_memory(err, "the parameters");
    run->gradient = run->parameters + run->count;
    run->value = run->params->learner.network.kind == HF_NETWORK_MINIMAL ? run->gradient + run->count : NULL;
    run->summary->levels = view->levels;
    run->summary->truth = hf_token_probe_truth(run->probe);
    run->summary->best = INFINITY;
    run->batch_loss = NAN;
    run->learner.model.kind->initialize(run->learner.model.self, run->parameters);
    if (run->train->samples > 0) {
        const hf_batch all = hf_sampler_all(&run->learner.sampler, false);
        run->train_truth = truth_of(run->task, &all);
    }
    return HF_OK;
}

static hf_status open_table(token_run *run, long length, hf_error *err)
{
    const hf_token_row like = {.view = hf_token_probe_view(run->probe), .value = run->value};
    if (run->options->directory == NULL)
        return HF_OK;
    return hf_token_record_open(&run->table, run->options->directory, &run->origin, &like, length, err);
}

/* Takes up a saved run, which may have been shorter: its last row goes then, unless the step has one of its own. */
static hf_status load(token_run *run, hf_error *err)
{
    const hf_status status = hf_channel_load(run->checkpoint_path, magic, run->params->state_hash, transfer, run, err);
    if (status != HF_OK)
        return status;
    run->summary->resumed = true;
    if (run->step > run->train->steps)
        return hf_fail(err, HF_EUSAGE, "%s: has %" PRIu64 " steps already, more than train.steps = %zu",
                       run->checkpoint_path, run->step, run->train->steps);
    if (run->step < run->train->steps && run->open == run->step && run->step > 0) {
        run->length = run->open_length;
        run->rows--;
    }
    for (size_t i = 0; i < run->rows; i++)
        if (run->excess[i] < run->summary->best) {
            run->summary->best = run->excess[i];
            run->summary->best_step = (uint64_t)run->at[i];
        }
    return HF_OK;
}

static hf_status begin(token_run *run, hf_error *err)
{
    const bool there = run->options->directory != NULL && hf_file_exists(run->checkpoint_path);
    if (run->summary->already_complete && !there)
        return hf_fail(err, HF_EUSAGE, "%s: is gone; run without --resume", run->checkpoint_path);
    if (run->options->resume && there) {
        const hf_status status = load(run, err);
        return status == HF_OK && !run->summary->already_complete ? open_table(run, run->length, err) : status;
    }
    if (there && remove(run->checkpoint_path) != 0)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", run->checkpoint_path, strerror(errno));
    const hf_status status = open_table(run, 0, err);
    return status == HF_OK ? observe(run, err) : status;
}

static hf_status finish(token_run *run, hf_error *err)
{
    hf_token_summary *s = run->summary;
    hf_search_params search = hf_search_usual;
    search.contrast = run->params->detect.contrast;
    search.significance = run->params->detect.significance;
    search.least = run->params->detect.least;
    s->step = run->step;
    hf_status status = HF_OK;
    if (s->interrupted)
        return HF_OK;
    if (run->params->detect.events)
        status = hf_search_run(&s->stages, run->rows, run->at, run->excess, &search, err);
    if (status != HF_OK || run->options->directory == NULL || s->already_complete)
        return status;
    status = hf_file_commit(&run->table.file, err);
    return status == HF_OK
               ? hf_token_record_end(run->options->directory, &run->origin, &s->stages, run->tensors, run->parameters, err)
               : status;
}

static hf_status run_to_end(token_run *run, hf_error *err)
{
    hf_status status = HF_OK;
    if (run->options->directory != NULL) {
        run->checkpoint_path = hf_path_join(run->options->directory, "checkpoint");
        status = run->checkpoint_path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
        if (status == HF_OK && run->options->resume)
            status = hf_completion_check(run->options->directory, run->origin.hash, &run->summary->already_complete, err);
    }
    if (status == HF_OK)
        status = prepare(run, err);
    if (status == HF_OK)
        status = begin(run, err);
    if (status == HF_OK)
        status = train(run, err);
    return status == HF_OK ? finish(run, err) : status;
}

hf_status hf_token_run(const hf_token_run_params *params, uint64_t seed, const hf_token_options *options,
                       hf_token_summary *summary, hf_error *err)
{
    token_run run = {.params = params, .train = &params->learner.train, .options = options, .summary = summary};
    *summary = (hf_token_summary){.seed = seed};
    run.origin = params->origin;
    run.origin.seed = seed;
    const hf_status status = run_to_end(&run, err);
    hf_file_abandon(&run.table.file);
    hf_token_probe_free(run.probe);
    hf_optimizer_clear(&run.optimizer);
    hf_learner_clear(&run.learner);
    free(run.checkpoint_path);
    free(run.parameters);
    free(run.at);
    free(run.excess);
    if (status != HF_OK)
        hf_token_summary_clear(summary);
    return status;
}

void hf_token_summary_print(const hf_token_summary *s, FILE *stream)
{
    fprintf(stream, "seed %" PRIu64 ": excess loss %.4g at the start, %.4g after step %" PRIu64 " (training: %.4g)",
            s->seed, s->excess_start, s->excess, s->step, s->train_excess);
    fprintf(stream, ", least %.4g at step %" PRIu64 "; overlap of heads %.4g\n", s->best, s->best_step, s->overlap);
    for (size_t k = 0; k < s->levels; k++)
        fprintf(stream, "%s%zu: %.4g", k == 0 ? "  divergence from who knows the k strongest spans, k = " : ", ", k + 1,
                s->kl[k]);
    fputc('\n', stream);
    for (size_t i = 0; i < s->stages.stage_count; i++) {
        const hf_search_stage *stage = &s->stages.stage[i];
        fprintf(stream, "  stage %zu: excess %.4g to %.4g; begins at step %.0f, half at %.0f, settles at %.0f\n", i + 1,
                stage->before, stage->after, stage->t_onset, stage->t_half, stage->t_settle);
    }
}

void hf_token_summary_clear(hf_token_summary *summary)
{
    free(summary->kl);
    hf_search_clear(&summary->stages);
    *summary = (hf_token_summary){0};
}
