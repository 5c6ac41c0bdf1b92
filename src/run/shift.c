#include "run/shift.h"

#include "flow/cloud_adjoint.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES = 3, MOST_UNKNOWNS = 260 };

/* Diagonally implicit, L-stable and of order 3 (Alexander 1977), in forward time; the last row is that of the step. */
#define G 0.4358665215084590
static const double node[STAGES] = {G, (1 + G) / 2, 1};
static const double weight[STAGES][STAGES] = {
    {G, 0, 0}, {(1 - G) / 2, G, 0}, {-(6 * G * G - 16 * G + 1) / 4, (6 * G * G - 20 * G + 5) / 4, G}};

/* Matrices are (n, n), by columns. All is in coordinates divided by scale. */
typedef struct {
    const hf_shift_path *path;
    hf_flow_point *point;
    size_t n, core, count;  /* unknowns with and without Gamma; parts of the noise */
    double *scale, *before; /* (n) what coordinates are divided by, and were */
    double *twice;          /* (n) 2 for an entry of Gamma that is stored once of two */
    double *x;              /* (n) grad T */
    double *second;         /* M */
    double *factor[STAGES]; /* I - h G J at the stages */
    double *change[STAGES]; /* of the stages by the state before the step */
    double *slope[2];       /* J times these */
    double *curve, *product;
    double *kappa, *nu;          /* (STAGES, n) */
    double *part, *image, *sign; /* (core, count), (n, count), (count) */
    double *y, *moved, *direction, *result, *base, *work;
    lapack_int *pivot; /* (STAGES, n) */
} shifter;

bool hf_shift_is_affordable(const hf_flow *flow)
{
    return hf_cloud_size(flow) <= MOST_UNKNOWNS;
}

/* ---- life ---- */

static void clear(shifter *s)
{
    hf_flow_point_free(s->point);
    free(s->scale);
    free(s->pivot);
}

static hf_status init(shifter *s, const hf_shift_path *path, hf_error *err)
{
    const hf_problem *p = path->flow->problem;
    const size_t n = hf_cloud_size(path->flow), core = hf_flow_size(path->flow), count = hf_cloud_noise_count(p),
                 square = n * n;
    *s = (shifter){.path = path, .n = n, .core = core, .count = count};
    const size_t work = 3 * core + 2 * p->features * p->positions + p->features * p->features;
    double *memory =
        calloc((2 * STAGES + 5) * square + (9 + 2 * STAGES) * n + (core + n + 1) * count + work, sizeof *memory);
    s->scale = memory;
    s->pivot = malloc(STAGES * n * sizeof *s->pivot);
    if (memory == NULL || s->pivot == NULL)
        return hf_fail_memory(err, "the mean of a time");
    double **const vectors[] = {&s->before, &s->twice, &s->x, &s->y, &s->moved, &s->direction, &s->result, &s->base};
    memory += n;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, memory += n)
        *vectors[i] = memory;
    double **const matrices[] = {&s->second,    &s->factor[0], &s->factor[1], &s->factor[2], &s->change[0], &s->change[1],
                                 &s->change[2], &s->slope[0],  &s->slope[1],  &s->curve,     &s->product};
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++, memory += square)
        *matrices[i] = memory;
    s->kappa = memory;
    s->nu = s->kappa + STAGES * n;
    s->part = s->nu + STAGES * n;
    s->image = s->part + core * count;
    s->sign = s->image + n * count;
    s->work = s->sign + count;
    hf_cloud_noise_signs(p, s->sign);
    for (size_t i = 0; i < core; i++)
        s->twice[i] = 1;
    double *next = s->twice + core;
    for (size_t m = 0; m < p->heads; m++)
        for (size_t k = 0; k <= m; k++)
            *next++ = k == m ? 1 : 2;
    return hf_flow_plain_point_create(&s->point, path->flow, err);
}

/* ---- scales ---- */

/* The size of mode m of a state: of the means it is 1. */
static double size_of_mode(const hf_flow *flow, const double *y, size_t m)
{
    const hf_problem *p = flow->problem;
    double most = 0;
    if (m < flow->basis->kinds)
        return 1;
    for (size_t r = 0; r < p->features; r++)
        most = fmax(most, fabs(y[m * p->features + r]));
    for (size_t i = 0; i < p->positions; i++)
        most = fmax(most, fabs(y[p->heads * p->features + m * p->positions + i]));
    return most > 0 && most < 1 ? most : 1;
}

/* Coordinates are divided by the size of their mode at y: between contrasts and means, however small, no digits are lost. */
static void choose_scale(shifter *s, const double *y)
{
    const hf_flow *flow = s->path->flow;
    const hf_problem *p = flow->problem;
    double *gamma = s->scale + s->core;
    memcpy(s->before, s->scale, s->n * sizeof *s->scale);
    for (size_t m = 0; m < p->heads; m++) {
        const double size = size_of_mode(flow, y, m);
        for (size_t r = 0; r < p->features; r++)
            s->scale[m * p->features + r] = size;
        for (size_t i = 0; i < p->positions; i++)
            s->scale[p->heads * p->features + m * p->positions + i] = size;
        for (size_t k = 0; k <= m; k++)
            *gamma++ = size * s->scale[k * p->features];
    }
}

/* x and M in the scale that has been chosen. */
static void rescale(shifter *s)
{
    for (size_t j = 0; j < s->n; j++)
        s->x[j] *= s->scale[j] / s->before[j];
    for (size_t j = 0; j < s->n; j++)
        for (size_t i = 0; i < s->n; i++)
            s->second[j * s->n + i] *= s->scale[i] / s->before[i] * (s->scale[j] / s->before[j]);
}

/* ---- derivatives at the point ---- */

/* Column j of J. */
static void find_jacobian(shifter *s, double *jacobian)
{
    const size_t n = s->n;
    memset(s->direction, 0, n * sizeof *s->direction);
    for (size_t j = 0; j < n; j++) {
        s->direction[j] = s->scale[j];
        hf_cloud_jacobian_times(s->point, s->direction, jacobian + j * n);
        s->direction[j] = 0;
        for (size_t i = 0; i < n; i++)
            jacobian[j * n + i] /= s->scale[i];
    }
}

/* A covector as those of cloud_adjoint.h pair, from one that pairs by a plain sum, and back. */
static void fold(const shifter *s, const double *plain, double *covector)
{
    for (size_t i = 0; i < s->n; i++)
        covector[i] = plain[i] / (s->scale[i] * s->twice[i]);
}

static void unfold(const shifter *s, const double *covector, double *plain)
{
    for (size_t i = 0; i < s->n; i++)
        plain[i] = covector[i] * s->scale[i] * s->twice[i];
}

static void find_gradient(shifter *s, double *gradient)
{
    hf_cloud_gradient(s->point, s->moved);
    unfold(s, s->moved, gradient);
}

/* J^T kappa; kappa stands in direction, as fold leaves it. */
static void find_adjoint(shifter *s, double *result)
{
    hf_cloud_adjoint_times(s->point, s->direction, s->moved, s->work);
    unfold(s, s->moved, result);
}

/* The derivative of what find makes, a covector, by differences of 1e-6: by columns, and made symmetric. The point is at y, and is left there. */
static bool differentiate(shifter *s, void (*find)(shifter *, double *), double *matrix)
{
    const double step = 1e-6;
    const size_t n = s->n;
    bool good = true;
    find(s, s->base);
    for (size_t j = 0; j < n && good; j++) {
        const double kept = s->y[j];
        s->y[j] += step * s->scale[j];
        good = hf_cloud_at(s->point, s->y);
        find(s, matrix + j * n);
        const double taken = (s->y[j] - kept) / s->scale[j];
        s->y[j] = kept;
        for (size_t i = 0; i < n; i++)
            matrix[j * n + i] = (matrix[j * n + i] - s->base[i]) / taken;
    }
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < j; i++)
            matrix[j * n + i] = matrix[i * n + j] = (matrix[j * n + i] + matrix[i * n + j]) / 2;
    return hf_cloud_at(s->point, s->y) && good;
}

/* ---- at the level ---- */

static bool begin(shifter *s)
{
    const size_t n = s->n;
    double *q = s->nu, *velocity = s->kappa;
    s->path->state_at(s->path->of, s->path->end, s->y);
    choose_scale(s, s->y);
    if (!hf_cloud_at(s->point, s->y) || !differentiate(s, find_gradient, s->second))
        return false;
    find_gradient(s, s->x);
    fold(s, s->x, s->direction);
    find_adjoint(s, q);
    hf_cloud_velocity(s->point, velocity);
    for (size_t i = 0; i < n; i++)
        velocity[i] /= s->scale[i];
    cblas_dsymv(CblasColMajor, CblasLower, (int)n, 1, s->second, (int)n, velocity, 1, 1, q, 1);
    const double speed = -cblas_ddot((int)n, s->x, 1, velocity, 1), bend = cblas_ddot((int)n, q, 1, velocity, 1);
    for (size_t i = 0; i < n; i++)
        s->x[i] /= speed;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < n; i++)
            s->second[j * n + i] =
                (s->second[j * n + i] + s->x[i] * q[j] + q[i] * s->x[j] + bend * s->x[i] * s->x[j]) / speed;
    return speed > 0;
}

/* ---- the noise ---- */

typedef struct {
    double shift, variance;
} rates;

/* C:M / 2 and x^T C x at the point. */
static rates find_rates(shifter *s)
{
    const size_t n = s->n, core = s->core, count = s->count;
    rates sum = {0, 0};
    hf_cloud_noise_parts(s->point, s->part, s->work);
    for (size_t i = 0; i < core; i++)
        for (size_t k = 0; k < count; k++)
            s->part[i * count + k] /= s->scale[i];
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)count, (int)core, (int)core, 1, s->part, (int)count,
                s->second, (int)n, 0, s->image, (int)count);
    for (size_t k = 0; k < count; k++) {
        double square = 0, along = 0;
        for (size_t i = 0; i < core; i++) {
            square += s->part[i * count + k] * s->image[i * count + k];
            along += s->part[i * count + k] * s->x[i];
        }
        sum.shift += s->sign[k] * square / 2;
        sum.variance += s->sign[k] * along * along;
    }
    return sum;
}

/* ---- a step ---- */

static bool put_at(shifter *s, double t)
{
    s->path->state_at(s->path->of, t, s->y);
    return hf_cloud_at(s->point, s->y);
}

/* Stage number i of a step of length h: its change by the state before. */
static bool find_stage(shifter *s, size_t i, double h)
{
    const size_t n = s->n;
    double *a = s->factor[i], *change = s->change[i];
    find_jacobian(s, a);
    memset(change, 0, n * n * sizeof *change);
    for (size_t j = 0; j < n * n; j++)
        a[j] *= -h * G;
    for (size_t j = 0; j < n; j++) {
        a[j * n + j] += 1;
        change[j * n + j] = 1;
    }
    for (size_t j = 0; j < i; j++)
        cblas_daxpy((int)(n * n), h * weight[i][j], s->slope[j], 1, change, 1);
    double *slope = i < 2 ? s->slope[i] : s->product;
    memcpy(slope, change, n * n * sizeof *slope);
    if (LAPACKE_dgetrf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)n, a, (lapack_int)n, s->pivot + i * n) != 0 ||
        LAPACKE_dgetrs(LAPACK_COL_MAJOR, 'N', (lapack_int)n, (lapack_int)n, a, (lapack_int)n, s->pivot + i * n, change,
                       (lapack_int)n) != 0)
        return false;
    for (size_t j = 0; j < n * n && i < 2; j++)
        slope[j] = (change[j] - slope[j]) / (h * G);
    return true;
}

/* By how much f at every stage counts for T, kappa, and J^T of it, nu; x at the state before. */
static bool find_covectors(shifter *s, double h)
{
    const size_t n = s->n;
    for (size_t i = STAGES; i-- > 0;) {
        double *kappa = s->kappa + i * n, *nu = s->nu + i * n;
        for (size_t c = 0; c < n; c++) {
            kappa[c] = h * weight[STAGES - 1][i] * s->x[c];
            for (size_t j = i + 1; j < STAGES; j++)
                kappa[c] += h * weight[j][i] * s->nu[j * n + c];
        }
        memcpy(nu, kappa, n * sizeof *nu);
        if (LAPACKE_dgetrs(LAPACK_COL_MAJOR, 'T', (lapack_int)n, 1, s->factor[i], (lapack_int)n, s->pivot + i * n, kappa,
                           (lapack_int)n) != 0)
            return false;
        for (size_t c = 0; c < n; c++)
            nu[c] = (kappa[c] - nu[c]) / (h * G);
    }
    for (size_t i = 0; i < STAGES; i++)
        for (size_t c = 0; c < n; c++)
            s->x[c] += s->nu[i * n + c];
    return true;
}

/* result = change^T matrix change + keep result */
static void congrue(shifter *s, const double *change, const double *matrix, double keep, double *result)
{
    const int n = (int)s->n;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, matrix, n, change, n, 0, s->product, n);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, n, n, 1, change, n, s->product, n, keep, result, n);
}

/* One step of the discrete flow from t - h to t, backward. False: something was not finite. */
static bool step_back(shifter *s, double t, double h)
{
    bool good = true;
    for (size_t i = 0; i < STAGES && good; i++)
        good = put_at(s, t - h + node[i] * h) && find_stage(s, i, h);
    if (!good || !find_covectors(s, h))
        return false;
    memcpy(s->curve, s->second, s->n * s->n * sizeof *s->curve);
    congrue(s, s->change[STAGES - 1], s->curve, 0, s->second);
    for (size_t i = 0; i < STAGES && good; i++) {
        good = put_at(s, t - h + node[i] * h);
        fold(s, s->kappa + i * s->n, s->direction);
        good = good && differentiate(s, find_adjoint, s->curve);
        congrue(s, s->change[i], s->curve, 1, s->second);
    }
    good = good && put_at(s, t - h);
    choose_scale(s, s->y);
    rescale(s);
    return good;
}

/* ---- all steps ---- */

hf_status hf_shift_find(const hf_shift_path *path, size_t count, const double *passed,
                        const volatile sig_atomic_t *interrupted, hf_shift *result, hf_error *err)
{
    shifter s;
    hf_status status = init(&s, path, err);
    bool good = status == HF_OK && begin(&s);
    rates sum = {0, 0}, at[3] = {{0, 0}, {0, 0}, {0, 0}};
    if (good)
        at[2] = find_rates(&s);
    for (size_t k = 0; k < count && good; k++) {
        const double h = (passed[k + 1] - passed[k]) / 2, t = path->end - passed[k];
        at[0] = at[2];
        for (size_t i = 1; i <= 2 && good; i++) {
            good = step_back(&s, i == 1 ? t : t - h, h);
            at[i] = find_rates(&s);
        }
        sum.shift += h / 3 * (at[0].shift + 4 * at[1].shift + at[2].shift);
        sum.variance += h / 3 * (at[0].variance + 4 * at[1].variance + at[2].variance);
        good = good && isfinite(sum.shift) && !(interrupted != NULL && *interrupted);
    }
    const double e = path->flow->problem->cloud.rate;
    *result = good ? (hf_shift){sum.shift, sqrt(e * sum.variance)} : (hf_shift){NAN, NAN};
    clear(&s);
    return status;
}
