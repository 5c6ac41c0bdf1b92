#include "run/scout.h"

#include <stdlib.h>

/* What the number of an awaited event counts. Events of plateaus have the stage before them. */
static size_t number_of(const hf_event *event)
{
    return event->kind == HF_EVENT_PLATEAU ? event->stage + 1 : event->stage;
}

static void find_end(const hf_findings *f, const hf_awaited_event *stop, hf_scouted *scouted)
{
    for (size_t i = 0; i < f->event_count && !scouted->met; i++) {
        const hf_event *e = &f->event[i];
        scouted->met = hf_event_is_awaited(stop, e->kind, number_of(e), e->t);
        if (scouted->met)
            scouted->end = e->t;
    }
}

static hf_status note_times(const hf_findings *f, hf_reals *times, hf_error *err)
{
    times->at = malloc((f->event_count + 1) * sizeof *times->at);
    if (times->at == NULL)
        return hf_fail_memory(err, "the times of events");
    for (; times->count < f->event_count; times->count++)
        times->at[times->count] = f->event[times->count].t;
    return HF_OK;
}

hf_status hf_scout_flow(const hf_flow_run_params *params, const hf_run_options *options, bool has_tables,
                        hf_scouted *scouted, hf_error *err)
{
    const hf_awaited_event *stop = &params->solver.stop_at;
    const bool rows = params->output.at_events && has_tables, end = stop->wanted && !hf_event_is_crossing(stop->kind);
    *scouted = (hf_scouted){.end = params->solver.t_end};
    if (!rows && !end)
        return HF_OK;
    hf_run_summary summary;
    hf_flow_run_params ahead = *params;
    const hf_run_options quiet = {.part = options->part,
                                  .interrupted = options->interrupted,
                                  .progress = options->progress,
                                  .progress_data = options->progress_data};
    ahead.output.at_events = false;
    ahead.detector.detect.saddles = false;
    if (end)
        ahead.solver.stop_at.wanted = false;
    hf_status status = hf_flow_run(&ahead, &quiet, &summary, err);
    if (status != HF_OK)
        return status;
    scouted->interrupted = hf_run_was_interrupted(&summary);
    if (end)
        find_end(&summary.findings, stop, scouted);
    if (rows && !scouted->interrupted)
        status = note_times(&summary.findings, &scouted->times, err);
    hf_run_summary_clear(&summary);
    return status;
}
