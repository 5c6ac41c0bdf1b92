#include "flow/flow_sensitivity.h"

#include "flow/attention.h"
#include "flow/direction.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/observe.h"
#include "flow/step.h"
#include "flow/values.h"

#include <math.h>
#include <string.h>

static const hf_direction *direction_of(const hf_flow *flow, size_t parameter)
{
    return parameter == HF_NO_PARAMETER ? NULL : &flow->directions->at[parameter];
}

static size_t count(const void *self)
{
    const hf_flow *flow = self;
    return flow->directions == NULL ? 0 : flow->directions->count;
}

static const char *name(const void *self, size_t parameter)
{
    return direction_of(self, parameter)->name;
}

static void start(const void *self, size_t parameter, double *x)
{
    hf_direction_start(self, direction_of(self, parameter), x);
}

static bool velocity(void *point, size_t parameter, double *result)
{
    const hf_flow_point *here = point;
    return hf_direction_velocity(point, direction_of(here->flow, parameter), result);
}

/* ---- what changes ---- */

/* Changes along a state's x and a parameter d (NULL: none): of the attention, by modes in the point's scratch, and of the
 * values. */
typedef struct {
    const hf_flow_point *point;
    const hf_direction *d;
    const double *ds, *dv; /* (H, T), (H, R) */
} moves;

static moves moves_along(hf_flow_point *point, const double *x, const hf_direction *d)
{
    const hf_problem *p = point->problem;
    double *ds = point->scratch + p->heads * p->positions; /* what stands in front is hf_direction_attention's */
    hf_attention_change(point, x + p->heads * p->features, ds, point->small);
    if (d != NULL)
        hf_direction_attention(point, d, ds);
    return (moves){point, d, ds, point->flow->values->change(point, x, ds)};
}

static double grown(const moves *m, size_t i)
{
    return m->d == NULL || m->d->replicas == NULL ? 0 : m->d->replicas[i];
}

/* ---- losses ---- */

HF_CLONES static double loss_along(hf_flow_point *point, const double *x, const hf_direction *d)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features;
    double sum = 0;
    for (size_t i = 0; i < values && point->flow->values->follow == 0; i++)
        sum -= hf_values_slope(point, i) * x[i];
    for (size_t n = 0; n < p->heads; n++)
        sum -= hf_counted_dot(p, point->loss_ascent + n * p->positions, x + values + n * p->positions);
    return d == NULL ? sum : sum + hf_direction_loss(point, d);
}

static double test_loss_along(const moves *m)
{
    const hf_flow_point *point = m->point;
    const hf_problem *p = point->problem;
    double sum = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++) {
            const size_t ri = r * p->positions + i;
            double given = 0, change = 0;
            for (size_t n = 0; n < p->heads; n++) {
                const size_t nr = n * p->features + r, ni = n * p->positions + i;
                given += point->value[nr] * point->attention[ni];
                change += m->dv[nr] * point->attention[ni] + point->value[nr] * m->ds[ni];
            }
            const double residual = p->target[ri] - p->copies[i] * given;
            const double moved = (m->d == NULL || m->d->target == NULL ? 0 : m->d->target[ri]) - p->copies[i] * change;
            sum += p->replicas[i] * p->test_variance[ri] * residual * (moved + grown(m, i) / 2 * residual);
        }
    return sum;
}

/* ---- heads ---- */

/* Of head k (from 0) at column i of modes x (H, width). */
static double of_head(const hf_flow_point *point, const double *x, size_t width, size_t k, size_t i)
{
    const hf_basis *basis = point->flow->basis;
    double sum = 0;
    for (size_t n = 0; n < basis->heads; n++)
        sum += basis->q[n * basis->heads + k] * x[n * width + i];
    return sum;
}

/* What sums over positions say of two heads. */
typedef struct {
    double xx, xy, yy;
} products;

static products products_of(const hf_flow_point *point, size_t k, size_t l)
{
    const hf_problem *p = point->problem;
    const double *x = point->weight + k * p->positions, *y = point->weight + l * p->positions;
    const double a = point->norm[k], b = point->norm[l];
    products sum = {0, 0, 0};
    for (size_t i = 0; i < p->positions; i++) {
        sum.xx += p->multiplicity[i] * x[i] * x[i] * a * a;
        sum.xy += p->multiplicity[i] * x[i] * y[i] * a * b;
        sum.yy += p->multiplicity[i] * y[i] * y[i] * b * b;
    }
    return sum;
}

static double cosine_along(const moves *m, size_t k, size_t l)
{
    const hf_flow_point *point = m->point;
    const hf_problem *p = point->problem;
    const products now = products_of(point, k, l);
    products change = {0, 0, 0};
    for (size_t i = 0; i < p->positions; i++) {
        const double x = point->weight[k * p->positions + i] * point->norm[k],
                     dx = of_head(point, m->ds, p->positions, k, i);
        const double y = point->weight[l * p->positions + i] * point->norm[l],
                     dy = of_head(point, m->ds, p->positions, l, i);
        change.xx += p->multiplicity[i] * (2 * x * dx + grown(m, i) * x * x);
        change.xy += p->multiplicity[i] * (x * dy + y * dx + grown(m, i) * x * y);
        change.yy += p->multiplicity[i] * (2 * y * dy + grown(m, i) * y * y);
    }
    const double size = sqrt(now.xx * now.yy);
    return change.xy / size - now.xy / size / 2 * (change.xx / now.xx + change.yy / now.yy);
}

/* Of the two heads that overlap least. */
static double overlap_along(const moves *m)
{
    const size_t heads = m->point->problem->heads;
    double least = INFINITY;
    size_t pair[2] = {0, 0};
    for (size_t k = 0; k < heads; k++)
        for (size_t l = 0; l < k; l++) {
            const products now = products_of(m->point, k, l);
            const double cosine = now.xy / sqrt(now.xx * now.yy);
            if (cosine < least) {
                least = cosine;
                pair[0] = k;
                pair[1] = l;
            }
        }
    return heads < 2 ? 0 : cosine_along(m, pair[0], pair[1]);
}

/* m_j |u_j|^2 |p_j|^2 */
static double whole_of(const hf_problem *p, size_t j)
{
    return p->strength[j] * p->feature2[j] * p->pattern[j].norm2;
}

/* Share of pattern j of head k, all from 0; *change: along m (NULL: not wanted). */
static double share_of(const hf_flow_point *point, const moves *m, size_t k, size_t j, double *change)
{
    const hf_problem *p = point->problem;
    double sum = 0, dsum = 0;
    for (size_t r = 0; r < p->features; r++) {
        const double u = p->feature[j * p->features + r];
        if (u == 0)
            continue;
        const double v = of_head(point, point->value, p->features, k, r);
        const double dv = m == NULL ? 0 : of_head(point, m->dv, p->features, k, r);
        for (size_t e = 0; e < p->pattern[j].count; e++) {
            const hf_pattern_entry entry = p->pattern[j].entry[e];
            const double weight = u * p->multiplicity[entry.position] * entry.weight;
            const double s = point->weight[k * p->positions + entry.position] * point->norm[k];
            sum += weight * v * s;
            dsum += m == NULL ? 0 : weight * (dv * s + v * of_head(point, m->ds, p->positions, k, entry.position));
        }
    }
    const double share = sum / whole_of(p, j);
    if (change != NULL)
        *change = dsum / whole_of(p, j) - (m->d == NULL ? 0 : m->d->strength[j] * share);
    return share;
}

/* head from 1; 0: all together. */
static double share(const hf_flow_point *point, const moves *m, size_t head, size_t j, double *change)
{
    double sum = 0, dsum = 0, part = 0;
    for (size_t k = 0; k < point->problem->heads; k++)
        if (head == 0 || head == k + 1) {
            sum += share_of(point, m, k, j, m == NULL ? NULL : &part);
            dsum += part;
        }
    if (change != NULL)
        *change = dsum;
    return sum;
}

/* ---- numbers ---- */

static double number_along(void *point, hf_number number, const double *x, size_t parameter)
{
    hf_flow_point *here = point;
    const hf_direction *d = direction_of(here->flow, parameter);
    double change = NAN;
    if (number.kind == HF_NUMBER_LOSS)
        return loss_along(here, x, d);
    const moves m = moves_along(here, x, d);
    switch (number.kind) {
    case HF_NUMBER_LOSS:
        break;
    case HF_NUMBER_TEST_LOSS:
        return test_loss_along(&m);
    case HF_NUMBER_OVERLAP:
        return overlap_along(&m);
    case HF_NUMBER_SHARE:
        share(here, &m, number.head, number.pattern - 1, &change);
        return change;
    }
    return change;
}

static double value(void *point, hf_number number)
{
    const hf_flow_point *here = point;
    switch (number.kind) {
    case HF_NUMBER_LOSS:
        return here->loss;
    case HF_NUMBER_TEST_LOSS:
        return hf_test_loss(here);
    case HF_NUMBER_OVERLAP:
        return hf_least_overlap(here);
    case HF_NUMBER_SHARE:
        return share(here, NULL, number.head, number.pattern - 1, NULL);
    }
    return NAN;
}

/* ---- the speed ---- */

/* sum_i dn_i rows of x y, (H, T) */
static double grown_product(const hf_problem *p, const hf_direction *d, const double *x, const double *y)
{
    double sum = 0;
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * d->replicas[i] * x[n * p->positions + i] * y[n * p->positions + i];
    return sum;
}

/* P = |y'|^2 in the flow's metric, in which rates divide. */
static double gradient_speed(hf_flow_point *point, const double *dx, const hf_direction *d)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features;
    double *f = point->direction;
    hf_flow_velocity(point, f);
    double change = 2 * hf_flow_inner(point->flow, f, dx);
    if (d == NULL)
        return change;
    if (d->value_rate != 0 && p->value_rate > 0)
        change -= d->value_rate / p->value_rate * hf_lanes_dot(values, f, f);
    for (size_t n = 0; n < p->heads && d->attention_rate != 0 && p->attention_rate > 0; n++) {
        const double *a = f + values + n * p->positions;
        change -= d->attention_rate / p->attention_rate * hf_counted_dot(p, a, a);
    }
    if (d->replicas != NULL)
        change += p->attention_rate * grown_product(p, d, point->loss_ascent, point->loss_ascent);
    return change;
}

/* P = -grad L . y' */
static double general_speed(hf_flow_point *point, const double *x, const double *dx, const hf_direction *d)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, logits = p->heads * p->positions;
    double *f = point->work, *g = f + values + logits, change = 0;
    const bool learned = point->flow->values->follow == 0;
    hf_flow_gradient_change(point, x, g);
    hf_flow_velocity(point, f);
    for (size_t i = 0; i < values && learned; i++)
        change += hf_values_slope(point, i) * dx[i] - g[i] * f[i];
    change -= hf_lanes_dot(logits, g + values, f + values);
    for (size_t n = 0; n < p->heads; n++)
        change += hf_counted_dot(p, point->loss_ascent + n * p->positions, dx + values + n * p->positions);
    if (d == NULL)
        return change;
    hf_direction_gradient(point, d, g);
    for (size_t i = 0; i < values && learned; i++)
        change += g[i] * f[i];
    for (size_t n = 0; n < p->heads; n++)
        change += hf_counted_dot(p, g + values + n * p->positions, f + values + n * p->positions);
    if (d->replicas != NULL)
        change += grown_product(p, d, point->loss_ascent, f + values);
    return change;
}

static double speed_along(void *point, const double *x, const double *dx, size_t parameter)
{
    hf_flow_point *here = point;
    const hf_flow *flow = here->flow;
    const hf_direction *d = direction_of(flow, parameter);
    const bool is_bent = flow->step->bends || (d != NULL && d->tau != 0);
    const bool is_gradient = !flow->attention->is_mirror && flow->drift->unknowns == 0 && !is_bent;
    return is_gradient ? gradient_speed(here, dx, d) : general_speed(here, x, dx, d);
}

/* ---- coordinates ---- */

static hf_status recast(const void *self, const double *distance, double *x, hf_error *err)
{
    return hf_flow_recast(self, distance, x, err);
}

const hf_sensitivity_kind hf_flow_sensitivity = {.count = count,
                                                 .name = name,
                                                 .start = start,
                                                 .velocity = velocity,
                                                 .number = number_along,
                                                 .value = value,
                                                 .speed = speed_along,
                                                 .recast = recast};
