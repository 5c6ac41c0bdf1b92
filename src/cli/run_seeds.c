#include "cli/run_seeds.h"

#include "cli/progress.h"

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

static hf_status train_seeds(const hf_cli_seeds *training, const hf_cli_options *options, const hf_folder *folder,
                             hf_run_summary *summary, hf_error *err)
{
    const hf_train_params *train = &training->train;
    const size_t threads = options->jobs == 0 ? hf_cli_processors() : options->jobs;
    seeds_progress progress = {.line = {.stream = stderr,
                                        .terminal = isatty(STDERR_FILENO),
                                        .now = hf_cli_clock,
                                        .trains = true,
                                        .cheaper = training->cheaper},
                               .train = train,
                               .work = hf_seeds_steps(train, threads)};
    const hf_seeds seeds = {.train = train,
                            .hash = training->hash,
                            .directory = folder->work,
                            .finished = folder->reuse ? folder->directory : NULL,
                            .part = "train",
                            .resume = folder->resume,
                            .threads = threads,
                            .interrupted = &hf_cli_signal,
                            .run = training->run,
                            .self = training->self,
                            .progress = options->quiet ? NULL : report_progress,
                            .progress_data = &progress};
    hf_cli_watch_signals();
    const hf_status status = hf_seeds_run(&seeds, summary, err);
    hf_cli_progress_end(&progress.line);
    return status;
}

/* Tables and figures take their places, and what there is to say is said. */
static hf_status finish(const hf_cli_seeds *training, const hf_cli_options *options, const hf_folder *folder,
                        const hf_run_summary *summary, hf_error *err)
{
    const size_t seeds = training->train.seeds;
    const bool draws = training->plots && folder->work != NULL;
    bool all_were_here = folder->resume;
    hf_status status = folder->work != NULL ? training->write(training->self, summary, folder->work, err) : HF_OK;
    if (status == HF_OK)
        status = hf_folder_publish(folder, err);
    if (status != HF_OK)
        return status;
    for (size_t i = 0; i < seeds; i++)
        all_were_here = all_were_here && summary[i].already_complete;
    if (all_were_here)
        fprintf(stderr, "headflow: %s already holds this run\n", folder->directory);
    if (hf_cli_says(options))
        status = training->print(training->self, summary, err);
    if (hf_cli_says(options))
        printf("tables: %s\n", folder->directory);
    if (status == HF_OK && draws)
        status = hf_cli_draw(folder->directory, options->quiet, err);
    if (status == HF_OK && hf_cli_says(options) && draws)
        printf("figures: %s/plots\n", folder->directory);
    return status == HF_OK ? hf_cli_flush(err) : status;
}

hf_status hf_cli_run_seeds(const hf_cli_seeds *training, const hf_cli_options *options, const hf_folder *folder,
                           hf_error *err)
{
    const size_t seeds = training->train.seeds;
    hf_run_summary *summary = calloc(seeds, sizeof *summary);
    hf_status status = summary == NULL ? hf_fail_memory(err, "the training runs") : HF_OK;
    if (status == HF_OK)
        status = train_seeds(training, options, folder, summary, err);
    if (status == HF_OK && hf_cli_signal == 0)
        status = finish(training, options, folder, summary, err);
    for (size_t i = 0; i < seeds && summary != NULL; i++)
        hf_run_summary_clear(&summary[i]);
    free(summary);
    return status;
}
