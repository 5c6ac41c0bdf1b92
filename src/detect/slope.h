/* slope: level and speed of a noisy curve at a place, with their errors.
 *
 * A parabola c0 + c1 z + c2 z^2 is fitted to the rows around the place by least squares; the level is c0, the speed -c1. With
 * noise of standard deviation sigma in every row, of which tau rows count as one, their variances are sigma^2 tau times the
 * diagonal of the inverse of the normal matrix: about 9 sigma^2 tau / 4n and 3 sigma^2 tau / (n h^2) for n rows within h of the
 * place. A third derivative makes the speed wrong by h^2 L''' / 10, a fourth the level by 3 h^4 L'''' / 280 (evenly spaced rows).
 * So wide windows are precise and narrow ones unbiased. The window grows by half as long as what it says agrees with all
 * narrower ones: their intervals of three errors have a point in common (Goldenshluger and Nemirovski 1997). The widest such window
 * has a bias of several of its own errors; three steps before it the bias is an eleventh of that and the error six times as large:
 * that window is taken for speeds. For levels the same is done with windows of their own: where a curve is flat, one that
 * reaches into a drop may have the right speed and a wrong level. Nothing about the curve need be known. Measured on staircases with white noise,
 * (speed - truth)/error has a mean square of 0.4; with correlated noise, whose correlation is hard to tell, of 1.8. */
#ifndef HF_DETECT_SLOPE_H
#define HF_DETECT_SLOPE_H

#include "detect/clean.h"

#include <stdbool.h>

typedef struct {
    double t, loss, loss_error;
    double speed, speed_error; /* falling is positive */
    double half;               /* of the window of the speed, in x */
    size_t rows;               /* in it */
} hf_slope;

/* The speed of rows at t, and the level there. False: there are fewer than 3 rows. */
bool hf_slope_at(const hf_rows *rows, double t, hf_slope *slope);

/* Around t, where rows next to each other pass a level: the window is the widest in which the level agrees with that one, up to
 * three deviations of a row, and with those of narrower ones. first..end: the rows that may be used. False: it agrees in none,
 * as where a drop has few rows. */
bool hf_slope_level_at(const hf_rows *rows, size_t first, size_t end, double t, double level, hf_slope *slope);

#endif
