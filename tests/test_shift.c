/* What the noise of minibatches adds to the mean of a time, backward by the program, beside an independent integration forward: the mean and the
 * covariance of what noise does to the state, by head and in long double. */
#include "support.h"

#include "flow/flow_system.h"
#include "run/spread.h"

#include <stdlib.h>
#include <string.h>

static hf_problem *small_problem(const char *strengths, const char *patterns, size_t positions, double perturbation,
                                 int dim)
{
    return make_problem("heads = 2; positions = %zu; target = { strengths = %s; patterns = %s; };\n"
                        "init = { distribution = \"sine\"; perturbation = %.17g; };\n"
                        "flow = { sgd_drift = { lr = 1e-3; batch = 1000000000; dim = %d; dynamic = true; }; };\n",
                        positions, strengths, patterns, perturbation, dim);
}

/* ---- the judge ---- */

/* State x, its mean change and covariance over lr / batch, in one array (n, n, n * n). */
typedef struct {
    const hf_problem *problem;
    size_t n;
    double dim;
    long double *scratch; /* (4 n and R T (n + 1)) */
} forward;

static void attend(const hf_problem *p, const long double *logit, long double *s)
{
    long double sum = 0;
    for (size_t i = 0; i < p->positions; i++)
        sum += s[i] = expl(logit[i]);
    for (size_t i = 0; i < p->positions; i++)
        s[i] /= sum;
}

/* E into e (R, T), and for every coordinate minus its derivative into q (n, R, T). */
static void find_outputs(const forward *f, const long double *x, long double *e, long double *q)
{
    const hf_problem *p = f->problem;
    const size_t R = p->features, T = p->positions, V = p->heads * R;
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++)
            e[r * T + i] = p->target[r * T + i];
    memset(q, 0, f->n * R * T * sizeof *q);
    for (size_t k = 0; k < p->heads; k++) {
        long double s[16];
        attend(p, x + V + k * T, s);
        for (size_t r = 0; r < R; r++)
            for (size_t i = 0; i < T; i++) {
                e[r * T + i] -= x[k * R + r] * s[i];
                q[((k * R + r) * R + r) * T + i] = s[i];
                for (size_t l = 0; l < T; l++)
                    q[((V + k * T + l) * R + r) * T + i] = x[k * R + r] * s[i] * ((i == l) - s[l]);
            }
    }
}

static long double row_product(size_t T, const long double *a, const long double *b)
{
    long double sum = 0;
    for (size_t i = 0; i < T; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The covariance of one sample's gradient (doc/prediction.md) between two coordinates, of their q. */
static long double covariance(const forward *f, const long double *e, const long double *q, const long double *o)
{
    const size_t R = f->problem->features, T = f->problem->positions;
    const long double d = f->dim, below = (d * d - 1) * (d * d + 2), alpha = (d * d * d - 1) / below,
                      gamma = (d - 1) * (d - 1) / below, twice_loss = row_product(R * T, e, e);
    long double sum = alpha * (twice_loss * row_product(R * T, q, o) + row_product(R * T, e, q) * row_product(R * T, e, o));
    for (size_t a = 0; a < R; a++)
        for (size_t b = 0; b < R; b++) {
            const long double *ea = e + a * T, *eb = e + b * T, *qb = q + b * T, *oa = o + a * T, *ob = o + b * T;
            sum += (alpha + gamma) * row_product(T, ea, eb) * row_product(T, q + a * T, ob);
            sum += alpha * row_product(T, ea, qb) * row_product(T, eb, oa);
            sum += gamma * row_product(T, ea, qb) * row_product(T, ea, ob);
        }
    return sum;
}

/* delta' = J delta + f'':Sigma / 2, Sigma' = J Sigma + Sigma J^T + C. */
static void forward_rate(const forward *f, const long double *state, long double *rate)
{
    const size_t n = f->n, RT = f->problem->features * f->problem->positions;
    const long double *x = state, *delta = x + n, *sigma = delta + n, h = 1e-6L;
    long double *moved = f->scratch, *up = moved + n, *down = up + n, *jacobian = down + n, *e = jacobian + n, *q = e + RT;
    naive_flow(f->problem, x, rate, NULL, NULL);
    naive_jacobian_times(f->problem, x, delta, rate + n);
    find_outputs(f, x, e, q);
    for (size_t j = 0; j < n; j++) {
        const long double *column = sigma + j * n;
        memcpy(moved, x, n * sizeof *x);
        moved[j] = x[j] + h;
        naive_jacobian_times(f->problem, moved, column, up);
        moved[j] = x[j] - h;
        naive_jacobian_times(f->problem, moved, column, down);
        naive_jacobian_times(f->problem, x, column, jacobian);
        for (size_t i = 0; i < n; i++) {
            rate[n + i] += (up[i] - down[i]) / (4 * h);
            rate[2 * n + j * n + i] = jacobian[i] + covariance(f, e, q + i * RT, q + j * RT);
        }
    }
    for (size_t j = 0; j < n; j++) /* J Sigma and its transpose; half of C in each */
        for (size_t i = 0; i <= j; i++) {
            long double *a = &rate[2 * n + j * n + i], *b = &rate[2 * n + i * n + j];
            *a = *b = *a + *b - covariance(f, e, q + i * RT, q + j * RT);
        }
}

/* What the mean is later than the flow, over lr / batch. */
static long double judged_mean_rate(const forward *f, const long double *state)
{
    const size_t n = f->n;
    const long double *delta = state + n, *sigma = delta + n;
    long double *velocity = f->scratch, *bend = velocity + n, *column = bend + n, speed = 0;
    long double along = 0, trace = 0, mixed = 0, square = 0, curve = 0;
    naive_flow(f->problem, state, velocity, NULL, &speed);   /* -grad L */
    naive_jacobian_times(f->problem, state, velocity, bend); /* grad P / 2 */
    for (size_t j = 0; j < n; j++) {
        naive_jacobian_times(f->problem, state, sigma + j * n, column);
        trace -= column[j];
        along -= velocity[j] * delta[j];
        curve -= 2 * velocity[j] * bend[j];
        for (size_t i = 0; i < n; i++) {
            mixed -= velocity[i] * sigma[j * n + i] * 2 * bend[j];
            square += velocity[i] * sigma[j * n + i] * velocity[j];
        }
    }
    return (along + trace / 2) / speed - mixed / (speed * speed) + curve * square / (2 * speed * speed * speed);
}

/* Fourth order, steps of dt, to both times. level, rate: at these. */
static void judge_problem(const hf_problem *problem, const hf_flow *flow, double dim, const double end[2], double dt,
                          double level[2], double rate[2])
{
    forward f = {problem, problem->heads * (problem->features + problem->positions), dim, NULL};
    const size_t size = f.n * (f.n + 2);
    long double *y = long_numbers(size), *k = long_numbers(4 * size), *moved = long_numbers(size);
    double *start = numbers(f.n + 3);
    f.scratch = long_numbers(4 * f.n + problem->features * problem->positions * (f.n + 1));
    memset(y, 0, size * sizeof *y);
    hf_flow_start(flow, start);
    to_heads(flow, start, y);
    size_t step = 0;
    for (size_t l = 0; l < 2; l++) {
        for (; (double)step < end[l] / dt - 0.5; step++) {
            static const long double part[] = {0, 0.5L, 0.5L, 1};
            for (size_t s = 0; s < 4; s++) {
                for (size_t i = 0; i < size; i++)
                    moved[i] = s == 0 ? y[i] : y[i] + part[s] * dt * k[(s - 1) * size + i];
                forward_rate(&f, moved, k + s * size);
            }
            for (size_t i = 0; i < size; i++)
                y[i] += (long double)dt / 6 * (k[i] + 2 * k[size + i] + 2 * k[2 * size + i] + k[3 * size + i]);
        }
        long double loss;
        naive_flow(problem, y, NULL, &loss, NULL);
        level[l] = (double)loss;
        rate[l] = (double)judged_mean_rate(&f, y);
    }
    free(y), free(k), free(moved), free(start), free(f.scratch);
}

static void test_the_mean_is_that_of_the_moments(void **state)
{
    (void)state;
    static const struct {
        const char *strengths, *patterns;
        size_t positions;
        double perturbation, end[2];
        int dim;
    } cases[] = {{"(2.0, 1.0)", "((1), (2))", 4, 0.2, {3, 16}, 4},
                 {"(1.5, 1.2)", "((1), (2, 3))", 5, 1e-3, {4, 30}, 9},
                 {"(2.0, 1.0)", "((1), (2))", 4, 1e-7, {4, 60}, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_problem *problem =
            small_problem(cases[i].strengths, cases[i].patterns, cases[i].positions, cases[i].perturbation, cases[i].dim);
        hf_flow *flow = make_flow(problem);
        double level[2], judged[2];
        judge_problem(problem, flow, cases[i].dim, cases[i].end, 0.05, level, judged);
        const hf_solver_params solver = {.t_end = 1e3, .rtol = 1e-9, .atol = 1e-13, .max_steps = 100000};
        hf_spread spread[2];
        assert_int_equal(hf_spread_find(problem, &solver, 2, level, true, NULL, spread, NULL), HF_OK);
        for (size_t l = 0; l < 2; l++) {
            printf("# problem %zu, loss %.4g at t = %.6g: mean later by %.6g lr/batch, judged %.6g\n", i, level[l],
                   spread[l].t, spread[l].mean_rate, judged[l]);
            assert_true(is_close(spread[l].t, cases[i].end[l], 1e-4, 0));
            assert_true(is_close(spread[l].mean_rate, judged[l], 5e-3, 0));
        }
        hf_spread_clear(2, spread);
        hf_flow_free(flow);
        hf_problem_free(problem);
    }
}

/* The whole slope in lr / batch, of the drift and of what noise adds to it, relative: the problem of models/sgd-ladder.conf. */
static void test_slopes_are_those_that_were_measured(void **state)
{
    (void)state;
    static const struct {
        int dim;
        double slope[2], within[2];
    } cases[] = {{10, {.654, -.791}, {.0066, .008}}, {50, {2.474, -5.259}, {.025, .053}}};
    static const double level[] = {3.998077, 1.249244};
    const hf_solver_params solver = {.t_end = 70, .rtol = 1e-8, .atol = 1e-12, .max_steps = 100000};
    const double e = 1e-6;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hf_spread spread[2][2];
        for (size_t j = 0; j < 2; j++) {
            hf_problem *problem = make_problem(
                "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
                "init = { distribution = \"sine\"; perturbation = 1e-2; };\n"
                "flow = { sgd_drift = { lr = %.17g; batch = 1000; dim = %d; dynamic = true; }; };\n",
                1000 * e * (j == 0 ? 1 : 1e-6), cases[i].dim);
            assert_int_equal(hf_spread_find(problem, &solver, 2, level, j == 0, NULL, spread[j], NULL), HF_OK);
            hf_problem_free(problem);
        }
        for (size_t l = 0; l < 2; l++) {
            const double flow = spread[1][l].t, slope = ((spread[0][l].t - flow) / e + spread[0][l].mean_rate) / flow;
            printf("# d = %d, stage %zu: %.5g\n", cases[i].dim, l + 1, slope);
            assert_true(is_close(slope, cases[i].slope[l], 0, cases[i].within[l]));
        }
        for (size_t j = 0; j < 2; j++)
            hf_spread_clear(2, spread[j]);
    }
}

int main(void)
{
    hf_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_mean_is_that_of_the_moments),
        cmocka_unit_test(test_slopes_are_those_that_were_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
