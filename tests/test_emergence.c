/* Emergence: the times of the single-location task against numbers of other programs and against training runs, the test
 * loss against a naive evaluation, and one head alone. */
#include "detected.h"
#include "support.h"

#include "flow/observe.h"
#include "report/findings.h"
#include "sweep/measure.h"

#include <stdlib.h>
#include <string.h>

#define ENDS                                                                                                               \
    "init = { perturbation = 0.0; }; solver = { t_end = %.0f; rtol = 1e-10; }; detect = { loss_fraction = 0.2; };\n"

/* ---- the single-location task (Zucchet et al. 2025) ---- */

/* One feature of strength sqrt(d) at one input with B copies among T positions, input variance 1/d, rate of the attention. */
static void write_task(char text[1024], double T, double d, double B, double rate, double t_end)
{
    snprintf(text, 1024,
             "heads = 1; positions = 2; target = { strengths = (%.17g); patterns = ((1)); };\n"
             "data = { copies = (%.0f, 1); replicas = (1, %.0f); weights = ((%.17g)); };\n"
             "flow = { attention_rate = %.17g; };\n" ENDS,
             sqrt(d), B, T - B, 1 / d, rate, t_end);
}

/* The published reduction: the B positions share the one logit that counts. */
static double shared_rate(double T, double B)
{
    return B * (T - B) / T;
}

/* The time, and nothing but the time, of the one emergence of a model. */
static double emergence(const char *text)
{
    detected_run run;
    detect(&run, text);
    assert_int_equal(count_events(&run.findings, HF_EVENT_EMERGED), 1);
    const double t = event_of(&run.findings, HF_EVENT_EMERGED, 0)->t;
    clear_run(&run);
    return t;
}

static void test_times_of_the_task(void **state)
{
    (void)state;
    static const struct {
        double T, d, B;
        bool shared;
        double want, digit; /* of the last digit given */
    } cases[] = {
        {256, 64, 1, true, 2694.823, 1e-3},  {512, 64, 1, true, 5319.27, 1e-2},    {512, 16, 1, true, 2710.69, 1e-2},
        {4096, 64, 1, true, 42042.0, 1e-1},  {256, 256, 1, true, 5428.83, 1e-2},   {4096, 64, 4, true, 10397.6, 1e-1},
        {4096, 64, 16, true, 2641.9, 1e-1},  {4096, 64, 64, true, 709.9, 1e-1},    {4096, 64, 1, false, 42036.8, 1e-1},
        {4096, 64, 4, false, 20871.9, 1e-1}, {4096, 64, 16, false, 10521.2, 1e-1}, {4096, 64, 64, false, 5455.8, 1e-1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        write_task(text, cases[i].T, cases[i].d, cases[i].B, cases[i].shared ? shared_rate(cases[i].T, cases[i].B) : 1,
                   1e5);
        assert_true(is_close(emergence(text), cases[i].want, 0, cases[i].digit / 2));
    }
}

/* With probability p the input that counts is the first unit vector: feature 1 is what W makes of it (norm 1), feature 2
 * the rest. Judged on data without repetition. */
static void write_repetition(char text[1024], double T, double d, double p)
{
    snprintf(text, 1024,
             "heads = 1; positions = 2; target = { strengths = (1.0, %.17g); patterns = ((1), (1)); };\n"
             "data = { replicas = (1, %.0f); weights = ((%.17g, %.17g), (%.17g, %.17g)); };\n"
             "test = { weights = ((%.17g), (%.17g)); };\n"
             "flow = { attention_rate = %.17g; };\n" ENDS,
             sqrt(d - 1), T - 1, p + (1 - p) / d, 1 / d, (1 - p) / d, 1 / d, 1 / d, 1 / d, shared_rate(T, 1), 1e5);
}

/* Times of scipy's LSODA at rtol 1e-11 on the equations in the three unknowns v_1, v_2 and the difference of the logits. */
static void test_times_with_repetition(void **state)
{
    (void)state;
    static const struct {
        double p, want;
    } cases[] = {{0, 5319.2697792}, {0.1, 4185.7670626}, {0.5, 1487.0203023}, {0.9, 1879.760644}};
    char text[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_repetition(text, 512, 64, cases[i].p);
        assert_true(close_to(emergence(text), cases[i].want, 2e-9));
    }
    write_task(text, 512, 64, 1, shared_rate(512, 1), 1e5); /* without repetition two features are as good as one */
    assert_true(close_to(emergence(text), cases[0].want, 2e-9));
}

/* A class of r replicas is r positions. */
static void test_replicas_are_positions(void **state)
{
    (void)state;
    char text[1024], positions[1024];
    write_task(text, 12, 4, 1, 1, 1e3);
    snprintf(positions, sizeof positions,
             "heads = 1; positions = 12; target = { strengths = (2.0); patterns = ((1)); }; data = { weights = ((0.25)); "
             "};\n" ENDS,
             1e3);
    assert_true(close_to(emergence(positions), emergence(text), 1e-9));
}

/* doc/emergence.md, (5): t / (sqrt(pi/2) sqrt(d) T) -> c(1/sqrt(d)) as T grows, where x' = exp(a) - x/sqrt(d), a' = x exp(a)
 * diverge at c sqrt(pi/2): 1.02178 for d = 64. Fixed by one quadrature in sigma, d sigma = exp(a) d tau, and approached from
 * above, as (log 5)/2 d is still to be learned by then. */
static void test_plateau_of_many_positions(void **state)
{
    (void)state;
    const double d = 64, plateau = sqrt(acos(-1) / 2), step = 1e-4;
    double x = 0, a = 0, tau = 0;
    for (size_t i = 0; i < 100000; i++) { /* the midpoint rule */
        const double x2 = x + step / 2 * (1 - x / sqrt(d) * exp(-a)), a2 = a + step / 2 * x;
        x += step * (1 - x2 / sqrt(d) * exp(-a2));
        a += step * x2;
        tau += step * exp(-a2);
    }
    const double limit = tau / plateau;
    assert_true(close_to(limit, 1.02178, 1e-5));
    for (double T = 1e4; T < 2e6; T *= 10) {
        char text[1024];
        write_task(text, T, d, 1, 1, 20 * T);
        const double ratio = emergence(text) / (plateau * sqrt(d) * T), drop = 0.5 * log(5) * d / (plateau * sqrt(d) * T);
        assert_true(ratio > limit && ratio < limit + 2 * drop);
    }
}

/* ---- the test loss ---- */

/* 1/2 sum_i r_i sum_r omega'_ri (G_ri - sum_k v_kr c_i s_ki)^2 in head coordinates and long double. */
static long double naive_test_loss(const hf_problem *p, const long double *x)
{
    long double loss = 0, *s = long_numbers(p->heads * p->positions);
    for (size_t k = 0; k < p->heads; k++) {
        const long double *a = x + p->heads * p->features + k * p->positions;
        long double sum = 0;
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * expl(a[i]);
        for (size_t i = 0; i < p->positions; i++)
            s[k * p->positions + i] = expl(a[i]) / sum;
    }
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++) {
            long double residual = p->target[r * p->positions + i];
            for (size_t k = 0; k < p->heads; k++)
                residual -= x[k * p->features + r] * p->copies[i] * s[k * p->positions + i];
            loss += p->replicas[i] * p->test_variance[r * p->positions + i] * residual * residual / 2;
        }
    free(s);
    return loss;
}

static void test_test_loss_against_naive(void **state)
{
    (void)state;
    random_source random = {20250517};
    for (int attempt = 0; attempt < 40; attempt++) {
        const problem_shape shape = {.heads = draw_count(&random, 1, 5),
                                     .positions = attempt % 8 == 0 ? 300 : draw_count(&random, 1, 9),
                                     .patterns = draw_count(&random, 1, 4),
                                     .outside = attempt % 3 == 0 ? 2 : 0,
                                     .copies = attempt % 2,
                                     .replicas = attempt % 5 > 1,
                                     .weights = attempt % 4 > 1,
                                     .gram = attempt % 7 == 0,
                                     .decay = attempt % 3 == 1,
                                     .test = true};
        hf_problem *p = random_problem(&shape, &random);
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        double *y = random_state(flow, attempt % 2 ? 1 : 1e-3, &random);
        long double *x = long_numbers(hf_flow_size(flow));
        hf_observation observation;
        assert_int_equal(hf_observation_init(&observation, flow->problem, NULL), HF_OK);
        observe_at(point, y, &observation);
        to_heads(flow, y, x);
        if (!close_to(observation.test_loss, (double)naive_test_loss(p, x), 1e-13))
            fail_msg("%s", describe(&shape));
        hf_observation_clear(&observation);
        free(y), free(x);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

/* Test data that are the data themselves change nothing; without any there is no test loss. */
static void test_same_data(void **state)
{
    (void)state;
    static const char plain[] = "heads = 2; positions = 5; target = { strengths = (2.0, 1.0); };\n"
                                "data = { weights = ((0.5, 1, 1, 2, 1), (0.7)); };\n"
                                "init = { distribution = \"sine\"; perturbation = 1e-2; };\n"
                                "detect = { loss_fraction = 0.3; }; solver = { t_end = 1e3; };\n";
    char tested[1024];
    detected_run run[2];
    snprintf(tested, sizeof tested, "%stest = { weights = ((0.5, 1, 1, 2, 1), (0.7)); };", plain);
    detect(&run[0], plain);
    detect(&run[1], tested);
    const hf_event *a = event_of(&run[0].findings, HF_EVENT_EMERGED, 0),
                   *b = event_of(&run[1].findings, HF_EVENT_EMERGED, 0);
    assert_true(close_to(b->t, a->t, 1e-12) && close_to(b->value, a->value, 1e-12) && close_to(a->value, 0.3, 1e-9));
    assert_null(run[0].problem->test_variance);
    assert_true(!run[0].findings.on_test && run[1].findings.on_test);
    hf_observation observation;
    double *y = numbers(hf_flow_size(run[0].flow));
    assert_int_equal(hf_observation_init(&observation, run[0].flow->problem, NULL), HF_OK);
    hf_flow_start(run[0].flow, y);
    hf_flow_point *point = make_point(run[0].flow);
    observe_at(point, y, &observation);
    assert_true(isnan(observation.test_loss));
    hf_observation_clear(&observation);
    hf_flow_point_free(point);
    free(y);
    clear_run(&run[0]);
    clear_run(&run[1]);
}

/* The test data decide, not the others: here the feature that they leave out is the one that is learned first, and weight
 * decay is no part of either. */
static void test_test_data_decide(void **state)
{
    (void)state;
    char text[1024];
    detected_run run;
    snprintf(text, sizeof text,
             "heads = 2; positions = 5; target = { strengths = (3.0, 1.0); }; test = { weights = ((0.0), (1.0)); };\n"
             "init = { distribution = \"sine\"; perturbation = 1e-2; }; flow = { weight_decay = 1e-4; };\n"
             "detect = { loss_fraction = 0.5; }; solver = { t_end = 1e3; rtol = 1e-10; };\n");
    detect(&run, text);
    const hf_event *emerged = event_of(&run.findings, HF_EVENT_EMERGED, 0);
    const hf_event *first = event_of(&run.findings, HF_EVENT_ACQUIRED, 0);
    const hf_event *second = event_of(&run.findings, HF_EVENT_ACQUIRED, 1);
    assert_true(first->pattern == 1 && emerged->t > 1.5 * first->t);
    assert_true(fabs(emerged->t - second->t) < 0.3 * second->t);
    assert_true(close_to(emerged->value, 0.5, 1e-9));
    test_run again = start_run(make_problem("%s", text), 1e-10, 1e-12);
    run_to(&again, emerged->t);
    assert_true(close_to(hf_test_loss(again.point), 0.25, 1e-6));
    assert_true(close_to(again.point->loss, emerged->loss, 1e-6));
    end_run(&again);
    clear_run(&run);
}

static void test_what_does_not_emerge(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, "heads = 1; positions = 3; target = { strengths = (2.0, 1.0); }; test = { weights = ((0.0), (1.0)); };\n"
                 "detect = { loss_fraction = 0.5; }; solver = { t_end = 1e3; };\n"); /* one head learns pattern 1 alone */
    assert_int_equal(count_events(&run.findings, HF_EVENT_EMERGED), 0);
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 1);
    clear_run(&run);
}

/* What training makes of a problem has the test data, too, of its own: replica by replica, 1 in what is added. */
static void test_expansion_has_test_data(void **state)
{
    (void)state;
    hf_problem *p = make_problem("heads = 1; positions = 2; target = { strengths = (2.0, 1.0); };\n"
                                 "data = { replicas = (1, 3); }; test = { weights = ((0.5, 0.25), (0.125)); };");
    hf_problem *e = NULL, *plain = NULL;
    assert_int_equal(hf_problem_expand(p, 1, &e, NULL), HF_OK);
    hf_problem_free(p);
    static const double want[3][4] = {{0.5, 0.25, 0.25, 0.25}, {0.125, 0.125, 0.125, 0.125}, {1, 1, 1, 1}};
    assert_true(e->positions == 4 && e->features == 3);
    assert_memory_equal(e->test_variance, want, sizeof want);
    hf_problem_free(e);
    p = make_problem("heads = 1; positions = 2; target = { strengths = (2.0, 1.0); };");
    assert_int_equal(hf_problem_expand(p, 1, &plain, NULL), HF_OK);
    assert_null(plain->test_variance);
    hf_problem_free(plain);
    hf_problem_free(p);
}

/* ---- training ---- */

/* The time of emergence of what a model describes, a flow or a training run. */
static double measured(const char *text, uint64_t seed)
{
    hf_config c;
    hf_quantity q;
    hf_error err = {0};
    double t;
    bool stopped;
    const char *path = temporary_path("emergence.conf");
    write_text(path, text, strlen(text));
    if (hf_config_read(&c, path, 0, NULL, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    c.train.seed = seed;
    assert_int_equal(hf_quantity_find("t_emerged", &q, NULL), HF_OK);
    if (hf_measure(&c, 1, &q, NULL, &t, NULL, &stopped, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    hf_config_clear(&c);
    return t;
}

/* Steps of SGD with learning rate 1 are flow time: from one input that counts, copies of it, and where it repeats across
 * samples (p = 1/4). The noise of 32 samples moves single runs by a few percent and their mean by less. */
static void test_steps_are_flow_time(void **state)
{
    (void)state;
    static const char *const flows[] = {
        "target = { strengths = (4.0); patterns = ((1)); }; data = { replicas = (1, 63); weights = ((0.0625)); };",
        "target = { strengths = (4.0); patterns = ((1)); };\n"
        "data = { copies = (4, 1); replicas = (1, 60); weights = ((0.0625)); };",
        "target = { strengths = (1.0, 3.872983346207417); patterns = ((1), (1)); };\n"
        "data = { replicas = (1, 63); weights = ((0.296875, 0.0625), (0.046875, 0.0625)); };\n"
        "test = { weights = ((0.0625), (0.0625)); };",
    };
    static const struct {
        size_t flow;
        const char *train;
        double mean, single; /* what it may be off by */
    } cases[] = {
        {0, "batch = 32; lr = 1.0; sampling = \"projected\";", 0.03, 0.08},
        {0, "batch = 32; lr = 1.0;", 0.03, 0.08},
        {1, "batch = 32; lr = 1.0; sampling = \"projected\";", 0.03, 0.08},
        {1, "batch = 32; lr = 1.0;", 0.03, 0.08},
        {2, "batch = 32; lr = 1.0; inputs = (1, 15); repetition = 0.25;", 0.03, 0.08},
        {0, "batch = 0; lr = 0.2;", 0.0015, 0.0015}, /* without noise: a step is one of Euler's */
    };
    enum { SEEDS = 4 };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char flow[1024], train[1536];
        double mean = 0;
        snprintf(flow, sizeof flow, "heads = 1; positions = 2; %s\n" ENDS, flows[cases[i].flow], 500.0);
        snprintf(train, sizeof train, "%s train = { dim = 16; %s };", flow, cases[i].train);
        const double t = measured(flow, 1);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const double step = measured(train, seed);
            assert_true(at_most(fabs(step / t - 1), cases[i].single));
            mean += step / SEEDS;
        }
        assert_true(at_most(fabs(mean / t - 1), cases[i].mean));
    }
}

/* ---- one head ---- */

static void test_one_head_alone(void **state)
{
    (void)state;
    char text[1024], *printed = NULL;
    size_t size;
    detected_run run;
    write_repetition(text, 512, 64, 0.9);
    detect(&run, text);
    assert_int_equal(run.findings.stage_count, 2);
    assert_int_equal(count_events(&run.findings, HF_EVENT_SPLIT), 0);
    assert_int_equal(event_of(&run.findings, HF_EVENT_ACQUIRED, 0)->mode, HF_MODE_NONE);
    assert_int_equal(event_of(&run.findings, HF_EVENT_ACQUIRED, 1)->head, 1);
    assert_true(run.findings.start_overlap == 1 && run.findings.end_overlap == 1);
    FILE *stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    hf_findings_print(&run.findings, stream);
    fclose(stream);
    assert_non_null(strstr(printed, "Emerged at t = 1879.7606"));
    assert_non_null(strstr(printed, "0.049219")); /* the loss predicted after the first stage */
    assert_null(strstr(printed, "ompetitive"));
    assert_null(strstr(printed, "parted"));
    free(printed);
    clear_run(&run);
}

static void test_one_head_on_a_saddle(void **state)
{
    (void)state;
    char text[1024], *printed = NULL;
    size_t size;
    detected_run run;
    write_task(text, 256, 64, 1, 1, 100);
    detect(&run, text);
    FILE *stream = open_memstream(&printed, &size);
    assert_non_null(stream);
    hf_findings_print(&run.findings, stream);
    fclose(stream);
    assert_non_null(strstr(printed, "Not emerged by t = 100: the loss has not fallen to 0.2 of its start."));
    assert_non_null(strstr(printed, "a saddle with 1 direction down"));
    assert_null(strstr(printed, "between heads"));
    free(printed);
    clear_run(&run);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_of_the_task),       cmocka_unit_test(test_times_with_repetition),
        cmocka_unit_test(test_replicas_are_positions),  cmocka_unit_test(test_plateau_of_many_positions),
        cmocka_unit_test(test_test_loss_against_naive), cmocka_unit_test(test_same_data),
        cmocka_unit_test(test_test_data_decide),        cmocka_unit_test(test_what_does_not_emerge),
        cmocka_unit_test(test_one_head_alone),          cmocka_unit_test(test_one_head_on_a_saddle),
        cmocka_unit_test(test_expansion_has_test_data), cmocka_unit_test(test_steps_are_flow_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
