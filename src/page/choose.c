#include "page/choose.h"

#include <math.h>

static double step_of(const double *change, size_t i)
{
    return isfinite(change[i]) ? fabs(change[i]) : 0;
}

size_t hf_choose_rows(size_t count, const double *change, size_t wanted, size_t *chosen)
{
    size_t taken = 0;
    if (count <= wanted) {
        for (; taken < count; taken++)
            chosen[taken] = taken;
        return taken;
    }
    double all = 0, sum = 0;
    for (size_t i = 1; i < count; i++)
        all += step_of(change, i);
    for (size_t i = 0; i < count; i++) {
        sum += i > 0 ? step_of(change, i) : 0;
        const double even = (double)i / (double)(count - 1), moved = all > 0 && isfinite(all) ? fmin(sum / all, 1) : even;
        const double next = (double)taken / (double)(wanted - 1);
        const size_t left = count - 1 - i;
        /* the last place is the last row's */
        if (left == 0 || (taken + 1 < wanted && (even + moved) / 2 >= next - 1e-12))
            chosen[taken++] = i;
    }
    return taken;
}
