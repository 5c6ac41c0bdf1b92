/* headflow plot: draws the figures of a finished run. */
#include "cli/cli.h"

#include "report/plots.h"

#include <stdio.h>
#include <string.h>

static int run(const hf_cli_options *options)
{
    hf_error err;
    const char *terminal = options->terminal == NULL ? "png" : options->terminal;
    hf_status status = hf_plots_draw(options->argument, terminal, &err);
    if (status != HF_OK)
        return hf_cli_fail(&err);
    if (strcmp(terminal, "qt") != 0)
        printf("%s/plots/*.%s\n", options->argument, terminal);
    return 0;
}

const hf_cli_command hf_cli_plot = {
    .name = "plot",
    .usage = "plot DIR [--terminal png|svg|pdf|qt]",
    .summary = "draw the figures of a finished run",
    .short_options = "t",
    .help = "Runs gnuplot on every script in DIR/plots and leaves the images beside them.\n"
            "\n"
            "  --terminal T   png (default), svg or pdf write files, qt opens windows\n"
            "\n"
            "The scripts are yours to edit; they also run by themselves: gnuplot DIR/plots/flow.gp\n",
    .run = run,
};
