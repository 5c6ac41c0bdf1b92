/* headflow page: what a folder holds, as one HTML file. */
#include "cli/cli.h"

#include "config/fill.h"
#include "core/commit.h"
#include "core/path.h"
#include "page/page.h"
#include "run/flow_run.h"

#include <stdio.h>
#include <stdlib.h>

/* What the model of a run says. config must outlive params. */
static hf_status read_model(hf_config *config, hf_page_params *params, hf_error *err)
{
    hf_table_origin origin;
    uint64_t state_hash;
    char *path = hf_path_join(params->directory, params->model);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = hf_config_read(config, path, 0, NULL, err);
    free(path);
    if (status != HF_OK)
        return status;
    status = hf_fill_identity(config, &origin, &state_hash, err);
    params->is_chain = hf_config_predicts_tokens(config);
    params->is_strings = hf_config_is_strings(config);
    params->runs_flow = !hf_config_reads_tokens(config) && hf_config_runs_flow(config);
    params->runs_drift = !hf_config_reads_tokens(config) && hf_config_runs_drift(config);
    params->seeds = config->declared.train ? config->train.seeds : 0;
    params->first_seed = config->train.seed;
    params->hash = origin.hash;
    params->rtol = config->solver.rtol;
    params->patterns = &config->target.patterns;
    params->copies = &config->data.copies;
    params->replicas = &config->data.replicas;
    return status;
}

/* What was decided before somebody was killed has its place before it is shown. */
static hf_status recover(const char *directory, hf_error *err)
{
    if (!hf_commit_is_pending(directory))
        return HF_OK;
    const hf_status status = hf_cli_lock(directory, "lock", NULL, err);
    return status == HF_OK ? hf_commit_recover(directory, err) : status;
}

static hf_status make_page(const char *directory, const char *path, bool quiet, hf_error *err)
{
    hf_config config = {0};
    hf_page_params params = {.directory = directory, .is_accurate = hf_run_is_accurate};
    hf_page_figures figures = {.failed = hf_cli_tell_failure};
    size_t size = 0;
    hf_status status = recover(directory, err);
    if (status == HF_OK)
        status = hf_page_look(directory, &params.kind, err);
    params.model = params.kind == HF_PAGE_RUN ? "model.conf" : params.kind == HF_PAGE_SWEEP ? "sweep.conf" : NULL;
    if (status == HF_OK && params.kind == HF_PAGE_RUN)
        status = read_model(&config, &params, err);
    if (status == HF_OK)
        status = hf_page_write(&params, path, &figures, &size, err);
    hf_config_clear(&config);
    if (status != HF_OK)
        return status;
    if (figures.missing && !quiet)
        fputs("headflow: gnuplot is not installed, so the page has no figures of gnuplot's\n", stderr);
    if (!quiet)
        printf("page: %s (%zu kB)\n", path, (size + 999) / 1000);
    if (!figures.missing && figures.drawn < figures.scripts)
        return hf_fail(err, HF_ESYSTEM, "gnuplot failed on %zu of %zu figures; the page is complete but for these",
                       figures.scripts - figures.drawn, figures.scripts);
    return hf_cli_flush(err);
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    const char *directory = options->argument;
    char *usual = options->directory == NULL ? hf_path_join(directory, "page.html") : NULL;
    const char *path = options->directory == NULL ? usual : options->directory;
    const hf_status status =
        path == NULL ? hf_fail_memory(&err, "a file name") : make_page(directory, path, options->quiet, &err);
    free(usual);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_page = {
    .name = "page",
    .usage = "page DIR [-o FILE] [--quiet]",
    .summary = "one HTML file to look at: figures, attention over time, tables",
    .argument = "DIR",
    .short_options = "oq",
    /* clang-format off */
    .help =
        "Writes what DIR holds, a run, a comparison, a sweep or what headflow detect found, as one HTML file that needs nothing\n"
        "else: no network, no other file. It has the figures, the tables, the attention over time with a slider, the map of a sweep on which\n"
        "a point shows its run, the model file, and a certificate: versions, configuration, energy defect.\n"
        "\n"
        "  -o FILE   where to; default DIR/page.html\n"
        "  --quiet   says nothing when all went well\n"
        "\n"
        "The page can be read without JavaScript and used with the keyboard: arrow keys move the slider and the point. #t=54.9 behind\n"
        "its address is the moment t = 54.9, #task=7 run 7 of a sweep, #run=2 the second run. doc/page.md says more.\n"
        "\n"
        "Figures are drawn anew by gnuplot; without it they are missing, and the page says so. A figure that gnuplot cannot draw is\n"
        "named, and the exit code is 4; a folder that is no run, sweep or detection, an unfinished run or a damaged table is 2.\n",
    /* clang-format on */
    .run = run,
};
