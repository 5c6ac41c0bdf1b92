/* Loss along random lines: of a loss whose slope and curvature are known, and lines that are those of the seed. */
#include "check.h"

#include "run/slices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 50, LINES = 7 };

/* L = c |x|^2 / 2 + b x_1; nan where until > 0 and x_1 is beyond */
typedef struct {
    double c, b, until;
    hf_tensor tensor;
} bowl;

static hf_tensors bowl_tensors(const void *self)
{
    return (hf_tensors){1, &((const bowl *)self)->tensor};
}

static double bowl_loss(void *self, const double *x, const hf_batch *batch)
{
    const bowl *w = self;
    double sum = w->b * x[0];
    assert_true(batch->fixed && batch->count == 3 && batch->first == 2);
    for (size_t i = 0; i < COUNT; i++)
        sum += w->c * x[i] * x[i] / 2;
    return w->until > 0 && x[0] > w->until ? NAN : sum;
}

static void keep(void *self)
{
    (void)self; /* it stands on the stack */
}

static const hf_model_kind bowl_kind = {.name = "bowl", .free = keep, .tensors = bowl_tensors, .loss = bowl_loss};

static void make_learner(hf_learner *learner, bowl *w)
{
    const hf_sampler_params samples = {.seed = 1, .samples = 2, .held_out = 3, .batch = 1};
    *learner = (hf_learner){.model = {&bowl_kind, w}};
    assert_int_equal(hf_sampler_init(&learner->sampler, &samples, NULL), HF_OK);
}

/* From 0 every line has the same parabola. */
static void test_parabola(void **state)
{
    (void)state;
    bowl w = {.c = 3, .tensor = {.name = "x", .count = COUNT}};
    const double x[COUNT] = {0}, radius = 0.5, step = radius / 10;
    hf_learner learner;
    hf_slices slices;
    make_learner(&learner, &w);
    assert_int_equal(hf_slices_make(&slices, &learner, x, LINES, radius, 5, NULL), HF_OK);
    for (size_t n = 0; n < LINES; n++)
        for (int i = 0; i < HF_SLICES_POINTS; i++)
            assert_true(
                is_close(slices.loss[n * HF_SLICES_POINTS + (size_t)i], 1.5 * step * step * (i - 10) * (i - 10), 1e-12, 0));
    assert_true(close_to(slices.curvature, 3, 1e-12));
    assert_true(close_to(slices.lipschitz, 3 * (radius - step / 2), 1e-12)); /* between the two outermost */
    hf_slices_clear(&slices);
    hf_learner_clear(&learner);
}

/* Along a slope b the steepest line is the one that lies most along it; the first lines are the same however many there are. */
static void test_slope(void **state)
{
    (void)state;
    bowl w = {.b = 2, .tensor = {.name = "x", .count = COUNT}};
    double x[COUNT], most = 0;
    hf_learner learner;
    hf_slices few, many, other;
    make_learner(&learner, &w);
    for (size_t i = 0; i < COUNT; i++)
        x[i] = 0.1 * (double)i - 1;
    assert_int_equal(hf_slices_make(&few, &learner, x, LINES, 1, 5, NULL), HF_OK);
    assert_int_equal(hf_slices_make(&many, &learner, x, 3 * LINES, 1, 5, NULL), HF_OK);
    assert_int_equal(hf_slices_make(&other, &learner, x, LINES, 1, 6, NULL), HF_OK);
    assert_memory_equal(few.loss, many.loss, LINES * HF_SLICES_POINTS * sizeof *few.loss);
    assert_memory_not_equal(few.loss, other.loss, LINES * HF_SLICES_POINTS * sizeof *few.loss);
    for (size_t n = 0; n < LINES; n++) {
        const double *loss = few.loss + n * HF_SLICES_POINTS, slope = loss[HF_SLICES_POINTS - 1] - loss[0];
        assert_true(loss[10] == 2 * x[0]);
        assert_true(fabs(slope) / 2 < 2); /* a unit vector's first entry is below 1 */
        most = fmax(most, fabs(slope) / 2);
    }
    assert_true(close_to(few.lipschitz, most, 1e-9));
    assert_true(most > 0.1 && is_close(few.curvature, 0, 0, 1e-9));
    hf_slices_clear(&few);
    hf_slices_clear(&many);
    hf_slices_clear(&other);
    hf_learner_clear(&learner);
}

/* What is no number on one line alone is not passed over. */
static void test_not_finite(void **state)
{
    (void)state;
    bowl w = {.b = 1, .until = 1e-3, .tensor = {.name = "x", .count = COUNT}};
    const double x[COUNT] = {0};
    hf_learner learner;
    hf_slices slices;
    make_learner(&learner, &w);
    assert_int_equal(hf_slices_make(&slices, &learner, x, LINES, 1, 5, NULL), HF_OK);
    assert_true(isnan(slices.lipschitz));
    hf_slices_clear(&slices);
    hf_learner_clear(&learner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parabola), cmocka_unit_test(test_slope),
                                       cmocka_unit_test(test_not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
