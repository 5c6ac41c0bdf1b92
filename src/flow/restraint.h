/* restraint: what keeps the flow back: a decay of the attention, and coordinates that are held where they start (private to flow/).
 *
 * The decay lambda_a acts on the coordinates in whose metric the flow is a gradient:
 *
 *     gradient flow in a:  a' = ... - rho_a lambda_a a                    L + lambda_a / 2 sum_k sum_i n_i a_ki^2 descends
 *     mirror flow in s:    g~_ki = g_ki - lambda_a s_ki, a' made of it    L + lambda_a / 2 sum_k sum_i n_i s_ki^2 descends
 *
 * The first keeps logits of zero mean at zero mean; the second is ds_k = Pi(s_k) (g_k - lambda_a s_k) (Yuksel et al. 2026, the
 * official script's weight decay). Either is a part of the loss, linear by modes.
 *
 * What is held does not move: values or logits of some heads, logits at some positions of all heads. Heads that are held alike
 * are a kind of the basis, so that held coordinates are coordinates of the state: their velocity is 0 and they stay the same bit
 * for bit. The flow is the gradient flow of the others. An attention sink is a position whose input has no variance and whose
 * logit is held: the softmax with 1 added to its sum. */
#ifndef HF_FLOW_RESTRAINT_H
#define HF_FLOW_RESTRAINT_H

#include "flow/flow_point.h"

struct hf_decay_kind {
    bool of_coordinates; /* a point keeps them */

    /* Adds the decay to the loss at a point, and to gain, ascent and shift where it is a part of them. a: (H, T) modes. */
    void (*at)(hf_flow_point *point, const double *a);

    /* dg -= lambda_a ds where it is a part of the gain; by modes or by heads. */
    void (*gain_change)(const hf_flow_point *point, const double *ds, double *dg);

    /* result (H, T) -= rate lambda_a x where it acts on the coordinates. */
    void (*add)(const hf_flow_point *point, double rate, const double *x, double *result);
};

/* The row of a problem's decay of attention. */
const hf_decay_kind *hf_decay_find(const hf_problem *problem);

/* Whether there is a decay of attention, or something is held. */
bool hf_restraint_acts(const hf_problem *problem);

/* Sets 0 what is held, in a velocity or covector by modes, (size). */
void hf_restraint_hold(const hf_flow *flow, double *x);

/* Sets 0 what is held, in the coordinates of hf_flow_hessian_times. */
void hf_restraint_hold_orthonormal(const hf_flow *flow, double *x);

/* Sets the speed of a point at which all else is known. */
void hf_restraint_speed(hf_flow_point *point);

/* dP/dt of a restrained flow. */
double hf_restraint_speed_rate(hf_flow_point *point);

#endif
