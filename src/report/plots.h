/* plots: the figures of a run, as gnuplot scripts that stand on their own.
 *
 * DIR/plots/NAME.gp needs nothing but gnuplot and the tables of DIR, from whichever directory it is called; terminal is a
 * gnuplot variable: gnuplot -e "terminal='svg'" DIR/plots/flow.gp. */
#ifndef HF_REPORT_PLOTS_H
#define HF_REPORT_PLOTS_H

#include "config/config.h"
#include "core/error.h"

#include <stdio.h>

/* Writes plots/NAME.gp: the variable figure = NAME and those that write_facts writes, then the parts (ended by NULL). Where
 * the script is another one than was there, its images (NAME.png and so on) are removed. Errors: HF_ESYSTEM. */
hf_status hf_plots_write_script(const char *plots, const char *name, void (*write_facts)(FILE *, const void *),
                                const void *data, const char *const parts[], hf_error *err);

/* A gnuplot string in single quotes, in which a quote is doubled, on one line; the second as "name = string". */
void hf_plots_quote(FILE *stream, const char *text);
void hf_plots_write_string(FILE *stream, const char *name, const char *text);

/* Writes the scripts that fit a flow's run into directory/plots. Errors: HF_ESYSTEM. */
hf_status hf_plots_write(const hf_config *config, const char *directory, hf_error *err);

/* What is told while figures are drawn; either may be NULL. */
typedef struct {
    void *data;
    void (*drawn)(void *data, const char *image);    /* a file that was written */
    void (*failed)(void *data, const char *message); /* a figure that is missing, and gnuplot's reason */
} hf_plots_listener;

/* Runs gnuplot on every script in directory/plots, also when one fails. terminal: png, svg, pdf or qt. An image takes its name
 * only when gnuplot has succeeded. Errors: HF_EUSAGE (no scripts, unknown terminal), HF_ESYSTEM (gnuplot is missing, cannot draw
 * for the terminal, failed on a script or was interrupted). */
hf_status hf_plots_draw(const char *directory, const char *terminal, const hf_plots_listener *listener, hf_error *err);

#endif
