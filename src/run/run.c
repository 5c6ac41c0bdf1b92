#include "run/run.h"

#include "run/token_turn.h"

#include <math.h>
#include <stdlib.h>

void hf_run_summary_init(hf_run_summary *summary)
{
    *summary = (hf_run_summary){.t = NAN, .loss_start = NAN, .loss = NAN, .overlap = NAN, .censored = NAN};
    summary->integration.energy_defect = NAN;
    summary->training.train_loss = summary->training.sharpness = NAN;
    summary->training.early = (hf_early_stop){.t = NAN, .loss = NAN, .distance = NAN};
    summary->training.before = summary->training.after = (hf_deviation){.t = NAN, .loss = NAN};
    summary->tokens.truth = summary->tokens.train_excess = NAN;
    summary->tokens.best = INFINITY;
    summary->strings = (hf_string_numbers){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

void hf_run_summary_clear(hf_run_summary *summary)
{
    hf_findings_clear(&summary->findings);
    hf_sensitivities_clear(&summary->sensitivities);
    hf_search_clear(&summary->tokens.stages);
    free(summary->share);
    free(summary->mass);
    free(summary->training.crossing);
    free(summary->tokens.kl);
    free(summary->tokens.cut);
    free(summary->tokens.lags);
    hf_token_turn_clear(&summary->tokens);
    *summary = (hf_run_summary){0};
}

const char *hf_run_stop_name(hf_stop stop)
{
    static const char *const names[] = {
        [HF_STOP_TIME] = "time", [HF_STOP_LOSS] = "loss", [HF_STOP_EVENT] = "event", [HF_STOP_INTERRUPTED] = "watcher"};
    return names[stop];
}

bool hf_run_was_interrupted(const hf_run_summary *summary)
{
    return summary->stop == HF_STOP_INTERRUPTED;
}

bool hf_run_should_stop(const hf_run_options *options)
{
    return options->interrupted != NULL && *options->interrupted != 0;
}
