/* series: plateaus, stages and events of a training run, from a look at it after every step.
 *
 * The same search as the detector's, with two differences. Where a signal crosses its level is found by linear
 * interpolation between two steps, an extremum of the speed by a parabola through three. And a training run is noisy: the
 * noise of stochastic gradients moves values in all d^2 directions, of which the flow uses few, so the search looks at loss
 * and speed in the span of the features alone (hf_span_loss); and as the loss of the flow never rises, its largest rise so
 * far measures the noise: a drop counts as a stage only if the loss falls by HF_SERIES_SIGNIFICANT times that. Without
 * noise the stages are those of the flow, up to the size of a step. */
#ifndef HF_DETECT_SERIES_H
#define HF_DETECT_SERIES_H

#include "detect/detector.h"

#define HF_SERIES_SIGNIFICANT 5.0

typedef struct hf_series hf_series;

/* A search through a training run whose states flow describes; both must outlive it. Errors: HF_ESYSTEM. */
hf_status hf_series_create(hf_series **series, const hf_config *config, hf_flow *flow, hf_error *err);

void hf_series_free(hf_series *series);

/* The state y (size of the flow's) at time t, at which the flow was evaluated last; the flow may be elsewhere afterwards.
 * *stopped: the loss is at or below solver.stop_loss. Errors: HF_ESYSTEM. */
hf_status hf_series_add(hf_series *series, double t, const double *y, bool *stopped, hf_error *err);

/* Closes the search; needs two states at least. Free the findings with hf_findings_clear. Errors: HF_ESYSTEM. */
hf_status hf_series_finish(hf_series *series, hf_findings *findings, hf_error *err);

/* Writes what the series knows to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_series_transfer(hf_series *series, struct hf_channel *channel);

#endif
