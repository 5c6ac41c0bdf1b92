#include "train/projection.h"

#include "train/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Coordinates of a vector (N) in the basis, to which it adds a direction if it has a part outside it. */
static void add_vector(hf_projection *p, const double *vector, double *coordinate)
{
    const double rounding = 1e-14; /* what is left of a dependent vector, relative to it */
    const size_t N = p->inputs, most = p->patterns + p->heads;
    double *left = p->basis + p->count * N;
    memset(coordinate, 0, most * sizeof *coordinate);
    memcpy(left, vector, N * sizeof *left);
    const double norm = hf_kernel_orthogonalize(N, p->count, p->basis, left, coordinate);
    if (norm <= rounding * sqrt(hf_kernel_dot(N, vector, vector)))
        return;
    for (size_t i = 0; i < N; i++)
        left[i] /= norm;
    coordinate[p->count++] = norm;
}

hf_status hf_projection_init(hf_projection *p, size_t inputs, size_t patterns, size_t heads, const double *pattern,
                             hf_error *err)
{
    const size_t most = patterns + heads;
    *p = (hf_projection){.inputs = inputs, .patterns = patterns, .heads = heads};
    p->basis = malloc((most * inputs + most * most) * sizeof *p->basis);
    if (p->basis == NULL)
        return hf_fail_memory(err, "the projections");
    p->pattern = p->basis + most * inputs;
    p->attention = p->pattern + patterns * most;
    for (size_t j = 0; j < patterns; j++)
        add_vector(p, pattern + j * inputs, p->pattern + j * most);
    p->fixed = p->count;
    return HF_OK;
}

void hf_projection_clear(hf_projection *p)
{
    free(p->basis);
    *p = (hf_projection){0};
}

void hf_projection_set(hf_projection *p, const double *attention)
{
    const size_t N = p->inputs, most = p->patterns + p->heads;
    p->count = p->fixed;
    for (size_t k = 0; k < p->heads; k++) {
        size_t twin = 0;
        while (twin < k && memcmp(attention + twin * N, attention + k * N, N * sizeof *attention) != 0)
            twin++;
        if (twin < k)
            memcpy(p->attention + k * most, p->attention + twin * most, most * sizeof *attention);
        else
            add_vector(p, attention + k * N, p->attention + k * most);
    }
}

void hf_projection_remove(const hf_projection *p, double *rest)
{
    for (size_t m = 0; m < p->count; m++) {
        const double along = hf_kernel_dot(p->inputs, p->basis + m * p->inputs, rest);
        for (size_t i = 0; i < p->inputs; i++)
            rest[i] -= along * p->basis[m * p->inputs + i];
    }
}

void hf_projection_expand(const hf_projection *p, const double *coordinate, double *sum)
{
    memset(sum, 0, p->inputs * sizeof *sum);
    for (size_t m = 0; m < p->count; m++)
        for (size_t i = 0; i < p->inputs; i++)
            sum[i] += coordinate[m] * p->basis[m * p->inputs + i];
}
