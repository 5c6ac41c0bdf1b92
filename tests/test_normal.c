/* Normal numbers: the words of Philox, Box and Muller in long double, their law, and the independence of streams. */
#include "support.h"

#include "train/normal.c" /* for each size of registers */

#include <stdlib.h>

enum { BLOCK = DRAWN };

/* ---- against Philox once more, and long double ---- */

typedef struct {
    uint32_t v[4];
} words;

/* As Salmon et al. write it: ten rounds of two products, the key raised by Weyl's constants between them. */
static words philox(words x, uint32_t left, uint32_t right)
{
    for (uint32_t round = 0; round < 10; round++) {
        const uint64_t first = 0xD2511F53ull * x.v[0], second = 0xCD9E8D57ull * x.v[2];
        const uint32_t raised_left = left + round * 0x9E3779B9u, raised_right = right + round * 0xBB67AE85u;
        x = (words){{(uint32_t)(second >> 32) ^ x.v[1] ^ raised_left, (uint32_t)second,
                     (uint32_t)(first >> 32) ^ x.v[3] ^ raised_right, (uint32_t)first}};
    }
    return x;
}

static words words_of(const hf_stream *stream, uint32_t counter)
{
    const words at = {{counter, stream->sample, (uint32_t)stream->step, (uint32_t)(stream->step >> 32)}};
    return philox(at, (uint32_t)stream->seed, (uint32_t)(stream->seed >> 32) ^ (uint32_t)stream->draw << 24);
}

static long double unit_of(uint32_t word)
{
    return ((long double)word + 0.5L) / 4294967296.0L;
}

/* radius cos(2 pi u) and radius sin(2 pi u), reduced to an eighth of a turn without rounding */
static void box_muller(uint32_t first, uint32_t second, long double *cosine, long double *sine)
{
    const long double radius = sqrtl(-2 * logl(unit_of(first))), turns = 4 * unit_of(second), quarter = rintl(turns);
    const long double x = (turns - quarter) * acosl(-1) / 2, c = cosl(x), s = sinl(x);
    const long double both[4][2] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
    *cosine = radius * both[(int)quarter % 4][0];
    *sine = radius * both[(int)quarter % 4][1];
}

static const hf_stream streams[] = {
    {0, HF_DRAW_FEATURES, 0, 0},
    {1, HF_DRAW_INPUTS, 0, 0},
    {1, HF_DRAW_NOISE, 17, 511},
    {0xfedcba9876543210u, HF_DRAW_REST, 0x123456789abcdefu, 0xffffffffu},
};

static void test_known_answer(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } published[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t n = 0; n < sizeof published / sizeof *published; n++) {
        words at;
        memcpy(at.v, published[n].counter, sizeof at.v);
        at = philox(at, published[n].key[0], published[n].key[1]);
        assert_memory_equal(at.v, published[n].word, sizeof at.v);
        memcpy(at.v, published[n].counter, sizeof at.v);
        hf_philox(1, published[n].key[0], published[n].key[1], at.v);
        assert_memory_equal(at.v, published[n].word, sizeof at.v);
    }
    for (size_t n = 0; n < sizeof streams / sizeof *streams; n++)
        assert_true(hf_uniform(&streams[n]) == (words_of(&streams[n], 0).v[0] + 0.5) / 4294967296.0);
}

/* Relative to each number by itself, also close to 0 and far out: cosines keep their digits. */
static void test_box_muller(void **state)
{
    (void)state;
    enum { COUNT = 1000 * BLOCK };
    double *z = numbers(COUNT), worst = 0;
    for (size_t n = 0; n < sizeof streams / sizeof *streams; n++) {
        hf_normal_fill(&streams[n], COUNT, z);
        for (uint32_t block = 0; block < COUNT / BLOCK; block++)
            for (uint32_t i = 0; i < LANES; i++) {
                const words word = words_of(&streams[n], block * LANES + i);
                for (size_t pair = 0; pair < 2; pair++) {
                    long double want[2];
                    box_muller(word.v[2 * pair], word.v[2 * pair + 1], &want[0], &want[1]);
                    for (size_t e = 0; e < 2; e++) {
                        const double got = z[block * BLOCK + (2 * pair + e) * LANES + i];
                        worst = fmax(worst, (double)fabsl(got / want[e] - 1));
                    }
                }
            }
    }
    assert_true(within("Box and Muller", worst, 5e-15));
    free(z);
}

static void test_prefix(void **state)
{
    (void)state;
    enum { LONGEST = 3 * BLOCK + 5 };
    double all[LONGEST], part[LONGEST + 1];
    hf_normal_fill(&streams[2], LONGEST, all);
    for (size_t count = 0; count <= LONGEST; count++) {
        for (size_t i = 0; i <= LONGEST; i++)
            part[i] = -99;
        hf_normal_fill(&streams[2], count, part);
        assert_memory_equal(part, all, count * sizeof *all);
        assert_true(part[count] == -99);
    }
}

/* ---- single precision ---- */

/* The words decide what a number is; every number is right relative to itself, also close to 0, where radii of words next to 2^32 and
 * angles next to quarters of a turn put them. */
static void test_single_precision(void **state)
{
    (void)state;
    enum { COUNT = 4000 * BLOCK };
    float *z = (float *)numbers(COUNT);
    double *want = numbers(COUNT), worst = 0;
    for (size_t n = 0; n < sizeof streams / sizeof *streams; n++) {
        hf_normal_fill(&streams[n], COUNT, want);
        hf_normal_fill_single(&streams[n], COUNT, z);
        for (size_t i = 0; i < COUNT; i++)
            worst = fmax(worst, fabs(z[i] / want[i] - 1));
    }
    assert_true(within("normal numbers in single precision", worst, 4e-7));
    free(z);
    free(want);
}

/* Radius and angle of words at every edge of what they are made of. */
static void test_edges_of_single_precision(void **state)
{
    (void)state;
    static const uint32_t edge[] = {0,           1,           0x7fffffffu, 0x80000000u, 0xb504f333u, 0xffffffffu,
                                    0x5a827999u, 0x20000000u, 0xe0000000u, 0x40000000u, 0xc0000000u};
    double worst = 0;
    for (size_t e = 0; e < sizeof edge / sizeof *edge; e++)
        for (uint32_t by = 0; by < 2000; by++) {
            const uint32_t word = edge[e] + by - 1000;
            double want[2];
            float got[2];
            worst = fmax(worst, fabs(squared_radius_single(word) / squared_radius(word) - 1));
            circle(word, 1, &want[0], &want[1]);
            circle_single(word, 1, &got[0], &got[1]);
            worst = fmax(worst, fmax(fabs(got[0] / want[0] - 1), fabs(got[1] / want[1] - 1)));
        }
    assert_true(within("radius and angle in single precision", worst, 4e-7));
}

/* ---- registers of every size ---- */

typedef struct {
    void (*normal)(const philox_stream *, size_t, double *);
    void (*single)(const philox_stream *, size_t, float *);
    void (*uniform)(const philox_stream *, size_t, double *);
    void (*thin)(const philox_stream *, const thinning *, size_t, double *);
} routines;

/* Those that this processor has. */
static size_t list_sizes(routines *size)
{
    size_t count = 0;
#ifdef HF_HAVE_TARGET_CLONES
    size[count++] = (routines){fill_normal_16, fill_single_16, fill_uniform_16, thin_all_16};
    if (__builtin_cpu_supports("avx2"))
        size[count++] = (routines){fill_normal_32, fill_single_32, fill_uniform_32, thin_all_32};
    if (__builtin_cpu_supports("avx512f"))
        size[count++] = (routines){fill_normal_64, fill_single_64, fill_uniform_64, thin_all_64};
#else
    size[count++] = (routines){fill_normal, fill_single, fill_uniform, thin_all};
#endif
    return count;
}

/* Not a bit depends on the instruction set; many counts, on either side of what is drawn at a time. */
static void test_registers(void **state)
{
    (void)state;
    enum { MOST = 5 * RUN * BLOCK, SIZES = 3, KINDS = 4 };
    static const size_t counts[] = {1,        50,          BLOCK - 1,       BLOCK,           BLOCK + 1,
                                    2000,     RUN * BLOCK, RUN * BLOCK + 1, 2 * RUN * BLOCK, MOST - 2 * BLOCK + 3,
                                    MOST - 1, MOST};
    const thinning by = {0x40000000u, 1.25};
    routines size[SIZES];
    const size_t sizes = list_sizes(size);
    double *x[2] = {numbers(KINDS * MOST), numbers(KINDS * MOST)};
    for (size_t n = 0; n < sizeof streams / sizeof *streams; n++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (size_t i = 0; i < sizes; i++) {
                const philox_stream stream = stream_of(&streams[n]);
                double *to = x[i > 0];
                for (size_t e = 0; e < KINDS * MOST; e++)
                    to[e] = 1 + (double)e;
                size[i].normal(&stream, counts[c], to);
                size[i].single(&stream, counts[c], (float *)(to + 3 * MOST));
                size[i].uniform(&stream, counts[c], to + MOST);
                size[i].thin(&stream, &by, counts[c], to + 2 * MOST);
                assert_memory_equal(to, x[0], KINDS * MOST * sizeof *to);
            }
    free(x[0]);
    free(x[1]);
}

/* ---- the law ---- */

enum { MANY = 1 << 20 };

/* Samples of all kinds: many streams of an awkward length, as training draws them. */
static void fill_many(double *z)
{
    const size_t length = 400;
    for (size_t n = 0; n * length < MANY; n++) {
        const hf_stream stream = {4, HF_DRAW_INPUTS, n / 512, (uint32_t)(n % 512)};
        const size_t left = MANY - n * length;
        hf_normal_fill(&stream, left < length ? left : length, z + n * length);
    }
}

/* Each mean of count numbers of this variance lies within 5 standard errors: missed once in 1.7 million. */
static void check_mean(const char *what, double sum, double count, double mean, double variance)
{
    assert_true(within(what, fabs(sum / count - mean) / sqrt(variance / count), 5));
}

static void test_moments(void **state)
{
    (void)state;
    double *z = numbers(MANY), power[5] = {0}, neighbours = 0, partners = 0, squares = 0;
    fill_many(z);
    for (size_t i = 0; i < MANY; i++) {
        for (int n = 1; n <= 4; n++)
            power[n] += pow(z[i], n);
        neighbours += z[i] * z[(i + 1) % MANY];
        partners += z[i] * z[(i + LANES) % MANY];
        squares += (z[i] * z[i] - 1) * (z[(i + LANES) % MANY] * z[(i + LANES) % MANY] - 1);
    }
    check_mean("mean", power[1], MANY, 0, 1);
    check_mean("variance", power[2], MANY, 1, 2);
    check_mean("third moment", power[3], MANY, 0, 15);
    check_mean("fourth moment", power[4], MANY, 3, 105 - 9);
    check_mean("neighbours", neighbours, MANY, 0, 1);
    check_mean("sine and cosine", partners, MANY, 0, 1);
    check_mean("squares of sine and cosine", squares, MANY, 0, 4);
    free(z);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: sqrt(n) D exceeds 2.2 with probability 2 exp(-2 * 2.2^2) = 1.3e-4. Tails by their binomials. */
static void test_distribution(void **state)
{
    (void)state;
    static const double cut[] = {1, 2, 3, 4, 4.5};
    double *z = numbers(MANY), largest = 0;
    fill_many(z);
    for (size_t c = 0; c < sizeof cut / sizeof *cut; c++) {
        const double p = erfc(cut[c] / sqrt(2)) / 2;
        double above = 0, below = 0;
        for (size_t i = 0; i < MANY; i++) {
            above += z[i] > cut[c];
            below += z[i] < -cut[c];
        }
        check_mean("upper tail", above, MANY, p, p * (1 - p));
        check_mean("lower tail", below, MANY, p, p * (1 - p));
    }
    qsort(z, MANY, sizeof *z, compare);
    for (size_t i = 0; i < MANY; i++) {
        const double f = erfc(-z[i] / sqrt(2)) / 2;
        largest = fmax(largest, fmax(fabs(f - (double)i / MANY), fabs(f - (double)(i + 1) / MANY)));
    }
    assert_true(within("Kolmogorov and Smirnov", sqrt(MANY) * largest, 2.2));
    free(z);
}

/* The normal distribution of ten million numbers: 64 cells of each of two that stand beside each other in the plane (cosine and
 * sine) or in the stream (neighbours), chi-square with 64^2 - 1 degrees of freedom; and the tails beyond 5. */
static void test_cells(void **state)
{
    (void)state;
    enum { CELLS = 64, STREAMS = 5000, LENGTH = 2000 };
    static unsigned of_pair[CELLS][CELLS], of_neighbours[CELLS][CELLS];
    double *z = numbers(LENGTH), far = 0, pairs = 0, neighbours = 0, chi_pairs = 0, chi_neighbours = 0;
    memset(of_pair, 0, sizeof of_pair);
    memset(of_neighbours, 0, sizeof of_neighbours);
    for (uint32_t n = 0; n < STREAMS; n++) {
        const hf_stream stream = {5, HF_DRAW_INPUTS, n / 512 + 1, n % 512};
        unsigned cell[LENGTH];
        hf_normal_fill(&stream, LENGTH, z);
        for (size_t i = 0; i < LENGTH; i++) {
            cell[i] = (unsigned)(CELLS * erfc(-z[i] / sqrt(2)) / 2);
            far += fabs(z[i]) > 5;
        }
        for (size_t i = 0; i + 1 < LENGTH; i += 2, neighbours++)
            of_neighbours[cell[i]][cell[i + 1]]++;
        for (size_t i = 0; i + LANES < LENGTH; i += i % LANES == LANES - 1 ? LANES + 1 : 1, pairs++)
            of_pair[cell[i]][cell[i + LANES]]++;
    }
    for (size_t i = 0; i < CELLS; i++)
        for (size_t j = 0; j < CELLS; j++) {
            const double cells = CELLS * CELLS;
            chi_pairs += pow(of_pair[i][j] - pairs / cells, 2) / (pairs / cells);
            chi_neighbours += pow(of_neighbours[i][j] - neighbours / cells, 2) / (neighbours / cells);
        }
    check_mean("cells of cosine and sine", chi_pairs, 1, CELLS * CELLS - 1, 2 * (CELLS * CELLS - 1));
    check_mean("cells of neighbours", chi_neighbours, 1, CELLS * CELLS - 1, 2 * (CELLS * CELLS - 1));
    check_mean("beyond 5", far, (double)STREAMS * LENGTH, erfc(5 / sqrt(2)), erfc(5 / sqrt(2)));
    free(z);
}

/* ---- streams ---- */

/* Streams that differ in one number, however far up, have nothing in common. */
static void test_streams_differ(void **state)
{
    (void)state;
    enum { COUNT = 4096 };
    const hf_stream base = {1, HF_DRAW_INPUTS, 5, 7};
    hf_stream other[14];
    size_t count = 0;
    for (int draw = HF_DRAW_FEATURES; draw <= HF_DRAW_ORDER; draw++)
        if (draw != (int)base.draw)
            other[count++] = (hf_stream){base.seed, (hf_draw)draw, base.step, base.sample};
    other[count++] = (hf_stream){2, base.draw, 5, 7};
    other[count++] = (hf_stream){1 + (UINT64_C(1) << 40), base.draw, 5, 7};
    other[count++] = (hf_stream){1, base.draw, 6, 7};
    other[count++] = (hf_stream){1, base.draw, 5 + (UINT64_C(1) << 40), 7};
    other[count++] = (hf_stream){1, base.draw, 5, 8};
    other[count++] = (hf_stream){1, base.draw, 7, 5};
    double *z = numbers(COUNT), *w = numbers(COUNT);
    hf_normal_fill(&base, COUNT, z);
    for (size_t n = 0; n < count; n++) {
        double product = 0;
        size_t equal = 0;
        hf_normal_fill(&other[n], COUNT, w);
        for (size_t i = 0; i < COUNT; i++) {
            product += z[i] * w[i];
            equal += z[i] == w[i];
        }
        check_mean("streams", product, COUNT, 0, 1);
        assert_int_equal(equal, 0);
        assert_true(hf_uniform(&base) != hf_uniform(&other[n]));
    }
    free(z);
    free(w);
}

/* What hf_uniform_thin puts to 0, and how it scales the rest, for rates on, beside and between the numbers there are. */
static void test_thinning_goes_by_the_numbers(void **state)
{
    (void)state;
    enum { COUNT = 3 * BLOCK + 7 };
    const hf_stream stream = {5, HF_DRAW_DROPOUT, 3, 2};
    double u[COUNT], x[COUNT];
    hf_uniform_fill(&stream, COUNT, u);
    const double rates[] = {
        0, 1e-12, 0.01, 0.5, 0.99, u[3], nextafter(u[3], 0), nextafter(u[3], 1), u[190], nextafter(u[190], 1)};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (size_t i = 0; i < COUNT; i++)
            x[i] = 1 + (double)i;
        hf_uniform_thin(&stream, COUNT, rates[r], 1.25, x);
        for (size_t i = 0; i < COUNT; i++)
            assert_true(x[i] == (u[i] < rates[r] ? 0 : 1.25 * (1 + (double)i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_box_muller),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_single_precision),
        cmocka_unit_test(test_edges_of_single_precision),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_thinning_goes_by_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
