/* tiles: sums in eight lanes laid out by hand, so that every instruction set gives the same bits. To be used inside functions
 * of HF_CLONES or HF_REGISTERS. */
#ifndef HF_TRAIN_TILES_H
#define HF_TRAIN_TILES_H

#include "core/simd.h"

#include <stddef.h>

enum { HF_TILE_LANES = 8 };

/* The sum of eight lanes, the first and the last four. */
HF_INLINE double hf_tiles_sum_lanes(const double *low, const double *high)
{
    return ((low[0] + high[0]) + (low[2] + high[2])) + ((low[1] + high[1]) + (low[3] + high[3]));
}

/* sum_i x_i, number i in lane i % 8. Halves, because an array as long as a register is kept in one. */
HF_INLINE double hf_tiles_sum(size_t count, const double *x)
{
    enum { HALF = HF_TILE_LANES / 2 };
    double low[HALF] = {0}, high[HALF] = {0};
    size_t i = 0;
    for (; i + HF_TILE_LANES <= count; i += HF_TILE_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HALF; l++) {
            low[l] += x[i + l];
            high[l] += x[i + HALF + l];
        }
    }
    for (size_t l = 0; i + l < count; l++)
        *(l < HALF ? &low[l] : &high[l - HALF]) += x[i + l];
    return hf_tiles_sum_lanes(low, high);
}

#endif
