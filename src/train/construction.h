/* construction: weights of attention alone that are the Markov chain itself, up to exp(-beta) (Yuksel et al. 2026, section 2.3).
 *
 * Head k attends to span k by position alone: with logits beta + log(alpha_ki / largest alpha_k) to the places at the span's
 * lags and 0 to all others. In the limit of large beta its attention is alpha_ki / sum_i alpha_ki, and with the value matrix
 * (1/tau) A_k sum_i alpha_ki the sum over heads are the chain's logits. Further heads have no weights. */
#ifndef HF_TRAIN_CONSTRUCTION_H
#define HF_TRAIN_CONSTRUCTION_H

#include "train/tensor.h"
#include "train/token_task.h"

/* parameters: of a model with the tensors "query" [head][key][query], whose products are divided by sqrt(D), and "value",
 * [head][key][output] or, with output_first, [head][output][key], both over D = vocabulary + places coordinates; all other
 * parameters stay. task: a Markov chain without negative weights; heads: at least as many as it has spans. */
void hf_construction_fill(const hf_token_task *task, size_t heads, double beta, bool output_first, hf_tensors tensors,
                          double *parameters);

#endif
