/* detector_state: what a detector remembers (private to detect/): detector.c fills it step by step, stages.c makes
 * findings of it. */
#ifndef HF_DETECT_DETECTOR_STATE_H
#define HF_DETECT_DETECTOR_STATE_H

#include "detect/detector.h"
#include "flow/observe.h"

#include <gsl/gsl_roots.h>

typedef enum { SEEK_FIRST, SEEK_DROP, SEEK_PLATEAU } hf_search;

/* One look at the flow. */
typedef struct {
    double t, loss, speed, rate; /* rate: dP/dt; with drift 0 where it rests */
    double rest;                 /* speeds below it count as it */
} hf_sample;

struct hf_detector {
    const hf_config *config;
    hf_flow *flow;
    gsl_root_fsolver *solver;
    hf_observation observation;
    size_t patterns, signals;
    double loss_start, start_overlap, speed_floor;
    double end_overlap; /* at the last look, while the heads have not parted */

    double *y;          /* the state looked at */
    double *before;     /* (signals) at the last look */
    double *now;        /* (signals) */
    double *totals;     /* (J) scratch */
    bool *watched;      /* (signals) events that happen once are not looked for again */
    bool *held;         /* (J) patterns that are learned at the start */
    hf_sample *samples; /* of every step, for onset and settle */
    size_t sample_count, sample_capacity;
    hf_event *events; /* acquired, split, emerged */
    size_t event_count, event_capacity;

    /* The search by persistence. */
    hf_search seeking;
    hf_sample low, high; /* lowest and highest since the last one found */
    double *low_y;       /* state at low */
    bool low_known;      /* low_saddle has been computed */
    hf_saddle low_saddle;
    hf_plateau *plateaus;
    size_t plateau_count, plateau_capacity;
    hf_sample *drops;
    size_t drop_count, drop_capacity;
};

/* Takes what the run ends with for the last plateau or drop. Errors: HF_ESYSTEM, HF_ENUMERIC (eigenvalues). */
hf_status hf_detector_close(hf_detector *detector, hf_error *err);

#endif
