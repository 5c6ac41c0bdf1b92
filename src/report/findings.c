#include "report/findings.h"

#include "report/acquired.h"
#include "report/heads.h"

#include <math.h>
#include <stdlib.h>

static const char *const mode_names[] = {"nan", "competitive", "cooperative"};

/* ---- events ---- */

static hf_status write_events(const hf_findings *f, const char *reason, const char *directory,
                              const hf_table_origin *origin, hf_error *err)
{
    static const char *const ends[] = {"on a plateau", "inside a stage", "before the first drop"};
    hf_table table;
    hf_status status = hf_table_open(&table, directory, "events.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table, "stopped by %s, %s", reason, ends[f->end]);
    hf_table_text(&table, "event\tt\tloss\tstage\thead\tpattern\tvalue\tmode\tat_start");
    hf_table_end_line(&table);
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        hf_table_text(&table, "%s", hf_event_names[e->kind]);
        hf_table_number(&table, e->t);
        hf_table_number(&table, e->loss);
        hf_table_text(&table, "%zu", e->stage);
        hf_table_index(&table, e->head);
        hf_table_index(&table, e->pattern);
        hf_table_number(&table, e->value);
        hf_table_text(&table, "%s\t%d", mode_names[e->mode], e->t == 0);
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

static double saddle_index(const hf_saddle *saddle)
{
    return hf_saddle_is_known(saddle) ? (double)saddle->index : NAN;
}

/* ---- stages ---- */

static hf_status write_stages(const hf_findings *f, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, "stages.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(
        &table, "stage\tt_onset\tt_peak\tt_settle\tloss_before\tloss_after\tpredicted_loss_after\tpattern\tcarrier\tmode\t"
                "saddle_index\tlambda_min\tsymmetric_fraction");
    if (f->sampled)
        hf_table_text(&table, "t_half\tstrength");
    hf_table_end_line(&table);
    for (size_t i = 0; i < f->stage_count; i++) {
        const hf_stage *s = &f->stage[i];
        const hf_event *first = hf_acquired_first(f, i + 1);
        const double numbers[] = {s->t_onset,      s->t_peak,     s->t_settle,
                                  s->before->loss, s->loss_after, s->predicted_loss_after};
        hf_table_text(&table, "%zu", i + 1);
        hf_table_numbers(&table, sizeof numbers / sizeof numbers[0], numbers);
        hf_table_index(&table, first == NULL ? 0 : first->pattern);
        hf_table_index(&table, first == NULL ? 0 : first->head);
        hf_table_text(&table, "%s", mode_names[hf_acquired_mode(f, i + 1)]);
        hf_table_number(&table, saddle_index(&s->before->saddle));
        hf_table_number(&table, s->before->saddle.lambda_min);
        hf_table_number(&table, s->before->saddle.symmetric_fraction);
        if (f->sampled) {
            hf_table_number(&table, s->t_half);
            hf_table_number(&table, s->strength);
        }
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_acquisitions(const hf_findings *f, const char *directory, const hf_table_origin *origin,
                                    hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, "acquisitions.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "pattern\tstage\tcarrier\tt\tloss\tshare\tmode");
    hf_table_end_line(&table);
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        if (e->kind != HF_EVENT_ACQUIRED)
            continue;
        hf_table_index(&table, e->pattern);
        hf_table_text(&table, "%zu", e->stage);
        hf_table_index(&table, e->head);
        const double numbers[] = {e->t, e->loss, e->value};
        hf_table_numbers(&table, sizeof numbers / sizeof numbers[0], numbers);
        hf_table_text(&table, "%s", mode_names[e->mode]);
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_plateaus(const hf_findings *f, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    hf_status status = hf_table_open(&table, directory, "plateaus.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "plateau\tt\tloss\tpredicted_loss\tspeed\tsaddle_index\tthreshold\tlambda_min\tlambda_max\t"
                          "symmetric_fraction");
    hf_table_end_line(&table);
    for (size_t i = 0; i < f->plateau_count; i++) {
        const hf_plateau *p = &f->plateau[i];
        const double numbers[] = {p->t,
                                  p->loss,
                                  p->predicted_loss,
                                  p->speed,
                                  saddle_index(&p->saddle),
                                  p->saddle.threshold,
                                  p->saddle.lambda_min,
                                  p->saddle.lambda_max,
                                  p->saddle.symmetric_fraction};
        hf_table_text(&table, "%zu", i + 1);
        hf_table_numbers(&table, sizeof numbers / sizeof numbers[0], numbers);
        hf_table_end_line(&table);
    }
    return hf_file_commit(&table.file, err);
}

hf_status hf_findings_write(const hf_findings *findings, const char *reason, const char *directory,
                            const hf_table_origin *origin, hf_error *err)
{
    hf_status status = write_events(findings, reason, directory, origin, err);
    if (status == HF_OK)
        status = write_stages(findings, directory, origin, err);
    if (status == HF_OK)
        status = write_acquisitions(findings, directory, origin, err);
    return status == HF_OK ? write_plateaus(findings, directory, origin, err) : status;
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
