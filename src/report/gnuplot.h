/* gnuplot: starts it, and says in its own words why it failed.
 *
 * It runs without anybody's ~/.gnuplot, in UTF-8, reads nothing from standard input and writes nothing to the terminal: what it
 * says is kept for the message. */
#ifndef HF_REPORT_GNUPLOT_H
#define HF_REPORT_GNUPLOT_H

#include "core/error.h"

#include <stdbool.h>

/* HF_ESYSTEM: gnuplot is not installed, or cannot be started. */
hf_status hf_gnuplot_check(hf_error *err);

/* Whether there is a gnuplot, be it one that cannot start: that is an error, which hf_gnuplot_check explains. */
bool hf_gnuplot_is_there(void);

/* HF_ESYSTEM: this gnuplot cannot draw for terminal, one of those of draw.h. */
hf_status hf_gnuplot_check_terminal(const char *terminal, hf_error *err);

/* Runs a script after the commands of settings. is_window: it opens a window, which stays. Errors: HF_ESYSTEM, with the
 * script's name, gnuplot's exit status and its message; *killed_by: the signal that ended it, 0 for none. */
hf_status hf_gnuplot_draw(const char *script, const char *settings, bool is_window, int *killed_by, hf_error *err);

#endif
