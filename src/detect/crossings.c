#include "detect/crossings.h"

#include "core/channel.h"
#include "core/lists.h"
#include "detect/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- signals ---- */

static bool has_test(const hf_system *system)
{
    const hf_watch_kind *watch = system->kind->watch;
    return watch != NULL && watch->has_test != NULL && watch->has_test(system->self);
}

/* The loss by which emergence is judged: that of the test data where there are any. */
static double judged_loss(const hf_point *point)
{
    const hf_system *system = &point->system;
    return has_test(system) ? system->kind->watch->test_loss(point->self) : hf_point_loss(point);
}

double hf_crossings_value(const hf_crossings *c, const hf_point *point, size_t signal)
{
    const hf_signal *s = &c->signal[signal];
    const double value = signal == HF_SIGNAL_STOP_LOSS   ? hf_point_loss(point)
                         : signal == HF_SIGNAL_EMERGENCE ? judged_loss(point)
                                                         : s->value(point->self, s->pattern);
    return value - s->threshold;
}

void hf_crossings_look(hf_crossings *c, const hf_point *point, size_t *bad)
{
    *bad = c->count;
    for (size_t s = 0; s < c->count; s++) {
        if (!c->watched[s])
            continue;
        c->now[s] = hf_crossings_value(c, point, s);
        if (*bad == c->count && !isfinite(c->now[s]))
            *bad = s;
    }
}

bool hf_crossings_glance(hf_crossings *c, const hf_point *point, double loss)
{
    bool quiet = true;
    for (size_t s = 0; s < c->count && quiet; s++) {
        if (!c->watched[s])
            continue;
        const bool of_loss = s == HF_SIGNAL_STOP_LOSS || (s == HF_SIGNAL_EMERGENCE && !has_test(&c->system));
        c->now[s] = of_loss ? loss - c->signal[s].threshold : hf_crossings_value(c, point, s);
        quiet = isfinite(c->now[s]) && !hf_crossings_has_crossed(c, s);
    }
    return quiet;
}

bool hf_crossings_has_crossed(const hf_crossings *c, size_t signal)
{
    const double before = c->before[signal], now = c->now[signal];
    return c->watched[signal] && (c->signal[signal].rises ? before < 0 && now >= 0 : before > 0 && now <= 0);
}

void hf_crossings_pass(hf_crossings *c)
{
    memcpy(c->before, c->now, c->count * sizeof *c->before);
    for (size_t s = HF_SIGNALS_OF_LOSS; s < c->count; s++)
        if (c->signal[s].event == HF_EVENT_SPLIT)
            c->end_overlap = c->now[s] + c->signal[s].threshold;
}

/* ---- events ---- */

static void meet(hf_crossings *c, const hf_event *event)
{
    if (!hf_event_is_awaited(&c->stop, event->kind, event->pattern, event->t) || (c->met && c->t_met <= event->t))
        return;
    c->met = true;
    c->t_met = event->t;
}

hf_status hf_crossings_record(hf_crossings *c, hf_point *point, size_t signal, double t, const double *y, hf_error *err)
{
    const hf_signal *s = &c->signal[signal];
    c->watched[signal] = false;
    hf_event *grown = hf_list_grow(c->events, c->event_count, &c->event_capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the events");
    c->events = grown;
    hf_event event = {.kind = s->event, .t = t, .pattern = s->pattern};
    if (signal == HF_SIGNAL_EMERGENCE) {
        event.loss = hf_point_loss(point);
        event.value = c->judged_start > 0 ? judged_loss(point) / c->judged_start : 0;
    } else
        c->system.kind->watch->describe(c->observer, point->self, y, &event);
    c->events[c->event_count++] = event;
    meet(c, &event);
    return HF_OK;
}

/* ---- life ---- */

/* What holds at the start happens there. */
static hf_status record_start(hf_crossings *c, hf_point *point, const double *y, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t s = 0; s < c->count && status == HF_OK; s++) {
        const bool holds = c->signal[s].rises ? c->before[s] >= 0 : c->before[s] <= 0;
        if (!c->watched[s] || !holds)
            continue;
        if (s == HF_SIGNAL_STOP_LOSS) {
            c->watched[s] = false;
            c->starts_stopped = true;
        } else
            status = hf_crossings_record(c, point, s, 0, y, err);
    }
    return status;
}

/* The loss's own signals and the system's, and which of them are watched. */
static void choose_signals(hf_crossings *c, const hf_detector_params *params)
{
    const hf_watch_kind *watch = c->system.kind->watch;
    const hf_thresholds thresholds = {params->detect.overlap, params->detect.acquired};
    c->signal[HF_SIGNAL_STOP_LOSS] =
        (hf_signal){.name = "stop_loss", .event = HF_EVENT_STOP, .threshold = params->stop_loss};
    c->signal[HF_SIGNAL_EMERGENCE] =
        (hf_signal){.name = "emerged", .event = HF_EVENT_EMERGED, .threshold = c->loss_fraction * c->judged_start};
    if (c->count > HF_SIGNALS_OF_LOSS)
        watch->signals(c->system.self, &thresholds, c->signal + HF_SIGNALS_OF_LOSS);
    for (size_t s = 0; s < c->count; s++)
        c->watched[s] = params->detect.events;
    c->watched[HF_SIGNAL_STOP_LOSS] = params->stop_loss > 0;
    c->watched[HF_SIGNAL_EMERGENCE] = params->detect.events && c->loss_fraction > 0;
}

static void look_at_start(hf_crossings *c, const hf_point *point, const double *y)
{
    const hf_watch_kind *watch = c->system.kind->watch;
    for (size_t s = 0; s < c->count; s++) {
        c->before[s] = c->now[s] = hf_crossings_value(c, point, s); /* signals that are not watched keep these */
        if (c->signal[s].event == HF_EVENT_ACQUIRED)
            c->held[c->signal[s].pattern - 1] = c->before[s] >= 0;
    }
    if (c->heads == 0)
        return;
    c->start_overlap = c->end_overlap = watch->least_overlap(point->self);
    watch->overlaps(point->self, y, c->start_overlaps);
}

static bool allocate(hf_crossings *c)
{
    c->signal = calloc(c->count, sizeof *c->signal);
    c->before = calloc(2 * c->count + c->heads * c->heads, sizeof *c->before);
    c->watched = calloc(c->count + c->patterns, sizeof *c->watched);
    if (c->signal == NULL || c->before == NULL || c->watched == NULL)
        return false;
    c->now = c->before + c->count;
    c->start_overlaps = c->now + c->count;
    c->held = c->watched + c->count;
    return true;
}

hf_status hf_crossings_start(hf_crossings *c, hf_point *point, const hf_detector_params *params, const double *y,
                             hf_error *err)
{
    const hf_system system = point->system;
    const hf_watch_kind *watch = system.kind->watch;
    const hf_observer_kind *observer = system.kind->observer;
    *c = (hf_crossings){.system = system,
                        .count = HF_SIGNALS_OF_LOSS,
                        .stop = params->stop,
                        .loss_fraction = params->detect.loss_fraction,
                        .overlap_level = params->detect.overlap};
    if (watch != NULL) {
        c->count += watch->signal_count == NULL ? 0 : watch->signal_count(system.self);
        c->patterns = watch->pattern_count == NULL ? 0 : watch->pattern_count(system.self);
        c->heads = watch->head_count == NULL ? 0 : watch->head_count(system.self);
    }
    hf_status status = allocate(c) ? HF_OK : hf_fail_memory(err, "the signals");
    if (status == HF_OK && observer != NULL)
        status = observer->create(&c->observer, system.self, err);
    if (status == HF_OK) {
        c->loss_start = hf_point_loss(point);
        c->judged_start = judged_loss(point);
        choose_signals(c, params);
        look_at_start(c, point, y);
        status = record_start(c, point, y, err);
    }
    if (status != HF_OK)
        hf_crossings_clear(c);
    return status;
}

void hf_crossings_clear(hf_crossings *c)
{
    if (c->observer != NULL)
        c->system.kind->observer->free(c->observer);
    free(c->signal);
    free(c->before);
    free(c->watched);
    free(c->events);
    *c = (hf_crossings){0};
}

/* Of an event that was read. A system may have heads and not let them be compared (heads 0): any number is one then, and none is an
 * index. */
static bool is_possible(const hf_crossings *c, const hf_event *event)
{
    const bool has_heads = c->heads == 0 || (event->head <= c->heads && event->other <= c->heads);
    return event->kind <= HF_EVENT_STOP && event->mode <= HF_MODE_COOPERATIVE && has_heads && event->pattern <= c->patterns &&
           (event->kind != HF_EVENT_ACQUIRED || event->pattern > 0);
}

bool hf_crossings_transfer(hf_crossings *c, hf_channel *channel)
{
    hf_channel_bytes(channel, c->before, c->count * sizeof *c->before);
    hf_channel_flags(channel, c->watched, c->count);
    hf_channel_bytes(channel, &c->end_overlap, sizeof c->end_overlap);
    hf_channel_array(channel, (void **)&c->events, &c->event_count, sizeof *c->events);
    if (!channel->writing) {
        memcpy(c->now, c->before, c->count * sizeof *c->now); /* what is not watched any more stays as it was */
        c->event_capacity = c->event_count;
        for (size_t i = 0; i < c->event_count; i++) {
            hf_channel_require(channel, is_possible(c, &c->events[i]));
            meet(c, &c->events[i]);
        }
    }
    return channel->good;
}

/* ---- findings ---- */

hf_status hf_crossings_begin_findings(const hf_crossings *c, size_t stages, size_t plateaus, hf_findings *f, hf_error *err)
{
    const hf_status status = hf_findings_begin(f, stages, plateaus, plateaus + c->event_count, c->heads, err);
    if (status != HF_OK)
        return status;
    f->loss_fraction = c->loss_fraction;
    f->on_test = has_test(&c->system);
    return HF_OK;
}

/* The stage a time belongs to: from its onset to the next one's. */
static size_t stage_at(const hf_findings *f, double t)
{
    size_t stage = 0;
    for (size_t i = 0; i < f->stage_count && t > 0; i++)
        if (f->stage[i].t_onset <= t)
            stage = i + 1;
    return stage;
}

/* Marks in learned (J) the patterns known at the start and those acquired by time t or, if stage is not 0, in stages up to it. */
static void mark_learned(const hf_crossings *c, const hf_findings *f, double t, size_t stage, bool *learned)
{
    memcpy(learned, c->held, c->patterns * sizeof *learned);
    for (size_t e = 0; e < f->event_count; e++)
        if (f->event[e].kind == HF_EVENT_ACQUIRED && f->event[e].pattern <= c->patterns &&
            (stage > 0 ? f->event[e].stage <= stage : f->event[e].t <= t))
            learned[f->event[e].pattern - 1] = true;
}

static hf_status predict(const hf_crossings *c, hf_findings *f, hf_error *err)
{
    const hf_watch_kind *watch = c->system.kind->watch;
    for (size_t i = 0; i < f->plateau_count; i++)
        f->plateau[i].predicted_loss = NAN;
    for (size_t i = 0; i < f->stage_count; i++)
        f->stage[i].predicted_loss_after = NAN;
    if (watch == NULL || watch->level == NULL)
        return HF_OK;
    bool *learned = calloc(c->patterns + 1, sizeof *learned);
    hf_status status = learned == NULL ? hf_fail_memory(err, "the stages") : HF_OK;
    for (size_t i = 0; i < f->plateau_count && status == HF_OK; i++) {
        mark_learned(c, f, f->plateau[i].t, 0, learned);
        status = watch->level(c->system.self, f->plateau[i].loss, learned, &f->plateau[i].predicted_loss, err);
    }
    for (size_t i = 0; i < f->stage_count && status == HF_OK; i++) {
        mark_learned(c, f, 0, i + 1, learned);
        status = watch->level(c->system.self, f->stage[i].loss_after, learned, &f->stage[i].predicted_loss_after, err);
    }
    free(learned);
    return status;
}

/* The heads at the start and at a point, which is at y. */
static void describe_heads(const hf_crossings *c, const hf_point *point, const double *y, hf_findings *f)
{
    f->heads = c->heads;
    f->overlap_level = c->overlap_level;
    f->start_overlap = c->start_overlap;
    f->end_overlap = c->end_overlap;
    if (c->heads == 0)
        return;
    memcpy(f->start_overlaps, c->start_overlaps, c->heads * c->heads * sizeof *f->start_overlaps);
    c->system.kind->watch->overlaps(point->self, y, f->end_overlaps);
}

hf_status hf_crossings_complete_findings(const hf_crossings *c, const hf_sample *last, const hf_point *point,
                                         const double *y, hf_findings *f, hf_error *err)
{
    describe_heads(c, point, y, f);
    for (size_t i = 0; i < f->plateau_count; i++)
        hf_findings_add(f, (hf_event){.kind = HF_EVENT_PLATEAU,
                                      .t = f->plateau[i].t,
                                      .loss = f->plateau[i].loss,
                                      .stage = i,
                                      .value = f->plateau[i].speed});
    for (size_t i = 0; i < c->event_count; i++) {
        hf_event event = c->events[i];
        event.stage = stage_at(f, event.t);
        if (event.t <= last->t)
            hf_findings_add(f, event);
    }
    hf_findings_add(
        f,
        (hf_event){
            .kind = HF_EVENT_STOP, .t = last->t, .loss = last->loss, .stage = stage_at(f, last->t), .value = last->speed});
    hf_findings_sort(f);
    if (c->system.kind->watch != NULL && c->system.kind->watch->match != NULL)
        c->system.kind->watch->match(f->event_count, f->event);
    const hf_status status = predict(c, f, err);
    if (status != HF_OK)
        hf_findings_clear(f);
    return status;
}
