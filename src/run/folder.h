/* folder: what a run or a sweep leaves in DIR, and how it gets there.
 *
 * Everything new is made in DIR/unfinished and takes its place in one commit (core/commit.h); what an earlier run left and the
 * new one does not have goes with it. Only files that headflow itself writes are ever moved, replaced or removed.
 *
 *     DIR/unfinished/model.conf   whose run this is, before anything is computed
 *     DIR/unfinished/since        when the present part of the work began, and the seconds of work before that
 *     DIR/unfinished/<run>/kept   DIR/<run> is a finished run of this configuration: it stays */
#ifndef HF_RUN_FOLDER_H
#define HF_RUN_FOLDER_H

#include "core/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Seconds of work from which on an unfinished run is not thrown away without being asked to. */
#define HF_FOLDER_PRECIOUS 60

/* What a model is to the one of a run that is there: LONGER can go on with it, LATER has other output times, too. */
typedef enum { HF_FOLDER_NOTHING, HF_FOLDER_SAME, HF_FOLDER_LONGER, HF_FOLDER_LATER, HF_FOLDER_OTHER } hf_folder_relation;

enum { HF_FOLDER_DIFFERENCE = 500 };

/* The model of a run, to be kept in a folder. */
typedef struct {
    const void *self;
    /* Compares it with the one in directory; difference says for the user which keys differ. */
    hf_status (*relate)(const void *self, const char *directory, hf_folder_relation *relation,
                        char difference[HF_FOLDER_DIFFERENCE], hf_error *err);
    /* Writes directory/model.conf and what that needs. */
    hf_status (*write)(const void *self, const char *directory, hf_error *err);
} hf_folder_model;

typedef struct {
    const char *directory;
    char *work;        /* directory/unfinished, where the run writes; NULL: directory cannot be written. Owned */
    bool resume;       /* there is something to go on with */
    bool reuse;        /* of a finished run in directory, too: the same, or a shorter one */
    bool other;        /* directory holds a finished run of another configuration */
    bool same;         /* or of this one, which is resumed */
    bool fresh;        /* nothing had been begun */
    char notice[1200]; /* what the user should know before it starts; "": nothing */
} hf_folder;

typedef struct {
    bool resume;    /* go on with what is there */
    bool restart;   /* throw away what is there, however much work it was */
    bool read_only; /* directory cannot be locked because it cannot be written */
} hf_folder_options;

/* Finishes a commit that was interrupted, looks what directory, which exists and is locked, holds, and gets it ready for a
 * run: DIR/unfinished has the model. Errors: HF_EUSAGE (a sweep's folder; --resume of another configuration; precious work
 * without resume or restart), HF_ESYSTEM. Free with hf_folder_close. */
hf_status hf_folder_open(hf_folder *folder, const hf_folder_model *model, const char *directory,
                         const hf_folder_options *options, hf_error *err);
void hf_folder_close(hf_folder *folder);

/* All that was made in DIR/unfinished takes its place in DIR; nothing to do where DIR cannot be written. Errors: HF_ESYSTEM, also
 * where DIR has gone during the run and was made anew without what had stood in it. */
hf_status hf_folder_publish(const hf_folder *folder, hf_error *err);

/* After a run that has failed with status: what was begun is removed if that was for its configuration, and is precious no more
 * if its numerics failed. As far as it can. */
void hf_folder_drop(const hf_folder *folder, hf_status status);

/* Where run number name ("flow", "train/seed-1") of an experiment is: in work, which is made, or, if finished is not NULL and
 * holds it complete (its tables have this hash), there. What is there of a shorter run is copied to work to go on with. work
 * NULL: only the latter can be. *place is to be freed. Errors: HF_ESYSTEM. */
hf_status hf_folder_place(const char *work, const char *finished, const char *name, uint64_t hash, char **place,
                          hf_error *err);

#endif
