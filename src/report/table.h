/* table: tab-separated tables that pandas, numpy and gnuplot read as they are.
 *
 * Leading lines that start with # say what made the table; one line of column names follows; numbers are written with 17
 * significant digits, so that they read back to the same bits. */
#ifndef HF_REPORT_TABLE_H
#define HF_REPORT_TABLE_H

#include "core/error.h"
#include "core/file.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    hf_file file;
    size_t fields; /* in the present line */
} hf_table;

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

/* Whether writing has failed so far: ends a long run early on a full disk. */
bool hf_table_failed(const hf_table *table);

#endif
