#include "train/layers/layers.h"

#include "core/exponential.h"
#include "train/tiles.h"

#include <math.h>

HF_CLONES static double cross_entropy(size_t n, size_t vocabulary, const hf_token *targets, double *z)
{
    double loss = 0;
    for (size_t r = 0; r < n; r++) {
        double *row = z + r * vocabulary, largest = -INFINITY;
        const double chosen = row[targets[r]];
        HF_SIMD_MAX(largest)
        for (size_t v = 0; v < vocabulary; v++)
            largest = row[v] > largest ? row[v] : largest;
        HF_SIMD
        for (size_t v = 0; v < vocabulary; v++)
            row[v] = hf_exponential(row[v] - largest);
        const double sum = hf_tiles_sum(vocabulary, row), norm = 1 / sum;
        loss += log(sum) + largest - chosen;
        for (size_t v = 0; v < vocabulary; v++)
            row[v] *= norm;
        row[targets[r]] -= 1;
    }
    return loss;
}

double hf_half_squares(size_t count, const double *wanted, double *z)
{
    double loss = 0;
    for (size_t i = 0; i < count; i++) {
        z[i] -= wanted[i];
        loss += z[i] * z[i] / 2;
    }
    return loss;
}

double hf_cross_entropy(size_t n, size_t vocabulary, const hf_token *targets, double *z)
{
    return cross_entropy(n, vocabulary, targets, z);
}
