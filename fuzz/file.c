#include "fuzz.h"

#include <unistd.h>

static char path[64];

static void remove_it(void)
{
    unlink(path);
}

const char *fuzz_file(const void *bytes, size_t size)
{
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "/tmp/headflow-fuzz-%ld", (long)getpid());
        atexit(remove_it);
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
    return path;
}
