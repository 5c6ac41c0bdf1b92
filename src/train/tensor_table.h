/* tensor_table: parameters from the table that training writes as final.tsv: columns tensor, index (from 1) and value, tensor
 * after tensor in the network's order. */
#ifndef HF_TRAIN_TENSOR_TABLE_H
#define HF_TRAIN_TENSOR_TABLE_H

#include "core/error.h"
#include "train/tensor.h"

/* parameters: (all tensors). Errors: HF_EUSAGE ("FILE:LINE: what is missing or too much"), HF_ESYSTEM. */
hf_status hf_tensor_table_read(const char *path, hf_tensors tensors, double *parameters, hf_error *err);

#endif
