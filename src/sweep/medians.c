#include "sweep/medians.h"

#include "config/axes.h"
#include "config/keys.h"
#include "core/text.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "sweep/fractions.h"
#include "sweep/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 12, LINES_OF_TWO = 5, QUANTITIES_MOST = 7, WIDE = 13 };

/* ---- a cell ---- */

static void print_text(FILE *stream, const char *text)
{
    fprintf(stream, " %*s", WIDE - 1, text);
}

/* The value of an axis, or the number that stands for it; long ones are cut. */
static void print_value(FILE *stream, const hf_axis *axis, size_t i)
{
    char text[80];
    const double x = hf_axes_is_numeric(axis) ? hf_axes_number(axis, i) : NAN;
    if (x == floor(x) && fabs(x) < 1e11) /* seeds that differ in the last digit are two */
        snprintf(text, sizeof text, "%.0f", x);
    else if (!isnan(x))
        snprintf(text, sizeof text, "%.5g", x);
    else
        hf_text_show(axis->values.at[i], text, sizeof text);
    if (strlen(text) >= WIDE)
        strcpy(text + WIDE - 3, "..");
    print_text(stream, text);
}

/* A median: "never" or, where runs were cut off, "later"; of what they leave open a bound, or "?"; "-": none has it. */
static void print_median(FILE *stream, const hf_point_summary *s, size_t censored)
{
    char text[32];
    if (isinf(s->median))
        snprintf(text, sizeof text, "%s", censored > 0 ? "later" : "never");
    else if (!isnan(s->median))
        snprintf(text, sizeof text, "%.5g", s->median);
    else if (s->have == 0)
        snprintf(text, sizeof text, "-");
    else if (isfinite(s->most) && !isfinite(s->least))
        snprintf(text, sizeof text, "<=%.5g", s->most);
    else if (isfinite(s->least) && !isfinite(s->most))
        snprintf(text, sizeof text, ">=%.5g", s->least);
    else
        snprintf(text, sizeof text, "?");
    print_text(stream, text);
}

/* The most frequent text with its share of the runs: "1|2|3 93%"; "-": none has one. */
static void print_mode(FILE *stream, const hf_sweep *sweep, const hf_results *results, size_t first, size_t q,
                       hf_fraction *list)
{
    char name[32], text[WIDE + 8];
    size_t ended;
    const size_t count = hf_fractions_of_point(sweep, results, first, q, list, &ended);
    const bool any = count > 0 && list[0].kind == HF_FRACTION_OF_VALUE;
    const char *mode = any ? hf_fraction_name(results, sweep, q, &list[0], name) : "-";
    const int room = WIDE - 6;
    if (!any)
        snprintf(text, sizeof text, "-");
    else if ((int)strlen(mode) > room)
        snprintf(text, sizeof text, "%.*s.. %.0f%%", room - 2, mode, 100 * list[0].fraction);
    else
        snprintf(text, sizeof text, "%s %.0f%%", mode, 100 * list[0].fraction);
    print_text(stream, text);
}

/* ---- the table ---- */

/* The last part of a name, cut to a column. */
static void print_name(FILE *stream, const char *name)
{
    char text[WIDE];
    const char *dot = strrchr(name, '.');
    snprintf(text, sizeof text, "%s", strlen(name) < WIDE || dot == NULL ? name : dot + 1);
    print_text(stream, text);
}

static const char *name_of(const hf_axis *axis)
{
    return axis->name != NULL ? axis->name : axis->key;
}

/* Lines of the table: places of the first axis and, in a plane, of the second. */
typedef struct {
    const hf_sweep *sweep;
    const hf_results *results;
    size_t x, y; /* axes; over.count: none */
    size_t x_lines, y_lines, quantities;
    double *scratch;
    hf_fraction *list;
    bool unknown, later, modes;
} table;

static size_t lines_of(size_t values, size_t most)
{
    return values < most ? values : most;
}

/* Line number n of count among so many values, both ends included. */
static size_t place(size_t n, size_t count, size_t values)
{
    return count < 2 ? 0 : n * (values - 1) / (count - 1);
}

static void print_line(table *t, size_t i, size_t k, FILE *stream)
{
    const hf_config *config = &t->sweep->config;
    const hf_axes *over = &config->sweep.over;
    size_t point = 0;
    if (t->x < over->count) {
        print_value(stream, &over->at[t->x], i);
        point += i * hf_axes_stride(config, t->x);
    }
    if (t->y < over->count) {
        print_value(stream, &over->at[t->y], k);
        point += k * hf_axes_stride(config, t->y);
    }
    const size_t first = point * config->sweep.seeds;
    const size_t censored = hf_summary_censored(t->sweep, t->results, first);
    for (size_t q = 0; q < t->quantities; q++) {
        if (hf_quantity_is_category(&t->sweep->report[q])) {
            print_mode(stream, t->sweep, t->results, first, q, t->list);
            t->modes = true;
            continue;
        }
        const hf_point_summary s = hf_summary_of_point(t->sweep, t->results, first, q, t->scratch);
        print_median(stream, &s, censored);
        t->unknown = t->unknown || (isnan(s.median) && s.have > 0);
        t->later = t->later || (isinf(s.median) && censored > 0);
    }
    fputc('\n', stream);
}

static void print_header(const table *t, FILE *stream)
{
    const hf_config *config = &t->sweep->config;
    const hf_axes *over = &config->sweep.over;
    const size_t seeds = config->sweep.seeds;
    if (seeds > 1)
        fprintf(stream, "Medians over %zu seeds:\n", seeds);
    if (t->x < over->count)
        print_name(stream, name_of(&over->at[t->x]));
    if (t->y < over->count)
        print_name(stream, name_of(&over->at[t->y]));
    for (size_t q = 0; q < t->quantities; q++)
        print_name(stream, t->sweep->report[q].name);
    fputc('\n', stream);
}

/* What is not in the table, and what its words mean. */
static void print_notes(const table *t, FILE *stream)
{
    const hf_config *config = &t->sweep->config;
    const size_t points = hf_axes_points(config), lines = t->x_lines * t->y_lines;
    const size_t hidden = t->sweep->asked_count - t->quantities;
    if (lines < points)
        fprintf(stream, "%zu of %zu points", lines, points);
    if (lines < points && hidden > 0)
        fputs(", ", stream);
    if (hidden > 0)
        fprintf(stream, "%zu of %zu quantities", t->quantities, t->sweep->asked_count);
    if (lines < points || hidden > 0)
        fputs(" are shown; all are in summary.tsv.\n", stream);
    if (t->modes)
        fputs("Of what is no number the most frequent, and its share of the runs.\n", stream);
    if (t->later)
        fputs(hf_config_is_strings(config) ? "later: not before the run ended.\n"
                                           : "later: not before the run ended, which was cut off; never: the run ended with no way down "
                                             "within reach.\n",
              stream);
    if (t->unknown)
        fputs("<=, >=: bounds, for runs were cut off: they have so many stages or more, this loss or less; ?: not known.\n", stream);
}

/* How many runs ended while more was to come, if that touches anything that is reported. */
static void print_censored(const hf_sweep *sweep, const hf_results *results, FILE *stream)
{
    const size_t seeds = sweep->config.sweep.seeds;
    size_t censored = 0;
    bool matters = false;
    for (size_t first = 0; first < results->count; first += seeds)
        censored += hf_summary_censored(sweep, results, first);
    for (size_t q = 0; q < sweep->asked_count; q++) {
        const bool is_time = sweep->report[q].kind->is_time;
        matters = matters || sweep->report[q].kind->until != HF_UNTIL_NONE;
        for (size_t task = 0; task < results->count && is_time; task++)
            matters =
                matters || (results->task[task].state == HF_SWEEP_TASK_OK && isnan(results->value[task * results->width + q]));
    }
    if (censored > 0 && hf_config_is_strings(&sweep->config))
        fprintf(stream, "%zu of %zu run%s: not learned by the end; a larger train.steps would tell.\n", censored, results->done,
                hf_plural(results->done));
    else if (censored > 0 && matters)
        fprintf(stream,
                "%zu of %zu run%s censored: %s inside a drop or with a way down within reach (column\n"
                "censored). What %s of %s end are bounds; a later solver.t_end would tell.\n",
                censored, results->done,
                results->done == 1 ? " is"
                : censored == 1    ? "s is"
                                   : "s are",
                censored == 1 ? "it ends" : "they end", censored == 1 ? "it says" : "they say",
                censored == 1 ? "its" : "their");
}

hf_status hf_medians_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err)
{
    const hf_config *config = &sweep->config;
    const hf_axes *over = &config->sweep.over;
    table t = {.sweep = sweep, .results = results, .x = 0, .y = over->count, .x_lines = 1, .y_lines = 1};
    if (results->done == 0)
        return HF_OK;
    if (over->count > 0 && !config->sweep.zip)
        t.y = hf_axes_group(over, 1);
    const bool is_plane = t.y < over->count;
    if (over->count > 0)
        t.x_lines = lines_of(over->at[0].values.count, is_plane ? LINES_OF_TWO : LINES_MOST);
    if (is_plane)
        t.y_lines = lines_of(over->at[t.y].values.count, LINES_OF_TWO);
    const size_t axes = over->count == 0 ? 0 : is_plane ? 2 : 1;
    t.quantities = lines_of(sweep->asked_count, QUANTITIES_MOST - axes);
    t.scratch = malloc(2 * config->sweep.seeds * sizeof *t.scratch);
    t.list = malloc((config->sweep.seeds + 3) * sizeof *t.list);
    if (t.scratch == NULL || t.list == NULL) {
        free(t.scratch);
        free(t.list);
        return hf_fail_memory(err, "the medians");
    }
    print_header(&t, stream);
    for (size_t i = 0; i < t.x_lines; i++)
        for (size_t k = 0; k < t.y_lines; k++)
            print_line(&t, over->count == 0 ? 0 : place(i, t.x_lines, over->at[0].values.count),
                       is_plane ? place(k, t.y_lines, over->at[t.y].values.count) : 0, stream);
    print_notes(&t, stream);
    print_censored(sweep, results, stream);
    free(t.scratch);
    free(t.list);
    return HF_OK;
}
