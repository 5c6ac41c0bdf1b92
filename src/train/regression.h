/* regression: the compact transformer y = sum_k V_k X softmax(a_k) (Yuksel et al. 2026, section 3), its sampled and exact
 * gradients. The model table is hf_model_regression (model.h); what stands here is for tests and measurements.
 *
 * With e = y - sum_k V_k X s_k the gradients of 1/2 |e|^2 are
 *
 *     dL/dV_k  = -e (X s_k)^T
 *     dL/da_ki = -s_ki (g_ki - sum_l n_l s_kl g_kl),   g_ki = (V_k^T e) . x_i       (c_i copies of input i count in X s_k)
 *
 * A step forms X s_k and X p_j of every sample first; all that is left then are products of (samples, d) with (d, d). */
#ifndef HF_TRAIN_REGRESSION_H
#define HF_TRAIN_REGRESSION_H

#include "train/model.h"
#include "train/task.h"

typedef struct hf_regression hf_regression;

/* The task of a model made by hf_model_regression. */
const hf_task *hf_regression_task(const hf_regression *model);

/* The exact gradient of the population loss, whatever the configuration's batch. gradient: as in hf_model. */
void hf_regression_population_gradient(hf_regression *model, const double *parameters, double *gradient);

#endif
