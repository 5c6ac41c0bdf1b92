#include "compare/bands.h"

#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "core/tsv.h"
#include "report/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One seed's trajectory, read row by row. */
typedef struct {
    hf_tsv_rows rows;
    char *path;
} reader;

typedef struct {
    size_t seeds, columns;
    reader *reader; /* (seeds) */
    char **name;    /* (columns) */
    bool *is_shown; /* (columns) */
    double *number; /* (columns, seeds) */
} bands;

/* What differs between heads has no median over runs, in which heads may have changed places. */
static bool belongs_to_a_head(const char *name)
{
    return strncmp(name, "mass_", 5) == 0 || strncmp(name, "value_", 6) == 0 || strncmp(name, "share_", 6) == 0;
}

static bool is_common(const char *name)
{
    return strcmp(name, "t") == 0 || strcmp(name, "step") == 0;
}

/* The next row. What cannot be read was there before: nobody has given a wrong name. */
static hf_status next_row(reader *r, bool *more, hf_error *err)
{
    const hf_status status = hf_tsv_next(&r->rows, more, err);
    return status == HF_OK ? HF_OK : (err->status = HF_ESYSTEM);
}

/* A seed's trajectory in directory or, where it was finished before, there. */
static hf_status open_reader(reader *r, const char *directory, const char *finished, uint64_t seed, hf_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "train/seed-%" PRIu64 "/trajectory.tsv", seed);
    r->path = hf_path_join(finished != NULL && !hf_file_exists_in(directory, name) ? finished : directory, name);
    if (r->path == NULL)
        return hf_fail_memory(err, "a file name");
    bool more = false;
    if (hf_tsv_open(&r->rows, r->path, err) != HF_OK)
        return err->status = HF_ESYSTEM;
    const hf_status status = next_row(r, &more, err);
    return status == HF_OK && !more ? hf_fail(err, HF_EUSAGE, "%s: cannot be read: no header", r->path) : status;
}

/* Column names from the first seed's header. */
static hf_status read_names(bands *b, hf_error *err)
{
    const hf_tsv_rows *rows = &b->reader[0].rows;
    b->columns = rows->count;
    b->name = calloc(b->columns, sizeof *b->name);
    b->is_shown = calloc(b->columns, sizeof *b->is_shown);
    b->number = malloc(b->columns * b->seeds * sizeof *b->number);
    if (b->name == NULL || b->is_shown == NULL || b->number == NULL)
        return hf_fail_memory(err, "the summary");
    for (size_t c = 0; c < b->columns; c++) {
        b->name[c] = strdup(rows->field[c]);
        if (b->name[c] == NULL)
            return hf_fail_memory(err, "the summary");
        b->is_shown[c] = !belongs_to_a_head(b->name[c]) && strcmp(b->name[c], "energy_defect") != 0;
    }
    return HF_OK;
}

/* Whether all seeds have the same time and step. A run that stops early ends with a row of its own. */
static bool is_one_row(const bands *b)
{
    for (size_t c = 0; c < b->columns; c++) {
        const double *number = b->number + c * b->seeds;
        for (size_t k = 1; k < b->seeds && is_common(b->name[c]); k++)
            if (number[k] != number[0] && !(isnan(number[k]) && isnan(number[0])))
                return false;
    }
    return true;
}

/* One row of every seed; *more is false when one of them has ended. */
static hf_status read_rows(bands *b, bool *more, hf_error *err)
{
    *more = true;
    for (size_t k = 0; k < b->seeds && *more; k++) {
        reader *r = &b->reader[k];
        const hf_status status = next_row(r, more, err);
        if (status != HF_OK)
            return status;
        bool good = !*more || r->rows.count == b->columns;
        for (size_t c = 0; c < b->columns && *more && good; c++) {
            char *end;
            b->number[c * b->seeds + k] = strtod(r->rows.field[c], &end);
            good = end != r->rows.field[c] && *end == '\0';
        }
        if (!good)
            return hf_fail(err, HF_EUSAGE, "%s: expected %zu number%s in every row", r->path, b->columns,
                           hf_plural(b->columns));
    }
    *more = *more && is_one_row(b);
    return HF_OK;
}

static void name_bands(hf_table *table, const void *row)
{
    const bands *b = row;
    for (size_t c = 0; c < b->columns; c++) {
        if (!b->is_shown[c])
            continue;
        hf_table_text(table, "%s", b->name[c]);
        if (is_common(b->name[c]))
            continue;
        hf_table_text(table, "%s_p10", b->name[c]);
        hf_table_text(table, "%s_p90", b->name[c]);
    }
}

static void write_bands(hf_table *table, const void *row)
{
    const bands *b = row;
    for (size_t c = 0; c < b->columns; c++) {
        double *number = b->number + c * b->seeds;
        if (!b->is_shown[c])
            continue;
        if (is_common(b->name[c])) {
            hf_table_number(table, number[0]);
            continue;
        }
        hf_sort(b->seeds, number);
        hf_table_number(table, hf_quantile(b->seeds, number, 0.5));
        hf_table_number(table, hf_quantile(b->seeds, number, 0.1));
        hf_table_number(table, hf_quantile(b->seeds, number, 0.9));
    }
}

static const hf_column_group group = {name_bands, write_bands};
static const hf_column columns[] = {
    HF_COLUMN_GROUP(&group, "t", "flow time", "when"),
    HF_COLUMN_LIKE("step", "steps", "when"),
    HF_COLUMN_LIKE("<column>", "", "of trajectory.tsv, if it does not belong to a head: the median over seeds"),
    HF_COLUMN_LIKE("<column>_p10", "", "quantile 0.1"),
    HF_COLUMN_LIKE("<column>_p90", "", "quantile 0.9"),
};
static const hf_table_kind summary = {"train/summary.tsv", "A row for every output time that all seeds have.",
                                      HF_COLUMNS(columns)};

const hf_table_kind *const hf_bands_tables[] = {&summary, NULL};

static hf_status write_table(bands *b, const hf_table_origin *origin, const char *directory, hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, summary.name, origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table, "median and quantiles over %zu seed%s%s", b->seeds, hf_plural(b->seeds),
                     b->seeds < HF_QUANTILES_FEW
                         ? ", so few that p10 and p90 lie between the two lowest and the two highest: "
                           "nearly the range"
                         : "");
    hf_table_head(&table, &summary, b);
    for (bool more = true; more && status == HF_OK;) {
        status = read_rows(b, &more, err);
        if (status == HF_OK && more)
            hf_table_line(&table, &summary, b);
    }
    if (status == HF_OK)
        return hf_file_commit(&table.file, err);
    hf_file_abandon(&table.file);
    return status;
}

static void clear(bands *b)
{
    for (size_t k = 0; k < b->seeds && b->reader != NULL; k++) {
        hf_tsv_close(&b->reader[k].rows);
        free(b->reader[k].path);
    }
    for (size_t c = 0; c < b->columns && b->name != NULL; c++)
        free(b->name[c]);
    free(b->reader);
    free(b->name);
    free(b->is_shown);
    free(b->number);
}

hf_status hf_bands_write(const hf_table_origin *origin, size_t seeds, const char *directory, const char *finished,
                         hf_error *err)
{
    bands b = {.seeds = seeds};
    b.reader = calloc(b.seeds, sizeof *b.reader);
    hf_status status = b.reader == NULL ? hf_fail_memory(err, "the summary") : HF_OK;
    for (size_t k = 0; k < b.seeds && status == HF_OK; k++)
        status = open_reader(&b.reader[k], directory, finished, origin->seed + k, err);
    if (status == HF_OK)
        status = read_names(&b, err);
    if (status == HF_OK)
        status = write_table(&b, origin, directory, err);
    clear(&b);
    return status;
}
