#include "sweep/fractions.h"

#include "config/axes.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "core/text.h"
#include "sweep/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double confidence = 0.95;

bool hf_fractions_are_wanted(const hf_sweep *sweep)
{
    for (size_t q = 0; q < sweep->asked_count; q++)
        if (sweep->report[q].kind->of_assignment)
            return true;
    return false;
}

bool hf_fractions_have(const hf_sweep *sweep, size_t q)
{
    const hf_quantity_kind *kind = sweep->report[q].kind;
    return hf_quantity_is_category(&sweep->report[q]) || (kind->is_count && !kind->needs_end);
}

/* ---- counting ---- */

/* The category that a run is in. False: it has not been run. */
static bool find_category(const hf_sweep *sweep, const hf_results *results, size_t task, size_t q, hf_fraction *found)
{
    const double value = results->value[task * results->width + q];
    const hf_sweep_task_state state = results->task[task].state;
    const bool decides = sweep->report[q].kind->until != HF_UNTIL_NONE || isnan(value);
    *found = (hf_fraction){.kind = HF_FRACTION_OF_VALUE, .value = value};
    if (state == HF_SWEEP_TASK_FAILED)
        *found = (hf_fraction){.kind = HF_FRACTION_FAILED};
    else if (decides && hf_summary_is_censored(sweep, results, task))
        *found = (hf_fraction){.kind = HF_FRACTION_UNFINISHED};
    else if (isnan(value))
        *found = (hf_fraction){.kind = HF_FRACTION_NONE};
    return state != HF_SWEEP_TASK_NOT_RUN;
}

static int by_value(const void *a, const void *b)
{
    const hf_fraction *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->value > y->value) - (x->value < y->value);
}

static int by_frequency(const void *a, const void *b)
{
    const hf_fraction *x = a, *y = b;
    if (x->kind == y->kind && x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return by_value(a, b);
}

size_t hf_fractions_of_point(const hf_sweep *sweep, const hf_results *results, size_t first, size_t q, hf_fraction *list,
                             size_t *ended)
{
    size_t count = 0;
    *ended = 0;
    for (size_t run = 0; run < sweep->config.sweep.seeds; run++) {
        hf_fraction found;
        if (!find_category(sweep, results, first + run, q, &found))
            continue;
        size_t i = 0;
        while (i < count && by_value(&list[i], &found) != 0)
            i++;
        if (i == count)
            list[count++] = found;
        list[i].count++;
        ++*ended;
    }
    for (size_t i = 0; i < count; i++) {
        list[i].fraction = (double)list[i].count / (double)*ended;
        hf_binomial_interval(list[i].count, *ended, confidence, &list[i].low, &list[i].high);
    }
    qsort(list, count, sizeof *list, hf_quantity_is_category(&sweep->report[q]) ? by_frequency : by_value);
    return count;
}

const char *hf_fraction_name(const hf_results *results, const hf_sweep *sweep, size_t q, const hf_fraction *fraction,
                             char text[32])
{
    static const char *const names[] = {
        [HF_FRACTION_NONE] = "none", [HF_FRACTION_UNFINISHED] = "unfinished", [HF_FRACTION_FAILED] = "failed"};
    if (fraction->kind != HF_FRACTION_OF_VALUE)
        return names[fraction->kind];
    if (hf_quantity_is_category(&sweep->report[q]))
        return results->names[q].at[(size_t)fraction->value];
    snprintf(text, 32, "%.0f", fraction->value);
    return text;
}

/* ---- for the eye ---- */

typedef struct {
    const hf_sweep *sweep;
    const hf_results *results;
    hf_fraction *list; /* (seeds + 3) scratch */
    FILE *stream;
} printer;

/* "12 of 200 (6 %, 3.1 to 10.2)" */
static void print_share(const printer *p, const hf_fraction *f, size_t ended)
{
    fprintf(p->stream, "%zu of %zu (%.3g %%, %.3g to %.3g)", f->count, ended, 100 * f->fraction, 100 * f->low, 100 * f->high);
}

/* "assignment: 1|2|3 in 931 of 1000 (93.1 %, 91.3 to 94.6), ..." of the only point. */
static void print_point(const printer *p, size_t q)
{
    enum { MOST = 6 };
    size_t ended, shown = 0;
    const size_t count = hf_fractions_of_point(p->sweep, p->results, 0, q, p->list, &ended);
    fprintf(p->stream, "%s:", p->sweep->report[q].name);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        const hf_fraction *f = &p->list[i];
        if (i >= MOST && f->kind == HF_FRACTION_OF_VALUE)
            continue; /* what has no value stands always */
        fprintf(p->stream, "%s %s in ", shown == 0 ? "" : ",", hf_fraction_name(p->results, p->sweep, q, f, text));
        print_share(p, f, ended);
        shown++;
    }
    if (shown < count)
        fprintf(p->stream, "; %zu more", count - shown);
    putc('\n', p->stream);
}

/* " where heads = 3, target.ratio = 1.05" */
static void print_place(const printer *p, size_t point)
{
    const hf_axes *over = &p->sweep->config.sweep.over;
    const char *before = " where";
    for (size_t a = 0; a < over->count; a++) {
        char shown[80];
        if (over->at[a].goes_along)
            continue;
        hf_text_show(over->at[a].values.at[hf_axes_index(&p->sweep->config, a, point)], shown, sizeof shown);
        fprintf(p->stream, "%s %s = %s", before, over->at[a].name != NULL ? over->at[a].name : over->at[a].key, shown);
        before = ",";
    }
}

/* What is said of counts of at least so many. */
static const struct {
    const char *quantity, *saying;
    double least;
} sayings[] = {{"heads_per_pattern", "a pattern is carried by two heads or more", 2},
               {"patterns_per_head", "a head carries two patterns or more", 2},
               {"looks_per_head", "a head looks at two patterns or more", 2},
               {"idle_heads", "a head carries no pattern", 1}};

/* Runs of a point that have the number or more, as one fraction. */
static hf_fraction at_least(const printer *p, size_t first, size_t q, double least, size_t *ended)
{
    hf_fraction all = {.kind = HF_FRACTION_OF_VALUE};
    const size_t count = hf_fractions_of_point(p->sweep, p->results, first, q, p->list, ended);
    for (size_t i = 0; i < count; i++)
        if (p->list[i].kind == HF_FRACTION_OF_VALUE && p->list[i].value >= least)
            all.count += p->list[i].count;
    if (*ended > 0) {
        all.fraction = (double)all.count / (double)*ended;
        hf_binomial_interval(all.count, *ended, confidence, &all.low, &all.high);
    }
    return all;
}

/* Between which points the fraction lies. */
static void print_range(const printer *p, size_t q, const char *saying, double least)
{
    const size_t seeds = p->sweep->config.sweep.seeds, points = p->results->count / seeds;
    size_t low = points, high = points, low_ended = 0, high_ended = 0, ended;
    hf_fraction lowest = {0}, highest = {0};
    for (size_t point = 0; point < points; point++) {
        const hf_fraction here = at_least(p, point * seeds, q, least, &ended);
        if (ended > 0 && (low == points || here.fraction < lowest.fraction)) {
            low = point, low_ended = ended;
            lowest = here;
        }
        if (ended > 0 && (high == points || here.fraction > highest.fraction)) {
            high = point, high_ended = ended;
            highest = here;
        }
    }
    if (low == points)
        return;
    fprintf(p->stream, "%s:\n  in ", saying);
    print_share(p, &lowest, low_ended);
    if (lowest.fraction == highest.fraction)
        fputs(points > 1 ? " everywhere" : "", p->stream);
    else {
        print_place(p, low);
        fputs("\n  in ", p->stream);
        print_share(p, &highest, high_ended);
        print_place(p, high);
    }
    putc('\n', p->stream);
}

hf_status hf_fractions_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err)
{
    const size_t seeds = sweep->config.sweep.seeds;
    if (!hf_fractions_are_wanted(sweep) || results->done + results->failed == 0)
        return HF_OK;
    printer p = {sweep, results, malloc((seeds + 3) * sizeof *p.list), stream};
    if (p.list == NULL)
        return hf_fail_memory(err, "the fractions");
    fprintf(stream, "Of the run%s of a point, with 95 %% confidence (Clopper-Pearson; all are in fractions.tsv):\n",
            hf_plural(seeds));
    for (size_t q = 0; q < sweep->asked_count && results->count == seeds; q++)
        if (hf_fractions_have(sweep, q))
            print_point(&p, q);
    for (size_t q = 0; q < sweep->asked_count; q++)
        for (size_t s = 0; s < sizeof sayings / sizeof *sayings; s++)
            if (strcmp(sweep->report[q].kind->name, sayings[s].quantity) == 0)
                print_range(&p, q, sayings[s].saying, sayings[s].least);
    free(p.list);
    return HF_OK;
}
