/* The Hessian of the flow of attention heads, as a system has one. */
#include "flow/curvature.h"
#include "flow/flow_watch.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

static void times(void *point, const double *x, double *result)
{
    hf_flow_hessian_times(point, x, result);
}

static double symmetric_fraction(const void *self, const double *x)
{
    return hf_flow_symmetric_fraction(self, x);
}

static size_t size(const void *self)
{
    return hf_flow_size(self);
}

/* At the start every head could leave for every pattern. */
static size_t ways_down(const void *self, bool all)
{
    const hf_problem *p = ((const hf_flow *)self)->problem;
    return all ? p->heads * p->patterns : p->heads;
}

static bool has_alike(const void *self)
{
    enum { DENSE = 600 }; /* largest number of positions for which it is taken densely */
    return ((const hf_flow *)self)->problem->positions <= DENSE;
}

/* The lowest eigenvalue among directions that move all heads alike, where all heads are equal. */
static hf_status lowest_alike(void *point, double *lowest, hf_error *err)
{
    const hf_flow_point *here = point;
    const hf_problem *p = here->problem;
    const size_t size = hf_flow_size(here->flow), n = p->features + p->positions;
    double *direction = calloc(2 * size + (n + 1) * n, sizeof *direction);
    if (direction == NULL)
        return hf_fail_memory(err, "the eigenvalues");
    double *change = direction + size, *matrix = change + size, *value = matrix + n * n;
    for (size_t i = 0; i < n; i++) {
        hf_flow_move_alike(here->flow, i, 1, direction);
        hf_flow_hessian_times(point, direction, change);
        hf_flow_move_alike(here->flow, i, 0, direction);
        for (size_t k = 0; k < n; k++)
            matrix[i * n + k] = hf_flow_alike(here->flow, change, k);
    }
    const bool found = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, matrix, (lapack_int)n, value) == 0;
    *lowest = found ? value[0] : NAN;
    free(direction);
    return HF_OK;
}

const hf_curvature_kind hf_flow_curvature = {.times = times,
                                             .size = size,
                                             .symmetric_fraction = symmetric_fraction,
                                             .ways_down = ways_down,
                                             .has_alike = has_alike,
                                             .lowest_alike = lowest_alike};
