/* Trajectories of random problems of every system beside an independent judge: the equations by head in long double, integrated by
 * extrapolation (Gragg, Bulirsch and Stoer) to 15 digits. They are written down anew on purpose, apart from those of support.h.
 *
 * What a tolerance promises depends on the problem: near a saddle every error grows. The judge therefore carries a shadow, which is pushed
 * by a relative 1e-7 at every time that is compared; how far it has drifted from the judge by the next ones is what an error is worth
 * there. Where heads that divide by a sum of logits let it decay, or steps become stiff otherwise, the explicit judge gives up: the problem
 * ends at the last time that he has reached. JUDGED=1000 takes so many problems (default: 32) and prints a line for each: number,
 * largest growth of an error, errors over rtol at 1e-4, 1e-6, 1e-8, 1e-10, what it is, and how many times if not all. */
#include "support.h"

#include "system/content.h"
#include "system/in_context.h"

#include <stdlib.h>
#include <string.h>

/* ---- equations ---- */

/* x' of a state x (size), the loss, and what is compared: seen (shown) numbers of order 1. */
typedef struct law {
    size_t size, shown;
    void (*velocity)(const void *self, const long double *x, long double *velocity);
    long double (*loss)(const void *self, const long double *x);
    void (*show)(const struct law *l, const long double *x, long double *seen);
    const void *self;
} law;

/* Attention heads: values (H, R), then coordinates of attention (H, T). */
enum { HEADS = 4, POSITIONS = 12, FEATURES = 8 };

typedef struct {
    long double s[HEADS][POSITIONS], slope[HEADS][POSITIONS], residual[FEATURES][POSITIONS], loss;
} seen_heads;

static long double numerator(hf_attention_choice kind, long double a, long double top, long double *slope)
{
    const long double sigmoid = 1 / (1 + expl(-a));
    switch (kind) {
    case HF_ATTENTION_SOFTMAX:
        return *slope = expl(a - top);
    case HF_ATTENTION_SQUARES:
        *slope = 2 * a;
        return a * a;
    case HF_ATTENTION_SIGMOID:
        *slope = sigmoid * (1 - sigmoid);
        return sigmoid;
    default: /* sum, linear */
        *slope = 1;
        return a;
    }
}

static bool has_sum(const hf_problem *p)
{
    return p->attention != HF_ATTENTION_SIGMOID && p->attention != HF_ATTENTION_LINEAR;
}

static void look_at_heads(const hf_problem *p, const long double *x, seen_heads *w)
{
    const size_t H = p->heads, T = p->positions, R = p->features;
    for (size_t k = 0; k < H; k++) {
        const long double *a = x + H * R + k * T;
        long double top = a[0], sum = 0;
        for (size_t i = 0; i < T; i++)
            top = fmaxl(top, a[i]);
        for (size_t i = 0; i < T; i++) {
            w->s[k][i] = numerator(p->attention, a[i], top, &w->slope[k][i]);
            sum += (long double)p->replicas[i] * p->copies[i] * w->s[k][i];
        }
        for (size_t i = 0; i < T && has_sum(p); i++) {
            w->s[k][i] /= sum;
            w->slope[k][i] /= sum;
        }
    }
    w->loss = 0;
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++) {
            long double e = p->target[r * T + i];
            for (size_t k = 0; k < H; k++)
                e -= x[k * R + r] * p->copies[i] * w->s[k][i];
            w->residual[r][i] = e;
            w->loss += p->replicas[i] * (long double)p->variance[r * T + i] * e * e / 2;
        }
}

static long double heads_loss(const void *self, const long double *x)
{
    const hf_problem *p = self;
    const size_t values = p->heads * p->features;
    seen_heads w;
    look_at_heads(p, x, &w);
    long double loss = w.loss;
    for (size_t i = 0; i < values; i++)
        loss += p->weight_decay / 2 * x[i] * x[i];
    for (size_t k = 0; k < p->heads; k++)
        for (size_t i = 0; i < p->positions; i++) {
            const long double decays = p->geometry == HF_GEOMETRY_LOGIT ? x[values + k * p->positions + i] : w.s[k][i];
            loss += p->attention_decay / 2 * p->replicas[i] * p->copies[i] * decays * decays;
        }
    return loss;
}

/* Without what finite steps do. */
static void heads_plain(const hf_problem *p, const long double *x, long double *velocity)
{
    const size_t H = p->heads, T = p->positions, R = p->features;
    seen_heads w;
    look_at_heads(p, x, &w);
    const long double beta = 2 * (long double)p->kappa * (w.loss + p->noise_floor);
    for (size_t k = 0; k < H; k++) {
        const long double *v = x + k * R, *a = x + H * R + k * T;
        long double gain[POSITIONS], mean = 0, *da = velocity + H * R + k * T;
        for (size_t r = 0; r < R; r++) {
            long double slope = -(long double)p->weight_decay * v[r];
            for (size_t i = 0; i < T; i++)
                slope += p->replicas[i] * p->copies[i] * (long double)p->variance[r * T + i] * w.residual[r][i] * w.s[k][i];
            velocity[k * R + r] = p->held_value != NULL && p->held_value[k] ? 0 : p->value_rate * slope;
        }
        for (size_t i = 0; i < T; i++) {
            gain[i] = -beta * p->copies[i] * p->variance[i] * w.s[k][i];
            if (p->geometry == HF_GEOMETRY_REPLICATOR)
                gain[i] -= p->attention_decay * w.s[k][i];
            for (size_t r = 0; r < R; r++)
                gain[i] += (long double)p->variance[r * T + i] * w.residual[r][i] * v[r];
            const long double weight = p->geometry == HF_GEOMETRY_LOGIT ? w.s[k][i] : 1 / (long double)p->total;
            mean += p->replicas[i] * p->copies[i] * weight * gain[i];
        }
        for (size_t i = 0; i < T; i++) {
            const long double h = gain[i] - (has_sum(p) ? mean : 0);
            da[i] =
                p->attention_rate * (p->geometry == HF_GEOMETRY_LOGIT ? w.slope[k][i] * h - p->attention_decay * a[i] : h);
            if ((p->held_logit != NULL && p->held_logit[k]) || (p->held_position != NULL && p->held_position[i]))
                da[i] = 0;
        }
    }
}

/* f - tau J f, J f by differences of order 6. */
static void heads_velocity(const void *self, const long double *x, long double *velocity)
{
    enum { SIZE = HEADS * (FEATURES + POSITIONS) };
    static const long double weight[] = {45 / 60.L, -9 / 60.L, 1 / 60.L};
    const hf_problem *p = self;
    const size_t size = p->heads * (p->features + p->positions);
    const long double h = 2e-3L;
    long double moved[SIZE] = {0}, side[2][SIZE];
    heads_plain(p, x, velocity);
    if (p->tau == 0)
        return;
    long double turn[SIZE] = {0}, largest = 1e-30L;
    for (size_t i = 0; i < size; i++)
        largest = fmaxl(largest, fabsl(velocity[i]));
    for (int n = 1; n <= 3; n++) {
        for (int sign = 0; sign < 2; sign++) {
            for (size_t i = 0; i < size; i++)
                moved[i] = x[i] + (sign == 0 ? 1 : -1) * n * h / largest * velocity[i];
            heads_plain(p, moved, side[sign]);
        }
        for (size_t i = 0; i < size; i++)
            turn[i] += weight[n - 1] * (side[0][i] - side[1][i]) * largest / h;
    }
    for (size_t i = 0; i < size; i++)
        velocity[i] -= p->tau * turn[i];
}

static void heads_show(const law *l, const long double *x, long double *seen)
{
    const hf_problem *p = l->self;
    const size_t values = p->heads * p->features;
    seen_heads w;
    look_at_heads(p, x, &w);
    memcpy(seen, x, values * sizeof *seen);
    for (size_t k = 0; k < p->heads; k++)
        memcpy(seen + values + k * p->positions, w.s[k], p->positions * sizeof *seen);
}

/* In-context regression: v (H), k (H, D), q (H, D). */
static long double error_matrix(const hf_in_context_params *p, const long double *x, long double *b)
{
    const size_t H = p->heads, D = p->dimension;
    const long double *k = x + H, *q = k + H * D;
    long double trace = 0, loss = 0;
    for (size_t i = 0; i < D; i++)
        trace += p->eigenvalue[i];
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++) {
            const long double at = p->eigenvalue[i],
                              m = at * at * (1 + 1 / (long double)p->context) + at * trace / p->context;
            long double product = 0;
            for (size_t h = 0; h < H; h++)
                product += x[h] * k[h * D + i] * q[h * D + j];
            b[i * D + j] = (i == j ? at * at : 0) - m * product * p->eigenvalue[j];
            loss += product * product * m * p->eigenvalue[j] - (i == j ? 2 * at * at * product : 0);
        }
    return loss + trace;
}

static long double in_context_loss(const void *self, const long double *x)
{
    long double b[16];
    return error_matrix(self, x, b);
}

static void in_context_velocity(const void *self, const long double *x, long double *velocity)
{
    const hf_in_context_params *p = self;
    const size_t H = p->heads, D = p->dimension;
    long double b[16];
    error_matrix(p, x, b);
    memset(velocity, 0, H * (1 + 2 * D) * sizeof *velocity);
    for (size_t h = 0; h < H; h++) {
        const long double *k = x + H + h * D, *q = k + H * D;
        long double *dk = velocity + H + h * D, *dq = dk + H * D;
        for (size_t i = 0; i < D; i++)
            for (size_t j = 0; j < D; j++) {
                velocity[h] += k[i] * b[i * D + j] * q[j];
                dk[i] += x[h] * b[i * D + j] * q[j];
                dq[j] += x[h] * b[i * D + j] * k[i];
            }
    }
}

/* A single location: angles of key and value. */
static void content_velocity(const void *self, const long double *x, long double *velocity)
{
    const hf_content_task *task = self;
    const long double g = task->inverse_temperature * sqrtl((long double)task->variance), root = sqrtl(1 + 2 * g * g);
    const long double c = task->inverse_temperature * sqrtl(task->dim / 2.L), b = c / root;
    const long double kappa = sinl(x[0]), nu = sinl(x[1]), two = 1.128379167095512573896158903122L; /* 2 / sqrt pi */
    const long double t = c * kappa;
    const long double bend = 2 / root * erfl(t / (sqrtl(1 + 4 * g * g) * root)) * two * expl(-t * t / (root * root));
    velocity[0] = cosl(x[0]) * task->variance * (2 * nu * b * two * expl(-b * b * kappa * kappa) - c * bend);
    velocity[1] = cosl(x[1]) * 2 * task->variance * erfl(b * kappa);
}

static long double content_loss(const void *self, const long double *x)
{
    const hf_content_task *task = self;
    const long double g = task->inverse_temperature * sqrtl((long double)task->variance);
    const long double c = task->inverse_temperature * sqrtl(task->dim / 2.L), b = c / sqrtl(1 + 2 * g * g);
    long double zeta = 0, sum = 0;
    for (long double z = -11; z <= 11; z += 0.02L) { /* exact to rounding: all derivatives vanish at the ends */
        const long double e = erfl(c * sinl(x[0]) + g * z), weight = expl(-z * z / 2);
        zeta += weight * e * e;
        sum += weight;
    }
    return task->variance * (1 - 2 * sinl(x[1]) * erfl(b * sinl(x[0])) + zeta / sum);
}

/* ---- the judge ---- */

enum { ROWS = 8 }; /* of the extrapolation: order 16 */

/* The modified midpoint rule with n parts of h. */
static void midpoint(const law *l, const long double *x, const long double *slope, long double h, size_t n,
                     long double *end)
{
    const size_t size = l->size;
    long double *before = long_numbers(3 * size), *now = before + size, *k = now + size;
    const long double part = h / (long double)n;
    memcpy(before, x, size * sizeof *x);
    for (size_t i = 0; i < size; i++)
        now[i] = x[i] + part * slope[i];
    for (size_t m = 1; m < n; m++) {
        l->velocity(l->self, now, k);
        for (size_t i = 0; i < size; i++) {
            const long double next = before[i] + 2 * part * k[i];
            before[i] = now[i];
            now[i] = next;
        }
    }
    l->velocity(l->self, now, k);
    for (size_t i = 0; i < size; i++)
        end[i] = (before[i] + now[i] + part * k[i]) / 2;
    free(before);
}

/* One attempt of h from x; moved: where to. Returns the error over what is allowed. */
static long double attempt(const law *l, const long double *x, const long double *slope, long double h, long double *moved)
{
    const long double rtol = 1e-15L, atol = 1e-17L;
    const size_t size = l->size;
    long double *table = long_numbers(ROWS * size), worst = 0;
    for (size_t row = 0; row < ROWS; row++) {
        midpoint(l, x, slope, h, 2 * (row + 1), table + row * size);
        for (size_t column = row; column-- > 0;) { /* Neville: table[column] becomes the next column's */
            const long double ratio = (long double)(row + 1) / (long double)(column + 1);
            for (size_t i = 0; i < size; i++) {
                long double *t = table + column * size + i;
                const long double better = t[size] + (t[size] - *t) / (ratio * ratio - 1);
                if (row == ROWS - 1 && column == 0)
                    worst = fmaxl(worst, fabsl(better - *t) / (atol + rtol * fmaxl(fabsl(x[i]), fabsl(better))));
                *t = better;
            }
        }
    }
    memcpy(moved, table, size * sizeof *x);
    free(table);
    return worst;
}

enum { MOST_ATTEMPTS = 20000 };

/* Carries x from time t to time end; *h: the size of steps. False: that takes too many. */
static bool carry(const law *l, long double *x, long double t, long double end, long double *h)
{
    long double *slope = long_numbers(2 * l->size), *moved = slope + l->size;
    size_t attempts = 0;
    while (t < end && attempts++ < MOST_ATTEMPTS) {
        const bool last = t + *h >= end;
        const long double size = last ? end - t : *h;
        l->velocity(l->self, x, slope);
        const long double error = attempt(l, x, slope, size, moved);
        const long double factor = 0.8L * powl(fmaxl(error, 1e-12L), -1.L / 15);
        if (error <= 1) {
            memcpy(x, moved, l->size * sizeof *x);
            t = last ? end : t + size;
        }
        if (error > 1 || !last || factor < 1)
            *h = size * fminl(4, fmaxl(0.1L, isfinite((double)error) ? factor : 0.1L));
    }
    free(slope);
    return t >= end;
}

/* ---- a problem: headflow beside the judge ---- */

enum { TIMES = 8, TOLERANCES = 4 };
static const double tolerance[TOLERANCES] = {1e-4, 1e-6, 1e-8, 1e-10};

typedef struct {
    double error[TOLERANCES]; /* over times: the largest, in units of what the problem makes of an error */
    double amplification;     /* the largest of these units */
    size_t times;             /* that were compared */
} verdict;

/* How far two shown states and losses are apart, relative to the judge's (first). */
static double distance(const law *l, const long double *seen, long double loss, const long double *other,
                       long double other_loss, long double loss_at_start)
{
    long double largest = 0, apart = 0;
    for (size_t i = 0; i < l->shown; i++) {
        largest = fmaxl(largest, fabsl(seen[i]));
        apart = fmaxl(apart, fabsl(seen[i] - other[i]));
    }
    return (double)fmaxl(apart / largest, fabsl(loss - other_loss) / loss_at_start);
}

/* What the judge says at the times: seen (TIMES, shown), loss and unit, how many times its size an error is by then. */
typedef struct {
    long double *seen, loss[TIMES], loss_at_start;
    double time[TIMES], unit[TIMES];
    size_t times; /* that the judge has reached */
} judgement;

static judgement judge(const law *l, const long double *start, double t_end, random_source *random)
{
    const double push = 1e-7;
    judgement j = {.seen = long_numbers(TIMES * l->shown), .loss_at_start = l->loss(l->self, start)};
    long double *x = long_numbers(2 * l->size + l->shown), *shadow = x + l->size, *seen = shadow + l->size;
    long double h = 1e-3L, h_shadow = 1e-3L, t = 0;
    memcpy(x, start, l->size * sizeof *x);
    memcpy(shadow, start, l->size * sizeof *x);
    for (size_t n = 0; n < TIMES; n++) {
        j.time[n] = t_end * exp2((double)n + 1 - TIMES);
        for (size_t i = 0; i < l->size; i++)
            shadow[i] *= 1 + push * draw_normal(random);
        if (!carry(l, x, t, j.time[n], &h) || !carry(l, shadow, t, j.time[n], &h_shadow))
            break;
        j.times++;
        t = j.time[n];
        l->show(l, x, j.seen + n * l->shown);
        l->show(l, shadow, seen);
        j.loss[n] = l->loss(l->self, x);
        j.unit[n] =
            fmax(1, distance(l, j.seen + n * l->shown, j.loss[n], seen, l->loss(l->self, shadow), j.loss_at_start) / push);
    }
    free(x);
    return j;
}

/* Reads the judge's coordinates from a state of the system. */
typedef void reader(const void *owner, const double *y, long double *x);

static verdict compare(const law *l, const judgement *j, hf_system (*make)(void *owner), void *owner, reader *read)
{
    verdict v = {.amplification = 1, .times = j->times};
    long double *x = long_numbers(l->size + l->shown), *seen = x + l->size;
    for (size_t n = 0; n < j->times; n++)
        v.amplification = fmax(v.amplification, j->unit[n]);
    for (size_t c = 0; c < TOLERANCES; c++) {
        const hf_system system = make(owner);
        double *y = numbers(system.size), energy;
        hf_integrator *integrator;
        hf_error err = {0};
        if (hf_integrator_create(&integrator, system, tolerance[c], 1e-3 * tolerance[c], &err) != HF_OK)
            fail_msg("%s", err.message);
        for (size_t n = 0; n < j->times; n++) {
            hf_status status = HF_OK;
            while (status == HF_OK && hf_integrator_time(integrator) < j->time[n]) {
                if (hf_integrator_at_boundary(integrator))
                    status = hf_integrator_restart(integrator, &err);
                if (status == HF_OK)
                    status = hf_integrator_step(integrator, &err);
            }
            if (status != HF_OK)
                fail_msg("%s", err.message);
            hf_integrator_interpolate(integrator, j->time[n], y, &energy);
            read(owner, y, x);
            l->show(l, x, seen);
            v.error[c] = fmax(v.error[c],
                              distance(l, j->seen + n * l->shown, j->loss[n], seen, l->loss(l->self, x), j->loss_at_start) /
                                  j->unit[n]);
        }
        hf_integrator_free(integrator);
        free(y);
    }
    free(x);
    return v;
}

/* ---- random problems ---- */

typedef struct {
    hf_problem *problem;
    hf_flow *flow;
} heads_owner;

static hf_system make_heads(void *owner)
{
    heads_owner *o = owner;
    hf_flow_free(o->flow);
    o->flow = make_flow(o->problem);
    return hf_flow_system(o->flow);
}

static void read_heads(const void *owner, const double *y, long double *x)
{
    to_heads(((const heads_owner *)owner)->flow, y, x);
}

/* What attention other than softmax starts from: about where a head that has seen nothing is. */
static void start_elsewhere(hf_problem *p, random_source *random)
{
    const bool whole = p->attention == HF_ATTENTION_SQUARES || p->attention == HF_ATTENTION_SUM;
    for (size_t i = 0; i < p->heads * p->positions; i++) {
        p->base_logit[i] = whole ? 1 : 1 / p->total;
        p->logit_deviation[i] = 0.2 * draw_normal(random) * p->base_logit[i];
    }
}

/* Nothing is known yet, and heads are nearly equal. */
static void start_near_saddle(hf_problem *p, random_source *random)
{
    const double size = pow(10, -1 - 4 * draw_uniform(random));
    for (size_t i = 0; i < p->heads * p->features; i++)
        p->base_value[i] *= size;
    for (size_t i = 0; i < p->heads * p->positions; i++) {
        if (p->attention == HF_ATTENTION_SOFTMAX)
            p->base_logit[i] *= size;
        p->logit_deviation[i] *= size;
    }
}

static bool toss(random_source *random)
{
    return draw_uniform(random) < 0.5;
}

/* Heads with anything that the flow has; kind: a line that says what. */
static hf_problem *draw_heads(random_source *random, char *kind, size_t capacity)
{
    static const char *const attention[] = {"softmax", "softmax", "softmax", "squares", "sum", "sigmoid", "linear"};
    problem_shape s = {.heads = draw_count(random, 1, HEADS),
                       .positions = draw_count(random, 2, POSITIONS),
                       .patterns = draw_count(random, 1, 3),
                       .attention = attention[draw_count(random, 0, sizeof attention / sizeof *attention - 1)],
                       .copies = toss(random),
                       .replicas = toss(random),
                       .weights = toss(random),
                       .gram = toss(random),
                       .decay = toss(random),
                       .rates = toss(random)};
    const bool softmax = strcmp(s.attention, "softmax") == 0, near = draw_uniform(random) < 0.4;
    const size_t more = draw_count(random, 0, 4);
    s.outside = toss(random) ? draw_count(random, 1, 2) : 0;
    s.replicator = softmax && toss(random);
    s.drift = softmax && more == 1;
    hf_problem *p = random_problem(&s, random);
    assert_true(p->features <= FEATURES);
    if (!softmax)
        start_elsewhere(p, random);
    if (near)
        start_near_saddle(p, random);
    if (more == 2)
        p->attention_decay = 0.05;
    if (more == 3)
        p->tau = 0.02;
    if (more == 4) {
        size_t one = 1, last_head = p->heads, position = p->positions;
        const hf_counts values = {1, &one}, logits = {1, &last_head}, positions = {1, &position};
        assert_int_equal(hf_problem_hold(p, &values, &logits, &positions, NULL), HF_OK);
    }
    static const char *const name[] = {"", "", " attention-decay", " step", " frozen"};
    snprintf(kind, capacity, "%s %s%s%s", s.attention, describe(&s), more == 1 ? "" : name[more],
             near ? " near-saddle" : "");
    return p;
}

static verdict try_heads(random_source *random, char *kind, size_t capacity)
{
    heads_owner o = {.problem = draw_heads(random, kind, capacity)};
    const hf_problem *p = o.problem;
    const size_t values = p->heads * p->features, size = values + p->heads * p->positions;
    const law l = {size, size, heads_velocity, heads_loss, heads_show, p};
    long double *start = long_numbers(size);
    for (size_t i = 0; i < size; i++)
        start[i] = i < values ? (long double)p->base_value[i] + p->value_deviation[i]
                              : (long double)p->base_logit[i - values] + p->logit_deviation[i - values];
    judgement j = judge(&l, start, exp(1 + 4 * draw_uniform(random)), random);
    const verdict v = compare(&l, &j, make_heads, &o, read_heads);
    free(j.seen), free(start);
    hf_flow_free(o.flow);
    hf_problem_free(o.problem);
    return v;
}

typedef struct {
    hf_in_context_params params;
    double start[16];
    hf_in_context *flow;
} in_context_owner;

static hf_system make_in_context(void *owner)
{
    in_context_owner *o = owner;
    hf_in_context_free(o->flow);
    assert_int_equal(hf_in_context_create(&o->flow, &o->params, o->start, NULL), HF_OK);
    return hf_in_context_system(o->flow);
}

static void copy_numbers(size_t count, const double *y, long double *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = y[i];
}

static void read_in_context(const void *owner, const double *y, long double *x)
{
    copy_numbers(hf_in_context_size(&((const in_context_owner *)owner)->params), y, x);
}

static void show_all(const law *l, const long double *x, long double *seen)
{
    memcpy(seen, x, l->shown * sizeof *seen);
}

static verdict try_in_context(random_source *random, char *kind, size_t capacity)
{
    double eigenvalue[3];
    in_context_owner o = {
        .params = {draw_count(random, 1, 2), draw_count(random, 1, 3), eigenvalue, (double)draw_count(random, 1, 40)}};
    const size_t size = hf_in_context_size(&o.params);
    long double start[16];
    for (size_t i = 0; i < o.params.dimension; i++)
        eigenvalue[i] = 0.2 + draw_uniform(random);
    for (size_t i = 0; i < size; i++)
        o.start[i] = 0.3 * draw_normal(random);
    copy_numbers(size, o.start, start);
    snprintf(kind, capacity, "in-context, %zu heads, D = %zu", o.params.heads, o.params.dimension);
    const law l = {size, size, in_context_velocity, in_context_loss, show_all, &o.params};
    judgement j = judge(&l, start, exp(2 + 3 * draw_uniform(random)), random);
    const verdict v = compare(&l, &j, make_in_context, &o, read_in_context);
    free(j.seen);
    hf_in_context_free(o.flow);
    return v;
}

typedef struct {
    hf_content_task task;
    hf_content *flow;
} content_owner;

static hf_system make_content(void *owner)
{
    content_owner *o = owner;
    hf_content_free(o->flow);
    assert_int_equal(hf_content_create(&o->flow, &o->task, NULL), HF_OK);
    return hf_content_system(o->flow);
}

static void read_content(const void *owner, const double *y, long double *x)
{
    (void)owner;
    copy_numbers(2, y, x);
}

static verdict try_content(random_source *random, char *kind, size_t capacity)
{
    content_owner o = {.task = {.dim = draw_count(random, 5, 500),
                                .variance = 0.2 + draw_uniform(random),
                                .inverse_temperature = 0.05 + 0.3 * draw_uniform(random),
                                .kappa = 0.5 * draw_uniform(random) - 0.1,
                                .nu = 0.5 * draw_uniform(random) - 0.1}};
    const long double start[2] = {asin(o.task.kappa), asin(o.task.nu)};
    snprintf(kind, capacity, "content, d = %zu", o.task.dim);
    const law l = {2, 2, content_velocity, content_loss, show_all, &o.task};
    judgement j = judge(&l, start, exp(1 + 2 * draw_uniform(random)), random);
    const verdict v = compare(&l, &j, make_content, &o, read_content);
    free(j.seen);
    hf_content_free(o.flow);
    return v;
}

/* A problem of whatever system comes next. */
static verdict try_next(size_t n, char *kind, size_t capacity)
{
    random_source random = {1 + n};
    if (n % 8 == 6)
        return try_in_context(&random, kind, capacity);
    return n % 8 == 7 ? try_content(&random, kind, capacity) : try_heads(&random, kind, capacity);
}

/* Errors are a few rtol at most, at every rtol. */
static void test_judged(void **state)
{
    (void)state;
    const double limit = 5, least_slope = 0.9;
    const char *wanted = getenv("JUDGED");
    const size_t count = wanted == NULL ? 32 : (size_t)strtoul(wanted, NULL, 10);
    double sum[TOLERANCES] = {0}, worst[TOLERANCES] = {0};
    bool all_right = true;
    size_t judged = 0;
    for (size_t n = 0; n < count; n++) {
        char kind[256], numbers_of[128] = "";
        bool right = true;
        const verdict v = try_next(n, kind, sizeof kind);
        judged += v.times > 0;
        for (size_t c = 0; c < TOLERANCES; c++) {
            const double ratio = v.error[c] / tolerance[c];
            sum[c] += v.times > 0 ? log10(fmax(v.error[c], 1e-16)) : 0;
            worst[c] = fmax(worst[c], ratio);
            right = right && ratio <= limit;
            snprintf(numbers_of + strlen(numbers_of), sizeof numbers_of - strlen(numbers_of), " %9.2g", ratio);
        }
        if (v.times < TIMES)
            snprintf(kind + strlen(kind), sizeof kind - strlen(kind), ", %zu of %d times", v.times, TIMES);
        if (wanted != NULL || !right)
            printf("# %4zu %9.2g%s  %s%s\n", n, v.amplification, numbers_of, kind, right ? "" : ": WRONG");
        fflush(stdout);
        all_right = all_right && right;
    }
    assert_true(10 * judged >= 9 * count);
    for (size_t c = 0; c < TOLERANCES; c++)
        printf("# rtol %.0e: typical error %.2g, the worst %.3g rtol\n", tolerance[c], pow(10, sum[c] / (double)judged),
               worst[c]);
    assert_true(all_right);
    const double slope = (sum[0] - sum[TOLERANCES - 1]) / (double)judged / log10(tolerance[0] / tolerance[TOLERANCES - 1]);
    printf("# error ~ rtol^%.3f\n", slope);
    assert_true(slope >= least_slope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_judged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
