/* pictures: the movie of a run as still pictures, which need no script, and as data for the slider. */
#ifndef HF_PAGE_PICTURES_H
#define HF_PAGE_PICTURES_H

#include "core/lists.h"
#include "page/runs.h"

#include <stdio.h>

/* Still pictures at the start, on the plateaus and at the end; nothing where there is no movie. */
void hf_pictures_write_stills(const hf_page_run *run, FILE *stream);

/* The run as JSON for the page's script. patterns: positions of every pattern, which are marked; NULL: none. */
void hf_pictures_write_data(const hf_page_run *run, const hf_count_rows *patterns, FILE *stream);

/* What the movie leaves out, in a sentence; "" for nothing. */
void hf_pictures_describe(const hf_page_run *run, char *text, size_t size);

#endif
