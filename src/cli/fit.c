/* headflow fit: parameters of a flow from a training log. */
#include "cli/cli.h"
#include "cli/findings.h"
#include "cli/logs.h"
#include "cli/model.h"

#include "config/config.h"
#include "config/fill.h"
#include "estimate/tables.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const hf_cli_options *options;
    hf_log log;
    hf_rows rows;
    size_t first; /* row that is used, and how many */
    hf_config model;
    hf_flow_run_params flow;
    hf_learner_params learner;
    char **names; /* of sensitivity.to, where the command line or nobody says what is fitted; owned list of others' names */
    hf_estimate_params params;
    hf_estimate found;
} session;

/* ---- the log ---- */

static hf_status choose_rows(session *s, const hf_log_curve *curve, hf_error *err)
{
    const hf_cli_options *o = s->options;
    hf_status status = hf_rows_clean(&s->rows, curve->count, curve->x, curve->y, 1, err);
    if (status != HF_OK)
        return status;
    size_t last = s->rows.count;
    while (s->first < last && s->rows.x[s->first] < o->from)
        s->first++;
    while (last > s->first && s->rows.x[last - 1] > o->until)
        last--;
    s->params.count = last - s->first;
    s->params.step = s->rows.x + s->first;
    s->params.loss = s->rows.y + s->first;
    if (s->params.count < 8)
        return hf_fail(err, HF_EUSAGE, "%s: %zu row%s a step and a finite loss there, expected 8 or more", curve->name,
                       s->params.count, s->params.count == 1 ? " has" : "s have");
    if (s->params.step[0] < 0)
        return hf_fail(err, HF_EUSAGE, "%s: begins at step %g, expected steps from 0; --from 0 leaves out what is before", curve->name,
                       s->params.step[0]);
    return HF_OK;
}

static hf_status read_log(session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    const char *file = o->arguments[1];
    const hf_log_wish wish = {o->step, o->loss_count, o->losses};
    hf_status status = hf_cli_read_log(&s->log, file, &wish, err);
    if (status == HF_OK)
        status = hf_log_name(&s->log, err);
    if (status == HF_OK && s->log.count != 1)
        return hf_fail(err, HF_EUSAGE, "%s: has %zu curves, '%s', '%s' ...: expected one; choose it by --loss NAME", file, s->log.count,
                       s->log.curve[0].name, s->log.curve[1].name);
    return status == HF_OK ? choose_rows(s, &s->log.curve[0], err) : status;
}

/* ---- the model ---- */

/* What is fitted: what the command line says, or else the model, or else where the heads start; and lr, unless the command line
 * says otherwise. */
static hf_status choose_parameters(session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    static char perturbation[] = "perturbation";
    s->params.has_lr = o->to_count == 0;
    if (o->to_count == 0 && s->flow.sensitivity.to.count > 0)
        return HF_OK;
    s->names = calloc(o->to_count + 1, sizeof *s->names);
    if (s->names == NULL)
        return hf_fail_memory(err, "the parameters");
    size_t count = 0;
    for (size_t i = 0; i < o->to_count; i++)
        if (strcmp(o->to[i], "lr") != 0)
            s->names[count++] = (char *)o->to[i];
        else if (s->params.has_lr)
            return hf_fail(err, HF_EUSAGE, "--to: has lr twice, expected each once");
        else
            s->params.has_lr = true;
    if (o->to_count == 0)
        s->names[count++] = perturbation;
    s->flow.sensitivity.to = (hf_strings){count, s->names};
    return HF_OK;
}

/* Messages about the key are about the option, where that was given. */
static hf_status say_option(const session *s, hf_status status, hf_error *err)
{
    char text[sizeof err->message];
    if (status == HF_OK || s->names == NULL || err->key == NULL || strcmp(err->key, "sensitivity.to") != 0)
        return status;
    snprintf(text, sizeof text, "%s", err->message + strlen(err->key));
    return hf_fail(err, status, "--to%s%s", text, strstr(text, "no parameter '") != NULL ? ", or lr" : "");
}

/* Whose trainings say how much a seed matters: those of the model, where its steps are those of the log. */
static hf_status choose_seeds(session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    const hf_config *model = &s->model;
    enum { NOISY = 16, EXACT = 4 };
    const bool can = model->declared.train && model->flow.system == HF_SYSTEM_HEADS;
    if (o->seeds > 0 && !can)
        return hf_fail(err, HF_EUSAGE, "--seeds: the model has no train section, whose trainings they would be");
    s->params.seeds = o->has_seeds ? o->seeds : can ? (model->train.batch > 0 ? NOISY : EXACT) : 0;
    if (s->params.seeds == 0)
        return HF_OK;
    const hf_status status = hf_fill_learner(model, &s->learner, err);
    s->params.learner = &s->learner;
    s->params.first_seed = model->train.seed + model->train.seeds; /* none of those that the log may be of */
    return status;
}

static hf_status open_model(session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    hf_status status = hf_cli_read_config(&s->model, o->arguments[0], o->override_count, o->overrides, err);
    if (status == HF_OK)
        status = hf_cli_find_clock(&s->model, o->arguments[0], "", o->lr, &s->params.clock, err);
    if (status == HF_OK)
        status = hf_fill_flow_run(&s->model, &s->flow, err);
    if (status == HF_OK)
        status = hf_fill_identity(&s->model, &s->flow.origin, &s->flow.state_hash, err);
    if (status == HF_OK)
        status = choose_parameters(s, err);
    if (status == HF_OK)
        status = choose_seeds(s, err);
    s->params.flow = &s->flow;
    s->params.interrupted = &hf_cli_signal;
    return status;
}

/* ---- the whole ---- */

static hf_status tell(const session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    hf_frames frames = {0};
    hf_status status = HF_OK;
    if (hf_cli_says(o))
        hf_estimate_print(&s->found, &s->params, s->log.curve[0].name, stdout);
    if (o->directory != NULL)
        status = hf_estimate_write(&s->found, &s->params, o->directory, err);
    if (status == HF_OK && o->directory != NULL && hf_cli_says(o))
        printf("tables: %s\n", o->directory);
    if (status == HF_OK && o->directory != NULL)
        status = hf_cli_draw(o->directory, o->quiet, err);
    if (status == HF_OK && o->directory != NULL && hf_cli_says(o))
        printf("figures: %s/plots\n", o->directory);
    if (status == HF_OK && o->json) {
        status = hf_estimate_keep(&s->found, &s->params, &frames, err);
        if (status == HF_OK)
            status = hf_frames_check(&frames, err);
        if (status == HF_OK)
            status = hf_cli_print_fit(&frames, o->directory, err);
    }
    hf_frames_clear(&frames);
    return status;
}

static hf_status work(session *s, hf_error *err)
{
    const hf_cli_options *o = s->options;
    if (o->argument_count != 2)
        return hf_fail(err, HF_EUSAGE, "%s; usage: headflow %s", o->argument_count < 2 ? "LOG is missing" : "one argument too many",
                       hf_cli_fit.usage);
    if (hf_cli_is_input(o->arguments[0]) && hf_cli_is_input(o->arguments[1]))
        return hf_fail(err, HF_EUSAGE, "- is standard input, which can be read once: expected one -");
    hf_status status = read_log(s, err);
    if (status == HF_OK)
        status = open_model(s, err);
    if (status == HF_OK && o->directory != NULL)
        status = hf_cli_open_folder(o->directory, err);
    if (status == HF_OK) {
        hf_cli_watch_signals();
        status = say_option(s, hf_estimate_run(&s->found, &s->params, err), err);
    }
    return status == HF_OK && !s->found.interrupted ? tell(s, err) : status;
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    session s = {.options = options};
    hf_status status = work(&s, &err);
    const bool interrupted = s.found.interrupted;
    hf_estimate_clear(&s.found);
    hf_fill_clear_problem(&s.flow.problem);
    hf_fill_clear_problem(&s.learner.problem);
    hf_config_clear(&s.model);
    hf_rows_clear(&s.rows);
    hf_log_clear(&s.log);
    free(s.names);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    if (status == HF_OK && interrupted)
        fprintf(stderr, "headflow: interrupted: nothing was fitted\n");
    return status != HF_OK ? hf_cli_fail(&err) : interrupted ? 128 + (int)hf_cli_signal : 0;
}

const hf_cli_command hf_cli_fit = {
    .name = "fit",
    .usage = "fit MODEL LOG [--to NAME]... [-o DIR] [--lr X] [--step NAME] [--loss NAME] [--from X] [--until X] [--seeds N] [--json]",
    .argument = "MODEL",
    .many = true,
    .summary = "parameters of a flow from a training log",
    .short_options = "osqplyifudJ",
    /* clang-format off */
    .help =
        "Finds the parameters with which the flow of a model comes nearest to the loss of a training log, and says how well the\n"
        "log tells them. LOG is read as headflow detect reads it; one of MODEL and LOG may be -, for standard input.\n"
        "\n"
        "  --to NAME      a parameter to be fitted, again for each of several: lr, the learning rate of the log, which says how\n"
        "                 much flow time a step is, or one of sensitivity.to (doc/sensitivity.md) but for positions; default: lr and\n"
        "                 sensitivity.to of MODEL or, without it, perturbation\n"
        "  -o DIR         writes DIR/fit.tsv, fitted.tsv and DIR/plots/fitted.png; without it nothing is written\n"
        "  --lr X         where lr starts, or what it is, if it is not fitted; default: train.lr of MODEL\n"
        "  --step NAME    the column of steps; default: as headflow detect\n"
        "  --loss NAME    the column of the loss; default: as headflow detect\n"
        "  --from X, --until X  the steps that count, both included; default: all\n"
        "  --seeds N      trainings of the fitted parameters that say how much their seed matters, 4 or more; 0: none; default: 16\n"
        "                 with train.batch in MODEL, 4 with a train section without, else 0\n"
        "  -s PATH=VALUE  overrides a key of MODEL\n"
        "  --quiet        no summary\n"
        "  --json         in place of the summary, what was found as JSON\n"
        "\n"
        "Values of MODEL are where the search starts. Errors are relative; two of them hold 95 %. doc/fit.md says how.\n",
    /* clang-format on */
    .run = run,
};
