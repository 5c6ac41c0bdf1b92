#include "train/layers/layers.h"

#include "train/kernels.h"

#include <gsl/gsl_cblas.h>
#include <string.h>

void hf_linear_forward(size_t n, size_t in, size_t out, const double *x, const double *w, const double *b, double *y)
{
    for (size_t r = 0; r < n && b != NULL; r++)
        memcpy(y + r * out, b, out * sizeof *y);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)out, (int)in, 1, x, (int)in, w, (int)in,
                b != NULL ? 1 : 0, y, (int)out);
}

/* dx = dy W, dW += dy^T x, db += sum of dy's rows. */
void hf_linear_backward(size_t n, size_t in, size_t out, const double *x, const double *w, const double *dy, bool add,
                        double *dx, double *dw, double *db)
{
    if (dx != NULL)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)in, (int)out, 1, dy, (int)out, w, (int)in,
                    add ? 1 : 0, dx, (int)in);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)out, (int)in, (int)n, 1, dy, (int)out, x, (int)in, 1, dw,
                (int)in);
    for (size_t r = 0; r < n && db != NULL; r++)
        hf_kernel_add(out, 1, dy + r * out, db);
}
