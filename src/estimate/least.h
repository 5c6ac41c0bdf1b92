/* least: the least sum of squares between a flow and one curve (private to estimate/). */
#ifndef HF_ESTIMATE_LEAST_H
#define HF_ESTIMATE_LEAST_H

#include "estimate/moved.h"

typedef struct {
    hf_moved *moved;
    size_t count;              /* of rows */
    const double *step, *loss; /* (count) */
    const volatile sig_atomic_t *interrupted;

    /* Where it is; owned, one block at t. */
    double *t, *flow;  /* (count) flow times, losses */
    double *residual;  /* (count) flow - loss */
    double *jacobian;  /* (count, parameters) */
    double *x;         /* (parameters) of what is above */
    bool known;        /* what is above */
    bool stopped;      /* interrupted */
    size_t flows, iterations;
    bool converged;
} hf_least;

/* Errors: HF_ESYSTEM. Free with hf_least_clear, also after an error. */
hf_status hf_least_init(hf_least *least, hf_moved *moved, size_t count, const double *step, const double *loss,
                        const volatile sig_atomic_t *interrupted, hf_error *err);
void hf_least_clear(hf_least *least);

/* Evaluates at x (parameters). Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_least_at(hf_least *least, const double *x, hf_error *err);

/* From x to the least, which is where it then is. Errors: of the start; HF_ESYSTEM. */
hf_status hf_least_find(hf_least *least, double *x, hf_error *err);

/* (J^T J)^-1 with J as it is, (parameters, parameters). Errors: HF_EUSAGE (parameters that the rows do not tell apart), HF_ESYSTEM. */
hf_status hf_least_inverse(const hf_least *least, double *inverse, hf_error *err);

#endif
