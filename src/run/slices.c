#include "run/slices.h"

#include "core/statistics.h"
#include "train/kernels.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = HF_SLICES_POINTS, MIDDLE = POINTS / 2 };

static double spacing(const hf_slices *s)
{
    return s->radius / MIDDLE;
}

/* Exactly 0 in the middle. */
static double radius_at(const hf_slices *s, size_t point)
{
    return s->radius * ((double)point - MIDDLE) / MIDDLE;
}

/* The losses of one line; line, moved: (count). */
static void look_along(const hf_slices *s, hf_learner *learner, const double *parameters, size_t count,
                       const hf_stream *stream, double *line, double *moved, double *loss)
{
    hf_normal_fill(stream, count, line);
    const double norm = sqrt(hf_kernel_dot(count, line, line));
    for (size_t i = 0; i < POINTS; i++) {
        memcpy(moved, parameters, count * sizeof *moved);
        hf_kernel_add(count, radius_at(s, i) / norm, line, moved);
        loss[i] = hf_learner_loss(learner, moved, true);
    }
}

static hf_status sum_up(hf_slices *s, hf_error *err)
{
    const double step = spacing(s);
    double *curvature = malloc(s->lines * sizeof *curvature);
    if (curvature == NULL)
        return hf_fail_memory(err, "the slices of the loss");
    s->lipschitz = 0;
    for (size_t n = 0; n < s->lines; n++) {
        const double *loss = s->loss + n * POINTS;
        for (size_t i = 1; i < POINTS; i++) {
            const double slope = fabs(loss[i] - loss[i - 1]) / step;
            if (isnan(slope) || slope > s->lipschitz)
                s->lipschitz = slope;
        }
        curvature[n] = (loss[MIDDLE + 1] - 2 * loss[MIDDLE] + loss[MIDDLE - 1]) / (step * step);
    }
    s->curvature = hf_median(s->lines, curvature);
    free(curvature);
    return HF_OK;
}

hf_status hf_slices_make(hf_slices *s, hf_learner *learner, const double *parameters, size_t lines, double radius,
                         uint64_t seed, hf_error *err)
{
    const size_t count = hf_tensors_size(learner->model.kind->tensors(learner->model.self));
    double *line = malloc(2 * count * sizeof *line);
    *s = (hf_slices){.lines = lines, .radius = radius, .loss = malloc(lines * POINTS * sizeof *s->loss)};
    hf_status status = line == NULL || s->loss == NULL ? hf_fail_memory(err, "the slices of the loss") : HF_OK;
    for (size_t n = 0; n < lines && status == HF_OK; n++) {
        const hf_stream stream = {seed, HF_DRAW_LINES, 0, (uint32_t)n};
        look_along(s, learner, parameters, count, &stream, line, line + count, s->loss + n * POINTS);
    }
    if (status == HF_OK)
        status = sum_up(s, err);
    free(line);
    if (status != HF_OK)
        hf_slices_clear(s);
    return status;
}

void hf_slices_clear(hf_slices *s)
{
    free(s->loss);
    *s = (hf_slices){0};
}

/* ---- the table ---- */

typedef struct {
    const hf_slices *slices;
    size_t point;
    double r, median, least, most;
} slice_row;

static void name_lines(hf_table *table, const void *row)
{
    for (size_t n = 1; n <= ((const slice_row *)row)->slices->lines; n++)
        hf_table_text(table, "loss_%zu", n);
}

static void write_lines(hf_table *table, const void *row)
{
    const slice_row *r = row;
    for (size_t n = 0; n < r->slices->lines; n++)
        hf_table_number(table, r->slices->loss[n * POINTS + r->point]);
}

static const hf_column_group lines = {name_lines, write_lines};

/* clang-format off */
static const hf_column columns[] = {
    HF_COLUMN(slice_row, r, "", "distance from the parameters at the end along a random line"),
    HF_COLUMN(slice_row, median, "nats", "held-out loss there, median over the lines"),
    HF_COLUMN(slice_row, least, "nats", "the least"),
    HF_COLUMN(slice_row, most, "nats", "the largest"),
    HF_COLUMN_GROUP(&lines, "loss_<i>", "nats", "held-out loss along line i"),
};
/* clang-format on */
static const hf_table_kind slices_table = {
    "slices.tsv", "Training on strings, with output.slices: a row for every distance from where it ended.",
    HF_COLUMNS(columns)};

const hf_table_kind *const hf_slices_tables[] = {&slices_table, NULL};

hf_status hf_slices_record(const hf_slices *s, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    double *sorted = malloc(s->lines * sizeof *sorted);
    if (sorted == NULL)
        return hf_fail_memory(err, "the slices of the loss");
    const hf_status status = hf_table_open(&table, directory, slices_table.name, origin, err);
    if (status != HF_OK) {
        free(sorted);
        return status;
    }
    slice_row row = {.slices = s};
    hf_table_head(&table, &slices_table, &row);
    for (row.point = 0; row.point < POINTS; row.point++) {
        for (size_t n = 0; n < s->lines; n++)
            sorted[n] = s->loss[n * POINTS + row.point];
        hf_sort(s->lines, sorted);
        row.r = radius_at(s, row.point);
        row.median = hf_quantile(s->lines, sorted, 0.5);
        row.least = sorted[0];
        row.most = sorted[s->lines - 1];
        hf_table_line(&table, &slices_table, &row);
    }
    free(sorted);
    return hf_file_commit(&table.file, err);
}
