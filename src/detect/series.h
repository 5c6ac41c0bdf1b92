/* series: plateaus, stages and events of a training run, from a look at it after every step.
 *
 * Where a signal crosses its level is found by linear interpolation between two steps. Stages are those of the loss in the
 * span of the features (the system's inner energy): the noise of stochastic gradients moves values in all d^2 directions, of which the
 * flow uses few. They are looked for once the run is over, in the losses of all steps (search.h), of which steps far closer
 * together than they are old are kept as means; the Hessians of plateaus are those of states kept on the way. A run of exact
 * gradients whose loss never rises has no noise: there stages come from the speed at every step, as the detector finds them,
 * with extrema from parabolas through three steps, and are those of the flow up to the size of a step. */
#ifndef HF_DETECT_SERIES_H
#define HF_DETECT_SERIES_H

#include "detect/findings.h"
#include "detect/params.h"
#include "system/point.h"

typedef struct hf_series hf_series;

/* A search through a training run whose states the system describes; its self must outlive the search. Errors: HF_ESYSTEM. */
hf_status hf_series_create(hf_series **series, const hf_detector_params *params, hf_system system, hf_error *err);

void hf_series_free(hf_series *series);

/* The state y (size of the system's) at time t, and a point that is at it. *stopped: the loss is at or below solver.stop_loss,
 * or what params.stop waits for has happened. Errors: HF_ESYSTEM. */
hf_status hf_series_add(hf_series *series, double t, hf_point *point, const double *y, bool *stopped, hf_error *err);

/* Whether what params.stop waits for has happened. */
bool hf_series_has_met(const hf_series *series);

/* Closes the search; needs two states at least. Free the findings with hf_findings_clear. Errors: HF_ESYSTEM. */
hf_status hf_series_finish(hf_series *series, hf_findings *findings, hf_error *err);

/* Writes what the series knows to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_series_transfer(hf_series *series, struct hf_channel *channel);

#endif
