#include "report/frame.h"

#include "core/lists.h"
#include "core/tsv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static void clear_column(hf_frame_cells *column, size_t rows)
{
    for (size_t i = 0; column->text != NULL && i < rows; i++)
        free(column->text[i]);
    free(column->text);
    free(column->number);
    free(column->name);
}

void hf_frame_clear(hf_frame *frame)
{
    /* of the present line, too */
    for (size_t c = 0; c < frame->columns; c++)
        clear_column(&frame->column[c], frame->row_room);
    free(frame->column);
    free(frame->name);
    *frame = (hf_frame){0};
}

/* Room for one more row in every column. */
static bool make_room(hf_frame *frame)
{
    if (frame->rows < frame->row_room)
        return true;
    const size_t room = frame->row_room == 0 ? 16 : 2 * frame->row_room;
    for (size_t c = 0; c < frame->columns; c++) {
        hf_frame_cells *column = &frame->column[c];
        double *number = realloc(column->number, room * sizeof *number);
        if (number == NULL)
            return false;
        column->number = number;
        if (column->text == NULL)
            continue;
        char **text = realloc(column->text, room * sizeof *text);
        if (text == NULL)
            return false;
        memset(text + frame->row_room, 0, (room - frame->row_room) * sizeof *text);
        column->text = text;
    }
    frame->row_room = room;
    return true;
}

/* ---- filling ---- */

static void add_name(hf_frame *frame, const char *name)
{
    hf_frame_cells *grown = hf_list_grow(frame->column, frame->columns, &frame->column_room, sizeof *grown);
    char *copy = strdup(name);
    if (grown != NULL)
        frame->column = grown;
    if (grown == NULL || copy == NULL) {
        frame->failed = true;
        free(copy);
        return;
    }
    frame->column[frame->columns++] = (hf_frame_cells){.name = copy};
}

/* The column of the next cell; NULL: there is none. */
static hf_frame_cells *next_column(hf_frame *frame)
{
    if (!frame->failed && frame->is_last && frame->filled == 0)
        frame->rows = 0;
    if (frame->failed || frame->filled >= frame->columns || !make_room(frame)) {
        frame->failed = true;
        return NULL;
    }
    return &frame->column[frame->filled++];
}

/* The cell, which may have held another row's text. */
static void set_cell(hf_frame *frame, double number, char *text)
{
    hf_frame_cells *column = next_column(frame);
    if (column != NULL && text != NULL && column->text == NULL) {
        column->text = calloc(frame->row_room, sizeof *column->text);
        frame->failed = column->text == NULL;
    }
    if (column == NULL || frame->failed) {
        free(text);
        return;
    }
    column->number[frame->rows] = number;
    if (column->text == NULL)
        return;
    free(column->text[frame->rows]);
    column->text[frame->rows] = text;
}

void hf_frame_put_number(hf_frame *frame, double number)
{
    set_cell(frame, number, NULL);
}

void hf_frame_put_string(hf_frame *frame, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        frame->failed = true;
    else
        set_cell(frame, NAN, copy);
}

void hf_frame_put_text(hf_frame *frame, const char *text)
{
    char *end;
    if (!frame->is_named) {
        add_name(frame, text);
        return;
    }
    const double number = strtod(text, &end);
    if (end != text && *end == '\0')
        hf_frame_put_number(frame, isnan(number) ? NAN : number);
    else
        hf_frame_put_string(frame, text);
}

void hf_frame_end_line(hf_frame *frame)
{
    if (!frame->is_named)
        frame->is_named = true;
    else if (frame->filled == frame->columns)
        frame->rows += !frame->failed;
    else
        frame->failed = true;
    frame->filled = 0;
}

/* ---- reading ---- */

size_t hf_frame_find(const hf_frame *frame, const char *name)
{
    size_t c = 0;
    while (c < frame->columns && strcmp(frame->column[c].name, name) != 0)
        c++;
    return c;
}

const char *hf_frame_text(const hf_frame *frame, size_t row, size_t column)
{
    char *const *text = frame->column[column].text;
    return text == NULL ? NULL : text[row];
}

double hf_frame_number(const hf_frame *frame, size_t row, size_t column)
{
    return frame->column[column].number[row];
}

/* ---- from a file ---- */

static bool has_texts(const hf_tsv *table, size_t column)
{
    double number;
    for (size_t r = 0; r < table->rows; r++)
        if (!hf_tsv_number(table, r, column, &number))
            return true;
    return false;
}

static void take_row(hf_frame *frame, const hf_tsv *table, const bool *is_text, size_t row)
{
    for (size_t c = 0; c < table->columns; c++) {
        const char *text = hf_tsv_text(table, row, c);
        double number = NAN;
        if (is_text[c] && strcmp(text, "nan") != 0)
            hf_frame_put_string(frame, text);
        else {
            hf_tsv_number(table, row, c, &number);
            hf_frame_put_number(frame, number);
        }
    }
    hf_frame_end_line(frame);
}

hf_status hf_frame_read(hf_frame *frame, const char *path, hf_error *err)
{
    hf_tsv table;
    hf_status status = hf_tsv_read(&table, path, err);
    if (status != HF_OK)
        return status;
    bool *is_text = malloc((table.columns + 1) * sizeof *is_text);
    frame->failed = is_text == NULL;
    for (size_t c = 0; c < table.columns && is_text != NULL; c++) {
        is_text[c] = has_texts(&table, c);
        hf_frame_put_text(frame, hf_tsv_name(&table, c));
    }
    hf_frame_end_line(frame);
    for (size_t r = 0; r < table.rows && !frame->failed; r++)
        take_row(frame, &table, is_text, r);
    free(is_text);
    hf_tsv_clear(&table);
    return frame->failed ? hf_fail_memory(err, path) : HF_OK;
}

/* ---- several ---- */

hf_frame *hf_frames_find(const hf_frames *frames, const char *name)
{
    for (size_t i = 0; i < frames->count; i++)
        if (strcmp(frames->frame[i]->name, name) == 0)
            return frames->frame[i];
    return NULL;
}

/* An entry for one more; NULL: no memory. */
static hf_frame *new_frame(hf_frames *frames)
{
    hf_frame **grown = hf_list_grow(frames->frame, frames->count, &frames->capacity, sizeof *grown);
    if (grown == NULL)
        return NULL;
    frames->frame = grown;
    hf_frame *frame = calloc(1, sizeof *frame);
    if (frame != NULL)
        frames->frame[frames->count++] = frame;
    return frame;
}

hf_frame *hf_frames_add(hf_frames *frames, const char *name)
{
    char *copy = strdup(name);
    hf_frame *frame = copy == NULL ? NULL : hf_frames_find(frames, name);
    if (frame != NULL)
        hf_frame_clear(frame);
    else if (copy != NULL)
        frame = new_frame(frames);
    if (frame == NULL)
        free(copy);
    else
        frame->name = copy;
    return frame;
}

hf_status hf_frames_check(const hf_frames *frames, hf_error *err)
{
    for (size_t i = 0; i < frames->count; i++)
        if (frames->frame[i]->failed)
            return hf_fail_memory(err, frames->frame[i]->name);
    return HF_OK;
}

void hf_frames_clear(hf_frames *frames)
{
    for (size_t i = 0; i < frames->count; i++) {
        hf_frame_clear(frames->frame[i]);
        free(frames->frame[i]);
    }
    free(frames->frame);
    *frames = (hf_frames){0};
}
