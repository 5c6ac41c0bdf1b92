#include "report/plots.h"

#include "core/file.h"
#include "report/plot_scripts.h" /* made from plots/ by make */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- scripts ---- */

void hf_plots_quote(FILE *stream, const char *text)
{
    putc('\'', stream);
    for (const char *c = text; *c != '\0'; c++)
        fputs(*c == '\'' ? "''" : (char[]){(unsigned char)*c < ' ' ? ' ' : *c, '\0'}, stream);
    putc('\'', stream);
}

void hf_plots_write_string(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, "%s = ", name);
    hf_plots_quote(stream, text);
    putc('\n', stream);
}

hf_status hf_plots_write_script(const char *plots, const char *name, void (*write_facts)(FILE *, const void *),
                                const void *data, const char *const parts[], hf_error *err)
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
                "#   gnuplot -e \"terminal='svg'\" %s.gp      or pdf; qt opens a window\n\n",
                name, name, name, name);
        hf_plots_write_string(file.stream, "figure", name);
        write_facts(file.stream, data);
        for (size_t i = 0; parts[i] != NULL; i++)
            fprintf(file.stream, "\n%s", parts[i]);
        status = hf_file_commit(&file, err);
    }
    free(path);
    return status;
}

/* ---- the figures of a run ---- */

typedef enum { ANY_RUN, FLOW_RUN, FIRST_SEED, ALL_SEEDS } figure_source;

typedef struct {
    const char *name, *body;
    figure_source source; /* whose tables it shows; ANY_RUN: the flow's or, where there is none, the first seed's */
    bool (*is_wanted)(const hf_config *config);
} figure;

static bool always(const hf_config *config)
{
    (void)config;
    return true;
}

/* The attention of a training run is drawn where its rows have a time and its positions are the flow's. */
static bool with_attention(const hf_config *config)
{
    const bool drawable = hf_config_steps_are_time(config) && config->data.replicas.count == 0;
    return config->output.attention && (hf_config_runs_flow(config) || drawable);
}

static bool with_ladder(const hf_config *config)
{
    return config->target.count >= 2;
}

static bool with_curvature(const hf_config *config)
{
    return config->detect.events && config->detect.saddles;
}

static bool with_rungs(const hf_config *config)
{
    return hf_config_runs_flow(config) && (config->ladder.halvings > 0 || config->ladder.batches.count > 0);
}

static const figure figures[] = {
    {"flow", hf_plot_flow, FLOW_RUN, always},
    {"training", hf_plot_flow, FIRST_SEED, always},
    {"compare", hf_plot_compare, ALL_SEEDS, always},
    {"rungs", hf_plot_rungs, ALL_SEEDS, with_rungs},
    {"attention", hf_plot_attention, ANY_RUN, with_attention},
    {"ladder", hf_plot_ladder, ANY_RUN, with_ladder},
    {"curvature", hf_plot_curvature, ANY_RUN, with_curvature},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static bool is_wanted(const figure *f, const hf_config *config)
{
    const bool is_there =
        f->source == ANY_RUN || (f->source == FLOW_RUN ? hf_config_runs_flow(config) : config->declared.train);
    return is_there && f->is_wanted(config);
}

typedef struct {
    const hf_config *config;
    const figure *figure;
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
static void write_sizes(FILE *stream, const hf_config *config)
{
    const hf_counts *copies = &config->data.copies, *replicas = &config->data.replicas;
    const bool has_sizes = copies->count > 0 || replicas->count > 0;
    fprintf(stream, "has_sizes = %d\n$sizes << END\n", has_sizes);
    for (size_t i = 0; i < (has_sizes ? config->positions : 1); i++) {
        const size_t c = copies->count == 0 ? 1 : copies->at[copies->count == 1 ? 0 : i];
        const size_t r = replicas->count == 0 ? 1 : replicas->at[replicas->count == 1 ? 0 : i];
        fprintf(stream, "%.17g\n", (double)c * (double)r);
    }
    fputs("END\n", stream);
}

static bool shows_training(const figure *f, const hf_config *config)
{
    return f->source >= FIRST_SEED || (f->source == ANY_RUN && !hf_config_runs_flow(config));
}

/* The model's title and, where a figure shows one training run, which one. */
static void write_title(FILE *stream, const hf_config *config, const figure *f)
{
    hf_plots_write_string(stream, "run_title", config->title);
    if (shows_training(f, config) && f->source != ALL_SEEDS)
        fprintf(stream, "run_title = run_title . ' (training, seed %" PRIu64 ")'\n", config->train.seed);
}

/* Whose tables a figure shows, and what its time axis is. */
static void write_source(FILE *stream, const hf_config *config, const figure *f)
{
    const bool training = shows_training(f, config);
    const bool in_steps = training && !hf_config_steps_are_time(config);
    if (training)
        fprintf(stream, "source = '../train/seed-%" PRIu64 "/'\n", config->train.seed);
    else
        fputs("source = '../flow/'\n", stream);
    fprintf(stream, "axis_column = '%s'\naxis_label = '%s'\n", in_steps ? "step" : "t", in_steps ? "step" : "flow time t");
    const double first = training ? fmax(config->output.t_first, config->train.lr) : config->output.t_first;
    fprintf(stream, "t_first = %.17g\nt_end = %.17g\n", in_steps ? 1 : first,
            in_steps ? (double)config->train.steps : config->solver.t_end);
}

/* What figures of training have to know. */
static void write_training(FILE *stream, const hf_config *config)
{
    fprintf(stream, "seeds = %zu\nfirst_seed = %" PRIu64 "\noptimizer = '%s'\n", config->train.seeds, config->train.seed,
            hf_config_optimizer_name(config));
    fprintf(stream, "has_flow = %d\nhas_drift = %d\n", hf_config_runs_flow(config), hf_config_runs_drift(config));
    fprintf(stream, "lr = %.17g\nbatch = %zu\nsamples = %zu\nvalidation = %zu\n", config->train.lr, config->train.batch,
            config->train.samples, config->train.validation);
}

/* What a figure has to know of the run. */
static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    const hf_config *config = f->config;
    write_title(stream, config, f->figure);
    fprintf(stream, "heads = %zu\npositions = %zu\npatterns = %zu\n", config->heads, config->positions,
            config->target.count);
    write_source(stream, config, f->figure);
    fprintf(stream, "log_time = %d\n", config->output.spacing == HF_SPACING_LOG);
    fprintf(stream, "has_events = %d\nhas_test = %d\neigenvalues = %zu\n", config->detect.events,
            config->test.weights.count > 0, config->output.spectrum);
    if (strcmp(f->figure->name, "attention") == 0) {
        write_patterns(stream, &config->target.patterns);
        write_sizes(stream, config);
    }
    if (f->figure->source >= FIRST_SEED)
        write_training(stream, config);
}

/* A figure of an earlier run in the same directory that the present one does not have. */
static void remove_script(const char *plots, const char *name)
{
    char file_name[64];
    snprintf(file_name, sizeof file_name, "%s.gp", name);
    char *path = hf_path_join(plots, file_name);
    if (path != NULL)
        remove(path);
    free(path);
}

hf_status hf_plots_write(const hf_config *config, const char *directory, hf_error *err)
{
    char *plots = hf_path_join(directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(plots, err);
    for (size_t i = 0; i < FIGURES && status == HF_OK; i++)
        if (is_wanted(&figures[i], config))
            status =
                hf_plots_write_script(plots, figures[i].name, write_facts, &(facts){config, &figures[i]},
                                      (const char *const[]){hf_plot_canvas, hf_plot_prologue, figures[i].body, NULL}, err);
        else
            remove_script(plots, figures[i].name);
    free(plots);
    return status;
}

/* ---- running gnuplot ---- */

/* Runs a program and waits; its exit code, or -1 if it could not be started or was killed. silent: no output. */
static int run_program(char *const arguments[], bool silent)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    int state, code = -1;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    bool ready = !silent || (posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0) == 0 &&
                             posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0) == 0);
    if (ready && posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ) == 0) {
        pid_t done;
        while ((done = waitpid(child, &state, 0)) < 0 && errno == EINTR)
            continue;
        if (done == child && WIFEXITED(state))
            code = WEXITSTATUS(state);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

bool hf_plots_have_gnuplot(void)
{
    return run_program((char *[]){"gnuplot", "--version", NULL}, true) == 0;
}

/* Appends text to buffer in single quotes for gnuplot; false if it does not fit. */
static bool append_quoted(char *buffer, size_t capacity, const char *text)
{
    size_t used = strlen(buffer);
    if (used + 2 * strlen(text) + 3 > capacity)
        return false;
    buffer[used++] = '\'';
    for (const char *c = text; *c != '\0'; c++) {
        buffer[used++] = *c;
        if (*c == '\'')
            buffer[used++] = '\'';
    }
    buffer[used++] = '\'';
    buffer[used] = '\0';
    return true;
}

/* One script: the image is drawn under a temporary name. */
static hf_status draw_script(const char *plots, const char *script, const char *terminal, hf_error *err)
{
    char command[8192], image_name[256];
    bool window = strcmp(terminal, "qt") == 0;
    snprintf(image_name, sizeof image_name, "%.*s.%s", (int)(strlen(script) - strlen(".gp")), script, terminal);
    char *path = hf_path_join(plots, script), *image = hf_path_join(plots, image_name);
    char *part = image == NULL ? NULL : malloc(strlen(image) + sizeof ".part");
    hf_status status = HF_OK;
    if (path == NULL || image == NULL || part == NULL) {
        status = hf_fail_memory(err, "a file name");
        goto done;
    }
    snprintf(part, strlen(image) + sizeof ".part", "%s.part", image);
    snprintf(command, sizeof command, "terminal = '%s'; output = ", terminal);
    if (!append_quoted(command, sizeof command, part)) {
        status = hf_fail(err, HF_EUSAGE, "%s: this path is too long for gnuplot", plots);
        goto done;
    }
    char *arguments[] = {
        "gnuplot", window ? "-p" : "-e", window ? "-e" : command, window ? command : path, window ? path : NULL, NULL};
    if (run_program(arguments, false) != 0)
        status = hf_fail(err, HF_ESYSTEM, "gnuplot failed on %s (is gnuplot installed, the disk full?)", path);
    else if (!window && rename(part, image) != 0)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be written: %s", image, strerror(errno));
    if (status != HF_OK)
        remove(part);
done:
    free(path);
    free(image);
    free(part);
    return status;
}

static int is_script(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 3 && length < 200 && strcmp(entry->d_name + length - 3, ".gp") == 0;
}

hf_status hf_plots_draw(const char *directory, const char *terminal, hf_error *err)
{
    static const char *const terminals[] = {"png", "svg", "pdf", "qt"};
    bool known = false;
    for (size_t i = 0; i < sizeof terminals / sizeof terminals[0]; i++)
        known = known || strcmp(terminal, terminals[i]) == 0;
    if (!known)
        return hf_fail(err, HF_EUSAGE, "--terminal %s: expected png, svg, pdf or qt", terminal);

    struct dirent **scripts;
    char *plots = hf_path_join(directory, "plots");
    if (plots == NULL)
        return hf_fail_memory(err, "a file name");
    int count = scandir(plots, &scripts, is_script, alphasort);
    hf_status status = HF_OK;
    if (count <= 0)
        status = hf_fail(err, HF_EUSAGE,
                         "%s: there are no figures here, expected the *.gp that a finished headflow run leaves", plots);
    else if (!hf_plots_have_gnuplot())
        status = hf_fail(err, HF_ESYSTEM, "gnuplot cannot be started; install it (Debian: gnuplot-nox)");
    for (int i = 0; i < count; i++) {
        if (status == HF_OK)
            status = draw_script(plots, scripts[i]->d_name, terminal, err);
        free(scripts[i]);
    }
    if (count >= 0)
        free(scripts);
    free(plots);
    return status;
}
