/* philox: the counter-based generator Philox 4x32-10 (Salmon et al. 2011): 128 bits for every counter of a key. */
#ifndef HF_CORE_PHILOX_H
#define HF_CORE_PHILOX_H

#include "core/simd.h"

#include <stddef.h>
#include <stdint.h>

/* word (4, lanes): so many counters, whose four words stand below each other, become their random words. */
HF_INLINE void hf_philox(size_t lanes, uint32_t key0, uint32_t key1, uint32_t *word)
{
    enum { ROUNDS = 10 };
    uint32_t *word0 = word, *word1 = word + lanes, *word2 = word + 2 * lanes, *word3 = word + 3 * lanes;
    for (int round = 0; round < ROUNDS; round++) {
        HF_SIMD
        for (size_t i = 0; i < lanes; i++) {
            const uint64_t a = (uint64_t)word0[i] * 0xD2511F53u, c = (uint64_t)word2[i] * 0xCD9E8D57u;
            word0[i] = (uint32_t)(c >> 32) ^ word1[i] ^ key0;
            word1[i] = (uint32_t)c;
            word2[i] = (uint32_t)(a >> 32) ^ word3[i] ^ key1;
            word3[i] = (uint32_t)a;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

#endif
