#include "core/file.h"

#include "core/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static hf_status system_failure(hf_error *err, const char *what, const char *path)
{
    return hf_fail(err, HF_ESYSTEM, "%s: %s: %s", path, what, strerror(errno));
}

hf_status hf_file_read_status(int number)
{
    static const int usage[] = {ENOENT, ENOTDIR, EACCES, EPERM, EISDIR, ELOOP, ENAMETOOLONG};
    for (size_t i = 0; i < sizeof usage / sizeof usage[0]; i++)
        if (number == usage[i])
            return HF_EUSAGE;
    return HF_ESYSTEM;
}

/* PATH.part, to be freed; NULL: out of memory. */
static char *part_name(const char *path)
{
    char *part = malloc(strlen(path) + sizeof ".part");
    return part == NULL ? NULL : strcat(strcpy(part, path), ".part");
}

static hf_status open_part(hf_file *file, const char *path, const char *mode, hf_error *err)
{
    *file = (hf_file){.path = strdup(path), .part = part_name(path)};
    if (file->path == NULL || file->part == NULL) {
        hf_file_abandon(file);
        return hf_fail_memory(err, "a file name");
    }
    file->stream = fopen(file->part, mode);
    if (file->stream == NULL) {
        hf_status status = system_failure(err, "cannot be written", file->part);
        hf_file_abandon(file);
        return status;
    }
    return HF_OK;
}

hf_status hf_file_open(hf_file *file, const char *path, hf_error *err)
{
    return open_part(file, path, "w", err);
}

/* Whoever was killed while his files got their names left some of them complete. */
static bool take_name_back(const char *path)
{
    char *part = part_name(path);
    bool taken = part != NULL && rename(path, part) == 0;
    free(part);
    return taken;
}

hf_status hf_file_reopen(hf_file *file, const char *path, long length, hf_error *err)
{
    hf_status status = open_part(file, path, "r+", NULL);
    if (status != HF_OK && !take_name_back(path))
        return hf_fail(err, HF_ESYSTEM, "%s.part: is gone since the run was interrupted; run again without --resume", path);
    if (status != HF_OK)
        status = open_part(file, path, "r+", err);
    if (status != HF_OK)
        return status;
    struct stat info;
    if (fstat(fileno(file->stream), &info) != 0 || info.st_size < length || ftruncate(fileno(file->stream), length) != 0 ||
        fseek(file->stream, length, SEEK_SET) != 0) {
        status = hf_fail(err, HF_ESYSTEM, "%s: is shorter than when the run was interrupted; run again without --resume",
                         file->part);
        hf_file_abandon(file);
    }
    return status;
}

hf_status hf_file_sync(hf_file *file, long *length, hf_error *err)
{
    if (ferror(file->stream)) /* an earlier write has failed; nobody knows its errno any more */
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full, or memory short?)", file->part);
    if (fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0)
        return system_failure(err, "cannot be written", file->part);
    *length = ftell(file->stream);
    return *length < 0 ? system_failure(err, "cannot be written", file->part) : HF_OK;
}

hf_status hf_directory_sync(const char *path, hf_error *err)
{
    const int descriptor = open(path, O_RDONLY | O_DIRECTORY);
    const bool done = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
    const hf_status status = done ? HF_OK : system_failure(err, "cannot be brought to the disk", path);
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

/* A rename is on the disk only when its directory is. */
static hf_status sync_directory_of(const char *path, hf_error *err)
{
    char *directory = hf_path_folder(path);
    const hf_status status = directory == NULL ? hf_fail_memory(err, "a file name") : hf_directory_sync(directory, err);
    free(directory);
    return status;
}

/* Everything but the name's way to the disk; the file's own memory stays. */
static hf_status take_name(hf_file *file, hf_error *err)
{
    long length;
    hf_status status = hf_file_sync(file, &length, err);
    if (fclose(file->stream) != 0 && status == HF_OK)
        status = system_failure(err, "cannot be written", file->part);
    file->stream = NULL;
    if (status == HF_OK && rename(file->part, file->path) != 0)
        status = system_failure(err, "cannot be written", file->path);
    return status;
}

hf_status hf_file_finish(hf_file *file, hf_error *err)
{
    const hf_status status = take_name(file, err);
    hf_file_abandon(file);
    return status;
}

hf_status hf_file_commit(hf_file *file, hf_error *err)
{
    hf_status status = take_name(file, err);
    if (status == HF_OK)
        status = sync_directory_of(file->path, err);
    hf_file_abandon(file);
    return status;
}

void hf_file_spoil(FILE *stream)
{
    fflush(stream);
    getc(stream); /* not open for reading: the stream has failed from here on */
}

void hf_file_abandon(hf_file *file)
{
    if (file->stream != NULL)
        fclose(file->stream);
    free(file->path);
    free(file->part);
    *file = (hf_file){0};
}

hf_status hf_file_copy(const char *source, const char *path, hf_error *err)
{
    char bytes[65536];
    size_t count;
    hf_file file;
    FILE *from = fopen(source, "rb");
    if (from == NULL)
        return hf_fail(err, hf_file_read_status(errno), "%s: cannot be read: %s", source, strerror(errno));
    hf_status status = hf_file_open(&file, path, err);
    if (status != HF_OK)
        goto done;
    while ((count = fread(bytes, 1, sizeof bytes, from)) > 0)
        fwrite(bytes, 1, count, file.stream); /* a failure shows at the commit */
    const int reason = errno;
    if (ferror(from)) {
        hf_file_abandon(&file);
        status = hf_fail(err, hf_file_read_status(reason), "%s: cannot be read: %s", source, strerror(reason));
    } else
        status = hf_file_commit(&file, err);
done:
    fclose(from);
    return status;
}

hf_status hf_file_lock(const char *path, bool *forbidden, hf_error *err)
{
    int lock; /* stays open, and with it the lock */
    return hf_file_take_lock(path, &lock, forbidden, err);
}

void hf_file_give_back(int lock)
{
    if (lock >= 0)
        close(lock);
}

hf_status hf_file_take_lock(const char *path, int *taken, bool *forbidden, hf_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open(path, O_RDWR | O_CREAT, 0666);
    *taken = -1;
    if (forbidden != NULL)
        *forbidden = descriptor < 0 && (errno == EACCES || errno == EROFS || errno == EPERM);
    if (descriptor < 0)
        return system_failure(err, "cannot be written", path);
    int held;
    while ((held = fcntl(descriptor, F_SETLK, &lock)) != 0 && errno == EINTR) /* NFS asks a server */
        ;
    if (held == 0) {
        *taken = descriptor;
        return HF_OK;
    }
    bool busy = errno == EACCES || errno == EAGAIN;
    close(descriptor);
    return busy ? hf_fail(err, HF_ESYSTEM, "%s: another run is writing here", path)
                : HF_OK; /* no locks on this file system */
}

hf_status hf_directory_make(const char *path, hf_error *err)
{
    char *partial = strdup(path);
    hf_status status = HF_OK;
    if (partial == NULL)
        return hf_fail_memory(err, "a file name");
    for (char *c = partial + 1; status == HF_OK; c++) {
        char end = *c;
        if (end != '/' && end != '\0')
            continue;
        *c = '\0';
        struct stat info;
        if (mkdir(partial, 0777) != 0 && !(errno == EEXIST && stat(partial, &info) == 0 && S_ISDIR(info.st_mode)))
            status = system_failure(err, "cannot be made a directory", partial);
        *c = end;
        if (end == '\0')
            break;
    }
    free(partial);
    return status;
}

bool hf_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool hf_file_exists_in(const char *directory, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s%s%s", directory, *directory == '\0' ? "" : "/", name);
    return length > 0 && (size_t)length < sizeof path && hf_file_exists(path);
}

hf_status hf_file_remove(const char *path, hf_error *err)
{
    if (remove(path) != 0 && errno != ENOENT)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be removed: %s", path, strerror(errno));
    return HF_OK;
}

static hf_status fail_to_read(const char *path, int number, hf_error *err)
{
    return hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", path, strerror(number));
}

hf_status hf_file_read(const char *path, char **text, size_t *size, hf_error *err)
{
    size_t capacity = 0, got = 1;
    hf_status status = HF_OK;
    FILE *stream = fopen(path, "rb");
    *text = NULL;
    *size = 0;
    if (stream == NULL)
        return hf_fail(err, hf_file_read_status(errno), "%.300s: cannot be read: %s", path, strerror(errno));
    for (; got > 0; *size += got) {
        capacity = 2 * capacity + 4096;
        char *grown = realloc(*text, capacity + 1);
        if (grown == NULL) {
            status = hf_fail_memory(err, path);
            break;
        }
        *text = grown;
        got = fread(*text + *size, 1, capacity - *size, stream);
        (*text)[*size + got] = '\0';
    }
    if (status == HF_OK && ferror(stream))
        status = hf_fail(err, hf_file_read_status(errno), "%.300s: cannot be read: %s", path, strerror(errno));
    fclose(stream);
    if (status != HF_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

hf_status hf_file_load(const char *path, char **text, hf_error *err)
{
    size_t size;
    const hf_status status = hf_file_read(path, text, &size, err);
    return status == HF_OK ? HF_OK : err == NULL ? HF_ESYSTEM : (err->status = HF_ESYSTEM);
}

/* ---- walking ---- */

typedef struct {
    const char *root;
    hf_file_visit *visit;
    void *data;
    hf_error *err;
} walk;

static hf_status walk_folder(const walk *w, const char *folder, int depth);

/* One entry of a folder; folder "" is the root itself. */
static hf_status walk_entry(const walk *w, const char *folder, const char *name, int depth)
{
    struct stat info;
    char *path = *folder == '\0' ? strdup(name) : hf_path_join(folder, name);
    char *full = path == NULL ? NULL : hf_path_join(w->root, path);
    hf_status status = full == NULL ? hf_fail_memory(w->err, "a file name") : HF_OK;
    if (status == HF_OK && stat(full, &info) == 0 && S_ISDIR(info.st_mode))
        status = depth > 0 ? walk_folder(w, path, depth - 1) : HF_OK;
    else if (status == HF_OK)
        status = w->visit(w->data, path, w->err);
    free(path);
    free(full);
    return status;
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static hf_status walk_folder(const walk *w, const char *folder, int depth)
{
    struct dirent **entries;
    hf_status status = HF_OK;
    char *full = hf_path_join(w->root, folder);
    if (full == NULL)
        return hf_fail_memory(w->err, "a file name");
    const int count = scandir(full, &entries, is_entry, alphasort);
    if (count < 0 && errno != ENOENT)
        status = fail_to_read(full, errno, w->err);
    free(full);
    for (int i = 0; i < count; i++) {
        if (status == HF_OK)
            status = walk_entry(w, folder, entries[i]->d_name, depth);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return status;
}

hf_status hf_directory_walk(const char *root, hf_file_visit *visit, void *data, hf_error *err)
{
    enum { DEEPEST = 6 };
    return walk_folder(&(walk){root, visit, data, err}, "", DEEPEST);
}

void hf_directory_prune(const char *root, const char *path)
{
    char *folder = hf_path_folder(path);
    while (folder != NULL && strlen(folder) > strlen(root) && rmdir(folder) == 0) {
        char *above = hf_path_folder(folder);
        free(folder);
        folder = above;
    }
    free(folder);
}
