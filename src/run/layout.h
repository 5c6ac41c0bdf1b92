/* layout: which files in a folder are headflow's, and how new ones take the place of old ones.
 *
 * New files are made in DIR/unfinished and take their places in one commit (core/commit.h); what an earlier run left and the new
 * one does not have goes with it. Nothing that headflow does not write itself is ever moved, replaced or removed. */
#ifndef HF_RUN_LAYOUT_H
#define HF_RUN_LAYOUT_H

#include "core/error.h"

#include "core/lists.h"

#include <stdbool.h>

#define HF_LAYOUT_SINCE "since" /* DIR/unfinished/since: a run is being made there */
#define HF_LAYOUT_KEPT  "kept"  /* DIR/unfinished/<run>/kept: DIR/<run> stays */

/* Which of headflow's files belong together: those of a run, of a sweep's tasks, and of its results. */
typedef enum { HF_LAYOUT_RUN, HF_LAYOUT_TASKS, HF_LAYOUT_RESULTS } hf_layout_kind;

enum {
    HF_LAYOUT_FRESH_IMAGES = 1, /* images of figures that stay go, too, for they show something else */
    HF_LAYOUT_KEEP_RUNS = 2     /* runs that the new one does not have stay: they are of the same configuration */
};

/* Everything in directory/unfinished that is of this kind takes its place, and what else is of this kind in directory goes.
 * how: of HF_LAYOUT_*. Errors: HF_ESYSTEM. */
hf_status hf_layout_publish(const char *directory, hf_layout_kind kind, unsigned how, hf_error *err);

/* Removes headflow's files of this kind from directory/unfinished, and the folder if it is empty then. Errors: HF_ESYSTEM. */
hf_status hf_layout_clean(const char *directory, hf_layout_kind kind, hf_error *err);

/* Paths, below directory and in order, of the files there that are headflow's and of this kind, but for those of a run under way.
 * Errors: HF_ESYSTEM. Free with hf_layout_free_list. */
hf_status hf_layout_list(const char *directory, hf_layout_kind kind, hf_strings *paths, hf_error *err);
void hf_layout_free_list(hf_strings *paths);

#endif
