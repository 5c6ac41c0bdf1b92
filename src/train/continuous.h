/* continuous: the flow that an optimizer's steps are those of: Adam, AdamW and RMSProp in the limit of steps that change little,
 * with their memory (da Silva and Gazeau 2020, arXiv 1810.09665).
 *
 * Time t counts steps. With g the gradient of the population's loss, eta = lr times the tensor's rate, tau_i = -1/ln beta_i,
 * c_i = 1 - beta_i^t,
 *
 *     m' = (g - m) / tau_1     v' = (g^2 - v) / tau_2     x' = -eta (m / c_1) / (sqrt(v / c_2) + epsilon) - eta decay x
 *
 * for every parameter by itself; RMSProp has g for m and no c_i, and decay is that of AdamW. At t = 0 they are
 * singular: a gradient that is 0 there has no direction yet, and then a sign. So the first HF_CONTINUOUS_START steps are those of
 * the optimizer, and what it remembers is where the flow begins.
 *
 * An interval from one step to the next begins with nothing but parameters and memory: what comes out does not depend on when a
 * run was saved. Inside, Runge-Kutta steps of order 5 (Fehlberg; GSL) have errors of a part RTOL of each tensor's root mean square, of sqrt v and of v. */
#ifndef HF_TRAIN_CONTINUOUS_H
#define HF_TRAIN_CONTINUOUS_H

#include "train/model.h"
#include "train/optimizer.h"

enum { HF_CONTINUOUS_START = 20 }; /* steps of the optimizer itself at the start */

typedef struct hf_continuous hf_continuous;

/* Whether an optimizer has such a flow: it divides by what it remembers, its rate is constant and nothing is clipped. */
bool hf_continuous_exists(const hf_optimizer_params *params);

/* The flow of an optimizer on a model whose gradient without samples is that of the population. Both must outlive it. Errors:
 * HF_ESYSTEM. Free with hf_continuous_free. */
hf_status hf_continuous_create(hf_continuous **flow, hf_optimizer *optimizer, hf_model model, hf_error *err);

void hf_continuous_free(hf_continuous *flow);

/* Takes parameters (optimizer->count) and the optimizer's memory from t = step to step + 1. Errors: HF_ENUMERIC (something
 * is not finite, or needs ten thousand steps: RMSProp near a minimum, as v forgets), both unchanged. */
hf_status hf_continuous_advance(hf_continuous *flow, uint64_t step, double *parameters, hf_error *err);

#endif
