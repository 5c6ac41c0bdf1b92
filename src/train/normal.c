#include "train/normal.h"

#include "core/bits.h"
#include "core/philox.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#ifdef HF_HAVE_TARGET_CLONES
#include <immintrin.h>
#endif

/* ---- Philox in lanes ---- */

enum {
    LANES = 16,
    DRAWN = 4 * LANES, /* numbers from one block */
    PAIR = 2,          /* blocks at least are filled at a time */
    RUN = 4 * PAIR     /* blocks at most */
};

/* Words of so many counters, each in the low half of its 64 bits: what is above it counts for nothing. */
typedef struct {
    _Alignas(64) uint64_t word[4][LANES];
} philox_block;

typedef struct {
    uint32_t key[2], word[3]; /* those beside the counter */
} philox_stream;

static philox_stream stream_of(const hf_stream *s)
{
    return (philox_stream){{(uint32_t)s->seed, (uint32_t)(s->seed >> 32) ^ (uint32_t)s->draw << 24},
                           {s->sample, (uint32_t)s->step, (uint32_t)(s->step >> 32)}};
}

/* Counters first, first + 1, ... of a stream. */
static void run_plain(const philox_stream *stream, uint32_t first, size_t blocks, philox_block *block)
{
    for (size_t b = 0; b < blocks; b++) {
        uint32_t word[4][LANES];
        for (uint32_t i = 0; i < LANES; i++) {
            word[0][i] = first + (uint32_t)b * LANES + i;
            for (size_t w = 0; w < 3; w++)
                word[w + 1][i] = stream->word[w];
        }
        hf_philox(LANES, stream->key[0], stream->key[1], &word[0][0]);
        for (size_t w = 0; w < 4; w++)
            for (size_t i = 0; i < LANES; i++)
                block[b].word[w][i] = word[w][i];
    }
}

#ifdef HF_HAVE_TARGET_CLONES
#define NAME        run_avx512
#define ISA         "avx512f"
#define IN_REGISTER 8
#define INTEGERS    __m512i
#define PRODUCT     _mm512_mul_epu32
#include "train/philox_blocks.h"

#define NAME        run_avx2
#define ISA         "avx2"
#define IN_REGISTER 4
#define INTEGERS    __m256i
#define PRODUCT     _mm256_mul_epu32
#include "train/philox_blocks.h"
#endif

/* The blocks for numbers `done` to count - 1 of a stream, RUN at most, and up to PAIR - 1 more, with registers of so many bytes;
 * returns how many. The same words whatever the registers. */
HF_INLINE size_t draw_blocks(size_t bytes, const philox_stream *stream, size_t done, size_t count, philox_block *block)
{
    const size_t left = (count - done + DRAWN - 1) / DRAWN, blocks = left < RUN ? left : RUN;
    const uint32_t first = (uint32_t)(done / 4);
    (void)bytes; /* where there is one size */
#ifdef HF_HAVE_TARGET_CLONES
    if (bytes == 64)
        run_avx512(stream, first, blocks, block);
    else if (bytes == 32)
        run_avx2(stream, first, blocks, block);
    else
#endif
        run_plain(stream, first, blocks, block);
    return blocks;
}

/* ---- elementary functions in lanes ---- */

/* The middle of word w of 2^32 equal parts of (0, 1). */
HF_INLINE double to_unit(uint64_t word)
{
    const uint64_t one = 0x3ff0000000000000u;
    return hf_double_of(one | word << 32 >> 12) - (1 - 0x1p-33);
}

/* -2 log u for that u: 2^32 u = 2^e m with m in [sqrt(1/2), sqrt 2), log m = 2 atanh s with s = (m - 1) / (m + 1). The polynomial is the
 * best one in q = s^2 for 4 (atanh(s) / s - 1) / q, 2e-16 of log m. */
HF_INLINE double squared_radius(uint64_t word)
{
    const uint64_t two_52 = 0x4330000000000000u, one = 0x3ff0000000000000u, root = 0x3fe6a09e667f3bcdu;
    const double whole = hf_double_of(two_52 | (word & 0xffffffffu)) - (0x1p52 - 0.5);
    const uint64_t shifted = hf_bits_of(whole) + (one - root);
    const double e = hf_double_of(two_52 | shifted >> 52) - (0x1p52 + 1023 + 32);
    const double m = hf_double_of((shifted & 0x000fffffffffffffu) + root);
    const double s = (m - 1) / (m + 1), q = s * s, q2 = q * q;
    const double c0 = -0x1.999999a28eac8p-1 * q - 0x1.555555555397ap+0,
                 c2 = -0x1.c72276a0e55b1p-2 * q - 0x1.2492417a89de6p-1,
                 c4 = -0x1.58759f8c0523cp-2 * q - 0x1.732c50fcec0a3p-2;
    return s * (((c4 * q2 + c2) * q2 + c0) * q - 4) - e * 1.38629436111989061883;
}

/* radius times cosine and sine of 2 pi u: the nearest multiple of a quarter turn, and t quarters from there, |t| <= 1/2. The
 * polynomials are the best ones in q = t^2 for (sin(pi t / 2) / t - pi / 2) / q and (cos(pi t / 2) - 1) / q, 1e-17 and 6e-17. */
HF_INLINE void circle(uint64_t word, double radius, double *cosine, double *sine)
{
    const uint64_t turned = word + 0x20000000u, swap = 0 - (turned >> 30 & 1), sign = UINT64_C(1) << 63;
    const double t = hf_double_of(0x3ff0000000000000u | turned << 34 >> 12) - (1.5 - 0x1p-31), q = t * t, q2 = q * q;
    const double s0 = 0x1.466bc67758d85p-4 * q - 0x1.4abbce625be47p-1,
                 s2 = 0x1.5078301b62593p-13 * q - 0x1.32d2cce3332dep-8,
                 s4 = 0x1.e403d08465f54p-25 * q - 0x1.e300a65a2e2f2p-19;
    const double c0 = 0x1.03c1f081b14bep-2 * q - 0x1.3bd3cc9be45a5p+0,
                 c2 = 0x1.e1f4fbfc011c7p-11 * q - 0x1.55d3c7dcb5f55p-6,
                 c4 = 0x1.f3ef4232deea6p-22 * q - 0x1.a6ca009624927p-16;
    const uint64_t a = hf_bits_of(((c4 * q2 + c2) * q2 + c0) * q + 1),
                   b = hf_bits_of(t * (((s4 * q2 + s2) * q2 + s0) * q + 1.57079632679489661923));
    const double x = radius * hf_double_of((a & ~swap) | (b & swap)), y = radius * hf_double_of((b & ~swap) | (a & swap));
    *cosine = hf_double_of(hf_bits_of(x) ^ ((turned << 32 ^ turned << 33) & sign));
    *sine = hf_double_of(hf_bits_of(y) ^ (turned << 32 & sign));
}

/* ---- the same in single precision ---- */

/* Bits of `yes` where mask has ones, of `no` where it has zeros. */
HF_INLINE float choose(uint32_t mask, float yes, float no)
{
    return hf_single_of((hf_bits_of_single(yes) & mask) | (hf_bits_of_single(no) & ~mask));
}

/* -2 log u, as in squared_radius. Where u is m, m - 1 is taken from 2^32 (u - 1), which keeps its digits in single precision. The polynomial
 * is right to 8e-10 of log m. */
HF_INLINE float squared_radius_single(uint32_t word)
{
    const uint32_t one = 0x3f800000u, root = 0x3f3504f3u, above = 0 - (word >> 31);
    const float part = (float)(int32_t)(word ^ above) + 0.5f, from = choose(above, -part, part);
    const float whole = from + choose(above, 0x1p32f, 0);
    const uint32_t shifted = hf_bits_of_single(whole) + (one - root), exponent = shifted >> 23;
    const uint32_t is_u = 0 - (((exponent ^ (127 + 32)) - 1) >> 31);
    const float e = (float)((int32_t)exponent - (127 + 32));
    const float f = choose(is_u, 0x1p-32f * from, hf_single_of((shifted & 0x007fffffu) + root) - 1);
    const float s = f / (2 + f), q = s * s;
    return s * (((-0x1.31e2f2p-1f * q - 0x1.995ebap-1f) * q - 0x1.55557ap+0f) * q - 4) - e * 1.38629436f;
}

/* circle; the polynomials are right to 4e-9 and 4e-8. */
HF_INLINE void circle_single(uint32_t word, float radius, float *cosine, float *sine)
{
    const uint32_t turned = word + 0x20000000u, swap = 0 - (turned >> 30 & 1), sign = 0x80000000u;
    const float t = 0x1p-32f * (float)(int32_t)((turned << 2 ^ sign) + 2), q = t * t;
    const float a = ((-0x1.4ea9e8p-6f * q + 0x1.03b162p-2f) * q - 0x1.3bd3a2p+0f) * q + 1;
    const float b = t * (((-0x1.2dd048p-8f * q + 0x1.466032p-4f) * q - 0x1.4abbc0p-1f) * q + 1.57079633f);
    const float x = radius * choose(swap, b, a), y = radius * choose(swap, a, b);
    *cosine = hf_single_of(hf_bits_of_single(x) ^ ((turned ^ turned << 1) & sign));
    *sine = hf_single_of(hf_bits_of_single(y) ^ (turned & sign));
}

/* ---- what is made of a block: DRAWN numbers x ---- */

typedef struct {
    uint32_t below; /* words that put a number to 0 */
    double scale;
} thinning;

/* Two words give two normals: radius and angle. */
HF_INLINE void to_normals(const philox_block *b, const thinning *none, double *x)
{
    (void)none;
    for (size_t pair = 0; pair < 4; pair += 2) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            circle(b->word[pair + 1][i], sqrt(squared_radius(b->word[pair][i])), &x[pair * LANES + i],
                   &x[(pair + 1) * LANES + i]);
    }
}

HF_INLINE void to_units(const philox_block *b, const thinning *none, double *x)
{
    (void)none;
    for (size_t word = 0; word < 4; word++) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            x[word * LANES + i] = to_unit(b->word[word][i]);
    }
}

HF_INLINE void thin(const philox_block *b, const thinning *by, double *x)
{
    for (size_t word = 0; word < 4; word++) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            x[word * LANES + i] = (uint32_t)b->word[word][i] < by->below ? 0 : x[word * LANES + i] * by->scale;
    }
}

/* x (count), with the blocks of a stream. */
HF_INLINE void change(size_t bytes, const philox_stream *stream,
                      void (*make)(const philox_block *, const thinning *, double *), const thinning *by, size_t count,
                      double *x)
{
    philox_block block[RUN];
    double last[DRAWN] = {0};
    for (size_t done = 0; done < count;) {
        const size_t blocks = draw_blocks(bytes, stream, done, count, block);
        for (size_t b = 0; b < blocks; b++, done += DRAWN) {
            if (done + DRAWN <= count) {
                make(&block[b], by, x + done);
                continue;
            }
            if (by != NULL)
                memcpy(last, x + done, (count - done) * sizeof *x);
            make(&block[b], by, last);
            memcpy(x + done, last, (count - done) * sizeof *x);
        }
    }
}

HF_INLINE void fill_normal_registers(size_t bytes, const philox_stream *stream, size_t count, double *z)
{
    change(bytes, stream, to_normals, NULL, count, z);
}

/* As to_normals. */
HF_INLINE void to_singles(const philox_block *b, float *z)
{
    for (size_t pair = 0; pair < 4; pair += 2) {
        HF_SIMD
        for (size_t i = 0; i < LANES; i++)
            circle_single((uint32_t)b->word[pair + 1][i], sqrtf(squared_radius_single((uint32_t)b->word[pair][i])),
                          &z[pair * LANES + i], &z[(pair + 1) * LANES + i]);
    }
}

HF_INLINE void fill_single_registers(size_t bytes, const philox_stream *stream, size_t count, float *z)
{
    philox_block block[RUN];
    float last[DRAWN];
    for (size_t done = 0; done < count;) {
        const size_t blocks = draw_blocks(bytes, stream, done, count, block);
        for (size_t b = 0; b < blocks; b++, done += DRAWN) {
            const bool whole = done + DRAWN <= count;
            to_singles(&block[b], whole ? z + done : last);
            if (!whole)
                memcpy(z + done, last, (count - done) * sizeof *z);
        }
    }
}

HF_INLINE void fill_uniform_registers(size_t bytes, const philox_stream *stream, size_t count, double *u)
{
    change(bytes, stream, to_units, NULL, count, u);
}

HF_INLINE void thin_all_registers(size_t bytes, const philox_stream *stream, const thinning *by, size_t count, double *x)
{
    change(bytes, stream, thin, by, count, x);
}

HF_REGISTERS(void, fill_normal, (const philox_stream *stream, size_t count, double *z), stream, count, z)
HF_REGISTERS(void, fill_single, (const philox_stream *stream, size_t count, float *z), stream, count, z)
HF_REGISTERS(void, fill_uniform, (const philox_stream *stream, size_t count, double *u), stream, count, u)
HF_REGISTERS(void, thin_all, (const philox_stream *stream, const thinning *by, size_t count, double *x), stream, by, count,
             x)

/* ---- for others ---- */

void hf_normal_fill(const hf_stream *stream, size_t count, double *z)
{
    const philox_stream of = stream_of(stream);
    fill_normal(&of, count, z);
}

void hf_normal_fill_single(const hf_stream *stream, size_t count, float *z)
{
    const philox_stream of = stream_of(stream);
    fill_single(&of, count, z);
}

double hf_uniform(const hf_stream *stream)
{
    const philox_stream of = stream_of(stream);
    uint32_t word[4] = {0, of.word[0], of.word[1], of.word[2]};
    hf_philox(1, of.key[0], of.key[1], word);
    return to_unit(word[0]);
}

void hf_uniform_fill(const hf_stream *stream, size_t count, double *u)
{
    const philox_stream of = stream_of(stream);
    fill_uniform(&of, count, u);
}

/* How many words w have a number (w + 1/2) / 2^32 below rate: the first so many. */
static uint32_t words_below(double rate)
{
    const double words = rate * 0x1p32, whole = floor(words);
    return (uint32_t)whole + (whole + 0.5 < words ? 1 : 0);
}

void hf_uniform_thin(const hf_stream *stream, size_t count, double rate, double scale, double *x)
{
    const philox_stream of = stream_of(stream);
    const thinning by = {words_below(rate), scale};
    thin_all(&of, &by, count, x);
}
