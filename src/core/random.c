#include "core/random.h"

#include <Random123/philox.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    philox4x32_key_t key;
    philox4x32_ctr_t counter;
    philox4x32_ctr_t block; /* four numbers at a time */
    unsigned used;          /* how many of them are gone */
} philox_state;

static void philox_set(void *state, unsigned long seed)
{
    philox_state *s = state;
    memset(s, 0, sizeof *s);
    s->key.v[0] = (uint32_t)(seed & 0xffffffffu);
    s->key.v[1] = (uint32_t)((uint64_t)seed >> 32);
    s->used = 4;
}

static unsigned long philox_get(void *state)
{
    philox_state *s = state;
    if (s->used == 4) {
        s->block = philox4x32(s->counter, s->key);
        s->used = 0;
        for (size_t i = 0; i < 4 && ++s->counter.v[i] == 0; i++)
            continue;
    }
    return s->block.v[s->used++];
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
