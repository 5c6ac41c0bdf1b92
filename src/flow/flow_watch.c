#include "flow/flow_watch.h"

#include "flow/departure.h"
#include "flow/drift.h"
#include "flow/level.h"
#include "flow/observe.h"
#include "flow/restraint.h"

#include <math.h>
#include <stdlib.h>

static const hf_problem *problem_of(const void *self)
{
    return ((const hf_flow *)self)->problem;
}

/* ---- signals ---- */

static double overlap(const void *point, size_t pattern)
{
    (void)pattern;
    return hf_least_overlap(point);
}

static double share(const void *point, size_t pattern)
{
    return hf_total_share(point, pattern - 1);
}

/* One head overlaps with none. */
static size_t signal_count(const void *self)
{
    const hf_problem *p = problem_of(self);
    return (p->heads > 1) + p->patterns;
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    const hf_problem *p = problem_of(self);
    if (p->heads > 1)
        *signal++ =
            (hf_signal){.name = "overlap", .event = HF_EVENT_SPLIT, .threshold = thresholds->overlap, .value = overlap};
    for (size_t j = 1; j <= p->patterns; j++)
        *signal++ = (hf_signal){.name = "share",
                                .event = HF_EVENT_ACQUIRED,
                                .pattern = j,
                                .rises = true,
                                .threshold = thresholds->acquired,
                                .value = share};
}

static void describe(void *observer, void *point, const double *y, hf_event *event)
{
    hf_observation *o = observer;
    const hf_problem *p = o->problem;
    hf_observe(point, y, o);
    hf_observe_share_rates(point, o);
    event->loss = o->loss;
    if (event->kind == HF_EVENT_SPLIT) {
        event->value = o->overlap;
        hf_departure_split(p, o, event);
    } else
        hf_departure_acquired(p, o, event);
}

/* ---- losses ---- */

static double test_loss(const void *point)
{
    return hf_test_loss(point);
}

static bool has_test(const void *self)
{
    return problem_of(self)->test_variance != NULL;
}

static double descent(const void *point)
{
    return ((const hf_flow_point *)point)->descent;
}

static bool has_balance(const void *self)
{
    return ((const hf_flow *)self)->drift->turns;
}

static void inner_energy(const void *point, double *loss, double *speed)
{
    hf_span_loss(point, loss, speed);
}

static size_t pattern_count(const void *self)
{
    return problem_of(self)->patterns;
}

static hf_status level(const void *self, double loss, const bool *learned, double *result, hf_error *err)
{
    *result = NAN;
    if (hf_restraint_acts(problem_of(self)) || problem_of(self)->support != NULL) /* where it rests is not known */
        return HF_OK;
    return hf_level_predict(problem_of(self), loss, learned, result, err);
}

static hf_status resolution(const void *self, double *scale, double *variance, hf_error *err)
{
    const hf_problem *p = problem_of(self);
    bool *none = calloc(p->patterns, sizeof *none);
    if (none == NULL)
        return hf_fail_memory(err, "the stages");
    *scale = hf_problem_plateau_loss(p, none);
    *variance = 0;
    for (size_t i = 0; i < p->features * p->positions; i++)
        *variance = fmax(*variance, p->variance[i]);
    free(none);
    return HF_OK;
}

/* ---- heads ---- */

static size_t head_count(const void *self)
{
    return problem_of(self)->heads;
}

static double least_overlap(const void *point)
{
    return hf_least_overlap(point);
}

static void overlaps(const void *point, const double *y, double *result)
{
    hf_pair_overlaps(point, y, result);
}

const hf_watch_kind hf_flow_watch = {.signal_count = signal_count,
                                     .signals = signals,
                                     .describe = describe,
                                     .match = hf_departure_match,
                                     .test_loss = test_loss,
                                     .has_test = has_test,
                                     .descent = descent,
                                     .has_balance = has_balance,
                                     .inner_energy = inner_energy,
                                     .pattern_count = pattern_count,
                                     .level = level,
                                     .resolution = resolution,
                                     .head_count = head_count,
                                     .least_overlap = least_overlap,
                                     .overlaps = overlaps};
