/* manual: the man pages, made from what the program says of itself. */
#ifndef HF_CLI_MANUAL_H
#define HF_CLI_MANUAL_H

#include "cli/complete.h"

/* Prints the page of this name, such as "headflow-run.1", in the man macros of roff; NULL: the names of all pages, one a line.
 * Returns the exit code: HF_EUSAGE, without a message, if there is no such page. */
int hf_cli_manual(const hf_cli_tables *tables, const char *name);

#endif
