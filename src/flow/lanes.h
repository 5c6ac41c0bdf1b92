/* lanes: arithmetic on modes for many positions at once (private to flow/).
 *
 * A field holds one number per mode and position: rows of mode n, consecutive positions side by side, so that the inner
 * loops run along positions and vectorize. Work goes in blocks of HF_BLOCK positions that stay in the first cache. */
#ifndef HF_FLOW_LANES_H
#define HF_FLOW_LANES_H

#include "core/simd.h"
#include "flow/basis.h"
#include "flow/problem.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { HF_BLOCK = 128 };

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

/* y += sum_n c[n step] times row n of x, in the order of n, two at a time; rows are stride apart. */
HF_INLINE void hf_lanes_add_rows(size_t rows, size_t width, const double *c, size_t step, const double *x, size_t stride,
                                 double *y)
{
    size_t n = 0;
    for (; n + 1 < rows; n += 2)
        hf_lanes_add_two(width, c[n * step], x + n * stride, c[(n + 1) * step], x + (n + 1) * stride, y);
    if (n < rows)
        hf_lanes_add(width, c[n * step], x + n * stride, y);
}

/* result = the sum over modes n of coefficient[n step] times row n of x (H, positions). */
HF_INLINE void hf_lanes_combine(size_t heads, size_t positions, const double *coefficient, size_t step, const double *x,
                                double *result)
{
    memset(result, 0, positions * sizeof *result);
    hf_lanes_add_rows(heads, positions, coefficient, step, x, positions, result);
}

HF_INLINE double hf_lanes_dot(size_t width, const double *x, const double *y)
{
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++)
        sum += x[i] * y[i];
    return sum;
}

/* The same summed over rows, too, two at a time; they are stride_x and stride_y apart. */
HF_INLINE double hf_lanes_dot_rows(size_t rows, size_t width, const double *x, size_t stride_x, const double *y,
                                   size_t stride_y)
{
    double sum = 0;
    size_t n = 0;
    for (; n + 1 < rows; n += 2) {
        const double *x0 = x + n * stride_x, *x1 = x0 + stride_x, *y0 = y + n * stride_y, *y1 = y0 + stride_y;
        HF_SIMD_SUM(sum)
        for (size_t i = 0; i < width; i++)
            sum += x0[i] * y0[i] + x1[i] * y1[i];
    }
    return n < rows ? sum + hf_lanes_dot(width, x + n * stride_x, y + n * stride_y) : sum;
}

HF_INLINE double hf_lanes_max_abs(size_t width, const double *x)
{
    double largest = 0;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

/* Whether the term after t goes into the same mode: two at a time read and write that once. */
HF_INLINE bool hf_terms_are_two(const hf_basis *basis, size_t t)
{
    return t + 1 < basis->term_count && basis->term[t + 1].m == basis->term[t].m;
}

/* Modes of the product of two fields at every position. Row m of x starts at x + m * stride_x, and so on. */
HF_INLINE void hf_lanes_product(const hf_basis *basis, size_t width, const double *x, size_t stride_x, const double *y,
                                size_t stride_y, double *result, size_t stride)
{
    for (size_t m = 0; m < basis->heads; m++)
        memset(result + m * stride, 0, width * sizeof *result);
    for (size_t t = 0; t < basis->term_count; t++) {
        const hf_basis_term term = basis->term[t];
        const double *x0 = x + term.n * stride_x, *y0 = y + term.l * stride_y;
        double *out = result + term.m * stride;
        if (hf_terms_are_two(basis, t)) {
            const hf_basis_term next = basis->term[++t];
            const double *x1 = x + next.n * stride_x, *y1 = y + next.l * stride_y;
            HF_SIMD
            for (size_t i = 0; i < width; i++)
                out[i] = out[i] + term.c * x0[i] * y0[i] + next.c * x1[i] * y1[i];
        } else {
            HF_SIMD
            for (size_t i = 0; i < width; i++)
                out[i] += term.c * x0[i] * y0[i];
        }
    }
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
        if (hf_terms_are_two(basis, t)) {
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
    for (size_t n = 0; n < p->heads; n++) {
        const double *xn = x + n * p->positions + first, *yn = y + n * p->positions + first;
        double part = 0;
        HF_SIMD_SUM(part)
        for (size_t i = 0; i < width; i++)
            part += p->multiplicity[first + i] * xn[i] * yn[i];
        sum += part;
    }
    return sum;
}

HF_INLINE double hf_counted_sum(const hf_problem *p, const double *x)
{
    return hf_lanes_dot(p->positions, p->multiplicity, x);
}

#endif
