#include "detect/findings.h"

#include <math.h>
#include <stdlib.h>

void hf_findings_add(hf_findings *f, hf_event event)
{
    f->event[f->event_count++] = event; /* room was made for all */
}

hf_status hf_findings_begin(hf_findings *f, size_t stages, size_t plateaus, size_t events, size_t heads, hf_error *err)
{
    const size_t pairs = heads * heads;
    *f = (hf_findings){.stage_count = stages, .plateau_count = plateaus};
    f->event = malloc((3 * stages + events + 1) * sizeof *f->event);
    f->plateau = malloc((plateaus + 1) * sizeof *f->plateau);
    f->stage = malloc((stages + 1) * sizeof *f->stage);
    f->start_overlaps = malloc((2 * pairs + 1) * sizeof *f->start_overlaps);
    if (f->event == NULL || f->plateau == NULL || f->stage == NULL || f->start_overlaps == NULL) {
        hf_findings_clear(f);
        return hf_fail_memory(err, "the stages");
    }
    f->end_overlaps = f->start_overlaps + pairs;
    for (size_t i = 0; i < plateaus; i++)
        f->plateau[i] = (hf_plateau){.predicted_loss = NAN};
    return HF_OK;
}

static void add_stage(hf_findings *f, size_t i, const hf_search_stage *s)
{
    const double lowest = s->before - s->fall;
    hf_findings_add(f, (hf_event){.kind = HF_EVENT_ONSET,
                                  .t = s->t_onset,
                                  .loss = s->before - 0.1 * s->fall,
                                  .stage = i + 1,
                                  .value = s->speed_onset});
    if (!isnan(s->t_peak))
        hf_findings_add(
            f, (hf_event){.kind = HF_EVENT_DROP, .t = s->t_peak, .loss = s->loss_peak, .stage = i + 1, .value = s->speed});
    if (s->settled)
        hf_findings_add(f, (hf_event){.kind = HF_EVENT_SETTLE,
                                      .t = s->t_settle,
                                      .loss = lowest + 0.1 * s->fall,
                                      .stage = i + 1,
                                      .value = s->speed_settle});
    f->stage[i] = (hf_stage){.before = &f->plateau[i],
                             .t_onset = s->t_onset,
                             .t_peak = s->t_peak,
                             .t_settle = s->t_settle,
                             .loss_after = i + 1 < f->plateau_count ? f->plateau[i + 1].loss : NAN,
                             .t_half = s->t_half,
                             .strength = s->strength};
}

static hf_end end_of(const hf_search_result *found)
{
    if (found->stage_count > 0)
        return found->stage[found->stage_count - 1].settled ? HF_END_PLATEAU : HF_END_STAGE;
    return found->falls_at_start ? HF_END_PLATEAU : HF_END_START;
}

size_t hf_findings_plateaus(const hf_search_result *found)
{
    return found->plateau_count == 0 ? 1 : found->plateau_count;
}

void hf_findings_of_search(hf_findings *f, const hf_search_result *found, const hf_search_plateau *end)
{
    f->end = end_of(found);
    f->noise = found->noise;
    for (size_t i = 0; i < f->plateau_count; i++) {
        const hf_search_plateau *p = found->plateau_count == 0 ? end : &found->plateau[i];
        f->plateau[i] = (hf_plateau){.t = p->t,
                                     .loss = p->loss,
                                     .speed = p->speed,
                                     .level = p->speed,
                                     .predicted_loss = NAN,
                                     .saddle = hf_saddle_unknown()};
    }
    for (size_t i = 0; i < found->stage_count; i++)
        add_stage(f, i, &found->stage[i]);
}

static int by_time(const void *a, const void *b)
{
    const hf_event *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

void hf_findings_sort(hf_findings *f)
{
    qsort(f->event, f->event_count, sizeof *f->event, by_time);
}

void hf_findings_clear(hf_findings *f)
{
    free(f->event);
    free(f->plateau);
    free(f->stage);
    free(f->start_overlaps);
    free(f->curve.at);
    *f = (hf_findings){0};
}
