/* findings: plateaus, drops, stages and events of a run, whoever has found them. */
#ifndef HF_DETECT_FINDINGS_H
#define HF_DETECT_FINDINGS_H

#include "detect/curve.h"
#include "detect/saddle.h"
#include "detect/search.h"
#include "system/event.h"

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
    double
        strength; /* how sure a stage among noise is: the smaller of fall and contrast over what noise could pretend, 1 and
                        more; nan: there was no noise */
} hf_stage;

/* The loss halfway between the plateaus beside a stage: its time is when the loss falls below. nan: the run ends before. */
static inline double hf_stage_level(const hf_stage *stage)
{
    return (stage->before->loss + stage->loss_after) / 2;
}

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
    size_t heads;                          /* 0: the system has none that could overlap */
    double start_overlap, end_overlap;     /* of the heads */
    double *start_overlaps, *end_overlaps; /* (H, H) of every pair, as of hf_pair_overlaps; one block of memory */
    double overlap_level;                  /* detect.overlap: heads that overlap by no more are apart */
    double start_loss;
    bool starts_in_drop;  /* of a flow: it starts faster than on the first plateau, without having been on one */
    double loss_fraction; /* at which emergence was looked for; 0: it was not */
    bool on_test;         /* of the loss on the test data */
    bool sampled;         /* of a training run */
    double
        noise; /* standard deviation of a step's loss in the span of the features, where stages were found among noise; 0 */
    hf_curve
        curve; /* every step; of a training run without noise the loss in the span of the features, with steps left out;
                       with noise: empty */
} hf_findings;

/* Empty findings with room for so many stages, plateaus and, beside three for each stage, events; of so many heads. Errors:
 * HF_ESYSTEM. Free with hf_findings_clear. */
hf_status hf_findings_begin(hf_findings *findings, size_t stages, size_t plateaus, size_t events, size_t heads,
                            hf_error *err);

/* What a search has found in samples: stages, plateaus and their events, in memory of hf_findings_begin. end: the plateau where
 * there are too few samples to look at. */
void hf_findings_of_search(hf_findings *findings, const hf_search_result *found, const hf_search_plateau *end);

/* How many plateaus hf_findings_of_search fills. */
size_t hf_findings_plateaus(const hf_search_result *found);

/* Events in order of time. */
void hf_findings_sort(hf_findings *findings);

/* Adds an event, for which there is room. */
void hf_findings_add(hf_findings *findings, hf_event event);

void hf_findings_clear(hf_findings *findings);

#endif
