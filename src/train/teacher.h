/* teacher: the matrices of a Markov chain, from a table.
 *
 * Columns k (the span, from 1 the nearest), row (the next token, from 1) and one for each token, in any order of rows; lines
 * that start with # do not count. */
#ifndef HF_TRAIN_TEACHER_H
#define HF_TRAIN_TEACHER_H

#include "core/error.h"

#include <stddef.h>

/* *matrices: (spans, vocabulary, vocabulary), to be freed. Errors: HF_EUSAGE (no such table), HF_ESYSTEM. */
hf_status hf_teacher_read(const char *path, size_t spans, size_t vocabulary, double **matrices, hf_error *err);

#endif
