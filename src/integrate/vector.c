#include "integrate/vector.h"

#include "core/simd.h"

#include <math.h>
#include <nvector/nvector_serial.h>

static size_t length_of(N_Vector x)
{
    return (size_t)NV_LENGTH_S(x);
}

HF_CLONES static void linear_sum(sunrealtype a, N_Vector x, sunrealtype b, N_Vector y, N_Vector z)
{
    const double *xs = NV_DATA_S(x), *ys = NV_DATA_S(y);
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    if (a == 1 && b == 1) { /* most of all: every prediction is a sum of sums; the same bits */
        HF_SIMD
        for (size_t i = 0; i < length; i++)
            zs[i] = xs[i] + ys[i];
        return;
    }
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = a * xs[i] + b * ys[i];
}

HF_CLONES static void scale(sunrealtype c, N_Vector x, N_Vector z)
{
    const double *xs = NV_DATA_S(x);
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    HF_SIMD
    for (size_t i = 0; i < length; i++)
        zs[i] = c * xs[i];
}

HF_CLONES static void set_constant(sunrealtype c, N_Vector z)
{
    double *zs = NV_DATA_S(z);
    size_t length = length_of(z);
    for (size_t i = 0; i < length; i++)
        zs[i] = c;
}

HF_CLONES static sunrealtype wrms_norm(N_Vector x, N_Vector w)
{
    const double *xs = NV_DATA_S(x), *ws = NV_DATA_S(w);
    size_t length = length_of(x);
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < length; i++) {
        double scaled = xs[i] * ws[i];
        sum += scaled * scaled;
    }
    return sqrt(sum / (double)length);
}

/* Z_j = a_j x + Y_j */
static int scale_add_multi(int count, sunrealtype *a, N_Vector x, N_Vector *y, N_Vector *z)
{
    for (int j = 0; j < count; j++)
        linear_sum(a[j], x, 1, y[j], z[j]);
    return 0;
}

static int scale_vectors(int count, sunrealtype *c, N_Vector *x, N_Vector *z)
{
    for (int j = 0; j < count; j++)
        scale(c[j], x[j], z[j]);
    return 0;
}

/* z = sum_j c_j X_j; z may be X_0. */
static int linear_combination(int count, sunrealtype *c, N_Vector *x, N_Vector z)
{
    scale(c[0], x[0], z);
    for (int j = 1; j < count; j++)
        linear_sum(1, z, c[j], x[j], z);
    return 0;
}

N_Vector hf_vector_create(size_t length, SUNContext context)
{
    N_Vector x = N_VNew_Serial((sunindextype)length, context);
    if (x == NULL)
        return NULL;
    x->ops->nvlinearsum = linear_sum;
    x->ops->nvscale = scale;
    x->ops->nvconst = set_constant;
    x->ops->nvwrmsnorm = wrms_norm;
    x->ops->nvscaleaddmulti = scale_add_multi;
    x->ops->nvscalevectorarray = scale_vectors;
    x->ops->nvlinearcombination = linear_combination;
    return x;
}
