/* candidates: drops of a curve at one resolution, and how sure each is.
 *
 * Drops are looked for on the taut string by persistence: the fastest segment between two slower by a factor. Then each is
 * asked for its strength, the smaller of
 *     A  its fall over the noise, between the levels of isotonic fits before and after it: their residual is 0 for a smooth
 *        falling curve and holds noise of any kind;
 *     B  its mean speed over that of the slower pieces beside it, where what noise hides counts as speed.
 * The weakest goes while it is below 1, and what was a plateau before and after it becomes one; so that the strength of what
 * stays is that of the drops that are there. B never looks across another drop, nor far back: a fast start takes nothing away
 * from later drops. */
#ifndef HF_DETECT_CANDIDATES_H
#define HF_DETECT_CANDIDATES_H

#include "detect/clean.h"
#include "detect/taut.h"

#include <stdbool.h>

typedef struct {
    double contrast;     /* smallest ratio of the speeds of a drop and a plateau beside it; > 1 */
    double significance; /* deviations of the noise that are not trusted */
} hf_candidate_params;

/* A curve in means of so many rows. */
typedef struct {
    size_t count, rows; /* rows: that a value is the mean of */
    const double *x, *y;
    const double *noise; /* (count) of y */
    const hf_digits *digits;
} hf_scale;

typedef struct {
    size_t rows;              /* of the scale it was found at */
    double t_onset, t_settle; /* where the string leaves the plateau before and reaches the one behind */
    double t_from, t_to;      /* the plateaus beside it reach so far: the settling before, the onset behind */
    double t_lowest;          /* of the string, from the settling to t_to */
    double before, after;     /* levels */
    double strength;          /* 1 and more */
    bool settled;             /* false: the curve ends in it */
} hf_candidate;

typedef struct {
    size_t count, capacity;
    hf_candidate *at; /* (count) owned */
} hf_candidates;

/* Appends the drops of a scale of 2 values or more, in order of time. Errors: HF_ESYSTEM. */
hf_status hf_candidates_find(hf_candidates *list, const hf_scale *scale, const hf_candidate_params *params, hf_error *err);

/* The string of a scale, through a tube of so many deviations of the noise. Errors: HF_ESYSTEM. */
hf_status hf_scale_string(const hf_scale *scale, double significance, hf_taut *string, hf_error *err);

/* Legal on a zeroed list. */
void hf_candidates_clear(hf_candidates *list);

#endif
