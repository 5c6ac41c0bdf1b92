#include "cli/sweep_shared.h"

#include "cli/progress.h"
#include "core/file.h"
#include "sweep/collect.h"
#include "sweep/figures.h"
#include "sweep/fit.h"
#include "sweep/medians.h"
#include "sweep/workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

hf_status hf_cli_lock(const char *directory, const char *name, hf_error *err)
{
    char *path = hf_path_join(directory, name);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_lock(path, err);
    free(path);
    return status;
}

/* ---- tasks ---- */

hf_status hf_cli_run_tasks(const hf_sweep *sweep, size_t count, const size_t *tasks, size_t jobs, bool quiet, bool *stopped,
                           hf_error *err)
{
    hf_cli_progress progress = {.stream = stderr, .terminal = isatty(STDERR_FILENO), .now = hf_cli_clock};
    const hf_workers_options options = {
        .jobs = jobs, .interrupted = &hf_cli_signal, .progress = quiet ? NULL : hf_cli_progress_tasks, .progress_data = &progress};
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
        if (results->task[i].state != HF_TASK_FAILED)
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

static hf_status draw(const hf_sweep *sweep, const hf_results *results, bool quiet, hf_error *err)
{
    bool any = false;
    hf_status status = sweep->config.output.plots ? hf_figures_write(sweep, results, &any, err) : HF_OK;
    return status == HF_OK && any ? hf_cli_draw(sweep->directory, quiet, err) : status;
}

int hf_cli_collect_sweep(const hf_sweep *sweep, bool quiet)
{
    hf_error err;
    hf_results results;
    hf_status status = hf_results_load(&results, sweep, &err);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    const size_t missing = results.count - results.done - results.failed;
    status = hf_collect_write(sweep, &results, &err);
    if (status == HF_OK && results.done > 0)
        status = draw(sweep, &results, quiet, &err);
    if (status == HF_OK && !quiet) {
        printf("%s: %zu tasks, %zu OK, %zu failed, %zu not run\n", sweep->config.title, results.count, results.done,
               results.failed, missing);
        status = hf_medians_print(sweep, &results, stdout, &err);
        if (status == HF_OK)
            status = hf_fit_print(sweep, &results, stdout, &err);
        printf("tables: %s/results.tsv, summary.tsv%s\n", sweep->directory, sweep->config.fit.count > 0 ? ", fit.tsv" : "");
        if (sweep->config.output.plots && results.done > 0 && sweep->config.sweep.over.count > 0)
            printf("figures: %s/plots\n", sweep->directory);
        if (status == HF_OK)
            status = hf_cli_flush(&err);
    }
    hf_cli_print_failures(sweep, &results);
    const bool complete = results.done == results.count;
    hf_results_clear(&results);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    return complete ? 0 : HF_CLI_INCOMPLETE;
}
