#include "log/tables.h"

#include "core/hash.h"
#include "detect/slope.h"
#include "detect/times.h"
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

static hf_status write_curves(size_t count, const hf_log_look *looks, const char *directory, const hf_table_origin *origin,
                              hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "curves.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "curve\trows\tfirst\tlast\tnot_finite\trepeated\tspikes\tunsorted\tjoined\tlog_spaced\tgaps\t"
                          "gap_from\tgap_to\trises\tloss_first\tloss_last\tnoise\ttogether\tresolution\tstages\tend\tname\t"
                          "file\tstep_column\tloss_column");
    hf_table_end_line(&table);
    for (size_t i = 0; i < count; i++) {
        const hf_log_look *l = &looks[i];
        const hf_search_result *f = &l->found;
        const size_t rows = l->rows.count;
        const double first = l->rows.x[0], last = l->rows.x[rows - 1];
        hf_table_text(&table, "%zu\t%zu", i + 1, rows);
        hf_table_numbers(&table, 2, (const double[]){first, last});
        hf_table_text(&table, "%zu\t%zu\t%zu\t%d\t%zu\t%d\t%zu", l->rows.not_finite, l->rows.repeated, l->rows.spikes,
                      l->rows.unsorted, l->curve->joined, l->is_log, l->gaps);
        hf_table_numbers(&table, 2, (const double[]){l->gap_from, l->gap_to});
        hf_table_text(&table, "%d", l->sign < 0);
        const double numbers[] = {l->sign * l->rows.y[0], l->sign * l->rows.y[rows - 1], f->noise, l->rows.together,
                                  f->resolution};
        hf_table_numbers(&table, sizeof numbers / sizeof numbers[0], numbers);
        hf_table_text(&table, "%zu\t%s", f->stage_count, end_of(f));
        hf_table_string(&table, l->curve->name);
        hf_table_string(&table, l->curve->file);
        hf_table_string(&table, l->curve->step);
        hf_table_string(&table, l->curve->loss);
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_stages(size_t count, const hf_log_look *looks, const char *directory, const hf_table_origin *origin,
                              hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "stages.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "curve\tstage\tt_onset\tt_peak\tt_settle\tloss_before\tloss_after\tt_half\tstrength\tcertainty\t"
                          "t_half_error\tloss_before_error\tloss_after_error\tspeed\tspeed_error\tname");
    hf_table_end_line(&table);
    for (size_t i = 0; i < count; i++) {
        const hf_log_look *l = &looks[i];
        const hf_search_result *f = &l->found;
        for (size_t k = 0; k < f->stage_count; k++) {
            const hf_search_stage *s = &f->stage[k];
            const hf_search_plateau *before = &f->plateau[k], *after = k + 1 < f->plateau_count ? before + 1 : NULL;
            hf_slope slope = {.speed = s->speed, .speed_error = NAN};
            if (!isnan(s->t_peak))
                hf_slope_at(&l->rows, s->t_peak, &slope);
            const double numbers[] = {s->t_onset,
                                      s->t_peak,
                                      s->t_settle,
                                      l->sign * before->loss,
                                      after == NULL ? NAN : l->sign * after->loss,
                                      s->t_half,
                                      s->strength,
                                      hf_log_certainty(l, k),
                                      s->half_error,
                                      before->loss_error,
                                      after == NULL ? NAN : after->loss_error,
                                      l->sign * slope.speed,
                                      slope.speed_error};
            hf_table_text(&table, "%zu\t%zu", i + 1, k + 1);
            hf_table_numbers(&table, sizeof numbers / sizeof numbers[0], numbers);
            hf_table_string(&table, l->curve->name);
            hf_table_end_line(&table);
        }
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_plateaus(size_t count, const hf_log_look *looks, const char *directory, const hf_table_origin *origin,
                                hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "plateaus.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "curve\tplateau\tt\tloss\tloss_error\tspeed\tspeed_error\trows");
    hf_table_end_line(&table);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < looks[i].found.plateau_count; k++) {
            const hf_search_plateau *p = &looks[i].found.plateau[k];
            const double sign = looks[i].sign;
            hf_table_text(&table, "%zu\t%zu", i + 1, k + 1);
            hf_table_numbers(&table, 5,
                             (const double[]){p->t, sign * p->loss, p->loss_error, sign * p->speed, p->speed_error});
            hf_table_text(&table, "%zu", p->rows);
            hf_table_end_line(&table);
        }
    return hf_file_commit(&table.file, err);
}

static hf_status write_samples(size_t count, const hf_log_look *looks, const char *directory, const hf_table_origin *origin,
                               hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "samples.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "curve\tt\tloss");
    hf_table_end_line(&table);
    for (size_t i = 0; i < count; i++) {
        const hf_rows *rows = &looks[i].rows;
        const size_t shown = rows->count < SAMPLES ? rows->count : SAMPLES;
        for (size_t k = 0; k < shown; k++) {
            const size_t row = shown == 1 ? 0 : (size_t)((double)k * (double)(rows->count - 1) / (double)(shown - 1) + 0.5);
            hf_table_text(&table, "%zu", i + 1);
            hf_table_numbers(&table, 2, (const double[]){rows->x[row], looks[i].sign * rows->y[row]});
            hf_table_end_line(&table);
        }
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_slope(size_t count, const hf_log_look *looks, const char *directory, const hf_table_origin *origin,
                             hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "slope.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "curve\tt\tloss\tloss_error\tspeed\tspeed_error\thalf_width\trows");
    hf_table_end_line(&table);
    for (size_t i = 0; i < count; i++) {
        const hf_rows *rows = &looks[i].rows;
        const size_t shown = rows->count < SLOPES ? rows->count : SLOPES;
        for (size_t k = 0; k < shown; k++) {
            const size_t row = shown == 1 ? 0 : (size_t)((double)k * (double)(rows->count - 1) / (double)(shown - 1) + 0.5);
            hf_slope s;
            if (!hf_slope_at(rows, rows->x[row], &s))
                continue;
            hf_table_text(&table, "%zu", i + 1);
            hf_table_numbers(&table, 6,
                             (const double[]){s.t, looks[i].sign * s.loss, s.loss_error, looks[i].sign * s.speed, s.speed_error,
                                              s.half});
            hf_table_text(&table, "%zu", s.rows);
            hf_table_end_line(&table);
        }
    }
    return hf_file_commit(&table.file, err);
}

hf_status hf_log_tables_write(size_t count, const hf_log_look *looks, const hf_search_params *params, const char *directory,
                              hf_error *err)
{
    typedef hf_status writer(size_t, const hf_log_look *, const char *, const hf_table_origin *, hf_error *);
    static writer *const writers[] = {write_curves, write_stages, write_plateaus, write_samples, write_slope};
    const hf_table_origin origin = origin_of(count, looks, params);
    hf_status status = HF_OK;
    for (size_t i = 0; i < sizeof writers / sizeof writers[0] && status == HF_OK; i++)
        status = writers[i](count, looks, directory, &origin, err);
    return status;
}
