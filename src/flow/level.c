#include "flow/level.h"

#include "flow/attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- plain problems ---- */

static bool has_orthogonal_features(const hf_problem *p)
{
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t l = 0; l < j; l++) {
            double product = 0;
            for (size_t r = 0; r < p->features; r++)
                product += p->feature[j * p->features + r] * p->feature[l * p->features + r];
            if (product != 0)
                return false;
        }
    return true;
}

hf_status hf_level_is_plain(const hf_problem *p, bool *plain, hf_error *err)
{
    bool *taken = calloc(p->positions, sizeof *taken);
    if (taken == NULL)
        return hf_fail_memory(err, "the predicted losses");
    *plain = has_orthogonal_features(p);
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t e = 0; e < p->pattern[j].count; e++) {
            const size_t position = p->pattern[j].entry[e].position;
            *plain = *plain && !taken[position];
            taken[position] = true;
        }
    free(taken);
    return HF_OK;
}

/* ---- the best approximation ---- */

/* On the positions of the patterns alone: attentions that are 0 elsewhere stay so. */
typedef struct {
    size_t features, count, width; /* R, n, positions */
    double least;                  /* attention may be: 0, or -inf */
    size_t *place;                 /* (T) number of a position here; width: it is in no pattern */
    bool *flag;                    /* (2, J) scratch */
    double *target, *weight;       /* (R, width) G and r omega */
    double *aim;                   /* (R, width) the part of G that is fitted */
    double *copies, *counts;       /* (width) c, n */
    double *value, *attention;     /* (n, R), (n, width) */
    double *last;                  /* (n, width) attentions without the momentum */
    double *residual;              /* (R, width) */
    double *normal;                /* (n, n + 1) */
} fit;

static double half_square(const fit *f, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < f->features * f->width; i++)
        sum += f->weight[i] * x[i] * x[i];
    return sum / 2;
}

/* x := matrix^-1 x for a positive definite matrix (n, stride), which is lost. False: it is not. */
static bool solve_positive(size_t n, size_t stride, double *matrix, double *x, size_t step)
{
    for (size_t c = 0; c < n; c++) {
        double pivot = matrix[c * stride + c];
        if (!(pivot > 0))
            return false;
        for (size_t i = c + 1; i < n; i++) {
            const double factor = matrix[i * stride + c] / pivot;
            for (size_t j = c; j < n; j++)
                matrix[i * stride + j] -= factor * matrix[c * stride + j];
            x[i * step] -= factor * x[c * step];
        }
    }
    for (size_t c = n; c-- > 0;) {
        for (size_t j = c + 1; j < n; j++)
            x[c * step] -= matrix[c * stride + j] * x[j * step];
        x[c * step] /= matrix[c * stride + c];
    }
    return true;
}

/* The best values for the attentions. A little ridge keeps attentions that have become equal apart from a singular matrix. */
static void improve_values(const fit *f)
{
    const double ridge = 1e-14;
    for (size_t r = 0; r < f->features; r++) {
        const double *weight = f->weight + r * f->width, *aim = f->aim + r * f->width;
        double *x = f->value + r, trace = 0;
        for (size_t k = 0; k < f->count; k++) {
            const double *s = f->attention + k * f->width;
            x[k * f->features] = 0;
            for (size_t i = 0; i < f->width; i++)
                x[k * f->features] += weight[i] * f->copies[i] * s[i] * aim[i];
            for (size_t l = 0; l < f->count; l++) {
                double sum = 0;
                for (size_t i = 0; i < f->width; i++)
                    sum += weight[i] * f->copies[i] * f->copies[i] * s[i] * f->attention[l * f->width + i];
                f->normal[k * f->count + l] = sum;
                trace += k == l ? sum : 0;
            }
        }
        for (size_t k = 0; k < f->count; k++)
            f->normal[k * f->count + k] += ridge * trace;
        if (!solve_positive(f->count, f->count, f->normal, x, f->features))
            for (size_t k = 0; k < f->count; k++) /* no weight at all on this feature */
                x[k * f->features] = 0;
    }
}

static void form_residual(const fit *f, const double *target)
{
    for (size_t r = 0; r < f->features; r++)
        for (size_t i = 0; i < f->width; i++) {
            double sum = target[r * f->width + i];
            for (size_t k = 0; k < f->count; k++)
                sum -= f->copies[i] * f->value[k * f->features + r] * f->attention[k * f->width + i];
            f->residual[r * f->width + i] = sum;
        }
}

/* Each attention at each position in turn: the best one that it may be. */
static void improve_attentions(const fit *f)
{
    for (size_t k = 0; k < f->count; k++)
        for (size_t i = 0; i < f->width; i++) {
            double *s = &f->attention[k * f->width + i], slope = 0, curvature = 0;
            for (size_t r = 0; r < f->features; r++) {
                const double pull = f->weight[r * f->width + i] * f->copies[i] * f->value[k * f->features + r];
                slope += pull * f->residual[r * f->width + i];
                curvature += pull * f->copies[i] * f->value[k * f->features + r];
            }
            if (!(curvature > 0))
                continue;
            const double next = fmax(f->least, *s + slope / curvature), change = next - *s;
            *s = next;
            for (size_t r = 0; r < f->features; r++)
                f->residual[r * f->width + i] -= f->copies[i] * f->value[k * f->features + r] * change;
        }
}

/* Attentions of sum 1, without their signs; one that has lost all is left at 0. */
static void normalize(const fit *f)
{
    for (size_t k = 0; k < f->count; k++) {
        double *s = f->attention + k * f->width, sum = 0;
        for (size_t i = 0; i < f->width; i++)
            sum += fabs(s[i]);
        for (size_t i = 0; i < f->width && sum > 0; i++)
            s[i] /= sum;
    }
}

/* Carries the attentions on by part of what the last round has changed; last: where that ended, so far, then now. */
static void push_on(const fit *f, double part)
{
    for (size_t i = 0; i < f->count * f->width; i++) {
        const double now = f->attention[i];
        f->attention[i] = fmax(f->least, now + part * (now - f->last[i]));
        f->last[i] = now;
    }
}

/* Values and attentions in turn, with momentum that starts anew where it has led too far (Nesterov). */
static void minimize(const fit *f, double whole)
{
    const double enough = 1e-14; /* of the loss with nothing learned, as the gain of a round without momentum */
    const size_t bytes = f->count * f->width * sizeof *f->attention;
    double loss = INFINITY;
    memcpy(f->last, f->attention, bytes);
    for (size_t round = 0, age = 0; round < 3000; round++) {
        improve_values(f);
        form_residual(f, f->aim);
        const double now = half_square(f, f->residual);
        const bool gains = loss - now > enough * whole;
        if (!gains && age == 0)
            break;
        if (!gains) {
            memcpy(f->attention, f->last, bytes);
            age = 0;
            continue;
        }
        loss = now;
        improve_attentions(f);
        normalize(f);
        push_on(f, (double)age / (double)(age + 3));
        age++;
    }
}

/* ---- the fit of a problem ---- */

/* Numbers the positions of the patterns. */
static size_t find_places(const hf_problem *p, size_t *place)
{
    size_t width = 0;
    for (size_t i = 0; i < p->positions; i++)
        place[i] = p->positions;
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t e = 0; e < p->pattern[j].count; e++)
            place[p->pattern[j].entry[e].position] = 0;
    for (size_t i = 0; i < p->positions; i++)
        if (place[i] == 0)
            place[i] = width++;
    return width;
}

/* m |u| |p|: what a pattern alone contributes. */
static double size_of(const hf_problem *p, size_t j)
{
    return p->strength[j] * sqrt(p->feature2[j] * p->pattern[j].norm2);
}

/* The pattern that comes after those already taken: learned ones first, among them the stronger. */
static size_t next_pattern(const hf_problem *p, const bool *learned, const bool *taken)
{
    size_t best = p->patterns;
    for (size_t j = 0; j < p->patterns; j++)
        if (!taken[j] && (best == p->patterns || learned[j] > learned[best] ||
                          (learned[j] == learned[best] && size_of(p, j) > size_of(p, best))))
            best = j;
    return best;
}

static bool allocate(fit *f, const hf_problem *p)
{
    const size_t most = p->heads < p->patterns ? p->heads : p->patterns;
    *f = (fit){.features = p->features, .least = hf_attention_find(p)->is_signed ? -INFINITY : 0};
    f->place = malloc(p->positions * sizeof *f->place);
    f->flag = calloc(2 * p->patterns, sizeof *f->flag);
    if (f->place == NULL || f->flag == NULL)
        return false;
    const size_t width = find_places(p, f->place), table = p->features * width;
    f->width = width;
    f->target = calloc(4 * table + 2 * width + most * (p->features + 2 * width + most), sizeof *f->target);
    if (f->target == NULL)
        return false;
    f->weight = f->target + table;
    f->residual = f->weight + table;
    f->aim = f->residual + table;
    f->copies = f->aim + table;
    f->counts = f->copies + width;
    f->value = f->counts + width;
    f->attention = f->value + most * p->features;
    f->last = f->attention + most * width;
    f->normal = f->last + most * width;
    return true;
}

static void release(fit *f)
{
    free(f->place);
    free(f->flag);
    free(f->target);
}

static void fill(fit *f, const hf_problem *p)
{
    for (size_t i = 0; i < p->positions; i++) {
        const size_t at = f->place[i];
        if (at == p->positions)
            continue;
        f->copies[at] = p->copies[i];
        f->counts[at] = p->multiplicity[i];
        for (size_t r = 0; r < p->features; r++) {
            f->target[r * f->width + at] = p->target[r * p->positions + i];
            f->weight[r * f->width + at] = p->replicas[i] * p->variance[r * p->positions + i];
        }
    }
}

/* What is fitted: the patterns that are not hidden. */
static void set_aim(const fit *f, const hf_problem *p, const bool *hidden)
{
    memset(f->aim, 0, f->features * f->width * sizeof *f->aim);
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t e = 0; e < p->pattern[j].count && !hidden[j]; e++) {
            const hf_pattern_entry entry = p->pattern[j].entry[e];
            for (size_t r = 0; r < f->features; r++)
                f->aim[r * f->width + f->place[entry.position]] +=
                    p->strength[j] * p->feature[j * p->features + r] * entry.weight;
        }
}

/* The attentions start on one pattern each. */
static void set_attentions(const fit *f, const hf_problem *p, const bool *learned, bool *taken)
{
    memset(taken, 0, p->patterns * sizeof *taken);
    memset(f->attention, 0, f->count * f->width * sizeof *f->attention);
    for (size_t k = 0; k < f->count; k++) {
        const size_t j = next_pattern(p, learned, taken);
        taken[j] = true;
        for (size_t e = 0; e < p->pattern[j].count; e++) {
            const size_t at = f->place[p->pattern[j].entry[e].position];
            f->attention[k * f->width + at] = p->pattern[j].entry[e].weight / f->copies[at];
        }
    }
    normalize(f);
}

/* sum_k share_kj of the fit. */
static double total_share(const fit *f, const hf_problem *p, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < f->count; k++) {
        double value = 0, along = 0;
        for (size_t r = 0; r < f->features; r++)
            value += p->feature[j * p->features + r] * f->value[k * f->features + r];
        for (size_t e = 0; e < p->pattern[j].count; e++) {
            const size_t at = f->place[p->pattern[j].entry[e].position];
            along += f->counts[at] * p->pattern[j].entry[e].weight * f->attention[k * f->width + at];
        }
        sum += value * along;
    }
    return sum / (p->strength[j] * p->feature2[j] * p->pattern[j].norm2);
}

/* The pattern that the fit knows best, of those that are neither learned nor hidden, if it knows one. */
static bool find_known(const fit *f, const hf_problem *p, const bool *learned, const bool *hidden, size_t *pattern)
{
    double share = 0.75; /* well above what counts as acquired, which a pattern may reach soon */
    bool found = false;
    for (size_t j = 0; j < p->patterns; j++) {
        const double now = learned[j] || hidden[j] ? 0 : total_share(f, p, j);
        if (now >= share) {
            share = now;
            *pattern = j;
            found = true;
        }
    }
    return found;
}

/* The loss of the best fit by count components; patterns that it would know although they are not learned are hidden from
 * it, one after the other. */
static double level_of(fit *f, const hf_problem *p, size_t count, const bool *learned, double whole)
{
    bool *hidden = f->flag, *taken = hidden + p->patterns, again = count > 0;
    f->count = count;
    memset(hidden, 0, p->patterns * sizeof *hidden);
    while (again) {
        size_t known = 0;
        set_aim(f, p, hidden);
        set_attentions(f, p, learned, taken);
        minimize(f, whole);
        again = find_known(f, p, learned, hidden, &known);
        hidden[known] = hidden[known] || again;
    }
    form_residual(f, f->target);
    return half_square(f, f->residual);
}

/* The level of the components that have brought the loss down by at least half of what they bring. */
static double level_at(fit *f, const hf_problem *p, double loss, size_t most, const bool *learned, double whole)
{
    double level = whole;
    for (size_t count = 1; count <= most; count++) {
        const double next = level_of(f, p, count, learned, whole);
        if (loss > (level + next) / 2)
            break;
        level = fmin(level, next);
    }
    return level;
}

hf_status hf_level_predict(const hf_problem *p, double loss, const bool *learned, double *level, hf_error *err)
{
    const double nothing = 1e-12;
    const size_t most = p->heads < p->patterns ? p->heads : p->patterns;
    size_t known = 0;
    bool plain;
    hf_status status = hf_level_is_plain(p, &plain, err);
    if (status != HF_OK)
        return status;
    for (size_t j = 0; j < p->patterns; j++)
        known += learned[j];
    if (plain && known <= p->heads) {
        *level = hf_problem_plateau_loss(p, learned);
        return HF_OK;
    }
    fit f;
    status = allocate(&f, p) ? HF_OK : hf_fail_memory(err, "the predicted losses");
    if (status == HF_OK) {
        fill(&f, p);
        const double whole = half_square(&f, f.target);
        *level = isnan(loss) ? level_of(&f, p, known < most ? known : most, learned, whole)
                             : level_at(&f, p, loss, most, learned, whole);
        if (*level <= nothing * whole)
            *level = 0;
    }
    release(&f);
    return status;
}
