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
    double *distance; /* (H, H), valid in the rows and columns of clusters */
} clusters;

static void nearest_pair(const clusters *c, size_t *a, size_t *b)
{
    double nearest = INFINITY;
    for (size_t k = 0; k < c->heads; k++)
        for (size_t l = k + 1; l < c->heads && c->group[k] == k; l++)
            if (c->group[l] == l && c->distance[k * c->heads + l] < nearest) {
                nearest = c->distance[k * c->heads + l];
                *a = k;
                *b = l;
            }
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

/* Whether node n is node m or below it: m's mode does not vanish there. Mode 0 is above all. */
static bool at_or_below(const hf_basis *basis, size_t n, size_t m)
{
    const double *q = basis->q + m * basis->heads;
    return m <= n && q[basis->edge[n].from] != 0 && q[basis->edge[n].to] != 0;
}

static void fill_edges(hf_basis *basis)
{
    size_t heads = basis->heads;
    for (size_t n = 1; n < heads; n++) {
        hf_basis_edge edge = basis->edge[n];
        for (size_t m = 0; m < heads; m++) {
            const double *q = basis->q + m * heads;
            basis->edge_of_mode[n * heads + m] = m == 0 ? 0 : q[edge.to] - q[edge.from];
            basis->mode_of_edge[m * heads + n] = at_or_below(basis, n, m) ? (double)edge.size * q[edge.to] : 0;
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
        return n == 0 ? m == 0 : at_or_below(basis, n, m);
    return (m == n && m != 0 && at_or_below(basis, m, l)) || (m == l && m != 0 && at_or_below(basis, m, n));
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

hf_status hf_basis_create(hf_basis **result, size_t heads, const double *distance, hf_error *err)
{
    hf_basis *basis = calloc(1, sizeof *basis);
    clusters c = {heads, malloc(heads * sizeof *c.group), malloc(heads * heads * sizeof *c.distance)};
    if (basis == NULL || c.group == NULL || c.distance == NULL)
        goto fail;
    memcpy(c.distance, distance, heads * heads * sizeof *distance);
    basis->heads = heads;
    basis->q = calloc(4 * heads * heads, sizeof *basis->q);
    basis->edge = calloc(heads, sizeof *basis->edge);
    if (basis->q == NULL || basis->edge == NULL)
        goto fail;
    basis->edge_of_mode = basis->q + heads * heads;
    basis->mode_of_edge = basis->edge_of_mode + heads * heads;
    basis->distance = basis->mode_of_edge + heads * heads;
    memcpy(basis->distance, distance, heads * heads * sizeof *distance);

    for (size_t k = 0; k < heads; k++) {
        basis->q[k] = 1 / sqrt((double)heads);
        c.group[k] = k;
    }
    for (size_t n = heads - 1; n >= 1; n--) {
        size_t a = 0, b = 0;
        nearest_pair(&c, &a, &b);
        join(basis, &c, n, a, b);
    }
    fill_edges(basis);
    fill_terms(basis, true);
    basis->term = malloc(basis->term_count * sizeof *basis->term);
    if (basis->term == NULL)
        goto fail;
    fill_terms(basis, false);
    free(c.group);
    free(c.distance);
    *result = basis;
    return HF_OK;

fail:
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
    for (size_t n = 1; n < heads; n++)
        sum += (basis->q[n * heads + k] - basis->q[n * heads + l]) * modes[n * width];
    return sum;
}

/* In place, rows 1..H-1: edge differences become modes; row 0 becomes what they add to mode 0. Mode m is made of the edges
 * at or below its node, which have numbers n >= m: going up, no row is needed after it has been overwritten. */
static void edges_to_modes(const hf_basis *basis, size_t width, double *rows)
{
    for (size_t m = 0; m < basis->heads; m++) {
        const double *of_edge = basis->mode_of_edge + m * basis->heads;
        for (size_t i = 0; i < width; i++) {
            double sum = 0;
            for (size_t n = m > 1 ? m : 1; n < basis->heads; n++)
                sum += of_edge[n] * rows[n * width + i];
            rows[m * width + i] = sum;
        }
    }
}

void hf_basis_modes(const hf_basis *basis, size_t width, const double *base, const double *deviation, double *modes)
{
    double scale = sqrt((double)basis->heads);
    size_t root = basis->root * width;
    for (size_t n = 1; n < basis->heads; n++) {
        size_t to = basis->edge[n].to * width, from = basis->edge[n].from * width;
        for (size_t i = 0; i < width; i++)
            modes[n * width + i] =
                deviation[to + i] - deviation[from + i] + (base == NULL ? 0 : base[to + i] - base[from + i]);
    }
    edges_to_modes(basis, width, modes);
    for (size_t i = 0; i < width; i++)
        modes[i] += scale * (deviation[root + i] + (base == NULL ? 0 : base[root + i]));
}

void hf_basis_from_edges(const hf_basis *basis, size_t width, double *rows, double *scratch)
{
    const double scale = sqrt((double)basis->heads);
    memcpy(scratch, rows, width * sizeof *scratch);
    edges_to_modes(basis, width, rows);
    for (size_t i = 0; i < width; i++)
        rows[i] += scale * scratch[i];
}

void hf_basis_change(const hf_basis *from, const hf_basis *to, size_t width, const double *modes, double *result)
{
    for (size_t n = 1; n < to->heads; n++)
        for (size_t i = 0; i < width; i++)
            result[n * width + i] = difference(from, width, modes + i, to->edge[n].to, to->edge[n].from);
    edges_to_modes(to, width, result);
    memcpy(result, modes, width * sizeof *result);
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
