/* problem: the task and the start of the flow, reduced to as few features as the flow can reach.
 *
 * The flow never leaves span{A_1..A_J, V_1(0)..V_H(0)}: in an orthonormal basis of that span each value V_k is a vector
 * v_k of R <= J + H coordinates, whatever the dimension of the model is. Coordinates 1..J follow the Gram-Schmidt basis
 * of the features u_1..u_J (the features themselves where these are orthonormal); the others span what V(0) has outside. */
#ifndef HF_FLOW_PROBLEM_H
#define HF_FLOW_PROBLEM_H

#include "core/error.h"
#include "flow/params.h"
#include "flow/state.h"

#include <stdbool.h>
#include <stddef.h>

/* What a problem is made of; the lists are complete and in range, and somebody else's. */
typedef struct {
    size_t heads;     /* H */
    size_t positions; /* T */
    hf_target_params target;
    hf_data_params data;
    hf_test_params test;
    hf_init_params init;
    hf_flow_params flow;
    hf_state state; /* what init.state holds; zeroed: nothing */
} hf_problem_params;

/* One position of a pattern. */
typedef struct {
    size_t position; /* class, from 0 */
    double weight;   /* p_ji */
} hf_pattern_entry;

typedef struct {
    size_t count;
    const hf_pattern_entry *entry; /* (count) */
    double norm2;                  /* |p_j|^2 = sum_i r_i p_ji^2 */
} hf_pattern;

/* Everything the flow needs, all owned by the problem; nothing changes after creation. */
typedef struct {
    size_t heads;     /* H */
    size_t positions; /* T classes */
    size_t patterns;  /* J */
    size_t features;  /* R */
    size_t span;      /* of them, those that target and start lie in: R but for hf_problem_expand */

    double *strength;          /* (J) m_j */
    double *feature;           /* (J, R) u_j in the reduced coordinates */
    double *feature2;          /* (J) |u_j|^2 */
    hf_pattern *pattern;       /* (J) */
    hf_pattern_entry *entries; /* all patterns' entries in one array */
    double *target;            /* (R, T) G_ri = sum_j m_j u_jr p_ji */

    double *copies;        /* (T) c_i */
    double *replicas;      /* (T) r_i */
    double *multiplicity;  /* (T) n_i = r_i c_i */
    double total;          /* sum_i n_i */
    double *variance;      /* (R, T) omega_ri */
    double *test_variance; /* (R, T) omega_ri of the test data; NULL: there are none */

    hf_attention_choice attention;
    hf_geometry geometry;
    double value_rate, attention_rate, weight_decay, attention_decay; /* rho_v, rho_a, lambda, lambda_a */

    /* What is held (restraint.h), and heads by what is held of them, numbered from 0; all NULL: nothing. */
    bool *held_value, *held_logit; /* (H) */
    bool *held_position;           /* (T) */
    size_t *kind;                  /* (H); NULL if they are all alike */

    /* (T) whether heads can attend to a position: s_ki is 0 elsewhere, whatever the logits are there. NULL: to all. */
    bool *support;

    /* SGD's drift (drift.h): kappa, 0 for none, and d sigma^2 / 2. Needs variances that are equal for all features. */
    double kappa, noise_floor;

    /* The same as a part of the state (cloud.h), in place of kappa: lr / batch, 0 for none, and what multiplies it: strength is 2 L of_loss +
     * of_label, spread of_force. */
    struct {
        double rate, of_loss, of_label, of_force;
        double alpha, gamma, label; /* of cloud.h, and sigma^2 */
    } cloud;

    double tau; /* of step.h; 0: steps are not finite */

    hf_values values; /* learned, frozen (value_rate is 0), or optimal (value_rate is 0, weight_decay that of optimal.h) */

    /* The start: base + deviation; the deviations alone tell heads of equal base apart. Logits have zero mean, sum_i n_i
     * a_ki = 0. */
    double *base_value, *base_logit;           /* (H, R), (H, T) */
    double *value_deviation, *logit_deviation; /* (H, R), (H, T) */

    size_t value_width;  /* D: coordinates of a value in a state table */
    double *value_basis; /* (R, D) the reduced basis in those coordinates */
} hf_problem;

/* tau of step.h, of steps with a momentum. */
double hf_problem_step(double step, double momentum);

/* Builds the problem. Errors: HF_EUSAGE, about a key (values outside the features' span
 * with weights, of the data or the test data, that differ between features), HF_ENUMERIC (a loss that
 * underflows or overflows), HF_ESYSTEM. Free with hf_problem_free. */
hf_status hf_problem_create(hf_problem **problem, const hf_problem_params *params, hf_error *err);

void hf_problem_free(hf_problem *problem);

/* Sets what is held, once: values and logits of heads, logits at positions, all from 1 and in range. Errors: HF_ESYSTEM. */
hf_status hf_problem_hold(hf_problem *problem, const hf_counts *values, const hf_counts *logits, const hf_counts *positions,
                          hf_error *err);

/* Sets the positions that heads can attend to, once: from 1 and in range; none: all. Errors: HF_ESYSTEM. */
hf_status hf_problem_restrict(hf_problem *problem, const hf_counts *positions, hf_error *err);

/* The same problem with a class of its own for every replica, and with extra more features, which no pattern has and whose
 * input variance is the caller's to fill in (rows features..features + extra - 1; 1 until then). Its state tables hold the
 * reduced coordinates. Errors: HF_ESYSTEM. Free with hf_problem_free. */
hf_status hf_problem_expand(const hf_problem *problem, size_t extra, hf_problem **expanded, hf_error *err);

/* Half the sum of squares of what is left when the patterns in learned (J flags) are fitted exactly and the others are not
 * at all, 1/2 sum_i r_i sum_r omega_ri (sum_{j not learned} m_j u_jr p_ji)^2: the level of a plateau where patterns share no
 * position and features are orthogonal; see level.h for the others. */
double hf_problem_plateau_loss(const hf_problem *problem, const bool *learned);

#endif
