/* sampler: which samples a step sees.
 *
 * Fresh samples are numbered within their step. Fixed ones are numbered from 0, held-out ones after them; an epoch goes
 * through the fixed samples once, in an order of its own, as far as whole batches go. What is drawn depends on (seed, step)
 * alone. */
#ifndef HF_TRAIN_SAMPLER_H
#define HF_TRAIN_SAMPLER_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The samples of one step. count 0: none, but the exact gradient of the population. */
typedef struct {
    uint64_t step;   /* of fresh samples, from 1; 0 for fixed and held-out ones */
    uint64_t stream; /* what is drawn beside the samples (dropout) depends on it: the step, from 1; 0: no step */
    size_t first;    /* number of the first sample */
    size_t count;
    const uint32_t *order; /* sample n is order[first + n]; NULL: first + n */
    bool fixed;            /* fixed or held out */
} hf_batch;

typedef struct {
    uint64_t seed;
    size_t samples;  /* fixed ones; 0: fresh ones at every step */
    size_t held_out; /* number of held-out samples */
    size_t batch;    /* samples per step; 0: all fixed ones, or the population */
} hf_sampler_params;

typedef struct {
    hf_sampler_params params;
    uint32_t *order; /* (samples) of the present epoch; owned */
    uint64_t epoch;  /* from 1; 0: none yet */
} hf_sampler;

/* Errors: HF_ESYSTEM. Free with hf_sampler_clear. */
hf_status hf_sampler_init(hf_sampler *sampler, const hf_sampler_params *params, hf_error *err);

/* Legal on a zeroed sampler. */
void hf_sampler_clear(hf_sampler *sampler);

/* The batch of a step, counted from 0; valid until the next call. */
hf_batch hf_sampler_draw(hf_sampler *sampler, uint64_t step);

/* All fixed samples, or all held-out ones. */
hf_batch hf_sampler_all(const hf_sampler *sampler, bool held_out);

/* The number of the batch's n-th sample, from 0. */
static inline uint32_t hf_batch_sample(const hf_batch *batch, size_t n)
{
    return batch->order != NULL ? batch->order[batch->first + n] : (uint32_t)(batch->first + n);
}

#endif
