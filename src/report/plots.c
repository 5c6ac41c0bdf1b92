#include "report/plots.h"

#include "core/path.h"
#include "core/text.h"
#include "core/file.h"
#include "report/labels.h"
#include "report/markup.h"
#include "report/plot_scripts.h" /* made from plots/ by make */

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- scripts ---- */

void hf_plots_write_string(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, "%s = ", name);
    hf_markup_quote(stream, text);
    putc('\n', stream);
}

void hf_plots_write_text(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, "%s = ", name);
    hf_labels_write_text(stream, text);
    putc('\n', stream);
}

void hf_plots_write_seed(FILE *stream, uint64_t hash, const char *title, uint64_t seed)
{
    fprintf(stream, "# configuration %016" PRIx64 "\n", hash);
    hf_plots_write_text(stream, "run_title", title);
    fprintf(stream, "run_title = run_title . ' (seed %" PRIu64 ")'\nsource = '../train/seed-%" PRIu64 "/'\n", seed, seed);
}

/* Images of a script whose data are not there any more. */
static void remove_images(const char *plots, const char *name)
{
    static const char *const endings[] = {".png", ".svg", ".pdf", ".eps", ".tex", "-lines.pdf"};
    char file_name[64];
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(file_name, sizeof file_name, "%s%s", name, endings[i]);
        char *path = hf_path_join(plots, file_name);
        if (path != NULL)
            remove(path);
        free(path);
    }
}

/* Whether two files can be read and hold the same. */
static bool is_same(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    bool same = x != NULL && y != NULL;
    for (int c = 0; same && c != EOF;)
        same = (c = getc(x)) == getc(y);
    same = same && !ferror(x) && !ferror(y);
    if (x != NULL)
        fclose(x);
    if (y != NULL)
        fclose(y);
    return same;
}

hf_status hf_plots_write_script(const char *plots, const char *name, const hf_labels *labels,
                                void (*write_facts)(FILE *, const void *), const void *data, const char *const parts[],
                                hf_error *err)
{
    char file_name[64];
    snprintf(file_name, sizeof file_name, "%s.gp", name);
    char *path = hf_path_join(plots, file_name);
    hf_file file;
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_open(&file, path, err);
    if (status == HF_OK) {
        fprintf(file.stream,
                "# %s of headflow. Needs only gnuplot and the tables beside this folder:\n"
                "#   gnuplot %s.gp                          %s.png\n"
                "#   gnuplot -e \"terminal='svg'\" %s.gp      or pdf, eps, cairolatex, tikz; qt opens a window\n"
                "#   gnuplot -e \"terminal='pdf'; page_width=85; font_size=8\" %s.gp      85 mm wide in print\n\n",
                name, name, name, name, name);
        hf_plots_write_string(file.stream, "figure", name);
        fputs("tex = exists('terminal') && (terminal eq 'cairolatex' || terminal eq 'tikz')\n", file.stream);
        hf_labels_write_all(file.stream, labels);
        write_facts(file.stream, data);
        for (size_t i = 0; parts[i] != NULL; i++)
            fprintf(file.stream, "\n%s", parts[i]);
        if (fflush(file.stream) == 0 && !is_same(file.part, path))
            remove_images(plots, name);
        status = hf_file_commit(&file, err);
    }
    free(path);
    return status;
}

hf_status hf_plots_write_figure(const char *directory, const char *name, const hf_labels *labels,
                                void (*write_facts)(FILE *, const void *), const void *data, const char *body,
                                hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(plots, err);
    if (status == HF_OK)
        status = hf_plots_write_script(plots, name, labels, write_facts, data,
                                       (const char *const[]){hf_plot_canvas, body, NULL}, err);
    free(plots);
    return status;
}

/* ---- the figures of a run ---- */

typedef enum { ANY_RUN, FLOW_RUN, FIRST_SEED, ALL_SEEDS } figure_source;

typedef struct {
    const char *name, *body;
    figure_source source; /* whose tables it shows; ANY_RUN: the flow's or, where there is none, the first seed's */
    bool is_general;      /* of any system; the others are named in run->figures */
    bool (*is_wanted)(const hf_plots_run *run); /* NULL: always */
} figure;

/* The attention of a training run is drawn where its rows have a time and its positions are the flow's. */
static bool with_attention(const hf_plots_run *run)
{
    const bool drawable = run->train.is_time && run->replicas->count == 0;
    return run->has_attention && (run->has_flow || drawable);
}

static bool with_hypotheses(const hf_plots_run *run)
{
    return run->pattern_count >= 2;
}

static bool with_curvature(const hf_plots_run *run)
{
    return run->has_events && run->has_saddles;
}

static bool with_rungs(const hf_plots_run *run)
{
    return run->has_flow && run->has_rungs;
}

static bool with_phase(const hf_plots_run *run)
{
    return run->phase->count == 2;
}

static bool with_sensitivities(const hf_plots_run *run)
{
    return run->has_sensitivities && run->has_events;
}

static const figure figures[] = {
    {"flow", hf_plot_flow, FLOW_RUN, false, NULL},
    {"directions", hf_plot_directions, FLOW_RUN, false, NULL},
    {"training", hf_plot_flow, FIRST_SEED, false, NULL},
    {"compare", hf_plot_compare, ALL_SEEDS, false, NULL},
    {"rungs", hf_plot_rungs, ALL_SEEDS, true, with_rungs},
    {"attention", hf_plot_attention, ANY_RUN, false, with_attention},
    {"weights", hf_plot_weights, ANY_RUN, false, with_attention},
    {"ladder", hf_plot_ladder, ANY_RUN, false, with_hypotheses},
    {"sensitivities", hf_plot_sensitivities, FLOW_RUN, true, with_sensitivities},
    {"curvature", hf_plot_curvature, ANY_RUN, true, with_curvature},
    {"phase", hf_plot_phase, FLOW_RUN, true, with_phase},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static bool is_wanted(const figure *f, const hf_plots_run *run)
{
    const bool is_there = f->source == ANY_RUN || (f->source == FLOW_RUN ? run->has_flow : run->trains);
    bool shows_it = f->is_general;
    for (const char *const *name = run->figures; *name != NULL; name++)
        shows_it = shows_it || strcmp(*name, f->name) == 0;
    return is_there && shows_it && (f->is_wanted == NULL || f->is_wanted(run));
}

typedef struct {
    const hf_plots_run *run;
    const figure *figure;
    bool has_step;  /* the flow with finite steps is there */
    bool has_bands; /* bands.tsv is */
} facts;

/* The positions of every pattern as runs of neighbours: pattern, first, last. */
static void write_patterns(FILE *stream, const hf_count_rows *patterns)
{
    fputs("$patterns << END\npattern\tfirst\tlast\n", stream);
    for (size_t j = 0; j < patterns->count; j++) {
        const hf_counts *pattern = &patterns->row[j];
        for (size_t i = 0, first = 0; i < pattern->count; i++)
            if (i + 1 == pattern->count || pattern->at[i + 1] != pattern->at[i] + 1) {
                fprintf(stream, "%zu\t%zu\t%zu\n", j + 1, pattern->at[first], pattern->at[i]);
                first = i + 1;
            }
    }
    fputs("END\n", stream);
}

/* Positions n_i of every class; a single 1 where all classes are one position. */
static void write_sizes(FILE *stream, const hf_plots_run *run)
{
    const hf_counts *copies = run->copies, *replicas = run->replicas;
    const bool has_sizes = copies->count > 0 || replicas->count > 0;
    fprintf(stream, "has_sizes = %d\n$sizes << END\n", has_sizes);
    for (size_t i = 0; i < (has_sizes ? run->positions : 1); i++) {
        const size_t c = hf_counts_at(copies, i, 1);
        const size_t r = hf_counts_at(replicas, i, 1);
        fprintf(stream, "%.17g\n", (double)c * (double)r);
    }
    fputs("END\n", stream);
}

/* The columns, and what their axes say. */
static void write_phase(FILE *stream, const hf_plots_run *run)
{
    static const char *const names[] = {"phase_x", "phase_y"};
    for (size_t i = 0; i < 2; i++) {
        char label[32];
        snprintf(label, sizeof label, "%s_label", names[i]);
        hf_plots_write_string(stream, names[i], run->phase->at[i]);
        hf_plots_write_text(stream, label, run->phase->at[i]);
    }
}

static bool shows_training(const figure *f, const hf_plots_run *run)
{
    return f->source >= FIRST_SEED || (f->source == ANY_RUN && !run->has_flow);
}

/* The model's title and, where a figure shows one training run, which one. */
static void write_title(FILE *stream, const hf_plots_run *run, const figure *f)
{
    hf_plots_write_text(stream, "run_title", run->title);
    if (shows_training(f, run) && f->source != ALL_SEEDS)
        fprintf(stream, "run_title = run_title . ' (training, seed %" PRIu64 ")'\n", run->train.first_seed);
}

/* Whose tables a figure shows, and what its time axis is. */
static void write_source(FILE *stream, const hf_plots_run *run, const figure *f)
{
    const bool training = shows_training(f, run);
    const bool in_steps = training && !run->train.is_time;
    if (training)
        fprintf(stream, "source = '../train/seed-%" PRIu64 "/'\n", run->train.first_seed);
    else
        fputs("source = '../flow/'\n", stream);
    fprintf(stream, "axis_column = '%s'\naxis_label = label_%s\n", in_steps ? "step" : "t", in_steps ? "step" : "time");
    const double first = training ? fmax(run->t_first, run->train.lr) : run->t_first;
    fprintf(stream, "t_first = %.17g\nt_end = %.17g\n", in_steps ? 1 : first,
            in_steps ? (double)run->train.steps : run->t_end);
}

/* What figures of training have to know. */
static void write_training(FILE *stream, const facts *f)
{
    const hf_plots_run *run = f->run;
    fprintf(stream, "seeds = %zu\nfirst_seed = %" PRIu64 "\noptimizer = '%s'\n", run->train.seeds, run->train.first_seed,
            run->train.optimizer);
    fprintf(stream, "has_flow = %d\nhas_drift = %d\nhas_step = %d\nhas_bands = %d\nhas_optimizer = %d\n", run->has_flow,
            run->has_drift, f->has_step, f->has_bands, run->has_optimizer);
    fprintf(stream, "lr = %.17g\nbatch = %zu\nsamples = %zu\nvalidation = %zu\n", run->train.lr, run->train.batch,
            run->train.samples, run->train.validation);
}

/* What a figure has to know of the run. */
static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    const hf_plots_run *run = f->run;
    fprintf(stream, "# configuration %016" PRIx64 "\n", run->hash);
    write_title(stream, run, f->figure);
    fprintf(stream, "heads = %zu\npositions = %zu\npatterns = %zu\n", run->heads, run->positions, run->pattern_count);
    write_source(stream, run, f->figure);
    fprintf(stream, "log_time = %d\n", run->log_time);
    fprintf(stream, "has_events = %d\nhas_test = %d\neigenvalues = %zu\ncontrast = %.17g\n", run->has_events, run->has_test,
            run->eigenvalues, run->contrast);
    if (strcmp(f->figure->name, "attention") == 0 || strcmp(f->figure->name, "weights") == 0) {
        write_patterns(stream, run->patterns);
        write_sizes(stream, run);
    }
    if (strcmp(f->figure->name, "phase") == 0)
        write_phase(stream, run);
    if (f->figure->source >= FIRST_SEED)
        write_training(stream, f);
}

/* A figure of an earlier run in the same directory that the present one does not have, and its images. */
static void remove_figure(const char *plots, const char *name)
{
    char file_name[64];
    snprintf(file_name, sizeof file_name, "%s.gp", name);
    char *path = hf_path_join(plots, file_name);
    if (path != NULL)
        remove(path);
    free(path);
    remove_images(plots, name);
}

hf_status hf_plots_write(const hf_plots_run *run, const char *directory, hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    char *step = hf_path_join(directory, "step/trajectory.tsv"), *bands = hf_path_join(directory, "bands.tsv");
    hf_status status = plots == NULL || step == NULL || bands == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    const bool has_step = status == HF_OK && run->has_step && hf_file_exists(step);
    const bool has_bands = status == HF_OK && run->has_drift && hf_file_exists(bands);
    free(step);
    free(bands);
    if (status == HF_OK)
        status = hf_directory_make(plots, err);
    for (size_t i = 0; i < FIGURES && status == HF_OK; i++)
        if (is_wanted(&figures[i], run))
            status = hf_plots_write_script(
                plots, figures[i].name, run->labels, write_facts, &(facts){run, &figures[i], has_step, has_bands},
                (const char *const[]){hf_plot_canvas, hf_plot_prologue, figures[i].body, NULL}, err);
        else
            remove_figure(plots, figures[i].name);
    free(plots);
    return status;
}
