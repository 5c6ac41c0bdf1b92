#include "detect/track.h"

#include "core/channel.h"
#include "core/lists.h"

#include <math.h>
#include <stdlib.h>

hf_status hf_track_start(hf_track *track, double contrast, bool may_rest, const hf_sample *start, hf_error *err)
{
    *track = (hf_track){.contrast = contrast, .may_rest = may_rest, .low = *start, .high = *start};
    return hf_track_remember(track, start, err);
}

void hf_track_clear(hf_track *track)
{
    free(track->samples);
    free(track->plateaus);
    free(track->drops);
    *track = (hf_track){0};
}

/* ---- slopes ---- */

bool hf_track_foresee(const hf_track *track, double t, double speed, double error, double *slope)
{
    const double ahead = 3, part = 1e-3; /* steps; of what the logarithm changes in one */
    const size_t n = track->sample_count;
    if (n < 2)
        return false;
    const hf_sample *last = &track->samples[n - 1], *before = last - 1;
    if (!(speed > last->rest) || !(last->speed > last->rest) || !(before->speed > before->rest))
        return false;
    const double width = t - last->t, width_before = last->t - before->t;
    const double step = log(speed / last->speed) / width, step_before = log(last->speed / before->speed) / width_before;
    const double bend = 2 * (step - step_before) / (width + width_before);
    *slope = step + bend * width / 2;
    return *slope * step > 0 && *slope * step_before > 0 && fabs(*slope) > ahead * width * fabs(bend) &&
           error < part * width * fabs(*slope);
}

/* ---- the search ---- */

static double effective(const hf_sample *s)
{
    return fmax(s->speed, s->rest);
}

static hf_status add_drop(hf_track *track, hf_error *err)
{
    hf_sample *grown = hf_list_grow(track->drops, track->drop_count, &track->drop_capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the drops");
    track->drops = grown;
    track->drops[track->drop_count++] = track->high;
    return HF_OK;
}

hf_status hf_track_add_plateau(hf_track *track, hf_saddle saddle, hf_error *err)
{
    const hf_sample *low = &track->low;
    hf_plateau *grown = hf_list_grow(track->plateaus, track->plateau_count, &track->plateau_capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the plateaus");
    track->plateaus = grown;
    track->plateaus[track->plateau_count++] = (hf_plateau){
        .t = low->t, .loss = low->loss, .speed = low->speed, .level = effective(low), .saddle = saddle};
    return HF_OK;
}

hf_status hf_track_follow(hf_track *track, const hf_sample *s, hf_track_news *news, hf_error *err)
{
    const double speed = effective(s);
    hf_status status = HF_OK;
    *news = (hf_track_news){0};
    if (speed < effective(&track->low)) {
        track->low = *s;
        news->is_lowest = true;
    }
    if (s->speed > track->high.speed)
        track->high = *s;
    if (track->seeking != HF_SEEK_DROP && s->speed > s->rest && speed >= track->contrast * effective(&track->low)) {
        news->has_plateau = true;
        track->seeking = HF_SEEK_DROP;
        track->high = *s;
    } else if (track->seeking != HF_SEEK_PLATEAU && speed * track->contrast <= effective(&track->high)) {
        if (track->seeking == HF_SEEK_DROP) /* a start that is not on a plateau falls to one; that is no stage */
            status = add_drop(track, err);
        track->seeking = HF_SEEK_PLATEAU;
        track->low = *s;
        news->is_lowest = true;
    }
    return status;
}

hf_status hf_track_remember(hf_track *track, const hf_sample *s, hf_error *err)
{
    hf_sample *grown = hf_list_grow(track->samples, track->sample_count, &track->sample_capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the history of the speed");
    track->samples = grown;
    track->samples[track->sample_count++] = *s;
    return HF_OK;
}

hf_status hf_track_close(hf_track *track, bool *has_plateau, hf_error *err)
{
    *has_plateau = track->seeking != HF_SEEK_DROP;
    track->end = track->seeking == HF_SEEK_DROP      ? HF_END_STAGE
                 : track->seeking == HF_SEEK_PLATEAU ? HF_END_PLATEAU
                                                     : HF_END_START;
    return *has_plateau ? HF_OK : add_drop(track, err);
}

bool hf_track_transfer(hf_track *track, hf_channel *channel)
{
    hf_channel_bytes(channel, &track->seeking, sizeof track->seeking);
    hf_channel_require(channel, track->seeking <= HF_SEEK_PLATEAU);
    hf_channel_bytes(channel, &track->low, sizeof track->low);
    hf_channel_bytes(channel, &track->high, sizeof track->high);
    hf_channel_array(channel, (void **)&track->samples, &track->sample_count, sizeof *track->samples);
    hf_channel_array(channel, (void **)&track->plateaus, &track->plateau_count, sizeof *track->plateaus);
    hf_channel_array(channel, (void **)&track->drops, &track->drop_count, sizeof *track->drops);
    /* every drop lies between two plateaus, of which the last may not be found yet */
    hf_channel_require(channel, track->plateau_count == track->drop_count + (track->seeking == HF_SEEK_DROP));
    if (!channel->writing) {
        track->sample_capacity = track->sample_count;
        track->plateau_capacity = track->plateau_count;
        track->drop_capacity = track->drop_count;
    }
    return channel->good;
}
