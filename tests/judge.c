#include "judge.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

/* ---- the flow, by head; a state is (H, R) values, then (H, T) logits ---- */

typedef struct {
    const hf_problem *p;
    double *s, *pull, *g; /* (H, T) attention, (R, T) omega E, (H, T) sum_r omega E v */
} naive;

/* s_k = softmax(a_k) */
static void attend(const naive *f, const double *x)
{
    const hf_problem *p = f->p;
    for (size_t k = 0; k < p->heads; k++) {
        const double *a = x + p->heads * p->features + k * p->positions;
        double *s = f->s + k * p->positions, sum = 0, top = -INFINITY;
        for (size_t i = 0; i < p->positions; i++)
            top = fmax(top, a[i]);
        for (size_t i = 0; i < p->positions; i++)
            sum += p->multiplicity[i] * (s[i] = exp(a[i] - top));
        for (size_t i = 0; i < p->positions; i++)
            s[i] /= sum;
    }
}

/* Residuals; returns L. */
static double miss(const naive *f, const double *x)
{
    const hf_problem *p = f->p;
    const size_t T = p->positions, R = p->features;
    double loss = 0;
    memset(f->g, 0, p->heads * T * sizeof *f->g);
    for (size_t r = 0; r < R; r++) {
        double *pull = f->pull + r * T;
        for (size_t i = 0; i < T; i++)
            pull[i] = p->target[r * T + i];
        for (size_t k = 0; k < p->heads; k++)
            for (size_t i = 0; i < T; i++)
                pull[i] -= x[k * R + r] * p->copies[i] * f->s[k * T + i];
        for (size_t i = 0; i < T; i++) {
            loss += p->replicas[i] * p->variance[r * T + i] * pull[i] * pull[i] / 2;
            pull[i] *= p->variance[r * T + i];
        }
        for (size_t k = 0; k < p->heads; k++) {
            loss += p->weight_decay / 2 * x[k * R + r] * x[k * R + r];
            for (size_t i = 0; i < T; i++)
                f->g[k * T + i] += x[k * R + r] * pull[i];
        }
    }
    return loss;
}

/* The logits' velocity of head k; returns its part of P. */
static double turn(const naive *f, size_t k, double *velocity)
{
    const hf_problem *p = f->p;
    const double *s = f->s + k * p->positions, *g = f->g + k * p->positions;
    double mean = 0, average = 0, speed = 0;
    for (size_t i = 0; i < p->positions; i++) {
        mean += p->multiplicity[i] * s[i] * g[i];
        average += p->multiplicity[i] * g[i] / p->total;
    }
    for (size_t i = 0; i < p->positions; i++) {
        const double ascent = s[i] * (g[i] - mean);
        velocity[i] = p->attention_rate * (p->geometry == HF_GEOMETRY_LOGIT ? ascent : g[i] - average);
        speed += p->multiplicity[i] * ascent * velocity[i];
    }
    return speed;
}

/* x', L and P. */
static void evaluate(const naive *f, const double *x, double *velocity, double *loss, double *speed)
{
    const hf_problem *p = f->p;
    const size_t T = p->positions, R = p->features;
    attend(f, x);
    *loss = miss(f, x);
    *speed = 0;
    for (size_t k = 0; k < p->heads; k++) {
        for (size_t r = 0; r < R; r++) {
            double slope = -p->weight_decay * x[k * R + r];
            for (size_t i = 0; i < T; i++)
                slope += p->multiplicity[i] * f->pull[r * T + i] * f->s[k * T + i];
            velocity[k * R + r] = p->value_rate * slope;
            *speed += p->value_rate * slope * slope;
        }
        *speed += turn(f, k, velocity + p->heads * R + k * T);
    }
}

/* ---- Dormand and Prince 1980, order 5 with an error estimate of order 4 ---- */

enum { STAGES = 7 };

static const double weights[STAGES][STAGES] = {
    {0},
    {1. / 5},
    {3. / 40, 9. / 40},
    {44. / 45, -56. / 15, 32. / 9},
    {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
    {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
    {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84},
};
static const double errors[STAGES] = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

static void note(judged_curve *c, double t, double loss, double speed)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity == 0 ? 4096 : 2 * c->capacity;
        c->t = realloc(c->t, c->capacity * sizeof *c->t);
        c->loss = realloc(c->loss, c->capacity * sizeof *c->loss);
        c->speed = realloc(c->speed, c->capacity * sizeof *c->speed);
        assert_true(c->t != NULL && c->loss != NULL && c->speed != NULL);
    }
    c->t[c->count] = t;
    c->loss[c->count] = loss;
    c->speed[c->count++] = speed;
}

void clear_curve(judged_curve *c)
{
    free(c->t), free(c->loss), free(c->speed);
}

/* One attempt of size h from x with velocity k[0]: moved, k[6] its velocity. Returns the error in units of the tolerance. */
static double attempt(const naive *f, size_t size, const double *x, double h, double *k, double *moved, double *loss,
                      double *speed)
{
    const double rtol = 1e-11, atol = 1e-13;
    double worst = 0;
    for (size_t s = 1; s < STAGES; s++) {
        memcpy(moved, x, size * sizeof *x);
        for (size_t l = 0; l < s; l++)
            for (size_t i = 0; i < size; i++)
                moved[i] += h * weights[s][l] * k[l * size + i];
        evaluate(f, moved, k + s * size, loss, speed);
    }
    for (size_t i = 0; i < size; i++) {
        double error = 0;
        for (size_t s = 0; s < STAGES; s++)
            error += errors[s] * k[s * size + i];
        worst = fmax(worst, fabs(h * error) / (atol + rtol * fmax(fabs(x[i]), fabs(moved[i]))));
    }
    return worst;
}

judged_curve integrate_naively(const hf_problem *p, double t_end, size_t evaluations)
{
    const size_t size = p->heads * (p->features + p->positions), values = p->heads * p->features;
    naive f = {p, numbers(p->heads * p->positions), numbers(p->features * p->positions), numbers(p->heads * p->positions)};
    double *x = numbers(size), *moved = numbers(size), *k = numbers(STAGES * size), loss, speed, t = 0, h = 1e-4, last = 1;
    judged_curve curve = {0};
    for (size_t i = 0; i < size; i++)
        x[i] = i < values ? p->base_value[i] + p->value_deviation[i]
                          : p->base_logit[i - values] + p->logit_deviation[i - values];
    evaluate(&f, x, k, &loss, &speed);
    note(&curve, 0, loss, speed);
    for (size_t made = 0; t < t_end && made < evaluations; made += STAGES - 1) {
        const double left = t_end - t, size_of = fmin(h, left),
                     error = attempt(&f, size, x, size_of, k, moved, &loss, &speed);
        const double factor = 0.9 * pow(fmax(error, 1e-10), -0.17) * pow(last, 0.04); /* Gustafsson's control */
        if (error <= 1) {
            t = size_of < left ? t + size_of : t_end;
            memcpy(x, moved, size * sizeof *x);
            memcpy(k, k + (STAGES - 1) * size, size * sizeof *k);
            note(&curve, t, loss, speed);
            last = fmax(error, 1e-4);
        }
        h = size_of * fmin(error <= 1 ? 5 : 1, fmax(0.2, factor));
    }
    free(x), free(moved), free(k);
    free(f.s), free(f.pull), free(f.g);
    return curve;
}

/* ---- stages ---- */

/* Turning points of the speed, by index: plateau, drop, plateau, drop, ... */
typedef struct {
    size_t count, at[512];
} turns;

static turns find_turns(const judged_curve *c, double contrast)
{
    turns found = {0};
    size_t low = 0, high = 0;
    int seeking = 0; /* 1: a drop, -1: a plateau */
    for (size_t i = 0; i < c->count && found.count < 510; i++) {
        low = c->speed[i] < c->speed[low] ? i : low;
        high = c->speed[i] > c->speed[high] ? i : high;
        if (seeking <= 0 && c->speed[i] > 0 && c->speed[i] >= contrast * c->speed[low]) {
            found.at[found.count++] = low;
            seeking = 1;
            high = i;
        } else if (seeking >= 0 && contrast * c->speed[i] <= c->speed[high]) {
            if (seeking == 1)
                found.at[found.count++] = high;
            seeking = -1;
            low = i;
        }
    }
    if (seeking == 1)
        found.at[found.count++] = high;
    else
        found.at[found.count++] = low;
    return found;
}

/* The integral of P beyond level around a peak. */
static double excess(const judged_curve *c, size_t peak, double level)
{
    double sum = 0;
    size_t first = peak, last = peak;
    while (first > 0 && c->speed[first] > level)
        first--;
    while (last + 1 < c->count && c->speed[last] > level)
        last++;
    for (size_t i = first; i < last; i++)
        sum += (c->t[i + 1] - c->t[i]) * (fmax(0, c->speed[i] - level) + fmax(0, c->speed[i + 1] - level)) / 2;
    return sum;
}

size_t count_stages(const judged_curve *c, double contrast, double resolution)
{
    turns found = find_turns(c, contrast);
    for (;;) {
        size_t weakest = 0;
        double least = resolution;
        for (size_t d = 1; d < found.count; d += 2) {
            double slow = c->speed[found.at[d - 1]];
            if (d + 1 < found.count)
                slow = fmax(slow, c->speed[found.at[d + 1]]);
            const double e = excess(c, found.at[d], sqrt(slow * c->speed[found.at[d]]));
            if (e <= least) {
                least = e;
                weakest = d;
            }
        }
        if (weakest == 0)
            return found.count / 2;
        const bool behind = weakest + 1 < found.count;
        if (behind && c->speed[found.at[weakest + 1]] < c->speed[found.at[weakest - 1]])
            found.at[weakest - 1] = found.at[weakest + 1];
        const size_t next = weakest + (behind ? 2 : 1);
        memmove(found.at + weakest, found.at + next, (found.count - next) * sizeof *found.at);
        found.count -= next - weakest;
    }
}
