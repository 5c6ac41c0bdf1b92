#include "report/token_figure.h"

#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <inttypes.h>

/* Whose run it is. */
static void write_run(FILE *stream, const hf_token_figure *f)
{
    hf_plots_write_seed(stream, f->hash, f->title, f->seed);
    fprintf(stream, "heads = %zu\nlevels = %zu\n", f->heads, f->levels);
}

/* What levels are called, as functions of their number: where a head looks, and what is known beside the earlier ones. */
static void write_names(FILE *stream, const hf_token_figure *f)
{
    if (f->level_names == NULL) {
        fputs("level_place(k) = sprintf('span %d', k)\nlevel_known(k) = sprintf('%d span%s', k, k == 1 ? '' : 's')\n",
              stream);
        return;
    }
    fputs("level_place(k) = ", stream);
    for (size_t k = 0; k < f->levels; k++)
        fprintf(stream, "k == %zu ? '%s' : ", k + 1, f->level_names[k].place);
    fputs("''\nlevel_known(k) = ", stream);
    for (size_t k = 0; k < f->levels; k++)
        fprintf(stream, "k == %zu ? '%s' : ", k + 1, f->level_names[k].knowledge);
    fputs("''\n", stream);
}

static void write_facts(FILE *stream, const void *data)
{
    const hf_token_figure *const f = data;
    write_run(stream, f);
    fprintf(stream, "has_divergence = %d\n", f->has_divergence);
    fprintf(stream, "has_values = %d\nhas_stages = %d\nlog_steps = %d\nbest_step = %" PRIu64 "\n", f->has_values,
            f->has_stages, f->log_steps, f->best_step);
    write_names(stream, f);
    fputs("cuts = '", stream);
    for (size_t i = 0; i < f->cuts->count; i++)
        fprintf(stream, i == 0 ? "%zu" : " %zu", f->cuts->at[i]);
    fputs("'\n", stream);
}

static void write_map_facts(FILE *stream, const void *data)
{
    const hf_token_figure *const f = data;
    const size_t spans = f->lags == NULL ? 0 : f->levels;
    write_run(stream, f);
    fprintf(stream, "blocks = %zu\nquery_first = %zu\nqueries = %zu\nmap_steps = '", f->blocks, f->first, f->scored);
    for (size_t i = 0; i < f->maps->count; i++)
        fprintf(stream, i == 0 ? "%" PRIu64 : " %" PRIu64, f->maps->at[i]);
    fputs("'\nspan_from = '", stream);
    for (size_t k = 0; k < spans; k++)
        fprintf(stream, k == 0 ? "%zu" : " %zu", f->lags[k].from);
    fputs("'\nspan_to = '", stream);
    for (size_t k = 0; k < spans; k++)
        fprintf(stream, k == 0 ? "%zu" : " %zu", f->lags[k].to);
    fputs("'\n", stream);
}

hf_status hf_token_figure_write(const hf_token_figure *figure, const char *directory, hf_error *err)
{
    const hf_status status =
        hf_plots_write_figure(directory, "tokens", figure->labels, write_facts, figure, hf_plot_tokens, err);
    return status != HF_OK || figure->maps->count == 0
               ? status
               : hf_plots_write_figure(directory, "maps", figure->labels, write_map_facts, figure, hf_plot_maps, err);
}
