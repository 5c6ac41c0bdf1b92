#include "detect/saddle.h"

#include <arpack/arpack.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double part_of_largest = 1e-4;

double hf_saddle_threshold(double lambda_max, double t)
{
    const double part = part_of_largest * lambda_max;
    return t > 0 ? fmin(part, 1 / t) : part;
}

hf_saddle hf_saddle_unknown(void)
{
    return (hf_saddle){0, NAN, NAN, NAN, NAN};
}

/* How many of the state's coordinates the Hessian is about. */
static size_t curved_size(const hf_system *system)
{
    const hf_curvature_kind *curvature = system->kind->curvature;
    return curvature->size == NULL ? system->size : curvature->size(system->self);
}

bool hf_saddle_is_known(const hf_saddle *saddle)
{
    return !isnan(saddle->lambda_min);
}

/* ---- dense ---- */

/* What a code of LAPACKE is: its own memory may be short, too. */
static hf_status judge(lapack_int code, hf_error *err)
{
    if (code == LAPACK_WORK_MEMORY_ERROR || code == LAPACK_TRANSPOSE_MEMORY_ERROR)
        return hf_fail_memory(err, "the eigenvalues");
    return code == 0 ? HF_OK : hf_fail(err, HF_ENUMERIC, "the eigenvalues of the Hessian do not converge");
}

/* The eigenvector of the lowest eigenvalue, from the tridiagonal matrix (d, e), which is lost, that the reflections in
 * matrix and tau lead to. */
static hf_status lowest_vector(size_t size, double *d, double *e, const double *matrix, const double *tau, double *vector,
                               hf_error *err)
{
    lapack_int n = (lapack_int)size, found = 0, support[2];
    double *values = malloc(size * sizeof *values);
    if (values == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    lapack_int code =
        LAPACKE_dstevr(LAPACK_COL_MAJOR, 'V', 'I', n, d, e, 0, 0, 1, 1, 0, &found, values, vector, n, support);
    if (code == 0)
        code = found == 1 ? LAPACKE_dormtr(LAPACK_COL_MAJOR, 'L', 'L', 'N', n, 1, matrix, n, tau, vector, n) : 1;
    free(values);
    return judge(code, err);
}

/* Whether no perturbation grows faster than is asked for, as a matrix with that rate on its diagonal has a Cholesky factor. The
 * largest entry of the diagonal is no larger than the largest eigenvalue. False: one may. Overwrites what is above the diagonal. diagonal:
 * (size), for work. */
static bool is_slow(const hf_slow_rate *slow, size_t size, double *matrix, double *diagonal)
{
    double largest = 0;
    for (size_t i = 0; i < size; i++) {
        diagonal[i] = matrix[i * size + i];
        largest = fmax(largest, diagonal[i]);
    }
    const double rate = fmin(fmax(part_of_largest * largest, slow->least), slow->most);
    for (size_t i = 0; i < size; i++)
        matrix[i * size + i] += rate;
    const lapack_int n = (lapack_int)size;
    const bool has_factor = rate > 0 && LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', n, matrix, n) == 0;
    for (size_t i = 0; i < size; i++)
        matrix[i * size + i] = diagonal[i];
    return has_factor;
}

/* All eigenvalues, ascending, and the lowest one's vector. value, lowest: (size). slow: where none grows faster,
 * its found is set, and nothing else; NULL: all is wanted. */
static hf_status solve_dense(hf_point *point, double *value, double *lowest, hf_slow_rate *slow, hf_error *err)
{
    size_t size = curved_size(&point->system);
    lapack_int n = (lapack_int)size;
    double *matrix = calloc((size + 4) * size, sizeof *matrix), *unit = matrix + size * size;
    if (matrix == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    for (size_t i = 0; i < size; i++) {
        unit[i] = 1;
        point->system.kind->curvature->times(point->self, unit, matrix + i * size);
        unit[i] = 0;
    }
    if (slow != NULL && is_slow(slow, size, matrix, value)) {
        slow->found = true;
        free(matrix);
        return HF_OK;
    }
    double *d = unit, *e = d + size, *tau = e + size, *gone = tau + size;
    hf_status status = judge(LAPACKE_dsytrd(LAPACK_COL_MAJOR, 'L', n, matrix, n, d, e, tau), err);
    memcpy(value, d, size * sizeof *d);
    memcpy(gone, e, size * sizeof *e);
    if (status == HF_OK)
        status = judge(LAPACKE_dsterf(n, value, gone), err);
    if (status == HF_OK)
        status = lowest_vector(size, d, e, matrix, tau, lowest, err);
    free(matrix);
    return status;
}

/* ---- Lanczos ---- */

/* The count lowest ("SA") or largest ("LA") eigenvalues, ascending, with eigenvectors in the rows of vector (2 count + 16
 * rows). ARPACK judges a residual relative to its eigenvalue, which is hopeless for the many that are nearly 0: the
 * spectrum is moved down by shift, so that tolerance is one of shift. value: (count). */
static hf_status solve_lanczos(hf_point *point, const char *which, size_t count, double shift, double tolerance,
                               double *value, double *vector, hf_error *err)
{
    size_t size = curved_size(&point->system);
    a_int n = (a_int)size, wanted = (a_int)count, basis = (a_int)(2 * count + 16), work = basis * (basis + 8);
    a_int parameter[11] = {1, 0, 3000, 1, 0, 0, 1}, pointer[11], step = 0, info = 1;
    double *memory = calloc(4 * size + (size_t)work, sizeof *memory);
    a_int *select = calloc((size_t)basis, sizeof *select);
    hf_status status = HF_OK;
    if (memory == NULL || select == NULL) {
        status = hf_fail_memory(err, "the eigenvalues");
        goto done;
    }
    double *residual = memory, *place = residual + size, *scratch = place + 3 * size, zero = 0;
    for (size_t i = 0; i < size; i++) /* a start that no symmetry of the problem leaves unchanged, the same in every run */
        residual[i] = sin(1.0 + 2.7 * (double)i * (1 + 1e-3 * (double)(i % 7)));
#ifdef _OPENMP
#pragma omp critical(hf_arpack) /* ARPACK keeps its state between two calls */
#endif
    {
        while (dsaupd_c(&step, "I", n, which, wanted, tolerance, residual, basis, vector, n, parameter, pointer, place,
                        scratch, work, &info),
               zero == 0 && (step == 1 || step == -1)) {
            const double *from = place + pointer[0] - 1;
            double *to = place + pointer[1] - 1;
            point->system.kind->curvature->times(point->self, from, to);
            for (size_t i = 0; i < size; i++) {
                to[i] -= shift * from[i];
                zero += 0 * to[i]; /* nan once a product is not finite */
            }
        }
        if (info == 0 && zero == 0)
            dseupd_c(1, "A", select, value, vector, n, 0, "I", n, which, wanted, tolerance, residual, basis, vector, n,
                     parameter, pointer, place, scratch, work, &info);
    }
    if (zero != 0)
        status = hf_fail(err, HF_ENUMERIC, "the Hessian is not finite");
    else if (info != 0)
        status = hf_fail(err, HF_ENUMERIC, "the eigenvalues of the Hessian do not converge (ARPACK's code %d)", (int)info);
    for (size_t i = 0; i < count && status == HF_OK; i++)
        value[i] += shift;
done:
    free(memory);
    free(select);
    return status;
}

/* vector: (2 count + 16, size). */
static hf_status solve_large(hf_point *point, double t, size_t count, double *value, double *vector, double *largest,
                             hf_error *err)
{
    const double certainty = 0.05; /* of the threshold */
    hf_status status = solve_lanczos(point, "LA", 1, 0, 1e-6, largest, vector, err);
    if (status != HF_OK)
        return status;
    double tolerance = *largest > 0 ? certainty * hf_saddle_threshold(*largest, t) / *largest : 0;
    return solve_lanczos(point, "SA", count, *largest, fmax(tolerance, 1e-10), value, vector, err);
}

/* ---- the two questions ---- */

/* Whether to solve densely: small problems, and those of which Lanczos would have to find a large part. */
static bool is_dense(size_t size, size_t count)
{
    return size <= HF_SADDLE_DENSE || 4 * count + 32 > size;
}

/* The lowest count eigenvalues, ascending, the lowest one's vector, and the largest. value, lowest: (size); all
 * eigenvalues are filled where the problem is dense. slow: as in solve_dense; not found of large problems. */
static hf_status solve(hf_point *point, double t, size_t count, double *value, double *lowest, double *largest,
                       hf_slow_rate *slow, hf_error *err)
{
    size_t size = curved_size(&point->system);
    if (is_dense(size, count)) {
        hf_status status = solve_dense(point, value, lowest, slow, err);
        *largest = value[size - 1];
        return status;
    }
    double *vector = malloc((2 * count + 16) * size * sizeof *vector);
    if (vector == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status = solve_large(point, t, count, value, vector, largest, err);
    if (status == HF_OK)
        memcpy(lowest, vector, size * sizeof *lowest);
    free(vector);
    return status;
}

/* How many to ask for when all of count were negative. */
static size_t next_count(const hf_system *system, size_t count)
{
    const size_t all = system->kind->curvature->ways_down(system->self, true) + 2;
    return count < all ? all : 2 * count;
}

static hf_status analyze(hf_point *point, double t, hf_saddle *saddle, hf_slow_rate *slow, hf_error *err)
{
    const hf_system *system = &point->system;
    size_t size = curved_size(system), count = system->kind->curvature->ways_down(system->self, false) + 2;
    double *value = malloc(2 * size * sizeof *value), *lowest = value + size;
    if (value == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status;
    for (;; count = next_count(system, count)) { /* while Lanczos has found only negative ones, there may be more */
        status = solve(point, t, count, value, lowest, &saddle->lambda_max, slow, err);
        if (status != HF_OK || (slow != NULL && slow->found))
            break;
        size_t known = is_dense(size, count) ? size : count;
        saddle->threshold = hf_saddle_threshold(saddle->lambda_max, t);
        for (saddle->index = 0; saddle->index < known && value[saddle->index] < -saddle->threshold; saddle->index++)
            continue;
        if (saddle->index < known || known == size)
            break;
    }
    saddle->lambda_min = status == HF_OK ? value[0] : NAN;
    saddle->symmetric_fraction = status == HF_OK && saddle->index > 0 && system->kind->curvature->symmetric_fraction != NULL
                                     ? system->kind->curvature->symmetric_fraction(system->self, lowest)
                                     : NAN;
    free(value);
    return status;
}

hf_status hf_saddle_analyze(hf_point *point, double t, hf_saddle *saddle, hf_error *err)
{
    return analyze(point, t, saddle, NULL, err);
}

hf_status hf_saddle_ask(hf_point *point, double t, hf_slow_rate *slow, hf_saddle *saddle, hf_error *err)
{
    slow->found = false;
    return analyze(point, t, saddle, slow, err);
}

hf_status hf_saddle_sharpness(hf_point *point, double *largest, hf_error *err)
{
    const size_t size = curved_size(&point->system);
    const bool dense = is_dense(size, 1);
    double *memory = malloc((dense ? 2 : 18) * size * sizeof *memory); /* eigenvalues and a vector, or Lanczos vectors */
    if (memory == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    const hf_status status =
        dense ? solve_dense(point, memory, memory + size, NULL, err) : solve_lanczos(point, "LA", 1, 0, 1e-6, largest, memory, err);
    if (status == HF_OK && dense)
        *largest = memory[size - 1];
    free(memory);
    return status;
}

hf_status hf_saddle_spectrum(hf_point *point, double t, size_t count, double *lowest, double *largest, hf_error *err)
{
    size_t size = curved_size(&point->system);
    double *value = malloc(2 * size * sizeof *value);
    if (value == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    hf_status status = solve(point, t, count, value, value + size, largest, NULL, err);
    if (status == HF_OK)
        memcpy(lowest, value, count * sizeof *lowest);
    free(value);
    return status;
}
