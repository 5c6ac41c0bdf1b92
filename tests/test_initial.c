/* Tests of shipped starts: Figure 10 of arXiv 2602.19143 from its own start, and who gets what from the others. */
#include "config/config.h"
#include "config/fill.h"
#include "support.h"
#include "training.h"

#include <stdlib.h>
#include <string.h>

/* A model file of models/. */
static const char *model_path(const char *name)
{
    static char path[4096];
    const char *source = getenv("srcdir");
    snprintf(path, sizeof path, "%s/models/%s", source == NULL ? "." : source, name);
    return path;
}

static void read_model(hf_config *config, const char *name, size_t count, const char *const overrides[])
{
    hf_error err = {0};
    if (hf_config_read(config, model_path(name), count, overrides, &err) != HF_OK)
        fail_msg("%s", err.message);
}

static void test_figure_10_is_as_published(void **state)
{
    static const struct {
        double loss, t;
    } crossings[] = {{4, 4.558779}, {1.2, 51.350416}, {0.25, 235.675644}}; /* by Runge-Kutta, step 0.005, in long double */
    static const struct {
        size_t head, index;
        double attention, value; /* nan: not published */
    } end[] = {{1, 1, .51625, NAN},     {1, 3, .47578, 2.10182}, {2, 1, .18485, NAN},
               {2, 2, .79780, 2.13088}, {3, 1, .99912, 2.89255}, {3, 2, NAN, -.38305},
               {3, 3, NAN, -1.08601}};
    hf_config config;
    hf_problem *problem = NULL;
    hf_error err = {0};
    hf_observation o;
    (void)state;
    read_model(&config, "figure-10.conf", 0, NULL);
    if (hf_fill_create_problem(&config, &problem, &err) != HF_OK)
        fail_msg("%s", err.message);
    test_run run = start_run(problem, 1e-11, 1e-15);
    for (size_t i = 0; i < sizeof crossings / sizeof *crossings; i++)
        assert_true(is_close(run_until_below(&run, NULL, crossings[i].loss), crossings[i].t, 0, 2e-6));
    run_to(&run, 500);
    assert_int_equal(hf_observation_init(&o, run.problem, NULL), HF_OK);
    observe_at(run.point, run.y, &o);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        const size_t k = end[i].head - 1, j = end[i].index - 1;
        if (!isnan(end[i].attention))
            assert_true(is_close(o.attention[k * run.problem->positions + j], end[i].attention, 0, 5.001e-6));
        if (!isnan(end[i].value))
            assert_true(is_close(o.head_value[k * run.problem->features + j], end[i].value, 0, 5.001e-6));
    }
    hf_observation_clear(&o);
    hf_config_clear(&config);
    end_run(&run);
}

/* head: who acquires patterns 1, 2, 3. */
static void judge(size_t stages, const size_t *head, size_t count, const char *const overrides[])
{
    hf_config config;
    hf_run_summary summary;
    size_t acquired = 0;
    read_model(&config, count == 0 ? "figure-10.conf" : "three-stage-replicator.conf", count, overrides);
    follow_flow(&config, &summary);
    for (size_t i = 0; i < summary.findings.event_count; i++)
        if (summary.findings.event[i].kind == HF_EVENT_ACQUIRED) {
            assert_int_equal(summary.findings.event[i].pattern, acquired + 1);
            assert_int_equal(summary.findings.event[i].head, head[acquired]);
            acquired++;
        }
    assert_int_equal(acquired, 3);
    assert_int_equal(summary.findings.stage_count, stages);
    hf_run_summary_clear(&summary);
    hf_config_clear(&config);
}

static void test_who_gets_which_pattern(void **state)
{
    static const size_t noise[] = {3, 2, 1}, own[] = {1, 2, 3};
    static const char *const bumps[] = {"init.start=bumps", "init.scale=0.01", "init.perturbation=0.0", "solver.t_end=5000"};
    static const char *const apart[] = {"init.start=bumps", "init.scale=8.0", "init.perturbation=0.0", "solver.t_end=5000"};
    static const char *const waterfall[] = {"init.start=waterfall", "init.scale=8.0", "init.perturbation=0.0",
                                            "solver.t_end=5000"};
    static const char *const wrong[] = {"init.start=wrong", "init.scale=8.0", "init.perturbation=0.01", "solver.t_end=5000"};
    (void)state;
    judge(3, noise, 0, NULL);
    judge(3, own, 4, bumps);
    judge(0, own, 4, apart);
    judge(0, own, 4, waterfall);
    judge(3, own, 4, wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figure_10_is_as_published),
        cmocka_unit_test(test_who_gets_which_pattern),
    };
    hf_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
