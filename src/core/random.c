#include "core/random.h"

#include "core/philox.h"

#include <string.h>

typedef struct {
    uint32_t key[2], counter[4];
    uint32_t block[4]; /* four numbers at a time */
    unsigned used;     /* how many of them are gone */
} philox_state;

static void start(philox_state *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->key[0] = (uint32_t)(seed & 0xffffffffu);
    s->key[1] = (uint32_t)(seed >> 32);
    s->used = 4;
}

static void philox_set(void *state, unsigned long seed)
{
    start(state, seed);
}

static unsigned long philox_get(void *state)
{
    philox_state *s = state;
    if (s->used == 4) {
        memcpy(s->block, s->counter, sizeof s->block);
        hf_philox(1, s->key[0], s->key[1], s->block);
        s->used = 0;
        for (size_t i = 0; i < 4 && ++s->counter[i] == 0; i++)
            continue;
    }
    return s->block[s->used++];
}

static double philox_get_double(void *state)
{
    return (double)philox_get(state) / 4294967296.0;
}

const gsl_rng_type *hf_rng_philox(void)
{
    static const gsl_rng_type type = {"philox4x32-10", 0xffffffffUL,     0, sizeof(philox_state), philox_set,
                                      philox_get,      philox_get_double};
    return &type;
}

void hf_rng_seed(gsl_rng *rng, uint64_t seed)
{
    start(rng->state, seed);
}
