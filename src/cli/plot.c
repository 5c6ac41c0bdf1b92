/* headflow plot: draws the figures of a finished run. */
#include "cli/cli.h"

#include "report/plots.h"

#include <stdio.h>

static void tell_image(void *data, const char *image)
{
    (void)data;
    puts(image);
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    const char *terminal = options->terminal == NULL ? "png" : options->terminal;
    const hf_plots_listener listener = {.drawn = tell_image, .failed = hf_cli_tell_failure};
    hf_status status = hf_plots_draw(options->argument, terminal, &listener, &err);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_plot = {
    .name = "plot",
    .usage = "plot DIR [--terminal png|svg|pdf|qt]",
    .summary = "draw the figures of a finished run",
    .short_options = "t",
    .help =
        "Runs gnuplot on every script in DIR/plots and leaves the images beside them.\n"
        "\n"
        "  --terminal T   png (default), svg or pdf write files, qt opens windows\n"
        "\n"
        "Prints the names of the images. A figure that gnuplot cannot draw is named with gnuplot's reason, the others are\n"
        "drawn, and the exit code is 4.\n"
        "\n"
        "The scripts are yours to edit; they also run by themselves: gnuplot DIR/plots/flow.gp\n",
    .run = run,
};
