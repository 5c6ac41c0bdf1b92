#include "train/clock.h"

#include "train/optimizer.h"

#include <math.h>

hf_clock hf_clock_of(const hf_train_params *train)
{
    const bool steady = train->schedule == HF_SCHEDULE_CONSTANT && train->warmup == 0 && train->clip == 0;
    const bool heavy = train->optimizer == HF_OPTIMIZER_MOMENTUM;
    return (hf_clock){.is_time = steady && hf_optimizer_is_plain(train->optimizer),
                      .lr = train->lr,
                      .momentum = heavy ? train->momentum : 0};
}

double hf_clock_time(hf_clock clock, double n)
{
    const double lr = clock.lr, mu = clock.momentum;
    if (!clock.is_time)
        return NAN;
    return mu == 0 ? lr * n : lr / (1 - mu) * (n - mu * (1 - pow(mu, n)) / (1 - mu));
}

double hf_clock_rate(hf_clock clock)
{
    return clock.lr / (1 - clock.momentum);
}

double hf_clock_steps(hf_clock clock, double t_end)
{
    const double reached = t_end * (1 - 1e-12), mu = clock.momentum;
    const double most = ceil(t_end * (1 - mu) / clock.lr - 1e-9);
    double low = most - 1, high = most + ceil(mu / (1 - mu));
    if (mu == 0 || !clock.is_time)
        return most;
    while (high - low > 1) { /* low does not reach t_end, high does */
        const double middle = floor((low + high) / 2);
        if (hf_clock_time(clock, middle) < reached)
            low = middle;
        else
            high = middle;
    }
    return high;
}
