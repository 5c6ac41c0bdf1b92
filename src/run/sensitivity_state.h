/* sensitivity_state: what hf_sensitivity keeps on its way (private to run/sensitivity*.c): sensitivity.c takes samples and marks,
 * sensitivity_finish.c makes of them what moves every event. */
#ifndef HF_RUN_SENSITIVITY_STATE_H
#define HF_RUN_SENSITIVITY_STATE_H

#include "run/sensitivity.h"

/* Along every parameter, at a mark: of its time, and of loss and speed at a fixed time. */
enum { HF_MARK_TIME, HF_MARK_LOSS, HF_MARK_SPEED, HF_MARK_NUMBERS };

typedef struct {
    hf_event_kind kind; /* HF_EVENT_PLATEAU: an extremum of the speed */
    uint32_t touches;   /* 1: the number does not cross */
    size_t pattern;
    double t, speed, rate; /* P and dP/dt */
} hf_mark;

/* A sample: t, P, and along every parameter dL and dP at a fixed time. */
enum { HF_SAMPLE_T, HF_SAMPLE_SPEED, HF_SAMPLE_HEAD, HF_SAMPLE_LOSS = 0, HF_SAMPLE_SLOPE, HF_SAMPLE_NUMBERS };

struct hf_sensitivity {
    hf_variation *variation;
    hf_integrator *integrator;
    hf_system system;
    const hf_sensitivity_kind *kind;
    hf_point point; /* where an event is looked at */
    size_t count;   /* of parameters */
    double loss_fraction;
    double *judged_start; /* (count) of the loss by which emergence is judged */
    hf_mark *marks;
    size_t mark_count, mark_capacity;
    double *numbers; /* (marks, count, HF_MARK_NUMBERS) */
    size_t number_capacity;
    double *samples; /* (samples, HF_SAMPLE_HEAD + HF_SAMPLE_NUMBERS count) */
    size_t sample_count, sample_capacity;
    double *y, *velocity, *change, *x, *dx, *moved_y, *moved_x; /* (size) each */
};

/* Sample number i: (HF_SAMPLE_HEAD + HF_SAMPLE_NUMBERS count). */
double *hf_sensitivity_sample_at(const hf_sensitivity *s, size_t i);

/* Puts point, y and velocity at a time within the last step. */
void hf_sensitivity_look_at(hf_sensitivity *s, double t);

/* x and its velocity dx along parameter i at the point, which is at t. */
void hf_sensitivity_derivative_at(hf_sensitivity *s, size_t i, double t);

#endif
