/* Tests of integrator: reference trajectories, escape from saddles, certificates of accuracy, restarts, and failures in
 * words. */
#include "support.h"

#include "flow/observe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20240605;

#define TARGET "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };"

static test_run three_stages(const char *geometry, double perturbation, double rtol)
{
    return start_run(make_problem(TARGET "init = { distribution = \"sine\"; perturbation = %.17g; };"
                                         "flow = { geometry = \"%s\"; };",
                                  perturbation, geometry),
                     rtol, 1e-12);
}

/* ---- reference trajectories ---- */

/* An observed number by its column name, "loss" or KIND_<head>_<pattern>. */
static double column(const hf_observation *o, const char *name)
{
    static const struct {
        const char *prefix;
        size_t offset;
    } tables[] = {{"mass_", offsetof(hf_observation, mass)},
                  {"value_", offsetof(hf_observation, value)},
                  {"share_", offsetof(hf_observation, share)}};
    if (strcmp(name, "loss") == 0)
        return o->loss;
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(tables[i].prefix);
        if (strncmp(name, tables[i].prefix, length) != 0)
            continue;
        double *const *table = (double *const *)(const void *)((const char *)o + tables[i].offset);
        return (*table)[(size_t)(name[length] - '1') * 3 + (size_t)(name[length + 2] - '1')];
    }
    fail_msg("column %s is unknown", name);
    return NAN;
}

/* Every column within 1e-6 relative or 1e-9 absolute; the margin is the worst error over what is allowed. */
static void check_reference(const char *start, const char *reference, const char *geometry)
{
    test_run r = start_run(
        make_problem(TARGET "init = { state = \"%s\"; }; flow = { geometry = \"%s\"; };", data_path(start), geometry),
        1e-10, 1e-12);
    number_table table = read_table(reference);
    hf_observation o;
    double worst = 0;
    assert_int_equal(hf_observation_init(&o, r.flow->problem, NULL), HF_OK);
    assert_true(table.rows > 50 && table.columns == 29);
    for (size_t row = 0; row < table.rows; row++) {
        const double *want = table.at + row * table.columns;
        run_to(&r, want[0]);
        observe_at(r.point, r.y, &o);
        for (size_t c = 1; c < table.columns; c++) {
            double got = column(&o, table.name[c]), allowed = fmax(1e-6 * fabs(want[c]), 1e-9);
            double error = fabs(got - want[c]) / allowed;
            if (!(error <= 1))
                fprintf(stderr, "t = %g, %s: got %.17g, want %.17g\n", want[0], table.name[c], got, want[c]);
            worst = error <= worst ? worst : error;
        }
    }
    assert_true(within(reference, worst, 1));
    hf_observation_clear(&o);
    clear_table(&table);
    end_run(&r);
}

static void test_the_logit_reference_is_met(void **state)
{
    (void)state;
    check_reference("three-stage.init.tsv", "three-stage.ref.tsv", "logit");
}

static void test_the_replicator_reference_is_met(void **state)
{
    (void)state;
    check_reference("three-stage-replicator.init.tsv", "three-stage-replicator.ref.tsv", "replicator");
}

/* ---- equal heads ---- */

static void test_equal_heads_stay_equal_and_learn_the_first_pattern(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t i = 0; i < 2; i++) {
        test_run r = three_stages(geometries[i], 0, 1e-8);
        hf_observation o;
        assert_int_equal(hf_observation_init(&o, r.flow->problem, NULL), HF_OK);
        for (size_t output = 0; output < 50; output++) {
            run_to(&r, pow(10, -2 + 10 * (double)output / 49));
            observe_at(r.point, r.y, &o);
            assert_true(o.divergence == 0 && o.overlap == 1 && isnan(o.growth_rate));
            assert_memory_equal(o.attention, o.attention + 40, 40 * sizeof(double));
            assert_memory_equal(o.attention, o.attention + 80, 40 * sizeof(double));
        }
        assert_true(within("equal heads, loss at t = 1e8", fabs(r.loss / 1.945 - 1), i == 0 ? 1e-4 : 1e-12));
        hf_observation_clear(&o);
        end_run(&r);
    }
}

/* Heads first and second start alike, the third is perturbed on its own. */
static void check_equal_pair(size_t third, const char *geometry)
{
    FILE *stream = fopen(temporary_path("start.tsv"), "w");
    assert_non_null(stream);
    fprintf(stream, "kind\thead\tindex\tvalue\n");
    for (int k = 1; k <= 3; k++)
        for (int i = 1; i <= 40; i++) {
            int as = (size_t)k == third + 1 ? 3 : 1;
            fprintf(stream, "logit\t%d\t%d\t%.17g\n", k, i, 1e-2 * sin(1 + 3 * as + 2 * i + as * i));
        }
    fclose(stream);
    test_run r = start_run(
        make_problem(TARGET "init = { state = \"start.tsv\"; }; flow = { geometry = \"%s\"; };", geometry), 1e-8, 1e-12);
    hf_observation o;
    assert_int_equal(hf_observation_init(&o, r.flow->problem, NULL), HF_OK);
    size_t a = (third + 1) % 3, b = (third + 2) % 3;
    for (size_t output = 0; output <= 12; output++) {
        run_to(&r, pow(10, -2 + 6 * (double)output / 12));
        observe_at(r.point, r.y, &o);
        assert_memory_equal(o.attention + 40 * a, o.attention + 40 * b, 40 * sizeof(double));
        assert_memory_equal(o.head_value + 3 * a, o.head_value + 3 * b, 3 * sizeof(double));
        assert_true(o.divergence > 0);
    }
    assert_true(close_to(r.loss, 0.5, 1e-2)); /* two kinds of heads: two patterns */
    hf_observation_clear(&o);
    end_run(&r);
}

static void test_any_equal_pair_among_three_heads_stays_equal(void **state)
{
    (void)state;
    for (size_t third = 0; third < 3; third++) {
        check_equal_pair(third, "logit");
        check_equal_pair(third, "replicator");
    }
}

/* ---- escape from saddles ---- */

static void check_escape(double rtol, double limit)
{
    number_table table = read_table("escape.tsv");
    double worst = 0;
    for (size_t row = 0; row < table.rows; row++) {
        const double *want = table.at + row * table.columns;
        test_run r = three_stages("logit", want[0], rtol);
        double second = run_until_below(&r, NULL, 1.2), third = run_until_below(&r, NULL, 0.25);
        worst = fmax(worst, fabs(second / want[1] - 1));
        worst = fmax(worst, fabs(third / want[2] - 1));
        end_run(&r);
    }
    assert_int_equal(table.rows, 6);
    char what[64];
    snprintf(what, sizeof what, "escape times at rtol %g", rtol);
    assert_true(within(what, worst, limit));
    clear_table(&table);
}

static void test_escape_times_follow_the_perturbation(void **state)
{
    (void)state;
    check_escape(1e-8, 1e-5); /* the default tolerance; asked for: 1e-3 */
    check_escape(1e-10, 1e-7);
}

static void test_a_perturbation_of_1e_200_escapes_by_its_true_law(void **state)
{
    (void)state;
    test_run r = three_stages("logit", 1e-200, 1e-8);
    double t = run_until_below(&r, NULL, 1.2);
    assert_true(within("escape time at 1e-200", fabs(t / 1067572 - 1), 1e-5)); /* asked for: 1e-3 */
    end_run(&r);
}

static void test_escape_does_not_depend_on_the_order_of_heads(void **state)
{
    (void)state;
    static const int orders[][3] = {{1, 2, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}};
    double first = 0;
    for (size_t o = 0; o < 4; o++) {
        FILE *stream = fopen(temporary_path("start.tsv"), "w");
        assert_non_null(stream);
        fprintf(stream, "kind\thead\tindex\tvalue\n");
        for (int k = 1; k <= 3; k++)
            for (int i = 1; i <= 40; i++) {
                int as = orders[o][k - 1];
                fprintf(stream, "logit\t%d\t%d\t%.17g\n", k, i, 1e-12 * sin(1 + 3 * as + 2 * i + as * i));
            }
        fclose(stream);
        test_run r = start_run(make_problem(TARGET "init = { state = \"start.tsv\"; };"), 1e-8, 1e-12);
        double t = run_until_below(&r, NULL, 0.25);
        first = o == 0 ? t : first;
        assert_true(within("escape time of permuted heads", fabs(t / first - 1), 1e-5));
        end_run(&r);
    }
}

/* ---- certificates of accuracy ---- */

static double worst_energy_defect(const char *flow, double rtol, double t_end)
{
    test_run r = start_run(
        make_problem(TARGET "init = { distribution = \"sine\"; perturbation = 1e-2; }; flow = { %s };", flow), rtol, 1e-12);
    double worst = 0;
    for (double t = 1e-2; t < t_end; t *= 2) {
        run_to(&r, t);
        worst = fmax(worst, energy_defect(&r));
    }
    run_to(&r, t_end);
    worst = fmax(worst, energy_defect(&r));
    end_run(&r);
    return worst;
}

static void test_the_energy_defect_follows_the_tolerance(void **state)
{
    (void)state;
    static const char *const flows[] = {"geometry = \"logit\";",
                                        "geometry = \"replicator\";",
                                        "weight_decay = 0.02;",
                                        "geometry = \"replicator\"; weight_decay = 0.02;",
                                        "value_rate = 0.5; attention_rate = 2.0;",
                                        "sgd_drift = { lr = 0.05; noise = 0.5; };",
                                        "geometry = \"replicator\"; weight_decay = 0.02; sgd_drift = { lr = 0.05; };"};
    for (size_t i = 0; i < sizeof flows / sizeof *flows; i++) {
        double worst = 0;
        for (double rtol = 1e-4; rtol > 0.5e-12; rtol /= 100)
            worst = fmax(worst, worst_energy_defect(flows[i], rtol, 5000) / rtol);
        char what[128];
        snprintf(what, sizeof what, "energy defect / rtol, %s", flows[i]);
        assert_true(within(what, worst, 200));
    }
}

static void test_the_endpoint_error_follows_the_tolerance(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        double t = g == 0 ? 20 : 4, error[7] = {0};
        test_run exact = three_stages(geometries[g], 1e-2, 1e-13);
        run_to(&exact, t);
        size_t size = hf_flow_size(exact.flow);
        for (size_t i = 0; i < 7; i++) {
            test_run r = three_stages(geometries[g], 1e-2, pow(10, -4 - (double)i));
            run_to(&r, t);
            for (size_t j = 0; j < size; j++)
                error[i] = fmax(error[i], fabs(r.y[j] - exact.y[j]));
            end_run(&r);
        }
        double x = 0, y = 0, xx = 0, xy = 0;
        for (size_t i = 0; i < 7; i++) {
            double log_rtol = -4 - (double)i, log_error = log10(error[i]);
            x += log_rtol / 7, y += log_error / 7, xx += log_rtol * log_rtol / 7, xy += log_rtol * log_error / 7;
        }
        double slope = (xy - x * y) / (xx - x * x);
        assert_true(within("-(slope of the endpoint error)", -slope, -0.8));
        assert_true(within("endpoint error at rtol 1e-10", error[6], 1e-8));
        end_run(&exact);
    }
}

static void test_logits_keep_their_zero_mean(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        test_run r = three_stages(geometries[g], 1e-2, 1e-8);
        double worst = 0;
        for (double t = 1; t < 2e5; t *= 3) {
            run_to(&r, t);
            worst = fmax(worst, hf_flow_mean_logit(r.flow, r.y));
        }
        assert_true(within("drift of the logits' mean", worst, 1e-12));
        end_run(&r);
    }
}

static void test_newton_never_fails_up_to_1e12(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    static const double perturbations[] = {0, 1e-30, 1e-2};
    for (size_t i = 0; i < 6; i++) {
        test_run r = three_stages(geometries[i % 2], perturbations[i / 2], 1e-8);
        run_to(&r, 1e12);
        hf_integrator_counts counts = hf_integrator_statistics(r.integrator);
        char what[128];
        snprintf(what, sizeof what, "Newton failures, %s, perturbation %g (%" PRIu64 " steps)", geometries[i % 2],
                 perturbations[i / 2], counts.steps);
        bool good = within(what, (double)counts.newton_failures, 0);
        assert_true(good);
        end_run(&r);
    }
}

/* ---- a rate of zero ---- */

static void check_frozen(const char *part, const char *geometry, double value)
{
    test_run r = start_run(make_problem("heads = 3; positions = 10; target = { strengths = (2.0, 1.0); };"
                                        "init = { perturbation = 0.3; values = %.17g; };"
                                        "flow = { geometry = \"%s\"; %s_rate = 0.0; };",
                                        value, geometry, part),
                           1e-8, 1e-12);
    bool values = strcmp(part, "value") == 0;
    size_t first = values ? 0 : 6, last = values ? 6 : 36;
    double start[36];
    memcpy(start, r.y, sizeof start);
    run_to(&r, 1e4); /* too few steps for a change of basis: the coordinates are still those of the start */
    assert_true(hf_integrator_statistics(r.integrator).steps < 2000);
    assert_memory_equal(r.y + first, start + first, (last - first) * sizeof *start);
    assert_true(within("energy defect with a rate of 0", energy_defect(&r), 2e-6));
    end_run(&r);
}

static void test_frozen_values_stay_exactly_where_they_are(void **state)
{
    (void)state;
    check_frozen("value", "logit", 0.4);
    check_frozen("value", "replicator", 0.4);
}

static void test_frozen_logits_stay_exactly_where_they_are(void **state)
{
    (void)state;
    check_frozen("attention", "logit", 0);
    check_frozen("attention", "replicator", 0.4);
}

/* ---- method against method ---- */

enum { SMALL = 128 };

/* Classical Runge-Kutta in head coordinates on the naive equations. */
static void runge_kutta(const hf_problem *p, long double *x, size_t size, double t_end, size_t steps)
{
    long double h = (long double)t_end / (long double)steps, k[4][SMALL], z[SMALL];
    static const long double forward[] = {0, 0.5L, 0.5L, 1}, weight[] = {1 / 6.0L, 1 / 3.0L, 1 / 3.0L, 1 / 6.0L};
    for (size_t s = 0; s < steps; s++) {
        for (size_t stage = 0; stage < 4; stage++) {
            for (size_t i = 0; i < size; i++)
                z[i] = x[i] + (stage == 0 ? 0 : forward[stage] * h * k[stage - 1][i]);
            naive_flow(p, z, k[stage], NULL, NULL);
        }
        for (size_t i = 0; i < size; i++)
            for (size_t stage = 0; stage < 4; stage++)
                x[i] += h * weight[stage] * k[stage][i];
    }
}

static void test_runge_kutta_by_head_gives_the_same(void **state)
{
    (void)state;
    random_source random = {seed};
    for (size_t i = 0; i < 8; i++) {
        problem_shape shape = {.heads = 3,
                               .positions = 9,
                               .patterns = 3,
                               .outside = i / 2 % 2,
                               .replicator = i % 2 == 1,
                               .copies = true,
                               .replicas = true,
                               .weights = true,
                               .decay = true,
                               .rates = true,
                               .drift = i > 3};
        test_run r = start_run(random_problem(&shape, &random), 1e-12, 1e-14);
        size_t size = hf_flow_size(r.flow);
        long double x[SMALL], got[SMALL];
        assert_true(size <= SMALL);
        to_heads(r.flow, r.y, x);
        runge_kutta(r.problem, x, size, 5, 4000);
        run_to(&r, 5);
        to_heads(r.flow, r.y, got);
        double worst = 0;
        for (size_t j = 0; j < size; j++)
            worst = fmax(worst, (double)fabsl(got[j] - x[j]));
        assert_true(within("Runge-Kutta and BDF at t = 5", worst, 1e-9));
        end_run(&r);
    }
}

/* ---- the drift of SGD ---- */

static test_run with_drift(const char *geometry, const char *drift, double perturbation, double rtol)
{
    return start_run(make_problem(TARGET "init = { distribution = \"sine\"; perturbation = %.17g; };"
                                         "flow = { geometry = \"%s\"; sgd_drift = { %s }; };",
                                  perturbation, geometry, drift),
                     rtol, 1e-12);
}

static void test_drift_hastens_the_drops_as_an_independent_integration_says(void **state)
{
    (void)state;
    static const struct {
        const char *drift;
        double perturbation, level, t, half_digit;
    } cases[] = {
        {"lr = 0.05; batch = 512; dim = 50;", 1e-6, 1.2, 614.4, 0.05},
        {"lr = 0.05; batch = 512; dim = 10;", 1e-6, 1.2, 700, 0.5},
        {"lr = 0.05; batch = 512; dim = 50;", 1e-2, 0.25, 1040, 0.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_run r = with_drift("logit", cases[i].drift, cases[i].perturbation, 1e-8);
        assert_true(is_close(run_until_below(&r, NULL, cases[i].level), cases[i].t, 0, cases[i].half_digit));
        end_run(&r);
    }
}

static void test_the_drift_vanishes_with_the_learning_rate(void **state)
{
    (void)state;
    static const char *const drifts[] = {"lr = 1e-11;", "lr = 5e-5; batch = 1000000000;"};
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t i = 0; i < 4; i++) {
        test_run plain = three_stages(geometries[i % 2], 1e-6, 1e-10);
        test_run drifting = with_drift(geometries[i % 2], drifts[i / 2], 1e-6, 1e-10);
        double t = run_until_below(&plain, NULL, 0.25);
        assert_true(
            within("escape without drift and with hardly any", fabs(run_until_below(&drifting, NULL, 0.25) / t - 1), 1e-7));
        end_run(&plain);
        end_run(&drifting);
    }
}

static void test_drift_leaves_equal_heads_equal(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        test_run r = with_drift(geometries[g], "lr = 0.05; noise = 1.0;", 0, 1e-8);
        double *velocity = numbers(hf_flow_size(r.flow)), rate;
        run_to(&r, 1e6);
        hf_flow_velocity(r.point, velocity);
        assert_true(hf_flow_divergence(r.flow, r.y, velocity, &rate) == 0);
        /* what rounding leaves of the balance between drift and gradient adds up over time */
        assert_true(within("drift of the logits' mean", hf_flow_mean_logit(r.flow, r.y), 1e-10));
        assert_true(within("energy defect", energy_defect(&r), 2e-6));
        free(velocity);
        end_run(&r);
    }
}

/* With label noise the plateau is a fixed point, slowly reached, that contrasts leave at a constant rate: equal factors take
 * equal times in the end. */
static void test_contrasts_leave_a_plateau_under_drift_exponentially(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        double t[3];
        for (size_t i = 0; i < 3; i++) {
            test_run r = with_drift(geometries[g], "lr = 0.05; noise = 1.0;", pow(10, -180 - 50 * (double)i), 1e-10);
            t[i] = run_until_below(&r, NULL, 1.2);
            end_run(&r);
        }
        assert_true(within("times per 50 decades", fabs((t[2] - t[1]) / (t[1] - t[0]) - 1), 1e-5));
    }
}

/* Where drift and gradient balance, the velocity is a difference whose rounding a long step may amplify beyond the tolerance:
 * a few steps are then repeated. */
static void test_newton_hardly_ever_fails_under_drift(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"}, *const noises[] = {"0.0", "1.0"};
    for (size_t i = 0; i < 4; i++) {
        char drift[64];
        snprintf(drift, sizeof drift, "lr = 0.05; noise = %s;", noises[i / 2]);
        test_run r = with_drift(geometries[i % 2], drift, 1e-6, 1e-8);
        run_to(&r, 1e8);
        hf_integrator_counts counts = hf_integrator_statistics(r.integrator);
        char what[64];
        snprintf(what, sizeof what, "Newton failures, %s, noise %s (%" PRIu64 " steps)", geometries[i % 2], noises[i / 2],
                 counts.steps);
        assert_true(within(what, (double)counts.newton_failures, i < 2 ? 0 : 0.01 * (double)counts.steps));
        end_run(&r);
    }
}

/* ---- the emergence of sparse attention: one head, one pattern (Zucchet et al. 2025) ---- */

/* One relevant input with copies and inputs - copies others; the features are e_1 and the rest, which differ in their
 * variance at the relevant position when it repeats e_1 with probability p. */
static test_run emergence(double inputs, double copies, double d, double p, bool shared)
{
    double repeated = p + (1 - p) / d, fresh = (1 - p) / d, rate = shared ? copies * (inputs - copies) / inputs : 1;
    return start_run(
        make_problem("heads = 1; positions = 2; target = { strengths = (1.0, %.17g); patterns = ((1), (1)); };"
                     "data = { copies = (%.0f, 1); replicas = (1, %.0f); weights = ((%.17g, %.17g), (%.17g, %.17g)); };"
                     "init = { perturbation = 0.0; }; flow = { attention_rate = %.17g; };",
                     sqrt(d - 1), copies, inputs - copies, repeated, 1 / d, fresh, 1 / d, rate),
        1e-10, 1e-14);
}

/* The loss on data without repetition: every variance is 1/d, d = 1 + m_2^2. */
static double loss_without_repetition(const test_run *r)
{
    const hf_problem *p = r->problem;
    double d = 1 + p->strength[1] * p->strength[1], sum = 0, attention[2];
    hf_flow_head_attention(r->point, 0, attention);
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < 2; i++) {
            double e = p->target[f * 2 + i] - p->copies[i] * r->point->value[f] * attention[i];
            sum += p->replicas[i] * e * e / d;
        }
    return sum / 2;
}

typedef struct {
    double inputs, copies, d, p, t;
    double half_digit; /* half a unit of the last digit given */
    bool shared;
} emergence_case;

static void check_emergence(const emergence_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        emergence_case c = cases[i];
        test_run r = emergence(c.inputs, c.copies, c.d, c.p, c.shared);
        assert_true(close_to(loss_without_repetition(&r), 0.5, 1e-12));
        double t = run_until_below(&r, loss_without_repetition, 0.1);
        char what[128];
        snprintf(what, sizeof what, "emergence, T=%.0f B=%.0f d=%.0f p=%.1f: %.9g for %.9g", c.inputs, c.copies, c.d, c.p,
                 t, c.t);
        assert_true(within(what, fabs(t / c.t - 1), 1e-6 + c.half_digit / c.t));
        end_run(&r);
    }
}

static void test_emergence_times_are_those_of_the_closed_reduction(void **state)
{
    (void)state;
    static const emergence_case cases[] = {
        {256, 1, 64, 0, 2694.823, 5e-4, true}, {512, 1, 64, 0, 5319.27, 5e-3, true},  {512, 1, 16, 0, 2710.69, 5e-3, true},
        {4096, 1, 64, 0, 42042.0, 0.05, true}, {256, 1, 256, 0, 5428.83, 5e-3, true},
    };
    check_emergence(cases, sizeof cases / sizeof *cases);
}

static void test_emergence_times_with_copies(void **state)
{
    (void)state;
    static const emergence_case cases[] = {
        {4096, 4, 64, 0, 10397.6, 0.05, true},  {4096, 16, 64, 0, 2641.9, 0.05, true},
        {4096, 64, 64, 0, 709.9, 0.05, true},   {4096, 1, 64, 0, 42036.8, 0.05, false},
        {4096, 4, 64, 0, 20871.9, 0.05, false}, {4096, 16, 64, 0, 10521.2, 0.05, false},
        {4096, 64, 64, 0, 5455.8, 0.05, false},
    };
    check_emergence(cases, sizeof cases / sizeof *cases);
}

static void test_emergence_times_with_repetition_across_samples(void **state)
{
    (void)state;
    static const emergence_case cases[] = {
        {512, 1, 64, 0.1, 4186, 0.5, true}, {512, 1, 64, 0.5, 1487, 0.5, true}, {512, 1, 64, 0.9, 1880, 0.5, true}};
    check_emergence(cases, sizeof cases / sizeof *cases);
}

/* ---- restarts ---- */

static void steps_to_boundary(test_run *r)
{
    hf_error err = {0};
    while (!hf_integrator_at_boundary(r->integrator))
        if (hf_integrator_step(r->integrator, &err) != HF_OK)
            fail_msg("%s", err.message);
}

static void test_a_loaded_run_goes_on_with_the_same_bits(void **state)
{
    (void)state;
    static const char *const geometries[] = {"logit", "replicator"};
    for (size_t g = 0; g < 2; g++) {
        test_run r = three_stages(geometries[g], 1e-30, 1e-12), again = three_stages(geometries[g], 1e-30, 1e-12);
        size_t size = hf_flow_size(r.flow);
        hf_integrator_state saved = {.y = numbers(size)};
        steps_to_boundary(&r);
        assert_int_equal(hf_integrator_restart(r.integrator, NULL), HF_OK);
        hf_integrator_save(r.integrator, &saved);
        assert_int_equal(hf_flow_use_basis(again.flow, r.flow->basis->distance, NULL), HF_OK);
        assert_int_equal(hf_integrator_load(again.integrator, &saved, NULL), HF_OK);
        for (size_t s = 0; s < 500; s++) {
            assert_int_equal(hf_integrator_step(r.integrator, NULL), HF_OK);
            assert_int_equal(hf_integrator_step(again.integrator, NULL), HF_OK);
        }
        double t = (hf_integrator_time(r.integrator) + hf_integrator_previous_time(r.integrator)) / 2, energy[2];
        assert_true(hf_integrator_time(r.integrator) == hf_integrator_time(again.integrator));
        hf_integrator_interpolate(r.integrator, t, r.y, &energy[0]);
        hf_integrator_interpolate(again.integrator, t, again.y, &energy[1]);
        assert_memory_equal(r.y, again.y, size * sizeof *r.y);
        assert_true(energy[0] == energy[1]);
        hf_integrator_counts a = hf_integrator_statistics(r.integrator), b = hf_integrator_statistics(again.integrator);
        assert_int_equal(a.steps, b.steps);
        assert_int_equal(a.evaluations, b.evaluations);
        assert_true(a.steps > 2000);
        free(saved.y);
        end_run(&r);
        end_run(&again);
    }
}

static void test_a_run_repeats_its_bits(void **state)
{
    (void)state;
    test_run a = three_stages("logit", 1e-3, 1e-9), b = three_stages("logit", 1e-3, 1e-9);
    run_to(&a, 3000);
    for (double t = 0.5; t < 3000; t *= 1.1) /* other output times leave the trajectory alone */
        run_to(&b, t);
    run_to(&b, 3000);
    assert_memory_equal(a.y, b.y, hf_flow_size(a.flow) * sizeof *a.y);
    end_run(&a);
    end_run(&b);
}

static void test_a_restart_leaves_time_heads_and_energy_where_they_are(void **state)
{
    (void)state;
    test_run r = three_stages("logit", 1e-2, 1e-8);
    run_to(&r, 60);
    double t = hf_integrator_time(r.integrator);
    run_to(&r, t);
    size_t size = hf_flow_size(r.flow);
    long double *before = long_numbers(size), *after = long_numbers(size);
    double energy = r.energy, worst = 0;
    to_heads(r.flow, r.y, before);
    assert_int_equal(hf_integrator_restart(r.integrator, NULL), HF_OK);
    assert_true(hf_integrator_time(r.integrator) == t);
    run_to(&r, t);
    to_heads(r.flow, r.y, after);
    for (size_t i = 0; i < size; i++)
        worst = fmax(worst, (double)fabsl(after[i] - before[i]));
    assert_true(within("heads after a restart", worst, 1e-14));
    assert_true(r.energy == energy);
    free(before), free(after);
    end_run(&r);
}

/* ---- failures ---- */

static hf_status create_and_step(const char *text, double atol, hf_error *err)
{
    hf_problem *p;
    hf_status status = try_problem(text, &p, err);
    if (status != HF_OK)
        return status;
    hf_flow *flow = make_flow(p);
    hf_integrator *it = NULL;
    status = hf_integrator_create(&it, hf_flow_system(flow), 1e-8, atol, err);
    for (size_t s = 0; s < 1000 && status == HF_OK; s++)
        status = hf_integrator_step(it, err);
    hf_integrator_free(it);
    hf_flow_free(flow);
    hf_problem_free(p);
    return status;
}

static void test_an_overflow_names_what_overflows(void **state)
{
    (void)state;
    static const char *const models[] = {
        "heads = 2; positions = 3; target = { strengths = (1e200); };",
        "heads = 2; positions = 3; target = { strengths = (1.0); }; init = { values = 1e200; };",
        "heads = 2; positions = 3; target = { strengths = (1e160); }; flow = { geometry = \"replicator\"; };",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        hf_error err = {0};
        assert_int_equal(create_and_step(models[i], 1e-12, &err), HF_ENUMERIC);
        if (strstr(err.message, "not finite at t = 0") == NULL ||
            (strstr(err.message, "loss") == NULL && strstr(err.message, "value of head") == NULL &&
             strstr(err.message, "logit of head") == NULL && strstr(err.message, "speed") == NULL))
            fail_msg("%s", err.message);
    }
}

static void test_huge_logits_of_a_table_are_a_numerical_failure(void **state)
{
    (void)state;
    static const char table[] = "kind\thead\tindex\tvalue\nlogit\t1\t1\t1e308\nlogit\t1\t2\t-1e308\nlogit\t1\t3\t1e308\n"
                                "logit\t2\t1\t-1e308\nlogit\t2\t2\t1e308\nlogit\t2\t3\t1e308\n";
    hf_error err = {0};
    write_text(temporary_path("start.tsv"), table, sizeof table - 1);
    hf_status status = create_and_step(
        "heads = 2; positions = 3; target = { strengths = (1.0); }; init = { state = \"start.tsv\"; };", 1e-12, &err);
    assert_int_equal(status, HF_ENUMERIC);
    assert_non_null(strstr(err.message, "logit of head"));
}

static void test_no_absolute_tolerance_is_refused_with_zero_values(void **state)
{
    (void)state;
    hf_error err = {0};
    assert_int_equal(create_and_step(TARGET, 0, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "solver.atol = 0"));
}

static void test_free_accepts_null(void **state)
{
    (void)state;
    hf_integrator_free(NULL);
}

int main(void)
{
    hf_init();
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_logit_reference_is_met),
        cmocka_unit_test(test_the_replicator_reference_is_met),
        cmocka_unit_test(test_equal_heads_stay_equal_and_learn_the_first_pattern),
        cmocka_unit_test(test_any_equal_pair_among_three_heads_stays_equal),
        cmocka_unit_test(test_escape_times_follow_the_perturbation),
        cmocka_unit_test(test_a_perturbation_of_1e_200_escapes_by_its_true_law),
        cmocka_unit_test(test_escape_does_not_depend_on_the_order_of_heads),
        cmocka_unit_test(test_the_energy_defect_follows_the_tolerance),
        cmocka_unit_test(test_the_endpoint_error_follows_the_tolerance),
        cmocka_unit_test(test_logits_keep_their_zero_mean),
        cmocka_unit_test(test_newton_never_fails_up_to_1e12),
        cmocka_unit_test(test_frozen_values_stay_exactly_where_they_are),
        cmocka_unit_test(test_frozen_logits_stay_exactly_where_they_are),
        cmocka_unit_test(test_runge_kutta_by_head_gives_the_same),
        cmocka_unit_test(test_drift_hastens_the_drops_as_an_independent_integration_says),
        cmocka_unit_test(test_the_drift_vanishes_with_the_learning_rate),
        cmocka_unit_test(test_drift_leaves_equal_heads_equal),
        cmocka_unit_test(test_contrasts_leave_a_plateau_under_drift_exponentially),
        cmocka_unit_test(test_newton_hardly_ever_fails_under_drift),
        cmocka_unit_test(test_emergence_times_are_those_of_the_closed_reduction),
        cmocka_unit_test(test_emergence_times_with_copies),
        cmocka_unit_test(test_emergence_times_with_repetition_across_samples),
        cmocka_unit_test(test_a_loaded_run_goes_on_with_the_same_bits),
        cmocka_unit_test(test_a_run_repeats_its_bits),
        cmocka_unit_test(test_a_restart_leaves_time_heads_and_energy_where_they_are),
        cmocka_unit_test(test_an_overflow_names_what_overflows),
        cmocka_unit_test(test_huge_logits_of_a_table_are_a_numerical_failure),
        cmocka_unit_test(test_no_absolute_tolerance_is_refused_with_zero_values),
        cmocka_unit_test(test_free_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
