/* bits: numbers as the bits that they are. */
#ifndef HF_CORE_BITS_H
#define HF_CORE_BITS_H

#include "core/simd.h"

#include <stdint.h>
#include <string.h>

HF_INLINE uint64_t hf_bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

HF_INLINE double hf_double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

HF_INLINE uint32_t hf_bits_of_single(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

HF_INLINE float hf_single_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
