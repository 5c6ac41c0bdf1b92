/* crossings: events that happen where a named signal of a system crosses its threshold.
 *
 * The first two signals are those of the loss itself, that it reaches stop_loss and that it has fallen to a fraction of its
 * start; the others are the system's (watch.h). Each event happens once. When it happens is found by those who know the
 * curve. */
#ifndef HF_DETECT_CROSSINGS_H
#define HF_DETECT_CROSSINGS_H

#include "detect/findings.h"
#include "detect/params.h"
#include "system/point.h"

struct hf_channel;

enum { HF_SIGNAL_STOP_LOSS, HF_SIGNAL_EMERGENCE, HF_SIGNALS_OF_LOSS };

typedef struct {
    hf_system system;
    void *observer;      /* of the system, owned; NULL: it has none */
    size_t count;        /* of signals */
    hf_signal *signal;   /* (count) */
    double *before;      /* (count) distance from the threshold at the last look */
    double *now;         /* (count) */
    bool *watched;       /* (count) events that happen once are not looked for again */
    size_t patterns;     /* J */
    bool *held;          /* (J) patterns that are learned at the start */
    hf_event *events;    /* acquired, split, emerged */
    size_t event_count, event_capacity;
    bool starts_stopped; /* the loss is at or below stop_loss at the start */
    hf_awaited_event stop;
    bool met;            /* what stops the run has happened */
    double t_met;        /* when; of several the first */
    double loss_start, judged_start;
    double loss_fraction; /* 0: emergence is not looked for */
    size_t heads;
    double start_overlap, end_overlap;     /* at the last look, while the heads have not parted */
    double *start_overlaps;                /* (H, H) */
    double overlap_level;
} hf_crossings;

/* At a point at the start y: what holds there happens there. Errors: HF_ESYSTEM. Free with hf_crossings_clear. */
hf_status hf_crossings_start(hf_crossings *c, hf_point *point, const hf_detector_params *params, const double *y,
                             hf_error *err);

/* Legal on zeroed crossings. */
void hf_crossings_clear(hf_crossings *c);

/* A signal's distance from its threshold at a point of the system. */
double hf_crossings_value(const hf_crossings *c, const hf_point *point, size_t signal);

/* Looks at the signals that are still watched; the first that is not finite in *bad, else count. */
void hf_crossings_look(hf_crossings *c, const hf_point *point, size_t *bad);

/* Looks at the loss, and at the signals at a point close by, which are nearly what they are where the loss is. False: one is not
 * finite or seems to have crossed, and a look is needed. */
bool hf_crossings_glance(hf_crossings *c, const hf_point *point, double loss);

/* Whether a watched signal has crossed between the last look but one and the last. */
bool hf_crossings_has_crossed(const hf_crossings *c, size_t signal);

/* Notes that a signal has crossed at time t, at a point that is at y; it is not watched any more. Errors: HF_ESYSTEM. */
hf_status hf_crossings_record(hf_crossings *c, hf_point *point, size_t signal, double t, const double *y, hf_error *err);

/* The last look becomes the one before. */
void hf_crossings_pass(hf_crossings *c);

/* Findings are made in three steps: room for so many stages and plateaus; these, with up to three events each, and the end,
 * which the caller fills in; then the other events up to the last sample, the heads at the point, which is at y, and the
 * predicted losses. Errors: HF_ESYSTEM (findings are cleared). */
hf_status hf_crossings_begin_findings(const hf_crossings *c, size_t stages, size_t plateaus, hf_findings *findings,
                                      hf_error *err);
hf_status hf_crossings_complete_findings(const hf_crossings *c, const hf_sample *last, const hf_point *point,
                                         const double *y, hf_findings *findings, hf_error *err);

/* Writes what is known to a checkpoint, or reads it back. False: not enough bytes or memory. */
bool hf_crossings_transfer(hf_crossings *c, struct hf_channel *channel);

#endif
