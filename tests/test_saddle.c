/* Tests of the growth rates at a state: eigenvalues against those of the flow's Jacobian, which is written down by head
 * and in long double (support.h) and brought to diagonal form by Jacobi's rotations. */
#include "detect/saddle.h"
#include "flow/curvature.h"
#include "flow/flow_system.h"
#include "flow/optimal.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* ---- eigenvalues in long double ---- */

static long double rotation_of(const long double *a, size_t n, size_t p, size_t q)
{
    long double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
    return (theta < 0 ? -1 : 1) / (fabsl(theta) + sqrtl(theta * theta + 1));
}

/* One Jacobi rotation, which makes a_pq zero. */
static void rotate_pair(long double *a, size_t n, size_t p, size_t q)
{
    long double t = rotation_of(a, n, p, q), c = 1 / sqrtl(t * t + 1), s = t * c;
    for (size_t i = 0; i < n; i++) {
        long double x = a[i * n + p], y = a[i * n + q];
        a[i * n + p] = c * x - s * y;
        a[i * n + q] = s * x + c * y;
    }
    for (size_t i = 0; i < n; i++) {
        long double x = a[p * n + i], y = a[q * n + i];
        a[p * n + i] = c * x - s * y;
        a[q * n + i] = s * x + c * y;
    }
}

static int by_size(const void *a, const void *b)
{
    const long double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Eigenvalues of the symmetric matrix a (n, n), which is lost, ascending. */
static void symmetric_eigenvalues(long double *a, size_t n, long double *value)
{
    for (int sweep = 0; sweep < 60; sweep++) {
        long double all = 0, beside = 0;
        for (size_t i = 0; i < n * n; i++) {
            all += a[i] * a[i];
            beside += i % (n + 1) == 0 ? 0 : a[i] * a[i];
        }
        if (beside <= 1e-36L * all)
            break;
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++)
                if (a[p * n + q] != 0)
                    rotate_pair(a, n, p, q);
    }
    for (size_t i = 0; i < n; i++)
        value[i] = a[i * n + i];
    qsort(value, n, sizeof *value, by_size);
}

/* x := a^-1 x for x of width columns, by elimination with pivots; a (n, n) is lost. */
static void eliminate(size_t n, long double *a, size_t width, long double *x)
{
    for (size_t c = 0; c < n; c++) {
        size_t best = c;
        for (size_t i = c; i < n; i++)
            best = fabsl(a[i * n + c]) > fabsl(a[best * n + c]) ? i : best;
        for (size_t j = 0; j < n && best != c; j++) {
            long double swap = a[c * n + j];
            a[c * n + j] = a[best * n + j];
            a[best * n + j] = swap;
        }
        for (size_t j = 0; j < width && best != c; j++) {
            long double swap = x[c * width + j];
            x[c * width + j] = x[best * width + j];
            x[best * width + j] = swap;
        }
        for (size_t i = 0; i < n; i++) {
            long double factor = a[i * n + c] / a[c * n + c];
            if (i == c || factor == 0)
                continue;
            for (size_t j = c; j < n; j++)
                a[i * n + j] -= factor * a[c * n + j];
            for (size_t j = 0; j < width; j++)
                x[i * width + j] -= factor * x[c * width + j];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++)
            x[i * width + j] /= a[i * n + i];
}

/* ---- the flow's Jacobian ---- */

/* (size, size) row i, column j: minus dy_i'/dy_j by heads. */
static long double *minus_jacobian(const hf_problem *p, const long double *x, size_t size)
{
    long double *unit = long_numbers(size), *column = long_numbers(size), *matrix = long_numbers(size * size);
    for (size_t j = 0; j < size; j++) {
        unit[j] = 1;
        naive_jacobian_times(p, x, unit, column);
        unit[j] = 0;
        for (size_t i = 0; i < size; i++)
            matrix[i * size + j] = -column[i];
    }
    free(unit), free(column);
    return matrix;
}

/* Optimal values follow the logits: A_aa - A_av A_vv^-1 A_va; rows and columns of the values become 0. */
static void follow_values(long double *matrix, size_t size, size_t values)
{
    size_t logits = size - values;
    long double *vv = long_numbers(values * values), *va = long_numbers(values * logits);
    for (size_t i = 0; i < values; i++) {
        memcpy(vv + i * values, matrix + i * size, values * sizeof *vv);
        memcpy(va + i * logits, matrix + i * size + values, logits * sizeof *va);
    }
    eliminate(values, vv, logits, va);
    for (size_t i = values; i < size; i++)
        for (size_t j = 0; j < logits; j++)
            for (size_t k = 0; k < values; k++)
                matrix[i * size + values + j] -= matrix[i * size + k] * va[k * logits + j];
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            if (i < values || j < values)
                matrix[i * size + j] = 0;
    free(vv), free(va);
}

/* sqrt(n_i), replicator sqrt(n_i s_ki): the metric. (H, T) */
static long double *metric(const hf_problem *p, const long double *x)
{
    size_t T = p->positions;
    long double *root = long_numbers(p->heads * T);
    for (size_t k = 0; k < p->heads; k++) {
        const long double *a = x + p->heads * p->features + k * T;
        long double sum = 0, largest = a[0];
        for (size_t i = 0; i < T; i++)
            largest = fmaxl(largest, a[i]);
        for (size_t i = 0; i < T; i++)
            sum += p->multiplicity[i] * expl(a[i] - largest);
        for (size_t i = 0; i < T; i++)
            root[k * T + i] =
                sqrtl(p->multiplicity[i] * (p->geometry == HF_GEOMETRY_LOGIT ? 1 : expl(a[i] - largest) / sum));
    }
    return root;
}

/* Minus the Jacobian in coordinates orthonormal in the metric. Constant logits of a head, which change nothing, are divided
 * out in the replicator geometry. Rates: those of the problem. */
static void to_metric(const hf_problem *p, const long double *root, long double *matrix, size_t size)
{
    size_t values = p->heads * p->features, T = p->positions;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++) {
            long double row = i < values ? 1 / sqrtl(p->value_rate) : root[i - values] / sqrtl(p->attention_rate);
            long double column = j < values ? 1 / sqrtl(p->value_rate) : root[j - values] / sqrtl(p->attention_rate);
            matrix[i * size + j] *= (p->value_rate == 0 && (i < values || j < values)) ? 0 : row / column;
        }
    for (size_t k = 0; k < p->heads && p->geometry == HF_GEOMETRY_REPLICATOR; k++)
        for (size_t j = 0; j < size; j++) {
            const long double *q = root + k * T;
            long double *x = matrix + (values + k * T) * size + j, along = 0;
            for (size_t i = 0; i < T; i++)
                along += q[i] * x[i * size];
            for (size_t i = 0; i < T; i++)
                x[i * size] -= q[i] * along;
        }
}

/* All eigenvalues of minus the Jacobian at the state y; it must be symmetric in the metric, so that they are real. */
static void true_rates(hf_flow *flow, const double *y, long double *rate)
{
    hf_problem learned = *flow->problem;
    const hf_problem *p = flow->problem;
    size_t size = hf_flow_size(flow), values = p->heads * p->features;
    bool optimal = p->values == HF_VALUES_OPTIMAL;
    long double *x = long_numbers(size);
    to_heads(flow, y, x);
    if (optimal) { /* not the rounded ones, which are no fixed point: one exact step from there, the loss is quadratic */
        learned.value_rate = 1;
        long double *slope = long_numbers(size), *matrix = minus_jacobian(&learned, x, size),
                    *vv = long_numbers(values * values);
        naive_flow(&learned, x, slope, NULL, NULL);
        for (size_t i = 0; i < values; i++)
            memcpy(vv + i * values, matrix + i * size, values * sizeof *vv);
        eliminate(values, vv, 1, slope);
        for (size_t i = 0; i < values; i++)
            x[i] += slope[i];
        free(slope), free(matrix), free(vv);
    }
    long double *matrix = minus_jacobian(&learned, x, size), *root = metric(p, x), uneven = 0, largest = 0;
    if (optimal)
        follow_values(matrix, size, values);
    to_metric(p, root, matrix, size);
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i; j++) {
            uneven = fmaxl(uneven, fabsl(matrix[i * size + j] - matrix[j * size + i]));
            largest = fmaxl(largest, fabsl(matrix[i * size + j]));
        }
    assert_true(within("asymmetry of the Jacobian", (double)(uneven / largest), optimal ? 1e-9 : 1e-15));
    symmetric_eigenvalues(matrix, size, rate);
    free(x), free(matrix), free(root);
}

/* ---- comparisons ---- */

/* Whether no perturbation grows faster than a rate on either side of the fastest, and what the largest eigenvalue has to do with it. */
static void check_slow_rates(hf_point *point, double lowest, double largest)
{
    hf_saddle saddle, whole;
    const double scale = fmax(fabs(lowest), largest), off = 1e-9 * scale, rate = fmax(-lowest, 1e-6 * scale);
    hf_slow_rate faster = {.least = rate + off, .most = rate + off}, slower = {.least = rate - off, .most = rate - off};
    hf_slow_rate any = {.least = 0, .most = INFINITY};
    assert_int_equal(hf_saddle_ask(point, 1, &faster, &saddle, NULL), HF_OK);
    assert_true(faster.found);
    assert_int_equal(hf_saddle_ask(point, 1, &slower, &saddle, NULL), HF_OK);
    assert_true(slower.found == (-lowest < 1e-6 * scale));
    if (!slower.found) {
        assert_int_equal(hf_saddle_analyze(point, 1, &whole, NULL), HF_OK);
        assert_true(saddle.lambda_min == whole.lambda_min && saddle.index == whole.index);
    }
    assert_int_equal(hf_saddle_ask(point, 1, &any, &saddle, NULL), HF_OK);
    assert_true(!any.found || -lowest <= 1e-4 * largest);
    assert_true(any.found || -lowest > 1e-4 * largest / (double)point->system.size);
}

/* Largest |got - want| over all eigenvalues, relative to the largest; the index must be that of the true ones. */
static double error_of_rates(hf_flow *flow, const double *y, double t)
{
    size_t size = hf_flow_size(flow), index = 0;
    long double *want = long_numbers(size);
    double *got = numbers(size), largest, worst = 0;
    hf_saddle saddle;
    hf_point point = {hf_flow_system(flow), make_point(flow)};
    assert_true(hf_point_at(&point, y));
    true_rates(flow, y, want);
    assert_int_equal(hf_saddle_spectrum(&point, t, size - 1, got, &largest, NULL), HF_OK);
    got[size - 1] = largest;
    assert_int_equal(hf_saddle_analyze(&point, t, &saddle, NULL), HF_OK);
    double scale = fmax(fabs((double)want[0]), fabs((double)want[size - 1]));
    for (size_t i = 0; i < size; i++)
        worst = fmax(worst, (double)fabsl(got[i] - want[i]) / scale);
    while (index < size && want[index] < -saddle.threshold)
        index++;
    assert_int_equal(saddle.index, index);
    assert_true(saddle.lambda_min == got[0]);
    check_slow_rates(&point, got[0], largest);
    hf_point_clear(&point);
    free(want), free(got);
    return worst;
}

/* What tells problem number i of a test from the others. */
static problem_shape shape_of(int i)
{
    return (problem_shape){.heads = 1 + (size_t)i % 8,
                           .positions = 4 + (size_t)i % 5,
                           .patterns = 1 + (size_t)i % 3,
                           .replicator = i % 2 == 0,
                           .copies = i % 3 == 1,
                           .replicas = i % 5 > 2,
                           .weights = i % 4 > 1,
                           .gram = i % 7 == 3,
                           .decay = i % 6 == 4,
                           .rates = i % 5 == 1};
}

/* Logits so far apart that attentions are 1e-30 and less, heads apart or nearly equal. */
static void test_rates_at_random_states(void **state)
{
    (void)state;
    random_source random = {20261101};
    for (int i = 0; i < 48; i++) {
        problem_shape shape = shape_of(i);
        hf_problem *p = random_problem(&shape, &random);
        hf_flow *flow = make_flow(p);
        double *y = random_state(flow, i % 3 == 0 ? 1e-6 : 1, &random), steep = i % 4 == 0 ? 1 : i % 4 == 1 ? 10 : 40;
        for (size_t n = p->heads * p->features; n < hf_flow_size(flow); n++)
            y[n] *= steep;
        assert_true(within(describe(&shape), error_of_rates(flow, y, 10), 1e-13));
        free(y);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

/* Where a flow is at times far apart: at the start, in drops, on plateaus, and when attentions have become tiny. */
static void test_rates_along_flows(void **state)
{
    (void)state;
    random_source random = {20261102};
    for (int i = 0; i < 12; i++) {
        problem_shape shape = shape_of(i);
        shape.heads = 1 + (size_t)i % 3;
        test_run run = start_run(random_problem(&shape, &random), 1e-8, 1e-12);
        const double times[] = {1, 30, 1000, 30000};
        for (size_t n = 0; n < sizeof times / sizeof times[0]; n++) {
            run_to(&run, times[n]);
            assert_true(within(describe(&shape), error_of_rates(run.flow, run.y, times[n]),
                               5e-13)); /* 1.3e-13 where gcc -O1 rounds */
        }
        end_run(&run);
    }
}

/* With optimal values the rates are those of the attentions alone. */
static void test_rates_with_optimal_values(void **state)
{
    (void)state;
    random_source random = {20261103};
    for (int i = 0; i < 16; i++) {
        problem_shape shape = shape_of(i);
        shape.heads = 1 + (size_t)i % 3;
        hf_problem *p = random_problem(&shape, &random);
        p->values = HF_VALUES_OPTIMAL;
        p->value_rate = 0;
        p->weight_decay = hf_optimal_decay(p, p->weight_decay);
        hf_flow *flow = make_flow(p);
        double *y = random_state(flow, i < 8 ? 1 : 1e-3, &random);
        assert_true(within(describe(&shape), error_of_rates(flow, y, 10), 1e-9));
        free(y);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_at_random_states),
        cmocka_unit_test(test_rates_along_flows),
        cmocka_unit_test(test_rates_with_optimal_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
