#include "cli/run_tokens.h"

#include "cli/run_seeds.h"
#include "report/token_figure.h"
#include "run/cuts.h"
#include "run/token_summary.h"

static hf_status train_seed(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                            hf_error *err)
{
    return hf_cuts_run(self, seed, options, summary, err);
}

/* The script of the figure, of the first seed. */
static hf_status write_figure(const void *self, const hf_run_summary *first, const char *work, hf_error *err)
{
    const hf_token_run_params *params = self;
    if (!params->output.plots)
        return HF_OK;
    const hf_token_figure figure = {.title = params->origin.title,
                                    .labels = params->labels,
                                    .hash = params->origin.hash,
                                    .seed = first->seed,
                                    .best_step = first->tokens.best_step,
                                    .heads = params->learner.network.heads,
                                    .levels = first->tokens.levels,
                                    .has_values = params->learner.network.kind == HF_NETWORK_MINIMAL,
                                    .has_stages = first->tokens.stages.stage_count > 0,
                                    .has_divergence = params->learner.train.task != HF_TASK_VECTORS,
                                    .log_steps = params->output.spacing == HF_SPACING_LOG &&
                                                 params->learner.train.log_every == 0 && params->learner.train.steps > 1,
                                    .blocks = hf_network_blocks(&params->learner.network),
                                    .first = first->tokens.first,
                                    .scored = first->tokens.scored,
                                    .lags = first->tokens.lags,
                                    .level_names = first->tokens.level_names,
                                    .maps = &params->output.maps,
                                    .cuts = &params->learner.train.cuts};
    return hf_token_figure_write(&figure, work, err);
}

static hf_status print(const void *self, const hf_run_summary *summary, hf_error *err)
{
    const hf_token_run_params *params = self;
    (void)err;
    for (size_t i = 0; i < params->learner.train.seeds; i++)
        hf_token_summary_print(&summary[i], stdout);
    return HF_OK;
}

hf_status hf_cli_run_tokens(const hf_token_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                            hf_error *err)
{
    hf_cli_seeds training = {.train = params->learner.train, /* phases are more steps */
                             .hash = params->origin.hash,
                             .plots = params->output.plots,
                             .cheaper = params->learner.train.cuts.count == 0
                                            ? "fewer train.steps or train.seeds"
                                            : "fewer train.steps, train.seeds or train.cuts",
                             .run = train_seed,
                             .write = write_figure,
                             .print = print,
                             .self = params};
    training.train.steps *= hf_cuts_phases(&params->learner.train);
    return hf_cli_run_seeds(&training, options, folder, err);
}
