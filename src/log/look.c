#include "log/look.h"

#include "detect/isotonic.h"
#include "detect/times.h"

#include <math.h>
#include <stdlib.h>

/* How far the nearest monotone curve goes. */
static double range_of(const hf_rows *rows, bool falling, double *fit, size_t *pool)
{
    hf_isotonic_fit(rows->count, rows->y, falling, fit, pool);
    return fabs(fit[rows->count - 1] - fit[0]);
}

/* Turns a curve round that rises further than it falls. */
static hf_status turn(hf_log_look *look, hf_error *err)
{
    const double clearly = 2;
    hf_rows *rows = &look->rows;
    double *fit = malloc((rows->count + 1) * sizeof *fit);
    size_t *pool = malloc((rows->count + 1) * sizeof *pool);
    const bool good = fit != NULL && pool != NULL;
    look->sign = 1;
    if (good && rows->count > 0 && range_of(rows, false, fit, pool) > clearly * range_of(rows, true, fit, pool)) {
        look->sign = -1;
        for (size_t i = 0; i < rows->count; i++)
            rows->y[i] = -rows->y[i];
    }
    free(fit);
    free(pool);
    return good ? HF_OK : hf_fail_memory(err, "the rows");
}

static void see_grid(hf_log_look *look)
{
    const double wide = 5, early = 0.1, dense = 0.4;
    const hf_rows *rows = &look->rows;
    const double first = rows->x[0], last = rows->x[rows->count - 1];
    double widest = wide;
    look->gap_from = look->gap_to = NAN;
    look->is_log = (double)hf_times_row(rows->count, rows->x, first + early * (last - first)) > dense * (double)rows->count;
    for (size_t i = 1; i + 2 < rows->count; i++) {
        const double before = rows->x[i] - rows->x[i - 1], gap = rows->x[i + 1] - rows->x[i];
        const double times = gap / fmax(before, rows->x[i + 2] - rows->x[i + 1]);
        look->gaps += times > wide;
        if (times > widest) {
            widest = times;
            look->gap_from = rows->x[i];
            look->gap_to = rows->x[i + 1];
        }
    }
}

hf_status hf_log_look_at(hf_log_look *look, const hf_log_curve *curve, const hf_search_params *params, hf_error *err)
{
    enum { ROWS_LEAST = 4 };
    *look = (hf_log_look){.curve = curve};
    hf_status status = hf_rows_clean(&look->rows, curve->count, curve->x, curve->y, params->memory, err);
    if (status == HF_OK && look->rows.count < ROWS_LEAST)
        status = hf_fail(err, HF_EUSAGE, "%.300s: %.100s: %zu different step%s with a number, expected at least %d",
                         curve->file, curve->loss, look->rows.count, look->rows.count == 1 ? "" : "s", ROWS_LEAST);
    if (status == HF_OK)
        status = turn(look, err);
    if (status == HF_OK)
        status = hf_search_rows(&look->found, &look->rows, params, err);
    if (status == HF_OK)
        see_grid(look);
    else
        hf_log_look_clear(look);
    return status;
}

double hf_log_certainty(const hf_log_look *look, size_t i)
{
    const hf_search_result *f = &look->found;
    if (i + 1 >= f->plateau_count)
        return NAN;
    const hf_search_plateau *before = &f->plateau[i], *after = &f->plateau[i + 1];
    return (before->loss - after->loss) / hypot(before->loss_error, after->loss_error);
}

void hf_log_look_clear(hf_log_look *look)
{
    hf_rows_clear(&look->rows);
    hf_search_clear(&look->found);
    *look = (hf_log_look){0};
}
