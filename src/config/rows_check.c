#include "config/rows_check.h"

#include "config/keys.h"
#include "config/phase_check.h"
#include "core/text.h"

#include <string.h>

/* ---- times ---- */

static hf_status check_grid(const hf_config *c, hf_error *err)
{
    if (c->output.points == 0 && c->output.times.count == 0 && !c->output.at_events)
        return hf_config_reject(c, err, "output.points", "is 0, expected output.times or output.at_events beside it");
    if (c->output.points < 2 || c->output.t_first < c->solver.t_end)
        return HF_OK;
    return hf_config_reject(c, err, "output.t_first", "is %g, expected less than solver.t_end = %g", c->output.t_first,
                            c->solver.t_end);
}

static hf_status check_times(const hf_config *c, hf_error *err)
{
    const hf_reals *times = &c->output.times;
    const bool is_time = hf_config_runs_flow(c) || hf_config_has_clock(c);
    for (size_t i = 1; i < times->count; i++)
        if (times->at[i] <= times->at[i - 1])
            return hf_config_reject(c, err, "output.times", "has %g behind %g, expected ascending times, each once", times->at[i],
                                    times->at[i - 1]);
    if (times->count > 0 && is_time && times->at[times->count - 1] > c->solver.t_end)
        return hf_config_reject(c, err, "output.times", "has %g, expected at most solver.t_end = %g", times->at[times->count - 1],
                                c->solver.t_end);
    return HF_OK;
}

static hf_status check_event_rows(const hf_config *c, hf_error *err)
{
    if (!c->output.at_events || c->detect.events)
        return HF_OK;
    return hf_config_reject(c, err, "output.at_events", "expected detect.events = true beside it: events are looked for");
}

/* ---- the event that ends a run ---- */

/* "plateau, drop, ... or emerged" */
static void list_events(char *text, size_t size)
{
    size_t used = 0;
    for (hf_event_kind i = 0; i < HF_EVENT_STOP && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0                    ? ""
                                 : i == HF_EVENT_STOP - 1 ? " or "
                                                          : ", ",
                                 hf_event_names[i]);
}

static hf_status reject_name(const hf_config *c, hf_error *err)
{
    char shown[HF_SHOWN], list[160], name[64];
    const char *names[HF_EVENT_STOP + 1] = {NULL}; /* the stop itself is none */
    memcpy(names, hf_event_names, HF_EVENT_STOP * sizeof *names);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(c->solver.stop, "="), c->solver.stop);
    const char *meant = hf_keys_nearest(name, names);
    if (meant != NULL && strcmp(meant, name) == 0) /* the number is wrong */
        meant = NULL;
    list_events(list, sizeof list);
    return hf_config_reject(c, err, "solver.stop", "is \"%.80s\"%s%s%s, expected %s, or one of them with a number, as in \"acquired=2\"",
                            hf_text_show(c->solver.stop, shown, sizeof shown), meant == NULL ? "" : ", did you mean '",
                            meant == NULL ? "" : meant, meant == NULL ? "" : "'?", list);
}

/* Whether the run can have such an event, and says so. */
static hf_status check_event(const hf_config *c, const hf_awaited_event *stop, hf_error *err)
{
    const char *key = "solver.stop";
    if (!c->detect.events)
        return hf_config_reject(c, err, key, "expected detect.events = true beside it: events are looked for");
    if (c->declared.train && !hf_event_is_crossing(stop->kind))
        return hf_config_reject(c, err, key,
                                "is \"%s\": a %s of a training run is known once all its steps are made, expected acquired, split or "
                                "emerged beside a train section",
                                c->solver.stop, hf_event_names[stop->kind]);
    if (stop->number > 0 && (stop->kind == HF_EVENT_SPLIT || stop->kind == HF_EVENT_EMERGED))
        return hf_config_reject(c, err, key, "is \"%s\": there is one %s, expected no number", c->solver.stop,
                                hf_event_names[stop->kind]);
    if (stop->kind == HF_EVENT_ACQUIRED && stop->number > c->target.count)
        return hf_config_reject(c, err, key, "is \"%s\", expected a pattern in 1..%zu", c->solver.stop, c->target.count);
    if (stop->kind == HF_EVENT_SPLIT && (c->flow.system != HF_SYSTEM_HEADS || c->heads < 2))
        return hf_config_reject(c, err, key, "is \"split\", expected %s", c->flow.system == HF_SYSTEM_HEADS
                                    ? "two heads or more, which can part" : "flow.system = \"heads\", whose heads can part");
    if (stop->kind == HF_EVENT_EMERGED && c->detect.loss_fraction == 0)
        return hf_config_reject(c, err, key, "is \"emerged\", expected detect.loss_fraction > 0 beside it");
    return HF_OK;
}

static hf_status check_stop(hf_config *c, hf_error *err)
{
    hf_awaited_event *stop = &c->solver.stop_at;
    if (c->solver.stop == NULL)
        return HF_OK;
    if (!hf_event_await(c->solver.stop, stop) || stop->kind == HF_EVENT_STOP)
        return reject_name(c, err);
    return check_event(c, stop, err);
}

hf_status hf_rows_check(hf_config *config, hf_error *err)
{
    hf_status status = check_grid(config, err);
    if (status == HF_OK)
        status = check_times(config, err);
    if (status == HF_OK)
        status = check_event_rows(config, err);
    if (status == HF_OK)
        status = hf_phase_check(config, err);
    return status == HF_OK ? check_stop(config, err) : status;
}
