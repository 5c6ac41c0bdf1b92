/* headflow sweep: freezes the tasks of a model file with a sweep section and runs what is not done yet, here or on a
 * cluster. */
#include "cli/model.h"
#include "cli/sweep_shared.h"

#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "core/program.h"
#include "core/shell.h"
#include "sweep/report.h"
#include "sweep/slurm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CHUNKS 64

/* Where this program is; its name where the system does not say. To be freed. */
static char *own_path(void)
{
    char *path = hf_program_path();
    return path == NULL ? strdup("headflow") : path;
}

/* ---- on a cluster ---- */

/* The command that follows, to the end of the line. */
static void print_collect(const char *program, hf_shell_form form, const char *directory)
{
    hf_shell_write(program, form, stdout);
    fputs(" collect ", stdout);
    hf_shell_write_path(directory, HF_SHELL_QUOTED, stdout);
    putchar('\n');
}

static void print_commands(const hf_sweep *sweep, const char *script, const char *missing, size_t count,
                           const hf_slurm_options *slurm)
{
    const char *dir = sweep->directory;
    printf("%zu of %zu chunk%s %s something to run: %s\n\n", count, slurm->chunks, hf_plural(slurm->chunks),
           count == 1 ? "has" : "have", missing);
    fputs("Slurm:         sbatch ", stdout);
    hf_shell_write_path(script, HF_SHELL_QUOTED, stdout);
    printf("\nGNU parallel:  seq %zu | parallel ", slurm->chunks);
    hf_shell_write(slurm->program, HF_SHELL_PARALLEL, stdout);
    fputs(" task ", stdout);
    hf_shell_write_path(dir, HF_SHELL_PARALLEL, stdout);
    printf(" --chunk {}/%zu\nthen:          ", slurm->chunks);
    print_collect(slurm->program, HF_SHELL_QUOTED, dir);
    printf("If a chunk is missing in the end, the same headflow sweep again lists only what is left.\n");
}

static hf_status prepare_chunks(const hf_sweep *sweep, const hf_results *results, const hf_cli_options *options,
                                const char *program, hf_error *err)
{
    const size_t wanted = options->chunks == 0 ? DEFAULT_CHUNKS : options->chunks;
    const hf_slurm_options slurm = {.chunks = wanted < results->count ? wanted : results->count,
                                    .jobs = options->jobs == 0 ? 1 : options->jobs,
                                    .program = program};
    size_t count;
    char *missing = hf_slurm_missing(results, slurm.chunks, &count),
         *script = hf_path_join(sweep->directory, "slurm/array.sh");
    hf_status status = missing == NULL || script == NULL ? hf_fail_memory(err, "the chunks") : HF_OK;
    if (status == HF_OK && count == 0) {
        printf(results->count == 1 ? "the task is done; next: " : "all %zu tasks are done; next: ", results->count);
        print_collect(program, HF_SHELL_BARE, sweep->directory);
    } else if (status == HF_OK) {
        status = hf_slurm_write(sweep, missing, &slurm, err);
        if (status == HF_OK)
            print_commands(sweep, script, missing, count, &slurm);
    }
    free(missing);
    free(script);
    return status == HF_OK ? hf_cli_flush(err) : status;
}

/* ---- here ---- */

/* What goes on with the sweep, to the end of the line. A model of standard input is gone, but its tasks are in the folder. */
static void write_continuation(const hf_cli_options *options, const char *directory)
{
    const bool is_left = hf_cli_is_input(options->argument);
    fputs(is_left ? "task " : "sweep ", stderr);
    hf_shell_write_path(is_left ? directory : options->argument, HF_SHELL_BARE, stderr);
    fputs(is_left ? " --chunk 1/1 && headflow collect " : " -o ", stderr);
    (is_left ? hf_shell_write_path : hf_shell_write)(directory, HF_SHELL_BARE, stderr);
    if (!is_left)
        hf_shell_write_overrides(options->override_count, options->overrides, stderr);
    fputs("\n", stderr);
}

static int interrupted(const hf_sweep *sweep, const hf_cli_options *options, const char *directory)
{
    hf_error err;
    hf_results results;
    const int code = 128 + (hf_cli_signal == 0 ? SIGTERM : (int)hf_cli_signal);
    if (hf_results_load(&results, sweep, &err) == HF_OK) {
        fprintf(stderr, "headflow: interrupted with %zu of %zu task%s done; go on with: headflow ", results.done,
                results.count, hf_plural(results.count));
        hf_results_clear(&results);
        write_continuation(options, directory);
    }
    return code;
}

static int run_here(const hf_sweep *sweep, const hf_results *results, const hf_cli_options *options, const char *directory)
{
    hf_error err;
    bool stopped = false;
    const size_t jobs = options->jobs == 0 ? hf_cli_processors() : options->jobs;
    size_t *tasks = malloc(results->count * sizeof *tasks);
    hf_status status = tasks == NULL ? hf_fail_memory(&err, "the tasks") : HF_OK;
    if (status == HF_OK) {
        const size_t count = hf_results_missing(results, 1, 1, tasks);
        status = hf_cli_run_tasks(sweep, count, tasks, jobs, options->quiet, &stopped, &err);
    }
    free(tasks);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    return stopped ? interrupted(sweep, options, directory) : hf_cli_collect_sweep(sweep, "sweep", options);
}

/* ---- the command ---- */

static int run_sweep(const hf_sweep *sweep, const hf_cli_options *options, const char *directory)
{
    hf_error err;
    hf_results results;
    if (hf_results_load(&results, sweep, &err) != HF_OK)
        return hf_cli_fail(&err);
    int code;
    if (options->slurm) {
        char *program = own_path();
        const hf_status status =
            program == NULL ? hf_fail_memory(&err, "a file name") : prepare_chunks(sweep, &results, options, program, &err);
        free(program);
        code = status == HF_OK ? 0 : hf_cli_fail(&err);
    } else
        code = run_here(sweep, &results, options, directory);
    hf_results_clear(&results);
    return code;
}

/* Makes the folder, keeps others out and freezes the tasks. */
static hf_status freeze(hf_config *config, const hf_cli_options *options, const char *directory, hf_error *err)
{
    hf_status status = HF_OK;
    if (!config->declared.sweep) {
        char *word = hf_cli_model_word(options->argument);
        status = hf_fail(err, HF_EUSAGE, "%s: there is no sweep section; one run: headflow run %s", options->argument,
                         word == NULL ? "MODEL" : word);
        free(word);
    }
    if (status == HF_OK)
        status = hf_report_settle(config, err);
    if (status == HF_OK)
        status = hf_directory_make(directory, err);
    if (status == HF_OK)
        status = hf_cli_lock(directory, "lock", NULL, err);
    return status == HF_OK ? hf_sweep_freeze(config, directory, options->resume, err) : status;
}

static int run(const hf_cli_options *options)
{
    hf_config config;
    hf_error err;
    hf_sweep sweep = {0};
    hf_cli_watch_signals();
    if (options->json && options->slurm) {
        hf_fail(&err, HF_EUSAGE, "--json: nothing is found with --slurm; when the tasks are done: headflow collect DIR --json");
        return hf_cli_fail(&err);
    }
    if (hf_cli_read_config(&config, options->argument, options->override_count, options->overrides, &err) != HF_OK)
        return hf_cli_fail(&err);
    char *directory = options->directory == NULL ? hf_cli_default_directory(options->argument) : strdup(options->directory);
    hf_status status = directory == NULL ? hf_fail_memory(&err, "a file name") : freeze(&config, options, directory, &err);
    hf_config_clear(&config);
    if (status == HF_OK)
        status = hf_sweep_open(&sweep, directory, &err);
    const int code = status == HF_OK ? run_sweep(&sweep, options, directory) : hf_cli_fail(&err);
    hf_sweep_close(&sweep);
    free(directory);
    return code;
}

const hf_cli_command hf_cli_sweep = {
    .name = "sweep",
    .usage = "sweep MODEL [-o DIR] [-s path=value]... [-j N] [--slurm] [--resume] [--json]",
    .summary = "run a model's sweep; tables and figures",
    .short_options = "osjqbnrJ",
    /* clang-format off */
    .help =
        "Freezes the tasks of MODEL's sweep section in DIR/tasks.tsv, runs those that are not done yet, and merges the results\n"
        "into DIR/results.tsv, DIR/summary.tsv, fits and figures. The same command again runs only what is missing or failed.\n"
        "\n"
        "MODEL is a file, or - for standard input.\n"
        "\n"
        "  -o DIR          where to; default out/NAME for models/NAME.conf, out/stdin for -\n"
        "  -s path=value   sets a key as in the model file: -s sweep.seeds=4\n"
        "  -j N            number of worker processes; default: one per processor. Results do not depend on it\n"
        "  --slurm         runs nothing; writes the job array DIR/slurm/array.sh of chunks that have something to run, with\n"
        "                  -j processors each (default 1), and prints the command\n"
        "  --chunks N      number of chunks for --slurm; default 64, or fewer for fewer tasks\n"
        "  --resume        adds values and seeds to the sweep in DIR; what has run is not run again\n"
        "  --json          results as JSON instead of a summary, see doc/tables.md\n"
        "  --quiet         no progress and no summary\n"
        "\n"
        "headflow help quantities lists what sweep.report may hold; doc/sweeps.md says more. The exit code is 3 if any task\n"
        "has failed.\n",
    /* clang-format on */
    .run = run,
};
