#include "flow/newton.h"

#include "flow/lanes.h"
#include "flow/lu.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = HF_LU_LANES }; /* positions worked on together */

struct hf_newton {
    const hf_flow *flow;
    double gamma;
    bool logit;
    size_t extra; /* 1 with SGD's drift: l = dL is one more unknown of the border; else 0 */
    double drift; /* beta */

    /* The values' rows are (unit + gamma rate lambda) dv - gamma rate (dforce) = unit b: value_rate and 1, or for optimal
     * values, which are an equation without a time derivative, 1 and 0. */
    double rate, unit;

    /* The state of the factorization, copied: the flow moves on while CVODE keeps a factorization. Rows as in flow.h. What
     * G dv and (B - I) sigma have in common at all positions is left to c, which would have to cancel it at the cost of
     * digits: pull is without its mean under the heads' mean attention; push (R, H) is that mean of c_i omega_ri s_ni, turn
     * (R, H) the modes of v_kr push_kr, and shift (H, H) = gamma rho_a sum_r v_r turn_r^T what all positions' C D have in
     * common. */
    double *value, *attention, *ascent, *pull, *push, *turn, *shift;
    double *force, *loss_ascent; /* only with drift */

    double *residual; /* (2, size of a state) for the refinement */
    double *factor;   /* (T / BLOCK, H, H, BLOCK) LU factors of every position's B */
    size_t *pivot;    /* (T / BLOCK, H, BLOCK) row exchanged with row m in step m; only where exchanged */
    bool *exchanged;  /* (T / BLOCK) whether rows were exchanged in that block */

    /* One block of positions at a time, each entry (BLOCK). Matrices are row by row. */
    double *multiplier; /* (H, H) D */
    double *spread;     /* (H, R) D v */
    double *system;     /* (H, H) B */
    double *left;       /* (H, H R + H + extra): n_i D G | n_i D | n_i s h */
    double *columns;    /* (H, H R + 3 H + extra): B^-1 of the columns of rho_a D G or rho_a G | I | B - I | -D or -I | l */
    double *field;      /* (5 H + 2) */

    gsl_matrix *border; /* (p, p), p = H (R + 2) + extra: rows and columns dv | sigma | c | l */
    gsl_permutation *permutation;
    gsl_vector *z;
};

/* Columns of left and of columns. */
static size_t left_width(const hf_newton *newton)
{
    return newton->flow->problem->heads * (newton->flow->problem->features + 1) + newton->extra;
}

static size_t column_width(const hf_newton *newton)
{
    return newton->flow->problem->heads * (newton->flow->problem->features + 3) + newton->extra;
}

/* ---- life ---- */

hf_status hf_newton_create(hf_newton **result, const hf_flow *flow, hf_error *err)
{
    const hf_problem *p = flow->problem;
    size_t heads = p->heads, positions = p->positions, features = p->features;
    size_t extra = p->drift > 0, border = heads * (features + 2) + extra;
    size_t field = heads * positions, blocks = (positions + BLOCK - 1) / BLOCK;
    hf_newton *newton = calloc(1, sizeof *newton);
    if (newton == NULL)
        return hf_fail_memory(err, "the Newton solver");
    newton->flow = flow;
    newton->logit = p->geometry == HF_GEOMETRY_LOGIT;
    newton->extra = extra;
    newton->unit = p->values == HF_VALUES_OPTIMAL ? 0 : 1;
    newton->rate = p->values == HF_VALUES_OPTIMAL ? 1 : p->value_rate;
    newton->value = malloc((5 * heads * features + heads * heads + 4 * field + features * positions +
                            heads * heads * BLOCK * blocks + extra * (heads * features + field)) *
                           sizeof *newton->value);
    newton->multiplier = malloc((2 * heads * heads + heads * features + heads * (heads * features + heads + extra) +
                                 heads * (heads * features + 3 * heads + extra) + 5 * heads + 2) *
                                BLOCK * sizeof *newton->multiplier);
    newton->pivot = malloc(heads * BLOCK * blocks * sizeof *newton->pivot);
    newton->exchanged = malloc(blocks * sizeof *newton->exchanged);
    newton->border = gsl_matrix_alloc(border, border);
    newton->permutation = gsl_permutation_alloc(border);
    newton->z = gsl_vector_alloc(border);
    if (newton->value == NULL || newton->multiplier == NULL || newton->pivot == NULL || newton->exchanged == NULL ||
        newton->border == NULL || newton->permutation == NULL || newton->z == NULL) {
        hf_newton_free(newton);
        return hf_fail_memory(err, "the Newton solver");
    }
    newton->attention = newton->value + heads * features;
    newton->ascent = newton->attention + field;
    newton->pull = newton->ascent + field;
    newton->push = newton->pull + features * positions;
    newton->turn = newton->push + heads * features;
    newton->shift = newton->turn + heads * features;
    newton->residual = newton->shift + heads * heads;
    newton->factor = newton->residual + 2 * (heads * features + field);
    newton->force = newton->factor + heads * heads * BLOCK * blocks;
    newton->loss_ascent = newton->force + heads * features;
    newton->spread = newton->multiplier + heads * heads * BLOCK;
    newton->system = newton->spread + heads * features * BLOCK;
    newton->left = newton->system + heads * heads * BLOCK;
    newton->columns = newton->left + heads * left_width(newton) * BLOCK;
    newton->field = newton->columns + heads * column_width(newton) * BLOCK;
    *result = newton;
    return HF_OK;
}

void hf_newton_free(hf_newton *newton)
{
    if (newton == NULL)
        return;
    free(newton->value);
    free(newton->multiplier);
    free(newton->pivot);
    free(newton->exchanged);
    gsl_matrix_free(newton->border);
    gsl_permutation_free(newton->permutation);
    gsl_vector_free(newton->z);
    free(newton);
}

/* ---- one position's system ---- */

/* Factors the block's systems: side by side if no position needs exchanges, which is the rule. */
HF_INLINE bool factorize_block(hf_newton *newton, size_t first, size_t width)
{
    size_t heads = newton->flow->problem->heads;
    double *factor = newton->factor + first * heads * heads;
    size_t *pivot = newton->pivot + first * heads;
    memcpy(factor, newton->system, heads * heads * BLOCK * sizeof *factor);
    newton->exchanged[first / BLOCK] = !hf_lu_factorize_lanes(heads, width, factor);
    if (!newton->exchanged[first / BLOCK])
        return true;
    memcpy(factor, newton->system, heads * heads * BLOCK * sizeof *factor);
    for (size_t i = 0; i < width; i++)
        if (!hf_lu_factorize_one(heads, factor + i, pivot + i))
            return false;
    return true;
}

/* B^-1 of one block's column, whose row m starts at x + m stride. */
HF_INLINE void substitute_block(const hf_newton *newton, size_t first, size_t width, double *x, size_t stride)
{
    size_t heads = newton->flow->problem->heads;
    const double *factor = newton->factor + first * heads * heads;
    if (!newton->exchanged[first / BLOCK]) {
        hf_lu_substitute_lanes(heads, width, factor, x, stride);
        return;
    }
    for (size_t i = 0; i < width; i++)
        hf_lu_substitute_one(heads, factor + i, newton->pivot + first * heads + i, x + i, stride);
}

/* w_i of drift.h in one block. */
HF_INLINE void block_weight(const hf_problem *p, size_t first, size_t width, double *weight)
{
    for (size_t i = 0; i < width; i++)
        weight[i] = p->copies[first + i] * p->variance[first + i];
}

/* B += gamma rho_a beta w_i D^2 (logit) or gamma rho_a beta w_i D (replicator). D^2 multiplies by s^2. */
HF_INLINE void add_drift_to_systems(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    double *turn = newton->field, rate = newton->gamma * p->attention_rate * newton->drift, weight[BLOCK];
    block_weight(p, first, width, weight);
    const double *s = newton->attention + first;
    if (newton->logit)
        hf_lanes_product(basis, width, s, p->positions, s, p->positions, turn, BLOCK);
    for (size_t n = 0; n < p->heads; n++)
        for (size_t i = 0; i < width; i++)
            turn[n * BLOCK + i] = weight[i] * (newton->logit ? turn[n * BLOCK + i] : s[n * p->positions + i]);
    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        hf_lanes_add(width, rate * term.c, turn + term.l * BLOCK, newton->system + (term.m * p->heads + term.n) * BLOCK);
    }
}

/* Fills multiplier D, spread D v and system B for the positions first .. first+width-1. */
HF_INLINE void form_systems(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    size_t heads = p->heads, features = p->features;
    double rate = newton->gamma * p->attention_rate;
    memset(newton->multiplier, 0, heads * heads * BLOCK * sizeof *newton->multiplier);
    memset(newton->spread, 0, heads * features * BLOCK * sizeof *newton->spread);
    memset(newton->system, 0, heads * heads * BLOCK * sizeof *newton->system);

    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        size_t mn = (term.m * heads + term.n) * BLOCK, l = term.l * p->positions + first;
        hf_lanes_add(width, term.c, newton->attention + l, newton->multiplier + mn);
        if (newton->logit)
            hf_lanes_add(width, -rate * term.c, newton->ascent + l, newton->system + mn);
    }
    if (newton->extra > 0)
        add_drift_to_systems(newton, first, width);
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++)
            for (size_t r = 0; r < features; r++)
                hf_lanes_add(width, newton->value[n * features + r], newton->multiplier + (m * heads + n) * BLOCK,
                             newton->spread + (m * features + r) * BLOCK);
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            double *b = newton->system + (m * heads + n) * BLOCK;
            for (size_t r = 0; r < features; r++) {
                const double *variance = p->variance + r * p->positions + first, *copies = p->copies + first;
                const double *vm = newton->spread + (m * features + r) * BLOCK,
                             *vn = newton->spread + (n * features + r) * BLOCK;
                double value = newton->value[m * features + r];
                HF_SIMD
                for (size_t i = 0; i < width; i++)
                    b[i] += rate * copies[i] * variance[i] * (newton->logit ? vm[i] : value) * vn[i];
            }
            for (size_t i = 0; i < width && m == n; i++)
                b[i] += 1;
        }
}

/* Entry (m, (n, r)) of D G and, for the replicator, of G itself. */
HF_INLINE void border_column(const hf_newton *newton, size_t m, size_t n, size_t r, size_t first, size_t width, double *dg,
                             double *g)
{
    const hf_problem *p = newton->flow->problem;
    const double *pull = newton->pull + r * p->positions + first, *s = newton->attention + n * p->positions + first;
    const double *variance = p->variance + r * p->positions + first, *copies = p->copies + first;
    const double *d = newton->multiplier + (m * p->heads + n) * BLOCK, *dv = newton->spread + (m * p->features + r) * BLOCK;
    double value = newton->value[m * p->features + r], same = m == n, mean = newton->push[r * p->heads + n];
    HF_SIMD
    for (size_t i = 0; i < width; i++) {
        double push = copies[i] * variance[i] * s[i] - mean;
        dg[i] = newton->gamma * (pull[i] * d[i] - push * dv[i]);
        g[i] = newton->gamma * (pull[i] * same - push * value);
    }
}

/* turn (H) = factor (w s - its mean) for one block. */
HF_INLINE void turn_column(const hf_newton *newton, double factor, size_t first, size_t width, double *turn)
{
    const hf_problem *p = newton->flow->problem;
    double weight[BLOCK];
    block_weight(p, first, width, weight);
    for (size_t m = 0; m < p->heads; m++) {
        const double *s = newton->attention + m * p->positions + first;
        for (size_t i = 0; i < width; i++)
            turn[m * BLOCK + i] = factor * (weight[i] * s[i] - newton->push[m]); /* of any feature */
    }
}

/* Entry (m, n) of D shift (logit) or of shift itself. */
HF_INLINE void common_turn(const hf_newton *newton, size_t m, size_t n, size_t width, double *turn)
{
    size_t heads = newton->flow->problem->heads;
    memset(turn, 0, width * sizeof *turn);
    for (size_t k = 0; k < heads && newton->logit; k++)
        hf_lanes_add(width, newton->shift[k * heads + n], newton->multiplier + (m * heads + k) * BLOCK, turn);
    for (size_t i = 0; i < width && !newton->logit; i++)
        turn[i] = newton->shift[m * heads + n];
}

/* The row n_i s h and the column of l: -2 kappa gamma rho_a (w s - its mean), D of it in the logit geometry. */
HF_INLINE void form_drift_border(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, row = left_width(newton), stride = column_width(newton);
    double *turn = newton->field, *column = newton->columns + (stride - 1) * BLOCK;
    turn_column(newton, -2 * p->drift * newton->gamma * p->attention_rate, first, width, turn);
    if (newton->logit)
        hf_lanes_product(newton->flow->basis, width, newton->attention + first, p->positions, turn, BLOCK, column,
                         stride * BLOCK);
    for (size_t m = 0; m < heads; m++) {
        const double *f = newton->loss_ascent + m * p->positions + first;
        double *left = newton->left + (m * row + row - 1) * BLOCK;
        for (size_t i = 0; i < width; i++)
            left[i] = p->multiplicity[first + i] * f[i];
        if (!newton->logit)
            memcpy(column + m * stride * BLOCK, turn + m * BLOCK, width * sizeof *turn);
    }
}

/* Fills the rows n_i D G | n_i D and the columns rho_a D G (or G) | I + D shift | B - I - D shift (or shift) | -D (or -I),
 * not yet multiplied by B^-1. */
HF_INLINE void form_border(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, features = p->features, values = heads * features;
    const double *count = p->multiplicity + first;
    double g[BLOCK], turn[BLOCK];
    for (size_t m = 0; m < heads; m++) {
        double *left = newton->left + m * left_width(newton) * BLOCK;
        double *column = newton->columns + m * column_width(newton) * BLOCK;
        for (size_t j = 0; j < values; j++) {
            double *row = left + j * BLOCK, *x = column + j * BLOCK;
            border_column(newton, m, j / features, j % features, first, width, row, g);
            HF_SIMD
            for (size_t i = 0; i < width; i++) {
                x[i] = p->attention_rate * (newton->logit ? row[i] : g[i]);
                row[i] *= count[i];
            }
        }
        for (size_t n = 0; n < heads; n++) {
            const double *d = newton->multiplier + (m * heads + n) * BLOCK, *b = newton->system + (m * heads + n) * BLOCK;
            double *row = left + (values + n) * BLOCK, *unit = column + (values + n) * BLOCK;
            double *rest = unit + heads * BLOCK, *c = rest + heads * BLOCK, same = m == n;
            common_turn(newton, m, n, width, turn);
            HF_SIMD
            for (size_t i = 0; i < width; i++) {
                row[i] = count[i] * d[i];
                unit[i] = same + turn[i];
                rest[i] = b[i] - same - turn[i];
                c[i] = newton->logit ? -d[i] : -same;
            }
        }
    }
    if (newton->extra > 0)
        form_drift_border(newton, first, width);
}

/* ---- the border ---- */

/* sum over the block of left column a times column b of the solved columns. */
HF_INLINE double border_product(const hf_newton *newton, size_t a, size_t b, size_t width)
{
    size_t heads = newton->flow->problem->heads;
    double sum = 0;
    for (size_t m = 0; m < heads; m++)
        sum += hf_lanes_dot(width, newton->left + (m * left_width(newton) + a) * BLOCK,
                            newton->columns + (m * column_width(newton) + b) * BLOCK);
    return sum;
}

HF_INLINE void add_border(hf_newton *newton, size_t row, size_t column, double x)
{
    *gsl_matrix_ptr(newton->border, row, column) += x;
}

/* Adds one block to the border's matrix. Columns of the solved block: dv at 0, B^-1 at values, X_sigma and X_c behind. */
HF_INLINE void accumulate_border(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, values = heads * p->features, sigma = values, c = values + heads, l = c + heads;
    for (size_t a = 0; a < left_width(newton); a++) {
        bool is_value = a < values;
        size_t row = is_value ? a : a + heads;
        double sign = is_value ? -newton->rate : a < values + heads ? -1 : 1;
        for (size_t b = 0; b < values; b++)
            add_border(newton, row, b, sign * border_product(newton, a, b, width));
        for (size_t n = 0; n < heads; n++) {
            add_border(newton, row, sigma + n, -sign * border_product(newton, a, values + n, width));
            add_border(newton, row, c + n, sign * border_product(newton, a, values + 2 * heads + n, width));
        }
        if (newton->extra > 0)
            add_border(newton, row, l, sign * border_product(newton, a, values + 3 * heads, width));
    }
    for (size_t m = 0; m < heads; m++)
        for (size_t b = 0; b < l + newton->extra; b++) {
            size_t skip = b < values ? b : b + heads;
            add_border(
                newton, sigma + m, b,
                hf_lanes_dot(width, p->multiplicity + first, newton->columns + (m * column_width(newton) + skip) * BLOCK));
        }
}

/* The part of the values' rows that does not go through the logits: (1 + gamma rho_v lambda) dv + gamma rho_v sum_i n_i
 * c_i omega_ri s_n s_n'. */
HF_INLINE void accumulate_values(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    double pushed[BLOCK];
    for (size_t r = 0; r < p->features; r++)
        for (size_t n = 0; n < p->heads; n++) {
            const double *s = newton->attention + n * p->positions + first;
            const double *variance = p->variance + r * p->positions + first;
            HF_SIMD
            for (size_t i = 0; i < width; i++)
                pushed[i] = p->multiplicity[first + i] * p->copies[first + i] * variance[i] * s[i];
            for (size_t m = 0; m < p->heads; m++)
                add_border(newton, m * p->features + r, n * p->features + r,
                           newton->gamma * newton->rate *
                               hf_lanes_dot(width, pushed, newton->attention + m * p->positions + first));
        }
}

HF_CLONES static bool accumulate(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    size_t columns = column_width(newton);
    for (size_t first = 0; first < p->positions; first += BLOCK) {
        size_t width = p->positions - first < BLOCK ? p->positions - first : BLOCK;
        form_systems(newton, first, width);
        form_border(newton, first, width);
        if (!factorize_block(newton, first, width))
            return false;
        for (size_t j = 0; j < columns; j++)
            substitute_block(newton, first, width, newton->columns + j * BLOCK, columns * BLOCK);
        accumulate_border(newton, first, width);
        accumulate_values(newton, first, width);
    }
    return true;
}

static bool factorize_border(hf_newton *newton)
{
    int sign;
    if (gsl_linalg_LU_decomp(newton->border, newton->permutation, &sign) != 0)
        return false;
    for (size_t i = 0; i < newton->border->size1; i++) {
        double diagonal = gsl_matrix_get(newton->border, i, i);
        if (diagonal == 0 || !isfinite(diagonal))
            return false;
    }
    return true;
}

/* Weight of position i in the mean that is left to c: there where c acts, in proportion to attention; the weights sum to
 * 1. In the replicator geometry c acts on positions without attention, too, where there is nothing to take out: no mean. */
HF_INLINE double common_weight(const hf_newton *newton, size_t i)
{
    const hf_problem *p = newton->flow->problem;
    double root = sqrt((double)p->heads); /* mode 0 is sqrt(H) times the mean attention */
    return newton->logit ? p->multiplicity[i] * newton->attention[i] / root : 0;
}

/* shift += gamma rho_a beta times multiplication by push, the mean of w s for any feature. */
static void add_drift_to_common(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        newton->shift[term.m * p->heads + term.n] +=
            newton->gamma * p->attention_rate * newton->drift * term.c * newton->push[term.l];
    }
}

/* Takes the mean out of pull, and finds push, turn and shift. */
static void find_common(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, features = p->features;
    double *value = newton->z->data;
    memset(newton->shift, 0, heads * heads * sizeof *newton->shift);
    for (size_t r = 0; r < features; r++) {
        double *pull = newton->pull + r * p->positions, *push = newton->push + r * heads, *turn = newton->turn + r * heads;
        double mean = 0;
        memset(push, 0, heads * sizeof *push);
        for (size_t i = 0; i < p->positions; i++) {
            double weight = common_weight(newton, i), scale = weight * p->copies[i] * p->variance[r * p->positions + i];
            mean += weight * pull[i];
            for (size_t n = 0; n < heads; n++)
                push[n] += scale * newton->attention[n * p->positions + i];
        }
        for (size_t i = 0; i < p->positions; i++)
            pull[i] -= mean;
        for (size_t n = 0; n < heads; n++)
            value[n] = newton->value[n * features + r];
        hf_basis_product(newton->flow->basis, value, push, turn);
        for (size_t m = 0; m < heads; m++)
            for (size_t n = 0; n < heads; n++)
                newton->shift[m * heads + n] += newton->gamma * p->attention_rate * value[m] * turn[n];
    }
    if (newton->extra > 0)
        add_drift_to_common(newton);
}

static void copy_drift(hf_newton *newton)
{
    const hf_flow *flow = newton->flow;
    const hf_problem *p = flow->problem;
    newton->drift = flow->drift;
    memcpy(newton->force, flow->force, p->heads * p->features * sizeof *newton->force);
    memcpy(newton->loss_ascent, flow->loss_ascent, p->heads * p->positions * sizeof *newton->loss_ascent);
}

/* The part of l + sum force dv + sum_i n_i (s h)_i da_i = 0 that does not go through the logits. */
static void form_loss_row(hf_newton *newton)
{
    size_t values = newton->flow->problem->heads * newton->flow->problem->features, l = newton->border->size1 - 1;
    for (size_t i = 0; i < values; i++)
        add_border(newton, l, i, newton->force[i]);
    add_border(newton, l, l, 1);
}

bool hf_newton_setup(hf_newton *newton, double gamma)
{
    const hf_flow *flow = newton->flow;
    const hf_problem *p = flow->problem;
    size_t field = p->heads * p->positions, values = p->heads * p->features;
    if (!isfinite(flow->loss) || !isfinite(flow->speed))
        return false;
    newton->gamma = gamma;
    memcpy(newton->value, flow->value, values * sizeof *newton->value);
    memcpy(newton->attention, flow->attention, field * sizeof *newton->attention);
    memcpy(newton->ascent, flow->ascent, field * sizeof *newton->ascent);
    memcpy(newton->pull, flow->pull, p->features * p->positions * sizeof *newton->pull);
    if (newton->extra > 0)
        copy_drift(newton);
    find_common(newton);
    gsl_matrix_set_zero(newton->border);
    for (size_t i = 0; i < values; i++)
        add_border(newton, i, i, newton->unit + gamma * newton->rate * p->weight_decay);
    if (newton->extra > 0)
        form_loss_row(newton);
    return accumulate(newton) && factorize_border(newton);
}

/* ---- solving ---- */

/* sum over the block of n_i x_i y_i */
HF_INLINE double counted_product(const hf_newton *newton, const double *x, const double *y, size_t first, size_t width)
{
    const double *count = newton->flow->problem->multiplicity + first;
    double sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < width; i++)
        sum += count[i] * x[i] * y[i];
    return sum;
}

/* Adds one block to the border's right-hand side, from y = B^-1 b (left in x) and b. */
HF_INLINE void gather(hf_newton *newton, const double *b, const double *x, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, positions = p->positions, values = heads * p->features;
    double *z = newton->z->data, *t = newton->field, push[BLOCK];
    hf_lanes_product(newton->flow->basis, width, newton->attention + first, positions, x + first, positions, t, BLOCK);
    for (size_t m = 0; m < heads; m++) {
        double *tm = t + m * BLOCK, sigma = 0, c = 0;
        const double *bm = b + m * positions + first, *xm = x + m * positions + first, *count = p->multiplicity + first;
        HF_SIMD_SUM(sigma, c)
        for (size_t i = 0; i < width; i++) {
            tm[i] *= count[i];
            sigma += count[i] * (bm[i] - xm[i]);
            c += tm[i];
        }
        z[values + m] += sigma;
        z[values + heads + m] += c;
        if (newton->extra > 0)
            z[values + 2 * heads] -= counted_product(newton, newton->loss_ascent + m * positions + first, xm, first, width);
    }
    for (size_t r = 0; r < p->features; r++) {
        const double *variance = p->variance + r * positions + first;
        memset(push, 0, sizeof push);
        for (size_t m = 0; m < heads; m++)
            hf_lanes_add(width, newton->value[m * p->features + r], t + m * BLOCK, push);
        double all = 0;
        HF_SIMD_SUM(all)
        for (size_t i = 0; i < width; i++) {
            all += push[i];
            push[i] *= p->copies[first + i] * variance[i];
        }
        for (size_t n = 0; n < heads; n++)
            z[n * p->features + r] +=
                newton->rate * newton->gamma *
                (hf_lanes_dot(width, newton->pull + r * positions + first, t + n * BLOCK) -
                 hf_lanes_dot(width, push, newton->attention + n * positions + first) + newton->push[r * heads + n] * all);
    }
}

/* e += gamma rho_a (beta (w D sigma - its mean) - 2 kappa l (w s - its mean)); ds: (H) D sigma. */
HF_INLINE void scatter_drift(const hf_newton *newton, size_t first, size_t width, const double *ds, double *e)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads;
    double rate = newton->gamma * p->attention_rate, weight[BLOCK];
    const double *sigma = newton->z->data + heads * p->features;
    double *mean = newton->field + 2 * heads * BLOCK, *turn = mean + heads * BLOCK;
    hf_basis_product(newton->flow->basis, newton->push, sigma, mean);
    block_weight(p, first, width, weight);
    turn_column(newton, -2 * p->drift * rate * sigma[2 * heads], first, width, turn);
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < width; i++)
            e[m * BLOCK + i] += turn[m * BLOCK + i] + rate * newton->drift * (weight[i] * ds[m * BLOCK + i] - mean[m]);
}

/* x = b + (the border's columns) z for one block, B^-1 not yet applied: with e = rho_a G dv - c + gamma rho_a c_i C D
 * sigma, the columns give D e - gamma rho_a F sigma (logit) or e (replicator). */
HF_INLINE void scatter(hf_newton *newton, const double *b, double *x, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    size_t heads = p->heads, positions = p->positions, values = heads * p->features;
    const double *dv = newton->z->data, *sigma = dv + values, *c = sigma + heads;
    double *e = newton->field, *ds = e + heads * BLOCK, *w = ds + heads * BLOCK, *f = w + heads * BLOCK;
    double rate = newton->gamma * p->attention_rate, push[BLOCK];

    hf_lanes_product_constant(basis, width, newton->attention + first, positions, sigma, ds, BLOCK);
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < width; i++)
            e[m * BLOCK + i] = -c[m];
    for (size_t r = 0; r < p->features; r++) {
        const double *pull = newton->pull + r * positions + first, *variance = p->variance + r * positions + first;
        double mean = 0;
        memset(push, 0, sizeof push);
        for (size_t m = 0; m < heads; m++) {
            hf_lanes_add(width, newton->value[m * p->features + r], ds + m * BLOCK, push);
            hf_lanes_add(width, -dv[m * p->features + r], newton->attention + m * positions + first, push);
            mean += newton->turn[r * heads + m] * sigma[m] - newton->push[r * heads + m] * dv[m * p->features + r];
        }
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            push[i] = push[i] * p->copies[first + i] * variance[i] - mean;
        for (size_t m = 0; m < heads; m++) {
            hf_lanes_add(width, rate * dv[m * p->features + r], pull, e + m * BLOCK);
            hf_lanes_add(width, rate * newton->value[m * p->features + r], push, e + m * BLOCK);
        }
    }
    if (newton->extra > 0)
        scatter_drift(newton, first, width, ds, e);
    if (newton->logit) {
        hf_lanes_product(basis, width, newton->attention + first, positions, e, BLOCK, w, BLOCK);
        hf_lanes_product_constant(basis, width, newton->ascent + first, positions, sigma, f, BLOCK);
    }
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < width; i++) {
            double border = newton->logit ? w[m * BLOCK + i] - rate * f[m * BLOCK + i] : e[m * BLOCK + i];
            x[m * positions + first + i] = b[m * positions + first + i] + border;
        }
}

HF_CLONES static void solve_logits(hf_newton *newton, const double *b, double *x, bool have_border)
{
    const hf_problem *p = newton->flow->problem;
    for (size_t first = 0; first < p->positions; first += BLOCK) {
        size_t width = p->positions - first < BLOCK ? p->positions - first : BLOCK;
        if (have_border)
            scatter(newton, b, x, first, width);
        else
            for (size_t m = 0; m < p->heads; m++)
                memcpy(x + m * p->positions + first, b + m * p->positions + first, width * sizeof *x);
        substitute_block(newton, first, width, x + first, p->positions);
        if (!have_border)
            gather(newton, b, x, first, width);
    }
}

static void solve_once(hf_newton *newton, const double *b, double *x)
{
    const hf_problem *p = newton->flow->problem;
    size_t values = p->heads * p->features;
    double *z = newton->z->data;
    for (size_t i = 0; i < values; i++)
        z[i] = newton->unit * b[i];
    memset(z + values, 0, (2 * p->heads + newton->extra) * sizeof *z);
    solve_logits(newton, b + values, x + values, false);
    gsl_linalg_LU_svx(newton->border, newton->permutation, newton->z);
    solve_logits(newton, b + values, x + values, true);
    /* Values and logits that do not move, and optimal values, which are no part of the state: exactly b, whatever the
     * rounding. */
    memcpy(x, p->value_rate == 0 ? b : z, values * sizeof *x);
    if (p->attention_rate == 0)
        memcpy(x + values, b + values, p->heads * p->positions * sizeof *x);
}

/* ---- refinement, for the replicator geometry ---- */

/* dL along x for find_residual. */
HF_INLINE double loss_change(const hf_newton *newton, const double *x)
{
    const hf_problem *p = newton->flow->problem;
    size_t values = p->heads * p->features;
    double loss = -hf_lanes_dot(values, newton->force, x);
    for (size_t n = 0; n < p->heads; n++)
        loss -= hf_counted_dot(p, newton->loss_ascent + n * p->positions, x + values + n * p->positions);
    return loss;
}

/* dg -= w (beta ds + 2 kappa dL s) for one block. */
HF_INLINE void add_drift_change(const hf_newton *newton, double loss, const double *ds, size_t first, size_t width,
                                double *dg)
{
    const hf_problem *p = newton->flow->problem;
    double weight[BLOCK], drift = 2 * p->drift * loss;
    block_weight(p, first, width, weight);
    for (size_t m = 0; m < p->heads; m++) {
        const double *s = newton->attention + m * p->positions + first;
        for (size_t i = 0; i < width; i++)
            dg[m * BLOCK + i] -= weight[i] * (newton->drift * ds[m * BLOCK + i] + drift * s[i]);
    }
}

/* One block of dg and of what it adds to dforce and to mean = sum_i n_i dg_i: with ds = s (x - sigma) and push = c omega
 * (s dv + v ds), dg = sum_r (omega E dv - v push) and dforce = sum_i n_i (omega E ds - push s). residual gets -gamma
 * rho_a dg. loss: dL, with drift. */
HF_INLINE void add_gain_change(hf_newton *newton, const double *dv, const double *x, const double *sigma, double loss,
                               size_t first, size_t width, double *dforce, double *mean, double *residual)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, positions = p->positions, features = p->features;
    const double *count = p->multiplicity + first;
    double *u = newton->field, *ds = u + heads * BLOCK, *dg = ds + heads * BLOCK, push[BLOCK], pull[BLOCK];
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < width; i++)
            u[m * BLOCK + i] = x[m * positions + first + i] - sigma[m];
    hf_lanes_product(newton->flow->basis, width, newton->attention + first, positions, u, BLOCK, ds, BLOCK);
    memset(dg, 0, heads * BLOCK * sizeof *dg);
    for (size_t r = 0; r < features; r++) {
        const double *variance = p->variance + r * positions + first, *copies = p->copies + first;
        memset(push, 0, sizeof push);
        for (size_t m = 0; m < heads; m++) {
            hf_lanes_add(width, dv[m * features + r], newton->attention + m * positions + first, push);
            hf_lanes_add(width, newton->value[m * features + r], ds + m * BLOCK, push);
        }
        for (size_t i = 0; i < width; i++) {
            push[i] *= copies[i] * variance[i];
            pull[i] = newton->pull[r * positions + first + i];
        }
        for (size_t m = 0; m < heads; m++) {
            hf_lanes_add(width, dv[m * features + r], pull, dg + m * BLOCK);
            hf_lanes_add(width, -newton->value[m * features + r], push, dg + m * BLOCK);
        }
        for (size_t i = 0; i < width; i++) {
            push[i] *= count[i];
            pull[i] *= count[i];
        }
        for (size_t m = 0; m < heads; m++)
            dforce[m * features + r] += hf_lanes_dot(width, pull, ds + m * BLOCK) -
                                        hf_lanes_dot(width, push, newton->attention + m * positions + first);
    }
    if (newton->extra > 0)
        add_drift_change(newton, loss, ds, first, width, dg);
    for (size_t m = 0; m < heads; m++) {
        mean[m] += hf_lanes_dot(width, count, dg + m * BLOCK) / p->total;
        hf_lanes_add(width, newton->gamma * p->attention_rate, dg + m * BLOCK, residual + m * positions + first);
    }
}

/* residual = b - (I - gamma J) x */
HF_CLONES static void find_residual(hf_newton *newton, const double *b, const double *x, double *residual)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, positions = p->positions, values = heads * p->features;
    double *dforce = newton->z->data, *sigma = dforce + values, *mean = sigma + heads;
    memset(dforce, 0, (values + 2 * heads) * sizeof *dforce);
    for (size_t i = 0; i < values + heads * positions; i++)
        residual[i] = b[i] - x[i];
    for (size_t first = 0; first < positions; first += BLOCK) {
        size_t width = positions - first < BLOCK ? positions - first : BLOCK;
        hf_lanes_product(newton->flow->basis, width, newton->attention + first, positions, x + values + first, positions,
                         newton->field, BLOCK);
        for (size_t m = 0; m < heads; m++)
            sigma[m] += hf_lanes_dot(width, p->multiplicity + first, newton->field + m * BLOCK);
    }
    double loss = newton->extra > 0 ? loss_change(newton, x) : 0;
    for (size_t first = 0; first < positions; first += BLOCK)
        add_gain_change(newton, x, x + values, sigma, loss, first, positions - first < BLOCK ? positions - first : BLOCK,
                        dforce, mean, residual + values);
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < positions; i++)
            residual[values + m * positions + i] -= newton->gamma * p->attention_rate * mean[m];
    for (size_t i = 0; i < values; i++)
        residual[i] += newton->gamma * newton->rate * (dforce[i] - p->weight_decay * x[i]);
}

void hf_newton_solve(hf_newton *newton, const double *b, double *x)
{
    size_t size = hf_flow_size(newton->flow);
    solve_once(newton, b, x);
    if (newton->logit || newton->unit == 0)
        return;
    double *residual = newton->residual, *correction = residual + size;
    find_residual(newton, b, x, residual);
    solve_once(newton, residual, correction);
    for (size_t i = 0; i < size; i++)
        x[i] += correction[i];
}
