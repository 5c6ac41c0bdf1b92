/* frame: a table in memory, column by column, and several of them by name.
 *
 * A frame is filled like a table of a file (table.h): the first line are the names of the columns, every further line is a row.
 * A cell is a number or a text; what a file says as nan is one number or one missing text. Memory that is short is noted and
 * told at the end (hf_frame_failed): the frame is not to be used then. */
#ifndef HF_REPORT_FRAME_H
#define HF_REPORT_FRAME_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *name;
    double *number; /* (rows) nan where the cell is a text */
    char **text;    /* (rows) NULL where the cell is a number; NULL: no cell of the column is a text */
} hf_frame_cells;

typedef struct hf_frame {
    char *name; /* among several */
    size_t columns, rows;
    hf_frame_cells *column; /* (columns) owned, with what they hold */
    size_t column_room, row_room;
    size_t filled;    /* cells of the present line */
    bool is_named;    /* the first line has ended */
    bool is_last;     /* only the last row is kept */
    bool failed;      /* memory was short */
} hf_frame;

/* Legal on a zeroed frame, which is empty. */
void hf_frame_clear(hf_frame *frame);

/* One cell of the present line; text: a name, a number, or nan, as a file says it, or else a text. */
void hf_frame_put_number(hf_frame *frame, double number);
void hf_frame_put_text(hf_frame *frame, const char *text);

/* Text of somebody else's, whatever it looks like. */
void hf_frame_put_string(hf_frame *frame, const char *text);

/* A line has ended. A row of fewer or more cells than there are names is dropped and counts as failed. */
void hf_frame_end_line(hf_frame *frame);

/* The column of that name; frame->columns: there is none. */
size_t hf_frame_find(const hf_frame *frame, const char *name);

/* A cell: its text, NULL where it is a number; its number, nan where it is a text, or missing. */
const char *hf_frame_text(const hf_frame *frame, size_t row, size_t column);
double hf_frame_number(const hf_frame *frame, size_t row, size_t column);

/* Fills a zeroed frame from a table of a file. Where one cell of a column is no number, all are texts, but for nan, which is
 * missing. Errors: those of hf_tsv_read. Clear it in any case. */
hf_status hf_frame_read(hf_frame *frame, const char *path, hf_error *err);

/* ---- several ---- */

typedef struct {
    size_t count, capacity;
    hf_frame **frame; /* (count) owned */
} hf_frames;

/* An empty frame of that name, in the place of one that was called so. NULL: no memory. */
hf_frame *hf_frames_add(hf_frames *frames, const char *name);

/* The frame of that name; NULL: there is none. */
hf_frame *hf_frames_find(const hf_frames *frames, const char *name);

/* HF_ESYSTEM if memory was short for any of them. */
hf_status hf_frames_check(const hf_frames *frames, hf_error *err);

/* Legal on a zeroed list. */
void hf_frames_clear(hf_frames *frames);

#endif
