/* view: a trained transformer in the flow's coordinates.
 *
 * Values V_k are split into the span of the task's basis, v_kr = <B_r, V_k>, and what training noise has put outside it:
 * for every group of input coordinates the H rest matrices span at most H directions, in which a Cholesky factor of their
 * Gram matrix gives coordinates: loss and observables are those of the d x d values, in about (R + H) H d^2 operations.
 * Equal heads stay equal, bit for bit; other heads' differences outside the span are seen down to 1e-7 of what the heads
 * have there, and count as none below. */
#ifndef HF_TRAIN_VIEW_H
#define HF_TRAIN_VIEW_H

#include "train/probe.h"
#include "train/regression_task.h"

typedef struct {
    const hf_regression_task *task;
    hf_view view;
    double *value, *deviation; /* (H, R') coordinates of the heads; minus head 1's */
    double *logit_deviation;   /* (H, N) */
    double *base;              /* (H, max(R', N)) head 1's, for every head */
    double *rest;              /* (H, d, d) values outside the span */
    double *gram;              /* (H, H) */
    size_t *equal;             /* (H) scratch */
} hf_viewer;

/* Errors: HF_ESYSTEM. Free with hf_viewer_clear. */
hf_status hf_viewer_init(hf_viewer *viewer, const hf_regression_task *task, hf_error *err);

/* Legal on a zeroed viewer. */
void hf_viewer_clear(hf_viewer *viewer);

/* Puts values (H, d, d) and logits (H, N) into viewer->view. False if something is not finite. */
bool hf_viewer_look(hf_viewer *viewer, const double *values, const double *logits);

/* A viewer as a probe of the regression model's parameters, values (H, d, d) and logits (H, N). Errors: HF_ESYSTEM. Free
 * with probe->kind->free(probe->self). */
hf_status hf_viewer_create(hf_probe *probe, const hf_regression_task *task, hf_error *err);

#endif
