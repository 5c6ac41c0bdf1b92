/* watch: what those who look for events and plateaus ask of a system, `self`, and of it at a state, `point`, beside its equations
 * (system.h). What a system has not is NULL. */
#ifndef HF_SYSTEM_WATCH_H
#define HF_SYSTEM_WATCH_H

#include "core/error.h"
#include "system/event.h"

#include <stdbool.h>
#include <stddef.h>

/* A number that is followed along the flow; an event happens, once, where it crosses its threshold. */
typedef struct {
    const char *name;
    hf_event_kind event;
    size_t pattern; /* that an acquisition is of, from 1; 0: does not apply */
    bool rises;     /* from below; else from above */
    double threshold;
    double (*value)(const void *point, size_t pattern);
} hf_signal;

/* What the user counts as an event. */
typedef struct {
    double overlap;  /* of the heads at which they split */
    double acquired; /* share of a pattern from which it is known */
} hf_thresholds;

/* Signals and what their crossings mean. */
typedef struct {
    size_t (*signal_count)(const void *self);
    void (*signals)(const void *self, const hf_thresholds *thresholds, hf_signal *signal); /* signal: (signal_count) */

    /* Fills in what an event of this kind (with its time and pattern) has at a point, which is at y: loss, head, other, pattern,
     * mode, value. observer: the system's (observer.h), for work. */
    void (*describe)(void *observer, void *point, const double *y, hf_event *event);
    void (*match)(size_t count, hf_event *events); /* once all events are known, in order of time */

    double (*test_loss)(const void *point);    /* by which emergence is judged in place of the loss; */
    bool (*has_test)(const void *self);        /* where there are test data */
    double (*descent)(const void *point);      /* with a velocity that is no gradient: what P would be if it were one; */
    bool (*has_balance)(const void *self);     /* where it is none, so that the flow may rest with a gradient */
    void (*inner_energy)(const void *point, double *loss, double *speed); /* of the part of the state that is looked at in
                                                                            training; NULL: of all */

    size_t (*pattern_count)(const void *self); /* what can be learned; NULL: nothing by name */
    hf_status (*level)(const void *self, double loss, const bool *learned, double *level,
                       hf_error *err); /* the level that a plateau of this loss belongs to, with these patterns learned */
    hf_status (*resolution)(const void *self, double *scale, double *variance, hf_error *err); /* of rounding: see hf_resolution of detect/track.h; NULL: the loss at the start, 0 */

    size_t (*head_count)(const void *self);
    double (*least_overlap)(const void *point);
    void (*overlaps)(const void *point, const double *y, double *overlap); /* (H, H) of every pair of heads; the point is at y */
} hf_watch_kind;

/* The loss's second derivative, where the flow is a gradient flow. */
typedef struct {
    /* result = minus the Jacobian times x, in coordinates in which it is symmetric; all (size). */
    void (*times)(void *point, const double *x, double *result);
    size_t (*size)(const void *self); /* of x: the state's first coordinates; NULL: all */
    double (*symmetric_fraction)(const void *self, const double *x); /* share of |x|^2 that moves all heads alike; NULL: nan */
    size_t (*ways_down)(const void *self, bool all); /* how many negative eigenvalues are likely, or possible */

    /* The lowest eigenvalue among directions that move all heads alike, where all are equal; NULL, or false: it is too
     * large a problem. */
    hf_status (*lowest_alike)(void *point, double *lowest, hf_error *err);
    bool (*has_alike)(const void *self);
} hf_curvature_kind;

#endif
