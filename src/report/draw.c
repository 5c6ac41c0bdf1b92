#include "report/draw.h"

#include "core/file.h"
#include "core/path.h"
#include "report/gnuplot.h"
#include "report/markup.h"
#include "report/paper.h"
#include "report/plots.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STYLE      "style.gp"
#define PRINT_SIZE 8.0 /* points, where only a width is asked for */

/* What gnuplot can draw for. */
typedef struct {
    const char *name, *ending; /* of the image; "": a window */
    bool is_tex;               /* one that LaTeX reads, and what that reads in turn */
} terminal;

static const terminal terminals[] = {{"png", "png", false},       {"svg", "svg", false}, {"pdf", "pdf", false}, {"eps", "eps", false},
                                     {"cairolatex", "tex", true}, {"tikz", "tex", true}, {"qt", "", false}};
enum { TERMINALS = sizeof terminals / sizeof terminals[0] };

const char *hf_draw_terminal_name(size_t i)
{
    return i < TERMINALS ? terminals[i].name : NULL;
}

static const terminal *find_terminal(const char *name)
{
    for (size_t i = 0; i < TERMINALS; i++)
        if (strcmp(terminals[i].name, name) == 0)
            return &terminals[i];
    return NULL;
}

/* The drawing of one folder. */
typedef struct {
    const hf_draw_options *options;
    const hf_draw_listener *listener;
    const terminal *terminal;
    const char *style; /* as seen from the root; NULL: none */
    const char *plots;
    double font_size;
} drawing;

/* ---- what a script is told ---- */

static void write_setting(FILE *stream, const char *name, const char *text)
{
    fprintf(stream, "%s = ", name);
    hf_markup_quote(stream, text);
    fputs("; ", stream);
}

/* The variables that every figure has from outside. */
static void write_settings(const drawing *d, FILE *stream)
{
    const hf_draw_options *o = d->options;
    write_setting(stream, "terminal", d->terminal->name);
    if (o->width > 0)
        fprintf(stream, "page_width = %.17g; ", o->width);
    if (d->font_size > 0)
        fprintf(stream, "font_size = %.17g; ", d->font_size);
    if (o->no_title)
        fputs("no_title = 1; ", stream);
    if (o->palette != NULL || o->width > 0)
        write_setting(stream, "colours", o->palette != NULL ? o->palette : "print");
    if (d->style != NULL)
        write_setting(stream, "style", d->style);
}

/* They, and where the image goes, as commands of gnuplot in one line; to be freed. folder: to be drawn in; NULL: this one. */
static char *make_settings(const drawing *d, const char *folder, const char *output)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return NULL;
    if (folder != NULL) {
        fputs("cd ", stream);
        hf_markup_quote(stream, folder);
        fputs("; ", stream);
    }
    write_settings(d, stream);
    if (output != NULL)
        write_setting(stream, "output", output);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- one figure ---- */

static char *join_name(const char *folder, const char *script, const char *ending)
{
    char name[300];
    snprintf(name, sizeof name, "%.*s%s", (int)(strlen(script) - strlen(".gp")), script, ending);
    return hf_path_join(folder, name);
}

static hf_status move(const char *from, const char *to, hf_error *err)
{
    return rename(from, to) == 0 ? HF_OK : hf_fail(err, HF_ESYSTEM, "%s: cannot be written: %s", to, strerror(errno));
}

static hf_status run_gnuplot(const drawing *d, const char *script, const char *folder, const char *output, int *killed_by,
                             hf_error *err)
{
    char *settings = make_settings(d, folder, output);
    const hf_status status = settings == NULL ? hf_fail_memory(err, "gnuplot's settings")
                                              : hf_gnuplot_draw(script, settings, output == NULL, killed_by, err);
    free(settings);
    return status;
}

/* A picture of its own size: gnuplot counts those of svg in pixels, of which browsers see 96 in an inch. */
static hf_status set_size(const drawing *d, const char *path, hf_error *err)
{
    unsigned w, h;
    char *text;
    size_t size;
    int end = 0;
    const double unit = (d->font_size > 0 ? d->font_size : 12) / 16 / 72 * 25.4; /* mm in a pixel of gnuplot's */
    hf_status status = hf_file_read(path, &text, &size, err);
    if (status != HF_OK)
        return status;
    char *found = strstr(text, " width=\"");
    FILE *stream = NULL;
    if (found != NULL && sscanf(found, " width=\"%u\" height=\"%u\"%n", &w, &h, &end) == 2 && end > 0 && w > 0)
        stream = fopen(path, "wb");
    if (stream != NULL) {
        const double width = d->options->width > 0 ? d->options->width : w * unit;
        fprintf(stream, "%.*s width=\"%.6gmm\" height=\"%.6gmm\"%s", (int)(found - text), text, width, width * h / w, found + end);
        const bool failed = ferror(stream) != 0;
        if (fclose(stream) != 0 || failed)
            status = hf_fail(err, HF_ESYSTEM, "%s: cannot be written", path);
    }
    free(text);
    return status;
}

/* An image is drawn under a temporary name. */
static hf_status draw_image(const drawing *d, const char *script, const char *path, int *killed_by, hf_error *err)
{
    char ending[16], part_ending[24];
    snprintf(ending, sizeof ending, ".%s", d->terminal->ending);
    snprintf(part_ending, sizeof part_ending, "%s.part", ending);
    char *image = join_name(d->plots, script, ending), *part = join_name(d->plots, script, part_ending);
    hf_status status = image == NULL || part == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK)
        status = run_gnuplot(d, path, NULL, part, killed_by, err);
    if (status == HF_OK && strcmp(ending, ".svg") == 0 && d->font_size > 0)
        status = set_size(d, part, err);
    if (status == HF_OK)
        status = move(part, image, err);
    if (status != HF_OK && part != NULL)
        remove(part);
    if (status == HF_OK && d->listener->drawn != NULL)
        d->listener->drawn(d->listener->data, image);
    free(image);
    free(part);
    return status;
}

/* ---- one figure for LaTeX ---- */

/* Calls work for every file of a folder that is no folder; stops when it does not return HF_OK. */
static hf_status for_files(const char *folder, hf_status (*work)(const drawing *, const char *folder, const char *name, hf_error *),
                           const drawing *d, hf_error *err)
{
    hf_status status = HF_OK;
    DIR *open_folder = opendir(folder);
    if (open_folder == NULL)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", folder, strerror(errno));
    for (struct dirent *entry; status == HF_OK && (entry = readdir(open_folder)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = work(d, folder, entry->d_name, err);
    closedir(open_folder);
    return status;
}

static hf_status remove_file(const drawing *d, const char *folder, const char *name, hf_error *err)
{
    char *path = hf_path_join(folder, name);
    (void)d;
    (void)err;
    if (path != NULL)
        remove(path);
    free(path);
    return HF_OK;
}

/* All but the text, which comes last: it includes the others. */
static hf_status move_part(const drawing *d, const char *folder, const char *name, hf_error *err)
{
    const size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".tex") == 0)
        return HF_OK;
    char *from = hf_path_join(folder, name), *to = hf_path_join(d->plots, name);
    const hf_status status = from == NULL || to == NULL ? hf_fail_memory(err, "a file name") : move(from, to, err);
    free(from);
    free(to);
    return status;
}

/* LaTeX includes graphics by the name that gnuplot has written them under, so that this is a bare name, in a folder of their own. */
static hf_status draw_tex(const drawing *d, const char *script, const char *path, int *killed_by, hf_error *err)
{
    const char *ending = strcmp(d->terminal->name, "cairolatex") == 0 ? "-lines.tex" : ".tex";
    char *folder = hf_path_join(d->plots, ".drawing.part"), *full = folder == NULL ? NULL : hf_path_absolute(folder);
    char *text = join_name(".", script, ending), *script_path = hf_path_absolute(path);
    char *from = text == NULL || folder == NULL ? NULL : hf_path_join(folder, text + 2), *to = join_name(d->plots, script, ".tex");
    const bool named = full != NULL && from != NULL && to != NULL && script_path != NULL;
    hf_status status = named ? hf_directory_make(folder, err) : hf_fail_memory(err, "a file name");
    if (status == HF_OK)
        status = for_files(folder, remove_file, d, err);
    if (status == HF_OK)
        status = run_gnuplot(d, script_path, full, text + 2, killed_by, err);
    if (status == HF_OK)
        status = for_files(folder, move_part, d, err);
    if (status == HF_OK)
        status = move(from, to, err);
    if (named && status != HF_OK)
        for_files(folder, remove_file, d, NULL);
    if (named)
        rmdir(folder);
    if (status == HF_OK && d->listener->drawn != NULL)
        d->listener->drawn(d->listener->data, to);
    free(folder);
    free(full);
    free(text);
    free(script_path);
    free(from);
    free(to);
    return status;
}

/* ---- all of them ---- */

/* One script. *killed_by: as hf_gnuplot_draw. */
static hf_status draw_script(const drawing *d, const char *script, int *killed_by, hf_error *err)
{
    char *path = hf_path_join(d->plots, script);
    *killed_by = 0;
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    const hf_status status = d->terminal->is_tex            ? draw_tex(d, script, path, killed_by, err)
                             : d->terminal->ending[0] == '\0' ? run_gnuplot(d, path, NULL, NULL, killed_by, err)
                                                            : draw_image(d, script, path, killed_by, err);
    free(path);
    return status;
}

static bool is_only(const drawing *d, const char *script)
{
    const char *only = d->options->only;
    return only == NULL || (strlen(only) == strlen(script) - strlen(".gp") && strncmp(only, script, strlen(only)) == 0);
}

/* Draws one after the other; one that fails does not keep the others from being drawn. */
static hf_status draw_all(const drawing *d, struct dirent *const *scripts, size_t count, hf_error *err)
{
    hf_error why;
    char names[400] = "";
    size_t failures = 0, used = 0, drawn = 0;
    int killed_by = 0;
    for (size_t i = 0; i < count && killed_by != SIGINT && killed_by != SIGTERM; i++) {
        const char *name = scripts[i]->d_name;
        if (!is_only(d, name))
            continue;
        drawn++;
        if (draw_script(d, name, &killed_by, &why) == HF_OK)
            continue;
        if (d->listener->failed != NULL)
            d->listener->failed(d->listener->data, why.message);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", failures == 0 ? "" : ", ",
                                     (int)(strlen(name) - strlen(".gp")), name);
        failures++;
    }
    if (killed_by == SIGINT || killed_by == SIGTERM)
        return hf_fail(err, HF_ESYSTEM, "%s: drawing was interrupted", d->plots);
    if (failures == 0)
        return HF_OK;
    return hf_fail(err, HF_ESYSTEM, "gnuplot failed on %zu of %zu figures (%s); the tables are complete", failures, drawn, names);
}

bool hf_draw_is_script(const char *name)
{
    const size_t length = strlen(name);
    return name[0] != '.' && length > 3 && length < 200 && strcmp(name + length - 3, ".gp") == 0 && strcmp(name, STYLE) != 0;
}

static int is_script(const struct dirent *entry)
{
    return hf_draw_is_script(entry->d_name);
}

/* ---- what was asked for ---- */

static hf_status check_only(const drawing *d, struct dirent *const *scripts, size_t count, hf_error *err)
{
    char names[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_only(d, scripts[i]->d_name))
            return HF_OK;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", i == 0 ? "" : ", ",
                                     (int)(strlen(scripts[i]->d_name) - strlen(".gp")), scripts[i]->d_name);
    }
    return hf_fail(err, HF_EUSAGE, "--only %.100s: there is no such figure in %s; there are: %s", d->options->only, d->plots, names);
}

static hf_status check_options(drawing *d, hf_error *err)
{
    const hf_draw_options *o = d->options;
    d->terminal = find_terminal(o->terminal);
    if (d->terminal == NULL)
        return hf_fail(err, HF_EUSAGE, "--terminal %.100s: expected png, svg, pdf, eps, cairolatex, tikz or qt", o->terminal);
    if (o->palette != NULL && strcmp(o->palette, "light") != 0 && strcmp(o->palette, "print") != 0)
        return hf_fail(err, HF_EUSAGE, "--palette %.100s: expected light or print", o->palette);
    const bool prints = o->width > 0 || d->terminal->is_tex;
    d->font_size = o->font_size > 0 ? o->font_size : prints ? PRINT_SIZE : 0;
    return hf_paper_check(o->width, d->font_size, err);
}

/* The path of the style file, to be freed. *style NULL: there is none. */
static hf_status find_style(const drawing *d, char **style, hf_error *err)
{
    struct stat there;
    char *own = d->options->style != NULL ? NULL : hf_path_join(d->plots, STYLE);
    const char *path = d->options->style != NULL ? d->options->style : own;
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    *style = NULL;
    if (status == HF_OK && stat(path, &there) == 0 && S_ISREG(there.st_mode) && access(path, R_OK) == 0) {
        *style = hf_path_absolute(path);
        status = *style == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    } else if (status == HF_OK && (d->options->style != NULL || errno != ENOENT))
        status = hf_fail(err, HF_EUSAGE, "%.300s: this style file cannot be read", path);
    free(own);
    return status;
}

static hf_status draw_scripts(drawing *d, struct dirent *const *scripts, size_t count, hf_error *err)
{
    char *style = NULL;
    hf_status status = check_only(d, scripts, count, err);
    if (status == HF_OK)
        status = find_style(d, &style, err);
    d->style = style;
    if (status == HF_OK)
        status = hf_gnuplot_check(err);
    if (status == HF_OK)
        status = hf_gnuplot_check_terminal(d->terminal->name, err);
    if (status == HF_OK)
        status = draw_all(d, scripts, count, err);
    free(style);
    return status;
}

hf_status hf_draw_figures(const char *directory, const hf_draw_options *options, const hf_draw_listener *listener,
                          hf_error *err)
{
    struct dirent **scripts;
    drawing d = {.options = options, .listener = listener};
    hf_status status = check_options(&d, err);
    if (status != HF_OK)
        return status;
    char *plots = hf_path_join(directory, "plots");
    if (plots == NULL)
        return hf_fail_memory(err, "a file name");
    d.plots = plots;
    const int count = scandir(plots, &scripts, is_script, alphasort);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", plots, strerror(errno));
    else if (count <= 0)
        status = hf_fail(err, HF_EUSAGE,
                         "%s: there are no figures here, expected the *.gp that a finished headflow run leaves", plots);
    if (status == HF_OK)
        status = draw_scripts(&d, scripts, (size_t)count, err);
    for (int i = 0; i < count; i++)
        free(scripts[i]);
    if (count >= 0)
        free(scripts);
    free(plots);
    return status;
}

hf_status hf_draw_as(const char *plots, const char *script, const char *name, const char *output, int *killed_by, hf_error *err)
{
    const hf_draw_options options = {.terminal = name};
    drawing d = {.options = &options, .plots = plots};
    char *style = NULL, *path = hf_path_join(plots, script);
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : check_options(&d, err);
    *killed_by = 0;
    if (status == HF_OK)
        status = find_style(&d, &style, err);
    d.style = style;
    if (status == HF_OK)
        status = run_gnuplot(&d, path, NULL, output, killed_by, err);
    free(style);
    free(path);
    return status;
}
