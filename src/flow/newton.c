#include "flow/newton_state.h"

#include "core/lu.h"
#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether rows and columns of the border are kept: where products with them, 4 H^2 R numbers a position, are cheaper than forming
 * them once more, which takes many short loops, and where they stay in the second cache. */
static bool is_worth_keeping(const hf_newton *newton)
{
    const size_t most = 32768, widest = 16; /* numbers; H R */
    const hf_problem *p = newton->flow->problem;
    return p->heads * p->features <= widest &&
           p->heads * p->positions * (left_width(newton) + column_width(newton)) <= most;
}

/* ---- life ---- */

/* Fours that hold what is known of four positions, D, B, and D v, M and M v. */
static size_t fours_of_systems(const hf_problem *p)
{
    return 3 * p->heads * p->heads + 2 * p->heads * p->features + 2 * p->heads;
}

/* What newton needs; what is not there is NULL. */
static void allocate(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    const size_t heads = p->heads, positions = p->positions, features = p->features, extra = newton->extra;
    const size_t field = heads * positions, fours = (positions + HF_FOUR - 1) / HF_FOUR;
    const size_t border = heads * (features + 2) + extra, left = left_width(newton), columns = column_width(newton);
    newton->value = malloc((5 * heads * features + heads * heads + 4 * field + features * positions +
                            heads * heads * HF_FOUR * fours + extra * (heads * features + field) + left * columns +
                            heads * (left + columns) * newton->reach + heads * heads + heads + features) *
                           sizeof *newton->value);
    newton->known = malloc((fours_of_systems(p) + 5 * heads + sums_of(heads, features)) * sizeof *newton->known);
    newton->field = malloc(3 * heads * BLOCK * sizeof *newton->field);
    newton->pivot = malloc(heads * HF_FOUR * fours * sizeof *newton->pivot);
    newton->exchanged = malloc(fours * sizeof *newton->exchanged);
    newton->border = gsl_matrix_alloc(border, border);
    newton->permutation = gsl_permutation_alloc(border);
    newton->z = gsl_vector_alloc(border);
}

/* Shares out value and known. */
static void place(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    const size_t heads = p->heads, positions = p->positions, features = p->features;
    const size_t field = heads * positions, fours = (positions + HF_FOUR - 1) / HF_FOUR;
    const size_t left = left_width(newton), columns = column_width(newton);
    newton->attention = newton->value + heads * features;
    newton->ascent = newton->attention + field;
    newton->pull = newton->ascent + field;
    newton->push = newton->pull + features * positions;
    newton->pushed = newton->push + heads * features;
    newton->common = newton->pushed + heads * features;
    newton->residual = newton->common + heads * heads;
    newton->factor = newton->residual + 2 * (heads * features + field);
    newton->force = newton->factor + heads * heads * HF_FOUR * fours;
    newton->loss_ascent = newton->force + heads * features;
    newton->product = newton->force + newton->extra * (heads * features + field);
    newton->left = newton->product + left * columns;
    newton->columns = newton->left + heads * left * newton->reach;
    newton->by_sigma = newton->columns + heads * columns * newton->reach;
    newton->mean = newton->by_sigma + heads * heads;
    newton->multiplier = newton->known + 2 * heads;
    newton->system = newton->multiplier + heads * heads;
    newton->spread = newton->system + heads * heads;
    newton->solving = newton->known + fours_of_systems(p);
    newton->sums = newton->solving + 5 * heads;
    newton->metric = newton->is_mirror ? newton->spread + heads * features : newton->multiplier;
    newton->moved = newton->is_mirror ? newton->metric + heads * heads : newton->spread;
    for (size_t i = 0; i < heads * heads && newton->is_mirror; i++)
        newton->metric[i] = (hf_four){0} + (i % (heads + 1) == 0 ? 1 : 0);
}

hf_status hf_newton_create(hf_newton **result, const hf_flow *flow, hf_error *err)
{
    hf_newton *newton = calloc(1, sizeof *newton);
    if (newton == NULL)
        return hf_fail_memory(err, "the Newton solver");
    newton->flow = flow;
    newton->is_mirror = flow->attention->is_mirror;
    newton->extra = flow->drift->unknowns;
    newton->unit = 1 - flow->values->follow;
    newton->rate = flow->values->follow > 0 ? 1 : flow->problem->value_rate;
    newton->is_kept = is_worth_keeping(newton);
    newton->reach = newton->is_kept ? flow->problem->positions : BLOCK;
    allocate(newton);
    if (newton->value == NULL || newton->known == NULL || newton->field == NULL || newton->pivot == NULL ||
        newton->exchanged == NULL || newton->border == NULL || newton->permutation == NULL || newton->z == NULL) {
        hf_newton_free(newton);
        return hf_fail_memory(err, "the Newton solver");
    }
    place(newton);
    *result = newton;
    return HF_OK;
}

void hf_newton_free(hf_newton *newton)
{
    if (newton == NULL)
        return;
    free(newton->value);
    free(newton->known);
    free(newton->field);
    free(newton->pivot);
    free(newton->exchanged);
    gsl_matrix_free(newton->border);
    gsl_permutation_free(newton->permutation);
    gsl_vector_free(newton->z);
    free(newton);
}

/* ---- four positions' systems ---- */

/* Factors them: side by side if no position needs exchanges, which is the rule. */
HF_INLINE bool factorize_four(hf_newton *newton, size_t heads, size_t at, size_t count)
{
    double *factor = newton->factor + at * heads * heads;
    size_t *pivot = newton->pivot + at * heads;
    memcpy(factor, newton->system, heads * heads * sizeof *newton->system);
    newton->exchanged[at / HF_FOUR] = !hf_lu_factorize_four(heads, (hf_four *)factor);
    if (!newton->exchanged[at / HF_FOUR])
        return true;
    memcpy(factor, newton->system, heads * heads * sizeof *newton->system);
    for (size_t i = 0; i < count; i++)
        if (!hf_lu_factorize_one(heads, factor + i, pivot + i))
            return false;
    return true;
}

/* B += gamma rho_a beta w_i M D, which multiplies by M s. */
HF_INLINE void add_drift_to_system(hf_newton *newton, size_t heads, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    const double rate = newton->gamma * p->attention_rate * newton->beta;
    hf_four weight, *product = newton->solving;
    weight_of_four(newton, at, count, &weight);
    metric_times(newton, heads, newton->known, newton->known, product);
    for (size_t m = 0; m < heads; m++)
        product[m] *= weight;
    for (size_t t = 0; t < basis->term_count; t++) {
        const hf_basis_term term = basis->term[t];
        newton->system[term.m * heads + term.n] += rate * term.c * product[term.l];
    }
}

/* Fills multiplier D, spread D v and system B for positions from at on. */
HF_INLINE void form_systems(hf_newton *newton, size_t heads, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    const size_t features = p->features;
    const double rate = newton->gamma * p->attention_rate;
    hf_four *s = newton->known, *ascent = s + heads, *d = newton->multiplier, *b = newton->system, *dv = newton->spread;
    for (size_t n = 0; n < heads; n++) {
        hf_fours_load(count, newton->attention + n * p->positions + at, &s[n]);
        hf_fours_load(count, newton->ascent + n * p->positions + at, &ascent[n]);
    }
    memset(d, 0, heads * heads * sizeof *d);
    memset(b, 0, heads * heads * sizeof *b);
    for (size_t t = 0; t < basis->term_count; t++) {
        const hf_basis_term term = basis->term[t];
        d[term.m * heads + term.n] += term.c * s[term.l];
        if (!newton->is_mirror)
            b[term.m * heads + term.n] += -rate * term.c * ascent[term.l];
    }
    if (newton->extra > 0)
        add_drift_to_system(newton, heads, at, count);
    for (size_t r = 0; r < features; r++) {
        hf_four copies, variance;
        hf_fours_load(count, p->copies + at, &copies);
        hf_fours_load(count, p->variance + r * p->positions + at, &variance);
        const hf_four weight = rate * copies * variance;
        for (size_t m = 0; m < heads; m++) {
            hf_four sum = {0};
            for (size_t n = 0; n < heads; n++)
                sum += newton->value[n * features + r] * d[m * heads + n];
            dv[m * features + r] = sum;
        }
        for (size_t m = 0; m < heads; m++)
            for (size_t n = 0; n < heads; n++)
                b[m * heads + n] += weight * newton->moved[m * features + r] * dv[n * features + r];
    }
    for (size_t m = 0; m < heads; m++)
        b[m * heads + m] += 1;
}

/* Fills left and columns, these not yet multiplied by B^-1, but for drift. */
HF_INLINE void form_border(hf_newton *newton, size_t heads, size_t first, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const size_t features = p->features, values = heads * features, unit = values + 2 * heads + newton->extra,
                 i = at - first;
    const hf_four *s = newton->known, *d = newton->multiplier, *b = newton->system, *metric = newton->metric;
    hf_four number, copies;
    hf_fours_load(count, p->multiplicity + at, &number);
    hf_fours_load(count, p->copies + at, &copies);
    for (size_t r = 0; r < features; r++) {
        hf_four pull, variance;
        hf_fours_load(count, newton->pull + r * p->positions + at, &pull);
        hf_fours_load(count, p->variance + r * p->positions + at, &variance);
        for (size_t n = 0; n < heads; n++) {
            const hf_four push = copies * variance * s[n] - newton->push[r * heads + n];
            for (size_t m = 0; m < heads; m++) { /* entry (m, (n, r)) of D G and of M G */
                const size_t mn = m * heads + n, mr = m * features + r, j = n * features + r;
                const hf_four dg = number * (newton->gamma * (pull * d[mn] - push * newton->spread[mr])),
                              mg = p->attention_rate * (newton->gamma * (pull * metric[mn] - push * newton->moved[mr]));
                hf_fours_store(count, &dg, border_row(newton, newton->left, j, m, first) + i);
                hf_fours_store(count, &mg, border_row(newton, newton->columns, j, m, first) + i);
            }
        }
    }
    for (size_t m = 0; m < heads; m++)
        for (size_t n = 0; n < heads; n++) {
            const size_t mn = m * heads + n;
            const double same = m == n;
            hf_four common = {0}; /* entry (m, n) of M common */
            for (size_t k = 0; k < heads; k++)
                common += newton->common[k * heads + n] * metric[m * heads + k];
            const hf_four row = number * d[mn], one = same + common, rest = b[mn] - same - common, c = -metric[mn];
            hf_fours_store(count, &row, border_row(newton, newton->left, values + n, m, first) + i);
            hf_fours_store(count, &one, border_row(newton, newton->columns, unit + n, m, first) + i);
            hf_fours_store(count, &rest, border_row(newton, newton->columns, values + n, m, first) + i);
            hf_fours_store(count, &c, border_row(newton, newton->columns, values + heads + n, m, first) + i);
        }
}

/* The row n_i s h and the column of l: M of -2 kappa gamma rho_a (w s - its mean). */
HF_INLINE void form_drift_border(hf_newton *newton, size_t heads, size_t first, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const size_t row = left_width(newton) - 1, column = heads * (p->features + 2), i = at - first;
    const double factor = -2 * p->kappa * newton->gamma * p->attention_rate;
    hf_four number, weight, ascent, *change = newton->solving, *moved = change + heads;
    hf_fours_load(count, p->multiplicity + at, &number);
    weight_of_four(newton, at, count, &weight);
    for (size_t m = 0; m < heads; m++) /* push: that of any feature */
        change[m] = factor * (weight * newton->known[m] - newton->push[m]);
    metric_times(newton, heads, newton->known, change, moved);
    for (size_t m = 0; m < heads; m++) {
        hf_fours_load(count, newton->loss_ascent + m * p->positions + at, &ascent);
        ascent *= number;
        hf_fours_store(count, &ascent, border_row(newton, newton->left, row, m, first) + i);
        hf_fours_store(count, &moved[m], border_row(newton, newton->columns, column, m, first) + i);
    }
}

HF_INLINE bool form_four(hf_newton *newton, size_t heads, size_t first, size_t at, size_t count)
{
    form_systems(newton, heads, at, count);
    form_border(newton, heads, first, at, count);
    if (newton->extra > 0)
        form_drift_border(newton, heads, first, at, count);
    return factorize_four(newton, heads, at, count);
}

HF_INLINE bool form_fours(hf_newton *newton, size_t heads, size_t first, size_t width)
{
    bool is_regular = true;
    size_t i = 0;
    for (; i + HF_FOUR <= width && is_regular; i += HF_FOUR)
        is_regular = form_four(newton, heads, first, first + i, HF_FOUR);
    return is_regular && (i == width || form_four(newton, heads, first, first + i, width - i));
}

/* Systems and border of one block, B^-1 not yet applied. False: a system is singular. */
HF_INLINE bool form_block(hf_newton *newton, size_t first, size_t width)
{
    const size_t heads = newton->flow->problem->heads;
    bool is_regular = false;
#define FORM(number) is_regular = form_fours(newton, number, first, width)
    HF_BY_HEADS(heads, FORM, FORM(heads))
#undef FORM
    return is_regular;
}

/* ---- the border ---- */

HF_INLINE void add_border(hf_newton *newton, size_t row, size_t column, double x)
{
    newton->border->data[row * newton->border->tda + column] += x;
}

/* Adds what product, of left with the solved columns, gives the rows of dv, of the definition of sigma and of l. */
static void add_products(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, values = heads * p->features, c = values + heads, l = c + heads, unit = l + newton->extra;
    for (size_t a = 0; a < left_width(newton); a++) {
        const double *product = newton->product + a * column_width(newton);
        const bool is_value = a < values;
        const size_t row = is_value ? a : a + heads;
        const double sign = is_value ? -newton->rate : a < values + heads ? -1 : 1;
        for (size_t b = 0; b < values; b++)
            add_border(newton, row, b, sign * product[b]);
        for (size_t n = 0; n < heads; n++)
            add_border(newton, row, values + n, -sign * product[unit + n]);
        for (size_t b = c; b < unit; b++)
            add_border(newton, row, b, sign * product[b]);
    }
}

/* The same for positions first .. first+width-1, and the rows of the zero mean. */
HF_INLINE void accumulate_border(hf_newton *newton, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, sigma = heads * p->features, columns = column_width(newton), stride = heads * newton->reach;
    const double *left = border_row(newton, newton->left, 0, 0, first),
                 *x = border_row(newton, newton->columns, 0, 0, first);
    const bool is_whole = width == newton->reach; /* rows of a column follow each other */
    memset(newton->product, 0, left_width(newton) * columns * sizeof *newton->product);
    for (size_t m = 0; m < (is_whole ? 1 : heads); m++)
        hf_lanes_products(left_width(newton), columns, is_whole ? stride : width, left + m * newton->reach, stride,
                          x + m * newton->reach, stride, newton->product);
    add_products(newton);
    for (size_t b = 0; b < columns - heads; b++)
        for (size_t m = 0; m < heads; m++)
            add_border(newton, sigma + m, b,
                       hf_lanes_dot(width, p->multiplicity + first, x + b * stride + m * newton->reach));
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
        size_t width = width_of_block(first, p->positions);
        if (!form_block(newton, first, width))
            return false;
        substitute_block(newton, first, width, columns, border_row(newton, newton->columns, 0, 0, first), newton->reach,
                         p->heads * newton->reach);
        if (!newton->is_kept)
            accumulate_border(newton, first, width);
        accumulate_values(newton, first, width);
    }
    if (newton->is_kept)
        accumulate_border(newton, 0, p->positions);
    return true;
}

/* Weight of position i in the mean that is left to c: there where c acts, in proportion to attention; the weights sum to
 * 1. In a mirror flow c acts on positions without attention, too, where there is nothing to take out: no mean. */
HF_INLINE double common_weight(const hf_newton *newton, size_t i)
{
    const hf_problem *p = newton->flow->problem;
    double root = sqrt((double)p->heads); /* mode 0 is sqrt(H) times the mean attention */
    return newton->is_mirror ? 0 : p->multiplicity[i] * newton->attention[i] / root;
}

/* common += gamma rho_a beta times multiplication by push, the mean of w s for any feature. */
static void add_drift_to_common(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    for (size_t t = 0; t < basis->term_count; t++) {
        hf_basis_term term = basis->term[t];
        newton->common[term.m * p->heads + term.n] +=
            newton->gamma * p->attention_rate * newton->beta * term.c * newton->push[term.l];
    }
}

/* Takes the mean out of pull, and finds push, pushed and common. */
static void find_common(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, features = p->features;
    double *value = newton->z->data;
    memset(newton->common, 0, heads * heads * sizeof *newton->common);
    for (size_t r = 0; r < features; r++) {
        double *pull = newton->pull + r * p->positions, *push = newton->push + r * heads,
               *pushed = newton->pushed + r * heads;
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
        hf_basis_product(newton->flow->basis, value, push, pushed);
        for (size_t m = 0; m < heads; m++)
            for (size_t n = 0; n < heads; n++)
                newton->common[m * heads + n] += newton->gamma * p->attention_rate * value[m] * pushed[n];
    }
    if (newton->extra > 0)
        add_drift_to_common(newton);
}

static void copy_drift(hf_newton *newton, const hf_flow_point *point)
{
    const hf_problem *p = point->problem;
    newton->beta = point->beta;
    memcpy(newton->force, point->force, p->heads * p->features * sizeof *newton->force);
    memcpy(newton->loss_ascent, point->loss_ascent, p->heads * p->positions * sizeof *newton->loss_ascent);
}

/* The part of l + sum force dv + sum_i n_i (s h)_i da_i = 0 that does not go through the logits. */
static void form_loss_row(hf_newton *newton)
{
    size_t values = newton->flow->problem->heads * newton->flow->problem->features, l = newton->border->size1 - 1;
    for (size_t i = 0; i < values; i++)
        add_border(newton, l, i, newton->force[i]);
    add_border(newton, l, l, 1);
}

/* As hf_newton's border has its factors. */
static bool factorize_border(hf_newton *newton)
{
    gsl_matrix *border = newton->border;
    if (!hf_lu_factorize(border->size1, border->data, border->tda, newton->permutation->data) ||
        gsl_matrix_transpose(border) != GSL_SUCCESS)
        return false;
    for (size_t j = 0; j < border->size1; j++)
        border->data[j * border->tda + j] = 1 / border->data[j * border->tda + j];
    return true;
}

bool hf_newton_setup(hf_newton *newton, const hf_flow_point *point, double gamma)
{
    const hf_problem *p = point->problem;
    size_t field = p->heads * p->positions, values = p->heads * p->features;
    if (!isfinite(point->loss) || !isfinite(point->speed))
        return false;
    newton->gamma = gamma;
    memcpy(newton->value, point->value, values * sizeof *newton->value);
    memcpy(newton->attention, point->attention, field * sizeof *newton->attention);
    memcpy(newton->ascent, point->ascent, field * sizeof *newton->ascent);
    memcpy(newton->pull, point->pull, p->features * p->positions * sizeof *newton->pull);
    if (newton->extra > 0)
        copy_drift(newton, point);
    for (size_t i = 0; i < values && newton->is_mirror; i++)
        newton->moved[i] = (hf_four){0} + newton->value[i];
    find_common(newton);
    gsl_matrix_set_zero(newton->border);
    for (size_t i = 0; i < values; i++)
        add_border(newton, i, i, newton->unit + gamma * newton->rate * p->weight_decay);
    if (newton->extra > 0)
        form_loss_row(newton);
    return accumulate(newton) && factorize_border(newton);
}
