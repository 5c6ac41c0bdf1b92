/* headflow plot: draws the figures of a finished run. */
#include "cli/cli.h"

#include "core/commit.h"
#include "core/file.h"
#include "core/path.h"
#include "report/draw.h"
#include "report/paper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What was decided before somebody was killed has its place before it is drawn. */
static hf_status recover(const char *directory, hf_error *err)
{
    if (!hf_commit_is_pending(directory))
        return HF_OK;
    const hf_status status = hf_cli_lock(directory, "lock", NULL, err);
    return status == HF_OK ? hf_commit_recover(directory, err) : status;
}

static hf_status check_writable(const char *directory, hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && access(plots, W_OK) != 0 && errno != ENOENT && errno != ENOTDIR)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be written: %s; --terminal qt opens windows, and a copy can be drawn",
                         plots, strerror(errno));
    free(plots);
    return status;
}

static void tell_image(void *data, const char *image)
{
    (void)data;
    puts(image);
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    const hf_draw_options how = {.terminal = options->terminal == NULL ? "png" : options->terminal,
                                 .only = options->only,
                                 .width = options->width,
                                 .font_size = options->font_size,
                                 .palette = options->palette,
                                 .style = options->style,
                                 .no_title = options->no_title};
    hf_status status = recover(options->argument, &err);
    if (status == HF_OK && strcmp(how.terminal, "qt") != 0)
        status = check_writable(options->argument, &err);
    const hf_draw_listener listener = {.drawn = tell_image, .failed = hf_cli_tell_failure};
    if (status == HF_OK)
        status = hf_draw_figures(options->argument, &how, &listener, &err);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_plot = {
    .name = "plot",
    .usage = "plot DIR [--only NAME] [--width 85mm|neurips|icml|prl|...] [--font-size PT] [--terminal T] [--palette light|print]\n"
             "                   [--style FILE] [--no-title]",
    .summary = "draw the figures of a finished run",
    .short_options = "tFWSPTN",
    /* clang-format off */
    .help =
        "Runs gnuplot on every script in DIR/plots and leaves the images beside them.\n"
        "\n"
        "  --terminal T     png (default), svg, pdf or eps write files; cairolatex and tikz write NAME.tex for LaTeX, which sets\n"
        "                   the text; qt opens windows\n"
        "  --only NAME      this figure alone, such as flow\n"
        "  --width W        for print: so wide, with its letters in their size there. 85mm, 8.5cm, 3.25in, 240pt, or a place whose\n"
        "                   columns are so wide: neurips, iclr, icml, icml-wide, aistats, jmlr, colt, tmlr, prl, prl-wide, pre,\n"
        "                   prx, nature, nature-wide, pnas, ieee, ieee-wide\n"
        "  --font-size PT   of letters in points; default with --width: 8\n"
        "  --palette P      light, or print: shades that differ without colours, and dashes; default with --width: print\n"
        "  --style FILE     commands of gnuplot for colours, fonts and labels; default: DIR/plots/style.gp, if it is there. It is\n"
        "                   yours: nothing ever writes it\n"
        "  --no-title       the caption says it\n"
        "\n"
        "Prints the names of the images. A figure that gnuplot cannot draw is named with gnuplot's reason, the others are\n"
        "drawn, and the exit code is 4.\n"
        "\n"
        "The scripts are yours to edit; they also run by themselves: gnuplot DIR/plots/flow.gp. doc/print.md says how figures\n"
        "get into a paper.\n",
    /* clang-format on */
    .run = run,
};
