#include "sweep/collect.h"

#include "config/axes.h"
#include "config/keys.h"
#include "core/text.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "report/table.h"
#include "sweep/fit.h"
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

static void name_parameters(hf_table *table, const hf_sweep *sweep, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        hf_table_text(table, "%s", sweep->tasks.name[i]);
    for (size_t i = 0; i < sweep->config.sweep.over.count; i++)
        if (sweep->config.sweep.over.at[i].name != NULL)
            hf_table_text(table, "%s", sweep->config.sweep.over.at[i].name);
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

/* The overrides of a task, then the numbers that stand for them. */
static void write_parameters(hf_table *table, const hf_sweep *sweep, size_t task, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        const hf_axes *over = &sweep->config.sweep.over;
        const bool is_path = i < over->count && hf_keys_find(over->at[i].key)->kind == HF_KIND_PATH;
        if (is_path) /* as the user calls it, not the copy in the folder */
            write_path(table, over->at[i].values.at[hf_axes_index(&sweep->config, i, task / sweep->config.sweep.seeds)]);
        else
            hf_table_text(table, "%s", sweep->tasks.cell[task * sweep->tasks.columns + i]);
    }
    for (size_t i = 0; i < sweep->config.sweep.over.count; i++)
        if (sweep->config.sweep.over.at[i].name != NULL)
            hf_table_number(table, hf_fit_coordinate(sweep, i, task));
}

/* ---- results.tsv and timing.tsv ---- */

static void write_result(hf_table *table, const hf_sweep *sweep, const hf_results *results, size_t task)
{
    static const char *const states[] = {"NOT_RUN", "OK", "FAILED"};
    const hf_task_result *result = &results->task[task];
    hf_table_text(table, "%zu", task + 1);
    write_parameters(table, sweep, task, sweep->tasks.columns);
    hf_table_text(table, "%s", states[result->state]);
    hf_table_number(table, result->state == HF_TASK_NOT_RUN ? (double)NAN : (double)result->code);
    hf_table_numbers(table, sweep->asked_count, results->value + task * results->width);
    hf_table_text(table, "%s", result->reason == NULL ? "nan" : result->reason);
    if (sweep->asked_count < sweep->report_count) /* else it is among these */
        hf_table_number(table, results->value[task * results->width + sweep->censored]);
    hf_table_end_line(table);
}

static hf_status write_results(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_table table;
    const hf_status status = open_table(&table, sweep, "results.tsv", err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table, "%zu of %zu task%s OK, %zu FAILED", results->done, results->count, hf_plural(results->count),
                     results->failed);
    hf_table_text(&table, "task");
    name_parameters(&table, sweep, sweep->tasks.columns);
    hf_table_text(&table, "status\tcode");
    for (size_t i = 0; i < sweep->asked_count; i++)
        hf_table_text(&table, "%s", sweep->report[i].name);
    hf_table_text(&table, "reason");
    if (sweep->asked_count < sweep->report_count)
        hf_table_text(&table, "%s", hf_quantity_censored);
    hf_table_end_line(&table);
    for (size_t task = 0; task < results->count; task++)
        write_result(&table, sweep, results, task);
    return hf_file_commit(&table.file, err);
}

static hf_status write_timing(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_table table;
    const hf_status status = open_table(&table, sweep, "timing.tsv", err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "task\tseconds");
    hf_table_end_line(&table);
    for (size_t task = 0; task < results->count; task++) {
        hf_table_text(&table, "%zu", task + 1);
        hf_table_number(&table, results->task[task].state == HF_TASK_NOT_RUN ? NAN : results->task[task].seconds);
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

/* ---- summary.tsv ---- */

static void write_point(hf_table *table, const hf_sweep *sweep, const hf_results *results, size_t first, double *scratch)
{
    size_t states[3] = {0};
    for (size_t run = 0; run < sweep->config.sweep.seeds; run++)
        states[results->task[first + run].state]++;
    write_parameters(table, sweep, first, sweep->config.sweep.over.count);
    hf_table_text(table, "%zu\t%zu\t%zu", states[HF_TASK_OK], states[HF_TASK_FAILED], states[HF_TASK_NOT_RUN]);
    for (size_t q = 0; q < sweep->asked_count; q++) {
        const hf_point_summary s = hf_summary_of_point(sweep, results, first, q, scratch);
        hf_table_numbers(table, 3, (const double[]){s.median, s.low, s.high});
        hf_table_text(table, "%zu", s.have);
    }
    hf_table_text(table, "%zu", hf_summary_censored(sweep, results, first));
    hf_table_end_line(table);
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
    hf_status status = scratch == NULL ? hf_fail_memory(err, "the summary") : open_table(&table, sweep, "summary.tsv", err);
    if (status == HF_OK) {
        comment_summary(&table, sweep);
        name_parameters(&table, sweep, sweep->config.sweep.over.count);
        hf_table_text(&table, "runs\tfailed\tnot_run");
        for (size_t q = 0; q < sweep->asked_count; q++) {
            const char *name = sweep->report[q].name;
            hf_table_text(&table, "%s_median\t%s_low\t%s_high\t%s_count", name, name, name, name);
        }
        hf_table_text(&table, "%s", hf_quantity_censored);
        hf_table_end_line(&table);
        for (size_t first = 0; first < results->count; first += seeds)
            write_point(&table, sweep, results, first, scratch);
        status = hf_file_commit(&table.file, err);
    }
    free(scratch);
    return status;
}

hf_status hf_collect_write(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    hf_status status = write_results(sweep, results, err);
    if (status == HF_OK)
        status = write_timing(sweep, results, err);
    if (status == HF_OK)
        status = write_summary(sweep, results, err);
    return status == HF_OK ? hf_fit_write(sweep, results, err) : status;
}
