#include "sweep/measure.h"

#include "config/fill.h"

#include <math.h>

/* What was asked for, from how the run went. */
static void read_off(const hf_config *config, size_t count, const hf_quantity *quantities, const hf_run_summary *run,
                     double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] =
            quantities[i].kind->needs_events && !config->detect.events ? NAN : hf_quantity_value(&quantities[i], run);
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
    *stopped = status == HF_OK && hf_run_was_interrupted(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &summary, values);
    hf_run_summary_clear(&summary);
    return status;
}

static hf_status measure_training(const hf_config *config, size_t count, const hf_quantity *quantities,
                                  const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_train_run_params params;
    const hf_run_options options = {.threads = 1, .interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    hf_status status = hf_fill_train_run(config, &params, err);
    params.detector.detect.saddles = needs_saddles(count, quantities);
    if (status == HF_OK)
        status = hf_train_run(&params, config->train.seed, &options, NULL, &summary, err);
    hf_fill_clear_problem(&params.learner.problem);
    *stopped = status == HF_OK && hf_run_was_interrupted(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &summary, values);
    hf_run_summary_clear(&summary);
    return status;
}

static hf_status measure_tokens(const hf_config *config, size_t count, const hf_quantity *quantities,
                                const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_token_run_params params;
    const hf_run_options options = {.threads = 1, .interrupted = interrupted};
    hf_status status = hf_fill_token_run(config, &params, err);
    if (status == HF_OK)
        status = hf_token_run(&params, config->train.seed, &options, NULL, &summary, err);
    hf_fill_clear_token_run(&params);
    *stopped = status == HF_OK && hf_run_was_interrupted(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &summary, values);
    hf_run_summary_clear(&summary);
    return status;
}

hf_status hf_measure(const hf_config *config, size_t count, const hf_quantity *quantities,
                     const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    const hf_status status =
        (hf_config_runs_flow(config)  ? measure_flow
         : hf_config_is_chain(config) ? measure_tokens
                                      : measure_training)(config, count, quantities, interrupted, values, stopped, err);
    return hf_config_place(config, status, err);
}
