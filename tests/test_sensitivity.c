/* Derivatives of events with respect to parameters: reference numbers, central differences with their own errors, scaling laws,
 * contrasts as small as numbers are, trajectories that stay as they are, resumption, and refusals. */
#include "support.h"

#include "config/fill.h"
#include "core/file.h"
#include "flow/direction.h"
#include "integrate/variation.h"
#include "run/flow_run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- runs ---- */

static hf_status try_run(const char *text, const hf_run_options *options, hf_run_summary *summary, hf_error *err)
{
    hf_config config;
    hf_flow_run_params params;
    const char *path = temporary_path("model.conf");
    write_text(path, text, strlen(text));
    hf_status status = hf_config_read(&config, path, 0, NULL, err);
    if (status != HF_OK)
        return status;
    status = hf_fill_flow_run(&config, &params, err);
    if (status == HF_OK)
        status = hf_fill_identity(&config, &params.origin, &params.state_hash, err);
    if (status == HF_OK)
        status = hf_flow_run(&params, options, summary, err);
    hf_fill_clear_problem(&params.problem);
    hf_config_clear(&config);
    return status;
}

static hf_run_summary run_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static hf_run_summary run_text(const char *format, ...)
{
    static char text[8192];
    hf_run_summary summary;
    hf_run_options options = {.threads = 1};
    hf_error err = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (try_run(text, &options, &summary, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    return summary;
}

static const hf_sensitivity_row *find_row(const hf_run_summary *s, hf_event_kind event, size_t stage, const char *quantity,
                                          const char *parameter)
{
    const hf_sensitivities *all = &s->sensitivities;
    for (size_t i = 0; i < all->count; i++) {
        const hf_sensitivity_row *r = &all->row[i];
        if (r->event == event && r->stage == stage && strcmp(r->quantity, quantity) == 0 &&
            strcmp(all->parameter[r->parameter], parameter) == 0)
            return r;
    }
    fail_msg("no row of event %d, stage %zu, %s, %s", (int)event, stage, quantity, parameter);
    return NULL;
}

#define THREE "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };"
#define START "init = { distribution = \"sine\"; perturbation = %.17g; };"

/* ---- reference numbers ---- */

/* The reference starts from sines counted from 0. */
static void start_from_reference(double perturbation, size_t heads, size_t positions, double *logit)
{
    for (size_t k = 0; k < heads; k++) {
        double mean = 0;
        for (size_t i = 0; i < positions; i++) {
            logit[k * positions + i] = perturbation * sin((double)(1 + 3 * k + 2 * i + k * i));
            mean += logit[k * positions + i] / (double)positions;
        }
        for (size_t i = 0; i < positions; i++)
            logit[k * positions + i] -= mean;
    }
}

/* dt of the first time at which the loss falls to level, along the start's size. */
static double level_slope(double level)
{
    hf_problem *problem = make_problem(THREE);
    double zero[3 * 43] = {0}, energy, y[3 * 43], x[3 * 43], f[3 * 43], before;
    hf_error err = {0};
    start_from_reference(1e-2, 3, 40, problem->logit_deviation);
    hf_flow *flow = make_flow(problem);
    hf_direction direction = {
        .base_value = zero, .base_logit = zero, .zero = zero, .logit_deviation = problem->logit_deviation};
    hf_directions directions = {1, &direction};
    flow->directions = &directions;
    hf_point *point;
    hf_integrator *integrator;
    hf_variation *variation;
    assert_int_equal(hf_integrator_create(&integrator, hf_flow_system(flow), 1e-10, 1e-12, &err), HF_OK);
    assert_int_equal(hf_variation_create(&variation, integrator, &err), HF_OK);
    do {
        before = hf_integrator_time(integrator);
        assert_int_equal(hf_integrator_step(integrator, &err), HF_OK);
        assert_int_equal(hf_variation_step(variation, &err), HF_OK);
        point = hf_variation_point(variation);
    } while (hf_point_loss(point) > level);
    double after = hf_integrator_time(integrator);
    for (int k = 0; k < 60; k++) {
        const double middle = (before + after) / 2;
        hf_integrator_interpolate(integrator, middle, y, &energy);
        hf_point_at(point, y);
        *(hf_point_loss(point) > level ? &before : &after) = middle;
    }
    hf_variation_interpolate(variation, 0, after, x);
    const hf_sensitivity_kind *kind = point->system.kind->sensitivity;
    point->system.kind->velocity(point->self, f);
    const hf_number loss = {.kind = HF_NUMBER_LOSS};
    const double slope = -kind->number(point->self, loss, x, 0) / kind->number(point->self, loss, f, HF_NO_PARAMETER);
    hf_variation_free(variation);
    hf_integrator_free(integrator);
    hf_flow_free(flow);
    hf_problem_free(problem);
    return slope;
}

static void test_levels_are_those_of_the_reference(void **state)
{
    (void)state;
    assert_true(is_close(level_slope(4), -.146946, 1e-6, 5e-7));
    assert_true(is_close(level_slope(1.2), -15.79903, 1e-6, 5e-6));
}

static void test_extrema_are_those_of_the_reference(void **state)
{
    static const struct {
        hf_event_kind event;
        size_t stage;
        double slope;
    } rows[] = {{HF_EVENT_PLATEAU, 0, -.0128279}, {HF_EVENT_DROP, 1, -.1299159},  {HF_EVENT_PLATEAU, 1, -9.1698253},
                {HF_EVENT_DROP, 2, -14.9556642},  {HF_EVENT_ONSET, 1, -.0145794}, {HF_EVENT_SETTLE, 1, -.4806150},
                {HF_EVENT_ONSET, 2, -13.9815725}};
    (void)state;
    hf_run_summary s = run_text(THREE START "sensitivity = { to = (\"perturbation\"); }; solver = { t_end = 70.0; };"
                                            "detect = { saddles = false; };",
                                1e-2);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(is_close(find_row(&s, rows[i].event, rows[i].stage, "t", "perturbation")->derivative, rows[i].slope,
                             1e-6, 1e-7));
    hf_run_summary_clear(&s);
}

/* Relative slopes in lr at lr = 0, of the times at which the loss falls below the middle of two plateaus: those that exact gradient descent
 * of models/sgd-ladder.conf has. With steps, the derivative by their logarithm is that by themselves times them, and faster rates with
 * smaller steps are another unit of time. */
static void test_finite_steps_have_slopes(void **state)
{
    static const double level[] = {3.9822, 1.2246}, slope[] = {0.0672, 0.1399};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        hf_run_summary s = run_text(THREE START "sensitivity = { to = (\"per_step\"); }; detect = { saddles = false; };"
                                                "solver = { t_end = 70.0; stop_loss = %.17g; };",
                                    1e-2, level[k]);
        const hf_sensitivity_row *r = find_row(&s, HF_EVENT_STOP, k + 1, "t", "per_step");
        assert_true(is_close(r->derivative / r->t, slope[k], 0, 6e-5));
        hf_run_summary_clear(&s);
    }
    hf_run_summary s =
        run_text(THREE START "sensitivity = { to = (\"step\", \"per_step\", \"value_rate\", \"attention_rate\"); };"
                             "flow = { step = 0.1; momentum = 0.5; }; solver = { t_end = 70.0; };"
                             "detect = { saddles = false; };",
                 1e-2);
    const hf_sensitivity_row *r = find_row(&s, HF_EVENT_DROP, 2, "t", "step");
    assert_true(close_to(r[1].derivative, r[0].derivative / 0.1, 1e-7));
    assert_true(close_to(r[2].derivative + r[3].derivative - r[0].derivative, -r[0].value, 1e-6));
    hf_run_summary_clear(&s);
}

/* Both rates faster by a factor: all times shorter by it, all levels the same. */
static void test_rates_are_a_unit_of_time(void **state)
{
    (void)state;
    hf_run_summary s = run_text(THREE START "sensitivity = { to = (\"value_rate\", \"attention_rate\"); };"
                                            "solver = { t_end = 70.0; }; detect = { saddles = false; };",
                                1e-2);
    size_t checked = 0;
    for (size_t i = 0; i + 1 < s.sensitivities.count; i += 2) {
        const hf_sensitivity_row *a = &s.sensitivities.row[i], *b = a + 1;
        if (a->why != HF_WHY_DEFINED || a->event == HF_EVENT_STOP || a->event == HF_EVENT_SETTLE || a->t == 70)
            continue;
        const double want = strcmp(a->quantity, "t") == 0 ? -a->value : strcmp(a->quantity, "speed") == 0 ? a->value : 0;
        assert_true(is_close(a->derivative + b->derivative, want, 2e-6, 1e-6));
        checked++;
    }
    assert_true(checked > 20);
    hf_run_summary_clear(&s);
}

/* ---- small contrasts ---- */

/* The second stage's plateau lasts log^2(1/perturbation): its square root grows by the same for every decade, thirty of them and from
 * one run alike, and a perturbation of 1e-200 has a derivative of full accuracy. */
static double slope_of_root(double perturbation, double *root)
{
    hf_run_summary s = run_text(THREE START "sensitivity = { to = (\"perturbation\"); };"
                                            "solver = { t_end = 2e6; stop_loss = 1.2; }; detect = { saddles = false; };",
                                perturbation);
    const hf_sensitivity_row *r = find_row(&s, HF_EVENT_STOP, 2, "t", "perturbation");
    const double slope = -log(10) * r->derivative / (2 * sqrt(r->t));
    *root = sqrt(r->t);
    hf_run_summary_clear(&s);
    return slope;
}

static void test_the_escape_law_is_known_from_one_run(void **state)
{
    double root[3];
    (void)state;
    const double first = slope_of_root(1e-5, &root[0]), middle = slope_of_root(1e-20, &root[1]),
                 last = slope_of_root(1e-35, &root[2]), fitted = (root[2] - root[0]) / 30;
    assert_true(close_to(middle, fitted, 5e-3)); /* the law holds the better, the smaller the perturbation */
    assert_true(close_to((first + 4 * middle + last) / 6, fitted, 1e-3));
    assert_true(close_to(slope_of_root(1e-200, &root[0]), 5.17, 2e-3));
}

/* ---- central differences ---- */

typedef struct {
    const char *geometry;
    bool decays, drifts, gram, copies, weights, tested;
    size_t heads;
    double step, momentum;
} shape;

typedef struct {
    double perturbation, strength_1, strength_2, value_rate, attention_rate, weight_decay, drift, step;
} factors;

enum { FACTORS = sizeof(factors) / sizeof(double) };
static const char *const factor_names[FACTORS] = {"perturbation",   "strength_1",   "strength_2", "value_rate",
                                                  "attention_rate", "weight_decay", "drift",      "step"};

static hf_run_summary run_shape(const shape *x, unsigned seed, const factors *f, bool follow)
{
    char drift[100], step[100];
    snprintf(drift, sizeof drift, "sgd_drift = { batch = 64; dim = 5; lr = %.17g; };", 0.02 * f->drift);
    snprintf(step, sizeof step, "step = %.17g; momentum = %.17g;", x->step * f->step, x->momentum);
    return run_text(
        "heads = %zu; positions = 9; target = { strengths = (%.17g, %.17g); patterns = ((1, 2), (2, 3)); %s };"
        "data = { %s %s }; init = { seed = %uL; perturbation = %.17g; };"
        "flow = { geometry = \"%s\"; value_rate = %.17g; attention_rate = %.17g; weight_decay = %.17g; %s %s };"
        "solver = { t_end = 400.0; rtol = 1e-10; }; detect = { saddles = false; loss_fraction = 0.3; }; %s %s%s%s%s%s",
        x->heads, 2.5 * f->strength_1, 1.4 * f->strength_2, x->gram ? "gram = ((1.0, 0.2), (0.2, 0.8));" : "",
        x->copies ? "copies = (1, 2, 1, 1, 3, 1, 1, 1, 1); replicas = (1, 1, 2, 1, 1, 5, 1, 1, 1);" : "",
        x->weights ? "weights = ((1.0), (0.7));" : "", seed, 0.05 * f->perturbation, x->geometry, f->value_rate,
        0.8 * f->attention_rate, x->decays ? 1e-3 * f->weight_decay : 0, x->drifts ? drift : "", x->step > 0 ? step : "",
        x->tested ? "test = { weights = ((0.3), (1.0)); };" : "",
        follow ? "sensitivity = { to = (\"perturbation\", \"strengths\", \"value_rate\", \"attention_rate\"" : "",
        follow && x->decays ? ", \"weight_decay\"" : "", follow && x->drifts ? ", \"drift\"" : "",
        follow && x->step > 0 ? ", \"step\"" : "", follow ? "); };" : "");
}

/* The event of another run that is this row's: the one nearest in time of those that are called alike. */
static const hf_event *counterpart(const hf_findings *f, const hf_sensitivity_row *r)
{
    for (size_t i = 0; i < f->event_count; i++) {
        const hf_event *e = &f->event[i];
        if (e->kind == r->event && e->stage == r->stage && e->pattern == r->pattern && fabs(e->t - r->t) < 0.05 * r->t)
            return e;
    }
    return NULL;
}

/* A difference of runs has the errors of its truncation, for which differences of two widths speak, and of the runs, which know
 * times and losses to about their tolerance, as often as an event amplifies it. */
static size_t check_parameter(const shape *x, unsigned seed, const hf_run_summary *s, size_t parameter, size_t *emerged)
{
    const double width = 2e-3;
    hf_run_summary run[4];
    size_t checked = 0, which = 0;
    while (strcmp(factor_names[which], s->sensitivities.parameter[parameter]) != 0)
        which++;
    for (int k = 0; k < 4; k++) {
        factors f = {1, 1, 1, 1, 1, 1, 1, 1};
        double *const each[FACTORS] = {&f.perturbation,   &f.strength_1,   &f.strength_2, &f.value_rate,
                                       &f.attention_rate, &f.weight_decay, &f.drift,      &f.step};
        *each[which] = exp((k < 2 ? 1 : 2) * (k % 2 == 0 ? width : -width));
        run[k] = run_shape(x, seed, &f, false);
    }
    for (size_t i = 0; i < s->sensitivities.count; i++) {
        const hf_sensitivity_row *r = &s->sensitivities.row[i];
        const bool is_time = strcmp(r->quantity, "t") == 0;
        const hf_event *e[4];
        bool found = r->parameter == parameter && r->why == HF_WHY_DEFINED && r->event != HF_EVENT_STOP && r->t < 400 &&
                     (is_time || strcmp(r->quantity, "loss") == 0);
        for (int k = 0; k < 4 && found; k++)
            found = (e[k] = counterpart(&run[k].findings, r)) != NULL;
        if (!found)
            continue;
        double at[4];
        for (int k = 0; k < 4; k++)
            at[k] = is_time ? e[k]->t : e[k]->loss;
        const double narrow = (at[0] - at[1]) / (2 * width), wide = (at[2] - at[3]) / (4 * width);
        const double best = narrow + (narrow - wide) / 3, noise = 3e-9 * (1 + fabs(r->value)) / width;
        const double allowed = 1e-6 * fabs(best) + 0.05 * fabs(narrow - wide) + noise;
        if (!(fabs(r->derivative - best) <= allowed)) {
            fprintf(stderr, "seed %u, event %d stage %zu pattern %zu, %s by %s: ", seed, (int)r->event, r->stage,
                    r->pattern, r->quantity, s->sensitivities.parameter[parameter]);
            fprintf(stderr, "got %.12g, differences %.12g within %.3g (t = %g)\n", r->derivative, best, allowed, r->t);
        }
        assert_true(fabs(r->derivative - best) <= allowed);
        checked++;
        *emerged += r->event == HF_EVENT_EMERGED;
    }
    for (int k = 0; k < 4; k++)
        hf_run_summary_clear(&run[k]);
    return checked;
}

static void test_derivatives_are_those_of_differences(void **state)
{
    static const shape shapes[] = {{"logit", false, false, false, false, false, false, 2, 0, 0},
                                   {"replicator", false, false, false, false, false, false, 2, 0, 0},
                                   {"logit", true, false, true, false, false, false, 2, 0, 0},
                                   {"replicator", true, false, true, false, false, false, 3, 0, 0},
                                   {"logit", false, true, false, false, false, false, 2, 0, 0},
                                   {"replicator", false, true, false, true, false, false, 2, 0, 0},
                                   {"logit", false, false, false, true, true, false, 3, 0, 0},
                                   {"replicator", true, false, false, true, true, false, 2, 0, 0},
                                   {"logit", true, true, true, true, false, false, 2, 0, 0},
                                   {"logit", true, false, false, false, true, false, 1, 0, 0},
                                   {"logit", false, false, false, false, false, false, 2, 0.1, 0},
                                   {"logit", true, true, true, true, false, false, 3, 0.05, 0.5},
                                   {"replicator", true, false, false, true, false, false, 2, 0.02, 0},
                                   {"logit", false, false, false, true, false, true, 2, 0, 0},
                                   {"replicator", true, false, false, true, true, true, 2, 0, 0}};
    const factors ones = {1, 1, 1, 1, 1, 1, 1, 1};
    size_t checked = 0;
    (void)state;
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t emerged = 0; /* by the loss, or by that of the test data */
        hf_run_summary s = run_shape(&shapes[i], 11 + i, &ones, true);
        for (size_t p = 0; p < s.sensitivities.parameter_count; p++)
            checked += check_parameter(&shapes[i], 11 + i, &s, p, &emerged);
        assert_true(emerged > 0);
        hf_run_summary_clear(&s);
    }
    assert_true(checked > 300);
}

/* Many replicas of every position without a pattern: one more or less is a small step. */
static void check_positions(const char *flow, double stop_loss)
{
    const char *const model = "heads = 2; positions = 3; target = { strengths = (2.0, 1.0); }; flow = { %s };"
                              "data = { replicas = (1, 1, %d); }; init = { perturbation = 0.1; }; %s"
                              "solver = { t_end = 1e9; rtol = 1e-10; stop_loss = %g; }; detect = { saddles = false; };";
    static const int more[] = {1000, -1000, 2000, -2000};
    const double total = 1e6 + 2, width = 1000 / total;
    double t[4];
    for (int k = 0; k < 4; k++) {
        hf_run_summary s = run_text(model, flow, 1000000 + more[k], "", stop_loss);
        t[k] = s.t;
        hf_run_summary_clear(&s);
    }
    const double narrow = (t[0] - t[1]) / (2 * width), wide = (t[2] - t[3]) / (4 * width);
    hf_run_summary s = run_text(model, flow, 1000000, "sensitivity = { to = (\"positions\"); };", stop_loss);
    const hf_sensitivity_row *last = &s.sensitivities.row[0];
    for (size_t i = 0; i < s.sensitivities.count; i++)
        if (s.sensitivities.row[i].event == HF_EVENT_STOP && strcmp(s.sensitivities.row[i].quantity, "t") == 0)
            last = &s.sensitivities.row[i];
    assert_true(is_close(last->derivative, narrow + (narrow - wide) / 3, 2e-6 + 1e-6 * fabs(narrow), 0));
    hf_run_summary_clear(&s);
}

static void test_positions_are_replicas(void **state)
{
    (void)state;
    check_positions("", 1.5);
    check_positions("geometry = \"replicator\";", 1.5);
    check_positions("step = 0.01;", 1.5);
}

/* ---- what stays as it is ---- */

#define LONG     "solver = { t_end = 3e4; rtol = 1e-12; };"
#define FOLLOWED THREE START LONG "sensitivity = { to = (\"perturbation\", \"ratio\"); };"

static void test_nothing_else_changes(void **state)
{
    (void)state;
    hf_run_summary with = run_text(FOLLOWED, 1e-3), without = run_text(THREE START LONG, 1e-3);
    assert_true(with.loss == without.loss && with.steps == without.steps && with.steps > 2000);
    assert_int_equal(with.findings.event_count, without.findings.event_count);
    for (size_t i = 0; i < with.findings.event_count; i++)
        assert_true(with.findings.event[i].t == without.findings.event[i].t);
    assert_int_equal(without.sensitivities.count, 0);
    hf_run_summary_clear(&with);
    hf_run_summary_clear(&without);
}

typedef struct {
    size_t steps;
    volatile sig_atomic_t stop;
} interruption;

static void interrupt(void *data, const hf_run_progress *progress)
{
    interruption *i = data;
    i->stop = progress->step >= i->steps;
}

static void test_a_resumed_run_ends_alike(void **state)
{
    static char text[2048];
    char whole[256], part[256], a[320], b[320];
    hf_error err = {0};
    hf_run_summary s;
    interruption i = {2300, 0};
    (void)state;
    snprintf(text, sizeof text, FOLLOWED "output = { plots = false; points = 20; };", 1e-3);
    snprintf(whole, sizeof whole, "%s/whole", temporary_folder());
    snprintf(part, sizeof part, "%s/part", temporary_folder());
    assert_int_equal(hf_directory_make(whole, &err), HF_OK);
    assert_int_equal(hf_directory_make(part, &err), HF_OK);
    hf_run_options options = {.directory = whole, .threads = 1};
    assert_int_equal(try_run(text, &options, &s, &err), HF_OK);
    hf_run_summary_clear(&s);
    options = (hf_run_options){
        .directory = part, .threads = 1, .interrupted = &i.stop, .progress = interrupt, .progress_data = &i};
    assert_int_equal(try_run(text, &options, &s, &err), HF_OK);
    assert_true(hf_run_was_interrupted(&s));
    hf_run_summary_clear(&s);
    options = (hf_run_options){.directory = part, .threads = 1, .resume = true};
    assert_int_equal(try_run(text, &options, &s, &err), HF_OK);
    assert_true(s.resumed);
    hf_run_summary_clear(&s);
    static const char *const tables[] = {"sensitivities.tsv", "events.tsv", "trajectory.tsv", "final.tsv"};
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) {
        snprintf(a, sizeof a, "%s/%s", whole, tables[k]);
        snprintf(b, sizeof b, "%s/%s", part, tables[k]);
        assert_same_bytes(a, b);
    }
}

/* ---- what has no derivative ---- */

static void test_reasons_are_given(void **state)
{
    (void)state;
    hf_run_summary s = run_text(THREE START "sensitivity = { to = (\"perturbation\"); }; solver = { t_end = 70.0; };"
                                            "detect = { saddles = false; };",
                                1e-2);
    const hf_sensitivity_row *r = find_row(&s, HF_EVENT_PLATEAU, 2, "t", "perturbation");
    assert_int_equal(r->why, HF_WHY_CENSORED);
    assert_true(!isfinite(r->derivative));
    assert_true(isfinite(find_row(&s, HF_EVENT_PLATEAU, 2, "loss", "perturbation")->derivative));
    hf_run_summary_clear(&s);
}

static void test_parameters_without_derivatives_are_refused(void **state)
{
    static const struct {
        const char *more, *to, *says;
    } cases[] = {{"", "\"pertubation\"", "has no parameter 'pertubation'"},
                 {"", "\"ratio\", \"ratio\"", "has ratio twice"},
                 {"", "\"weight_decay\"", "flow.weight_decay is 0"},
                 {"", "\"drift\"", "there is no flow.sgd_drift"},
                 {"", "\"flow.step\"", "flow.step is 0 (per_step"},
                 {"", "\"values\"", "init.values is 0"},
                 {"init = { perturbation = 0.0; };", "\"perturbation\"", "init.perturbation is 0"},
                 {"flow = { values = \"optimal\"; };", "\"strengths\"", "flow.values is \"optimal\""},
                 {"flow = { values = \"optimal\"; };", "\"positions\"", "flow.values is \"optimal\""},
                 {"flow = { values = \"optimal\"; };", "\"value_rate\"", "flow.values is not \"learned\""},
                 {"flow = { values = \"optimal\"; };", "\"weight_decay\"", "flow.values is not \"learned\""},
                 {"init = { start = \"saddle\"; };", "\"values\"", "the start does not come from init.values"},
                 {"flow = { attention = \"squares\"; };", "\"ratio\"", "is of flow.attention = \"softmax\" alone"},
                 {"flow = { support = (1, 2, 3); };", "\"ratio\"", "is of flows without flow.support"},
                 {"flow = { attention_decay = 0.1; };", "\"ratio\"", "flow.attention_decay"},
                 {"flow = { sgd_drift = { lr = 0.1; dynamic = true; }; };", "\"ratio\"", "flow.sgd_drift.dynamic"},
                 {"init = { start = \"saddle\"; };", "\"positions\"", "init.start is \"saddle\""}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        hf_error err = {0};
        hf_run_summary s;
        hf_run_options options = {.threads = 1};
        snprintf(text, sizeof text,
                 "heads = 2; positions = 5; target = { strengths = (2.0, 1.0); }; %s sensitivity = { to = (%s); };",
                 cases[i].more, cases[i].to);
        assert_int_equal(try_run(text, &options, &s, &err), HF_EUSAGE);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("got '%s', want '%s'", err.message, cases[i].says);
    }
}

/* When the loss has fallen to 0.3 of its start, and the derivative of that by ln init.values. */
static double time_with_values(double values, bool follow, double *derivative)
{
    hf_run_summary s = run_text("heads = 2; positions = 7; target = { strengths = (2.0, 1.0); };"
                                "init = { values = %.17g; perturbation = 0.05; }; solver = { t_end = 200.0; rtol = 1e-11; };"
                                "detect = { saddles = false; loss_fraction = 0.3; }; %s",
                                values, follow ? "sensitivity = { to = (\"values\"); };" : "");
    const hf_findings *f = &s.findings;
    size_t i = 0;
    while (f->event[i].kind != HF_EVENT_EMERGED)
        assert_true(++i < f->event_count);
    const double t = f->event[i].t;
    if (follow)
        *derivative = find_row(&s, HF_EVENT_EMERGED, f->event[i].stage, "t", "values")->derivative;
    hf_run_summary_clear(&s);
    return t;
}

static void test_initial_values_have_a_slope(void **state)
{
    (void)state;
    const double values = 0.1, width = 1e-3;
    double derivative = NAN;
    time_with_values(values, true, &derivative);
    const double slope =
        (time_with_values(values * exp(width), false, NULL) - time_with_values(values * exp(-width), false, NULL)) / (2 * width);
    assert_true(fabs(slope) > 0.05);
    assert_true(close_to(derivative, slope, 1e-5));
}

/* What holds at the start has no time to move, but a loss. */
static double loss_at_start(double perturbation, bool follow, const hf_sensitivity_row *row[2])
{
    static hf_run_summary s; /* rows are there until the next call */
    hf_run_summary_clear(&s);
    s = run_text("heads = 2; positions = 8; target = { strengths = (2.0, 1.0); }; solver = { t_end = 1.0; };"
                 "init = { start = \"saddle\"; scale = 4.0; perturbation = %.17g; }; %s",
                 perturbation, follow ? "sensitivity = { to = (\"perturbation\"); };" : "");
    assert_true(s.findings.event[0].kind == HF_EVENT_ACQUIRED && s.findings.event[0].t == 0);
    if (follow) {
        row[0] = find_row(&s, HF_EVENT_ACQUIRED, 0, "t", "perturbation");
        row[1] = find_row(&s, HF_EVENT_ACQUIRED, 0, "loss", "perturbation");
    }
    return s.findings.event[0].loss;
}

static void test_events_at_the_start(void **state)
{
    (void)state;
    const double size = 0.05, width = 1e-3;
    const double slope =
        (loss_at_start(size * exp(width), false, NULL) - loss_at_start(size * exp(-width), false, NULL)) / (2 * width);
    const hf_sensitivity_row *row[2];
    loss_at_start(size, true, row);
    assert_true(row[0]->why == HF_WHY_AT_START && isnan(row[0]->derivative));
    assert_true(row[1]->why == HF_WHY_DEFINED && close_to(row[1]->derivative, slope, 1e-5));
    loss_at_start(size, false, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels_are_those_of_the_reference),
                                       cmocka_unit_test(test_extrema_are_those_of_the_reference),
                                       cmocka_unit_test(test_finite_steps_have_slopes),
                                       cmocka_unit_test(test_rates_are_a_unit_of_time),
                                       cmocka_unit_test(test_the_escape_law_is_known_from_one_run),
                                       cmocka_unit_test(test_derivatives_are_those_of_differences),
                                       cmocka_unit_test(test_positions_are_replicas),
                                       cmocka_unit_test(test_nothing_else_changes),
                                       cmocka_unit_test(test_a_resumed_run_ends_alike),
                                       cmocka_unit_test(test_reasons_are_given),
                                       cmocka_unit_test(test_parameters_without_derivatives_are_refused),
                                       cmocka_unit_test(test_initial_values_have_a_slope),
                                       cmocka_unit_test(test_events_at_the_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
