/* tiles: products of small matrices held in cache, in lanes laid out by hand, so that every instruction set gives the same
 * bits. To be used inside functions of HF_CLONES. */
#ifndef HF_TRAIN_TILES_H
#define HF_TRAIN_TILES_H

#include "core/simd.h"

#include <stddef.h>

enum { HF_TILE_LANES = 8, HF_TILE_ROWS = 4 };

/* rows x 8 of C += A B. */
HF_INLINE void hf_tile_add(size_t rows, size_t depth, const double *a, size_t a_row, size_t a_column, const double *b,
                           size_t b_row, double *c, size_t c_row)
{
    double sum[HF_TILE_ROWS][HF_TILE_LANES];
    for (size_t r = 0; r < rows; r++) {
        HF_SIMD
        for (size_t l = 0; l < HF_TILE_LANES; l++)
            sum[r][l] = 0;
    }
    for (size_t k = 0; k < depth; k++)
        for (size_t r = 0; r < rows; r++) {
            const double x = a[r * a_row + k * a_column];
            HF_SIMD
            for (size_t l = 0; l < HF_TILE_LANES; l++)
                sum[r][l] += x * b[k * b_row + l];
        }
    for (size_t r = 0; r < rows; r++) {
        HF_SIMD
        for (size_t l = 0; l < HF_TILE_LANES; l++)
            c[r * c_row + l] += sum[r][l];
    }
}

/* C (rows, width) += A (rows, depth) B (depth, width): entry (i, k) of A is a[i a_row + k a_column]; rows of B and C are
 * b_row and c_row apart. width: a multiple of HF_TILE_LANES. */
HF_INLINE void hf_tiles_add(size_t rows, size_t depth, size_t width, const double *a, size_t a_row, size_t a_column,
                            const double *b, size_t b_row, double *c, size_t c_row)
{
    size_t i = 0;
    for (; i + HF_TILE_ROWS <= rows; i += HF_TILE_ROWS)
        for (size_t j = 0; j < width; j += HF_TILE_LANES)
            hf_tile_add(HF_TILE_ROWS, depth, a + i * a_row, a_row, a_column, b + j, b_row, c + i * c_row + j, c_row);
    for (; i < rows; i++)
        for (size_t j = 0; j < width; j += HF_TILE_LANES)
            hf_tile_add(1, depth, a + i * a_row, a_row, a_column, b + j, b_row, c + i * c_row + j, c_row);
}

/* sum_i x_i */
HF_INLINE double hf_tiles_sum(size_t count, const double *x)
{
    double lanes[HF_TILE_LANES] = {0};
    size_t i = 0;
    for (; i + HF_TILE_LANES <= count; i += HF_TILE_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HF_TILE_LANES; l++)
            lanes[l] += x[i + l];
    }
    for (size_t l = 0; i + l < count; l++)
        lanes[l] += x[i + l];
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

#endif
