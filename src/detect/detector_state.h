/* detector_state: what a detector remembers (private to detect/): detector.c fills it from an integrator's steps, series.c
 * from those of a training run, stages.c makes findings of it. */
#ifndef HF_DETECT_DETECTOR_STATE_H
#define HF_DETECT_DETECTOR_STATE_H

#include "detect/detector.h"
#include "flow/observe.h"

#include <gsl/gsl_roots.h>

typedef enum { SEEK_FIRST, SEEK_DROP, SEEK_PLATEAU } hf_search;

/* Signals, each crossing 0 where something happens: the relative change of the speed (an extremum), overlap, stop loss,
 * emergence, and from HF_SIGNAL_SHARES on the share of every pattern. */
enum { HF_SIGNAL_SLOPE, HF_SIGNAL_OVERLAP, HF_SIGNAL_STOP_LOSS, HF_SIGNAL_EMERGENCE, HF_SIGNAL_SHARES };

struct hf_detector {
    const hf_config *config;
    hf_flow *flow;
    gsl_root_fsolver *solver;
    hf_observation observation;
    size_t patterns, signals;
    double loss_start, start_overlap, speed_floor;
    double judged_start; /* the loss that emergence is judged by, at the start */
    double end_overlap;  /* at the last look, while the heads have not parted */

    double *start_overlaps; /* (H, H) of every pair of heads */
    bool starts_stopped;    /* the loss is at or below solver.stop_loss at the start */

    double *y;          /* the state looked at */
    double *before;     /* (signals) at the last look */
    double *now;        /* (signals) */
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
    bool keep_states; /* leave the saddles for later: states keeps low_y of every plateau */
    double *states;   /* (plateau_count, size of the flow's state) */
    size_t state_capacity;
    hf_end end;          /* once closed */
    bool starts_in_drop; /* once resolved */
    hf_sample *drops;
    size_t drop_count, drop_capacity;
};

/* Makes room for one more element of size in a list; false: out of memory. */
bool hf_detector_grow(void **list, size_t count, size_t *capacity, size_t size);

/* A signal at the state of the flow's last hf_flow_at. */
double hf_detector_signal(const hf_detector *detector, size_t signal);

/* Whether a signal that goes from before to now has crossed in the direction that is looked for. */
bool hf_detector_crossed(size_t signal, double before, double now);

/* Notes that a signal has crossed at time t, from the state detector->y, at which it evaluates the flow. False: out of
 * memory. */
bool hf_detector_record(hf_detector *detector, size_t signal, double t);

/* Takes in one more point of P, whose state is detector->y. The flow may be elsewhere afterwards. Errors: HF_ESYSTEM. */
hf_status hf_detector_follow(hf_detector *detector, const hf_sample *sample, hf_error *err);

/* Appends to the history of the speed. Errors: HF_ESYSTEM. */
hf_status hf_detector_remember(hf_detector *detector, const hf_sample *sample, hf_error *err);

/* The speed halfway, on a logarithmic scale, between a plateau and a peak beside it: there a stage begins or settles. */
double hf_detector_level(const hf_plateau *plateau, const hf_sample *peak);

/* Time and loss of the crossing of level nearest to the peak at time peak: the last before it, or the first after it.
 * False: there is none. */
bool hf_detector_find_level(const hf_detector *detector, double peak, bool after, double level, double *t, double *loss);

/* What the integration of a flow resolves of its loss: where relative errors of the values and absolute errors of the
 * logits of size rtol, and absolute ones of size atol of both, move the residual E, they move L by their squares once E is
 * as small as they are (doc/mathematics.md). */
typedef struct {
    double rtol, atol;
    double scale;    /* 1/2 sum_i r_i sum_r omega_ri G_ri^2: half the square of what the heads give once all is learned */
    double variance; /* largest omega_ri: half of it, times the square of an error of a value, bounds what that costs */
} hf_resolution;

/* scratch: (J). */
hf_resolution hf_detector_resolution(const hf_config *config, const hf_problem *problem, bool *scratch);

/* The smallest difference of losses that means something, next to a loss of this size. */
double hf_resolution_of_loss(const hf_resolution *resolution, double loss);

/* Removes drops of a closed detector that are not resolved, together with the faster one of the plateaus beside them, and
 * raises the level of plateaus to speeds that are. A detector with saddles, not with states, of its plateaus. */
void hf_detector_resolve(hf_detector *detector, const hf_resolution *resolution);

/* Takes what the run ends with for the last plateau or drop. Errors: HF_ESYSTEM, HF_ENUMERIC (eigenvalues). */
hf_status hf_detector_close(hf_detector *detector, hf_error *err);

/* Findings are made in three steps: room for so many stages and plateaus and what the detector saw of the heads; stages (each
 * with up to three events, HF_EVENT_ONSET, _DROP and _SETTLE), plateaus and the end, which the caller fills in; then the other
 * events up to the last sample, and the predicted losses. Errors: HF_ESYSTEM. */
hf_status hf_detector_begin_findings(const hf_detector *detector, size_t stages, size_t plateaus, hf_findings *findings,
                                     hf_error *err);
void hf_findings_add(hf_findings *findings, hf_event event);
hf_status hf_detector_complete_findings(const hf_detector *detector, const hf_sample *last, hf_findings *findings,
                                        hf_error *err);

/* Makes the findings of a closed detector. Errors: HF_ESYSTEM. */
hf_status hf_detector_describe(hf_detector *detector, hf_findings *findings, hf_error *err);

#endif
