/* headflow detect: plateaus, drops and stages of somebody's training log. */
#include "cli/cli.h"

#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "log/summary.h"
#include "log/tables.h"

#include <stdio.h>
#include <stdlib.h>

static hf_status read_logs(hf_log *log, const hf_cli_options *options, hf_error *err)
{
    const hf_log_wish wish = {options->step, options->loss_count, options->losses};
    hf_status status = HF_OK;
    for (size_t i = 0; i < options->argument_count && status == HF_OK; i++)
        status = hf_log_read(log, options->arguments[i], &wish, err);
    return status == HF_OK ? hf_log_name(log, err) : status;
}

/* A folder that holds a run keeps its tables. */
static hf_status open_folder(const char *directory, hf_error *err)
{
    char *model = hf_path_join(directory, "model.conf");
    hf_status status = model == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(model))
        status = hf_fail(err, HF_EUSAGE, "-o %s: a run is in this folder, whose tables have the same names: name another one",
                         directory);
    free(model);
    if (status == HF_OK)
        status = hf_directory_make(directory, err);
    return status == HF_OK ? hf_cli_lock(directory, "lock", NULL, err) : status;
}

static hf_status write_all(size_t count, const hf_log_look *looks, const hf_cli_options *options, hf_error *err)
{
    hf_status status = hf_log_tables_write(count, looks, &hf_search_usual, options->directory, err);
    if (status == HF_OK)
        status = hf_log_figure_write(count, looks, options->directory, err);
    if (status == HF_OK && !options->quiet)
        printf("tables: %s\n", options->directory);
    if (status == HF_OK)
        status = hf_cli_draw(options->directory, options->quiet, err);
    if (status == HF_OK && !options->quiet)
        printf("figures: %s/plots\n", options->directory);
    return status;
}

static void print_all(size_t count, const hf_log_look *looks)
{
    size_t stages = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putchar('\n');
        hf_log_print(&looks[i], stdout);
        stages += looks[i].found.stage_count;
    }
    if (stages > 0)
        hf_log_print_legend(stdout);
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    hf_log log = {0};
    hf_log_look *looks = NULL;
    size_t looked = 0;
    hf_status status = read_logs(&log, options, &err);
    if (status == HF_OK && (looks = calloc(log.count, sizeof *looks)) == NULL)
        status = hf_fail_memory(&err, "the curves");
    for (; status == HF_OK && looked < log.count; looked += status == HF_OK)
        status = hf_log_look_at(&looks[looked], &log.curve[looked], &hf_search_usual, &err);
    if (status == HF_OK && options->directory != NULL)
        status = open_folder(options->directory, &err);
    if (status == HF_OK && !options->quiet)
        print_all(looked, looks);
    if (status == HF_OK && options->directory != NULL)
        status = write_all(looked, looks, options, &err);
    for (size_t i = 0; i < looked; i++)
        hf_log_look_clear(&looks[i]);
    free(looks);
    hf_log_clear(&log);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_detect = {
    .name = "detect",
    .usage = "detect LOG... [-o DIR] [--step NAME] [--loss NAME]...",
    .argument = "LOG",
    .many = true,
    .summary = "stages of somebody's training log",
    .short_options = "oqpl",
    .help = "Finds the plateaus, drops and stages of training logs: CSV or TSV with a line of names (pandas, W&B and TensorBoard\n"
            "exports, numpy.savetxt with a header), with noise of any size, gaps, NaN, steps out of order or repeated, on any grid.\n"
            "\n"
            "  -o DIR         writes DIR/stages.tsv, curves.tsv, plateaus.tsv, slope.tsv, samples.tsv and DIR/plots/detect.png;\n"
            "                 without it nothing is written\n"
            "  --step NAME    the column of steps or times; default: step, iteration, t, epoch, ..., the only other column that\n"
            "                 rises, or the number of the row\n"
            "  --loss NAME    the column of the loss, again for each of several; NAME also takes RUN - NAME of W&B for all runs,\n"
            "                 and train/NAME; default: loss, train_loss, ..., or the only one that it can be\n"
            "  --quiet        no summary\n"
            "\n"
            "Says which columns were taken, what was done to the rows, how large the noise is, and of every stage when it is,\n"
            "between which levels, and how sure it is. A curve that rises is looked at upside down. doc/detect.md says how.\n",
    .run = run,
};
