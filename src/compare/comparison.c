#include "compare/comparison.h"

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

double hf_comparison_quantile_of(const hf_rung *rung, double (*number)(const hf_run_summary *run, size_t index), size_t index,
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
    return hf_comparison_quantile_of(rung, crossing, l, q);
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
    double deviation_step, deviation_step_drift, control;
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
    HF_COLUMN(level_row, control, "flow time", "of a seed: how much later t is by its own noise, of first order in it; the mean over runs is 0; nan: not known"),
};
static const hf_table_kind levels_table = {"compare.tsv", "A row for every curve and every stage of the flow.", HF_COLUMNS(level_columns)};
/* clang-format on */

/* A row: curve, its seed (NULL: none), the step (nan: it has none) and time at which level l is reached, the step of the optimizer's
 * flow (nan: none), and the curve's own findings (NULL: none) with its heads' numbers in the flow (NULL: unknown). */
static void write_level(hf_table *table, const hf_experiment *x, const char *curve, const uint64_t *seed, size_t l,
                        double step, double step_optimizer, double t, double control, const hf_findings *findings, const size_t *head_of)
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
                           .control = control,
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
        write_level(table, x, "flow", NULL, l, NAN, NAN, x->levels.t_flow[l], NAN, &x->flow.findings, head_of);
    for (size_t c = 0; c < HF_COMPANIONS; c++) {
        const hf_run_summary *other = &x->companion[c];
        const bool matched = x->has[c] && hf_comparison_match_heads(x->flow.heads, x->flow.patterns, x->flow.share,
                                                                    other->share, head_of);
        for (size_t l = 0; l < x->levels.count && x->has[c]; l++)
            write_level(table, x, hf_companion_names[c], NULL, l, NAN, NAN, x->levels.t_companion[c][l], NAN, &other->findings,
                        matched ? head_of : NULL);
    }
}

double hf_comparison_optimizer_step(const hf_experiment *x, size_t k, size_t l)
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
            write_level(table, x, curve, &seed, l, run->training.crossing[l], hf_comparison_optimizer_step(x, k, l),
                        hf_clock_time(clock, run->training.crossing[l]), run->training.control[l], &run->findings, matched ? head_of : NULL);
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
                        hf_clock_time(hf_clock_of(&x->params->main.learner.train), step), NAN, NULL, NULL);
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
