#include "sweep/measure.h"

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

static hf_status measure_flow(const hf_config *config, size_t count, const hf_quantity *quantities,
                              const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_run_summary summary;
    const hf_run_options options = {.interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    const hf_status status = hf_flow_run(config, &options, &summary, err);
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
    hf_train_summary summary;
    const hf_train_options options = {.threads = 1, .interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    const hf_status status = hf_train_run(config, config->train.seed, &options, &summary, err);
    *stopped = status == HF_OK && summary.interrupted;
    const hf_outcome outcome = hf_outcome_of_training(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &outcome, values);
    hf_train_summary_clear(&summary);
    return status;
}

hf_status hf_measure(hf_config *config, size_t count, const hf_quantity *quantities,
                     const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    config->detect.saddles = false;
    for (size_t i = 0; i < count; i++)
        config->detect.saddles = config->detect.saddles || quantities[i].kind->needs_saddle;
    return (hf_config_runs_flow(config) ? measure_flow : measure_training)(config, count, quantities, interrupted, values,
                                                                           stopped, err);
}
