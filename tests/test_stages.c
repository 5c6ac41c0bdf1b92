/* Stages: how many there are, against closed forms and an independent judge, whatever the tolerance and the contrast; what
 * holds at the start. */
#include "detected.h"
#include "judge.h"
#include "support.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- counts that are known ---- */

/* t_end is 10^4 unless given. The judge counts the same (test_counts_of_the_table). */
typedef struct {
    const char *text;
    size_t stages, at_low_contrast, at_high_contrast; /* contrast 3; 1.2; 10 */
    double judged;                                    /* until when the judge looks; 0: for the reason given */
} known_count;

#define H(n)   "heads = " #n "; "
#define T(n)   "positions = " #n "; "
#define M(...) "target = { strengths = (" #__VA_ARGS__ "); }; "

static const known_count known[] = {
    {H(1) T(1) M(1.0), 0, 0, 0, 300}, /* L = exp(-2t)/2 */
    {H(1) T(1) M(3.0), 0, 0, 0, 300},
    {H(3) T(1) M(1.0), 0, 0, 0, 300}, /* equal values: L = exp(-2Ht)/2 */
    {H(2) T(1) "target = { strengths = (2.0, 1.0); patterns = ((1), (1)); }; ", 0, 0, 0, 300},
    {H(2) T(2) M(2.0, 1.0), 1, 1, 1, 1000},
    {H(3) T(2) M(2.0, 1.0), 1, 1, 1, 1000},
    {H(3) T(3) M(2.89, 1.7, 1.0), 2, 2, 2, 2000},
    {H(1) T(3) M(2.0, 1.5, 1.0), 0, 0, 0, 1000},
    {H(2) T(4) M(1.0, 1.0), 1, 1, 1, 2000},
    {H(8) T(10) M(1.0), 1, 1, 1, 1000},
    {H(8) T(40) M(2.89, 1.7, 1.0), 3, 3, 3, 2000},
    {H(3) T(40) M(2.89, 1.7, 1.0), 3, 3, 3, 2000},
    {H(3) T(40) M(2.89, 1.7, 1.0) "flow = { geometry = \"replicator\"; }; ", 3, 3, 3, 300},
    {H(2) T(10) M(2.0, 1.0) "flow = { geometry = \"replicator\"; }; ", 2, 2, 2, 200},
    {H(3) T(40) M(2.89, 1.7, 1.0) "flow = { values = \"frozen\"; }; init = { values = 1.0; }; ", 1, 1, 0, 1000},
    {H(3) T(40) M(2.89, 1.7, 1.0) "flow = { value_rate = 0.0; }; init = { values = 1.0; }; ", 1, 1, 0, 1000},
    {H(3) T(40) M(2.89, 1.7, 1.0) "flow = { attention_rate = 0.0; }; ", 0, 0, 0, 1000},
    {H(2) T(5) M(2.0, 1.0) "flow = { weight_decay = 0.1; }; ", 0, 1, 0, 1000},
    {H(2) T(5) M(2e-3, 1e-3) "solver = { t_end = 3e4; }; ", 1, 1, 1, 3e4},
};

enum { KNOWN = sizeof known / sizeof known[0] };

/* A text in a file, and more settings: the problem alone. */
static hf_problem *problem_of(const char *text)
{
    return make_problem("%s", text);
}

/* The smallest fall that the integration promises to tell, as doc/mathematics.md defines it, for values of order 1. */
static double promised(const hf_problem *p, double rtol)
{
    double scale = 0;
    for (size_t r = 0; r < p->features; r++)
        for (size_t i = 0; i < p->positions; i++)
            scale += p->replicas[i] * p->variance[r * p->positions + i] * p->target[r * p->positions + i] *
                     p->target[r * p->positions + i] / 2;
    return 10 * rtol * rtol * scale;
}

static size_t stages_of(const char *text, double contrast, double rtol, double t_end)
{
    detected_run run;
    char settings[3][64];
    const char *const list[] = {"detect.saddles=false", settings[0], settings[1], settings[2]};
    snprintf(settings[0], sizeof settings[0], "detect.contrast=%.17g", contrast);
    snprintf(settings[1], sizeof settings[1], "solver.rtol=%.17g", rtol);
    snprintf(settings[2], sizeof settings[2], "solver.t_end=%.17g", t_end);
    detect_with(&run, text, t_end > 0 ? 4 : 3, list);
    const hf_findings *f = &run.findings;
    for (size_t i = 0; i < f->event_count; i++)
        assert_true(f->event[i].loss >= 0 && isfinite(f->event[i].t));
    for (size_t i = 0; i < f->stage_count; i++)
        assert_true(!(f->stage[i].t_settle <= f->stage[i].t_onset));
    const size_t count = f->stage_count;
    clear_run(&run);
    return count;
}

static bool counted(const char *text, const char *how, double x, size_t got, size_t want)
{
    if (got != want)
        fprintf(stderr, "%s (%s %g): %zu stages, expected %zu\n", text, how, x, got, want);
    return got == want;
}

static void test_counts_of_the_table(void **state)
{
    (void)state;
    const double tolerances[] = {1e-3, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12};
    bool good = true;
    for (size_t i = 0; i < KNOWN; i++) {
        const known_count *k = &known[i];
        for (size_t r = 0; r < sizeof tolerances / sizeof *tolerances; r++)
            good &= counted(k->text, "rtol", tolerances[r], stages_of(k->text, 3, tolerances[r], 0), k->stages);
        good &= counted(k->text, "contrast", 1.2, stages_of(k->text, 1.2, 1e-8, 0), k->at_low_contrast);
        good &= counted(k->text, "contrast", 10, stages_of(k->text, 10, 1e-8, 0), k->at_high_contrast);
    }
    assert_true(good);
}

static void test_the_judge_agrees_with_the_table(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < KNOWN; i++) {
        const known_count *k = &known[i];
        if (k->judged == 0)
            continue;
        hf_problem *p = problem_of(k->text);
        judged_curve curve = integrate_naively(p, k->judged, 1000000);
        good &= counted(k->text, "judged", 3, count_stages(&curve, 3, promised(p, 1e-8)), k->stages);
        good &= counted(k->text, "judged", 1.2, count_stages(&curve, 1.2, promised(p, 1e-8)), k->at_low_contrast);
        good &= counted(k->text, "judged", 10, count_stages(&curve, 10, promised(p, 1e-8)), k->at_high_contrast);
        clear_curve(&curve);
        hf_problem_free(p);
    }
    assert_true(good);
}

/* Steps up to 60 times as long as the time in which the loss falls: it stays between its values at the ends. */
static void test_losses_between_steps_are_between(void **state)
{
    (void)state;
    for (double width = 0.1; width < 60; width *= 1.3) {
        hf_sample a[] = {{.t = 0, .loss = 1, .speed = 2, .rate = -4},
                         {.t = width, .loss = exp(-2 * width), .speed = 2 * exp(-2 * width), .rate = -4 * exp(-2 * width)}};
        const hf_curve curve = {2, a};
        for (size_t i = 1; i < 100; i++) {
            const double loss = hf_curve_loss(&curve, width * (double)i / 100);
            assert_true(loss <= 1 && loss >= 0 && loss >= a[1].loss - 2e-15);
        }
        assert_true(is_close(hf_curve_loss(&curve, width), a[1].loss, 0, 1e-14));
        if (width < 0.2)
            assert_true(close_to(hf_curve_loss(&curve, width / 2), exp(-width), 1e-6));
        const double t = hf_curve_first_below(&curve, 0.9);
        assert_true(t > 0 && t < width);
    }
}

/* A run goes on after it has come to rest: nothing that was found moves. */
static void test_settling_does_not_move_with_the_end(void **state)
{
    (void)state;
    static const char *const texts[] = {H(2) T(2) M(2.0, 1.0), H(3) T(3) M(2.89, 1.7, 1.0), H(8) T(10) M(1.0)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double settled[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            detected_run run;
            char setting[64];
            const char *const list[] = {setting};
            snprintf(setting, sizeof setting, "solver.t_end=%.17g", 3000 * pow(10, (double)k));
            detect_with(&run, texts[i], 1, list);
            settled[k] = run.findings.stage[run.findings.stage_count - 1].t_settle;
            clear_run(&run);
        }
        assert_true(close_to(settled[1], settled[0], 1e-6) && close_to(settled[2], settled[0], 1e-6));
    }
}

/* ---- rates from around ---- */

static void test_rates_from_around(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    hf_sample at[COUNT];
    const hf_curve curve = {COUNT, at}, few = {2, at};
    double t = 0;
    for (size_t i = 0; i < COUNT; i++, t += 0.1 + 0.02 * (double)(i % 3)) /* ln P = t - t^2 + t^3 / 3 - t^4 / 5 */
        at[i] = (hf_sample){.t = t, .loss = 1, .speed = exp(t * (1 - t * (1 - t * (1.0 / 3 - t / 5)))), .rate = NAN};
    for (size_t i = 0; i < COUNT; i++) {
        const double s = at[i].t, rate = at[i].speed * (1 - s * (2 - s * (1 - 0.8 * s)));
        assert_true(close_to(hf_curve_rate(&curve, i), rate, 1e-10));
    }
    assert_true(close_to(hf_curve_rate(&few, 0), at[0].speed * log(at[1].speed / at[0].speed) / at[1].t, 1e-14));
    for (size_t i = 0; i < COUNT; i++) /* through 0 */
        at[i].speed = at[i].t * at[i].t * at[i].t - at[i].t;
    assert_true(close_to(hf_curve_rate(&curve, 5), 3 * at[5].t * at[5].t - 1, 1e-10));
    at[5].rate = 7;
    assert_true(hf_curve_rate(&curve, 5) == 7);
}

/* ---- random flows ---- */

static void random_flow(random_source *random, char *text, size_t capacity)
{
    const size_t J = draw_count(random, 1, 4);
    size_t positions = draw_count(random, 1, 60);
    const double ratio = 1 + 2 * draw_uniform(random), size = pow(10, -1 - 7 * draw_uniform(random));
    const bool replicator = draw_uniform(random) < 0.5;
    const size_t heads = draw_count(random, 1, 4);
    char *end =
        text + snprintf(text, capacity, "heads = %zu; positions = %zu; target = { base = 1.0; ratio = %.6g; count = %zu; ",
                        heads, positions, ratio, J);
    if (positions < J) { /* patterns share positions */
        end += sprintf(end, "patterns = (");
        for (size_t j = 0; j < J; j++)
            end += sprintf(end, "%s(%zu)", j > 0 ? ", " : "", j % positions + 1);
        end += sprintf(end, "); ");
    }
    end += sprintf(end, "}; flow = { geometry = \"%s\"; }; init = { perturbation = %.3g; seed = %zu; };",
                   replicator ? "replicator" : "logit", size, draw_count(random, 1, 1000));
    if (draw_uniform(random) < 0.3) { /* copies, replicas and a variance */
        end += sprintf(end, " data = { copies = (");
        for (size_t i = 0; i < positions; i++)
            end += sprintf(end, "%s%zu", i > 0 ? ", " : "", draw_count(random, 1, 3));
        end += sprintf(end, "); };");
    }
    assert_true((size_t)(end - text) < capacity);
}

/* The judge's number of stages need not be one number where a drop is about as fast as contrast asks for or falls as much
 * as the tolerance resolves: least and most. */
static void test_stages_of_random_flows(void **state)
{
    (void)state;
    const char *const more = getenv("HF_TEST_FLOWS");
    const size_t flows = more == NULL ? 300 : strtoul(more, NULL, 10), evaluations = more == NULL ? 7000 : 40000;
    const double judge_error = 1e-9; /* of the judge's states: steps of error 1e-11, far longer than the fastest time */
    random_source random = {20251125}, other = {20251126};
    size_t invented = 0, lost = 0, stages = 0, undecided = 0;
    for (size_t i = 0; i < flows; i++) {
        char text[2048];
        random_flow(&random, text, sizeof text);
        const bool usual = i % 4 == 0; /* of the rest, contrasts from 1.2 to 10 and tolerances from 1e-4 to 1e-11 */
        const double contrast = usual ? 3 : exp(log(1.2) + log(10 / 1.2) * draw_uniform(&other));
        const double rtol = usual ? 1e-8 : pow(10, -4 - 7 * draw_uniform(&other));
        hf_problem *p = problem_of(text);
        judged_curve curve = integrate_naively(p, 1e4, evaluations);
        const double resolution = promised(p, rtol), t_end = curve.t[curve.count - 1];
        const double judged = fmax(resolution, promised(p, judge_error)); /* a fall that the judge is sure of */
        const size_t least = count_stages(&curve, contrast * 1.03, 3 * judged);
        const size_t most = count_stages(&curve, contrast / 1.03, resolution / 3);
        const size_t found = stages_of(text, contrast, rtol, t_end);
        if (found < least || found > most)
            fprintf(stderr, "%s solver = { t_end = %.17g; rtol = %.3g; }; detect = { contrast = %.4g; };: %zu stages, "
                            "judged %zu to %zu\n",
                    text, t_end, rtol, contrast, found, least, most);
        invented += found > most ? found - most : 0;
        lost += found < least ? least - found : 0;
        stages += found;
        undecided += least != most;
        clear_curve(&curve);
        hf_problem_free(p);
    }
    fprintf(stderr, "margin: %zu flows, %zu stages, %zu undecided\n", flows, stages, undecided);
    assert_true(invented == 0 && lost == 0 && stages > flows / 2 && undecided < flows / 20);
}

/* Steps that are only glanced at hide nothing: with an evaluation at the end of every step all is found at the same times but
 * onset and settling, which are interpolated. */
static void test_glances_miss_nothing(void **state)
{
    (void)state;
    random_source random = {20251127};
    size_t events = 0, glanced = 0, seen = 0;
    for (size_t i = 0; i < 60; i++) {
        char text[2048], rtol[64], contrast[64], t_end[64];
        detected_run glancing, looking;
        random_flow(&random, text, sizeof text);
        snprintf(rtol, sizeof rtol, "solver.rtol=%.3g", pow(10, -2 - 8 * draw_uniform(&random)));
        snprintf(contrast, sizeof contrast, "detect.contrast=%.3g", 1.1 + 4 * draw_uniform(&random));
        snprintf(t_end, sizeof t_end, "solver.t_end=%.3g", pow(10, 4 * draw_uniform(&random)));
        const char *const settings[] = {rtol, contrast, t_end, "detect.saddles=false"};
        detect_by(&glancing, text, 4, settings, true);
        detect_by(&looking, text, 4, settings, false);
        const hf_findings *f = &glancing.findings, *g = &looking.findings;
        assert_int_equal(f->event_count, g->event_count);
        for (size_t e = 0; e < f->event_count; e++) {
            const hf_event *a = &f->event[e], *b = &g->event[e];
            const bool between = a->kind == HF_EVENT_ONSET || a->kind == HF_EVENT_SETTLE;
            assert_true(a->kind == b->kind && a->stage == b->stage && a->head == b->head && a->pattern == b->pattern);
            assert_true(close_to(a->t, b->t, between ? 10 * glancing.config.solver.rtol : 1e-12));
        }
        for (size_t k = 0; k < f->curve.count; k++) {
            glanced += isnan(f->curve.at[k].rate) ? 1u : 0u;
            seen++;
            assert_true(!isnan(g->curve.at[k].rate));
            const double off = fabs(f->curve.at[k].loss - g->curve.at[k].loss);
            assert_true(f->curve.at[k].t == g->curve.at[k].t && off <= glancing.config.solver.rtol * g->curve.at[0].loss);
        }
        events += f->event_count;
        clear_run(&glancing);
        clear_run(&looking);
    }
    fprintf(stderr, "margin: %zu events, %zu of %zu steps glanced at\n", events, glanced, seen);
    assert_true(events > 120 && 10 * glanced > 3 * seen);
}

int main(void)
{
    gsl_set_error_handler_off();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_the_table),
        cmocka_unit_test(test_the_judge_agrees_with_the_table),
        cmocka_unit_test(test_losses_between_steps_are_between),
        cmocka_unit_test(test_settling_does_not_move_with_the_end),
        cmocka_unit_test(test_rates_from_around),
        cmocka_unit_test(test_stages_of_random_flows),
        cmocka_unit_test(test_glances_miss_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
