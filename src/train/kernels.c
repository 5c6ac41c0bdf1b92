#include "train/kernels.h"

#include <math.h>

#include <string.h>

enum { TILE = 16 }; /* input coordinates whose sums are held in registers */

/* Input coordinates c..c + lanes - 1 of sum_i weight_i x_i. */
HF_INLINE void combine_tile(size_t rows, size_t d, const double *x, const double *weight, size_t c, size_t lanes,
                            double *sum)
{
    double tile[TILE] = {0};
    for (size_t i = 0; i < rows; i++) {
        const double w = weight[i];
        if (w == 0)
            continue;
        HF_SIMD
        for (size_t l = 0; l < lanes; l++)
            tile[l] += w * x[i * d + c + l];
    }
    memcpy(sum + c, tile, lanes * sizeof *sum);
}

/* sum (d) = sum_i weight_i x_i over rows x (rows, d). The last tile overlaps the one before: the same sums once more. */
static HF_WIDE_CLONES void combine_rows(size_t rows, size_t d, const double *x, const double *weight, double *sum)
{
    size_t c = 0;
    for (; c + TILE <= d; c += TILE)
        combine_tile(rows, d, x, weight, c, TILE, sum);
    for (; d >= HF_KERNEL_LANES && c < d; c += HF_KERNEL_LANES)
        combine_tile(rows, d, x, weight, c + HF_KERNEL_LANES <= d ? c : d - HF_KERNEL_LANES, HF_KERNEL_LANES, sum);
    for (; c < d; c++)
        combine_tile(rows, d, x, weight, c, 1, sum);
}

/* Four rows at a time, so that the processor always has a sum to go on with. */
enum { TOGETHER = 4 };

/* Products with one row, or several, of columns c..c + HF_KERNEL_LANES - 1. */
HF_INLINE void add_product(size_t rows, size_t d, const double *x, const double *w, double *lanes)
{
    double tile[TOGETHER][HF_KERNEL_LANES], tail[HF_KERNEL_LANES] = {0};
    const size_t rest = d % HF_KERNEL_LANES, whole = d - rest;
    memcpy(tile, lanes, rows * sizeof tile[0]);
    for (size_t c = 0; c < whole; c += HF_KERNEL_LANES)
        for (size_t r = 0; r < rows; r++) {
            HF_SIMD
            for (size_t l = 0; l < HF_KERNEL_LANES; l++)
                tile[r][l] += x[r * d + c + l] * w[c + l];
        }
    if (rest > 0 && whole > 0) { /* the last HF_KERNEL_LANES columns, those that have been counted times 0 */
        memcpy(tail + HF_KERNEL_LANES - rest, w + whole, rest * sizeof *tail);
        for (size_t r = 0; r < rows; r++) {
            HF_SIMD
            for (size_t l = 0; l < HF_KERNEL_LANES; l++)
                tile[r][l] += x[r * d + d - HF_KERNEL_LANES + l] * tail[l];
        }
    } else
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < rest; c++)
                tile[r][c] += x[r * d + c] * w[c];
    memcpy(lanes, tile, rows * sizeof tile[0]);
}

/* lanes (rows, HF_KERNEL_LANES) += products of the rows x (rows, d) with w (d), to be summed over lanes. */
static HF_WIDE_CLONES void add_products(size_t rows, size_t d, const double *x, const double *w, double *lanes)
{
    size_t i = 0;
    for (; i + TOGETHER <= rows; i += TOGETHER)
        add_product(TOGETHER, d, x + i * d, w, lanes + i * HF_KERNEL_LANES);
    for (; i < rows; i++)
        add_product(1, d, x + i * d, w, lanes + i * HF_KERNEL_LANES);
}

static HF_CLONES double product(size_t count, const double *x, const double *y)
{
    double tile[HF_KERNEL_LANES] = {0};
    const size_t whole = count - count % HF_KERNEL_LANES;
    for (size_t c = 0; c < whole; c += HF_KERNEL_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HF_KERNEL_LANES; l++)
            tile[l] += x[c + l] * y[c + l];
    }
    for (size_t c = whole; c < count; c++)
        tile[c - whole] += x[c] * y[c];
    return hf_kernel_sum(tile);
}

static HF_CLONES void add_scaled(size_t count, double factor, const double *x, double *y)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

/* ---- for others: clones are static ---- */

void hf_kernel_combine(size_t rows, size_t d, const double *x, const double *weight, double *sum)
{
    combine_rows(rows, d, x, weight, sum);
}

void hf_kernel_products(size_t rows, size_t d, const double *x, const double *w, double *lanes)
{
    add_products(rows, d, x, w, lanes);
}

double hf_kernel_dot(size_t count, const double *x, const double *y)
{
    return product(count, x, y);
}

double hf_kernel_dot_columns(size_t d, size_t from, size_t to, const double *x, const double *y)
{
    double sum = 0;
    if (from == 0 && to == d)
        return hf_kernel_dot(d * d, x, y);
    for (size_t o = 0; o < d; o++)
        sum += hf_kernel_dot(to - from, x + o * d + from, y + o * d + from);
    return sum;
}

void hf_kernel_add(size_t count, double factor, const double *x, double *y)
{
    add_scaled(count, factor, x, y);
}

double hf_kernel_orthogonalize(size_t size, size_t count, const double *basis, double *x, double *along)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t r = 0; r < count; r++) {
            const double part = hf_kernel_dot(size, basis + r * size, x);
            if (along != NULL)
                along[r] += part;
            hf_kernel_add(size, -part, basis + r * size, x);
        }
    return sqrt(hf_kernel_dot(size, x, x));
}
