#include "train/layers/layers.h"

#include "core/simd.h"
#include "train/kernels.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <string.h>

HF_CLONES static void add_rows(size_t C, const double *a, const double *b, double *sum)
{
    HF_SIMD
    for (size_t c = 0; c < C; c++)
        sum[c] = a[c] + b[c];
}

void hf_embedding_forward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *token,
                          const double *place, double *x)
{
    for (size_t r = 0; r < n; r++) {
        const double *by_token = token + tokens[r] * C;
        if (place != NULL)
            add_rows(C, by_token, place + r % places * C, x + r * C);
        else
            memcpy(x + r * C, by_token, C * sizeof *x);
    }
}

void hf_embedding_backward(size_t n, size_t places, size_t C, const hf_token *tokens, const double *dx, double *dtoken,
                           double *dplace)
{
    for (size_t r = 0; r < n; r++) {
        if (dtoken != NULL)
            hf_kernel_add(C, 1, dx + r * C, dtoken + tokens[r] * C);
        if (dplace != NULL)
            hf_kernel_add(C, 1, dx + r * C, dplace + r % places * C);
    }
}

void hf_embedding_vectors(size_t n, size_t places, size_t d, size_t C, const double *v, const double *input,
                          const double *place, double *x)
{
    for (size_t r = 0; r < n; r++)
        memcpy(x + r * C, place + r % places * C, C * sizeof *x);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)C, (int)d, 1, v, (int)d, input, (int)C, 1, x,
                (int)C);
}

void hf_embedding_vectors_back(size_t n, size_t places, size_t d, size_t C, const double *v, const double *dx,
                               double *dinput, double *dplace)
{
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)d, (int)C, (int)n, 1, v, (int)d, dx, (int)C, 1, dinput,
                (int)C);
    for (size_t r = 0; r < n && dplace != NULL; r++)
        hf_kernel_add(C, 1, dx + r * C, dplace + r % places * C);
}

void hf_embedding_sinusoids(size_t places, size_t C, double *place)
{
    for (size_t t = 0; t < places; t++)
        for (size_t c = 0; c < C; c++) {
            const double angle = (double)t / pow(10000, (double)(c / 2 * 2) / (double)C);
            place[t * C + c] = c % 2 == 0 ? sin(angle) : cos(angle);
        }
}
