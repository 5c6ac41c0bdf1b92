/* The minimal model in single precision; losses are summed in double. */
#include "train/minimal_pass.h"

#include "core/exponential.h"

typedef float real;

#define EXP   hf_exponential_single
#define LEAST (-1e30f) /* below every logit */
#define PASS  hf_minimal_pass_single

/* In sixteen lanes, so that every instruction set gives the same bits. count: a multiple of them. */
HF_INLINE real sum_of(size_t count, const real *x)
{
    enum { LANES = 16 };
    float lanes[LANES] = {0};
    for (size_t c = 0; c < count; c += LANES) {
        HF_SIMD
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += x[c + l];
    }
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[half + l];
    return lanes[0];
}

#include "train/minimal_pass_body.h"
