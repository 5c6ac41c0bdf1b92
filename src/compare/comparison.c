#include "compare/comparison.h"

#include "compare/verdict.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "report/acquired.h"
#include "report/table.h"
#include "train/clock.h"
#include "train/optimizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- heads ---- */

/* The pattern of which a head carries the largest share. */
static size_t carried(size_t patterns, const double *share)
{
    size_t best = 0;
    for (size_t j = 1; j < patterns; j++)
        if (share[j] > share[best])
            best = j;
    return best;
}

bool hf_comparison_match_heads(size_t heads, size_t patterns, const double *share_flow, const double *share_run,
                               size_t *head_of)
{
    for (size_t k = 0; k < heads; k++) {
        const size_t pattern = carried(patterns, share_run + k * patterns);
        size_t in_flow = 0, in_run = 0;
        for (size_t l = 0; l < heads; l++) {
            if (carried(patterns, share_flow + l * patterns) == pattern) {
                head_of[k] = l;
                in_flow++;
            }
            in_run += carried(patterns, share_run + l * patterns) == pattern;
        }
        if (in_flow != 1 || in_run != 1)
            return false;
    }
    return true;
}

/* ---- quantiles ---- */

/* The q-quantile over seeds of one number of every run; index is the number's to use. */
static double quantile_of(const hf_rung *rung, double (*number)(const hf_run_summary *run, size_t index), size_t index,
                          double q)
{
    double *x = malloc((rung->seeds + 1) * sizeof *x);
    if (x == NULL)
        return NAN;
    for (size_t k = 0; k < rung->seeds; k++)
        x[k] = number(&rung->run[k], index);
    hf_sort(rung->seeds, x);
    const double quantile = hf_quantile(rung->seeds, x, q);
    free(x);
    return quantile;
}

static double crossing(const hf_run_summary *run, size_t level)
{
    return run->training.crossing[level];
}

double hf_comparison_quantile(const hf_rung *rung, size_t l, double q)
{
    return quantile_of(rung, crossing, l, q);
}

/* ---- compare.tsv ---- */

/* The stage in which the loss passes a level; NULL: none does. */
static const hf_stage *stage_through(const hf_findings *f, double level, size_t *number)
{
    for (size_t i = 0; f != NULL && i < f->stage_count; i++)
        if (f->stage[i].before->loss > level && !(f->stage[i].loss_after > level)) {
            *number = i + 1;
            return &f->stage[i];
        }
    return NULL;
}

typedef struct {
    const char *curve, *seed;
    size_t stage;
    double level, step, t, deviation_flow, deviation_drift, deviation_optimizer, t_onset, t_peak, t_settle;
    size_t pattern, carrier, carrier_in_flow;
    double deviation_step, deviation_step_drift;
} level_row;

/* clang-format off */
static const hf_column level_columns[] = {
    HF_COLUMN(level_row, curve, "", "flow; drift, step, step-drift: the flow with the drift of the noise, with finite steps, with finite steps and drift; seed; median, p10, p90 of the seeds; optimizer, the flow of the optimizer with a seed's features"),
    HF_COLUMN(level_row, seed, "", "of the training run"),
    HF_COLUMN(level_row, stage, "", "of the flow"),
    HF_COLUMN(level_row, level, "loss", "halfway between the flow's plateaus around the stage"),
    HF_COLUMN(level_row, step, "steps", "the loss first falls below the level"),
    HF_COLUMN(level_row, t, "flow time", "likewise"),
    HF_COLUMN(level_row, deviation_flow, "1", "t over that of the flow, minus 1"),
    HF_COLUMN(level_row, deviation_drift, "1", "t over that of the flow with drift, minus 1"),
    HF_COLUMN(level_row, t_onset, "flow time", "of the curve's own stage that passes the level"),
    HF_COLUMN(level_row, t_peak, "flow time", "likewise"),
    HF_COLUMN(level_row, t_settle, "flow time", "likewise"),
    HF_COLUMN_INDEX(level_row, pattern, "", "the first pattern that it acquires"),
    HF_COLUMN_INDEX(level_row, carrier, "", "the head that carries it"),
    HF_COLUMN_INDEX(level_row, carrier_in_flow, "", "the flow's head that carries what this one does in the end"),
    HF_COLUMN(level_row, deviation_optimizer, "1", "step over that of the optimizer's own flow with the same features, minus 1"),
    HF_COLUMN(level_row, deviation_step, "1", "t over that of the flow with finite steps, minus 1"),
    HF_COLUMN(level_row, deviation_step_drift, "1", "t over that of the flow with finite steps and drift, minus 1"),
};
static const hf_table_kind levels_table = {"compare.tsv", "A row for every curve and every stage of the flow.", HF_COLUMNS(level_columns)};
/* clang-format on */

/* A row: curve, its seed (NULL: none), the step (nan: it has none) and time at which level l is reached, the step of the optimizer's
 * flow (nan: none), and the curve's own findings (NULL: none) with its heads' numbers in the flow (NULL: unknown). */
static void write_level(hf_table *table, const hf_experiment *x, const char *curve, const uint64_t *seed, size_t l,
                        double step, double step_optimizer, double t, const hf_findings *findings, const size_t *head_of)
{
    const hf_levels *levels = &x->levels;
    size_t number = 0;
    const hf_stage *stage = stage_through(findings, levels->level[l], &number);
    const hf_event *acquired = stage == NULL ? NULL : hf_acquired_first(findings, number);
    char seed_text[24] = "nan";
    if (seed != NULL)
        snprintf(seed_text, sizeof seed_text, "%" PRIu64, *seed);
    const level_row row = {.deviation_optimizer = step / step_optimizer - 1,
                           .curve = curve,
                           .seed = seed_text,
                           .stage = l + 1,
                           .level = levels->level[l],
                           .step = step,
                           .t = t,
                           .deviation_flow = t / levels->t_flow[l] - 1,
                           .deviation_drift = t / levels->t_companion[HF_COMPANION_DRIFT][l] - 1,
                           .deviation_step = t / levels->t_companion[HF_COMPANION_STEP][l] - 1,
                           .deviation_step_drift = t / levels->t_companion[HF_COMPANION_STEP_DRIFT][l] - 1,
                           .t_onset = stage == NULL ? NAN : stage->t_onset,
                           .t_peak = stage == NULL ? NAN : stage->t_peak,
                           .t_settle = stage == NULL ? NAN : stage->t_settle,
                           .pattern = acquired == NULL ? 0 : acquired->pattern,
                           .carrier = acquired == NULL ? 0 : acquired->head,
                           .carrier_in_flow = acquired == NULL || head_of == NULL ? 0 : head_of[acquired->head - 1] + 1};
    hf_table_line(table, &levels_table, &row);
}

static void write_flows(hf_table *table, const hf_experiment *x, size_t *head_of)
{
    for (size_t k = 0; k < x->flow.heads; k++)
        head_of[k] = k;
    for (size_t l = 0; l < x->levels.count; l++)
        write_level(table, x, "flow", NULL, l, NAN, NAN, x->levels.t_flow[l], &x->flow.findings, head_of);
    for (size_t c = 0; c < HF_COMPANIONS; c++) {
        const hf_run_summary *other = &x->companion[c];
        const bool matched = x->has[c] && hf_comparison_match_heads(x->flow.heads, x->flow.patterns, x->flow.share,
                                                                    other->share, head_of);
        for (size_t l = 0; l < x->levels.count && x->has[c]; l++)
            write_level(table, x, hf_companion_names[c], NULL, l, NAN, NAN, x->levels.t_companion[c][l], &other->findings,
                        matched ? head_of : NULL);
    }
}

/* The step at which the optimizer's flow with the features of seed number k falls below level l; nan: there is no such flow. */
static double step_of_optimizer(const hf_experiment *x, size_t k, size_t l)
{
    return k < x->optimizer.seeds ? x->optimizer.run[k].training.crossing[l] : NAN;
}

/* One curve for every seed: the training itself, or the flow of its optimizer. */
static void write_seeds(hf_table *table, const hf_experiment *x, const char *curve, const hf_rung *rung, size_t *head_of)
{
    const hf_clock clock = hf_clock_of(&x->params->main.learner.train);
    for (size_t k = 0; k < rung->seeds; k++) {
        const hf_run_summary *run = &rung->run[k];
        const uint64_t seed = x->params->main.learner.train.seed + k;
        const bool matched = hf_comparison_match_heads(run->heads, run->patterns, x->flow.share, run->share, head_of);
        for (size_t l = 0; l < x->levels.count; l++)
            write_level(table, x, curve, &seed, l, run->training.crossing[l], step_of_optimizer(x, k, l),
                        hf_clock_time(clock, run->training.crossing[l]), &run->findings, matched ? head_of : NULL);
    }
}

static void write_quantiles(hf_table *table, const hf_experiment *x)
{
    static const struct {
        const char *name;
        double q;
    } kinds[] = {{"median", 0.5}, {"p10", 0.1}, {"p90", 0.9}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t l = 0; l < x->levels.count; l++) {
            const double step = hf_comparison_quantile(&x->main, l, kinds[i].q);
            write_level(table, x, kinds[i].name, NULL, l, step, NAN,
                        hf_clock_time(hf_clock_of(&x->params->main.learner.train), step), NULL, NULL);
        }
}

static hf_status write_compare(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    size_t *head_of = malloc(x->params->flow.problem.heads * sizeof *head_of);
    if (head_of == NULL)
        return hf_fail_memory(err, "the comparison");
    hf_status status = hf_table_open(&table, directory, levels_table.name, origin, err);
    if (status == HF_OK) {
        hf_table_comment(&table,
                         "a stage's time is when the loss first falls below the middle between the flow's plateaus");
        if (!hf_clock_of(&x->params->main.learner.train).is_time)
            hf_table_comment(&table,
                             "steps of %s are no flow time: t_onset, t_peak, t_settle of seeds count steps, compare "
                             "order and levels only",
                             hf_optimizer_name(x->params->main.learner.train.optimizer));
        if (x->params->main.learner.train.features == HF_FEATURES_RANDOM)
            hf_table_comment(&table,
                             "random features: the flow is that of orthogonal ones, from which they are off by about 1/d");
        hf_table_head(&table, &levels_table, NULL);
        write_flows(&table, x, head_of);
        write_seeds(&table, x, "seed", &x->main, head_of);
        write_quantiles(&table, x);
        write_seeds(&table, x, "optimizer", &x->optimizer, head_of);
        status = hf_file_commit(&table.file, err);
    }
    free(head_of);
    return status;
}

/* ---- runs.tsv ---- */

/* A companion's largest deviations from the flow, at its own steps. */
static void deviations(const hf_experiment *x, const hf_curve *curve, hf_deviation *before, hf_deviation *after)
{
    *before = *after = (hf_deviation){NAN, NAN};
    for (size_t i = 0; i < curve->count; i++)
        hf_curve_compare(&x->flow.findings.curve, curve->at[i].t, curve->at[i].loss,
                         curve->at[i].t <= x->levels.settled ? before : after);
}

typedef struct {
    const char *curve, *seed, *step;
    double t, loss, overlap, stages, sharpness, t_before, deviation_before, t_after, deviation_after;
    double train_loss, early_step, early_t, early_loss, early_class, early_distance;
    const char *heads;
    size_t head_count;
    const size_t *head_of; /* (head_count) NULL: unknown */
} run_row;

static void name_heads(hf_table *table, const void *row)
{
    for (size_t k = 1; k <= ((const run_row *)row)->head_count; k++)
        hf_table_text(table, "head_%zu", k);
}

static void write_heads(hf_table *table, const void *row)
{
    const run_row *r = row;
    for (size_t k = 0; k < r->head_count; k++)
        hf_table_index(table, r->head_of != NULL ? r->head_of[k] + 1 : 0);
}

static const hf_column_group head_columns = {name_heads, write_heads};

/* clang-format off */
static const hf_column run_columns[] = {
    HF_COLUMN(run_row, curve, "", "seed; drift, step, step-drift: the flow with the drift of the noise, with finite steps, with finite steps and drift"),
    HF_COLUMN(run_row, seed, "", "of the training run"),
    HF_COLUMN(run_row, step, "steps", "at the end"),
    HF_COLUMN(run_row, t, "flow time", "at the end"),
    HF_COLUMN(run_row, loss, "loss", "at the end"),
    HF_COLUMN(run_row, overlap, "1", "at the end"),
    HF_COLUMN(run_row, stages, "", "number of stages"),
    HF_COLUMN(run_row, sharpness, "1", "lr times the largest curvature of the loss at the start"),
    HF_COLUMN(run_row, t_before, "flow time", "of the largest deviation from the flow up to the settling of its first stage"),
    HF_COLUMN(run_row, deviation_before, "start loss", "that deviation of the loss"),
    HF_COLUMN(run_row, t_after, "flow time", "of the largest one later"),
    HF_COLUMN(run_row, deviation_after, "start loss", "that deviation of the loss"),
    HF_COLUMN(run_row, train_loss, "loss", "on the fixed samples at the end, with the label noise"),
    HF_COLUMN(run_row, early_step, "steps", "the held-out loss, or that of the population, is lowest: the early stop"),
    HF_COLUMN(run_row, early_t, "flow time", "of the early stop"),
    HF_COLUMN(run_row, early_loss, "loss", "held-out loss there"),
    HF_COLUMN(run_row, early_class, "", "k of the smallest distance_k there"),
    HF_COLUMN(run_row, early_distance, "loss", "that distance"),
    HF_COLUMN(run_row, heads, "", "the flow's head for each head of the run, separated by commas; nan unless every head carries a pattern of its own"),
    HF_COLUMN_GROUP(&head_columns, "head_<h>", "", "the same, for head h of the run"),
};
static const hf_table_kind runs_table = {"runs.tsv", "A row for every training run, and for the flows with drift and finite steps.", HF_COLUMNS(run_columns)};
/* clang-format on */

/* head_of: (heads) or NULL */
static hf_status write_run(hf_table *table, run_row *row, size_t heads, const size_t *head_of, hf_error *err)
{
    char *text = malloc(heads * 24 + 4), *at = text;
    if (text == NULL)
        return hf_fail_memory(err, "the comparison");
    strcpy(text, "nan");
    for (size_t k = 0; k < heads && head_of != NULL; k++)
        at += sprintf(at, "%s%zu", k == 0 ? "" : ",", head_of[k] + 1);
    row->heads = text;
    row->head_count = heads;
    row->head_of = head_of;
    hf_table_line(table, &runs_table, row);
    free(text);
    return HF_OK;
}

/* scratch: (heads) */
static hf_status write_seed(hf_table *table, const hf_experiment *x, size_t k, size_t *scratch, hf_error *err)
{
    const hf_run_summary *run = &x->main.run[k];
    char seed[24], step[24];
    snprintf(seed, sizeof seed, "%" PRIu64, x->params->main.learner.train.seed + k);
    snprintf(step, sizeof step, "%" PRIu64, run->steps);
    run_row row = {.curve = "seed",
                   .seed = seed,
                   .step = step,
                   .t = run->t,
                   .loss = run->loss,
                   .overlap = run->overlap,
                   .stages = x->params->flow.detector.detect.events ? (double)run->findings.stage_count : NAN,
                   .sharpness = run->training.sharpness,
                   .t_before = run->training.before.t,
                   .deviation_before = run->training.before.loss,
                   .t_after = run->training.after.t,
                   .deviation_after = run->training.after.loss,
                   .train_loss = run->training.train_loss,
                   .early_step = (double)run->training.early.step,
                   .early_t = run->training.early.t,
                   .early_loss = run->training.early.loss,
                   .early_class = (double)run->training.early.nearest,
                   .early_distance = run->training.early.distance};
    const bool matched =
        x->has_flow && hf_comparison_match_heads(run->heads, run->patterns, x->flow.share, run->share, scratch);
    return write_run(table, &row, x->params->flow.problem.heads, matched ? scratch : NULL, err);
}

/* Nothing is held out, and its heads are its own. */
static hf_status write_companion(hf_table *table, const hf_experiment *x, hf_companion c, hf_error *err)
{
    const hf_run_summary *run = &x->companion[c];
    hf_deviation before, after;
    deviations(x, &run->findings.curve, &before, &after);
    run_row row = {.curve = hf_companion_names[c],
                   .seed = "nan",
                   .step = "nan",
                   .t = run->t,
                   .loss = run->loss,
                   .overlap = run->overlap,
                   .stages = (double)run->findings.stage_count,
                   .sharpness = NAN,
                   .t_before = before.t,
                   .deviation_before = before.loss,
                   .t_after = after.t,
                   .deviation_after = after.loss,
                   .train_loss = NAN,
                   .early_step = NAN,
                   .early_t = NAN,
                   .early_loss = NAN,
                   .early_class = NAN,
                   .early_distance = NAN};
    return write_run(table, &row, x->params->flow.problem.heads, NULL, err);
}

static hf_status write_runs(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    size_t *head_of = malloc(x->params->flow.problem.heads * sizeof *head_of);
    if (head_of == NULL)
        return hf_fail_memory(err, "the comparison");
    hf_status status = hf_table_open(&table, directory, runs_table.name, origin, err);
    if (status == HF_OK) {
        hf_table_head(&table, &runs_table, &(run_row){.head_count = x->params->flow.problem.heads});
        for (size_t k = 0; k < x->main.seeds && status == HF_OK; k++)
            status = write_seed(&table, x, k, head_of, err);
        for (hf_companion c = 0; c < HF_COMPANIONS && status == HF_OK; c++)
            if (x->has[c])
                status = write_companion(&table, x, c, err);
        if (status != HF_OK)
            hf_file_abandon(&table.file);
        else
            status = hf_file_commit(&table.file, err);
    }
    free(head_of);
    return status;
}

const hf_table_kind *const hf_comparison_tables[] = {&levels_table, &runs_table, NULL};

hf_status hf_comparison_write(const hf_experiment *x, const char *directory, hf_error *err)
{
    const hf_table_origin *origin = &x->params->main.origin;
    const hf_status status = write_runs(x, directory, origin, err);
    return status == HF_OK && x->has_flow ? write_compare(x, directory, origin, err) : status;
}

/* ---- for the eye ---- */

static void print_number(FILE *stream, double x)
{
    if (isnan(x))
        fprintf(stream, " %9s", "-");
    else
        fprintf(stream, " %9.5g", x);
}

static void print_deviation(FILE *stream, double ratio)
{
    if (isnan(ratio))
        fprintf(stream, " %9s", "-");
    else
        fprintf(stream, " %+7.1f %%", 100 * (ratio - 1));
}

/* What companions with finite steps say before anybody trains. */
static void print_predicted(const hf_experiment *x, FILE *stream)
{
    const double *with_step = x->levels.t_companion[HF_COMPANION_STEP], *both = x->levels.t_companion[HF_COMPANION_STEP_DRIFT];
    if (!x->has[HF_COMPANION_STEP])
        return;
    fprintf(stream, "With finite steps of lr %g the flow comes to them at", x->params->main.learner.train.lr);
    for (size_t l = 0; l < x->levels.count; l++)
        fprintf(stream, "%s %.5g (%+.1f %%)", l > 0 ? "," : "", with_step[l], 100 * (with_step[l] / x->levels.t_flow[l] - 1));
    if (x->has[HF_COMPANION_STEP_DRIFT]) {
        fputs(";\nwith steps and drift at", stream);
        for (size_t l = 0; l < x->levels.count; l++)
            fprintf(stream, "%s %.5g (%+.1f %%)", l > 0 ? "," : "", both[l], 100 * (both[l] / x->levels.t_flow[l] - 1));
    }
    fputs(".\n", stream);
}

static void print_times(const hf_experiment *x, FILE *stream)
{
    const bool timed = hf_clock_of(&x->params->main.learner.train).is_time;
    const char *name = hf_optimizer_name(x->params->main.learner.train.optimizer);
    fprintf(stream, "When the loss first falls below the middle between two plateaus of the flow:\n");
    fprintf(stream, "    level      flow     drift    median      10 %%      90 %%  to flow  to drift\n");
    for (size_t l = 0; l < x->levels.count; l++) {
        const double quantile[] = {0.5, 0.1, 0.9};
        double median = NAN;
        print_number(stream, x->levels.level[l]);
        print_number(stream, x->levels.t_flow[l]);
        print_number(stream, x->levels.t_companion[HF_COMPANION_DRIFT][l]);
        for (size_t i = 0; i < 3; i++) {
            const double step = hf_comparison_quantile(&x->main, l, quantile[i]);
            const double shown = timed ? hf_clock_time(hf_clock_of(&x->params->main.learner.train), step) : step;
            print_number(stream, shown);
            median = i == 0 ? shown : median;
        }
        print_deviation(stream, timed ? median / x->levels.t_flow[l] : NAN);
        print_deviation(stream, timed ? median / x->levels.t_companion[HF_COMPANION_DRIFT][l] : NAN);
        fputc('\n', stream);
    }
    if (timed)
        fprintf(stream, "Median and quantiles: %zu run%s of %s, in flow time.%s\n", x->main.seeds, hf_plural(x->main.seeds),
                name, x->has[HF_COMPANION_DRIFT] ? " Drift: the flow with the mean effect\nof the noise." : "");
    else
        fprintf(
            stream,
            "Median and quantiles: %zu run%s of %s, in steps, which are no flow time: compare order and\nlevels only.\n",
            x->main.seeds, hf_plural(x->main.seeds), name);
    if (x->main.seeds < HF_QUANTILES_FEW)
        fprintf(stream, "Of so few runs the 10 and 90 %% quantiles are nearly the range.\n");
    print_predicted(x, stream);
    const hf_flow_params *flow = &x->params->flow.problem.flow;
    if (flow->sgd_drift.lr > 0)
        fprintf(stream,
                "The flow itself has the drift of SGD with lr %g, batch %zu, dim %zu, noise %g\n(flow.sgd_drift).\n",
                flow->sgd_drift.lr, flow->sgd_drift.batch, flow->sgd_drift.dim, flow->sgd_drift.noise);
    if (flow->step > 0)
        fprintf(stream, "The flow itself has finite steps, lr %g, momentum %g (flow.step).\n", flow->step, flow->momentum);
}

static double deviation_of_optimizer(const hf_experiment *x, size_t k, size_t l)
{
    return x->main.run[k].training.crossing[l] / step_of_optimizer(x, k, l) - 1;
}

/* Every seed beside the flow of its optimizer: medians and the largest deviation, stage by stage. */
static void print_optimizer(const hf_experiment *x, FILE *stream)
{
    const hf_train_params *train = &x->params->main.learner.train;
    bool compared = false;
    fprintf(stream, "The flow of %s with its memory, and how far the runs are from it, in steps:\n", hf_optimizer_name(train->optimizer));
    fprintf(stream, "    level   of flow    median   largest\n");
    for (size_t l = 0; l < x->levels.count; l++) {
        double largest = 0;
        size_t reached = 0;
        for (size_t k = 0; k < x->main.seeds; k++) {
            const double deviation = deviation_of_optimizer(x, k, l);
            reached += isfinite(deviation) ? 1 : 0;
            largest = fabs(deviation) > fabs(largest) ? deviation : largest;
        }
        compared = compared || reached > 0;
        print_number(stream, x->levels.level[l]);
        print_number(stream, hf_comparison_quantile(&x->optimizer, l, 0.5));
        print_number(stream, hf_comparison_quantile(&x->main, l, 0.5));
        if (reached == 0)
            fprintf(stream, " %9s\n", "-");
        else
            fprintf(stream, " %+8.2g %%%s\n", 100 * largest, reached < x->main.seeds ? " (not all get there)" : "");
    }
    if (train->batch > 0 && compared)
        fprintf(stream, "That flow has neither steps nor noise: deviations are what both do, with batches of %zu.\n", train->batch);
}

/* The runs beside the flow, in sentences; none where there is no memory for them. */
static void print_verdict(const hf_experiment *x, FILE *stream)
{
    const size_t runs = x->main.seeds, stages = x->levels.count;
    double *t = malloc((runs * stages + 1) * sizeof *t);
    hf_verdict v = {.runs = runs,
                    .stages = stages,
                    .t = t,
                    .t_flow = x->levels.t_flow,
                    .t_drift = x->has[HF_COMPANION_DRIFT] ? x->levels.t_companion[HF_COMPANION_DRIFT] : NULL,
                    .optimizer = hf_optimizer_name(x->params->main.learner.train.optimizer),
                    .timed = hf_clock_of(&x->params->main.learner.train).is_time,
                    .found = x->flow.findings.stage_count,
                    .fewest = SIZE_MAX};
    if (t == NULL)
        return;
    for (size_t k = 0; k < runs; k++) {
        const hf_run_summary *run = &x->main.run[k];
        const size_t found = run->findings.stage_count;
        for (size_t l = 0; l < stages; l++)
            t[k * stages + l] = v.timed
                                    ? hf_clock_time(hf_clock_of(&x->params->main.learner.train), run->training.crossing[l])
                                    : run->training.crossing[l];
        v.fewest = found < v.fewest ? found : v.fewest;
        v.most = found > v.most ? found : v.most;
    }
    hf_verdict_print(&v, stream);
    free(t);
}

/* What medians are printed of. */
typedef enum { FINAL_LOSS, DEVIATION_BEFORE, DEVIATION_AFTER, EARLY_STEP, EARLY_LOSS, EARLY_CLASS } printed;

static double number_of(const hf_run_summary *run, size_t which)
{
    const double numbers[] = {[FINAL_LOSS] = run->loss,
                              [DEVIATION_BEFORE] = run->training.before.loss,
                              [DEVIATION_AFTER] = run->training.after.loss,
                              [EARLY_STEP] = (double)run->training.early.step,
                              [EARLY_LOSS] = run->training.early.loss,
                              [EARLY_CLASS] = (double)run->training.early.nearest};
    return numbers[which];
}

static double median_of(const hf_rung *rung, printed which)
{
    return quantile_of(rung, number_of, which, 0.5);
}

/* Of a training that ends before the flow's first stage has settled there is no second part. */
static void print_largest_deviation(const hf_rung *rung, FILE *stream)
{
    const double after = median_of(rung, DEVIATION_AFTER);
    fprintf(stream, "Largest deviation of the loss from the flow: %.2g of L(0) up to the first plateau",
            median_of(rung, DEVIATION_BEFORE));
    if (isnan(after))
        fputs(" (median);\nthe training ends before it.\n", stream);
    else
        fprintf(stream, ", %.2g\nafter it (medians).\n", after);
}

/* Runs that their loss or an event ends are not all of one length. */
static void print_steps(const hf_rung *rung, FILE *stream)
{
    uint64_t least = rung->run[0].steps, most = least;
    for (size_t k = 1; k < rung->seeds; k++) {
        least = rung->run[k].steps < least ? rung->run[k].steps : least;
        most = rung->run[k].steps > most ? rung->run[k].steps : most;
    }
    if (least < most)
        fprintf(stream, "%" PRIu64 " to ", least);
    fprintf(stream, "%" PRIu64 " step%s", most, most == 1 ? "" : "s");
}

void hf_comparison_print(const hf_experiment *x, FILE *stream)
{
    const hf_rung *main = &x->main;
    if (x->levels.count > 0)
        print_times(x, stream);
    if (x->has_flow && x->params->main.learner.train.features == HF_FEATURES_RANDOM)
        fputs("The features are random; the flow is that of orthogonal ones, from which they are off by about 1/d.\n",
              stream);
    if (x->has_optimizer && x->levels.count > 0)
        print_optimizer(x, stream);
    if (x->has_flow && hf_clock_of(&x->params->main.learner.train).is_time)
        print_largest_deviation(main, stream);
    fprintf(stream, "%s, %zu seed%s, ", hf_optimizer_name(x->params->main.learner.train.optimizer), main->seeds,
            hf_plural(main->seeds));
    print_steps(main, stream);
    fprintf(stream, ": loss %.6g at the end (median).\n", median_of(main, FINAL_LOSS));
    if (x->params->main.learner.train.samples > 0)
        fprintf(stream,
                "The loss on %s is lowest, %.6g, after step %.6g: there the model is nearest to one that\nknows %.3g "
                "patterns (medians).\n",
                x->params->main.learner.train.validation > 0 ? "the held-out samples" : "the population",
                median_of(main, EARLY_LOSS), median_of(main, EARLY_STEP), median_of(main, EARLY_CLASS));
    if (x->has_flow)
        print_verdict(x, stream);
}
