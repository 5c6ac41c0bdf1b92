/* times: when a noisy curve passes a level, and when it falls fastest.
 *
 * A level is passed at the change point argmax_k sum_{i<=k} (y_i - level): for a falling curve the place where most of what
 * lies before is above and most of what lies behind below, without a bias. The fastest place is the inflection of a cubic
 * fitted around it, in windows that shrink for as long as the noise leaves it certain to a fiftieth of the drop. */
#ifndef HF_DETECT_TIMES_H
#define HF_DETECT_TIMES_H

#include <stdbool.h>
#include <stddef.h>

/* When the rows pass level, linear between two of them; count > 0. */
double hf_times_level(size_t count, const double *x, const double *y, double level);

/* The fastest place. */
typedef struct {
    double t, y, speed;
} hf_times_peak;

/* Where the rows fall fastest between from and to. False: at an end of it. */
bool hf_times_fastest(size_t count, const double *x, const double *y, double from, double to, hf_times_peak *peak);

/* The first row at or behind t; count if there is none. */
size_t hf_times_row(size_t count, const double *x, double t);

#endif
