#include "detect/series.h"

#include "core/channel.h"
#include "detect/detector_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_series {
    hf_detector *detector;
    size_t size;        /* of a state */
    hf_sample previous; /* two looks back */
    hf_sample pending;  /* the last look: its rate of change is known after the next one */
    double *pending_y;  /* (size) */
    uint64_t looks;
    double lowest; /* loss so far */
    double noise;  /* largest rise of the loss above the lowest one before it */
};

hf_status hf_series_create(hf_series **result, const hf_config *config, hf_flow *flow, hf_error *err)
{
    hf_series *s = calloc(1, sizeof *s);
    if (s == NULL)
        return hf_fail_memory(err, "the detector");
    s->size = hf_flow_size(flow);
    s->lowest = INFINITY;
    s->pending_y = malloc(s->size * sizeof *s->pending_y);
    hf_status status = s->pending_y == NULL ? hf_fail_memory(err, "the detector") : HF_OK;
    if (status == HF_OK)
        status = hf_detector_create(&s->detector, config, flow, err);
    if (status != HF_OK) {
        hf_series_free(s);
        return status;
    }
    s->detector->keep_states = true;
    s->detector->watched[HF_SIGNAL_SLOPE] = false; /* extrema are found from the speeds */
    s->detector->sample_count = 0; /* the first look adds the start */
    *result = s;
    return HF_OK;
}

void hf_series_free(hf_series *s)
{
    if (s == NULL)
        return;
    hf_detector_free(s->detector);
    free(s->pending_y);
    free(s);
}

/* ---- signals ---- */

/* Signals that cross between the last look and t. */
static hf_status check_signals(hf_series *s, double t, hf_error *err)
{
    hf_detector *d = s->detector;
    for (size_t signal = 0; signal < d->signals; signal++)
        if (d->watched[signal])
            d->now[signal] = hf_detector_signal(d, signal);
    d->end_overlap = d->now[HF_SIGNAL_OVERLAP] + d->config->detect.overlap;
    for (size_t signal = 0; signal < d->signals && s->looks > 0; signal++) {
        const double before = d->before[signal], now = d->now[signal];
        if (signal == HF_SIGNAL_STOP_LOSS || !d->watched[signal] ||
            !hf_detector_crossed(signal, before, now))
            continue;
        d->watched[signal] = false;
        if (!hf_detector_record(d, signal, s->pending.t + (t - s->pending.t) * before / (before - now)))
            return hf_fail_memory(err, "the events");
    }
    memcpy(d->before, d->now, d->signals * sizeof *d->before);
    return HF_OK;
}

/* ---- extrema ---- */

/* The slope at b of the parabola through three looks' speeds. */
static double slope(const hf_sample *a, const hf_sample *b, const hf_sample *c)
{
    const double left = (b->speed - a->speed) / (b->t - a->t), right = (c->speed - b->speed) / (c->t - b->t);
    return (left * (c->t - b->t) + right * (b->t - a->t)) / (c->t - a->t);
}

/* The extremum of that parabola, for a middle look b that is higher or lower than both others. */
static hf_sample extremum(const hf_sample *a, const hf_sample *b, const hf_sample *c)
{
    const double left = (b->speed - a->speed) / (b->t - a->t), right = (c->speed - b->speed) / (c->t - b->t);
    const double curvature = 2 * (right - left) / (c->t - a->t), distance = -b->rate / curvature;
    return (hf_sample){.t = b->t + distance,
                       .loss = b->loss - distance * b->speed,
                       .speed = b->speed + b->rate * distance / 2};
}

/* Removes the stages that are noise, the smallest first: of two plateaus that a drop joins the slower one stays. */
static void prune(hf_series *s)
{
    hf_detector *d = s->detector;
    for (;;) {
        double least = HF_SERIES_SIGNIFICANT * s->noise;
        size_t weakest = d->plateau_count;
        for (size_t i = 0; i + 1 < d->plateau_count; i++)
            if (d->plateaus[i].loss - d->plateaus[i + 1].loss < least) {
                least = d->plateaus[i].loss - d->plateaus[i + 1].loss;
                weakest = i;
            }
        if (weakest == d->plateau_count)
            return;
        const size_t drop = d->plateaus[weakest].speed <= d->plateaus[weakest + 1].speed ? weakest + 1 : weakest;
        const size_t behind = d->plateau_count - drop - 1;
        memmove(d->plateaus + drop, d->plateaus + drop + 1, behind * sizeof *d->plateaus);
        memmove(d->states + drop * s->size, d->states + (drop + 1) * s->size, behind * s->size * sizeof *d->states);
        memmove(d->drops + weakest, d->drops + weakest + 1, (d->drop_count - weakest - 1) * sizeof *d->drops);
        d->plateau_count--;
        d->drop_count--;
    }
}

static hf_status follow(hf_series *s, const hf_sample *sample, hf_error *err)
{
    hf_detector *d = s->detector;
    const size_t plateaus = d->plateau_count;
    memcpy(d->y, s->pending_y, s->size * sizeof *d->y);
    hf_status status = hf_detector_follow(d, sample, err);
    if (status == HF_OK && d->plateau_count > plateaus)
        prune(s);
    return status;
}

/* Steps that are far closer than they are old tell nothing more about a stage. */
static hf_status remember(hf_series *s, const hf_sample *sample, hf_error *err)
{
    const double finest = 2e-4; /* of t */
    const hf_detector *d = s->detector;
    const hf_sample *last = d->sample_count == 0 ? NULL : &d->samples[d->sample_count - 1];
    return last != NULL && sample->t < last->t * (1 + finest) ? HF_OK : hf_detector_remember(s->detector, sample, err);
}

/* Takes in the pending look, now that the one after it is known. */
static hf_status settle_pending(hf_series *s, const hf_sample *next, hf_error *err)
{
    hf_sample *p = &s->pending;
    hf_status status = HF_OK;
    if (s->looks == 1)
        p->rate = (next->speed - p->speed) / (next->t - p->t);
    else
        p->rate = slope(&s->previous, p, next);
    if (s->looks > 1 && (p->speed - s->previous.speed) * (next->speed - p->speed) < 0) {
        const hf_sample found = extremum(&s->previous, p, next);
        status = follow(s, &found, err);
    }
    if (status == HF_OK)
        status = follow(s, p, err);
    return status == HF_OK ? remember(s, p, err) : status;
}

hf_status hf_series_add(hf_series *s, double t, const double *y, bool *stopped, hf_error *err)
{
    hf_detector *d = s->detector;
    hf_sample look = {.t = t};
    hf_span_loss(d->flow, &look.loss, &look.speed);
    *stopped = d->config->solver.stop_loss > 0 && d->flow->loss <= d->config->solver.stop_loss;
    memcpy(d->y, y, s->size * sizeof *y);
    hf_status status = check_signals(s, t, err);
    if (!d->config->detect.events || status != HF_OK)
        return status;
    s->noise = fmax(s->noise, look.loss - s->lowest);
    s->lowest = fmin(s->lowest, look.loss);
    if (s->looks > 0)
        status = settle_pending(s, &look, err);
    s->previous = s->pending;
    s->pending = look;
    memcpy(s->pending_y, y, s->size * sizeof *y);
    s->looks++;
    return status;
}

/* ---- the end ---- */

/* A run that ends while the speed rises ends inside a stage only if the loss has fallen far enough. */
static void drop_unfinished(hf_series *s)
{
    hf_detector *d = s->detector;
    if (d->seeking != SEEK_DROP)
        return;
    const hf_plateau *last = &d->plateaus[d->plateau_count - 1];
    if (last->loss - s->pending.loss >= HF_SERIES_SIGNIFICANT * s->noise && last->loss > s->pending.loss)
        return;
    d->plateau_count--; /* closing the detector adds it again */
    d->low = (hf_sample){.t = last->t, .loss = last->loss, .speed = last->speed};
    memcpy(d->low_y, d->states + d->plateau_count * s->size, s->size * sizeof *d->low_y);
    d->seeking = d->plateau_count == 0 ? SEEK_FIRST : SEEK_PLATEAU;
}

static void analyze_saddles(hf_series *s, hf_findings *f)
{
    hf_detector *d = s->detector;
    for (size_t i = 0; i < f->plateau_count && d->config->detect.saddles; i++) {
        hf_flow_at(d->flow, d->states + i * s->size);
        if (hf_saddle_analyze(d->flow, f->plateau[i].t, &f->plateau[i].saddle, NULL) != HF_OK)
            f->plateau[i].saddle = hf_saddle_unknown(); /* no eigenvalues are no reason to lose the run */
    }
}

hf_status hf_series_finish(hf_series *s, hf_findings *findings, hf_error *err)
{
    hf_detector *d = s->detector;
    hf_sample *last = &s->pending;
    last->rate = (last->speed - s->previous.speed) / (last->t - s->previous.t);
    hf_status status = follow(s, last, err);
    if (status == HF_OK)
        status = hf_detector_remember(d, last, err); /* the end, however close */
    if (status != HF_OK)
        return status;
    if (d->high.t < last->t)
        d->high.rate = 0; /* the peak has been passed */
    prune(s);
    drop_unfinished(s);
    status = hf_detector_finish(d, findings, err);
    if (status == HF_OK)
        analyze_saddles(s, findings);
    return status;
}

bool hf_series_transfer(hf_series *s, hf_channel *channel)
{
    hf_channel_bytes(channel, &s->previous, sizeof s->previous);
    hf_channel_bytes(channel, &s->pending, sizeof s->pending);
    hf_channel_bytes(channel, &s->looks, sizeof s->looks);
    hf_channel_bytes(channel, &s->lowest, sizeof s->lowest);
    hf_channel_bytes(channel, &s->noise, sizeof s->noise);
    hf_channel_bytes(channel, s->pending_y, s->size * sizeof *s->pending_y);
    hf_channel_bytes(channel, s->detector->low_y, s->size * sizeof *s->detector->low_y);
    hf_channel_bytes(channel, &s->detector->end_overlap, sizeof s->detector->end_overlap);
    return hf_detector_transfer(s->detector, channel);
}
