#include "sweep/measure.h"

#include "config/fill.h"

#include <math.h>

hf_outcome hf_outcome_of_flow(const hf_run_summary *s)
{
    return (hf_outcome){.findings = &s->findings,
                        .censored = s->censored,
                        .t = s->t,
                        .loss_start = s->loss_start,
                        .loss = s->loss,
                        .overlap = s->overlap,
                        .energy_defect = s->energy_defect,
                        .steps = (double)s->counts.steps,
                        .train_loss = NAN,
                        .early_step = NAN,
                        .early_t = NAN,
                        .early_loss = NAN,
                        .early_class = NAN};
}

hf_outcome hf_outcome_of_training(const hf_train_summary *s)
{
    return (hf_outcome){.findings = &s->findings,
                        .censored = s->censored,
                        .t = s->t,
                        .loss_start = s->loss_start,
                        .loss = s->loss,
                        .overlap = s->overlap,
                        .energy_defect = NAN,
                        .steps = (double)s->step,
                        .train_loss = s->train_loss,
                        .early_step = (double)s->early.step,
                        .early_t = s->early.t,
                        .early_loss = s->early.loss,
                        .early_class = (double)s->early.nearest};
}

/* What was asked for, from how the run went. */
static void read_off(const hf_config *config, size_t count, const hf_quantity *quantities, const hf_outcome *outcome,
                     double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] =
            quantities[i].kind->needs_events && !config->detect.events ? NAN : hf_quantity_value(&quantities[i], outcome);
}

static bool needs_end(size_t count, const hf_quantity *quantities)
{
    for (size_t i = 0; i < count; i++)
        if (quantities[i].kind->needs_end)
            return true;
    return false;
}

static bool needs_saddles(size_t count, const hf_quantity *quantities)
{
    for (size_t i = 0; i < count; i++)
        if (quantities[i].kind->needs_saddle)
            return true;
    return false;
}

static hf_status measure_flow(const hf_config *config, size_t count, const hf_quantity *quantities,
                              const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_flow_run_params params;
    const hf_run_options options = {.interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    hf_status status = hf_fill_flow_run(config, &params, err);
    params.detector.detect.saddles = needs_saddles(count, quantities);
    if (status == HF_OK)
        status = hf_flow_run(&params, &options, &summary, err);
    hf_fill_clear_problem(&params.problem);
    *stopped = status == HF_OK && summary.stop == HF_STOP_INTERRUPTED;
    const hf_outcome outcome = hf_outcome_of_flow(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &outcome, values);
    hf_run_summary_clear(&summary);
    return status;
}

static hf_status measure_training(const hf_config *config, size_t count, const hf_quantity *quantities,
                                  const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_train_summary summary = {0};
    hf_train_run_params params;
    const hf_train_options options = {.threads = 1, .interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    hf_status status = hf_fill_train_run(config, &params, err);
    params.detector.detect.saddles = needs_saddles(count, quantities);
    if (status == HF_OK)
        status = hf_train_run(&params, config->train.seed, &options, &summary, err);
    hf_fill_clear_problem(&params.learner.problem);
    *stopped = status == HF_OK && summary.interrupted;
    const hf_outcome outcome = hf_outcome_of_training(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &outcome, values);
    hf_train_summary_clear(&summary);
    return status;
}

hf_status hf_measure(const hf_config *config, size_t count, const hf_quantity *quantities,
                     const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    const hf_status status = (hf_config_runs_flow(config) ? measure_flow : measure_training)(
        config, count, quantities, interrupted, values, stopped, err);
    return hf_config_place(config, status, err);
}
