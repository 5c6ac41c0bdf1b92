#include "detect/reach.h"

#include "detect/saddle.h"

#include <math.h>

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

hf_status hf_reach_judge(hf_point *point, const hf_ending *ending, double *censored, hf_error *err)
{
    const hf_curvature_kind *curvature = point->system.kind->curvature;
    hf_saddle saddle;
    *censored = 1;
    if (ending->end == HF_END_STAGE)
        return HF_OK;
    *censored = NAN;
    if (curvature == NULL)
        return HF_OK;
    hf_status status = hf_saddle_analyze(point, isnan(ending->t) ? 0 : ending->t, &saddle, err);
    if (status != HF_OK) /* no eigenvalues are no reason to lose the run */
        return status == HF_ENUMERIC ? HF_OK : status;
    double lowest = saddle.lambda_min;
    if (ending->equal_heads && saddle.index > 0 && curvature->has_alike != NULL && curvature->has_alike(point->system.self))
        status = curvature->lowest_alike(point->self, &lowest, err);
    else if (ending->equal_heads && saddle.index > 0 && saddle.symmetric_fraction < 0.5)
        lowest = 0;
    if (status == HF_OK && !isnan(lowest))
        *censored = is_in_reach(ending, &saddle, -lowest);
    return status;
}
