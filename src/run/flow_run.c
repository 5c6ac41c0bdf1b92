#include "run/flow_run.h"

#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "detect/reach.h"
#include "report/findings.h"
#include "run/checkpoint.h"
#include "run/completion.h"
#include "run/folder.h"
#include "run/output_times.h"
#include "run/record.h"
#include "run/scout.h"
#include "run/systems.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const hf_flow_run_params *params;
    const hf_run_options *options;
    hf_run_summary *summary;

    char *checkpoint_path;
    hf_owned_system made;
    hf_system system; /* of made */
    hf_point *point;  /* at y; the integrator's */
    hf_integrator *integrator;
    hf_sensitivity *sensitivity; /* NULL: there are no parameters to follow */
    hf_detector *detector;
    void *observer; /* the system's */
    hf_record record;
    hf_checkpoint checkpoint;
    double *y; /* a state in the system's coordinates, interpolated */
    hf_scouted scouted;
    hf_reals times; /* of rows */
    size_t next;    /* the one to be written next */
    bool watcher_stops;
} flow_run;

static double grid_time(const void *self, size_t index)
{
    const hf_flow_run_params *params = self;
    return hf_output_time(&params->output, params->solver.t_end, index);
}

/* ---- observing ---- */

static double defect(const flow_run *run, double energy)
{
    const double start = run->summary->loss_start, loss = hf_point_loss(run->point);
    return start > 0 ? fabs(start - loss - energy) / start : fabs(loss + energy);
}

/* Observes the state at t, inside the integrator's last step: y, point and observer are there then. */
static double observe_at(flow_run *run, double t)
{
    double energy;
    hf_integrator_interpolate(run->integrator, t, run->y, &energy);
    hf_point_at(run->point, run->y);
    if (run->observer != NULL)
        run->system.kind->observer->look(run->observer, run->point->self, run->y);
    return energy;
}

static hf_status write_row(flow_run *run, double t, hf_error *err)
{
    const hf_run_watch *watch = run->options->watch;
    const double energy = observe_at(run, t);
    const hf_status status =
        hf_record_row(&run->record, t, run->point, run->y, run->observer, defect(run, energy), NULL, err);
    if (status == HF_OK && watch != NULL && watch->row != NULL && !run->watcher_stops)
        run->watcher_stops = !watch->row(watch->data, hf_frames_find(watch->frames, "trajectory"));
    return status;
}

/* Without a directory nothing is written or saved. */
static bool has_folder(const flow_run *run)
{
    return run->options->directory != NULL;
}

/* Without tables in memory either a run is for its summary only. */
static bool has_tables(const flow_run *run)
{
    return has_folder(run) || run->options->watch != NULL;
}

/* All output times up to t that are still to be written. */
static hf_status write_rows(flow_run *run, double t, hf_error *err)
{
    hf_status status = HF_OK;
    while (has_tables(run) && status == HF_OK && !run->watcher_stops && run->next < run->times.count &&
           run->times.at[run->next] <= t) {
        if (hf_output_times_has_row(&run->times, run->next))
            status = write_row(run, run->times.at[run->next], err);
        run->next++;
    }
    return status;
}

/* The system's numbers of that name, as of the last look; NULL: it has none. */
static const double *observed(const flow_run *run, const char *name, hf_shape *shape)
{
    const hf_observable *o = run->observer == NULL ? NULL : hf_observer_find(run->system.kind->observer, name);
    if (o == NULL)
        return NULL;
    *shape = hf_observable_shape(o, run->system.self);
    return o->values(run->observer);
}

/* Room for the shares of every head in every pattern, where the system has such. */
static bool prepare_shares(const flow_run *run, hf_run_summary *summary)
{
    hf_shape shape;
    if (observed(run, "share", &shape) != NULL && shape.indices == 2) {
        summary->heads = shape.count[0];
        summary->patterns = shape.count[1];
    }
    const size_t size = (summary->heads * summary->patterns + 1) * sizeof *summary->share;
    const bool has_masses = observed(run, "mass", &shape) != NULL && summary->heads > 0;
    summary->acquired = run->params->detector.detect.acquired;
    summary->share = malloc(size);
    summary->mass = has_masses ? malloc(size) : NULL;
    return summary->share != NULL && (summary->mass != NULL || !has_masses);
}

static hf_status summarize(flow_run *run, double t, hf_error *err)
{
    hf_run_summary *summary = run->summary;
    const hf_observer_kind *observer = run->system.kind->observer;
    hf_shape shape;
    double energy = observe_at(run, t);
    const double *overlap = observed(run, "overlap", &shape), *share = observed(run, "share", &shape);
    summary->t = t;
    summary->loss = hf_point_loss(run->point);
    summary->overlap = overlap == NULL ? NAN : *overlap;
    if (share != NULL)
        memcpy(summary->share, share, summary->heads * summary->patterns * sizeof *summary->share);
    if (summary->mass != NULL)
        memcpy(summary->mass, observed(run, "mass", &shape), summary->heads * summary->patterns * sizeof *summary->mass);
    summary->integration.energy_defect = defect(run, energy);
    summary->integration.counts = hf_integrator_statistics(run->integrator);
    summary->steps = summary->integration.counts.steps;
    const char *conserved = observer == NULL || observer->conserved == NULL ? NULL : observer->conserved(run->system.self);
    if (conserved == NULL)
        return HF_OK;
    summary->integration.conserved = conserved;
    return observer->moved(run->system.self, run->y, &summary->integration.drift, err);
}

/* ---- boundaries ---- */

static hf_status pass_boundary(flow_run *run, hf_error *err)
{
    hf_checkpoint *checkpoint = &run->checkpoint;
    hf_status status = hf_detector_before_restart(run->detector, err);
    if (status == HF_OK && run->sensitivity != NULL)
        hf_sensitivity_before_restart(run->sensitivity);
    if (status == HF_OK)
        status = hf_integrator_restart(run->integrator, err);
    if (status == HF_OK)
        hf_detector_after_restart(run->detector, run->integrator);
    if (status == HF_OK && run->sensitivity != NULL)
        status = hf_sensitivity_restart(run->sensitivity, err);
    if (status != HF_OK || !has_folder(run))
        return status;
    status = hf_record_sync(&run->record, checkpoint->lengths, err);
    if (status != HF_OK)
        return status;
    checkpoint->next = run->next;
    hf_integrator_save(run->integrator, &checkpoint->state);
    if (run->system.kind->save_basis != NULL)
        run->system.kind->save_basis(run->system.self, checkpoint->basis);
    return hf_checkpoint_write(checkpoint, run->detector, run->checkpoint_path, err);
}

/* Takes up a saved state; *found is false if there is none. */
static hf_status resume(flow_run *run, bool *found, hf_error *err)
{
    *found = run->options->resume && hf_file_exists(run->checkpoint_path);
    if (!*found)
        return HF_OK;
    hf_checkpoint *checkpoint = &run->checkpoint;
    hf_status status = hf_checkpoint_read(checkpoint, run->detector, run->checkpoint_path, err);
    if (status == HF_OK && run->system.kind->use_basis != NULL)
        status = run->system.kind->use_basis(run->system.self, checkpoint->basis, err);
    if (status == HF_OK)
        status = hf_integrator_load(run->integrator, &checkpoint->state, err);
    if (status == HF_OK)
        hf_detector_after_restart(run->detector, run->integrator);
    if (status == HF_OK && run->sensitivity != NULL)
        status = hf_sensitivity_load(run->sensitivity, err);
    if (status == HF_OK)
        status = hf_record_open(&run->record, &run->params->output, &run->system, run->options->directory,
                                &run->params->origin, NULL, checkpoint->lengths, err);
    if (status == HF_OK && run->options->watch != NULL)
        status = hf_record_keep(&run->record, run->options->watch->frames, err);
    run->next = (size_t)checkpoint->next;
    run->summary->resumed = true;
    return status;
}

/* ---- the whole ---- */

static hf_status create_sensitivity(flow_run *run, hf_error *err)
{
    const hf_sensitivity_kind *kind = run->system.kind->sensitivity;
    if (kind == NULL || kind->count(run->system.self) == 0)
        return HF_OK;
    const hf_status status =
        hf_sensitivity_create(&run->sensitivity, run->integrator, run->params->detector.detect.loss_fraction, err);
    run->checkpoint.sensitivity = run->sensitivity;
    return status;
}

/* The system, and those who look at it. */
static hf_status create_system(flow_run *run, hf_error *err)
{
    const hf_flow_run_params *params = run->params;
    hf_status status = HF_OK;
    if (params->own != NULL)
        run->made = (hf_owned_system){.system = *params->own};
    else
        status = hf_systems_create(params, &run->made, err);
    if (status != HF_OK)
        return status;
    run->system = run->made.system;
    status = hf_systems_check_output(&params->output, run->system.size, err);
    if (status == HF_OK && run->system.kind->observer != NULL)
        status = run->system.kind->observer->create(&run->observer, run->system.self, err);
    if (status == HF_OK)
        status = hf_integrator_create(&run->integrator, run->system, params->solver.rtol, params->solver.atol, err);
    if (status != HF_OK)
        return status;
    run->point = hf_integrator_point(run->integrator);
    status = hf_detector_create(&run->detector, &params->detector, run->integrator, err);
    if (status == HF_OK && has_folder(run))
        status = hf_checkpoint_init(&run->checkpoint, &run->system, params->state_hash, err);
    return status == HF_OK ? create_sensitivity(run, err) : status;
}

/* Whether there is anything to draw. */
static hf_status check_start(const flow_run *run, hf_error *err)
{
    if (hf_detector_has_met(run->detector) || (run->scouted.met && run->scouted.end == 0))
        return hf_reject(err, "solver.stop", "\"%s\" holds at the start, expected an event that happens later",
                         run->params->solver.stop);
    if (hf_detector_starts_stopped(run->detector))
        return hf_reject(err, "solver.stop_loss", "the loss starts at %.6g, which is not above it",
                         run->summary->loss_start);
    return HF_OK;
}

static hf_status prepare(flow_run *run, hf_error *err)
{
    hf_run_summary *summary = run->summary;
    hf_status status = create_system(run, err);
    if (status == HF_OK && has_tables(run))
        status = hf_output_times_merge(&run->times, grid_time, run->params, run->params->output.points,
                                       &run->params->output.times, &run->scouted.times, err);
    if (status != HF_OK)
        return status;
    run->y = malloc(run->system.size * sizeof *run->y);
    if (run->y == NULL || !prepare_shares(run, summary))
        return hf_fail_memory(err, "the run");
    observe_at(run, 0);
    summary->loss_start = hf_point_loss(run->point);
    return has_tables(run) ? check_start(run, err) : HF_OK; /* a sweep notes t_stop = 0 */
}

/* Opens the tables and writes the row of t = 0, or takes up a saved run. */
static hf_status begin(flow_run *run, hf_error *err)
{
    bool found = false;
    if (!has_tables(run))
        return HF_OK;
    hf_status status = has_folder(run) ? resume(run, &found, err) : HF_OK;
    if (status != HF_OK || found)
        return status;
    if (has_folder(run))
        status = hf_file_remove(run->checkpoint_path, err);
    if (status != HF_OK)
        return status;
    status = hf_record_open(&run->record, &run->params->output, &run->system, run->options->directory, &run->params->origin,
                            NULL, NULL, err);
    if (status == HF_OK && run->options->watch != NULL)
        status = hf_record_keep(&run->record, run->options->watch->frames, err);
    return status == HF_OK ? write_rows(run, 0, err) : status;
}

static void report_progress(const flow_run *run)
{
    const hf_run_options *options = run->options;
    if (options->progress == NULL)
        return;
    const hf_run_progress progress = {.part = options->part,
                                      .t = hf_integrator_time(run->integrator),
                                      .t_first = run->params->output.t_first,
                                      .t_end = run->scouted.end,
                                      .loss = hf_integrator_loss(run->integrator),
                                      .step = hf_integrator_steps(run->integrator),
                                      .stages = hf_detector_stages(run->detector)};
    options->progress(options->progress_data, &progress);
}

/* Why a run that has come to t ends there, if it does. stopped: by its detector. */
static hf_stop why(const flow_run *run, double t, bool stopped)
{
    const bool met = stopped ? hf_detector_has_met(run->detector) : run->scouted.met && t >= run->scouted.end;
    return met ? HF_STOP_EVENT : stopped ? HF_STOP_LOSS : HF_STOP_TIME;
}

/* Steps until the run stops. *t: where. */
static hf_status integrate(flow_run *run, double *t, hf_error *err)
{
    const uint64_t most = run->params->solver.max_steps;
    if (hf_detector_starts_stopped(run->detector) || run->scouted.end == 0) {
        run->summary->stop = why(run, 0, true);
        return HF_OK; /* *t is 0 */
    }
    for (;;) {
        hf_status status = hf_integrator_step(run->integrator, err);
        if (status != HF_OK)
            return status;
        bool stopped;
        if (run->sensitivity != NULL)
            status = hf_sensitivity_step(run->sensitivity, err);
        if (status != HF_OK)
            return status;
        status = hf_detector_step(run->detector, run->integrator, run->scouted.end, t, &stopped, err);
        run->summary->stop = why(run, *t, stopped);
        if (status == HF_OK && run->sensitivity != NULL)
            status = hf_sensitivity_look(run->sensitivity, run->detector, err);
        if (status == HF_OK)
            status = write_rows(run, *t, err);
        if (status != HF_OK || stopped || *t >= run->scouted.end)
            return status;
        if (hf_run_should_stop(run->options) || run->watcher_stops) {
            run->summary->stop = HF_STOP_INTERRUPTED;
            return HF_OK;
        }
        report_progress(run);
        if (hf_integrator_steps(run->integrator) >= most)
            return hf_fail(err, HF_ENUMERIC,
                           "%" PRIu64 " step%s taken when t = %.6g was reached; raise solver.max_steps or solver.rtol",
                           most, most == 1 ? " was" : "s were", hf_integrator_time(run->integrator));
        if (hf_integrator_at_boundary(run->integrator))
            status = pass_boundary(run, err);
        if (status != HF_OK)
            return status;
    }
}

/* What moves the events. */
static hf_status find_moves(flow_run *run, double t, hf_error *err)
{
    hf_run_summary *summary = run->summary;
    hf_sensitivities *found = &summary->sensitivities;
    if (run->sensitivity == NULL)
        return HF_OK;
    hf_status status = hf_sensitivity_finish(run->sensitivity, t, &summary->findings, found, err);
    if (status == HF_OK && !has_folder(run) && has_tables(run))
        status = hf_sensitivities_keep(found, run->options->watch->frames, err);
    if (status == HF_OK && has_folder(run))
        status = hf_sensitivities_write(found, run->options->directory, &run->params->origin, err);
    return status;
}

static hf_status find(flow_run *run, double t, hf_error *err)
{
    hf_run_summary *summary = run->summary;
    if (!run->params->detector.detect.events)
        return HF_OK;
    hf_status status = hf_detector_finish(run->detector, &summary->findings, err);
    if (status == HF_OK && !has_folder(run) && has_tables(run))
        status = hf_findings_keep(&summary->findings, run->options->watch->frames, err);
    if (status == HF_OK && has_folder(run))
        status = hf_findings_write(&summary->findings, hf_run_stop_name(summary->stop), run->options->directory,
                                   &run->params->origin, err);
    return status == HF_OK ? find_moves(run, t, err) : status;
}

/* Whether more was to come, from the final state, which has been observed. */
static hf_status judge_end(flow_run *run, double t, hf_error *err)
{
    const hf_observer_kind *observer = run->system.kind->observer;
    const hf_ending ending = {.end = run->params->detector.detect.events ? run->summary->findings.end : HF_END_PLATEAU,
                              .t = t,
                              .loss = hf_point_loss(run->point),
                              .speed = hf_point_speed(run->point),
                              .equal_heads = run->observer != NULL && observer->is_symmetric != NULL &&
                                             observer->is_symmetric(run->observer)};
    return hf_reach_judge(run->point, &ending, &run->summary->censored, err);
}

static hf_status finish(flow_run *run, double t, hf_error *err)
{
    hf_status status = HF_OK;
    const bool ended = !hf_run_was_interrupted(run->summary);
    if (ended)
        status = find(run, t, err);
    if (status == HF_OK)
        status = summarize(run, t, err);
    if (status == HF_OK && ended && run->options->judge_end)
        status = judge_end(run, t, err);
    if (!has_tables(run))
        return status;
    const bool early = run->summary->stop == HF_STOP_LOSS || run->summary->stop == HF_STOP_EVENT;
    if (status == HF_OK && early && (run->next == 0 || run->times.at[run->next - 1] < t))
        status = write_row(run, t, err);
    if (status == HF_OK && ended)
        status = hf_record_commit(&run->record, t, run->point, run->y, err);
    if (status == HF_OK && ended && has_folder(run))
        status = hf_file_remove(run->checkpoint_path, err);
    return status;
}

static hf_status follow(flow_run *run, hf_error *err)
{
    double t = 0;
    hf_status status = prepare(run, err);
    if (status == HF_OK)
        status = begin(run, err);
    if (status == HF_OK)
        status = integrate(run, &t, err);
    return status == HF_OK ? finish(run, t, err) : status;
}

/* Of a finished run: a kill may have left it beside the tables. A folder that cannot be written has none. */
static hf_status drop_checkpoint(const flow_run *run, hf_error *err)
{
    return hf_file_exists(run->checkpoint_path) ? hf_file_remove(run->checkpoint_path, err) : HF_OK;
}

hf_status hf_flow_run(const hf_flow_run_params *params, const hf_run_options *options, hf_run_summary *summary,
                      hf_error *err)
{
    flow_run run = {.params = params, .options = options, .summary = summary};
    hf_run_summary_init(summary);
    hf_status status = HF_OK;
    run.checkpoint_path = has_folder(&run) ? hf_path_join(options->directory, "checkpoint") : NULL;
    if (has_folder(&run) && run.checkpoint_path == NULL)
        status = hf_fail_memory(err, "the run");
    if (status == HF_OK && options->resume && has_folder(&run))
        status = hf_completion_check(options->directory, params->origin.hash, &summary->already_complete, err);
    if (status == HF_OK && summary->already_complete)
        status = drop_checkpoint(&run, err);
    else if (status == HF_OK)
        status = hf_scout_flow(params, options, has_tables(&run), &run.scouted, err);
    if (status == HF_OK && run.scouted.interrupted)
        summary->stop = HF_STOP_INTERRUPTED;
    else if (status == HF_OK && !summary->already_complete)
        status = follow(&run, err);

    hf_record_abandon(&run.record);
    hf_checkpoint_clear(&run.checkpoint);
    if (run.observer != NULL)
        run.system.kind->observer->free(run.observer);
    hf_sensitivity_free(run.sensitivity);
    hf_detector_free(run.detector);
    hf_integrator_free(run.integrator);
    hf_owned_system_free(&run.made);
    free(run.checkpoint_path);
    free(run.scouted.times.at);
    free(run.times.at);
    free(run.y);
    if (status != HF_OK)
        hf_run_summary_clear(summary);
    return status;
}

bool hf_run_is_accurate(double energy_defect, double rtol)
{
    const double rounding = 1e-12, most = 1e-2;
    return energy_defect <= fmin(200 * rtol + rounding, most);
}
