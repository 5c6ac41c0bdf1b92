#include "log/tables.h"

#include "core/hash.h"
#include "detect/slope.h"
#include "report/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 2000, SLOPES = 400 }; /* rows of a curve in samples.tsv and slope.tsv, at most */

static hf_table_origin origin_of(size_t count, const hf_log_look *looks, const hf_search_params *params)
{
    hf_table_origin origin = {.title = "stages of logs", .hash = HF_HASH_START};
    const double numbers[] = {params->contrast, params->significance, params->least};
    hf_hash_bytes(&origin.hash, numbers, sizeof numbers);
    for (size_t i = 0; i < count; i++)
        hf_hash_bytes(&origin.hash, looks[i].curve->x, 2 * looks[i].curve->count * sizeof(double));
    return origin;
}

static const char *end_of(const hf_search_result *found)
{
    if (found->stage_count > 0)
        return found->stage[found->stage_count - 1].settled ? "plateau" : "stage";
    return found->falls_at_start ? "plateau" : "start";
}

/* ---- rows ---- */

typedef struct {
    size_t curve, rows;
    double first, last;
    size_t not_finite, repeated, spikes;
    bool unsorted;
    size_t joined;
    bool log_spaced;
    size_t gaps;
    double gap_from, gap_to;
    bool rises;
    double loss_first, loss_last, noise, together, resolution;
    size_t stages;
    const char *end, *name, *file, *step_column, *loss_column;
} curve_row;

typedef struct {
    size_t curve, stage;
    double t_onset, t_peak, t_settle, loss_before, loss_after, t_half, strength, certainty, t_half_error, loss_before_error,
        loss_after_error, speed, speed_error;
    const char *name;
} stage_row;

typedef struct {
    size_t curve, plateau;
    double t, loss, loss_error, speed, speed_error;
    size_t rows;
} plateau_row;

typedef struct {
    size_t curve;
    double t, loss;
} sample_row;

typedef struct {
    size_t curve;
    double t, loss, loss_error, speed, speed_error, half_width;
    size_t rows;
} slope_row;

/* clang-format off */
static const hf_column curve_columns[] = {
    HF_COLUMN(curve_row, curve, "", "number"),
    HF_COLUMN(curve_row, rows, "", "that were looked at"),
    HF_COLUMN(curve_row, first, "steps", "of them"),
    HF_COLUMN(curve_row, last, "steps", "of them"),
    HF_COLUMN(curve_row, not_finite, "", "rows that were left out: no step and loss that are finite and below 1e150"),
    HF_COLUMN(curve_row, repeated, "", "rows that had the step of another one: they count as one, with their mean"),
    HF_COLUMN(curve_row, spikes, "", "rows that were left out: they stand out alone"),
    HF_COLUMN(curve_row, unsorted, "", "1: the steps were not in order"),
    HF_COLUMN(curve_row, joined, "", "lines of names between the rows"),
    HF_COLUMN(curve_row, log_spaced, "", "1: rows stand denser at the beginning"),
    HF_COLUMN(curve_row, gaps, "", "places where steps are missing: five times the distances beside it"),
    HF_COLUMN(curve_row, gap_from, "steps", "the widest of them"),
    HF_COLUMN(curve_row, gap_to, "steps", "likewise"),
    HF_COLUMN(curve_row, rises, "", "1: its rises are the stages"),
    HF_COLUMN(curve_row, loss_first, "loss", "of the first row"),
    HF_COLUMN(curve_row, loss_last, "loss", "of the last row"),
    HF_COLUMN(curve_row, noise, "loss", "standard deviation of a row, in the middle of all"),
    HF_COLUMN(curve_row, together, "", "so many neighbours count as one row, (1 + rho)/(1 - rho)"),
    HF_COLUMN(curve_row, resolution, "loss", "step between numbers as they are written down; 0: full precision"),
    HF_COLUMN(curve_row, stages, "", "that were found"),
    HF_COLUMN(curve_row, end, "", "where the curve ends: plateau; stage, inside of it; start, on the plateau it starts on"),
    HF_COLUMN_STRING(curve_row, name, "", "of the curve: what tells it from the others"),
    HF_COLUMN_STRING(curve_row, file, "", ""),
    HF_COLUMN_STRING(curve_row, step_column, "", "empty: the number of the row"),
    HF_COLUMN_STRING(curve_row, loss_column, "", ""),
};
static const hf_column stage_columns[] = {
    HF_COLUMN(stage_row, curve, "", "number, as in curves.tsv"),
    HF_COLUMN(stage_row, stage, "", "number"),
    HF_COLUMN(stage_row, t_onset, "steps", "a tenth of the fall is behind"),
    HF_COLUMN(stage_row, t_peak, "steps", "the curve is fastest"),
    HF_COLUMN(stage_row, t_settle, "steps", "nine tenths of the fall are behind; nan: the curve ends before"),
    HF_COLUMN(stage_row, loss_before, "loss", "of the plateau before, where it is slowest"),
    HF_COLUMN(stage_row, loss_after, "loss", "of the plateau behind; nan: the curve ends before"),
    HF_COLUMN(stage_row, t_half, "steps", "the curve passes the middle between the two"),
    HF_COLUMN(stage_row, strength, "1", "how sure: the smaller of fall and contrast, over what noise could feign; 1 is the least that counts"),
    HF_COLUMN(stage_row, certainty, "1", "fall over its standard error"),
    HF_COLUMN(stage_row, t_half_error, "steps", "standard error; nan: few rows in the drop"),
    HF_COLUMN(stage_row, loss_before_error, "loss", "standard error; nan: fewer than three rows"),
    HF_COLUMN(stage_row, loss_after_error, "loss", "standard error; nan: fewer than three rows"),
    HF_COLUMN(stage_row, speed, "loss/step", "-dL/dt at t_peak; negative where the curve rises"),
    HF_COLUMN(stage_row, speed_error, "loss/step", "standard error"),
    HF_COLUMN_STRING(stage_row, name, "", "of the curve"),
};
static const hf_column plateau_columns[] = {
    HF_COLUMN(plateau_row, curve, "", "number, as in curves.tsv"),
    HF_COLUMN(plateau_row, plateau, "", "number: before, between and behind the stages"),
    HF_COLUMN(plateau_row, t, "steps", "the middle of where it is slowest"),
    HF_COLUMN(plateau_row, loss, "loss", "there, on a straight line through the rows"),
    HF_COLUMN(plateau_row, loss_error, "loss", "standard error; nan: fewer than three rows"),
    HF_COLUMN(plateau_row, speed, "loss/step", "of that line"),
    HF_COLUMN(plateau_row, speed_error, "loss/step", "standard error"),
    HF_COLUMN(plateau_row, rows, "", "that it goes through"),
};
static const hf_column sample_columns[] = {
    HF_COLUMN(sample_row, curve, "", "number, as in curves.tsv"),
    HF_COLUMN(sample_row, t, "steps", "of a row; of more than 2000 so many are shown"),
    HF_COLUMN(sample_row, loss, "loss", "as it stands in the log"),
};
static const hf_column slope_columns[] = {
    HF_COLUMN(slope_row, curve, "", "number, as in curves.tsv"),
    HF_COLUMN(slope_row, t, "steps", "of 400 rows at most"),
    HF_COLUMN(slope_row, loss, "loss", "of a parabola through the rows around"),
    HF_COLUMN(slope_row, loss_error, "loss", "standard error"),
    HF_COLUMN(slope_row, speed, "loss/step", "-dL/dt of it"),
    HF_COLUMN(slope_row, speed_error, "loss/step", "standard error"),
    HF_COLUMN(slope_row, half_width, "steps", "the rows are at most so far away"),
    HF_COLUMN(slope_row, rows, "", "how many they are"),
};
static const hf_table_kind
    curves_table = {"curves.tsv", "A row for every curve.", HF_COLUMNS_OF("detect", curve_columns)},
    stages_table = {"stages.tsv", "A row for every stage of every curve; times are those of the log.", HF_COLUMNS_OF("detect", stage_columns)},
    plateaus_table = {"plateaus.tsv", "A row for every plateau of every curve.", HF_COLUMNS_OF("detect", plateau_columns)},
    samples_table = {"samples.tsv", "Rows of the logs, for figures.", HF_COLUMNS_OF("detect", sample_columns)},
    slope_table = {"slope.tsv", "Level and speed along every curve.", HF_COLUMNS_OF("detect", slope_columns)};
/* clang-format on */

const hf_table_kind *const hf_log_tables[] = {&stages_table, &curves_table,  &plateaus_table,
                                              &slope_table,  &samples_table, NULL};

static void write_curve(hf_table *table, const hf_log_look *l, size_t number)
{
    const hf_search_result *f = &l->found;
    const size_t last = l->rows.count - 1;
    const curve_row row = {.curve = number,
                           .rows = l->rows.count,
                           .first = l->rows.x[0],
                           .last = l->rows.x[last],
                           .not_finite = l->rows.not_finite,
                           .repeated = l->rows.repeated,
                           .spikes = l->rows.spikes,
                           .unsorted = l->rows.unsorted,
                           .joined = l->curve->joined,
                           .log_spaced = l->is_log,
                           .gaps = l->gaps,
                           .gap_from = l->gap_from,
                           .gap_to = l->gap_to,
                           .rises = l->sign < 0,
                           .loss_first = l->sign * l->rows.y[0],
                           .loss_last = l->sign * l->rows.y[last],
                           .noise = f->noise,
                           .together = l->rows.together,
                           .resolution = f->resolution,
                           .stages = f->stage_count,
                           .end = end_of(f),
                           .name = l->curve->name,
                           .file = l->curve->file,
                           .step_column = l->curve->step,
                           .loss_column = l->curve->loss};
    hf_table_line(table, &curves_table, &row);
}

static void write_stages(hf_table *table, const hf_log_look *l, size_t number)
{
    const hf_search_result *f = &l->found;
    for (size_t k = 0; k < f->stage_count; k++) {
        const hf_search_stage *s = &f->stage[k];
        const hf_search_plateau *before = &f->plateau[k], *after = k + 1 < f->plateau_count ? before + 1 : NULL;
        hf_slope slope = {.speed = s->speed, .speed_error = NAN};
        if (!isnan(s->t_peak))
            hf_slope_at(&l->rows, s->t_peak, &slope);
        const stage_row row = {.curve = number,
                               .stage = k + 1,
                               .t_onset = s->t_onset,
                               .t_peak = s->t_peak,
                               .t_settle = s->t_settle,
                               .loss_before = l->sign * before->loss,
                               .loss_after = after == NULL ? NAN : l->sign * after->loss,
                               .t_half = s->t_half,
                               .strength = s->strength,
                               .certainty = hf_log_certainty(l, k),
                               .t_half_error = s->half_error,
                               .loss_before_error = before->loss_error,
                               .loss_after_error = after == NULL ? NAN : after->loss_error,
                               .speed = l->sign * slope.speed,
                               .speed_error = slope.speed_error,
                               .name = l->curve->name};
        hf_table_line(table, &stages_table, &row);
    }
}

static void write_plateaus(hf_table *table, const hf_log_look *l, size_t number)
{
    for (size_t k = 0; k < l->found.plateau_count; k++) {
        const hf_search_plateau *p = &l->found.plateau[k];
        const plateau_row row = {.curve = number,
                                 .plateau = k + 1,
                                 .t = p->t,
                                 .loss = l->sign * p->loss,
                                 .loss_error = p->loss_error,
                                 .speed = l->sign * p->speed,
                                 .speed_error = p->speed_error,
                                 .rows = p->rows};
        hf_table_line(table, &plateaus_table, &row);
    }
}

/* Row number k of the so many of all that are shown. */
static size_t shown_row(const hf_rows *rows, size_t k, size_t shown)
{
    return shown == 1 ? 0 : (size_t)((double)k * (double)(rows->count - 1) / (double)(shown - 1) + 0.5);
}

static void write_samples(hf_table *table, const hf_log_look *l, size_t number)
{
    const size_t shown = l->rows.count < SAMPLES ? l->rows.count : SAMPLES;
    for (size_t k = 0; k < shown; k++) {
        const size_t i = shown_row(&l->rows, k, shown);
        const sample_row row = {number, l->rows.x[i], l->sign * l->rows.y[i]};
        hf_table_line(table, &samples_table, &row);
    }
}

static void write_slope(hf_table *table, const hf_log_look *l, size_t number)
{
    const size_t shown = l->rows.count < SLOPES ? l->rows.count : SLOPES;
    for (size_t k = 0; k < shown; k++) {
        hf_slope s;
        if (!hf_slope_at(&l->rows, l->rows.x[shown_row(&l->rows, k, shown)], &s))
            continue;
        const slope_row row = {.curve = number,
                               .t = s.t,
                               .loss = l->sign * s.loss,
                               .loss_error = s.loss_error,
                               .speed = l->sign * s.speed,
                               .speed_error = s.speed_error,
                               .half_width = s.half,
                               .rows = s.rows};
        hf_table_line(table, &slope_table, &row);
    }
}

/* ---- all of it ---- */

static const struct {
    const hf_table_kind *kind;
    const char *name;
    void (*write)(hf_table *table, const hf_log_look *look, size_t number);
} tables[] = {{&curves_table, "curves", write_curve},
              {&stages_table, "stages", write_stages},
              {&plateaus_table, "plateaus", write_plateaus},
              {&samples_table, "samples", write_samples},
              {&slope_table, "slope", write_slope}};
enum { TABLES = sizeof tables / sizeof tables[0] };

hf_status hf_log_tables_keep(size_t count, const hf_log_look *looks, hf_frames *frames, hf_error *err)
{
    for (size_t i = 0; i < TABLES; i++) {
        hf_table table;
        hf_frame *frame = hf_frames_add(frames, tables[i].name);
        if (frame == NULL)
            return hf_fail_memory(err, "the findings");
        hf_table_keep(&table, frame);
        hf_table_head(&table, tables[i].kind, NULL);
        for (size_t k = 0; k < count; k++)
            tables[i].write(&table, &looks[k], k + 1);
    }
    return HF_OK;
}

hf_status hf_log_tables_write(size_t count, const hf_log_look *looks, const hf_search_params *params, const char *directory,
                              hf_error *err)
{
    const hf_table_origin origin = origin_of(count, looks, params);
    hf_status status = HF_OK;
    for (size_t i = 0; i < TABLES && status == HF_OK; i++) {
        hf_table table;
        status = hf_table_start(&table, directory, tables[i].kind, &origin, NULL, err);
        if (status != HF_OK)
            break;
        for (size_t k = 0; k < count; k++)
            tables[i].write(&table, &looks[k], k + 1);
        status = hf_file_commit(&table.file, err);
    }
    return status;
}
