/* draw: gnuplot on the scripts of a folder, for the screen, for print and for LaTeX. */
#ifndef HF_REPORT_DRAW_H
#define HF_REPORT_DRAW_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How figures are drawn. */
typedef struct {
    const char *terminal; /* png, svg, pdf, eps, cairolatex, tikz or qt */
    const char *only;     /* the name of one figure; NULL: all of them */
    double width;         /* in mm, of the whole figure; 0: as wide as it is on a screen */
    double font_size;     /* in points; 0: 8 where a width is given, else as on a screen */
    const char *palette;  /* light or print; NULL: print where a width is given */
    const char *style;    /* commands of gnuplot that the script reads; NULL: those of DIR/plots/style.gp, where there is one */
    bool no_title;
} hf_draw_options;

/* What is told meanwhile; either may be NULL. */
typedef struct {
    void *data;
    void (*drawn)(void *data, const char *image);    /* a file that was written */
    void (*failed)(void *data, const char *message); /* a figure that is missing, and gnuplot's reason */
} hf_draw_listener;

/* Runs gnuplot on every script in directory/plots, also when one fails. An image takes its name only when gnuplot has succeeded;
 * for LaTeX that is NAME.tex and, with cairolatex, NAME-lines.pdf, which it includes. Errors: HF_EUSAGE (no scripts, no such figure,
 * unknown terminal or palette, no such style file), HF_ESYSTEM (gnuplot is missing, cannot draw for the terminal, failed on a
 * script or was interrupted). */
hf_status hf_draw_figures(const char *directory, const hf_draw_options *options, const hf_draw_listener *listener,
                          hf_error *err);

/* One script of the folder plots as on a screen, under another name. *killed_by: as hf_gnuplot_draw. Errors: HF_EUSAGE (the style
 * file), HF_ESYSTEM. */
hf_status hf_draw_as(const char *plots, const char *script, const char *terminal, const char *output, int *killed_by, hf_error *err);

/* The name of terminal number i from 0; NULL behind the last. */
const char *hf_draw_terminal_name(size_t i);

/* Whether a file of a folder of figures draws one: NAME.gp, but for the style file. */
bool hf_draw_is_script(const char *name);

#endif
