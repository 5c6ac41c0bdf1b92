#include "core/path.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *join(const char *directory, const char *separator, const char *name)
{
    const size_t size = strlen(directory) + strlen(separator) + strlen(name) + 1;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s%s%s", directory, separator, name);
    return path;
}

char *hf_path_join(const char *directory, const char *name)
{
    const size_t length = strlen(directory);
    return join(directory, length > 0 && directory[length - 1] != '/' ? "/" : "", name);
}

char *hf_path_resolve(const char *directory, const char *path)
{
    const bool alone = path[0] == '/' || strcmp(directory, ".") == 0;
    return alone ? strdup(path) : join(directory, "/", path);
}

char *hf_path_absolute(const char *path)
{
    char current[PATH_MAX];
    return getcwd(current, sizeof current) == NULL ? NULL : hf_path_resolve(current, path);
}

char *hf_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *hf_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
