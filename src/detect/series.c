#include "detect/series.h"

#include "core/channel.h"
#include "core/lists.h"
#include "detect/crossings.h"
#include "detect/search.h"
#include "detect/snapshots.h"
#include "detect/thinned.h"
#include "detect/track.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_series {
    hf_detector_params params;
    hf_system system;
    hf_point point; /* its own: for states that are looked back at */
    size_t size;    /* of a state */
    hf_crossings crossings;
    hf_track track;        /* of stages as long as there is no noise */
    double *states;        /* (track.plateau_count, size) of the plateaus, for their Hessians */
    size_t state_capacity; /* in states */
    double speed_floor;    /* speeds below it count as it */
    hf_sample previous;    /* two looks back */
    hf_sample pending;     /* the last look: its rate of change is known after the next one */
    double *pending_y;     /* (size) */
    double *low_y;         /* (size) the state at track.low */
    uint64_t looks;
    double lowest;          /* loss so far */
    bool is_noisy;          /* gradients are drawn, or the loss has risen */
    hf_thinned losses;      /* of all looks */
    hf_snapshots snapshots; /* for the Hessians of plateaus that are found among noise */
};

static bool wants_saddles(const hf_series *s)
{
    return s->params.detect.saddles && s->system.kind->curvature != NULL;
}

/* Loss and speed that stages are those of. */
static void inner_energy(const hf_point *point, double *loss, double *speed)
{
    const hf_watch_kind *watch = point->system.kind->watch;
    if (watch != NULL && watch->inner_energy != NULL)
        watch->inner_energy(point->self, loss, speed);
    else
        hf_point_energy(point, loss, speed);
}

static hf_status look_at_start(hf_series *s, hf_error *err)
{
    const double unit = 1e3 * DBL_EPSILON;
    const hf_system *system = &s->system;
    hf_sample start = {.t = 0};
    system->kind->start(system->self, s->low_y);
    hf_point_at(&s->point, s->low_y);
    hf_status status = hf_crossings_start(&s->crossings, &s->point, &s->params, s->low_y, err);
    if (status != HF_OK)
        return status;
    hf_point_energy(&s->point, &start.loss, &start.speed);
    s->speed_floor = fmax(unit * unit * start.loss, DBL_MIN);
    start.rest = fmax(s->speed_floor, hf_point_rest(&s->point));
    status = hf_track_start(&s->track, s->params.detect.contrast, hf_system_may_rest(system), &start, err);
    s->track.sample_count = 0; /* the first look adds the start */
    return status;
}

hf_status hf_series_create(hf_series **result, const hf_detector_params *params, hf_system system, hf_error *err)
{
    hf_series *s = calloc(1, sizeof *s);
    if (s == NULL)
        return hf_fail_memory(err, "the detector");
    s->params = *params;
    s->system = system;
    s->size = system.size;
    s->lowest = INFINITY;
    s->is_noisy = params->is_noisy;
    hf_snapshots_init(&s->snapshots, s->size);
    s->pending_y = calloc(2 * s->size, sizeof *s->pending_y);
    hf_status status = s->pending_y == NULL ? hf_fail_memory(err, "the detector") : hf_point_init(&s->point, &system, err);
    if (status == HF_OK) {
        s->low_y = s->pending_y + s->size;
        status = look_at_start(s, err);
    }
    if (status != HF_OK) {
        hf_series_free(s);
        return status;
    }
    *result = s;
    return HF_OK;
}

void hf_series_free(hf_series *s)
{
    if (s == NULL)
        return;
    hf_crossings_clear(&s->crossings);
    hf_track_clear(&s->track);
    hf_thinned_clear(&s->losses);
    hf_snapshots_clear(&s->snapshots);
    hf_point_clear(&s->point);
    free(s->states);
    free(s->pending_y);
    free(s);
}

/* ---- signals ---- */

/* Signals that cross between the last look and t, where the point is at y. */
static hf_status check_signals(hf_series *s, hf_point *point, double t, const double *y, hf_error *err)
{
    hf_crossings *x = &s->crossings;
    hf_status status = HF_OK;
    size_t bad;
    hf_crossings_look(x, point, &bad); /* what is not finite crosses nothing */
    for (size_t signal = 0; signal < x->count && s->looks > 0 && status == HF_OK; signal++) {
        const double before = x->before[signal], now = x->now[signal];
        if (signal != HF_SIGNAL_STOP_LOSS && hf_crossings_has_crossed(x, signal))
            status =
                hf_crossings_record(x, point, signal, s->pending.t + (t - s->pending.t) * before / (before - now), y, err);
    }
    hf_crossings_pass(x);
    return status;
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

/* Adds the plateau at track.low; its Hessian is left for the end. */
static hf_status add_plateau(hf_series *s, hf_error *err)
{
    const size_t count = s->track.plateau_count;
    double *grown = hf_list_grow(s->states, count, &s->state_capacity, s->size * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the plateaus");
    s->states = grown;
    memcpy(s->states + count * s->size, s->low_y, s->size * sizeof *s->states);
    return hf_track_add_plateau(&s->track, hf_saddle_unknown(), err);
}

static hf_status follow(hf_series *s, const hf_sample *sample, hf_error *err)
{
    hf_track_news news;
    const hf_status status = hf_track_follow(&s->track, sample, &news, err);
    if (status == HF_OK && news.is_lowest)
        memcpy(s->low_y, s->pending_y, s->size * sizeof *s->low_y);
    return status == HF_OK && news.has_plateau ? add_plateau(s, err) : status;
}

/* Steps that are far closer than they are old tell nothing more about a stage. */
static hf_status remember(hf_series *s, const hf_sample *sample, hf_error *err)
{
    const double finest = 2e-4; /* of t */
    hf_track *track = &s->track;
    const hf_sample *last = track->sample_count == 0 ? NULL : &track->samples[track->sample_count - 1];
    return last != NULL && sample->t < last->t * (1 + finest) ? HF_OK : hf_track_remember(track, sample, err);
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

/* Takes in the loss of a look, and whether it shows noise: rises above all before it. */
static hf_status note_loss(hf_series *s, const hf_sample *look, const double *y, hf_error *err)
{
    const double rounding = 1e-12; /* of the initial loss */
    s->is_noisy = s->is_noisy || look->loss - s->lowest > rounding * s->crossings.loss_start;
    s->lowest = fmin(s->lowest, look->loss);
    return hf_thinned_add(&s->losses, (hf_thinned_row){look->t, look->loss, look->speed}) &&
                   (!wants_saddles(s) || hf_snapshots_add(&s->snapshots, look->t, y))
               ? HF_OK
               : hf_fail_memory(err, "the losses");
}

hf_status hf_series_add(hf_series *s, double t, hf_point *point, const double *y, bool *stopped, hf_error *err)
{
    const double stop_loss = s->params.stop_loss;
    hf_sample look = {.t = t, .rest = s->speed_floor};
    inner_energy(point, &look.loss, &look.speed);
    *stopped = stop_loss > 0 && hf_point_loss(point) <= stop_loss;
    hf_status status = check_signals(s, point, t, y, err);
    *stopped = *stopped || s->crossings.met;
    if (!s->params.detect.events || status != HF_OK)
        return status;
    status = note_loss(s, &look, y, err);
    if (status == HF_OK && s->looks > 0 && !s->is_noisy)
        status = settle_pending(s, &look, err);
    s->previous = s->pending;
    s->pending = look;
    memcpy(s->pending_y, y, s->size * sizeof *y);
    s->looks++;
    return status;
}

bool hf_series_has_met(const hf_series *s)
{
    return s->crossings.met;
}

/* ---- the end, in both cases ---- */

static hf_status complete_findings(hf_series *s, const hf_sample *last, hf_findings *f, hf_error *err)
{
    hf_point_at(&s->point, s->pending_y);
    return hf_crossings_complete_findings(&s->crossings, last, &s->point, s->pending_y, f, err);
}

static hf_status analyze_saddle(hf_series *s, hf_plateau *plateau, const double *y, hf_error *err)
{
    plateau->saddle = hf_saddle_unknown();
    if (!wants_saddles(s) || y == NULL)
        return HF_OK;
    hf_point_at(&s->point, y);
    const hf_status status = hf_saddle_analyze(&s->point, plateau->t, &plateau->saddle, err);
    if (status != HF_ENUMERIC)
        return status;
    plateau->saddle = hf_saddle_unknown(); /* no eigenvalues are no reason to lose the run */
    return HF_OK;
}

/* ---- the end, without noise ---- */

/* The last look, and what the run ends with. */
static hf_status close_track(hf_series *s, hf_error *err)
{
    hf_sample *last = &s->pending;
    bool has_plateau;
    last->rate = (last->speed - s->previous.speed) / (last->t - s->previous.t);
    hf_status status = follow(s, last, err);
    if (status == HF_OK)
        status = hf_track_remember(&s->track, last, err); /* the end, however close */
    if (status != HF_OK)
        return status;
    if (s->track.high.t < last->t)
        s->track.high.rate = 0; /* the peak has been passed */
    status = hf_track_close(&s->track, &has_plateau, err);
    return status == HF_OK && has_plateau ? add_plateau(s, err) : status;
}

static hf_status finish_exact(hf_series *s, hf_findings *f, hf_error *err)
{
    hf_track *track = &s->track;
    hf_status status = close_track(s, err);
    if (status == HF_OK)
        status = hf_crossings_begin_findings(&s->crossings, track->drop_count, track->plateau_count, f, err);
    if (status != HF_OK)
        return status;
    hf_track_describe(track, f);
    status = complete_findings(s, &track->samples[track->sample_count - 1], f, err);
    if (status != HF_OK)
        return status;
    f->curve = (hf_curve){track->sample_count, track->samples};
    track->samples = NULL; /* the findings own them now */
    for (size_t i = 0; i < f->plateau_count && status == HF_OK; i++)
        status = analyze_saddle(s, &f->plateau[i], s->states + i * s->size, err);
    for (size_t i = 0; i < f->stage_count; i++)
        if (!isnan(f->stage[i].loss_after))
            f->stage[i].t_half = hf_curve_first_below(&f->curve, hf_stage_level(&f->stage[i]));
    return status;
}

/* ---- the end, among noise ---- */

/* The first row at or behind a time. */
static size_t first_row(const hf_thinned *losses, double t)
{
    size_t low = 0, high = hf_thinned_count(losses);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (hf_thinned_at(losses, middle).t < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The mean speed of the states in the rows between two times; 0: there are none. */
static double mean_speed(const hf_thinned *losses, double from, double to)
{
    double sum = 0;
    size_t rows = 0;
    for (size_t i = first_row(losses, from); i < hf_thinned_count(losses); i++) {
        const hf_thinned_row row = hf_thinned_at(losses, i);
        if (row.t > to)
            break;
        sum += row.speed;
        rows++;
    }
    return rows > 0 ? sum / (double)rows : 0;
}

/* Whether the gradient falls with the loss: its speed in a drop exceeds that on the plateaus beside it, in their geometric
 * mean by the contrast. Where it does not, noise moves the loss, not the gradient: steps with momentum carry it far. */
static bool is_driven(const void *known, const hf_search_drop *drop)
{
    const hf_series *s = known;
    const double width = drop->t_settle - drop->t_onset, contrast = s->params.detect.contrast;
    const double near = 0.3, least = 1.3, far = 2; /* of the plateaus beside it, in widths: from near to far, or to least */
    const double speed = mean_speed(&s->losses, drop->t_onset, drop->t_settle);
    const double from = fmin(fmax(drop->t_from, drop->t_onset - far * width), drop->t_onset - least * width);
    const double to = fmax(fmin(drop->t_to, drop->t_settle + far * width), drop->t_settle + least * width);
    const double before = mean_speed(&s->losses, from, drop->t_onset - near * width);
    const double after = mean_speed(&s->losses, drop->t_settle + near * width, to);
    if (!drop->settled || after == 0)
        return speed >= sqrt(contrast) * before;
    return before == 0 || speed >= contrast * sqrt(before) * sqrt(after);
}

static hf_status look_for_stages(const hf_series *s, hf_search_result *found, hf_error *err)
{
    const size_t count = hf_thinned_count(&s->losses);
    const hf_search_params params = {.contrast = s->params.detect.contrast,
                                     .significance = s->params.detect.significance,
                                     .least = s->params.detect.least,
                                     .memory = s->params.memory,
                                     .accepts = is_driven,
                                     .known = s};
    double *t = malloc((2 * count + 1) * sizeof *t);
    if (t == NULL)
        return hf_fail_memory(err, "the losses");
    for (size_t i = 0; i < count; i++) {
        const hf_thinned_row row = hf_thinned_at(&s->losses, i);
        t[i] = row.t;
        t[count + i] = row.loss;
    }
    const hf_status status = hf_search_run(found, count, t, t + count, &params, err);
    free(t);
    return status;
}

static hf_status describe(hf_series *s, const hf_search_result *found, hf_findings *f, hf_error *err)
{
    const hf_search_plateau end = {.t = s->pending.t,
                                   .loss = s->pending.loss}; /* where there are too few steps to look at */
    const size_t plateaus = hf_findings_plateaus(found);
    hf_status status = hf_crossings_begin_findings(&s->crossings, found->stage_count, plateaus, f, err);
    if (status != HF_OK)
        return status;
    f->start_loss = hf_thinned_at(&s->losses, 0).loss;
    hf_findings_of_search(f, found, &end);
    for (size_t i = 0; i < plateaus && status == HF_OK; i++)
        status = analyze_saddle(s, &f->plateau[i], hf_snapshots_nearest(&s->snapshots, f->plateau[i].t), err);
    return status == HF_OK ? complete_findings(s, &s->pending, f, err) : status;
}

static hf_status finish_noisy(hf_series *s, hf_findings *f, hf_error *err)
{
    hf_search_result found;
    hf_status status = look_for_stages(s, &found, err);
    if (status == HF_OK)
        status = describe(s, &found, f, err);
    hf_search_clear(&found);
    return status;
}

hf_status hf_series_finish(hf_series *s, hf_findings *findings, hf_error *err)
{
    *findings = (hf_findings){0};
    const hf_status status = s->is_noisy ? finish_noisy(s, findings, err) : finish_exact(s, findings, err);
    findings->sampled = true;
    if (status != HF_OK)
        hf_findings_clear(findings);
    return status;
}

bool hf_series_transfer(hf_series *s, hf_channel *channel)
{
    hf_channel_bytes(channel, &s->previous, sizeof s->previous);
    hf_channel_bytes(channel, &s->pending, sizeof s->pending);
    hf_channel_bytes(channel, &s->looks, sizeof s->looks);
    hf_channel_bytes(channel, &s->lowest, sizeof s->lowest);
    hf_channel_flags(channel, &s->is_noisy, 1);
    hf_channel_bytes(channel, s->pending_y, s->size * sizeof *s->pending_y);
    hf_channel_bytes(channel, s->low_y, s->size * sizeof *s->low_y);
    bool good = hf_thinned_transfer(&s->losses, channel) && hf_snapshots_transfer(&s->snapshots, channel) &&
                hf_track_transfer(&s->track, channel) && hf_crossings_transfer(&s->crossings, channel);
    size_t states = s->track.plateau_count;
    hf_channel_array(channel, (void **)&s->states, &states, s->size * sizeof *s->states);
    if (!channel->writing)
        s->state_capacity = states;
    return good && channel->good && states == s->track.plateau_count;
}
