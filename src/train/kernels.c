#include "train/kernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    TOGETHER = 3, /* vectors that are combined, or multiplied, in one pass over the rows */
    ROWS = 4      /* whose products are held in registers at the same time; half as many where those are few */
};

/* ---- sums in registers ---- */

#ifdef HF_HAVE_TARGET_CLONES
#define REAL     double
#define TARGET   __attribute__((target("avx512f")))
#define BYTES    64
#define NAME(of) of##_64
#include "train/kernels_registers.h"

#define REAL     float
#define TARGET   __attribute__((target("avx512f")))
#define BYTES    64
#define NAME(of) of##_single_64
#include "train/kernels_registers.h"

#define REAL     double
#define TARGET   __attribute__((target("avx2")))
#define BYTES    32
#define NAME(of) of##_32
#include "train/kernels_registers.h"

#define REAL     float
#define TARGET   __attribute__((target("avx2")))
#define BYTES    32
#define NAME(of) of##_single_32
#include "train/kernels_registers.h"
#endif

#define REAL double
#define TARGET
#define BYTES    16
#define NAME(of) of##_16
#include "train/kernels_registers.h"

#define REAL float
#define TARGET
#define BYTES    16
#define NAME(of) of##_single_16
#include "train/kernels_registers.h"

typedef struct {
    void (*combine)(size_t vectors, size_t rows, size_t d, const double *x, const double *weight, size_t weight_row,
                    double *sum, size_t sum_row);
    void (*products)(size_t vectors, size_t rows, size_t d, const double *x, const double *w, size_t w_row, double *lanes);
    void (*combine_single)(size_t vectors, size_t rows, size_t d, const float *x, const float *weight, size_t weight_row,
                           float *sum, size_t sum_row);
    void (*products_single)(size_t vectors, size_t rows, size_t d, const float *x, const float *w, size_t w_row,
                            float *lanes);
    double (*dot)(size_t count, const double *x, const double *y);
    double (*dot_single)(size_t count, const float *x, const float *y);
} kernels;

#define KERNELS(bytes)                                                                                                     \
    {                                                                                                                      \
        combine_##bytes, products_##bytes, combine_single_##bytes, products_single_##bytes, dot_##bytes,                   \
            dot_single_##bytes                                                                                             \
    }

/* Those of this processor. */
static const kernels *of_processor(void)
{
#ifdef HF_HAVE_TARGET_CLONES
    static const kernels of_64 = KERNELS(64), of_32 = KERNELS(32);
    if (__builtin_cpu_supports("avx512f"))
        return &of_64;
    if (__builtin_cpu_supports("avx2"))
        return &of_32;
#endif
    static const kernels of_16 = KERNELS(16);
    return &of_16;
}

/* ---- vectors ---- */

static HF_CLONES void add_scaled(size_t count, double factor, const double *x, double *y)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        y[i] += factor * x[i];
}

/* ---- for others: clones are static ---- */

void hf_kernel_combine(size_t vectors, size_t rows, size_t d, const double *x, const double *weight, size_t weight_row,
                       double *sum, size_t sum_row)
{
    of_processor()->combine(vectors, rows, d, x, weight, weight_row, sum, sum_row);
}

void hf_kernel_products(size_t vectors, size_t rows, size_t d, const double *x, const double *w, size_t w_row,
                        double *lanes)
{
    of_processor()->products(vectors, rows, d, x, w, w_row, lanes);
}

void hf_kernel_combine_single(size_t vectors, size_t rows, size_t d, const float *x, const float *weight, size_t weight_row,
                              float *sum, size_t sum_row)
{
    of_processor()->combine_single(vectors, rows, d, x, weight, weight_row, sum, sum_row);
}

void hf_kernel_products_single(size_t vectors, size_t rows, size_t d, const float *x, const float *w, size_t w_row,
                               float *lanes)
{
    of_processor()->products_single(vectors, rows, d, x, w, w_row, lanes);
}

double hf_kernel_dot_single(size_t count, const float *x, const float *y)
{
    return of_processor()->dot_single(count, x, y);
}

double hf_kernel_dot(size_t count, const double *x, const double *y)
{
    return of_processor()->dot(count, x, y);
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
