#include "sweep/summary.h"

#include "core/statistics.h"

#include <math.h>

bool hf_summary_is_censored(const hf_sweep *sweep, const hf_results *results, size_t task)
{
    return results->task[task].state == HF_SWEEP_TASK_OK && results->value[task * results->width + sweep->censored] == 1;
}

size_t hf_summary_censored(const hf_sweep *sweep, const hf_results *results, size_t first)
{
    size_t count = 0;
    for (size_t run = 0; run < sweep->config.sweep.seeds; run++)
        count += hf_summary_is_censored(sweep, results, first + run);
    return count;
}

/* The runs' numbers, from the lowest to the highest that the censored ones may have; *have: how many have one. */
static size_t gather(const hf_sweep *sweep, const hf_results *results, size_t first, size_t q, double *lowest,
                     double *highest, size_t *have)
{
    const hf_quantity_kind *kind = sweep->report[q].kind;
    size_t count = 0;
    *have = 0;
    for (size_t run = 0; run < sweep->config.sweep.seeds; run++) {
        const size_t task = first + run;
        const double value = results->value[task * results->width + q];
        if (results->task[task].state != HF_SWEEP_TASK_OK || (isnan(value) && !kind->is_time))
            continue;
        const hf_until until = hf_summary_is_censored(sweep, results, task) ? kind->until : HF_UNTIL_NONE;
        *have += isnan(value) ? 0 : 1;
        lowest[count] = isnan(value) ? INFINITY : until == HF_UNTIL_LESS || until == HF_UNTIL_EITHER ? -INFINITY : value;
        highest[count++] = isnan(value) || until == HF_UNTIL_MORE || until == HF_UNTIL_EITHER ? INFINITY : value;
    }
    return count;
}

/* The quantile, if it is the same at both ends. */
static double known(size_t count, const double *lowest, const double *highest, double q)
{
    const double low = hf_quantile(count, lowest, q), high = hf_quantile(count, highest, q);
    return low == high ? low : NAN;
}

hf_point_summary hf_summary_of_point(const hf_sweep *sweep, const hf_results *results, size_t first, size_t q,
                                     double *scratch)
{
    hf_point_summary s;
    double *lowest = scratch, *highest = scratch + sweep->config.sweep.seeds;
    const size_t count = gather(sweep, results, first, q, lowest, highest, &s.have);
    hf_sort(count, lowest);
    hf_sort(count, highest);
    s.least = hf_quantile(count, lowest, 0.5);
    s.most = hf_quantile(count, highest, 0.5);
    s.median = known(count, lowest, highest, 0.5);
    s.low = known(count, lowest, highest, 0.1);
    s.high = known(count, lowest, highest, 0.9);
    return s;
}
