/* Stages of curves of which only samples are known: parts of the search, and all of it on flows whose stages are known, with
 * noise of several kinds. */
#include "curves.h"
#include "training.h"

#include "core/init.h"
#include "detect/clean.h"
#include "detect/isotonic.h"
#include "detect/noise.h"
#include "detect/taut.h"

#include <stdlib.h>
#include <string.h>

/* ---- parts ---- */

static void test_noise_of_any_kind(void **state)
{
    (void)state;
    enum { ROWS = 4000 };
    random_source random = {3};
    double *y = numbers(ROWS), *noise = numbers(ROWS), chain = 0;
    for (size_t i = 0; i < ROWS; i++)
        y[i] = 5 * exp(-(double)i / 700) + 0.01 * (i < ROWS / 2 ? 1 : 3) * draw_normal(&random);
    hf_noise_profile(ROWS, y, 1, noise);
    assert_true(within("white", fabs(noise[500] / 0.01 - 1), 0.2) && within("later", fabs(noise[3500] / 0.03 - 1), 0.2));
    for (size_t i = 0; i < ROWS; i++) {
        chain = 0.9 * chain + sqrt(1 - 0.81) * draw_normal(&random);
        y[i] = 5 * exp(-(double)i / 1500) + 0.01 * chain;
    }
    hf_noise_profile(ROWS, y, 1, noise);
    assert_true(noise[2000] > 0.005 && noise[2000] < 0.02); /* differences of neighbours say 0.002 */
    for (size_t i = 0; i < ROWS; i++)
        y[i] = 5 * exp(-(double)i / 700);
    hf_noise_profile(ROWS, y, 1, noise);
    assert_true(within("none", noise[2000], 1e-9));
    free(y);
    free(noise);
}

/* In every window of a short curve: noise of neighbours that correlate by 0.9 is not taken for a trend. */
static void test_noise_of_few_rows(void **state)
{
    (void)state;
    enum { ROWS = 3000, AGAIN = 20 };
    random_source random = {4};
    double *y = numbers(ROWS), *noise = numbers(ROWS), *scratch = numbers(ROWS), least = INFINITY, together = 0;
    for (int again = 0; again < AGAIN; again++) {
        double chain = draw_normal(&random);
        for (size_t i = 0; i < ROWS; i++) {
            chain = 0.9 * chain + sqrt(1 - 0.81) * draw_normal(&random);
            y[i] = -(double)i / ROWS + 0.001 * chain;
        }
        hf_noise_profile(ROWS, y, 1, noise);
        for (size_t i = 0; i < ROWS; i++)
            least = fmin(least, noise[i] / 0.001);
        together += hf_noise_together(ROWS, y, noise, scratch) / AGAIN;
    }
    assert_true(least >
                0.35); /* differences of neighbours say 0.25, and without a look at other windows that was the least */
    assert_true(together > 9 && together < 25); /* 19 */
    free(y);
    free(noise);
    free(scratch);
}

/* Against the minimax formula fit_i = min_{a<=i} max_{b>=i} mean(a..b). */
static void test_isotonic(void **state)
{
    (void)state;
    enum { ROWS = 40 };
    random_source random = {5};
    double y[ROWS], fit[ROWS];
    size_t pool[ROWS];
    for (int falling = 0; falling < 2; falling++) {
        for (size_t i = 0; i < ROWS; i++)
            y[i] = draw_normal(&random) + 0.1 * (double)(falling ? ROWS - i : i);
        hf_isotonic_fit(ROWS, y, falling != 0, fit, pool);
        for (size_t i = 0; i < ROWS; i++) {
            const double sign = falling ? 1 : -1;
            double least = INFINITY;
            for (size_t a = 0; a <= i; a++) {
                double most = -INFINITY, sum = 0;
                for (size_t b = a; b < ROWS; b++) {
                    sum += sign * y[b];
                    if (b >= i)
                        most = fmax(most, sum / (double)(b - a + 1));
                }
                least = fmin(least, most);
            }
            assert_true(is_close(sign * fit[i], least, 0, 1e-12));
        }
    }
}

static double string_at(const hf_taut *string, const double *x, size_t i)
{
    size_t k = 0;
    while (string->knot[k + 1].index < i)
        k++;
    const hf_knot *a = &string->knot[k], *b = a + 1;
    return a->y + (b->y - a->y) * (x[i] - x[a->index]) / (x[b->index] - x[a->index]);
}

/* Inside the tube, and as short as can be: it bends down at lower walls only and up at upper ones. */
static void test_taut_string(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    random_source random = {7};
    double x[ROWS], y[ROWS], tube[ROWS];
    for (int again = 0; again < 60; again++) {
        const size_t rows = again < 30 ? 2 + (size_t)again : ROWS;
        hf_taut string = {0};
        for (size_t i = 0; i < rows; i++) {
            x[i] = (i > 0 ? x[i - 1] : 0) + 0.1 + draw_uniform(&random);
            y[i] = exp(-0.02 * (double)i) + 0.2 * draw_normal(&random);
            tube[i] = again % 3 == 0 ? 0 : 0.4 * draw_uniform(&random);
        }
        assert_int_equal(hf_taut_pull(rows, x, y, tube, &string, NULL), HF_OK);
        assert_true(string.knot[0].index == 0 && string.knot[string.count - 1].index == rows - 1);
        for (size_t i = 0; i < rows; i++)
            assert_true(fabs(string_at(&string, x, i) - y[i]) <= tube[i] + 1e-12);
        for (size_t k = 1; k + 1 < string.count; k++) {
            const hf_knot *a = &string.knot[k - 1], *b = a + 1, *c = a + 2;
            const double before = (b->y - a->y) / (x[b->index] - x[a->index]);
            const double after = (c->y - b->y) / (x[c->index] - x[b->index]);
            assert_true(b->index > a->index && c->index > b->index);
            assert_true(fabs(b->y - y[b->index] - (after > before ? 1 : -1) * tube[b->index]) <= 1e-12);
        }
        hf_taut_clear(&string);
    }
}

static void test_cleaning(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 5, 4, 3, NAN, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14};
    const double y[] = {9.5, 9, 8.5, 7, 7.5, 8, 1, 6.5, INFINITY, 5.75, 5.25, 5, 400, 4, 3.5, 3, 2.5};
    hf_rows rows;
    assert_int_equal(hf_rows_clean(&rows, sizeof x / sizeof *x, x, y, 1, NULL), HF_OK);
    assert_int_equal(rows.not_finite, 2);
    assert_int_equal(rows.repeated, 1);
    assert_int_equal(rows.spikes, 1);
    assert_true(rows.unsorted);
    assert_int_equal(rows.count, 13);
    for (size_t i = 0; i < rows.count; i++)
        assert_true(rows.y[i] == 9.5 - rows.x[i] / 2);
    hf_rows_clear(&rows);
}

static double printed(double y, const char *format)
{
    char text[64];
    snprintf(text, sizeof text, format, y);
    return strtod(text, NULL);
}

static void test_digits(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    const char *const formats[] = {"%.17g", "%.3f", "%.4g", "%.6e"};
    const double at_two[] = {0, 1e-3, 1e-3, 1e-6}, at_tenth[] = {0, 1e-3, 1e-4, 1e-7};
    double x[ROWS], y[ROWS];
    for (size_t n = 0; n < 5; n++) {
        hf_rows rows;
        for (size_t i = 0; i < ROWS; i++) {
            x[i] = (double)i;
            y[i] = 3 * exp(-0.03 * x[i]);
            y[i] = n < 4 ? printed(y[i], formats[n]) : (double)(float)y[i];
        }
        assert_int_equal(hf_rows_clean(&rows, ROWS, x, y, 1, NULL), HF_OK);
        if (n < 4)
            assert_true(is_close(hf_digits_step(&rows.digits, 2.5), at_two[n], 1e-12, 0) &&
                        is_close(hf_digits_step(&rows.digits, 0.25), at_tenth[n], 1e-12, 0));
        else /* single precision */
            assert_true(hf_digits_step(&rows.digits, 2.5) == ldexp(1, -22));
        hf_rows_clear(&rows);
    }
}

/* ---- the whole ---- */

static hf_search_result look(const samples *s)
{
    hf_search_result r;
    hf_error err = {0};
    if (hf_search_run(&r, s->count, s->x, s->y, &hf_search_usual, &err) != HF_OK)
        fail_msg("%s", err.message);
    return r;
}

static known_flow *draw_flows(size_t count, uint64_t seed)
{
    random_source random = {seed};
    known_flow *flows = calloc(count, sizeof *flows);
    for (size_t n = 0; n < count;) {
        draw_flow(&flows[n], &random);
        if (flows[n].good)
            n++;
        else
            clear_flow(&flows[n]);
    }
    return flows;
}

static void free_flows(size_t count, known_flow *flows)
{
    for (size_t n = 0; n < count; n++)
        clear_flow(&flows[n]);
    free(flows);
}

enum { FLOWS = 12 };

/* On grids of 300 and 3000 samples, linear and logarithmic. */
static score measure(const known_flow *flows, curve_noise noise, random_source *random)
{
    score sum = {0};
    for (size_t n = 0; n < FLOWS; n++)
        for (size_t grid = 0; grid < 4; grid++) {
            samples s = sample_flow(&flows[n], grid % 2 == 0 ? 300 : 3000, grid >= 2, noise, random);
            hf_search_result r = look(&s);
            judge(&flows[n], &s, &r, &sum);
            hf_search_clear(&r);
            clear_samples(&s);
        }
    return sum;
}

static void test_known_stages(void **state)
{
    (void)state;
    static const curve_noise noises[] = {{NOISE_NONE, 0},    {NOISE_WHITE, 0.001}, {NOISE_WHITE, 0.01}, {NOISE_WHITE, 0.1},
                                         {NOISE_AR, 0.001},  {NOISE_AR, 0.01},     {NOISE_AR, 0.1},     {NOISE_LOSS, 0.001},
                                         {NOISE_LOSS, 0.01}, {NOISE_LOSS, 0.1}};
    random_source random = {20};
    known_flow *flows = draw_flows(FLOWS, 20);
    score all = {0};
    for (size_t k = 0; k < sizeof noises / sizeof *noises; k++) {
        const score one = measure(flows, noises[k], &random);
        if (noises[k].kind == NOISE_NONE)
            assert_true(one.clear > 30 && one.missed == 0 && one.invented == 0);
        if (noises[k].size <= 0.01) {
            assert_true(one.missed == 0 && one.invented == 0);
            if (noises[k].kind != NOISE_LOSS) /* of which the size is that at a tenth of the loss */
                assert_true(within("rows that half times are off", one.half_off, noises[k].kind == NOISE_AR ? 4 : 2));
        }
        all.clear += one.clear;
        all.missed += one.missed;
        all.invented += one.invented;
        all.curves += one.curves;
    }
    assert_true(all.clear > 300);
    assert_true(within("missed", (double)all.missed / (double)all.clear, 0.04));
    assert_true(within("invented in a hundred curves", 100 * (double)all.invented / (double)all.curves, 0.3));
    free_flows(FLOWS, flows);
}

static void test_no_stages(void **state)
{
    (void)state;
    random_source random = {21};
    size_t curves = 0, invented = 0;
    for (size_t which = 0; which < NULL_CURVES; which++)
        for (size_t kind = NOISE_NONE; kind <= NOISE_HEAVY; kind++)
            for (size_t grid = 0; grid < 4; grid++) {
                samples s = sample_null(which, grid % 2 == 0 ? 300 : 3000, grid >= 2, (curve_noise){(noise_kind)kind, 0.02},
                                        &random);
                hf_search_result r = look(&s);
                if (kind == NOISE_NONE && r.stage_count > 0)
                    fail_msg("%s has a stage", null_names[which]);
                invented += r.stage_count;
                curves++;
                hf_search_clear(&r);
                clear_samples(&s);
            }
    assert_true(within("invented", (double)invented / (double)curves, 8.0 / 280));
}

/* The stages, in the units of the first curve. */
static void assert_same_stages(const hf_search_result *a, const hf_search_result *b, double x, double y, double shift,
                               double tolerance)
{
    assert_int_equal(a->stage_count, b->stage_count);
    for (size_t i = 0; i < a->stage_count; i++) {
        const hf_search_stage *p = &a->stage[i], *q = &b->stage[i];
        assert_true(is_close(q->t_half / x, p->t_half, tolerance, 0) && is_close(q->t_peak / x, p->t_peak, tolerance, 0) &&
                    is_close(q->t_onset / x, p->t_onset, tolerance, 0) &&
                    is_close((q->before - shift) / y, p->before, 1e-3, 0) && is_close(q->strength, p->strength, 0.05, 0));
    }
}

/* Other units, another zero, more of the last plateau, lost rows. */
static void test_invariances(void **state)
{
    (void)state;
    enum { ROWS = 3000, MORE = 9000 };
    static const struct {
        double x, y, shift;
    } units[] = {{1e6, 1, 0}, {1, 1e9, 0}, {1, 1e-9, 0}, {1e6, 1e-9, 0}, {1, 1, 100}};
    random_source random = {22};
    known_flow *flows = draw_flows(FLOWS, 23);
    double *x = numbers(MORE), *y = numbers(MORE);
    for (size_t n = 0; n < FLOWS; n++) {
        samples s = sample_flow(&flows[n], ROWS, false, (curve_noise){NOISE_WHITE, n % 2 == 0 ? 0 : 0.01}, &random);
        hf_search_result first = look(&s);
        const double start = s.y[0];
        for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
            samples other = {ROWS, x, y, NULL, NOISE_WHITE};
            for (size_t i = 0; i < ROWS; i++) {
                x[i] = s.x[i] * units[k].x;
                y[i] = s.y[i] * units[k].y + units[k].shift * start;
            }
            hf_search_result r = look(&other);
            assert_same_stages(&first, &r, units[k].x, units[k].y, units[k].shift * start, 1e-3);
            hf_search_clear(&r);
        }
        samples other = {MORE, x, y, NULL, NOISE_WHITE}; /* three times as long, with rows that are not numbers */
        for (size_t i = 0; i < MORE; i++) {
            x[i] = s.x[1] * (double)i;
            y[i] = i < ROWS ? s.y[i] : s.y[ROWS - 1 - i % (ROWS / 20)];
            if (i % 7 == 3)
                y[i] = NAN;
        }
        hf_search_result r = look(&other);
        assert_int_equal(r.not_finite, MORE / 7 + (MORE % 7 > 3));
        if (first.stage_count > 0 && first.stage[first.stage_count - 1].settled) {
            assert_int_equal(r.stage_count, first.stage_count);
            for (size_t i = 0; i < r.stage_count; i++)
                assert_true(is_close(r.stage[i].t_half, first.stage[i].t_half, 0.02, 2 * s.x[1]));
        }
        hf_search_clear(&r);
        hf_search_clear(&first);
        clear_samples(&s);
    }
    free(x);
    free(y);
    free_flows(FLOWS, flows);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* What ends inside a drop, what falls from its start, and too few rows for anything. */
static void test_ends(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    random_source random = {24};
    double x[ROWS], y[ROWS];
    samples s = {ROWS, x, y, NULL, NOISE_WHITE};
    for (size_t i = 0; i < ROWS; i++) {
        x[i] = (double)i;
        y[i] = 1 + 2 * sigmoid((200 - x[i]) / 8) + sigmoid((630 - x[i]) / 15) + 0.01 * draw_normal(&random);
    }
    hf_search_result r = look(&s);
    assert_int_equal(r.stage_count, 2);
    assert_int_equal(r.plateau_count, 2);
    assert_true(r.stage[0].settled && !r.stage[1].settled && isnan(r.stage[1].t_settle) && isnan(r.stage[1].t_half));
    assert_true(is_close(r.stage[0].t_half, 200, 0, 1) && is_close(r.stage[0].t_peak, 200, 0, 2));
    assert_true(is_close(r.stage[0].t_settle - r.stage[0].t_onset, 2 * 8 * log(9), 0, 3));
    assert_true(is_close(r.noise, 0.01, 0.3, 0) && !r.falls_at_start);
    hf_search_clear(&r);
    for (size_t i = 0; i < ROWS; i++)
        y[i] = 1 + exp(-x[i] / 30) + 0.01 * draw_normal(&random);
    r = look(&s);
    assert_true(r.stage_count == 0 && r.plateau_count == 1 && r.falls_at_start);
    hf_search_clear(&r);
    for (size_t i = 0; i < ROWS; i++)
        y[i] = 1 + 0.01 * draw_normal(&random);
    r = look(&s);
    assert_true(r.stage_count == 0 && r.plateau_count == 1 && !r.falls_at_start);
    hf_search_clear(&r);
    for (s.count = 0; s.count < 60; s.count++) { /* however few */
        for (size_t i = 0; i < s.count; i++)
            y[i] = i < s.count / 2 ? 2 : 1;
        r = look(&s);
        assert_true(r.stage_count <= 1 && r.count == s.count);
        hf_search_clear(&r);
    }
}

/* A drop with a few rows behind it, which coarse means do not see settle. */
static void test_few_rows_behind(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    random_source random = {25};
    double x[ROWS], y[ROWS];
    samples s = {ROWS, x, y, NULL, NOISE_WHITE};
    for (size_t behind = 5; behind < 20; behind++) {
        for (size_t i = 0; i < ROWS; i++) {
            x[i] = pow(1e4, (double)i / (ROWS - 1));
            y[i] = 4 + 160 * sigmoid((60 - (double)i) / 3) + (i + behind < ROWS ? 24 : 0) + 0.02 * draw_normal(&random);
        }
        hf_search_result r = look(&s);
        assert_int_equal(r.stage_count, 2);
        assert_true(r.stage[1].settled && r.stage[1].t_half > x[ROWS - behind - 1] && r.stage[1].t_half < x[ROWS - behind]);
        assert_true(is_close(r.stage[1].after, 4, 0, 0.05));
        hf_search_clear(&r);
    }
}

static bool accepts_early(const void *known, const hf_search_drop *drop)
{
    return drop->t_settle < *(const double *)known;
}

/* What else is known of a curve removes a stage, and the plateaus beside it become one. */
static void test_more_is_known(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    double x[ROWS], y[ROWS];
    const double early = 300;
    hf_search_params params = hf_search_usual;
    hf_search_result r;
    for (size_t i = 0; i < ROWS; i++) {
        x[i] = (double)i;
        y[i] = 2 * sigmoid((200 - x[i]) / 8) + sigmoid((400 - x[i]) / 8);
    }
    assert_int_equal(hf_search_run(&r, ROWS, x, y, &params, NULL), HF_OK);
    assert_true(r.stage_count == 2 && r.plateau_count == 3);
    hf_search_clear(&r);
    params.accepts = accepts_early;
    params.known = &early;
    assert_int_equal(hf_search_run(&r, ROWS, x, y, &params, NULL), HF_OK);
    assert_true(r.stage_count == 1 && r.plateau_count == 2);
    hf_search_clear(&r);
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise_of_any_kind), cmocka_unit_test(test_noise_of_few_rows),
        cmocka_unit_test(test_isotonic),          cmocka_unit_test(test_taut_string),
        cmocka_unit_test(test_cleaning),          cmocka_unit_test(test_digits),
        cmocka_unit_test(test_known_stages),      cmocka_unit_test(test_no_stages),
        cmocka_unit_test(test_invariances),       cmocka_unit_test(test_ends),
        cmocka_unit_test(test_few_rows_behind),   cmocka_unit_test(test_more_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
