/* detector: finds plateaus, drops, acquisitions and the split of the heads while a flow is integrated.
 *
 * After every step it evaluates the rate of change of the speed P = -dL/dt, the heads' overlap and the shares of the
 * patterns; where one of them crosses its level inside the step, the crossing is located by Brent's method on the
 * integrator's own interpolant: events do not depend on the output grid. Extrema of P become plateaus and drops by
 * persistence: a minimum or maximum counts once P has risen or fallen by the factor detect.contrast from it.
 *
 * A stage is a drop with its surroundings: onset and settle are where P crosses sqrt(P_min P_max) of the plateau before
 * and after. The last plateau of a run may still be settling: its P_min is then the lowest speed so far. A start that is
 * not on a plateau first falls to one, which is no stage. A drop that falls by no more than the tolerance resolves
 * (hf_detector_resolve) is none, and a plateau no slower than it can tell. With the drift of SGD, P may be 0 or negative: the state rests where drift and gradient balance,
 * and speeds below a twentieth of what the gradient alone would dissipate count as that. */
#ifndef HF_DETECT_DETECTOR_H
#define HF_DETECT_DETECTOR_H

#include "config/config.h"
#include "detect/curve.h"
#include "detect/saddle.h"
#include "integrate/integrator.h"

typedef enum {
    HF_EVENT_PLATEAU,
    HF_EVENT_DROP,
    HF_EVENT_ONSET,
    HF_EVENT_SETTLE,
    HF_EVENT_ACQUIRED,
    HF_EVENT_SPLIT,
    HF_EVENT_EMERGED,
    HF_EVENT_STOP
} hf_event_kind;

extern const char *const hf_event_names[]; /* by kind */

typedef enum { HF_MODE_NONE, HF_MODE_COMPETITIVE, HF_MODE_COOPERATIVE } hf_mode;

/* stage, head and pattern count from 1; 0: does not apply. Stage 0 is before the first onset. t is 0 for what holds at the
 * start, and for nothing else but a plateau. */
typedef struct {
    hf_event_kind kind;
    hf_mode mode; /* acquired, of two heads or more: whether all of them move for it together (departure.h) */
    double t, loss;
    size_t stage, head, pattern;
    size_t other; /* split: the head that the one that leaves overlaps least with */
    double value; /* plateau, drop, onset, settle, stop: speed; acquired: the carrier's share; split: overlap; emerged: loss
                     / L(0), on the test data where there are any */
} hf_event;

typedef struct {
    double t, loss, speed;
    double level;          /* the speed, or what it counts as */
    double predicted_loss; /* the level it belongs to (level.h), with the patterns acquired by then */
    hf_saddle saddle;
} hf_plateau;

typedef struct {
    const hf_plateau *before;         /* the plateau it leaves */
    double t_onset, t_peak, t_settle; /* nan: the run ends before */
    double loss_after;                /* at the next plateau; nan: the run ends before */
    double predicted_loss_after;      /* of that plateau, with the patterns acquired up to the end of the stage */
    double t_half;                    /* of a training run: half of the fall is behind; nan: the run ends before */
    double strength; /* how sure a stage among noise is: the smaller of fall and contrast over what noise could pretend, 1 and
                        more; nan: there was no noise */
} hf_stage;

typedef enum {
    HF_END_PLATEAU,
    HF_END_STAGE,
    HF_END_START
} hf_end; /* on a plateau, inside a stage, before the first drop */

/* What was found; all lists in order of time, owned. */
typedef struct {
    size_t event_count, plateau_count, stage_count;
    hf_event *event;     /* the patterns that stage i acquires are in its events */
    hf_plateau *plateau; /* before, between and after the stages, as far as the run has seen them */
    hf_stage *stage;
    hf_end end;
    size_t heads;
    double start_overlap, end_overlap;     /* of the heads */
    double *start_overlaps, *end_overlaps; /* (H, H) of every pair, as of hf_pair_overlaps; one block of memory */
    double overlap_level;                  /* detect.overlap: heads that overlap by no more are apart */
    double start_loss;
    bool starts_in_drop;  /* of a flow: it starts faster than on the first plateau, without having been on one */
    double loss_fraction; /* at which emergence was looked for; 0: it was not */
    bool on_test;         /* of the loss on the test data */
    bool sampled;         /* of a training run */
    double noise; /* standard deviation of a step's loss in the span of the features, where stages were found among noise; 0 */
    hf_curve curve; /* every step; of a training run without noise the loss in the span of the features, with steps left out;
                       with noise: empty */
} hf_findings;

typedef struct hf_detector hf_detector;

/* A detector of what flow does from its problem's start. Both must outlive it. Errors: HF_ESYSTEM. */
hf_status hf_detector_create(hf_detector **detector, const hf_config *config, hf_flow *flow, hf_error *err);

void hf_detector_free(hf_detector *detector);

/* Looks at the integrator's last step, up to the time limit. *stopped: the loss fell to solver.stop_loss; *reached: when,
 * or the end of the step, or limit. Errors: HF_ENUMERIC (not finite), HF_ESYSTEM. */
hf_status hf_detector_step(hf_detector *detector, hf_integrator *integrator, double limit, double *reached, bool *stopped,
                           hf_error *err);

/* Whether there is nothing to integrate: the loss is at or below solver.stop_loss at the start. */
bool hf_detector_starts_stopped(const hf_detector *detector);

/* To be called before the integrator's restart changes the basis. Errors as hf_saddle_analyze. */
hf_status hf_detector_before_restart(hf_detector *detector, hf_error *err);

/* How many stages have been found so far: drops whose speed has fallen again. */
size_t hf_detector_stages(const hf_detector *detector);

/* Closes the search at the last time looked at. Free the findings with hf_findings_clear. Errors: HF_ESYSTEM, HF_ENUMERIC.
 */
hf_status hf_detector_finish(hf_detector *detector, hf_findings *findings, hf_error *err);

void hf_findings_clear(hf_findings *findings);

/* Writes what the detector knows to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_detector_transfer(hf_detector *detector, struct hf_channel *channel);

#endif
