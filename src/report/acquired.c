#include "report/acquired.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The next acquisition of a stage from event *i on; NULL: there is none. */
static const hf_event *next_acquired(const hf_findings *f, size_t stage, size_t *i)
{
    while (*i < f->event_count) {
        const hf_event *e = &f->event[(*i)++];
        if (e->kind == HF_EVENT_ACQUIRED && e->stage == stage)
            return e;
    }
    return NULL;
}

const hf_event *hf_acquired_first(const hf_findings *f, size_t stage)
{
    size_t i = 0;
    return next_acquired(f, stage, &i);
}

hf_mode hf_acquired_mode(const hf_findings *f, size_t stage)
{
    size_t i = 0;
    hf_mode mode = HF_MODE_NONE;
    for (const hf_event *e = next_acquired(f, stage, &i); e != NULL; e = next_acquired(f, stage, &i))
        mode = mode == HF_MODE_COOPERATIVE ? mode : e->mode;
    return mode;
}

/* ---- for the eye ---- */

enum { NUMBERS = 5, COLUMNS = NUMBERS + 4, CELL = 64, LIST = 16 };

static const char *const headers[COLUMNS] = {"stage",     "t_onset", "t_peak", "t_settle", "loss",
                                             "predicted", "pattern", "head",   "mode"};
static const int least[COLUMNS] = {5, 9, 9, 9, 9, 9, 7, 4, 11}; /* widths */

typedef char row_cells[COLUMNS][CELL];

static void show_number(double x, char *cell)
{
    if (isnan(x))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, x >= 1e5 && x < 1e9 ? "%.0f" : x >= 1e-3 && x < 1e5 ? "%.5g" : "%.3g", x);
}

/* Patterns, or the heads that carry them: whole numbers, as many as fit LIST characters, and how many there are if that is not all. */
static void show_list(const hf_findings *f, size_t stage, bool heads, char *cell)
{
    size_t i = 0, used = 0, count = 0, shown = 0;
    char next[32];
    snprintf(cell, CELL, "-");
    for (const hf_event *e = next_acquired(f, stage, &i); e != NULL; e = next_acquired(f, stage, &i)) {
        const int length = snprintf(next, sizeof next, "%s%zu", count == 0 ? "" : ",", heads ? e->head : e->pattern);
        if (shown == count++ && used + (size_t)length <= LIST) {
            snprintf(cell + used, CELL - used, "%s", next);
            used += (size_t)length;
            shown++;
        }
    }
    if (shown < count)
        snprintf(cell + used, CELL - used, ",.. (%zu)", count);
}

static void fill_row(const hf_findings *f, size_t i, row_cells cells)
{
    static const char *const modes[] = {"-", "competitive", "cooperative"};
    const hf_stage *s = &f->stage[i];
    const hf_mode mode = hf_acquired_mode(f, i + 1);
    snprintf(cells[0], CELL, "%zu", i + 1);
    show_list(f, i + 1, false, cells[NUMBERS + 1]);
    show_list(f, i + 1, true, cells[NUMBERS + 2]);
    /* of nothing learned there is no prediction */
    const double predicted = strcmp(cells[NUMBERS + 1], "-") == 0 ? NAN : s->predicted_loss_after;
    const double numbers[NUMBERS] = {s->t_onset, s->t_peak, s->t_settle, s->loss_after, predicted};
    for (size_t n = 0; n < NUMBERS; n++)
        show_number(numbers[n], cells[1 + n]);
    snprintf(cells[COLUMNS - 1], CELL, "%s", modes[mode]);
}

static void print_row(const int *width, char cells[][CELL], FILE *stream)
{
    for (size_t c = 0; c < COLUMNS; c++)
        fprintf(stream, "%s%*s", c == 0 ? "" : " ", width[c], cells == NULL ? headers[c] : cells[c]);
    fputc('\n', stream);
}

void hf_acquired_print(const hf_findings *f, FILE *stream)
{
    int width[COLUMNS];
    row_cells cells;
    memcpy(width, least, sizeof width);
    for (size_t i = 0; i < f->stage_count; i++) {
        fill_row(f, i, cells);
        for (size_t c = 0; c < COLUMNS; c++)
            width[c] = (int)strlen(cells[c]) > width[c] ? (int)strlen(cells[c]) : width[c];
    }
    print_row(width, NULL, stream);
    for (size_t i = 0; i < f->stage_count; i++) {
        fill_row(f, i, cells);
        print_row(width, cells, stream);
    }
}

void hf_acquired_explain(const hf_findings *f, FILE *stream)
{
    fputs("A stage begins (onset) as the loss leaves a plateau, is fastest at the peak and\n"
          "settles on the next plateau at this loss. Predicted: that of the best model that\n"
          "has learned as much by then (-: no pattern was acquired).",
          stream);
    fputs(f->heads == 1   ? "\n"
          : f->heads == 0 ? " Head: the one that\ngives most of it.\n"
                          : " Head: the one that\n"
                          "carries the pattern. Competitive: when it was acquired, all heads moved for it\n"
                          "together; cooperative: some did, others stayed.\n",
          stream);
}
