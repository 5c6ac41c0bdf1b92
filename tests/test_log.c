/* Curves out of other people's tables: which columns are taken, what a look says, and speeds with their errors. */
#include "support.h"

#include "detect/slope.h"
#include "log/look.h"

#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

static hf_status choose(hf_log_columns *columns, hf_tsv *table, const char *text, const hf_log_wish *wish, hf_error *err)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    *err = (hf_error){0};
    if (hf_tsv_parse(table, "log", copy, strlen(copy), err) != HF_OK)
        fail_msg("%s", err->message);
    return hf_log_columns_choose(columns, table, wish, err);
}

/* What is chosen, as "step: loss, loss". */
static void assert_chosen(const char *text, const char *step, const char *loss, const char *expected)
{
    const char *names[] = {loss};
    const hf_log_wish wish = {.step = step, .loss_count = loss == NULL ? 0 : 1, .loss = names};
    hf_tsv table;
    hf_log_columns c;
    hf_error err;
    char chosen[2048];
    if (choose(&c, &table, text, &wish, &err) != HF_OK)
        snprintf(chosen, sizeof chosen, "%s", err.message);
    else {
        size_t used =
            (size_t)snprintf(chosen, sizeof chosen, "%s:", c.step == HF_LOG_ROW ? "row" : hf_tsv_name(&table, c.step));
        for (size_t i = 0; i < c.loss_count; i++)
            used += (size_t)snprintf(chosen + used, sizeof chosen - used, "%s %s", i == 0 ? "" : ",",
                                     hf_tsv_name(&table, c.loss[i]));
        hf_log_columns_clear(&c);
    }
    if (strcmp(chosen, expected) != 0)
        fail_msg("%s\nchosen: %s\nexpected: %s", text, chosen, expected);
    hf_tsv_clear(&table);
}

static void test_guesses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *step, *loss, *expected;
    } cases[] = {
        {"step,loss\n1,5\n2,4\n", NULL, NULL, "step: loss"},
        {"loss,step\n5,1\n4,2\n", NULL, NULL, "step: loss"},
        {",Iteration,Train Loss\n0,1,5\n1,2,4\n", NULL, NULL, "Iteration: Train Loss"},
        {"epoch,step,val_loss,loss\n0,1,5,3\n0,2,4,3\n", NULL, NULL, "step: loss"},
        {"epoch,train_loss,val_loss\n1,5,3\n2,4,3\n", NULL, NULL, "epoch: train_loss"},
        {"Wall time,Step,Value\n1.5,1,5\n2.5,2,4\n", NULL, NULL, "Step: Value"},
        {"Step,a - loss,a - loss__MIN,a - loss__MAX,b - loss\n1,5,5,5,\n2,,,,4\n", NULL, NULL, "Step: a - loss, b - loss"},
        {"Step,a - train/loss,a - _step,b - train/loss\n1,5,1,\n2,,2,4\n", NULL, NULL,
         "Step: a - train/loss, b - train/loss"},
        {"Step,a - lm loss,a - lm loss__MIN,a - lm loss__MAX\n1,5,5,5\n2,4,4,4\n", NULL, NULL, "Step: a - lm loss"},
        {"n,cost\n1,5\n2,4\n", NULL, NULL, "n: cost"},
        {"n,m\n1,5\n2,4\n", NULL, NULL, "n: m"},
        {"m,n\n5,1\n4,2\n", NULL, NULL, "n: m"},
        {"5,1\n6,2\n", NULL, NULL, "1: 2"},
        {"loss\n5\n4\n", NULL, NULL, "row: loss"},
        {"run,loss\na,5\na,4\n", NULL, NULL, "row: loss"},
        {"t,step,loss,pattern_loss_1\nnan,1,5,2\nnan,2,4,2\n", NULL, NULL, "step: loss"},
        {"t\tloss\tspeed\tpattern_loss_1\n0\t5\t1\t2\n1\t4\t1\t2\n", NULL, NULL, "t: loss"},
        /* by name */
        {"step,loss,val_loss\n1,5,3\n2,4,3\n", NULL, "val_loss", "step: val_loss"},
        {"step,loss,epoch\n1,5,3\n2,4,3\n", "epoch", NULL, "epoch: loss"},
        {"step,Loss\n1,5\n2,4\n", "STEP", "lOSS", "step: Loss"},
        {"Step,a - acc,a - loss,b - acc\n1,5,2,3\n2,4,2,3\n", NULL, "acc", "Step: a - acc, b - acc"},
        {"Step,a - acc,a - loss,b - acc\n1,5,2,3\n2,4,2,3\n", NULL, "b - acc", "Step: b - acc"},
        {"step,train/loss,val/loss\n1,5,3\n2,4,3\n", NULL, "train/loss", "step: train/loss"},
        /* what cannot be told */
        {"step,val_loss,test_loss\n1,5,3\n", NULL, NULL,
         "log: several columns could be the loss: say which with --loss NAME, once for each; the columns are 'step', "
         "'val_loss', "
         "'test_loss'"},
        {"step,a,b\n1,5,3\n2,4,3\n", NULL, NULL,
         "log: several columns could be the loss: say which with --loss NAME, once for each; the columns are 'step', 'a', "
         "'b'"},
        {"step,a,b\n1,2,3\n2,3,1\n", NULL, NULL,
         "log: several columns could be the loss: say which with --loss NAME, once for each; the columns are 'step', 'a', "
         "'b'"},
        {"step,name\n1,x\n", NULL, NULL,
         "log: no column of numbers could be the loss: say which with --loss NAME; the columns are 'step', 'name'"},
        {"step,loss\n1,5\n", NULL, "los", "log: --loss los: there is no such column; the columns are 'step', 'loss'"},
        {"step,loss,loss\n1,5,4\n", NULL, "loss",
         "log: --loss loss: several columns are called that; the columns are 'step', 'loss', 'loss'"},
        {"step,train/loss,val/loss\n1,5,3\n2,4,3\n", NULL, "loss",
         "log: --loss loss: several columns are called that; the columns are 'step', 'train/loss', 'val/loss'"},
        {"step,loss\n1,5\n", "time", NULL, "log: --step time: there is no such column; the columns are 'step', 'loss'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_chosen(cases[i].text, cases[i].step, cases[i].loss, cases[i].expected);
}

/* ---- a look ---- */

enum { ROWS = 600 };

static double staircase(double x)
{
    return 1 + 2 / (1 + exp((x - 200) / 8)) + 1 / (1 + exp((x - 400) / 8));
}

static hf_log_look look_at(hf_log_curve *curve)
{
    hf_log_look look;
    hf_error err;
    if (hf_log_look_at(&look, curve, &hf_search_usual, &err) != HF_OK)
        fail_msg("%s", err.message);
    return look;
}

/* The same stages upside down, out of order, and on a logarithmic grid; gaps are seen. */
static void test_looks(void **state)
{
    (void)state;
    random_source random = {31};
    double x[ROWS], y[ROWS];
    hf_log_curve curve = {.file = "log", .loss = "loss", .count = ROWS, .x = x, .y = y};
    for (int how = 0; how < 4; how++) {
        for (size_t i = 0; i < ROWS; i++) {
            x[i] = how == 1 ? pow(ROWS, (double)i / (ROWS - 1)) : how == 2 ? (double)((i * 241) % ROWS) : (double)i;
            x[i] += how == 3 && i >= 300 ? 30 : 0;
            const double fall = staircase(how == 3 && i >= 300 ? x[i] - 30 : x[i]) + 0.01 * draw_normal(&random);
            y[i] = how == 0 ? 4 - fall : fall;
        }
        hf_log_look look = look_at(&curve);
        assert_int_equal(look.found.stage_count, 2);
        const double late = how == 3 ? 30 : 0;
        assert_true(is_close(look.found.stage[0].t_half, 200, 0, 1) &&
                    is_close(look.found.stage[1].t_half, 400 + late, 0, 1));
        assert_true(is_close(look.found.stage[0].t_peak, 200, 0, 4));
        assert_true(look.sign == (how == 0 ? -1 : 1) && look.is_log == (how == 1));
        assert_true(look.gaps == (how == 3) && look.rows.unsorted == (how == 2));
        assert_true(how != 3 || (look.gap_from == 299 && look.gap_to == 330));
        assert_true(hf_log_certainty(&look, 0) > 100 && hf_log_certainty(&look, 1) > 50 &&
                    isnan(hf_log_certainty(&look, 2)));
        const hf_search_plateau *middle = &look.found.plateau[1];
        assert_true(fabs(look.sign * middle->loss - 2) < 5 * middle->loss_error + 0.002);
        hf_log_look_clear(&look);
    }
}

static void test_too_few_rows(void **state)
{
    (void)state;
    double x[] = {1, 2, 2, 3, NAN}, y[] = {5, 4, 4, NAN, 3};
    hf_log_curve curve = {.file = "log", .loss = "loss", .count = 5, .x = x, .y = y};
    hf_log_look look;
    hf_error err;
    assert_int_equal(hf_log_look_at(&look, &curve, &hf_search_usual, &err), HF_EUSAGE);
    assert_string_equal(err.message, "log: loss: 2 different steps with a number, expected at least 4");
}

/* ---- speeds ---- */

/* Of a curve whose slope is known: with white noise errors are as large as they are said to be, with correlated noise they may be
 * twice that. */
static void test_slopes_have_honest_errors(void **state)
{
    (void)state;
    enum { PLACES = 40, AGAIN = 20 };
    const double sigma = 0.02, rho = 0.8;
    random_source random = {32};
    double x[ROWS], y[ROWS];
    for (int correlated = 0; correlated < 2; correlated++) {
        size_t inside = 0, all = 0;
        double square = 0, narrow = INFINITY, level = 0;
        for (int again = 0; again < AGAIN; again++) {
            double chain = draw_normal(&random);
            for (size_t i = 0; i < ROWS; i++) {
                chain = correlated ? rho * chain + sqrt(1 - rho * rho) * draw_normal(&random) : draw_normal(&random);
                x[i] = (double)i;
                y[i] = staircase(x[i]) + sigma * chain;
            }
            hf_rows rows;
            assert_int_equal(hf_rows_clean(&rows, ROWS, x, y, 1, NULL), HF_OK);
            for (size_t k = 1; k < PLACES; k++) {
                const double t = (double)k * ROWS / PLACES, h = 1e-3;
                hf_slope s;
                assert_true(hf_slope_at(&rows, t, &s));
                const double truth = (staircase(t - h) - staircase(t + h)) / (2 * h),
                             off = (s.speed - truth) / s.speed_error;
                square += off * off;
                level += pow((s.loss - staircase(t)) / s.loss_error, 2);
                inside += fabs(off) < 3;
                narrow = fmin(narrow, s.half);
                all++;
            }
            hf_rows_clear(&rows);
        }
        assert_true(within("beyond three errors", 1 - (double)inside / (double)all, correlated ? 0.15 : 0.03));
        assert_true(within("mean square", square / (double)all, correlated ? 3 : 1) && square / (double)all > 0.2);
        assert_true(within("mean square of levels", level / (double)all, correlated ? 3 : 1));
        assert_true(narrow < 25); /* steep places have narrow windows */
    }
}

/* Where a curve has come to rest, windows that reach back into its fall may have its speed, but not its level. */
static void test_levels_at_rest(void **state)
{
    (void)state;
    enum { COUNT = 81, AGAIN = 50 };
    random_source random = {34};
    double x[COUNT], y[COUNT], most = 0, square = 0;
    for (int again = 0; again < AGAIN; again++) {
        for (size_t i = 0; i < COUNT; i++) {
            x[i] = 10 * (double)i;
            y[i] = 0.77 + 2.2 * exp(-x[i] / 50) + 3e-3 * draw_normal(&random);
        }
        hf_rows rows;
        assert_int_equal(hf_rows_clean(&rows, COUNT, x, y, 1, NULL), HF_OK);
        for (size_t i = 0; i < COUNT; i++) {
            hf_slope s;
            assert_true(hf_slope_at(&rows, x[i], &s));
            const double off = (s.loss - 0.77 - 2.2 * exp(-x[i] / 50)) / s.loss_error;
            most = fmax(most, fabs(off));
            square += off * off / (COUNT * AGAIN);
        }
        hf_rows_clear(&rows);
    }
    assert_true(within("errors off", most, 8) && within("mean square", square, 1.5));
}

/* Without noise a speed is that of the curve; halfway times are, with noise, as far off as they say. */
static void test_times_have_honest_errors(void **state)
{
    (void)state;
    enum { AGAIN = 60 };
    random_source random = {33};
    double x[ROWS], y[ROWS], square = 0, most = 0;
    hf_log_curve curve = {.file = "log", .loss = "loss", .count = ROWS, .x = x, .y = y};
    for (int again = 0; again <= AGAIN; again++) {
        for (size_t i = 0; i < ROWS; i++) {
            x[i] = (double)i;
            y[i] = staircase(x[i]) + (again == 0 ? 0 : 0.02 * draw_normal(&random));
        }
        hf_log_look look = look_at(&curve);
        assert_int_equal(look.found.stage_count, 2);
        const hf_search_stage *s = &look.found.stage[0];
        if (again == 0)
            assert_true(is_close(s->t_half, 200, 0, 0.02) && is_close(s->speed, 2.0 / 32, 0.01, 0) &&
                        is_close(s->t_peak, 200, 0, 1));
        else {
            square += pow((s->t_half - 200) / s->half_error, 2) / AGAIN;
            most = fmax(most, fabs(s->t_half - 200));
            assert_true(s->t_onset < s->t_half && s->t_half < s->t_settle);
        }
        hf_log_look_clear(&look);
    }
    assert_true(within("mean square", square, 1.5) && square > 0.05);
    assert_true(within("steps off", most, 1)); /* of a drop of 35 steps, with noise of a hundredth of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guesses),        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_too_few_rows),   cmocka_unit_test(test_slopes_have_honest_errors),
        cmocka_unit_test(test_levels_at_rest), cmocka_unit_test(test_times_have_honest_errors)};
    hf_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
