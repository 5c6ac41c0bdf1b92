#include "compare/beside.h"

#include "compare/verdict.h"
#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "detect/describe.h"
#include "report/labels.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <math.h>
#include <stdlib.h>

/* ---- the flow ---- */

hf_status hf_beside_run(hf_beside *b, const hf_flow_run_params *params, hf_clock clock, const char *directory,
                        const volatile sig_atomic_t *interrupted, hf_error *err)
{
    *b = (hf_beside){.flow_params = params, .clock = clock};
    char *place = directory == NULL ? NULL : hf_path_join(directory, "flow");
    hf_status status = directory != NULL && place == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    const hf_run_options options = {.directory = place, .interrupted = interrupted};
    if (status == HF_OK && place != NULL)
        status = hf_directory_make(place, err);
    if (status == HF_OK)
        status = hf_flow_run(params, &options, &b->flow, err);
    b->interrupted = status == HF_OK && hf_run_was_interrupted(&b->flow);
    free(place);
    return status;
}

void hf_beside_clear(hf_beside *b)
{
    hf_run_summary_clear(&b->flow);
    *b = (hf_beside){0};
}

/* ---- the comparison ---- */

typedef struct {
    const char *curve, *seed;
    size_t stage;
    double level, step, t, deviation_flow, deviation_drift, t_onset, t_peak, t_settle;
    size_t pattern, carrier, carrier_in_flow;
    size_t log; /* number of the curve; 0: the flow */
    double t_error;
    const char *name;
} row;

/* clang-format off */
static const hf_column columns[] = {
    HF_COLUMN(row, curve, "", "flow or log"),
    HF_COLUMN(row, seed, "", "nan"),
    HF_COLUMN(row, stage, "", "of the flow"),
    HF_COLUMN(row, level, "loss", "halfway between the flow's plateaus around the stage"),
    HF_COLUMN(row, step, "steps", "the loss falls to the level"),
    HF_COLUMN(row, t, "flow time", "likewise"),
    HF_COLUMN(row, deviation_flow, "1", "t over that of the flow, minus 1"),
    HF_COLUMN(row, deviation_drift, "1", "nan"),
    HF_COLUMN(row, t_onset, "flow time", "of the curve's own stage that passes the level"),
    HF_COLUMN(row, t_peak, "flow time", "likewise"),
    HF_COLUMN(row, t_settle, "flow time", "likewise"),
    HF_COLUMN_INDEX(row, pattern, "", "nan"),
    HF_COLUMN_INDEX(row, carrier, "", "nan"),
    HF_COLUMN_INDEX(row, carrier_in_flow, "", "nan"),
    HF_COLUMN_INDEX(row, log, "", "number of the curve"),
    HF_COLUMN(row, t_error, "flow time", "standard error of t"),
    HF_COLUMN_STRING(row, name, "", "of the curve"),
};
static const hf_table_kind compare_table = {"compare.tsv",
    "With --beside: a row for every curve and every stage of the flow.", HF_COLUMNS_OF("detect", columns)};
/* clang-format on */

const hf_table_kind *const hf_beside_tables[] = {&compare_table, NULL};

/* The level of stage i of the flow; nan: it ends in it. */
static double level_of(const hf_beside *b, size_t i)
{
    return hf_stage_level(&b->flow.findings.stage[i]);
}

static row flow_row(const hf_beside *b, size_t i)
{
    const hf_stage *s = &b->flow.findings.stage[i];
    const double t = hf_curve_first_below(&b->flow.findings.curve, level_of(b, i));
    return (row){.curve = "flow",
                 .seed = "nan",
                 .stage = i + 1,
                 .level = level_of(b, i),
                 .step = NAN,
                 .t = t,
                 .deviation_flow = 0,
                 .deviation_drift = NAN,
                 .t_onset = s->t_onset,
                 .t_peak = s->t_peak,
                 .t_settle = s->t_settle,
                 .t_error = NAN,
                 .name = b->flow_params->origin.title};
}

/* A curve at the level of stage i of the flow. */
static row log_row(const hf_beside *b, const hf_log_look *look, size_t number, size_t i)
{
    const hf_search_result *f = &look->found;
    row r = flow_row(b, i);
    const double t_flow = r.t;
    double error;
    r.step = look->sign > 0 ? hf_describe_time(&look->rows, r.level, &error) : NAN;
    r.t = hf_clock_time(b->clock, r.step);
    r.curve = "log";
    r.log = number;
    r.name = look->curve->name;
    r.deviation_flow = r.t / t_flow - 1;
    r.t_error = isnan(r.step) ? NAN : error * hf_clock_rate(b->clock);
    r.t_onset = r.t_peak = r.t_settle = NAN;
    for (size_t k = 0; k < f->stage_count && look->sign > 0; k++)
        if (f->stage[k].before > r.level && f->stage[k].after <= r.level) {
            r.t_onset = hf_clock_time(b->clock, f->stage[k].t_onset);
            r.t_peak = hf_clock_time(b->clock, f->stage[k].t_peak);
            r.t_settle = hf_clock_time(b->clock, f->stage[k].t_settle);
        }
    return r;
}

static void write_rows(const hf_beside *b, size_t count, const hf_log_look *looks, hf_table *table)
{
    hf_table_head(table, &compare_table, NULL);
    for (size_t k = 0; k <= count; k++)
        for (size_t i = 0; i < b->flow.findings.stage_count; i++) {
            if (isnan(level_of(b, i)))
                continue;
            const row r = k == 0 ? flow_row(b, i) : log_row(b, &looks[k - 1], k, i);
            hf_table_line(table, &compare_table, &r);
        }
}

hf_status hf_beside_keep(const hf_beside *b, size_t count, const hf_log_look *looks, hf_frames *frames, hf_error *err)
{
    hf_table table;
    hf_frame *frame = hf_frames_add(frames, "compare");
    if (frame == NULL)
        return hf_fail_memory(err, "the comparison");
    hf_table_keep(&table, frame);
    write_rows(b, count, looks, &table);
    return HF_OK;
}

static hf_status write_table(const hf_beside *b, size_t count, const hf_log_look *looks, const char *directory,
                             hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, compare_table.name, &b->flow_params->origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table, "steps stand for flow time: lr %.17g, momentum %.17g", b->clock.lr, b->clock.momentum);
    write_rows(b, count, looks, &table);
    return hf_file_commit(&table.file, err);
}

/* ---- the figure ---- */

typedef struct {
    const hf_beside *beside;
    size_t count;
    const hf_log_look *looks;
} facts;

static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    const hf_beside *b = f->beside;
    const hf_output_params *output = &b->flow_params->output;
    hf_plots_write_text(stream, "run_title", b->flow_params->origin.title);
    fprintf(stream, "log_time = %d\nt_first = %.17g\nt_end = %.17g\nlr = %.17g\nmomentum = %.17g\ncurves = %zu\n",
            output->spacing == HF_SPACING_LOG, output->t_first, b->flow_params->solver.t_end, b->clock.lr,
            b->clock.momentum, f->count);
    fprintf(stream, "array curve_names[%zu]\n", f->count);
    for (size_t i = 0; i < f->count; i++) {
        fprintf(stream, "curve_names[%zu] = ", i + 1);
        hf_labels_write_text(stream, f->looks[i].curve->name);
        putc('\n', stream);
    }
    fputs("levels = '", stream);
    for (size_t i = 0; i < b->flow.findings.stage_count; i++)
        if (!isnan(level_of(b, i)))
            fprintf(stream, " %.17g", level_of(b, i));
    fputs("'\n", stream);
}

hf_status hf_beside_write(const hf_beside *b, size_t count, const hf_log_look *looks, const char *directory, hf_error *err)
{
    const hf_status status = write_table(b, count, looks, directory, err);
    return status != HF_OK ? status
                           : hf_plots_write_figure(directory, "beside", NULL, write_facts, &(facts){b, count, looks},
                                                   hf_plot_beside, err);
}

/* ---- for the eye ---- */

static void print_number(double x, FILE *stream)
{
    if (isnan(x))
        fprintf(stream, " %11s", "-");
    else
        fprintf(stream, " %11.5g", x);
}

static void print_curve(const hf_beside *b, const hf_log_look *look, size_t number, FILE *stream)
{
    const double start = look->rows.y[0], flow = b->flow.loss_start, alike = 0.1;
    size_t reached = 0, agree = 0, levels = 0;
    fprintf(stream, "%s, of %zu stage%s, beside the %zu of the flow:\n", look->curve->name, look->found.stage_count,
            hf_plural(look->found.stage_count), b->flow.findings.stage_count);
    if (look->sign < 0) {
        fputs("  A curve that rises has no level of the flow's to fall to.\n", stream);
        return;
    }
    fprintf(stream, "  stage %11s %11s %11s %11s %11s %11s\n", "level", "flow, t", "log, t", "+-", "log, step", "log/flow");
    for (size_t i = 0; i < b->flow.findings.stage_count; i++) {
        if (isnan(level_of(b, i)))
            continue;
        const row flow_at = flow_row(b, i), at = log_row(b, look, number, i);
        fprintf(stream, "  %5zu", i + 1);
        const double numbers[] = {at.level, flow_at.t, at.t, at.t_error, at.step};
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            print_number(numbers[k], stream);
        if (isnan(at.t))
            fprintf(stream, " %11s\n", "-");
        else
            fprintf(stream, " %+9.1f %%\n", 100 * at.deviation_flow);
        levels++;
        reached += isnan(at.t) ? 0 : 1;
        agree += fabs(at.deviation_flow) <= HF_VERDICT_AGREES;
    }
    if (levels > 0)
        fprintf(stream,
                "  The log falls to %zu of the %zu level%s; at %zu of them its time is within %.0f %% of the flow's.\n",
                reached, levels, hf_plural(levels), agree, 100 * HF_VERDICT_AGREES);
    if (!(fabs(start - flow) <= alike * flow))
        fprintf(
            stream,
            "  The log starts at %.4g, the flow at %.4g: if these are not the same loss (a factor, a sum for a mean, the\n"
            "  noise of labels), levels say nothing; compare order and ratios of times.\n",
            start, flow);
}

void hf_beside_print(const hf_beside *b, size_t count, const hf_log_look *looks, FILE *stream)
{
    fprintf(stream, "Beside the flow of %s, one step for lr %g%s of flow time", b->flow_params->origin.title, b->clock.lr,
            b->clock.momentum > 0 ? "/(1 - momentum)" : "");
    fputs(b->clock.momentum > 0 ? ", less at first.\n" : ".\n", stream);
    for (size_t k = 0; k < count; k++)
        print_curve(b, &looks[k], k + 1, stream);
}
