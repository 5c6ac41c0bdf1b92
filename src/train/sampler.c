#include "train/sampler.h"

#include "train/normal.h"

#include <stdlib.h>

hf_status hf_sampler_init(hf_sampler *s, const hf_sampler_params *params, hf_error *err)
{
    *s = (hf_sampler){.params = *params};
    s->order = malloc((params->samples + 1) * sizeof *s->order);
    return s->order != NULL ? HF_OK : hf_fail_memory(err, "the samples");
}

void hf_sampler_clear(hf_sampler *s)
{
    free(s->order);
    *s = (hf_sampler){0};
}

/* The order of the samples in an epoch (Fisher and Yates). */
static void order_samples(hf_sampler *s, uint64_t epoch)
{
    if (s->epoch == epoch)
        return;
    s->epoch = epoch;
    for (uint32_t n = 0; n < s->params.samples; n++)
        s->order[n] = n;
    for (size_t n = s->params.samples; n > 1; n--) {
        const hf_stream stream = {s->params.seed, HF_DRAW_ORDER, epoch, (uint32_t)n};
        const size_t other = (size_t)(hf_uniform(&stream) * (double)n);
        const uint32_t held = s->order[n - 1];
        s->order[n - 1] = s->order[other];
        s->order[other] = held;
    }
}

hf_batch hf_sampler_draw(hf_sampler *s, uint64_t step)
{
    const size_t samples = s->params.samples, batch = s->params.batch;
    if (samples == 0)
        return (hf_batch){.step = step + 1, .stream = step + 1, .count = batch};
    const size_t size = batch == 0 || batch > samples ? samples : batch, per_epoch = samples / size;
    hf_batch b = {.stream = step + 1, .first = (size_t)(step % per_epoch) * size, .count = size, .fixed = true};
    if (size < samples) {
        order_samples(s, step / per_epoch + 1);
        b.order = s->order;
    }
    return b;
}

hf_batch hf_sampler_all(const hf_sampler *s, bool held_out)
{
    const hf_sampler_params *p = &s->params;
    return (hf_batch){.first = held_out ? p->samples : 0, .count = held_out ? p->held_out : p->samples, .fixed = true};
}
