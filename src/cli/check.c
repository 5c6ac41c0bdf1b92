/* headflow check: validates a model file and prints the effective configuration. */
#include "cli/cli.h"
#include "cli/findings.h"
#include "cli/model.h"

#include "config/fill.h"
#include "sweep/report.h"

#include <stdio.h>

static int run(const hf_cli_options *options)
{
    hf_config config;
    hf_error err;
    hf_status status = hf_cli_read_config(&config, options->argument, options->override_count, options->overrides, &err);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    status = config.declared.sweep ? hf_report_settle(&config, &err) : HF_OK;
    if (status == HF_OK)
        status = hf_fill_check(&config, &err); /* reads the state table too */
    if (status == HF_OK && options->json)
        status = hf_cli_print_check(&config, &err);
    else if (status == HF_OK && !hf_config_print(&config, NULL, stdout)) {
        status = hf_cli_flush(&err);
        if (status == HF_OK) /* the stream is in order */
            status = hf_fail_memory(&err, "the path of the state table");
    }
    hf_config_clear(&config);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_check = {
    .name = "check",
    .usage = "check MODEL [-s path=value]... [--json]",
    .summary = "validate; print the effective configuration",
    .short_options = "sJ",
    /* clang-format off */
    .help =
        "Reads MODEL with the overrides of -s and prints the configuration that a run would use, every key with its unit and\n"
        "meaning. What it prints is a model file that gives the same run. MODEL is a file, or - for standard input.\n"
        "\n"
        "  -s path=value   sets a key as in the model file: -s solver.rtol=1e-10 -s target.strengths='(2.89, 1.7, 1)'\n"
        "  --json          prints what the keys are as JSON\n"
        "\n"
        "headflow help keys lists all keys.\n",
    /* clang-format on */
    .run = run,
};
