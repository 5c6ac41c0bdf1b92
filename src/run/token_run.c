#include "run/token_run.h"

#include "core/file.h"
#include "run/token_maps.h"
#include "run/token_findings.h"
#include "run/token_record.h"
#include "run/token_turn.h"
#include "run/trainer.h"
#include "train/kernels.h"
#include "train/minimal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    hf_trainer trainer;
    const hf_token_run_params *params;
    hf_run_summary *summary;
    const hf_token_beside *beside;
    const hf_token_task *task;
    hf_token_probe *probe;
    hf_table table;
    hf_token_maps maps;

    double *value;      /* (heads, levels) inner products with A_k; NULL: the model has none; owned */
    double train_truth; /* mean cross-entropy of the truth on the fixed sequences */
    size_t rows, room;
    double *at, *excess; /* (rows) of the trajectory: steps and the held-out excess there, */
    double *last;        /* (rows, heads, levels) and where the last query looks */
} token_run;

/* ---- the truth ---- */

/* Mean cross-entropy of the truth on the tokens of a batch. */
static hf_status find_truth(const hf_token_task *task, const hf_batch *batch, double *truth, hf_error *err)
{
    const size_t levels = task->kind->levels(task->self);
    *truth = 0;
    if (hf_token_task_has_vectors(task)) /* without noise */
        return HF_OK;
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
    *truth = sum / ((double)batch->count * (double)task->scored);
    return good ? HF_OK : hf_fail_memory(err, "the truth");
}

/* ---- rows ---- */

/* Where output time number index is among the steps. */
static double output_step(const token_run *run, size_t index)
{
    const hf_output_params *output = &run->params->output;
    const double last = (double)run->trainer.train->steps;
    if (index == 0 || output->points == 1)
        return index == 0 ? 0 : last;
    if (output->spacing == HF_SPACING_LINEAR)
        return last * (double)index / (double)output->points;
    return pow(last, (double)(index - 1) / (double)(output->points - 1));
}

static bool is_due(const void *self, size_t index)
{
    const token_run *run = self;
    return output_step(run, index) <= (double)run->trainer.step;
}

/* <V_h, A_k>: what the value matrix of each head of the minimal model has of each span's. */
static void fill_values(token_run *run)
{
    const hf_token_view *view = hf_token_probe_view(run->probe);
    const size_t d = run->task->vocabulary, width = hf_minimal_width(run->task);
    const double *values = run->trainer.parameters + run->trainer.tensors.at[1].offset; /* (heads, key, output) */
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

static void note_best(token_run *run, double excess, double step)
{
    hf_token_numbers *numbers = &run->summary->tokens;
    if (excess < numbers->best) {
        numbers->best = excess;
        numbers->best_step = (uint64_t)step;
        run->summary->training.early = (hf_early_stop){.step = (uint64_t)step, .t = NAN, .loss = excess, .distance = NAN};
    }
}

static bool make_room(double **list, size_t count)
{
    double *larger = realloc(*list, count * sizeof *larger);
    *list = larger != NULL ? larger : *list;
    return larger != NULL;
}

static hf_status note_row(token_run *run, const hf_token_view *view, hf_error *err)
{
    const size_t looks = view->heads * view->levels;
    if (run->rows == run->room) {
        const size_t room = run->room == 0 ? 512 : 2 * run->room;
        if (!make_room(&run->at, room) || !make_room(&run->excess, room) || !make_room(&run->last, room * looks))
            return hf_fail_memory(err, "the curve");
        run->room = room;
    }
    memcpy(run->last + run->rows * looks, view->last, looks * sizeof *view->last);
    run->at[run->rows] = (double)run->trainer.step;
    run->excess[run->rows++] = view->excess;
    note_best(run, view->excess, (double)run->trainer.step);
    return HF_OK;
}

static hf_status measure_training(token_run *run, hf_token_row *row, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    if (t->train->samples > 0) {
        row->train_loss = hf_learner_loss(&t->learner, t->parameters, false);
        row->train_excess = row->train_loss - run->train_truth;
        return HF_OK;
    }
    row->train_loss = t->batch_loss;
    row->train_excess = NAN;
    if (t->step == 0)
        return HF_OK;
    double truth;
    const hf_batch batch = hf_sampler_draw(&t->learner.sampler, t->step - 1);
    const hf_status status = find_truth(run->task, &batch, &truth, err);
    row->train_excess = row->train_loss - truth;
    return status;
}

static hf_status write_row(void *self, hf_error *err)
{
    token_run *run = self;
    hf_run_summary *summary = run->summary;
    if (!hf_token_probe_look(run->probe, run->trainer.parameters))
        return hf_trainer_fail(&run->trainer, NULL, err);
    const hf_token_view *view = hf_token_probe_view(run->probe);
    hf_token_row row = {.step = (size_t)run->trainer.step,
                        .excess = view->excess,
                        .overlap = view->overlap,
                        .view = view,
                        .value = run->value};
    hf_status status = measure_training(run, &row, err);
    if (status != HF_OK)
        return status;
    if (run->value != NULL)
        fill_values(run);
    if (run->trainer.step == 0)
        summary->loss_start = view->excess;
    summary->loss = view->excess;
    summary->overlap = view->overlap;
    summary->tokens.train_excess = row.train_excess;
    summary->training.train_loss = run->trainer.train->samples > 0 ? row.train_loss : NAN;
    memcpy(summary->tokens.kl, view->kl, view->levels * sizeof *view->kl);
    for (size_t r = 0; r < view->rivals; r++)
        summary->tokens.cut[r] = view->cut[r];
    status = note_row(run, view, err);
    return status == HF_OK && run->trainer.options->directory != NULL ? hf_token_record_row(&run->table, &row, err)
                                                                      : status;
}

/* ---- what the trainer asks for ---- */

static hf_status look(void *self, hf_error *err)
{
    token_run *run = self;
    hf_trainer *t = &run->trainer;
    const hf_status status = hf_trainer_look_at_batch(t, err);
    return status != HF_OK ? status : hf_token_maps_look(&run->maps, t->step, t->parameters, err);
}

static void tell(const void *self, hf_run_progress *progress)
{
    const token_run *run = self;
    progress->loss = run->summary->loss;
}

static void keep(void *self)
{
    (void)self; /* the row itself is what changes */
}

static void put_back(void *self)
{
    token_run *run = self;
    run->rows--;
}

static hf_status open_table(void *self, const long *lengths, hf_error *err)
{
    token_run *run = self;
    const hf_token_row like = {.view = hf_token_probe_view(run->probe), .value = run->value};
    run->summary->tokens.best = INFINITY;
    for (size_t i = 0; i < run->rows; i++)
        note_best(run, run->excess[i], run->at[i]);
    const char *directory = run->trainer.options->directory;
    const hf_table_origin *origin = &run->trainer.origin;
    const hf_status status =
        hf_token_record_open(&run->table, directory, origin, &like, lengths == NULL ? 0 : lengths[0], err);
    return status == HF_OK ? hf_token_maps_open(&run->maps, directory, origin, lengths == NULL ? 0 : lengths[1], err)
                           : status;
}

static hf_status check_table(void *self, const long *lengths, hf_error *err)
{
    const token_run *run = self;
    const char *directory = run->trainer.options->directory;
    const hf_status status = hf_table_check(directory, hf_token_record_tables[0]->name, lengths[0], err);
    return status == HF_OK ? hf_token_maps_check(&run->maps, directory, lengths[1], err) : status;
}

static hf_status sync_table(void *self, long *lengths, hf_error *err)
{
    token_run *run = self;
    const hf_status status = hf_file_sync(&run->table.file, &lengths[0], err);
    return status == HF_OK ? hf_token_maps_sync(&run->maps, &lengths[1], err) : status;
}

static void transfer(void *self, hf_channel *channel)
{
    token_run *run = self;
    hf_token_numbers *numbers = &run->summary->tokens;
    const hf_token_view *view = hf_token_probe_view(run->probe);
    size_t rows = run->rows, looks = rows * view->heads * view->levels;
    hf_channel_bytes(channel, &numbers->train_excess, sizeof numbers->train_excess);
    hf_channel_bytes(channel, &numbers->best, sizeof numbers->best);
    hf_channel_bytes(channel, &numbers->best_step, sizeof numbers->best_step);
    hf_channel_bytes(channel, numbers->kl, numbers->levels * sizeof *numbers->kl);
    if (numbers->cuts > 0)
        hf_channel_bytes(channel, numbers->cut, numbers->cuts * sizeof *numbers->cut);
    hf_channel_array(channel, (void **)&run->at, &rows, sizeof *run->at);
    hf_channel_array(channel, (void **)&run->excess, &run->rows, sizeof *run->excess);
    hf_channel_array(channel, (void **)&run->last, &looks, sizeof *run->last);
    channel->good = channel->good && rows == run->rows && looks == rows * view->heads * view->levels;
    if (!channel->writing)
        run->room = run->rows;
}

static const hf_trainer_kind training = {.magic = "hftok03",
                                         .is_due = is_due,
                                         .look = look,
                                         .row = write_row,
                                         .tell = tell,
                                         .keep = keep,
                                         .put_back = put_back,
                                         .open = open_table,
                                         .check = check_table,
                                         .sync = sync_table,
                                         .transfer = transfer};

/* ---- begin and end ---- */

/* What maps are about, for who draws them. */
static hf_status describe_places(const token_run *run, hf_error *err)
{
    hf_token_numbers *numbers = &run->summary->tokens;
    const hf_token_task *task = run->task;
    numbers->first = task->first;
    numbers->scored = task->scored;
    numbers->level_names = task->kind->level_names;
    if (task->kind->lags == NULL)
        return HF_OK;
    numbers->lags = malloc(numbers->levels * sizeof *numbers->lags);
    if (numbers->lags == NULL)
        return hf_fail_memory(err, "the lags");
    for (size_t k = 0; k < numbers->levels; k++)
        task->kind->lags(task->self, k + 1, &numbers->lags[k].from, &numbers->lags[k].to);
    return HF_OK;
}

static hf_status prepare(token_run *run, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    const hf_network_params *network = &run->params->learner.network;
    hf_token_numbers *numbers = &run->summary->tokens;
    hf_status status = hf_trainer_create(t, err);
    if (status != HF_OK)
        return status;
    const hf_batch held_out = hf_sampler_all(&t->learner.sampler, true), all = hf_sampler_all(&t->learner.sampler, false);
    run->task = t->learner.task;
    status = hf_token_probe_create(&run->probe, run->task, t->learner.model, network->heads, &held_out, t->options->threads,
                                   err);
    const hf_token_maps_params maps = {&run->params->output.maps, run->task, t->learner.model, network->heads, held_out};
    if (status == HF_OK)
        status = hf_token_maps_init(&run->maps, &maps, err);
    if (status != HF_OK)
        return status;
    const hf_token_view *view = hf_token_probe_view(run->probe);
    numbers->levels = view->levels;
    numbers->heads = view->heads;
    numbers->truth = hf_token_probe_truth(run->probe);
    numbers->kl = malloc(view->levels * sizeof *numbers->kl);
    run->value = network->kind == HF_NETWORK_MINIMAL ? malloc(view->heads * view->levels * sizeof *run->value) : NULL;
    if (numbers->kl == NULL || (network->kind == HF_NETWORK_MINIMAL && run->value == NULL))
        return hf_fail_memory(err, "the training run");
    run->train_truth = NAN;
    status = t->train->samples > 0 ? find_truth(run->task, &all, &run->train_truth, err) : HF_OK;
    return status == HF_OK ? describe_places(run, err) : status;
}

static hf_status prepare_rivals(token_run *run, hf_error *err)
{
    hf_token_numbers *numbers = &run->summary->tokens;
    const hf_token_rivals *rivals = &run->beside->rivals;
    if (rivals->count == 0)
        return HF_OK;
    numbers->cuts = rivals->count;
    numbers->cut_spans = rivals->spans;
    numbers->cut = calloc(rivals->count, sizeof *numbers->cut);
    return numbers->cut == NULL ? hf_fail_memory(err, "the cut models") : hf_token_probe_compare(run->probe, rivals, err);
}

/* For those that will be compared with this one. */
static hf_status predict(token_run *run, hf_error *err)
{
    double *predicted = malloc(hf_token_probe_predictions(run->probe) * sizeof *predicted);
    if (predicted == NULL)
        return hf_fail_memory(err, "the predictions");
    hf_token_probe_predict(run->probe, run->trainer.parameters, predicted);
    *run->beside->predicted = predicted;
    return HF_OK;
}

static hf_status finish(token_run *run, hf_error *err)
{
    const hf_trainer *t = &run->trainer;
    hf_token_numbers *numbers = &run->summary->tokens;
    run->summary->steps = t->step;
    hf_status status = HF_OK;
    if (hf_run_was_interrupted(run->summary))
        return HF_OK;
    if (run->params->detect.events)
        status = hf_token_find(run->summary, &run->params->detect, run->rows, run->at, run->excess, err);
    if (status == HF_OK && run->params->detect.events)
        status = hf_token_turn_find(numbers, run->rows, run->at, run->last, err);
    numbers->searched = run->params->detect.events;
    if (status != HF_OK || t->options->directory == NULL || run->summary->already_complete)
        return status;
    status = hf_file_commit(&run->table.file, err);
    if (status == HF_OK)
        status = hf_token_maps_commit(&run->maps, err);
    return status == HF_OK ? hf_token_record_end(t->options->directory, &t->origin, numbers, t->tensors, t->parameters, err)
                           : status;
}

hf_status hf_token_run(const hf_token_run_params *params, uint64_t seed, const hf_run_options *options,
                       const hf_token_beside *beside, hf_run_summary *summary, hf_error *err)
{
    const hf_token_beside nothing = {{0}, NULL};
    token_run run = {.params = params, .summary = summary, .beside = beside != NULL ? beside : &nothing};
    run.trainer = (hf_trainer){.kind = &training,
                               .self = &run,
                               .params = &params->learner,
                               .train = &params->learner.train,
                               .options = options,
                               .summary = summary,
                               .points = params->learner.train.log_every > 0 ? 0 : params->output.points,
                               .state_hash = params->state_hash,
                               .origin = params->origin};
    hf_trainer_begin(&run.trainer, seed);
    hf_status status = prepare(&run, err);
    if (status == HF_OK)
        status = prepare_rivals(&run, err);
    if (status == HF_OK)
        status = hf_trainer_run(&run.trainer, err);
    if (status == HF_OK)
        status = finish(&run, err);
    if (status == HF_OK && run.beside->predicted != NULL && !hf_run_was_interrupted(summary))
        status = predict(&run, err);
    hf_file_abandon(&run.table.file);
    hf_token_maps_clear(&run.maps);
    hf_token_probe_free(run.probe);
    hf_trainer_clear(&run.trainer);
    free(run.value);
    free(run.at);
    free(run.excess);
    free(run.last);
    if (status != HF_OK)
        hf_run_summary_clear(summary);
    return status;
}
