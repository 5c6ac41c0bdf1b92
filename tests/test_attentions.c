/* Tests of attentions other than the softmax: their flow against the loss written down naively, by head and in long double, what
 * must hold exactly, and the closed forms that they have. */
#include "config/config.h"
#include "flow/attention.h"
#include "flow/curvature.h"
#include "support.h"
#include "training.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20250131;

static const char *const kinds[] = {"squares", "sum", "sigmoid", "linear"};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const problem_shape shapes[] = {
    {.heads = 3, .positions = 11, .patterns = 3},
    {.heads = 1, .positions = 7, .patterns = 2, .copies = true, .replicas = true, .weights = true, .rates = true},
    {.heads = 2, .positions = 1, .patterns = 1, .copies = true, .replicas = true, .decay = true},
    {.heads = 4,
     .positions = 9,
     .patterns = 3,
     .outside = 2,
     .copies = true,
     .replicas = true,
     .gram = true,
     .decay = true,
     .rates = true},
    {.heads = 5, .positions = 140, .patterns = 2, .copies = true, .replicas = true, .weights = true, .rates = true},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The scores lie around 2, so that no sum comes near 0. */
static flow_setting make_setting(problem_shape shape, const char *kind, bool optimal, double contrast,
                                 random_source *random)
{
    shape.attention = kind;
    flow_setting s = {.problem = random_problem(&shape, random)};
    if (optimal) {
        s.problem->values = HF_VALUES_OPTIMAL;
        s.problem->value_rate = 0;
        s.problem->weight_decay = 0.01;
    }
    s.flow = make_flow(s.problem);
    s.point = make_point(s.flow);
    s.size = hf_flow_size(s.flow);
    s.values = s.problem->heads * s.problem->features;
    s.y = random_state(s.flow, contrast, random);
    for (size_t i = 0; i < s.problem->positions; i++)
        s.y[s.values + i] = sqrt((double)s.problem->heads) * (2 + 0.3 * s.y[s.values + i]);
    for (size_t i = s.problem->positions; i < s.problem->heads * s.problem->positions; i++)
        s.y[s.values + i] *= 0.3;
    assert_true(hf_flow_at(s.point, s.y));
    return s;
}

/* The largest error of check over all kinds and shapes. */
static double worst_of(double (*check)(const flow_setting *, const char *, random_source *), bool optimal, double contrast,
                       uint64_t its_seed)
{
    random_source random = {its_seed};
    double worst = 0;
    for (size_t i = 0; i < KINDS * SHAPES; i++) {
        if (optimal && shapes[i / KINDS].positions == 1)
            continue; /* where attention is normalized nothing moves */
        flow_setting s = make_setting(shapes[i / KINDS], kinds[i % KINDS], optimal, contrast, &random);
        const double error = check(&s, kinds[i % KINDS], &random);
        clear_flow_setting(&s);
        if (!(error <= worst))
            worst = error;
        if (isnan(worst))
            return worst;
    }
    return worst;
}

/* ---- the loss again ---- */

static long double score_function(const char *kind, long double z)
{
    return strcmp(kind, "squares") == 0 ? z * z : strcmp(kind, "sigmoid") == 0 ? 1 / (1 + expl(-z)) : z;
}

static bool is_normalized(const char *kind)
{
    return strcmp(kind, "squares") == 0 || strcmp(kind, "sum") == 0;
}

/* The loss of a head state. s: (H, T). */
static long double naive_loss(const hf_problem *p, const char *kind, const long double *x, long double *s)
{
    const size_t H = p->heads, T = p->positions, R = p->features;
    long double loss = 0;
    for (size_t k = 0; k < H; k++) {
        long double sum = 0;
        for (size_t i = 0; i < T; i++) {
            s[k * T + i] = score_function(kind, x[H * R + k * T + i]);
            sum += p->multiplicity[i] * s[k * T + i];
        }
        for (size_t i = 0; i < T && is_normalized(kind); i++)
            s[k * T + i] /= sum;
    }
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++) {
            long double e = p->target[r * T + i];
            for (size_t k = 0; k < H; k++)
                e -= x[k * R + r] * p->copies[i] * s[k * T + i];
            loss += p->replicas[i] * p->variance[r * T + i] * e * e / 2;
        }
    for (size_t i = 0; i < H * R; i++)
        loss += p->weight_decay / 2 * x[i] * x[i];
    return loss;
}

/* The velocity of a head state: minus the loss's slope, by central differences of three widths, in the flow's metric. */
static void naive_velocity(const hf_problem *p, const char *kind, long double *x, long double *velocity)
{
    const size_t values = p->heads * p->features, size = values + p->heads * p->positions;
    long double *s = long_numbers(p->heads * p->positions);
    for (size_t i = 0; i < size; i++) {
        const long double at = x[i];
        long double slope[3];
        for (size_t level = 0; level < 3; level++) {
            const long double h = 4e-3L / (1 << level);
            x[i] = at + h;
            const long double above = naive_loss(p, kind, x, s);
            x[i] = at - h;
            slope[level] = (above - naive_loss(p, kind, x, s)) / (2 * h);
        }
        x[i] = at;
        velocity[i] = -(64 * slope[2] - 20 * slope[1] + slope[0]) / 45 *
                      (i < values ? p->value_rate : p->attention_rate / p->multiplicity[(i - values) % p->positions]);
    }
    free(s);
}

static double error_of_velocity(const flow_setting *s, const char *kind, random_source *random)
{
    (void)random;
    const hf_problem *p = s->problem;
    long double *x = long_numbers(s->size), *want = long_numbers(s->size), *got = long_numbers(s->size),
                *attention = long_numbers(p->heads * p->positions);
    double *dy = numbers(s->size), *by_head = numbers(s->size);
    to_heads(s->flow, s->y, x);
    naive_velocity(p, kind, x, want);
    hf_flow_velocity(s->point, dy);
    to_heads(s->flow, dy, got);
    for (size_t i = 0; i < s->size; i++)
        by_head[i] = (double)got[i];
    const long double loss = naive_loss(p, kind, x, attention);
    double worst = fmax(relative_error(s->values, by_head, want), fabs((double)((s->point->loss - loss) / loss)));
    if (p->positions > 1 || !is_normalized(kind))
        worst = fmax(worst, relative_error(s->size - s->values, by_head + s->values, want + s->values));
    for (size_t k = 0; k < p->heads; k++) {
        hf_flow_head_attention(s->point, k, by_head);
        worst = fmax(worst, relative_error(p->positions, by_head, attention + k * p->positions));
    }
    worst = fmax(worst, fabs(hf_flow_inner(s->flow, dy, dy) / s->point->speed - 1));
    free(x), free(want), free(got), free(attention), free(dy), free(by_head);
    return worst;
}

static void test_velocity_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    assert_true(within("velocity, heads apart", worst_of(error_of_velocity, false, 1, seed), 1e-10));
    assert_true(within("velocity, heads 1e-3 apart", worst_of(error_of_velocity, false, 1e-3, seed + 1), 1e-10));
}

/* ---- derivatives ---- */

/* Along a random direction x the change of the velocity, by central differences of two widths. */
static void velocity_change(const flow_setting *s, const double *x, double *change)
{
    double *z = numbers(s->size), *side = numbers(2 * s->size);
    memset(change, 0, s->size * sizeof *change);
    for (size_t level = 0; level < 2; level++) {
        const double h = level == 0 ? 1e-3 : 5e-4;
        for (size_t sign = 0; sign < 2; sign++) {
            for (size_t i = 0; i < s->size; i++)
                z[i] = s->y[i] + (sign == 0 ? h : -h) * x[i];
            assert_true(hf_flow_at(s->point, z));
            hf_flow_velocity(s->point, side + sign * s->size);
        }
        for (size_t i = 0; i < s->size; i++)
            change[i] += (level == 0 ? -1 : 4) / 3.0 * (side[i] - side[s->size + i]) / (2 * h);
    }
    assert_true(hf_flow_at(s->point, s->y));
    free(z), free(side);
}

static double *random_direction(const flow_setting *s, random_source *random)
{
    double *x = numbers(s->size);
    for (size_t i = 0; i < s->size; i++)
        x[i] = draw_normal(random);
    return x;
}

static double error_of_jacobian(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    double *x = random_direction(s, random), *got = numbers(s->size), *change = numbers(s->size);
    long double *want = long_numbers(s->size);
    hf_flow_jacobian_times(s->point, x, got);
    velocity_change(s, x, change);
    for (size_t i = 0; i < s->size; i++)
        want[i] = change[i];
    const double worst = relative_error(s->size, got, want);
    free(x), free(got), free(change), free(want);
    return worst;
}

static double error_of_symmetry(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    double *x = random_direction(s, random), *y = random_direction(s, random), *jx = numbers(s->size),
           *jy = numbers(s->size);
    hf_flow_jacobian_times(s->point, x, jx);
    hf_flow_jacobian_times(s->point, y, jy);
    const double scale = sqrt(hf_flow_inner(s->flow, jx, jx) * hf_flow_inner(s->flow, y, y));
    const double worst = fabs(hf_flow_inner(s->flow, jx, y) - hf_flow_inner(s->flow, x, jy)) / scale;
    free(x), free(y), free(jx), free(jy);
    return worst;
}

/* The Hessian in its orthonormal coordinates is minus the Jacobian in them. */
static double error_of_hessian(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    const hf_problem *p = s->problem;
    double *x = random_direction(s, random), *scale = numbers(s->size), *hx = numbers(s->size), *jx = numbers(s->size);
    long double *want = long_numbers(s->size);
    for (size_t i = 0; i < s->size; i++)
        scale[i] =
            i < s->values ? sqrt(p->value_rate) : sqrt(p->attention_rate / p->multiplicity[(i - s->values) % p->positions]);
    hf_flow_hessian_times(s->point, x, hx);
    for (size_t i = 0; i < s->size; i++)
        x[i] *= scale[i];
    hf_flow_jacobian_times(s->point, x, jx);
    for (size_t i = 0; i < s->size; i++)
        want[i] = scale[i] == 0 ? 0 : -jx[i] / scale[i];
    const double worst = relative_error(s->size, hx, want);
    free(x), free(scale), free(hx), free(jx), free(want);
    return worst;
}

/* dP/dt along the flow by differences of P. */
static double error_of_speed_rate(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    (void)random;
    double *dy = numbers(s->size), *z = numbers(s->size), slope[2], norm = 0;
    const double rate = hf_flow_speed_rate(s->point), speed = s->point->speed;
    hf_flow_velocity(s->point, dy);
    for (size_t i = 0; i < s->size; i++)
        norm = fmax(norm, fabs(dy[i]));
    for (size_t level = 0; level < 2; level++) {
        const double h = (level == 0 ? 1e-3 : 5e-4) / norm;
        double side[2];
        for (size_t sign = 0; sign < 2; sign++) {
            for (size_t i = 0; i < s->size; i++)
                z[i] = s->y[i] + (sign == 0 ? h : -h) * dy[i];
            assert_true(hf_flow_at(s->point, z));
            side[sign] = s->point->speed;
        }
        slope[level] = (side[0] - side[1]) / (2 * h);
    }
    assert_true(hf_flow_at(s->point, s->y));
    free(dy), free(z);
    return fabs((4 * slope[1] - slope[0]) / 3 - rate) / (fabs(rate) + norm * speed);
}

static void test_jacobian_is_that_of_finite_differences(void **state)
{
    (void)state;
    assert_true(within("J, heads apart", worst_of(error_of_jacobian, false, 1, seed + 2), 1e-8));
    assert_true(within("J, heads 1e-2 apart", worst_of(error_of_jacobian, false, 1e-2, seed + 3), 1e-8));
    assert_true(within("J, optimal values", worst_of(error_of_jacobian, true, 1, seed + 4), 1e-6));
    assert_true(within("symmetry", worst_of(error_of_symmetry, false, 1, seed + 5), 1e-13));
    assert_true(within("Hessian", worst_of(error_of_hessian, false, 1, seed + 6), 1e-12));
}

static void test_speed_rate_is_that_of_finite_differences(void **state)
{
    (void)state;
    assert_true(within("dP/dt", worst_of(error_of_speed_rate, false, 1, seed + 7), 1e-8));
    assert_true(within("dP/dt, optimal values", worst_of(error_of_speed_rate, true, 1, seed + 8), 1e-5));
}

/* ---- contrasts ---- */

/* Velocity and Jacobian of contrasts: exactly 0 for equal heads, and in proportion to contrasts that are small, 1e-200 or 1e-100. */
static double error_of_contrasts(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    const size_t R = s->problem->features, T = s->problem->positions;
    double *dy = numbers(3 * s->size), *y = numbers(s->size), *x = random_direction(s, random), worst = 0;
    const double sizes[] = {0, 1e-200, 1e-100};
    for (size_t c = 0; c < 3; c++) {
        double *velocity = dy + c * s->size, *change = numbers(s->size);
        for (size_t i = 0; i < s->size; i++) {
            const bool is_mean = i < s->values ? i < R : i - s->values < T;
            y[i] = (is_mean ? 1 : sizes[c]) * s->y[i];
            x[i] = is_mean ? x[i] : 0;
        }
        assert_true(hf_flow_at(s->point, y));
        hf_flow_velocity(s->point, velocity);
        hf_flow_jacobian_times(s->point, x, change);
        for (size_t i = 0; i < s->size && c == 0; i++)
            if (i < s->values ? i >= R : i - s->values >= T)
                assert_true(velocity[i] == 0 && change[i] == 0);
        free(change);
    }
    double largest[2] = {0, 0}, farthest[2] = {0, 0};
    for (size_t i = 0; i < s->size; i++) {
        const size_t logits = i >= s->values;
        const bool is_mean = logits ? i - s->values < T : i < R;
        const double small = 1e200 * dy[s->size + i], large = 1e100 * dy[2 * s->size + i];
        if (is_mean)
            continue;
        largest[logits] = fmax(largest[logits], fabs(large));
        farthest[logits] = fmax(farthest[logits], fabs(small - large));
    }
    for (size_t logits = 0; logits < 2; logits++)
        if (farthest[logits] > 0 && (T > 1 || logits == 0))
            worst = fmax(worst, farthest[logits] / largest[logits]);
    free(dy), free(y), free(x);
    return worst;
}

static void test_contrasts_are_exact(void **state)
{
    (void)state;
    assert_true(within("contrasts of 1e-200", worst_of(error_of_contrasts, false, 1, seed + 9), 1e-13));
}

/* ---- linear attention, which is solved: a two-layer linear net, 1/2 |G - V^T A|^2 ---- */

enum { J = 3, T = 6, N = J + T }; /* as many heads and features as patterns */

static const double strengths[J] = {2.89, 1.7, 1.0};

/* result = x^T y for x (rows, n) and y (rows, m). */
static void transposed_product(size_t rows, size_t n, size_t m, const double *x, const double *y, double *result)
{
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < m; b++) {
            double sum = 0;
            for (size_t c = 0; c < rows; c++)
                sum += x[c * n + a] * y[c * m + b];
            result[a * m + b] = sum;
        }
}

/* Eigenvalues, ascending, and eigenvectors, by columns, of a symmetric matrix (n, n). */
static void diagonalize(size_t n, const double *matrix, double *value, double *vector)
{
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
    double *copy = numbers(n * n);
    memcpy(copy, matrix, n * n * sizeof *copy);
    gsl_matrix_view m = gsl_matrix_view_array(copy, n, n), v = gsl_matrix_view_array(vector, n, n);
    gsl_vector_view e = gsl_vector_view_array(value, n);
    gsl_eigen_symmv(&m.matrix, &e.vector, &v.matrix, work);
    gsl_eigen_symmv_sort(&e.vector, &v.matrix, GSL_EIGEN_SORT_VAL_ASC);
    gsl_eigen_symmv_free(work);
    free(copy);
}

/* A (J, T) small and V (J, J) with V V^T = A A^T. */
static void balanced_start(double *A, double *V)
{
    double square[J * J], value[J], vector[J * J];
    for (size_t k = 0; k < J; k++)
        for (size_t i = 0; i < T; i++)
            A[k * T + i] = 1e-3 * sin((double)(1 + 3 * k + 2 * i + k * i));
    for (size_t k = 0; k < J; k++)
        for (size_t l = 0; l < J; l++) {
            square[k * J + l] = 0;
            for (size_t i = 0; i < T; i++)
                square[k * J + l] += A[k * T + i] * A[l * T + i];
        }
    diagonalize(J, square, value, vector);
    for (size_t k = 0; k < J; k++)
        for (size_t l = 0; l < J; l++) {
            V[k * J + l] = 0;
            for (size_t n = 0; n < J; n++)
                V[k * J + l] += vector[k * J + n] * sqrt(value[n]) * vector[l * J + n];
        }
}

/* x := x^-1 for a matrix (J, J). */
static void invert(double *x)
{
    double copy[J * J];
    int sign;
    memcpy(copy, x, sizeof copy);
    gsl_matrix_view lu = gsl_matrix_view_array(copy, J, J), inverse = gsl_matrix_view_array(x, J, J);
    gsl_permutation *permutation = gsl_permutation_alloc(J);
    gsl_linalg_LU_decomp(&lu.matrix, permutation, &sign);
    gsl_linalg_LU_invert(&lu.matrix, permutation, &inverse.matrix);
    gsl_permutation_free(permutation);
}

/* V^T A (J, T) at time t (Fukumizu 1998; Braun et al. 2022): with Q = [A^T; V^T], F = [[0, G^T], [G, 0]] = U diag(l) U^T and B = U^T
 * Q(0), of which + are the rows of the J growing eigenvalues,
 *
 *     Q Q^T = U Z K^-1 Z^T U^T,   Z = e^{l t} B B+^-1 e^{-l+ t},
 *     K = e^{-l+ t} B+^-T S B+^-1 e^{-l+ t} + 1/2 diag((1 - e^{-2 l+ t}) / l+),
 *     S = I + 1/2 sum_{l < 0} b b^T (e^{2 l t} - 1) / l + t sum_{l = 0} b b^T */
static void linear_solution(const double *A, const double *V, double t, double *output)
{
    double F[N * N] = {0}, l[N], U[N * N], Q[N * J], B[N * J], inverse[J * J], S[J * J] = {0}, half[J * J], K[J * J],
                 Z[N * J], UZ[N * J];
    for (size_t j = 0; j < J; j++)
        F[j * N + T + j] = F[(T + j) * N + j] = strengths[j];
    diagonalize(N, F, l, U);
    for (size_t k = 0; k < J; k++) {
        for (size_t i = 0; i < T; i++)
            Q[i * J + k] = A[k * T + i];
        for (size_t r = 0; r < J; r++)
            Q[(T + r) * J + k] = V[k * J + r];
    }
    transposed_product(N, N, J, U, Q, B);
    memcpy(inverse, B + (N - J) * J, sizeof inverse);
    invert(inverse);
    for (size_t k = 0; k < J; k++)
        S[k * J + k] = 1;
    for (size_t n = 0; n < N - J; n++)
        for (size_t k = 0; k < J; k++)
            for (size_t m = 0; m < J; m++)
                S[k * J + m] += B[n * J + k] * B[n * J + m] * (l[n] < -1e-9 ? expm1(2 * l[n] * t) / l[n] / 2 : t);
    transposed_product(J, J, J, inverse, S, half); /* B+^-T S */
    for (size_t k = 0; k < J; k++)
        for (size_t m = 0; m < J; m++) {
            const double lk = l[N - J + k], lm = l[N - J + m];
            double sum = 0;
            for (size_t c = 0; c < J; c++)
                sum += half[k * J + c] * inverse[c * J + m];
            K[k * J + m] = sum * exp(-(lk + lm) * t) + (k == m ? -expm1(-2 * lk * t) / lk / 2 : 0);
        }
    invert(K);
    for (size_t n = 0; n < N; n++)
        for (size_t m = 0; m < J; m++) {
            double sum = 0;
            for (size_t c = 0; c < J; c++)
                sum += B[n * J + c] * inverse[c * J + m];
            if (n >= N - J) /* B+ B+^-1, whose rounding would grow by e^{(l_n - l_m) t} */
                sum = n == N - J + m;
            Z[n * J + m] = sum * exp((l[n] - l[N - J + m]) * t);
        }
    for (size_t n = 0; n < N; n++)
        for (size_t m = 0; m < J; m++) {
            UZ[n * J + m] = 0;
            for (size_t c = 0; c < N; c++)
                UZ[n * J + m] += U[n * N + c] * Z[c * J + m];
        }
    for (size_t r = 0; r < J; r++)
        for (size_t i = 0; i < T; i++) {
            output[r * T + i] = 0;
            for (size_t k = 0; k < J; k++)
                for (size_t m = 0; m < J; m++)
                    output[r * T + i] += UZ[(T + r) * J + k] * K[k * J + m] * UZ[i * J + m];
        }
}

/* Writes a state table of values (J, J) and scores (J, T). */
static void write_state(const double *A, const double *V)
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "kind\thead\tindex\tvalue\n");
    for (size_t k = 0; k < J; k++) {
        for (size_t r = 0; r < J; r++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "value\t%zu\t%zu\t%.17g\n", k + 1, r + 1, V[k * J + r]);
        for (size_t i = 0; i < T; i++)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "logit\t%zu\t%zu\t%.17g\n", k + 1, i + 1, A[k * T + i]);
    }
    write_text(temporary_path("linear.tsv"), text, used);
}

static const char linear_model[] = "heads = 3; positions = 6; target = { strengths = (2.89, 1.7, 1.0); };\n"
                                   "init = { state = \"linear.tsv\"; }; flow = { attention = \"linear\"; };\n"
                                   "solver = { rtol = 1e-11; atol = 1e-16; t_end = 12; }; detect = { contrast = 2.0; };\n";

static void test_linear_attention_is_as_solved(void **state)
{
    double A[J * T], V[J * J], want[J * T], worst_output = 0, worst_loss = 0;
    (void)state;
    balanced_start(A, V);
    write_state(A, V);
    test_run run = start_run(make_problem("%s", linear_model), 1e-11, 1e-16);
    hf_observation o;
    assert_int_equal(hf_observation_init(&o, run.problem, NULL), HF_OK);
    for (double t = 1; t <= 10; t += 1) {
        double loss = 0;
        linear_solution(A, V, t, want);
        run_to(&run, t);
        observe_at(run.point, run.y, &o);
        for (size_t r = 0; r < J; r++)
            for (size_t i = 0; i < T; i++) {
                double output = 0;
                const double rest = (r == i ? strengths[r] : 0) - want[r * T + i];
                for (size_t k = 0; k < J; k++)
                    output += o.head_value[k * J + r] * o.attention[k * T + i];
                worst_output = fmax(worst_output, fabs(output - want[r * T + i]));
                loss += rest * rest / 2;
            }
        worst_loss = fmax(worst_loss, fabs(o.loss - loss) / 6.12105);
    }
    assert_true(within("V^T A", worst_output, 1e-9));
    assert_true(within("loss", worst_loss, 1e-9));
    hf_observation_clear(&o);
    end_run(&run);
}

/* ---- its stages: heads that start on one pattern each, v = s = sqrt(u0) there, learn it by themselves ---- */

static const double u0 = 1e-6;

/* u' = 2 u (m - u) */
static double learned(size_t j, double t)
{
    const double m = strengths[j];
    return m / (1 + (m / u0 - 1) * exp(-2 * m * t));
}

/* dP/dt with P = sum_j 2 u (m - u)^2 */
static double solved_speed_rate(double t)
{
    double sum = 0;
    for (size_t j = 0; j < J; j++) {
        const double m = strengths[j], u = learned(j, t);
        sum += 4 * u * (m - u) * (m - u) * (m - 3 * u);
    }
    return sum;
}

/* The extremum of P nearest to t. */
static double solved_extremum(double t)
{
    double low = t - 1e-3, high = t + 1e-3;
    const bool rises = solved_speed_rate(low) > 0;
    assert_true(rises != (solved_speed_rate(high) > 0));
    for (size_t step = 0; step < 60; step++) {
        const double middle = (low + high) / 2;
        if ((solved_speed_rate(middle) > 0) == rises)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* The least eigenvalue of the loss's second derivative, |dE|^2 - 2 sum E dv ds, at time t. */
static double solved_eigenvalue(double t, size_t *index)
{
    enum { SIZE = J * J + J * T };
    double hessian[SIZE * SIZE] = {0}, value[SIZE], vector[SIZE * SIZE];
    for (size_t r = 0; r < J; r++)
        for (size_t i = 0; i < T; i++) {
            double change[SIZE] = {0}; /* of the output at (r, i) */
            for (size_t k = 0; k < J; k++) {
                change[k * J + r] += i == k ? sqrt(learned(k, t)) : 0;
                change[J * J + k * T + i] += r == k ? sqrt(learned(k, t)) : 0;
            }
            for (size_t a = 0; a < SIZE; a++)
                for (size_t b = 0; b < SIZE; b++)
                    hessian[a * SIZE + b] += change[a] * change[b];
            for (size_t k = 0; k < J && r == i; k++) {
                const size_t a = k * J + r, b = J * J + k * T + i;
                hessian[a * SIZE + b] -= strengths[r] - learned(r, t);
                hessian[b * SIZE + a] -= strengths[r] - learned(r, t);
            }
        }
    diagonalize(SIZE, hessian, value, vector);
    *index = 0;
    for (size_t i = 0; i < SIZE; i++)
        *index += value[i] < -fmin(1e-4 * value[SIZE - 1], 1 / t);
    return value[0];
}

static void test_stages_of_linear_attention_are_as_solved(void **state)
{
    static const double half_learned[] = {2.573835, 4.219452, 6.907755};
    double A[J * T] = {0}, V[J * J] = {0}, worst_time = 0, worst_eigenvalue = 0;
    hf_run_summary s;
    (void)state;
    for (size_t k = 0; k < J; k++)
        A[k * T + k] = V[k * J + k] = sqrt(u0);
    write_state(A, V);
    follow_text(linear_model, &s);
    const hf_findings *f = &s.findings;
    assert_int_equal(f->stage_count, 3);
    assert_int_equal(f->plateau_count, 4);
    size_t acquired = 0;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_ACQUIRED) {
            const double m = strengths[acquired], want = log(m / u0 - 1) / (2 * m);
            assert_true(close_to(want, half_learned[acquired], 1e-6));
            worst_time = fmax(worst_time, fabs(f->event[i].t / want - 1));
            assert_int_equal(f->event[i].pattern, ++acquired);
            assert_int_equal(f->event[i].head, acquired);
        }
    assert_int_equal(acquired, 3);
    for (size_t i = 0; i < 3; i++) {
        worst_time = fmax(worst_time, fabs(f->stage[i].t_peak / solved_extremum(f->stage[i].t_peak) - 1));
        if (i == 0) /* the start */
            continue;
        size_t index;
        const hf_plateau *plateau = &f->plateau[i];
        const double value = solved_eigenvalue(plateau->t, &index);
        worst_time = fmax(worst_time, fabs(plateau->t / solved_extremum(plateau->t) - 1));
        worst_eigenvalue = fmax(worst_eigenvalue, fabs(plateau->saddle.lambda_min / value - 1));
        assert_int_equal(plateau->saddle.index, index);
        assert_true(plateau->predicted_loss == (i == 1 ? (1.7 * 1.7 + 1) / 2 : 0.5));
    }
    assert_true(within("times of events", worst_time, 1e-9));
    assert_true(within("least eigenvalues", worst_eigenvalue, 1e-9));
    assert_true(within("balance", s.integration.drift, 1e-9));
    hf_run_summary_clear(&s);
}

/* ---- one head, one relevant position among many (arXiv 2505.17863), to a fifth of the loss ---- */

/* t / (sqrt(d) T) */
static double emergence(const char *kind, double root, double positions)
{
    char text[600];
    hf_run_summary s;
    snprintf(text, sizeof text,
             "heads = 1; positions = 2; target = { strengths = (%.17g); patterns = ((1)); };\n"
             "data = { replicas = (1, %.0f); weights = ((%.17g)); }; init = { perturbation = 0.0; };\n"
             "flow = { attention = \"%s\"; }; detect = { loss_fraction = 0.2; saddles = false; };\n"
             "solver = { t_end = 1e18; rtol = 1e-9; stop_loss = 0.0999; };\n",
             root, positions - 1, 1 / (root * root), kind);
    follow_text(text, &s);
    double t = NAN;
    for (size_t i = 0; i < s.findings.event_count; i++)
        if (s.findings.event[i].kind == HF_EVENT_EMERGED)
            t = s.findings.event[i].t;
    hf_run_summary_clear(&s);
    return t / (root * positions);
}

static void test_emergence_is_as_measured(void **state)
{
    (void)state;
    assert_true(close_to(emergence("softmax", 32, 65536), 1.2605, 5e-5));
    assert_true(close_to(emergence("squares", 32, 65536), 1.1117, 5e-5));
    assert_true(close_to(emergence("sigmoid", 32, 65536), 1.2605, 5e-5));
    assert_true(close_to(emergence("sum", 32, 65536), 6.03, 5e-4));
    assert_true(close_to(emergence("sum", 8, 65536), 6.318, 5e-4));
    assert_true(close_to(emergence("linear", 32, 65536) * 65536, 13.62, 5e-4));
}

/* The plateau alone: many dimensions, and far more positions than that. */
static void test_leading_constants_are_as_derived(void **state)
{
    const double root = 4e4, positions = 1e9;
    (void)state;
    assert_true(close_to(emergence("softmax", root, positions), sqrt(acos(-1) / 2), 1e-4));
    assert_true(close_to(emergence("sigmoid", root, positions), sqrt(acos(-1) / 2), 1e-4));
    assert_true(close_to(emergence("squares", root, positions), acos(-1) / sqrt(8), 1e-4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_velocity_is_the_slope_of_the_loss),
        cmocka_unit_test(test_jacobian_is_that_of_finite_differences),
        cmocka_unit_test(test_speed_rate_is_that_of_finite_differences),
        cmocka_unit_test(test_contrasts_are_exact),
        cmocka_unit_test(test_linear_attention_is_as_solved),
        cmocka_unit_test(test_stages_of_linear_attention_are_as_solved),
        cmocka_unit_test(test_emergence_is_as_measured),
        cmocka_unit_test(test_leading_constants_are_as_derived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
