#include "flow/basis.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tree ---- */

/* While the tree grows: group[k] is the cluster of head k, named after its lowest head; distance between clusters is that
 * of their farthest members (complete linkage). */
typedef struct {
    size_t heads;
    size_t *group;
    double *distance;   /* (H, H), valid in the rows and columns of clusters */
    const size_t *kind; /* (H) or NULL */
} clusters;

static bool are_of_a_kind(const clusters *c, size_t k, size_t l)
{
    return c->kind == NULL || c->kind[k] == c->kind[l];
}

/* alike: clusters of one kind only. False: there is no such pair. */
static bool nearest_pair(const clusters *c, bool alike, size_t *a, size_t *b)
{
    double nearest = INFINITY;
    for (size_t k = 0; k < c->heads; k++)
        for (size_t l = k + 1; l < c->heads && c->group[k] == k; l++)
            if (c->group[l] == l && (!alike || are_of_a_kind(c, k, l)) && c->distance[k * c->heads + l] < nearest) {
                nearest = c->distance[k * c->heads + l];
                *a = k;
                *b = l;
            }
    return nearest < INFINITY;
}

static size_t cluster_size(const clusters *c, size_t a)
{
    size_t size = 0;
    for (size_t k = 0; k < c->heads; k++)
        size += c->group[k] == a;
    return size;
}

/* Mode n: +sqrt(b/(a(a+b))) on cluster a, -sqrt(a/(b(a+b))) on cluster b; then the two become one. */
static void join(hf_basis *basis, clusters *c, size_t n, size_t a, size_t b)
{
    double na = (double)cluster_size(c, a), nb = (double)cluster_size(c, b);
    double *q = basis->q + n * basis->heads;
    basis->edge[n] = (hf_basis_edge){.from = a, .to = b, .size = (size_t)nb};
    for (size_t k = 0; k < basis->heads; k++) {
        if (c->group[k] == a)
            q[k] = sqrt(nb / (na * (na + nb)));
        else if (c->group[k] == b) {
            q[k] = -sqrt(na / (nb * (na + nb)));
            c->group[k] = a;
        }
        double *to_a = &c->distance[a * c->heads + k], to_b = c->distance[b * c->heads + k];
        *to_a = c->distance[k * c->heads + a] = fmax(*to_a, to_b);
    }
}

/* ---- the tables made from it ---- */

/* Heads beyond the edge of node n, into far (H): those that edges lead to from its far end, which have higher numbers. */
static void find_far_heads(const hf_basis *basis, size_t n, bool *far)
{
    memset(far, 0, basis->heads * sizeof *far);
    far[basis->edge[n].to] = true;
    for (size_t m = n + 1; m < basis->heads; m++)
        far[basis->edge[m].to] = far[basis->edge[m].to] || far[basis->edge[m].from];
}

/* What the edge of node n adds to the mean of a kind. */
static double part_in_mean(const hf_basis *basis, size_t kind, const bool *far)
{
    const double *q = basis->q + kind * basis->heads;
    size_t count = 0;
    double each = 0;
    for (size_t k = 0; k < basis->heads; k++)
        if (far[k] && q[k] != 0) {
            count++;
            each = q[k];
        }
    return (double)count * each;
}

/* Whether node n is node m or below it: m's mode does not vanish there. Means are above all of their kind. */
static bool at_or_below(const hf_basis *basis, size_t n, size_t m)
{
    const double *q = basis->q + m * basis->heads;
    return n >= basis->kinds && m <= n && q[basis->edge[n].from] != 0 && q[basis->edge[n].to] != 0;
}

/* far: (H) scratch. */
static void fill_edges(hf_basis *basis, bool *far)
{
    size_t heads = basis->heads;
    for (size_t n = 1; n < heads; n++) {
        hf_basis_edge edge = basis->edge[n];
        find_far_heads(basis, n, far);
        for (size_t m = 0; m < heads; m++) {
            const double *q = basis->q + m * heads;
            basis->edge_of_mode[n * heads + m] = q[edge.to] - q[edge.from];
            basis->mode_of_edge[m * heads + n] = m < basis->kinds           ? part_in_mean(basis, m, far)
                                                 : at_or_below(basis, n, m) ? (double)edge.size * q[edge.to]
                                                                            : 0;
        }
    }
}

static double triple(const hf_basis *basis, size_t m, size_t n, size_t l)
{
    size_t heads = basis->heads;
    double sum = 0;
    for (size_t k = 0; k < heads; k++)
        sum += basis->q[m * heads + k] * basis->q[n * heads + k] * basis->q[l * heads + k];
    return sum;
}

/* The product of two contrasts vanishes unless their nodes are nested, and is then a multiple of the lower one: c_mnl is
 * not 0 only where two of the indices are the same node and the third is at or above it. */
static bool term_is_present(const hf_basis *basis, size_t m, size_t n, size_t l)
{
    if (n == l)
        return n < basis->kinds ? m == n : at_or_below(basis, n, m);
    return (m == n && at_or_below(basis, m, l)) || (m == l && at_or_below(basis, m, n));
}

static void fill_products(hf_basis *basis)
{
    for (size_t n = 0; n < basis->heads; n++) {
        basis->own[n] = term_is_present(basis, n, n, n) ? triple(basis, n, n, n) : 0;
        for (size_t m = 0; m < n; m++)
            basis->above[n * basis->heads + m] = term_is_present(basis, m, n, n) ? triple(basis, m, n, n) : 0;
    }
}

static void fill_terms(hf_basis *basis, bool count_only)
{
    basis->term_count = 0;
    for (size_t m = 0; m < basis->heads; m++)
        for (size_t n = 0; n < basis->heads; n++)
            for (size_t l = 0; l < basis->heads; l++) {
                if (!term_is_present(basis, m, n, l))
                    continue;
                if (!count_only)
                    basis->term[basis->term_count] = (hf_basis_term){m, n, l, triple(basis, m, n, l)};
                basis->term_count++;
            }
}

/* Modes 0..C-1. */
static void fill_means(hf_basis *basis, const size_t *kind)
{
    size_t count[2] = {0, 0}; /* of heads: of one kind, and with it */
    for (size_t c = 0; count[1] < basis->heads; c++, basis->kinds++) {
        count[0] = 0;
        for (size_t k = 0; k < basis->heads; k++)
            count[0] += kind == NULL || kind[k] == c;
        count[1] += count[0];
        basis->of_root[c] = sqrt((double)count[0]);
        for (size_t k = 0; k < basis->heads; k++)
            basis->q[c * basis->heads + k] = kind == NULL || kind[k] == c ? 1 / sqrt((double)count[0]) : 0;
    }
}

hf_status hf_basis_create(hf_basis **result, size_t heads, const double *distance, const size_t *kind, hf_error *err)
{
    hf_basis *basis = calloc(1, sizeof *basis);
    bool *far = malloc(heads * sizeof *far);
    clusters c = {heads, malloc(heads * sizeof *c.group), malloc(heads * heads * sizeof *c.distance), kind};
    if (basis == NULL || far == NULL || c.group == NULL || c.distance == NULL)
        goto fail;
    memcpy(c.distance, distance, heads * heads * sizeof *distance);
    basis->heads = heads;
    basis->q = calloc(5 * heads * heads + 2 * heads, sizeof *basis->q);
    basis->edge = calloc(heads, sizeof *basis->edge);
    if (basis->q == NULL || basis->edge == NULL)
        goto fail;
    basis->edge_of_mode = basis->q + heads * heads;
    basis->mode_of_edge = basis->edge_of_mode + heads * heads;
    basis->distance = basis->mode_of_edge + heads * heads;
    basis->above = basis->distance + heads * heads;
    basis->of_root = basis->above + heads * heads;
    basis->own = basis->of_root + heads;
    memcpy(basis->distance, distance, heads * heads * sizeof *distance);

    for (size_t k = 0; k < heads; k++)
        c.group[k] = k;
    for (size_t n = heads - 1; n >= 1; n--) {
        size_t a = 0, b = 0;
        if (!nearest_pair(&c, true, &a, &b))
            nearest_pair(&c, false, &a, &b);
        join(basis, &c, n, a, b);
    }
    fill_means(basis, kind); /* in place of the contrasts between kinds */
    fill_edges(basis, far);
    fill_products(basis);
    fill_terms(basis, true);
    basis->term = malloc(basis->term_count * sizeof *basis->term);
    if (basis->term == NULL)
        goto fail;
    fill_terms(basis, false);
    free(far);
    free(c.group);
    free(c.distance);
    *result = basis;
    return HF_OK;

fail:
    free(far);
    free(c.group);
    free(c.distance);
    hf_basis_free(basis);
    return hf_fail_memory(err, "the contrasts between heads");
}

void hf_basis_free(hf_basis *basis)
{
    if (basis == NULL)
        return;
    free(basis->q);
    free(basis->edge);
    free(basis->term);
    free(basis);
}

/* ---- arithmetic on modes ---- */

void hf_basis_product(const hf_basis *basis, const double *x, const double *y, double *result)
{
    memset(result, 0, basis->heads * sizeof *result);
    for (size_t i = 0; i < basis->term_count; i++) {
        hf_basis_term t = basis->term[i];
        result[t.m] += t.c * x[t.n] * y[t.l];
    }
}

/* ---- between heads and modes ---- */

/* x_k - x_l for one column of modes; coefficients of contrasts that do not tell k from l are exactly 0. */
static double difference(const hf_basis *basis, size_t width, const double *modes, size_t k, size_t l)
{
    size_t heads = basis->heads;
    double sum = 0;
    for (size_t n = basis->kinds > 1 ? 0 : 1; n < heads; n++)
        sum += (basis->q[n * heads + k] - basis->q[n * heads + l]) * modes[n * width];
    return sum;
}

/* What the edges add to mode m, in one column. */
static double from_edges(const hf_basis *basis, size_t m, size_t width, const double *column)
{
    const double *of_edge = basis->mode_of_edge + m * basis->heads;
    double sum = 0;
    for (size_t n = m >= basis->kinds ? m : 1; n < basis->heads; n++)
        sum += of_edge[n] * column[n * width];
    return sum;
}

/* In place, rows 1..H-1: edge differences become modes; row 0 and those of other means become what they add to these. A contrast is
 * made of the edges at or below its node, which have numbers n >= m: going up, no row is needed after it has been overwritten.
 * Means are made of all, so that they come before, and are kept aside. */
static void edges_to_modes(const hf_basis *basis, size_t width, double *rows)
{
    double mean[HF_BASIS_KINDS];
    for (size_t i = 0; i < width; i++) {
        for (size_t c = 0; c < basis->kinds; c++)
            mean[c] = from_edges(basis, c, width, rows + i);
        for (size_t m = basis->kinds; m < basis->heads; m++)
            rows[m * width + i] = from_edges(basis, m, width, rows + i);
        for (size_t c = 0; c < basis->kinds; c++)
            rows[c * width + i] = mean[c];
    }
}

void hf_basis_modes(const hf_basis *basis, size_t width, const double *base, const double *deviation, double *modes)
{
    size_t root = basis->root * width;
    for (size_t n = 1; n < basis->heads; n++) {
        size_t to = basis->edge[n].to * width, from = basis->edge[n].from * width;
        for (size_t i = 0; i < width; i++)
            modes[n * width + i] =
                deviation[to + i] - deviation[from + i] + (base == NULL ? 0 : base[to + i] - base[from + i]);
    }
    edges_to_modes(basis, width, modes);
    for (size_t c = 0; c < basis->kinds; c++)
        for (size_t i = 0; i < width; i++)
            modes[c * width + i] += basis->of_root[c] * (deviation[root + i] + (base == NULL ? 0 : base[root + i]));
}

void hf_basis_from_edges(const hf_basis *basis, size_t width, double *rows, double *scratch)
{
    memcpy(scratch, rows, width * sizeof *scratch);
    edges_to_modes(basis, width, rows);
    for (size_t c = 0; c < basis->kinds; c++)
        for (size_t i = 0; i < width; i++)
            rows[c * width + i] += basis->of_root[c] * scratch[i];
}

void hf_basis_change(const hf_basis *from, const hf_basis *to, size_t width, const double *modes, double *result)
{
    for (size_t n = 1; n < to->heads; n++)
        for (size_t i = 0; i < width; i++)
            result[n * width + i] = difference(from, width, modes + i, to->edge[n].to, to->edge[n].from);
    edges_to_modes(to, width, result);
    memcpy(result, modes, to->kinds * width * sizeof *result); /* means are the same in all */
}

void hf_basis_heads(const hf_basis *basis, size_t width, const double *modes, double *heads)
{
    for (size_t k = 0; k < basis->heads; k++)
        for (size_t i = 0; i < width; i++) {
            double sum = 0;
            for (size_t n = 0; n < basis->heads; n++)
                sum += basis->q[n * basis->heads + k] * modes[n * width + i];
            heads[k * width + i] = sum;
        }
}

void hf_basis_distances(const hf_basis *basis, size_t width, const double *modes, double *distance)
{
    for (size_t k = 0; k < basis->heads; k++)
        for (size_t l = 0; l < k; l++) {
            double farthest = distance[k * basis->heads + l];
            for (size_t i = 0; i < width; i++)
                farthest = fmax(farthest, fabs(difference(basis, width, modes + i, k, l)));
            distance[k * basis->heads + l] = distance[l * basis->heads + k] = farthest;
        }
}
