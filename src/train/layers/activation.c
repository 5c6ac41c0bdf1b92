#include "train/layers/layers.h"

#include "core/simd.h"
#include "train/normal.h"

HF_CLONES static void forward(size_t count, double *x)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        x[i] = x[i] > 0 ? x[i] : 0;
}

HF_CLONES static void backward(size_t count, const double *y, double *dy)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        dy[i] = y[i] > 0 ? dy[i] : 0;
}

HF_CLONES static void drop_back(size_t count, double scale, const double *y, double *dy)
{
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        dy[i] = y[i] == 0 ? 0 : dy[i] * scale;
}

/* ---- for others: clones are static ---- */

void hf_relu_forward(size_t count, double *x)
{
    forward(count, x);
}

void hf_relu_backward(size_t count, const double *y, double *dy)
{
    backward(count, y, dy);
}

void hf_dropout_apply(const hf_dropout *dropout, unsigned place, uint32_t sample, size_t count, double *x)
{
    enum { BLOCK = 1024 };
    if (dropout->rate == 0)
        return;
    for (size_t first = 0, block = 0; first < count; first += BLOCK, block++) {
        const size_t width = count - first < BLOCK ? count - first : BLOCK;
        const hf_stream stream = {dropout->seed, HF_DRAW_DROPOUT, dropout->step << 24 | (uint64_t)place << 16 | block,
                                  sample};
        hf_uniform_thin(&stream, width, dropout->rate, 1 / (1 - dropout->rate), x + first);
    }
}

void hf_dropout_rows(const hf_dropout *dropout, unsigned place, size_t n, const uint32_t *samples, size_t width, double *x)
{
    for (size_t s = 0; s < n; s++)
        hf_dropout_apply(dropout, place, samples[s], width, x + s * width);
}

void hf_dropout_back(const hf_dropout *dropout, size_t count, const double *y, double *dy)
{
    drop_back(count, 1 / (1 - dropout->rate), y, dy);
}
