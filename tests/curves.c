#include "curves.h"
#include "training.h"

#include "detect/curve.h"

#include <stdlib.h>
#include <string.h>

/* ---- flows ---- */

static void choose_stages(known_flow *f)
{
    const hf_findings *found = &f->findings;
    const double start = found->curve.at[0].loss;
    f->count = 0;
    f->stage = calloc(found->stage_count + 1, sizeof *f->stage);
    f->good = found->stage_count > 0 && found->end == HF_END_PLATEAU;
    f->least = INFINITY;
    double settled = 0;
    for (size_t i = 0; i < found->stage_count && f->good; i++) {
        const hf_stage *s = &found->stage[i];
        const double fall = s->before->loss - s->loss_after;
        if (!(fall > 1e-6 * start))
            continue;
        if (!(s->t_onset > 0 && s->t_settle > s->t_onset)) {
            f->good = false;
            break;
        }
        f->stage[f->count++] = (known_stage){settled,
                                             s->t_onset,
                                             s->t_peak,
                                             s->t_settle,
                                             NAN,
                                             hf_curve_loss(&found->curve, s->t_onset),
                                             hf_curve_loss(&found->curve, s->t_settle),
                                             s->before->loss,
                                             s->loss_after};
        settled = s->t_settle;
        f->least = fmin(f->least, fall);
    }
    f->good = f->good && f->count > 0;
}

void draw_flow(known_flow *f, random_source *random)
{
    const size_t heads = draw_count(random, 1, 4), patterns = draw_count(random, 1, 4);
    const size_t positions = draw_count(random, 5, 60);
    const double ratio = 1.2 + 1.8 * draw_uniform(random), perturbation = pow(10, -1 - 7 * draw_uniform(random));
    const bool replicator = draw_uniform(random) < 0.5;
    const size_t seed = draw_count(random, 1, 1000000);
    const double beyond = 1.5 + 2.5 * draw_uniform(random);
    hf_config config;
    hf_run_summary summary;
    *f = (known_flow){0};
    snprintf(f->text, sizeof f->text,
             "heads = %zu; positions = %zu; target = { ratio = %.6f; count = %zu; };\ninit = { perturbation = %.6e; seed = "
             "%zu; }; flow = { geometry = \"%s\"; };\nsolver = { t_end = 1e4; }; detect = { saddles = false; }; output = { "
             "points = 1; };",
             heads, positions, ratio, patterns, perturbation, seed, replicator ? "replicator" : "logit");
    read_config(&config, f->text);
    follow_flow(&config, &summary);
    f->findings = summary.findings;
    summary.findings = (hf_findings){0};
    hf_run_summary_clear(&summary);
    hf_config_clear(&config);
    choose_stages(f);
    if (!f->good)
        return;
    const double last = f->findings.curve.at[f->findings.curve.count - 1].t;
    f->end = fmin(beyond * f->stage[f->count - 1].t_settle, last);
    for (size_t i = 0; i < f->count; i++)
        f->stage[i].t_after = i + 1 < f->count ? f->stage[i + 1].t_onset : f->end;
}

void clear_flow(known_flow *f)
{
    hf_findings_clear(&f->findings);
    free(f->stage);
    *f = (known_flow){0};
}

/* ---- samples ---- */

static samples make_samples(size_t count, noise_kind kind)
{
    samples s = {count, calloc(3 * count, sizeof(double)), NULL, NULL, kind};
    s.y = s.x + count;
    s.sigma = s.y + count;
    return s;
}

void clear_samples(samples *s)
{
    free(s->x);
    *s = (samples){0};
}

static void make_grid(samples *s, double end, bool log_grid)
{
    for (size_t i = 0; i < s->count; i++) {
        const double part = (double)i / (double)(s->count - 1);
        s->x[i] = log_grid ? end * pow(10, 4 * (part - 1)) : end * part;
    }
}

static double student(random_source *random)
{
    double square = 0;
    for (int k = 0; k < 3; k++)
        square += pow(draw_normal(random), 2);
    return draw_normal(random) / sqrt(square); /* of variance 1: t_3 over sqrt(3) */
}

/* Adds noise of a standard deviation to the exact values; start: the loss there. */
static void add_noise(samples *s, double sigma, double start, random_source *random)
{
    const double rho = 0.9;
    double state = draw_normal(random);
    for (size_t i = 0; i < s->count; i++) {
        s->sigma[i] = s->kind == NOISE_LOSS ? 10 * sigma * fmax(s->y[i] / start, 0.1) : s->kind == NOISE_NONE ? 0 : sigma;
        if (s->kind == NOISE_AR) {
            state = i == 0 ? state : rho * state + sqrt(1 - rho * rho) * draw_normal(random);
            s->y[i] += s->sigma[i] * state;
        } else if (s->kind == NOISE_HEAVY)
            s->y[i] += s->sigma[i] * student(random);
        else if (s->kind != NOISE_NONE)
            s->y[i] += s->sigma[i] * draw_normal(random);
    }
}

samples sample_flow(const known_flow *f, size_t count, bool log_grid, curve_noise noise, random_source *random)
{
    samples s = make_samples(count, noise.kind);
    make_grid(&s, f->end, log_grid);
    for (size_t i = 0; i < count; i++)
        s.y[i] = hf_curve_loss(&f->findings.curve, fmin(s.x[i], f->end));
    add_noise(&s, noise.size * f->least, f->findings.curve.at[0].loss, random);
    return s;
}

/* ---- curves without stages ---- */

const char *const null_names[NULL_CURVES] = {"exponential", "exponential to a floor", "power",  "straight",
                                             "constant",    "damped oscillation",     "rising", "logarithm"};

static double null_value(size_t which, double x)
{
    switch (which) {
    case 0:
        return exp(-5 * x);
    case 1:
        return 0.3 + exp(-8 * x);
    case 2:
        return pow(1 + 100 * x, -0.5);
    case 3:
        return 1 - 0.8 * x;
    case 4:
        return 1;
    case 5:
        return 1 + exp(-4 * x) * cos(40 * x);
    case 6:
        return exp(-10 * x) + 0.5 * x;
    default:
        return 1 - 0.1 * log(1 + 1000 * x);
    }
}

samples sample_null(size_t which, size_t count, bool log_grid, curve_noise noise, random_source *random)
{
    samples s = make_samples(count, noise.kind);
    make_grid(&s, 1, log_grid);
    for (size_t i = 0; i < count; i++)
        s.y[i] = null_value(which, s.x[i]);
    add_noise(&s, noise.size, s.y[0], random);
    return s;
}

/* ---- what can be seen ---- */

static size_t samples_between(const samples *s, double from, double to, double *sigma)
{
    size_t n = 0;
    *sigma = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->x[i] >= from && s->x[i] <= to) {
            n++;
            *sigma = fmax(*sigma, s->sigma[i]);
        }
    return n;
}

bool is_clear(const known_flow *f, size_t i, const samples *s)
{
    const known_stage *k = &f->stage[i];
    const double rho = s->kind == NOISE_AR ? 19 : 1; /* samples that count as one */
    const double begin = fmax(k->t_before, s->x[0]), end = fmin(k->t_after, f->end);
    double sigma_before, sigma_after;
    const size_t before = samples_between(s, begin, k->t_onset, &sigma_before);
    const size_t after = samples_between(s, k->t_settle, end, &sigma_after);
    if (before < 4 || after < 4)
        return false;
    const double drop = (k->onset - k->settle) / (k->t_settle - k->t_onset);
    const double a = (hf_curve_loss(&f->findings.curve, begin) - k->onset) / (k->t_onset - begin);
    const double b = (k->settle - hf_curve_loss(&f->findings.curve, end)) / (end - k->t_settle);
    const double slope_before = sigma_before * sqrt(12 * rho / (double)before) / (k->t_onset - begin);
    const double slope_after = sigma_after * sqrt(12 * rho / (double)after) / (end - k->t_settle);
    const double slope_drop =
        2 * sqrt(pow(sigma_before, 2) * rho / (double)before + pow(sigma_after, 2) * rho / (double)after) /
        (k->t_settle - k->t_onset);
    return drop - 3 * a > 6 * hypot(slope_drop, 3 * slope_before) &&
           drop - 3 * b > 6 * hypot(slope_drop, 3 * slope_after) && k->before - k->after > 1e-4 * f->stage[0].before;
}

/* ---- what was found ---- */

static bool is_stage(const known_stage *k, const hf_search_stage *s)
{
    const double half = (s->before + (s->settled ? s->after : s->before - s->fall)) / 2;
    const double t = isnan(s->t_half) ? s->t_onset : s->t_half;
    return t >= k->t_onset - (k->t_onset - k->t_before) / 2 && t <= k->t_settle + (k->t_after - k->t_settle) / 2 &&
           half < k->before && half > k->after;
}

/* How many rows lie between two times, with parts. */
static double rows_between(const samples *s, double a, double b)
{
    double place[2];
    for (size_t k = 0; k < 2; k++) {
        const double t = k == 0 ? a : b;
        size_t i = 0;
        while (i + 2 < s->count && s->x[i + 1] < t)
            i++;
        place[k] = (double)i + (t - s->x[i]) / (s->x[i + 1] - s->x[i]);
    }
    return fabs(place[1] - place[0]);
}

static double half_off(const known_flow *f, const samples *s, const hf_search_stage *found)
{
    const double t = hf_curve_first_below(&f->findings.curve, (found->before + found->after) / 2);
    return found->settled && !isnan(t) ? rows_between(s, t, found->t_half) : 0;
}

void judge(const known_flow *f, const samples *s, const hf_search_result *r, score *sum)
{
    bool used[64] = {false};
    sum->curves++;
    for (size_t i = 0; i < f->count; i++) {
        const bool clear = is_clear(f, i, s);
        bool found = false;
        for (size_t n = 0; n < r->stage_count && n < 64 && !found; n++)
            if (!used[n] && is_stage(&f->stage[i], &r->stage[n])) {
                found = used[n] = true;
                if (clear)
                    sum->half_off = fmax(sum->half_off, half_off(f, s, &r->stage[n]));
                if (clear)
                    sum->peak_off = fmax(sum->peak_off, fabs(r->stage[n].t_peak - f->stage[i].t_peak) /
                                                            (f->stage[i].t_settle - f->stage[i].t_onset));
            }
        sum->known++;
        sum->known_found += found;
        sum->clear += clear;
        sum->missed += clear && !found;
    }
    for (size_t n = 0; n < r->stage_count; n++)
        sum->invented += n >= 64 || !used[n];
}
