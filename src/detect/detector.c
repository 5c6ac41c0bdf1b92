#include "detect/detector_state.h"

#include "core/channel.h"
#include "detect/departure.h"
#include "flow/curvature.h"
#include "flow/observe.h"

#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const hf_event_names[] = {"plateau", "drop", "onset", "settle", "acquired", "split", "emerged", "stop"};

enum {
    SLOPE = HF_SIGNAL_SLOPE,
    OVERLAP = HF_SIGNAL_OVERLAP,
    STOP_LOSS = HF_SIGNAL_STOP_LOSS,
    EMERGENCE = HF_SIGNAL_EMERGENCE,
    SHARES = HF_SIGNAL_SHARES
};

/* ---- what is watched ---- */

bool hf_detector_grow(void **list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t more = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(*list, more * size);
    if (grown == NULL)
        return false;
    *list = grown;
    *capacity = more;
    return true;
}

/* sum_k share_kj: what the heads together give along u_j on p_j. */
static double total_share(const hf_flow *flow, size_t j)
{
    const hf_problem *p = flow->problem;
    const hf_pattern *pattern = &p->pattern[j];
    double sum = 0;
    for (size_t r = 0; r < p->features; r++) {
        double u = p->feature[j * p->features + r];
        for (size_t n = 0; n < p->heads && u != 0; n++)
            for (size_t e = 0; e < pattern->count; e++) {
                hf_pattern_entry entry = pattern->entry[e];
                sum += u * flow->value[n * p->features + r] * p->multiplicity[entry.position] * entry.weight *
                       flow->attention[n * p->positions + entry.position];
            }
    }
    return sum / (p->strength[j] * p->feature2[j] * pattern->norm2);
}

/* Speeds below this count as equal where the flow is. */
static double resting_speed(const hf_detector *d)
{
    const double part = 0.05; /* of the gradient's dissipation, when the drift takes the rest back */
    return d->flow->problem->drift > 0 ? fmax(d->speed_floor, part * d->flow->descent) : d->speed_floor;
}

/* Whether P is what rounding leaves of a balance between drift and gradient. */
static bool is_balanced(const hf_detector *d)
{
    return d->flow->problem->drift > 0 && d->flow->speed <= resting_speed(d);
}

/* The flow where it is; slope: the signal SLOPE there. */
static hf_sample sample_at(const hf_detector *d, double t, double slope)
{
    double rate = is_balanced(d) ? hf_flow_speed_rate(d->flow) : slope * d->flow->speed;
    return (hf_sample){t, d->flow->loss, d->flow->speed, rate, resting_speed(d)};
}

/* dP/dt / P; 0 where P says nothing. */
static double slope_at(const hf_detector *d)
{
    const hf_flow *flow = d->flow;
    return flow->speed > 0 && !is_balanced(d) ? hf_flow_speed_rate(flow) / flow->speed : 0;
}

/* The loss by which emergence is judged: that of the test data where there are any. */
static double judged_loss(const hf_flow *flow)
{
    return flow->problem->test_variance != NULL ? hf_test_loss(flow) : flow->loss;
}

double hf_detector_signal(const hf_detector *d, size_t signal)
{
    const hf_flow *flow = d->flow;
    switch (signal) {
    case SLOPE:
        return slope_at(d);
    case OVERLAP:
        return hf_least_overlap(flow) - d->config->detect.overlap;
    case STOP_LOSS:
        return flow->loss - d->config->solver.stop_loss;
    case EMERGENCE:
        return judged_loss(flow) - d->config->detect.loss_fraction * d->judged_start;
    default:
        return total_share(flow, signal - SHARES) - d->config->detect.acquired;
    }
}

bool hf_detector_crossed(size_t signal, double before, double now)
{
    if (signal == SLOPE)
        return (before > 0 && now <= 0) || (before < 0 && now >= 0);
    return signal < SHARES ? before > 0 && now <= 0 : before < 0 && now >= 0;
}

/* ---- life ---- */

/* What holds at the start happens there. */
static bool record_start(hf_detector *d)
{
    bool good = true;
    for (size_t s = 0; s < d->signals && good; s++) {
        const bool holds = s < SHARES ? d->before[s] <= 0 : d->before[s] >= 0;
        if (s == SLOPE || !d->watched[s] || !holds)
            continue;
        d->watched[s] = false;
        if (s == STOP_LOSS)
            d->starts_stopped = true;
        else
            good = hf_detector_record(d, s, 0);
    }
    return good;
}

static void look_at_start(hf_detector *d)
{
    hf_flow_start(d->flow, d->y);
    hf_flow_at(d->flow, d->y);
    d->loss_start = d->flow->loss;
    d->judged_start = judged_loss(d->flow);
    d->start_overlap = hf_least_overlap(d->flow);
    d->speed_floor = fmax(1e3 * DBL_EPSILON * (1e3 * DBL_EPSILON) * d->loss_start, DBL_MIN);
    bool events = d->config->detect.events;
    d->watched[SLOPE] = events;
    d->watched[OVERLAP] = events && d->flow->problem->heads > 1;
    d->watched[STOP_LOSS] = d->config->solver.stop_loss > 0;
    d->watched[EMERGENCE] = events && d->config->detect.loss_fraction > 0;
    for (size_t s = 0; s < d->signals; s++) {
        if (s >= SHARES)
            d->watched[s] = events;
        d->before[s] = hf_detector_signal(d, s);
        if (s >= SHARES)
            d->held[s - SHARES] = d->before[s] >= 0;
    }
    hf_pair_overlaps(d->flow, d->y, d->start_overlaps);
    d->low = d->high = d->samples[0] = sample_at(d, 0, d->before[SLOPE]);
    d->sample_count = 1;
    memcpy(d->now, d->before, d->signals * sizeof *d->now); /* signals that are not watched keep these */
    memcpy(d->low_y, d->y, hf_flow_size(d->flow) * sizeof *d->y);
}

hf_status hf_detector_create(hf_detector **result, const hf_config *config, hf_flow *flow, hf_error *err)
{
    hf_detector *d = calloc(1, sizeof *d);
    if (d == NULL)
        return hf_fail_memory(err, "the detector");
    const size_t size = hf_flow_size(flow), pairs = flow->problem->heads * flow->problem->heads;
    d->config = config;
    d->flow = flow;
    d->patterns = flow->problem->patterns;
    d->signals = SHARES + d->patterns;
    d->solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    d->y = malloc((2 * (size + d->signals) + pairs) * sizeof *d->y);
    d->watched = calloc(d->signals + d->patterns, sizeof *d->watched);
    if (d->solver == NULL || d->y == NULL || d->watched == NULL ||
        !hf_detector_grow((void **)&d->samples, 0, &d->sample_capacity, sizeof *d->samples) ||
        hf_observation_init(&d->observation, flow, NULL) != HF_OK) {
        hf_detector_free(d);
        return hf_fail_memory(err, "the detector");
    }
    d->low_y = d->y + size;
    d->before = d->low_y + size;
    d->now = d->before + d->signals;
    d->start_overlaps = d->now + d->signals;
    d->held = d->watched + d->signals;
    look_at_start(d);
    if (!record_start(d)) {
        hf_detector_free(d);
        return hf_fail_memory(err, "the events");
    }
    *result = d;
    return HF_OK;
}

bool hf_detector_starts_stopped(const hf_detector *d)
{
    return d->starts_stopped;
}

void hf_detector_free(hf_detector *d)
{
    if (d == NULL)
        return;
    if (d->solver != NULL)
        gsl_root_fsolver_free(d->solver);
    hf_observation_clear(&d->observation);
    free(d->y);
    free(d->watched);
    free(d->samples);
    free(d->events);
    free(d->plateaus);
    free(d->states);
    free(d->drops);
    free(d);
}

/* ---- locating a crossing ---- */

typedef struct {
    hf_detector *detector;
    hf_integrator *integrator;
    size_t signal;
    double start, at_start; /* the left end, where the value is known */
    double end, at_end;
} crossing;

static void look_at(hf_detector *d, hf_integrator *integrator, double t)
{
    double energy;
    hf_integrator_interpolate(integrator, t, d->y, &energy);
    hf_flow_at(d->flow, d->y);
}

static double crossing_value(double t, void *data)
{
    const crossing *c = data;
    if (t == c->start)
        return c->at_start;
    if (t == c->end)
        return c->at_end;
    look_at(c->detector, c->integrator, t);
    return hf_detector_signal(c->detector, c->signal);
}

/* The time of a crossing inside the step; the flow is left there. */
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

/* ---- events of the heads ---- */

bool hf_detector_record(hf_detector *d, size_t signal, double t)
{
    if (!hf_detector_grow((void **)&d->events, d->event_count, &d->event_capacity, sizeof *d->events))
        return false;
    hf_observe(d->flow, d->y, &d->observation);
    hf_observe_share_rates(d->flow, &d->observation);
    hf_event event = {.t = t, .loss = d->observation.loss};
    if (signal == OVERLAP) {
        event.kind = HF_EVENT_SPLIT;
        event.value = d->observation.overlap;
        hf_departure_split(d->flow->problem, &d->observation, &event);
    } else if (signal == EMERGENCE) {
        event.kind = HF_EVENT_EMERGED;
        event.value = d->judged_start > 0 ? judged_loss(d->flow) / d->judged_start : 0;
    } else {
        event.kind = HF_EVENT_ACQUIRED;
        event.pattern = signal - SHARES + 1;
        hf_departure_acquired(d->flow->problem, &d->observation, &event);
    }
    d->events[d->event_count++] = event;
    return true;
}

/* ---- plateaus and drops ---- */

static double effective(const hf_sample *s)
{
    return fmax(s->speed, s->rest);
}

static hf_status know_low(hf_detector *d, hf_error *err)
{
    if (d->low_known)
        return HF_OK;
    if (!d->config->detect.saddles || d->keep_states) {
        d->low_saddle = hf_saddle_unknown();
        return HF_OK;
    }
    hf_flow_at(d->flow, d->low_y);
    hf_status status = hf_saddle_analyze(d->flow, d->low.t, &d->low_saddle, err);
    if (status == HF_ENUMERIC) { /* no eigenvalues are no reason to lose the run */
        d->low_saddle = hf_saddle_unknown();
        status = HF_OK;
    }
    d->low_known = status == HF_OK;
    return status;
}

static hf_status add_plateau(hf_detector *d, hf_error *err)
{
    hf_status status = know_low(d, err);
    if (status != HF_OK)
        return status;
    if (!hf_detector_grow((void **)&d->plateaus, d->plateau_count, &d->plateau_capacity, sizeof *d->plateaus))
        return hf_fail_memory(err, "the plateaus");
    const size_t size = hf_flow_size(d->flow);
    if (d->keep_states) {
        if (!hf_detector_grow((void **)&d->states, d->plateau_count, &d->state_capacity, size * sizeof *d->states))
            return hf_fail_memory(err, "the plateaus");
        memcpy(d->states + d->plateau_count * size, d->low_y, size * sizeof *d->states);
    }
    d->plateaus[d->plateau_count++] = (hf_plateau){
        .t = d->low.t, .loss = d->low.loss, .speed = d->low.speed, .level = effective(&d->low), .saddle = d->low_saddle};
    return HF_OK;
}

static hf_status add_drop(hf_detector *d, hf_error *err)
{
    if (!hf_detector_grow((void **)&d->drops, d->drop_count, &d->drop_capacity, sizeof *d->drops))
        return hf_fail_memory(err, "the drops");
    d->drops[d->drop_count++] = d->high;
    return HF_OK;
}

static void set_low(hf_detector *d, const hf_sample *s)
{
    d->low = *s;
    d->low_known = false;
    memcpy(d->low_y, d->y, hf_flow_size(d->flow) * sizeof *d->y);
}

hf_status hf_detector_follow(hf_detector *d, const hf_sample *s, hf_error *err)
{
    double speed = effective(s), contrast = d->config->detect.contrast;
    hf_status status = HF_OK;
    if (speed < effective(&d->low))
        set_low(d, s);
    if (s->speed > d->high.speed)
        d->high = *s;
    if (d->seeking != SEEK_DROP && s->speed > s->rest && speed >= contrast * effective(&d->low)) {
        status = add_plateau(d, err);
        d->seeking = SEEK_DROP;
        d->high = *s;
    } else if (d->seeking != SEEK_PLATEAU && speed * contrast <= effective(&d->high)) {
        if (d->seeking == SEEK_DROP) /* a start that is not on a plateau falls to one; that is no stage */
            status = add_drop(d, err);
        d->seeking = SEEK_PLATEAU;
        set_low(d, s);
    }
    return status;
}

hf_status hf_detector_remember(hf_detector *d, const hf_sample *s, hf_error *err)
{
    if (!hf_detector_grow((void **)&d->samples, d->sample_count, &d->sample_capacity, sizeof *d->samples))
        return hf_fail_memory(err, "the history of the speed");
    d->samples[d->sample_count++] = *s;
    return HF_OK;
}

/* ---- one step ---- */

/* Crossings of one signal in the step; signals other than the slope happen once. */
static hf_status check_signal(hf_detector *d, hf_integrator *integrator, size_t signal, double start, double end,
                              hf_error *err)
{
    double t;
    crossing c = {d, integrator, signal, start, d->before[signal], end, d->now[signal]};
    hf_status status = locate(&c, &t, err);
    if (status != HF_OK)
        return status;
    if (signal == SLOPE) {
        hf_sample extremum = sample_at(d, t, 0);
        return hf_detector_follow(d, &extremum, err);
    }
    d->watched[signal] = false;
    return hf_detector_record(d, signal, t) ? HF_OK : hf_fail_memory(err, "the events");
}

/* Signals at t. */
static hf_status look(hf_detector *d, hf_integrator *integrator, double t, hf_error *err)
{
    look_at(d, integrator, t);
    for (size_t s = 0; s < d->signals; s++) {
        if (!d->watched[s])
            continue;
        d->now[s] = hf_detector_signal(d, s);
        if (!isfinite(d->now[s]))
            return hf_fail(err, HF_ENUMERIC, "the flow is not finite at t = %.6g; lower target.strengths or the rates", t);
    }
    return HF_OK;
}

hf_status hf_detector_step(hf_detector *d, hf_integrator *integrator, double limit, double *reached, bool *stopped,
                           hf_error *err)
{
    double start = d->samples[d->sample_count - 1].t, end = fmin(hf_integrator_time(integrator), limit);
    *stopped = false;
    *reached = end;
    if (!d->watched[SLOPE] && !d->watched[STOP_LOSS])
        return HF_OK;
    hf_status status = look(d, integrator, end, err);
    if (status == HF_OK && d->watched[STOP_LOSS] &&
        hf_detector_crossed(STOP_LOSS, d->before[STOP_LOSS], d->now[STOP_LOSS])) {
        crossing c = {d, integrator, STOP_LOSS, start, d->before[STOP_LOSS], end, d->now[STOP_LOSS]};
        *stopped = true;
        status = locate(&c, &end, err);
        if (status == HF_OK)
            status = look(d, integrator, end, err);
    }
    if (status != HF_OK)
        return status;
    hf_sample s = sample_at(d, end, d->now[SLOPE]);
    bool moved = false;
    for (size_t signal = 0; signal < d->signals && status == HF_OK; signal++)
        if (signal != STOP_LOSS && d->watched[signal] && hf_detector_crossed(signal, d->before[signal], d->now[signal])) {
            status = check_signal(d, integrator, signal, start, end, err);
            moved = true;
        }
    if (status != HF_OK)
        return status;
    if (moved)
        look_at(d, integrator, end);
    status = hf_detector_remember(d, &s, err);
    if (status == HF_OK)
        status = hf_detector_follow(d, &s, err);
    memcpy(d->before, d->now, d->signals * sizeof *d->before);
    d->end_overlap = d->now[OVERLAP] + d->config->detect.overlap;
    *reached = end;
    return status;
}

hf_status hf_detector_before_restart(hf_detector *d, hf_error *err)
{
    return !d->watched[SLOPE] || d->seeking == SEEK_DROP ? HF_OK
                                                         : know_low(d, err); /* low_y is in the basis that ends here */
}

bool hf_detector_transfer(hf_detector *d, hf_channel *channel)
{
    hf_channel_bytes(channel, &d->seeking, sizeof d->seeking);
    hf_channel_bytes(channel, &d->low, sizeof d->low);
    hf_channel_bytes(channel, &d->high, sizeof d->high);
    hf_channel_bytes(channel, &d->low_known, sizeof d->low_known);
    hf_channel_bytes(channel, &d->low_saddle, sizeof d->low_saddle);
    hf_channel_bytes(channel, d->before, d->signals * sizeof *d->before);
    hf_channel_bytes(channel, d->watched, d->signals * sizeof *d->watched);
    hf_channel_array(channel, (void **)&d->samples, &d->sample_count, sizeof *d->samples);
    hf_channel_array(channel, (void **)&d->events, &d->event_count, sizeof *d->events);
    hf_channel_array(channel, (void **)&d->plateaus, &d->plateau_count, sizeof *d->plateaus);
    hf_channel_array(channel, (void **)&d->drops, &d->drop_count, sizeof *d->drops);
    size_t state_count = d->keep_states ? d->plateau_count : 0;
    hf_channel_array(channel, (void **)&d->states, &state_count, hf_flow_size(d->flow) * sizeof *d->states);
    channel->good = channel->good && (!d->keep_states || state_count == d->plateau_count);
    if (!channel->writing) {
        memcpy(d->now, d->before, d->signals * sizeof *d->now); /* what is not watched any more stays as it was */
        d->sample_capacity = d->sample_count;
        d->event_capacity = d->event_count;
        d->plateau_capacity = d->plateau_count;
        d->drop_capacity = d->drop_count;
        d->state_capacity = state_count;
    }
    return channel->good && (d->sample_count > 0 || d->keep_states || !d->config->detect.events);
}

size_t hf_detector_stages(const hf_detector *d)
{
    return d->drop_count;
}

hf_status hf_detector_close(hf_detector *d, hf_error *err)
{
    d->end = d->seeking == SEEK_DROP ? HF_END_STAGE : d->seeking == SEEK_PLATEAU ? HF_END_PLATEAU : HF_END_START;
    return d->seeking == SEEK_DROP ? add_drop(d, err) : add_plateau(d, err);
}
