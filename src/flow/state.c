#include "flow/state.h"

#include "core/file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_VALUE_INDEX = 10000000 };

typedef struct {
    bool is_logit;
    size_t head, index; /* from 0 */
    double value;
} entry;

typedef struct {
    const char *path;
    FILE *stream;
    char *text;       /* the present line, owned */
    size_t text_size; /* of its memory */
    size_t line;
    size_t heads, positions;
    size_t count, capacity;
    entry *entry;
} reader;

/* The next line without its end, in r->text. Returns false at the end of the file, or with *status set. */
static bool next_line(reader *r, hf_status *status, hf_error *err)
{
    errno = 0;
    ssize_t length = getline(&r->text, &r->text_size, r->stream);
    if (length < 0) {
        if (ferror(r->stream) || errno == ENOMEM)
            *status = hf_fail(err, hf_file_read_status(errno), "%s: cannot be read: %s", r->path, strerror(errno));
        return false;
    }
    r->line++;
    if (strlen(r->text) != (size_t)length) {
        *status = hf_fail(err, HF_EUSAGE, "%s:%zu: expected a line of text: kind, head, index, value", r->path, r->line);
        return false;
    }
    r->text[strcspn(r->text, "\r\n")] = '\0';
    return true;
}

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
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

/* Splits text at tabs into count fields, in place. */
static bool split(char *text, size_t count, char *field[])
{
    for (size_t i = 0; i < count; i++) {
        field[i] = text;
        text = strchr(text, '\t');
        if (text == NULL)
            return i == count - 1;
        *text++ = '\0';
    }
    return false;
}

static hf_status parse_entry(reader *r, char *text, entry *e, hf_error *err)
{
    char *field[4];
    if (!split(text, 4, field))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected four fields separated by tabs: kind, head, index, value", r->path,
                       r->line);
    e->is_logit = strcmp(field[0], "logit") == 0;
    if (!e->is_logit && strcmp(field[0], "value") != 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: kind: expected value or logit", r->path, r->line);
    if (!parse_index(field[1], r->heads, &e->head))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: head: expected 1..%zu, got %.40s", r->path, r->line, r->heads, field[1]);
    size_t largest = e->is_logit ? r->positions : (size_t)LARGEST_VALUE_INDEX;
    if (!parse_index(field[2], largest, &e->index))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: index: expected 1..%zu, got %.40s", r->path, r->line, largest, field[2]);
    if (!parse_real(field[3], &e->value))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: value: expected a finite number", r->path, r->line);
    return HF_OK;
}

static hf_status append(reader *r, entry e, hf_error *err)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 1024 : 2 * r->capacity;
        entry *grown = realloc(r->entry, capacity * sizeof *grown);
        if (grown == NULL)
            return hf_fail_memory(err, "the state table");
        r->entry = grown;
        r->capacity = capacity;
    }
    r->entry[r->count++] = e;
    return HF_OK;
}

static hf_status read_entries(reader *r, hf_error *err)
{
    hf_status status = HF_OK;
    bool have_header = false;
    while (status == HF_OK && next_line(r, &status, err)) {
        char *text = r->text;
        if (text[0] == '#' || text[0] == '\0')
            continue;
        if (!have_header) {
            have_header = true;
            if (strcmp(text, "kind\thead\tindex\tvalue") != 0)
                status =
                    hf_fail(err, HF_EUSAGE, "%s:%zu: expected the header line kind, head, index, value, separated by tabs",
                            r->path, r->line);
            continue;
        }
        entry e = {0};
        status = parse_entry(r, text, &e, err);
        if (status == HF_OK)
            status = append(r, e, err);
    }
    return status;
}

static hf_status fill(hf_state *state, const reader *r, size_t features, hf_error *err)
{
    state->value_width = features;
    for (size_t i = 0; i < r->count; i++)
        if (!r->entry[i].is_logit && r->entry[i].index >= state->value_width)
            state->value_width = r->entry[i].index + 1;
    state->value = calloc(r->heads * state->value_width, sizeof *state->value);
    state->logit = malloc(r->heads * r->positions * sizeof *state->logit);
    if (state->value == NULL || state->logit == NULL)
        return hf_fail_memory(err, "the state table");
    for (size_t i = 0; i < r->heads * r->positions; i++)
        state->logit[i] = NAN;
    for (size_t i = 0; i < r->count; i++) {
        entry e = r->entry[i];
        double *logit = &state->logit[e.is_logit ? e.head * r->positions + e.index : 0];
        if (e.is_logit && !isnan(*logit))
            return hf_fail(err, HF_EUSAGE, "%s: the logit of head %zu, position %zu is given twice", r->path, e.head + 1,
                           e.index + 1);
        if (e.is_logit)
            *logit = e.value;
        else
            state->value[e.head * state->value_width + e.index] = e.value;
    }
    for (size_t k = 0; k < r->heads; k++)
        for (size_t i = 0; i < r->positions; i++)
            if (isnan(state->logit[k * r->positions + i]))
                return hf_fail(err, HF_EUSAGE, "%s: the logit of head %zu, position %zu is missing", r->path, k + 1, i + 1);
    return HF_OK;
}

hf_status hf_state_read(hf_state *state, const char *path, size_t heads, size_t positions, size_t features, hf_error *err)
{
    *state = (hf_state){0};
    reader r = {.path = path, .stream = fopen(path, "r"), .heads = heads, .positions = positions};
    if (r.stream == NULL)
        return hf_fail(err, hf_file_read_status(errno), "%s: cannot be read: %s", path, strerror(errno));
    hf_status status = read_entries(&r, err);
    if (status == HF_OK)
        status = fill(state, &r, features, err);
    fclose(r.stream);
    free(r.entry);
    free(r.text);
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
