/* What tables show of the in-context flow, what happens to it, and its curvature. */
#include "system/in_context_state.h"

#include <math.h>
#include <stdlib.h>

/* ---- shares ---- */

/* Part of K_ii that head h gives, over what it is when feature i is known. */
static double share_of(const hf_in_context *flow, const double *y, size_t h, size_t i)
{
    const size_t heads = flow->heads, d = flow->dimension;
    const double *k = y + heads, *q = k + heads * d;
    return y[h] * k[h * d + i] * q[h * d + i] / flow->best[i];
}

static double known(const void *point, size_t pattern)
{
    const hf_in_context_point *here = point;
    const size_t i = pattern - 1;
    return here->product[i * (here->flow->dimension + 1)] / here->flow->best[i];
}

/* ---- an observer ---- */

typedef struct {
    const hf_in_context *flow;
    double mixed;  /* |K - diag K| / |K of everything known|, Frobenius */
    double *known; /* (D) K_ii over what it is when feature i is known */
    double *loss;  /* (D) what row i of K leaves of the loss above the least */
    double *value; /* (H) */
    double *share; /* (H, D) */
} view;

static hf_status create(void **observer, const void *self, hf_error *err)
{
    const hf_in_context *flow = self;
    const size_t d = flow->dimension, heads = flow->heads;
    view *v = calloc(1, sizeof *v);
    double *memory = calloc(2 * d + heads + heads * d, sizeof *memory);
    if (v == NULL || memory == NULL) {
        free(v);
        free(memory);
        return hf_fail_memory(err, "the observations");
    }
    *v = (view){.flow = flow, .known = memory, .loss = memory + d, .value = memory + 2 * d};
    v->share = v->value + heads;
    *observer = v;
    return HF_OK;
}

static void destroy(void *observer)
{
    view *v = observer;
    if (v != NULL)
        free(v->known);
    free(v);
}

static void look(void *observer, const void *point, const double *y)
{
    view *v = observer;
    const hf_in_context_point *here = point;
    const hf_in_context *flow = v->flow;
    const size_t d = flow->dimension;
    double outside = 0, whole = 0;
    for (size_t i = 0; i < d; i++) {
        v->known[i] = known(point, i + 1);
        v->loss[i] = 0;
        whole += flow->best[i] * flow->best[i];
        for (size_t j = 0; j < d; j++) {
            const double k = here->product[i * d + j], missing = (i == j ? flow->best[i] : 0) - k;
            v->loss[i] += flow->moment[i] * missing * missing * flow->eigenvalue[j];
            outside += i == j ? 0 : k * k;
        }
    }
    v->mixed = sqrt(outside / whole);
    for (size_t h = 0; h < flow->heads; h++) {
        v->value[h] = y[h];
        for (size_t i = 0; i < d; i++)
            v->share[h * d + i] = share_of(flow, y, h, i);
    }
}

/* ---- columns ---- */

static hf_shape by_feature(const void *self)
{
    return (hf_shape){1, {((const hf_in_context *)self)->dimension, 0}, 1};
}

static hf_shape by_head(const void *self)
{
    return (hf_shape){1, {((const hf_in_context *)self)->heads, 0}, 1};
}

static hf_shape by_head_and_feature(const void *self)
{
    const hf_in_context *flow = self;
    return (hf_shape){2, {flow->heads, flow->dimension}, 1};
}

static const double *get_mixed(const void *observer)
{
    return &((const view *)observer)->mixed;
}

static const double *get_known(const void *observer)
{
    return ((const view *)observer)->known;
}

static const double *get_loss(const void *observer)
{
    return ((const view *)observer)->loss;
}

static const double *get_value(const void *observer)
{
    return ((const view *)observer)->value;
}

static const double *get_share(const void *observer)
{
    return ((const view *)observer)->share;
}

static const hf_observable observables[] = {
    {"mixed", "", "", "what K has outside its diagonal, over K when everything is known", NULL, get_mixed, true},
    {"pattern_loss", "_<i>", "loss", "what direction i leaves of the loss above the least", by_feature, get_loss, false},
    {"known", "_<i>", "", "K_ii over what it is when direction i is known", by_feature, get_known, false},
    {"value", "_<h>", "", "value of head h", by_head, get_value, false},
    {"share", "_<h>_<i>", "", "part of that K_ii that head h gives", by_head_and_feature, get_share, false},
};

static hf_status state(const void *point, const double *y, hf_take_coordinate *take, void *to, hf_error *err)
{
    static const char *const kinds[] = {"key", "query"};
    const hf_in_context *flow = ((const hf_in_context_point *)point)->flow;
    const size_t heads = flow->heads, d = flow->dimension;
    (void)err;
    for (size_t h = 0; h < heads; h++)
        take(to, "value", h + 1, 1, y[h]);
    for (size_t kind = 0; kind < 2; kind++)
        for (size_t h = 0; h < heads; h++)
            for (size_t i = 0; i < d; i++)
                take(to, kinds[kind], h + 1, i + 1, y[heads + (kind * heads + h) * d + i]);
    return HF_OK;
}

static const char *conserved(const void *self)
{
    (void)self;
    return "v^2 - |k|^2 and v^2 - |q|^2";
}

static hf_status moved(const void *self, const double *y, double *far, hf_error *err)
{
    (void)err;
    *far = hf_in_context_defect(self, y);
    return HF_OK;
}

const hf_observer_kind hf_in_context_observer = {.create = create,
                                                 .free = destroy,
                                                 .look = look,
                                                 .observable_count = sizeof observables / sizeof observables[0],
                                                 .observable = observables,
                                                 .state = state,
                                                 .conserved = conserved,
                                                 .moved = moved};

/* ---- events ---- */

static size_t pattern_count(const void *self)
{
    return ((const hf_in_context *)self)->dimension;
}

static void signals(const void *self, const hf_thresholds *thresholds, hf_signal *signal)
{
    for (size_t i = 1; i <= pattern_count(self); i++)
        *signal++ = (hf_signal){.name = "known",
                                .event = HF_EVENT_ACQUIRED,
                                .pattern = i,
                                .rises = true,
                                .threshold = thresholds->acquired,
                                .value = known};
}

/* The head that gives most of it. */
static void describe(void *observer, void *point, const double *y, hf_event *event)
{
    view *v = observer;
    const size_t d = v->flow->dimension;
    look(v, point, y);
    event->loss = ((const hf_in_context_point *)point)->loss;
    event->value = -INFINITY;
    for (size_t h = 0; h < v->flow->heads; h++) {
        const double share = v->share[h * d + event->pattern - 1];
        if (share > event->value) {
            event->value = share;
            event->head = h + 1;
        }
    }
}

static hf_status level(const void *self, double loss, const bool *learned, double *result, hf_error *err)
{
    const hf_in_context *flow = self;
    (void)loss;
    (void)err;
    *result = flow->least;
    for (size_t i = 0; i < flow->dimension; i++)
        if (!learned[i])
            *result += flow->moment[i] * flow->best[i] * flow->best[i] * flow->eigenvalue[i];
    return HF_OK;
}

/* What K gives once everything is known. */
static hf_status resolution(const void *self, double *scale, double *variance, hf_error *err)
{
    const hf_in_context *flow = self;
    (void)err;
    *variance = *scale = 0;
    for (size_t i = 0; i < flow->dimension; i++) {
        *scale += flow->moment[i] * flow->best[i] * flow->best[i] * flow->eigenvalue[i];
        *variance = fmax(*variance, flow->moment[i] * flow->eigenvalue[i]);
    }
    return HF_OK;
}

const hf_watch_kind hf_in_context_watch = {.signal_count = pattern_count,
                                           .signals = signals,
                                           .describe = describe,
                                           .pattern_count = pattern_count,
                                           .level = level,
                                           .resolution = resolution};

/* ---- curvature ---- */

/* The flow goes down the gradient in its own coordinates, by half of it: its Jacobian is symmetric. */
static void times(void *point, const double *x, double *result)
{
    hf_in_context_jacobian_times(point, x, result);
    for (size_t i = 0; i < ((const hf_in_context_point *)point)->flow->size; i++)
        result[i] = -result[i];
}

/* Every head could learn every direction, with either sign. */
static size_t ways_down(const void *self, bool all)
{
    const hf_in_context *flow = self;
    return all ? 2 * flow->heads * flow->dimension : flow->heads;
}

const hf_curvature_kind hf_in_context_curvature = {.times = times, .ways_down = ways_down};
