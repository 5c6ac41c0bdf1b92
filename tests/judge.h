/* judge: stages counted independently of the library: the flow written down naively by head, integrated by an explicit
 * Runge-Kutta method to a precision of its own, and the speed of every step searched for what rises and falls. */
#ifndef HF_TESTS_JUDGE_H
#define HF_TESTS_JUDGE_H

#include "flow/problem.h"

/* A trajectory: (count) each, in order of time. */
typedef struct {
    size_t count, capacity;
    double *t, *loss, *speed;
} judged_curve;

/* Dormand and Prince's method from the problem's start to t_end, or until evaluations have been made. Logit and replicator
 * geometry, weights, copies, replicas, rates and decay; no drift, no optimal values. Free with clear_curve. */
judged_curve integrate_naively(const hf_problem *problem, double t_end, size_t evaluations);
void clear_curve(judged_curve *curve);

/* Stages of a curve: drops between plateaus, at least contrast times as fast as both, in which the loss falls by more than
 * resolution beyond what a speed halfway between would give. */
size_t count_stages(const judged_curve *curve, double contrast, double resolution);

#endif
