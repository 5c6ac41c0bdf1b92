/* headflow collect: merges what the tasks of a sweep left into tables and figures. */
#include "cli/sweep_shared.h"

static int run(const hf_cli_options *options)
{
    hf_error err;
    hf_sweep sweep;
    if (hf_sweep_open(&sweep, options->argument, &err) != HF_OK)
        return hf_cli_fail(&err);
    int code = HF_ESYSTEM;
    if (hf_cli_lock(options->argument, "lock", NULL, &err) == HF_OK)
        code = hf_cli_collect_sweep(&sweep, "collect", options);
    else
        hf_cli_fail(&err);
    hf_sweep_close(&sweep);
    return code;
}

const hf_cli_command hf_cli_collect = {
    .name = "collect",
    .usage = "collect DIR [--json] [--quiet]",
    .summary = "merge the results of a sweep's tasks; draw",
    .short_options = "qJ",
    /* clang-format off */
    .help =
        "Merges what headflow task left in DIR/parts, in the order of the tasks, into DIR/results.tsv (a row per task, with its\n"
        "status OK, FAILED or NOT_RUN), DIR/summary.tsv (medians and quantiles over seeds), DIR/timing.tsv and, for fits,\n"
        "DIR/fit.tsv, and draws the figures DIR/plots.\n"
        "\n"
        "It may be called at any time, also while headflow task is at work. The exit code is 3 while any task has failed or\n"
        "has not run.\n"
        "\n"
        "  --json    results as JSON instead of a summary, see doc/tables.md\n"
        "  --quiet   no summary\n",
    /* clang-format on */
    .run = run,
};
