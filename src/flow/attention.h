/* attention: what attention is made of and in which metric its coordinates descend, as rows of a table (private to flow/).
 *
 * A head's attention s depends on its coordinates a, by a function f at every position and, where it is normalized, the sum of f:
 *
 *     s_i = f(a_i) / Z      Z = sum_l n_l f(a_l)        normalized, else Z = 1
 *     w_i = f'(a_i) / Z     ds = w da - s <da>          slope, <da> = sum_i n_i w_i da_i; without <da> if not normalized
 *     q_i = f''(a_i) / Z    dw = q da - w <da>          bend, likewise
 *
 *                    f            w        q              start   normalized
 *     softmax    exp(a)           s        s              0       yes
 *     squares    z^2              2 z / Z  2 / Z          1       yes
 *     sum        z                1 / Z    0              1       yes
 *     sigmoid    1 / (1 + e^-a)   s (1-s)  w (1 - 2 s)    s = 1/T no
 *     linear     z                1        0              1/T     no
 *
 * With g_ki = -dL/ds_ki / n_i and the gain h = g - sum_l n_l s_l g_l (normalized; else h = g), the velocity a' = rho_a (drive +
 * offset) is
 *
 *     gradient flow in a:  drive w h,  offset 0         the covector -dL/da_ki / n_i itself
 *     mirror flow in s:    drive h,    offset shift     -dL/ds, up to a constant that keeps the mean of the logits
 *
 * A flow's row is chosen once, when it is made; the same place holds what else depends on it. */
#ifndef HF_FLOW_ATTENTION_H
#define HF_FLOW_ATTENTION_H

#include "flow/flow_point.h"

struct hf_attention_kind {
    const char *name;
    bool is_normalized;
    bool has_slope; /* w and q are fields of their own; else both are s */
    bool is_signed; /* attention may be negative */

    /* The metric is not that of a: the velocity of a is the gain's, and in the coordinates of hf_flow_hessian_times logits
     * stand by heads. */
    bool is_mirror;

    /* Where a head that has seen nothing starts, the same a at all positions, of which there are total. */
    double (*start)(double total);

    /* Fills weight, norm and edge of a point, and slope and bend where there are some, from the modes a (H, T). False: not
     * finite. */
    bool (*at)(hf_flow_point *point, const double *a);

    /* change = d(w h) along da, when attention and g change by ds and dg; gain: h. All (H, T), and ds and dg are lost. */
    void (*ascent_change)(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg, double *change);

    /* change = d(a' / rho_a), likewise. */
    void (*velocity_change)(hf_flow_point *point, const double *da, double *ds, double *dg, double *change);

    double (*speed_rate)(hf_flow_point *point);                                      /* hf_flow_speed_rate */
    void (*hessian_times)(hf_flow_point *point, const double *x, double *result); /* hf_flow_hessian_times */

    /* For speed_rate where there is a drift, which makes y' no gradient: see block_direction of curvature.c. phi: (H);
     * f, for work, along, turned: (H) rows of HF_BLOCK, for one block of positions. NULL: there never is one. */
    void (*find_phi)(const hf_flow_point *point, double *scratch, double *phi);
    void (*turn_block)(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                       double *turned);

    /* What the flow keeps, without decay of the attention, and how far it has moved from where it was at the start. NULL: nothing. */
    const char *(*conserved)(const hf_flow *flow);
    hf_status (*moved)(const hf_flow *flow, const double *y, double *moved, hf_error *err);
};

/* The row of a problem's attention and geometry. */
const hf_attention_kind *hf_attention_find(const hf_problem *problem);

/* Modes of the attention from what a row's `at` has left. */
void hf_attention_form(hf_flow_point *point);

/* ds (H, T) along da (H, T), by modes. mean: (H) <da>; 0 if not normalized. */
void hf_attention_change(const hf_flow_point *point, const double *da, double *ds, double *mean);

/* What rows are made of. Those of the softmax make use of s = w = q. */
bool hf_softmax_at(hf_flow_point *point, const double *a);
bool hf_squares_at(hf_flow_point *point, const double *a);
bool hf_sum_at(hf_flow_point *point, const double *a);
bool hf_sigmoid_at(hf_flow_point *point, const double *a);
bool hf_linear_at(hf_flow_point *point, const double *a);
void hf_softmax_ascent_change(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg,
                              double *change);
void hf_slope_ascent_change(hf_flow_point *point, const double *gain, const double *da, double *ds, double *dg, double *change);
void hf_gradient_change(hf_flow_point *point, const double *da, double *ds, double *dg, double *change);
void hf_mirror_change(hf_flow_point *point, const double *da, double *ds, double *dg, double *change);
double hf_softmax_speed_rate(hf_flow_point *point);
double hf_slope_speed_rate(hf_flow_point *point);
void hf_gradient_hessian(hf_flow_point *point, const double *x, double *result);
void hf_mirror_hessian(hf_flow_point *point, const double *x, double *result);
void hf_gradient_phi(const hf_flow_point *point, double *scratch, double *phi);
void hf_mirror_phi(const hf_flow_point *point, double *scratch, double *phi);
void hf_gradient_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                      double *turned);
void hf_mirror_turn(const hf_flow_point *point, const double *phi, size_t first, size_t width, double *f, double *along,
                    double *turned);

#endif
