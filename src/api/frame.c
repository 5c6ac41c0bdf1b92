#include "report/frame.h"

#include "api/headflow.h"

#include <math.h>

size_t hf_frame_rows(const hf_frame *frame)
{
    return frame->rows;
}

size_t hf_frame_columns(const hf_frame *frame)
{
    return frame->columns;
}

const char *hf_frame_column(const hf_frame *frame, size_t column)
{
    return column < frame->columns ? frame->column[column].name : NULL;
}

bool hf_frame_has(const hf_frame *frame, const char *column)
{
    return hf_frame_find(frame, column) < frame->columns;
}

/* Whether there is that cell; *c: its column. */
static bool find_cell(const hf_frame *frame, size_t row, const char *column, size_t *c)
{
    *c = hf_frame_find(frame, column);
    return row < frame->rows && *c < frame->columns;
}

double hf_frame_get(const hf_frame *frame, size_t row, const char *column)
{
    size_t c;
    return find_cell(frame, row, column, &c) ? hf_frame_number(frame, row, c) : NAN;
}

const char *hf_frame_word(const hf_frame *frame, size_t row, const char *column)
{
    size_t c;
    return find_cell(frame, row, column, &c) ? hf_frame_text(frame, row, c) : NULL;
}

const double *hf_frame_values(const hf_frame *frame, const char *column)
{
    const size_t c = hf_frame_find(frame, column);
    return c < frame->columns ? frame->column[c].number : NULL;
}
