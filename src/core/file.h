/* file: files that are either complete or not there.
 *
 * A file is written under the name PATH.part and takes its name only when all of it is on the disk. Every failure, also
 * the one of a full disk that shows up only at the end, is HF_ESYSTEM with the path and the system's reason. */
#ifndef HF_CORE_FILE_H
#define HF_CORE_FILE_H

#include "core/error.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    FILE *stream; /* to write to; NULL when closed */
    char *path;   /* the final name */
    char *part;   /* the name while it is written */
} hf_file;

/* Starts path anew, or (resume) goes on with PATH.part, or PATH if it has got its name already, after its first length
 * bytes. */
hf_status hf_file_open(hf_file *file, const char *path, hf_error *err);
hf_status hf_file_reopen(hf_file *file, const char *path, long length, hf_error *err);

/* Brings everything written so far to the disk; *length is what hf_file_reopen wants. */
hf_status hf_file_sync(hf_file *file, long *length, hf_error *err);

/* Closes the file and gives it its name. After any outcome the file is closed. */
hf_status hf_file_commit(hf_file *file, hf_error *err);

/* The same for one of several files of a folder: all is on the disk but the name, which is once hf_directory_sync has been called. */
hf_status hf_file_finish(hf_file *file, hf_error *err);

/* Makes the commit of what is written to stream fail, as a write that failed does: for who writes and cannot say that memory was short. */
void hf_file_spoil(FILE *stream);

/* Closes without giving the name; PATH.part stays. Legal on a zeroed or closed file. */
void hf_file_abandon(hf_file *file);

/* What a failed read, or an open for one, means by its errno: HF_EUSAGE where the name is wrong or the file is not for us to
 * read, HF_ESYSTEM where the file system failed. */
hf_status hf_file_read_status(int number);

/* Copies a file; source and path may be the same. An unreadable source: hf_file_read_status. */
hf_status hf_file_copy(const char *source, const char *path, hf_error *err);

/* Takes a lock that is held until the process ends: HF_ESYSTEM if another process holds it or path cannot be written;
 * *forbidden, which may be NULL, tells whether that is because nobody may write there. */
hf_status hf_file_lock(const char *path, bool *forbidden, hf_error *err);

/* The same lock until it is given back. *lock: to give back; -1: the file system knows no locks. */
hf_status hf_file_take_lock(const char *path, int *lock, bool *forbidden, hf_error *err);
void hf_file_give_back(int lock);

/* Makes a directory and those above it. */
hf_status hf_directory_make(const char *path, hf_error *err);

bool hf_file_exists(const char *path);

/* Whether directory/name is there. Takes no memory: where that is short it would look as if it were not. */
bool hf_file_exists_in(const char *directory, const char *name);

/* Removes a file; nothing to do where it is not there. Errors: HF_ESYSTEM. */
hf_status hf_file_remove(const char *path, hf_error *err);

/* All bytes of a file, with a zero behind them, to be freed. Errors: hf_file_read_status, HF_ESYSTEM. */
hf_status hf_file_read(const char *path, char **text, size_t *size, hf_error *err);

/* The same of a file of our own, which must be there: a string. Errors: HF_ESYSTEM. */
hf_status hf_file_load(const char *path, char **text, hf_error *err);

/* Brings names that have changed in a folder to the disk. Errors: HF_ESYSTEM. */
hf_status hf_directory_sync(const char *path, hf_error *err);

/* Removes the folders that path is in, from the innermost on, as long as they are empty and below root, which path starts with. */
void hf_directory_prune(const char *root, const char *path);

/* Calls visit for every file below root that is not a folder, with its path from there, at most six folders deep; stops when
 * it does not return HF_OK. Folders that cannot be read are HF_ESYSTEM; a root that does not exist holds nothing. */
typedef hf_status hf_file_visit(void *data, const char *path, hf_error *err);
hf_status hf_directory_walk(const char *root, hf_file_visit *visit, void *data, hf_error *err);


#endif
