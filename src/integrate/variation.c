#include "integrate/variation.h"

#include "core/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER = 5, ITERATIONS = 4, MOST_ITERATIONS = 60 };

/* What is followed for one parameter. */
typedef struct {
    double *past[ORDER]; /* at the ends of the last steps, the last one first */
    double *velocity;    /* at the last one */
    double contraction;  /* of the iteration, as of late */
} followed;

struct hf_variation {
    hf_integrator *integrator;
    hf_system system;
    hf_point point; /* at the end of the last step */
    size_t size, count;
    double t[ORDER]; /* of past */
    size_t known;    /* of past */
    size_t order;    /* of the last step */
    followed *of;    /* (count) */
    void *newton;    /* of its own, made when it is wanted */
    double own_gamma;
    bool own_is_current;                                         /* newton was factored for the present step */
    double *y, *predicted, *slope, *residual, *change, *forcing; /* (size) each */
    double *basis;                                               /* that a restart ends */
    double *memory;
    double *saved; /* (count, size) */
};

/* ---- life ---- */

static bool allocate(hf_variation *v, size_t basis)
{
    const size_t each = ORDER + 1, scratch = 6;
    v->of = calloc(v->count + 1, sizeof *v->of);
    v->memory = calloc((each + 1) * v->count * v->size + scratch * v->size + basis, sizeof *v->memory);
    if (v->of == NULL || v->memory == NULL)
        return false;
    double *next = v->memory;
    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; k < ORDER; k++, next += v->size)
            v->of[i].past[k] = next;
        v->of[i].velocity = next;
        next += v->size;
    }
    double **const places[] = {&v->y, &v->predicted, &v->slope, &v->residual, &v->change, &v->forcing};
    for (size_t k = 0; k < scratch; k++, next += v->size)
        *places[k] = next;
    v->saved = next;
    v->basis = next + v->count * v->size;
    return true;
}

static hf_status not_finite(double t, hf_error *err)
{
    return hf_fail(err, HF_ENUMERIC, "the derivatives of the flow are not finite at t = %.6g; leave out sensitivity.to", t);
}

static hf_status no_convergence(double t, hf_error *err)
{
    return hf_fail(err, HF_ENUMERIC, "the derivatives of the flow do not converge at t = %.6g; leave out sensitivity.to",
                   t);
}

HF_CLONES static bool is_finite(size_t count, const double *x)
{
    double zero = 0;
    HF_SIMD_SUM(zero)
    for (size_t i = 0; i < count; i++)
        zero += 0 * x[i];
    return zero == 0;
}

/* y += c x */
HF_CLONES static void add(size_t count, double c, const double *x, double *y)
{
    HF_SIMD
    for (size_t k = 0; k < count; k++)
        y[k] += c * x[k];
}

/* velocity = J x + df / d ln p at the point */
static void velocity_of(hf_variation *v, size_t i, const double *x, double *velocity)
{
    const hf_system_kind *kind = v->system.kind;
    kind->jacobian_times(v->point.self, x, velocity);
    if (kind->sensitivity->velocity(v->point.self, i, v->forcing))
        add(v->size, 1, v->forcing, velocity);
}

/* Starts, or starts again, from past[0] at the integrator's state. */
static hf_status begin(hf_variation *v, hf_error *err)
{
    double energy;
    const double t = hf_integrator_time(v->integrator);
    hf_integrator_interpolate(v->integrator, t, v->y, &energy);
    bool good = hf_point_at(&v->point, v->y);
    v->t[0] = t;
    v->known = 1;
    v->order = 1;
    for (size_t i = 0; i < v->count && good; i++) {
        velocity_of(v, i, v->of[i].past[0], v->of[i].velocity);
        v->of[i].contraction = 0.3; /* until it is known */
        good = is_finite(v->size, v->of[i].velocity);
    }
    return good ? HF_OK : not_finite(t, err);
}

hf_status hf_variation_create(hf_variation **result, hf_integrator *integrator, hf_error *err)
{
    hf_variation *v = calloc(1, sizeof *v);
    if (v == NULL)
        return hf_fail_memory(err, "the derivatives");
    v->integrator = integrator;
    v->system = *hf_integrator_system(integrator);
    const hf_system_kind *kind = v->system.kind;
    v->size = v->system.size;
    v->count = kind->sensitivity->count(v->system.self);
    hf_status status = hf_point_init(&v->point, &v->system, err);
    if (status == HF_OK && !allocate(v, kind->basis_size == NULL ? 0 : kind->basis_size(v->system.self)))
        status = hf_fail_memory(err, "the derivatives");
    for (size_t i = 0; i < v->count && status == HF_OK; i++)
        kind->sensitivity->start(v->system.self, i, v->of[i].past[0]);
    if (status == HF_OK)
        status = begin(v, err);
    if (status == HF_OK)
        *result = v;
    else
        hf_variation_free(v);
    return status;
}

void hf_variation_free(hf_variation *v)
{
    if (v == NULL)
        return;
    if (v->newton != NULL)
        v->system.kind->newton->free(v->newton);
    hf_point_clear(&v->point);
    free(v->of);
    free(v->memory);
    free(v);
}

/* ---- the formula ---- */

/* Weights of the polynomial through the values of the last `order` ends of steps and the velocity at the last one, at a time
 * x steps behind it (x < 0: before): of the values, of the velocity times the step, and of the same for its slope times the
 * step (NULL: not wanted). node: (order) those ends in steps from the last one, which is 0. */
static void weigh(size_t order, const double *node, double x, double *value, double *slope)
{
    double whole = 1, sum = 0, log_slope = 0; /* prod (x - x_j) / -x_j, its slope over it at 0 and at x */
    for (size_t j = 1; j < order; j++) {
        whole *= (x - node[j]) / -node[j];
        sum -= 1 / node[j];
        log_slope += 1 / (x - node[j]);
    }
    value[0] = whole * (1 - x * sum);
    value[order] = whole * x;
    for (size_t i = 1; i < order; i++) {
        value[i] = x / node[i] * (x / node[i]);
        for (size_t j = 1; j < order; j++)
            value[i] *= j == i ? 1 : (x - node[j]) / (node[i] - node[j]);
    }
    if (slope == NULL)
        return;
    slope[0] = value[0] * log_slope - whole * sum;
    slope[order] = value[order] * log_slope + whole;
    for (size_t i = 1; i < order; i++)
        slope[i] = value[i] * (2 / x + log_slope - 1 / (x - node[i]));
}

/* result = the sum of the past with these weights. */
HF_CLONES static void combine(const hf_variation *v, const followed *f, size_t order, double step, const double *weight,
                              double *result)
{
    const double along = weight[order] * step;
    HF_SIMD
    for (size_t k = 0; k < v->size; k++)
        result[k] = along * f->velocity[k];
    for (size_t j = 0; j < order; j++) {
        const double *past = f->past[j], w = weight[j];
        HF_SIMD
        for (size_t k = 0; k < v->size; k++)
            result[k] += w * past[k];
    }
}

/* ---- convergence ---- */

HF_CLONES static double largest(size_t count, const double *x)
{
    double most = 0;
    HF_SIMD_MAX(most)
    for (size_t i = 0; i < count; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

/* The largest change of a group over the size of x there. What a contrast takes from its partner is known to that one's rounding. */
static double relative_change(const hf_variation *v, const double *x, const double *change)
{
    const double known = 1e-3;
    double worst = 0;
    for (size_t g = 0; g < v->system.group_count; g++) {
        const hf_error_group *group = &v->system.group[g], *partner = &v->system.group[group->partner];
        const double moved = largest(group->count, change + group->first);
        if (moved == 0)
            continue;
        const double size = fmax(largest(group->count, x + group->first),
                                 group->is_contrast ? known * largest(partner->count, x + partner->first) : 0);
        if (size > 0)
            worst = fmax(worst, moved / size);
    }
    return worst;
}

/* ---- one step ---- */

/* Takes the present step's point: its state is the end of the step. */
static bool look_at_end(hf_variation *v, double t)
{
    double energy;
    hf_integrator_interpolate(v->integrator, t, v->y, &energy);
    v->own_is_current = false;
    return hf_point_at(&v->point, v->y);
}

/* A factorization at the present point, for those who do not converge by an older one. */
static hf_status factor(hf_variation *v, double gamma, hf_error *err)
{
    const hf_newton_kind *newton = v->system.kind->newton;
    hf_status status = HF_OK;
    if (v->own_is_current)
        return HF_OK;
    if (v->newton == NULL)
        status = newton->create(&v->newton, v->system.self, err);
    if (status != HF_OK)
        return status;
    v->own_gamma = gamma;
    v->own_is_current = newton->setup(v->newton, v->point.self, gamma);
    return v->own_is_current ? HF_OK : not_finite(hf_integrator_time(v->integrator), err);
}

/* residual = gamma (residual - slope) - (x - predicted): what is left of the formula, from the velocity at x. */
HF_CLONES static void find_residual(const hf_variation *v, double gamma, const double *x)
{
    HF_SIMD
    for (size_t k = 0; k < v->size; k++)
        v->residual[k] = gamma * (v->residual[k] - v->slope[k]) - (x[k] - v->predicted[k]);
}

/* change *= scale, x += change */
HF_CLONES static void move(const hf_variation *v, double scale, double *x)
{
    HF_SIMD
    for (size_t k = 0; k < v->size; k++) {
        v->change[k] *= scale;
        x[k] += v->change[k];
    }
}

/* velocity = that of the formula at x */
HF_CLONES static void find_velocity(const hf_variation *v, double gamma, const double *x, double *velocity)
{
    HF_SIMD
    for (size_t k = 0; k < v->size; k++)
        velocity[k] = v->slope[k] + (x[k] - v->predicted[k]) / gamma;
}

/* One correction of x, the derivative at the end of the step: change = (I - gamma J)^-1 of what is left. */
static void correct(hf_variation *v, size_t i, double gamma, double *x)
{
    double factored = gamma;
    velocity_of(v, i, x, v->residual);
    find_residual(v, gamma, x);
    if (v->own_is_current)
        v->system.kind->newton->solve(v->newton, v->residual, v->change);
    else
        factored = hf_integrator_solve(v->integrator, v->residual, v->change);
    move(v, 2 / (1 + gamma / factored), x);
}

/* Solves for x from the prediction. */
static hf_status converge(hf_variation *v, size_t i, double gamma, double *x, hf_error *err)
{
    const double tolerance = 10 * hf_integrator_local_rtol(v->integrator), keeps = 0.3, hopeless = 0.9, coarse = 1e-4;
    followed *f = &v->of[i];
    double before = 0;
    memcpy(x, v->predicted, v->size * sizeof *x);
    for (int k = 0; k < MOST_ITERATIONS; k++) {
        correct(v, i, gamma, x);
        if (!is_finite(v->size, x)) /* whose change would look like none */
            return not_finite(hf_integrator_time(v->integrator), err);
        const double moved = relative_change(v, x, v->change);
        if (k > 0)
            f->contraction = fmax(keeps * f->contraction, moved / before);
        if (moved * fmin(1, f->contraction) <= tolerance)
            return HF_OK;
        const bool stays = k > 0 && moved > hopeless * before;
        if (stays && v->own_is_current) /* as good as rounding lets it be */
            return moved <= coarse ? HF_OK : no_convergence(hf_integrator_time(v->integrator), err);
        if (stays || k + 1 == ITERATIONS) {
            const hf_status status = factor(v, gamma, err);
            if (status != HF_OK)
                return status;
        }
        before = moved;
    }
    return before <= coarse ? HF_OK : no_convergence(hf_integrator_time(v->integrator), err);
}

static hf_status advance(hf_variation *v, size_t i, double step, double gamma, const double *value, const double *slope,
                         hf_error *err)
{
    followed *f = &v->of[i];
    double *x =
        f->past[ORDER - 1]; /* the oldest, of which no formula makes use any more but this one, which is done then */
    combine(v, f, v->order, step, value, v->predicted);
    combine(v, f, v->order, step, slope, v->slope);
    const hf_status status = converge(v, i, gamma, x, err);
    find_velocity(v, gamma, x, f->velocity);
    for (size_t k = ORDER - 1; k > 0; k--)
        f->past[k] = f->past[k - 1];
    f->past[0] = x;
    return status;
}

hf_status hf_variation_step(hf_variation *v, hf_error *err)
{
    double node[ORDER], value[ORDER + 1], slope[ORDER + 1], leading = 0;
    const double t = hf_integrator_time(v->integrator), step = t - v->t[0];
    const size_t order = hf_integrator_order(v->integrator);
    v->order = order < v->known ? order : v->known;
    for (size_t j = 0; j < v->order; j++) {
        node[j] = (v->t[j] - v->t[0]) / step;
        leading += 1 / (double)(j + 1);
    }
    weigh(v->order, node, 1, value, slope);
    for (size_t j = 0; j <= v->order; j++)
        slope[j] /= step; /* for the slope itself */
    if (!look_at_end(v, t))
        return not_finite(t, err);
    hf_status status = HF_OK;
    for (size_t i = 0; i < v->count && status == HF_OK; i++)
        status = advance(v, i, step, step / leading, value, slope, err);
    memmove(v->t + 1, v->t, (ORDER - 1) * sizeof *v->t);
    v->t[0] = t;
    v->known += v->known < ORDER;
    return status;
}

/* ---- looking ---- */

hf_point *hf_variation_point(hf_variation *v)
{
    return &v->point;
}

const double *hf_variation_at_end(const hf_variation *v, size_t i, const double **velocity)
{
    *velocity = v->of[i].velocity;
    return v->of[i].past[0];
}

void hf_variation_interpolate(hf_variation *v, size_t i, double t, double *x)
{
    double node[ORDER], value[ORDER + 1];
    if (v->known < 2 || t == v->t[0]) {
        memcpy(x, v->of[i].past[0], v->size * sizeof *x);
        return;
    }
    const double step = v->t[0] - v->t[1];
    for (size_t j = 0; j < v->order; j++)
        node[j] = (v->t[j] - v->t[0]) / step;
    weigh(v->order, node, (t - v->t[0]) / step, value, NULL);
    combine(v, &v->of[i], v->order, step, value, x);
}

/* ---- restarts ---- */

void hf_variation_before_restart(hf_variation *v)
{
    if (v->system.kind->save_basis != NULL)
        v->system.kind->save_basis(v->system.self, v->basis);
}

hf_status hf_variation_restart(hf_variation *v, hf_error *err)
{
    const hf_sensitivity_kind *kind = v->system.kind->sensitivity;
    hf_status status = HF_OK;
    for (size_t i = 0; i < v->count && status == HF_OK && kind->recast != NULL; i++)
        status = kind->recast(v->system.self, v->basis, v->of[i].past[0], err);
    return status == HF_OK ? begin(v, err) : status;
}

double *hf_variation_state(hf_variation *v, size_t *numbers)
{
    *numbers = v->count * v->size;
    for (size_t i = 0; i < v->count; i++)
        memcpy(v->saved + i * v->size, v->of[i].past[0], v->size * sizeof *v->saved);
    return v->saved;
}

hf_status hf_variation_load(hf_variation *v, hf_error *err)
{
    for (size_t i = 0; i < v->count; i++)
        memcpy(v->of[i].past[0], v->saved + i * v->size, v->size * sizeof *v->saved);
    return begin(v, err);
}
