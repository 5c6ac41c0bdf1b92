#include "sweep/measure.h"

#include "config/fill.h"

#include <math.h>

/* What is to be measured, and where to. */
typedef struct {
    size_t count;
    const hf_quantity *quantities;
    double *values; /* (count) */
    char **texts;   /* (count); NULL: nobody asks for them */
} request;

/* What was asked for, from how the run went. */
static hf_status read_off(const hf_config *config, const request *asked, const hf_run_summary *run, hf_error *err)
{
    for (size_t i = 0; i < asked->count; i++) {
        const hf_quantity *q = &asked->quantities[i];
        const bool is_known = config->detect.events || !q->kind->needs_events;
        asked->values[i] = is_known ? hf_quantity_value(q, run) : NAN;
        if (asked->texts == NULL || !is_known || !hf_quantity_is_category(q))
            continue;
        asked->texts[i] = q->kind->text(run);
        if (asked->texts[i] == NULL && run->heads > 0)
            return hf_fail_memory(err, "a result");
    }
    return HF_OK;
}

static bool needs_end(const request *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        if (asked->quantities[i].kind->needs_end)
            return true;
    return false;
}

static bool needs_saddles(const request *asked)
{
    for (size_t i = 0; i < asked->count; i++)
        if (asked->quantities[i].kind->needs_saddle)
            return true;
    return false;
}

/* What is asked of a run that has ended with a status, unless it was interrupted; the summary goes. */
static hf_status take(const hf_config *config, const request *asked, hf_status status, hf_run_summary *summary,
                      bool *stopped, hf_error *err)
{
    *stopped = status == HF_OK && hf_run_was_interrupted(summary);
    if (status == HF_OK && !*stopped)
        status = read_off(config, asked, summary, err);
    hf_run_summary_clear(summary);
    return status;
}

static hf_status measure_flow(const hf_config *config, const request *asked, const volatile sig_atomic_t *interrupted,
                              bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_flow_run_params params;
    const hf_run_options options = {.interrupted = interrupted, .judge_end = needs_end(asked)};
    hf_status status = hf_fill_flow_run(config, &params, err);
    params.detector.detect.saddles = needs_saddles(asked);
    if (status == HF_OK)
        status = hf_flow_run(&params, &options, &summary, err);
    hf_fill_clear_problem(&params.problem);
    return take(config, asked, status, &summary, stopped, err);
}

static hf_status measure_training(const hf_config *config, const request *asked, const volatile sig_atomic_t *interrupted,
                                  bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_train_run_params params;
    const hf_run_options options = {.threads = 1, .interrupted = interrupted, .judge_end = needs_end(asked)};
    hf_status status = hf_fill_train_run(config, &params, err);
    params.detector.detect.saddles = needs_saddles(asked);
    if (status == HF_OK)
        status = hf_train_run(&params, config->train.seed, &options, NULL, &summary, err);
    hf_fill_clear_problem(&params.learner.problem);
    return take(config, asked, status, &summary, stopped, err);
}

static hf_status measure_tokens(const hf_config *config, const request *asked, const volatile sig_atomic_t *interrupted,
                                bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_token_run_params params;
    const hf_run_options options = {.threads = 1, .interrupted = interrupted};
    hf_status status = hf_fill_token_run(config, &params, err);
    if (status == HF_OK)
        status = hf_token_run(&params, config->train.seed, &options, NULL, &summary, err);
    hf_fill_clear_token_run(&params);
    return take(config, asked, status, &summary, stopped, err);
}

static hf_status measure_strings(const hf_config *config, const request *asked, const volatile sig_atomic_t *interrupted,
                                 bool *stopped, hf_error *err)
{
    hf_run_summary summary = {0};
    hf_string_run_params params;
    const hf_run_options options = {.threads = 1, .interrupted = interrupted};
    hf_status status = hf_fill_string_run(config, &params, err);
    if (status == HF_OK)
        status = hf_string_run(&params, config->train.seed, &options, &summary, err);
    return take(config, asked, status, &summary, stopped, err);
}

hf_status hf_measure(const hf_config *config, size_t count, const hf_quantity *quantities,
                     const volatile sig_atomic_t *interrupted, double *values, char **texts, bool *stopped, hf_error *err)
{
    const request asked = {count, quantities, values, texts};
    for (size_t i = 0; i < count && texts != NULL; i++)
        texts[i] = NULL;
    const hf_status status = (hf_config_runs_flow(config)         ? measure_flow
                              : hf_config_predicts_tokens(config) ? measure_tokens
                              : hf_config_is_strings(config)      ? measure_strings
                                                             : measure_training)(config, &asked, interrupted, stopped, err);
    return hf_config_place(config, status, err);
}
