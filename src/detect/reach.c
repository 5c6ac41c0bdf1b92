#include "detect/reach.h"

#include "detect/saddle.h"

#include <math.h>

static const double patience = 4, relative = 1e-4;

/* Whether the loss hardly falls any more. */
static bool hardly_falls(const hf_ending *ending)
{
    const double rest = 0.1;
    return ending->speed * ending->t < rest * ending->loss;
}

/* Whether a rate is one at which something could happen. */
static double is_in_reach(const hf_ending *ending, const hf_saddle *saddle, double rate)
{
    if (!(rate > saddle->threshold)) /* no saddle */
        return 0;
    if (ending->end == HF_END_START)
        return 1;
    if (isnan(ending->t))
        return NAN;
    const bool rests = hardly_falls(ending) && rate > relative * saddle->lambda_max;
    return rate * ending->t > (rests ? 1 / patience : 1);
}

/* The rate up to which nothing could. */
static hf_slow_rate slow_rate(const hf_ending *ending)
{
    const double most = ending->t > 0 ? 1 / ending->t : INFINITY;
    if (ending->end == HF_END_START || isnan(ending->t))
        return (hf_slow_rate){.least = 0, .most = most};
    return (hf_slow_rate){.least = hardly_falls(ending) ? most / patience : most, .most = most};
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
    hf_slow_rate slow = slow_rate(ending);
    hf_status status = hf_saddle_ask(point, isnan(ending->t) ? 0 : ending->t, &slow, &saddle, err);
    if (status != HF_OK) /* no eigenvalues are no reason to lose the run */
        return status == HF_ENUMERIC ? HF_OK : status;
    if (slow.found) {
        *censored = 0;
        return HF_OK;
    }
    double lowest = saddle.lambda_min;
    if (ending->equal_heads && saddle.index > 0 && curvature->has_alike != NULL && curvature->has_alike(point->system.self))
        status = curvature->lowest_alike(point->self, &lowest, err);
    else if (ending->equal_heads && saddle.index > 0 && saddle.symmetric_fraction < 0.5)
        lowest = 0;
    if (status == HF_OK && !isnan(lowest))
        *censored = is_in_reach(ending, &saddle, -lowest);
    return status;
}
