/* fit: laws (law.h) in the results of a sweep, such as the power law
 *
 *     log response = log c + sum_k e_k log x_k,
 *
 * by least squares over all runs that are OK and have a response (times: after the start) that has a place on the law's scale.
 *
 * Runs of one seed share their noise at all points, so that points are not independent: standard errors are those of the
 * jackknife, each seed left out of all points in turn. Fewer than HF_JACKKNIFE_LEAST seeds have none. What the scatter about
 * the law would give if all runs were independent, s sqrt((X^T X)^-1_kk), s^2 = sum of squared residuals / (runs - unknowns),
 * stands beside: it says how well the law holds.
 *
 * R^2 hardly tells a law that is wrong. So a term of second order in every parameter is fitted as well, and a law is called
 * curved where that is real, beyond the 99 % of Student's t of its error, and changes the slope by more than a tenth between
 * the ends. */
#ifndef HF_SWEEP_FIT_H
#define HF_SWEEP_FIT_H

#include "core/law.h"
#include "report/table.h"
#include "sweep/parts.h"

/* The number (hf_axes_number) of axis i at a task. */
double hf_fit_coordinate(const hf_sweep *sweep, size_t axis, size_t task);

/* A fitted number: the constant of the law, or the slope of a parameter. */
typedef struct {
    double value;    /* on the scales of the law; nan: not determined */
    double error;    /* jackknife; nan: too few seeds */
    double residual; /* of independent runs */
    /* of a parameter, where it has three values or more; else nan */
    double first, last;      /* the slope at its lowest and its highest value */
    double bend, bend_error; /* (last - first) / the slope in the middle */
    double curved;           /* 1 or 0 */
} hf_fit_number;

typedef struct {
    const hf_law *law;
    size_t runs, left_out; /* in the fit, and without a response */
    size_t seeds;          /* that the points share */
    size_t unknowns;       /* 1 + number of parameters */
    hf_fit_number *number; /* (unknowns) the constant, then the parameters; owned */
    double r2, residual;   /* of the response on the law's scale; residual: standard deviation s about the law */
    double relative;       /* root mean square of response / law - 1, the same measure for all laws */
    bool is_curved;
} hf_fit_result;

/* Fits one law. Where the runs do not determine it, numbers are nan. Errors: HF_ESYSTEM. Free with hf_fit_clear. */
hf_status hf_fit_solve(const hf_sweep *sweep, const hf_results *results, const hf_fit *fit, hf_fit_result *result,
                       hf_error *err);
void hf_fit_clear(hf_fit_result *result);

/* The constant as the law writes it: c where the response is on a logarithmic scale, with a relative error, else a. */
double hf_fit_constant(const hf_fit_result *result);

/* "t_emerged = 1.51 · T^0.9900±0.001 · d^0.49±0.002" */
void hf_fit_describe(const hf_fit *fit, const hf_fit_result *result, char *text, size_t size);

/* What is to be said of it beside: "curved: the exponent of x goes from -0.05 to -0.32", "" where nothing is. */
void hf_fit_warn(const hf_fit *fit, const hf_fit_result *result, char *text, size_t size);

extern const hf_table_kind hf_fit_table;

/* Writes DIR/fit.tsv: a row per parameter, and one called constant. Nothing without fits. Errors: HF_ESYSTEM. */
hf_status hf_fit_write(const hf_sweep *sweep, const hf_results *results, hf_error *err);

/* Every law, for the eye. Errors: HF_ESYSTEM. */
hf_status hf_fit_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err);

#endif
