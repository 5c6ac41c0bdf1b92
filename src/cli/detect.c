/* headflow detect: plateaus, drops and stages of somebody's training log. */
#include "cli/cli.h"
#include "cli/findings.h"
#include "cli/logs.h"
#include "cli/model.h"

#include "compare/beside.h"
#include "config/config.h"
#include "config/fill.h"
#include "log/summary.h"
#include "log/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static hf_status read_logs(hf_log *log, const hf_cli_options *options, hf_error *err)
{
    const hf_log_wish wish = {options->step, options->loss_count, options->losses};
    hf_status status = HF_OK;
    for (size_t i = 0; i < options->argument_count && status == HF_OK; i++)
        status = hf_cli_read_log(log, options->arguments[i], &wish, err);
    return status == HF_OK ? hf_log_name(log, err) : status;
}

/* Standard input is one thing only. */
static hf_status check_inputs(const hf_cli_options *options, hf_error *err)
{
    size_t count = options->beside != NULL && hf_cli_is_input(options->beside);
    for (size_t i = 0; i < options->argument_count; i++)
        count += hf_cli_is_input(options->arguments[i]);
    return count <= 1 ? HF_OK : hf_fail(err, HF_EUSAGE, "- is standard input, which can be read once: expected one -");
}

/* What was found, and beside what. */
typedef struct {
    hf_log log;
    hf_log_look *look; /* (log.count) */
    size_t count;      /* of those that were looked at */
    hf_config model;   /* beside it */
    hf_flow_run_params flow;
    hf_clock clock;
    hf_beside beside;
} session;

static hf_status write_all(const session *s, const hf_cli_options *options, hf_error *err)
{
    hf_status status = hf_log_tables_write(s->count, s->look, &hf_search_usual, options->directory, err);
    if (status == HF_OK)
        status = hf_log_figure_write(s->count, s->look, options->directory, err);
    if (status == HF_OK && options->beside != NULL)
        status = hf_beside_write(&s->beside, s->count, s->look, options->directory, err);
    if (status == HF_OK && hf_cli_says(options))
        printf("tables: %s\n", options->directory);
    if (status == HF_OK)
        status = hf_cli_draw(options->directory, options->quiet, err);
    if (status == HF_OK && hf_cli_says(options))
        printf("figures: %s/plots\n", options->directory);
    return status;
}

static void print_all(const session *s, const hf_cli_options *options)
{
    size_t stages = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0)
            putchar('\n');
        hf_log_print(&s->look[i], stdout);
        stages += s->look[i].found.stage_count;
    }
    if (stages > 0)
        hf_log_print_legend(stdout);
    if (options->beside != NULL) {
        putchar('\n');
        hf_beside_print(&s->beside, s->count, s->look, stdout);
    }
}

static hf_status print_json(const session *s, const hf_cli_options *options, hf_error *err)
{
    hf_frames found = {0};
    hf_status status = hf_log_tables_keep(s->count, s->look, &found, err);
    if (status == HF_OK && options->beside != NULL)
        status = hf_beside_keep(&s->beside, s->count, s->look, &found, err);
    if (status == HF_OK)
        status = hf_frames_check(&found, err);
    if (status == HF_OK)
        status = hf_cli_print_curves(&found, options->directory, err);
    hf_frames_clear(&found);
    return status;
}

static hf_status look_at_all(session *s, const hf_cli_options *options, hf_error *err)
{
    hf_status status = read_logs(&s->log, options, err);
    if (status == HF_OK && (s->look = calloc(s->log.count, sizeof *s->look)) == NULL)
        status = hf_fail_memory(err, "the curves");
    for (; status == HF_OK && s->count < s->log.count; s->count += status == HF_OK)
        status = hf_log_look_at(&s->look[s->count], &s->log.curve[s->count], &hf_search_usual, err);
    return status;
}

/* Reads the model. Its flow is to reach the end of the logs. */
static hf_status open_beside(session *s, const hf_cli_options *options, hf_error *err)
{
    double last = 0;
    for (size_t i = 0; i < s->count; i++)
        last = fmax(last, s->look[i].rows.x[s->look[i].rows.count - 1]);
    if (options->beside == NULL && options->lr > 0)
        return hf_fail(err, HF_EUSAGE, "--lr says how much flow time a step is: it goes with --beside MODEL");
    if (options->beside == NULL && options->override_count > 0)
        return hf_fail(err, HF_EUSAGE, "-s overrides a model's keys: it goes with --beside MODEL");
    if (options->beside == NULL)
        return HF_OK;
    hf_status status = hf_cli_read_config(&s->model, options->beside, options->override_count, options->overrides, err);
    if (status == HF_OK)
        status = hf_cli_find_clock(&s->model, options->beside, "--beside ", options->lr, &s->clock, err);
    if (status != HF_OK)
        return status;
    s->model.solver.t_end = fmax(s->model.solver.t_end, hf_clock_time(s->clock, last));
    status = hf_fill_flow_run(&s->model, &s->flow, err);
    return status == HF_OK ? hf_fill_identity(&s->model, &s->flow.origin, &s->flow.state_hash, err) : status;
}

static void close_session(session *s)
{
    hf_beside_clear(&s->beside);
    hf_fill_clear_problem(&s->flow.problem);
    hf_config_clear(&s->model);
    for (size_t i = 0; i < s->count; i++)
        hf_log_look_clear(&s->look[i]);
    free(s->look);
    hf_log_clear(&s->log);
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    session s = {.look = NULL};
    hf_status status = check_inputs(options, &err);
    if (status == HF_OK)
        status = look_at_all(&s, options, &err);
    if (status == HF_OK)
        status = open_beside(&s, options, &err);
    if (status == HF_OK && options->directory != NULL)
        status = hf_cli_open_folder(options->directory, &err);
    if (status == HF_OK && options->beside != NULL) {
        hf_cli_watch_signals();
        status = hf_beside_run(&s.beside, &s.flow, s.clock, options->directory, &hf_cli_signal, &err);
    }
    const bool interrupted = s.beside.interrupted;
    if (status == HF_OK && hf_cli_says(options) && !interrupted)
        print_all(&s, options);
    if (status == HF_OK && options->directory != NULL && !interrupted)
        status = write_all(&s, options, &err);
    if (status == HF_OK && options->json && !interrupted)
        status = print_json(&s, options, &err);
    close_session(&s);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    if (status == HF_OK && interrupted)
        fprintf(stderr, "headflow: interrupted: nothing was compared\n");
    return status != HF_OK ? hf_cli_fail(&err) : interrupted ? 128 + (int)hf_cli_signal : 0;
}

const hf_cli_command hf_cli_detect = {
    .name = "detect",
    .usage = "detect LOG... [-o DIR] [--step NAME] [--loss NAME]... [--beside MODEL] [--lr X] [--json]",
    .argument = "LOG",
    .many = true,
    .summary = "stages of somebody's training log",
    .short_options = "oqplwysJ",
    /* clang-format off */
    .help =
        "Finds the plateaus, drops and stages of training logs: CSV or TSV with a line of names (pandas, W&B and TensorBoard\n"
        "exports, numpy.savetxt with a header), with noise of any size, gaps, NaN, steps out of order or repeated, on any grid.\n"
        "One LOG may be -, for standard input.\n"
        "\n"
        "  -o DIR         writes DIR/stages.tsv, curves.tsv, plateaus.tsv, slope.tsv, samples.tsv and DIR/plots/detect.png;\n"
        "                 without it nothing is written\n"
        "  --step NAME    the column of steps or times; default: step, iteration, t, epoch, ..., the only other column that\n"
        "                 rises, or the number of the row\n"
        "  --loss NAME    the column of the loss, again for each of several; NAME also takes RUN - NAME of W&B for all runs,\n"
        "                 and train/NAME; default: loss, train_loss, ..., or the only one that it can be\n"
        "  --beside MODEL puts the flow of a model file beside it: times at the levels between the flow's plateaus, in\n"
        "                 DIR/compare.tsv and DIR/plots/beside.png; DIR/flow holds the flow. Its losses must be the log's\n"
        "  --lr X         flow time of a step; with train.optimizer = \"momentum\" in MODEL, X/(1 - train.momentum), less at\n"
        "                 first; default: train.lr of MODEL\n"
        "  -s PATH=VALUE  overrides a key of MODEL\n"
        "  --quiet        no summary\n"
        "  --json         in place of the summary, what was found as JSON\n"
        "\n"
        "Says which columns were taken, what was done to the rows, how large the noise is, and of every stage when it is,\n"
        "between which levels, and how sure it is. A curve that rises is looked at upside down. doc/detect.md says how.\n",
    /* clang-format on */
    .run = run,
};
