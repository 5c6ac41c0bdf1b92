#include "detect/detector.h"

#include "core/channel.h"
#include "detect/crossings.h"
#include "detect/track.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_detector {
    hf_detector_params params;
    hf_system system;
    hf_point *point; /* the integrator's: where it looks */
    gsl_root_fsolver *solver;
    hf_crossings crossings;
    hf_track track;
    double speed_floor;
    double slope_before, slope_now; /* dP/dt / P at the last looks */
    size_t mark_count;
    hf_detector_mark *mark; /* (signals + 1) of the last step */
    double *y;              /* the state looked at */
    double *low_y;          /* the state at track.low */
    bool low_known;         /* low_saddle has been computed */
    hf_saddle low_saddle;
};

/* ---- what is watched ---- */

/* Speeds below this count as equal where the system is. */
static double resting_speed(const hf_detector *d)
{
    return fmax(d->speed_floor, hf_point_rest(d->point));
}

/* Whether P is what rounding leaves of a balance. */
static bool is_balanced(const hf_detector *d, double speed)
{
    return hf_system_may_rest(&d->system) && speed <= resting_speed(d);
}

/* What is looked at; slope: dP/dt / P there. */
static hf_sample sample_at(hf_detector *d, double t, double slope)
{
    const double loss = hf_point_loss(d->point), speed = hf_point_speed(d->point);
    const double rate = is_balanced(d, speed) ? hf_point_speed_rate(d->point) : slope * speed;
    return (hf_sample){t, loss, speed, rate, resting_speed(d)};
}

/* dP/dt / P; 0 where P says nothing. */
static double slope_at(hf_detector *d)
{
    const double speed = hf_point_speed(d->point);
    return speed > 0 && !is_balanced(d, speed) ? hf_point_speed_rate(d->point) / speed : 0;
}

/* ---- life ---- */

static hf_status look_at_start(hf_detector *d, hf_error *err)
{
    const hf_system *system = &d->system;
    system->kind->start(system->self, d->y);
    hf_point_at(d->point, d->y);
    hf_status status = hf_crossings_start(&d->crossings, d->point, &d->params, d->y, err);
    if (status != HF_OK)
        return status;
    const double unit = 1e3 * DBL_EPSILON;
    d->speed_floor = fmax(unit * unit * hf_point_loss(d->point), DBL_MIN);
    d->slope_before = d->slope_now = slope_at(d);
    memcpy(d->low_y, d->y, system->size * sizeof *d->y);
    const hf_sample start = sample_at(d, 0, d->slope_before);
    return hf_track_start(&d->track, d->params.detect.contrast, hf_system_may_rest(system), &start, err);
}

hf_status hf_detector_create(hf_detector **result, const hf_detector_params *params, hf_integrator *integrator,
                             hf_error *err)
{
    hf_detector *d = calloc(1, sizeof *d);
    if (d == NULL)
        return hf_fail_memory(err, "the detector");
    d->params = *params;
    d->system = *hf_integrator_system(integrator);
    d->point = hf_integrator_point(integrator);
    d->solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    d->y = malloc(2 * d->system.size * sizeof *d->y);
    hf_status status = d->solver == NULL || d->y == NULL ? hf_fail_memory(err, "the detector") : HF_OK;
    if (status == HF_OK) {
        d->low_y = d->y + d->system.size;
        status = look_at_start(d, err);
    }
    if (status == HF_OK && (d->mark = malloc((d->crossings.count + 1) * sizeof *d->mark)) == NULL)
        status = hf_fail_memory(err, "the detector");
    if (status != HF_OK) {
        hf_detector_free(d);
        return status;
    }
    *result = d;
    return HF_OK;
}

bool hf_detector_starts_stopped(const hf_detector *d)
{
    return d->crossings.starts_stopped || d->crossings.met;
}

bool hf_detector_has_met(const hf_detector *d)
{
    return d->crossings.met;
}

void hf_detector_free(hf_detector *d)
{
    if (d == NULL)
        return;
    if (d->solver != NULL)
        gsl_root_fsolver_free(d->solver);
    hf_crossings_clear(&d->crossings);
    hf_track_clear(&d->track);
    free(d->mark);
    free(d->y);
    free(d);
}

/* ---- marks ---- */

static void add_mark(hf_detector *d, hf_event_kind kind, size_t pattern, double t)
{
    d->mark[d->mark_count++] = (hf_detector_mark){kind, pattern, t}; /* at most one of each signal and one of the speed */
}

size_t hf_detector_marks(const hf_detector *d, const hf_detector_mark **marks)
{
    *marks = d->mark;
    return d->mark_count;
}

/* ---- locating a crossing ---- */

enum { SLOPE = -1 }; /* in place of a signal's number */

typedef struct {
    hf_detector *detector;
    hf_integrator *integrator;
    int signal;
    double start, at_start; /* the left end, where the value is known */
    double end, at_end;
} crossing;

static void look_at(hf_detector *d, hf_integrator *integrator, double t)
{
    double energy;
    hf_integrator_interpolate(integrator, t, d->y, &energy);
    hf_point_at(d->point, d->y);
}

static double crossing_value(double t, void *data)
{
    const crossing *c = data;
    if (t == c->start)
        return c->at_start;
    if (t == c->end)
        return c->at_end;
    look_at(c->detector, c->integrator, t);
    return c->signal == SLOPE ? slope_at(c->detector)
                              : hf_crossings_value(&c->detector->crossings, c->detector->point, (size_t)c->signal);
}

/* The time of a crossing inside the step, where the detector looks then. */
static hf_status locate(crossing *c, double *t, hf_error *err)
{
    const double relative = 1e-13;
    hf_detector *d = c->detector;
    gsl_function function = {crossing_value, c};
    int code = gsl_root_fsolver_set(d->solver, &function, c->start, c->end);
    for (int i = 0; i < 200 && code == GSL_SUCCESS; i++) {
        double low = gsl_root_fsolver_x_lower(d->solver), high = gsl_root_fsolver_x_upper(d->solver);
        if (high - low <= relative * high)
            break;
        code = gsl_root_fsolver_iterate(d->solver);
    }
    if (code != GSL_SUCCESS)
        return hf_fail(err, HF_ENUMERIC,
                       "the flow is not finite between t = %.6g and %.6g, so no event can be located there", c->start,
                       c->end);
    *t = gsl_root_fsolver_x_upper(d->solver); /* at or behind the crossing */
    look_at(d, c->integrator, *t);
    return HF_OK;
}

/* ---- plateaus and drops ---- */

/* Looks at the lowest state, whose saddle is wanted. No eigenvalues are no reason to lose the run. */
static hf_status know_low(hf_detector *d, hf_error *err)
{
    if (d->low_known)
        return HF_OK;
    d->low_saddle = hf_saddle_unknown();
    if (!d->params.detect.saddles || d->system.kind->curvature == NULL)
        return HF_OK;
    hf_point_at(d->point, d->low_y);
    hf_status status = hf_saddle_analyze(d->point, d->track.low.t, &d->low_saddle, err);
    if (status == HF_ENUMERIC) {
        d->low_saddle = hf_saddle_unknown();
        status = HF_OK;
    }
    d->low_known = status == HF_OK;
    return status;
}

static hf_status add_plateau(hf_detector *d, hf_error *err)
{
    const hf_status status = know_low(d, err);
    return status == HF_OK ? hf_track_add_plateau(&d->track, d->low_saddle, err) : status;
}

/* Takes in one more point of P, whose state is y; looks at the lowest one if that was a plateau. */
static hf_status follow(hf_detector *d, const hf_sample *s, hf_error *err)
{
    hf_track_news news;
    const hf_status status = hf_track_follow(&d->track, s, &news, err);
    if (status == HF_OK && news.is_lowest) {
        d->low_known = false;
        memcpy(d->low_y, d->y, d->system.size * sizeof *d->y);
    }
    return status == HF_OK && news.has_plateau ? add_plateau(d, err) : status;
}

/* ---- one step ---- */

static hf_status check_slope(hf_detector *d, hf_integrator *integrator, double start, double end, hf_error *err)
{
    double t;
    crossing c = {d, integrator, SLOPE, start, d->slope_before, end, d->slope_now};
    const hf_status status = locate(&c, &t, err);
    if (status != HF_OK)
        return status;
    const hf_sample extremum = sample_at(d, t, 0);
    const hf_status followed = follow(d, &extremum, err);
    if (d->track.low.t == t || d->track.high.t == t)
        add_mark(d, HF_EVENT_PLATEAU, 0, t);
    return followed;
}

static hf_status check_signal(hf_detector *d, hf_integrator *integrator, size_t signal, double start, double end,
                              hf_error *err)
{
    double t;
    hf_crossings *x = &d->crossings;
    crossing c = {d, integrator, (int)signal, start, x->before[signal], end, x->now[signal]};
    const hf_status status = locate(&c, &t, err);
    if (status != HF_OK)
        return status;
    add_mark(d, x->signal[signal].event, x->signal[signal].pattern, t);
    return hf_crossings_record(x, d->point, signal, t, d->y, err);
}

/* Signals at t. */
static hf_status look(hf_detector *d, hf_integrator *integrator, double t, hf_error *err)
{
    size_t bad;
    look_at(d, integrator, t);
    if (d->params.detect.events)
        d->slope_now = slope_at(d);
    hf_crossings_look(&d->crossings, d->point, &bad);
    if (!isfinite(d->slope_now) || bad < d->crossings.count)
        return hf_fail(err, HF_ENUMERIC, "the flow is not finite at t = %.6g; %s", t, d->system.kind->remedy);
    return HF_OK;
}

/* Of a step that was only glanced at the rate is not known well. */
static hf_status remember(hf_detector *d, const hf_sample *s, bool glanced, hf_error *err)
{
    hf_sample kept = *s;
    if (glanced)
        kept.rate = NAN;
    return hf_track_remember(&d->track, &kept, err);
}

static bool has_extremum(const hf_detector *d)
{
    const double before = d->slope_before, now = d->slope_now;
    return d->params.detect.events && ((before > 0 && now <= 0) || (before < 0 && now >= 0));
}

/* The end of the step without an evaluation there, if nothing can have happened in it: no signal has crossed, and the speed goes on as
 * it did. False: it is to be looked at. */
static bool glance(hf_detector *d, hf_integrator *integrator, hf_sample *s)
{
    const hf_point *point;
    const double t = hf_integrator_time(integrator);
    double loss, speed, slope = 0, energy;
    if (hf_system_may_rest(&d->system) || !hf_integrator_near(integrator, &loss, &speed, &point) ||
        !hf_crossings_glance(&d->crossings, point, loss))
        return false;
    if (d->params.detect.events) {
        const double error = fabs(hf_point_speed(point) / speed - 1); /* nearly all of which is known, and added */
        if (!hf_track_foresee(&d->track, t, speed, error, &slope) || slope * d->slope_before <= 0)
            return false;
        d->slope_now = slope;
    }
    hf_integrator_interpolate(integrator, t, d->y, &energy);
    *s = (hf_sample){t, loss, speed, slope * speed, d->speed_floor};
    return true;
}

/* All signals that have crossed in the step. One that ends the run brings its end forward. Afterwards the detector looks at the
 * end. */
static hf_status check_signals(hf_detector *d, hf_integrator *integrator, double start, double *end, bool *stopped,
                               hf_error *err)
{
    hf_status status = HF_OK;
    bool moved = false;
    for (size_t s = 0; s < d->crossings.count && status == HF_OK; s++)
        if (s != HF_SIGNAL_STOP_LOSS && hf_crossings_has_crossed(&d->crossings, s)) {
            status = check_signal(d, integrator, s, start, *end, err);
            moved = true;
        }
    if (status != HF_OK)
        return status;
    if (d->crossings.met) {
        *stopped = true;
        *end = d->crossings.t_met;
        return look(d, integrator, *end, err);
    }
    if (moved)
        look_at(d, integrator, *end);
    return HF_OK;
}

/* The end of the step, or the time at which the loss stops the run. */
static hf_status look_at_end(hf_detector *d, hf_integrator *integrator, double start, double *end, bool *stopped,
                             hf_error *err)
{
    hf_crossings *x = &d->crossings;
    const size_t stop = HF_SIGNAL_STOP_LOSS;
    hf_status status = look(d, integrator, *end, err);
    *stopped = status == HF_OK && hf_crossings_has_crossed(x, stop);
    if (!*stopped)
        return status;
    crossing c = {d, integrator, HF_SIGNAL_STOP_LOSS, start, x->before[stop], *end, x->now[stop]};
    status = locate(&c, end, err);
    if (status != HF_OK)
        return status;
    add_mark(d, HF_EVENT_STOP, 0, *end);
    return look(d, integrator, *end, err);
}

hf_status hf_detector_step(hf_detector *d, hf_integrator *integrator, double limit, double *reached, bool *stopped,
                           hf_error *err)
{
    const double start = d->track.samples[d->track.sample_count - 1].t;
    double end = fmin(hf_integrator_time(integrator), limit);
    *stopped = false;
    *reached = end;
    d->mark_count = 0;
    if (!d->params.detect.events && !d->crossings.watched[HF_SIGNAL_STOP_LOSS])
        return HF_OK;
    hf_sample s;
    hf_status status = HF_OK;
    const bool seen = hf_integrator_time(integrator) < limit && glance(d, integrator, &s);
    if (!seen) {
        status = look_at_end(d, integrator, start, &end, stopped, err);
        if (status == HF_OK)
            status = check_signals(d, integrator, start, &end, stopped, err);
        if (status != HF_OK)
            return status;
        s = sample_at(d, end, d->slope_now);
        if (has_extremum(d)) {
            status = check_slope(d, integrator, start, end, err);
            look_at(d, integrator, end);
        }
    }
    if (status == HF_OK)
        status = remember(d, &s, seen, err);
    if (status == HF_OK && d->params.detect.events)
        status = follow(d, &s, err);
    d->slope_before = d->slope_now;
    hf_crossings_pass(&d->crossings);
    *reached = end;
    return status;
}

/* Whether the lowest state is that of the restart: the speed still falls, and the next step has most likely a lower one. */
static bool is_lowest_now(const hf_detector *d)
{
    return d->track.low.t == d->track.samples[d->track.sample_count - 1].t;
}

hf_status hf_detector_before_restart(hf_detector *d, hf_error *err)
{
    return !d->params.detect.events || d->track.seeking == HF_SEEK_DROP || is_lowest_now(d)
               ? HF_OK
               : know_low(d, err); /* low_y is in the basis that ends here */
}

void hf_detector_after_restart(hf_detector *d, hf_integrator *integrator)
{
    double energy;
    if (is_lowest_now(d))
        hf_integrator_interpolate(integrator, hf_integrator_time(integrator), d->low_y, &energy);
}

bool hf_detector_transfer(hf_detector *d, hf_channel *channel)
{
    hf_channel_flags(channel, &d->low_known, 1);
    hf_channel_bytes(channel, &d->low_saddle, sizeof d->low_saddle);
    hf_channel_bytes(channel, &d->slope_before, sizeof d->slope_before);
    if (!channel->writing)
        d->slope_now = d->slope_before;
    return hf_track_transfer(&d->track, channel) && hf_crossings_transfer(&d->crossings, channel) &&
           d->track.sample_count > 0;
}

size_t hf_detector_stages(const hf_detector *d)
{
    return d->track.drop_count;
}

/* ---- the end ---- */

static hf_status know_resolution(const hf_detector *d, hf_resolution *r, hf_error *err)
{
    const double rounding = 1e3 * DBL_EPSILON; /* what steps accumulate, whatever the tolerance */
    const hf_watch_kind *watch = d->system.kind->watch;
    *r = (hf_resolution){.rtol = fmax(d->params.rtol, rounding), .atol = d->params.atol, .scale = d->crossings.loss_start};
    return watch == NULL || watch->resolution == NULL ? HF_OK
                                                      : watch->resolution(d->system.self, &r->scale, &r->variance, err);
}

hf_status hf_detector_finish(hf_detector *d, hf_findings *f, hf_error *err)
{
    bool has_plateau;
    hf_resolution resolution;
    hf_track *track = &d->track;
    *f = (hf_findings){0};
    hf_status status = hf_track_close(track, &has_plateau, err);
    if (status == HF_OK && has_plateau)
        status = add_plateau(d, err);
    if (status == HF_OK)
        status = know_resolution(d, &resolution, err);
    if (status != HF_OK)
        return status;
    hf_track_resolve(track, &resolution);
    status = hf_crossings_begin_findings(&d->crossings, track->drop_count, track->plateau_count, f, err);
    if (status != HF_OK)
        return status;
    hf_track_describe(track, f);
    hf_point_at(d->point, d->y);
    status =
        hf_crossings_complete_findings(&d->crossings, &track->samples[track->sample_count - 1], d->point, d->y, f, err);
    if (status != HF_OK)
        return status;
    f->curve = (hf_curve){track->sample_count, track->samples};
    track->samples = NULL; /* the findings own them now */
    return HF_OK;
}
