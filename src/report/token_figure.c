#include "report/token_figure.h"

#include "core/file.h"
#include "core/path.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <inttypes.h>
#include <stdlib.h>

static void write_facts(FILE *stream, const void *data)
{
    const hf_token_figure *const f = data;
    fprintf(stream, "# configuration %016" PRIx64 "\n", f->hash);
    hf_plots_write_string(stream, "run_title", f->title);
    fprintf(stream, "run_title = run_title . ' (seed %" PRIu64 ")'\nsource = '../train/seed-%" PRIu64 "/'\n", f->seed, f->seed);
    fprintf(stream, "heads = %zu\nlevels = %zu\nhas_values = %d\nhas_stages = %d\nlog_steps = %d\nbest_step = %" PRIu64 "\n",
            f->heads, f->levels, f->has_values, f->has_stages, f->log_steps, f->best_step);
}

hf_status hf_token_figure_write(const hf_token_figure *figure, const char *directory, hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(plots, err);
    if (status == HF_OK)
        status = hf_plots_write_script(plots, "tokens", write_facts, figure,
                                       (const char *const[]){hf_plot_canvas, hf_plot_tokens, NULL}, err);
    free(plots);
    return status;
}
