/* headflow run: integrates a model file's flow and leaves tables and figures. */
#include "cli/cli.h"

#include "config/config.h"
#include "core/file.h"
#include "report/findings.h"
#include "report/plots.h"
#include "run/flow_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- progress ---- */

typedef struct {
    struct timespec start;
    double shown; /* seconds after start when the line was written last */
} progress_line;

/* Steps are spread evenly over log t, roughly: so is the time they take. */
static double seconds_left(const hf_progress *progress, double elapsed)
{
    double from = fmin(progress->t_first, progress->t_end);
    double done = log(progress->t / from), all = log(progress->t_end / from);
    return done > 0 ? elapsed * fmax(all - done, 0) / done : NAN;
}

static void show_progress(void *data, const hf_progress *progress)
{
    const double interval = 0.2; /* seconds */
    progress_line *line = data;
    double elapsed = hf_cli_seconds_since(&line->start);
    if (elapsed < line->shown + interval)
        return;
    line->shown = elapsed;
    double left = seconds_left(progress, elapsed);
    fprintf(stderr, "\rlog10 t = %6.3f of %.3f   loss %-10.4g   %zu steps", log10(progress->t), log10(progress->t_end),
            progress->loss, progress->steps);
    if (isfinite(left))
        fprintf(stderr, "   %.0f s left", left);
    fputs("\033[K", stderr);
}

/* ---- the command ---- */

/* DIR/model.conf; a state table it starts from is copied to DIR/init.tsv, so that DIR is all a rerun needs. */
static hf_status write_model(const hf_config *config, const char *directory, hf_error *err)
{
    hf_file file;
    hf_status status = HF_OK;
    char *path = hf_path_join(directory, "model.conf"), *state = hf_path_join(directory, "init.tsv");
    char *source = config->init.state == NULL ? NULL : hf_config_resolve(config, config->init.state);
    if (path == NULL || state == NULL || (config->init.state != NULL && source == NULL)) {
        status = hf_fail_memory(err, "a file name");
        goto done;
    }
    if (source != NULL)
        status = hf_file_copy(source, state, err);
    if (status == HF_OK)
        status = hf_file_open(&file, path, err);
    if (status == HF_OK) {
        hf_config_print(config, "init.tsv", file.stream); /* a failure shows at the commit */
        status = hf_file_commit(&file, err);
    }
done:
    free(path);
    free(state);
    free(source);
    return status;
}

static void print_summary(const hf_config *config, const hf_run_summary *summary, const char *directory)
{
    const hf_integrator_counts *counts = &summary->counts;
    printf("%s: loss %.6g at t = 0, %.6g at t = %.6g%s\n", config->title, summary->loss_start, summary->loss, summary->t,
           summary->stop == HF_STOP_LOSS ? " (stop_loss reached)" : "");
    if (config->detect.events)
        hf_findings_print(&summary->findings, stdout);
    printf("overlap %.6g, energy defect %.2g, drift of the mean logit %.2g\n", summary->overlap, summary->energy_defect,
           summary->drift);
    printf("%zu steps, %zu right-hand sides, %zu factorizations; steps repeated: %zu + %zu\n", counts->steps,
           counts->evaluations, counts->setups, counts->error_failures, counts->newton_failures);
    printf("tables: %s/flow\n", directory);
}

static hf_status draw(const hf_config *config, const char *directory, hf_error *err)
{
    if (!config->output.plots)
        return HF_OK;
    hf_status status = hf_plots_write(config, directory, err);
    return status == HF_OK ? hf_cli_draw(directory, err) : status;
}

static int interrupted(const hf_cli_options *options, const hf_run_summary *summary, const char *directory)
{
    fprintf(stderr, "headflow: interrupted at t = %.6g; go on with: headflow run %s -o %s --resume", summary->t,
            options->argument, directory);
    for (size_t i = 0; i < options->override_count; i++)
        fprintf(stderr, " -s '%s'", options->overrides[i]);
    fputs("\n", stderr);
    return 128 + (int)hf_cli_signal;
}

static int run_model(const hf_config *config, const hf_cli_options *options, const char *directory)
{
    hf_error err;
    hf_run_summary summary;
    progress_line line = {.shown = 0};
    clock_gettime(CLOCK_MONOTONIC, &line.start);
    bool show = !options->quiet && isatty(STDERR_FILENO);
    char *tables = hf_path_join(directory, "flow");
    hf_status status = tables == NULL ? hf_fail_memory(&err, "a file name") : hf_directory_make(tables, &err);
    char *lock = tables == NULL ? NULL : hf_path_join(tables, "lock");
    if (status == HF_OK)
        status = lock == NULL ? hf_fail_memory(&err, "a file name") : hf_file_lock(lock, &err);
    free(lock);
    hf_run_options run = {.directory = tables,
                          .resume = options->resume,
                          .interrupted = &hf_cli_signal,
                          .progress = show ? show_progress : NULL,
                          .progress_data = &line};
    if (status == HF_OK) {
        hf_cli_watch_signals();
        status = hf_flow_run(config, &run, &summary, &err);
    }
    if (show && line.shown > 0)
        fputs("\r\033[K", stderr);
    free(tables);
    if (status == HF_OK && summary.stop != HF_STOP_INTERRUPTED)
        status = write_model(config, directory, &err); /* last: it belongs to the tables that are there */
    if (status != HF_OK)
        return hf_cli_fail(&err);
    if (summary.stop == HF_STOP_INTERRUPTED)
        return interrupted(options, &summary, directory);
    if (summary.already_complete)
        fprintf(stderr, "headflow: %s already holds this run\n", directory);
    else if (!options->quiet)
        print_summary(config, &summary, directory);
    hf_findings_clear(&summary.findings);
    if (draw(config, directory, &err) != HF_OK)
        return hf_cli_fail(&err);
    if (!options->quiet && config->output.plots)
        printf("figures: %s/plots\n", directory);
    return hf_cli_flush(&err) == HF_OK ? 0 : hf_cli_fail(&err);
}

static int run(const hf_cli_options *options)
{
    hf_config config;
    hf_error err;
    if (hf_config_read(&config, options->argument, options->override_count, options->overrides, &err) != HF_OK)
        return hf_cli_fail(&err);
    if (config.declared.sweep) {
        hf_config_reject(&config, &err, config.sweep.over.count > 0 ? "sweep.over" : "sweep.seeds",
                         "this model is many runs, expected: headflow sweep %s", options->argument);
        hf_config_clear(&config);
        return hf_cli_fail(&err);
    }
    char *directory = options->directory == NULL ? hf_cli_default_directory(options->argument) : strdup(options->directory);
    int code = HF_ESYSTEM;
    if (directory != NULL)
        code = run_model(&config, options, directory);
    else
        fputs("headflow: out of memory for a file name\n", stderr);
    free(directory);
    hf_config_clear(&config);
    return code;
}

const hf_cli_command hf_cli_run = {
    .name = "run",
    .usage = "run MODEL [-o DIR] [-s path=value]... [-j N] [--resume] [--quiet]",
    .summary = "integrate; write tables and figures",
    .short_options = "osjrq",
    .help = "Integrates the flow that MODEL describes and writes DIR/model.conf (the effective configuration), the tables "
            "DIR/flow/*.tsv\n"
            "and the figures DIR/plots/*.gp and, where gnuplot is installed, *.png.\n"
            "\n"
            "  -o DIR          where to; default out/NAME for models/NAME.conf\n"
            "  -s path=value   sets a key as in the model file: -s solver.rtol=1e-10 -s target.strengths='(2.89, 1.7, 1)'\n"
            "  -j N            number of threads; one flow uses one, so this changes nothing yet\n"
            "  --resume        goes on with an interrupted run; the result is the same, bit for bit, as without the "
            "interruption\n"
            "  --quiet         no progress line and no summary\n"
            "\n"
            "headflow help keys lists all keys of a model file; headflow check MODEL shows their effective values.\n",
    .run = run,
};
