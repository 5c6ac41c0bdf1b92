/* The minimal model's pass through a sequence: the same bits on registers of every size. */
#include "support.h"

#include "core/exponential.h"
#include "train/minimal_pass.h"
#include "train/tiles.h"

typedef double real;

#define EXP   hf_exponential
#define LEAST (-1e300)
#define PASS  test_pass

HF_INLINE real sum_of(size_t count, const real *x)
{
    return hf_tiles_sum(count, x);
}

extern const hf_minimal_pass test_pass;
#include "train/minimal_pass_body.h"

#include <stdlib.h>

enum { SEQUENCES = 3, SIZES = 3 };

typedef double runs(const hf_minimal_shape *s, const real *packed, const hf_token *tokens, bool judged, const workspace *w,
                    real *gradient);

/* Those that this processor has. */
static size_t list_sizes(runs **size)
{
    size_t count = 0;
#ifdef HF_HAVE_TARGET_CLONES
    size[count++] = pass_16;
    if (__builtin_cpu_supports("avx2"))
        size[count++] = pass_32;
    if (__builtin_cpu_supports("avx512f"))
        size[count++] = pass_64;
#else
    size[count++] = pass;
#endif
    return count;
}

static void *zeros(size_t count)
{
    const size_t size = (count * sizeof(real) + HF_MINIMAL_PAD - 1) / HF_MINIMAL_PAD * HF_MINIMAL_PAD;
    void *memory = aligned_alloc(HF_MINIMAL_PAD, size);
    assert_non_null(memory);
    return memset(memory, 0, size);
}

/* Losses and, after all of them, the packed gradient of a few sequences. */
static void run_sequences(const hf_minimal_shape *s, runs *run, const real *packed, double *loss, real *gradient)
{
    real *work = zeros(test_pass.work(s));
    random_source random = {20261126};
    hf_token tokens[64];
    workspace w;
    place(s, work, &w);
    for (size_t n = 0; n < SEQUENCES; n++) {
        for (size_t t = 0; t <= s->places; t++)
            tokens[t] = (hf_token)(draw_uniform(&random) * (double)s->vocabulary);
        loss[n] = run(s, packed, tokens, true, &w, gradient);
    }
    free(work);
}

static void test_registers(void **state)
{
    (void)state;
    static const size_t places[] = {8, 25, 31}, scored[] = {6, 20, 20}, vocabulary[] = {7, 50, 33},
                        windows[] = {0, 1, 4, 9};
    runs *size[SIZES];
    const size_t sizes = list_sizes(size);
    for (size_t i = 0; i < 12; i++) {
        const size_t d = vocabulary[i % 3], q = scored[i % 3];
        const hf_minimal_shape s = {.heads = 2,
                                    .vocabulary = d,
                                    .places = places[i % 3],
                                    .keys = d + places[i % 3],
                                    .first = places[i % 3] - q,
                                    .scored = q,
                                    .window = windows[i / 3],
                                    .v = (d + 7) / 8 * 8,
                                    .q = (q + 7) / 8 * 8,
                                    .scale = 1 / sqrt((double)(d + places[i % 3]))};
        const size_t count = test_pass.packed(&s), numbers = 4 * s.keys * s.keys;
        random_source random = {i + 1};
        double *parameters = zeros(numbers), loss[SIZES][SEQUENCES];
        real *packed = zeros(count), *gradient[SIZES];
        for (size_t e = 0; e < numbers; e++)
            parameters[e] = draw_normal(&random);
        test_pass.pack(&s, parameters, packed);
        for (size_t k = 0; k < sizes; k++) {
            gradient[k] = zeros(count);
            run_sequences(&s, size[k], packed, loss[k], gradient[k]);
            assert_memory_equal(loss[k], loss[0], sizeof loss[0]);
            assert_memory_equal(gradient[k], gradient[0], count * sizeof(real));
        }
        for (size_t k = 0; k < sizes; k++)
            free(gradient[k]);
        free(packed);
        free(parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_registers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
