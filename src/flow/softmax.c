/* The softmax, s_ki = exp(a_ki) / sum_l n_l exp(a_kl) over the positions of the support, from modes of the logits;
 * hf_softmax_at of attention.h. */
#include "flow/attention.h"

#include "core/exponential.h"
#include "flow/lanes.h"

#include <math.h>
#include <string.h>

/* Logits of two heads that differ by more than this at some position are far apart: their attentions are then subtracted
 * directly, which loses no digits, while expm1 could overflow or lose those of a head that leaves a concentrated other. */
static const double far_apart = 0.7; /* hf_exponential_less_one reaches as far */

HF_INLINE double max_of(size_t width, const double *x)
{
    double largest = -INFINITY;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < width; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

/* Softmax of one head from the modes a of the logits; its norm is not finite if one of them is not. */
HF_CLONES static void head_softmax(hf_flow_point *point, const double *a, size_t head)
{
    const hf_problem *p = point->problem;
    double *weight = point->weight + head * p->positions, *logit = point->edge;
    hf_lanes_combine(p->heads, p->positions, point->flow->basis->q + head, p->heads, a, logit);
    double zero = 0; /* nan if a logit is not finite */
    HF_SIMD_SUM(zero)
    for (size_t i = 0; i < p->positions; i++)
        zero += 0 * logit[i];
    for (size_t i = 0; i < p->positions && p->support != NULL; i++)
        logit[i] = p->support[i] ? logit[i] : -INFINITY;
    const double largest = max_of(p->positions, logit);
    HF_SIMD
    for (size_t i = 0; i < p->positions; i++)
        weight[i] = hf_exponential(logit[i] - largest);
    point->norm[head] = 1 / hf_lanes_dot(p->positions, p->multiplicity, weight) + zero;
}

/* The attention of edge.to and its difference from that of edge.from: with u = expm1(a_to - a_from) and <u> its mean under
 * s_from, delta = s_from (u - <u>) / (1 + <u>). */
HF_CLONES static void follow_edge(hf_flow_point *point, const double *a, size_t n)
{
    const hf_problem *p = point->problem;
    size_t positions = p->positions;
    hf_basis_edge edge = point->flow->basis->edge[n];
    const double *from = point->weight + edge.from * positions;
    double *to = point->weight + edge.to * positions, *delta = point->edge + n * positions;
    hf_lanes_combine(p->heads, positions, point->flow->basis->edge_of_mode + n * p->heads, 1, a, delta);
    if (hf_lanes_max_abs(positions, delta) > far_apart) {
        head_softmax(point, a, edge.to);
        double norm_from = point->norm[edge.from], norm_to = point->norm[edge.to];
        HF_SIMD
        for (size_t i = 0; i < positions; i++)
            delta[i] = to[i] * norm_to - from[i] * norm_from;
        return;
    }
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < positions; i++) {
        delta[i] = hf_exponential_less_one(delta[i]);
        sum += p->multiplicity[i] * from[i] * delta[i];
    }
    double mean = sum * point->norm[edge.from], norm = point->norm[edge.from] / (1 + mean);
    point->norm[edge.to] = norm;
    HF_SIMD
    for (size_t i = 0; i < positions; i++) {
        to[i] = from[i] + from[i] * delta[i];
        delta[i] = from[i] * norm * (delta[i] - mean);
    }
}

bool hf_softmax_at(hf_flow_point *point, const double *a)
{
    const hf_problem *p = point->problem;
    head_softmax(point, a, point->flow->basis->root);
    for (size_t n = 1; n < p->heads; n++)
        follow_edge(point, a, n);
    for (size_t k = 0; k < p->heads; k++)
        if (!isfinite(point->norm[k]) || point->norm[k] == 0)
            return false; /* logits that are not finite, or so large that differences are not */
    return true;
}
