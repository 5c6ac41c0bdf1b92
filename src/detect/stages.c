/* Stages around the drops of a track. */
#include "detect/track.h"

#include <math.h>

/* Cubic Hermite interpolation at fraction x of [0, 1]; slopes per unit of x. */
static double hermite(double f0, double slope0, double f1, double slope1, double x)
{
    double y = 1 - x;
    return f0 * y * y * (1 + 2 * x) + f1 * x * x * (1 + 2 * y) + slope0 * x * y * y - slope1 * x * x * y;
}

static double log_speed(const hf_sample *a, double x)
{
    double width = a[1].t - a[0].t;
    return hermite(log(a[0].speed), a[0].rate / a[0].speed * width, log(a[1].speed), a[1].rate / a[1].speed * width, x);
}

static bool at_rest(const hf_sample *s)
{
    return s->speed <= s->rest;
}

static double plain_speed(const hf_sample *a, double x)
{
    double width = a[1].t - a[0].t;
    return hermite(a[0].speed, a[0].rate * width, a[1].speed, a[1].rate * width, x);
}

/* Where the speed crosses level between samples i and i + 1, as time and loss. By its logarithm, which it spans many
 * decades of, except next to a balance of drift and gradient, where it may be negative. */
static void cross_level(const hf_curve *curve, size_t i, bool drift, double level, double *t, double *loss)
{
    hf_sample a[2];
    hf_curve_pair(curve, i, a);
    bool rising = a[1].speed > a[0].speed, from_rest = drift && (at_rest(&a[0]) || at_rest(&a[1]));
    double low = 0, high = 1, width = a[1].t - a[0].t;
    for (int step = 0; step < 60; step++) {
        double middle = (low + high) / 2;
        if ((from_rest ? plain_speed(a, middle) < level : log_speed(a, middle) < log(level)) == rising)
            low = middle;
        else
            high = middle;
    }
    *t = a[0].t + high * width;
    *loss = hf_curve_falling(a, high, hermite(a[0].loss, -a[0].speed * width, a[1].loss, -a[1].speed * width, high));
}

/* The first sample at or after t. */
static size_t first_sample(const hf_track *track, double t)
{
    size_t low = 0, high = track->sample_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (track->samples[middle].t < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool hf_track_find_level(const hf_track *track, double peak, bool after, double level, double *t, double *loss)
{
    const hf_curve curve = {track->sample_count, track->samples};
    const hf_sample *s = track->samples;
    const bool drift = track->may_rest; /* else a speed of 0 is one that has underflown */
    size_t i = first_sample(track, peak);
    if (after) {
        for (; i < track->sample_count; i++)
            if (s[i].speed <= level && (s[i].speed > 0 || drift) && i > 0) {
                cross_level(&curve, i - 1, drift, level, t, loss);
                return true;
            }
        return false;
    }
    while (i-- > 0)
        if (s[i].speed <= level && (s[i].speed > 0 || drift) && i + 1 < track->sample_count) {
            cross_level(&curve, i, drift, level, t, loss);
            return true;
        }
    return false;
}

double hf_track_level(const hf_plateau *plateau, const hf_sample *peak)
{
    return sqrt(plateau->level * peak->speed);
}

/* One stage around a drop; its onset, peak and settling become events. */
static void describe_stage(const hf_track *track, hf_findings *f, size_t i)
{
    const hf_sample *peak = &track->drops[i];
    hf_stage stage = {.t_onset = NAN,
                      .t_peak = peak->t,
                      .t_settle = NAN,
                      .loss_after = NAN,
                      .before = &f->plateau[i],
                      .t_half = NAN,
                      .strength = NAN};
    double loss, level = hf_track_level(stage.before, peak);
    if (hf_track_find_level(track, peak->t, false, level, &stage.t_onset, &loss))
        hf_findings_add(
            f, (hf_event){.kind = HF_EVENT_ONSET, .t = stage.t_onset, .loss = loss, .stage = i + 1, .value = level});
    if (peak->rate > 0) /* the run ends while the speed still rises */
        stage.t_peak = NAN;
    else
        hf_findings_add(
            f, (hf_event){.kind = HF_EVENT_DROP, .t = peak->t, .loss = peak->loss, .stage = i + 1, .value = peak->speed});
    if (i + 1 < f->plateau_count) {
        stage.loss_after = f->plateau[i + 1].loss;
        level = hf_track_level(&f->plateau[i + 1], peak);
        if (hf_track_find_level(track, peak->t, true, level, &stage.t_settle, &loss))
            hf_findings_add(
                f, (hf_event){.kind = HF_EVENT_SETTLE, .t = stage.t_settle, .loss = loss, .stage = i + 1, .value = level});
    }
    f->stage[i] = stage;
}

void hf_track_describe(const hf_track *track, hf_findings *f)
{
    f->end = track->end;
    f->start_loss = track->samples[0].loss;
    f->starts_in_drop = track->starts_in_drop;
    for (size_t i = 0; i < track->plateau_count; i++)
        f->plateau[i] = track->plateaus[i];
    for (size_t i = 0; i < track->drop_count; i++)
        describe_stage(track, f, i);
}
