/* What is said of training runs beside the flow: sentences for cases near their edges, and numbers of random comparisons. */
#include "support.h"

#include "compare/verdict.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 6 };

/* The text is to be freed. */
static char *text_of(const hf_verdict *v)
{
    char *text;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    hf_verdict_print(v, stream);
    fclose(stream);
    return text;
}

typedef struct {
    size_t runs, stages;
    double t[MOST]; /* (runs, stages) */
    double flow[2], drift[2];
    bool has_drift, adam;
    size_t fewest, most; /* 0, 0: as many as the flow */
    const char *text;
} comparison;

static void test_sentences(void **state)
{
    static const comparison cases[] = {
        {2, 1, {10, 10.2}, {10}, {0}, false, false, 0, 0, "The stage agrees with the flow's within 1 % (1 standard error).\n"},
        {1, 1, {10.1}, {10}, {0}, false, false, 0, 0, "The stage agrees with the flow's within 1 % (one run: no error bar).\n"},
        {1, 1, {10}, {10}, {0}, false, false, 0, 0, "The stage agrees with the flow's within 0.01 % (one run: no error bar).\n"},
        {3, 1, {11, 11, 11}, {10}, {0}, false, false, 0, 0, "The stage agrees with the flow's within 10 % (all 3 runs alike).\n"},
        {2, 2, {10, 98, 10, 98}, {10, 100}, {0}, false, false, 0, 0,
         "All stages agree with the flow's within 2 % (all 2 runs alike).\n"},
        {2, 2, {10, 123, 10.4, 125}, {10, 100}, {0}, false, false, 0, 0,
         "Stage 2 comes 24 % later than in the flow (24 standard errors).\n"
         "The other stage agrees with the flow's within 2 % (1 standard error).\n"},
        {1, 1, {5}, {10}, {0}, false, false, 0, 0, "Stage 1 comes 50 % earlier than in the flow (one run: no error bar).\n"},
        {1, 1, {5}, {10}, {5.1}, true, false, 0, 0,
         "Stage 1 comes 50 % earlier than in the flow (one run: no error bar);\n"
         "the drift of the noise explains it: from the flow with it 2 % are left (one run: no error bar).\n"},
        {1, 1, {5}, {10}, {7}, true, false, 0, 0,
         "Stage 1 comes 50 % earlier than in the flow (one run: no error bar);\n"
         "the drift of the noise explains a part: from the flow with it 29 % are left (one run: no error bar).\n"},
        {1, 1, {5}, {10}, {11}, true, false, 0, 0,
         "Stage 1 comes 50 % earlier than in the flow (one run: no error bar);\nthe drift of the noise does not explain it.\n"},
        {1, 1, {5}, {10}, {NAN}, true, false, 0, 0,
         "Stage 1 comes 50 % earlier than in the flow (one run: no error bar);\n"
         "the flow with the drift of the noise does not get there.\n"},
        {2, 1, {12, 16}, {10}, {11}, true, false, 0, 0, /* 27 % left, but within two standard errors */
         "Stage 1 comes 40 % later than in the flow (2 standard errors);\n"
         "the drift of the noise explains it: from the flow with it 27 % are left (1.5 standard errors).\n"},
        {2, 2, {10, NAN, 10, 100}, {10, 100}, {0}, false, false, 1, 2,
         "Only 1 of 2 runs gets through stage 2 of the flow.\n"
         "The other stage agrees with the flow's within 0.01 % (all 2 runs alike).\n"
         "The flow has 2 stages; searched for stages, the runs have 1 to 2.\n"},
        {3, 1, {NAN, 10, 10}, {10}, {0}, false, false, 0, 0, "Only 2 of 3 runs get through stage 1 of the flow.\n"},
        {2, 1, {NAN, NAN}, {10}, {0}, false, false, 0, 0, "None of 2 runs gets through stage 1 of the flow.\n"},
        {1, 1, {NAN}, {10}, {0}, false, false, 2, 2,
         "The run does not get through stage 1 of the flow.\n"
         "The flow has 1 stage; searched for stages, the run has 2.\n"},
        {2, 0, {0}, {0}, {0}, false, false, 0, 0, "The flow has no stage that the runs could be compared by.\n"},
        {2, 0, {0}, {0}, {0}, false, false, 1, 1,
         "The flow has no stage that the runs could be compared by.\n"
         "The flow has 0 stages; searched for stages, the runs have 1.\n"},
        {0, 1, {0}, {10}, {0}, false, false, 0, 0, ""},
        {2, 1, {700, 900}, {10}, {0}, false, true, 0, 0,
         "Adam gets through all stages of the flow, in steps that are no flow time.\n"},
        {2, 1, {700, NAN}, {10}, {0}, false, true, 0, 0, "Only 1 of 2 runs gets through stage 1 of the flow.\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const comparison *c = &cases[i];
        const bool same = c->fewest == 0 && c->most == 0;
        const hf_verdict v = {.runs = c->runs,
                              .stages = c->stages,
                              .t = c->t,
                              .t_flow = c->flow,
                              .t_drift = c->has_drift ? c->drift : NULL,
                              .optimizer = c->adam ? "Adam" : "SGD",
                              .timed = !c->adam,
                              .found = c->stages,
                              .fewest = same ? c->stages : c->fewest,
                              .most = same ? c->stages : c->most};
        char *text = text_of(&v);
        assert_string_equal(text, c->text);
        free(text);
    }
}

/* Mean and standard error as they are defined, in long double. */
static void naive(const hf_verdict *v, size_t l, double reference, long double *mean, long double *error)
{
    long double sum = 0, square = 0;
    for (size_t k = 0; k < v->runs; k++)
        sum += (long double)v->t[k * v->stages + l] / reference - 1;
    *mean = sum / v->runs;
    for (size_t k = 0; k < v->runs; k++) {
        const long double off = (long double)v->t[k * v->stages + l] / reference - 1 - *mean;
        square += off * off;
    }
    *error = sqrtl(square / (v->runs - 1) / v->runs);
}

/* What must be in the text, and what must not, follows from the numbers. */
static void check_random(random_source *random)
{
    enum { RUNS = 5, STAGES = 3 };
    double t[RUNS * STAGES], flow[STAGES], drift[STAGES];
    size_t disagreeing = 0, missing = 0;
    hf_verdict v = {.runs = 1 + (size_t)(draw_uniform(random) * RUNS),
                    .stages = 1 + (size_t)(draw_uniform(random) * STAGES),
                    .t = t,
                    .t_flow = flow,
                    .t_drift = drift,
                    .optimizer = "SGD",
                    .timed = true};
    v.found = v.fewest = v.most = v.stages;
    for (size_t l = 0; l < v.stages; l++) {
        flow[l] = 10 * (double)(l + 1);
        drift[l] = flow[l] * (1 + 0.3 * (draw_uniform(random) - 0.5));
        const double shift = 1 + 0.5 * (draw_uniform(random) - 0.5), spread = draw_uniform(random) < 0.3 ? 0 : 0.1;
        for (size_t k = 0; k < v.runs; k++)
            t[k * v.stages + l] = draw_uniform(random) < 0.05 ? NAN : flow[l] * (shift + spread * draw_uniform(random));
    }
    char *text = text_of(&v);
    for (size_t l = 0; l < v.stages; l++) {
        const hf_stage_verdict got = hf_verdict_of(&v, l);
        char names[64];
        long double mean, error;
        naive(&v, l, flow[l], &mean, &error);
        snprintf(names, sizeof names, "stage %zu of the flow", l + 1);
        assert_int_equal(strstr(text, names) != NULL, isnan((double)mean));
        snprintf(names, sizeof names, "Stage %zu comes", l + 1);
        assert_int_equal(strstr(text, names) != NULL, fabsl(mean) > 0.1L);
        missing += isnan((double)mean) ? 1 : 0;
        disagreeing += fabsl(mean) > 0.1L ? 1 : 0;
        assert_int_equal(isnan(got.from_flow.mean), isnan((double)mean));
        if (isnan((double)mean))
            continue;
        assert_true(is_close(got.from_flow.mean, (double)mean, 1e-12, 1e-14));
        assert_int_equal(isnan(got.from_flow.error), v.runs == 1);
        assert_true(v.runs == 1 || is_close(got.from_flow.error, (double)error, 1e-9, 1e-14));
        naive(&v, l, drift[l], &mean, &error);
        assert_true(is_close(got.from_drift.mean, (double)mean, 1e-12, 1e-14));
    }
    assert_int_equal(strstr(text, "agree") != NULL, disagreeing + missing < v.stages);
    assert_int_equal(strstr(text, "All stages agree") != NULL || strstr(text, "The stage agrees") != NULL,
                     disagreeing + missing == 0);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    free(text);
}

static void test_random_comparisons(void **state)
{
    random_source random = {.state = 20};
    (void)state;
    for (int i = 0; i < 2000; i++)
        check_random(&random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_random_comparisons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
