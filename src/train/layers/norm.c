#include "train/layers/layers.h"

#include "train/tiles.h"

#include <math.h>
#include <string.h>

enum { HALF = HF_TILE_LANES / 2 };

/* sum_i x_i y_i */
HF_INLINE double dot(size_t count, const double *x, const double *y)
{
    double low[HALF] = {0}, high[HALF] = {0};
    size_t i = 0;
    for (; i + HF_TILE_LANES <= count; i += HF_TILE_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HALF; l++) {
            low[l] += x[i + l] * y[i + l];
            high[l] += x[i + HALF + l] * y[i + HALF + l];
        }
    }
    for (size_t l = 0; i + l < count; l++)
        *(l < HALF ? &low[l] : &high[l - HALF]) += x[i + l] * y[i + l];
    return hf_tiles_sum_lanes(low, high);
}

HF_WIDE_CLONES static void forward(size_t n, size_t C, double eps, const double *x, const double *gain, const double *shift,
                                   double *u, double *spread, double *y)
{
    for (size_t r = 0; r < n; r++) {
        const double *in = x + r * C, mean = hf_tiles_sum(C, in) / (double)C;
        double *unit = u + r * C, *out = y + r * C;
        HF_SIMD
        for (size_t c = 0; c < C; c++)
            unit[c] = in[c] - mean;
        spread[r] = 1 / sqrt(dot(C, unit, unit) / (double)C + eps);
        HF_SIMD
        for (size_t c = 0; c < C; c++)
            unit[c] *= spread[r];
        if (gain == NULL) {
            if (out != unit)
                memmove(out, unit, C * sizeof *out);
            continue;
        }
        HF_SIMD
        for (size_t c = 0; c < C; c++)
            out[c] = unit[c] * gain[c] + shift[c];
    }
}

/* dgain += dy u, dshift += dy, du = dy gain, dx = spread (du - mean(du) - u mean(du u)). */
HF_WIDE_CLONES static void backward(size_t n, size_t C, const double *u, const double *spread, const double *gain,
                                    const double *dy, double *dx, double *dgain, double *dshift)
{
    for (size_t r = 0; r < n; r++) {
        const double *unit = u + r * C, *dout = dy + r * C;
        double *din = dx + r * C;
        if (gain == NULL && din != dout)
            memmove(din, dout, C * sizeof *din);
        HF_SIMD
        for (size_t c = 0; c < (gain == NULL ? 0 : C); c++) {
            const double change = dout[c];
            dgain[c] += change * unit[c];
            dshift[c] += change;
            din[c] = change * gain[c];
        }
        const double mean = hf_tiles_sum(C, din) / (double)C, along = dot(C, din, unit) / (double)C;
        HF_SIMD
        for (size_t c = 0; c < C; c++)
            din[c] = spread[r] * (din[c] - mean - unit[c] * along);
    }
}

void hf_norm_forward(size_t n, size_t C, double eps, const double *x, const double *gain, const double *shift, double *u,
                     double *spread, double *y)
{
    forward(n, C, eps, x, gain, shift, u, spread, y);
}

void hf_norm_backward(size_t n, size_t C, const double *u, const double *spread, const double *gain, const double *dy,
                      double *dx, double *dgain, double *dshift)
{
    backward(n, C, u, spread, gain, dy, dx, dgain, dshift);
}
