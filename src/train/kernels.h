/* kernels: the loops that training spends its time in (private to train/).
 *
 * Sums are laid out by hand in HF_KERNEL_LANES lanes, so that they are the same bits on every instruction set, and every
 * head goes through the same operations in the same order: equal heads stay equal. */
#ifndef HF_TRAIN_KERNELS_H
#define HF_TRAIN_KERNELS_H

#include "core/simd.h"

#include <stddef.h>

enum {
    HF_KERNEL_BYTES = 64, /* as many lanes as they hold */
    HF_KERNEL_LANES = HF_KERNEL_BYTES / sizeof(double),
    HF_KERNEL_LANES_SINGLE = HF_KERNEL_BYTES / sizeof(float)
};

/* sum (vectors, d) = sum_i weight_i x_i over rows x (rows, d), for each of weight (vectors, rows). Vectors of weights and of sums
 * are weight_row and sum_row apart. */
void hf_kernel_combine(size_t vectors, size_t rows, size_t d, const double *x, const double *weight, size_t weight_row,
                       double *sum, size_t sum_row);

/* lanes (vectors, rows, HF_KERNEL_LANES) += products of the rows x (rows, d) with each of w (vectors, d), w_row apart; to be summed
 * by hf_kernel_sum. */
void hf_kernel_products(size_t vectors, size_t rows, size_t d, const double *x, const double *w, size_t w_row,
                        double *lanes);

/* The same in single precision, with HF_KERNEL_LANES_SINGLE lanes. */
void hf_kernel_combine_single(size_t vectors, size_t rows, size_t d, const float *x, const float *weight, size_t weight_row,
                              float *sum, size_t sum_row);
void hf_kernel_products_single(size_t vectors, size_t rows, size_t d, const float *x, const float *w, size_t w_row,
                               float *lanes);

/* sum_i x_i y_i, of numbers of single precision too in double. */
double hf_kernel_dot_single(size_t count, const float *x, const float *y);
double hf_kernel_dot(size_t count, const double *x, const double *y);

/* <x, y> over the columns from..to - 1 of two (d, d) matrices. */
double hf_kernel_dot_columns(size_t d, size_t from, size_t to, const double *x, const double *y);

/* y += factor x */
void hf_kernel_add(size_t count, double factor, const double *x, double *y);

/* Takes from x (size) its parts along the orthonormal rows of basis (count, size), twice: the second time what rounding has
 * left. along (count), unless NULL, gets them added. Returns the norm of the rest. */
double hf_kernel_orthogonalize(size_t size, size_t count, const double *basis, double *x, double *along);

/* The sum of HF_KERNEL_LANES lanes. */
HF_INLINE double hf_kernel_sum(const double *lanes)
{
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* And of HF_KERNEL_LANES_SINGLE. */
HF_INLINE double hf_kernel_sum_single(const float *lanes)
{
    double pair[HF_KERNEL_LANES];
    for (size_t l = 0; l < HF_KERNEL_LANES; l++)
        pair[l] = (double)lanes[l] + (double)lanes[l + HF_KERNEL_LANES];
    return hf_kernel_sum(pair);
}

#endif
