/* table: tab-separated tables that pandas, numpy and gnuplot read as they are.
 *
 * Leading lines that start with # say what made the table; one line of column names follows; numbers are written with 17
 * significant digits, so that they read back to the same bits. */
#ifndef HF_REPORT_TABLE_H
#define HF_REPORT_TABLE_H

#include "core/error.h"
#include "core/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    hf_file file;
    size_t fields; /* in the present line */
} hf_table;

/* What stands in a column, by the type of the row's field: double; size_t that counts; size_t that counts from 1, where 0 does
 * not apply and is nan; bool as 0 or 1; one word of ours; text of somebody else's, in quotes. */
typedef enum { HF_CELL_NUMBER, HF_CELL_COUNT, HF_CELL_INDEX, HF_CELL_FLAG, HF_CELL_WORD, HF_CELL_STRING } hf_cell;

/* A column: a field of the struct that a row of the table is. */
typedef struct {
    const char *name, *unit, *meaning; /* unit "": none */
    hf_cell cell;
    size_t offset;
} hf_column;

/* The column of a field, named like it; of a size_t that is HF_CELL_INDEX; of a const char * that is HF_CELL_STRING. */
#define HF_COLUMN(row, field, unit, meaning)                                                                                  \
    {                                                                                                                         \
#field,                                                                                                                     \
     (unit),                                                                                                                     \
     (meaning),                                                                                                                  \
     _Generic(((row *)NULL)->field,                                                                                              \
         double: HF_CELL_NUMBER,                                                                                                 \
         size_t: HF_CELL_COUNT,                                                                                                  \
         bool: HF_CELL_FLAG,                                                                                                     \
         const char *: HF_CELL_WORD),                                                                                            \
     offsetof(row, field) \
    }
#define HF_COLUMN_INDEX(row, field, unit, meaning)                                                                         \
    {                                                                                                                      \
#field, (unit), (meaning), HF_CELL_INDEX, offsetof(row, field)                                                     \
    }
#define HF_COLUMN_STRING(row, field, unit, meaning)                                                                        \
    {                                                                                                                      \
#field, (unit), (meaning), HF_CELL_STRING, offsetof(row, field)                                                    \
    }

/* A table: its file, what a row is, and its columns. */
typedef struct {
    const char *name, *rows;
    size_t count;
    const hf_column *column; /* (count) */
} hf_table_kind;

/* For count and column of a table. */
#define HF_COLUMNS(list) sizeof(list) / sizeof *(list), list

/* What every table of a run starts with. */
typedef struct {
    const char *title;
    uint64_t hash; /* of the configuration */
    uint64_t seed;
} hf_table_origin;

/* Starts the table directory/name and writes its # lines. */
hf_status hf_table_open(hf_table *table, const char *directory, const char *name, const hf_table_origin *origin,
                        hf_error *err);

/* Goes on with a table that was interrupted, after its first length bytes. */
hf_status hf_table_reopen(hf_table *table, const char *directory, const char *name, long length, hf_error *err);

/* One more # line. Only before the first field. */
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

/* Starts a table of a kind: its # lines, one more with comment unless that is NULL, and the line of its columns' names. */
hf_status hf_table_start(hf_table *table, const char *directory, const hf_table_kind *kind, const hf_table_origin *origin,
                         const char *comment, hf_error *err);

/* A row that has no further fields. */
void hf_table_line(hf_table *table, const hf_table_kind *kind, const void *row);

/* The columns' names, and the fields of a row; further fields may follow before the line ends. */
void hf_table_names(hf_table *table, const hf_table_kind *kind);
void hf_table_row(hf_table *table, const hf_table_kind *kind, const void *row);

/* Writes what is to be known of a table: a Markdown section with name, unit and meaning of each column. */
void hf_table_explain(const hf_table_kind *kind, FILE *stream);

/* Whether writing has failed so far: ends a long run early on a full disk. */
bool hf_table_failed(const hf_table *table);

#endif
