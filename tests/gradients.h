/* gradients: those of a model of token tasks against central differences, and against lines of a table that PyTorch has made. */
#ifndef HF_TESTS_GRADIENTS_H
#define HF_TESTS_GRADIENTS_H

#include "support.h"

#include "train/decoder.h"
#include "train/model.h"

/* Two blocks of two heads, width 8, with everything in them, for tasks that are learned with at most 150 fixed and held-out samples;
 * query_scale < 0: Xavier's bound. Free with model.kind->free(model.self). */
hf_model make_two_blocks(const hf_token_task *task, hf_places places, double query_scale, size_t threads);

/* The number of its parameters. */
size_t count_parameters(const hf_model *model);

/* The loss that gradient returns, of a batch: with dropout, unlike that of loss. gradient: (parameters). */
double training_loss(const hf_model *model, const hf_batch *batch, const double *x, double *gradient);

/* At the initial parameters plus noise of 0.2, so that gains, shifts and biases count, too: the gradient of a batch within 1e-7 of its
 * largest entry, for one parameter in every. */
void assert_gradient_by_differences(const char *name, const hf_model *model, const hf_batch *batch, size_t every,
                                    uint64_t seed);

/* At 0.7 sin(1 + 0.37 i + 0.0011 i^2): parameters, loss, three projections of the gradient along cos((k + 1) (i + 1)) and its norm are those
 * of row n of a table, which is called name; loss and norm within rtol, projections within 1e-12 of the norm. The loss alone is the same
 * one: the model is without dropout. */
void assert_gradient_of_table(const hf_tsv *table, size_t n, const char *name, const hf_model *model, const hf_batch *batch,
                              double rtol);

#endif
