#include "detect/thinned.h"

#include "core/channel.h"
#include "core/lists.h"

#include <stdlib.h>

/* Rows within this part of their time become one. */
static const double together = 2e-4;

static hf_thinned_row mean(const hf_thinned *thinned)
{
    const double count = (double)thinned->summed;
    return (hf_thinned_row){thinned->sum.t / count, thinned->sum.loss / count, thinned->sum.speed / count};
}

static bool close_row(hf_thinned *thinned)
{
    hf_thinned_row *grown = hf_list_grow(thinned->row, thinned->count, &thinned->capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    thinned->row = grown;
    thinned->row[thinned->count++] = mean(thinned);
    thinned->summed = 0;
    return true;
}

bool hf_thinned_add(hf_thinned *thinned, hf_thinned_row row)
{
    if (thinned->summed > 0 && row.t >= thinned->first * (1 + together) && !close_row(thinned))
        return false;
    if (thinned->summed == 0) {
        thinned->sum = (hf_thinned_row){0, 0, 0};
        thinned->first = row.t;
    }
    thinned->sum.t += row.t;
    thinned->sum.loss += row.loss;
    thinned->sum.speed += row.speed;
    thinned->summed++;
    return true;
}

size_t hf_thinned_count(const hf_thinned *thinned)
{
    return thinned->count + (thinned->summed > 0);
}

hf_thinned_row hf_thinned_at(const hf_thinned *thinned, size_t i)
{
    return i < thinned->count ? thinned->row[i] : mean(thinned);
}

bool hf_thinned_transfer(hf_thinned *thinned, hf_channel *channel)
{
    hf_channel_array(channel, (void **)&thinned->row, &thinned->count, sizeof *thinned->row);
    hf_channel_bytes(channel, &thinned->sum, sizeof thinned->sum);
    hf_channel_bytes(channel, &thinned->summed, sizeof thinned->summed);
    hf_channel_bytes(channel, &thinned->first, sizeof thinned->first);
    if (!channel->writing)
        thinned->capacity = thinned->count;
    return channel->good;
}

void hf_thinned_clear(hf_thinned *thinned)
{
    free(thinned->row);
    *thinned = (hf_thinned){0};
}
