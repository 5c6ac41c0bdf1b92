/* fit: power laws in the results of a sweep,
 *
 *     log response = log c + sum_k e_k log x_k,
 *
 * by least squares over all runs that are OK and have a response > 0. Exponents come with standard errors
 * s sqrt((X^T X)^-1_kk), s^2 = sum of squared residuals / (runs - unknowns), and R^2 = 1 - residual / total sum of squares. */
#ifndef HF_SWEEP_FIT_H
#define HF_SWEEP_FIT_H

#include "sweep/parts.h"

/* The number (hf_axes_number) of axis i at a task. */
double hf_fit_coordinate(const hf_sweep *sweep, size_t axis, size_t task);

typedef struct {
    size_t runs, left_out; /* in the fit, and without a response */
    size_t unknowns;       /* 1 + number of parameters */
    double *value, *error; /* (unknowns) log c, then the exponents; owned */
    double r2, residual;   /* residual: standard deviation s of log response about the law */
} hf_fit_result;

/* Fits one law. Where the runs do not determine it, value and error are nan. Errors: HF_ESYSTEM. Free with
 * hf_fit_clear. */
hf_status hf_fit_solve(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, hf_fit_result *result,
                       hf_error *err);
void hf_fit_clear(hf_fit_result *result);

/* Writes DIR/fit.tsv: a row per parameter, and one called constant, whose exponent is c itself and whose error is
 * relative. Nothing without fits. Errors: HF_ESYSTEM. */
hf_status hf_fit_write(const hf_sweep *sweep, const hf_results *results, hf_error *err);

#endif
