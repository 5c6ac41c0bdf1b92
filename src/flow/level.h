/* level: the losses at which a flow that learns one thing after the other comes to rest.
 *
 * On a plateau the heads form groups of nearly equal ones, and each group is one head: the flow rests at a minimum of the
 * loss over the values and attentions of as many heads as there are groups, a saddle only because groups can divide. A
 * group has learned one component of the target, so that the level is that of the best approximation
 *
 *     1/2 sum_i r_i sum_r omega_ri (G_ri - sum_{k <= n} v_kr c_i s_ki)^2,     s >= 0, v free,
 *
 * by n components. (Attentions sum to 1, which values can always make up for.) Without the bound s >= 0, as with linear attention
 * and scores over their sum, these are the singular components of G. For disjoint patterns with orthogonal features they are the patterns themselves, and what is
 * left are those that are not learned; where patterns share positions or features are correlated, components mix them. */
#ifndef HF_FLOW_LEVEL_H
#define HF_FLOW_LEVEL_H

#include "core/error.h"
#include "flow/problem.h"

/* *plain: no two patterns share a position and features are orthogonal. Errors: HF_ESYSTEM. */
hf_status hf_level_is_plain(const hf_problem *problem, bool *plain, hf_error *err);

/* The level that a plateau of the given loss belongs to, when the patterns in learned (J flags) are acquired. For plain
 * problems, as long as there is a head for every learned pattern, hf_problem_plateau_loss. Otherwise the level of n
 * components, n the number of them that have brought the loss down by at least half of what they bring; loss nan: one for
 * every learned pattern. Their attentions start on the learned patterns, stronger ones first, then on the others, and values and
 * attentions are improved in turn. If they would then know a pattern that is not learned (share 3/4 or more), as where
 * patterns on the same positions are told apart by their inputs' variance alone, they do without it. Without weight decay.
 * Levels below 1e-12 of that of nothing learned are 0. Errors: HF_ESYSTEM. */
hf_status hf_level_predict(const hf_problem *problem, double loss, const bool *learned, double *level, hf_error *err);

#endif
