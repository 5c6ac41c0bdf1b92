#include "train/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

hf_schedule hf_schedule_start(const hf_schedule_params *params)
{
    return (hf_schedule){.params = *params, .factor = 1, .lowest = INFINITY};
}

static double cosine(const hf_schedule_params *p, uint64_t n)
{
    if (n <= p->warmup || p->steps <= p->warmup)
        return 1;
    const double part = fmin((double)(n - p->warmup) / (double)(p->steps - p->warmup), 1);
    return p->floor + (1 - p->floor) * (1 + cos(pi * part)) / 2;
}

double hf_schedule_factor(const hf_schedule *s, uint64_t n)
{
    const double warm = n < s->params.warmup ? (double)n / (double)s->params.warmup : 1;
    switch (s->params.kind) {
    case HF_SCHEDULE_COSINE:
        return warm * cosine(&s->params, n);
    case HF_SCHEDULE_HALVING:
        return warm * s->factor;
    case HF_SCHEDULE_EPOCHS:
        return warm * pow(s->params.rate, (double)((n - 1) / s->params.epoch));
    case HF_SCHEDULE_CONSTANT:
        break;
    }
    return warm;
}

void hf_schedule_see(hf_schedule *s, double loss)
{
    s->waited++;
    if (loss < s->lowest) {
        s->lowest = loss;
        s->waited = 0;
    }
    if (s->waited > s->params.patience) {
        s->factor /= 2;
        s->waited = 0;
    }
}
