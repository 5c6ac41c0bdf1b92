#include "report/sensitivities.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const whys[] = {[HF_WHY_DEFINED] = "nan",
                                   [HF_WHY_AT_START] = "at_start",
                                   [HF_WHY_CENSORED] = "censored",
                                   [HF_WHY_AT_REST] = "at_rest",
                                   [HF_WHY_TOUCHES] = "touches"};

typedef struct {
    const char *event;
    size_t stage, head, pattern;
    const char *parameter, *quantity;
    double t, value, derivative, relative;
    const char *why;
} line;

/* clang-format off */
static const hf_column columns[] = {
    HF_COLUMN(line, event, "", "as in events.tsv; stop: the end of the run"),
    HF_COLUMN(line, t, "flow time", "when it is"),
    HF_COLUMN(line, stage, "", "likewise"),
    HF_COLUMN_INDEX(line, head, "", "likewise"),
    HF_COLUMN_INDEX(line, pattern, "", "likewise"),
    HF_COLUMN(line, quantity, "", "t, the time, or loss or speed there; at the end also overlap and `share_<h>_<j>`"),
    HF_COLUMN(line, parameter, "", "with what ([sensitivity.md](sensitivity.md))"),
    HF_COLUMN(line, value, "as the quantity", "the quantity"),
    HF_COLUMN(line, derivative, "as the quantity", "of the quantity, by the logarithm of the parameter; nan: there is none"),
    HF_COLUMN(line, relative, "1", "the derivative over the quantity"),
    HF_COLUMN(line, why, "", "the reason if there is no derivative ([sensitivity.md](sensitivity.md)); nan: there is one"),
};
/* clang-format on */

static const hf_table_kind table_kind = {
    "sensitivities.tsv", "With sensitivity.to: a row for every quantity of every event and every parameter.", HF_COLUMNS(columns)};

const hf_table_kind *const hf_sensitivities_tables[] = {&table_kind, NULL};

void hf_sensitivities_clear(hf_sensitivities *s)
{
    free(s->row);
    free(s->parameter);
    *s = (hf_sensitivities){0};
}

static double relative(const hf_sensitivity_row *r)
{
    return r->value == 0 ? NAN : r->derivative / r->value;
}

static void fill(const hf_sensitivities *s, hf_table *table)
{
    for (size_t i = 0; i < s->count; i++) {
        const hf_sensitivity_row *r = &s->row[i];
        const line l = {.event = hf_event_names[r->event],
                        .t = r->t,
                        .stage = r->stage,
                        .head = r->head,
                        .pattern = r->pattern,
                        .quantity = r->quantity,
                        .parameter = s->parameter[r->parameter],
                        .value = r->value,
                        .derivative = r->derivative,
                        .relative = relative(r),
                        .why = whys[r->why]};
        hf_table_line(table, &table_kind, &l);
    }
}

hf_status hf_sensitivities_write(const hf_sensitivities *s, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_start(&table, directory, &table_kind, origin, NULL, err);
    if (status != HF_OK)
        return status;
    fill(s, &table);
    return hf_file_finish(&table.file, err);
}

hf_status hf_sensitivities_keep(const hf_sensitivities *s, hf_frames *frames, hf_error *err)
{
    hf_table table;
    hf_frame *frame = hf_frames_add(frames, "sensitivities");
    if (frame == NULL)
        return hf_fail_memory(err, "the derivatives");
    hf_table_keep(&table, frame);
    hf_table_head(&table, &table_kind, NULL);
    fill(s, &table);
    return hf_frames_check(frames, err);
}

/* ---- for the eye ---- */

static void print_event(const hf_sensitivity_row *r, FILE *stream)
{
    char name[48];
    if (r->pattern > 0)
        snprintf(name, sizeof name, "%s %zu", hf_event_names[r->event], r->pattern);
    else
        snprintf(name, sizeof name, "%s", hf_event_names[r->event]);
    fprintf(stream, "  %5zu  %-12s %12.6g", r->stage, name, r->t);
}

void hf_sensitivities_print(const hf_sensitivities *s, FILE *stream)
{
    fputs("what moves the events, d ln t / d ln parameter:\n\n  stage  event                   t", stream);
    for (size_t p = 0; p < s->parameter_count; p++)
        fprintf(stream, " %14s", s->parameter[p]);
    putc('\n', stream);
    for (size_t i = 0; i < s->count; i++) {
        const hf_sensitivity_row *r = &s->row[i];
        if (strcmp(r->quantity, "t") != 0 || (r->event == HF_EVENT_STOP && r->derivative == 0))
            continue;
        if (r->parameter == 0)
            print_event(r, stream);
        if (r->why == HF_WHY_DEFINED)
            fprintf(stream, " %14.6g", relative(r));
        else
            fprintf(stream, " %14s", whys[r->why]);
        if (r->parameter + 1 == s->parameter_count)
            putc('\n', stream);
    }
}
