#include "cli/run_tokens.h"

#include "cli/progress.h"
#include "report/token_figure.h"
#include "run/cuts.h"
#include "run/seeds.h"
#include "run/token_summary.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    hf_cli_progress line;
    const hf_train_params *train;
    double work; /* steps, one after the other */
} seeds_progress;

static void report_progress(void *data, const hf_seeds_progress *now)
{
    seeds_progress *p = data;
    const hf_training_progress all = {.part = "train",
                                      .number = 1,
                                      .parts = 1,
                                      .seeds = p->train->seeds,
                                      .step = now->step,
                                      .steps = now->steps,
                                      .t = NAN,
                                      .loss = now->last.loss,
                                      .done = p->work - now->ahead,
                                      .work = p->work};
    hf_cli_progress_training(&p->line, &all);
}

static hf_status train_seed(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                            hf_error *err)
{
    return hf_cuts_run(self, seed, options, summary, err);
}

/* The script of the figure, of the first seed. */
static hf_status write_figure(const hf_token_run_params *params, const hf_run_summary *first, const hf_folder *folder,
                              hf_error *err)
{
    const hf_token_figure figure = {.title = params->origin.title,
                                    .labels = params->labels,
                                    .hash = params->origin.hash,
                                    .seed = first->seed,
                                    .best_step = first->tokens.best_step,
                                    .heads = params->learner.network.heads,
                                    .levels = first->tokens.levels,
                                    .has_values = params->learner.network.kind == HF_NETWORK_MINIMAL,
                                    .has_stages = first->tokens.stages.stage_count > 0,
                                    .log_steps =
                                        params->output.spacing == HF_SPACING_LOG && params->learner.train.log_every == 0 &&
                                        params->learner.train.steps > 1,
                                    .blocks = hf_network_blocks(&params->learner.network),
                                    .first = first->tokens.first,
                                    .scored = first->tokens.scored,
                                    .lags = first->tokens.lags,
                                    .maps = &params->output.maps,
                                    .cuts = &params->learner.train.cuts};
    return hf_token_figure_write(&figure, folder->work, err);
}

static hf_status train_seeds(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                             hf_run_summary *summary, hf_error *err)
{
    hf_train_params all = params->learner.train; /* phases are more steps */
    const hf_train_params *train = &all;
    const size_t threads = options->jobs == 0 ? hf_cli_processors() : options->jobs;
    all.steps *= hf_cuts_phases(train);
    seeds_progress progress = {.line = {.stream = stderr,
                                        .terminal = isatty(STDERR_FILENO),
                                        .now = hf_cli_clock,
                                        .trains = true,
                                        .cheaper = train->cuts.count == 0 ? "fewer train.steps or train.seeds"
                                                                           : "fewer train.steps, train.seeds or train.cuts"},
                               .train = train,
                               .work = hf_seeds_steps(train, threads)};
    const hf_seeds seeds = {.train = train,
                            .hash = params->origin.hash,
                            .directory = folder->work,
                            .finished = folder->reuse ? folder->directory : NULL,
                            .part = "train",
                            .resume = folder->resume,
                            .threads = threads,
                            .interrupted = &hf_cli_signal,
                            .run = train_seed,
                            .self = params,
                            .progress = options->quiet ? NULL : report_progress,
                            .progress_data = &progress};
    hf_cli_watch_signals();
    const hf_status status = hf_seeds_run(&seeds, summary, err);
    hf_cli_progress_end(&progress.line);
    return status;
}

/* Tables and figures take their places, and what there is to say is said. */
static hf_status finish(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                        const hf_run_summary *summary, hf_error *err)
{
    const size_t seeds = params->learner.train.seeds;
    const bool draws = params->output.plots && folder->work != NULL;
    bool all_were_here = folder->resume;
    hf_status status = draws ? write_figure(params, &summary[0], folder, err) : HF_OK;
    if (status == HF_OK)
        status = hf_folder_publish(folder, err);
    if (status != HF_OK)
        return status;
    for (size_t i = 0; i < seeds; i++)
        all_were_here = all_were_here && summary[i].already_complete;
    if (all_were_here)
        fprintf(stderr, "headflow: %s already holds this run\n", folder->directory);
    for (size_t i = 0; i < seeds && hf_cli_says(options); i++)
        hf_token_summary_print(&summary[i], stdout);
    if (hf_cli_says(options))
        printf("tables: %s\n", folder->directory);
    if (draws)
        status = hf_cli_draw(folder->directory, options->quiet, err);
    if (status == HF_OK && hf_cli_says(options) && draws)
        printf("figures: %s/plots\n", folder->directory);
    return status == HF_OK ? hf_cli_flush(err) : status;
}

hf_status hf_cli_run_tokens(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                            hf_error *err)
{
    const size_t seeds = params->learner.train.seeds;
    hf_run_summary *summary = calloc(seeds, sizeof *summary);
    hf_status status = summary == NULL ? hf_fail_memory(err, "the training runs") : HF_OK;
    if (status == HF_OK)
        status = train_seeds(params, options, folder, summary, err);
    if (status == HF_OK && hf_cli_signal == 0)
        status = finish(params, options, folder, summary, err);
    for (size_t i = 0; i < seeds && summary != NULL; i++)
        hf_run_summary_clear(&summary[i]);
    free(summary);
    return status;
}
