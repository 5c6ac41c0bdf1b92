#include "sweep/carriers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double carried = 0.1;  /* of the largest share */
static const double looked = 0.25;  /* of a head's attention */
static const double same = 1e-6;    /* of the later time */

/* ---- who has what ---- */

typedef bool has_pattern(const hf_run_summary *run, size_t head, size_t pattern); /* from 0 */

static double share_of(const hf_run_summary *run, size_t head, size_t pattern)
{
    return run->share[head * run->patterns + pattern];
}

static bool carries(const hf_run_summary *run, size_t head, size_t pattern)
{
    double sum = 0, largest = 0;
    for (size_t k = 0; k < run->heads; k++) {
        const double share = share_of(run, k, pattern);
        sum += share;
        largest = share > largest ? share : largest;
    }
    return sum >= run->acquired && share_of(run, head, pattern) >= carried * largest;
}

static bool looks_at(const hf_run_summary *run, size_t head, size_t pattern)
{
    return run->mass[head * run->patterns + pattern] >= looked;
}

static bool has_shares(const hf_run_summary *run)
{
    return run->share != NULL && run->heads > 0;
}

static bool has_masses(const hf_run_summary *run)
{
    return run->mass != NULL && run->heads > 0;
}

/* ---- as texts ---- */

/* A head as a row of bools, in the order in which heads are written. */
static void sort_rows(bool *row, size_t heads, size_t patterns)
{
    const size_t size = patterns * sizeof *row;
    for (size_t n = 1; n < heads; n++)
        for (size_t k = n; k > 0 && memcmp(row + k * patterns, row + (k - 1) * patterns, size) > 0; k--)
            for (size_t j = 0; j < patterns; j++) {
                const bool swapped = row[k * patterns + j];
                row[k * patterns + j] = row[(k - 1) * patterns + j];
                row[(k - 1) * patterns + j] = swapped;
            }
}

static void write_rows(FILE *stream, const bool *row, size_t heads, size_t patterns)
{
    for (size_t k = 0; k < heads; k++) {
        const char *before = "";
        fputs(k == 0 ? "" : "|", stream);
        for (size_t j = 0; j < patterns; j++)
            if (row[k * patterns + j]) {
                fprintf(stream, "%s%zu", before, j + 1);
                before = "+";
            }
        fputs(*before == '\0' ? "-" : "", stream);
    }
}

/* What was written; NULL: it could not be. */
static char *close_text(FILE *stream, char **text)
{
    if (stream != NULL && fclose(stream) == 0)
        return *text;
    free(*text);
    return NULL;
}

static char *describe(const hf_run_summary *run, has_pattern *has)
{
    const size_t heads = run->heads, patterns = run->patterns;
    char *text = NULL;
    size_t size;
    bool *row = malloc(heads * patterns * sizeof *row);
    FILE *stream = row == NULL ? NULL : open_memstream(&text, &size);
    if (stream != NULL) {
        for (size_t i = 0; i < heads * patterns; i++)
            row[i] = has(run, i / patterns, i % patterns);
        sort_rows(row, heads, patterns);
        write_rows(stream, row, heads, patterns);
    }
    free(row);
    return close_text(stream, &text);
}

char *hf_carriers_assignment(const hf_run_summary *run)
{
    return has_shares(run) ? describe(run, carries) : NULL;
}

char *hf_carriers_attended(const hf_run_summary *run)
{
    return has_masses(run) ? describe(run, looks_at) : NULL;
}

/* ---- the order ---- */

/* Whether event number i is the first acquisition of its pattern. */
static bool is_first(const hf_findings *f, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (f->event[k].kind == HF_EVENT_ACQUIRED && f->event[k].pattern == f->event[i].pattern)
            return false;
    return f->event[i].kind == HF_EVENT_ACQUIRED;
}

static int by_pattern(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Patterns of one time, in order of their numbers. */
static void write_tie(FILE *stream, size_t count, size_t *pattern, bool is_start)
{
    qsort(pattern, count, sizeof *pattern, by_pattern);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%zu", i > 0 ? "=" : is_start ? "" : ",", pattern[i]);
}

static void write_order(FILE *stream, const hf_findings *f, size_t *pattern)
{
    size_t tied = 0;
    double t = NAN;
    bool is_start = true;
    for (size_t i = 0; i < f->event_count; i++) {
        if (!is_first(f, i))
            continue;
        if (tied > 0 && f->event[i].t - t > same * f->event[i].t) {
            write_tie(stream, tied, pattern, is_start);
            is_start = false;
            tied = 0;
        }
        if (tied == 0)
            t = f->event[i].t;
        pattern[tied++] = f->event[i].pattern;
    }
    write_tie(stream, tied, pattern, is_start);
    fputs(is_start && tied == 0 ? "none" : "", stream);
}

char *hf_carriers_order(const hf_run_summary *run)
{
    char *text = NULL;
    size_t size;
    size_t *pattern = malloc((run->findings.event_count + 1) * sizeof *pattern);
    FILE *stream = pattern == NULL ? NULL : open_memstream(&text, &size);
    if (stream != NULL)
        write_order(stream, &run->findings, pattern);
    free(pattern);
    return close_text(stream, &text);
}

/* ---- as numbers ---- */

/* The largest number of patterns of one head or, by_heads, of heads that have one pattern. */
static double most(const hf_run_summary *run, has_pattern *has, bool by_heads)
{
    const size_t outer = by_heads ? run->patterns : run->heads, inner = by_heads ? run->heads : run->patterns;
    size_t largest = 0;
    for (size_t i = 0; i < outer; i++) {
        size_t count = 0;
        for (size_t k = 0; k < inner; k++)
            count += by_heads ? has(run, k, i) : has(run, i, k);
        largest = count > largest ? count : largest;
    }
    return (double)largest;
}

double hf_carriers_heads(const hf_run_summary *run)
{
    return has_shares(run) ? most(run, carries, true) : NAN;
}

double hf_carriers_patterns(const hf_run_summary *run)
{
    return has_shares(run) ? most(run, carries, false) : NAN;
}

double hf_carriers_looks(const hf_run_summary *run)
{
    return has_masses(run) ? most(run, looks_at, false) : NAN;
}

double hf_carriers_idle(const hf_run_summary *run)
{
    double idle = 0;
    for (size_t k = 0; k < run->heads; k++) {
        bool any = false;
        for (size_t j = 0; j < run->patterns; j++)
            any = any || carries(run, k, j);
        idle += any ? 0 : 1;
    }
    return has_shares(run) ? idle : NAN;
}
