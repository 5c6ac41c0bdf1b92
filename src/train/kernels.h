/* kernels: the loops that training spends its time in (private to train/).
 *
 * Sums are laid out by hand in lanes of HF_KERNEL_LANES, so that they are the same bits on every instruction set, and every
 * head goes through the same operations in the same order: equal heads stay equal. */
#ifndef HF_TRAIN_KERNELS_H
#define HF_TRAIN_KERNELS_H

#include "core/simd.h"

#include <stddef.h>

enum { HF_KERNEL_LANES = 8 };

/* sum (vectors, d) = sum_i weight_i x_i over rows x (rows, d), for each of weight (vectors, rows). Vectors of weights and of sums
 * are weight_row and sum_row apart. */
void hf_kernel_combine(size_t vectors, size_t rows, size_t d, const double *x, const double *weight, size_t weight_row,
                       double *sum, size_t sum_row);

/* lanes (vectors, rows, HF_KERNEL_LANES) += products of the rows x (rows, d) with each of w (vectors, d), w_row apart; to be summed
 * by hf_kernel_sum. */
void hf_kernel_products(size_t vectors, size_t rows, size_t d, const double *x, const double *w, size_t w_row,
                        double *lanes);

/* sum_i x_i y_i */
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

#endif
