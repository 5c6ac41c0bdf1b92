/* A start of the in-context flow from a table. */
#include "core/tsv.h"
#include "system/in_context.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"kind", "head", "index", "value"};
enum { KIND, HEAD, INDEX, VALUE, FIELDS };

static hf_status find_columns(const hf_tsv *table, size_t column[FIELDS], hf_error *err)
{
    for (size_t i = 0; i < FIELDS; i++) {
        column[i] = 0;
        while (column[i] < table->columns && strcmp(hf_tsv_name(table, column[i]), names[i]) != 0)
            column[i]++;
        if (column[i] == table->columns)
            return hf_fail(err, HF_EUSAGE, "%s: has no column %s, expected kind, head, index and value", table->path,
                           names[i]);
    }
    return HF_OK;
}

/* A whole number from 1 to largest; 0: it is none. */
static size_t whole(const hf_tsv *table, size_t row, size_t column, size_t largest)
{
    double x;
    const bool is_one = hf_tsv_number(table, row, column, &x) && x >= 1 && x <= (double)largest && x == floor(x);
    return is_one ? (size_t)x : 0;
}

/* Where in a state a row belongs. */
static hf_status place(const hf_in_context_params *p, const hf_tsv *table, size_t row, const size_t column[FIELDS],
                       size_t *at, hf_error *err)
{
    const char *kind = hf_tsv_text(table, row, column[KIND]);
    const bool is_value = strcmp(kind, "value") == 0, is_key = strcmp(kind, "key") == 0;
    const size_t line = table->line[row], largest = is_value ? 1 : p->dimension;
    if (!is_value && !is_key && strcmp(kind, "query") != 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: the kind is not value, key or query", table->path, line);
    const size_t head = whole(table, row, column[HEAD], p->heads), index = whole(table, row, column[INDEX], largest);
    if (head == 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected a head in 1..%zu", table->path, line, p->heads);
    if (index == 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected an index in 1..%zu", table->path, line, largest);
    *at = is_value ? head - 1 : p->heads + ((is_key ? 0 : p->heads) + head - 1) * p->dimension + index - 1;
    return HF_OK;
}

static hf_status add_rows(const hf_in_context_params *p, const hf_tsv *table, bool *seen, double *start, hf_error *err)
{
    size_t column[FIELDS], at = 0;
    hf_status status = find_columns(table, column, err);
    for (size_t row = 0; row < table->rows && status == HF_OK; row++) {
        double value;
        status = place(p, table, row, column, &at, err);
        if (status != HF_OK)
            return status;
        if (!hf_tsv_number(table, row, column[VALUE], &value) || !isfinite(value))
            return hf_fail(err, HF_EUSAGE, "%s:%zu: expected a number as value", table->path, table->line[row]);
        if (seen[at])
            return hf_fail(err, HF_EUSAGE, "%s:%zu: says this coordinate a second time", table->path, table->line[row]);
        seen[at] = true;
        start[at] += value;
    }
    for (at = 0; at < hf_in_context_size(p) && status == HF_OK; at++)
        if (!seen[at])
            status = hf_fail(err, HF_EUSAGE, "%s: is incomplete, expected value, key and query of %zu head%s", table->path,
                             p->heads, p->heads == 1 ? "" : "s");
    return status;
}

hf_status hf_in_context_read(const hf_in_context_params *params, const char *path, double *start, hf_error *err)
{
    hf_tsv table = {0};
    bool *seen = calloc(hf_in_context_size(params), sizeof *seen);
    hf_status status = seen == NULL ? hf_fail_memory(err, "the start") : hf_tsv_read(&table, path, err);
    if (status == HF_OK)
        status = add_rows(params, &table, seen, start, err);
    hf_tsv_clear(&table);
    free(seen);
    return status;
}
