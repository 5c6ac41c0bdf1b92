/* headflow run: integrates and trains what a model file declares and leaves tables and figures. */
#include "cli/cli.h"
#include "cli/findings.h"
#include "cli/model.h"
#include "cli/progress.h"
#include "cli/run_strings.h"
#include "cli/run_tokens.h"

#include "compare/comparison.h"
#include "compare/predicted.h"
#include "run/experiment.h"
#include "compare/ladder.h"
#include "compare/write.h"
#include "config/fill.h"
#include "config/stored.h"
#include "core/commit.h"
#include "core/file.h"
#include "core/plural.h"
#include "core/shell.h"
#include "report/acquired.h"
#include "report/findings.h"
#include "report/plots.h"
#include "run/folder.h"
#include "sweep/one_task.h"
#include "train/clock.h"
#include "train/optimizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- progress ---- */

/* What would make a training cheaper, into text. */
static void name_cheaper(const hf_config *config, size_t size, char *text)
{
    const struct {
        bool helps;
        const char *what;
    } ways[] = {
        {config->train.batch > 0 && !hf_config_projects(config) && hf_config_may_project(config),
         "train.sampling = \"projected\" (the same law)"},
        {config->ladder.halvings > 0, "one of ladder.halvings less (half of it)"},
        {config->train.seeds > 1, "fewer train.seeds"},
        {hf_config_has_clock(config), "a larger train.lr"},
        {!hf_config_has_clock(config), "fewer train.steps"},
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && used < size; i++)
        if (ways[i].helps)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", or ", ways[i].what);
}

/* ---- the command ---- */

static void print_flow(const hf_flow_run_params *params, const hf_run_summary *summary)
{
    const hf_integrator_counts *counts = &summary->integration.counts;
    printf("%s: loss %.6g at t = 0, %.6g at t = %.6g%s\n", params->origin.title, summary->loss_start, summary->loss,
           summary->t, summary->stop == HF_STOP_LOSS ? " (stop_loss reached)" : "");
    if (params->solver.stop != NULL)
        printf(summary->stop == HF_STOP_EVENT ? "It ends there by solver.stop, \"%s\".\n"
                                              : "What solver.stop waits for, \"%s\", has not happened.\n",
               params->solver.stop);
    if (params->detector.detect.events)
        hf_findings_print(&summary->findings, stdout);
    if (summary->sensitivities.count > 0)
        hf_sensitivities_print(&summary->sensitivities, stdout);
    if (!isnan(summary->overlap))
        printf("overlap %.6g, ", summary->overlap);
    printf("energy defect %.2g (%s)", summary->integration.energy_defect,
           hf_run_is_accurate(summary->integration.energy_defect, params->solver.rtol) ? "fine" : "lower solver.rtol");
    if (summary->integration.conserved != NULL)
        printf(", drift of %s %.2g", summary->integration.conserved, summary->integration.drift);
    putchar('\n');
    printf("%" PRIu64 " step%s, %" PRIu64 " right-hand side%s, %" PRIu64 " factorization%s; steps repeated: %" PRIu64
           " + %" PRIu64 "\n",
           counts->steps, hf_plural(counts->steps), counts->evaluations, hf_plural(counts->evaluations), counts->setups,
           hf_plural(counts->setups), counts->error_failures, counts->newton_failures);
}

/* What the table of stages means, or where that is said. */
static void print_legend(const hf_experiment *x, bool explain)
{
    const hf_findings *f = x->has_flow ? &x->flow.findings : &x->main.run[0].findings;
    if (f->stage_count == 0)
        return;
    if (explain)
        hf_acquired_explain(f, stdout);
    else
        puts("What the columns mean: --explain, or doc/tables.md.");
}

static hf_status print_summary(const hf_experiment *x, bool explain, const char *directory, hf_error *err)
{
    const bool trained = x->main.seeds > 0;
    hf_status status = HF_OK;
    if (x->has_flow)
        print_flow(&x->params->flow, &x->flow);
    if (trained && !x->has_flow && x->params->flow.detector.detect.events) {
        printf("%s, seed %" PRIu64 ":\n", x->params->flow.origin.title, x->params->main.learner.train.seed);
        hf_findings_print(&x->main.run[0].findings, stdout);
    }
    if (trained)
        hf_comparison_print(x, stdout);
    else
        hf_predicted_print(x, stdout);
    if (x->rung_count > 0)
        status = hf_ladder_print(x, stdout, err);
    if (x->params->flow.detector.detect.events)
        print_legend(x, explain);
    printf("tables: %s%s%s\n", directory, trained || x->noisy != NULL ? "" : "/flow",
           x->rung_count > 0 ? ", the ladder's in ladder*.tsv" : "");
    return status;
}

/* Steps larger than 2 over the curvature grow; with momentum mu steps are stable up to 2 (1 + mu) over it. */
static void warn_of_lr(const hf_experiment *x)
{
    const double mu = hf_clock_of(&x->params->main.learner.train).momentum;
    if (x->main.seeds > 0 && hf_optimizer_is_plain(x->params->main.learner.train.optimizer) &&
        x->main.run[0].training.sharpness > 2 * (1 + mu))
        fprintf(
            stderr,
            "headflow: warning: train.lr times the largest curvature of the loss was %.3g at the start, where steps grow "
            "beyond %.3g; lower train.lr\n",
            x->main.run[0].training.sharpness, 2 * (1 + mu));
}

static int tell_interrupted(const hf_cli_options *options, const char *directory, const char *where)
{
    fprintf(stderr, "headflow: interrupted %s; go on with: headflow run ", where);
    const bool is_left = hf_cli_is_input(options->argument); /* whole, in directory, while standard input is gone */
    hf_shell_write_path(is_left ? directory : options->argument, HF_SHELL_BARE, stderr);
    fputs(is_left ? "/" HF_COMMIT_WORK "/model.conf -o " : " -o ", stderr);
    hf_shell_write(directory, HF_SHELL_BARE, stderr);
    if (options->task > 0 && !is_left)
        fprintf(stderr, " --task %zu", options->task);
    fputs(" --resume", stderr);
    hf_shell_write_overrides(is_left ? 0 : options->override_count, options->overrides, stderr);
    fputs("\n", stderr);
    return 128 + (int)hf_cli_signal;
}

/* Of the flow that was followed last. */
static double last_time(const hf_experiment *x)
{
    double t = x->flow.t;
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        t = x->has[c] && x->companion[c].t > 0 ? x->companion[c].t : t;
    return t;
}

static int interrupted(const hf_cli_options *options, const hf_experiment *x, const char *directory)
{
    char where[64] = "in training";
    if (x->main.seeds == 0)
        snprintf(where, sizeof where, "at t = %.6g", last_time(x));
    return tell_interrupted(options, directory, where);
}

/* One for each seed. More would share the samples of a step and wait for each other at its end, spinning, which is a loss
 * where other programs want the processors: that is for the user to ask for. */
static size_t default_threads(const hf_config *config)
{
    const size_t processors = hf_cli_processors();
    return processors < config->train.seeds ? processors : config->train.seeds;
}

/* Makes the folder, keeps others out and looks what is there. */
static hf_status open_folder(hf_folder *folder, const hf_config *config, const hf_cli_options *options,
                             const char *directory, hf_error *err)
{
    hf_folder_options how = {.resume = options->resume, .restart = options->restart};
    hf_status status = hf_directory_make(directory, err);
    if (status != HF_OK)
        return status;
    status = hf_cli_lock(directory, "lock", &how.read_only, err);
    if (status != HF_OK && !(how.read_only && options->resume))
        return status;
    const hf_folder_model model = hf_stored_model(config);
    status = hf_folder_open(folder, &model, directory, &how, err);
    if (status == HF_OK && folder->notice[0] != '\0' && !options->quiet)
        fprintf(stderr, "headflow: %s\n", folder->notice);
    return status;
}

static hf_status run_experiment(hf_experiment *x, const hf_config *config, const hf_experiment_params *params,
                                const hf_cli_options *options, const hf_folder *folder, hf_error *err)
{
    char cheaper[256];
    name_cheaper(config, sizeof cheaper, cheaper);
    size_t flows = 1;
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        flows += params->has[c];
    hf_cli_progress progress = {.stream = stderr,
                                .terminal = isatty(STDERR_FILENO),
                                .now = hf_cli_clock,
                                .flows = flows,
                                .trains = params->trains,
                                .cheaper = cheaper};
    const hf_experiment_options run = {.directory = folder->work,
                                       .finished = folder->reuse ? folder->directory : NULL,
                                       .resume = folder->resume,
                                       .threads = options->jobs == 0 ? default_threads(config) : options->jobs,
                                       .interrupted = &hf_cli_signal,
                                       .flow_progress = options->quiet ? NULL : hf_cli_progress_flow,
                                       .train_progress = options->quiet ? NULL : hf_cli_progress_training,
                                       .progress_data = &progress};
    hf_cli_watch_signals();
    hf_status status = hf_experiment_run(x, params, &run, err);
    hf_cli_progress_end(&progress);
    if (status == HF_OK && !x->interrupted && folder->work != NULL) {
        status = hf_compare_write(x, folder->work, run.finished, err);
        if (status != HF_OK)
            hf_experiment_clear(x);
    }
    return status;
}

/* What is left to do after the tables: all take their places; the summary, the figures. */
static hf_status finish(const hf_experiment *x, const hf_config *config, const hf_cli_options *options,
                        const hf_folder *folder, hf_error *err)
{
    const char *directory = folder->directory;
    const bool writes = folder->work != NULL, draws = writes && config->output.plots;
    const hf_plots_run plots = hf_fill_plots(config, x->params->flow.origin.hash);
    hf_status status = draws ? hf_plots_write(&plots, folder->work, err) : HF_OK;
    if (status == HF_OK)
        status = hf_folder_publish(folder, err);
    if (status != HF_OK)
        return status;
    warn_of_lr(x);
    if (x->all_were_here)
        fprintf(stderr, "headflow: %s already holds this run%s\n", directory,
                writes ? "" : ", and cannot be written: nothing was drawn");
    else if (hf_cli_says(options))
        status = print_summary(x, options->explain, directory, err);
    if (status == HF_OK && draws)
        status = hf_cli_draw(directory, options->quiet, err);
    if (status == HF_OK && hf_cli_says(options) && draws)
        printf("figures: %s/plots\n", directory);
    if (status == HF_OK && options->json)
        status = hf_cli_print_run(config, directory, err);
    return status == HF_OK ? hf_cli_flush(err) : status;
}

static hf_status run_chain(const hf_config *config, const hf_cli_options *options, const hf_folder *folder, hf_error *err)
{
    hf_token_run_params params;
    hf_status status = hf_fill_token_run(config, &params, err);
    if (status == HF_OK)
        status = hf_cli_run_tokens(&params, options, folder, err);
    hf_fill_clear_token_run(&params);
    return status;
}

static hf_status run_strings(const hf_config *config, const hf_cli_options *options, const hf_folder *folder, hf_error *err)
{
    hf_string_run_params params;
    const hf_status status = hf_fill_string_run(config, &params, err);
    return status == HF_OK ? hf_cli_run_strings(&params, options, folder, err) : status;
}

/* Training on tokens, into the folder. */
static int run_tokens(const hf_config *config, const hf_cli_options *options, const hf_folder *folder)
{
    hf_error err;
    int code = 0;
    hf_status status = (hf_config_predicts_tokens(config) ? run_chain : run_strings)(config, options, folder, &err);
    status = hf_config_place(config, status, &err);
    if (status == HF_OK && options->json && hf_cli_signal == 0)
        status = hf_cli_print_run(config, folder->directory, &err);
    if (status != HF_OK) {
        hf_folder_drop(folder, status);
        code = hf_cli_fail(&err);
    } else if (hf_cli_signal != 0)
        code = tell_interrupted(options, folder->directory, "in training");
    return code;
}

static int run_model(const hf_config *config, const hf_cli_options *options, const char *directory)
{
    hf_error err;
    hf_experiment x;
    hf_experiment_params params;
    hf_folder folder;
    int code = 0;
    if (open_folder(&folder, config, options, directory, &err) != HF_OK)
        return hf_cli_fail(&err);
    if (hf_config_reads_tokens(config)) {
        code = run_tokens(config, options, &folder);
        hf_folder_close(&folder);
        return code;
    }
    hf_status status = hf_fill_experiment(config, &params, &err);
    if (status == HF_OK)
        status = run_experiment(&x, config, &params, options, &folder, &err);
    status = hf_config_place(config, status, &err);
    if (status != HF_OK) {
        hf_fill_clear_experiment(&params);
        hf_folder_drop(&folder, status);
        hf_folder_close(&folder);
        return hf_cli_fail(&err);
    }
    if (x.interrupted)
        code = interrupted(options, &x, directory);
    else if (finish(&x, config, options, &folder, &err) != HF_OK) {
        code = hf_cli_fail(&err);
        code = hf_cli_signal != 0 ? 128 + (int)hf_cli_signal : code;
    }
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    hf_folder_close(&folder);
    return code;
}

/* The model, or one run of its sweep. */
static hf_status read_model(const hf_cli_options *options, hf_config *config, hf_error *err)
{
    hf_cli_model model;
    hf_status status = hf_cli_model_open(&model, options->argument, err);
    if (status == HF_OK && options->task > 0)
        status = hf_one_task_read(config, &model.source, options->override_count, options->overrides, options->task, err);
    else if (status == HF_OK)
        status = hf_config_read_from(config, &model.source, options->override_count, options->overrides, err);
    hf_cli_model_close(&model);
    if (status != HF_OK || !config->declared.sweep)
        return status;
    char *word = hf_cli_model_word(options->argument);
    const char *shown = word == NULL ? "MODEL" : word;
    status = hf_config_reject(
        config, err, config->sweep.over.count > 0 ? "sweep.over" : "sweep.seeds",
        "this model is many runs, expected: headflow sweep %s, or for one of them: headflow run %s --task N", shown, shown);
    free(word);
    hf_config_clear(config);
    return status;
}

/* What -o says, out/NAME, or out/NAME-task-N; to be freed. NULL: memory. */
static char *choose_directory(const hf_cli_options *options)
{
    if (options->directory != NULL)
        return strdup(options->directory);
    char *usual = hf_cli_default_directory(options->argument);
    if (usual == NULL || options->task == 0)
        return usual;
    const size_t size = strlen(usual) + 32;
    char *directory = malloc(size);
    if (directory != NULL)
        snprintf(directory, size, "%s-task-%zu", usual, options->task);
    free(usual);
    return directory;
}

static int run(const hf_cli_options *options)
{
    hf_config config;
    hf_error err;
    if (options->resume && options->restart) {
        hf_fail(&err, HF_EUSAGE, "--resume goes on with what is there, --restart throws it away: expected one of them");
        return hf_cli_fail(&err);
    }
    if (read_model(options, &config, &err) != HF_OK)
        return hf_cli_fail(&err);
    char *directory = choose_directory(options);
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
    .usage = "run MODEL [-o DIR] [-s path=value]... [-j N] [--task N] [--resume|--restart] [--explain] [--quiet] [--json]",
    .summary = "integrate, train, compare; write tables and figures",
    .short_options = "osjrxeqkJ",
    /* clang-format off */
    .help =
        "Does what MODEL declares: a flow section integrates the gradient flow, a train section trains the transformer, with\n"
        "both the two are compared; with neither the flow is integrated. Writes DIR/model.conf (the effective configuration), tables\n"
        "(DIR/flow/*.tsv, DIR/train/seed-N/*.tsv, DIR/compare.tsv) and the figures DIR/plots/*.gp and, where gnuplot is\n"
        "installed, *.png.\n"
        "\n"
        "MODEL is a file, or - for standard input.\n"
        "\n"
        "  -o DIR          where to; default out/NAME for models/NAME.conf, out/stdin for -\n"
        "  -s path=value   sets a key as in the model file: -s solver.rtol=1e-10 -s target.strengths='(2.89, 1.7, 1)'\n"
        "  -j N            threads for training; default: one for each seed, as far as there are processors. More share the\n"
        "                  samples of a step; where others want the processors, too, set OMP_WAIT_POLICY=passive then.\n"
        "                  Results do not depend on it.\n"
        "  --task N        of a model with a sweep section: run number N of it (as in tasks.tsv and results.tsv), an ordinary\n"
        "                  run with tables and figures; default directory out/NAME-task-N\n"
        "  --resume        goes on with an interrupted run; the result is the same, bit for bit, as without the interruption.\n"
        "                  train.steps and train.seeds may have grown since: training goes on; with a larger solver.t_end the\n"
        "                  flow starts anew, for its output times change\n"
        "  --restart       throws away an unfinished run in DIR, also one of more than a minute of work\n"
        "  --explain       says what the columns of the summary mean\n"
        "  --quiet         no progress and no summary\n"
        "  --json          in place of the summary, the findings and where the tables are, as JSON\n"
        "\n"
        "headflow help keys lists all keys of a model file; headflow check MODEL shows their effective values.\n",
    /* clang-format on */
    .run = run,
};
