/* Tests of what keeps the flow back: decay of the attention and coordinates that are held, against the loss written down naively, by
 * head and in long double, against closed forms, and against a softmax with 1 in its sum. */
#include "config/config.h"
#include "flow/curvature.h"
#include "flow/restraint.h"
#include "support.h"
#include "training.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 20260301;

/* ---- settings: every attention, with and without what is held ---- */

static const char *const kinds[] = {"softmax", "replicator", "squares", "sum", "sigmoid", "linear"};

static const struct {
    problem_shape shape;
    double decay;
    hf_counts values, logits, positions;
} cases[] = {
    {.shape = {.heads = 3, .positions = 11, .patterns = 3}, .decay = 0.3},
    {.shape = {.heads = 4, .positions = 9, .patterns = 3, .copies = true, .replicas = true, .decay = true, .rates = true},
     .values = {1, (size_t[]){2}},
     .logits = {2, (size_t[]){2, 4}}},
    {.shape = {.heads = 5, .positions = 9, .patterns = 3, .outside = 2, .copies = true, .replicas = true, .rates = true},
     .decay = 0.2,
     .values = {2, (size_t[]){1, 3}},
     .logits = {2, (size_t[]){3, 4}},
     .positions = {2, (size_t[]){2, 9}}},
    {.shape = {.heads = 3, .positions = 140, .patterns = 2, .weights = true},
     .logits = {3, (size_t[]){1, 2, 3}}},
    {.shape = {.heads = 3, .positions = 12, .patterns = 2, .copies = true, .replicas = true},
     .decay = 0.1,
     .positions = {1, (size_t[]){12}}},
};

enum { KINDS = sizeof kinds / sizeof *kinds, CASES = sizeof cases / sizeof *cases };

static bool is_mirror(const hf_problem *p)
{
    return p->geometry == HF_GEOMETRY_REPLICATOR;
}

/* Scores lie around 2 where there is a sum, so that it is not near 0. */
static flow_setting make_setting(size_t number, const char *kind, bool optimal, double contrast, random_source *random)
{
    problem_shape shape = cases[number].shape;
    const hf_counts none = {0}, *positions = &cases[number].positions;
    const bool is_softmax = strcmp(kind, "softmax") == 0;
    shape.replicator = strcmp(kind, "replicator") == 0;
    shape.attention = is_softmax || shape.replicator ? NULL : kind;
    flow_setting s = {.problem = random_problem(&shape, random)};
    if (optimal) {
        s.problem->values = HF_VALUES_OPTIMAL;
        s.problem->value_rate = 0;
        s.problem->weight_decay = 0.01;
    }
    s.problem->attention_decay = cases[number].decay;
    assert_int_equal(hf_problem_hold(s.problem, optimal ? &none : &cases[number].values, &cases[number].logits,
                                     shape.replicator ? &none : positions, NULL),
                     HF_OK);
    s.flow = make_flow(s.problem);
    s.point = make_point(s.flow);
    s.size = hf_flow_size(s.flow);
    s.values = s.problem->heads * s.problem->features;
    s.y = random_state(s.flow, contrast, random);
    for (size_t n = 0; n < s.problem->heads && shape.attention != NULL; n++)
        for (size_t i = 0; i < s.problem->positions; i++) {
            double *z = s.y + s.values + n * s.problem->positions + i;
            *z = 0.3 * *z + 2 * s.flow->basis->of_root[n];
        }
    assert_true(hf_flow_at(s.point, s.y));
    return s;
}

typedef double check(const flow_setting *s, const char *kind, random_source *random);

static double worst_of(check *error_of, bool optimal, double contrast, uint64_t its_seed)
{
    random_source random = {its_seed};
    double worst = 0;
    for (size_t i = 0; i < KINDS * CASES; i++) {
        flow_setting s = make_setting(i / KINDS, kinds[i % KINDS], optimal, contrast, &random);
        const double error = error_of(&s, kinds[i % KINDS], &random);
        clear_flow_setting(&s);
        if (!(error <= worst))
            worst = error;
        if (isnan(worst))
            break;
    }
    return worst;
}

/* ---- the loss again ---- */

static long double score_function(const char *kind, long double z)
{
    return strcmp(kind, "squares") == 0                                        ? z * z
           : strcmp(kind, "sigmoid") == 0                                      ? 1 / (1 + expl(-z))
           : strcmp(kind, "softmax") == 0 || strcmp(kind, "replicator") == 0 ? expl(z)
                                                                               : z;
}

static void naive_attention(const hf_problem *p, const char *kind, const long double *x, long double *s)
{
    const size_t T = p->positions;
    for (size_t k = 0; k < p->heads; k++) {
        long double sum = 0;
        for (size_t i = 0; i < T; i++) {
            s[k * T + i] = score_function(kind, x[p->heads * p->features + k * T + i]);
            sum += p->multiplicity[i] * s[k * T + i];
        }
        for (size_t i = 0; i < T && strcmp(kind, "sigmoid") != 0 && strcmp(kind, "linear") != 0; i++)
            s[k * T + i] /= sum;
    }
}

/* Of values v (H, R), attentions s and what decays, z (H, T each): the scores or, in the replicator geometry, s. */
static long double loss_of(const hf_problem *p, const long double *v, const long double *s, const long double *z)
{
    const size_t T = p->positions, R = p->features;
    long double loss = 0;
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++) {
            long double e = p->target[r * T + i];
            for (size_t k = 0; k < p->heads; k++)
                e -= v[k * R + r] * p->copies[i] * s[k * T + i];
            loss += p->replicas[i] * p->variance[r * T + i] * e * e / 2;
        }
    for (size_t i = 0; i < p->heads * R; i++)
        loss += p->weight_decay / 2 * v[i] * v[i];
    for (size_t i = 0; i < p->heads * T; i++)
        loss += p->attention_decay / 2 * p->multiplicity[i % T] * z[i] * z[i];
    return loss;
}

/* s: (H, T) scratch. */
static long double naive_loss(const hf_problem *p, const char *kind, const long double *x, long double *s)
{
    naive_attention(p, kind, x, s);
    return loss_of(p, x, s, is_mirror(p) ? s : x + p->heads * p->features);
}

static bool is_held(const hf_problem *p, size_t i)
{
    const size_t values = p->heads * p->features, at = i - values;
    if (p->held_value == NULL)
        return false;
    return i < values ? p->held_value[i / p->features]
                      : p->held_logit[at / p->positions] || p->held_position[at % p->positions];
}

/* Minus the loss's slope along coordinate i, by central differences; along s_ki alone in the replicator geometry. */
static long double naive_slope(const hf_problem *p, const char *kind, long double *x, size_t i, long double *s)
{
    const size_t values = p->heads * p->features;
    const bool along_attention = is_mirror(p) && i >= values;
    naive_attention(p, kind, x, s);
    long double *at = along_attention ? &s[i - values] : &x[i], here = *at, slope[3];
    for (size_t level = 0; level < 3; level++) {
        const long double h = 4e-3L / (1 << level);
        long double side[2];
        for (size_t sign = 0; sign < 2; sign++) {
            *at = sign == 0 ? here + h : here - h;
            side[sign] = along_attention ? loss_of(p, x, s, s) : naive_loss(p, kind, x, s);
        }
        *at = here;
        slope[level] = (side[1] - side[0]) / (2 * h);
    }
    return (64 * slope[2] - 20 * slope[1] + slope[0]) / 45;
}

/* The velocity of a head state; in the replicator geometry that of s, Pi(s) (-dL/ds / n), in place of the logits'. */
static void naive_velocity(const hf_problem *p, const char *kind, long double *x, long double *velocity)
{
    const size_t values = p->heads * p->features, T = p->positions, size = values + p->heads * T;
    long double *s = long_numbers(p->heads * T);
    for (size_t i = 0; i < size; i++)
        velocity[i] = is_held(p, i) ? 0
                                    : naive_slope(p, kind, x, i, s) *
                                          (i < values ? p->value_rate : p->attention_rate / p->multiplicity[(i - values) % T]);
    naive_attention(p, kind, x, s);
    for (size_t k = 0; k < p->heads && is_mirror(p); k++) {
        long double mean = 0, *g = velocity + values + k * T;
        for (size_t i = 0; i < T; i++)
            mean += p->multiplicity[i] * s[k * T + i] * g[i];
        for (size_t i = 0; i < T; i++)
            g[i] = is_held(p, values + k * T) ? 0 : s[k * T + i] * (g[i] - mean);
    }
    free(s);
}

static double error_of_velocity(const flow_setting *s, const char *kind, random_source *random)
{
    (void)random;
    const hf_problem *p = s->problem;
    const size_t logits = s->size - s->values;
    long double *x = long_numbers(s->size), *want = long_numbers(s->size), *got = long_numbers(s->size),
                *attention = long_numbers(logits);
    double *dy = numbers(s->size), *by_head = numbers(s->size);
    to_heads(s->flow, s->y, x);
    naive_velocity(p, kind, x, want);
    hf_flow_velocity(s->point, dy);
    to_heads(s->flow, dy, got);
    naive_attention(p, kind, x, attention);
    for (size_t k = 0; k < p->heads && is_mirror(p); k++) { /* ds = Pi(s) a' */
        long double mean = 0, *da = got + s->values + k * p->positions, *its = attention + k * p->positions;
        for (size_t i = 0; i < p->positions; i++)
            mean += p->multiplicity[i] * its[i] * da[i];
        for (size_t i = 0; i < p->positions; i++)
            da[i] = its[i] * (da[i] - mean);
    }
    for (size_t i = 0; i < s->size; i++)
        by_head[i] = (double)got[i];
    const long double loss = naive_loss(p, kind, x, attention);
    double worst = fmax(relative_error(s->values, by_head, want), fabs((double)((s->point->loss - loss) / loss)));
    worst = fmax(worst, relative_error(logits, by_head + s->values, want + s->values));
    free(x), free(want), free(got), free(attention), free(dy), free(by_head);
    return worst;
}

static void test_velocity_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    assert_true(within("velocity", worst_of(error_of_velocity, false, 1, seed), 1e-10));
    assert_true(within("velocity, heads 1e-3 apart", worst_of(error_of_velocity, false, 1e-3, seed + 1), 1e-10));
}

/* ---- derivatives ---- */

static double *random_direction(const flow_setting *s, random_source *random)
{
    double *x = numbers(s->size);
    for (size_t i = 0; i < s->size; i++)
        x[i] = draw_normal(random);
    return x;
}

/* Moves the point by h x. */
static void move(const flow_setting *s, const double *x, double h, double *z)
{
    for (size_t i = 0; i < s->size; i++)
        z[i] = s->y[i] + h * x[i];
    assert_true(hf_flow_at(s->point, z));
}

static double error_of_jacobian(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    double *x = random_direction(s, random), *got = numbers(s->size), *z = numbers(s->size), *side = numbers(2 * s->size);
    long double *want = long_numbers(s->size);
    hf_flow_jacobian_times(s->point, x, got);
    memset(want, 0, s->size * sizeof *want);
    for (size_t level = 0; level < 2; level++) {
        const double h = level == 0 ? 1e-3 : 5e-4;
        for (size_t sign = 0; sign < 2; sign++) {
            move(s, x, sign == 0 ? h : -h, z);
            hf_flow_velocity(s->point, side + sign * s->size);
        }
        for (size_t i = 0; i < s->size; i++)
            want[i] += (level == 0 ? -1 : 4) / 3.0 * (side[i] - side[s->size + i]) / (2 * h);
    }
    const double worst = relative_error(s->size, got, want);
    free(x), free(got), free(z), free(side), free(want);
    return worst;
}

/* P is -dL/dt: the loss along the velocity, by differences; dP/dt likewise. */
static double error_of_speed(const flow_setting *s, const char *kind, random_source *random)
{
    (void)kind;
    (void)random;
    double *dy = numbers(s->size), *z = numbers(s->size), slope[2][2], norm = 0;
    const double rate = hf_flow_speed_rate(s->point), speed = s->point->speed;
    hf_flow_velocity(s->point, dy);
    for (size_t i = 0; i < s->size; i++)
        norm = fmax(norm, fabs(dy[i]));
    if (norm == 0) { /* all logits are held, and values follow */
        free(dy), free(z);
        return speed == 0 && rate == 0 ? 0 : NAN;
    }
    for (size_t level = 0; level < 2; level++) {
        const double h = (level == 0 ? 1e-3 : 5e-4) / norm;
        double loss[2], its_speed[2];
        for (size_t sign = 0; sign < 2; sign++) {
            move(s, dy, sign == 0 ? h : -h, z);
            loss[sign] = s->point->loss;
            its_speed[sign] = s->point->speed;
        }
        slope[0][level] = (loss[1] - loss[0]) / (2 * h);
        slope[1][level] = (its_speed[0] - its_speed[1]) / (2 * h);
    }
    free(dy), free(z);
    return fmax(fabs((4 * slope[0][1] - slope[0][0]) / 3 / speed - 1),
                fabs((4 * slope[1][1] - slope[1][0]) / 3 - rate) / (fabs(rate) + norm * speed));
}

/* x . H x against the second difference of the loss along x in values and scores or, in the replicator geometry, attentions. */
static double error_of_hessian(const flow_setting *s, const char *kind, random_source *random)
{
    const hf_problem *p = s->problem;
    const size_t T = p->positions, logits = p->heads * T;
    double *x = random_direction(s, random), *hx = numbers(s->size), product = 0;
    long double *at = long_numbers(s->size), *dx = long_numbers(s->size), *z = long_numbers(s->size),
                *now = long_numbers(logits), *near = long_numbers(logits), side[3];
    hf_flow_hessian_times(s->point, x, hx);
    for (size_t i = 0; i < s->size; i++)
        product += x[i] * hx[i];
    to_heads(s->flow, s->y, at);
    naive_attention(p, kind, at, now);
    for (size_t i = 0; i < s->size; i++)
        x[i] *= i < s->values ? sqrt(p->value_rate) : is_mirror(p) ? 1 : sqrt(p->attention_rate / p->multiplicity[(i - s->values) % T]);
    to_heads(s->flow, x, dx);
    for (size_t k = 0; k < p->heads && is_mirror(p); k++) { /* stands by heads: ds = sqrt(rho s / n) (x - q (q . x)) */
        long double along = 0, *ds = dx + s->values + k * T;
        for (size_t i = 0; i < T; i++)
            along += sqrtl(p->multiplicity[i] * now[k * T + i]) * x[s->values + k * T + i];
        for (size_t i = 0; i < T; i++)
            ds[i] = sqrtl(p->attention_rate * now[k * T + i] / p->multiplicity[i]) *
                    (x[s->values + k * T + i] - sqrtl(p->multiplicity[i] * now[k * T + i]) * along);
    }
    const long double h = 1e-4L;
    for (size_t n = 0; n < 3; n++) {
        for (size_t i = 0; i < s->size; i++)
            z[i] = at[i] + (is_held(p, i) ? 0 : (n - 1.0L) * h * dx[i]);
        for (size_t i = 0; i < logits; i++)
            near[i] = now[i] + (is_held(p, s->values + i) ? 0 : (n - 1.0L) * h * dx[s->values + i]);
        side[n] = is_mirror(p) ? loss_of(p, z, near, near) : naive_loss(p, kind, z, near);
    }
    const double want = (double)((side[0] - 2 * side[1] + side[2]) / h / h);
    free(x), free(hx), free(at), free(dx), free(z), free(now), free(near);
    return fabs(product - want) / (fabs(want) + 1);
}

static void test_derivatives_are_those_of_finite_differences(void **state)
{
    (void)state;
    assert_true(within("J", worst_of(error_of_jacobian, false, 1, seed + 2), 1e-8));
    assert_true(within("J, heads 1e-2 apart", worst_of(error_of_jacobian, false, 1e-2, seed + 3), 1e-8));
    assert_true(within("J, optimal values", worst_of(error_of_jacobian, true, 1, seed + 4), 1e-6));
    assert_true(within("P, dP/dt", worst_of(error_of_speed, false, 1, seed + 5), 1e-7));
    assert_true(within("P, dP/dt, optimal values", worst_of(error_of_speed, true, 1, seed + 6), 1e-5));
    assert_true(within("Hessian", worst_of(error_of_hessian, false, 1, seed + 7), 1e-6));
}

/* ---- runs ---- */

/* What is held is the same bit for bit, equal heads that are held alike stay equal, and energy is accounted for. */
static void test_what_is_held_stays(void **state)
{
    (void)state;
    for (size_t geometry = 0; geometry < 2; geometry++) {
        test_run run = start_run(
            make_problem("heads = 5; positions = 9; target = { strengths = (2.89, 1.7, 1.0); };\n"
                         "init = { perturbation = 0.3; heads = (2, 3); };\n"
                         "flow = { geometry = \"%s\"; attention_decay = 1e-3; frozen = { values = (1, 2); logits = (2, 3); }; };",
                         geometry == 0 ? "logit" : "replicator"),
            1e-9, 1e-13);
        const size_t size = hf_flow_size(run.flow);
        double *start = numbers(size), worst = 0;
        hf_observation first, last;
        memcpy(start, run.y, size * sizeof *start);
        assert_int_equal(hf_observation_init(&first, run.problem, NULL), HF_OK);
        assert_int_equal(hf_observation_init(&last, run.problem, NULL), HF_OK);
        observe_at(run.point, run.y, &first);
        run_to(&run, 60);
        observe_at(run.point, run.y, &last);
        const size_t R = run.problem->features, T = run.problem->positions;
        for (size_t k = 0; k < 2; k++)
            assert_memory_equal(first.head_value + k * R, last.head_value + k * R, R * sizeof(double));
        for (size_t k = 1; k < 3; k++)
            assert_memory_equal(first.attention + k * T, last.attention + k * T, T * sizeof(double));
        assert_memory_equal(last.head_value + 3 * R, last.head_value + 4 * R, R * sizeof(double)); /* 4 and 5 are alike */
        assert_memory_equal(last.attention + 3 * T, last.attention + 4 * T, T * sizeof(double));
        assert_true(last.loss < 0.5 * first.loss);
        for (size_t i = 0; i < R; i++)
            worst = fmax(worst, fabs(last.head_value[3 * R + i] - first.head_value[3 * R + i]));
        assert_true(worst > 0.1);
        assert_true(within("energy", energy_defect(&run), 1e-7));
        free(start);
        hf_observation_clear(&first);
        hf_observation_clear(&last);
        end_run(&run);
    }
}

/* Linear attention with values that are held: z' = v (m - v z) - lambda z. */
static void test_decay_of_one_head_is_as_solved(void **state)
{
    (void)state;
    const double m = 1.7, v = 0.8, decay = 0.3, end = v * m / (v * v + decay), rate = v * v + decay;
    double worst = 0;
    test_run run = start_run(make_problem("heads = 1; positions = 2; target = { strengths = (%g); patterns = ((1)); };\n"
                                          "init = { values = %g; perturbation = 0; };\n"
                                          "flow = { attention = \"linear\"; attention_decay = %g; frozen = { values = (1); }; };",
                                          m, v, decay),
                             1e-11, 1e-14);
    for (double t = 0.5; t <= 20; t *= 2) {
        run_to(&run, t);
        const double want[] = {end + (0.5 - end) * exp(-rate * t), 0.5 * exp(-rate * t)};
        for (size_t i = 0; i < 2; i++)
            worst = fmax(worst, fabs(run.y[1 + i] - want[i]));
    }
    assert_true(within("score", worst, 1e-10));
    end_run(&run);
}

/* Linear attention, all decays alike, one position, v = z = sqrt(w): w' = 2 w (m - lambda - w). */
static void test_decay_of_values_and_scores_is_as_solved(void **state)
{
    (void)state;
    const double m = 1.7, decay = 0.4, top = m - decay;
    double worst = 0;
    test_run run = start_run(make_problem("heads = 1; positions = 1; target = { strengths = (%g); }; init = { values = 1.0; "
                                          "perturbation = 0; };\n"
                                          "flow = { attention = \"linear\"; attention_decay = %g; weight_decay = %g; };",
                                          m, decay, decay),
                             1e-11, 1e-14);
    for (double t = 0.25; t <= 16; t *= 2) {
        run_to(&run, t);
        const double want = top / (1 + (top - 1) * exp(-2 * top * t));
        worst = fmax(worst, fabs(run.y[0] * run.y[1] - want));
        worst = fmax(worst, fabs(run.loss - ((m - want) * (m - want) / 2 + decay * want)));
    }
    assert_true(within("output and loss", worst, 1e-10));
    end_run(&run);
}

/* ---- an attention sink ---- */

enum { H = 2, J = 2, T = 5 };

/* The velocity of softmax-1, s_i = e^a_i / (1 + sum e^a), by head: x = v (H, J), a (H, T). */
static void sink_velocity(const double *strength, const double *x, double *dx)
{
    double s[H * T], e[J * T];
    for (size_t k = 0; k < H; k++) {
        double sum = 1;
        for (size_t i = 0; i < T; i++)
            sum += exp(x[H * J + k * T + i]);
        for (size_t i = 0; i < T; i++)
            s[k * T + i] = exp(x[H * J + k * T + i]) / sum;
    }
    for (size_t r = 0; r < J; r++)
        for (size_t i = 0; i < T; i++) {
            e[r * T + i] = r == i ? strength[r] : 0;
            for (size_t k = 0; k < H; k++)
                e[r * T + i] -= x[k * J + r] * s[k * T + i];
        }
    for (size_t k = 0; k < H; k++) {
        double g[T], mean = 0;
        for (size_t i = 0; i < T; i++) {
            g[i] = 0;
            for (size_t r = 0; r < J; r++)
                g[i] += e[r * T + i] * x[k * J + r];
            mean += s[k * T + i] * g[i];
        }
        for (size_t r = 0; r < J; r++) {
            dx[k * J + r] = 0;
            for (size_t i = 0; i < T; i++)
                dx[k * J + r] += e[r * T + i] * s[k * T + i];
        }
        for (size_t i = 0; i < T; i++)
            dx[H * J + k * T + i] = s[k * T + i] * (g[i] - mean);
    }
}

static void runge_kutta(const double *strength, double *x, double t, size_t steps)
{
    enum { SIZE = H * J + H * T };
    const double h = t / (double)steps, part[] = {0, h / 2, h / 2, h}, weight[] = {h / 6, h / 3, h / 3, h / 6};
    for (size_t n = 0; n < steps; n++) {
        double slope[SIZE] = {0}, at[SIZE], sum[SIZE] = {0};
        for (size_t stage = 0; stage < 4; stage++) {
            for (size_t i = 0; i < SIZE; i++)
                at[i] = x[i] + part[stage] * slope[i];
            sink_velocity(strength, at, slope);
            for (size_t i = 0; i < SIZE; i++)
                sum[i] += weight[stage] * slope[i];
        }
        for (size_t i = 0; i < SIZE; i++)
            x[i] += sum[i];
    }
}

static void test_sink_is_the_softmax_with_one_in_its_sum(void **state)
{
    (void)state;
    const double strength[] = {2.0, 1.0};
    double x[H * J + H * T], worst = 0;
    test_run run = start_run(make_problem("heads = 2; positions = 6; target = { strengths = (2.0, 1.0); };\n"
                                          "data = { weights = ((1, 1, 1, 1, 1, 0), (1, 1, 1, 1, 1, 0)); };\n"
                                          "init = { perturbation = 0.1; distribution = \"sine\"; };\n"
                                          "flow = { frozen = { positions = (6); }; };"),
                             1e-11, 1e-14);
    long double *by_head = long_numbers(hf_flow_size(run.flow));
    to_heads(run.flow, run.y, by_head);
    for (size_t k = 0; k < H; k++) {
        const long double *a = by_head + H * J + k * (T + 1);
        for (size_t r = 0; r < J; r++)
            x[k * J + r] = (double)by_head[k * J + r];
        for (size_t i = 0; i < T; i++)
            x[H * J + k * T + i] = (double)(a[i] - a[T]);
    }
    for (size_t n = 0; n < 4; n++) {
        runge_kutta(strength, x, 10, 10000);
        run_to(&run, 10.0 * (double)(n + 1));
        to_heads(run.flow, run.y, by_head);
        for (size_t k = 0; k < H; k++) {
            const long double *a = by_head + H * J + k * (T + 1);
            for (size_t r = 0; r < J; r++)
                worst = fmax(worst, fabs((double)by_head[k * J + r] - x[k * J + r]));
            for (size_t i = 0; i < T; i++)
                worst = fmax(worst, fabs((double)(a[i] - a[T]) - x[H * J + k * T + i]));
        }
    }
    assert_true(within("softmax-1", worst, 1e-8));
    free(by_head);
    end_run(&run);
}

/* ---- what is found ---- */

/* With values that are held at a pattern, a plateau's eigenvalues are over what is free, and no level is predicted. */
static void test_plateaus_are_of_what_is_free(void **state)
{
    (void)state;
    hf_run_summary s;
    follow_text("heads = 3; positions = 12; target = { strengths = (2.89, 1.7, 1.0); };\n"
              "init = { perturbation = 1e-3; }; flow = { frozen = { logits = (1); }; };\n"
              "solver = { t_end = 1e4; };\n",
              &s);
    assert_true(s.findings.stage_count >= 1);
    for (size_t i = 0; i < s.findings.plateau_count; i++)
        assert_true(isnan(s.findings.plateau[i].predicted_loss));
    assert_true(within("mean logit", s.integration.drift, 1e-12));
    hf_run_summary_clear(&s);
}

/* Directions that move all heads alike are orthonormal coordinates, where all heads are of a kind and where some are held. */
static void test_heads_are_moved_alike(void **state)
{
    (void)state;
    static const char *const flows[] = {"geometry = \"logit\";", "geometry = \"replicator\";",
                                        "frozen = { values = (1); logits = (2, 3); };"};
    for (size_t f = 0; f < sizeof flows / sizeof *flows; f++) {
        hf_problem *problem = make_problem("heads = 4; positions = 6; target = { strengths = (2.0, 1.0); }; flow = { %s };", flows[f]);
        hf_flow *flow = make_flow(problem);
        const size_t size = hf_flow_size(flow), count = problem->features + problem->positions;
        double *x = numbers(size);
        for (size_t i = 0; i < count; i++) {
            double square = 0;
            memset(x, 0, size * sizeof *x);
            hf_flow_move_alike(flow, i, 1, x);
            for (size_t k = 0; k < size; k++)
                square += x[k] * x[k];
            assert_true(close_to(square, 1, 1e-14));
            assert_true(close_to(hf_flow_symmetric_fraction(flow, x), 1, 1e-14));
            for (size_t k = 0; k < count; k++)
                assert_true(is_close(hf_flow_alike(flow, x, k), k == i ? 1 : 0, 1e-14, 1e-15));
        }
        free(x);
        hf_flow_free(flow);
        hf_problem_free(problem);
    }
}

/* The mean logit, or what another attention has, moves where positions are held; then nothing is said of it. */
static void test_what_is_conserved_where_positions_are_held(void **state)
{
    (void)state;
    static const char *const attentions[] = {"softmax", "squares", "sum", "linear"};
    for (size_t a = 0; a < sizeof attentions / sizeof *attentions; a++)
        for (size_t held = 0; held < 2; held++) {
            hf_problem *problem =
                make_problem("heads = 2; positions = 6; target = { strengths = (2.0, 1.0); }; flow = { attention = \"%s\"; %s };",
                             attentions[a], held ? "frozen = { positions = (6); };" : "");
            hf_flow *flow = make_flow(problem);
            const hf_system system = hf_flow_system(flow);
            assert_true((system.kind->observer->conserved(flow) == NULL) == (held == 1));
            hf_flow_free(flow);
            hf_problem_free(problem);
        }
}

static void check_name(const hf_flow *flow, size_t index, const char *expected)
{
    char text[128];
    hf_flow_coordinate_name(flow, index, text, sizeof text);
    assert_string_equal(text, expected);
}

static void test_coordinates_of_held_heads_have_names(void **state)
{
    (void)state;
    hf_problem *problem = make_problem(
        "heads = 3; positions = 5; target = { strengths = (2.0, 1.0); }; flow = { frozen = { logits = (3); }; };");
    hf_flow *flow = make_flow(problem);
    check_name(flow, 0, "mean value on feature 1 of head 1 and those held like it");
    check_name(flow, 3, "mean value on feature 2 of head 3 and those held like it");
    check_name(flow, 5, "value on feature 2, heads 1 and 2 compared");
    check_name(flow, 6 + 4, "mean logit at position 5 of head 1 and those held like it");
    check_name(flow, 6 + 10, "logit at position 1, heads 1 and 2 compared");
    hf_flow_free(flow);
    hf_problem_free(problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_velocity_is_the_slope_of_the_loss),
        cmocka_unit_test(test_derivatives_are_those_of_finite_differences),
        cmocka_unit_test(test_what_is_held_stays),
        cmocka_unit_test(test_decay_of_one_head_is_as_solved),
        cmocka_unit_test(test_decay_of_values_and_scores_is_as_solved),
        cmocka_unit_test(test_sink_is_the_softmax_with_one_in_its_sum),
        cmocka_unit_test(test_plateaus_are_of_what_is_free),
        cmocka_unit_test(test_heads_are_moved_alike),
        cmocka_unit_test(test_what_is_conserved_where_positions_are_held),
        cmocka_unit_test(test_coordinates_of_held_heads_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
