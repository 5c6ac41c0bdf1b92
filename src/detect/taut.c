#include "detect/taut.h"

#include "core/lists.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A wall of the funnel: seen from the apex, its first point, the corners that the string may have to bend at. */
typedef struct {
    size_t first, count, capacity;
    hf_knot *corner; /* (capacity) of which [first, first + count) */
    double sign;     /* of the change of slope at a corner: 1 for the upper wall, -1 for the lower one */
} wall;

static double slope(const double *x, const hf_knot *a, const hf_knot *b)
{
    return (b->y - a->y) / (x[b->index] - x[a->index]);
}

static bool push(wall *w, hf_knot corner)
{
    if (w->first + w->count == w->capacity) {
        const size_t more = w->count < w->first ? w->capacity : 2 * w->capacity + 64;
        hf_knot *grown = malloc(more * sizeof *grown);
        if (grown == NULL)
            return false;
        if (w->count > 0)
            memcpy(grown, w->corner + w->first, w->count * sizeof *grown);
        free(w->corner);
        *w = (wall){.count = w->count, .capacity = more, .corner = grown, .sign = w->sign};
    }
    w->corner[w->first + w->count++] = corner;
    return true;
}

static bool append(hf_taut *string, hf_knot knot)
{
    hf_knot *grown = hf_list_grow(string->knot, string->count, &string->capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    string->knot = grown;
    string->knot[string->count++] = knot;
    return true;
}

/* One more point of a wall: corners that it hides go; where it is seen from the apex across the other wall, the string bends
 * around that one. */
static bool extend(wall *w, wall *other, const double *x, hf_knot point, hf_taut *string)
{
    while (w->count > 1) {
        const hf_knot *last = &w->corner[w->first + w->count - 1];
        if (w->sign * (slope(x, last, &point) - slope(x, last - 1, last)) > 0)
            break;
        w->count--;
    }
    while (w->count == 1 && other->count > 1) {
        const hf_knot *apex = &other->corner[other->first];
        if (w->sign * (slope(x, apex, &point) - slope(x, apex, apex + 1)) > 0)
            break;
        if (!append(string, apex[1]))
            return false;
        other->first++;
        other->count--;
        w->corner[w->first] = other->corner[other->first];
        if (w->corner[w->first].index == point.index) /* the end */
            return true;
    }
    return push(w, point);
}

static double middle(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* Where the string ends: at value i, by it and its two neighbours. */
static hf_knot tied(size_t count, size_t i, const double *y, const double *tube)
{
    const size_t first = i == 0 || count < 3 ? 0 : count - 3;
    const double typical = count < 3 ? y[i] : middle(y[first], y[first + 1], y[first + 2]);
    return (hf_knot){i, fmin(fmax(typical, y[i] - tube[i]), y[i] + tube[i])};
}

/* What is left between the last bend and the end: one of the walls, or a straight piece. */
static bool finish(const wall *upper, const wall *lower, hf_taut *string)
{
    const wall *rest = upper->count > lower->count ? upper : lower;
    for (size_t i = 1; i < rest->count; i++)
        if (rest->corner[rest->first + i].index > string->knot[string->count - 1].index &&
            !append(string, rest->corner[rest->first + i]))
            return false;
    return true;
}

static bool pull(size_t count, const double *x, const double *y, const double *tube, wall *upper, wall *lower,
                 hf_taut *string)
{
    const hf_knot start = tied(count, 0, y, tube), end = tied(count, count - 1, y, tube);
    bool good = append(string, start) && push(upper, start) && push(lower, start);
    for (size_t i = 1; i < count && good; i++) {
        const bool is_end = i + 1 == count;
        good = extend(upper, lower, x, is_end ? end : (hf_knot){i, y[i] + tube[i]}, string) &&
               extend(lower, upper, x, is_end ? end : (hf_knot){i, y[i] - tube[i]}, string);
    }
    return good && finish(upper, lower, string);
}

hf_status hf_taut_pull(size_t count, const double *x, const double *y, const double *tube, hf_taut *string, hf_error *err)
{
    wall upper = {.sign = 1}, lower = {.sign = -1};
    string->count = 0;
    const bool good = pull(count, x, y, tube, &upper, &lower, string);
    free(upper.corner);
    free(lower.corner);
    return good ? HF_OK : hf_fail_memory(err, "the taut string");
}

void hf_taut_clear(hf_taut *string)
{
    free(string->knot);
    *string = (hf_taut){0};
}
