/* Solving with a factorization; hf_newton_solve of newton.h. */
#include "flow/newton_state.h"

#include <string.h>

/* result = S x */
HF_INLINE void times_sigma(const hf_newton *newton, size_t heads, const hf_four *x, hf_four *result)
{
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        result[m] = newton->by_sigma[m * heads] * x[0];
        HF_UNROLL
        for (size_t n = 1; n < heads; n++)
            result[m] += newton->by_sigma[m * heads + n] * x[n];
    }
}

/* Adds four positions to the sums for the border's right-hand side, from y = B^-1 b (left in x) and b. */
HF_INLINE void gather(hf_newton *newton, size_t heads, const double *b, const double *x, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const size_t features = p->features, positions = p->positions;
    hf_four few[3][HF_FEW_HEADS], number, copies;
    const bool is_few = heads <= HF_FEW_HEADS;
    hf_four *s = is_few ? few[0] : newton->solving, *y = is_few ? few[1] : s + heads, *t = is_few ? few[2] : y + heads;
    hf_four *sigma = newton->sums, *c = sigma + heads, *loss = c + heads, *all = loss + 1, *force = all + features;
    hf_fours_load(count, p->multiplicity + at, &number);
    hf_fours_load(count, p->copies + at, &copies);
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        hf_fours_load(count, newton->attention + m * positions + at, &s[m]);
        hf_fours_load(count, x + m * positions + at, &y[m]);
    }
    hf_fours_product(heads, newton->flow->basis, s, y, t);
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        hf_four given, ascent;
        hf_fours_load(count, b + m * positions + at, &given);
        t[m] *= number;
        sigma[m] += number * (given - y[m]);
        c[m] += t[m];
        if (newton->extra > 0) {
            hf_fours_load(count, newton->loss_ascent + m * positions + at, &ascent);
            *loss -= number * ascent * y[m];
        }
    }
    for (size_t r = 0; r < features; r++) {
        hf_four pull, variance, push = {0};
        hf_fours_load(count, newton->pull + r * positions + at, &pull);
        hf_fours_load(count, p->variance + r * positions + at, &variance);
        HF_UNROLL
        for (size_t n = 0; n < heads; n++)
            push += newton->value[n * features + r] * t[n];
        all[r] += push;
        push *= copies * variance;
        HF_UNROLL
        for (size_t n = 0; n < heads; n++)
            force[n * features + r] += pull * t[n] - push * s[n];
    }
}

/* The right-hand side from those sums. */
static void finish_gathering(hf_newton *newton)
{
    const size_t heads = newton->flow->problem->heads, features = newton->flow->problem->features,
                 values = heads * features;
    const hf_four *sigma = newton->sums, *c = sigma + heads, *loss = c + heads, *all = loss + 1, *force = all + features;
    double *z = newton->z->data;
    for (size_t n = 0; n < heads; n++) {
        z[values + n] = hf_fours_sum(&sigma[n]);
        z[values + heads + n] = hf_fours_sum(&c[n]);
        for (size_t r = 0; r < features; r++)
            z[n * features + r] +=
                newton->rate * newton->gamma *
                (hf_fours_sum(&force[n * features + r]) + newton->push[r * heads + n] * hf_fours_sum(&all[r]));
    }
    if (newton->extra > 0)
        z[values + 2 * heads] = hf_fours_sum(loss);
}

/* What the border's solution is multiplied by at all positions alike: S, and the means that are left to c. */
static void start_scattering(hf_newton *newton)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    const size_t heads = p->heads, features = p->features;
    const double *dv = newton->z->data, *sigma = dv + heads * features;
    memset(newton->by_sigma, 0, heads * heads * sizeof *newton->by_sigma);
    for (size_t t = 0; t < basis->term_count; t++) {
        const hf_basis_term term = basis->term[t];
        newton->by_sigma[term.m * heads + term.n] += term.c * sigma[term.l];
    }
    for (size_t r = 0; r < features; r++) {
        newton->mean[r] = 0;
        for (size_t m = 0; m < heads; m++)
            newton->mean[r] +=
                newton->pushed[r * heads + m] * sigma[m] - newton->push[r * heads + m] * dv[m * features + r];
    }
    if (newton->extra > 0)
        hf_basis_product(basis, newton->push, sigma, newton->mean + features);
}

/* e += gamma rho_a (beta (w D sigma - its mean) - 2 kappa l (w s - its mean)); ds: D sigma. */
HF_INLINE void scatter_drift(const hf_newton *newton, size_t heads, size_t at, size_t count, const hf_four *s,
                             const hf_four *ds, hf_four *e)
{
    const hf_problem *p = newton->flow->problem;
    const double rate = newton->gamma * p->attention_rate, *mean = newton->mean + p->features,
                 change = -2 * p->kappa * rate * newton->z->data[heads * (p->features + 2)];
    hf_four weight;
    weight_of_four(newton, at, count, &weight);
    for (size_t m = 0; m < heads; m++) /* push: that of any feature */
        e[m] += change * (weight * s[m] - newton->push[m]) + rate * newton->beta * (weight * ds[m] - mean[m]);
}

/* x = b + (the border's columns) z for four positions, B^-1 not yet applied: with e = rho_a G dv - c + gamma rho_a c_i C D
 * sigma, the columns give M e - gamma rho_a F sigma. */
HF_INLINE void scatter(hf_newton *newton, size_t heads, const double *b, double *x, size_t at, size_t count)
{
    const hf_problem *p = newton->flow->problem;
    const size_t features = p->features, positions = p->positions;
    const double *dv = newton->z->data, *c = dv + heads * (features + 1), rate = newton->gamma * p->attention_rate;
    hf_four few[5][HF_FEW_HEADS], copies;
    const bool is_few = heads <= HF_FEW_HEADS;
    hf_four *s = is_few ? few[0] : newton->solving, *ascent = is_few ? few[1] : s + heads,
            *ds = is_few ? few[2] : ascent + heads, *e = is_few ? few[3] : ds + heads, *w = is_few ? few[4] : e + heads;
    hf_fours_load(count, p->copies + at, &copies);
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        hf_fours_load(count, newton->attention + m * positions + at, &s[m]);
        e[m] = (hf_four){0} - c[m];
    }
    times_sigma(newton, heads, s, ds);
    for (size_t r = 0; r < features; r++) {
        hf_four pull, variance, push = {0};
        hf_fours_load(count, newton->pull + r * positions + at, &pull);
        hf_fours_load(count, p->variance + r * positions + at, &variance);
        HF_UNROLL
        for (size_t m = 0; m < heads; m++)
            push += newton->value[m * features + r] * ds[m] - dv[m * features + r] * s[m];
        push = push * copies * variance - newton->mean[r];
        HF_UNROLL
        for (size_t m = 0; m < heads; m++)
            e[m] += rate * dv[m * features + r] * pull + rate * newton->value[m * features + r] * push;
    }
    if (newton->extra > 0)
        scatter_drift(newton, heads, at, count, s, ds, e);
    metric_times(newton, heads, s, e, w);
    if (!newton->is_mirror) {
        for (size_t m = 0; m < heads; m++)
            hf_fours_load(count, newton->ascent + m * positions + at, &ascent[m]);
        times_sigma(newton, heads, ascent, ds);
        HF_UNROLL
        for (size_t m = 0; m < heads; m++)
            w[m] -= rate * ds[m];
    }
    HF_UNROLL
    for (size_t m = 0; m < heads; m++) {
        hf_four given;
        hf_fours_load(count, b + m * positions + at, &given);
        given += w[m];
        hf_fours_store(count, &given, x + m * positions + at);
    }
}

/* Both halves of a solve where the border's rows and columns are kept: their products with y = B^-1 b into z, and the columns
 * times z. */
HF_CLONES static void gather_kept(hf_newton *newton, const double *b, double *x)
{
    const hf_problem *p = newton->flow->problem;
    size_t heads = p->heads, positions = p->positions, field = heads * positions, values = heads * p->features;
    double *z = newton->z->data, *product = newton->product;
    memcpy(x, b, field * sizeof *x);
    for (size_t first = 0; first < positions; first += BLOCK)
        substitute_block(newton, first, width_of_block(first, positions), 1, x + first, positions, 0);
    memset(product, 0, left_width(newton) * sizeof *product);
    hf_lanes_products(left_width(newton), 1, field, newton->left, field, x, field, product);
    for (size_t a = 0; a < values; a++)
        z[a] += newton->rate * product[a];
    for (size_t m = 0; m < heads; m++) {
        const double *bm = b + m * positions, *xm = x + m * positions;
        double sum = 0;
        HF_SIMD_SUM(sum)
        for (size_t i = 0; i < positions; i++)
            sum += p->multiplicity[i] * (bm[i] - xm[i]);
        z[values + m] = sum;
        z[values + heads + m] = product[values + m];
    }
    if (newton->extra > 0)
        z[values + 2 * heads] = -product[values + heads];
}

HF_CLONES static void scatter_kept(const hf_newton *newton, double *x)
{
    const size_t field = newton->flow->problem->heads * newton->flow->problem->positions;
    hf_lanes_add_rows(newton->border->size1, field, newton->z->data, 1, newton->columns, field, x);
}

HF_INLINE void solve_four(hf_newton *newton, size_t heads, const double *b, double *x, bool have_border, size_t at,
                          size_t count)
{
    const size_t positions = newton->flow->problem->positions;
    if (have_border)
        scatter(newton, heads, b, x, at, count);
    for (size_t m = 0; m < heads && !have_border; m++)
        memcpy(x + m * positions + at, b + m * positions + at, count * sizeof *x);
    substitute_four(newton, heads, at, count, 1, x + at, positions, 0);
    if (!have_border)
        gather(newton, heads, b, x, at, count);
}

HF_INLINE void solve_fours(hf_newton *newton, size_t heads, const double *b, double *x, bool have_border)
{
    const size_t positions = newton->flow->problem->positions;
    size_t i = 0;
    for (; i + HF_FOUR <= positions; i += HF_FOUR)
        solve_four(newton, heads, b, x, have_border, i, HF_FOUR);
    if (i < positions)
        solve_four(newton, heads, b, x, have_border, i, positions - i);
}

/* Both halves of a solve where they are not. */
HF_CLONES static void gather_formed(hf_newton *newton, const double *b, double *x)
{
    const hf_problem *p = newton->flow->problem;
    memset(newton->sums, 0, sums_of(p->heads, p->features) * sizeof *newton->sums);
#define SOLVE(number) solve_fours(newton, number, b, x, false)
    HF_BY_HEADS(p->heads, SOLVE, SOLVE(p->heads))
#undef SOLVE
    finish_gathering(newton);
}

HF_CLONES static void scatter_formed(hf_newton *newton, const double *b, double *x)
{
    const hf_problem *p = newton->flow->problem;
    start_scattering(newton);
#define SOLVE(number) solve_fours(newton, number, b, x, true)
    HF_BY_HEADS(p->heads, SOLVE, SOLVE(p->heads))
#undef SOLVE
}

/* z = border^-1 z, column by column of the factors, which lie side by side. For some ten unknowns a library's calls cost more than
 * the work. */
HF_CLONES static void substitute_border(const hf_newton *newton)
{
    const size_t size = newton->border->size1, row = newton->border->tda;
    const double *column = newton->border->data;
    double *z = newton->z->data, *given = newton->product; /* (size) at least */
    memcpy(given, z, size * sizeof *given);
    for (size_t i = 0; i < size; i++)
        z[i] = given[newton->permutation->data[i]];
    for (size_t j = 0; j < size; j++)
        hf_lanes_add(size - j - 1, -z[j], column + j * row + j + 1, z + j + 1);
    for (size_t j = size; j-- > 0;) {
        z[j] *= column[j * row + j];
        hf_lanes_add(j, -z[j], column + j * row, z);
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
    if (newton->is_kept)
        gather_kept(newton, b + values, x + values);
    else
        gather_formed(newton, b + values, x + values);
    substitute_border(newton);
    if (newton->is_kept)
        scatter_kept(newton, x + values);
    else
        scatter_formed(newton, b + values, x + values);
    /* Values and logits that do not move, and optimal values, which are no part of the state: exactly b, whatever the
     * rounding. */
    memcpy(x, p->value_rate == 0 ? b : z, values * sizeof *x);
    if (p->attention_rate == 0)
        memcpy(x + values, b + values, p->heads * p->positions * sizeof *x);
}

/* ---- refinement, for mirror flows ---- */

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
    double weight[BLOCK], drift = 2 * p->kappa * loss;
    hf_block_weight(p, first, width, weight);
    for (size_t m = 0; m < p->heads; m++) {
        const double *s = newton->attention + m * p->positions + first;
        for (size_t i = 0; i < width; i++)
            dg[m * BLOCK + i] -= weight[i] * (newton->beta * ds[m * BLOCK + i] + drift * s[i]);
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
        size_t width = width_of_block(first, positions);
        hf_lanes_product(newton->flow->basis, width, newton->attention + first, positions, x + values + first, positions,
                         newton->field, BLOCK);
        for (size_t m = 0; m < heads; m++)
            sigma[m] += hf_lanes_dot(width, p->multiplicity + first, newton->field + m * BLOCK);
    }
    double loss = newton->extra > 0 ? loss_change(newton, x) : 0;
    for (size_t first = 0; first < positions; first += BLOCK)
        add_gain_change(newton, x, x + values, sigma, loss, first, width_of_block(first, positions), dforce, mean,
                        residual + values);
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
    if (!newton->is_mirror || newton->unit == 0)
        return;
    double *residual = newton->residual, *correction = residual + size;
    find_residual(newton, b, x, residual);
    solve_once(newton, residual, correction);
    for (size_t i = 0; i < size; i++)
        x[i] += correction[i];
}
