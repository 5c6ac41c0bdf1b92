#include "train/normal.h"

#include "core/bits.h"
#include "core/philox.h"

#include <math.h>
#include <string.h>
#ifdef HF_HAVE_TARGET_CLONES
#include <immintrin.h>
#endif

/* ---- Philox in lanes ---- */

enum { LANES = 16 };

typedef struct {
    uint32_t word[4][LANES];
} philox_block;

#ifdef HF_HAVE_TARGET_CLONES
/* hf_philox for a block, so many lanes at a time. Each word is in the low half of 64 bits, where a product finds it without being
 * moved; what is left above it no product reads. Compilers multiply all 64 bits where they are not told of that product. */
#define PHILOX_BLOCK(name, isa, lanes, integers, product)                                                                  \
    __attribute__((target(isa))) static void name(uint32_t key0, uint32_t key1, uint32_t word[4][LANES])                   \
    {                                                                                                                      \
        typedef uint64_t wide __attribute__((vector_size(8 * lanes)));                                                     \
        typedef uint32_t narrow __attribute__((vector_size(4 * lanes)));                                                   \
        const wide left = (wide){0} + 0xD2511F53u, right = (wide){0} + 0xCD9E8D57u;                                        \
        for (size_t i = 0; i < LANES; i += lanes) {                                                                        \
            narrow n[4];                                                                                                   \
            for (size_t w = 0; w < 4; w++)                                                                                 \
                memcpy(&n[w], &word[w][i], sizeof n[w]);                                                                   \
            wide x0 = __builtin_convertvector(n[0], wide), x1 = __builtin_convertvector(n[1], wide),                       \
                 x2 = __builtin_convertvector(n[2], wide), x3 = __builtin_convertvector(n[3], wide);                       \
            for (uint32_t round = 0; round < 10; round++) {                                                                \
                const wide a = (wide)product((integers)x0, (integers)left),                                                \
                           c = (wide)product((integers)x2, (integers)right);                                               \
                x0 = c >> 32 ^ x1 ^ (uint64_t)(key0 + round * 0x9E3779B9u);                                                \
                x1 = c;                                                                                                    \
                x2 = a >> 32 ^ x3 ^ (uint64_t)(key1 + round * 0xBB67AE85u);                                                \
                x3 = a;                                                                                                    \
            }                                                                                                              \
            n[0] = __builtin_convertvector(x0, narrow);                                                                    \
            n[1] = __builtin_convertvector(x1, narrow);                                                                    \
            n[2] = __builtin_convertvector(x2, narrow);                                                                    \
            n[3] = __builtin_convertvector(x3, narrow);                                                                    \
            for (size_t w = 0; w < 4; w++)                                                                                 \
                memcpy(&word[w][i], &n[w], sizeof n[w]);                                                                   \
        }                                                                                                                  \
    }

PHILOX_BLOCK(philox_avx512, "avx512f", 8, __m512i, _mm512_mul_epu32)
PHILOX_BLOCK(philox_avx2, "avx2", 4, __m256i, _mm256_mul_epu32)
#endif

/* The same words whatever the instruction set. */
static void run_rounds(uint32_t key0, uint32_t key1, philox_block *b)
{
#ifdef HF_HAVE_TARGET_CLONES
    if (__builtin_cpu_supports("avx512f"))
        philox_avx512(key0, key1, b->word);
    else if (__builtin_cpu_supports("avx2"))
        philox_avx2(key0, key1, b->word);
    else
#endif
        hf_philox(LANES, key0, key1, (uint32_t *)b->word);
}

/* Counters first, first + 1, ... of a stream. */
HF_INLINE void philox(const hf_stream *stream, uint32_t first, philox_block *b)
{
    const uint32_t key0 = (uint32_t)stream->seed, key1 = (uint32_t)(stream->seed >> 32) ^ (uint32_t)stream->draw << 24;
    for (uint32_t i = 0; i < LANES; i++) {
        b->word[0][i] = first + i;
        b->word[1][i] = stream->sample;
        b->word[2][i] = (uint32_t)stream->step;
        b->word[3][i] = (uint32_t)(stream->step >> 32);
    }
    run_rounds(key0, key1, b);
}

/* ---- elementary functions in lanes ---- */

/* The middle of one of 2^32 equal parts of (0, 1). */
HF_INLINE double to_unit(uint32_t word)
{
    const uint64_t one = 0x3ff0000000000000u;
    return hf_double_of(one | (uint64_t)word << 20) - (1 - 0x1p-33);
}

/* log u for a normal u in (0, 1): u = 2^e m with m in [sqrt(1/2), sqrt 2), log m = 2 atanh((m - 1) / (m + 1)). */
HF_INLINE double log_unit(double u)
{
    const uint64_t shifted = hf_bits_of(u) + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu);
    const double e = hf_double_of(0x4330000000000000u | (shifted >> 52)) - (0x1p52 + 1023);
    const double m = hf_double_of((shifted & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
    const double s = (m - 1) / (m + 1), q = s * s;
    double sum = 1.0 / 23;
    sum = sum * q + 1.0 / 21;
    sum = sum * q + 1.0 / 19;
    sum = sum * q + 1.0 / 17;
    sum = sum * q + 1.0 / 15;
    sum = sum * q + 1.0 / 13;
    sum = sum * q + 1.0 / 11;
    sum = sum * q + 1.0 / 9;
    sum = sum * q + 1.0 / 7;
    sum = sum * q + 1.0 / 5;
    sum = sum * q + 1.0 / 3;
    return e * 0.693147180559945309417 + 2 * (s + s * q * sum);
}

/* Cosine and sine of 2 pi u: the nearest multiple of a quarter turn, and Taylor's series within an eighth of it. */
HF_INLINE void circle(double u, double *cosine, double *sine)
{
    const double magic = 0x1.8p52; /* rounds to the nearest integer, which is then in the low bits */
    const double turned = 4 * u + magic;
    const uint64_t quarter = hf_bits_of(turned);
    const double x = (4 * u - (turned - magic)) * 1.57079632679489661923, q = x * x;
    double s = -1.0 / 1307674368000, c = -1.0 / 87178291200;
    s = s * q + 1.0 / 6227020800;
    s = s * q - 1.0 / 39916800;
    s = s * q + 1.0 / 362880;
    s = s * q - 1.0 / 5040;
    s = s * q + 1.0 / 120;
    s = s * q - 1.0 / 6;
    s = x + x * q * s;
    c = c * q + 1.0 / 479001600;
    c = c * q - 1.0 / 3628800;
    c = c * q + 1.0 / 40320;
    c = c * q - 1.0 / 720;
    c = c * q + 1.0 / 24;
    c = 1 - 0.5 * q + q * q * c;
    const uint64_t swap = 0 - (quarter & 1), a = hf_bits_of(c), b = hf_bits_of(s);
    const uint64_t negate_cosine = ((quarter + 1) & 2) << 62, negate_sine = (quarter & 2) << 62;
    *cosine = hf_double_of(((a & ~swap) | (b & swap)) ^ negate_cosine);
    *sine = hf_double_of(((b & ~swap) | (a & swap)) ^ negate_sine);
}

/* ---- normals ---- */

enum { DRAWN = 4 * LANES }; /* normals from one block */

/* Two words give two normals: radius and angle. */
HF_INLINE void normals(const philox_block *b, double *z)
{
    for (size_t pair = 0; pair < 4; pair += 2) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++) {
            const double radius = sqrt(-2 * log_unit(to_unit(b->word[pair][i])));
            double cosine, sine;
            circle(to_unit(b->word[pair + 1][i]), &cosine, &sine);
            z[pair * LANES + i] = radius * cosine;
            z[(pair + 1) * LANES + i] = radius * sine;
        }
    }
}

static HF_WIDE_CLONES void fill(const hf_stream *stream, size_t count, double *z)
{
    philox_block block;
    double last[DRAWN];
    size_t done = 0;
    uint32_t counter = 0;
    for (; done + DRAWN <= count; done += DRAWN, counter += LANES) {
        philox(stream, counter, &block);
        normals(&block, z + done);
    }
    if (done < count) {
        philox(stream, counter, &block);
        normals(&block, last);
        memcpy(z + done, last, (count - done) * sizeof *z);
    }
}

void hf_normal_fill(const hf_stream *stream, size_t count, double *z)
{
    fill(stream, count, z);
}

double hf_uniform(const hf_stream *stream)
{
    philox_block block;
    philox(stream, 0, &block);
    return to_unit(block.word[0][0]);
}

/* All numbers of one block. */
HF_INLINE void units(const philox_block *b, double *u)
{
    for (size_t word = 0; word < 4; word++) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            u[word * LANES + i] = to_unit(b->word[word][i]);
    }
}

static HF_WIDE_CLONES void fill_uniform(const hf_stream *stream, size_t count, double *u)
{
    philox_block block;
    double last[DRAWN];
    size_t done = 0;
    for (; done + DRAWN <= count; done += DRAWN) {
        philox(stream, (uint32_t)(done / 4), &block);
        units(&block, u + done);
    }
    if (done < count) {
        philox(stream, (uint32_t)(done / 4), &block);
        units(&block, last);
        memcpy(u + done, last, (count - done) * sizeof *u);
    }
}

void hf_uniform_fill(const hf_stream *stream, size_t count, double *u)
{
    fill_uniform(stream, count, u);
}

/* How many words w have a number (w + 1/2) / 2^32 below rate: the first so many. */
static uint32_t words_below(double rate)
{
    const double words = rate * 0x1p32, whole = floor(words);
    return (uint32_t)whole + (whole + 0.5 < words ? 1 : 0);
}

/* x (DRAWN), with the words of one block. */
HF_INLINE void thin_block(const philox_block *b, uint32_t below, double scale, double *x)
{
    for (size_t word = 0; word < 4; word++) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            x[word * LANES + i] = b->word[word][i] < below ? 0 : x[word * LANES + i] * scale;
    }
}

static HF_WIDE_CLONES void thin(const hf_stream *stream, size_t count, uint32_t below, double scale, double *x)
{
    philox_block block;
    double last[DRAWN] = {0};
    size_t done = 0;
    for (; done + DRAWN <= count; done += DRAWN) {
        philox(stream, (uint32_t)(done / 4), &block);
        thin_block(&block, below, scale, x + done);
    }
    if (done < count) {
        memcpy(last, x + done, (count - done) * sizeof *x);
        philox(stream, (uint32_t)(done / 4), &block);
        thin_block(&block, below, scale, last);
        memcpy(x + done, last, (count - done) * sizeof *x);
    }
}

void hf_uniform_thin(const hf_stream *stream, size_t count, double rate, double scale, double *x)
{
    thin(stream, count, words_below(rate), scale, x);
}
