/* control: the control variate of a training's stage times: what its own noise does to them, to first order.
 *
 *     c_l = - lr sum_n x_l(t_n) . (g_n - grad L(y_n))       over the steps n before the flow comes to level l
 *
 * with g_n the gradient of step n's batch and x_l the influence of the state on that time (influence.h). Its mean over runs is exactly 0, so that the mean
 * of t_l - c_l is that of t_l, with a scatter of second order (doc/prediction.md, "The noise of a run taken off"). */
#ifndef HF_RUN_CONTROL_H
#define HF_RUN_CONTROL_H

#include "run/spread.h"
#include "train/learner.h"
#include "train/regression_task.h"

typedef struct hf_control hf_control;

/* Of plain SGD. spread: (count), some with an influence. Errors: HF_ESYSTEM. Free with hf_control_free (NULL is legal). */
hf_status hf_control_create(hf_control **control, size_t count, const hf_spread *spread, hf_learner *learner, double lr,
                            hf_error *err);
void hf_control_free(hf_control *control);

/* Before a step from parameters at flow time t with the batch's gradient. sum: (count) c_l so far, flow time. */
void hf_control_see(hf_control *control, double t, const double *parameters, const double *gradient, double *sum);

#endif
