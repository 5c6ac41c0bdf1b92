#include "cli/sweep_shared.h"

#include "core/file.h"
#include "sweep/collect.h"
#include "sweep/figures.h"
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

/* ---- progress ---- */

typedef struct {
    struct timespec start;
    double shown; /* seconds after start when the line was written last */
} progress_line;

static void show_progress(void *data, const hf_sweep_progress *progress)
{
    const double interval = 0.2; /* seconds */
    progress_line *line = data;
    const double elapsed = hf_cli_seconds_since(&line->start);
    const size_t ended = progress->done + progress->failed, left = progress->total - ended;
    if (elapsed < line->shown + interval)
        return;
    line->shown = elapsed;
    fprintf(stderr, "\r%zu done   %zu failed   %zu left", progress->done, progress->failed, left);
    if (ended > 0)
        fprintf(stderr, "   %.3g/s   %.0f s left", (double)ended / elapsed, (double)left * elapsed / (double)ended);
    fputs("\033[K", stderr);
}

hf_status hf_cli_run_tasks(const hf_sweep *sweep, size_t count, const size_t *tasks, size_t jobs, bool quiet, bool *stopped,
                           hf_error *err)
{
    progress_line line = {.shown = 0};
    const bool show = !quiet && isatty(STDERR_FILENO);
    const hf_workers_options options = {
        .jobs = jobs, .interrupted = &hf_cli_signal, .progress = show ? show_progress : NULL, .progress_data = &line};
    clock_gettime(CLOCK_MONOTONIC, &line.start);
    fflush(NULL); /* nothing is left in buffers that the workers inherit */
    const hf_status status = hf_workers_run(sweep, count, tasks, &options, stopped, err);
    if (line.shown > 0)
        fputs("\r\033[K", stderr);
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
        printf("tables: %s/results.tsv, summary.tsv%s\n", sweep->directory, sweep->config.fit.count > 0 ? ", fit.tsv" : "");
        if (sweep->config.output.plots && results.done > 0 && sweep->config.sweep.over.count > 0)
            printf("figures: %s/plots\n", sweep->directory);
        status = hf_cli_flush(&err);
    }
    hf_cli_print_failures(sweep, &results);
    const bool complete = results.done == results.count;
    hf_results_clear(&results);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    return complete ? 0 : HF_CLI_INCOMPLETE;
}
