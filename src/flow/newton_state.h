/* newton_state: what the Newton solver remembers, and what setting up and solving share (private to flow/): newton.c sets up,
 * newton_solve.c solves. */
#ifndef HF_FLOW_NEWTON_STATE_H
#define HF_FLOW_NEWTON_STATE_H

#include "flow/newton.h"

#include "flow/lanes.h"
#include "flow/lu.h"

#include <gsl/gsl_linalg.h>
#include <string.h>

enum { BLOCK = 64 }; /* positions worked on together: a multiple of HF_FOUR */

struct hf_newton {
    const hf_flow *flow;
    double gamma;
    bool is_mirror; /* M = I and F = 0; else M = D */
    size_t extra;   /* 1 with SGD's drift: l = dL is one more unknown of the border; else 0 */
    double beta;    /* of drift.h */

    /* The values' rows are (unit + gamma rate lambda) dv - gamma rate (dforce) = unit b: value_rate and 1, or for optimal
     * values, which are an equation without a time derivative, 1 and 0. */
    double rate, unit;

    /* The state of the factorization, copied: the flow moves on while CVODE keeps a factorization. Rows as in flow.h. What
     * G dv and (B - I) sigma have in common at all positions is left to c, which would have to cancel it at the cost of
     * digits: pull is without its mean under the heads' mean attention; push (R, H) is that mean of c_i omega_ri s_ni, pushed
     * (R, H) the modes of v_kr push_kr, and common (H, H) = gamma rho_a sum_r v_r pushed_r^T what all positions' C D have in
     * common; with drift that includes gamma rho_a beta times multiplication by push. */
    double *value, *attention, *ascent, *pull, *push, *pushed, *common;
    double *force, *loss_ascent; /* only with drift */

    double *residual; /* (2, size of a state) for the refinement */
    double *factor;   /* (T / 4, H, H, 4) LU factors of every position's B, as lu.h has them */
    size_t *pivot;    /* (T / 4, H, 4) row exchanged with row m in step m; only where exchanged */
    bool *exchanged;  /* (T / 4) whether rows were exchanged in those four */

    /* Four positions at a time. Matrices are row by row. */
    hf_four *known;      /* (2, H) attention s, ascent */
    hf_four *multiplier; /* (H, H) D */
    hf_four *spread;     /* (H, R) D v */
    hf_four *metric;     /* (H, H) M: multiplier, or memory of its own that always holds I */
    hf_four *moved;      /* (H, R) M v: spread, or memory of its own */
    hf_four *system;     /* (H, H) B */
    hf_four *solving;    /* (5 H) of a solve */
    hf_four *sums;       /* (sums_of) over positions: H b - y | H D y | s h y | R v D y | H R of G */
    double *by_sigma;    /* (H, H) S: multiplication by sigma */
    double *mean;        /* (R + H) what a solve leaves to c, by feature; and by drift */

    double *field; /* (3 H, BLOCK) */

    /* The border's rows and columns at positions, (columns, H, reach): n_i D G | n_i D | n_i s h, and B^-1 of rho_a M G | B - I - M
     * common | -M | l | I + M common. Small problems keep those of all positions, so that a solve is little more than
     * products with them; the others form what they need once more in every solve. */
    double *left, *columns;
    double *product; /* (columns of left, those of columns) */
    bool is_kept;
    size_t reach; /* positions held: all if kept, else one block's */

    /* (p, p), p = H (R + 2) + extra: rows and columns dv | sigma | c | l; then its factors, transposed, the inverse on the diagonal. */
    gsl_matrix *border;
    gsl_permutation *permutation;
    gsl_vector *z;
};

/* Fours of sums. */
HF_INLINE size_t sums_of(size_t heads, size_t features)
{
    return 2 * heads + 1 + features + heads * features;
}

/* Columns of left and of columns. */
HF_INLINE size_t left_width(const hf_newton *newton)
{
    return newton->flow->problem->heads * (newton->flow->problem->features + 1) + newton->extra;
}

HF_INLINE size_t column_width(const hf_newton *newton)
{
    return newton->flow->problem->heads * (newton->flow->problem->features + 3) + newton->extra;
}

/* Row m of column j of left or of columns, from a position on. */
HF_INLINE double *border_row(const hf_newton *newton, double *columns, size_t j, size_t m, size_t first)
{
    return columns + (j * newton->flow->problem->heads + m) * newton->reach + (newton->is_kept ? first : 0);
}

HF_INLINE size_t width_of_block(size_t first, size_t positions)
{
    return positions - first < BLOCK ? positions - first : BLOCK;
}

/* B^-1 of up to four positions' columns, as substitute_block. */
HF_INLINE void substitute_four(const hf_newton *newton, size_t heads, size_t at, size_t count, size_t columns, double *x,
                               size_t stride, size_t column_stride)
{
    const double *factor = newton->factor + at * heads * heads;
    if (!newton->exchanged[at / HF_FOUR]) {
        hf_lu_substitute_four(heads, count, (const hf_four *)factor, columns, x, stride, column_stride,
                              (hf_four *)newton->field);
        return;
    }
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < count; i++)
            hf_lu_substitute_one(heads, factor + i, newton->pivot + at * heads + i, x + j * column_stride + i, stride);
}

HF_INLINE void substitute_fours(const hf_newton *newton, size_t heads, size_t first, size_t width, size_t columns,
                                double *x, size_t stride, size_t column_stride)
{
    size_t i = 0;
    for (; i + HF_FOUR <= width; i += HF_FOUR)
        substitute_four(newton, heads, first + i, HF_FOUR, columns, x + i, stride, column_stride);
    if (i < width)
        substitute_four(newton, heads, first + i, width - i, columns, x + i, stride, column_stride);
}

/* B^-1 of one block's columns: row m of column j starts at x + j column_stride + m stride. */
HF_INLINE void substitute_block(const hf_newton *newton, size_t first, size_t width, size_t columns, double *x,
                                size_t stride, size_t column_stride)
{
    const size_t heads = newton->flow->problem->heads;
#define SUBSTITUTE(number) substitute_fours(newton, number, first, width, columns, x, stride, column_stride)
    HF_BY_HEADS(heads, SUBSTITUTE, SUBSTITUTE(heads))
#undef SUBSTITUTE
}

/* w at four positions. */
HF_INLINE void weight_of_four(const hf_newton *newton, size_t at, size_t count, hf_four *weight)
{
    double weights[HF_FOUR];
    hf_block_weight(newton->flow->problem, at, count, weights);
    hf_fours_load(count, weights, weight);
}

/* result (H) = M x at four positions, where the attention is s; result is neither s nor x. */
HF_INLINE void metric_times(const hf_newton *newton, size_t heads, const hf_four *s, const hf_four *x, hf_four *result)
{
    if (newton->is_mirror)
        memcpy(result, x, heads * sizeof *result);
    else
        hf_fours_product(heads, newton->flow->basis, s, x, result);
}

#endif
