#include "detect/reach.h"

#include "detect/saddle.h"
#include "flow/curvature.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Coordinates of a direction that moves all heads alike: number i of R + T, as a unit vector of the coordinates of
 * hf_flow_hessian_times; and back. There values, and logits in the logit geometry, stand by modes, of which the first is the
 * mean; in the replicator geometry logits stand by heads. */
static void move_alike(const hf_problem *p, size_t i, double amount, double *x)
{
    double *logits = x + p->heads * p->features;
    if (i < p->features)
        x[i] = amount;
    else if (p->geometry != HF_GEOMETRY_REPLICATOR)
        logits[i - p->features] = amount;
    else
        for (size_t k = 0; k < p->heads; k++)
            logits[k * p->positions + i - p->features] = amount / sqrt((double)p->heads);
}

static double moved_alike(const hf_problem *p, size_t i, const double *x)
{
    const double *logits = x + p->heads * p->features;
    double sum = 0;
    if (i < p->features)
        return x[i];
    if (p->geometry != HF_GEOMETRY_REPLICATOR)
        return logits[i - p->features];
    for (size_t k = 0; k < p->heads; k++)
        sum += logits[k * p->positions + i - p->features] / sqrt((double)p->heads);
    return sum;
}

/* The lowest eigenvalue among directions that move all heads alike, where all heads are equal. */
static hf_status lowest_alike(const hf_flow *flow, double *lowest, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t size = hf_flow_size(flow), n = p->features + p->positions;
    double *direction = calloc(2 * size + (n + 1) * n, sizeof *direction);
    if (direction == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    double *change = direction + size, *matrix = change + size, *value = matrix + n * n;
    for (size_t i = 0; i < n; i++) {
        move_alike(p, i, 1, direction);
        hf_flow_hessian_times(flow, direction, change);
        move_alike(p, i, 0, direction);
        for (size_t k = 0; k < n; k++)
            matrix[i * n + k] = moved_alike(p, k, change);
    }
    const bool found = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, matrix, (lapack_int)n, value) == 0;
    *lowest = found ? value[0] : NAN;
    free(direction);
    return HF_OK;
}

/* Whether a rate is one at which something could happen. */
static double is_in_reach(const hf_ending *ending, const hf_saddle *saddle, double rate)
{
    const double rest = 0.1, patience = 4, relative = 1e-4;
    if (!(rate > saddle->threshold)) /* no saddle */
        return 0;
    if (ending->end == HF_END_START)
        return 1;
    if (isnan(ending->t))
        return NAN;
    const bool rests = ending->speed * ending->t < rest * ending->loss && rate > relative * saddle->lambda_max;
    return rate * ending->t > (rests ? 1 / patience : 1);
}

hf_status hf_reach_judge(const hf_flow *flow, const hf_ending *ending, double *censored, hf_error *err)
{
    hf_saddle saddle;
    *censored = 1;
    if (ending->end == HF_END_STAGE)
        return HF_OK;
    hf_status status = hf_saddle_analyze(flow, isnan(ending->t) ? 0 : ending->t, &saddle, err);
    *censored = NAN;
    if (status != HF_OK) /* no eigenvalues are no reason to lose the run */
        return status == HF_ENUMERIC ? HF_OK : status;
    double lowest = saddle.lambda_min;
    if (ending->equal_heads && saddle.index > 0 && flow->problem->positions <= HF_SADDLE_DENSE)
        status = lowest_alike(flow, &lowest, err);
    else if (ending->equal_heads && saddle.index > 0 && saddle.symmetric_fraction < 0.5)
        lowest = 0;
    if (status == HF_OK && !isnan(lowest))
        *censored = is_in_reach(ending, &saddle, -lowest);
    return status;
}
