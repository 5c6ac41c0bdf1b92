#include "cli/sweep_shared.h"

#include "cli/findings.h"
#include "cli/progress.h"
#include "core/commit.h"
#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "run/layout.h"
#include "sweep/collect.h"
#include "sweep/figures.h"
#include "sweep/fit.h"
#include "sweep/fractions.h"
#include "sweep/medians.h"
#include "sweep/workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- tasks ---- */

hf_status hf_cli_run_tasks(const hf_sweep *sweep, size_t count, const size_t *tasks, size_t jobs, bool quiet, bool *stopped,
                           hf_error *err)
{
    hf_cli_progress progress = {.stream = stderr, .terminal = isatty(STDERR_FILENO), .now = hf_cli_clock};
    const hf_workers_options options = {.jobs = jobs,
                                        .interrupted = &hf_cli_signal,
                                        .progress = quiet ? NULL : hf_cli_progress_tasks,
                                        .progress_data = &progress};
    fflush(NULL); /* nothing is left in buffers that the workers inherit */
    const hf_status status = hf_workers_run(sweep, count, tasks, &options, stopped, err);
    hf_cli_progress_end(&progress);
    return status;
}

/* ---- results ---- */

void hf_cli_print_failures(const hf_sweep *sweep, const hf_results *results)
{
    const size_t most = 5;
    const hf_tasks *tasks = &sweep->tasks;
    size_t shown = 0;
    for (size_t i = 0; i < results->count && shown < most; i++) {
        if (results->task[i].state != HF_SWEEP_TASK_FAILED)
            continue;
        fprintf(stderr, "headflow: task %zu failed (", i + 1);
        for (size_t c = 0; c < tasks->columns; c++)
            fprintf(stderr, "%s%s = %s", c == 0 ? "" : ", ", tasks->name[c], tasks->cell[i * tasks->columns + c]);
        fprintf(stderr, "): %s\n", results->task[i].reason);
        shown++;
    }
    if (results->failed > shown)
        fprintf(stderr, "headflow: ... and %zu more, see %s/results.tsv\n", results->failed - shown, sweep->directory);
}

/* Tables and scripts, which take their places together. *any: there is a figure. */
static hf_status write_results(const hf_sweep *sweep, const hf_results *results, bool *any, hf_error *err)
{
    hf_sweep unfinished = *sweep;
    *any = false;
    unfinished.directory = hf_path_join(sweep->directory, HF_COMMIT_WORK);
    hf_status status =
        unfinished.directory == NULL ? hf_fail_memory(err, "a file name") : hf_commit_recover(sweep->directory, err);
    if (status == HF_OK)
        status = hf_layout_clean(sweep->directory, HF_LAYOUT_RESULTS, err);
    if (status == HF_OK)
        status = hf_directory_make(unfinished.directory, err);
    if (status == HF_OK)
        status = hf_collect_write(&unfinished, results, err);
    if (status == HF_OK && sweep->config.output.plots && results->done > 0)
        status = hf_figures_write(&unfinished, results, any, err);
    if (status == HF_OK && !hf_file_exists_in(sweep->directory, "tasks.tsv")) /* removed or renamed meanwhile */
        status = hf_fail(err, HF_ESYSTEM, "%s: is not the folder of the sweep; it has gone", sweep->directory);
    if (status == HF_OK)
        status = hf_layout_publish(sweep->directory, HF_LAYOUT_RESULTS, 0, err);
    free(unfinished.directory);
    return status;
}

static hf_status print_summary(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    printf("%s: %zu task%s, %zu OK, %zu failed, %zu not run\n", sweep->config.title, results->count, hf_plural(results->count),
           results->done, results->failed, results->count - results->done - results->failed);
    hf_status status = hf_medians_print(sweep, results, stdout, err);
    if (status == HF_OK)
        status = hf_fractions_print(sweep, results, stdout, err);
    if (status == HF_OK)
        status = hf_fit_print(sweep, results, stdout, err);
    printf("tables: %s/results.tsv, summary.tsv%s%s\n", sweep->directory,
           hf_fractions_are_wanted(sweep) ? ", fractions.tsv" : "", sweep->config.fit.count > 0 ? ", fit.tsv" : "");
    if (sweep->config.output.plots && results->done > 0 && sweep->config.sweep.over.count > 0)
        printf("figures: %s/plots\n", sweep->directory);
    return status;
}

int hf_cli_collect_sweep(const hf_sweep *sweep, const char *command, const hf_cli_options *options)
{
    hf_error err;
    hf_results results;
    hf_status status = hf_results_load(&results, sweep, &err);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    bool any;
    status = write_results(sweep, &results, &any, &err);
    if (status == HF_OK && any)
        status = hf_cli_draw(sweep->directory, !hf_cli_says(options), &err);
    if (status == HF_OK && options->json)
        status = hf_cli_print_sweep(command, sweep, &results, &err);
    else if (status == HF_OK && hf_cli_says(options))
        status = print_summary(sweep, &results, &err);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    hf_cli_print_failures(sweep, &results);
    const bool complete = results.done == results.count;
    hf_results_clear(&results);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    return complete ? 0 : HF_CLI_INCOMPLETE;
}
