#include "run/folder.h"

#include "core/commit.h"
#include "core/file.h"
#include "core/path.h"
#include "run/completion.h"
#include "run/layout.h"

#include <errno.h>
#include <math.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SINCE HF_LAYOUT_SINCE
#define KEPT  HF_LAYOUT_KEPT

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

/* ---- how long it took ---- */

typedef struct {
    const char *work;
    time_t newest; /* of what was saved */
} saved_files;

static hf_status find_newest(void *data, const char *path, hf_error *err)
{
    saved_files *s = data;
    struct stat info;
    char *full = ends_with(path, "/checkpoint") || ends_with(path, "/final.tsv") ? hf_path_join(s->work, path) : NULL;
    (void)err;
    if (full != NULL && stat(full, &info) == 0 && info.st_mtime > s->newest)
        s->newest = info.st_mtime;
    free(full);
    return HF_OK;
}

#define WORTH_NOTHING (-1.0)

/* Seconds of work in an unfinished run; what has failed by itself is worth nothing. */
static double work_in(const char *work)
{
    double before = 0;
    struct stat info;
    hf_error unused;
    char *path = hf_path_join(work, SINCE);
    FILE *stream = path == NULL ? NULL : fopen(path, "r");
    if (stream != NULL && (fscanf(stream, "%lf", &before) != 1 || fstat(fileno(stream), &info) != 0))
        before = NAN;
    saved_files s = {.work = work, .newest = stream == NULL ? 0 : info.st_mtime};
    if (stream != NULL && before >= 0) {
        hf_directory_walk(work, find_newest, &s, &unused);
        before += (double)(s.newest - info.st_mtime);
    }
    if (stream != NULL)
        fclose(stream);
    free(path);
    return before > 0 ? before : 0;
}

static hf_status write_since(const char *work, double seconds, hf_error *err)
{
    hf_file file;
    char *path = hf_path_join(work, SINCE);
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_open(&file, path, err);
    if (status == HF_OK) {
        fprintf(file.stream, "%.0f\n", seconds);
        status = hf_file_commit(&file, err);
    }
    free(path);
    return status;
}

/* ---- opening ---- */

typedef struct {
    hf_folder_relation work, finished;
    char work_difference[HF_FOLDER_DIFFERENCE], difference[HF_FOLDER_DIFFERENCE];
    double seconds; /* of work in the unfinished run */
} contents;

static hf_status look(const hf_folder *f, const hf_folder_model *model, contents *c, hf_error *err)
{
    hf_status status = model->relate(model->self, f->directory, &c->finished, c->difference, err);
    if (status == HF_OK && f->work != NULL && hf_file_exists_in(f->work, SINCE)) {
        status = model->relate(model->self, f->work, &c->work, c->work_difference, err);
        c->seconds = work_in(f->work);
    }
    return status;
}

static const char *whose(hf_folder_relation r)
{
    return r == HF_FOLDER_SAME    ? "this configuration"
           : r == HF_FOLDER_OTHER ? "another configuration"
                                  : "a shorter configuration";
}

/* How much work that was, in words. */
static const char *show_work(double seconds, char text[40])
{
    if (seconds < 120)
        snprintf(text, 40, "%.0f seconds", seconds);
    else if (seconds < 7200)
        snprintf(text, 40, "%.0f minutes", seconds / 60);
    else
        snprintf(text, 40, "%.1f hours", seconds / 3600);
    return text;
}

static hf_status decide_to_resume(hf_folder *f, const contents *c, hf_error *err)
{
    if (c->work == HF_FOLDER_OTHER)
        return hf_fail(
            err, HF_EUSAGE,
            "%s: holds an unfinished run of another configuration%s; --restart instead of --resume throws it away", f->work,
            c->work_difference);
    if (c->work == HF_FOLDER_NOTHING && c->finished == HF_FOLDER_OTHER)
        return hf_fail(err, HF_EUSAGE,
                       "%s: holds a finished run of another configuration%s; run without --resume to replace it, or start "
                       "from its final.tsv with init.state",
                       f->directory, c->difference);
    const hf_folder_relation r = c->work == HF_FOLDER_NOTHING ? c->finished : c->work;
    f->resume = r == HF_FOLDER_SAME || r == HF_FOLDER_LONGER;
    f->reuse = c->finished == HF_FOLDER_SAME || c->finished == HF_FOLDER_LONGER;
    if (r == HF_FOLDER_LATER)
        snprintf(f->notice, sizeof f->notice,
                 "the times of output, or what a step does, change with the length of the run: it starts anew%s",
                 c->work == HF_FOLDER_NOTHING ? c->difference : c->work_difference);
    return HF_OK;
}

static hf_status decide_to_start(hf_folder *f, const contents *c, bool restart, hf_error *err)
{
    char text[40];
    size_t used = 0;
    if (c->work != HF_FOLDER_NOTHING && c->seconds > HF_FOLDER_PRECIOUS && !restart)
        return hf_fail(err, HF_EUSAGE,
                       "%s: holds an unfinished run of %s, %s of work%s; go on with it: --resume; throw it away: --restart",
                       f->work, whose(c->work), show_work(c->seconds, text), c->work_difference);
    if (c->work != HF_FOLDER_NOTHING && c->seconds > 0)
        used = (size_t)snprintf(f->notice, sizeof f->notice, "an unfinished run of %s is thrown away, %s of work",
                                whose(c->work), show_work(c->seconds, text));
    if (c->finished == HF_FOLDER_OTHER || c->finished == HF_FOLDER_LONGER || c->finished == HF_FOLDER_LATER)
        snprintf(f->notice + used, sizeof f->notice - used,
                 "%s%s holds a finished run of %s, which this one replaces when it is finished%s", used > 0 ? "; " : "",
                 f->directory, whose(c->finished), c->difference);
    return HF_OK;
}

static hf_status check_for_sweep(const char *directory, hf_error *err)
{
    return hf_file_exists_in(directory, "tasks.tsv")
               ? hf_fail(err, HF_EUSAGE, "%s: holds a sweep; choose another folder with -o", directory)
               : HF_OK;
}

/* Gets DIR/unfinished ready. */
static hf_status prepare(hf_folder *f, const hf_folder_model *model, double seconds, hf_error *err)
{
    hf_status status = HF_OK;
    if (!f->resume)
        status = hf_layout_clean(f->directory, HF_LAYOUT_RUN, err);
    if (status == HF_OK)
        status = hf_directory_make(f->work, err);
    if (status == HF_OK)
        status = model->write(model->self, f->work, err);
    return status == HF_OK ? write_since(f->work, f->resume ? seconds : 0, err) : status;
}

hf_status hf_folder_open(hf_folder *f, const hf_folder_model *model, const char *directory,
                         const hf_folder_options *options, hf_error *err)
{
    contents c = {.work = HF_FOLDER_NOTHING};
    *f = (hf_folder){.directory = directory, .work = hf_path_join(directory, HF_COMMIT_WORK)};
    hf_status status = f->work == NULL ? hf_fail_memory(err, "a file name") : check_for_sweep(directory, err);
    if (status == HF_OK && !options->read_only)
        status = hf_commit_recover(directory, err);
    if (status == HF_OK)
        status = look(f, model, &c, err);
    if (status == HF_OK && options->read_only && c.finished != HF_FOLDER_SAME)
        status = hf_fail(err, HF_ESYSTEM, "%s: cannot be written", directory);
    if (status == HF_OK)
        status = options->resume ? decide_to_resume(f, &c, err) : decide_to_start(f, &c, options->restart, err);
    f->other = c.finished != HF_FOLDER_SAME && c.finished != HF_FOLDER_NOTHING;
    f->same = c.finished == HF_FOLDER_SAME && options->resume;
    f->fresh = c.work == HF_FOLDER_NOTHING;
    if (status == HF_OK && options->read_only) {
        free(f->work);
        f->work = NULL;
    } else if (status == HF_OK)
        status = prepare(f, model, c.seconds, err);
    if (status != HF_OK)
        hf_folder_close(f);
    return status;
}

void hf_folder_close(hf_folder *f)
{
    free(f->work);
    f->work = NULL;
}

hf_status hf_folder_publish(const hf_folder *f, hf_error *err)
{
    const unsigned how = (f->other ? HF_LAYOUT_FRESH_IMAGES : 0) | (f->same ? HF_LAYOUT_KEEP_RUNS : 0);
    if (f->work == NULL)
        return HF_OK;
    if (!hf_file_exists_in(f->work, SINCE)) /* removed or renamed meanwhile: what has been made since is not all */
        return hf_fail(err, HF_ESYSTEM, "%s: is not the folder in which the run began; it has gone", f->work);
    return hf_layout_publish(f->directory, HF_LAYOUT_RUN, how, err);
}

void hf_folder_drop(const hf_folder *f, hf_status failure)
{
    hf_error unused;
    if (f->work != NULL && failure == HF_ENUMERIC)
        write_since(f->work, WORTH_NOTHING, &unused);
    if (f->work != NULL && failure == HF_EUSAGE && f->fresh)
        hf_layout_clean(f->directory, HF_LAYOUT_RUN, &unused);
}

/* ---- single runs ---- */

static hf_status mark_kept(const char *place, hf_error *err)
{
    hf_file file;
    char *path = hf_path_join(place, KEPT);
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_open(&file, path, err);
    if (status == HF_OK)
        status = hf_file_commit(&file, err);
    free(path);
    return status;
}

/* What a training run goes on with: its rows and its saved state, which comes last. */
static hf_status copy_state(const char *old, const char *place, hf_error *err)
{
    static const char *const files[] = {"trajectory.tsv", "attention.tsv", "states.tsv",
                                        "spectrum.tsv",   "maps.tsv",      "checkpoint"};
    hf_status status = HF_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && status == HF_OK; i++) {
        char *from = hf_path_join(old, files[i]), *to = hf_path_join(place, files[i]);
        if (from == NULL || to == NULL)
            status = hf_fail_memory(err, "a file name");
        else if (hf_file_exists(from))
            status = hf_file_copy(from, to, err);
        free(from);
        free(to);
    }
    return status == HF_EUSAGE ? hf_fail(err, HF_ESYSTEM, "%s: a table cannot be read", old) : status;
}

/* A run that is not in work yet: taken from a finished one if it is there. *complete: it is all there. */
static hf_status take_up(const char *old, const char *place, uint64_t hash, bool *complete, hf_error *err)
{
    hf_status status = hf_completion_find(old, hash, complete, err);
    if (status != HF_OK || place == NULL)
        return status;
    status = hf_directory_make(place, err);
    if (status == HF_OK && *complete)
        return mark_kept(place, err);
    return status == HF_OK && hf_file_exists_in(old, "checkpoint") ? copy_state(old, place, err) : status;
}

hf_status hf_folder_place(const char *work, const char *finished, const char *name, uint64_t hash, char **place,
                          hf_error *err)
{
    bool complete = false;
    char *old = finished == NULL ? NULL : hf_path_join(finished, name);
    *place = work == NULL ? NULL : hf_path_join(work, name);
    hf_status status =
        (finished != NULL && old == NULL) || (work != NULL && *place == NULL) ? hf_fail_memory(err, "a file name") : HF_OK;
    const bool begun = *place != NULL && (hf_file_exists_in(*place, "checkpoint") || hf_file_exists_in(*place, "final.tsv"));
    if (status == HF_OK && old != NULL && !begun)
        status = take_up(old, *place, hash, &complete, err);
    else if (status == HF_OK)
        status = hf_directory_make(*place, err);
    if (status == HF_OK && !complete && work == NULL)
        status = hf_fail(err, HF_ESYSTEM, "%s: is not finished, and cannot be written", old == NULL ? name : old);
    if (status == HF_OK && complete) {
        free(*place);
        *place = old;
        old = NULL;
    }
    free(old);
    return status;
}
