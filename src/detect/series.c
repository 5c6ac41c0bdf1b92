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
    s->pending_y = calloc(s->size, sizeof *s->pending_y);
    hf_status status = s->pending_y == NULL ? hf_fail_memory(err, "the detector") : HF_OK;
    if (status == HF_OK)
        status = hf_detector_create(&s->detector, config, flow, err);
    if (status != HF_OK) {
        hf_series_free(s);
        return status;
    }
    s->detector->keep_states = true;
    s->detector->watched[HF_SIGNAL_SLOPE] = false; /* extrema are found from the speeds */
    s->detector->sample_count = 0;                 /* the first look adds the start */
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
        if (signal == HF_SIGNAL_STOP_LOSS || !d->watched[signal] || !hf_detector_crossed(signal, before, now))
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
                       .speed = b->speed + b->rate * distance / 2,
                       .rest = b->rest};
}

/* Time and loss. */
typedef struct {
    double t, loss;
} point;

/* Onset of drop i, or, after it, its settling; the plateau itself where the speed does not cross the level between. */
static point edge(const hf_detector *d, size_t i, bool after)
{
    const hf_plateau *plateau = &d->plateaus[after ? i + 1 : i];
    point p = {plateau->t, plateau->loss};
    hf_detector_find_level(d, d->drops[i].t, after, hf_detector_level(plateau, &d->drops[i]), &p.t, &p.loss);
    return p;
}

/* How fast the loss falls from a to b; the plateau's own speed where there is no time between. */
static double mean_speed(point a, point b, const hf_plateau *plateau)
{
    return b.t > a.t ? (a.loss - b.loss) / (b.t - a.t) : plateau->speed;
}

/* Whether drop i has a plateau behind it. */
static bool is_over(const hf_detector *d, size_t i)
{
    return i + 1 < d->plateau_count;
}

/* The fall of the loss from onset to settling, or to the end of the run, over what counts as noise. */
static double relative_fall(const hf_series *s, size_t i)
{
    const hf_detector *d = s->detector;
    const point onset = edge(d, i, false);
    const double settled = is_over(d, i) ? edge(d, i, true).loss : s->pending.loss;
    return (onset.loss - settled) / (HF_SERIES_SIGNIFICANT * s->noise);
}

/* How many times as fast as on the plateaus beside it the loss falls in drop i, in the mean, over detect.contrast. */
static double relative_speed(const hf_series *s, size_t i)
{
    const hf_detector *d = s->detector;
    const point first = {d->samples[0].t, d->samples[0].loss}, last = {s->pending.t, s->pending.loss};
    const point onset = edge(d, i, false), before = i == 0 ? first : edge(d, i - 1, true);
    const point settled = is_over(d, i) ? edge(d, i, true) : last;
    const point after = i + 1 < d->drop_count ? edge(d, i + 1, false) : last;
    double slow = mean_speed(before, onset, &d->plateaus[i]);
    if (is_over(d, i))
        slow = fmax(slow, mean_speed(settled, after, &d->plateaus[i + 1]));
    return mean_speed(onset, settled, &d->plateaus[i]) / (d->config->detect.contrast * fmax(slow, d->speed_floor));
}

/* Removes drop i and, of the plateaus around it, the faster one. */
static void remove_drop(hf_series *s, size_t i)
{
    hf_detector *d = s->detector;
    if (is_over(d, i)) {
        const size_t gone = d->plateaus[i].speed <= d->plateaus[i + 1].speed ? i + 1 : i;
        const size_t behind = d->plateau_count - gone - 1;
        memmove(d->plateaus + gone, d->plateaus + gone + 1, behind * sizeof *d->plateaus);
        memmove(d->states + gone * s->size, d->states + (gone + 1) * s->size, behind * s->size * sizeof *d->states);
        d->plateau_count--;
    } else
        d->end = i == 0 ? HF_END_START : HF_END_PLATEAU;
    memmove(d->drops + i, d->drops + i + 1, (d->drop_count - i - 1) * sizeof *d->drops);
    d->drop_count--;
}

/* Removes drops that are noise, the least significant first: those that fall too little and, once the run is over, those
 * that are not faster than what is around them. */
static void prune(hf_series *s, bool is_closed)
{
    const double rounding = 1e-12; /* of the initial loss */
    const hf_detector *d = s->detector;
    while (s->noise > rounding * d->loss_start) {
        double least = 1;
        size_t weakest = d->drop_count;
        for (size_t i = 0; i < d->drop_count && (is_closed || is_over(d, i)); i++) {
            double significance = relative_fall(s, i);
            if (is_closed)
                significance = fmin(significance, relative_speed(s, i));
            if (significance < least) {
                least = significance;
                weakest = i;
            }
        }
        if (weakest == d->drop_count)
            return;
        remove_drop(s, weakest);
    }
}

static hf_status follow(hf_series *s, const hf_sample *sample, hf_error *err)
{
    hf_detector *d = s->detector;
    const size_t plateaus = d->plateau_count;
    memcpy(d->y, s->pending_y, s->size * sizeof *d->y);
    hf_status status = hf_detector_follow(d, sample, err);
    if (status == HF_OK && d->plateau_count > plateaus)
        prune(s, false);
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
    hf_sample look = {.t = t, .rest = d->speed_floor};
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
    status = hf_detector_close(d, err);
    prune(s, true);
    if (status == HF_OK)
        status = hf_detector_describe(d, findings, err);
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
