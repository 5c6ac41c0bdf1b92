/* track: plateaus and drops of a loss whose speed is known at every sample, by persistence.
 *
 * A minimum or maximum of the speed P = -dL/dt counts once P has risen or fallen by the factor `contrast` from it. The samples
 * come one by one from somebody who knows more of the curve (detector.c: an integrator's interpolant; series.c: steps of a
 * training) and keeps what belongs to the lowest one: its state. */
#ifndef HF_DETECT_TRACK_H
#define HF_DETECT_TRACK_H

#include "core/error.h"
#include "detect/curve.h"
#include "detect/findings.h"

struct hf_channel;

typedef enum { HF_SEEK_FIRST, HF_SEEK_DROP, HF_SEEK_PLATEAU } hf_seeking;

typedef struct {
    double contrast;     /* smallest ratio of the speeds of a drop and a plateau */
    bool may_rest;       /* the speed may be 0 or negative where the flow rests */
    hf_sample *samples;  /* for onset and settle */
    size_t sample_count, sample_capacity;
    hf_seeking seeking;
    hf_sample low, high; /* lowest and highest since the last one found */
    hf_plateau *plateaus;
    size_t plateau_count, plateau_capacity;
    hf_sample *drops;
    size_t drop_count, drop_capacity;
    hf_end end;          /* once closed */
    bool starts_in_drop; /* once resolved */
} hf_track;

/* Starts at a sample. Errors: HF_ESYSTEM. Free with hf_track_clear. */
hf_status hf_track_start(hf_track *track, double contrast, bool may_rest, const hf_sample *start, hf_error *err);

/* Legal on a zeroed track. */
void hf_track_clear(hf_track *track);

/* dP/dt / P at t, where the speed is known but for a relative error, from the last two samples. False: it may change its sign within
 * the next steps, or the speed is not known well enough next to what it changes in a step. */
bool hf_track_foresee(const hf_track *track, double t, double speed, double error, double *slope);

/* What one more sample tells. A plateau is to be added (hf_track_add_plateau) before the next one, with what is known of
 * `low`; low has changed: its state is that of the sample. At most one of the two. */
typedef struct {
    bool has_plateau, is_lowest;
} hf_track_news;

/* Takes in one more point of P. Errors: HF_ESYSTEM. */
hf_status hf_track_follow(hf_track *track, const hf_sample *sample, hf_track_news *news, hf_error *err);

/* Adds `low`, with its saddle, to the plateaus. Errors: HF_ESYSTEM. */
hf_status hf_track_add_plateau(hf_track *track, hf_saddle saddle, hf_error *err);

/* Appends to the history of the speed. Its rate may be nan. Errors: HF_ESYSTEM. */
hf_status hf_track_remember(hf_track *track, const hf_sample *sample, hf_error *err);

/* Takes what the curve ends with for the last drop; *has_plateau: for the last plateau, which is to be added. Errors:
 * HF_ESYSTEM. */
hf_status hf_track_close(hf_track *track, bool *has_plateau, hf_error *err);

/* The speed halfway, on a logarithmic scale, between a plateau and a peak beside it: there a stage begins or settles. */
double hf_track_level(const hf_plateau *plateau, const hf_sample *peak);

/* Time and loss of the crossing of level nearest to the peak at time peak: the last before it, or the first after it.
 * False: there is none. */
bool hf_track_find_level(const hf_track *track, double peak, bool after, double level, double *t, double *loss);

/* What the integration of a flow resolves of its loss: where relative errors of the values and absolute errors of the
 * logits of size rtol, and absolute ones of size atol of both, move the residual E, they move L by their squares once E is
 * as small as they are (doc/mathematics.md). */
typedef struct {
    double rtol, atol;
    double scale;    /* 1/2 sum_i r_i sum_r omega_ri G_ri^2: half the square of what the heads give once all is learned */
    double variance; /* largest omega_ri: half of it, times the square of an error of a value, bounds what that costs */
} hf_resolution;

/* The smallest difference of losses that means something, next to a loss of this size. */
double hf_resolution_of_loss(const hf_resolution *resolution, double loss);

/* Removes drops of a closed track that are not resolved, together with the faster one of the plateaus beside them, and
 * raises the level of plateaus to speeds that are. */
void hf_track_resolve(hf_track *track, const hf_resolution *resolution);

/* Stages, plateaus, and the events HF_EVENT_ONSET, _DROP and _SETTLE of a closed track; findings have room. */
void hf_track_describe(const hf_track *track, hf_findings *findings);

/* Writes what the track knows to a checkpoint, or reads it back. False: not enough bytes or memory. */
bool hf_track_transfer(hf_track *track, struct hf_channel *channel);

#endif
