#include "report/heads.h"

#include "core/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- groups ---- */

typedef struct {
    size_t heads;
    const double *overlap; /* (H, H) */
    double level;          /* alike above it */
    size_t *group;         /* (H) the lowest head, from 0, of the group a head is in */
} grouping;

/* Joins what is alike until nothing changes. */
static void find_groups(grouping *g)
{
    for (size_t k = 0; k < g->heads; k++)
        g->group[k] = k;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < g->heads; k++)
            for (size_t l = 0; l < g->heads; l++)
                if (g->overlap[k * g->heads + l] > g->level && g->group[l] < g->group[k]) {
                    g->group[k] = g->group[l];
                    changed = true;
                }
    }
}

static size_t group_size(const grouping *g, size_t first)
{
    size_t size = 0;
    for (size_t k = 0; k < g->heads; k++)
        size += g->group[k] == first;
    return size;
}

/* Least and largest overlap of two heads of a group. */
static void group_range(const grouping *g, size_t first, double *least, double *largest)
{
    *least = INFINITY;
    *largest = -INFINITY;
    for (size_t k = 0; k < g->heads; k++)
        for (size_t l = 0; l < k; l++)
            if (g->group[k] == first && g->group[l] == first) {
                *least = fmin(*least, g->overlap[k * g->heads + l]);
                *largest = fmax(*largest, g->overlap[k * g->heads + l]);
            }
}

/* ---- words ---- */

/* "head 1", "heads 1, 2 and 4", of those with mark. */
static void print_names(size_t heads, const bool *mark, FILE *stream)
{
    size_t count = 0, done = 0;
    for (size_t k = 0; k < heads; k++)
        count += mark[k];
    fputs(count == 1 ? "head" : "heads", stream);
    for (size_t k = 0; k < heads; k++)
        if (mark[k]) {
            done++;
            fprintf(stream, "%s %zu", done == 1 ? "" : done == count ? " and" : ",", k + 1);
        }
}

/* An overlap that is not that of equal heads is never printed as 1. */
static void print_overlap(double overlap, FILE *stream)
{
    if (overlap < 1 && overlap > 0.9995)
        fputs("above 0.999", stream);
    else
        fprintf(stream, "%.3g", overlap);
}

/* Heads that are equal inside a group that is not equal as a whole: ", heads 2 and 3 of them equal". */
static void print_equal_ones(const grouping *g, size_t first, bool *mark, FILE *stream)
{
    for (size_t k = 0; k < g->heads; k++) {
        size_t count = 0;
        bool is_first = g->group[k] == first;
        for (size_t l = 0; l < g->heads; l++) {
            mark[l] = g->overlap[k * g->heads + l] == 1;
            count += mark[l];
            is_first = is_first && !(mark[l] && l < k);
        }
        if (count < 2 || !is_first)
            continue;
        fputs(", ", stream);
        print_names(g->heads, mark, stream);
        fputs(" of them equal", stream);
    }
}

static void print_group(const grouping *g, size_t first, bool *mark, FILE *stream)
{
    double least, largest;
    group_range(g, first, &least, &largest);
    for (size_t k = 0; k < g->heads; k++)
        mark[k] = g->group[k] == first;
    print_names(g->heads, mark, stream);
    if (least == 1) {
        fputs(" are equal", stream);
        return;
    }
    fputs(least > g->level ? " are alike (overlap " : " are alike only in part (overlap ", stream);
    print_overlap(least, stream);
    if (largest - least > 5e-4 && group_size(g, first) > 2) {
        fputs(" to ", stream);
        print_overlap(largest, stream);
    }
    fputc(')', stream);
    print_equal_ones(g, first, mark, stream);
}

/* "heads 2 and 3 are equal, head 1 is apart" */
static void print_groups(const grouping *g, bool *mark, FILE *stream)
{
    size_t groups = 0, apart = 0;
    for (size_t k = 0; k < g->heads; k++)
        if (g->group[k] == k && group_size(g, k) > 1) {
            fputs(groups++ > 0 ? ", " : "", stream);
            print_group(g, k, mark, stream);
        }
    for (size_t k = 0; k < g->heads; k++) {
        mark[k] = group_size(g, g->group[k]) == 1;
        apart += mark[k];
    }
    if (apart == 0)
        return;
    if (apart == g->heads) {
        fputs("all heads are apart", stream);
        return;
    }
    fputs(", ", stream);
    print_names(g->heads, mark, stream);
    fputs(apart == 1 ? " is apart" : " are apart", stream);
}

/* ---- sentences ---- */

static double extreme(size_t heads, const double *overlap, bool largest)
{
    double found = largest ? -INFINITY : INFINITY;
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l < k; l++)
            found = largest ? fmax(found, overlap[k * heads + l]) : fmin(found, overlap[k * heads + l]);
    return found;
}

static const hf_event *find_split(const hf_findings *f)
{
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_SPLIT)
            return &f->event[i];
    return NULL;
}

static int standing(const hf_findings *f, double overlap)
{
    return overlap == 1 ? 2 : overlap > f->overlap_level ? 1 : 0;
}

/* Whether the end leaves every pair of heads equal, alike or apart as it was at the start. */
static bool stay(const hf_findings *f)
{
    bool same = true;
    for (size_t i = 0; i < f->heads * f->heads; i++)
        same = same && standing(f, f->start_overlaps[i]) == standing(f, f->end_overlaps[i]);
    return same;
}

static void print_together(const hf_findings *f, double t, const grouping *end, bool *mark, FILE *stream)
{
    const double least = extreme(f->heads, f->end_overlaps, false);
    if (least == 1) {
        fprintf(stream, "The heads have not parted by t = %.6g: they are equal.\n", t);
        return;
    }
    fprintf(stream, "The heads have not parted by t = %.6g: overlap %.3g, at the start %.3g", t, least,
            extreme(f->heads, f->start_overlaps, false));
    if (extreme(f->heads, f->end_overlaps, true) == 1)
        print_equal_ones(end, 0, mark, stream);
    fputs(".\n", stream);
}

static void print_parting(const hf_findings *f, const hf_event *split, const grouping *start, bool *mark, FILE *stream)
{
    if (split->t > 0) {
        fprintf(stream, "The heads part at t = %.6g (overlap %.3g): head %zu leaves for pattern %zu.\n", split->t,
                split->value, split->head, split->pattern);
        return;
    }
    if (extreme(f->heads, f->start_overlaps, true) <= f->overlap_level && f->heads > 2) {
        fputs("All heads are apart from the start (overlap at most ", stream);
        print_overlap(extreme(f->heads, f->start_overlaps, true), stream);
        fputs(").\n", stream);
        return;
    }
    fprintf(stream, "The heads are apart from the start (%soverlap %.3g)", f->heads > 2 ? "least " : "", split->value);
    if (f->heads > 2) {
        fputs(": ", stream);
        print_groups(start, mark, stream);
    }
    fputs(".\n", stream);
}

void hf_heads_print(const hf_findings *f, FILE *stream)
{
    const hf_event *split = find_split(f);
    const double t = f->event[f->event_count - 1].t;
    size_t *memory = f->heads > 1 ? malloc(2 * f->heads * sizeof *memory) : NULL;
    bool *mark = malloc(f->heads * sizeof *mark);
    if (memory != NULL && mark != NULL) {
        grouping start = {f->heads, f->start_overlaps, f->overlap_level, memory},
                 end = {f->heads, f->end_overlaps, f->overlap_level, memory + f->heads};
        find_groups(&start);
        find_groups(&end);
        if (split == NULL)
            print_together(f, t, &end, mark, stream);
        else {
            print_parting(f, split, &start, mark, stream);
            const bool is_known =
                split->t == 0 ? stay(f) : f->heads == 2 && extreme(2, f->end_overlaps, true) <= f->overlap_level;
            if (!is_known) {
                fprintf(stream, "At t = %.6g ", t);
                print_groups(&end, mark, stream);
                fputs(".\n", stream);
            }
        }
    }
    if (f->heads > 1 && (memory == NULL || mark == NULL))
        hf_file_spoil(stream);
    free(memory);
    free(mark);
}
