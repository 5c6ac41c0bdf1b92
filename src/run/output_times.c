#include "run/output_times.h"

#include <math.h>
#include <stdlib.h>

double hf_output_time(const hf_output_params *output, double t_end, size_t index)
{
    const double first = output->t_first, last = t_end;
    if (index == 0)
        return 0;
    if (index == output->points)
        return last;
    if (index == 1)
        return first;
    const double fraction = (double)(index - 1) / (double)(output->points - 1);
    const double t = output->spacing == HF_SPACING_LINEAR
                         ? first + fraction * (last - first)
                         : exp(log(first) + fraction * (log(last) - log(first))); /* last / first may overflow */
    return fmin(fmax(t, first), last);                                            /* rounding may lead beyond */
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void append(hf_reals *times, const hf_reals *more)
{
    for (size_t i = 0; more != NULL && i < more->count; i++)
        if (!isnan(more->at[i]))
            times->at[times->count++] = more->at[i];
}

hf_status hf_output_times_merge(hf_reals *times, hf_output_grid *grid, const void *self, size_t last, const hf_reals *own,
                                const hf_reals *more, hf_error *err)
{
    const size_t others = (own == NULL ? 0 : own->count) + (more == NULL ? 0 : more->count);
    *times = (hf_reals){0, malloc((last + 1 + others) * sizeof *times->at)};
    if (times->at == NULL)
        return hf_fail_memory(err, "the output times");
    while (times->count <= last) {
        times->at[times->count] = grid(self, times->count);
        times->count++;
    }
    append(times, own);
    append(times, more);
    if (others > 0)
        qsort(times->at, times->count, sizeof *times->at, by_size);
    return HF_OK;
}

bool hf_output_times_has_row(const hf_reals *times, size_t index)
{
    return index == 0 || times->at[index] > times->at[index - 1];
}
