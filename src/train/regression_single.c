/* The regression transformer's samples in single precision. What samples add up to is summed in double from share to share, losses and
 * products of errors from sample to sample. */
#include "train/regression_state.h"

typedef float real;

#define PASS        hf_regression_pass_single
#define FILL_NORMAL hf_normal_fill_single
#define COMBINE     hf_kernel_combine_single
#define PRODUCTS    hf_kernel_products_single
#define DOT         hf_kernel_dot_single
#define SUM         hf_kernel_sum_single
#define SUMS        HF_KERNEL_LANES_SINGLE
#define GEMM        cblas_sgemm

#include "train/regression_pass_body.h"
