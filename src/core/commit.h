/* commit: many files that take their places together, so that a folder holds the old ones or the new ones, whatever fails.
 *
 * New files are made in DIR/unfinished, each complete and on the disk, under the paths that they are to have in DIR. What is to
 * be done, files that take their places and files that go, is then written to DIR/unfinished/commit. From the moment this list
 * has its name the matter is decided: if the program is killed or a rename fails in between, hf_commit_recover does the rest,
 * which every command calls that works in DIR. Until then nothing in DIR has changed. */
#ifndef HF_CORE_COMMIT_H
#define HF_CORE_COMMIT_H

#include "core/error.h"

#include <stdbool.h>
#include <stdio.h>

#define HF_COMMIT_WORK "unfinished" /* the folder in DIR */

typedef struct {
    const char *directory;
    char *work; /* directory/unfinished, owned */
    char *text; /* the list, owned */
    size_t size;
    FILE *stream; /* writes the list */
} hf_commit;

/* Starts a list; directory must outlive it. Errors: HF_ESYSTEM. */
hf_status hf_commit_open(hf_commit *commit, const char *directory, hf_error *err);

/* DIR/unfinished/path becomes DIR/path. Its folder is made now, for that may fail. Errors: HF_ESYSTEM. */
hf_status hf_commit_take(hf_commit *commit, const char *path, hf_error *err);

/* DIR/path goes, if it is there. */
void hf_commit_remove(hf_commit *commit, const char *path);

/* Does what is on the list; the commit is closed in any case. Errors: HF_ESYSTEM; whether it was decided then shows in
 * hf_commit_is_pending. */
hf_status hf_commit_perform(hf_commit *commit, hf_error *err);

/* Legal on a zeroed commit. */
void hf_commit_abandon(hf_commit *commit);

/* Whether a decided list waits in directory. */
bool hf_commit_is_pending(const char *directory);

/* Does the rest of a list that was decided; nothing where there is none. The caller has locked directory. Errors: HF_EUSAGE
 * (damaged), HF_ESYSTEM. */
hf_status hf_commit_recover(const char *directory, hf_error *err);

#endif
