/* normal: standard normal numbers from a counter, many at a time.
 *
 * The numbers of a stream are a pure function of (seed, purpose, step, sample): they do not depend on what was drawn
 * before, nor on threads, nor on the instruction set. Philox 4x32-10 (Salmon et al. 2011) gives 128 bits for each counter, the
 * Box-Muller transform (Box and Muller 1958) turns every 64 of them into two normals; logarithm, sine and cosine are polynomials,
 * right to a few ulp, so that all of it runs in lanes.
 *
 * Two words w, v are the point sqrt(-2 log u(w)) at the angle 2 pi u(v), u(w) = (w + 1/2) / 2^32. Each point stands for a cell of
 * probability 2^-64: some 1e-9 wide, wider far out, where radii end at 6.76. An exact pair goes beyond with probability 2^-33. */
#ifndef HF_TRAIN_NORMAL_H
#define HF_TRAIN_NORMAL_H

#include <stddef.h>
#include <stdint.h>

/* What numbers are drawn for; each has streams of its own. */
typedef enum {
    HF_DRAW_FEATURES = 1,
    HF_DRAW_INPUTS,
    HF_DRAW_NOISE,
    HF_DRAW_REST,       /* what projected sampling adds to the logits' gradient */
    HF_DRAW_REPETITION, /* uniform: whether a sample repeats */
    HF_DRAW_ORDER,      /* uniform: the order of the samples of an epoch */
    HF_DRAW_TOKENS,     /* uniform: a sequence's tokens */
    HF_DRAW_PARAMETERS, /* uniform: a model's initial parameters */
    HF_DRAW_DROPOUT,    /* uniform: what dropout drops */
    HF_DRAW_MASK,       /* uniform: which keys a random mask keeps */
    HF_DRAW_LINES       /* directions in the space of parameters */
} hf_draw;

/* A stream: purpose, step and sample of one seed. */
typedef struct {
    uint64_t seed;
    hf_draw draw;
    uint64_t step;
    uint32_t sample;
} hf_stream;

/* z: (count) independent standard normals. count < 2^33. */
void hf_normal_fill(const hf_stream *stream, size_t count, double *z);

/* The same numbers in single precision, worked out in it: each within 4e-7 of itself. */
void hf_normal_fill_single(const hf_stream *stream, size_t count, float *z);

/* A number in (0, 1). */
double hf_uniform(const hf_stream *stream);

/* u: (count) numbers in (0, 1), the first being hf_uniform's. */
void hf_uniform_fill(const hf_stream *stream, size_t count, double *u);

/* x: (count) becomes 0 where that number is below rate, else scale x. 0 <= rate < 1 - 2^-32. */
void hf_uniform_thin(const hf_stream *stream, size_t count, double rate, double scale, double *x);

#endif
