/* headflow task: runs a fixed share of a sweep's tasks, for job arrays and GNU parallel. */
#include "cli/sweep_shared.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* "3/8" */
static bool parse_chunk(const char *text, size_t *chunk, size_t *chunks)
{
    char *end;
    if (text == NULL || !isdigit((unsigned char)*text))
        return false;
    *chunk = strtoul(text, &end, 10);
    if (*end != '/' || !isdigit((unsigned char)end[1]))
        return false;
    *chunks = strtoul(end + 1, &end, 10);
    return *end == '\0' && *chunk >= 1 && *chunk <= *chunks && *chunks <= 1000000;
}

static int report(const hf_sweep *sweep, const hf_cli_options *options, size_t chunk, size_t chunks, size_t *tasks)
{
    hf_error err;
    hf_results results;
    if (hf_results_load(&results, sweep, &err) != HF_OK)
        return hf_cli_fail(&err);
    const size_t missing = hf_results_missing(&results, chunk, chunks, tasks);
    if (!options->quiet)
        printf("chunk %zu/%zu: %zu of its tasks failed or are missing\n", chunk, chunks, missing);
    for (size_t i = 0; i < missing && i < 5; i++)
        if (results.task[tasks[i]].state == HF_SWEEP_TASK_FAILED)
            fprintf(stderr, "headflow: task %zu failed: %s\n", tasks[i] + 1, results.task[tasks[i]].reason);
    hf_results_clear(&results);
    if (hf_cli_flush(&err) != HF_OK)
        return hf_cli_fail(&err);
    return missing == 0 ? 0 : HF_CLI_INCOMPLETE;
}

static int run_chunk(const hf_sweep *sweep, const hf_cli_options *options, size_t chunk, size_t chunks)
{
    hf_error err;
    hf_results results = {0};
    bool stopped = false;
    char lock[80];
    size_t *tasks = malloc(sweep->tasks.count * sizeof *tasks);
    snprintf(lock, sizeof lock, "parts/%zu-of-%zu.lock", chunk, chunks);
    hf_status status = tasks == NULL ? hf_fail_memory(&err, "the tasks") : hf_cli_lock(sweep->directory, lock, NULL, &err);
    if (status == HF_OK)
        status = hf_results_load(&results, sweep, &err);
    if (status == HF_OK) {
        const size_t count = hf_results_missing(&results, chunk, chunks, tasks);
        status =
            hf_cli_run_tasks(sweep, count, tasks, options->jobs == 0 ? 1 : options->jobs, options->quiet, &stopped, &err);
    }
    hf_results_clear(&results);
    int code = (int)status;
    if (status != HF_OK)
        hf_cli_fail(&err);
    else if (stopped)
        code = 128 + (hf_cli_signal == 0 ? SIGTERM : (int)hf_cli_signal);
    else
        code = report(sweep, options, chunk, chunks, tasks);
    free(tasks);
    return code;
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    hf_sweep sweep;
    size_t chunk, chunks;
    hf_cli_watch_signals();
    if (!parse_chunk(options->chunk, &chunk, &chunks)) {
        hf_fail(&err, HF_EUSAGE, "--chunk %s: expected I/N with 1 <= I <= N, such as --chunk 3/8",
                options->chunk == NULL ? "is missing" : options->chunk);
        return hf_cli_fail(&err);
    }
    if (hf_sweep_open(&sweep, options->argument, &err) != HF_OK)
        return hf_cli_fail(&err);
    const int code = run_chunk(&sweep, options, chunk, chunks);
    hf_sweep_close(&sweep);
    return code;
}

const hf_cli_command hf_cli_task = {
    .name = "task",
    .usage = "task DIR --chunk I/N [-j N] [--quiet]",
    .summary = "run a share of a sweep's tasks",
    .short_options = "cjq",
    /* clang-format off */
    .help =
        "Runs the tasks of chunk I of N that are not done yet, of the sweep that headflow sweep --slurm has frozen in DIR. Task\n"
        "number k is in chunk 1 + (k - 1) mod N. Any number of chunks may run at the same time, on any machine that sees DIR.\n"
        "\n"
        "  --chunk I/N   the share, I from 1 to N\n"
        "  -j N          number of worker processes; default 1\n"
        "  --quiet       no progress and no summary\n"
        "\n"
        "The exit code is 3 if a task of the chunk failed. headflow collect DIR merges the results.\n",
    /* clang-format on */
    .run = run,
};
