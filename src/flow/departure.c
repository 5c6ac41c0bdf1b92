#include "flow/departure.h"

#include <math.h>

static const double part =
    0.1; /* of the fastest: attentions a factor 3 apart, where heads that are still small grow like s^2 */

/* Growth or, at t = 0, size of head k's share of pattern j (from 0). */
static double movement(const hf_problem *p, const hf_observation *o, double t, size_t k, size_t j)
{
    return (t > 0 ? o->share_rate : o->share)[k * p->patterns + j];
}

void hf_departure_acquired(const hf_problem *p, const hf_observation *o, hf_event *event)
{
    const size_t j = event->pattern - 1;
    double fastest = -INFINITY;
    size_t moving = 0;
    for (size_t k = 0; k < p->heads; k++)
        fastest = fmax(fastest, movement(p, o, event->t, k, j));
    event->head = 0;
    for (size_t k = 0; k < p->heads; k++) {
        const double moved = movement(p, o, event->t, k, j), share = o->share[k * p->patterns + j];
        if (moved < part * fastest)
            continue;
        if (event->head == 0 || share > event->value) {
            event->head = k + 1;
            event->value = share;
        }
        moving++;
    }
    event->mode = p->heads == 1 ? HF_MODE_NONE : moving == p->heads ? HF_MODE_COMPETITIVE : HF_MODE_COOPERATIVE;
}

/* Cosine between the attentions of two heads, over positions. */
static double cosine(const hf_problem *p, const hf_observation *o, size_t k, size_t l)
{
    const double *x = o->attention + k * p->positions, *y = o->attention + l * p->positions;
    double xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < p->positions; i++) {
        xx += p->multiplicity[i] * x[i] * x[i];
        xy += p->multiplicity[i] * x[i] * y[i];
        yy += p->multiplicity[i] * y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

void hf_departure_split(const hf_problem *p, const hf_observation *o, hf_event *event)
{
    double least = INFINITY, fastest = -INFINITY;
    size_t pair[2] = {0, 0};
    for (size_t k = 0; k < p->heads; k++)
        for (size_t l = 0; l < k; l++) {
            const double overlap = cosine(p, o, k, l);
            if (overlap < least) {
                least = overlap;
                pair[0] = l;
                pair[1] = k;
            }
        }
    event->head = pair[0] + 1;
    event->other = pair[1] + 1;
    event->pattern = 0;
    for (size_t side = 0; side < 2 && event->t > 0; side++)
        for (size_t j = 0; j < p->patterns; j++) {
            const double moved = movement(p, o, event->t, pair[side], j);
            if (moved > fastest) {
                fastest = moved;
                event->head = pair[side] + 1;
                event->other = pair[1 - side] + 1;
                event->pattern = j + 1;
            }
        }
    if (event->t == 0)
        event->head = 0;
}

static void match(size_t count, const hf_event *events, hf_event *split)
{
    double nearest = INFINITY;
    const size_t head = split->head, other = split->other;
    for (size_t i = 0; i < count; i++) {
        const hf_event *e = &events[i];
        const bool is_departure = e->kind == HF_EVENT_ACQUIRED && e->mode == HF_MODE_COOPERATIVE &&
                                  e->stage == split->stage && (e->head == head || e->head == other);
        if (is_departure && fabs(e->t - split->t) < nearest) {
            nearest = fabs(e->t - split->t);
            split->head = e->head;
            split->other = e->head == head ? other : head;
            split->pattern = e->pattern;
        }
    }
}

void hf_departure_match(size_t count, hf_event *events)
{
    for (size_t i = 0; i < count; i++)
        if (events[i].kind == HF_EVENT_SPLIT && events[i].t > 0)
            match(count, events, &events[i]);
}
