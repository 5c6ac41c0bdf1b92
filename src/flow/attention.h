/* attention: what attention is made of and in which metric its coordinates descend, as rows of a table (private to flow/).
 *
 * A head's attention s depends on its coordinates a. With h the gain, what changes when a kind of attention changes is how s
 * and its change ds come from a and da, and what the velocity a' = rho_a (drive + offset) is made of:
 *
 *     gradient flow in a:  drive s h,  offset 0         the covector -dL/da_ki / n_i itself
 *     mirror flow in s:    drive h,    offset shift     -dL/ds, up to a constant that keeps the mean of the logits
 *
 * A flow's row is chosen once, when it is made; the same place holds what else depends on it. */
#ifndef HF_FLOW_ATTENTION_H
#define HF_FLOW_ATTENTION_H

#include "flow/flow_point.h"

struct hf_attention_kind {
    const char *name;

    /* The metric is not that of a: the velocity of a is the gain's, and in the coordinates of hf_flow_hessian_times logits
     * stand by heads. */
    bool is_mirror;

    /* Fills weight, norm and edge of a point from the modes a (H, T). False: not finite. */
    bool (*at)(hf_flow_point *point, const double *a);

    /* change = d(a' / rho_a), when attention and gain change by ds and dg; all (H, T), and
     * ds and dg are lost. */
    void (*velocity_change)(hf_flow_point *point, double *ds, double *dg, double *change);

    /* For hf_flow_speed_rate where there is a drift, which makes y' no gradient: see block_direction of curvature.c. phi: (H);
     * f, for work, along, turned: (H) rows of HF_BLOCK, for one block of positions. */
    void (*find_phi)(const hf_flow_point *point, double *scratch, double *phi);
    void (*turn_block)(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                       double *turned);

    /* hf_flow_hessian_times */
    void (*hessian_times)(hf_flow_point *point, const double *x, double *result);
};

/* The row of a problem's attention and geometry. */
const hf_attention_kind *hf_attention_find(const hf_problem *problem);

/* Modes of the attention from what a row's `at` has left. */
void hf_attention_form(hf_flow_point *point);

/* ds (H, T) along da (H, T), by modes. */
void hf_attention_change(const hf_flow_point *point, const double *da, double *ds, double *scratch);

/* What rows are made of. */
bool hf_softmax_at(hf_flow_point *point, const double *a);
void hf_gradient_change(hf_flow_point *point, double *ds, double *dg, double *change);
void hf_mirror_change(hf_flow_point *point, double *ds, double *dg, double *change);
void hf_gradient_phi(const hf_flow_point *point, double *scratch, double *phi);
void hf_mirror_phi(const hf_flow_point *point, double *scratch, double *phi);
void hf_gradient_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                      double *turned);
void hf_mirror_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                    double *turned);
void hf_gradient_hessian(hf_flow_point *point, const double *x, double *result);
void hf_mirror_hessian(hf_flow_point *point, const double *x, double *result);

#endif
