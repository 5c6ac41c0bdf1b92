/* search: plateaus, drops and stages of a curve of which only samples (x, y) are known, with noise of unknown size and kind.
 *
 * The curve falls, in steps: plateaus, on which it is slow, and drops between them. What is fast and slow is meant in x. The
 * rows are cleaned (clean.h) and averaged over 1, 2, 4, ... of them; at each of these scales drops are looked for and
 * confirmed (candidates.h): what noise hides in single rows shows in means, and what means blur shows in rows. Of all that are
 * found, the largest set whose middle halves lie at different levels is kept. Times are those of the rows, not of the means
 * (times.h). O(n log n) for n rows, some 60 bytes a row.
 *
 * A start that is not on a plateau falls to one, and what rises falls back: neither is a stage. */
#ifndef HF_DETECT_SEARCH_H
#define HF_DETECT_SEARCH_H

#include "core/error.h"
#include "detect/clean.h"

#include <stdbool.h>
#include <stddef.h>

/* A drop between its plateaus, in x. */
typedef struct {
    double t_from, t_onset, t_settle, t_to; /* the plateau before begins, the drop, the plateau behind ends */
    bool settled;                           /* false: the curve ends in the drop */
} hf_search_drop;

typedef struct {
    double contrast;     /* smallest ratio of the speeds of a drop and a plateau beside it; > 1 */
    double significance; /* standard deviations of the noise that are not trusted */
    double least;        /* smallest fall of a stage, as part of the fall of the whole curve */
    size_t memory;       /* rows that the noise of one acts on, as momentum's does on the next 1 / (1 - momentum); 1: none but its own */
    /* What else is known of the curve may tell that a drop from t_onset to t_settle (or to the end: not settled) is none, if
     * the plateaus beside it reach from t_from and to t_to. NULL: nothing is known. */
    bool (*accepts)(const void *known, const hf_search_drop *drop);
    const void *known;
} hf_search_params;

/* What is usual: contrast 3, significance 4, least 1e-4, memory 1. */
extern const hf_search_params hf_search_usual;

typedef struct {
    double t_onset, t_half,
        t_settle;         /* a tenth, half and nine tenths of it have fallen; the last two nan: it is under way */
    double half_error;    /* standard error of t_half, with that of the levels; nan: not known */
    double t_peak;        /* it falls fastest; nan: it is still getting faster at the end */
    double loss_peak;     /* there */
    double before, after; /* levels beside it; after: at the end if it is under way */
    double fall;          /* before - after */
    double speed, speed_onset, speed_settle; /* at t_peak, t_onset, t_settle; nan where these are */
    double strength; /* how sure: the smaller of fall and contrast, over what noise could pretend; 1 and more */
    bool settled;    /* false: the curve ends in it */
    size_t rows;     /* rows in a mean of the scale it was seen at */
} hf_search_stage;

/* Around its slowest place: the line through the rows there. The errors are standard ones, of noise of which the rows' number
 * `together` count as one; nan where there are too few rows. */
typedef struct {
    double t, loss, speed;
    double loss_error, speed_error;
    size_t rows;
} hf_search_plateau;

typedef struct {
    size_t count;                        /* rows that were looked at */
    size_t not_finite, repeated, spikes; /* rows that were not */
    bool unsorted;
    double noise;                      /* standard deviation of a row's noise: its median along the curve */
    double resolution;                 /* of the numbers as they are written down, at their smallest; 0: full */
    size_t stage_count, plateau_count; /* a plateau before every stage, and one behind the last if it has settled */
    hf_search_stage *stage;            /* in order of time; owned */
    hf_search_plateau *plateau;        /* owned */
    bool falls_at_start;               /* the curve falls from its start to the first plateau */
} hf_search_result;

/* Looks through count rows. Fewer than 4 different x: nothing is found. Errors: HF_ESYSTEM. Free with hf_search_clear. */
hf_status hf_search_run(hf_search_result *result, size_t count, const double *x, const double *y,
                        const hf_search_params *params, hf_error *err);

/* The same of rows that are clean. */
hf_status hf_search_rows(hf_search_result *result, const hf_rows *rows, const hf_search_params *params, hf_error *err);

/* Legal on a zeroed result. */
void hf_search_clear(hf_search_result *result);

#endif
