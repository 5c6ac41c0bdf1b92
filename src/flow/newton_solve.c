/* Solving with a factorization; hf_newton_solve of newton.h. */
#include "flow/newton_state.h"

#include <string.h>

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
        hf_lanes_sum_rows(heads, width, newton->value + r, p->features, t, BLOCK, push);
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
    double *mean = newton->field + 2 * heads * BLOCK, *change = mean + heads * BLOCK;
    hf_basis_product(newton->flow->basis, newton->push, sigma, mean);
    hf_block_weight(p, first, width, weight);
    loss_column(newton, -2 * p->kappa * rate * sigma[2 * heads], first, width, change);
    for (size_t m = 0; m < heads; m++)
        for (size_t i = 0; i < width; i++)
            e[m * BLOCK + i] += change[m * BLOCK + i] + rate * newton->beta * (weight[i] * ds[m * BLOCK + i] - mean[m]);
}

/* x = b + (the border's columns) z for one block, B^-1 not yet applied: with e = rho_a G dv - c + gamma rho_a c_i C D
 * sigma, the columns give M e - gamma rho_a F sigma. */
HF_INLINE void scatter(hf_newton *newton, const double *b, double *x, size_t first, size_t width)
{
    const hf_problem *p = newton->flow->problem;
    const hf_basis *basis = newton->flow->basis;
    size_t heads = p->heads, positions = p->positions, values = heads * p->features;
    const double *dv = newton->z->data, *sigma = dv + values, *c = sigma + heads;
    double *e = newton->field, *ds = e + heads * BLOCK, *w = ds + heads * BLOCK, *f = w + heads * BLOCK;
    double rate = newton->gamma * p->attention_rate, push[BLOCK];

    hf_lanes_product_constant(basis, width, newton->attention + first, positions, sigma, ds, BLOCK);
    for (size_t m = 0; m < heads; m++) {
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            e[m * BLOCK + i] = -c[m];
    }
    for (size_t r = 0; r < p->features; r++) {
        const double *pull = newton->pull + r * positions + first, *variance = p->variance + r * positions + first;
        double mean = 0;
        memset(push, 0, sizeof push);
        for (size_t m = 0; m < heads; m++) {
            hf_lanes_add_two(width, newton->value[m * p->features + r], ds + m * BLOCK, -dv[m * p->features + r],
                             newton->attention + m * positions + first, push);
            mean += newton->pushed[r * heads + m] * sigma[m] - newton->push[r * heads + m] * dv[m * p->features + r];
        }
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            push[i] = push[i] * p->copies[first + i] * variance[i] - mean;
        for (size_t m = 0; m < heads; m++)
            hf_lanes_add_two(width, rate * dv[m * p->features + r], pull, rate * newton->value[m * p->features + r], push,
                             e + m * BLOCK);
    }
    if (newton->extra > 0)
        scatter_drift(newton, first, width, ds, e);
    metric_times(newton, first, width, e, w, BLOCK);
    if (!newton->is_mirror) {
        hf_lanes_product_constant(basis, width, newton->ascent + first, positions, sigma, f, BLOCK);
        for (size_t m = 0; m < heads; m++)
            hf_lanes_add(width, -rate, f + m * BLOCK, w + m * BLOCK);
    }
    for (size_t m = 0; m < heads; m++) {
        HF_SIMD
        for (size_t i = 0; i < width; i++)
            x[m * positions + first + i] = b[m * positions + first + i] + w[m * BLOCK + i];
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

HF_CLONES static void solve_logits(hf_newton *newton, const double *b, double *x, bool have_border)
{
    const hf_problem *p = newton->flow->problem;
    for (size_t first = 0; first < p->positions; first += BLOCK) {
        size_t width = width_of_block(first, p->positions);
        if (have_border)
            scatter(newton, b, x, first, width);
        else
            for (size_t m = 0; m < p->heads; m++)
                memcpy(x + m * p->positions + first, b + m * p->positions + first, width * sizeof *x);
        substitute_block(newton, first, width, 1, x + first, p->positions, 0);
        if (!have_border)
            gather(newton, b, x, first, width);
    }
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
        solve_logits(newton, b + values, x + values, false);
    substitute_border(newton);
    if (newton->is_kept)
        scatter_kept(newton, x + values);
    else
        solve_logits(newton, b + values, x + values, true);
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
