/* flow_point: the flow of flow.h at one state: everything that depends on the state alone, and memory for work.
 *
 * hf_flow_at puts a point at a state; the functions after it refer to that state, until the flow's contrasts are chosen anew.
 * Only memory of the point's own is written: two points, of one flow or of two, may be used by two threads. What takes a
 * point as const writes nothing of it. */
#ifndef HF_FLOW_FLOW_POINT_H
#define HF_FLOW_FLOW_POINT_H

#include "flow/flow.h"

struct hf_bend;
typedef struct hf_cloud hf_cloud;

/* What hf_flow_at leaves behind, read-only for others. Rows are modes unless said otherwise. */
typedef struct {
    const hf_flow *flow;       /* not owned; its basis is that of the modes */
    const hf_problem *problem; /* the flow's */
    double loss, speed;        /* L and P = -dL/dt */
    struct hf_bend *bend_of_step; /* of step.h; NULL: the flow is plain, without finite steps. Owned */
    hf_cloud *cloud;           /* of cloud.h; NULL: there is none. Owned */
    double beta;               /* of drift.h; 0 without drift */
    double descent;            /* with drift: what P would be without, a sum of squares */

    double *value;     /* (H, R) the values: the state's, or the optimal ones */
    double *attention; /* (H, T) s_ki */
    double *pull;      /* (R, T) omega_ri E_ri, 0 outside the support; no modes */
    double *gain;      /* (H, T) h_ki, with drift h~_ki */
    double *ascent;    /* (H, T) s_ki h_ki, with drift s_ki h~_ki */
    double *force;     /* (H, R) sum_i n_i omega_ri E_ri s_ki = -dL/dv_kr without decay */
    double *shift;     /* (H) sum_l n_l s_kl g_kl - sum_l n_l g_kl / sum_l n_l: from h to the velocity of the mirror flow */

    /* (H, T) h_ki and s_ki h_ki = -dL/da_ki / n_i of the loss: gain and ascent themselves where there is no drift. */
    double *loss_gain, *loss_ascent;

    /* The velocity of the logits, rho_a (drive + offset): fields from above, which ones says attention.h. loss_drive (H, T): drive
     * without drift. */
    const double *drive, *loss_drive; /* (H, T) */
    const double *offset;             /* (H) */

    /* (H, T) modes of w_ki and q_ki of attention.h; the attention itself for the softmax. */
    double *slope, *bend;

    double *weight; /* (H, T) by head: exp(a_ki) up to a factor */
    double *norm;   /* (H) by head: that factor, s_ki = weight_ki norm_k */
    double *edge;   /* (H, T) s_to - s_from along every edge, [0] scratch, also of curvature.c */

    double *coordinates; /* (H, T) a, where they decay; else NULL */
    double *score;     /* (H, T) by head, for scores.c; NULL for the softmax, as are */
    double *turning;   /* (H, T) for the change of w, and */
    double *onward;    /* (2, size of a state) for hf_flow_speed_rate, also where the flow is restrained */
    double *normal;    /* (R, H, H) for optimal.c */
    double *change;    /* (H, R) the optimal values' change */
    double *zero;      /* (H) */
    double *scratch;   /* (2 H + R, T), at least four blocks of H rows, for what is asked at the state of hf_flow_at */
    double *direction; /* (size of a state) and */
    double *turned;    /* (H, T) for hf_flow_hessian_times */
    double *work;      /* (2, size of a state) for flow_sensitivity.c; NULL: the flow has no parameters to follow */
    double *moved;     /* (H HF_BLOCK + H) for hf_flow_speed_rate with drift */
    double *small;     /* (3, H, max(H, R)) */
    double *fours;     /* (1 + R + H R + H, HF_FOUR) for sums over positions */
} hf_flow_point;

/* A point of a flow, at no state yet. The flow must outlive it. Errors: HF_ESYSTEM. Free with hf_flow_point_free. */
hf_status hf_flow_point_create(hf_flow_point **point, const hf_flow *flow, hf_error *err);

void hf_flow_point_free(hf_flow_point *point);

/* Evaluates the flow at y, (size). False if something is not finite (hf_flow_blame says what). */
bool hf_flow_at(hf_flow_point *point, const double *y);

/* y' at the state of hf_flow_at. velocity: (size). */
void hf_flow_velocity(const hf_flow_point *point, double *velocity);

/* result = J x, the velocity's derivative along x, at the state of hf_flow_at; all (size). */
void hf_flow_jacobian_times(hf_flow_point *point, const double *x, double *result);

/* The same of the plain flow, without what finite steps do to it (step.h): what hf_flow_at and the functions above are made of. */
hf_status hf_flow_plain_point_create(hf_flow_point **point, const hf_flow *flow, hf_error *err);
bool hf_flow_plain_at(hf_flow_point *point, const double *y);
void hf_flow_plain_velocity(const hf_flow_point *point, double *velocity);
void hf_flow_plain_jacobian_times(hf_flow_point *point, const double *x, double *result);

/* result = the change of the loss's gradient along x, its second derivative in values and logits, by modes; all (size). */
void hf_flow_gradient_change(hf_flow_point *point, const double *x, double *result);

/* Probability that head k gives one position of class i at the state of hf_flow_at. attention: (T). */
void hf_flow_head_attention(const hf_flow_point *point, size_t head, double *attention);

#endif
