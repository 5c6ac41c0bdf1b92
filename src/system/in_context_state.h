/* in_context_state: the flow of in_context.h from inside (private to its files). */
#ifndef HF_SYSTEM_IN_CONTEXT_STATE_H
#define HF_SYSTEM_IN_CONTEXT_STATE_H

#include "system/in_context.h"

struct hf_in_context {
    size_t heads, dimension, size; /* H, D, H (1 + 2 D) */
    double least;                  /* the loss when everything is known */
    double *eigenvalue;            /* (D) lambda */
    double *moment;                /* (D) M_ii */
    double *best;                  /* (D) K_ii when everything is known */
    double *start;                 /* (size) */
    hf_error_group group[3];
};

/* The flow at a state y, where heads are rows. */
typedef struct {
    const hf_in_context *flow; /* not owned */
    double loss, speed;
    double *y;        /* (size) */
    double *product;  /* (D, D) K */
    double *slope;    /* (D, D) B */
    double *velocity; /* (size) */
    double *change;   /* (D, D) dB, scratch */
    double *turned;   /* (4 D) B q, B^T k and their changes, scratch */
    double *bent;     /* (size) scratch */
} hf_in_context_point;

/* in_context.c: J x at a hf_in_context_point. */
void hf_in_context_jacobian_times(void *point, const double *x, double *result);

/* in_context_watch.c */
extern const hf_watch_kind hf_in_context_watch;
extern const hf_curvature_kind hf_in_context_curvature;

#endif
