#include "train/teacher.h"

#include "core/tsv.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static bool counts_to(double x, size_t limit)
{
    return x >= 1 && x <= (double)limit && x == floor(x);
}

/* Row number r of the table to its place, which must be empty (nan). */
static hf_status place_row(const hf_tsv *table, size_t r, size_t spans, size_t d, double *matrices, hf_error *err)
{
    double k, row;
    if (!hf_tsv_number(table, r, 0, &k) || !counts_to(k, spans) || !hf_tsv_number(table, r, 1, &row) || !counts_to(row, d))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected a span k in 1..%zu and a row in 1..%zu", table->path,
                       table->line[r], spans, d);
    double *at = matrices + (((size_t)k - 1) * d + (size_t)row - 1) * d;
    if (!isnan(at[0]))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: row %zu of span %zu is there twice", table->path, table->line[r],
                       (size_t)row, (size_t)k);
    for (size_t c = 0; c < d; c++)
        if (!hf_tsv_number(table, r, 2 + c, &at[c]) || !isfinite(at[c]))
            return hf_fail(err, HF_EUSAGE, "%s:%zu: '%s' is not a finite number", table->path, table->line[r],
                           hf_tsv_text(table, r, 2 + c));
    return HF_OK;
}

static size_t last_line(const hf_tsv *table)
{
    return table->rows == 0 ? 1 : table->line[table->rows - 1];
}

static hf_status check_columns(const hf_tsv *table, size_t d, hf_error *err)
{
    if (table->columns == d + 2)
        return HF_OK;
    return hf_fail(err, HF_EUSAGE, "%s:%zu: has %zu columns, expected %zu: k, row, and one for each of the %zu tokens of "
                   "chain.vocabulary", table->path, table->rows == 0 ? 1 : table->line[0], table->columns, d + 2, d);
}

/* Rows too many are there twice or of no span; this finds those that are missing. */
static hf_status check_whole(const hf_tsv *table, size_t spans, size_t d, const double *matrices, hf_error *err)
{
    for (size_t r = 0; r < spans * d; r++)
        if (isnan(matrices[r * d]))
            return hf_fail(err, HF_EUSAGE, "%s:%zu: the table ends, but row %zu of span %zu is missing: it has %zu rows, "
                           "expected %zu, one for every token and span", table->path, last_line(table), r % d + 1, r / d + 1,
                           table->rows, spans * d);
    return HF_OK;
}

hf_status hf_teacher_read(const char *path, size_t spans, size_t vocabulary, double **matrices, hf_error *err)
{
    hf_tsv table;
    const size_t count = spans * vocabulary * vocabulary;
    *matrices = NULL;
    hf_status status = hf_tsv_read(&table, path, err);
    if (status != HF_OK)
        return status;
    status = check_columns(&table, vocabulary, err);
    double *m = status == HF_OK ? malloc(count * sizeof *m) : NULL;
    if (status == HF_OK && m == NULL)
        status = hf_fail_memory(err, "the teacher");
    for (size_t i = 0; i < count && m != NULL; i++)
        m[i] = NAN;
    for (size_t r = 0; r < table.rows && status == HF_OK; r++)
        status = place_row(&table, r, spans, vocabulary, m, err);
    if (status == HF_OK)
        status = check_whole(&table, spans, vocabulary, m, err);
    hf_tsv_clear(&table);
    if (status == HF_OK)
        *matrices = m;
    else
        free(m);
    return status;
}
