#include "page/figures.h"

#include "core/file.h"
#include "core/path.h"
#include "page/html.h"
#include "page/svg.h"
#include "report/draw.h"
#include "report/gnuplot.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the figures show, in their order on the page. Others come behind them, by name. */
static const struct {
    const char *name, *shows;
} known[] = {
    {"flow", "attention and value of every head on every pattern, and the losses"},
    {"directions", "what is known of every direction, values of the heads, and the losses"},
    {"training", "the same of the first training run"},
    {"compare", "training beside the flow"},
    {"tokens", "excess, divergences and attention of a training on a Markov chain"},
    {"strings", "strings answered rightly and entropy of attention, after every epoch"},
    {"attention", "attention of every head over time"},
    {"weights", "entropy of attention, and attention on every pattern, on a logarithmic axis"},
    {"maps", "attention maps, queries downwards, keys to the right"},
    {"map", "what the sweep reports, over two of its keys"},
    {"curves", "what the sweep reports, over its key"},
    {"ladder", "distance to the models that know the first patterns"},
    {"sensitivities", "what moves which stage"},
    {"curvature", "the ways down from every plateau"},
    {"rungs", "deviations from the flow over learning rates and batch sizes"},
    {"detect", "the curves with their plateaus and stages"},
    {"beside", "the log beside the flow"},
    {"fitted", "the log and the flow that was fitted to it"},
};
enum { KNOWN = sizeof known / sizeof *known };

static size_t rank_of(const char *script)
{
    const size_t length = strlen(script) - strlen(".gp");
    size_t k = 0;
    while (k < KNOWN && (strlen(known[k].name) != length || strncmp(known[k].name, script, length) != 0))
        k++;
    return k;
}

static int is_script(const struct dirent *entry)
{
    return hf_draw_is_script(entry->d_name);
}

static int by_rank(const struct dirent **a, const struct dirent **b)
{
    const size_t x = rank_of((*a)->d_name), y = rank_of((*b)->d_name);
    return x != y ? (x > y) - (x < y) : strcmp((*a)->d_name, (*b)->d_name);
}

static void write_image(const char *script, const char *svg, FILE *stream)
{
    const size_t k = rank_of(script);
    char name[300];
    snprintf(name, sizeof name, "%.*s", (int)(strlen(script) - strlen(".gp")), script);
    fputs("<figure class=\"drawn\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"figure ", stream);
    hf_html_text(name, stream);
    fputs("\"><img alt=\"", stream);
    hf_html_text(k < KNOWN ? known[k].shows : name, stream);
    fputs("\" src=\"", stream);
    hf_html_svg(svg, stream);
    fputs("\"></div><figcaption><b>", stream);
    hf_html_text(name, stream);
    fputs("</b>", stream);
    if (k < KNOWN)
        fprintf(stream, ": %s", known[k].shows);
    fputs("</figcaption></figure>\n", stream);
}

/* One figure: drawn under a name of its own, read, made smaller. *killed_by: as hf_gnuplot_draw. */
static hf_status take_figure(const char *plots, const char *script, const char *folder, int *killed_by, FILE *stream,
                             hf_error *err)
{
    char *image = hf_path_join(folder, "figure.svg");
    char *svg = NULL, *smaller = NULL;
    hf_status status = image == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    *killed_by = 0;
    if (status == HF_OK)
        status = hf_draw_as(plots, script, "svg", image, killed_by, err);
    if (status == HF_OK)
        status = hf_file_load(image, &svg, err);
    if (status == HF_OK)
        status = hf_svg_compact(svg, &smaller, err);
    if (status == HF_OK)
        write_image(script, smaller, stream);
    if (image != NULL)
        remove(image);
    free(image);
    free(svg);
    free(smaller);
    return status;
}

static hf_status take_all(hf_page_figures *f, const char *plots, struct dirent **scripts, const char *folder, FILE *stream,
                          hf_error *err)
{
    int killed_by = 0;
    for (size_t i = 0; i < f->scripts; i++) {
        hf_error why;
        if (take_figure(plots, scripts[i]->d_name, folder, &killed_by, stream, &why) == HF_OK) {
            f->drawn++;
            continue;
        }
        if (killed_by == SIGINT || killed_by == SIGTERM)
            return hf_fail(err, HF_ESYSTEM, "%.300s: drawing was interrupted", plots);
        fputs("<p class=\"problem\">", stream);
        hf_html_text(why.message, stream);
        fputs("</p>\n", stream);
        if (f->failed != NULL)
            f->failed(f->data, why.message);
    }
    return HF_OK;
}

hf_status hf_page_figures_write(hf_page_figures *f, const char *directory, FILE *stream, hf_error *err)
{
    struct dirent **scripts = NULL;
    char *plots = hf_path_join(directory, "plots");
    const char *place = getenv("TMPDIR");
    char folder[4096];
    f->scripts = f->drawn = 0;
    if (plots == NULL)
        return hf_fail_memory(err, "a file name");
    const int count = scandir(plots, &scripts, is_script, by_rank);
    hf_status status = HF_OK;
    f->scripts = count > 0 ? (size_t)count : 0;
    f->missing = f->scripts > 0 && !hf_gnuplot_is_there();
    if (f->missing)
        fputs("<p class=\"problem\">gnuplot was not installed where this page was made, so the figures are missing.</p>\n",
              stream);
    else if (f->scripts > 0) {
        const int length =
            snprintf(folder, sizeof folder, "%s/headflow-XXXXXX", place == NULL || *place == '\0' ? "/tmp" : place);
        if (length >= (int)sizeof folder || mkdtemp(folder) == NULL)
            status =
                hf_fail(err, HF_ESYSTEM, "%.300s: cannot be made: %s; TMPDIR names another place", folder, strerror(errno));
        else {
            status = take_all(f, plots, scripts, folder, stream, err);
            rmdir(folder);
        }
    }
    for (size_t i = 0; i < f->scripts; i++)
        free(scripts[i]);
    free(scripts);
    free(plots);
    return status;
}
