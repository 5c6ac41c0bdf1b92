/* quantity: what a sweep can report of one run, by name.
 *
 * A name such as t_acquired_2 is a kind, t_acquired_<j>, and an index. */
#ifndef HF_SWEEP_QUANTITY_H
#define HF_SWEEP_QUANTITY_H

#include "config/config.h"
#include "run/run.h"

#include <stdbool.h>
#include <stdio.h>

typedef enum { HF_INDEX_NONE, HF_INDEX_PATTERN, HF_INDEX_STAGE, HF_INDEX_PLATEAU } hf_index;

/* What the end of a run does to a quantity where more was to come: nothing, or the true number may be larger, smaller, or
 * either. */
typedef enum { HF_UNTIL_NONE, HF_UNTIL_MORE, HF_UNTIL_LESS, HF_UNTIL_EITHER } hf_until;

typedef struct {
    const char *name; /* up to the index */
    hf_index index;
    bool is_time;      /* of something that may never happen: nan then, and later than every time in quantiles */
    bool is_count;     /* a small whole number */
    bool needs_events; /* detect.events */
    bool needs_saddle; /* detect.saddles */
    bool needs_level;  /* detect.loss_fraction */
    bool needs_training;
    bool of_heads; /* of attention heads that learn patterns, and of the flow: a Markov chain has none */
    bool of_strings;  /* of an encoder that learns strings, */
    bool not_strings; /* and not of it */
    bool needs_slices; /* output.slices */
    bool needs_end; /* of a run: whether it is censored */
    hf_until until;
    const char *unit, *help;
    double (*value)(const hf_run_summary *run, size_t index); /* NULL: the double at field of the summary */
    size_t field;
    char *(*text)(const hf_run_summary *run); /* of a category, which is a text and no number: NULL there; to be freed */
    bool needs_masses;                        /* attention on patterns, which not every system has */
    bool of_assignment;                       /* what heads end with: reports of it are counted by category */
} hf_quantity_kind;

typedef struct {
    const hf_quantity_kind *kind;
    size_t index;     /* from 1 */
    const char *name; /* as it was asked for; not owned */
} hf_quantity;

/* The quantity of a name, which must outlive it. HF_EUSAGE: there is none; the message names a similar one. */
hf_status hf_quantity_find(const char *name, hf_quantity *quantity, hf_error *err);

/* The same for a name that has been checked. */
hf_quantity hf_quantity_of(const char *name);

/* Whether it is a text. */
bool hf_quantity_is_category(const hf_quantity *quantity);

/* Its value for a run; nan of a category. */
double hf_quantity_value(const hf_quantity *quantity, const hf_run_summary *run);

/* Whether two names are one quantity. */
bool hf_quantity_equal(const hf_quantity *a, const hf_quantity *b);

/* Whether a run is censored, as a quantity. */
extern const char hf_quantity_censored[];

/* The unit of a quantity; times of training runs whose steps are no flow time are counted in steps. */
const char *hf_quantity_unit(const hf_config *config, const hf_quantity *quantity);

/* Writes a line for every kind: name, unit, meaning. */
bool hf_quantity_print_kinds(FILE *stream);

#endif
