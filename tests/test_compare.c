/* What training runs are compared by: curves, quantiles, matched heads, and the tables of whole experiments. */
#include "support.h"
#include "core/path.h"
#include "training.h"

#include "compare/bands.h"
#include "compare/comparison.h"
#include "compare/ladder.h"
#include "compare/write.h"
#include "config/fill.h"
#include "core/file.h"
#include "core/statistics.h"
#include "detect/curve.h"
#include "run/experiment.h"
#include "train/optimizer.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- curves ---- */

enum { DEGREE = 5, NODES = 6 };

/* A polynomial's value or one of its derivatives. */
static double polynomial(const double *c, size_t derivative, double t)
{
    double sum = 0;
    for (size_t n = DEGREE + 1; n-- > derivative;) {
        double factor = c[n];
        for (size_t d = 0; d < derivative; d++)
            factor *= (double)(n - d);
        sum = sum * t + factor;
    }
    return sum;
}

/* Samples of a polynomial loss at uneven times. */
static hf_curve sample(const double *c, hf_sample *at)
{
    static const double times[NODES] = {0, 0.1, 0.5, 0.55, 1.7, 3};
    for (size_t i = 0; i < NODES; i++)
        at[i] = (hf_sample){.t = times[i],
                            .loss = polynomial(c, 0, times[i]),
                            .speed = -polynomial(c, 1, times[i]),
                            .rate = -polynomial(c, 2, times[i])};
    return (hf_curve){NODES, at};
}

static void test_curve_is_quintic(void **state)
{
    (void)state;
    random_source random = {11};
    for (size_t trial = 0; trial < 50; trial++) {
        hf_sample at[NODES];
        double c[DEGREE + 1];
        const double q[] = {draw_normal(&random), draw_normal(&random),
                            draw_normal(&random)}; /* L' = -q(t)^2: it only falls */
        const double square[] = {q[0] * q[0], 2 * q[0] * q[1], 2 * q[0] * q[2] + q[1] * q[1], 2 * q[1] * q[2], q[2] * q[2]};
        c[0] = draw_normal(&random);
        for (size_t n = 1; n <= DEGREE; n++)
            c[n] = -square[n - 1] / (double)n;
        const hf_curve curve = sample(c, at);
        for (double t = 0; t <= 3; t += 0.0078125)
            assert_true(is_close(hf_curve_loss(&curve, t), polynomial(c, 0, t), 1e-12, 1e-11));
        for (size_t i = 0; i < NODES; i++)
            assert_true(is_close(hf_curve_loss(&curve, at[i].t), at[i].loss, 1e-15, 1e-14));
    }
}

static void test_curve_ends(void **state)
{
    (void)state;
    hf_sample at[NODES];
    const double c[DEGREE + 1] = {2, -1};
    const hf_curve curve = sample(c, at), nothing = {0, NULL}, point = {1, at + 2};
    assert_true(isnan(hf_curve_loss(&curve, -1e-9)) && isnan(hf_curve_loss(&curve, 3.0001)));
    assert_true(isnan(hf_curve_loss(&curve, NAN)) && isnan(hf_curve_loss(&nothing, 0)));
    assert_true(hf_curve_loss(&curve, 0) == 2 && close_to(hf_curve_loss(&curve, 3), -1, 1e-15));
    assert_true(hf_curve_loss(&point, 0.5) == 1.5 && isnan(hf_curve_loss(&point, 0.6)));
}

static void test_first_below(void **state)
{
    (void)state;
    hf_sample at[NODES];
    const double line[DEGREE + 1] = {2, -1}, cubic[DEGREE + 1] = {0, 2, -3, 1}; /* t (t - 1) (t - 2) */
    hf_curve curve = sample(line, at);
    for (double level = -0.9; level < 2; level += 0.1)
        assert_true(is_close(hf_curve_first_below(&curve, level), 2 - level, 1e-14, 1e-15));
    assert_true(hf_curve_first_below(&curve, 2) == 0 && hf_curve_first_below(&curve, 5) == 0);
    assert_true(isnan(hf_curve_first_below(&curve, -1.01)));
    curve = sample(cubic, at); /* rises, falls through 0 at t = 1, and rises again */
    at[0].loss = 1e-3;
    assert_true(close_to(hf_curve_first_below(&curve, 1e-12), 1, 1e-9));
    const hf_curve nothing = {0, NULL};
    assert_true(isnan(hf_curve_first_below(&nothing, 1)));
}

/* ---- quantiles ---- */

static void test_quantiles(void **state)
{
    (void)state;
    double x[] = {NAN, 4, 1, NAN, -INFINITY, 2, 3, 0};
    hf_sort(8, x);
    for (size_t i = 1; i < 6; i++)
        assert_true(x[i] == (double)i - 1);
    assert_true(x[0] == -INFINITY && isnan(x[6]) && isnan(x[7]));
    const double *finite = x + 1; /* 0 1 2 3 4 nan nan */
    assert_true(hf_quantile(5, finite, 0) == 0 && hf_quantile(5, finite, 1) == 4 && hf_quantile(5, finite, 0.5) == 2);
    assert_true(close_to(hf_quantile(5, finite, 0.1), 0.4, 1e-15) && close_to(hf_quantile(5, finite, 0.9), 3.6, 1e-15));
    assert_true(hf_quantile(7, finite, 0.5) == 3); /* those that never happen count as late */
    assert_true(isnan(hf_quantile(7, finite, 0.9)) && isnan(hf_quantile(7, finite, 0.7)));
    assert_true(isnan(hf_quantile(0, finite, 0.5)) && hf_quantile(1, finite + 3, 0.9) == 3);
    /* orders that are an order statistic's own need no neighbour, which may never have happened */
    for (size_t count = 2; count < 400; count++) {
        static const double orders[] = {0.1, 0.5, 0.9};
        for (size_t n = 0; n < 3; n++) {
            const size_t tenths = (size_t)(orders[n] * 10 + 0.5) * (count - 1);
            double *sorted = numbers(count);
            if (tenths % 10 == 0) {
                for (size_t i = 0; i < count; i++)
                    sorted[i] = i <= tenths / 10 ? (double)i : NAN;
                assert_true(close_to(hf_quantile(count, sorted, orders[n]), (double)(tenths / 10), 1e-12));
            }
            free(sorted);
        }
    }
}

/* ---- heads ---- */

static void test_match_heads(void **state)
{
    (void)state;
    const double flow[] = {0.1, 0.9, 0.0, 0.8, 0.1, 0.0, 0.1, 0.0, 1.0}; /* heads carry 2, 1, 3 */
    const double run[] = {0.0, 0.2, 0.9, 0.0, 0.8, 0.1, 0.9, 0.0, 0.0};  /* heads carry 3, 2, 1 */
    const double twice[] = {0.9, 0.1, 0.0, 0.8, 0.1, 0.0, 0.1, 0.0, 1.0};
    const double spare[] = {0.9, 0.1, 0.0, 0.8, 0.0, 0.1};
    size_t head_of[3] = {9, 9, 9};
    assert_true(hf_comparison_match_heads(3, 3, flow, run, head_of));
    assert_true(head_of[0] == 2 && head_of[1] == 0 && head_of[2] == 1);
    assert_true(hf_comparison_match_heads(3, 3, flow, flow, head_of));
    assert_true(head_of[0] == 0 && head_of[1] == 1 && head_of[2] == 2);
    assert_false(hf_comparison_match_heads(3, 3, flow, twice, head_of));
    assert_false(hf_comparison_match_heads(3, 3, twice, flow, head_of));
    assert_false(hf_comparison_match_heads(3, 2, spare, spare, head_of)); /* three heads, two patterns */
    assert_false(hf_comparison_match_heads(2, 3, spare, spare, head_of)); /* both carry pattern 1 */
    const double one[] = {0.0, 1.0, 0.0, 0.7, 0.1, 0.1}, other[] = {0.0, 0.1, 1.0, 0.7, 0.1, 0.1};
    assert_true(hf_comparison_match_heads(2, 3, one, one, head_of));    /* two of three patterns, the same ones */
    assert_false(hf_comparison_match_heads(2, 3, one, other, head_of)); /* not the same ones */
}

/* ---- tables ---- */

static char root[128]; /* in this run's own folder */

static char *place(const char *name)
{
    char *path = hf_path_join(root, name);
    assert_non_null(path);
    return path;
}

static void write_at(const char *name, const char *text)
{
    char *path = place(name);
    write_text(path, text, strlen(text));
    free(path);
}

static void make_at(const char *name)
{
    char *path = place(name);
    hf_error err = {0};
    assert_int_equal(hf_directory_make(path, &err), HF_OK);
    free(path);
}

static void remove_all(void)
{
    remove_tree(root);
    assert_int_equal(mkdir(root, 0700), 0);
}

static hf_tsv read_at(const char *name)
{
    char *path = place(name);
    const hf_tsv table = read_tsv(path);
    free(path);
    return table;
}

static hf_status write_bands(size_t seeds, hf_error *err)
{
    return hf_bands_write(&(hf_table_origin){.title = "bands", .seed = 5}, seeds, root, NULL, err);
}

/* Three seeds, of which one stops early and in between: its last row is no row of the others. */
static void test_bands(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "# comment\nt\tloss\tenergy_defect\tmass_1_1\tstep\n0\t5\tnan\t1\t0\n1\t3\tnan\t1\t10\n2\t1\tnan\t1\t20\n",
        "# comment\nt\tloss\tenergy_defect\tmass_1_1\tstep\n0\t7\tnan\t1\t0\n1\t4\tnan\t1\t10\n1.5\t0\tnan\t1\t15\n",
        "# comment\nt\tloss\tenergy_defect\tmass_1_1\tstep\n0\t6\tnan\t1\t0\n1\tnan\tnan\t1\t10\n2\t2\tnan\t1\t20\n",
    };
    hf_error err = {0};
    hf_tsv table;
    for (size_t k = 0; k < 3; k++) {
        char name[64];
        snprintf(name, sizeof name, "train/seed-%zu", k + 5);
        make_at(name);
        snprintf(name, sizeof name, "train/seed-%zu/trajectory.tsv", k + 5);
        write_at(name, rows[k]);
    }
    assert_int_equal(write_bands(3, &err), HF_OK);
    table = read_at("train/summary.tsv");
    assert_int_equal(table.columns, 5); /* t loss loss_p10 loss_p90 step */
    assert_int_equal(table.rows, 2);    /* what all have */
    assert_true(number_in(&table, 0, "loss") == 6 && close_to(number_in(&table, 0, "loss_p10"), 5.2, 1e-15));
    assert_true(close_to(number_in(&table, 0, "loss_p90"), 6.8, 1e-15));
    assert_true(number_in(&table, 1, "loss") == 4 && isnan(number_in(&table, 1, "loss_p90")));
    assert_true(number_in(&table, 1, "t") == 1 && number_in(&table, 1, "step") == 10);
    hf_tsv_clear(&table);

    write_at("train/seed-6/trajectory.tsv", "t\tloss\tenergy_defect\tmass_1_1\tstep\n0\t7\tx\t1\t0\n");
    assert_int_equal(write_bands(3, &err), HF_EUSAGE);
    assert_non_null(strstr(err.message, "seed-6"));
    assert_int_equal(write_bands(4, &err), HF_ESYSTEM);
    assert_non_null(strstr(err.message, "seed-8"));
    remove_all();
}

/* ---- experiments ---- */

static hf_experiment_params params; /* of the experiment that is under way */

static void run_experiment(hf_experiment *x, hf_config *config, const char *text)
{
    hf_error err = {0};
    const hf_experiment_options options = {.directory = root, .threads = 1};
    read_config(config, text);
    if (hf_fill_experiment(config, &params, &err) != HF_OK || hf_experiment_run(x, &params, &options, &err) != HF_OK ||
        hf_compare_write(x, root, NULL, &err) != HF_OK)
        fail_msg("%s", err.message);
}

#define PAIR                                                                                                               \
    "heads = 2; positions = 12; target = { strengths = (2.0, 1.0); patterns = ((1), (2)); }; init = { distribution = "     \
    "\"sine\"; "                                                                                                           \
    "perturbation = 0.01; }; flow = { }; solver = { t_end = 100.0; }; output = { points = 40; attention = false; }; "

/* The companion of that name; HF_COMPANIONS: none. */
static size_t companion_of(const char *curve)
{
    size_t c = 0;
    while (c < HF_COMPANIONS && strcmp(hf_companion_names[c], curve) != 0)
        c++;
    return c;
}

/* compare.tsv and runs.tsv say what the runs did: levels between the flow's plateaus, the time at which each curve falls
 * below them, heads by what they carry. */
static void test_comparison_tables(void **state)
{
    (void)state;
    hf_experiment x;
    hf_config config;
    hf_tsv table;
    run_experiment(&x, &config, PAIR "train = { dim = 5; batch = 256; lr = 0.05; seeds = 3; };");
    const hf_findings *flow = &x.flow.findings;
    assert_int_equal(flow->stage_count, 2);
    assert_int_equal(x.levels.count, 2);
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        assert_true(x.has[c]);
    table = read_at("compare.tsv");
    assert_int_equal(table.rows, 2 * (1 + HF_COMPANIONS + 3 + 3));
    for (size_t row = 0; row < table.rows; row++) {
        const char *curve = text_in(&table, row, "curve");
        const size_t l = (size_t)number_in(&table, row, "stage") - 1;
        const double level = (flow->stage[l].before->loss + flow->stage[l].loss_after) / 2, t = number_in(&table, row, "t");
        const size_t c = companion_of(curve);
        const double t_flow = hf_curve_first_below(&flow->curve, level);
        assert_true(close_to(number_in(&table, row, "level"), level, 1e-15));
        assert_true(close_to(number_in(&table, row, "deviation_flow"), t / t_flow - 1, 1e-12));
        assert_true(close_to(number_in(&table, row, "deviation_step"),
                             t / x.levels.t_companion[HF_COMPANION_STEP][l] - 1, 1e-12));
        assert_true(close_to(number_in(&table, row, "deviation_step_drift"),
                             t / x.levels.t_companion[HF_COMPANION_STEP_DRIFT][l] - 1, 1e-12));
        if (strcmp(curve, "flow") == 0) {
            assert_true(number_in(&table, row, "deviation_flow") == 0 && isnan(number_in(&table, row, "step")));
            assert_true(number_in(&table, row, "t_peak") == flow->stage[l].t_peak);
            assert_true(number_in(&table, row, "pattern") == (double)l + 1);
            assert_true(number_in(&table, row, "carrier") == number_in(&table, row, "carrier_in_flow"));
        } else if (c < HF_COMPANIONS)
            assert_true(close_to(t, hf_curve_first_below(&x.companion[c].findings.curve, level), 1e-14));
        else {
            const size_t seed = strcmp(curve, "seed") == 0 ? (size_t)number_in(&table, row, "seed") - 1 : 0;
            double step = x.main.run[seed].training.crossing[l];
            if (strcmp(curve, "seed") != 0)
                step = hf_comparison_quantile(&x.main, l, curve[0] == 'm' ? 0.5 : curve[1] == '1' ? 0.1 : 0.9);
            assert_true(close_to(number_in(&table, row, "step"), step, 1e-15) && close_to(t, 0.05 * step, 1e-14));
        }
    }
    hf_tsv_clear(&table);
    table = read_at("runs.tsv");
    assert_int_equal(table.rows, 3 + HF_COMPANIONS);
    for (size_t k = 0; k < 3; k++) {
        const hf_run_summary *run = &x.main.run[k];
        size_t head_of[2];
        char heads[16] = "nan";
        if (hf_comparison_match_heads(2, 2, x.flow.share, run->share, head_of))
            snprintf(heads, sizeof heads, "%zu,%zu", head_of[0] + 1, head_of[1] + 1);
        assert_string_equal(text_in(&table, k, "heads"), heads);
        assert_true(number_in(&table, k, "loss") == run->loss && number_in(&table, k, "seed") == (double)k + 1);
        assert_true(number_in(&table, k, "deviation_before") == run->training.before.loss &&
                    run->training.before.t < run->training.after.t);
    }
    hf_tsv_clear(&table);
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    remove_all();
}

/* The ladder without noise: the mean deviation of stage times is proportional to lr and the fit finds the factor; the loss's
 * deviation is of first order. */
static void test_ladder(void **state)
{
    (void)state;
    hf_experiment x;
    hf_config config;
    hf_tsv table, rungs;
    run_experiment(&x, &config, PAIR "train = { dim = 2; batch = 0; lr = 0.04; seeds = 2; }; ladder = { halvings = 3; };");
    rungs = read_at("ladder.tsv");
    assert_int_equal(rungs.rows, 4 * 2);
    for (size_t row = 0; row < rungs.rows; row++) {
        assert_true(number_in(&rungs, row, "lr") == ldexp(0.04, -(int)(row / 2)));
        assert_int_equal(number_in(&rungs, row, "reached"), number_in(&rungs, row, "seeds"));
    }
    table = read_at("ladder-fit.tsv");
    size_t seen = 0;
    for (size_t row = 0; row < table.rows; row++) {
        const char *fit = text_in(&table, row, "fit");
        const double value = number_in(&table, row, "value");
        if (strcmp(fit, "mean_per_lr") == 0) {
            const size_t finest = 3 * 2 + (size_t)number_in(&table, row, "stage") - 1;
            const double want = number_in(&rungs, finest, "mean_deviation") / 0.005;
            assert_true(within("factor", fabs(value / want - 1), 0.004) && fabs(want) > 1e-2);
            seen++;
        } else if (strcmp(fit, "loss_order_in_lr") == 0) {
            assert_true(within("order of the loss", fabs(value - 1), 0.03) && number_in(&table, row, "batch") == 0);
            seen++;
        } else
            assert_true(isnan(value)); /* nothing is known of noise that is not there */
    }
    assert_int_equal(seen, 3);
    hf_tsv_clear(&table);
    hf_tsv_clear(&rungs);
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    remove_all();
}

/* ---- error bars ---- */

enum { RUNGS = 12, SEEDS = 8, LADDERS = 200 };

/* A ladder made of numbers: three batch sizes (0: the exact gradient, one seed), four learning rates, one level at t = 1. Of
 * the noise of a deviation the part shared is that of its seed, the same on every rung; the rest is the rung's own. Every
 * seed's noise is scaled by sqrt(lr / batch). */
typedef struct {
    hf_experiment experiment;
    hf_experiment_params params;
    hf_rung rung[RUNGS];
    hf_run_summary run[RUNGS][SEEDS];
    double crossing[RUNGS][SEEDS], level, t_flow;
} made_ladder;

static const double per_lr = 0.07, per_noise = -0.8, spread = 12;

static void make_ladder(made_ladder *m, size_t seeds, double shared, random_source *random)
{
    static const size_t batches[] = {0, 128, 512};
    double z[SEEDS];
    m->level = m->t_flow = 1;
    for (size_t k = 0; k < seeds; k++)
        z[k] = draw_normal(random);
    for (size_t i = 0; i < RUNGS; i++) {
        const size_t batch = batches[i / 4], runs = batch == 0 ? 1 : seeds;
        const double lr = ldexp(0.1, -(int)(i % 4)), noise = batch == 0 ? 0 : lr / (double)batch;
        m->rung[i] = (hf_rung){.lr = lr, .batch = batch, .seeds = runs, .run = m->run[i]};
        for (size_t k = 0; k < runs; k++) {
            const double own = sqrt(1 - shared * shared) * draw_normal(random);
            const double late = per_lr * lr + per_noise * noise + spread * sqrt(noise) * (shared * z[k] + own);
            m->crossing[i][k] = (1 + late) / lr;
            m->run[i][k] =
                (hf_run_summary){.training = {.crossing = &m->crossing[i][k], .before = {.loss = lr * (1 + own / 20)}}};
        }
    }
    m->experiment = (hf_experiment){.params = &m->params,
                                    .levels = {.count = 1, .level = &m->level, .t_flow = &m->t_flow},
                                    .rung_count = RUNGS,
                                    .rung = m->rung};
}

/* How often the truth is within t standard errors, t such that it should be in 80 % of all cases. residual: by the scatter of
 * the rungs about the law instead. */
static double coverage(made_ladder *m, size_t seeds, double shared, hf_ladder_fit which, double truth, bool residual)
{
    random_source random = {12345};
    const double t = gsl_cdf_tdist_Qinv(0.1, residual ? RUNGS - 2 : (double)seeds - 1);
    size_t covered = 0;
    for (size_t trial = 0; trial < LADDERS; trial++) {
        hf_ladder_number fit[HF_LADDER_NUMBERS];
        hf_error err;
        make_ladder(m, seeds, shared, &random);
        assert_int_equal(hf_ladder_fit_stage(&m->experiment, 0, fit, &err), HF_OK);
        assert_int_equal(fit[which].seeds, seeds);
        covered += fabs(fit[which].value - truth) <= t * (residual ? fit[which].residual : fit[which].error);
    }
    return (double)covered / LADDERS;
}

/* The standard errors of a ladder hold the truth as often as they say, however much of the noise the rungs share; 200 ladders
 * tell 0.8 to 0.03. The scatter about the law, which takes the rungs for independent, does not. */
static void test_ladder_error_bars(void **state)
{
    static const struct {
        size_t seeds;
        double shared;
    } cases[] = {{8, 1}, {8, 0.9}, {8, 0}, {3, 1}, {4, 0.7}};
    (void)state;
    made_ladder m = {.level = 1};
    m.params.main.learner.train = (hf_train_params){.lr = 0.1, .seeds = 8};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double held = coverage(&m, cases[i].seeds, cases[i].shared, HF_LADDER_MEAN_PER_NOISE, per_noise, false);
        assert_true(within("coverage of the mean per lr/batch", fabs(held - 0.8), 0.09));
    }
    /* an exponent of spreads that three or four seeds have is far from normal: it is held more often than it should be */
    const double exponent = coverage(&m, 8, 0.9, HF_LADDER_SPREAD_EXPONENT, 0.5, false);
    assert_true(within("coverage of the spread's exponent", fabs(exponent - 0.8), 0.09));
    assert_true(coverage(&m, 8, 1, HF_LADDER_MEAN_PER_NOISE, per_noise, true) < 0.4);
}

/* Two seeds have no error bar, and none is taken from the agreement of the rungs. */
static void test_ladder_of_few_seeds(void **state)
{
    (void)state;
    made_ladder m = {.level = 1};
    random_source random = {7};
    hf_ladder_number fit[HF_LADDER_NUMBERS], order;
    hf_error err;
    char *text = NULL;
    size_t size;
    m.params.main.learner.train = (hf_train_params){.lr = 0.1, .seeds = 8};
    for (size_t seeds = 1; seeds <= 3; seeds++) {
        make_ladder(&m, seeds, 0.5, &random);
        assert_int_equal(hf_ladder_fit_stage(&m.experiment, 0, fit, &err), HF_OK);
        assert_true(isfinite(fit[HF_LADDER_MEAN_PER_LR].value) && isfinite(fit[HF_LADDER_MEAN_PER_LR].residual));
        assert_true(isnan(fit[HF_LADDER_MEAN_PER_LR].error) == (seeds < 3));
        assert_int_equal(hf_ladder_fit_order(&m.experiment, 128, &order, &err), HF_OK);
        assert_true(fabs(order.value - 1) < 0.5 && isnan(order.error) == (seeds < 3) && order.seeds == seeds);
        assert_int_equal(hf_ladder_fit_order(&m.experiment, 0, &order, &err), HF_OK);
        assert_true(isnan(order.error) && order.seeds == 1); /* the exact gradient has one seed */
        FILE *stream = open_memstream(&text, &size);
        assert_non_null(stream);
        assert_int_equal(hf_ladder_print(&m.experiment, stream, &err), HF_OK);
        fclose(stream);
        assert_true((strstr(text, "No error bars: these take 3 seeds or more") != NULL) == (seeds < 3));
        assert_true((strstr(text, "±") != NULL) == (seeds == 3));
        free(text);
    }
}

/* The jackknife of a mean is its standard error. */
static void test_jackknife(void **state)
{
    (void)state;
    random_source random = {3};
    double x[10], without[10], sum = 0, square = 0;
    for (size_t k = 0; k < 10; k++)
        sum += x[k] = draw_normal(&random);
    for (size_t k = 0; k < 10; k++) {
        without[k] = (sum - x[k]) / 9;
        square += (x[k] - sum / 10) * (x[k] - sum / 10);
    }
    assert_true(close_to(hf_jackknife(10, without), sqrt(square / 9 / 10), 1e-14));
    assert_true(isnan(hf_jackknife(2, without)) && isnan(hf_jackknife(0, without)) && isfinite(hf_jackknife(3, without)));
    without[4] = NAN;
    assert_true(isnan(hf_jackknife(10, without)));
}

/* Every rung has the time of the flow with the drift of its own noise. */
static void test_drift_of_rungs(void **state)
{
    (void)state;
    hf_experiment x;
    hf_config config;
    hf_tsv rungs;
    run_experiment(&x, &config,
                   PAIR "train = { dim = 2; batch = 64; lr = 0.1; seeds = 1; }; "
                        "ladder = { halvings = 1; batches = (64, 0, 8); };");
    rungs = read_at("ladder.tsv");
    assert_int_equal(rungs.rows, 6 * 2);
    double noise[2] = {0};
    for (size_t row = 0; row < rungs.rows; row++) {
        const double batch = number_in(&rungs, row, "batch"), drift = number_in(&rungs, row, "t_drift");
        const double t = number_in(&rungs, row, "t_flow"), ratio = number_in(&rungs, row, "lr") / batch;
        if (batch == 0)
            assert_true(isnan(drift));                   /* the exact gradient has no noise */
        else if (number_in(&rungs, row, "stage") == 1) { /* to first order in lr/batch */
            noise[0] += fabs(drift / t - 1) / ratio / 4;
            noise[1] = fmax(noise[1], fabs(drift / t - 1) / ratio);
        }
    }
    assert_true(noise[0] > 0 && noise[1] < 1.2 * noise[0]);
    assert_true(number_in(&rungs, 0, "t_drift") == x.levels.t_companion[HF_COMPANION_DRIFT][0]);
    hf_tsv_clear(&rungs);
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    remove_all();
}

/* Exact steps do not depend on the seed, but random features do: then all seeds are run. */
static void test_seeds_of_a_rung(void **state)
{
    (void)state;
    hf_experiment x;
    hf_config config;
    run_experiment(&x, &config,
                   PAIR "train = { dim = 2; batch = 0; lr = 0.1; steps = 100; seeds = 2; features = \"random\"; }; "
                        "ladder = { halvings = 1; };");
    assert_int_equal(x.rung_count, 2);
    assert_int_equal(x.rung[1].seeds, 2);
    assert_true(x.main.run[0].loss != x.main.run[1].loss);
    hf_experiment_clear(&x);
    hf_fill_clear_experiment(&params);
    hf_config_clear(&config);
    remove_all();
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "%s/compare", temporary_folder());
    return mkdir(root, 0700);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve_is_quintic),  cmocka_unit_test(test_curve_ends),
        cmocka_unit_test(test_first_below),       cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_match_heads),       cmocka_unit_test(test_bands),
        cmocka_unit_test(test_comparison_tables), cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_seeds_of_a_rung),   cmocka_unit_test(test_jackknife),
        cmocka_unit_test(test_ladder_error_bars), cmocka_unit_test(test_ladder_of_few_seeds),
        cmocka_unit_test(test_drift_of_rungs),
    };
    return cmocka_run_group_tests(tests, make_root, NULL);
}
