/* choose: which rows of a table a page shows, where there are more than it has room for. */
#ifndef HF_PAGE_CHOOSE_H
#define HF_PAGE_CHOOSE_H

#include <stddef.h>

/* Chooses at most wanted (2 or more) of count rows, the first and the last among them, in order: half of them evenly, half where
 * things change. change: (count) how much a row differs from the one before, [0] unused; what is not finite counts 0. chosen:
 * (wanted) numbers from 0. Returns how many. */
size_t hf_choose_rows(size_t count, const double *change, size_t wanted, size_t *chosen);

#endif
