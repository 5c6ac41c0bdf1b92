/* noise: how noisy a curve is along its way, whatever the noise is made of.
 *
 * Third differences at lag h, e_h(i) = |y_i - 3 y_{i+h} + 3 y_{i+2h} - y_{i+3h}| / (sqrt(20) 0.6745), have the standard
 * deviation of white noise as their median, and take no notice of what is smooth. Noise of any correlation makes them grow
 * by sqrt(2) at most when the lag doubles, a smooth trend by 8: the lag doubles for as long as they grow by less than 1.7. So
 * correlated noise shows at the lag where its samples are independent. Medians are running ones, over a sixteenth of the
 * curve.
 *
 * Noise that is smooth itself, as momentum makes it, is a trend to lags shorter than its memory. Where this is known lags
 * start from there; at them drops are seen, too, so the noise exceeds the differences of neighbours by the same factor along
 * the whole curve, its median. */
#ifndef HF_DETECT_NOISE_H
#define HF_DETECT_NOISE_H

#include <stddef.h>

/* memory: rows that the noise of one acts on; 1: only itself. noise: (count) standard deviation of the noise in y at every row; 0 where there are too few rows to tell, or none. */
void hf_noise_profile(size_t count, const double *y, size_t memory, double *noise);

/* How many rows count as one: (1 + rho) / (1 - rho) of noise whose neighbours correlate by rho. It shows in the third
 * differences of neighbours, whose variance is 20 - 30 rho + 12 rho^2 - 2 rho^3 over 20 times what it were without correlation
 * (rho^k at distance k). noise: of hf_noise_profile; scratch: (count). 1 where there is no noise, or too few rows. */
double hf_noise_together(size_t count, const double *y, const double *noise, double *scratch);

#endif
