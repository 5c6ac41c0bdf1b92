/* Tests of flow: the right-hand side and its Jacobian against naive formulas in long double, and what must hold exactly. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20240603;

/* Shapes that between them have everything, in both geometries (the loops add the second). */
static const problem_shape shapes[] = {
    {.heads = 3, .positions = 40, .patterns = 3},
    {.heads = 1, .positions = 7, .patterns = 2, .copies = true, .replicas = true, .weights = true, .rates = true},
    {.heads = 2, .positions = 1, .patterns = 1, .copies = true, .replicas = true, .decay = true},
    {.heads = 2, .positions = 5, .patterns = 3, .outside = 2, .copies = true, .weights = true, .decay = true},
    {.heads = 3,
     .positions = 300,
     .patterns = 2,
     .copies = true,
     .replicas = true,
     .weights = true,
     .decay = true,
     .rates = true},
    {.heads = 4,
     .positions = 12,
     .patterns = 3,
     .outside = 4,
     .replicas = true,
     .gram = true,
     .decay = true,
     .rates = true},
    {.heads = 5, .positions = 20, .patterns = 4, .copies = true, .replicas = true, .weights = true},
    {.heads = 8,
     .positions = 9,
     .patterns = 6,
     .outside = 3,
     .copies = true,
     .replicas = true,
     .weights = true,
     .gram = true,
     .decay = true,
     .rates = true},
    {.heads = 3, .positions = 40, .patterns = 3, .drift = true},
    {.heads = 2, .positions = 1, .patterns = 1, .copies = true, .replicas = true, .decay = true, .drift = true},
    {.heads = 3,
     .positions = 200,
     .patterns = 2,
     .copies = true,
     .replicas = true,
     .weights = true,
     .decay = true,
     .rates = true,
     .drift = true},
    {.heads = 8,
     .positions = 9,
     .patterns = 6,
     .outside = 3,
     .copies = true,
     .replicas = true,
     .weights = true,
     .gram = true,
     .decay = true,
     .rates = true,
     .drift = true},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

static flow_setting make_setting(problem_shape shape, bool replicator, double contrast, random_source *random)
{
    shape.replicator = replicator;
    flow_setting s = {.problem = random_problem(&shape, random)};
    s.flow = make_flow(s.problem);
    s.point = make_point(s.flow);
    s.size = hf_flow_size(s.flow);
    s.values = s.problem->heads * s.problem->features;
    s.y = random_state(s.flow, contrast, random);
    assert_true(hf_flow_at(s.point, s.y));
    return s;
}

/* The largest error of check over all shapes, geometries and three draws. */
static double worst_over_shapes(double (*check)(const flow_setting *, random_source *), double contrast, uint64_t its_seed)
{
    random_source random = {its_seed};
    double worst = 0;
    for (size_t i = 0; i < 6 * SHAPES; i++) {
        flow_setting s = make_setting(shapes[i % SHAPES], i / SHAPES % 2 == 1, contrast, &random);
        double error = check(&s, &random);
        if (!(error <= worst))
            worst = error;
        clear_flow_setting(&s);
        if (isnan(worst))
            return worst;
    }
    return worst;
}

/* ---- the right-hand side ---- */

/* Values and logits are judged by their own sizes, and the loss and the speed. */
static double error_of_velocity(const flow_setting *s, random_source *random)
{
    (void)random;
    long double *x = long_numbers(s->size), *want = long_numbers(s->size), *got = long_numbers(s->size), loss, speed;
    double *dy = numbers(s->size), *by_head = numbers(s->size);
    to_heads(s->flow, s->y, x);
    naive_flow(s->problem, x, want, &loss, &speed);
    hf_flow_velocity(s->point, dy);
    to_heads(s->flow, dy, got);
    for (size_t i = 0; i < s->size; i++)
        by_head[i] = (double)got[i];
    double worst = relative_error(s->values, by_head, want);
    if (s->problem->positions > 1)
        worst = fmax(worst, relative_error(s->size - s->values, by_head + s->values, want + s->values));
    worst = fmax(worst, fabs((double)((s->point->loss - loss) / loss)));
    worst = fmax(worst, fabs((double)((s->point->speed - speed) / speed)));
    free(x), free(want), free(got), free(dy), free(by_head);
    return worst;
}

static void test_velocity_is_that_of_the_equations(void **state)
{
    (void)state;
    assert_true(within("velocity, heads apart", worst_over_shapes(error_of_velocity, 1, seed), 1e-13));
}

static void test_velocity_of_close_heads_is_that_of_the_equations(void **state)
{
    (void)state;
    assert_true(within("velocity, heads 0.1 apart", worst_over_shapes(error_of_velocity, 0.1, seed + 1), 1e-13));
    assert_true(within("velocity, heads 1e-5 apart", worst_over_shapes(error_of_velocity, 1e-5, seed + 2), 1e-13));
}

static void test_velocity_is_right_on_both_sides_of_far_apart(void **state)
{
    (void)state;
    for (double contrast = 0.1; contrast < 2; contrast += 0.1)
        assert_true(within("velocity", worst_over_shapes(error_of_velocity, contrast, seed + 3), 1e-13));
}

static double loss_at(hf_flow_point *point, const double *y)
{
    assert_true(hf_flow_at(point, y));
    return point->loss;
}

/* (f(y + h x) - f(y - h x)) / (2 h), Richardson-extrapolated */
static double loss_slope(const flow_setting *s, const double *x)
{
    double slope[2], *z = numbers(s->size);
    for (size_t level = 0; level < 2; level++) {
        double h = level == 0 ? 1e-3 : 5e-4, side[2];
        for (size_t sign = 0; sign < 2; sign++) {
            for (size_t i = 0; i < s->size; i++)
                z[i] = s->y[i] + (sign == 0 ? h : -h) * x[i];
            side[sign] = loss_at(s->point, z);
        }
        slope[level] = (side[0] - side[1]) / (2 * h);
    }
    hf_flow_at(s->point, s->y);
    free(z);
    return (4 * slope[1] - slope[0]) / 3;
}

/* -dL/dy = v'/rho_v and n_i a'/rho_a in the logit geometry; ascent n_i in both. */
static double error_of_gradient(const flow_setting *s, random_source *random)
{
    (void)random;
    const hf_problem *p = s->problem;
    double *unit = numbers(s->size), *slope = numbers(s->size);
    long double *want = long_numbers(s->size);
    for (size_t i = 0; i < s->size; i++) {
        unit[i] = 1;
        slope[i] = -loss_slope(s, unit);
        unit[i] = 0;
        want[i] = i < s->values ? s->point->force[i] - p->weight_decay * s->point->value[i]
                                : p->multiplicity[(i - s->values) % p->positions] * s->point->loss_ascent[i - s->values];
    }
    double worst = relative_error(s->size, slope, want);
    free(unit), free(slope), free(want);
    return worst;
}

static void test_gradient_is_that_of_finite_differences(void **state)
{
    (void)state;
    assert_true(within("gradient by differences", worst_over_shapes(error_of_gradient, 1, seed + 4), 1e-8));
}

static double error_of_speed(const flow_setting *s, random_source *random)
{
    (void)random;
    double *dy = numbers(s->size), *unit = numbers(s->size), norm = 0;
    hf_flow_velocity(s->point, dy);
    for (size_t i = 0; i < s->size; i++)
        norm = fmax(norm, fabs(dy[i]));
    for (size_t i = 0; i < s->size; i++)
        unit[i] = dy[i] / norm;
    double worst = fabs(loss_slope(s, unit) * norm + s->point->speed) / fabs(s->point->speed);
    free(dy), free(unit);
    return worst;
}

static void test_speed_is_the_loss_that_is_lost(void **state)
{
    (void)state;
    assert_true(within("speed by differences", worst_over_shapes(error_of_speed, 1, seed + 5), 1e-8));
}

static double error_of_speed_as_square(const flow_setting *s, random_source *random)
{
    (void)random;
    if (s->problem->geometry != HF_GEOMETRY_LOGIT || s->problem->kappa > 0)
        return 0;
    double *dy = numbers(s->size);
    hf_flow_velocity(s->point, dy);
    double error = fabs(hf_flow_inner(s->flow, dy, dy) - s->point->speed) / s->point->speed;
    free(dy);
    return error;
}

static void test_speed_is_the_square_of_the_velocity(void **state)
{
    (void)state;
    assert_true(within("speed as a square", worst_over_shapes(error_of_speed_as_square, 1, seed + 6), 1e-14));
}

static double error_of_zero_mean(const flow_setting *s, random_source *random)
{
    (void)random;
    double *dy = numbers(s->size), largest = 0;
    hf_flow_velocity(s->point, dy);
    for (size_t i = s->values; i < s->size; i++)
        largest = fmax(largest, fabs(dy[i]));
    double drift = hf_flow_mean_logit(s->flow, dy);
    free(dy);
    return largest > 0 && s->problem->positions > 1 ? drift / largest : 0;
}

static void test_logits_keep_their_zero_mean(void **state)
{
    (void)state;
    assert_true(within("drift of the velocity", worst_over_shapes(error_of_zero_mean, 1, seed + 7), 1e-14));
}

/* ---- the drift of SGD ---- */

/* sum_k |s_k|^2, |s_k|^2 = sum_i n_i c_i omega_i s_ki^2 */
static double variance_at(hf_flow_point *point, const double *y)
{
    const hf_problem *p = point->problem;
    double sum = 0, attention[200];
    assert_true(hf_flow_at(point, y));
    for (size_t k = 0; k < p->heads; k++) {
        hf_flow_head_attention(point, k, attention);
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * p->copies[i] * p->variance[i] * attention[i] * attention[i];
    }
    return sum;
}

/* What the drift adds to the logits' velocity against central differences of kappa (L + floor) sum_k |s_k|^2 at fixed L,
 * and to that of the values: nothing. */
static double error_of_drift(const flow_setting *s, random_source *random)
{
    (void)random;
    const double h = 1e-5;
    const hf_problem *p = s->problem;
    if (p->kappa == 0 || p->geometry != HF_GEOMETRY_LOGIT)
        return 0;
    hf_problem plain = *p;
    plain.kappa = 0;
    hf_flow *without = make_flow(&plain);
    assert_int_equal(hf_flow_use_basis(without, s->flow->basis->distance, NULL), HF_OK);
    hf_flow_point *plain_point = make_point(without);
    double *dy = numbers(s->size), *plain_dy = numbers(s->size), *z = numbers(s->size);
    long double *want = long_numbers(s->size);
    assert_true(hf_flow_at(plain_point, s->y));
    double factor = p->kappa * (plain_point->loss + p->noise_floor);
    for (size_t i = 0; i < s->values; i++)
        factor -= p->kappa * p->weight_decay / 2 * s->y[i] * s->y[i]; /* L without decay */
    hf_flow_velocity(s->point, dy);
    hf_flow_velocity(plain_point, plain_dy);
    for (size_t i = 0; i < s->size; i++)
        dy[i] -= plain_dy[i];
    memcpy(z, s->y, s->size * sizeof *z);
    for (size_t i = s->values; i < s->size; i++) {
        double side[2];
        for (size_t sign = 0; sign < 2; sign++) {
            z[i] = s->y[i] + (sign == 0 ? h : -h);
            side[sign] = variance_at(plain_point, z);
        }
        z[i] = s->y[i];
        want[i] =
            -p->attention_rate * factor * (side[0] - side[1]) / (2 * h) / p->multiplicity[(i - s->values) % p->positions];
    }
    double worst = p->positions > 1 ? relative_error(s->size, dy, want) : 0;
    for (size_t i = 0; i < s->values; i++)
        assert_true(dy[i] == 0);
    hf_flow_point_free(plain_point);
    hf_flow_free(without);
    free(dy), free(plain_dy), free(z), free(want);
    return worst;
}

static void test_drift_descends_the_variance_of_what_heads_read(void **state)
{
    (void)state;
    assert_true(within("drift by differences", worst_over_shapes(error_of_drift, 1, seed + 22), 1e-8));
}

static void test_drift_is_as_strong_as_the_configuration_says(void **state)
{
    (void)state;
    hf_problem *p =
        make_problem("heads = 2; positions = 3; target = { strengths = (2.0, 1.0); };"
                     "flow = { value_rate = 3.0; sgd_drift = { lr = 0.05; batch = 512; dim = 50; noise = 0.2; }; };");
    assert_true(close_to(p->kappa, 3 * 0.05 * 50 / 1024, 1e-15) && close_to(p->noise_floor, 1, 1e-14));
    hf_problem_free(p);
    p = make_problem("heads = 2; positions = 3; target = { strengths = (2.0, 1.0); };"
                     "flow = { sgd_drift = { batch = 512; dim = 50; }; };");
    assert_true(p->kappa == 0);
    hf_problem_free(p);
}

/* ---- the Jacobian ---- */

static double error_of_jacobian(const flow_setting *s, random_source *random)
{
    double *dx = random_state(s->flow, 1, random), *got = numbers(s->size), *by_head = numbers(s->size);
    long double *x = long_numbers(s->size), *d = long_numbers(s->size), *want = long_numbers(s->size),
                *g = long_numbers(s->size);
    hf_flow_jacobian_times(s->point, dx, got);
    to_heads(s->flow, s->y, x);
    to_heads(s->flow, dx, d);
    to_heads(s->flow, got, g);
    naive_jacobian_times(s->problem, x, d, want);
    for (size_t i = 0; i < s->size; i++)
        by_head[i] = (double)g[i];
    double worst = fmax(relative_error(s->values, by_head, want),
                        relative_error(s->size - s->values, by_head + s->values, want + s->values));
    if (s->problem->positions == 1)
        worst = relative_error(s->size, by_head, want);
    free(dx), free(got), free(by_head), free(x), free(d), free(want), free(g);
    return worst;
}

static void test_jacobian_is_that_of_the_equations(void **state)
{
    (void)state;
    assert_true(within("Jacobian", worst_over_shapes(error_of_jacobian, 1, seed + 8), 1e-13));
    assert_true(within("Jacobian, close heads", worst_over_shapes(error_of_jacobian, 1e-5, seed + 9), 1e-13));
}

static double error_of_jacobian_by_differences(const flow_setting *s, random_source *random)
{
    const double h = 1e-5;
    double *dx = random_state(s->flow, 1, random), *got = numbers(s->size), *z = numbers(s->size),
           *side = numbers(2 * s->size);
    long double *want = long_numbers(s->size);
    hf_flow_jacobian_times(s->point, dx, got);
    for (size_t sign = 0; sign < 2; sign++) {
        for (size_t i = 0; i < s->size; i++)
            z[i] = s->y[i] + (sign == 0 ? h : -h) * dx[i];
        assert_true(hf_flow_at(s->point, z));
        hf_flow_velocity(s->point, side + sign * s->size);
    }
    for (size_t i = 0; i < s->size; i++)
        want[i] = ((long double)side[i] - side[s->size + i]) / (2 * h);
    double worst = relative_error(s->size, got, want);
    free(dx), free(got), free(z), free(side), free(want);
    return worst;
}

static void test_jacobian_is_that_of_central_differences(void **state)
{
    (void)state;
    assert_true(within("Jacobian by differences", worst_over_shapes(error_of_jacobian_by_differences, 1, seed + 10), 1e-7));
}

static double asymmetry(const flow_setting *s, random_source *random)
{
    if (s->problem->geometry != HF_GEOMETRY_LOGIT || s->problem->kappa > 0)
        return 0;
    double *x = random_state(s->flow, 1, random), *z = random_state(s->flow, 1, random);
    double *jx = numbers(s->size), *jz = numbers(s->size);
    hf_flow_jacobian_times(s->point, x, jx);
    hf_flow_jacobian_times(s->point, z, jz);
    double size = sqrt(hf_flow_inner(s->flow, x, x) * hf_flow_inner(s->flow, jz, jz));
    double error = fabs(hf_flow_inner(s->flow, x, jz) - hf_flow_inner(s->flow, jx, z)) / size;
    free(x), free(z), free(jx), free(jz);
    return error;
}

static void test_jacobian_is_symmetric_in_the_logit_geometry(void **state)
{
    (void)state;
    assert_true(within("asymmetry", worst_over_shapes(asymmetry, 1, seed + 11), 1e-12));
}

/* ---- tiny contrasts ---- */

/* Multiplies the contrasts by factor. */
static void scale_contrasts(const hf_problem *p, double factor, double *y)
{
    size_t values = p->heads * p->features;
    for (size_t i = p->features; i < values; i++)
        y[i] *= factor;
    for (size_t i = values + p->positions; i < values + p->heads * p->positions; i++)
        y[i] *= factor;
}

/* The contrasts' velocity against the linearization at equal heads in long double, per contrast and per kind. mean_scale
 * makes the mean's logits large. */
static double error_of_tiny_contrasts(const problem_shape *shape, bool replicator, double size, double mean_scale,
                                      random_source *random)
{
    flow_setting s = make_setting(*shape, replicator, 1, random);
    const hf_problem *p = s.problem;
    double *tiny = numbers(s.size), *mean = numbers(s.size), *contrast = numbers(s.size), *dy = numbers(s.size), worst = 0;
    long double *x = long_numbers(s.size), *d = long_numbers(s.size), *jd = long_numbers(s.size),
                *want = long_numbers(s.size);
    for (size_t i = 0; i < p->positions; i++)
        s.y[s.values + i] *= mean_scale;
    memcpy(tiny, s.y, s.size * sizeof *tiny);
    scale_contrasts(p, size, tiny);
    memcpy(mean, s.y, s.size * sizeof *mean);
    scale_contrasts(p, 0, mean);
    for (size_t i = 0; i < s.size; i++)
        contrast[i] = s.y[i] - mean[i];
    assert_true(hf_flow_at(s.point, tiny));
    hf_flow_velocity(s.point, dy);
    to_heads(s.flow, mean, x);
    to_heads(s.flow, contrast, d);
    naive_jacobian_times(p, x, d, jd);
    scale_contrasts(p, 1 / size, dy);
    for (size_t n = 1; n < p->heads; n++)
        for (size_t kind = 0; kind < 2; kind++) {
            size_t width = kind == 0 ? p->features : p->positions, start = kind == 0 ? 0 : s.values;
            for (size_t i = 0; i < width; i++) {
                want[i] = 0;
                for (size_t k = 0; k < p->heads; k++)
                    want[i] += s.flow->basis->q[n * p->heads + k] * jd[start + k * width + i];
            }
            if (width > 1 || kind == 0)
                worst = fmax(worst, relative_error(width, dy + start + n * width, want));
        }
    free(tiny), free(mean), free(contrast), free(dy), free(x), free(d), free(jd), free(want);
    clear_flow_setting(&s);
    return worst;
}

static double worst_tiny_contrasts(double size, double mean_scale)
{
    random_source random = {seed + 12};
    double worst = 0;
    for (size_t i = 0; i < 4 * SHAPES; i++)
        if (shapes[i % SHAPES].positions > 1)
            worst =
                fmax(worst, error_of_tiny_contrasts(&shapes[i % SHAPES], i / SHAPES % 2 == 1, size, mean_scale, &random));
    return worst;
}

static void test_contrasts_of_1e_200_move_with_all_their_digits(void **state)
{
    (void)state;
    assert_true(within("contrasts of 1e-200", worst_tiny_contrasts(1e-200, 1), 1e-12));
    assert_true(within("contrasts of 1e-290", worst_tiny_contrasts(1e-290, 1), 1e-12));
}

static void test_contrasts_around_a_concentrated_mean_keep_their_digits(void **state)
{
    (void)state;
    assert_true(within("contrasts of 1e-200, logits of 5", worst_tiny_contrasts(1e-200, 5), 1e-11));
}

static void test_velocity_of_contrasts_is_linear_in_their_size(void **state)
{
    (void)state;
    static const double sizes[] = {1e-12, 1e-20, 1e-30, 1e-100, 1e-250};
    assert_true(within("contrasts of 1e-6", worst_tiny_contrasts(1e-6, 1), 1e-4));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_true(within("contrasts", worst_tiny_contrasts(sizes[i], 1), 1e-10));
}

/* ---- equal heads ---- */

/* The state in which heads of one group are equal, and the flow in the basis that fits it. group: (H). */
static flow_setting grouped_setting(const problem_shape *shape, bool replicator, const size_t *group, random_source *random)
{
    flow_setting s = make_setting(*shape, replicator, 1, random);
    const hf_problem *p = s.problem;
    double *heads = numbers(s.size), *modes = numbers(s.size);
    hf_basis_heads(s.flow->basis, p->features, s.y, heads);
    hf_basis_heads(s.flow->basis, p->positions, s.y + s.values, heads + s.values);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t l = 0; l < k; l++)
            if (group[k] == group[l]) {
                memcpy(heads + k * p->features, heads + l * p->features, p->features * sizeof *heads);
                memcpy(heads + s.values + k * p->positions, heads + s.values + l * p->positions,
                       p->positions * sizeof *heads);
                break;
            }
    double *distance = numbers(p->heads * p->heads);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t l = 0; l < p->heads; l++)
            distance[k * p->heads + l] = group[k] == group[l] ? 0 : 1 + (double)(k + l);
    assert_int_equal(hf_flow_use_basis(s.flow, distance, NULL), HF_OK);
    hf_basis_modes(s.flow->basis, p->features, NULL, heads, modes);
    hf_basis_modes(s.flow->basis, p->positions, NULL, heads + s.values, modes + s.values);
    memcpy(s.y, modes, s.size * sizeof *modes);
    assert_true(hf_flow_at(s.point, s.y));
    free(heads), free(modes), free(distance);
    return s;
}

static bool is_contrast_of_equals(const hf_basis *basis, size_t n, const size_t *group)
{
    size_t positive = SIZE_MAX, negative = SIZE_MAX;
    for (size_t k = 0; k < basis->heads; k++) {
        double q = basis->q[n * basis->heads + k];
        size_t *seen = q > 0 ? &positive : &negative;
        if (q != 0 && *seen != SIZE_MAX && *seen != group[k])
            return false;
        if (q != 0)
            *seen = group[k];
    }
    return positive == negative;
}

/* Number of contrasts of equal heads; all must be exactly 0 in x. */
static size_t check_zeros(const flow_setting *s, const double *x, const size_t *group)
{
    const hf_problem *p = s->problem;
    size_t count = 0;
    for (size_t n = 1; n < p->heads; n++) {
        if (!is_contrast_of_equals(s->flow->basis, n, group))
            continue;
        count++;
        for (size_t r = 0; r < p->features; r++)
            assert_true(x[n * p->features + r] == 0);
        for (size_t i = 0; i < p->positions; i++)
            assert_true(x[s->values + n * p->positions + i] == 0);
    }
    return count;
}

static void test_equal_heads_stay_exactly_equal(void **state)
{
    (void)state;
    static const struct {
        size_t shape, zeros, group[8];
    } cases[] = {{0, 2, {0, 0, 0}}, {0, 1, {0, 0, 1}},       {0, 1, {0, 1, 0}},       {0, 1, {0, 1, 1}},
                 {4, 1, {0, 1, 0}}, {6, 3, {0, 1, 0, 1, 0}}, {6, 3, {0, 1, 1, 1, 1}}, {7, 4, {0, 1, 2, 0, 3, 1, 0, 1}},
                 {7, 7, {0}},       {8, 2, {0, 0, 0}},       {8, 1, {0, 1, 0}},       {11, 4, {0, 1, 2, 0, 3, 1, 0, 1}},
                 {11, 7, {0}}};
    random_source random = {seed + 13};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        size_t c = i / 2;
        flow_setting s = grouped_setting(&shapes[cases[c].shape], i % 2 == 1, cases[c].group, &random);
        double *dy = numbers(s.size), *jy = numbers(s.size);
        hf_flow_velocity(s.point, dy);
        hf_flow_jacobian_times(s.point, dy, jy);
        assert_int_equal(check_zeros(&s, s.y, cases[c].group), cases[c].zeros);
        check_zeros(&s, dy, cases[c].group);
        check_zeros(&s, jy, cases[c].group);
        free(dy), free(jy);
        clear_flow_setting(&s);
    }
}

static void test_equal_heads_have_equal_attention(void **state)
{
    (void)state;
    static const size_t group[] = {0, 1, 0, 1, 0};
    random_source random = {seed + 14};
    flow_setting s = grouped_setting(&shapes[6], false, group, &random);
    double first[20], again[20];
    for (size_t k = 2; k < 5; k++) {
        hf_flow_head_attention(s.point, k - 2, first);
        hf_flow_head_attention(s.point, k, again);
        assert_memory_equal(first, again, sizeof first);
    }
    clear_flow_setting(&s);
}

static void test_divergence_of_equal_heads_is_zero_without_a_rate(void **state)
{
    (void)state;
    static const size_t group[] = {0, 0, 0};
    random_source random = {seed + 15};
    flow_setting s = grouped_setting(&shapes[0], false, group, &random);
    double *dy = numbers(s.size), rate = 0;
    hf_flow_velocity(s.point, dy);
    assert_true(hf_flow_divergence(s.flow, s.y, dy, &rate) == 0 && isnan(rate));
    free(dy);
    clear_flow_setting(&s);
}

static void test_divergence_counts_every_position_and_does_not_underflow(void **state)
{
    (void)state;
    random_source random = {seed + 16};
    flow_setting s = make_setting(shapes[4], false, 1, &random);
    const hf_problem *p = s.problem;
    double *dy = numbers(s.size), rate, tiny_rate, square = 0, product = 0;
    hf_flow_velocity(s.point, dy);
    for (size_t i = p->features; i < s.size; i++) {
        if (i >= s.values && i < s.values + p->positions)
            continue;
        double count = i < s.values ? 1 : p->multiplicity[(i - s.values) % p->positions];
        square += count * s.y[i] * s.y[i];
        product += count * s.y[i] * dy[i];
    }
    assert_true(close_to(hf_flow_divergence(s.flow, s.y, dy, &rate), sqrt(square), 1e-13));
    assert_true(is_close(rate, product / square, 1e-12, 0));
    scale_contrasts(p, 1e-250, s.y);
    scale_contrasts(p, 1e-250, dy);
    assert_true(close_to(hf_flow_divergence(s.flow, s.y, dy, &tiny_rate), 1e-250 * sqrt(square), 1e-13));
    assert_true(close_to(tiny_rate, rate, 1e-12));
    free(dy);
    clear_flow_setting(&s);
}

/* ---- changing the basis ---- */

static void test_rebase_leaves_the_heads_where_they_are(void **state)
{
    (void)state;
    random_source random = {seed + 17};
    double worst = 0;
    for (size_t i = 0; i < 2 * SHAPES; i++) {
        flow_setting s = make_setting(shapes[i % SHAPES], i >= SHAPES, 1, &random);
        long double *before = long_numbers(s.size), *after = long_numbers(s.size);
        double *got = numbers(s.size), loss = s.point->loss;
        to_heads(s.flow, s.y, before);
        assert_int_equal(hf_flow_rebase(s.flow, s.y, NULL), HF_OK);
        to_heads(s.flow, s.y, after);
        for (size_t j = 0; j < s.size; j++)
            got[j] = (double)after[j];
        worst = fmax(worst, relative_error(s.size, got, before));
        assert_true(close_to(loss_at(s.point, s.y), loss, 1e-13));
        free(before), free(after), free(got);
        clear_flow_setting(&s);
    }
    assert_true(within("heads after a rebase", worst, 1e-14));
}

static void test_rebase_twice_changes_nothing(void **state)
{
    (void)state;
    random_source random = {seed + 18};
    flow_setting s = make_setting(shapes[7], false, 1e-3, &random);
    double *once = numbers(s.size);
    assert_int_equal(hf_flow_rebase(s.flow, s.y, NULL), HF_OK);
    memcpy(once, s.y, s.size * sizeof *once);
    assert_int_equal(hf_flow_rebase(s.flow, s.y, NULL), HF_OK);
    for (size_t i = 0; i < s.size; i++)
        assert_true(is_close(s.y[i], once[i], 1e-12, 1e-18));
    free(once);
    clear_flow_setting(&s);
}

/* ---- extremes ---- */

static void test_logits_of_ten_thousand_are_harmless(void **state)
{
    (void)state;
    random_source random = {seed + 19};
    for (size_t i = 0; i < 2 * SHAPES; i++) {
        flow_setting s = make_setting(shapes[i % SHAPES], i >= SHAPES, 1, &random);
        double attention[300];
        for (size_t j = s.values; j < s.size; j++)
            s.y[j] *= 1e4;
        assert_true(hf_flow_at(s.point, s.y));
        long double *x = long_numbers(s.size), *want = long_numbers(s.size), *got = long_numbers(s.size);
        double *dy = numbers(s.size), *by_head = numbers(s.size);
        to_heads(s.flow, s.y, x);
        naive_flow(s.problem, x, want, NULL, NULL);
        hf_flow_velocity(s.point, dy);
        to_heads(s.flow, dy, got);
        for (size_t j = 0; j < s.size; j++)
            by_head[j] = (double)got[j];
        assert_true(within("velocity at logits of 1e4", relative_error(s.size, by_head, want), 1e-10));
        free(x), free(want), free(got), free(dy), free(by_head);
        for (size_t k = 0; k < s.problem->heads; k++) {
            double sum = 0;
            hf_flow_head_attention(s.point, k, attention);
            for (size_t l = 0; l < s.problem->positions; l++)
                sum += s.problem->multiplicity[l] * attention[l];
            assert_true(close_to(sum, 1, 1e-13));
        }
        clear_flow_setting(&s);
    }
}

static void test_one_head_on_one_position_learns_exponentially(void **state)
{
    (void)state;
    /* v' = m - v, a' = 0 */
    hf_problem *p = make_problem("heads = 1; positions = 1; target = { strengths = (2.0); }; init = { values = 0.5; };");
    hf_flow *flow = make_flow(p);
    hf_flow_point *point = make_point(flow);
    double y[2], dy[2];
    hf_flow_start(flow, y);
    assert_true(hf_flow_at(point, y));
    hf_flow_velocity(point, dy);
    assert_true(close_to(point->loss, 1.125, 1e-15) && close_to(point->speed, 2.25, 1e-15));
    assert_true(close_to(dy[0], 1.5, 1e-15) && dy[1] == 0);
    hf_flow_point_free(point);
    hf_flow_free(flow);
    hf_problem_free(p);
}

static void test_rates_of_zero_freeze_their_part(void **state)
{
    (void)state;
    for (size_t part = 0; part < 2; part++) {
        hf_problem *p =
            make_problem("heads = 2; positions = 4; target = { strengths = (2.0, 1.0); }; init = { values = 0.5; };"
                         "flow = { %s_rate = 0.0; };",
                         part == 0 ? "value" : "attention");
        random_source random = {seed + 20};
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        double *y = random_state(flow, 1, &random), dy[12];
        assert_true(hf_flow_at(point, y));
        hf_flow_velocity(point, dy);
        for (size_t i = 0; i < 12; i++)
            assert_true((i < 4) == (part == 0) ? dy[i] == 0 : dy[i] != 0);
        assert_true(close_to(hf_flow_inner(flow, dy, dy), point->speed, 1e-14));
        free(y);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

/* ---- names ---- */

static void test_coordinates_have_names(void **state)
{
    (void)state;
    hf_problem *p = make_problem("heads = 2; positions = 4; target = { strengths = (2.0, 1.0); };");
    hf_flow *flow = make_flow(p);
    static const char *const names[] = {"mean value on feature 1", "value on feature 2, heads 1 and 2 compared",
                                        "mean logit at position 1", "logit at position 4, heads 1 and 2 compared"};
    static const size_t index[] = {0, 3, 4, 11};
    for (size_t i = 0; i < 4; i++) {
        char text[64];
        hf_flow_coordinate_name(flow, index[i], text, sizeof text);
        assert_string_equal(text, names[i]);
    }
    hf_flow_free(flow);
    hf_problem_free(p);
}

static void test_a_state_that_is_not_finite_is_noticed_and_blamed(void **state)
{
    (void)state;
    random_source random = {seed + 21};
    char text[64];
    for (size_t trial = 0; trial < 2 * SHAPES; trial++) {
        flow_setting s = make_setting(shapes[trial % SHAPES], trial % 2 == 1, 1, &random);
        assert_false(hf_flow_blame(s.flow, s.y, text, sizeof text));
        for (size_t i = 0; i < s.size; i++) {
            static const double bad[] = {NAN, INFINITY}; /* a mean logit of -inf is an attention of 0 */
            double good = s.y[i];
            s.y[i] = bad[trial / SHAPES];
            bool is_logit = i >= s.values;
            if (hf_flow_at(s.point, s.y))
                fail_msg("%s: coordinate %zu of %zu is %g, not noticed", describe(&shapes[trial % SHAPES]), i, s.size,
                         s.y[i]);
            assert_true(hf_flow_blame(s.flow, s.y, text, sizeof text));
            char *end = strstr(text, is_logit ? "position " : "feature ");
            assert_non_null(end);
            size_t width = is_logit ? s.problem->positions : s.problem->features;
            assert_int_equal(strtoul(strchr(end, ' '), NULL, 10), (i - (is_logit ? s.values : 0)) % width + 1);
            s.y[i] = good;
        }
        clear_flow_setting(&s);
    }
}

int main(void)
{
    hf_init();
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_velocity_is_that_of_the_equations),
        cmocka_unit_test(test_velocity_of_close_heads_is_that_of_the_equations),
        cmocka_unit_test(test_velocity_is_right_on_both_sides_of_far_apart),
        cmocka_unit_test(test_gradient_is_that_of_finite_differences),
        cmocka_unit_test(test_speed_is_the_loss_that_is_lost),
        cmocka_unit_test(test_speed_is_the_square_of_the_velocity),
        cmocka_unit_test(test_logits_keep_their_zero_mean),
        cmocka_unit_test(test_drift_descends_the_variance_of_what_heads_read),
        cmocka_unit_test(test_drift_is_as_strong_as_the_configuration_says),
        cmocka_unit_test(test_jacobian_is_that_of_the_equations),
        cmocka_unit_test(test_jacobian_is_that_of_central_differences),
        cmocka_unit_test(test_jacobian_is_symmetric_in_the_logit_geometry),
        cmocka_unit_test(test_contrasts_of_1e_200_move_with_all_their_digits),
        cmocka_unit_test(test_contrasts_around_a_concentrated_mean_keep_their_digits),
        cmocka_unit_test(test_velocity_of_contrasts_is_linear_in_their_size),
        cmocka_unit_test(test_equal_heads_stay_exactly_equal),
        cmocka_unit_test(test_equal_heads_have_equal_attention),
        cmocka_unit_test(test_divergence_of_equal_heads_is_zero_without_a_rate),
        cmocka_unit_test(test_divergence_counts_every_position_and_does_not_underflow),
        cmocka_unit_test(test_rebase_leaves_the_heads_where_they_are),
        cmocka_unit_test(test_rebase_twice_changes_nothing),
        cmocka_unit_test(test_logits_of_ten_thousand_are_harmless),
        cmocka_unit_test(test_one_head_on_one_position_learns_exponentially),
        cmocka_unit_test(test_rates_of_zero_freeze_their_part),
        cmocka_unit_test(test_coordinates_have_names),
        cmocka_unit_test(test_a_state_that_is_not_finite_is_noticed_and_blamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
