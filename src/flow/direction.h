/* direction: what the parameters of a flow do to its equations and its start, as derivatives with respect to their logarithms.
 *
 *     perturbation    init.perturbation                 the start
 *     values          init.values                       the start
 *     strengths       target.strengths                  each m_j by itself: strength_1, strength_2, ...
 *     base            target.base                       all of them together
 *     ratio           target.ratio                      m_j = base ratio^(J-j), where it is 1 for all the same
 *     value_rate      flow.value_rate                   rho_v, and the noise that shakes the values with it
 *     attention_rate  flow.attention_rate               rho_a
 *     weight_decay    flow.weight_decay                 lambda
 *     drift           flow.sgd_drift.lr                 kappa
 *     step            flow.step                         eta of step.h
 *     per_step        the same                          eta itself, not its logarithm: it may be 0
 *     positions       how many positions there are: those that belong to no pattern become more, as replicas
 *
 * A derivative along positions takes the replicas of every class without a pattern for real numbers that grow together, until
 * sum_i n_i has grown by the factor e. */
#ifndef HF_FLOW_DIRECTION_H
#define HF_FLOW_DIRECTION_H

#include "core/lists.h"
#include "flow/flow_point.h"

/* One parameter. What it does not change is 0 or NULL. */
typedef struct hf_direction {
    char name[32];
    double value_rate, attention_rate, decay, kappa; /* d ln of them */
    double tau;                                      /* d tau of step.h */
    double *strength;                                /* (J) d ln m_j */
    double *target;                                  /* (R, T) dG_ri */
    double *replicas;                                /* (T) d ln r_i */
    double total;                                    /* d sum_i n_i */
    double *base_value, *base_logit;                 /* (H, R), (H, T) of the start's base */
    double *logit_deviation;                         /* (H, T) and of its deviation, */
    double *zero;                                    /* (H (R + T)) 0, for deviations that are not there */
    double *memory;
} hf_direction;

typedef struct hf_directions {
    size_t count;
    hf_direction *at; /* (count) */
} hf_directions;

/* Those that `to` names, of a problem made of params. Errors: HF_EUSAGE about the key sensitivity.to (no such name, a name twice,
 * a parameter that is 0 or has no effect), HF_ESYSTEM. Free with hf_directions_free. */
hf_status hf_directions_create(hf_directions **directions, const hf_problem *problem, const hf_problem_params *params,
                               const hf_strings *to, hf_error *err);

void hf_directions_free(hf_directions *directions);

/* The names there are, for documentation and completion; ended by NULL. */
extern const char *const hf_direction_names[];

/* d y(0) */
void hf_direction_start(const hf_flow *flow, const hf_direction *direction, double *x);

/* Of the velocity at the state of a point, which is held; false: it is 0, and result is left alone. */
bool hf_direction_velocity(hf_flow_point *point, const hf_direction *direction, double *result);

/* The same for the plain flow, without finite steps. */
bool hf_direction_plain_velocity(hf_flow_point *point, const hf_direction *direction, double *result);

/* Of the loss, likewise. */
double hf_direction_loss(hf_flow_point *point, const hf_direction *direction);

/* Of the loss's gradient, likewise, minus and per position as hf_flow_point.force and loss_ascent: values (H, R), then logits
 * (H, T), by modes. */
void hf_direction_gradient(hf_flow_point *point, const hf_direction *direction, double *result);

/* Of the attention, likewise, by modes: ds (H, T) += it. */
void hf_direction_attention(const hf_flow_point *point, const hf_direction *direction, double *ds);

#endif
