/* observer: what a system's tables show: columns of the trajectory, a table of several rows at every time, and its state by
 * name. */
#ifndef HF_SYSTEM_OBSERVER_H
#define HF_SYSTEM_OBSERVER_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How many columns a name stands for: 1 (name), n (name_<i>) or n m (name_<i>_<j>), by row; 0: it is not there. Indices i count
 * from first. */
typedef struct {
    unsigned indices; /* 0, 1 or 2 */
    size_t count[2];
    size_t first;
} hf_shape;

typedef struct {
    const char *name;
    const char *index; /* for people: "", "_<j>" or "_<h>_<j>" */
    const char *unit, *meaning;
    hf_shape (*shape)(const void *self);           /* NULL: one column */
    const double *(*values)(const void *observer); /* as of the last look, in the order of the columns */
    bool leads;                                    /* stands in front of energy_defect in the trajectory */
} hf_observable;

/* A table with a row for every index at every time: t, index, and so many columns. */
typedef struct {
    const char *index, *name;                 /* headers: of the index, and name_<k> */
    const char *meaning;
    hf_shape (*shape)(const void *self);      /* (k, index) */
    const double *(*values)(const void *observer);
} hf_profile;

/* Takes one coordinate of a state: as in "value of head 2, feature 3"; all from 1. */
typedef void hf_take_coordinate(void *to, const char *kind, size_t head, size_t index, double value);

typedef struct {
    hf_status (*create)(void **observer, const void *self, hf_error *err); /* Errors: HF_ESYSTEM */
    void (*free)(void *observer);                                          /* NULL is legal */
    void (*look)(void *observer, const void *point, const double *y);      /* observes a point, which is at y */
    size_t observable_count;
    const hf_observable *observable;   /* (observable_count) */
    const hf_profile *profile; /* attention.tsv; NULL: none */

    /* The name of column index of the only observable, where it has names that only run time knows; NULL: name and indices say it. */
    const char *(*column_name)(const void *self, size_t index);

    /* Hands over the state y, at which the point is, coordinate by coordinate. Errors: HF_ESYSTEM. */
    hf_status (*state)(const void *point, const double *y, hf_take_coordinate *take, void *to, hf_error *err);

    /* Whether there are several heads and all are equal bit for bit, as of the last look; NULL: no. */
    bool (*is_symmetric)(const void *observer);

    /* What the flow conserves, by name (NULL: nothing), and, if there is something, how far it has moved at y. */
    const char *(*conserved)(const void *self);
    hf_status (*moved)(const void *self, const double *y, double *moved, hf_error *err); /* Errors: HF_ESYSTEM */
} hf_observer_kind;

/* How many columns a shape stands for. */
size_t hf_shape_size(hf_shape shape);

/* The shape of a number. */
hf_shape hf_observable_shape(const hf_observable *observable, const void *self);

/* The one of that name; NULL: there is none. */
const hf_observable *hf_observer_find(const hf_observer_kind *kind, const char *name);

#endif
