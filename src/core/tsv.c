#include "core/tsv.h"

#include "core/file.h"
#include "core/lists.h"
#include "core/plural.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- numbers ---- */

static bool means_nothing(const char *text)
{
    static const char *const names[] = {"", "nan", "na", "n/a", "null", "none", "-", "-nan", "+nan", "<na>", "."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(text, names[i]) == 0)
            return true;
    return false;
}

static bool read_number(const char *text, bool decimal_comma, double *number)
{
    enum { LONGEST = 64 };
    char copy[LONGEST], *end;
    if (means_nothing(text)) {
        *number = NAN;
        return true;
    }
    *number = strtod(text, &end);
    if (end != text && *end == '\0')
        return text[strspn(text, "+- \t")] != '0' || strpbrk(text, "xX") == NULL;
    if (!decimal_comma || strlen(text) >= LONGEST || strchr(text, '.') != NULL)
        return false;
    snprintf(copy, sizeof copy, "%s", text);
    char *comma = strchr(copy, ',');
    if (comma == NULL)
        return false;
    *comma = '.';
    *number = strtod(copy, &end);
    return end != copy && *end == '\0';
}

/* ---- separators ---- */

static bool ends_line(char c)
{
    return c == '\n' || c == '\r' || c == '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* How many fields a line has. */
static size_t count_fields(const char *line, char separator)
{
    size_t count = 0;
    bool quoted = false, inside = false;
    for (const char *c = line; *c != '\0' && (quoted || !ends_line(*c)); c++) {
        quoted = quoted != (*c == '"');
        if (separator == ' ') {
            count += !inside && !is_blank(*c);
            inside = quoted || !is_blank(*c);
        } else
            count += !quoted && *c == separator;
    }
    return separator == ' ' ? count : count + 1;
}

static const char *behind_line(const char *line)
{
    bool quoted = false;
    for (; *line != '\0' && (quoted || !ends_line(*line)); line++)
        quoted = quoted != (*line == '"');
    line += line[0] == '\r' && line[1] == '\n';
    return *line == '\0' ? line : line + 1;
}

static const char *skip_comments(const char *text)
{
    for (;;) {
        const char *start = text + strspn(text, " \t");
        if (*start == '#') {
            text = start + strcspn(start, "\r\n");
        } else if (*start == '\r' || *start == '\n')
            text = start + 1;
        else
            return text;
    }
}

/* What separates the fields of the first two lines: blanks only if they have the same number of them. */
static char guess_separator(const char *text)
{
    const char *first = skip_comments(text), *second = skip_comments(behind_line(first));
    const size_t tabs = count_fields(first, '\t'), commas = count_fields(first, ','), semicolons = count_fields(first, ';');
    if (tabs > 1)
        return '\t';
    if (semicolons > 1 && semicolons >= commas)
        return ';';
    if (commas > 1)
        return ',';
    const size_t blanks = count_fields(first, ' ');
    return blanks > 1 && (*second == '\0' || count_fields(second, ' ') == blanks) ? ' ' : ',';
}

/* ---- taking apart ---- */

typedef struct {
    hf_tsv *table;
    char *at; /* what is left */
    size_t line;
    size_t count, capacity;      /* of cells */
    size_t records, record_room; /* lines with fields */
    size_t *first, *line_of;     /* (records) the first cell; the line. line_of becomes the table's */
    char *comment;               /* the last one before the first record; NULL: none */
    hf_error *err;
} parser;

static hf_status fail_at(const parser *p, size_t line, const char *what)
{
    return hf_fail(p->err, HF_EUSAGE, "%.300s:%zu: %s", p->table->path, line, what);
}

static hf_status add_cell(parser *p, char *cell)
{
    char **grown = hf_list_grow(p->table->cell, p->count, &p->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(p->err, p->table->path);
    p->table->cell = grown;
    p->table->cell[p->count++] = cell;
    return HF_OK;
}

static hf_status begin_record(parser *p)
{
    size_t room = p->record_room; /* of the first list, when the second cannot grow */
    size_t *first = hf_list_grow(p->first, p->records, &room, sizeof *first);
    p->first = first == NULL ? p->first : first;
    size_t *line = first == NULL ? NULL : hf_list_grow(p->line_of, p->records, &p->record_room, sizeof *line);
    if (line == NULL)
        return hf_fail_memory(p->err, p->table->path);
    p->line_of = line;
    p->first[p->records] = p->count;
    p->line_of[p->records++] = p->line;
    return HF_OK;
}

/* Goes to the next line, if there is one. */
static void end_line(parser *p)
{
    if (p->at[0] == '\r' && p->at[1] == '\n')
        p->at++;
    if (*p->at != '\0') {
        p->at++;
        p->line++;
    }
}

/* A field in quotes, which go; *end: where it ends in the text. */
static hf_status take_quoted(parser *p, char **end)
{
    const size_t start = p->line;
    char *to = p->at, *from = p->at + 1;
    for (;; from++) {
        if (*from == '\0')
            return fail_at(p, start, "a quote is opened here and never closed");
        if (*from == '"' && *++from != '"')
            break;
        p->line += *from == '\n' || (*from == '\r' && from[1] != '\n');
        *to++ = *from;
    }
    *end = to;
    p->at = from + strspn(from, p->table->separator == '\t' ? " " : " \t");
    const bool ended = ends_line(*p->at) || (p->table->separator == ' ' ? p->at > from : *p->at == p->table->separator);
    return ended ? HF_OK : fail_at(p, p->line, "text behind a closing quote: a quote inside quotes is doubled");
}

static void take_plain(parser *p, char **end)
{
    const char separator = p->table->separator;
    while (!ends_line(*p->at) && *p->at != separator && !(separator == ' ' && *p->at == '\t'))
        p->at++;
    *end = p->at;
    while (*end > p->table->text && is_blank((*end)[-1]))
        --*end;
}

/* The next field of the present line; *more: another one follows. */
static hf_status take_field(parser *p, bool *more)
{
    const char separator = p->table->separator;
    char *start = p->at, *end = NULL;
    hf_status status = HF_OK;
    if (*start == '"')
        status = take_quoted(p, &end);
    else
        take_plain(p, &end);
    if (status == HF_OK)
        status = add_cell(p, start);
    if (status != HF_OK)
        return status;
    *more = !ends_line(*p->at);
    if (!*more)
        end_line(p);
    else if (separator != ' ' || is_blank(*p->at))
        p->at++;
    *(end < start ? start : end) = '\0'; /* what stood there has been read */
    return HF_OK;
}

/* The fields of the present line. */
static hf_status take_record(parser *p)
{
    const char separator = p->table->separator;
    hf_status status = begin_record(p);
    for (bool more = true; more && status == HF_OK;) {
        p->at += strspn(p->at, separator == '\t' ? " " : " \t");
        if (separator == ' ' && ends_line(*p->at)) { /* blanks end the line */
            end_line(p);
            break;
        }
        status = take_field(p, &more);
    }
    return status;
}

static hf_status take_all(parser *p)
{
    hf_status status = HF_OK;
    while (*p->at != '\0' && status == HF_OK) {
        char *start = p->at + strspn(p->at, " \t");
        if (*start == '#') {
            p->at = start + strcspn(start, "\r\n");
            if (p->records == 0)
                p->comment = start + 1;
            const bool is_last = *p->at == '\0';
            char *end = p->at;
            end_line(p);
            if (!is_last)
                *end = '\0';
        } else if (ends_line(*start) && !(p->table->separator == '\t' && start != p->at)) {
            p->at = start;
            end_line(p);
        } else
            status = take_record(p);
    }
    return status;
}

/* ---- names ---- */

static size_t fields_of(const parser *p, size_t record)
{
    return (record + 1 < p->records ? p->first[record + 1] : p->count) - p->first[record];
}

/* Whether a line holds numbers and nothing else. */
static bool is_numeric(const parser *p, size_t record)
{
    size_t numbers = 0;
    for (size_t i = 0; i < fields_of(p, record); i++) {
        double x;
        const char *cell = p->table->cell[p->first[record] + i];
        if (!read_number(cell, p->table->separator == ';', &x))
            return false;
        numbers += !means_nothing(cell);
    }
    return numbers > 0;
}

/* Names out of the comment before the first line, if it has as many fields. */
static hf_status names_of_comment(parser *p, char **names, bool *found)
{
    const char separators[] = {p->table->separator, '\t', ',', ';', ' '};
    *found = false;
    for (size_t i = 0; i < sizeof separators && p->comment != NULL && !*found; i++) {
        char *line = p->comment + strspn(p->comment, " \t");
        if (count_fields(line, separators[i]) != p->table->columns)
            continue;
        hf_tsv named = {.path = p->table->path, .text = line, .separator = separators[i]};
        parser q = {.table = &named, .at = line, .line = 1, .err = p->err};
        const hf_status status = take_record(&q);
        *found = status == HF_OK && q.count == p->table->columns;
        if (*found)
            memcpy(names, named.cell, q.count * sizeof *names);
        free(named.cell);
        free(q.first);
        free(q.line_of);
        if (status != HF_OK)
            return status;
    }
    return HF_OK;
}

static hf_status make_names(parser *p, char **names)
{
    enum { LONGEST = 24 };
    p->table->made = malloc(p->table->columns * LONGEST);
    if (p->table->made == NULL)
        return hf_fail_memory(p->err, p->table->path);
    for (size_t i = 0; i < p->table->columns; i++) {
        names[i] = p->table->made + i * LONGEST;
        snprintf(names[i], LONGEST, "%zu", i + 1);
    }
    return HF_OK;
}

static bool repeats_names(char *const *names, char *const *cells, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        if (strcmp(names[i], cells[i]) != 0)
            return false;
    return true;
}

/* Whether a line has a field for every column, and perhaps blank ones behind. */
static bool fits(const parser *p, size_t record)
{
    const size_t fields = fields_of(p, record);
    for (size_t i = p->table->columns; i < fields; i++)
        if (p->table->cell[p->first[record] + i][0] != '\0')
            return false;
    return fields >= p->table->columns;
}

/* Puts the lines one behind the other, from the first one that is a row. */
static hf_status arrange(parser *p, char **names, size_t from, bool ends_in_line)
{
    hf_tsv *table = p->table;
    const size_t columns = table->columns;
    char **cell = malloc((1 + p->records - from) * columns * sizeof *cell);
    if (cell == NULL)
        return hf_fail_memory(p->err, table->path);
    memcpy(cell, names, columns * sizeof *cell);
    hf_status status = HF_OK;
    for (size_t r = from; r < p->records && status == HF_OK; r++) {
        char *const *fields = table->cell + p->first[r];
        if (!fits(p, r)) {
            const size_t count = fields_of(p, r);
            if (r + 1 == p->records && !ends_in_line && count < columns)
                table->breaks_off = true;
            else
                status = hf_fail(p->err, HF_EUSAGE, "%.300s:%zu: %zu field%s in this line, expected %zu", table->path,
                                 p->line_of[r], count, hf_plural(count), columns);
        } else if (table->made == NULL && repeats_names(names, fields, columns))
            table->repeated_names++;
        else {
            p->line_of[table->rows++] = p->line_of[r];
            memcpy(cell + table->rows * columns, fields, columns * sizeof *cell);
        }
    }
    free(table->cell);
    table->cell = cell;
    table->line = p->line_of;
    p->line_of = NULL;
    return status;
}

static hf_status find_names(parser *p, bool ends_in_line)
{
    hf_tsv *table = p->table;
    if (p->records == 0)
        return hf_fail(p->err, HF_EUSAGE, "%.300s: there is no table: the file is empty%s", table->path,
                       p->comment == NULL ? "" : " but for comments");
    table->columns = fields_of(p, 0);
    char **names = malloc(table->columns * sizeof *names);
    if (names == NULL)
        return hf_fail_memory(p->err, table->path);
    const bool has_names = !is_numeric(p, 0);
    bool found = has_names;
    hf_status status = HF_OK;
    if (has_names)
        memcpy(names, table->cell, table->columns * sizeof *names);
    else
        status = names_of_comment(p, names, &found);
    if (status == HF_OK && !found)
        status = make_names(p, names);
    if (status == HF_OK)
        status = arrange(p, names, has_names ? 1 : 0, ends_in_line);
    free(names);
    return status;
}

/* ---- all of it ---- */

static hf_status check_text(const parser *p, size_t size)
{
    const unsigned char *text = (const unsigned char *)p->table->text;
    if (size >= 2 && ((text[0] == 0xff && text[1] == 0xfe) || (text[0] == 0xfe && text[1] == 0xff)))
        return hf_fail(p->err, HF_EUSAGE, "%.300s: this is UTF-16, expected UTF-8: save it as that", p->table->path);
    if (size >= 2 && text[0] == 0x1f && text[1] == 0x8b)
        return hf_fail(p->err, HF_EUSAGE, "%.300s: this is compressed, expected text: gunzip it first", p->table->path);
    const char *zero = memchr(p->table->text, '\0', size);
    if (zero == NULL)
        return HF_OK;
    size_t line = 1;
    for (const char *c = p->table->text; c < zero; c++)
        line += *c == '\n';
    return fail_at(p, line, "a zero byte stands here: this is no text");
}

hf_status hf_tsv_parse(hf_tsv *table, const char *path, char *text, size_t size, hf_error *err)
{
    *table = (hf_tsv){.path = strdup(path), .text = text};
    parser p = {.table = table, .at = text, .line = 1, .err = err};
    hf_status status = table->path == NULL ? hf_fail_memory(err, path) : check_text(&p, size);
    if (status == HF_OK) {
        const bool ends_in_line = size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r');
        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
            p.at += 3;
        table->separator = guess_separator(p.at);
        status = take_all(&p);
        if (status == HF_OK)
            status = find_names(&p, ends_in_line);
    }
    free(p.first);
    free(p.line_of);
    if (status != HF_OK)
        hf_tsv_clear(table);
    return status;
}

hf_status hf_tsv_read(hf_tsv *table, const char *path, hf_error *err)
{
    char *text;
    size_t size;
    *table = (hf_tsv){0};
    const hf_status status = hf_file_read(path, &text, &size, err);
    return status == HF_OK ? hf_tsv_parse(table, path, text, size, err) : status;
}

const char *hf_tsv_name(const hf_tsv *table, size_t column)
{
    return table->cell[column];
}

const char *hf_tsv_text(const hf_tsv *table, size_t row, size_t column)
{
    return table->cell[(1 + row) * table->columns + column];
}

bool hf_tsv_number(const hf_tsv *table, size_t row, size_t column, double *number)
{
    return read_number(hf_tsv_text(table, row, column), table->separator == ';', number);
}

hf_status hf_tsv_numbers(const hf_tsv *table, size_t column, double *numbers, hf_error *err)
{
    for (size_t i = 0; i < table->rows; i++)
        if (!hf_tsv_number(table, i, column, &numbers[i]))
            return hf_fail(err, HF_EUSAGE, "%.300s:%zu: %.100s: expected a number, got '%.60s'", table->path,
                           table->line[i], hf_tsv_name(table, column), hf_tsv_text(table, i, column));
    return HF_OK;
}

void hf_tsv_clear(hf_tsv *table)
{
    free(table->path);
    free(table->text);
    free(table->made);
    free(table->cell);
    free(table->line);
    *table = (hf_tsv){0};
}
