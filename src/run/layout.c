#include "run/layout.h"

#include "core/commit.h"
#include "core/file.h"
#include "core/path.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINCE HF_LAYOUT_SINCE
#define KEPT  HF_LAYOUT_KEPT

/* ---- whose files are whose ---- */

/* Folders of single runs, and the files in them. */
static const char *const run_folders[] = {"flow",
                                          "drift",
                                          "step",
                                          "step-drift",
                                          "optimizer/seed-[0-9]*",
                                          "train/seed-[0-9]*",
                                          "train/seed-[0-9]*/cut-[0-9]*",
                                          "ladder/batch-*-lr-*/seed-[0-9]*",
                                          NULL};
static const char *const run_files[] = {"trajectory.tsv",
                                        "attention.tsv",
                                        "states.tsv",
                                        "spectrum.tsv",
                                        "final.tsv",
                                        "events.tsv",
                                        "acquisitions.tsv",
                                        "logits.tsv",
                                        "slices.tsv",
                                        "stages.tsv",
                                        "plateaus.tsv",
                                        "sensitivities.tsv",
                                        "maps.tsv",
                                        "checkpoint",
                                        KEPT,
                                        "lock",
                                        NULL};
static const char *const run_tops[] = {
    "model.conf",        "init.tsv",   "teacher.tsv",    "compare.tsv", "bands.tsv", "runs.tsv",
    "train/summary.tsv", "ladder.tsv", "ladder-fit.tsv", "learned.tsv", SINCE,       NULL};
static const char *const task_files[] = {"model.conf", "init.tsv",  "teacher.tsv", "state-[0-9]*.tsv",
                                         "sweep.conf", "tasks.tsv", NULL};
static const char *const result_files[] = {"results.tsv", "summary.tsv", "timing.tsv", "fit.tsv", "fractions.tsv", NULL};

static bool matches(const char *const patterns[], const char *path)
{
    for (; *patterns != NULL; patterns++)
        if (fnmatch(*patterns, path, FNM_PATHNAME) == 0)
            return true;
    return false;
}

/* Length of the folder that path is in; 0: none. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool is_run_file(const char *path)
{
    char folder[256];
    const size_t length = folder_length(path);
    if (length == 0 || length >= sizeof folder)
        return false;
    snprintf(folder, sizeof folder, "%.*s", (int)length, path);
    return matches(run_folders, folder) && matches(run_files, path + length + 1);
}

/* Whether root/plots/NAME.gp is one of headflow's: it says so in its first line. */
static bool is_our_script(const char *root, const char *name, size_t length)
{
    char file[300], line[300] = "", wanted[300];
    if (length > 200)
        return false;
    snprintf(file, sizeof file, "plots/%.*s.gp", (int)length, name);
    snprintf(wanted, sizeof wanted, "# %.*s of headflow.", (int)length, name);
    char *path = hf_path_join(root, file);
    FILE *stream = path == NULL ? NULL : fopen(path, "r");
    if (stream != NULL && fgets(line, sizeof line, stream) == NULL)
        line[0] = '\0';
    if (stream != NULL)
        fclose(stream);
    free(path);
    return strncmp(line, wanted, strlen(wanted)) == 0;
}

/* Length of the name of the figure that root/plots/NAME is of: up to its ending. */
static size_t figure_length(const char *name)
{
    static const char lines[] = "-lines.pdf"; /* what NAME.tex includes */
    const size_t length = strlen(name), end = sizeof lines - 1;
    return length > end && strcmp(name + length - end, lines) == 0 ? length - end : (size_t)(strrchr(name, '.') - name);
}

/* Whether root/path is a figure of headflow's. */
static bool is_figure(const char *root, const char *path)
{
    const char *name = path + strlen("plots/"), *dot = strrchr(path, '.');
    static const char *const kinds[] = {".gp", ".png", ".svg", ".pdf", ".eps", ".tex"};
    bool known = false;
    if (strncmp(path, "plots/", strlen("plots/")) != 0 || strchr(name, '/') != NULL || dot == NULL)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known = known || strcmp(dot, kinds[i]) == 0;
    return known && is_our_script(root, name, figure_length(name));
}

/* Whether root/path is a page of headflow's: it says so in its second line. */
static bool is_page(const char *root, const char *path)
{
    static const char mark[] = "<!-- A page of headflow";
    char line[100] = "";
    if (strcmp(path, "page.html") != 0)
        return false;
    char *full = hf_path_join(root, path);
    FILE *stream = full == NULL ? NULL : fopen(full, "r");
    for (int i = 0; stream != NULL && i < 2; i++)
        if (fgets(line, sizeof line, stream) == NULL)
            line[0] = '\0';
    if (stream != NULL)
        fclose(stream);
    free(full);
    return strncmp(line, mark, strlen(mark)) == 0;
}

/* Whether root/path is a file that headflow writes for this kind of folder. */
static bool is_ours(const char *root, const char *path, hf_layout_kind kind)
{
    char whole[512];
    const size_t length = strlen(path), part = length > 5 && strcmp(path + length - 5, ".part") == 0 ? 5 : 0;
    if (length >= sizeof whole)
        return false;
    snprintf(whole, sizeof whole, "%.*s", (int)(length - part), path);
    switch (kind) {
    case HF_LAYOUT_RUN:
        return matches(run_tops, whole) || is_run_file(whole) || is_figure(root, whole) || is_page(root, whole);
    case HF_LAYOUT_TASKS:
        return matches(task_files, whole);
    case HF_LAYOUT_RESULTS:
        return matches(result_files, whole) || is_figure(root, whole) || is_page(root, whole);
    }
    return false;
}

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

/* ---- publishing ---- */

typedef struct {
    const char *directory;
    hf_layout_kind kind;
    unsigned how;
    hf_commit commit;
} publication;

/* A file in DIR/unfinished. */
static hf_status publish_new(void *data, const char *path, hf_error *err)
{
    publication *p = data;
    char mark[600];
    if (!is_ours(p->commit.work, path, p->kind))
        return HF_OK;
    if (!ends_with(path, ".part") && !ends_with(path, "/" KEPT) && !ends_with(path, "/lock") && strcmp(path, SINCE) != 0)
        return hf_commit_take(&p->commit, path, err);
    snprintf(mark, sizeof mark, HF_COMMIT_WORK "/%s", path);
    hf_commit_remove(&p->commit, mark);
    return HF_OK;
}

/* Whether a file of a finished run stays with its run, which may be what its folder is part of. */
static bool is_kept(const publication *p, const char *path)
{
    char folder[512], mark[600];
    if (strlen(path) >= sizeof folder)
        return false;
    snprintf(folder, sizeof folder, "%s", path);
    for (size_t length = folder_length(folder); length > 0; length = folder_length(folder)) {
        folder[length] = '\0';
        snprintf(mark, sizeof mark, "%s/" KEPT, folder);
        if (hf_file_exists_in(p->commit.work, mark))
            return true;
    }
    return false;
}

/* An image that the figure of this name has got earlier. */
static bool is_image_of_new(const publication *p, const char *path)
{
    char script[600];
    const char *dot = strrchr(path, '.');
    if (dot == NULL || strcmp(dot, ".gp") == 0 || strncmp(path, "plots/", strlen("plots/")) != 0)
        return false;
    const size_t folder = strlen("plots/");
    snprintf(script, sizeof script, "%.*s.gp", (int)(folder + figure_length(path + folder)), path);
    return hf_file_exists_in(p->commit.work, script);
}

/* A file in DIR. */
static hf_status publish_old(void *data, const char *path, hf_error *err)
{
    publication *p = data;
    (void)err;
    const bool elsewhere = strncmp(path, HF_COMMIT_WORK "/", strlen(HF_COMMIT_WORK "/")) == 0;
    if (elsewhere || !is_ours(p->directory, path, p->kind) || hf_file_exists_in(p->commit.work, path) || is_kept(p, path))
        return HF_OK;
    if ((is_image_of_new(p, path) && (p->how & HF_LAYOUT_FRESH_IMAGES) == 0) ||
        (is_run_file(path) && (p->how & HF_LAYOUT_KEEP_RUNS) != 0))
        return HF_OK;
    hf_commit_remove(&p->commit, path);
    return HF_OK;
}

hf_status hf_layout_publish(const char *directory, hf_layout_kind kind, unsigned how, hf_error *err)
{
    publication p = {.directory = directory, .kind = kind, .how = how};
    hf_status status = hf_commit_open(&p.commit, directory, err);
    if (status == HF_OK)
        status = hf_directory_walk(p.commit.work, publish_new, &p, err);
    if (status == HF_OK)
        status = hf_directory_walk(directory, publish_old, &p, err);
    if (status == HF_OK)
        return hf_commit_perform(&p.commit, err);
    hf_commit_abandon(&p.commit);
    return status;
}

/* ---- cleaning ---- */

typedef struct {
    const char *work;
    hf_layout_kind kind;
} cleaning;

static hf_status clean_file(void *data, const char *path, hf_error *err)
{
    const cleaning *c = data;
    if (!is_ours(c->work, path, c->kind))
        return HF_OK;
    char *full = hf_path_join(c->work, path);
    if (full == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = HF_OK;
    if (unlink(full) != 0 && errno != ENOENT)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", full, strerror(errno));
    if (status == HF_OK)
        hf_directory_prune(c->work, full);
    free(full);
    return status;
}

hf_status hf_layout_clean(const char *directory, hf_layout_kind kind, hf_error *err)
{
    char *work = hf_path_join(directory, HF_COMMIT_WORK);
    if (work == NULL)
        return hf_fail_memory(err, "a file name");
    cleaning c = {work, kind};
    const hf_status status = hf_directory_walk(work, clean_file, &c, err);
    if (status == HF_OK)
        rmdir(work); /* unless it holds something else */
    free(work);
    return status;
}

/* ---- listing ---- */

typedef struct {
    const char *directory;
    hf_layout_kind kind;
    hf_strings *paths;
    size_t capacity;
} listing;

static hf_status list_file(void *data, const char *path, hf_error *err)
{
    listing *l = data;
    if (strncmp(path, HF_COMMIT_WORK "/", strlen(HF_COMMIT_WORK "/")) == 0 || ends_with(path, ".part") ||
        !is_ours(l->directory, path, l->kind))
        return HF_OK;
    char **grown = hf_list_grow(l->paths->at, l->paths->count, &l->capacity, sizeof *grown);
    char *copy = strdup(path);
    if (grown != NULL)
        l->paths->at = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return hf_fail_memory(err, "file names");
    }
    l->paths->at[l->paths->count++] = copy;
    return HF_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

hf_status hf_layout_list(const char *directory, hf_layout_kind kind, hf_strings *paths, hf_error *err)
{
    listing l = {directory, kind, paths, 0};
    *paths = (hf_strings){0};
    const hf_status status = hf_directory_walk(directory, list_file, &l, err);
    if (status != HF_OK)
        hf_layout_free_list(paths);
    else if (paths->count > 1)
        qsort(paths->at, paths->count, sizeof *paths->at, by_name);
    return status;
}

void hf_layout_free_list(hf_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->at[i]);
    free(paths->at);
    *paths = (hf_strings){0};
}
