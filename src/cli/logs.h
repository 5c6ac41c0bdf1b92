/* logs: what the commands that read training logs share. */
#ifndef HF_CLI_LOGS_H
#define HF_CLI_LOGS_H

#include "config/config.h"
#include "log/log.h"
#include "train/clock.h"

/* Appends the curves of what a command line names: a file, or "-" for standard input. Errors: those of hf_log_read. */
hf_status hf_cli_read_log(hf_log *log, const char *argument, const hf_log_wish *wish, hf_error *err);

/* Makes the folder of -o, and keeps others out of it. Errors: HF_EUSAGE (a run is in it), HF_ESYSTEM. */
hf_status hf_cli_open_folder(const char *directory, hf_error *err);

/* Which flow time a step of a log is: by lr, 0 for that of the model's train section. argument: what names the model, option the word
 * before it, for messages. Errors: HF_EUSAGE. */
hf_status hf_cli_find_clock(const hf_config *model, const char *argument, const char *option, double lr, hf_clock *clock,
                            hf_error *err);

#endif
