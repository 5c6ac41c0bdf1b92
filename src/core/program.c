/* macOS shows processors beyond POSIX only where it is asked to. */
#ifdef __APPLE__
#define _DARWIN_C_SOURCE
#endif

#include "core/program.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <crt_externs.h>
#include <mach-o/dyld.h>
#endif

#if defined(__linux__)
#define SELF "/proc/self/exe"
#elif defined(__FreeBSD__) || defined(__DragonFly__)
#define SELF "/proc/curproc/file"
#elif defined(__NetBSD__)
#define SELF "/proc/curproc/exe"
#endif

enum { LONGEST = 4096 };

char *hf_program_path(void)
{
    char path[LONGEST];
#if defined(__APPLE__)
    uint32_t size = sizeof path;
    return _NSGetExecutablePath(path, &size) == 0 ? realpath(path, NULL) : NULL;
#elif defined(SELF)
    const ssize_t length = readlink(SELF, path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = '\0';
    return strdup(path);
#else
    (void)path;
    return NULL;
#endif
}

#ifdef __APPLE__

char **hf_program_environment(void) /* a shared library has no environ there */
{
    return *_NSGetEnviron();
}

#else

extern char **environ;

char **hf_program_environment(void)
{
    return environ;
}

#endif

size_t hf_program_processors(void)
{
#ifdef _SC_NPROCESSORS_ONLN
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
#else
    return 1;
#endif
}
