/* verdict: whether the stages of training runs come when those of the flow do, in sentences.
 *
 * A stage's time is when the loss first falls to its level (experiment.h). Its deviation is the mean over runs of
 * t / t_flow - 1; the standard error is that of a mean of independent runs, s / sqrt(n). A stage agrees if its deviation is at
 * most HF_VERDICT_AGREES. A stage that some run has not reached has no deviation: the mean of those that have would be too
 * early. The drift of the noise explains a deviation if that from the flow with drift is at most a quarter of it, or at most two
 * of its standard errors. */
#ifndef HF_COMPARE_VERDICT_H
#define HF_COMPARE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define HF_VERDICT_AGREES 0.1

/* A mean of deviations. */
typedef struct {
    double mean;  /* nan: some run has not reached the stage, or what it is compared with has not */
    double error; /* standard; nan: of one run there is none */
} hf_shift;

typedef struct {
    size_t reached; /* runs that have reached the stage */
    hf_shift from_flow, from_drift;
} hf_stage_verdict;

/* What is compared. Times are nan where a level is not reached. */
typedef struct {
    size_t runs, stages;
    const double *t;       /* (runs, stages) in flow time; where steps are none, in steps */
    const double *t_flow;  /* (stages) */
    const double *t_drift; /* (stages) of the flow with the drift of SGD's noise; NULL: there is none */
    const char *optimizer; /* by name */
    bool timed;            /* steps are flow time */
    size_t found;          /* stages that the search has found in the flow: a last one in which it ends has no level */
    size_t fewest, most;   /* that it has found in the runs; most 0 and fewest 1: not known */
} hf_verdict;

hf_stage_verdict hf_verdict_of(const hf_verdict *verdict, size_t stage);

void hf_verdict_print(const hf_verdict *verdict, FILE *stream);

#endif
