/* estimate: parameters of a flow from a measured loss curve.
 *
 * The sum of the squared differences between the log and the flow at its rows is made least, in the logarithms of the parameters, by
 * Gauss-Newton steps in a trust region (Levenberg-Marquardt, More 1978, of GSL), with the flow's own derivatives (run/trace.h).
 *
 * Errors have two parts that add up as squares. rows: what the noise of the rows does to the parameters, (J^T J)^-1 S (J^T J)^-1 with
 * S the sum of the products of neighbouring scores J_i r_i over a tenth of the rows, falling off linearly (Newey and West 1987), and
 * with the factor that makes two of them hold 95 % at that width (Kiefer and Vogelsang 2005): neighbours that are noisy together
 * count as few. It is never below that of an autoregressive noise whose neighbours correlate as the residuals do. seeds: how the path of
 * the training itself wanders. A training that comes early is a curve of another lr; no residual tells. So trainings of the fitted
 * parameters are made, each is fitted in the same way, and the standard deviation of what they give is the error; the mean is what the flow
 * gets wrong about training, finite steps and the noise's own drift, and is taken off. */
#ifndef HF_ESTIMATE_ESTIMATE_H
#define HF_ESTIMATE_ESTIMATE_H

#include "estimate/moved.h"
#include "run/learner.h"

typedef struct {
    const hf_flow_run_params *flow; /* where it starts; sensitivity.to: parameters to be fitted, but lr */
    hf_clock clock;                 /* of the log's steps; is_time */
    bool has_lr;                    /* lr is fitted */
    size_t count;                   /* of rows */
    const double *step, *loss;      /* (count) rising */
    const hf_learner_params *learner; /* whose trainings say how much a seed matters; NULL: nothing is known of it */
    size_t seeds;                     /* so many; 0: likewise */
    uint64_t first_seed;
    const volatile sig_atomic_t *interrupted; /* may be NULL */
} hf_estimate_params;

/* Logarithms but for the first three. */
typedef struct {
    char name[32];
    double start, value;  /* value: best, with the bias taken off */
    double fitted;        /* of the flow that is nearest the log */
    double plain;         /* standard error, if rows were independent */
    double rows, seeds;   /* parts of the error; seeds 0: none were trained */
    double bias, error;   /* error: of ln value */
} hf_estimate_parameter;

typedef struct {
    size_t parameters, count;
    hf_estimate_parameter *parameter; /* (parameters) owned */
    double *correlation;         /* (parameters, parameters) of the errors; owned */
    double *t, *loss, *before;   /* (count) flow times, losses of the fitted flow and of the one it started from; owned, one block at t */
    double noise;                /* standard deviation of a residual */
    double neighbours;           /* correlation of neighbouring residuals */
    size_t iterations, flows;    /* Gauss-Newton steps; flows that were followed, without those of seeds */
    size_t seeds;                /* that were trained and fitted */
    bool converged, interrupted; /* interrupted: the rest is not to be used */
} hf_estimate;

/* Errors: HF_EUSAGE (about the key sensitivity.to; parameters that the rows do not tell apart, with their combination), HF_ENUMERIC
 * (the flow does not reach the end of the log, or cannot be followed there), HF_ESYSTEM. Free with hf_estimate_clear. */
hf_status hf_estimate_run(hf_estimate *fit, const hf_estimate_params *params, hf_error *err);

/* Legal on a zeroed one. */
void hf_estimate_clear(hf_estimate *fit);

#endif
