/* network: what the transformers of token tasks are built with (private to train/): tensors in a list, memory in one block, and
 * gradients of parts of a batch that are summed in order. */
#ifndef HF_TRAIN_NETWORK_H
#define HF_TRAIN_NETWORK_H

#include "train/tensor.h"

#include <stdint.h>

/* Appends a tensor of rows x columns numbers to list (count), behind the others, and returns its place in it. columns 1: a vector. */
size_t hf_network_add_tensor(hf_tensor *list, size_t *count, const char *name, size_t rows, size_t columns);

/* Initial parameters of tensor number index: uniform in (-bound, bound), a function of seed and index. */
void hf_network_fill_uniform(const hf_tensor *tensor, size_t index, uint64_t seed, double bound, double *parameters);

/* The next count numbers after *used; from NULL, nothing but the count. */
double *hf_network_place(double *memory, size_t *used, size_t count);

/* gradient (count) = factor times the sum of the parts (parts, count), in their order: the same bits for any number of threads, each of
 * which sums a range of parameters. */
void hf_network_gather(size_t parts, size_t count, const double *part, double factor, size_t threads, double *gradient);

#endif
