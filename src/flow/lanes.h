/* lanes: arithmetic on modes for many positions at once (private to flow/).
 *
 * A field holds one number per mode and position: rows of mode n, consecutive positions side by side, so that the inner
 * loops run along positions and vectorize. Work goes in blocks of HF_BLOCK positions that stay in the first cache. */
#ifndef HF_FLOW_LANES_H
#define HF_FLOW_LANES_H

#include "core/simd.h"
#include "flow/basis.h"
#include "flow/fours.h"
#include "flow/problem.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { HF_BLOCK = 128 };
enum { HF_TOGETHER = 4 }; /* rows added in one pass */

HF_INLINE size_t hf_block_width(size_t first, size_t positions)
{
    return positions - first < HF_BLOCK ? positions - first : HF_BLOCK;
}

/* w_i of drift.h for the positions of one block; omega is the same for all features. */
HF_INLINE void hf_block_weight(const hf_problem *p, size_t first, size_t width, double *weight)
{
    for (size_t i = 0; i < width; i++)
        weight[i] = p->copies[first + i] * p->variance[first + i];
}

/* y[i] += c x[i] */
HF_INLINE void hf_lanes_add(size_t width, double c, const double *x, double *y)
{
    HF_SIMD
    for (size_t i = 0; i < width; i++)
        y[i] += c * x[i];
}

/* y[i] += c x[i] + d z[i], with the bits of one after the other: y is read and written once. */
HF_INLINE void hf_lanes_add_two(size_t width, double c, const double *x, double d, const double *z, double *y)
{
    HF_SIMD
    for (size_t i = 0; i < width; i++)
        y[i] = y[i] + c * x[i] + d * z[i];
}

/* y = start + sum_n c[n step] times row n of x for up to HF_TOGETHER rows, which are stride apart, in the order of n; start is 0
 * or y. y is written once and, from 0, not read. */
HF_INLINE void hf_lanes_add_few(size_t rows, size_t width, bool from_zero, const double *c, size_t step, const double *x,
                                size_t stride, double *y)
{
    const double c0 = c[0], c1 = rows > 1 ? c[step] : 0, c2 = rows > 2 ? c[2 * step] : 0, c3 = rows > 3 ? c[3 * step] : 0;
    switch (rows) {
    case 1:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            y[i] = (from_zero ? 0 : y[i]) + c0 * x[i];
        return;
    case 2:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            y[i] = (from_zero ? 0 : y[i]) + c0 * x[i] + c1 * x[stride + i];
        return;
    case 3:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            y[i] = (from_zero ? 0 : y[i]) + c0 * x[i] + c1 * x[stride + i] + c2 * x[2 * stride + i];
        return;
    default:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            y[i] =
                (from_zero ? 0 : y[i]) + c0 * x[i] + c1 * x[stride + i] + c2 * x[2 * stride + i] + c3 * x[3 * stride + i];
    }
}

HF_INLINE size_t hf_lanes_together(size_t left)
{
    return left < HF_TOGETHER ? left : HF_TOGETHER;
}

/* y += sum_n c[n step] times row n of x, with the bits of one after the other; rows are stride apart. */
HF_INLINE void hf_lanes_add_rows(size_t rows, size_t width, const double *c, size_t step, const double *x, size_t stride,
                                 double *y)
{
    for (size_t n = 0; n < rows; n += HF_TOGETHER)
        hf_lanes_add_few(hf_lanes_together(rows - n), width, false, c + n * step, step, x + n * stride, stride, y);
}

/* y = that sum; rows: at least 1. */
HF_INLINE void hf_lanes_sum_rows(size_t rows, size_t width, const double *c, size_t step, const double *x, size_t stride,
                                 double *y)
{
    const size_t few = hf_lanes_together(rows);
    hf_lanes_add_few(few, width, true, c, step, x, stride, y);
    hf_lanes_add_rows(rows - few, width, c + few * step, step, x + few * stride, stride, y);
}

/* result = the sum over modes n of coefficient[n step] times row n of x (H, positions). */
HF_INLINE void hf_lanes_combine(size_t heads, size_t positions, const double *coefficient, size_t step, const double *x,
                                double *result)
{
    hf_lanes_sum_rows(heads, positions, coefficient, step, x, positions, result);
}

HF_INLINE double hf_lanes_dot(size_t width, const double *x, const double *y)
{
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++)
        sum += x[i] * y[i];
    return sum;
}

enum { HF_TILE_ROWS = 3, HF_TILE_COLUMNS = 4 };

/* result[a result_stride + b] += sum_i x_a[i] y_b[i] for a tile of rows x_a and y_b, stride_x and stride_y apart. rows and columns are
 * constants: the sums stay in registers. */
HF_INLINE void hf_lanes_tile(size_t rows, size_t columns, size_t width, const double *x, size_t stride_x, const double *y,
                             size_t stride_y, double *result, size_t result_stride)
{
    hf_four sum[HF_TILE_ROWS][HF_TILE_COLUMNS] = {{{0}}};
    size_t i = 0;
    for (; i + HF_FOUR <= width; i += HF_FOUR)
        HF_UNROLL
    for (size_t a = 0; a < rows; a++)
        HF_UNROLL
    for (size_t b = 0; b < columns; b++)
        sum[a][b] += *(const hf_four *)(x + a * stride_x + i) * *(const hf_four *)(y + b * stride_y + i);
    HF_UNROLL
    for (size_t a = 0; a < rows; a++)
        HF_UNROLL
    for (size_t b = 0; b < columns; b++) {
        double all = hf_fours_sum(&sum[a][b]);
        for (size_t k = i; k < width; k++)
            all += x[a * stride_x + k] * y[b * stride_y + k];
        result[a * result_stride + b] += all;
    }
}

/* The same for any number of columns. rows: a constant. */
HF_INLINE void hf_lanes_tiles(size_t rows, size_t columns, size_t width, const double *x, size_t stride_x, const double *y,
                              size_t stride_y, double *result, size_t result_stride)
{
    size_t b = 0;
    for (; b + HF_TILE_COLUMNS <= columns; b += HF_TILE_COLUMNS)
        hf_lanes_tile(rows, HF_TILE_COLUMNS, width, x, stride_x, y + b * stride_y, stride_y, result + b, result_stride);
    for (; b < columns; b++)
        hf_lanes_tile(rows, 1, width, x, stride_x, y + b * stride_y, stride_y, result + b, result_stride);
}

/* result (rows, columns) += x y^T, x (rows, width) and y (columns, width). */
HF_INLINE void hf_lanes_products(size_t rows, size_t columns, size_t width, const double *x, size_t stride_x,
                                 const double *y, size_t stride_y, double *result)
{
    size_t a = 0;
    for (; a + HF_TILE_ROWS <= rows; a += HF_TILE_ROWS)
        hf_lanes_tiles(HF_TILE_ROWS, columns, width, x + a * stride_x, stride_x, y, stride_y, result + a * columns,
                       columns);
    for (; a < rows; a++)
        hf_lanes_tiles(1, columns, width, x + a * stride_x, stride_x, y, stride_y, result + a * columns, columns);
}

HF_INLINE double hf_lanes_max_abs(size_t width, const double *x)
{
    double largest = 0;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

/* How many of the terms from t on go into the same mode, up to HF_TOGETHER. */
HF_INLINE size_t hf_terms_together(const hf_basis *basis, size_t t)
{
    size_t count = 1;
    while (count < HF_TOGETHER && t + count < basis->term_count && basis->term[t + count].m == basis->term[t].m)
        count++;
    return count;
}

/* out = start + the products that these terms, of one mode, stand for; start is 0 or out. */
HF_INLINE void hf_lanes_add_products(size_t count, size_t width, bool from_zero, const hf_basis_term *term, const double *x,
                                     size_t stride_x, const double *y, size_t stride_y, double *out)
{
    const double *xs[HF_TOGETHER] = {x, x, x, x}, *ys[HF_TOGETHER] = {y, y, y, y};
    double c[HF_TOGETHER] = {0};
    for (size_t k = 0; k < count; k++) {
        xs[k] = x + term[k].n * stride_x;
        ys[k] = y + term[k].l * stride_y;
        c[k] = term[k].c;
    }
    const double *x0 = xs[0], *x1 = xs[1], *x2 = xs[2], *x3 = xs[3], *y0 = ys[0], *y1 = ys[1], *y2 = ys[2], *y3 = ys[3];
    const double c0 = c[0], c1 = c[1], c2 = c[2], c3 = c[3];
    switch (count) {
    case 1:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            out[i] = (from_zero ? 0 : out[i]) + c0 * x0[i] * y0[i];
        return;
    case 2:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            out[i] = (from_zero ? 0 : out[i]) + c0 * x0[i] * y0[i] + c1 * x1[i] * y1[i];
        return;
    case 3:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            out[i] = (from_zero ? 0 : out[i]) + c0 * x0[i] * y0[i] + c1 * x1[i] * y1[i] + c2 * x2[i] * y2[i];
        return;
    default:
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            out[i] = (from_zero ? 0 : out[i]) + c0 * x0[i] * y0[i] + c1 * x1[i] * y1[i] + c2 * x2[i] * y2[i] +
                     c3 * x3[i] * y3[i];
    }
}

/* Modes of the products of two fields at four positions; out is neither of them. Of many heads term by term; every mode has one. Of
 * few: with X_n the sum over the modes m above n of c_mnn x^(m), and Y_n likewise, the modes n of the products are
 *
 *     x^(n) Y_n + y^(n) X_n + c_nnn x^(n) y^(n) + the sum over the modes k below n of c_nkk x^(k) y^(k) */
HF_INLINE void hf_fours_product(size_t heads, const hf_basis *basis, const hf_four *xs, const hf_four *ys, hf_four *out)
{
    hf_four all_x, all_y, both;
    if (heads > HF_FEW_HEADS) {
        for (size_t t = 0; t < basis->term_count;) {
            const size_t m = basis->term[t].m;
            hf_four sum = {0};
            for (; t < basis->term_count && basis->term[t].m == m; t++)
                sum += basis->term[t].c * xs[basis->term[t].n] * ys[basis->term[t].l];
            out[m] = sum;
        }
        return;
    }
    HF_UNROLL
    for (size_t n = 0; n < heads; n++) {
        const double *c = basis->above + n * heads;
        both = xs[n] * ys[n];
        out[n] = basis->own[n] * both;
        HF_UNROLL
        for (size_t m = 0; m < n; m++) {
            all_x = m == 0 ? c[m] * xs[m] : all_x + c[m] * xs[m];
            all_y = m == 0 ? c[m] * ys[m] : all_y + c[m] * ys[m];
            out[m] += c[m] * both;
        }
        if (n > 0)
            out[n] += xs[n] * all_y + ys[n] * all_x;
    }
}

HF_INLINE void hf_lanes_product_four(size_t heads, size_t count, const hf_basis *basis, const double *x, size_t stride_x,
                                     const double *y, size_t stride_y, double *result, size_t stride)
{
    hf_four xs[HF_FEW_HEADS], ys[HF_FEW_HEADS], out[HF_FEW_HEADS];
    HF_UNROLL
    for (size_t n = 0; n < heads; n++) {
        hf_fours_load(count, x + n * stride_x, &xs[n]);
        hf_fours_load(count, y + n * stride_y, &ys[n]);
    }
    hf_fours_product(heads, basis, xs, ys, out);
    HF_UNROLL
    for (size_t n = 0; n < heads; n++)
        hf_fours_store(count, &out[n], result + n * stride);
}

HF_INLINE void hf_lanes_product_few(size_t heads, const hf_basis *basis, size_t width, const double *x, size_t stride_x,
                                    const double *y, size_t stride_y, double *result, size_t stride)
{
    size_t i = 0;
    for (; i + HF_FOUR <= width; i += HF_FOUR)
        hf_lanes_product_four(heads, HF_FOUR, basis, x + i, stride_x, y + i, stride_y, result + i, stride);
    if (i < width)
        hf_lanes_product_four(heads, width - i, basis, x + i, stride_x, y + i, stride_y, result + i, stride);
}

/* The same for any number of heads, term by term. Every mode has one. */
HF_INLINE void hf_lanes_product_many(const hf_basis *basis, size_t width, const double *x, size_t stride_x, const double *y,
                                     size_t stride_y, double *result, size_t stride)
{
    for (size_t t = 0, count; t < basis->term_count; t += count) {
        const hf_basis_term *term = &basis->term[t];
        double *out = result + term->m * stride;
        count = hf_terms_together(basis, t);
        if (t == 0 || term[-1].m != term->m)
            hf_lanes_add_products(count, width, true, term, x, stride_x, y, stride_y, out);
        else
            hf_lanes_add_products(count, width, false, term, x, stride_x, y, stride_y, out);
    }
}

/* Modes of the product of two fields at every position. Row m of x starts at x + m * stride_x, and so on. result is neither x nor
 * y. */
HF_INLINE void hf_lanes_product(const hf_basis *basis, size_t width, const double *x, size_t stride_x, const double *y,
                                size_t stride_y, double *result, size_t stride){
#define PRODUCT(number) hf_lanes_product_few(number, basis, width, x, stride_x, y, stride_y, result, stride)
    HF_BY_HEADS(basis->heads, PRODUCT, hf_lanes_product_many(basis, width, x, stride_x, y, stride_y, result, stride))
#undef PRODUCT
}

/* The same with a factor y (H) that is equal at all positions. */
HF_INLINE void hf_lanes_product_constant(const hf_basis *basis, size_t width, const double *x, size_t stride_x,
                                         const double *y, double *result, size_t stride)
{
    for (size_t m = 0; m < basis->heads; m++)
        memset(result + m * stride, 0, width * sizeof *result);
    for (size_t t = 0; t < basis->term_count; t++) {
        const hf_basis_term term = basis->term[t];
        const double c = term.c * y[term.l], *xn = x + term.n * stride_x;
        double *out = result + term.m * stride;
        if (hf_terms_together(basis, t) > 1) {
            const hf_basis_term next = basis->term[++t];
            hf_lanes_add_two(width, c, xn, next.c * y[next.l], x + next.n * stride_x, out);
        } else
            hf_lanes_add(width, c, xn, out);
    }
}

/* sum_i n_i x_i y_i */
HF_INLINE double hf_counted_dot(const hf_problem *p, const double *x, const double *y)
{
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < p->positions; i++)
        sum += p->multiplicity[i] * x[i] * y[i];
    return sum;
}

/* sum plus what one block of two fields (rows of all positions) adds to sum_n sum_i n_i x_ni y_ni. */
HF_INLINE double hf_counted_block(const hf_problem *p, size_t first, size_t width, const double *x, const double *y,
                                  double sum)
{
    hf_four count, xs, ys, all = {0};
    for (size_t i = first, end = first + width; i < end; i += HF_FOUR) {
        hf_fours_load(end - i, p->multiplicity + i, &count);
        for (size_t n = 0; n < p->heads; n++) {
            hf_fours_load(end - i, x + n * p->positions + i, &xs);
            hf_fours_load(end - i, y + n * p->positions + i, &ys);
            all += count * xs * ys;
        }
    }
    return sum + hf_fours_sum(&all);
}

HF_INLINE double hf_counted_sum(const hf_problem *p, const double *x)
{
    return hf_lanes_dot(p->positions, p->multiplicity, x);
}

#endif
