/* detector: finds plateaus, drops and the events of a system's signals while it is integrated.
 *
 * After every step it looks at the rate of change of the speed P = -dL/dt and the system's signals (for attention heads their
 * overlap and the shares of the patterns); where one of them crosses its level inside the step, the crossing is located by
 * Brent's method on the integrator's own interpolant: events do not depend on the output grid. Extrema of P become plateaus and
 * drops by persistence (track.h): a minimum or maximum counts once P has risen or fallen by the factor detect.contrast from it.
 *
 * Most steps it only glances at: loss and speed at their end follow from the step itself (hf_integrator_near), signals are looked
 * at where Newton's last iteration started, and the slope of log P follows from the last speeds. The system is evaluated at the end of a
 * step where a signal seems to have crossed, where the slope may change its sign within three steps, at that rate of change, and
 * where Newton's iteration moved P by more than a thousandth of what it changes in the step; and at the end of the run.
 *
 * A stage is a drop with its surroundings: onset and settle are where P crosses sqrt(P_min P_max) of the plateau before
 * and after. The last plateau of a run may still be settling: its P_min is then the lowest speed so far. A start that is
 * not on a plateau first falls to one, which is no stage. A drop that falls by no more than the tolerance resolves
 * (hf_track_resolve) is none, and a plateau no slower than it can tell. Where the velocity is no gradient, as with the drift of
 * SGD, P may be 0 or negative: the state rests where the two balance, and speeds below a twentieth of what the gradient alone
 * would dissipate count as that. */
#ifndef HF_DETECT_DETECTOR_H
#define HF_DETECT_DETECTOR_H

#include "detect/findings.h"
#include "detect/params.h"
#include "integrate/integrator.h"

typedef struct hf_detector hf_detector;

/* A detector of what an integrator's system does from its start; the integrator must outlive it, and its point is where the detector
 * looks, too. Errors: HF_ESYSTEM. */
hf_status hf_detector_create(hf_detector **detector, const hf_detector_params *params, hf_integrator *integrator,
                             hf_error *err);

void hf_detector_free(hf_detector *detector);

/* Looks at the integrator's last step, up to the time limit. *stopped: the loss fell to stop_loss, or what params.stop waits for
 * happened; *reached: when, or the end of the step, or limit. An event is located in its step whatever ends the run, so that all
 * before the end have the times that they have in a longer run. Errors: HF_ENUMERIC (not finite), HF_ESYSTEM. */
hf_status hf_detector_step(hf_detector *detector, hf_integrator *integrator, double limit, double *reached, bool *stopped,
                           hf_error *err);

/* What happened in the step looked at last: an event whose signal crossed its threshold, or a lowest or highest speed, as
 * HF_EVENT_PLATEAU, that may become a plateau or a drop. */
typedef struct {
    hf_event_kind kind;
    size_t pattern;
    double t;
} hf_detector_mark;

/* The marks of that step; the memory is the detector's, until its next one. */
size_t hf_detector_marks(const hf_detector *detector, const hf_detector_mark **marks);

/* Whether there is nothing to integrate: the loss is at or below stop_loss at the start, or what stops the run holds there. */
bool hf_detector_starts_stopped(const hf_detector *detector);

/* Whether what params.stop waits for has happened. */
bool hf_detector_has_met(const hf_detector *detector);

/* To be called before the integrator's restart, which may change the coordinates, and after it, or after the integrator has
 * taken up a saved state. Errors as hf_saddle_analyze. */
hf_status hf_detector_before_restart(hf_detector *detector, hf_error *err);
void hf_detector_after_restart(hf_detector *detector, hf_integrator *integrator);

/* How many stages have been found so far: drops whose speed has fallen again. */
size_t hf_detector_stages(const hf_detector *detector);

/* Closes the search at the last time looked at. Free the findings with hf_findings_clear. Errors: HF_ESYSTEM, HF_ENUMERIC.
 */
hf_status hf_detector_finish(hf_detector *detector, hf_findings *findings, hf_error *err);

/* Writes what the detector knows to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_detector_transfer(hf_detector *detector, struct hf_channel *channel);

#endif
