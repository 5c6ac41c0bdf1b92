/* basis: the coordinates in which headflow integrates: the mean head and contrasts between heads.
 *
 * A quantity x_k that every head k has (a value coordinate, a logit) is described by its H modes
 *
 *     x^(n) = sum_k q_nk x_k,      q orthonormal,  q_0k = 1/sqrt(H).
 *
 * Modes 1..H-1 are contrasts, one for each inner node of a binary tree over the heads: for a node whose children hold the
 * heads A and B, x^(n) = sqrt(ab/(a+b)) (mean_A x - mean_B x). The tree joins the most similar heads first, so that heads
 * which are equal, or nearly so, have a coordinate of their own in which their difference is held with full relative
 * accuracy (Helmert contrasts would do that only for heads 1..m).
 *
 * Heads of different kinds, such as those that are held and those that are free, are not mixed: every kind has its own mean, modes
 * 0..C-1 (q = 1/sqrt(its heads) on them), and trees of its own. What follows holds for each kind, and edges lead from one to the next.
 *
 * Two more descriptions avoid every subtraction of nearly equal numbers:
 * - edges: node n joins the first head of A (edge.from) to the first head of B (edge.to); x_to - x_from is a combination of
 *   modes at or below the node only. Differences of nonlinear functions are formed along edges (expm1) and
 *   turned into modes.
 * - products: modes of x_k y_k are sum c_mnl x^(n) y^(l) with c_mnl = sum_k q_mk q_nk q_lk, of which only O(H depth) are
 *   not 0, and every term of a contrast carries a contrast as a factor. */
#ifndef HF_FLOW_BASIS_H
#define HF_FLOW_BASIS_H

#include "core/error.h"

#include <stddef.h>

enum { HF_BASIS_KINDS = 4 }; /* kinds of heads there may be */

/* One term of the product's modes: result[m] += c * x[n] * y[l]. */
typedef struct {
    size_t m, n, l;
    double c;
} hf_basis_term;

/* The edge of node n (n = 1..H-1): from and to are heads, size the number of heads on the far side. */
typedef struct {
    size_t from, to, size;
} hf_basis_edge;

typedef struct {
    size_t heads;         /* H */
    size_t kinds;         /* C: modes 0..C-1 are means, the others contrasts */
    size_t root;          /* the head all edges lead away from */
    double *distance;     /* (H, H) what the tree was made from */
    double *q;            /* (H, H) row n: mode n */
    hf_basis_edge *edge;  /* (H), [0] unused; every from is the root or the to of an earlier edge */
    double *edge_of_mode; /* (H, H) row n: x_to - x_from of edge n from the modes */
    double *mode_of_edge; /* (H, H) row m, column n >= 1: mode m of the edge differences, beside of_root x_root in means */
    double *of_root;      /* (H) sqrt(heads of the kind) in its mean, 0 in contrasts */
    double *above;        /* (H, H) c_mnn of mode n, row n, for the modes m < n: not 0 only for those above its node */
    double *own;          /* (H) c_nnn */
    size_t term_count;
    hf_basis_term *term; /* (term_count) sorted by m */
} hf_basis;

/* The tree that joins the nearest heads first (complete linkage; ties go to the lower head), those of a kind before others.
 * distance: (H, H), symmetric, finite, >= 0. kind: (H) numbers 0..C-1, each of them there; NULL: all are alike. Errors: HF_ESYSTEM.
 * Free with hf_basis_free. */
hf_status hf_basis_create(hf_basis **basis, size_t heads, const double *distance, const size_t *kind, hf_error *err);

void hf_basis_free(hf_basis *basis);

/* result (H) = modes of the products x_k y_k, from the modes x and y (H each). */
void hf_basis_product(const hf_basis *basis, const double *x, const double *y, double *result);

/* Modes (H rows of width) of the numbers that every head has, given as the sum of a base (H, width; NULL: 0) and a
 * deviation (H, width): contrasts between heads of equal base are made from the deviations alone, however small these
 * are. */
void hf_basis_modes(const hf_basis *basis, size_t width, const double *base, const double *deviation, double *modes);

/* The same, in place, from differences along edges: row n = 1..H-1 of rows (H, width) is that of edge n, row 0 what the root head
 * has. scratch: (width). */
void hf_basis_from_edges(const hf_basis *basis, size_t width, double *rows, double *scratch);

/* Back to heads (H, width). */
void hf_basis_heads(const hf_basis *basis, size_t width, const double *modes, double *heads);

/* max |x_k - x_l| over a row's width for every pair of heads, from modes: distance[k][l] = max(distance[k][l], ...), which
 * starts at what the caller put there. Accurate for heads that are close. */
void hf_basis_distances(const hf_basis *basis, size_t width, const double *modes, double *distance);

/* Modes in another basis of the same heads, without passing through the heads: contrasts stay accurate. */
void hf_basis_change(const hf_basis *from, const hf_basis *to, size_t width, const double *modes, double *result);

#endif
