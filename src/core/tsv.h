/* tsv: tables that somebody else has written, as text in columns with names.
 *
 * Fields are separated by tabs, commas, semicolons or blanks, which the first lines tell; in quotes (RFC 4180) a field may
 * hold any of these, line ends, and quotes, doubled. Lines may end in LF, CR LF or CR; a byte order mark, blank lines and
 * lines that start with # do not count. The first line is that of the names; where it is one of numbers, the comment before
 * it is, if it has as many fields (numpy.savetxt), and else columns are called 1, 2, ... A line that repeats the names, as
 * where logs were joined, is left out, and so is a last line that breaks off. */
#ifndef HF_CORE_TSV_H
#define HF_CORE_TSV_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
    char *path;   /* of the file, as messages call it; owned */
    char *text;   /* what the cells are in; owned */
    char *made;   /* names that the file does not have; owned, NULL: it has names */
    char **cell;  /* (1 + rows, columns) the names, then the rows; owned */
    size_t *line; /* (rows) of the file, from 1; owned */
    size_t columns, rows;
    char separator;        /* '\t', ',', ';', or ' ' for blanks */
    bool breaks_off;       /* the last line was left out */
    size_t repeated_names; /* so many lines repeat the names */
} hf_tsv;

/* Reads a table. Errors: HF_EUSAGE (it cannot be read, or is no table: "FILE:LINE: what is wrong"), HF_ESYSTEM. Free with
 * hf_tsv_clear. */
hf_status hf_tsv_read(hf_tsv *table, const char *path, hf_error *err);

/* The same of a text, which becomes the table's also where that fails: size bytes, and a zero behind them. */
hf_status hf_tsv_parse(hf_tsv *table, const char *path, char *text, size_t size, hf_error *err);

const char *hf_tsv_name(const hf_tsv *table, size_t column);
const char *hf_tsv_text(const hf_tsv *table, size_t row, size_t column);

/* A cell as a number; nan for blank ones and what stands for that (nan, NA, null, None, -). With semicolons between fields a
 * comma may stand for the point. False: it is none. */
bool hf_tsv_number(const hf_tsv *table, size_t row, size_t column, double *number);

/* A whole column, or HF_EUSAGE with the line of the first cell that is no number. numbers: (rows) */
hf_status hf_tsv_numbers(const hf_tsv *table, size_t column, double *numbers, hf_error *err);

/* Legal on a zeroed table. */
void hf_tsv_clear(hf_tsv *table);

/* ---- tables of our own: fields between tabs, without quotes ---- */

/* Rows one after the other, of however long a table. */
typedef struct {
    FILE *stream;
    const char *path; /* the caller's */
    char *text;       /* the present row, its fields ended by zeros; owned */
    size_t text_size; /* of its memory */
    size_t line;      /* of the present row, from 1; behind the last one: how many there are */
    size_t count, capacity;
    char **field; /* (count) of the present row; owned */
} hf_tsv_rows;

/* Opens a table. Errors: hf_file_read_status. Close with hf_tsv_close, also after an error. */
hf_status hf_tsv_open(hf_tsv_rows *rows, const char *path, hf_error *err);

/* Goes to the next line that is neither blank nor a comment; *more is false where there is none. Errors: HF_EUSAGE
 * ("FILE:LINE: ..."), HF_ESYSTEM. */
hf_status hf_tsv_next(hf_tsv_rows *rows, bool *more, hf_error *err);

/* Whether the present row has these fields. */
bool hf_tsv_is(const hf_tsv_rows *rows, size_t count, const char *const fields[]);

/* Legal on zeroed rows. */
void hf_tsv_close(hf_tsv_rows *rows);

/* Cuts the next line that ends with a newline off *text and returns it without; NULL: no whole line is left. */
char *hf_tsv_cut_line(char **text);

/* Cuts the next field off *line and returns it; NULL: no field is left. */
char *hf_tsv_cut_field(char **line);

#endif
