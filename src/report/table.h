/* table: tab-separated tables that pandas, numpy and gnuplot read as they are.
 *
 * Leading lines that start with # say what made the table; one line of column names follows; numbers are written with 17
 * significant digits, so that they read back to the same bits. */
#ifndef HF_REPORT_TABLE_H
#define HF_REPORT_TABLE_H

#include "core/error.h"
#include "core/file.h"
#include "report/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    hf_file file;    /* closed: the table is in memory only */
    hf_frame *frame; /* where the same goes in memory, somebody else's; NULL: nowhere */
    size_t fields;   /* in the present line */
} hf_table;

/* What stands in a column, by the type of the row's field: double; size_t that counts; uint64_t, of steps; size_t that counts from 1, where 0 does
 * not apply and is nan; bool as 0 or 1; one word of ours; text of somebody else's, in quotes. Or as many columns as the row
 * says, and more kinds of columns among these. */
typedef enum {
    HF_CELL_NUMBER,
    HF_CELL_COUNT,
    HF_CELL_STEP,
    HF_CELL_INDEX,
    HF_CELL_FLAG,
    HF_CELL_WORD,
    HF_CELL_STRING,
    HF_CELL_GROUP,
    HF_CELL_LIKE
} hf_cell;

/* Columns of which a table has as many as its rows say: writes their names, and their fields, in the same order. */
typedef struct {
    void (*names)(hf_table *table, const void *row);
    void (*fields)(hf_table *table, const void *row);
} hf_column_group;

/* A column: a field of the struct that a row of the table is, or a group. */
typedef struct {
    const char *name, *unit, *meaning; /* unit "": none */
    hf_cell cell;
    size_t offset;
    const hf_column_group *group;
} hf_column;

/* The column of a field, named like it; of a uint64_t that is HF_CELL_STEP; of a size_t that is HF_CELL_INDEX; of a const char * that is HF_CELL_STRING. */
/* clang-format off */
#define HF_COLUMN(row, field, unit, meaning)                                                                                \
    {#field, (unit), (meaning),                                                                                             \
     _Generic(((row *)NULL)->field, double: HF_CELL_NUMBER, size_t: HF_CELL_COUNT, bool: HF_CELL_FLAG,                      \
              const char *: HF_CELL_WORD), offsetof(row, field), NULL}
#define HF_COLUMN_STEP(row, field, unit, meaning) {#field, (unit), (meaning), HF_CELL_STEP, offsetof(row, field), NULL}
#define HF_COLUMN_INDEX(row, field, unit, meaning) {#field, (unit), (meaning), HF_CELL_INDEX, offsetof(row, field), NULL}
#define HF_COLUMN_STRING(row, field, unit, meaning) {#field, (unit), (meaning), HF_CELL_STRING, offsetof(row, field), NULL}

/* The columns of a group, as in "head_<h>", and others among them: these are known by their meaning only. */
#define HF_COLUMN_GROUP(group, name, unit, meaning) {(name), (unit), (meaning), HF_CELL_GROUP, 0, (group)}
#define HF_COLUMN_LIKE(name, unit, meaning) {(name), (unit), (meaning), HF_CELL_LIKE, 0, NULL}
/* clang-format on */

/* A table: its file, what a row is, and its columns. */
typedef struct {
    const char *name, *rows;
    size_t count;
    const hf_column *column; /* (count) */
    const char *of;          /* the command that makes it, to tell it from a run's of that name; NULL: it need not */
} hf_table_kind;

/* For count, column and of of a table. */
#define HF_COLUMNS(list)             HF_COLUMNS_OF(NULL, list)
#define HF_COLUMNS_OF(command, list) sizeof(list) / sizeof *(list), list, command

/* What every table of a run starts with. */
typedef struct {
    const char *title;
    uint64_t hash; /* of the configuration */
    uint64_t seed;
} hf_table_origin;

/* Starts the table directory/name and writes its # lines. */
hf_status hf_table_open(hf_table *table, const char *directory, const char *name, const hf_table_origin *origin,
                        hf_error *err);

/* Starts a table in memory only, which needs no end. frame: empty. */
void hf_table_keep(hf_table *table, hf_frame *frame);

/* Goes on with a table that was interrupted, after its first length bytes; its rows are this origin's now. Errors: HF_EUSAGE
 * (it is no table of ours), HF_ESYSTEM. */
hf_status hf_table_reopen(hf_table *table, const char *directory, const char *name, const hf_table_origin *origin,
                          long length, hf_error *err);

/* Whether a finished table in directory is as long as it was. HF_EUSAGE, naming it: it is not. */
hf_status hf_table_check(const char *directory, const char *name, long length, hf_error *err);

/* The hash in the second of the # lines of a table, a line as it stands there or a file that can be moved in; this is left
 * where the hash begins. False: there is none. */
bool hf_table_read_hash(const char *line, uint64_t *hash);
bool hf_table_find_hash(FILE *stream, uint64_t *hash);

/* One more # line, which memory does without. Only before the first field. */
void hf_table_comment(hf_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One field of the present line; names of columns are fields of the first line. */
void hf_table_text(hf_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hf_table_number(hf_table *table, double x);
/* A value as it stands in a model file: hf_text_cell. */
void hf_table_cell(hf_table *table, const char *value);
/* Text of somebody else's, in quotes: in it no quote and no #, which begins a comment, but \x22 and \x23. */
void hf_table_string(hf_table *table, const char *text);
/* A number that counts from 1; 0, which does not apply, is nan. */
void hf_table_index(hf_table *table, size_t index);

void hf_table_numbers(hf_table *table, size_t count, const double *x);
void hf_table_end_line(hf_table *table);

/* The line of the columns' names; row: any, which has the groups that all rows have, NULL: the table has no group. */
void hf_table_head(hf_table *table, const hf_table_kind *kind, const void *row);
void hf_table_line(hf_table *table, const hf_table_kind *kind, const void *row);

/* The same for a part of a line: the columns of another kind among those of a group. */
void hf_table_names(hf_table *table, const hf_table_kind *kind, const void *row);
void hf_table_fields(hf_table *table, const hf_table_kind *kind, const void *row);

/* Starts a table without groups: its # lines, one more with comment unless that is NULL, and the columns' names. */
hf_status hf_table_start(hf_table *table, const char *directory, const hf_table_kind *kind, const hf_table_origin *origin,
                         const char *comment, hf_error *err);

/* How a table is called among all: "NAME", or "COMMAND: NAME". */
void hf_table_title(const hf_table_kind *kind, char *title, size_t size);

/* Writes what is to be known of a table: a Markdown section with name, unit and meaning of each column. */
void hf_table_explain(const hf_table_kind *kind, FILE *stream);

/* Whether writing has failed so far: ends a long run early on a full disk. */
bool hf_table_failed(const hf_table *table);

#endif
