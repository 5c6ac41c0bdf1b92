/* fours: numbers of four positions at a time (private to flow/).
 *
 * A loop over fours that does all there is to do for every four keeps it in registers, where the number of heads is a constant. It is
 * written for any number; HF_BY_HEADS compiles it for every small one. */
#ifndef HF_FLOW_FOURS_H
#define HF_FLOW_FOURS_H

#include "core/simd.h"

#include <math.h>
#include <stddef.h>

enum { HF_FEW_HEADS = 4 }; /* up to which number it is */

/* few(H) with a constant for 1 to HF_FEW_HEADS heads, else many. */
#define HF_BY_HEADS(heads, few, many)                                                                                      \
    switch (heads) {                                                                                                       \
    case 1:                                                                                                                \
        few(1);                                                                                                            \
        break;                                                                                                             \
    case 2:                                                                                                                \
        few(2);                                                                                                            \
        break;                                                                                                             \
    case 3:                                                                                                                \
        few(3);                                                                                                            \
        break;                                                                                                             \
    case 4:                                                                                                                \
        few(4);                                                                                                            \
        break;                                                                                                             \
    default:                                                                                                               \
        many;                                                                                                              \
    }

/* The first count of four numbers, 0 behind them. */
HF_INLINE void hf_fours_load(size_t count, const double *x, hf_four *four)
{
    if (count >= HF_FOUR) {
        *four = *(const hf_four *)x;
        return;
    }
    double few[HF_FOUR] = {0};
    for (size_t i = 0; i < count; i++)
        few[i] = x[i];
    *four = *(const hf_four *)few;
}

HF_INLINE void hf_fours_store(size_t count, const hf_four *four, double *x)
{
    if (count >= HF_FOUR)
        *(hf_four *)x = *four;
    else
        for (size_t i = 0; i < count; i++)
            x[i] = (*four)[i];
}

/* largest (4) = the larger of it and |x|, side by side. */
HF_INLINE void hf_fours_raise(const hf_four *x, double *largest)
{
    HF_SIMD
    for (size_t l = 0; l < HF_FOUR; l++)
        largest[l] = fabs((*x)[l]) > largest[l] ? fabs((*x)[l]) : largest[l];
}

HF_INLINE double hf_fours_sum(const hf_four *four)
{
    return ((*four)[0] + (*four)[2]) + ((*four)[1] + (*four)[3]);
}

#endif
