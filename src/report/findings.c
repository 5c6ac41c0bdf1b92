#include "report/findings.h"

#include "report/acquired.h"
#include "report/heads.h"

#include <math.h>
#include <stdlib.h>


/* ---- tables ---- */

static double saddle_index(const hf_saddle *saddle)
{
    return hf_saddle_is_known(saddle) ? (double)saddle->index : NAN;
}

typedef struct {
    const char *event;
    double t, loss;
    size_t stage, head, pattern;
    double value;
    const char *mode;
    bool at_start;
} event_row;

typedef struct {
    size_t stage;
    double t_onset, t_peak, t_settle, loss_before, loss_after, predicted_loss_after;
    size_t pattern, carrier;
    const char *mode;
    double saddle_index, lambda_min, symmetric_fraction;
    double t_half, strength;
} stage_row;

typedef struct {
    size_t pattern, stage, carrier;
    double t, loss, share;
    const char *mode;
} acquisition_row;

typedef struct {
    size_t plateau;
    double t, loss, predicted_loss, speed, saddle_index, threshold, lambda_min, lambda_max, symmetric_fraction;
} plateau_row;

/* clang-format off */

static const hf_column event_columns[] = {
    HF_COLUMN(event_row, event, "", "plateau, onset, drop, settle, acquired, split, emerged or stop ([tables.md](tables.md))"),
    HF_COLUMN(event_row, t, "flow time", "when"),
    HF_COLUMN(event_row, loss, "loss", "the loss there"),
    HF_COLUMN(event_row, stage, "", "number of onsets so far"),
    HF_COLUMN_INDEX(event_row, head, "", "the head that the event is about"),
    HF_COLUMN_INDEX(event_row, pattern, "", "the pattern that it is about"),
    HF_COLUMN(event_row, value, "", "the speed, the carrier's share, the overlap or the fraction of the loss"),
    HF_COLUMN(event_row, mode, "", "of an acquisition: competitive, all heads move for the pattern; cooperative, some do"),
    HF_COLUMN(event_row, at_start, "", "1: it holds at t = 0"),
};

static const hf_column stage_columns[] = {
    HF_COLUMN(stage_row, stage, "", "number of the stage"),
    HF_COLUMN(stage_row, t_onset, "flow time", "the drop begins"),
    HF_COLUMN(stage_row, t_peak, "flow time", "the loss falls fastest"),
    HF_COLUMN(stage_row, t_settle, "flow time", "the drop ends"),
    HF_COLUMN(stage_row, loss_before, "loss", "of the plateau before"),
    HF_COLUMN(stage_row, loss_after, "loss", "of the plateau after"),
    HF_COLUMN(stage_row, predicted_loss_after, "loss", "the level at which it should rest"),
    HF_COLUMN_INDEX(stage_row, pattern, "", "the first pattern that the stage acquires; all are in acquisitions.tsv"),
    HF_COLUMN_INDEX(stage_row, carrier, "", "the head that carries it"),
    HF_COLUMN(stage_row, mode, "", "cooperative if one of the stage's acquisitions is"),
    HF_COLUMN(stage_row, saddle_index, "", "directions that lead down from the plateau before"),
    HF_COLUMN(stage_row, lambda_min, "1/flow time", "lowest eigenvalue there"),
    HF_COLUMN(stage_row, symmetric_fraction, "1", "share of its eigenvector that moves all heads alike"),
    HF_COLUMN(stage_row, t_half, "flow time", "half of the fall is behind; training runs only"),
    HF_COLUMN(stage_row, strength, "1", "how sure the stage is among noise, 1 the least that counts; training runs only"),
};
enum { STAGE_SAMPLED = 2 }; /* columns of runs that are known in samples */

static const hf_column acquisition_columns[] = {
    HF_COLUMN_INDEX(acquisition_row, pattern, "", "the pattern"),
    HF_COLUMN(acquisition_row, stage, "", "the stage, 0 before the first"),
    HF_COLUMN_INDEX(acquisition_row, carrier, "", "the head that carries it"),
    HF_COLUMN(acquisition_row, t, "flow time", "when"),
    HF_COLUMN(acquisition_row, loss, "loss", "the loss there"),
    HF_COLUMN(acquisition_row, share, "1", "of the carrier"),
    HF_COLUMN(acquisition_row, mode, "", "competitive or cooperative"),
};

static const hf_column plateau_columns[] = {
    HF_COLUMN(plateau_row, plateau, "", "number of the plateau"),
    HF_COLUMN(plateau_row, t, "flow time", "the speed is lowest"),
    HF_COLUMN(plateau_row, loss, "loss", "the loss there"),
    HF_COLUMN(plateau_row, predicted_loss, "loss", "the level at which it should rest"),
    HF_COLUMN(plateau_row, speed, "loss/flow time", "-dL/dt"),
    HF_COLUMN(plateau_row, saddle_index, "", "eigenvalues below -threshold: directions that lead down"),
    HF_COLUMN(plateau_row, threshold, "1/flow time", "the least of 1e-4 lambda_max and 1/t"),
    HF_COLUMN(plateau_row, lambda_min, "1/flow time", "lowest eigenvalue of minus the flow's Jacobian"),
    HF_COLUMN(plateau_row, lambda_max, "1/flow time", "largest"),
    HF_COLUMN(plateau_row, symmetric_fraction, "1", "share of the lowest eigenvector that moves all heads alike"),
};

static const hf_table_kind events = {"events.tsv", "A row for every event, in order of time.", HF_COLUMNS(event_columns)};
static const hf_table_kind stages = {"stages.tsv", "A row for every stage, a drop of the loss between two plateaus.", HF_COLUMNS(stage_columns)};
static const hf_table_kind acquisitions = {"acquisitions.tsv", "A row for every acquired pattern, in order of time.", HF_COLUMNS(acquisition_columns)};
static const hf_table_kind plateaus = {"plateaus.tsv", "A row for every plateau of the loss.", HF_COLUMNS(plateau_columns)};

/* clang-format on */

const hf_table_kind *const hf_findings_tables[] = {&events, &stages, &acquisitions, &plateaus, NULL};

static void fill_events(const hf_findings *f, hf_table *table)
{
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        const event_row row = {.event = hf_event_names[e->kind],
                               .t = e->t,
                               .loss = e->loss,
                               .stage = e->stage,
                               .head = e->head,
                               .pattern = e->pattern,
                               .value = e->value,
                               .mode = hf_mode_names[e->mode],
                               .at_start = e->t == 0};
        hf_table_line(table, &events, &row);
    }
}

static hf_table_kind stages_of(const hf_findings *f)
{
    hf_table_kind kind = stages;
    kind.count -= f->sampled ? 0 : STAGE_SAMPLED;
    return kind;
}

static void fill_stages(const hf_findings *f, hf_table *table)
{
    const hf_table_kind kind = stages_of(f);
    for (size_t i = 0; i < f->stage_count; i++) {
        const hf_stage *s = &f->stage[i];
        const hf_event *first = hf_acquired_first(f, i + 1);
        const stage_row row = {.stage = i + 1,
                               .t_onset = s->t_onset,
                               .t_peak = s->t_peak,
                               .t_settle = s->t_settle,
                               .loss_before = s->before->loss,
                               .loss_after = s->loss_after,
                               .predicted_loss_after = s->predicted_loss_after,
                               .pattern = first == NULL ? 0 : first->pattern,
                               .carrier = first == NULL ? 0 : first->head,
                               .mode = hf_mode_names[hf_acquired_mode(f, i + 1)],
                               .saddle_index = saddle_index(&s->before->saddle),
                               .lambda_min = s->before->saddle.lambda_min,
                               .symmetric_fraction = s->before->saddle.symmetric_fraction,
                               .t_half = s->t_half,
                               .strength = s->strength};
        hf_table_line(table, &kind, &row);
    }
}

static void fill_acquisitions(const hf_findings *f, hf_table *table)
{
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        const acquisition_row row = {.pattern = e->pattern,
                                     .stage = e->stage,
                                     .carrier = e->head,
                                     .t = e->t,
                                     .loss = e->loss,
                                     .share = e->value,
                                     .mode = hf_mode_names[e->mode]};
        if (e->kind != HF_EVENT_ACQUIRED)
            continue;
        hf_table_line(table, &acquisitions, &row);
    }
}

static void fill_plateaus(const hf_findings *f, hf_table *table)
{
    for (size_t i = 0; i < f->plateau_count; i++) {
        const hf_plateau *p = &f->plateau[i];
        const plateau_row row = {.plateau = i + 1,
                                 .t = p->t,
                                 .loss = p->loss,
                                 .predicted_loss = p->predicted_loss,
                                 .speed = p->speed,
                                 .saddle_index = saddle_index(&p->saddle),
                                 .threshold = p->saddle.threshold,
                                 .lambda_min = p->saddle.lambda_min,
                                 .lambda_max = p->saddle.lambda_max,
                                 .symmetric_fraction = p->saddle.symmetric_fraction};
        hf_table_line(table, &plateaus, &row);
    }
}

/* comment: a further # line, NULL: none */
static hf_status write_table(const hf_findings *f, const hf_table_kind *kind, void (*fill)(const hf_findings *, hf_table *),
                             const char *comment, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_start(&table, directory, kind, origin, comment, err);
    if (status != HF_OK)
        return status;
    fill(f, &table);
    return hf_file_finish(&table.file, err);
}

hf_status hf_findings_write(const hf_findings *findings, const char *reason, const char *directory,
                            const hf_table_origin *origin, hf_error *err)
{
    static const char *const ends[] = {"on a plateau", "inside a stage", "before the first drop"};
    const hf_table_kind stages_here = stages_of(findings);
    char end[64];
    snprintf(end, sizeof end, "stopped by %s, %s", reason, ends[findings->end]);
    hf_status status = write_table(findings, &events, fill_events, end, directory, origin, err);
    if (status == HF_OK)
        status = write_table(findings, &stages_here, fill_stages, NULL, directory, origin, err);
    if (status == HF_OK)
        status = write_table(findings, &acquisitions, fill_acquisitions, NULL, directory, origin, err);
    return status == HF_OK ? write_table(findings, &plateaus, fill_plateaus, NULL, directory, origin, err) : status;
}

static void keep_table(const hf_findings *f, const hf_table_kind *kind, void (*fill)(const hf_findings *, hf_table *),
                       const char *name, hf_frames *frames, bool *good)
{
    hf_table table;
    hf_frame *frame = hf_frames_add(frames, name);
    if (frame == NULL) {
        *good = false;
        return;
    }
    hf_table_keep(&table, frame);
    hf_table_head(&table, kind, NULL);
    fill(f, &table);
}

hf_status hf_findings_keep(const hf_findings *findings, hf_frames *frames, hf_error *err)
{
    const hf_table_kind stages_here = stages_of(findings);
    bool good = true;
    keep_table(findings, &events, fill_events, "events", frames, &good);
    keep_table(findings, &stages_here, fill_stages, "stages", frames, &good);
    keep_table(findings, &acquisitions, fill_acquisitions, "acquisitions", frames, &good);
    keep_table(findings, &plateaus, fill_plateaus, "plateaus", frames, &good);
    return good ? HF_OK : hf_fail_memory(err, "the findings");
}

/* ---- for the eye ---- */

/* Patterns that are acquired in stage 0: at the start, or on the way from there to the first plateau. */
static size_t print_patterns(const hf_findings *f, bool at_start, FILE *stream)
{
    size_t count = 0;
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        if (e->kind != HF_EVENT_ACQUIRED || e->stage != 0 || (e->t == 0) != at_start)
            continue;
        count++;
        if (stream != NULL)
            fprintf(stream, "%s%zu", count == 1 ? "" : ", ", e->pattern);
    }
    return count;
}

/* What a run has before its first stage. */
static void print_start(const hf_findings *f, FILE *stream)
{
    size_t count = print_patterns(f, true, NULL);
    if (count > 0) {
        fprintf(stream, "Known at the start: pattern%s ", count == 1 ? "" : "s");
        print_patterns(f, true, stream);
        fputs(".\n", stream);
    }
    if (!f->starts_in_drop || f->plateau_count == 0)
        return;
    fprintf(stream, "The loss falls from the start, from %.6g to %.6g on the first plateau at t = %.5g", f->start_loss,
            f->plateau[0].loss, f->plateau[0].t);
    if ((count = print_patterns(f, false, NULL)) > 0) {
        fprintf(stream, ",\nand pattern%s ", count == 1 ? "" : "s");
        print_patterns(f, false, stream);
        fputs(count == 1 ? " is acquired" : " are acquired", stream);
    }
    fputs(": the run starts inside a drop,\nwhich is no stage, since no plateau lies before it.\n", stream);
}

/* A fraction of the loss at the start, in as few digits as it takes: 0.9999999 is not 1. */
static const char *show_fraction(double fraction, size_t size, char *text)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, fraction);
        if (strtod(text, NULL) == fraction)
            break;
    }
    return text;
}

static void print_emergence(const hf_findings *f, FILE *stream)
{
    const char *of = f->on_test ? "test loss" : "loss";
    char fraction[32];
    if (f->loss_fraction == 0)
        return;
    show_fraction(f->loss_fraction, sizeof fraction, fraction);
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_EMERGED) {
            fprintf(stream, "Emerged at t = %.9g: the %s falls to %s of its start.\n", f->event[i].t, of, fraction);
            return;
        }
    fprintf(stream, "Not emerged by t = %.6g: the %s has not fallen to %s of its start.\n", f->event[f->event_count - 1].t,
            of, fraction);
}

static void print_end(const hf_findings *f, FILE *stream)
{
    double t = f->event[f->event_count - 1].t;
    if (f->end == HF_END_STAGE) {
        fprintf(stream, "The run ends at t = %.6g inside stage %zu.\n", t, f->stage_count);
        return;
    }
    const hf_plateau *last = &f->plateau[f->plateau_count - 1];
    fprintf(stream, "The run ends at t = %.6g on a plateau", t);
    if (!hf_saddle_is_known(&last->saddle))
        fputs(".\n", stream);
    else if (last->saddle.index == 0)
        fputs(" that no direction leads down from.\n", stream);
    else {
        fprintf(stream, ", a saddle with %zu direction%s down; the steepest grows like\nexp(%.3g t)", last->saddle.index,
                last->saddle.index == 1 ? "" : "s", -last->saddle.lambda_min);
        if (f->heads > 1)
            fprintf(stream, " and is %.0f %% symmetric between heads", 100 * last->saddle.symmetric_fraction);
        fputs(".\n", stream);
    }
}

void hf_findings_print(const hf_findings *f, FILE *stream)
{
    if (f->stage_count > 0)
        hf_acquired_print(f, stream);
    else if (f->end == HF_END_START)
        fputs("No stage: the loss stays on the plateau it starts on.\n", stream);
    else
        fputs(f->starts_in_drop ? "No stage.\n" : "No stage: the loss falls from the start to a plateau.\n", stream);
    print_start(f, stream);
    hf_heads_print(f, stream);
    print_emergence(f, stream);
    print_end(f, stream);
}
