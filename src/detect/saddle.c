#include "detect/saddle.h"

#include "flow/curvature.h"

#include <arpack/arpack.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double hf_saddle_threshold(double lambda_max, double t)
{
    const double relative = 1e-4;
    return t > 0 ? fmin(relative * lambda_max, 1 / t) : relative * lambda_max;
}

/* ---- dense ------------------------------------------------------------------------------------------------------------- */

/* All eigenvalues, ascending; the matrix's columns become the eigenvectors. matrix: (size, size), value: (size). */
static hf_status solve_dense(const hf_flow *flow, size_t size, double *matrix, double *value, hf_error *err)
{
    memset(value, 0, size * sizeof *value);
    for (size_t i = 0; i < size; i++) {
        value[i] = 1;
        hf_flow_hessian_times(flow, value, matrix + i * size);
        value[i] = 0;
    }
    if (LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', (lapack_int)size, matrix, (lapack_int)size, value) != 0)
        return hf_fail(err, HF_ENUMERIC, "the eigenvalues of the Hessian do not converge");
    return HF_OK;
}

/* ---- Lanczos ----------------------------------------------------------------------------------------------------------- */

/* The count lowest ("SA") or largest ("LA") eigenvalues, ascending, with eigenvectors in the rows of vector (2 count + 16 rows).
 * ARPACK judges a residual relative to its eigenvalue, which is hopeless for the many that are nearly 0: the spectrum is moved
 * down by shift, so that tolerance is one of shift. value: (count). */
static hf_status solve_lanczos(const hf_flow *flow, const char *which, size_t count, double shift, double tolerance, double *value,
                               double *vector, hf_error *err)
{
    size_t size = hf_flow_size(flow);
    a_int n = (a_int)size, wanted = (a_int)count, basis = (a_int)(2 * count + 16), work = basis * (basis + 8);
    a_int parameter[11] = {1, 0, 3000, 1, 0, 0, 1}, pointer[11], step = 0, info = 1;
    double *memory = calloc(4 * size + (size_t)work, sizeof *memory);
    a_int *select = calloc((size_t)basis, sizeof *select);
    hf_status status = HF_OK;
    if (memory == NULL || select == NULL) {
        status = hf_fail_memory(err, "the eigenvalues");
        goto done;
    }
    double *residual = memory, *place = residual + size, *scratch = place + 3 * size;
    for (size_t i = 0; i < size; i++) /* a start that no symmetry of the problem leaves unchanged, the same in every run */
        residual[i] = sin(1.0 + 2.7 * (double)i * (1 + 1e-3 * (double)(i % 7)));
    for (;;) {
        dsaupd_c(&step, "I", n, which, wanted, tolerance, residual, basis, vector, n, parameter, pointer, place, scratch, work,
                 &info);
        if (step != 1 && step != -1)
            break;
        const double *from = place + pointer[0] - 1;
        double *to = place + pointer[1] - 1;
        hf_flow_hessian_times(flow, from, to);
        for (size_t i = 0; i < size; i++)
            to[i] -= shift * from[i];
    }
    if (info == 0)
        dseupd_c(1, "A", select, value, vector, n, 0, "I", n, which, wanted, tolerance, residual, basis, vector, n, parameter,
                 pointer, place, scratch, work, &info);
    if (info != 0)
        status = hf_fail(err, HF_ENUMERIC, "the eigenvalues of the Hessian do not converge (ARPACK's code %d)", (int)info);
    for (size_t i = 0; i < count && status == HF_OK; i++)
        value[i] += shift;
done:
    free(memory);
    free(select);
    return status;
}

/* vector: (2 count + 16, size). */
static hf_status solve_large(const hf_flow *flow, double t, size_t count, double *value, double *vector, double *largest,
                             hf_error *err)
{
    const double certainty = 0.05; /* of the threshold */
    hf_status status = solve_lanczos(flow, "LA", 1, 0, 1e-6, largest, vector, err);
    if (status != HF_OK)
        return status;
    double tolerance = certainty * hf_saddle_threshold(*largest, t) / *largest;
    return solve_lanczos(flow, "SA", count, *largest, fmax(tolerance, 1e-10), value, vector, err);
}

/* ---- the two questions ------------------------------------------------------------------------------------------------- */

/* The lowest count eigenvalues, ascending, the lowest one's vector (size; NULL: not wanted), and the largest. value: (size); all of
 * them are filled where the problem is dense. */
static hf_status solve(const hf_flow *flow, double t, size_t count, double *value, double *lowest, double *largest, hf_error *err)
{
    size_t size = hf_flow_size(flow);
    bool dense = size <= HF_SADDLE_DENSE;
    double *vector = malloc((dense ? size : 2 * count + 16) * size * sizeof *vector);
    if (vector == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status = dense ? solve_dense(flow, size, vector, value, err)
                             : solve_large(flow, t, count, value, vector, largest, err);
    if (status == HF_OK && dense)
        *largest = value[size - 1];
    if (status == HF_OK && lowest != NULL)
        memcpy(lowest, vector, size * sizeof *lowest);
    free(vector);
    return status;
}

hf_status hf_saddle_analyze(const hf_flow *flow, double t, hf_saddle *saddle, hf_error *err)
{
    size_t size = hf_flow_size(flow), count = flow->problem->heads + 2;
    double *value = malloc(2 * size * sizeof *value), *lowest = value + size;
    if (value == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status;
    for (;; count *= 2) { /* while Lanczos has found only negative ones, there may be more */
        status = solve(flow, t, count, value, lowest, &saddle->lambda_max, err);
        if (status != HF_OK)
            break;
        size_t known = size <= HF_SADDLE_DENSE ? size : count;
        saddle->threshold = hf_saddle_threshold(saddle->lambda_max, t);
        for (saddle->index = 0; saddle->index < known && value[saddle->index] < -saddle->threshold; saddle->index++)
            continue;
        if (saddle->index < known || 4 * count > size)
            break;
    }
    saddle->lambda_min = status == HF_OK ? value[0] : NAN;
    saddle->symmetric_fraction = status == HF_OK && saddle->index > 0 ? hf_flow_symmetric_fraction(flow, lowest) : NAN;
    free(value);
    return status;
}

hf_status hf_saddle_spectrum(const hf_flow *flow, double t, size_t count, double *lowest, double *largest, hf_error *err)
{
    double *value = malloc(hf_flow_size(flow) * sizeof *value);
    if (value == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status = solve(flow, t, count, value, NULL, largest, err);
    if (status == HF_OK)
        memcpy(lowest, value, count * sizeof *lowest);
    free(value);
    return status;
}
