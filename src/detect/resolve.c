/* What the tolerance resolves: drops made of rounding are taken out, plateaus below it are as fast as it can tell. */
#include "detect/track.h"

#include <float.h>
#include <math.h>
#include <string.h>

double hf_resolution_of_loss(const hf_resolution *r, double loss)
{
    const double margin = 10;
    const double scale = fmax(r->scale, loss), rtol2 = r->rtol * r->rtol, atol2 = r->atol * r->atol;
    return margin * ((rtol2 + atol2) * scale + atol2 * r->variance) + 8 * DBL_EPSILON * sqrt(loss * scale);
}

/* ---- drops ---- */

/* How much more the loss falls in drop i than it would at a speed halfway between the drop's and that of the faster plateau
 * beside it, while it is faster than that; over what the tolerance resolves. */
static double significance(const hf_track *track, const hf_resolution *r, size_t i)
{
    const hf_sample *peak = &track->drops[i], *last = &track->samples[track->sample_count - 1];
    const hf_plateau *before = &track->plateaus[i], *after = i + 1 < track->plateau_count ? before + 1 : NULL;
    const hf_plateau *faster = after != NULL && after->level > before->level ? after : before;
    const double level = hf_track_level(faster, peak);
    double t_onset = before->t, onset = before->loss, t_settle = last->t, settled = last->loss;
    hf_track_find_level(track, peak->t, false, level, &t_onset, &onset);
    hf_track_find_level(track, peak->t, true, level, &t_settle, &settled);
    return (onset - settled - level * (t_settle - t_onset)) / hf_resolution_of_loss(r, onset);
}

/* Removes drop i and, of the plateaus around it, the faster one. */
static void remove_drop(hf_track *track, size_t i)
{
    if (i + 1 < track->plateau_count) {
        const size_t gone = track->plateaus[i].level <= track->plateaus[i + 1].level ? i + 1 : i;
        memmove(track->plateaus + gone, track->plateaus + gone + 1, (track->plateau_count - gone - 1) * sizeof *track->plateaus);
        track->plateau_count--;
    } else
        track->end = HF_END_PLATEAU;
    memmove(track->drops + i, track->drops + i + 1, (track->drop_count - i - 1) * sizeof *track->drops);
    track->drop_count--;
}

static void remove_drops(hf_track *track, const hf_resolution *r)
{
    for (;;) {
        double least = 1;
        size_t weakest = track->drop_count;
        for (size_t i = 0; i < track->drop_count; i++) {
            const double s = significance(track, r, i);
            if (!(s > least)) {
                least = s;
                weakest = i;
            }
        }
        if (weakest == track->drop_count)
            return;
        remove_drop(track, weakest);
    }
}

/* ---- plateaus ---- */

/* Half the speed of the loss where it has the resolution left to fall to plateau i. It falls in proportion to what is left:
 * between steps that is what the last one outside says. 0: it comes from nowhere. */
static double last_seen_speed(const hf_track *track, const hf_resolution *r, size_t i)
{
    const hf_plateau *plateau = &track->plateaus[i];
    const double start = i == 0 ? 0 : track->drops[i - 1].t, resolved = hf_resolution_of_loss(r, plateau->loss);
    for (size_t k = track->sample_count; k-- > 0 && track->samples[k].t >= start;) {
        const hf_sample *s = &track->samples[k];
        const double left = s->loss - plateau->loss;
        if (s->t < plateau->t && left >= resolved)
            return fmax(0, s->speed) * resolved / left / 2;
    }
    return 0;
}

/* Whether the run starts faster than the plateau it falls to, by a fall that can be told. */
static bool starts_in_drop(const hf_track *track, const hf_resolution *r)
{
    const hf_plateau *first = &track->plateaus[0];
    if (track->plateau_count == 0 || !(track->samples[0].loss - first->loss > hf_resolution_of_loss(r, track->samples[0].loss)))
        return false;
    double fastest = 0;
    for (size_t i = 0; i < track->sample_count && track->samples[i].t < first->t; i++)
        fastest = fmax(fastest, track->samples[i].speed);
    return fastest >= track->contrast * first->level;
}

void hf_track_resolve(hf_track *track, const hf_resolution *r)
{
    remove_drops(track, r);
    for (size_t i = 0; i < track->plateau_count; i++)
        track->plateaus[i].level = fmax(track->plateaus[i].level, last_seen_speed(track, r, i));
    track->starts_in_drop = starts_in_drop(track, r);
    if (track->drop_count == 0 && track->end == HF_END_PLATEAU && !track->starts_in_drop)
        track->end = HF_END_START;
}
