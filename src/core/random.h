/* random: a counter-based generator (philox.h) behind GSL's interface.
 *
 * The n-th number of a seed is a pure function of (seed, n): a result never depends on the number of threads. Use it with
 * gsl_rng_alloc(hf_rng_philox()) and GSL's distributions,
 * after hf_rng_seed: gsl_rng_set takes an unsigned long, which may be too short. */
#ifndef HF_CORE_RANDOM_H
#define HF_CORE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

const gsl_rng_type *hf_rng_philox(void);

/* Starts the numbers of a seed; rng: one of those. */
void hf_rng_seed(gsl_rng *rng, uint64_t seed);

#endif
