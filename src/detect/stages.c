/* From what a detector remembers to plateaus, stages and events; hf_detector_finish of detector.h. */
#include "detect/departure.h"
#include "detect/detector_state.h"
#include "flow/level.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Where the speed crosses level between the samples a[0] and a[1], as time and loss. By its logarithm, which it spans many
 * decades of, except next to a balance of drift and gradient, where it may be negative. */
static void cross_level(const hf_sample *a, bool drift, double level, double *t, double *loss)
{
    bool rising = a[1].speed > a[0].speed, from_rest = drift && (at_rest(&a[0]) || at_rest(&a[1]));
    double low = 0, high = 1, width = a[1].t - a[0].t;
    for (int i = 0; i < 60; i++) {
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
static size_t first_sample(const hf_detector *d, double t)
{
    size_t low = 0, high = d->sample_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (d->samples[middle].t < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool hf_detector_find_level(const hf_detector *d, double peak, bool after, double level, double *t, double *loss)
{
    const hf_sample *s = d->samples;
    bool drift = d->flow->problem->drift > 0; /* else a speed of 0 is one that has underflown */
    size_t i = first_sample(d, peak);
    if (after) {
        for (; i < d->sample_count; i++)
            if (s[i].speed <= level && (s[i].speed > 0 || drift) && i > 0) {
                cross_level(s + i - 1, drift, level, t, loss);
                return true;
            }
        return false;
    }
    while (i-- > 0)
        if (s[i].speed <= level && (s[i].speed > 0 || drift) && i + 1 < d->sample_count) {
            cross_level(s + i, drift, level, t, loss);
            return true;
        }
    return false;
}

double hf_detector_level(const hf_plateau *plateau, const hf_sample *peak)
{
    return sqrt(plateau->level * peak->speed);
}

void hf_findings_add(hf_findings *f, hf_event event)
{
    f->event[f->event_count++] = event; /* room was made for all */
}

/* One stage around a drop; its onset, peak and settling become events. */
static void describe_stage(const hf_detector *d, hf_findings *f, size_t i)
{
    const hf_sample *peak = &d->drops[i];
    hf_stage stage = {.t_onset = NAN,
                      .t_peak = peak->t,
                      .t_settle = NAN,
                      .loss_after = NAN,
                      .before = &f->plateau[i],
                      .t_half = NAN,
                      .strength = NAN};
    double loss, level = hf_detector_level(stage.before, peak);
    if (hf_detector_find_level(d, peak->t, false, level, &stage.t_onset, &loss))
        hf_findings_add(
            f, (hf_event){.kind = HF_EVENT_ONSET, .t = stage.t_onset, .loss = loss, .stage = i + 1, .value = level});
    if (peak->rate > 0) /* the run ends while the speed still rises */
        stage.t_peak = NAN;
    else
        hf_findings_add(
            f, (hf_event){.kind = HF_EVENT_DROP, .t = peak->t, .loss = peak->loss, .stage = i + 1, .value = peak->speed});
    if (i + 1 < f->plateau_count) {
        stage.loss_after = f->plateau[i + 1].loss;
        level = hf_detector_level(&f->plateau[i + 1], peak);
        if (hf_detector_find_level(d, peak->t, true, level, &stage.t_settle, &loss))
            hf_findings_add(
                f, (hf_event){.kind = HF_EVENT_SETTLE, .t = stage.t_settle, .loss = loss, .stage = i + 1, .value = level});
    }
    f->stage[i] = stage;
}

static int by_time(const void *a, const void *b)
{
    const hf_event *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
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
static void mark_learned(const hf_detector *d, const hf_findings *f, double t, size_t stage, bool *learned)
{
    memcpy(learned, d->held, d->patterns * sizeof *learned);
    for (size_t e = 0; e < f->event_count; e++)
        if (f->event[e].kind == HF_EVENT_ACQUIRED && f->event[e].pattern <= d->patterns &&
            (stage > 0 ? f->event[e].stage <= stage : f->event[e].t <= t))
            learned[f->event[e].pattern - 1] = true;
}

/* Predicted losses. learned: (J) scratch. */
static hf_status predict(const hf_detector *d, hf_findings *f, bool *learned, hf_error *err)
{
    const hf_problem *p = d->flow->problem;
    hf_status status = HF_OK;
    for (size_t i = 0; i < f->plateau_count && status == HF_OK; i++) {
        mark_learned(d, f, f->plateau[i].t, 0, learned);
        status = hf_level_predict(p, f->plateau[i].loss, learned, &f->plateau[i].predicted_loss, err);
    }
    for (size_t i = 0; i < f->stage_count && status == HF_OK; i++) {
        mark_learned(d, f, 0, i + 1, learned);
        status = hf_level_predict(p, f->stage[i].loss_after, learned, &f->stage[i].predicted_loss_after, err);
    }
    return status;
}

hf_status hf_detector_begin_findings(const hf_detector *d, size_t stages, size_t plateaus, hf_findings *f, hf_error *err)
{
    const size_t pairs = d->flow->problem->heads * d->flow->problem->heads;
    *f = (hf_findings){.stage_count = stages, .plateau_count = plateaus};
    f->event = malloc((3 * stages + plateaus + d->event_count + 1) * sizeof *f->event);
    f->plateau = malloc((plateaus + 1) * sizeof *f->plateau);
    f->stage = malloc((stages + 1) * sizeof *f->stage);
    f->start_overlaps = malloc(2 * pairs * sizeof *f->start_overlaps);
    f->end_overlaps = f->start_overlaps + pairs;
    f->loss_fraction = d->config->detect.loss_fraction;
    f->on_test = d->flow->problem->test_variance != NULL;
    if (f->event != NULL && f->plateau != NULL && f->stage != NULL && f->start_overlaps != NULL)
        return HF_OK;
    hf_findings_clear(f);
    return hf_fail_memory(err, "the stages");
}

/* The heads at the start and where the detector has looked last. */
static void describe_heads(const hf_detector *d, hf_findings *f)
{
    f->heads = d->flow->problem->heads;
    f->start_overlap = d->start_overlap;
    f->end_overlap = d->end_overlap;
    f->overlap_level = d->config->detect.overlap;
    memcpy(f->start_overlaps, d->start_overlaps, f->heads * f->heads * sizeof *f->start_overlaps);
    hf_flow_at(d->flow, d->y);
    hf_pair_overlaps(d->flow, d->y, f->end_overlaps);
}

hf_status hf_detector_finish(hf_detector *d, hf_findings *f, hf_error *err)
{
    *f = (hf_findings){0};
    hf_status status = hf_detector_close(d, err);
    bool *scratch = calloc(d->patterns, sizeof *scratch);
    if (status == HF_OK && scratch == NULL)
        status = hf_fail_memory(err, "the stages");
    if (status == HF_OK) {
        const hf_resolution resolution = hf_detector_resolution(d->config, d->flow->problem, scratch);
        hf_detector_resolve(d, &resolution);
        status = hf_detector_describe(d, f, err);
    }
    free(scratch);
    return status;
}

hf_status hf_detector_complete_findings(const hf_detector *d, const hf_sample *last, hf_findings *f, hf_error *err)
{
    bool *learned = calloc(d->patterns, sizeof *learned);
    if (learned == NULL)
        return hf_fail_memory(err, "the stages");
    describe_heads(d, f);
    for (size_t i = 0; i < f->plateau_count; i++)
        hf_findings_add(f, (hf_event){.kind = HF_EVENT_PLATEAU,
                                      .t = f->plateau[i].t,
                                      .loss = f->plateau[i].loss,
                                      .stage = i,
                                      .value = f->plateau[i].speed});
    for (size_t i = 0; i < d->event_count; i++) {
        hf_event event = d->events[i];
        event.stage = stage_at(f, event.t);
        if (event.t <= last->t)
            hf_findings_add(f, event);
    }
    hf_findings_add(
        f,
        (hf_event){
            .kind = HF_EVENT_STOP, .t = last->t, .loss = last->loss, .stage = stage_at(f, last->t), .value = last->speed});
    qsort(f->event, f->event_count, sizeof *f->event, by_time);
    hf_departure_match(f->event_count, f->event);
    const hf_status status = predict(d, f, learned, err);
    free(learned);
    return status;
}

hf_status hf_detector_describe(hf_detector *d, hf_findings *f, hf_error *err)
{
    hf_status status = hf_detector_begin_findings(d, d->drop_count, d->plateau_count, f, err);
    if (status != HF_OK)
        return status;
    f->end = d->end;
    f->start_loss = d->samples[0].loss;
    f->starts_in_drop = d->starts_in_drop;
    if (d->plateau_count > 0)
        memcpy(f->plateau, d->plateaus, d->plateau_count * sizeof *f->plateau);
    for (size_t i = 0; i < d->drop_count; i++)
        describe_stage(d, f, i);
    status = hf_detector_complete_findings(d, &d->samples[d->sample_count - 1], f, err);
    if (status != HF_OK) {
        hf_findings_clear(f);
        return status;
    }
    f->curve = (hf_curve){d->sample_count, d->samples};
    d->samples = NULL; /* the findings own them now */
    return HF_OK;
}

void hf_findings_clear(hf_findings *f)
{
    free(f->event);
    free(f->plateau);
    free(f->stage);
    free(f->start_overlaps);
    free(f->curve.at);
    *f = (hf_findings){0};
}
