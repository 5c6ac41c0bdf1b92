#include "flow/optimal.h"

#include "core/simd.h"

#include <gsl/gsl_linalg.h>
#include <math.h>

double hf_optimal_decay(const hf_problem *p, double weight_decay)
{
    const double small = 1e-10;
    double largest = 0;
    for (size_t r = 0; r < p->features; r++) {
        double sum = 0;
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * p->copies[i] * p->variance[r * p->positions + i];
        largest = fmax(largest, sum / (p->total * p->total));
    }
    return fmax(weight_decay, small * largest);
}

/* The Cholesky factor of N_r + lambda I that hf_optimal_values has left, row by row. */
static gsl_matrix_view factor_of(const hf_flow_point *point, size_t r)
{
    size_t heads = point->problem->heads;
    return gsl_matrix_view_array(point->normal + r * heads * heads, heads, heads);
}

HF_CLONES static void form_normal(const hf_flow_point *point, size_t r, double *normal, double *right)
{
    const hf_problem *p = point->problem;
    const double *variance = p->variance + r * p->positions, *target = p->target + r * p->positions;
    for (size_t n = 0; n < p->heads; n++) {
        const double *x = point->attention + n * p->positions;
        double sum = 0;
        HF_SIMD_SUM(sum)
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * variance[i] * target[i] * x[i];
        right[n] = sum;
        for (size_t m = 0; m <= n; m++) {
            const double *y = point->attention + m * p->positions;
            sum = 0;
            HF_SIMD_SUM(sum)
            for (size_t i = 0; i < p->positions; i++)
                sum += p->multiplicity[i] * p->copies[i] * variance[i] * x[i] * y[i];
            normal[n * p->heads + m] = normal[m * p->heads + n] = sum + (n == m ? p->weight_decay : 0);
        }
    }
}

/* x := (N_r + lambda I)^-1 x, stored as column r of values (H, R). */
static bool solve_column(const hf_flow_point *point, size_t r, const double *x, double *values)
{
    const hf_problem *p = point->problem;
    gsl_matrix_view factor = factor_of(point, r);
    gsl_vector_const_view right = gsl_vector_const_view_array(x, p->heads);
    gsl_vector_view result = gsl_vector_view_array_with_stride(values + r, p->features, p->heads);
    return gsl_linalg_cholesky_solve(&factor.matrix, &right.vector, &result.vector) == 0;
}

bool hf_optimal_values(hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    bool good = true;
    for (size_t r = 0; r < p->features && good; r++) {
        gsl_matrix_view factor = factor_of(point, r);
        form_normal(point, r, point->normal + r * p->heads * p->heads, point->small);
        good = gsl_linalg_cholesky_decomp1(&factor.matrix) == 0 && solve_column(point, r, point->small, point->value);
    }
    return good;
}

/* (N_r + lambda I) dv_r = sum_i n_i (omega dE s + omega E ds), dE = -c sum_k v_kr ds_k. */
void hf_optimal_change(hf_flow_point *point, const double *ds, double *dv)
{
    const hf_problem *p = point->problem;
    double *right = point->small;
    for (size_t r = 0; r < p->features; r++) {
        for (size_t n = 0; n < p->heads; n++)
            right[n] = 0;
        for (size_t i = 0; i < p->positions; i++) {
            double change = 0, count = p->multiplicity[i];
            for (size_t n = 0; n < p->heads; n++)
                change -= point->value[n * p->features + r] * ds[n * p->positions + i];
            change *= p->copies[i] * p->variance[r * p->positions + i];
            for (size_t n = 0; n < p->heads; n++)
                right[n] += count * (change * point->attention[n * p->positions + i] +
                                     point->pull[r * p->positions + i] * ds[n * p->positions + i]);
        }
        solve_column(point, r, right, dv);
    }
}
