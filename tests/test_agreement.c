/* Training runs on drawn data against the exact gradient's run of the same model: the same stages, none invented and none lost,
 * at the same times up to what the noise of the data moves them by. */
#include "support.h"
#include "training.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT = 512 };

/* A model of small dimensions, whose run is over in a moment. */
typedef struct {
    size_t positions, dim, batch;
    double rate;     /* flow time of a step */
    char text[TEXT]; /* all but the batch, open in `train` */
} drawn_model;

typedef enum { FRESH, HEAVY, FIXED } data_kind; /* plain steps on fresh data, momentum, fixed samples */

static void draw_model(random_source *random, data_kind kind, drawn_model *m)
{
    static const size_t batches[] = {32, 64, 128, 256};
    const size_t heads = draw_count(random, 1, 3), patterns = draw_count(random, 1, 2);
    m->positions = draw_count(random, patterns + 2, 10);
    m->dim = draw_count(random, 3, 5);
    m->batch = batches[draw_count(random, 0, 3)];
    m->rate = 0.03 + 0.05 * draw_uniform(random);
    const size_t steps = draw_count(random, 300, 2000);
    char *end = m->text;
    end += sprintf(end, "heads = %zu; positions = %zu; target = { base = 1.5; ratio = %.3g; count = %zu; }; ", heads,
                   m->positions, 1.5 + draw_uniform(random), patterns);
    end += sprintf(end, "init = { perturbation = %.3g; seed = %zu; }; ", pow(10, -1 - 3 * draw_uniform(random)),
                   draw_count(random, 1, 1000));
    end += sprintf(end, "train = { dim = %zu; lr = %.6g; steps = %zu; seed = %zu; ", m->dim,
                   kind == HEAVY ? m->rate / 10 : m->rate, steps, draw_count(random, 1, 1000));
    if (kind == HEAVY)
        sprintf(end, "optimizer = \"momentum\"; momentum = 0.9; ");
    if (kind == FIXED)
        sprintf(end, "samples = 400; ");
}

static void train(const drawn_model *m, size_t batch, double contrast, hf_run_summary *summary)
{
    hf_config config;
    char text[TEXT + 128];
    const training_options options = {0};
    snprintf(text, sizeof text, "%sbatch = %zu; }; detect = { saddles = false; contrast = %.17g; };", m->text, batch,
             contrast);
    read_config(&config, text);
    run_training(&config, &options, summary);
    hf_config_clear(&config);
}

static size_t exact_stages(const drawn_model *m, double contrast)
{
    hf_run_summary summary;
    train(m, 0, contrast, &summary);
    const size_t count = summary.findings.stage_count;
    hf_run_summary_clear(&summary);
    return count;
}

/* What noise moves a stage's time by. The mean of a batch multiplies what a head is driven by, of 1 / positions at the start, by
 * 1 with a deviation of some positions / sqrt(batch dim): in n steps the time in which it grows changes by that over sqrt(n). Heads
 * that have learned a pattern have some tenth of their attention left for the others. */
static double moved(const drawn_model *m, bool has_learned, double t)
{
    const double left = has_learned ? 0.1 : 1;
    return t * (double)m->positions / left / sqrt(t / m->rate * (double)m->batch * (double)m->dim);
}

typedef struct {
    size_t runs, stages, timed, invented, lost, differ;
    double half, peak; /* sums of squares of the times' differences over what noise moves them by */
} agreement;

/* Every stage that is over in both, against the exact one. */
static void compare_times(const drawn_model *m, const hf_findings *noisy, const hf_findings *exact, agreement *sum)
{
    const double widest = 4, part = 0.1; /* where the loss falls fastest is known to a part of a drop's width */
    for (size_t i = 0; i < exact->stage_count; i++) {
        const hf_stage *a = &noisy->stage[i], *b = &exact->stage[i];
        if (isnan(a->t_settle) || isnan(b->t_settle))
            continue;
        const bool later = b->before->loss < 0.8 * exact->start_loss;
        const double half = (a->t_half - b->t_half) / moved(m, later, b->t_half);
        const double peak = (a->t_peak - b->t_peak) / hypot(moved(m, later, b->t_peak), part * (b->t_settle - b->t_onset));
        if (!(fabs(half) < widest && fabs(peak) < widest))
            fail_msg("t_half %g, exact %g; t_peak %g, exact %g; batch %zu of\n%s", a->t_half, b->t_half, a->t_peak,
                     b->t_peak, m->batch, m->text);
        sum->half += half * half;
        sum->peak += peak * peak;
        sum->timed++;
    }
}

/* Noise can move what a run ends in past its end. */
static bool ends_inside(const hf_findings *f)
{
    return f->stage_count > 0 && isnan(f->stage[f->stage_count - 1].t_settle);
}

/* Where a drop is about as fast as the contrast asks for, the exact run's number need not be one number. */
static void compare_run(const drawn_model *m, agreement *sum)
{
    const double contrast = 3, doubt = 1.3;
    hf_run_summary noisy, exact;
    train(m, m->batch, contrast, &noisy);
    train(m, 0, contrast, &exact);
    const size_t found = noisy.findings.stage_count, want = exact.findings.stage_count;
    const size_t sure = found < want ? exact_stages(m, contrast * doubt) : want;
    const size_t least = found < want && sure > 0 && ends_inside(&exact.findings) ? sure - 1 : sure;
    const size_t most = found > want ? exact_stages(m, contrast / doubt) : want;
    if (found < least || found > most)
        fprintf(stderr, "%s: %zu stages with batch %zu, exact %zu to %zu\n", m->text, found, m->batch, least, most);
    if (found == want)
        compare_times(m, &noisy.findings, &exact.findings, sum);
    sum->runs++;
    sum->stages += want;
    sum->differ += found != want;
    sum->invented += found > most ? found - most : 0;
    sum->lost += found < least ? least - found : 0;
    hf_run_summary_clear(&noisy);
    hf_run_summary_clear(&exact);
}

static void check_agreement(data_kind kind, size_t runs, uint64_t seed)
{
    random_source random = {seed};
    agreement sum = {0};
    for (size_t i = 0; i < runs; i++) {
        drawn_model m;
        draw_model(&random, kind, &m);
        compare_run(&m, &sum);
    }
    const double half = sqrt(sum.half / (double)sum.timed), peak = sqrt(sum.peak / (double)sum.timed);
    fprintf(stderr,
            "margin: %zu runs, %zu stages, %zu runs in doubt; times off by %.2g (half), %.2g (peak) of what noise does\n",
            sum.runs, sum.stages, sum.differ, half, peak);
    assert_true(sum.invented == 0 && sum.lost == 0);
    assert_true(sum.stages > runs / 2 && sum.differ <= runs / 6 && half < 1.5 && peak < 1.5);
}

static void test_fresh_data(void **state)
{
    (void)state;
    check_agreement(FRESH, 60, 60);
}

static void test_momentum(void **state)
{
    (void)state;
    check_agreement(HEAVY, 40, 303);
}

static void test_fixed_samples(void **state)
{
    (void)state;
    check_agreement(FIXED, 12, 62);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_data),
        cmocka_unit_test(test_momentum),
        cmocka_unit_test(test_fixed_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
