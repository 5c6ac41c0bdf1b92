/* start: the values and logits that a problem starts from, base + deviation (problem.h). */
#ifndef HF_FLOW_START_H
#define HF_FLOW_START_H

#include "flow/problem.h"

/* Fills p->features, value_width, value_basis and the deviations: what the state says, or 0, and the noise. Needs heads,
 * positions, patterns and the data. Errors: HF_EUSAGE (values outside the features' span with weights that
 * differ between features), HF_ESYSTEM. */
hf_status hf_start_deviation(hf_problem *p, const hf_problem_params *params, hf_error *err);

/* Fills the base values and logits; needs the target too. Errors: HF_EUSAGE (patterns that do not determine the values of a
 * saddle), HF_ESYSTEM. */
hf_status hf_start_base(hf_problem *p, const hf_problem_params *params, hf_error *err);

/* The noise on the logits alone, (H, T); 0 for heads that get none. Errors: HF_ESYSTEM. */
hf_status hf_start_noise(const hf_problem *p, const hf_problem_params *params, double *noise, hf_error *err);

/* Values at a saddle into p->base_value, from its target (in which they are linear) and its base logits. Errors: HF_EUSAGE (patterns
 * that do not determine them), HF_ESYSTEM. */
hf_status hf_start_saddle_values(hf_problem *p, const hf_problem_params *params, hf_error *err);

#endif
