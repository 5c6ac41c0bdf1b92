#include "flow/cloud_newton.h"

#include "flow/newton.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_cloud_newton {
    hf_newton *core;      /* of values and logits */
    hf_flow_point *point; /* at the state of the factorization */
    double gamma;
    double *given, *residual, *change, *part; /* (size with Gamma) */
    double *vector, *value;                   /* (H, H) columns, (H) of S */
    double *matrix, *scratch;                 /* (H, H) */
};

/* ---- life ---- */

hf_status hf_cloud_newton_create(hf_cloud_newton **result, const hf_flow *flow, hf_error *err)
{
    const size_t size = hf_cloud_size(flow), heads = flow->problem->heads;
    hf_cloud_newton *newton = calloc(1, sizeof *newton);
    if (newton == NULL)
        return hf_fail_memory(err, "the Newton solver");
    hf_status status = hf_newton_create(&newton->core, flow, err);
    if (status == HF_OK)
        status = hf_flow_plain_point_create(&newton->point, flow, err);
    newton->given = malloc((4 * size + 3 * heads * heads + heads) * sizeof *newton->given);
    if (status == HF_OK && newton->given == NULL)
        status = hf_fail_memory(err, "the Newton solver");
    if (status != HF_OK) {
        hf_cloud_newton_free(newton);
        return status;
    }
    newton->residual = newton->given + size;
    newton->change = newton->residual + size;
    newton->part = newton->change + size;
    newton->vector = newton->part + size;
    newton->matrix = newton->vector + heads * heads;
    newton->scratch = newton->matrix + heads * heads;
    newton->value = newton->scratch + heads * heads;
    *result = newton;
    return HF_OK;
}

void hf_cloud_newton_free(hf_cloud_newton *newton)
{
    if (newton == NULL)
        return;
    hf_newton_free(newton->core);
    hf_flow_point_free(newton->point);
    free(newton->given);
    free(newton);
}

/* ---- eigenvectors of S ---- */

/* Rotates rows and columns m < n so that entry (m, n) is 0. */
static void rotate(size_t heads, double *a, double *vector, size_t m, size_t n)
{
    const double off = a[m * heads + n], apart = (a[n * heads + n] - a[m * heads + m]) / (2 * off);
    const double t = (apart >= 0 ? 1 : -1) / (fabs(apart) + hypot(1, apart)), c = 1 / hypot(1, t), s = t * c;
    for (size_t k = 0; k < heads; k++) {
        if (k != m && k != n) {
            const double am = a[k * heads + m], an = a[k * heads + n];
            a[k * heads + m] = a[m * heads + k] = c * am - s * an;
            a[k * heads + n] = a[n * heads + k] = s * am + c * an;
        }
        const double vm = vector[k * heads + m], vn = vector[k * heads + n];
        vector[k * heads + m] = c * vm - s * vn;
        vector[k * heads + n] = s * vm + c * vn;
    }
    a[m * heads + m] -= t * off;
    a[n * heads + n] += t * off;
    a[m * heads + n] = a[n * heads + m] = 0;
}

/* Cyclic Jacobi; a is lost. An entry counts as 0 once it is small against both of its diagonal. */
static void find_eigenvectors(size_t heads, double *a, double *vector, double *value)
{
    bool rotated = true;
    for (size_t i = 0; i < heads * heads; i++)
        vector[i] = i % (heads + 1) == 0 ? 1 : 0;
    for (int sweep = 0; sweep < 30 && rotated; sweep++) {
        rotated = false;
        for (size_t m = 0; m < heads; m++)
            for (size_t n = m + 1; n < heads; n++) {
                const double scale = sqrt(fabs(a[m * heads + m])) * sqrt(fabs(a[n * heads + n]));
                if (fabs(a[m * heads + n]) <= DBL_EPSILON * scale || a[m * heads + n] == 0)
                    continue;
                rotate(heads, a, vector, m, n);
                rotated = true;
            }
    }
    for (size_t m = 0; m < heads; m++)
        value[m] = fmax(0, a[m * heads + m]);
}

/* ---- Gamma's own equation ---- */

/* result = V^T x V, or with back V x V^T. */
static void turn(size_t heads, const double *v, bool back, const double *x, double *result, double *scratch)
{
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            double sum = 0;
            for (size_t k = 0; k < heads; k++)
                sum += x[m * heads + k] * (back ? v[n * heads + k] : v[k * heads + n]);
            scratch[m * heads + n] = sum;
        }
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            double sum = 0;
            for (size_t k = 0; k < heads; k++)
                sum += (back ? v[m * heads + k] : v[k * heads + m]) * scratch[k * heads + n];
            result[m * heads + n] = sum;
        }
}

/* In place, of the packed entries x. */
static void solve_gamma(hf_cloud_newton *newton, double *x)
{
    const hf_problem *p = newton->point->problem;
    const size_t heads = p->heads;
    double *matrix = newton->matrix, *turned = newton->point->cloud->small, *scratch = newton->scratch;
    hf_cloud_unpack(heads, x, matrix);
    turn(heads, newton->vector, false, matrix, turned, scratch);
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++)
            turned[m * heads + n] /=
                1 + newton->gamma * p->value_rate * (newton->value[m] + newton->value[n] + 2 * p->weight_decay);
    turn(heads, newton->vector, true, turned, matrix, scratch);
    hf_cloud_pack(heads, matrix, x);
}

/* ---- the whole ---- */

bool hf_cloud_newton_setup(hf_cloud_newton *newton, const hf_flow_point *point, double gamma)
{
    const size_t heads = point->problem->heads, size = hf_flow_size(point->flow);
    if (!isfinite(point->loss) || !isfinite(point->speed))
        return false;
    memcpy(newton->given, point->cloud->y, size * sizeof *newton->given);
    hf_cloud_pack(heads, point->cloud->gamma, newton->given + size);
    newton->gamma = gamma;
    if (!hf_cloud_at(newton->point, newton->given))
        return false;
    memcpy(newton->matrix, newton->point->cloud->square, heads * heads * sizeof *newton->matrix);
    find_eigenvectors(heads, newton->matrix, newton->vector, newton->value);
    return hf_newton_setup(newton->core, newton->point, gamma);
}

/* x = (approximately) (I - gamma J)^-1 b; change: J of x's values and logits. */
static void sweep(hf_cloud_newton *newton, const double *b, double *x)
{
    const size_t size = hf_flow_size(newton->point->flow), all = hf_cloud_size(newton->point->flow);
    hf_newton_solve(newton->core, b, x);
    memset(x + size, 0, (all - size) * sizeof *x);
    hf_cloud_jacobian_times(newton->point, x, newton->change);
    for (size_t i = size; i < all; i++)
        x[i] = b[i] + newton->gamma * newton->change[i];
    solve_gamma(newton, x + size);
}

void hf_cloud_newton_solve(hf_cloud_newton *newton, const double *b, double *x)
{
    const size_t all = hf_cloud_size(newton->point->flow);
    sweep(newton, b, x);
    hf_cloud_jacobian_times(newton->point, x, newton->change);
    for (size_t i = 0; i < all; i++)
        newton->residual[i] = b[i] - x[i] + newton->gamma * newton->change[i];
    sweep(newton, newton->residual, newton->part);
    for (size_t i = 0; i < all; i++)
        x[i] += newton->part[i];
}
