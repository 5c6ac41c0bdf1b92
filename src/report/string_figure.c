#include "report/string_figure.h"

#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <inttypes.h>

static void write_facts(FILE *stream, const void *data)
{
    const hf_string_figure *const f = data;
    fprintf(stream, "# configuration %016" PRIx64 "\n", f->hash);
    hf_plots_write_text(stream, "run_title", f->title);
    fprintf(stream, "first_seed = %" PRIu64 "\nseeds = %zu\naccuracy = %.17g\n", f->first_seed, f->seeds, f->accuracy);
}

static void write_slice_facts(FILE *stream, const void *data)
{
    const hf_string_figure *const f = data;
    hf_plots_write_seed(stream, f->hash, f->title, f->first_seed);
    fprintf(stream, "lines = %zu\nradius = %.17g\n", f->lines, f->radius);
}

static void write_logit_facts(FILE *stream, const void *data)
{
    const hf_string_figure *const f = data;
    hf_plots_write_seed(stream, f->hash, f->title, f->first_seed);
    fprintf(stream, "blocks = %zu\nheads = %zu\nkeep = %zu\n", f->blocks, f->heads, f->keep);
}

hf_status hf_string_figure_write(const hf_string_figure *figure, const char *directory, hf_error *err)
{
    hf_status status =
        hf_plots_write_figure(directory, "strings", figure->labels, write_facts, figure, hf_plot_strings, err);
    if (status == HF_OK)
        status = hf_plots_write_figure(directory, "logits", figure->labels, write_logit_facts, figure, hf_plot_logits, err);
    if (status == HF_OK && figure->lines > 0)
        status = hf_plots_write_figure(directory, "slices", figure->labels, write_slice_facts, figure, hf_plot_slices, err);
    return status;
}
