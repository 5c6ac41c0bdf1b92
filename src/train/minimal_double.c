/* The minimal model in double precision. */
#include "train/minimal_pass.h"

#include "core/exponential.h"
#include "train/tiles.h"

typedef double real;

#define EXP   hf_exponential
#define LEAST (-1e300) /* below every logit */
#define PASS  hf_minimal_pass_double

HF_INLINE real sum_of(size_t count, const real *x)
{
    return hf_tiles_sum(count, x);
}

#include "train/minimal_pass_body.h"
