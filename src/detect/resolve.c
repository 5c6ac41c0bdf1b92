/* What the tolerance resolves: drops made of rounding are taken out, plateaus below it are as fast as it can tell. */
#include "detect/detector_state.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- the resolution of a loss ---- */

static double largest_variance(const hf_problem *p)
{
    double largest = 0;
    for (size_t i = 0; i < p->features * p->positions; i++)
        largest = fmax(largest, p->variance[i]);
    return largest;
}

hf_resolution hf_detector_resolution(const hf_config *config, const hf_problem *problem, bool *scratch)
{
    const double rounding = 1e3 * DBL_EPSILON; /* what steps accumulate, whatever the tolerance */
    memset(scratch, 0, problem->patterns * sizeof *scratch);
    return (hf_resolution){.rtol = fmax(config->solver.rtol, rounding),
                           .atol = config->solver.atol,
                           .scale = hf_problem_plateau_loss(problem, scratch),
                           .variance = largest_variance(problem)};
}

double hf_resolution_of_loss(const hf_resolution *r, double loss)
{
    const double margin = 10;
    const double scale = fmax(r->scale, loss), rtol2 = r->rtol * r->rtol, atol2 = r->atol * r->atol;
    return margin * ((rtol2 + atol2) * scale + atol2 * r->variance) + 8 * DBL_EPSILON * sqrt(loss * scale);
}

/* ---- drops ---- */

/* How much more the loss falls in drop i than it would at a speed halfway between the drop's and that of the faster plateau
 * beside it, while it is faster than that; over what the tolerance resolves. */
static double significance(const hf_detector *d, const hf_resolution *r, size_t i)
{
    const hf_sample *peak = &d->drops[i], *last = &d->samples[d->sample_count - 1];
    const hf_plateau *before = &d->plateaus[i], *after = i + 1 < d->plateau_count ? before + 1 : NULL;
    const hf_plateau *faster = after != NULL && after->level > before->level ? after : before;
    const double level = hf_detector_level(faster, peak);
    double t_onset = before->t, onset = before->loss, t_settle = last->t, settled = last->loss;
    hf_detector_find_level(d, peak->t, false, level, &t_onset, &onset);
    hf_detector_find_level(d, peak->t, true, level, &t_settle, &settled);
    return (onset - settled - level * (t_settle - t_onset)) / hf_resolution_of_loss(r, onset);
}

/* Removes drop i and, of the plateaus around it, the faster one. */
static void remove_drop(hf_detector *d, size_t i)
{
    if (i + 1 < d->plateau_count) {
        const size_t gone = d->plateaus[i].level <= d->plateaus[i + 1].level ? i + 1 : i;
        memmove(d->plateaus + gone, d->plateaus + gone + 1, (d->plateau_count - gone - 1) * sizeof *d->plateaus);
        d->plateau_count--;
    } else
        d->end = HF_END_PLATEAU;
    memmove(d->drops + i, d->drops + i + 1, (d->drop_count - i - 1) * sizeof *d->drops);
    d->drop_count--;
}

static void remove_drops(hf_detector *d, const hf_resolution *r)
{
    for (;;) {
        double least = 1;
        size_t weakest = d->drop_count;
        for (size_t i = 0; i < d->drop_count; i++) {
            const double s = significance(d, r, i);
            if (!(s > least)) {
                least = s;
                weakest = i;
            }
        }
        if (weakest == d->drop_count)
            return;
        remove_drop(d, weakest);
    }
}

/* ---- plateaus ---- */

/* Half the speed of the loss where it has the resolution left to fall to plateau i. It falls in proportion to what is left:
 * between steps that is what the last one outside says. 0: it comes from nowhere. */
static double last_seen_speed(const hf_detector *d, const hf_resolution *r, size_t i)
{
    const hf_plateau *plateau = &d->plateaus[i];
    const double start = i == 0 ? 0 : d->drops[i - 1].t, resolved = hf_resolution_of_loss(r, plateau->loss);
    for (size_t k = d->sample_count; k-- > 0 && d->samples[k].t >= start;) {
        const hf_sample *s = &d->samples[k];
        const double left = s->loss - plateau->loss;
        if (s->t < plateau->t && left >= resolved)
            return fmax(0, s->speed) * resolved / left / 2;
    }
    return 0;
}

/* Whether the run starts faster than the plateau it falls to, by a fall that can be told. */
static bool starts_in_drop(const hf_detector *d, const hf_resolution *r)
{
    const hf_plateau *first = &d->plateaus[0];
    if (d->plateau_count == 0 || !(d->samples[0].loss - first->loss > hf_resolution_of_loss(r, d->samples[0].loss)))
        return false;
    double fastest = 0;
    for (size_t i = 0; i < d->sample_count && d->samples[i].t < first->t; i++)
        fastest = fmax(fastest, d->samples[i].speed);
    return fastest >= d->config->detect.contrast * first->level;
}

void hf_detector_resolve(hf_detector *d, const hf_resolution *r)
{
    remove_drops(d, r);
    for (size_t i = 0; i < d->plateau_count; i++)
        d->plateaus[i].level = fmax(d->plateaus[i].level, last_seen_speed(d, r, i));
    d->starts_in_drop = starts_in_drop(d, r);
    if (d->drop_count == 0 && d->end == HF_END_PLATEAU && !d->starts_in_drop)
        d->end = HF_END_START;
}
