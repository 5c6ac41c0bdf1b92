#include "api/folder_run.h"

#include "compare/write.h"
#include "config/fill.h"
#include "config/stored.h"
#include "core/file.h"
#include "core/path.h"
#include "report/plots.h"
#include "run/cuts.h"
#include "run/experiment.h"
#include "run/folder.h"
#include "run/seeds.h"
#include "run/string_record.h"

#include <stdlib.h>

/* ---- a flow, and training beside it ---- */

static hf_status write_rest(const hf_experiment *x, const hf_config *config, const hf_folder *folder, const char *finished,
                            hf_error *err)
{
    hf_status status = HF_OK;
    if (folder->work == NULL)
        return status;
    status = hf_compare_write(x, folder->work, finished, err);
    const hf_plots_run plots = hf_fill_plots(config, x->params->flow.origin.hash);
    if (status == HF_OK && config->output.plots)
        status = hf_plots_write(&plots, folder->work, err);
    return status == HF_OK ? hf_folder_publish(folder, err) : status;
}

/* Takes what is to be said out of an experiment. */
static void take_summary(hf_experiment *x, hf_run_summary *summary)
{
    hf_run_summary *from = x->has_flow ? &x->flow : x->main.seeds > 0 ? &x->main.run[0] : NULL;
    if (from == NULL)
        return;
    *summary = *from;
    hf_run_summary_init(from);
}

static hf_status run_experiment(const hf_folder_run *run, const hf_config *config, const hf_folder *folder,
                                hf_run_summary *summary, bool *stopped, hf_error *err)
{
    hf_experiment x = {.params = NULL};
    hf_experiment_params params = {.has_flow = false};
    const hf_experiment_options options = {.directory = folder->work,
                                           .finished = folder->reuse ? folder->directory : NULL,
                                           .resume = folder->resume,
                                           .threads = run->threads,
                                           .watch = run->watch};
    hf_status status = hf_fill_experiment(config, &params, err);
    if (status == HF_OK)
        status = hf_experiment_run(&x, &params, &options, err);
    *stopped = status == HF_OK && x.interrupted;
    if (status == HF_OK && !x.interrupted)
        status = write_rest(&x, config, folder, options.finished, err);
    if (status == HF_OK)
        take_summary(&x, summary);
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    return status;
}

/* ---- training on tokens ---- */

/* Trains with one seed. */
typedef hf_status train_one(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                            hf_error *err);

static hf_status train_on_chain(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                                hf_error *err)
{
    return hf_cuts_run(self, seed, options, summary, err);
}

static hf_status train_on_strings(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                                  hf_error *err)
{
    return hf_string_run(self, seed, options, summary, err);
}

/* All seeds; strings: what they say together is written, too; else NULL. */
static hf_status train_seeds(const hf_folder_run *run, const hf_train_params *train, train_one *one, const void *self,
                             const hf_table_origin *origin, const hf_string_run_params *strings, const hf_folder *folder,
                             hf_run_summary *first, hf_error *err)
{
    hf_run_summary *summary = calloc(train->seeds, sizeof *summary);
    if (summary == NULL)
        return hf_fail_memory(err, "the training runs");
    const hf_seeds seeds = {.train = train,
                            .hash = origin->hash,
                            .directory = folder->work,
                            .finished = folder->reuse ? folder->directory : NULL,
                            .part = "train",
                            .resume = folder->resume,
                            .threads = run->threads,
                            .run = one,
                            .self = self};
    hf_status status = hf_seeds_run(&seeds, summary, err);
    if (status == HF_OK && strings != NULL && folder->work != NULL)
        status = hf_string_record_seeds(folder->work, origin, train->seeds, summary, err);
    if (status == HF_OK)
        status = hf_folder_publish(folder, err);
    if (status == HF_OK) {
        *first = summary[0];
        hf_run_summary_init(&summary[0]);
    }
    for (size_t i = 0; i < train->seeds; i++)
        hf_run_summary_clear(&summary[i]);
    free(summary);
    return status;
}

static hf_status run_chain(const hf_folder_run *run, const hf_config *config, const hf_folder *folder,
                           hf_run_summary *summary, hf_error *err)
{
    hf_token_run_params params;
    hf_status status = hf_fill_token_run(config, &params, err);
    hf_train_params train = params.learner.train; /* phases are more steps */
    train.steps *= hf_cuts_phases(&train);
    if (status == HF_OK)
        status = train_seeds(run, &train, train_on_chain, &params, &params.origin, NULL, folder, summary, err);
    hf_fill_clear_token_run(&params);
    return status;
}

static hf_status run_strings(const hf_folder_run *run, const hf_config *config, const hf_folder *folder,
                             hf_run_summary *summary, hf_error *err)
{
    hf_string_run_params params;
    const hf_status status = hf_fill_string_run(config, &params, err);
    return status == HF_OK ? train_seeds(run, &params.learner.train, train_on_strings, &params, &params.origin, &params,
                                         folder, summary, err)
                           : status;
}

/* ---- both ---- */

/* Makes the folder and keeps other processes out. */
static hf_status enter(const char *directory, int *lock, hf_folder_options *how, hf_error *err)
{
    *lock = -1;
    char *path = hf_path_join(directory, "lock");
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(directory, err);
    if (status == HF_OK)
        status = hf_file_take_lock(path, lock, &how->read_only, err);
    free(path);
    return status != HF_OK && how->read_only && how->resume ? HF_OK : status;
}

static hf_status run_in(const hf_folder_run *run, const hf_config *config, hf_folder *folder, hf_run_summary *summary,
                        bool *stopped, hf_error *err)
{
    hf_status status = hf_config_predicts_tokens(config) ? run_chain(run, config, folder, summary, err)
                       : hf_config_is_strings(config)    ? run_strings(run, config, folder, summary, err)
                                                         : run_experiment(run, config, folder, summary, stopped, err);
    status = hf_config_place(config, status, err);
    if (status != HF_OK)
        hf_folder_drop(folder, status);
    return status;
}

hf_status hf_folder_run_model(const hf_folder_run *run, const hf_config *config, hf_run_summary *summary, bool *stopped,
                              hf_error *err)
{
    hf_folder folder;
    hf_folder_options how = {.resume = run->resume};
    const hf_folder_model model = hf_stored_model(config);
    int lock;
    *stopped = false;
    hf_run_summary_init(summary);
    hf_status status = enter(run->directory, &lock, &how, err);
    if (status == HF_OK)
        status = hf_folder_open(&folder, &model, run->directory, &how, err);
    if (status == HF_OK) {
        status = run_in(run, config, &folder, summary, stopped, err);
        hf_folder_close(&folder);
    }
    hf_file_give_back(lock);
    return status;
}
