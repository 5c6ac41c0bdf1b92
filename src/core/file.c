#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
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
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", file->part);
    if (fflush(file->stream) != 0 || fsync(fileno(file->stream)) != 0)
        return system_failure(err, "cannot be written", file->part);
    *length = ftell(file->stream);
    return *length < 0 ? system_failure(err, "cannot be written", file->part) : HF_OK;
}

/* A rename is on the disk only when its directory is. */
static bool sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int descriptor = directory == NULL ? -1 : open(directory, O_RDONLY | O_DIRECTORY);
    bool done = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL);
    if (descriptor >= 0)
        close(descriptor);
    free(directory);
    return done;
}

hf_status hf_file_commit(hf_file *file, hf_error *err)
{
    long length;
    hf_status status = hf_file_sync(file, &length, err);
    if (fclose(file->stream) != 0 && status == HF_OK)
        status = system_failure(err, "cannot be written", file->part);
    file->stream = NULL;
    if (status == HF_OK && rename(file->part, file->path) != 0)
        status = system_failure(err, "cannot be written", file->path);
    if (status == HF_OK && !sync_directory_of(file->path))
        status = system_failure(err, "cannot be brought to the disk", file->path);
    hf_file_abandon(file);
    return status;
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

hf_status hf_file_lock(const char *path, hf_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int descriptor = open(path, O_RDWR | O_CREAT, 0666);
    if (descriptor < 0)
        return system_failure(err, "cannot be written", path);
    if (fcntl(descriptor, F_SETLK, &lock) == 0)
        return HF_OK; /* the descriptor stays open, and with it the lock */
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

char *hf_path_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    char *path = malloc(length + strlen(name) + 2);
    if (path == NULL)
        return NULL;
    strcpy(path, directory);
    if (length > 0 && directory[length - 1] != '/')
        strcat(path, "/");
    return strcat(path, name);
}
