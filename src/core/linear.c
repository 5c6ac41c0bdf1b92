#include "core/linear.h"

#include <math.h>

hf_factor_row hf_factor_add_row(double *L, size_t stride, size_t i, double least)
{
    double *row = L + i * stride;
    hf_factor_row found = {.pivot = row[i]};
    for (size_t j = 0; j < i; j++) {
        const double *other = L + j * stride;
        double rest = row[j];
        for (size_t k = 0; k < j; k++)
            rest -= row[k] * other[k];
        if (other[j] == 0)
            found.left = fmax(found.left, fabs(rest));
        row[j] = other[j] > 0 ? rest / other[j] : 0;
        found.pivot -= row[j] * row[j];
    }
    row[i] = found.pivot > least ? sqrt(found.pivot) : 0;
    return found;
}
