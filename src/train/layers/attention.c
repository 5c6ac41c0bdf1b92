#include "train/layers/layers.h"

#include "core/exponential.h"
#include "train/tiles.h"

#include <gsl/gsl_cblas.h>
#include <math.h>

/* Row n of the weights sees the first first + n + 1 keys. */
static size_t seen(const hf_attention_shape *s, size_t n)
{
    const size_t count = s->first + n + 1;
    return count < s->keys ? count : s->keys;
}

/* And of these not the first so many. */
static size_t unseen(const hf_attention_shape *s, size_t n)
{
    const size_t count = seen(s, n);
    return s->window == 0 || count <= s->window ? 0 : count - s->window;
}

HF_CLONES static void softmax(const hf_attention_shape *s, double *weights)
{
    for (size_t n = 0; n < s->queries; n++) {
        double *row = weights + n * s->keys, largest = -INFINITY;
        const size_t from = unseen(s, n), count = seen(s, n);
        HF_SIMD_MAX(largest)
        for (size_t j = from; j < count; j++)
            largest = row[j] > largest ? row[j] : largest;
        HF_SIMD
        for (size_t j = from; j < count; j++)
            row[j] = hf_exponential(row[j] - largest);
        const double norm = 1 / hf_tiles_sum(count - from, row + from);
        HF_SIMD
        for (size_t j = from; j < count; j++)
            row[j] *= norm;
        for (size_t j = 0; j < from; j++)
            row[j] = 0;
        for (size_t j = count; j < s->keys; j++)
            row[j] = 0;
    }
}

void hf_attention_logits(const hf_attention_shape *s, const double *q, const double *k, double *logits)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)s->queries, (int)s->keys, (int)s->q_width, s->scale, q,
                (int)s->q_stride, k, (int)s->k_stride, 0, logits, (int)s->keys);
}

void hf_attention_weights(const hf_attention_shape *s, const double *q, const double *k, double *weights)
{
    hf_attention_logits(s, q, k, weights);
    softmax(s, weights);
}

void hf_attention_values(const hf_attention_shape *s, const double *weights, const double *v, double *o)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->queries, (int)s->v_width, (int)s->keys, 1, weights,
                (int)s->keys, v, (int)s->v_stride, 0, o, (int)s->o_stride);
}

void hf_attention_values_back(const hf_attention_shape *s, const double *weights, const double *v, const double *dout,
                              double *dweights, double *dv)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)s->queries, (int)s->keys, (int)s->v_width, 1, dout,
                (int)s->o_stride, v, (int)s->v_stride, 0, dweights, (int)s->keys);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)s->keys, (int)s->v_width, (int)s->queries, 1, weights,
                (int)s->keys, dout, (int)s->o_stride, 0, dv, (int)s->v_stride);
}

/* d(q k^T) = scale w (dw - sum_j w dw) */
HF_CLONES static void softmax_back(const hf_attention_shape *s, const double *weights, double *dweights)
{
    for (size_t n = 0; n < s->queries; n++) {
        const double *row = weights + n * s->keys;
        double *change = dweights + n * s->keys, mean = 0;
        for (size_t j = 0; j < s->keys; j++)
            mean += row[j] * change[j];
        HF_SIMD
        for (size_t j = 0; j < s->keys; j++)
            change[j] = s->scale * row[j] * (change[j] - mean);
    }
}

void hf_attention_weights_back(const hf_attention_shape *s, const double *weights, const double *q, const double *k,
                               double *dweights, double *dq, bool add, double *dk)
{
    softmax_back(s, weights, dweights);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)s->queries, (int)s->q_width, (int)s->keys, 1, dweights,
                (int)s->keys, k, (int)s->k_stride, 0, dq, (int)s->q_stride);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)s->keys, (int)s->q_width, (int)s->queries, 1, dweights,
                (int)s->keys, q, (int)s->q_stride, add ? 1 : 0, dk, (int)s->k_stride);
}
