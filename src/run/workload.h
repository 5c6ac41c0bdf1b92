/* workload: how much of a training is ahead, in steps that one seed makes after the other.
 *
 * Seeds are independent of each other and trained several at a time, in order. With fewer left than fit side by side, the
 * longest decides: three seeds of 100 steps, two at a time, are 200 steps and not 150. */
#ifndef HF_RUN_WORKLOAD_H
#define HF_RUN_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Steps, one after the other, until all seeds have made steps of them. step: (seeds) made by each; together >= 1: seeds at a
 * time. Beyond HF_WORKLOAD_EXACT seeds a lower bound, off by less than steps. */
enum { HF_WORKLOAD_EXACT = 64 };
double hf_workload_ahead(size_t seeds, const uint64_t *step, uint64_t steps, size_t together);

/* What a step costs, about, in units of one sample: its samples and what goes with every step. */
double hf_workload_cost(size_t batch);

#endif
