#include "cli/run_tokens.h"

#include "cli/progress.h"
#include "report/token_figure.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    hf_cli_progress line;
    const hf_train_params *train;
    uint64_t before; /* steps of the seeds that are done */
} seeds_progress;

static void report_progress(void *data, const hf_run_progress *now)
{
    seeds_progress *p = data;
    const double done = (double)(p->before + now->step), work = (double)p->train->steps * (double)p->train->seeds;
    const hf_training_progress all = {.part = "train",
                                      .number = 1,
                                      .parts = 1,
                                      .seeds = p->train->seeds,
                                      .step = p->before + now->step,
                                      .steps = p->train->steps * p->train->seeds,
                                      .t = NAN,
                                      .loss = now->loss,
                                      .done = done,
                                      .work = work};
    hf_cli_progress_training(&p->line, &all);
}

/* Seed number i (from 0). */
static hf_status train_seed(const hf_token_run_params *params, size_t i, const hf_cli_options *options,
                            const hf_folder *folder, seeds_progress *progress, hf_run_summary *summary, hf_error *err)
{
    const uint64_t seed = params->learner.train.seed + i;
    const char *finished = folder->reuse ? folder->directory : NULL;
    char name[64], *place = NULL;
    snprintf(name, sizeof name, "train/seed-%" PRIu64, seed);
    hf_status status = hf_folder_place(folder->work, finished, name, params->origin.hash, &place, err);
    const hf_run_options run = {.directory = place,
                                .resume = folder->resume || finished != NULL,
                                .threads = options->jobs == 0 ? hf_cli_processors() : options->jobs,
                                .interrupted = &hf_cli_signal,
                                .progress = options->quiet ? NULL : report_progress,
                                .progress_data = progress};
    progress->before = i * params->learner.train.steps;
    if (status == HF_OK)
        status = hf_token_run(params, seed, &run, summary, err);
    free(place);
    return status;
}

/* The script of the figure, of the first seed. */
static hf_status write_figure(const hf_token_run_params *params, const hf_run_summary *first, const hf_folder *folder,
                              hf_error *err)
{
    const hf_token_figure figure = {.title = params->origin.title,
                                    .hash = params->origin.hash,
                                    .seed = first->seed,
                                    .best_step = first->tokens.best_step,
                                    .heads = params->learner.network.heads,
                                    .levels = first->tokens.levels,
                                    .has_values = params->learner.network.kind == HF_NETWORK_MINIMAL,
                                    .has_stages = first->tokens.stages.stage_count > 0,
                                    .log_steps =
                                        params->output.spacing == HF_SPACING_LOG && params->learner.train.steps > 1};
    return hf_token_figure_write(&figure, folder->work, err);
}

hf_status hf_cli_run_tokens(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                            hf_error *err)
{
    const size_t seeds = params->learner.train.seeds;
    seeds_progress progress = {.line = {.stream = stderr,
                                        .terminal = isatty(STDERR_FILENO),
                                        .now = hf_cli_clock,
                                        .trains = true,
                                        .cheaper = "fewer train.steps or train.seeds"},
                               .train = &params->learner.train};
    hf_run_summary *summary = calloc(seeds, sizeof *summary);
    hf_status status = summary == NULL ? hf_fail_memory(err, "the training runs") : HF_OK;
    bool all_were_here = folder->resume;
    hf_cli_watch_signals();
    for (size_t i = 0; i < seeds && status == HF_OK && hf_cli_signal == 0; i++) {
        status = train_seed(params, i, options, folder, &progress, &summary[i], err);
        all_were_here = all_were_here && summary[i].already_complete;
    }
    hf_cli_progress_end(&progress.line);
    const bool draws = params->output.plots && folder->work != NULL && hf_cli_signal == 0;
    if (status == HF_OK && draws)
        status = write_figure(params, &summary[0], folder, err);
    if (status == HF_OK && hf_cli_signal == 0)
        status = hf_folder_publish(folder, err);
    if (status == HF_OK && hf_cli_signal == 0 && all_were_here)
        fprintf(stderr, "headflow: %s already holds this run\n", folder->directory);
    for (size_t i = 0; i < seeds && status == HF_OK && hf_cli_signal == 0 && !options->quiet; i++)
        hf_token_summary_print(&summary[i], stdout);
    if (status == HF_OK && hf_cli_signal == 0 && !options->quiet)
        printf("tables: %s\n", folder->directory);
    if (status == HF_OK && draws)
        status = hf_cli_draw(folder->directory, options->quiet, err);
    for (size_t i = 0; i < seeds && summary != NULL; i++)
        hf_run_summary_clear(&summary[i]);
    free(summary);
    return status == HF_OK ? hf_cli_flush(err) : status;
}
