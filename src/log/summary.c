#include "log/summary.h"

#include "core/plural.h"

#include <math.h>
#include <string.h>

/* "value +- error" with the digits that the error leaves. */
static void print_with_error(double value, double error, int width, FILE *stream)
{
    char text[64];
    if (isnan(value))
        snprintf(text, sizeof text, "-");
    else if (!(error > 0) || !isfinite(error) || error < 1e-5 * fabs(value))
        snprintf(text, sizeof text, "%.6g", value);
    else {
        const int places = (int)ceil(-log10(error)) + 1;
        if (places < 0 || places > 9)
            snprintf(text, sizeof text, "%.5g +- %.1e", value, error);
        else
            snprintf(text, sizeof text, "%.*f +- %.*f", places, value, places, error);
    }
    fprintf(stream, " %*s", width, text);
}

static void print_number(double x, int width, FILE *stream)
{
    if (isnan(x))
        fprintf(stream, " %*s", width, "-");
    else
        fprintf(stream, " %*.6g", width, x);
}

/* Which columns were taken, and how many rows. */
static void print_source(const hf_log_look *l, FILE *stream)
{
    const hf_log_curve *c = l->curve;
    const size_t rows = l->rows.count;
    fprintf(stream, "%s: '%s' over ", c->file, c->loss);
    if (c->step[0] == '\0')
        fputs("the number of the row (no column was taken for the step)", stream);
    else
        fprintf(stream, "'%s'", c->step);
    fprintf(stream, ", %zu rows from %.6g to %.6g%s\n", rows, l->rows.x[0], l->rows.x[rows - 1],
            l->is_log ? ", denser at the beginning" : "");
    if (c->others > 0)
        fprintf(stream, "  %zu other column%s loss in %s name; --loss NAME takes another one, or several.\n", c->others,
                c->others == 1 ? " has" : "s have", c->others == 1 ? "its" : "their");
}

/* What was done to the rows. */
static void print_cleaning(const hf_log_look *l, FILE *stream)
{
    const hf_rows *r = &l->rows;
    if (r->not_finite > 0)
        fprintf(stream, "  %zu row%s left out: no step and loss that are finite and below 1e150.\n", r->not_finite,
                r->not_finite == 1 ? " was" : "s were");
    if (r->unsorted)
        fputs("  The steps were not in order: rows were sorted.\n", stream);
    if (r->repeated > 0)
        fprintf(stream, "  %zu row%s the step of another one: the mean of their losses was taken.\n", r->repeated,
                r->repeated == 1 ? " had" : "s had");
    if (r->spikes > 0)
        fprintf(stream, "  %zu lone spike%s left out, eight deviations away from the rows around.\n", r->spikes,
                r->spikes == 1 ? " was" : "s were");
    if (l->curve->joined > 0)
        fprintf(stream, "  The line of names stands %zu more time%s in the file: it was skipped.\n", l->curve->joined,
                hf_plural(l->curve->joined));
    if (l->curve->breaks_off)
        fputs("  The last line breaks off and was left out.\n", stream);
    if (l->gaps == 1)
        fprintf(stream, "  Steps are missing between %.6g and %.6g: nothing is known of what happens there.\n", l->gap_from,
                l->gap_to);
    else if (l->gaps > 1)
        fprintf(stream, "  Steps are missing in %zu places, the widest of them between %.6g and %.6g.\n", l->gaps,
                l->gap_from, l->gap_to);
    if (l->sign < 0)
        fputs("  The curve rises: its rises are the stages.\n", stream);
}

/* Whether the noise is clearly not white. Medians of differences, of which the largest counts, make independent rows look like
 * 1.6 (20 000 rows) to 2.7 (200) that count as one; in all of 246 random curves they stayed below this. */
static bool is_correlated(const hf_rows *rows)
{
    return rows->together >= 2 + 900 / (double)rows->count;
}

static void print_noise(const hf_log_look *l, FILE *stream)
{
    const hf_search_result *f = &l->found;
    if (f->noise > 0 && f->noise > f->resolution)
        fprintf(stream, "  Noise: a row's standard deviation is %.2g", f->noise);
    else {
        fputs("  Noise: none that can be seen", stream);
        if (f->resolution > 0)
            fprintf(stream, " beyond the last digit, of %.1g", f->resolution);
        fputs(".\n", stream);
        return;
    }
    if (is_correlated(&l->rows))
        fprintf(stream, ", and of neighbours about %.0f count as one (correlated noise)", l->rows.together);
    fputs(".\n", stream);
}

static void print_stage(const hf_log_look *l, size_t k, FILE *stream)
{
    const hf_search_result *f = &l->found;
    const hf_search_stage *s = &f->stage[k];
    const hf_search_plateau *before = &f->plateau[k], *after = k + 1 < f->plateau_count ? before + 1 : NULL;
    const double certainty = hf_log_certainty(l, k);
    fprintf(stream, "  %5zu", k + 1);
    print_number(s->t_onset, 10, stream);
    print_number(s->t_half, 10, stream);
    print_number(s->t_peak, 10, stream);
    print_number(s->t_settle, 10, stream);
    print_with_error(l->sign * before->loss, before->loss_error, 18, stream);
    print_with_error(after == NULL ? NAN : l->sign * after->loss, after == NULL ? NAN : after->loss_error, 18, stream);
    if (isnan(certainty) || certainty < 1e4)
        print_number(certainty, 8, stream);
    else
        fprintf(stream, " %8s", ">10^4");
    if (s->strength < 1000)
        fprintf(stream, " %7.1f\n", s->strength);
    else
        fprintf(stream, " %7s\n", ">1000");
}

static void print_end(const hf_log_look *l, FILE *stream)
{
    const hf_search_result *f = &l->found;
    const char *falls = l->sign < 0 ? "rises" : "falls", *drop = l->sign < 0 ? "rise" : "drop";
    if (f->stage_count > 0 && !f->stage[f->stage_count - 1].settled) {
        fprintf(stream, "  The curve ends inside stage %zu, which has not settled.\n", f->stage_count);
        return;
    }
    if (f->stage_count == 0 && !f->falls_at_start)
        fprintf(stream, "  No stage: no %s between two plateaus stands out of the noise.\n", drop);
    else if (f->stage_count == 0)
        fprintf(stream, "  No stage: the curve %s from its start to where it is slow; no plateau lies before.\n", falls);
    else if (f->falls_at_start)
        fprintf(stream, "  Before the first stage the curve %s from its start to the first plateau, which is no stage.\n",
                falls);
    if (f->stage_count > 0) {
        const hf_search_plateau *last = &f->plateau[f->plateau_count - 1];
        fputs("  The curve ends on a plateau at", stream);
        print_with_error(l->sign * last->loss, last->loss_error, 0, stream);
        fputs(".\n", stream);
    }
}

void hf_log_print(const hf_log_look *l, FILE *stream)
{
    const hf_search_result *f = &l->found;
    print_source(l, stream);
    print_cleaning(l, stream);
    print_noise(l, stream);
    if (f->stage_count > 0) {
        fprintf(stream, "  stage %10s %10s %10s %10s %18s %18s %8s %7s\n", "onset", "half", "fastest", "settle",
                "level before", "level after", "sigmas", "sure");
        for (size_t k = 0; k < f->stage_count; k++)
            print_stage(l, k, stream);
    }
    print_end(l, stream);
}

void hf_log_print_legend(FILE *stream)
{
    fputs("Onset, half, settle: a tenth, half, nine tenths of the way are behind. Levels are those of the plateaus beside, "
          "with\n"
          "standard errors; sigmas: the way between them over its own. Sure: how many times larger the fall, and the "
          "contrast of\n"
          "speeds, are than what noise could feign, the smaller of both; 1 is the least that counts (doc/detect.md).\n",
          stream);
}
