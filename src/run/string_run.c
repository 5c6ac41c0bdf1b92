#include "run/string_run.h"

#include "core/file.h"
#include "run/slices.h"
#include "run/string_record.h"
#include "run/token_record.h"
#include "run/trainer.h"

#include <math.h>
#include <stdlib.h>

enum { MEASURED = 500 }; /* held-out strings whose attention is looked at closely */

typedef struct {
    hf_trainer trainer;
    hf_train_params train; /* with a row after every epoch */
    const hf_string_run_params *params;
    hf_run_summary *summary;
    hf_table table;
    hf_string_numbers kept; /* before the row of a last step that is no output step */
    double kept_loss;
} string_run;

/* ---- rows ---- */

static bool is_due(const void *self, size_t index)
{
    (void)self;
    return index == 0;
}

static void note(string_run *run, const hf_string_row *row)
{
    hf_string_numbers *n = &run->summary->strings;
    if (row->step == 0)
        run->summary->loss_start = row->loss;
    run->summary->loss = row->loss;
    run->summary->training.train_loss = row->train_loss;
    n->epochs = row->epoch;
    n->train_accuracy = row->train_accuracy;
    n->accuracy = row->accuracy;
    n->entropy = row->entropy;
    if (!(n->best >= row->accuracy))
        n->best = row->accuracy;
    if (isnan(n->learned) && row->train_accuracy >= n->threshold)
        n->learned = row->epoch;
}

static hf_status write_row(void *self, hf_error *err)
{
    string_run *run = self;
    hf_trainer *t = &run->trainer;
    const hf_batch all = hf_sampler_all(&t->learner.sampler, false), held_out = hf_sampler_all(&t->learner.sampler, true);
    const hf_encoder_score train = hf_encoder_judge(&t->learner.model, t->parameters, &all);
    const hf_encoder_score score = hf_encoder_judge(&t->learner.model, t->parameters, &held_out);
    const hf_string_row row = {.step = (size_t)t->step,
                               .epoch = (double)t->step / (double)hf_train_epoch(t->train),
                               .train_loss = train.loss,
                               .train_accuracy = train.accuracy,
                               .loss = score.loss,
                               .accuracy = score.accuracy,
                               .entropy = score.entropy};
    if (!isfinite(train.loss) || !isfinite(score.loss))
        return hf_trainer_fail(t, NULL, err);
    note(run, &row);
    return t->options->directory != NULL ? hf_string_record_row(&run->table, &row, err) : HF_OK;
}

/* ---- what the trainer asks for ---- */

static hf_status look(void *self, hf_error *err)
{
    return hf_trainer_look_at_batch(&((string_run *)self)->trainer, err);
}

static void tell(const void *self, hf_run_progress *progress)
{
    const string_run *run = self;
    progress->loss = run->summary->loss;
}

static void keep(void *self)
{
    string_run *run = self;
    run->kept = run->summary->strings;
    run->kept_loss = run->summary->loss;
}

static void put_back(void *self)
{
    string_run *run = self;
    run->summary->strings = run->kept;
    run->summary->loss = run->kept_loss;
}

static hf_status open_table(void *self, const long *lengths, hf_error *err)
{
    string_run *run = self;
    return hf_string_record_open(&run->table, run->trainer.options->directory, &run->trainer.origin,
                                 lengths == NULL ? 0 : lengths[0], err);
}

static hf_status check_table(void *self, const long *lengths, hf_error *err)
{
    const string_run *run = self;
    return hf_string_record_check(run->trainer.options->directory, lengths[0], err);
}

static hf_status sync_table(void *self, long *lengths, hf_error *err)
{
    string_run *run = self;
    return hf_file_sync(&run->table.file, &lengths[0], err);
}

static void transfer(void *self, hf_channel *channel)
{
    string_run *run = self;
    hf_channel_bytes(channel, &run->summary->strings, sizeof run->summary->strings);
    hf_channel_bytes(channel, &run->kept, sizeof run->kept);
    hf_channel_bytes(channel, &run->kept_loss, sizeof run->kept_loss);
    hf_channel_bytes(channel, &run->summary->training.train_loss, sizeof run->summary->training.train_loss);
}

static const hf_trainer_kind training = {.magic = "hfstr01",
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

/* ---- the end ---- */

/* Means over all places that are queries of the end; nan where there are no more than k keys. */
static void sum_up(string_run *run, size_t count, const hf_encoder_place *place)
{
    hf_string_numbers *n = &run->summary->strings;
    n->spread = n->inside = n->gap = n->holds = 0;
    for (size_t i = 0; i < count; i++) {
        n->spread += place[i].spread / (double)count;
        n->inside += place[i].inside / (double)count;
        n->gap += place[i].gap / (double)count;
        n->holds += place[i].holds / (double)count;
    }
}

/* Attention at the start and at the end, into logits.tsv and the summary. */
static hf_status measure(string_run *run, bool writes, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    const hf_encoder_params *encoder = &t->params->encoder;
    const size_t places = hf_encoder_places(&t->learner.model), count = encoder->blocks * encoder->heads * places;
    hf_batch some = hf_sampler_all(&t->learner.sampler, true);
    some.count = some.count < MEASURED ? some.count : MEASURED;
    hf_encoder_place *place = malloc(2 * count * sizeof *place);
    double *start = malloc(t->count * sizeof *start);
    hf_status status = place == NULL || start == NULL ? hf_fail_memory(err, "the measures of attention") : HF_OK;
    if (status == HF_OK)
        status = hf_encoder_measure(&t->learner.model, t->parameters, &some, place + count, err);
    if (status == HF_OK)
        sum_up(run, count, place + count);
    if (status == HF_OK && writes) {
        hf_learner_start(&t->learner, t->params, start);
        status = hf_encoder_measure(&t->learner.model, start, &some, place, err);
    }
    const hf_string_places at[] = {{0, encoder->blocks, encoder->heads, places, place},
                                   {(size_t)t->step, encoder->blocks, encoder->heads, places, place + count}};
    if (status == HF_OK && writes)
        status = hf_string_record_places(t->options->directory, &t->origin, 2, at, err);
    free(place);
    free(start);
    return status;
}

/* The loss along random lines, into slices.tsv and the summary. */
static hf_status look_around(string_run *run, bool writes, hf_error *err)
{
    hf_trainer *t = &run->trainer;
    const hf_output_params *output = &run->params->output;
    hf_slices slices = {0};
    if (output->slices == 0)
        return HF_OK;
    hf_status status =
        hf_slices_make(&slices, &t->learner, t->parameters, output->slices, output->slice_radius, run->summary->seed, err);
    run->summary->strings.lipschitz = slices.lipschitz;
    run->summary->strings.curvature = slices.curvature;
    if (status == HF_OK && writes)
        status = hf_slices_record(&slices, t->options->directory, &t->origin, err);
    hf_slices_clear(&slices);
    return status;
}

static hf_status finish(string_run *run, hf_error *err)
{
    const hf_trainer *t = &run->trainer;
    const bool writes = t->options->directory != NULL && !run->summary->already_complete;
    run->summary->steps = t->step;
    run->summary->censored = isnan(run->summary->strings.learned);
    if (hf_run_was_interrupted(run->summary))
        return HF_OK;
    hf_status status = measure(run, writes, err);
    if (status == HF_OK)
        status = look_around(run, writes, err);
    if (status == HF_OK && writes)
        status = hf_file_commit(&run->table.file, err);
    return status == HF_OK && writes
               ? hf_token_record_final(t->options->directory, &t->origin, t->tensors, t->parameters, err)
               : status;
}

hf_status hf_string_run(const hf_string_run_params *params, uint64_t seed, const hf_run_options *options,
                        hf_run_summary *summary, hf_error *err)
{
    string_run run = {.params = params, .train = params->learner.train, .summary = summary};
    if (run.train.log_every == 0)
        run.train.log_every = hf_train_epoch(&run.train);
    run.trainer = (hf_trainer){.kind = &training,
                               .self = &run,
                               .params = &params->learner,
                               .train = &run.train,
                               .options = options,
                               .summary = summary,
                               .state_hash = params->state_hash,
                               .origin = params->origin};
    hf_trainer_begin(&run.trainer, seed);
    summary->strings.threshold = params->accuracy;
    hf_status status = hf_trainer_create(&run.trainer, err);
    if (status == HF_OK)
        status = hf_trainer_run(&run.trainer, err);
    if (status == HF_OK)
        status = finish(&run, err);
    hf_file_abandon(&run.table.file);
    hf_trainer_clear(&run.trainer);
    if (status != HF_OK)
        hf_run_summary_clear(summary);
    return status;
}
