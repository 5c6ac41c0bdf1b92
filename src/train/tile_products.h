/* tile_products: products of small matrices held in cache, one tile of the result in registers at a time. A template: included
 * where `real` is double or float, used inside functions of HF_REGISTERS.
 *
 * Every entry of the result is one sum in the order of its terms, whatever the size of the registers: the same bits. */
#include "core/simd.h"

#include <stdbool.h>

#include <stddef.h>

/* Entry (i, k) of a matrix is at[i row + k column]. */
typedef struct {
    const real *at;
    size_t row, column;
} matrix;

enum { TILE_ROWS = 4, TILE_REALS = 64 / sizeof(real) /* in the largest register */ };

/* Four rows and two registers of columns of C (rows c_row apart) = A B, or += A B; b: rows b_row apart. */
HF_INLINE void tile_wide(size_t lanes, bool add, size_t depth, matrix a, const real *b, size_t b_row, real *c, size_t c_row)
{
    real s0[TILE_REALS] = {0}, s1[TILE_REALS] = {0}, s2[TILE_REALS] = {0}, s3[TILE_REALS] = {0};
    real t0[TILE_REALS] = {0}, t1[TILE_REALS] = {0}, t2[TILE_REALS] = {0}, t3[TILE_REALS] = {0};
    for (size_t k = 0; k < depth; k++) {
        const real *x = a.at + k * a.column, *y = b + k * b_row, *z = y + lanes;
        const real x0 = x[0], x1 = x[a.row], x2 = x[2 * a.row], x3 = x[3 * a.row];
        HF_SIMD
        for (size_t l = 0; l < lanes; l++) {
            s0[l] += x0 * y[l];
            s1[l] += x1 * y[l];
            s2[l] += x2 * y[l];
            s3[l] += x3 * y[l];
            t0[l] += x0 * z[l];
            t1[l] += x1 * z[l];
            t2[l] += x2 * z[l];
            t3[l] += x3 * z[l];
        }
    }
    HF_SIMD
    for (size_t l = 0; l < lanes; l++) {
        c[l] = (add ? c[l] : 0) + s0[l];
        c[lanes + l] = (add ? c[lanes + l] : 0) + t0[l];
        c[c_row + l] = (add ? c[c_row + l] : 0) + s1[l];
        c[c_row + lanes + l] = (add ? c[c_row + lanes + l] : 0) + t1[l];
        c[2 * c_row + l] = (add ? c[2 * c_row + l] : 0) + s2[l];
        c[2 * c_row + lanes + l] = (add ? c[2 * c_row + lanes + l] : 0) + t2[l];
        c[3 * c_row + l] = (add ? c[3 * c_row + l] : 0) + s3[l];
        c[3 * c_row + lanes + l] = (add ? c[3 * c_row + lanes + l] : 0) + t3[l];
    }
}

/* The same of one register of columns. */
HF_INLINE void tile_narrow(size_t lanes, bool add, size_t depth, matrix a, const real *b, size_t b_row, real *c,
                           size_t c_row)
{
    real s0[TILE_REALS] = {0}, s1[TILE_REALS] = {0}, s2[TILE_REALS] = {0}, s3[TILE_REALS] = {0};
    for (size_t k = 0; k < depth; k++) {
        const real *x = a.at + k * a.column, *y = b + k * b_row;
        const real x0 = x[0], x1 = x[a.row], x2 = x[2 * a.row], x3 = x[3 * a.row];
        HF_SIMD
        for (size_t l = 0; l < lanes; l++) {
            s0[l] += x0 * y[l];
            s1[l] += x1 * y[l];
            s2[l] += x2 * y[l];
            s3[l] += x3 * y[l];
        }
    }
    HF_SIMD
    for (size_t l = 0; l < lanes; l++) {
        c[l] = (add ? c[l] : 0) + s0[l];
        c[c_row + l] = (add ? c[c_row + l] : 0) + s1[l];
        c[2 * c_row + l] = (add ? c[2 * c_row + l] : 0) + s2[l];
        c[3 * c_row + l] = (add ? c[3 * c_row + l] : 0) + s3[l];
    }
}

/* And of one row. */
HF_INLINE void tile_row(size_t lanes, bool add, size_t depth, matrix a, const real *b, size_t b_row, real *c)
{
    real s[TILE_REALS] = {0};
    for (size_t k = 0; k < depth; k++) {
        const real x = a.at[k * a.column], *y = b + k * b_row;
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            s[l] += x * y[l];
    }
    HF_SIMD
    for (size_t l = 0; l < lanes; l++)
        c[l] = (add ? c[l] : 0) + s[l];
}

/* C (rows, width) = A (rows, depth) B (depth, width), or += with add. width: a multiple of lanes, those of one register. */
HF_INLINE void multiply_tiles(size_t lanes, bool add, size_t rows, size_t depth, size_t width, matrix a, const real *b,
                              size_t b_row, real *c, size_t c_row)
{
    size_t i = 0;
    for (; i + TILE_ROWS <= rows; i += TILE_ROWS) {
        const matrix part = {a.at + i * a.row, a.row, a.column};
        size_t j = 0;
        for (; j + 2 * lanes <= width; j += 2 * lanes)
            tile_wide(lanes, add, depth, part, b + j, b_row, c + i * c_row + j, c_row);
        for (; j < width; j += lanes)
            tile_narrow(lanes, add, depth, part, b + j, b_row, c + i * c_row + j, c_row);
    }
    for (; i < rows; i++)
        for (size_t j = 0; j < width; j += lanes)
            tile_row(lanes, add, depth, (matrix){a.at + i * a.row, a.row, a.column}, b + j, b_row, c + i * c_row + j);
}
