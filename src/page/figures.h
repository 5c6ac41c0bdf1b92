/* figures: the figures of a folder as images in a page. */
#ifndef HF_PAGE_FIGURES_H
#define HF_PAGE_FIGURES_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What became of the figures of a folder. */
typedef struct {
    size_t scripts, drawn;
    bool missing;                                    /* there is no gnuplot */
    void *data;                                      /* of failed */
    void (*failed)(void *data, const char *message); /* told of a figure that gnuplot cannot draw; may be NULL */
} hf_page_figures;

/* Draws every script in directory/plots, in a folder of its own, and writes its image into the page. What cannot be drawn is
 * told, and said in the page. Errors: HF_ESYSTEM (no folder for the images, no memory, interrupted). */
hf_status hf_page_figures_write(hf_page_figures *figures, const char *directory, FILE *stream, hf_error *err);

#endif
