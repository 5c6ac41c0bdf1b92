/* plots: the figures of a run, as gnuplot scripts that stand on their own.
 *
 * DIR/plots/NAME.gp needs nothing but gnuplot and the tables of DIR, from whichever directory it is called; terminal is a
 * gnuplot variable: gnuplot -e "terminal='svg'" DIR/plots/flow.gp. */
#ifndef HF_REPORT_PLOTS_H
#define HF_REPORT_PLOTS_H

#include "config/config.h"
#include "core/error.h"

/* Writes the scripts that fit a flow's run into directory/plots. Errors: HF_ESYSTEM. */
hf_status hf_plots_write(const hf_config *config, const char *directory, hf_error *err);

/* Whether gnuplot can be started. */
bool hf_plots_have_gnuplot(void);

/* Runs gnuplot on every script in directory/plots. terminal: png, svg, pdf or qt. An image takes its name only when
 * gnuplot has succeeded. Errors: HF_EUSAGE (no scripts, unknown terminal), HF_ESYSTEM (gnuplot is missing or failed). */
hf_status hf_plots_draw(const char *directory, const char *terminal, hf_error *err);

#endif
