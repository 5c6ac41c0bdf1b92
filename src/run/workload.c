#include "run/workload.h"

/* Of models/sgd.conf, in projected samples: what a step takes beside its samples, and a step of the exact gradient. */
#define BESIDE 110.0
#define EXACT  30.0

static double left_of(uint64_t step, uint64_t steps)
{
    return step < steps ? (double)(steps - step) : 0;
}

/* No order is shorter than its longest seed, or than its work shared by all. */
static double bound(size_t seeds, const uint64_t *step, uint64_t steps, size_t together)
{
    double sum = 0, longest = 0;
    for (size_t k = 0; k < seeds; k++) {
        const double left = left_of(step[k], steps);
        sum += left;
        longest = left > longest ? left : longest;
    }
    const double shared = sum / (double)together;
    return shared > longest ? shared : longest;
}

double hf_workload_ahead(size_t seeds, const uint64_t *step, uint64_t steps, size_t together)
{
    double busy[HF_WORKLOAD_EXACT] = {0}; /* until when each place is taken */
    double end = 0;
    const size_t places = together < seeds ? together : seeds;
    if (seeds > HF_WORKLOAD_EXACT)
        return bound(seeds, step, steps, together);
    for (int begun = 1; begun >= 0; begun--) /* those at work keep their places; the others take the first that is free */
        for (size_t k = 0; k < seeds; k++) {
            size_t first = 0;
            if ((step[k] > 0) != (begun == 1))
                continue;
            for (size_t place = 1; place < places; place++)
                if (busy[place] < busy[first])
                    first = place;
            busy[first] += left_of(step[k], steps);
            end = busy[first] > end ? busy[first] : end;
        }
    return end;
}

double hf_workload_cost(size_t batch)
{
    return batch == 0 ? EXACT : BESIDE + (double)batch;
}
