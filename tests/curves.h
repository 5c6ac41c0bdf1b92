/* curves: loss curves whose stages are known, on grids and with noise, to measure a search for stages with.
 *
 * Known stages are those of random flows, found on their exact speed. Not all can be seen in samples: a stage is clear if there
 * are four samples or more on both plateaus beside it, and its mean speed exceeds three times that of either plateau by six
 * standard errors of an observer who knows where it begins and ends. */
#ifndef HF_TESTS_CURVES_H
#define HF_TESTS_CURVES_H

#include "detect/search.h"
#include "run/flow_run.h"
#include "support.h"

typedef enum { NOISE_NONE, NOISE_WHITE, NOISE_AR, NOISE_LOSS, NOISE_HEAVY } noise_kind;

typedef struct {
    noise_kind kind;
    double size; /* standard deviation, over the smallest fall of a stage (of curves without stages: over their fall) */
} curve_noise;

typedef struct {
    double t_before, t_onset, t_peak, t_settle,
        t_after;          /* before, after: settling of the stage before, onset of the next */
    double onset, settle; /* losses there */
    double before, after; /* on the plateaus */
} known_stage;

typedef struct {
    char text[512];
    hf_findings findings; /* with its curve */
    size_t count;
    known_stage *stage; /* (count) those whose fall is no rounding */
    double end;         /* of what is sampled */
    double least;       /* smallest fall */
    bool good;          /* the flow has stages, and all of them end */
} known_flow;

/* The next random flow: 1-4 heads and patterns, 5-60 positions, either geometry. */
void draw_flow(known_flow *flow, random_source *random);
void clear_flow(known_flow *flow);

typedef struct {
    size_t count;
    double *x, *y, *sigma; /* (count) sigma: true standard deviation of the noise */
    noise_kind kind;
} samples;

samples sample_flow(const known_flow *flow, size_t count, bool log_grid, curve_noise noise, random_source *random);

enum { NULL_CURVES = 8 };
extern const char *const null_names[NULL_CURVES];

/* A curve without a stage. */
samples sample_null(size_t which, size_t count, bool log_grid, curve_noise noise, random_source *random);
void clear_samples(samples *s);

typedef struct {
    size_t clear, missed;      /* clear stages, those of them that were not found */
    size_t known, known_found; /* of all known stages */
    size_t invented;           /* found stages that are none */
    size_t curves;
    double half_off; /* largest distance, in rows, of a clear stage's half time from when the exact curve passes that level */
    double peak_off; /* largest distance of a clear stage's peak from the known one, over its width */
} score;

/* Compares what was found. */
void judge(const known_flow *flow, const samples *s, const hf_search_result *found, score *sum);

bool is_clear(const known_flow *flow, size_t i, const samples *s);

#endif
