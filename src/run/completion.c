#include "run/completion.h"

#include "core/file.h"
#include "core/path.h"
#include "report/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* *there: final.tsv is. */
static hf_status look(const char *directory, uint64_t hash, bool *there, bool *complete, hf_error *err)
{
    uint64_t found;
    char *path = hf_path_join(directory, "final.tsv");
    *there = *complete = false;
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    errno = 0;
    FILE *stream = fopen(path, "r");
    bool unreadable = stream == NULL && errno != ENOENT && errno != ENOTDIR;
    *complete = stream != NULL && hf_table_find_hash(stream, &found) && found == hash;
    unreadable = unreadable || (stream != NULL && ferror(stream));
    const hf_status status = unreadable ? hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", path, strerror(errno)) : HF_OK;
    *there = stream != NULL;
    if (stream != NULL)
        fclose(stream);
    free(path);
    return status;
}

hf_status hf_completion_find(const char *directory, uint64_t hash, bool *complete, hf_error *err)
{
    bool there;
    return look(directory, hash, &there, complete, err);
}

hf_status hf_completion_check(const char *directory, uint64_t hash, bool *complete, hf_error *err)
{
    bool there;
    char *checkpoint = hf_path_join(directory, "checkpoint");
    hf_status status =
        checkpoint == NULL ? hf_fail_memory(err, "a file name") : look(directory, hash, &there, complete, err);
    if (status == HF_OK && there && !*complete && !hf_file_exists(checkpoint))
        status = hf_fail(
            err, HF_EUSAGE,
            "%s: holds a finished run of another configuration; run without --resume to replace it, or start from its "
            "final.tsv with init.state",
            directory);
    free(checkpoint);
    return status;
}
