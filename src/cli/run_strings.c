#include "cli/run_strings.h"

#include "cli/run_seeds.h"
#include "report/string_figure.h"
#include "run/string_record.h"
#include "run/string_summary.h"

static hf_status train_seed(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                            hf_error *err)
{
    return hf_string_run(self, seed, options, summary, err);
}

/* What all seeds say together, and the script of the figure. */
static hf_status write_all(const void *self, const hf_run_summary *summary, const char *work, hf_error *err)
{
    const hf_string_run_params *params = self;
    const size_t seeds = params->learner.train.seeds;
    const hf_string_figure figure = {.title = params->origin.title,
                                     .labels = params->labels,
                                     .hash = params->origin.hash,
                                     .first_seed = params->learner.train.seed,
                                     .seeds = seeds,
                                     .blocks = params->learner.encoder.blocks,
                                     .heads = params->learner.encoder.heads,
                                     .keep = params->learner.encoder.keep,
                                     .lines = params->output.slices,
                                     .radius = params->output.slice_radius,
                                     .accuracy = params->accuracy};
    const hf_status status = hf_string_record_seeds(work, &params->origin, seeds, summary, err);
    return status == HF_OK && params->output.plots ? hf_string_figure_write(&figure, work, err) : status;
}

static hf_status print(const void *self, const hf_run_summary *summary, hf_error *err)
{
    const hf_string_run_params *params = self;
    for (size_t i = 0; i < params->learner.train.seeds; i++)
        hf_string_summary_print(&summary[i], stdout);
    return hf_string_summary_print_all(params->learner.train.seeds, summary, stdout, err);
}

hf_status hf_cli_run_strings(const hf_string_run_params *params, const hf_cli_options *options, const hf_folder *folder,
                             hf_error *err)
{
    const hf_cli_seeds training = {.train = params->learner.train,
                                   .hash = params->origin.hash,
                                   .plots = params->output.plots,
                                   .cheaper = "fewer train.steps or train.seeds",
                                   .run = train_seed,
                                   .write = write_all,
                                   .print = print,
                                   .self = params};
    return hf_cli_run_seeds(&training, options, folder, err);
}
