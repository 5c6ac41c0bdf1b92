/* The regression transformer's samples in double precision. */
#include "train/regression_state.h"

typedef double real;

#define PASS        hf_regression_pass_double
#define FILL_NORMAL hf_normal_fill
#define COMBINE     hf_kernel_combine
#define PRODUCTS    hf_kernel_products
#define DOT         hf_kernel_dot
#define SUM         hf_kernel_sum
#define SUMS        HF_KERNEL_LANES
#define GEMM        cblas_dgemm

#include "train/regression_pass_body.h"
