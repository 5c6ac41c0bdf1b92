#include "sweep/collect.h"

#include "config/axes.h"
#include "config/keys.h"
#include "core/text.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "report/table.h"
#include "sweep/fit.h"
#include "sweep/fractions.h"
#include "sweep/summary.h"

#include <math.h>
#include <stdlib.h>

/* ---- columns ---- */

static hf_status open_table(hf_table *table, const hf_sweep *sweep, const char *name, hf_error *err)
{
    const hf_table_origin origin = {
        .title = sweep->config.title, .hash = sweep->tasks.hash, .seed = sweep->config.init.seed};
    return hf_table_open(table, sweep->directory, name, &origin, err);
}

/* What a row is about: a task, or the point whose first task it is. */
typedef struct {
    const hf_sweep *sweep;
    const hf_results *results;
    size_t task, columns; /* that number, from 0; of tasks.tsv, what the row shows of it */
} subject;

/* The names of the overrides, then of the numbers that stand for them. */
static void name_parameters(hf_table *table, const subject *s)
{
    const hf_axes *over = &s->sweep->config.sweep.over;
    for (size_t i = 0; i < s->columns; i++)
        hf_table_text(table, "%s", s->sweep->tasks.name[i]);
    for (size_t i = 0; i < over->count; i++)
        if (over->at[i].name != NULL)
            hf_table_text(table, "%s", over->at[i].name);
}

/* A path as a string of a model file. */
static void write_path(hf_table *table, const char *path)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream != NULL)
        hf_text_quote(path, stream);
    const bool good = stream != NULL && fclose(stream) == 0;
    hf_table_cell(table, good ? text : "nan");
    free(text);
}

static void write_parameters(hf_table *table, const subject *s)
{
    const hf_sweep *sweep = s->sweep;
    const hf_axes *over = &sweep->config.sweep.over;
    for (size_t i = 0; i < s->columns; i++) {
        const bool is_path = i < over->count && hf_keys_find(over->at[i].key)->kind == HF_KIND_PATH;
        if (is_path) /* as the user calls it, not the copy in the folder */
            write_path(table, over->at[i].values.at[hf_axes_index(&sweep->config, i, s->task / sweep->config.sweep.seeds)]);
        else
            hf_table_text(table, "%s", sweep->tasks.cell[s->task * sweep->tasks.columns + i]);
    }
    for (size_t i = 0; i < over->count; i++)
        if (over->at[i].name != NULL)
            hf_table_number(table, hf_fit_coordinate(sweep, i, s->task));
}

/* ---- results.tsv and timing.tsv ---- */

typedef struct {
    subject of;
    size_t task;
    const char *status;
    double code;
    const char *reason;
} result_row;

static void name_overrides(hf_table *table, const void *row)
{
    name_parameters(table, &((const result_row *)row)->of);
}

static void write_overrides(hf_table *table, const void *row)
{
    write_parameters(table, &((const result_row *)row)->of);
}

static void name_quantities(hf_table *table, const void *row)
{
    const hf_sweep *sweep = ((const result_row *)row)->of.sweep;
    for (size_t i = 0; i < sweep->asked_count; i++)
        hf_table_text(table, "%s", sweep->report[i].name);
}

static void write_quantities(hf_table *table, const void *row)
{
    const subject *s = &((const result_row *)row)->of;
    for (size_t q = 0; q < s->sweep->asked_count; q++) {
        const double value = s->results->value[s->task * s->results->width + q];
        if (hf_quantity_is_category(&s->sweep->report[q]) && !isnan(value))
            hf_table_text(table, "%s", s->results->names[q].at[(size_t)value]);
        else
            hf_table_number(table, value);
    }
}

/* Where it is not asked for; else it is among the quantities. */
static void name_censored(hf_table *table, const void *row)
{
    const hf_sweep *sweep = ((const result_row *)row)->of.sweep;
    if (sweep->asked_count < sweep->report_count)
        hf_table_text(table, "%s", hf_quantity_censored);
}

static void write_censored(hf_table *table, const void *row)
{
    const subject *s = &((const result_row *)row)->of;
    if (s->sweep->asked_count < s->sweep->report_count)
        hf_table_number(table, s->results->value[s->task * s->results->width + s->sweep->censored]);
}

static const hf_column_group overrides = {name_overrides, write_overrides}, quantities = {name_quantities, write_quantities},
                             censored = {name_censored, write_censored};

typedef struct {
    size_t task;
    double seconds;
} timing_row;

/* clang-format off */
static const hf_column result_columns[] = {
    HF_COLUMN(result_row, task, "", "its number in tasks.tsv"),
    HF_COLUMN_GROUP(&overrides, "<key>", "", "what it overrides, as in tasks.tsv"),
    HF_COLUMN_LIKE("<axis>", "", "number (at) of a value of an axis that has a name"),
    HF_COLUMN(result_row, status, "", "OK, FAILED or NOT_RUN"),
    HF_COLUMN(result_row, code, "", "exit code; nan: not run"),
    HF_COLUMN_GROUP(&quantities, "<quantity>", "", "one that the sweep reports, a number or, of what heads end with, a text; nan: it does not apply"),
    HF_COLUMN(result_row, reason, "", "of a failure"),
    HF_COLUMN_GROUP(&censored, "censored", "", "1: more was to come when the run ended; nan: not known"),
};
static const hf_column timing_columns[] = {
    HF_COLUMN(timing_row, task, "", "its number in tasks.tsv"),
    HF_COLUMN(timing_row, seconds, "s", "that it took"),
};
static const hf_table_kind results_table = {"results.tsv", "Of a sweep: a row for every task.", HF_COLUMNS(result_columns)};
static const hf_table_kind timing_table = {"timing.tsv", "Of a sweep: a row for every task.", HF_COLUMNS(timing_columns)};
/* clang-format on */

static result_row row_of_task(const hf_sweep *sweep, const hf_results *results, size_t task)
{
    static const char *const states[] = {"NOT_RUN", "OK", "FAILED"};
    const hf_sweep_task_result *result = &results->task[task];
    return (result_row){.of = {sweep, results, task, sweep->tasks.columns},
                        .task = task + 1,
                        .status = states[result->state],
                        .code = result->state == HF_SWEEP_TASK_NOT_RUN ? (double)NAN : (double)result->code,
                        .reason = result->reason == NULL ? "nan" : result->reason};
}

static hf_status write_results(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_table table;
    const hf_status status = open_table(&table, sweep, results_table.name, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table, "%zu of %zu task%s OK, %zu FAILED", results->done, results->count, hf_plural(results->count),
                     results->failed);
    hf_table_head(&table, &results_table, &(result_row){.of = {sweep, results, 0, sweep->tasks.columns}});
    for (size_t task = 0; task < results->count; task++) {
        const result_row row = row_of_task(sweep, results, task);
        hf_table_line(&table, &results_table, &row);
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_timing(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_table table;
    const hf_status status = open_table(&table, sweep, timing_table.name, err);
    if (status != HF_OK)
        return status;
    hf_table_head(&table, &timing_table, NULL);
    for (size_t task = 0; task < results->count; task++) {
        const hf_sweep_task_result *result = &results->task[task];
        const timing_row row = {task + 1, result->state == HF_SWEEP_TASK_NOT_RUN ? (double)NAN : result->seconds};
        hf_table_line(&table, &timing_table, &row);
    }
    return hf_file_commit(&table.file, err);
}

/* ---- summary.tsv ---- */

typedef struct {
    subject of;
    double *scratch;   /* (2, seeds) */
    hf_fraction *list; /* (seeds + 3) */
    size_t runs, failed, not_run, censored;
} point_row;

static void name_point(hf_table *table, const void *row)
{
    name_parameters(table, &((const point_row *)row)->of);
}

static void write_point(hf_table *table, const void *row)
{
    write_parameters(table, &((const point_row *)row)->of);
}

static void name_medians(hf_table *table, const void *row)
{
    const hf_sweep *sweep = ((const point_row *)row)->of.sweep;
    for (size_t q = 0; q < sweep->asked_count; q++) {
        const char *name = sweep->report[q].name;
        if (hf_quantity_is_category(&sweep->report[q]))
            hf_table_text(table, "%s_mode\t%s_fraction\t%s_count", name, name, name);
        else
            hf_table_text(table, "%s_median\t%s_low\t%s_high\t%s_count", name, name, name, name);
    }
}

/* The most frequent text, of which share of the runs, and how many have one. */
static void write_mode(hf_table *table, const point_row *r, size_t q)
{
    const subject *of = &r->of;
    char text[32];
    size_t ended, have = 0;
    const size_t count = hf_fractions_of_point(of->sweep, of->results, of->task, q, r->list, &ended);
    const bool any = count > 0 && r->list[0].kind == HF_FRACTION_OF_VALUE;
    for (size_t i = 0; i < count; i++)
        have += r->list[i].kind == HF_FRACTION_OF_VALUE ? r->list[i].count : 0;
    hf_table_text(table, "%s", any ? hf_fraction_name(of->results, of->sweep, q, &r->list[0], text) : "nan");
    hf_table_number(table, any ? r->list[0].fraction : NAN);
    hf_table_text(table, "%zu", have);
}

static void write_medians(hf_table *table, const void *row)
{
    const point_row *r = row;
    const subject *of = &r->of;
    for (size_t q = 0; q < of->sweep->asked_count; q++) {
        if (hf_quantity_is_category(&of->sweep->report[q])) {
            write_mode(table, r, q);
            continue;
        }
        const hf_point_summary s = hf_summary_of_point(of->sweep, of->results, of->task, q, r->scratch);
        hf_table_numbers(table, 3, (const double[]){s.median, s.low, s.high});
        hf_table_text(table, "%zu", s.have);
    }
}

static const hf_column_group point = {name_point, write_point}, medians = {name_medians, write_medians};

/* clang-format off */
static const hf_column point_columns[] = {
    HF_COLUMN_GROUP(&point, "<key>", "", "one that is swept"),
    HF_COLUMN_LIKE("<axis>", "", "number (at) of a value of an axis that has a name"),
    HF_COLUMN(point_row, runs, "", "that are OK"),
    HF_COLUMN(point_row, failed, "", "runs that failed"),
    HF_COLUMN(point_row, not_run, "", "runs that are not there yet"),
    HF_COLUMN_GROUP(&medians, "<quantity>_median", "", "over the runs; a time that was never reached counts as inf; nan: not known"),
    HF_COLUMN_LIKE("<quantity>_low", "", "quantile 0.1"),
    HF_COLUMN_LIKE("<quantity>_high", "", "quantile 0.9"),
    HF_COLUMN_LIKE("<quantity>_count", "", "runs that have the quantity"),
    HF_COLUMN_LIKE("<quantity>_mode", "", "of a text: the most frequent one; nan: no run has one"),
    HF_COLUMN_LIKE("<quantity>_fraction", "1", "of the runs that have ended, which have it"),
    HF_COLUMN(point_row, censored, "", "runs of which more was to come when they ended"),
};
static const hf_table_kind summary_table = {"summary.tsv", "Of a sweep: a row for every point, which is all seeds.", HF_COLUMNS(point_columns)};
/* clang-format on */

static point_row row_of_point(const hf_sweep *sweep, const hf_results *results, size_t first, double *scratch,
                              hf_fraction *list)
{
    size_t states[3] = {0};
    for (size_t run = 0; run < sweep->config.sweep.seeds; run++)
        states[results->task[first + run].state]++;
    return (point_row){.of = {sweep, results, first, sweep->config.sweep.over.count},
                       .scratch = scratch,
                       .list = list,
                       .runs = states[HF_SWEEP_TASK_OK],
                       .failed = states[HF_SWEEP_TASK_FAILED],
                       .not_run = states[HF_SWEEP_TASK_NOT_RUN],
                       .censored = hf_summary_censored(sweep, results, first)};
}

static void comment_summary(hf_table *table, const hf_sweep *sweep)
{
    const size_t seeds = sweep->config.sweep.seeds;
    hf_table_comment(table, "quantiles 0.1 and 0.9; a time that was never reached counts as inf");
    hf_table_comment(table, "nan: not known, also what censored runs leave open");
    if (seeds > 1 && seeds < HF_QUANTILES_FEW)
        hf_table_comment(table, "%zu runs a point, so few that low and high lie between the two lowest and the two highest",
                         seeds);
}

static hf_status write_summary(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    const size_t seeds = sweep->config.sweep.seeds;
    hf_table table;
    double *scratch = malloc(2 * seeds * sizeof *scratch);
    hf_fraction *list = malloc((seeds + 3) * sizeof *list);
    hf_status status =
        scratch == NULL || list == NULL ? hf_fail_memory(err, "the summary") : open_table(&table, sweep, summary_table.name, err);
    if (status == HF_OK) {
        comment_summary(&table, sweep);
        hf_table_head(&table, &summary_table, &(point_row){.of = {sweep, results, 0, sweep->config.sweep.over.count}});
        for (size_t first = 0; first < results->count; first += seeds) {
            const point_row row = row_of_point(sweep, results, first, scratch, list);
            hf_table_line(&table, &summary_table, &row);
        }
        status = hf_file_commit(&table.file, err);
    }
    free(scratch);
    free(list);
    return status;
}

/* ---- fractions.tsv ---- */

typedef struct {
    subject of;
    size_t point; /* from 1, in the order of summary.tsv */
    const char *quantity, *category;
    size_t runs, count;
    double fraction, low, high;
} fraction_row;

static void name_place(hf_table *table, const void *row)
{
    name_parameters(table, &((const fraction_row *)row)->of);
}

static void write_place(hf_table *table, const void *row)
{
    write_parameters(table, &((const fraction_row *)row)->of);
}

static const hf_column_group place = {name_place, write_place};

/* clang-format off */
static const hf_column fraction_columns[] = {
    HF_COLUMN(fraction_row, point, "", "its number, from 1, in the order of summary.tsv"),
    HF_COLUMN_GROUP(&place, "<key>", "", "one that is swept"),
    HF_COLUMN_LIKE("<axis>", "", "number (at) of a value of an axis that has a name"),
    HF_COLUMN(fraction_row, quantity, "", "what the runs are counted by: a text or a count"),
    HF_COLUMN(fraction_row, category, "", "its value; none, unfinished (the end of the run decides, and it was censored) or failed"),
    HF_COLUMN(fraction_row, runs, "", "that have ended at this point, failed ones too"),
    HF_COLUMN(fraction_row, count, "", "of them in this category"),
    HF_COLUMN(fraction_row, fraction, "1", "count / runs"),
    HF_COLUMN(fraction_row, low, "1", "end of the 95 % confidence interval of Clopper and Pearson"),
    HF_COLUMN(fraction_row, high, "1", "its other end"),
};
/* clang-format on */
static const hf_table_kind fractions_table = {"fractions.tsv", "Of a sweep that reports what heads end with: a row for every category of every text and count at every point.", HF_COLUMNS(fraction_columns)};

static void write_fractions_of(hf_table *table, const subject *of, size_t q, hf_fraction *list)
{
    size_t runs;
    const size_t count = hf_fractions_of_point(of->sweep, of->results, of->task, q, list, &runs);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        const fraction_row row = {.of = *of,
                                  .point = of->task / of->sweep->config.sweep.seeds + 1,
                                  .quantity = of->sweep->report[q].name,
                                  .category = hf_fraction_name(of->results, of->sweep, q, &list[i], text),
                                  .runs = runs,
                                  .count = list[i].count,
                                  .fraction = list[i].fraction,
                                  .low = list[i].low,
                                  .high = list[i].high};
        hf_table_line(table, &fractions_table, &row);
    }
}

static hf_status write_fractions(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    const size_t seeds = sweep->config.sweep.seeds;
    hf_table table;
    if (!hf_fractions_are_wanted(sweep))
        return HF_OK;
    hf_fraction *list = malloc((seeds + 3) * sizeof *list);
    hf_status status =
        list == NULL ? hf_fail_memory(err, "the fractions") : open_table(&table, sweep, fractions_table.name, err);
    if (status == HF_OK) {
        hf_table_comment(&table, "95 %% confidence intervals of Clopper and Pearson, for the runs of one point");
        hf_table_head(&table, &fractions_table, &(fraction_row){.of = {sweep, results, 0, sweep->config.sweep.over.count}});
        for (size_t first = 0; first < results->count; first += seeds)
            for (size_t q = 0; q < sweep->asked_count; q++)
                if (hf_fractions_have(sweep, q))
                    write_fractions_of(&table, &(subject){sweep, results, first, sweep->config.sweep.over.count}, q, list);
        status = hf_file_commit(&table.file, err);
    }
    free(list);
    return status;
}

const hf_table_kind *const hf_collect_tables[] = {&results_table,   &summary_table, &hf_fit_table,
                                                  &fractions_table, &timing_table,  NULL};

hf_status hf_collect_write(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_status status = write_results(sweep, results, err);
    if (status == HF_OK)
        status = write_timing(sweep, results, err);
    if (status == HF_OK)
        status = write_summary(sweep, results, err);
    if (status == HF_OK)
        status = write_fractions(sweep, results, err);
    return status == HF_OK ? hf_fit_write(sweep, results, err) : status;
}
