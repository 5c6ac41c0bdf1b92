#include "core/commit.h"

#include "core/file.h"
#include "core/hash.h"
#include "core/path.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_NAME HF_COMMIT_WORK "/commit"
static const char head[] = "headflow commit\n";
enum { TAKE = '+', REMOVE = '-', SUM = '=' };

/* ---- making the list ---- */

hf_status hf_commit_open(hf_commit *c, const char *directory, hf_error *err)
{
    *c = (hf_commit){.directory = directory, .work = hf_path_join(directory, HF_COMMIT_WORK)};
    c->stream = c->work == NULL ? NULL : open_memstream(&c->text, &c->size);
    if (c->stream == NULL) {
        hf_commit_abandon(c);
        return hf_fail_memory(err, "the list of files");
    }
    fputs(head, c->stream);
    return HF_OK;
}

/* directory/path without its last part; NULL: memory. To be freed. */
static char *folder_of(const char *directory, const char *path)
{
    char *folder = hf_path_join(directory, path);
    if (folder != NULL)
        *strrchr(folder, '/') = '\0';
    return folder;
}

hf_status hf_commit_take(hf_commit *c, const char *path, hf_error *err)
{
    struct stat info;
    char *folder = folder_of(c->directory, path), *target = hf_path_join(c->directory, path);
    hf_status status =
        folder == NULL || target == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(folder, err);
    if (status == HF_OK && stat(target, &info) == 0 && S_ISDIR(info.st_mode))
        status = hf_fail(err, HF_ESYSTEM, "%s: is a folder, where a file is to be", target);
    if (status == HF_OK)
        fprintf(c->stream, "%c %s\n", TAKE, path);
    free(folder);
    free(target);
    return status;
}

void hf_commit_remove(hf_commit *c, const char *path)
{
    fprintf(c->stream, "%c %s\n", REMOVE, path);
}

void hf_commit_abandon(hf_commit *c)
{
    if (c->stream != NULL)
        fclose(c->stream);
    free(c->text);
    free(c->work);
    *c = (hf_commit){0};
}

/* ---- doing what it says ---- */

static hf_status failure(hf_error *err, const char *path, const char *what)
{
    return hf_fail(err, HF_ESYSTEM, "%s: %s: %s", path, what, strerror(errno));
}

static hf_status make_folder_and_move(const char *from, const char *to, hf_error *err)
{
    char *folder = hf_path_folder(to);
    if (folder == NULL)
        return hf_fail_memory(err, "a file name");
    const hf_status status = hf_directory_make(folder, err);
    free(folder);
    return status == HF_OK && rename(from, to) != 0 ? failure(err, to, "cannot be written") : status;
}

/* From one place to the other; where a folder is a link to another file system, by copying. Nothing to do if it was done. */
static hf_status move(const char *from, const char *to, hf_error *err)
{
    if (rename(from, to) == 0)
        return HF_OK;
    if (errno == ENOENT && hf_file_exists(to) && !hf_file_exists(from))
        return HF_OK;
    if (errno == ENOENT && hf_file_exists(from)) /* somebody has removed its folder */
        return make_folder_and_move(from, to, err);
    if (errno != EXDEV)
        return failure(err, to, "cannot be written");
    const hf_status status = hf_file_copy(from, to, err);
    return status == HF_OK && unlink(from) != 0 ? failure(err, from, "cannot be removed") : status;
}

static hf_status apply_once(const char *directory, const char *line, const char *path, hf_error *err)
{
    char *from = hf_path_join(directory, HF_COMMIT_WORK "/"), *to = hf_path_join(directory, path);
    char *source = from == NULL ? NULL : hf_path_join(from, path);
    hf_status status = HF_OK;
    if (source == NULL || to == NULL)
        status = hf_fail_memory(err, "a file name");
    else if (*line == TAKE)
        status = move(source, to, err);
    else if (unlink(to) != 0 && errno != ENOENT && errno != ENOTDIR)
        status = failure(err, to, "cannot be removed");
    free(from);
    free(source);
    free(to);
    return status;
}

/* Whether the next line takes a file to the folder of path as well. */
static bool next_shares_folder(const char *line, const char *path)
{
    const char *next = strchr(line, '\n') + 1;
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (*next != TAKE || strncmp(next + 2, path, length) != 0)
        return false;
    const char *name = next + 2 + length;
    return name[strcspn(name, "/\n")] == '\n';
}

/* The folder of a line goes if it is empty, or is brought to the disk; not yet where the next line is about the same one. */
static hf_status settle_folder(const char *directory, const char *line, const char *path, hf_error *err)
{
    const bool is_taken = *line == TAKE;
    if (is_taken && next_shares_folder(line, path))
        return HF_OK;
    char *folder = folder_of(directory, path);
    hf_status status = folder == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    while (!is_taken && status == HF_OK && strlen(folder) > strlen(directory) && rmdir(folder) == 0)
        *strrchr(folder, '/') = '\0';
    if (status == HF_OK && hf_file_exists(folder))
        status = hf_directory_sync(folder, err);
    free(folder);
    return status;
}

/* line: where it begins in the list; path: what it is about. */
typedef hf_status do_line(const char *directory, const char *line, const char *path, hf_error *err);

/* Does one thing for every line, as far as it can; the first failure counts. What fails is tried once more. */
static hf_status for_lines(const char *directory, const char *list, do_line *act, hf_error *err)
{
    hf_status result = HF_OK;
    for (const char *line = list + strlen(head); *line == TAKE || *line == REMOVE; line = strchr(line, '\n') + 1) {
        char *path = strndup(line + 2, strcspn(line + 2, "\n"));
        hf_error why, again;
        hf_status status = path == NULL ? hf_fail_memory(&why, "a file name") : act(directory, line, path, &why);
        if (path != NULL && status != HF_OK)
            status = act(directory, line, path, &again);
        if (status != HF_OK && result == HF_OK)
            result = hf_fail(err, status, "%s", why.message);
        free(path);
    }
    return result;
}

/* Folders that are empty now, and the list. */
static hf_status clean_up(const char *directory, const char *list, hf_error *err)
{
    char *work = hf_path_join(directory, HF_COMMIT_WORK), *file = hf_path_join(directory, LIST_NAME);
    hf_status status = work == NULL || file == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    for (const char *line = list + strlen(head); *line != SUM && *line != '\0' && status == HF_OK;
         line = strchr(line, '\n') + 1) {
        char *path = strndup(line + 2, strcspn(line + 2, "\n"));
        char *taken = path == NULL || *line != TAKE ? NULL : hf_path_join(work, path);
        if (taken != NULL)
            hf_directory_prune(work, taken);
        free(taken);
        free(path);
    }
    if (status == HF_OK && unlink(file) != 0 && errno != ENOENT)
        status = failure(err, file, "cannot be removed");
    if (status == HF_OK)
        rmdir(work); /* unless something else is in it */
    free(work);
    free(file);
    return status;
}

static hf_status perform(const char *directory, const char *list, hf_error *err)
{
    hf_error why;
    hf_status status = for_lines(directory, list, apply_once, &why);
    if (status == HF_OK)
        status = for_lines(directory, list, settle_folder, &why);
    if (status == HF_OK)
        status = clean_up(directory, list, &why);
    return status == HF_OK ? HF_OK
                           : hf_fail(err, status,
                                     "%.800s; not all files of the new run have their places yet: they take them when a "
                                     "headflow command is started here again",
                                     why.message);
}

static hf_status write_list(const hf_commit *c, const char *path, hf_error *err)
{
    hf_file file;
    uint64_t sum = HF_HASH_START;
    hf_status status = hf_file_open(&file, path, err);
    if (status != HF_OK)
        return status;
    hf_hash_bytes(&sum, c->text, c->size);
    fprintf(file.stream, "%s%c %016" PRIx64 "\n", c->text, SUM, sum);
    status = hf_file_commit(&file, err);
    if (status != HF_OK)
        remove(path); /* its folder may not be on the disk */
    return status;
}

hf_status hf_commit_perform(hf_commit *c, hf_error *err)
{
    const bool failed = ferror(c->stream), closed = fclose(c->stream) == 0;
    c->stream = NULL;
    char *path = hf_path_join(c->directory, LIST_NAME);
    hf_status status = failed || !closed || c->text == NULL || path == NULL ? hf_fail_memory(err, "the list of files")
                                                                            : write_list(c, path, err);
    if (status == HF_OK)
        status = perform(c->directory, c->text, err);
    free(path);
    hf_commit_abandon(c);
    return status;
}

/* ---- after a failure ---- */

bool hf_commit_is_pending(const char *directory)
{
    return hf_file_exists_in(directory, LIST_NAME);
}

/* A list ends with the checksum of all before. */
static bool is_whole(const char *list)
{
    const char *last = strrchr(list, SUM);
    uint64_t sum = HF_HASH_START;
    if (strncmp(list, head, strlen(head)) != 0 || last == NULL || last[-1] != '\n')
        return false;
    hf_hash_bytes(&sum, list, (size_t)(last - list));
    return strtoull(last + 1, NULL, 16) == sum;
}

hf_status hf_commit_recover(const char *directory, hf_error *err)
{
    char *list = NULL, *path = hf_path_join(directory, LIST_NAME);
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(path)) {
        status = hf_file_load(path, &list, err);
        if (status == HF_OK)
            status = is_whole(list) ? perform(directory, list, err)
                                    : hf_fail(err, HF_EUSAGE,
                                              "%s: is damaged; remove it to keep what has its place, and run again", path);
    }
    free(list);
    free(path);
    return status;
}
