#include "flow/state.h"

#include "core/lists.h"
#include "core/tsv.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_VALUE_INDEX = 10000000 };

typedef struct {
    bool is_logit;
    size_t head, index; /* from 0 */
    size_t line;
    double value;
} entry;

enum { FIELDS = 4 };

typedef struct {
    hf_tsv_rows rows;
    size_t heads, positions;
    size_t count, capacity;
    entry *entry;
} reader;

static bool parse_index(const char *text, size_t largest, size_t *index)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || number < 1 || number > largest)
        return false;
    *index = (size_t)number - 1;
    return true;
}

static bool parse_real(const char *text, double *value)
{
    char *end;
    if (strspn(text, "0123456789+-.eE") != strlen(text)) /* strtod takes blanks, hexadecimal and more */
        return false;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

static hf_status parse_entry(const reader *r, entry *e, hf_error *err)
{
    const char *path = r->rows.path;
    char *const *field = r->rows.field;
    const size_t line = r->rows.line;
    if (r->rows.count != FIELDS)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected four fields separated by tabs: kind, head, index, value", path,
                       line);
    e->line = line;
    e->is_logit = strcmp(field[0], "logit") == 0;
    if (!e->is_logit && strcmp(field[0], "value") != 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: kind: expected value or logit", path, line);
    if (!parse_index(field[1], r->heads, &e->head))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: head: expected 1..%zu, got %.40s", path, line, r->heads, field[1]);
    size_t largest = e->is_logit ? r->positions : (size_t)LARGEST_VALUE_INDEX;
    if (!parse_index(field[2], largest, &e->index))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: index: expected 1..%zu, got %.40s", path, line, largest, field[2]);
    if (!parse_real(field[3], &e->value))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: value: expected a finite number", path, line);
    return HF_OK;
}

static hf_status append(reader *r, entry e, hf_error *err)
{
    entry *grown = hf_list_grow(r->entry, r->count, &r->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the state table");
    r->entry = grown;
    r->entry[r->count++] = e;
    return HF_OK;
}

static hf_status read_entries(reader *r, hf_error *err)
{
    static const char *const names[FIELDS] = {"kind", "head", "index", "value"};
    bool more;
    hf_status status = hf_tsv_next(&r->rows, &more, err);
    if (status == HF_OK && more && !hf_tsv_is(&r->rows, FIELDS, names))
        status = hf_fail(err, HF_EUSAGE, "%s:%zu: expected the header line kind, head, index, value, separated by tabs",
                         r->rows.path, r->rows.line);
    while (status == HF_OK && more) {
        entry e = {0};
        status = hf_tsv_next(&r->rows, &more, err);
        if (status == HF_OK && more)
            status = parse_entry(r, &e, err);
        if (status == HF_OK && more)
            status = append(r, e, err);
    }
    return status;
}

static hf_status reject_repeated(const reader *r, const entry *e, hf_error *err)
{
    const entry *first = r->entry;
    while (first->is_logit != e->is_logit || first->head != e->head || first->index != e->index)
        first++;
    return hf_fail(err, HF_EUSAGE, "%s:%zu: the %s of head %zu, %s %zu is given twice, in line %zu and here", r->rows.path,
                   e->line, e->is_logit ? "logit" : "value", e->head + 1, e->is_logit ? "position" : "index", e->index + 1,
                   first->line);
}

/* Refuses a table (heads, width) that is not whole. */
static hf_status check_whole(const reader *r, const double *table, size_t width, bool is_logit, hf_error *err)
{
    for (size_t k = 0; k < r->heads; k++)
        for (size_t i = 0; i < width; i++)
            if (isnan(table[k * width + i]))
                return hf_fail(err, HF_EUSAGE, "%s:%zu: the table ends, but the %s of head %zu, %s %zu is missing",
                               r->rows.path, r->rows.line, is_logit ? "logit" : "value", k + 1,
                               is_logit ? "position" : "index", i + 1);
    return HF_OK;
}

static hf_status fill(hf_state *state, const reader *r, size_t features, hf_error *err)
{
    bool any_value = false;
    state->value_width = features;
    for (size_t i = 0; i < r->count; i++) {
        any_value = any_value || !r->entry[i].is_logit;
        if (!r->entry[i].is_logit && r->entry[i].index >= state->value_width)
            state->value_width = r->entry[i].index + 1;
    }
    const size_t values = r->heads * state->value_width, logits = r->heads * r->positions;
    state->value = malloc(values * sizeof *state->value);
    state->logit = malloc(logits * sizeof *state->logit);
    if (state->value == NULL || state->logit == NULL)
        return hf_fail_memory(err, "the state table");
    for (size_t i = 0; i < values; i++)
        state->value[i] = any_value ? NAN : 0;
    for (size_t i = 0; i < logits; i++)
        state->logit[i] = NAN;
    for (size_t i = 0; i < r->count; i++) {
        const entry *e = &r->entry[i];
        double *at = e->is_logit ? &state->logit[e->head * r->positions + e->index]
                                 : &state->value[e->head * state->value_width + e->index];
        if (!isnan(*at))
            return reject_repeated(r, e, err);
        *at = e->value;
    }
    const hf_status status = check_whole(r, state->value, state->value_width, false, err);
    return status == HF_OK ? check_whole(r, state->logit, r->positions, true, err) : status;
}

hf_status hf_state_read(hf_state *state, const char *path, size_t heads, size_t positions, size_t features, hf_error *err)
{
    *state = (hf_state){0};
    reader r = {.heads = heads, .positions = positions};
    hf_status status = hf_tsv_open(&r.rows, path, err);
    if (status == HF_OK)
        status = read_entries(&r, err);
    if (status == HF_OK)
        status = fill(state, &r, features, err);
    hf_tsv_close(&r.rows);
    free(r.entry);
    if (status != HF_OK)
        hf_state_clear(state);
    return status;
}

void hf_state_clear(hf_state *state)
{
    free(state->value);
    free(state->logit);
    *state = (hf_state){0};
}
