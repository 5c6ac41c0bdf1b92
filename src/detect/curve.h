/* curve: the loss of a run as a function of time, from what is known of it at the end of every step. */
#ifndef HF_DETECT_CURVE_H
#define HF_DETECT_CURVE_H

#include <stdbool.h>
#include <stddef.h>

/* One look at a run. */
typedef struct {
    double t, loss, speed, rate; /* L, P = -dL/dt, dP/dt (nan: not known) */
    double rest;                 /* speeds below it count as it */
} hf_sample;

typedef struct {
    size_t count;
    hf_sample *at; /* (count) in order of time, owned by whoever holds the curve */
} hf_curve;

/* The largest |L - L_reference| / L_reference(0) of an interval, and when; nan: none. */
typedef struct {
    double t, loss;
} hf_deviation;

/* dP/dt at sample i; of one that does not say (rate nan), from it and the four around it. */
double hf_curve_rate(const hf_curve *curve, size_t i);

/* Samples i and i + 1 with these rates, for what lies between them. */
void hf_curve_pair(const hf_curve *curve, size_t i, hf_sample *pair);

/* A loss that a polynomial gives at fraction x of the step from a[0] to a[1], unless the loss only falls there and cannot be
 * that: where the step is longer than the time in which the loss falls polynomials swing, also below 0. Then that of a cubic
 * whose slopes are cut down until it only falls (Fritsch and Carlson 1980). */
double hf_curve_falling(const hf_sample *a, double x, double loss);

/* L(t) by quintic Hermite interpolation; nan outside the curve. */
double hf_curve_loss(const hf_curve *curve, double t);

/* The first time at which the loss falls to level; nan if it never does. */
double hf_curve_first_below(const hf_curve *curve, double level);

/* Takes in how far a loss at time t is from the reference, if that reaches so far. */
void hf_curve_compare(const hf_curve *reference, double t, double loss, hf_deviation *largest);

#endif
