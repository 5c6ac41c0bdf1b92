#include "run/flow_run.h"

#include "core/file.h"
#include "core/plural.h"
#include "detect/reach.h"
#include "flow/flow_system.h"
#include "report/findings.h"
#include "run/checkpoint.h"
#include "run/completion.h"
#include "run/folder.h"
#include "run/record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const hf_flow_run_params *params;
    const hf_run_options *options;
    hf_run_summary *summary;

    char *checkpoint_path;
    hf_problem *problem;
    hf_flow *flow;
    hf_integrator *integrator;
    hf_detector *detector;
    hf_observation observation;
    hf_record record;
    hf_checkpoint checkpoint;
    double *y;   /* a state in the flow's basis, interpolated */
    size_t next; /* output time to be written next */
} flow_run;

double hf_output_time(const hf_output_params *output, double t_end, size_t index)
{
    const double first = output->t_first, last = t_end;
    if (index == 0)
        return 0;
    if (index == output->points)
        return last;
    if (index == 1)
        return first;
    const double fraction = (double)(index - 1) / (double)(output->points - 1);
    const double t = output->spacing == HF_SPACING_LINEAR
                         ? first + fraction * (last - first)
                         : exp(log(first) + fraction * (log(last) - log(first))); /* last / first may overflow */
    return fmin(fmax(t, first), last);                                            /* rounding may lead beyond */
}

static double output_time(const flow_run *run, size_t index)
{
    return hf_output_time(&run->params->output, run->params->solver.t_end, index);
}

/* Where two output times are the same number the second one has no row. */
static bool has_row(const flow_run *run, size_t index)
{
    return index == 0 || output_time(run, index) > output_time(run, index - 1);
}

/* ---- observing ---- */

static double defect(const flow_run *run, double energy)
{
    double start = run->summary->loss_start;
    return start > 0 ? fabs(start - run->observation.loss - energy) / start : fabs(run->observation.loss + energy);
}

/* Observes the state at t, inside the integrator's last step. */
static double observe_at(flow_run *run, double t)
{
    double energy;
    hf_integrator_interpolate(run->integrator, t, run->y, &energy);
    hf_observe(run->flow, run->y, &run->observation);
    return energy;
}

static hf_status write_row(flow_run *run, double t, hf_error *err)
{
    double energy = observe_at(run, t);
    return hf_record_row(&run->record, run->flow, t, run->y, &run->observation, defect(run, energy), NULL, err);
}

/* Without a directory a run is for its summary only. */
static bool has_tables(const flow_run *run)
{
    return run->options->directory != NULL;
}

/* All output times up to t that are still to be written. */
static hf_status write_rows(flow_run *run, double t, hf_error *err)
{
    hf_status status = HF_OK;
    while (has_tables(run) && status == HF_OK && run->next <= run->params->output.points &&
           output_time(run, run->next) <= t) {
        if (has_row(run, run->next))
            status = write_row(run, output_time(run, run->next), err);
        run->next++;
    }
    return status;
}

static void summarize(flow_run *run, double t)
{
    hf_run_summary *summary = run->summary;
    double energy = observe_at(run, t);
    summary->t = t;
    summary->loss = run->observation.loss;
    summary->overlap = run->observation.overlap;
    memcpy(summary->share, run->observation.share, summary->heads * summary->patterns * sizeof *summary->share);
    summary->energy_defect = defect(run, energy);
    summary->drift = hf_flow_drift(run->flow, run->y);
    summary->counts = hf_integrator_statistics(run->integrator);
}

/* ---- boundaries ---- */

static hf_status pass_boundary(flow_run *run, hf_error *err)
{
    hf_checkpoint *checkpoint = &run->checkpoint;
    hf_status status = hf_detector_before_restart(run->detector, err);
    if (status == HF_OK)
        status = hf_integrator_restart(run->integrator, err);
    if (status != HF_OK || !has_tables(run))
        return status;
    status = hf_record_sync(&run->record, checkpoint->lengths, err);
    if (status != HF_OK)
        return status;
    checkpoint->next = run->next;
    hf_integrator_save(run->integrator, &checkpoint->state);
    memcpy(checkpoint->distance, run->flow->basis->distance, checkpoint->heads * checkpoint->heads * sizeof(double));
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
    if (status == HF_OK)
        status = hf_flow_use_basis(run->flow, checkpoint->distance, err);
    if (status == HF_OK)
        status = hf_integrator_load(run->integrator, &checkpoint->state, err);
    if (status == HF_OK)
        status = hf_record_open(&run->record, &run->params->output, run->problem, run->options->directory,
                                &run->params->origin, NULL, 0, checkpoint->lengths, err);
    run->next = (size_t)checkpoint->next;
    run->summary->resumed = true;
    return status;
}

/* ---- the whole ---- */

static hf_status prepare(flow_run *run, hf_error *err)
{
    const hf_flow_run_params *params = run->params;
    hf_status status = hf_problem_create(&run->problem, &params->problem, err);
    if (status == HF_OK &&
        params->output.spectrum >= run->problem->heads * (run->problem->features + run->problem->positions))
        status = hf_reject(err, "output.spectrum", "expected less than the number of unknowns, %zu",
                           run->problem->heads * (run->problem->features + run->problem->positions));
    if (status == HF_OK)
        status = hf_flow_create(&run->flow, run->problem, err);
    if (status == HF_OK)
        status = hf_observation_init(&run->observation, run->flow, err);
    if (status == HF_OK)
        status = hf_detector_create(&run->detector, &params->detector, hf_flow_system(run->flow), err);
    if (status == HF_OK && has_tables(run))
        status = hf_checkpoint_init(&run->checkpoint, run->flow, params->state_hash, err);
    if (status == HF_OK)
        status = hf_integrator_create(&run->integrator, hf_flow_system(run->flow), params->solver.rtol, params->solver.atol,
                                      err);
    if (status != HF_OK)
        return status;
    hf_run_summary *summary = run->summary;
    summary->heads = params->problem.heads;
    summary->patterns = params->problem.target.count;
    summary->share = malloc(summary->heads * summary->patterns * sizeof *summary->share);
    run->y = malloc(hf_flow_size(run->flow) * sizeof *run->y);
    run->checkpoint_path = has_tables(run) ? hf_path_join(run->options->directory, "checkpoint") : NULL;
    if (run->y == NULL || summary->share == NULL || (has_tables(run) && run->checkpoint_path == NULL))
        return hf_fail_memory(err, "the run");
    observe_at(run, 0);
    summary->loss_start = run->observation.loss;
    if (has_tables(run) && hf_detector_starts_stopped(run->detector)) /* nothing to draw; a sweep notes t_stop = 0 */
        return hf_reject(err, "solver.stop_loss", "the loss starts at %.6g, which is not above it", run->observation.loss);
    return HF_OK;
}

/* Opens the tables and writes the row of t = 0, or takes up a saved run. */
static hf_status begin(flow_run *run, hf_error *err)
{
    bool found;
    if (!has_tables(run))
        return HF_OK;
    hf_status status = resume(run, &found, err);
    if (status != HF_OK || found)
        return status;
    if (remove(run->checkpoint_path) != 0 && errno != ENOENT)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", run->checkpoint_path, strerror(errno));
    status = hf_record_open(&run->record, &run->params->output, run->problem, run->options->directory, &run->params->origin,
                            NULL, 0, NULL, err);
    return status == HF_OK ? write_rows(run, 0, err) : status;
}

static void report_progress(const flow_run *run)
{
    const hf_run_options *options = run->options;
    hf_progress progress = {.part = options->part,
                            .t = hf_integrator_time(run->integrator),
                            .t_first = run->params->output.t_first,
                            .t_end = run->params->solver.t_end,
                            .loss = run->flow->loss,
                            .steps = hf_integrator_statistics(run->integrator).steps,
                            .stages = hf_detector_stages(run->detector)};
    if (options->progress != NULL)
        options->progress(options->progress_data, &progress);
}

/* Steps until the run stops. *t: where. */
static hf_status integrate(flow_run *run, double *t, hf_error *err)
{
    size_t most = run->params->solver.max_steps;
    if (hf_detector_starts_stopped(run->detector)) {
        run->summary->stop = HF_STOP_LOSS;
        return HF_OK; /* *t is 0 */
    }
    for (;;) {
        hf_status status = hf_integrator_step(run->integrator, err);
        if (status != HF_OK)
            return status;
        bool by_loss;
        status = hf_detector_step(run->detector, run->integrator, run->params->solver.t_end, t, &by_loss, err);
        run->summary->stop = by_loss ? HF_STOP_LOSS : HF_STOP_TIME;
        if (status == HF_OK)
            status = write_rows(run, *t, err);
        if (status != HF_OK || by_loss || *t >= run->params->solver.t_end)
            return status;
        if (run->options->interrupted != NULL && *run->options->interrupted) {
            run->summary->stop = HF_STOP_INTERRUPTED;
            return HF_OK;
        }
        report_progress(run);
        if (hf_integrator_statistics(run->integrator).steps >= most)
            return hf_fail(err, HF_ENUMERIC,
                           "%zu step%s taken when t = %.6g was reached; raise solver.max_steps or solver.rtol", most,
                           most == 1 ? " was" : "s were", hf_integrator_time(run->integrator));
        if (hf_integrator_at_boundary(run->integrator))
            status = pass_boundary(run, err);
        if (status != HF_OK)
            return status;
    }
}

static hf_status find(flow_run *run, hf_error *err)
{
    hf_run_summary *summary = run->summary;
    if (!run->params->detector.detect.events)
        return HF_OK;
    hf_status status = hf_detector_finish(run->detector, &summary->findings, err);
    if (status != HF_OK || !has_tables(run))
        return status;
    return hf_findings_write(&summary->findings, summary->stop == HF_STOP_LOSS ? "loss" : "time", run->options->directory,
                             &run->params->origin, err);
}

/* Whether more was to come; the flow is at its final state. */
static hf_status judge_end(flow_run *run, double t, hf_error *err)
{
    const hf_ending ending = {.end = run->params->detector.detect.events ? run->summary->findings.end : HF_END_PLATEAU,
                              .t = t,
                              .loss = run->flow->loss,
                              .speed = run->flow->speed,
                              .equal_heads = run->problem->heads > 1 && run->observation.divergence == 0};
    const hf_system system = hf_flow_system(run->flow);
    return hf_reach_judge(&system, &ending, &run->summary->censored, err);
}

static hf_status finish(flow_run *run, double t, hf_error *err)
{
    hf_status status = HF_OK;
    bool ended = run->summary->stop != HF_STOP_INTERRUPTED;
    if (ended)
        status = find(run, err);
    summarize(run, t); /* leaves the flow at the final state */
    run->summary->censored = NAN;
    if (status == HF_OK && ended && run->options->judge_end)
        status = judge_end(run, t, err);
    if (!has_tables(run))
        return status;
    if (status == HF_OK && run->summary->stop == HF_STOP_LOSS && (run->next == 0 || output_time(run, run->next - 1) < t))
        status = write_row(run, t, err);
    if (status == HF_OK && ended)
        status = hf_record_commit(&run->record, run->flow, t, run->y, err);
    if (status == HF_OK && ended && remove(run->checkpoint_path) != 0 && errno != ENOENT)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", run->checkpoint_path, strerror(errno));
    return status;
}

hf_status hf_flow_run(const hf_flow_run_params *params, const hf_run_options *options, hf_run_summary *summary,
                      hf_error *err)
{
    flow_run run = {.params = params, .options = options, .summary = summary};
    double t = 0;
    *summary = (hf_run_summary){0};
    hf_status status = HF_OK;
    if (options->resume && has_tables(&run))
        status = hf_completion_check(options->directory, params->origin.hash, &summary->already_complete, err);
    if (status == HF_OK && summary->already_complete)
        return HF_OK;
    if (status == HF_OK)
        status = prepare(&run, err);
    if (status == HF_OK)
        status = begin(&run, err);
    if (status == HF_OK)
        status = integrate(&run, &t, err);
    if (status == HF_OK)
        status = finish(&run, t, err);

    hf_record_abandon(&run.record);
    hf_checkpoint_clear(&run.checkpoint);
    hf_observation_clear(&run.observation);
    hf_detector_free(run.detector);
    hf_integrator_free(run.integrator);
    hf_flow_free(run.flow);
    hf_problem_free(run.problem);
    free(run.checkpoint_path);
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

void hf_run_summary_clear(hf_run_summary *summary)
{
    hf_findings_clear(&summary->findings);
    free(summary->share);
    *summary = (hf_run_summary){0};
}
