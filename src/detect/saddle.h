/* saddle: rates at which perturbations of a state grow, from the eigenvalues of minus a flow's Jacobian (watch.h). For systems that have
 * a curvature.
 *
 * Small problems are solved densely (LAPACK), large ones by an implicitly restarted Lanczos method (ARPACK) that asks for
 * more of the lowest eigenvalues until one is not negative. */
#ifndef HF_DETECT_SADDLE_H
#define HF_DETECT_SADDLE_H

#include "system/point.h"

enum { HF_SADDLE_DENSE = 600 }; /* largest state that is solved densely */

/* -lambda is the rate at which a perturbation along an eigenvector grows. */
typedef struct {
    size_t index;     /* number of eigenvalues below -threshold: directions that lead down */
    double threshold; /* what counts as zero, see hf_saddle_threshold */
    double lambda_min, lambda_max;
    double symmetric_fraction; /* share of lambda_min's eigenvector that moves all heads alike; nan where index is 0 */
} hf_saddle;

/* min(1e-4 lambda_max, 1/t): a flow of age t is near a saddle, not at it, and on a learned pattern it still creeps with
 * rates below 1/t; faster ones are directions that it will leave by. */
double hf_saddle_threshold(double lambda_max, double t);

/* What stands for a state that was not analyzed. */
hf_saddle hf_saddle_unknown(void);

/* Whether a saddle was analyzed. */
bool hf_saddle_is_known(const hf_saddle *saddle);

/* Analyzes a point, reached at time t. Errors: HF_ESYSTEM, HF_ENUMERIC (no convergence). */
hf_status hf_saddle_analyze(hf_point *point, double t, hf_saddle *saddle, hf_error *err);

/* A rate of 1e-4 lambda_max, but at least and at most so much. */
typedef struct {
    double least, most;
    bool found; /* surely no perturbation grows faster */
} hf_slow_rate;

/* The same for those who ask only whether perturbations grow faster than slow; where that is found, the saddle is not. */
hf_status hf_saddle_ask(hf_point *point, double t, hf_slow_rate *slow, hf_saddle *saddle, hf_error *err);

/* The largest eigenvalue alone, as in hf_saddle_analyze. Errors: HF_ESYSTEM, HF_ENUMERIC. */
hf_status hf_saddle_sharpness(hf_point *point, double *largest, hf_error *err);

/* The count lowest eigenvalues at time t, ascending, and the largest one; count < size of a state. lowest:
 * (count). Large problems: to a twentieth of the threshold. Errors as above. */
hf_status hf_saddle_spectrum(hf_point *point, double t, size_t count, double *lowest, double *largest, hf_error *err);

#endif
