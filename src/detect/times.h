/* times: when a noisy curve passes a level.
 *
 * A level is passed at the change point argmax_k sum_{i<=k} (y_i - level): for a falling curve the place where most of what
 * lies before is above and most of what lies behind below, without a bias. */
#ifndef HF_DETECT_TIMES_H
#define HF_DETECT_TIMES_H

#include <stddef.h>

/* When the rows pass level, linear between two of them; count > 0. */
double hf_times_level(size_t count, const double *x, const double *y, double level);

/* The first row at or behind t; count if there is none. */
size_t hf_times_row(size_t count, const double *x, double t);

#endif
