#include "run/string_record.h"

#include "core/statistics.h"

#include <math.h>
#include <stdlib.h>

/* ---- the trajectory ---- */

/* clang-format off */
static const hf_column row_columns[] = {
    HF_COLUMN_STEP(hf_string_row, step, "steps", "steps made"),
    HF_COLUMN(hf_string_row, epoch, "epochs", "times that the training strings have been gone through"),
    HF_COLUMN(hf_string_row, train_loss, "nats", "mean cross-entropy over all training strings, without dropout"),
    HF_COLUMN(hf_string_row, train_accuracy, "", "part of them that is answered rightly"),
    HF_COLUMN(hf_string_row, loss, "nats", "mean cross-entropy over the held-out strings"),
    HF_COLUMN(hf_string_row, accuracy, "", "part of these that is answered rightly"),
    HF_COLUMN(hf_string_row, entropy, "nats", "of the attention, mean over blocks, heads, queries and held-out strings"),
};
/* clang-format on */
static const hf_table_kind trajectory = {
    "trajectory.tsv", "Training on strings: a row for the start and after every epoch.", HF_COLUMNS(row_columns)};

hf_status hf_string_record_open(hf_table *table, const char *directory, const hf_table_origin *origin, long length,
                                hf_error *err)
{
    if (length > 0)
        return hf_table_reopen(table, directory, trajectory.name, origin, length, err);
    return hf_table_start(table, directory, &trajectory, origin, NULL, err);
}

hf_status hf_string_record_row(hf_table *table, const hf_string_row *row, hf_error *err)
{
    hf_table_line(table, &trajectory, row);
    return hf_table_failed(table) ? hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", table->file.part)
                                  : HF_OK;
}

hf_status hf_string_record_check(const char *directory, long length, hf_error *err)
{
    return hf_table_check(directory, trajectory.name, length, err);
}

/* ---- attention ---- */

typedef struct {
    uint64_t step;
    size_t block, head, place;
    double entropy, delta_s, delta_s_most, delta_h, delta_h_most, gap, gap_least, holds, beta, beta_most;
} place_row;

/* clang-format off */
static const hf_column place_columns[] = {
    HF_COLUMN_STEP(place_row, step, "steps", "steps made"),
    HF_COLUMN(place_row, block, "", "block, from 1"),
    HF_COLUMN(place_row, head, "", "head, from 1"),
    HF_COLUMN(place_row, place, "", "place of the query, and for beta of the key, from 1; behind the string its padding, then global places"),
    HF_COLUMN(place_row, entropy, "nats", "of the query's attention; like all others the mean over held-out strings, the first 500 of them"),
    HF_COLUMN(place_row, delta_s, "logit", "largest minus smallest logit of the query, over all keys that can be seen"),
    HF_COLUMN(place_row, delta_s_most, "logit", "the largest of these"),
    HF_COLUMN(place_row, delta_h, "logit", "largest minus k-th largest logit, whatever the mask keeps; k is encoder.keep; nan: no more than k keys"),
    HF_COLUMN(place_row, delta_h_most, "logit", "the largest of these"),
    HF_COLUMN(place_row, gap, "logit", "Delta_h: k-th largest logit minus the next"),
    HF_COLUMN(place_row, gap_least, "logit", "the smallest of these"),
    HF_COLUMN(place_row, holds, "", "part of the strings with delta_h + ln(2 (1 + 1/Delta_h)) < delta_s"),
    HF_COLUMN(place_row, beta, "", "queries that have the place among their k largest logits, over k"),
    HF_COLUMN(place_row, beta_most, "", "the largest of these"),
};
/* clang-format on */
static const hf_table_kind places_table = {
    "logits.tsv", "Training on strings: a row for every block, head and place at the start and at the end.",
    HF_COLUMNS(place_columns)};

hf_status hf_string_record_places(const char *directory, const hf_table_origin *origin, size_t count,
                                  const hf_string_places *at, hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_start(&table, directory, &places_table, origin, NULL, err);
    if (status != HF_OK)
        return status;
    for (size_t n = 0; n < count; n++)
        for (size_t i = 0; i < at[n].blocks * at[n].heads * at[n].places; i++) {
            const hf_encoder_place *p = &at[n].place[i];
            const size_t head = i / at[n].places;
            const place_row row = {at[n].step,
                                   head / at[n].heads + 1,
                                   head % at[n].heads + 1,
                                   i % at[n].places + 1,
                                   p->entropy,
                                   p->spread,
                                   p->spread_most,
                                   p->inside,
                                   p->inside_most,
                                   p->gap,
                                   p->gap_least,
                                   p->holds,
                                   p->chosen,
                                   p->chosen_most};
            hf_table_line(&table, &places_table, &row);
        }
    return hf_file_commit(&table.file, err);
}

/* ---- all seeds ---- */

typedef struct {
    const char *number;
    double median, quartile_low, quartile_high;
    size_t runs, later;
} seeds_row;

/* clang-format off */
static const hf_column seeds_columns[] = {
    HF_COLUMN(seeds_row, number, "", "learned: epochs after which detect.accuracy of the training strings are first answered rightly; the others at the end"),
    HF_COLUMN(seeds_row, median, "epochs, nats or 1", "over seeds; inf: later than the end"),
    HF_COLUMN(seeds_row, quartile_low, "likewise", "a quarter of the seeds is below; runs that have not learned count as later than all others"),
    HF_COLUMN(seeds_row, quartile_high, "likewise", "a quarter is above"),
    HF_COLUMN(seeds_row, runs, "", "number of seeds"),
    HF_COLUMN(seeds_row, later, "", "of these, runs that had not learned by the end"),
};
/* clang-format on */
static const hf_table_kind seeds_table = {"learned.tsv", "Training on strings: a row for every number that the seeds give.",
                                          HF_COLUMNS(seeds_columns)};

const hf_table_kind *const hf_string_record_tables[] = {&trajectory, &places_table, &seeds_table, NULL};

/* inf where a quantile falls among those that never happened, also beside one that did. */
static double later_or(double quantile)
{
    return isnan(quantile) ? INFINITY : quantile;
}

hf_status hf_string_spread_of(size_t count, const hf_run_summary *summary, size_t offset, hf_string_spread *spread,
                              hf_error *err)
{
    double *x = malloc(count * sizeof *x);
    if (x == NULL)
        return hf_fail_memory(err, "the numbers of all seeds");
    *spread = (hf_string_spread){.runs = count};
    for (size_t i = 0; i < count; i++) {
        x[i] = *(const double *)(const void *)((const char *)&summary[i] + offset);
        spread->later += isnan(x[i]) ? 1 : 0;
    }
    hf_sort(count, x);
    spread->median = later_or(hf_quantile(count, x, 0.5));
    spread->low = later_or(hf_quantile(count, x, 0.25));
    spread->high = later_or(hf_quantile(count, x, 0.75));
    free(x);
    return HF_OK;
}

hf_status hf_string_record_seeds(const char *directory, const hf_table_origin *origin, size_t count,
                                 const hf_run_summary *summary, hf_error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"learned", offsetof(hf_run_summary, strings.learned)},
                   {"train_accuracy", offsetof(hf_run_summary, strings.train_accuracy)},
                   {"accuracy", offsetof(hf_run_summary, strings.accuracy)},
                   {"best_accuracy", offsetof(hf_run_summary, strings.best)},
                   {"loss", offsetof(hf_run_summary, loss)},
                   {"entropy", offsetof(hf_run_summary, strings.entropy)}};
    hf_table table;
    hf_status status = hf_table_start(&table, directory, &seeds_table, origin, NULL, err);
    if (status != HF_OK)
        return status;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == HF_OK; i++) {
        hf_string_spread s = {0};
        status = hf_string_spread_of(count, summary, numbers[i].offset, &s, err);
        const seeds_row row = {numbers[i].name, s.median, s.low, s.high, s.runs, s.later};
        hf_table_line(&table, &seeds_table, &row);
    }
    if (status == HF_OK)
        return hf_file_commit(&table.file, err);
    hf_file_abandon(&table.file);
    return status;
}
