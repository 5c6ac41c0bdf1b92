/* fractions: how the runs of a point divide into categories, with confidence intervals.
 *
 * A category is a text that the run has (carriers.h) or a count. Every run that has ended is in one: where its end decides
 * and more was to come (reach.h) it is unfinished, whatever it says so far; a run that has nothing of the kind has none; and a
 * run that failed is failed. Fractions are of all of these, so that they add up to 1.
 *
 * The interval is that of Clopper and Pearson, which holds the true fraction in 95 of 100 cases or more, whatever it is and
 * however few runs there are. Runs of one point differ in their seeds and are independent; points share their seeds. */
#ifndef HF_SWEEP_FRACTIONS_H
#define HF_SWEEP_FRACTIONS_H

#include "report/table.h"
#include "sweep/parts.h"

#include <stdio.h>

typedef enum { HF_FRACTION_OF_VALUE, HF_FRACTION_NONE, HF_FRACTION_UNFINISHED, HF_FRACTION_FAILED } hf_fraction_kind;

typedef struct {
    hf_fraction_kind kind;
    double value; /* the count, or the number of the text among results->names */
    size_t count; /* runs */
    double fraction, low, high;
} hf_fraction;

/* Whether a sweep's runs are counted by category: it reports what heads end with. */
bool hf_fractions_are_wanted(const hf_sweep *sweep);

/* Whether quantity number q is then among those that are counted: a text or a count. */
bool hf_fractions_have(const hf_sweep *sweep, size_t q);

/* The categories of quantity q at the point whose first task is number first (from 0): texts by their frequency, counts in
 * their order, then none, unfinished and failed. list: room for seeds + 3. Returns their number; *ended: runs in all. */
size_t hf_fractions_of_point(const hf_sweep *sweep, const hf_results *results, size_t first, size_t q, hf_fraction *list,
                             size_t *ended);

/* What it is called: a text that stays, or one that is written to text. */
const char *hf_fraction_name(const hf_results *results, const hf_sweep *sweep, size_t q, const hf_fraction *fraction,
                             char text[32]);

/* What the runs say, for the eye: the fractions of a sweep of one point, else between which points the most telling ones
 * lie. Nothing where none are wanted. Errors: HF_ESYSTEM. */
hf_status hf_fractions_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err);

#endif
