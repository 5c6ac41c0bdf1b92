/* Attentions that are no softmax, of scores z; rows of attention.h. Differences between heads are formed along edges, each with a
 * factor that is a difference, so that contrasts keep their digits and equal heads stay equal. */
#include "flow/attention.h"

#include "flow/lanes.h"

#include <math.h>
#include <string.h>

/* What a kind makes of the scores of the root head, z: its weight and norm, and w and q. */
typedef void make_root(const hf_problem *p, const double *z, double *weight, double *norm, double *w, double *q);

/* One edge: what its far head has, and the differences of s, w and q along it. */
typedef struct {
    const double *z_from, *z_to; /* (T) */
    const double *from;          /* (T) weight of the near head */
    double norm_from;
    double *to, *norm_to; /* (T) and its norm */
    double *ds;           /* (T) in: of the scores, out: of the attention */
    double *dw, *dq;      /* (T) */
} edge;

typedef void follow_edge(const hf_problem *p, const edge *e);

HF_CLONES static void find_scores(const hf_flow_point *point, const double *a, size_t head, double *z)
{
    const hf_problem *p = point->problem;
    hf_lanes_combine(p->heads, p->positions, point->flow->basis->q + head, p->heads, a, z);
}

HF_CLONES static void find_difference(const hf_flow_point *point, const double *a, size_t n, double *delta)
{
    const hf_problem *p = point->problem;
    hf_lanes_combine(p->heads, p->positions, point->flow->basis->edge_of_mode + n * p->heads, 1, a, delta);
}

static bool is_finite(const hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    double zero = 0;
    for (size_t k = 0; k < p->heads; k++)
        if (point->norm[k] == 0 || !isfinite(point->norm[k]))
            return false;
    for (size_t i = 0; i < p->heads * p->positions; i++)
        zero += 0 * point->weight[i];
    return zero == 0;
}

static bool evaluate(hf_flow_point *point, const double *a, make_root *root, follow_edge *follow)
{
    const hf_problem *p = point->problem;
    const hf_basis *basis = point->flow->basis;
    const size_t T = p->positions, first = basis->root * T;
    find_scores(point, a, basis->root, point->score + first);
    root(p, point->score + first, point->weight + first, &point->norm[basis->root], point->slope, point->bend);
    for (size_t n = 1; n < p->heads; n++) {
        const size_t from = basis->edge[n].from, to = basis->edge[n].to;
        const edge e = {.z_from = point->score + from * T,
                        .z_to = point->score + to * T,
                        .from = point->weight + from * T,
                        .norm_from = point->norm[from],
                        .to = point->weight + to * T,
                        .norm_to = &point->norm[to],
                        .ds = point->edge + n * T,
                        .dw = point->slope + n * T,
                        .dq = point->bend + n * T};
        find_scores(point, a, to, point->score + to * T);
        find_difference(point, a, n, e.ds);
        follow(p, &e);
    }
    hf_basis_from_edges(basis, T, point->slope, point->turning);
    hf_basis_from_edges(basis, T, point->bend, point->turning);
    return is_finite(point);
}

static void fill(size_t count, double x, double *result)
{
    for (size_t i = 0; i < count; i++)
        result[i] = x;
}

/* ---- z^2 / Z, Z = sum_i n_i z_i^2 ---- */

static void squares_root(const hf_problem *p, const double *z, double *weight, double *norm, double *w, double *q)
{
    for (size_t i = 0; i < p->positions; i++)
        weight[i] = z[i] * z[i];
    *norm = 1 / hf_counted_sum(p, weight);
    for (size_t i = 0; i < p->positions; i++)
        w[i] = 2 * *norm * z[i];
    fill(p->positions, 2 * *norm, q);
}

/* ds = (dz (z + z') - s dZ) / Z',  dw = (2 dz - w dZ) / Z',  dq = -q dZ / Z' */
static void squares_edge(const hf_problem *p, const edge *e)
{
    double change = 0;
    for (size_t i = 0; i < p->positions; i++) {
        e->to[i] = e->z_to[i] * e->z_to[i];
        e->dw[i] = e->ds[i];
        e->ds[i] *= e->z_to[i] + e->z_from[i];
        change += p->multiplicity[i] * e->ds[i];
    }
    const double norm = *e->norm_to = 1 / hf_counted_sum(p, e->to);
    for (size_t i = 0; i < p->positions; i++) {
        e->ds[i] = norm * (e->ds[i] - e->from[i] * e->norm_from * change);
        e->dw[i] = norm * (2 * e->dw[i] - 2 * e->norm_from * e->z_from[i] * change);
    }
    fill(p->positions, -2 * e->norm_from * change * norm, e->dq);
}

bool hf_squares_at(hf_flow_point *point, const double *a)
{
    return evaluate(point, a, squares_root, squares_edge);
}

/* ---- z / Z, Z = sum_i n_i z_i ---- */

static void sum_root(const hf_problem *p, const double *z, double *weight, double *norm, double *w, double *q)
{
    memcpy(weight, z, p->positions * sizeof *weight);
    *norm = 1 / hf_counted_sum(p, weight);
    fill(p->positions, *norm, w);
    fill(p->positions, 0, q);
}

/* ds = (dz - s dZ) / Z',  dw = -dZ / (Z Z') */
static void sum_edge(const hf_problem *p, const edge *e)
{
    const double change = hf_counted_sum(p, e->ds);
    memcpy(e->to, e->z_to, p->positions * sizeof *e->to);
    const double norm = *e->norm_to = 1 / hf_counted_sum(p, e->to);
    for (size_t i = 0; i < p->positions; i++)
        e->ds[i] = norm * (e->ds[i] - e->from[i] * e->norm_from * change);
    fill(p->positions, -norm * e->norm_from * change, e->dw);
    fill(p->positions, 0, e->dq);
}

bool hf_sum_at(hf_flow_point *point, const double *a)
{
    return evaluate(point, a, sum_root, sum_edge);
}

/* ---- 1 / (1 + e^-z) ---- */

static double sigmoid(double z)
{
    return z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static void sigmoid_root(const hf_problem *p, const double *z, double *weight, double *norm, double *w, double *q)
{
    *norm = 1;
    for (size_t i = 0; i < p->positions; i++) {
        const double s = sigmoid(z[i]), rest = sigmoid(-z[i]);
        weight[i] = s;
        w[i] = s * rest;
        q[i] = w[i] * (rest - s);
    }
}

/* ds = s (1 - s') (e^dz - 1) = s' (1 - s) (1 - e^-dz),  dw = ds (1 - s' - s),  dq = dw (1 - 2 s') - 2 w ds */
static void sigmoid_edge(const hf_problem *p, const edge *e)
{
    *e->norm_to = 1;
    for (size_t i = 0; i < p->positions; i++) {
        const double from = e->from[i], to = sigmoid(e->z_to[i]), rest_from = sigmoid(-e->z_from[i]),
                     rest_to = sigmoid(-e->z_to[i]);
        const double ds = e->ds[i] > 0 ? -to * rest_from * expm1(-e->ds[i]) : from * rest_to * expm1(e->ds[i]);
        const double dw = ds * (rest_to - from);
        e->to[i] = to;
        e->ds[i] = ds;
        e->dw[i] = dw;
        e->dq[i] = dw * (rest_to - to) - 2 * from * rest_from * ds;
    }
}

bool hf_sigmoid_at(hf_flow_point *point, const double *a)
{
    return evaluate(point, a, sigmoid_root, sigmoid_edge);
}

/* ---- z ---- */

static void linear_root(const hf_problem *p, const double *z, double *weight, double *norm, double *w, double *q)
{
    *norm = 1;
    memcpy(weight, z, p->positions * sizeof *weight);
    fill(p->positions, 1, w);
    fill(p->positions, 0, q);
}

static void linear_edge(const hf_problem *p, const edge *e)
{
    *e->norm_to = 1;
    memcpy(e->to, e->z_to, p->positions * sizeof *e->to);
    fill(p->positions, 0, e->dw);
    fill(p->positions, 0, e->dq);
}

bool hf_linear_at(hf_flow_point *point, const double *a)
{
    return evaluate(point, a, linear_root, linear_edge);
}
