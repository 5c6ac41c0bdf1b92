/* regression: the compact transformer y = sum_k V_k X softmax(a_k) (Yuksel et al. 2026, section 3), its sampled and exact
 * gradients. Tensors: value (H, d, d), logit (H, N).
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
#include "train/regression_task.h"

typedef struct hf_regression hf_regression; /* the self of hf_model_regression */

typedef struct {
    bool projected;       /* draw only the projections of the inputs that matter; not of stored samples */
    bool single;          /* samples forward and backward in single precision; parameters and gradients are double */
    size_t threads;       /* >= 1; what comes out does not depend on them */
    size_t largest_batch; /* samples, for the size of what is computed at a time */
    size_t stored;        /* fixed and held-out samples, drawn once where memory allows */
} hf_regression_params;

extern const hf_model_kind hf_model_regression;

/* A model of a task, which must outlive it. Errors: HF_ESYSTEM. Free with model->kind->free(model->self). */
hf_status hf_regression_create(hf_model *model, const hf_regression_task *task, const hf_regression_params *params,
                               hf_error *err);

/* The exact gradient of the population loss. gradient: as in hf_model_kind. */
void hf_regression_population_gradient(hf_regression *model, const double *parameters, double *gradient);

#endif
