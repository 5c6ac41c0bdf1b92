#include "run/cuts.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/path.h"
#include "core/plural.h"
#include "run/completion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t hf_cuts_phases(const hf_train_params *train)
{
    return train->cuts.count + 1;
}

/* ---- progress: steps of all phases ---- */

typedef struct {
    const hf_run_options *options;
    uint64_t before; /* steps of the phases that are done */
    size_t phases;
} phase;

static void report_progress(void *data, const hf_run_progress *now)
{
    const phase *p = data;
    hf_run_progress all = *now;
    all.step += p->before;
    all.steps *= p->phases;
    p->options->progress(p->options->progress_data, &all);
}

/* ---- one cut ---- */

/* The same run with less to see: everything is the student's but the window, the clipping, maps and the title. */
static hf_token_run_params cut_to(const hf_token_run_params *student, size_t spans, const char *title)
{
    hf_token_run_params cut = *student;
    const size_t window = hf_chain_reach(&student->learner.chain, spans);
    hf_network_params *network = &cut.learner.network;
    network->window = network->window == 0 || window < network->window ? window : network->window;
    cut.learner.train.clip = 0;
    cut.learner.train.cuts.count = 0;
    cut.output.maps.count = 0;
    cut.origin.title = title;
    hf_hash_bytes(&cut.state_hash, &spans, sizeof spans);
    return cut;
}

/* HF_OK, or the error with the cut in front. */
static hf_status name_cut(size_t spans, hf_status status, hf_error *err)
{
    char message[sizeof err->message];
    if (status == HF_OK || err == NULL)
        return status;
    memcpy(message, err->message, sizeof message);
    return hf_fail(err, status, "cut %zu: %s", spans, message);
}

/* directory/cut-<spans>, made; NULL where nothing is written. */
static hf_status make_place(const char *directory, size_t spans, char **place, hf_error *err)
{
    char name[32];
    *place = NULL;
    if (directory == NULL)
        return HF_OK;
    snprintf(name, sizeof name, "cut-%zu", spans);
    *place = hf_path_join(directory, name);
    return *place == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(*place, err);
}

static hf_status train_cut(const hf_token_run_params *params, size_t i, uint64_t seed, const hf_run_options *options,
                           double **predicted, bool *interrupted, hf_error *err)
{
    const hf_train_params *train = &params->learner.train;
    const size_t spans = train->cuts.at[i];
    char title[200];
    phase p = {options, i * train->steps, hf_cuts_phases(train)};
    hf_run_options own = *options;
    hf_run_summary summary;
    char *place;
    snprintf(title, sizeof title, "%.150s%scontext of %zu span%s", params->origin.title,
             params->origin.title[0] == '\0' ? "" : ", ", spans, hf_plural(spans));
    const hf_token_run_params cut = cut_to(params, spans, title);
    hf_status status = make_place(options->directory, spans, &place, err);
    own.directory = place;
    own.progress = options->progress == NULL ? NULL : report_progress;
    own.progress_data = &p;
    if (status == HF_OK) {
        const hf_token_beside beside = {.predicted = predicted};
        status = name_cut(spans, hf_token_run(&cut, seed, &own, &beside, &summary, err), err);
        *interrupted = status == HF_OK && hf_run_was_interrupted(&summary);
        if (status == HF_OK)
            hf_run_summary_clear(&summary);
    }
    free(place);
    return status;
}

/* ---- all of them ---- */

/* *complete: the last phase is there, and needs no earlier one. */
static hf_status look_what_is_there(const hf_token_run_params *params, const hf_run_options *options, bool *complete,
                                    hf_error *err)
{
    *complete = false;
    if (options->directory == NULL || !options->resume)
        return HF_OK;
    return hf_completion_find(options->directory, params->origin.hash, complete, err);
}

static hf_status train_student(const hf_token_run_params *params, uint64_t seed, const hf_run_options *options,
                               double *const *probability, hf_run_summary *summary, hf_error *err)
{
    const hf_train_params *train = &params->learner.train;
    const hf_token_beside beside = {.rivals = {train->cuts.count, train->cuts.at, probability}};
    phase p = {options, train->cuts.count * train->steps, hf_cuts_phases(train)};
    hf_run_options own = *options;
    own.progress = options->progress == NULL ? NULL : report_progress;
    own.progress_data = &p;
    return hf_token_run(params, seed, &own, &beside, summary, err);
}

hf_status hf_cuts_run(const hf_token_run_params *params, uint64_t seed, const hf_run_options *options,
                      hf_run_summary *summary, hf_error *err)
{
    const size_t count = params->learner.train.cuts.count;
    bool complete, interrupted = false;
    hf_run_summary_init(summary);
    double **probability = calloc(count + 1, sizeof *probability);
    hf_status status = probability == NULL ? hf_fail_memory(err, "the cut models") : HF_OK;
    if (status == HF_OK)
        status = look_what_is_there(params, options, &complete, err);
    for (size_t i = 0; i < count && status == HF_OK && !complete && !interrupted; i++)
        status = train_cut(params, i, seed, options, &probability[i], &interrupted, err);
    if (status == HF_OK && interrupted)
        summary->stop = HF_STOP_INTERRUPTED;
    else if (status == HF_OK)
        status = train_student(params, seed, options, probability, summary, err);
    for (size_t i = 0; i < count && probability != NULL; i++)
        free(probability[i]);
    free(probability);
    return status;
}
