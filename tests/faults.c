/* faults: a library to be loaded before all others (LD_PRELOAD) that lets the n-th system call of a kind fail.
 *
 *     FAULT=kind:n:errno      the n-th call of this kind fails with this number, once
 *     FAULT=kind:n:errno:on   it and all later ones
 *     FAULT=kind:n:errno:stop the same once, with SIGTRAP where it fails, for a debugger
 *     FAULT=kind:n:kill       the process is killed before it (SIGKILL)
 *     FAULT=kind:n:gone       before it the folder FAULT_FOLDER is renamed FAULT_FOLDER.gone
 *     FAULT_STATE=file        at least 512 zero bytes: the calls that were counted (64-bit numbers in the order of kinds),
 *                             then how many failed; shared by all processes that it is handed on to
 *
 * Kinds: open read write fsync close rename mkdir unlink malloc fork pipe thread lock. Only the program itself is made to fail,
 * not what it starts; streams are made of these calls, so that theirs fail, too. A close that fails leaves its descriptor open,
 * which is what can hang. Allocations fail wherever the program, the C library, SUNDIALS, GSL, LAPACK or ARPACK ask. What such a library
 * asks for after the program has given back a block of 64 KiB to 1 MiB, which holds it, does not fail: that is how the program keeps
 * those safe that do not look at what they get. OpenMP and OpenBLAS end the program themselves. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN, READ, WRITE, FSYNC, CLOSE, RENAME, MKDIR, UNLINK, MALLOC, FORK, PIPE, THREAD, LOCK, KINDS };
static const char *const kind_names[KINDS] = {"open",   "read",   "write", "fsync", "close",  "rename", "mkdir",
                                              "unlink", "malloc", "fork",  "pipe",  "thread", "lock"};

typedef struct {
    _Atomic uint64_t count[KINDS], failed;
} shared_state;

typedef struct {
    uintptr_t from, to;
} image;

enum { IMAGES = 32, STREAMS = 256 };
static shared_state *state; /* NULL: nothing is counted */
static int wanted_kind = -1, wanted_errno;
static uint64_t wanted_number;
static bool goes_on, kills, stops, moves;
static image images[IMAGES];            /* whose allocations count */
static size_t image_count, own_count;   /* the first of them are the program's and the C library's */
static _Thread_local size_t given_back; /* what is left of a large block that the program has just freed */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *bytes);

/* ---- setting up ---- */

static int note_image(struct dl_phdr_info *info, size_t size, void *data)
{
    static const char *const own[] = {"/libc.so", "/libc-", NULL};
    static const char *const others[] = {"/libsundials", "/libgsl.", "/libarpack", "/liblapack", NULL};
    const bool looks_for_own = own_count == 0;
    size_t *nameless = data;
    bool counts =
        looks_for_own && (info->dlpi_name == NULL || info->dlpi_name[0] == '\0'); /* the program, which comes first */
    (void)size;
    if (counts && (*nameless)++ > 0)
        counts = false;
    for (const char *const *name = looks_for_own ? own : others; *name != NULL && !counts; name++)
        counts = strstr(info->dlpi_name, *name) != NULL;
    for (int i = 0; counts && i < info->dlpi_phnum && image_count < IMAGES; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            images[image_count].from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            images[image_count].to = images[image_count].from + info->dlpi_phdr[i].p_memsz;
            image_count++;
        }
    return 0;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *fault = getenv("FAULT"), *path = getenv("FAULT_STATE");
    char kind[16] = "", how[16] = "", rest[8] = "";
    size_t nameless = 0;
    if (strcmp(program_invocation_short_name, "headflow") != 0 || path == NULL)
        return;
    if (fault != NULL && sscanf(fault, "%15[a-z]:%lu:%15[a-z0-9]:%7s", kind, &wanted_number, how, rest) >= 3)
        for (int k = 0; k < KINDS; k++)
            wanted_kind = strcmp(kind, kind_names[k]) == 0 ? k : wanted_kind;
    kills = strcmp(how, "kill") == 0;
    moves = strcmp(how, "gone") == 0;
    wanted_errno = atoi(how);
    goes_on = strcmp(rest, "on") == 0;
    stops = strcmp(rest, "stop") == 0;
    dl_iterate_phdr(note_image, &nameless);
    own_count = image_count;
    dl_iterate_phdr(note_image, &nameless);
    const int file = open(path, O_RDWR);
    void *map = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    state = map == MAP_FAILED ? NULL : map; /* last: from here on calls count */
}

#define NEXT(name) (*(__typeof__(&name))next(#name))
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void move_folder(void)
{
    const char *folder = getenv("FAULT_FOLDER");
    char gone[4096];
    const int kept = errno;
    snprintf(gone, sizeof gone, "%s.gone", folder == NULL ? "" : folder);
    if (folder != NULL)
        NEXT(rename)(folder, gone);
    errno = kept;
}

/* Counts a call; true, with errno set, if it is to fail. */
static bool fails(int kind)
{
    if (state == NULL)
        return false;
    const uint64_t number = atomic_fetch_add(&state->count[kind], 1) + 1;
    if (kind != wanted_kind || (number != wanted_number && !(goes_on && number > wanted_number)))
        return false;
    atomic_fetch_add(&state->failed, 1);
    if (kills)
        kill(getpid(), SIGKILL);
    if (moves) {
        move_folder();
        return false;
    }
    if (stops)
        raise(SIGTRAP);
    errno = wanted_errno;
    return true;
}

/* ---- calls ---- */

static int open_file(const char *path, int flags, mode_t mode)
{
    static int (*real)(const char *, int, ...);
    if (real == NULL)
        *(void **)&real = next("open");
    return fails(OPEN) ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(args, int) : 0;
    va_end(args);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

ssize_t read(int file, void *bytes, size_t size)
{
    return fails(READ) ? -1 : NEXT(read)(file, bytes, size);
}

ssize_t write(int file, const void *bytes, size_t size)
{
    return fails(WRITE) ? -1 : NEXT(write)(file, bytes, size);
}

int fsync(int file)
{
    return fails(FSYNC) ? -1 : NEXT(fsync)(file);
}

int close(int file)
{
    return fails(CLOSE) ? -1 : NEXT(close)(file);
}

int rename(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(MKDIR) ? -1 : NEXT(mkdir)(path, mode);
}

int unlink(const char *path)
{
    return fails(UNLINK) ? -1 : NEXT(unlink)(path);
}

int rmdir(const char *path)
{
    return fails(UNLINK) ? -1 : NEXT(rmdir)(path);
}

int remove(const char *path)
{
    return fails(UNLINK) ? -1 : NEXT(remove)(path);
}

pid_t fork(void)
{
    return fails(FORK) ? -1 : NEXT(fork)();
}

int pipe(int ends[2])
{
    return fails(PIPE) ? -1 : NEXT(pipe)(ends);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    return fails(THREAD) ? wanted_errno : NEXT(pthread_create)(thread, attributes, start, argument);
}

int fcntl(int file, int command, ...)
{
    va_list args;
    va_start(args, command);
    void *argument = va_arg(args, void *); /* a number or a pointer: both are handed on as they came */
    va_end(args);
    return (command == F_SETLK || command == F_SETLKW) && fails(LOCK) ? -1 : NEXT(fcntl)(file, command, argument);
}

int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));

int scandir(const char *path, struct dirent ***entries, int (*select)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    return fails(OPEN) ? -1 : NEXT(scandir)(path, entries, select, compare);
}

DIR *opendir(const char *path)
{
    return fails(OPEN) ? NULL : NEXT(opendir)(path);
}

/* ---- streams, made of the calls above ---- */

static struct {
    FILE *stream;
    int file;
} streams[STREAMS];
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static int find_stream(const FILE *stream)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].stream == stream)
            return i;
    return -1;
}

static ssize_t cookie_read(void *cookie, char *bytes, size_t size)
{
    return read((int)(intptr_t)cookie, bytes, size);
}

static ssize_t cookie_write(void *cookie, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t written = write((int)(intptr_t)cookie, bytes + done, size - done);
        if (written <= 0)
            return 0;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    const off64_t at = lseek64((int)(intptr_t)cookie, *offset, whence);
    if (at < 0)
        return -1;
    *offset = at;
    return 0;
}

static int cookie_close(void *cookie)
{
    return close((int)(intptr_t)cookie);
}

FILE *fopen(const char *path, const char *mode)
{
    if (state == NULL)
        return NEXT(fopen)(path, mode);
    const bool update = strchr(mode, '+') != NULL;
    const int access = update ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    const int create = mode[0] == 'r' ? 0 : mode[0] == 'w' ? O_CREAT | O_TRUNC : O_CREAT | O_APPEND;
    const int file = open_file(path, access | create, 0666);
    if (file < 0)
        return NULL;
    const cookie_io_functions_t calls = {cookie_read, cookie_write, cookie_seek, cookie_close};
    FILE *stream = fopencookie((void *)(intptr_t)file, mode, calls);
    if (stream == NULL) {
        NEXT(close)(file);
        return NULL;
    }
    pthread_mutex_lock(&streams_lock);
    const int free_one = find_stream(NULL);
    if (free_one < 0)
        abort();
    streams[free_one].stream = stream;
    streams[free_one].file = file;
    pthread_mutex_unlock(&streams_lock);
    return stream;
}

FILE *fopen64(const char *path, const char *mode) __attribute__((alias("fopen")));

int fileno(FILE *stream)
{
    pthread_mutex_lock(&streams_lock);
    const int i = find_stream(stream), file = i < 0 ? -1 : streams[i].file;
    pthread_mutex_unlock(&streams_lock);
    return file >= 0 ? file : NEXT(fileno)(stream);
}

int fclose(FILE *stream)
{
    pthread_mutex_lock(&streams_lock);
    const int i = find_stream(stream);
    if (i >= 0)
        streams[i].stream = NULL;
    pthread_mutex_unlock(&streams_lock);
    return NEXT(fclose)(stream);
}

/* ---- memory ---- */

enum { OURS, THEIRS, NOBODY };

static int whose(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; i < image_count; i++)
        if (at >= images[i].from && at < images[i].to)
            return i < own_count ? OURS : THEIRS;
    return NOBODY;
}

/* What a library asks for fits in what the program has just given back, if it has. */
static bool refused(const void *caller, size_t size)
{
    const int who = state == NULL ? NOBODY : whose(caller);
    if (who == THEIRS && size < given_back) {
        given_back -= size;
        return false;
    }
    return who != NOBODY && fails(MALLOC);
}

#define REFUSED(size) refused(__builtin_return_address(0), size)

void free(void *bytes)
{
    const size_t size = state == NULL || bytes == NULL ? 0 : malloc_usable_size(bytes);
    if (size >= 65536 && size < 1 << 20 && whose(__builtin_return_address(0)) == OURS)
        given_back = size;
    __libc_free(bytes);
}

void *malloc(size_t size)
{
    return REFUSED(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return REFUSED(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return REFUSED(size) ? NULL : __libc_realloc(old, size);
}

static char *duplicate(const char *text, size_t length, bool refused)
{
    char *copy = refused ? NULL : __libc_malloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return duplicate(text, strlen(text), REFUSED(strlen(text)));
}

char *__strdup(const char *text)
{
    return duplicate(text, strlen(text), REFUSED(strlen(text)));
}

char *strndup(const char *text, size_t most)
{
    return duplicate(text, strnlen(text, most), REFUSED(most));
}
