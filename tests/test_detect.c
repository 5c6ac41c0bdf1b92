/* Detection: extrema, crossings and acquisitions against the reference, the Hessian against finite differences, stages of
 * runs whose stages are known. */
#include "detected.h"
#include "support.h"

#include "flow/curvature.h"
#include "flow/flow_system.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_sort_vector.h>
#include <stdlib.h>
#include <string.h>

#define THREE      "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
#define SINE(size) "init = { distribution = \"sine\"; perturbation = " size "; };\n"

/* ---- the reference: extrema of the speed, overlap, acquisitions, as in reference data's stages ---- */

typedef struct {
    double t, speed, loss;
} extremum;

typedef struct {
    double t;
    size_t carrier;
    hf_mode mode;
} acquisition;

typedef struct {
    const char *text;
    extremum plateau[3], drop[3];
    double split;
    acquisition acquired[3];
} reference;

static const reference references[] = {
    {THREE SINE("1e-2") "solver = { rtol = 1e-9; t_end = 2000; };",
     {{6.2452189, 0.0136462, 6.0173675}, {38.177131, 0.00741112, 1.9787874}, {652.42219, 3.66334e-06, 0.50113485}},
     {{22.184416, 1.14982, 3.4762883}, {55.173208, 0.320675, 1.0662093}, {1125.7817, 0.035353, 0.2434465}},
     54.892992,
     {{22.396958, 1, HF_MODE_COMPETITIVE}, {55.632656, 2, HF_MODE_COOPERATIVE}, {1127.5344, 3, HF_MODE_COOPERATIVE}}},
    {THREE SINE("1e-2") "flow = { geometry = \"replicator\"; }; solver = { rtol = 1e-9; t_end = 300; };",
     {{0.23989413, 0.0226195, 6.1155908}, {8.9912907, 0.00186008, 1.9648482}, {116.234, 5.94417e-06, 0.50040818}},
     {{4.6473154, 3.34631, 3.6948753}, {19.570976, 0.497957, 1.2128092}, {189.55702, 0.0448214, 0.25046314}},
     19.957815,
     {{4.8541801, 1, HF_MODE_COMPETITIVE}, {19.987108, 2, HF_MODE_COOPERATIVE}, {190.08266, 3, HF_MODE_COOPERATIVE}}},
};

static void check_extremum(const hf_event *found, const extremum *want)
{
    assert_true(close_to(found->t, want->t, 1e-4));
    assert_true(close_to(found->loss, want->loss, 1e-4));
    assert_true(close_to(found->value, want->speed, 1e-4));
}

static void test_events_of_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        const reference *want = &references[i];
        detected_run run;
        detect(&run, want->text);
        const hf_findings *f = &run.findings;
        assert_int_equal(f->stage_count, 3);
        assert_int_equal(f->plateau_count, 4);
        assert_int_equal(f->end, HF_END_PLATEAU);
        for (size_t j = 0; j < 3; j++) {
            const hf_event *acquired = event_of(f, HF_EVENT_ACQUIRED, j);
            check_extremum(event_of(f, HF_EVENT_PLATEAU, j), &want->plateau[j]);
            check_extremum(event_of(f, HF_EVENT_DROP, j), &want->drop[j]);
            assert_true(close_to(acquired->t, want->acquired[j].t, 1e-4));
            assert_int_equal(acquired->pattern, j + 1);
            assert_int_equal(acquired->head, want->acquired[j].carrier);
            assert_int_equal(acquired->mode, want->acquired[j].mode);
            assert_int_equal(acquired->stage, j + 1);
        }
        const hf_event *split = event_of(f, HF_EVENT_SPLIT, 0);
        assert_int_equal(count_events(f, HF_EVENT_SPLIT), 1);
        assert_true(close_to(split->t, want->split, 1e-4));
        assert_true(split->head == 2 && split->pattern == 2);
        clear_run(&run);
    }
}

static void test_stages_are_consistent(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, references[0].text);
    const hf_findings *f = &run.findings;
    const double predicted[] = {(1.7 * 1.7 + 1) / 2, 0.5, 0};
    for (size_t i = 0; i < 3; i++) {
        const hf_stage *s = &f->stage[i];
        assert_true(s->before == &f->plateau[i]);
        assert_true(f->plateau[i].t < s->t_onset && s->t_onset < s->t_peak && s->t_peak < s->t_settle);
        assert_true(s->t_settle < f->plateau[i + 1].t);
        assert_true(is_close(s->predicted_loss_after, predicted[i], 1e-14, 1e-14));
        assert_true(fabs(s->loss_after - predicted[i]) < 0.04);
        const hf_event *onset = event_of(f, HF_EVENT_ONSET, i), *drop = event_of(f, HF_EVENT_DROP, i);
        assert_true(close_to(onset->value, sqrt(f->plateau[i].speed * drop->value), 1e-12));
    }
    for (size_t i = 1; i < f->event_count; i++)
        assert_true(f->event[i - 1].t <= f->event[i].t);
    assert_int_equal(f->event[f->event_count - 1].kind, HF_EVENT_STOP);
    assert_int_equal(f->plateau[3].saddle.index, 0);
    assert_true(f->plateau[1].saddle.index > 0 && f->plateau[1].saddle.lambda_min < 0);
    clear_run(&run);
}

/* Onset and settling are where the speed crosses its level: integrate there again and look. */
static void test_onset_is_where_the_speed_crosses(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, references[0].text);
    test_run again = start_run(make_problem("%s", references[0].text), 1e-10, 1e-12);
    for (size_t i = 0; i < run.findings.event_count; i++) {
        const hf_event *e = &run.findings.event[i];
        if (e->kind != HF_EVENT_ONSET && e->kind != HF_EVENT_SETTLE)
            continue;
        run_to(&again, e->t);
        assert_true(close_to(again.point->speed, e->value, 1e-4));
        assert_true(close_to(again.point->loss, e->loss, 1e-5));
    }
    end_run(&again);
    clear_run(&run);
}

/* ---- runs whose stages are known ---- */

static void test_symmetric_flow_has_one_stage(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, THREE "init = { perturbation = 0.0; }; solver = { t_end = 1e8; };");
    assert_int_equal(run.findings.stage_count, 1);
    assert_int_equal(run.findings.end, HF_END_PLATEAU);
    assert_int_equal(count_events(&run.findings, HF_EVENT_SPLIT), 0);
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 1);
    const hf_saddle *saddle = &run.findings.plateau[1].saddle;
    assert_true(saddle->index == 4 && at_most(saddle->symmetric_fraction, 1e-12)); /* two contrasts for each pattern left */
    clear_run(&run);
}

static void test_staircase_of_ten(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, "heads = 10; positions = 40; target = { base = 1.0; ratio = 1.3; count = 10; };\n" SINE(
                     "1e-2") "solver = { t_end = 3e4; };");
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 10);
    const hf_event *last = event_of(&run.findings, HF_EVENT_ACQUIRED, 9);
    assert_true(last->pattern == 10 && close_to(last->t, 2.4e4, 0.1));
    for (size_t j = 0; j < 10; j++)
        assert_int_equal(event_of(&run.findings, HF_EVENT_ACQUIRED, j)->pattern, j + 1);
    clear_run(&run);
}

static void test_fewer_heads_than_patterns(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, "heads = 2; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n" SINE(
                     "1e-2") "solver = { t_end = 1e5; };");
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 2);
    assert_true(close_to(run.findings.plateau[run.findings.plateau_count - 1].predicted_loss, 0.5, 1e-14));
    clear_run(&run);
}

static void test_more_heads_than_patterns(void **state)
{
    (void)state;
    detected_run run;
    detect(&run,
           "heads = 6; positions = 40; target = { strengths = (2.89, 1.7); };\n" SINE("1e-2") "solver = { t_end = 1e5; };");
    assert_int_equal(run.findings.stage_count, 2);
    assert_int_equal(run.findings.plateau[2].saddle.index, 0);
    clear_run(&run);
}

static void test_one_head_never_splits(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, "heads = 1; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n" SINE("1e-2"));
    assert_int_equal(count_events(&run.findings, HF_EVENT_SPLIT), 0);
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 1);
    clear_run(&run);
}

static void test_ends_inside_a_stage(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        hf_end end;
        size_t stages;
        bool peaked;
    } cases[] = {
        {THREE SINE("1e-2") "solver = { t_end = 1.0; };", HF_END_START, 0, false},
        {THREE SINE("1e-2") "solver = { t_end = 21.0; };", HF_END_STAGE, 1, false},
        {THREE SINE("1e-2") "solver = { t_end = 22.5; };", HF_END_STAGE, 1, true},
        {THREE SINE("1e-2") "solver = { t_end = 30.0; };", HF_END_PLATEAU, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        detected_run run;
        detect(&run, cases[i].text);
        assert_int_equal(run.findings.end, cases[i].end);
        assert_int_equal(run.findings.stage_count, cases[i].stages);
        if (cases[i].stages > 0)
            assert_int_equal(!isnan(run.findings.stage[0].t_peak), cases[i].peaked);
        clear_run(&run);
    }
}

static void test_saddle_start_knows_what_it_has_learned(void **state)
{
    (void)state;
    detected_run run;
    detect(&run,
           THREE "init = { start = \"saddle\"; learned = 1; scale = 4.0; distribution = \"sine\"; perturbation = 1e-6; };\n"
                 "solver = { t_end = 1e4; };");
    assert_int_equal(count_events(&run.findings, HF_EVENT_ACQUIRED), 3);
    assert_true(event_of(&run.findings, HF_EVENT_ACQUIRED, 0)->pattern == 1 &&
                event_of(&run.findings, HF_EVENT_ACQUIRED, 0)->t == 0); /* it is there at the start */
    assert_int_equal(event_of(&run.findings, HF_EVENT_ACQUIRED, 1)->pattern, 2);
    assert_true(close_to(run.findings.plateau[0].predicted_loss, (1.7 * 1.7 + 1) / 2, 1e-14));
    assert_int_equal(run.findings.stage_count, 2);
    clear_run(&run);
}

static void test_loss_levels_are_located(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, THREE SINE("1e-2") "detect = { loss_fraction = 0.2; }; solver = { stop_loss = 1.2; };");
    assert_true(close_to(run.t, 54.7487857, 1e-6));
    const hf_event *emerged = event_of(&run.findings, HF_EVENT_EMERGED, 0);
    assert_true(close_to(emerged->value, 0.2, 1e-9) && emerged->t < run.t);
    assert_int_equal(event_of(&run.findings, HF_EVENT_STOP, 0)->stage, 2);
    clear_run(&run);
}

static void test_contrast_filters(void **state)
{
    (void)state;
    detected_run run;
    detect(
        &run,
        THREE SINE("1e-2") "detect = { contrast = 50.0; };"); /* the second plateau is only 43 times slower than its drop */
    assert_int_equal(run.findings.stage_count, 2);
    clear_run(&run);
}

/* ---- the Hessian ---- */

/* Rows of the Hessian against central differences of the gradient, -inner-product dual of the velocity, in the logit
 * geometry with rates 1, where the gradient in orthonormal coordinates is minus the velocity times sqrt(n_i). */
static void test_hessian_against_differences(void **state)
{
    (void)state;
    random_source random = {20240611};
    for (int attempt = 0; attempt < 6; attempt++) {
        problem_shape shape = {.heads = 1 + (size_t)attempt % 4,
                               .positions = 9,
                               .patterns = 2,
                               .copies = attempt % 2,
                               .replicas = attempt > 2,
                               .weights = attempt > 3,
                               .decay = attempt > 1};
        hf_problem *p = random_problem(&shape, &random);
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        size_t size = hf_flow_size(flow), values = p->heads * p->features;
        double *y = random_state(flow, 1, &random), *x = numbers(size), *hx = numbers(size), *moved = numbers(size);
        double *up = numbers(size), *down = numbers(size);
        const double h = 1e-5;
        for (size_t i = 0; i < size; i++)
            x[i] = draw_normal(&random);
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < size; i++) {
                double scale = i < values ? 1 : 1 / sqrt(p->multiplicity[(i - values) % p->positions]);
                moved[i] = y[i] + (side == 0 ? h : -h) * scale * x[i];
            }
            assert_true(hf_flow_at(point, moved));
            hf_flow_velocity(point, side == 0 ? up : down);
        }
        hf_flow_at(point, y);
        hf_flow_hessian_times(point, x, hx);
        double worst = 0, largest = 0;
        for (size_t i = 0; i < size; i++) {
            double scale = i < values ? 1 : sqrt(p->multiplicity[(i - values) % p->positions]);
            double difference = -scale * (up[i] - down[i]) / (2 * h);
            worst = fmax(worst, fabs(hx[i] - difference));
            largest = fmax(largest, fabs(hx[i]));
        }
        assert_true(at_most(worst / largest, 1e-7));
        free(y), free(x), free(hx), free(moved), free(up), free(down);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

static void test_speed_rate_against_differences(void **state)
{
    (void)state;
    random_source random = {20240612};
    for (int attempt = 0; attempt < 20; attempt++) {
        problem_shape shape = {.heads = 1 + (size_t)attempt % 4,
                               .positions = 150,
                               .patterns = 3,
                               .replicator = attempt % 2,
                               .copies = attempt > 2,
                               .replicas = attempt > 3,
                               .weights = attempt > 4,
                               .decay = attempt > 5,
                               .rates = attempt > 6,
                               .drift = attempt > 11};
        hf_problem *p = random_problem(&shape, &random);
        if (attempt == 10 || attempt == 11)
            p->values = HF_VALUES_OPTIMAL, p->value_rate = 0;
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        size_t size = hf_flow_size(flow);
        double *y = random_state(flow, 1, &random), *v = numbers(size), *moved = numbers(size), speed[2];
        hf_flow_at(point, y);
        hf_flow_velocity(point, v);
        double rate = hf_flow_speed_rate(point), before = point->speed;
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < size; i++)
                moved[i] = y[i] + (side == 0 ? 1e-4 : -1e-4) * v[i];
            hf_flow_at(point, moved);
            speed[side] = point->speed;
        }
        assert_true(is_close(rate, (speed[0] - speed[1]) / 2e-4, 1e-6, 1e-7 * fabs(before)));
        free(y), free(v), free(moved);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

/* ---- the drift of SGD ---- */

#define DRIFT(noise) "sgd_drift = { lr = 0.05; batch = 512; dim = 50; noise = " noise "; };"

/* Under strong noise the drift stops the flow short of the plateaus, where the speed goes through 0: no ripple around that
 * is a stage. */
static void test_stages_under_drift_are_those_of_the_flow(void **state)
{
    (void)state;
    static const char *const flows[] = {DRIFT("0.0"), DRIFT("0.1"), DRIFT("0.3"), DRIFT("1.0"), DRIFT("2.0")};
    for (size_t i = 0; i < 10; i++) {
        detected_run run;
        char text[512];
        snprintf(text, sizeof text, THREE SINE("1e-6") "flow = { geometry = \"%s\"; %s }; solver = { t_end = 1e8; };",
                 i < 5 ? "logit" : "replicator", flows[i % 5]);
        detect(&run, text);
        const hf_findings *f = &run.findings;
        assert_int_equal(f->stage_count, 3);
        assert_int_equal(f->plateau_count, 4);
        assert_int_equal(count_events(f, HF_EVENT_SPLIT), 1);
        for (size_t j = 0; j < 3; j++) {
            const hf_stage *s = &f->stage[j];
            assert_true(f->plateau[j].t < s->t_onset && s->t_onset < s->t_peak && s->t_peak < s->t_settle);
            assert_true(s->t_settle < f->plateau[j + 1].t);
            assert_true(f->plateau[j].level > 0 && f->plateau[j].level >= f->plateau[j].speed);
            assert_int_equal(event_of(f, HF_EVENT_ACQUIRED, j)->pattern, j + 1);
        }
        if (i == 3)
            assert_true(f->plateau[2].speed < 0); /* the loss rises again there */
        for (size_t e = 0; e < f->event_count; e++)
            assert_true(isfinite(f->event[e].t) && isfinite(f->event[e].loss) && isfinite(f->event[e].value));
        clear_run(&run);
    }
}

static void test_onset_under_drift_is_where_the_speed_crosses(void **state)
{
    (void)state;
    static const char text[] = THREE SINE("1e-6") "flow = { " DRIFT("1.0") " }; solver = { t_end = 1000; };";
    detected_run run;
    detect(&run, text);
    test_run again = start_run(make_problem("%s", text), 1e-10, 1e-12);
    size_t crossings = 0;
    for (size_t i = 0; i < run.findings.event_count; i++) {
        const hf_event *e = &run.findings.event[i];
        if (e->kind != HF_EVENT_ONSET && e->kind != HF_EVENT_SETTLE)
            continue;
        run_to(&again, e->t);
        assert_true(close_to(again.point->speed, e->value, 1e-4));
        assert_true(close_to(again.point->loss, e->loss, 1e-5));
        crossings++;
    }
    assert_int_equal(crossings, 6);
    end_run(&again);
    clear_run(&run);
}

/* The Hessian is the loss's own, whatever the drift makes of the flow. */
static void test_drift_leaves_the_hessian_alone(void **state)
{
    (void)state;
    random_source random = {20240613};
    for (int attempt = 0; attempt < 4; attempt++) {
        problem_shape shape = {
            .heads = 3, .positions = 20, .patterns = 3, .replicator = attempt % 2, .copies = true, .drift = true};
        hf_problem *p = random_problem(&shape, &random), plain = *p;
        plain.kappa = 0;
        hf_flow *flow = make_flow(p), *without = make_flow(&plain);
        hf_flow_point *point = make_point(flow), *plain_point = make_point(without);
        size_t size = hf_flow_size(flow);
        double *y = random_state(flow, 1, &random), *x = random_state(flow, 1, &random), *h = numbers(2 * size);
        assert_true(hf_flow_at(point, y) && hf_flow_at(plain_point, y));
        hf_flow_hessian_times(point, x, h);
        hf_flow_hessian_times(plain_point, x, h + size);
        assert_memory_equal(h, h + size, size * sizeof *h);
        free(y), free(x), free(h);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_flow_point_free(plain_point);
        hf_flow_free(without);
        hf_problem_free(p);
    }
}

/* Steps so rough that one of them leads from above a level to a negative speed: every stage still begins and ends between
 * its plateaus. */
static void test_rough_steps_under_drift_give_ordered_events(void **state)
{
    (void)state;
    static const char *const flows[] = {DRIFT("1.0"), DRIFT("3.0"), DRIFT("5.0")};
    for (size_t i = 0; i < 6; i++) {
        detected_run run;
        char text[512];
        snprintf(text, sizeof text,
                 THREE SINE("1e-6") "flow = { geometry = \"%s\"; %s };"
                                    "solver = { rtol = 1e-2; t_end = 1e5; };",
                 i < 3 ? "logit" : "replicator", flows[i % 3]);
        detect(&run, text);
        const hf_findings *f = &run.findings;
        assert_true(f->stage_count >= 2);
        for (size_t j = 0; j < f->stage_count; j++) {
            const hf_stage *s = &f->stage[j];
            assert_true(f->plateau[j].t <= s->t_onset && s->t_onset < s->t_settle);
            if (j + 1 < f->plateau_count)
                assert_true(s->t_settle < f->plateau[j + 1].t);
        }
        clear_run(&run);
    }
}

/* The Hessian's eigenvalues at the state of the run, ascending, column by column and by GSL: for the solver that finds but a
 * few, and for the one that finds all. */
static gsl_vector *all_eigenvalues(const hf_point *point)
{
    const size_t size = point->system.size;
    gsl_matrix *matrix = gsl_matrix_calloc(size, size);
    gsl_vector *unit = gsl_vector_calloc(size), *value = gsl_vector_alloc(size);
    gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(size);
    for (size_t i = 0; i < size; i++) {
        unit->data[i] = 1;
        point->system.kind->curvature->times(point->self, unit->data, gsl_matrix_ptr(matrix, i, 0));
        unit->data[i] = 0;
    }
    assert_int_equal(gsl_eigen_symm(matrix, value, work), 0);
    gsl_sort_vector(value);
    gsl_eigen_symm_free(work);
    gsl_vector_free(unit);
    gsl_matrix_free(matrix);
    return value;
}

static void check_saddle(test_run *run, double t, hf_saddle *saddle)
{
    run_to(run, t);
    hf_point point = {hf_flow_system(run->flow), run->point};
    assert_int_equal(hf_saddle_analyze(&point, t, saddle, NULL), HF_OK);
    gsl_vector *value = all_eigenvalues(&point);
    const double largest = gsl_vector_get(value, value->size - 1);
    size_t index = 0;
    while (index < value->size && gsl_vector_get(value, index) < -saddle->threshold)
        index++;
    assert_int_equal(saddle->index, index);
    assert_true(close_to(saddle->lambda_max, largest, 1e-6));
    assert_true(fabs(saddle->lambda_min - gsl_vector_get(value, 0)) <= 1e-3 * saddle->threshold);
    gsl_vector_free(value);
}

/* Lanczos, with 601 unknowns, beside the dense solver on the same problem. */
static void check_lanczos(const char *geometry, double t)
{
    hf_saddle saddle;
    test_run run = start_run(make_problem("heads = 3; positions = 198; target = { strengths = (2.89, 1.7, 1.0); };\n"
                                          "flow = { geometry = \"%s\"; };\n" SINE("1e-2"),
                                          geometry),
                             1e-8, 1e-12);
    assert_true(hf_flow_size(run.flow) > HF_SADDLE_DENSE);
    check_saddle(&run, t, &saddle);
    assert_true(saddle.index > 0);
    end_run(&run);
}

static void test_lanczos_agrees_with_dense(void **state)
{
    (void)state;
    check_lanczos("logit", 300);
    check_lanczos("replicator", 60);
}

/* More directions down than Lanczos has room for: 620 unknowns, 310 pairs of head and pattern. */
static void test_many_directions_down_are_counted(void **state)
{
    (void)state;
    test_run run = start_run(
        make_problem("heads = 10; positions = 31; target = { base = 1.0; ratio = 1.05; count = 31; };"), 1e-8, 1e-12);
    hf_saddle saddle;
    check_saddle(&run, 0.1, &saddle);
    assert_true(saddle.index > 200);
    end_run(&run);
}

static void test_nothing_to_learn_is_no_stage(void **state)
{
    (void)state;
    detected_run run;
    detect(&run, "heads = 2; positions = 5; target = { strengths = (1e-130); };");
    assert_int_equal(run.findings.stage_count, 0);
    clear_run(&run);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_of_the_reference),
        cmocka_unit_test(test_stages_are_consistent),
        cmocka_unit_test(test_onset_is_where_the_speed_crosses),
        cmocka_unit_test(test_symmetric_flow_has_one_stage),
        cmocka_unit_test(test_staircase_of_ten),
        cmocka_unit_test(test_fewer_heads_than_patterns),
        cmocka_unit_test(test_more_heads_than_patterns),
        cmocka_unit_test(test_one_head_never_splits),
        cmocka_unit_test(test_ends_inside_a_stage),
        cmocka_unit_test(test_saddle_start_knows_what_it_has_learned),
        cmocka_unit_test(test_loss_levels_are_located),
        cmocka_unit_test(test_contrast_filters),
        cmocka_unit_test(test_hessian_against_differences),
        cmocka_unit_test(test_speed_rate_against_differences),
        cmocka_unit_test(test_stages_under_drift_are_those_of_the_flow),
        cmocka_unit_test(test_onset_under_drift_is_where_the_speed_crosses),
        cmocka_unit_test(test_drift_leaves_the_hessian_alone),
        cmocka_unit_test(test_rough_steps_under_drift_give_ordered_events),
        cmocka_unit_test(test_lanczos_agrees_with_dense),
        cmocka_unit_test(test_many_directions_down_are_counted),
        cmocka_unit_test(test_nothing_to_learn_is_no_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
