#include "core/file.h"
#include "core/path.h"
#include "log/tables.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t count;
    const hf_log_look *looks;
} facts;

/* How many curves there are, their names, and whose steps stand better on a logarithmic axis. */
static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    const char *step = f->looks[0].curve->step;
    fprintf(stream, "curves = %zu\nlog_spaced = '", f->count);
    for (size_t i = 0; i < f->count; i++)
        fprintf(stream, " %d", f->looks[i].is_log);
    fputs("'\n", stream);
    hf_plots_write_string(stream, "step_name", step[0] == '\0' ? "row" : step);
    fprintf(stream, "array curve_names[%zu]\n", f->count);
    for (size_t i = 0; i < f->count; i++) {
        fprintf(stream, "curve_names[%zu] = ", i + 1);
        hf_plots_quote(stream, f->looks[i].curve->name);
        putc('\n', stream);
    }
    fputs("word_of(k) = curve_names[k]\n", stream);
}

hf_status hf_log_figure_write(size_t count, const hf_log_look *looks, const char *directory, hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(plots, err);
    if (status == HF_OK)
        status = hf_plots_write_script(plots, "detect", write_facts, &(facts){count, looks},
                                       (const char *const[]){hf_plot_canvas, hf_plot_detect, NULL}, err);
    free(plots);
    return status;
}
