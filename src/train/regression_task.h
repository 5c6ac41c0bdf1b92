/* regression_task: what the regression transformer learns, in full dimension.
 *
 *     y = sum_j A_j X p_j + xi,    X: d x N inputs x_i,    xi: d label noise of standard deviation sigma
 *
 * (Yuksel et al. 2026, section 3.) The features A_j = m_j sum_r u_jr B_r are built from orthonormal random matrices B_r, one
 * for every coordinate of the reduced problem that the flow integrates; a value V_k starts as sum_r v_kr B_r. So the flow
 * and the training run start at the same point, whatever d is.
 *
 * Inputs are numbered i = 1..N with one for every replica of a class; c_i copies of an input share it, and one logit. Input
 * coordinates come in groups: all d in one, or, where the input variance omega depends on the feature, those that each
 * feature reads (train.inputs). */
#ifndef HF_TRAIN_REGRESSION_TASK_H
#define HF_TRAIN_REGRESSION_TASK_H

#include "flow/problem.h"
#include "train/params.h"

typedef struct {
    hf_problem *problem; /* reduced: every replica by itself (N positions); features R, then H more for each group, in which
                            training may leave the span of the B_r; owned */
    uint64_t seed;
    size_t dim;          /* d, or less where entries stand for others */
    size_t inputs;       /* N */
    size_t base;         /* R: number of B_r */
    size_t groups;       /* of input coordinates */
    size_t *group_start; /* (groups + 1) first coordinate of each, and d */
    double *scale;       /* (d, d) root of how many entries each stands for (entries.h: d is smaller then); NULL: one each */
    double *basis;       /* (R, d, d) B_r: row = output, column = input */
    double *feature;     /* (J, d, d) A_j */
    double *pattern;     /* (J, N) p_ji */
    double *deviation;   /* (groups, N) sqrt(omega): standard deviation of the inputs */
    double noise;        /* sigma */

    double repetition; /* probability that the one input of pattern 1 is e_1 */
    double *rest;      /* (groups, N) standard deviation of the inputs when it is not; NULL: no repetition */
} hf_regression_task;

/* Whether a problem can be trained, beyond what its keys tell each by itself. Errors: HF_EUSAGE, about a key. */
hf_status hf_regression_task_check(const hf_train_params *train, const hf_problem *p, hf_error *err);

/* The task of a problem. Errors: HF_EUSAGE, about a key (what cannot be sampled), HF_ESYSTEM. Free with
 * hf_regression_task_clear. */
hf_status hf_regression_task_init(hf_regression_task *task, const hf_problem_params *params, const hf_train_params *train,
                                  uint64_t seed, hf_error *err);

/* Whether inputs are given their variance coordinate by coordinate. Otherwise they are drawn with variance 1 and the weights
 * of the positions make up for it. */
bool hf_regression_task_shapes_inputs(const hf_regression_task *task);

/* Legal on a zeroed task. */
void hf_regression_task_clear(hf_regression_task *task);

#endif
