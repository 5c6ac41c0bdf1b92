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

/* result = sum over modes n of coefficient[n stride] times row n of x (H, positions). */
HF_INLINE void hf_lanes_combine(size_t heads, size_t positions, const double *coefficient, size_t stride, const double *x,
                                double *result)
{
    memset(result, 0, positions * sizeof *result);
    for (size_t n = 0; n < heads; n++)
        if (coefficient[n * stride] != 0)
            hf_lanes_add(positions, coefficient[n * stride], x + n * positions, result);
}

HF_INLINE double hf_lanes_dot(size_t width, const double *x, const double *y)
{
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++)
        sum += x[i] * y[i];
    return sum;
}

HF_INLINE double hf_lanes_max_abs(size_t width, const double *x)
{
    double largest = 0;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

/* Modes of the product of two fields at every position. Row m of x starts at x + m * stride_x, and so on. */
HF_INLINE void hf_lanes_product(const hf_basis *basis, size_t width, const double *x, size_t stride_x, const double *y,
                                size_t stride_y, double *result, size_t stride)
{
    for (size_t m = 0; m < basis->heads; m++)
        memset(result + m * stride, 0, width * sizeof *result);
    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        const double *xn = x + term.n * stride_x, *yl = y + term.l * stride_y;
        double *out = result + term.m * stride;
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            out[i] += term.c * xn[i] * yl[i];
    }
}

/* The same with a factor y (H) that is equal at all positions. */
HF_INLINE void hf_lanes_product_constant(const hf_basis *basis, size_t width, const double *x, size_t stride_x,
                                         const double *y, double *result, size_t stride)
{
    for (size_t m = 0; m < basis->heads; m++)
        memset(result + m * stride, 0, width * sizeof *result);
    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        hf_lanes_add(width, term.c * y[term.l], x + term.n * stride_x, result + term.m * stride);
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
