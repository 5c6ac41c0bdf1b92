#include "detect/snapshots.h"

#include "core/channel.h"
#include "core/lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 512, LEAST = 16, NUMBERS = 2 << 20 }; /* NUMBERS: kept at most, 16 MB */

void hf_snapshots_init(hf_snapshots *s, size_t size)
{
    const size_t fit = NUMBERS / (size + 1);
    *s = (hf_snapshots){.size = size, .limit = fit < LEAST ? LEAST : fit > MOST ? MOST : fit, .factor = 1.02};
}

static double *kept(const hf_snapshots *s, size_t i)
{
    return s->at + i * (s->size + 1);
}

/* Every second one goes. */
static void thin(hf_snapshots *s)
{
    for (size_t i = 1; 2 * i < s->count; i++)
        memcpy(kept(s, i), kept(s, 2 * i), (s->size + 1) * sizeof *s->at);
    s->count = (s->count + 1) / 2;
    s->factor *= s->factor;
}

bool hf_snapshots_add(hf_snapshots *s, double t, const double *y)
{
    if (s->count > 0 && t < kept(s, s->count - 1)[0] * s->factor)
        return true;
    if (s->count == s->limit)
        thin(s);
    double *grown = hf_list_grow(s->at, s->count, &s->capacity, (s->size + 1) * sizeof *grown);
    if (grown == NULL)
        return false;
    s->at = grown;
    double *last = kept(s, s->count++);
    last[0] = t;
    memcpy(last + 1, y, s->size * sizeof *y);
    return true;
}

const double *hf_snapshots_nearest(const hf_snapshots *s, double t)
{
    const double *best = NULL;
    for (size_t i = 0; i < s->count; i++)
        if (best == NULL || fabs(kept(s, i)[0] - t) < fabs(best[0] - t))
            best = kept(s, i);
    return best == NULL ? NULL : best + 1;
}

bool hf_snapshots_transfer(hf_snapshots *s, hf_channel *channel)
{
    hf_channel_bytes(channel, &s->factor, sizeof s->factor);
    hf_channel_array(channel, (void **)&s->at, &s->count, (s->size + 1) * sizeof *s->at);
    if (!channel->writing)
        s->capacity = s->count;
    return channel->good;
}

void hf_snapshots_clear(hf_snapshots *s)
{
    free(s->at);
    *s = (hf_snapshots){0};
}
