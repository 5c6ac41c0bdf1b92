#include "page/logs.h"

#include "core/path.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The three tables. */
typedef struct {
    hf_tsv samples, curves, stages;
} logs;

static hf_status read_table(hf_tsv *table, const char *directory, const char *name, hf_error *err)
{
    char *path = hf_path_join(directory, name);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_tsv_read(table, path, err);
    free(path);
    return status;
}

/* Numbers of a column of the rows that belong to curve k; names of columns that must be there. Returns how many. */
static hf_status take(const hf_tsv *table, size_t k, const char *name, double *numbers, size_t *count, hf_error *err)
{
    size_t curve, column;
    *count = 0;
    if (!hf_page_column(table, "curve", &curve) || !hf_page_column(table, name, &column))
        return hf_fail(err, HF_EUSAGE, "%.300s: there is no column curve or %s", table->path, name);
    for (size_t r = 0; r < table->rows; r++) {
        double of, x;
        if (!hf_tsv_number(table, r, curve, &of) || !hf_tsv_number(table, r, column, &x))
            return hf_fail(err, HF_EUSAGE, "%.300s:%zu: expected numbers", table->path, table->line[r]);
        if (of == (double)k)
            numbers[(*count)++] = x;
    }
    return HF_OK;
}

static hf_status take_points(hf_page_run *run, const logs *l, size_t k, hf_error *err)
{
    size_t times = 0, losses = 0;
    run->t = malloc((l->samples.rows + 1) * sizeof *run->t);
    run->loss = malloc((l->samples.rows + 1) * sizeof *run->loss);
    if (run->t == NULL || run->loss == NULL)
        return hf_fail_memory(err, "a curve");
    hf_status status = take(&l->samples, k, "t", run->t, &times, err);
    if (status == HF_OK)
        status = take(&l->samples, k, "loss", run->loss, &losses, err);
    run->rows = times;
    return status;
}

static hf_status take_stages(hf_page_run *run, const logs *l, size_t k, hf_error *err)
{
    size_t count = 0;
    double *t = malloc((l->stages.rows + 1) * sizeof *t);
    if (t == NULL)
        return hf_fail_memory(err, "the stages");
    const hf_status status = l->stages.rows == 0 ? HF_OK : take(&l->stages, k, "t_half", t, &count, err);
    for (size_t i = 0; i < count && status == HF_OK && run->marks < HF_RUN_MARKS; i++)
        if (isfinite(t[i])) {
            snprintf(run->label[run->marks], HF_RUN_LABEL, "%zu", i + 1);
            run->mark[run->marks++].t = t[i];
        }
    for (size_t i = 0; i < run->marks; i++)
        run->mark[i].label = run->label[i];
    free(t);
    return status;
}

/* The row of curve k in curves.tsv: its name, and whether its rows stand denser at the beginning. */
static void take_description(hf_page_run *run, const logs *l, size_t row)
{
    size_t column;
    double is_log = 0;
    const char *name = hf_page_column(&l->curves, "name", &column) ? hf_tsv_text(&l->curves, row, column) : "curve";
    hf_text_show(name, run->name, sizeof run->name);
    if (hf_page_column(&l->curves, "log_spaced", &column) && !hf_tsv_number(&l->curves, row, column, &is_log))
        is_log = 0;
    run->log_t = is_log == 1;
    run->unit = "step";
    run->quantity = "loss";
    run->last_energy_defect = run->worst_energy_defect = run->last_overlap = NAN;
}

static hf_status read_curve(hf_page_run *run, const logs *l, size_t row, hf_error *err)
{
    *run = (hf_page_run){0};
    take_description(run, l, row);
    hf_status status = take_points(run, l, row + 1, err);
    if (status == HF_OK)
        status = take_stages(run, l, row + 1, err);
    return status == HF_OK ? hf_page_run_finish(run, HF_PAGE_ROOM, err) : status;
}

hf_status hf_page_logs_read(hf_page_content *content, hf_error *err)
{
    const char *directory = content->params->directory;
    logs l = {0};
    hf_status status = read_table(&l.curves, directory, "curves.tsv", err);
    if (status == HF_OK)
        status = read_table(&l.samples, directory, "samples.tsv", err);
    if (status == HF_OK)
        status = read_table(&l.stages, directory, "stages.tsv", err);
    const size_t all = l.curves.rows, shown = all < HF_PAGE_SHOWN_RUNS ? all : HF_PAGE_SHOWN_RUNS;
    content->run = calloc(shown + 1, sizeof *content->run);
    if (status == HF_OK && content->run == NULL)
        status = hf_fail_memory(err, "the curves");
    content->left_out = all - shown;
    for (size_t i = 0; i < shown && status == HF_OK; i++) {
        content->runs = i + 1;
        status = read_curve(&content->run[i], &l, i, err);
    }
    hf_tsv_clear(&l.curves);
    hf_tsv_clear(&l.samples);
    hf_tsv_clear(&l.stages);
    return status;
}
