/* exponential: e^x of many numbers at a time, in lanes.
 *
 * x = k ln 2 + r, |r| <= ln(2)/2; e^r by its Taylor polynomial of degree 13 (truncation below 5e-18). Right to 2 ulp, the same
 * bits on every instruction set, 0 below -708 and for -infinity. */
#ifndef HF_CORE_EXPONENTIAL_H
#define HF_CORE_EXPONENTIAL_H

#include "core/bits.h"

#include <math.h>

/* The Taylor series of (e^x - 1 - x) / x^2 with p in place of 1 / 13! and what follows it. */
HF_INLINE double hf_exponential_series(double x, double p)
{
    p = p * x + 1.0 / 479001600.0;
    p = p * x + 1.0 / 39916800.0;
    p = p * x + 1.0 / 3628800.0;
    p = p * x + 1.0 / 362880.0;
    p = p * x + 1.0 / 40320.0;
    p = p * x + 1.0 / 5040.0;
    p = p * x + 1.0 / 720.0;
    p = p * x + 1.0 / 120.0;
    p = p * x + 1.0 / 24.0;
    p = p * x + 1.0 / 6.0;
    p = p * x + 0.5;
    return p;
}

/* x <= 709. Without branches, so that loops over it run in lanes: what lies below -708, whose bits are the larger ones, is
 * taken for 0 and its result put out by a mask. */
HF_INLINE double hf_exponential(double x)
{
    const double log2e = 1.4426950408889634, high = 6.93147180369123816490e-01, low = 1.90821492927058770002e-10;
    const double round = 0x1.8p52;
    const uint64_t bits = hf_bits_of(x), least = 0xc086200000000000u /* -708 */, keep = 0 - (uint64_t)(bits <= least);
    const double y = hf_double_of(bits & keep), shifted = y * log2e + round, k = shifted - round;
    const double r = (y - k * high) - k * low;
    double p = hf_exponential_series(r, 1.0 / 6227020800.0 /* 13! */);
    p = p * r + 1;
    p = p * r + 1;
    const double power = hf_double_of((hf_bits_of(shifted) + 1023) << 52); /* 2^k: the low bits of shifted are k */
    return hf_double_of(hf_bits_of(p * power) & keep);
}

/* e^x - 1 for |x| <= 0.7: x + x^2 p(x), p the Taylor polynomial of degree 15 of (e^x - 1 - x) / x^2 (truncation below 1e-17 of the
 * result). Right to 2 ulp however small x is, the same bits on every instruction set; 0 for 0. */
HF_INLINE double hf_exponential_less_one(double x)
{
    double p = 1.0 / 355687428096000.0; /* 17! */
    p = p * x + 1.0 / 20922789888000.0;
    p = p * x + 1.0 / 1307674368000.0;
    p = p * x + 1.0 / 87178291200.0;
    p = p * x + 1.0 / 6227020800.0;
    return x + x * x * hf_exponential_series(x, p);
}

/* e^x in single precision, x <= 88: Taylor polynomial of degree 7, right to 2 ulp, 0 below -87 and for -infinity. */
HF_INLINE float hf_exponential_single(float x)
{
    const float log2e = 1.44269504f, high = 0.693359375f, low = -2.12194440e-4f, round = 0x1.8p23f;
    const uint32_t bits = hf_bits_of_single(x), least = 0xc2ae0000u /* -87 */, keep = 0 - (uint32_t)(bits <= least);
    const float y = hf_single_of(bits & keep), shifted = y * log2e + round, k = shifted - round;
    const float r = (y - k * high) - k * low;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1;
    p = p * r + 1;
    const float power = hf_single_of((hf_bits_of_single(shifted) + 127) << 23); /* 2^k */
    return hf_single_of(hf_bits_of_single(p * power) & keep);
}

#endif
