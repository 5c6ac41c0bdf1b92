/* complete: what may stand next on a command line. */
#ifndef HF_CLI_COMPLETE_H
#define HF_CLI_COMPLETE_H

#include "cli/cli.h"

#include <getopt.h>

/* What the program ends with: "130, 143", and why. */
typedef struct {
    const char *code, *meaning;
} hf_cli_exit;

/* The tables that the command line is read by, and what is said of them all. */
typedef struct {
    size_t command_count;
    const hf_cli_command *const *commands;
    const struct option *options; /* a long option's val is long_from plus its letter */
    int long_from;
    const char *description;  /* of the program: a paragraph */
    const char *help_summary; /* of the command help, which is no row of commands */
    const hf_cli_exit *exits; /* ended by code NULL */
} hf_cli_tables;

/* Prints the words that may take the place of the last one, one a line; "<files>" and "<folders>" stand for names of these.
 * words: (count) behind the program's name. Returns the exit code. */
int hf_cli_complete(const hf_cli_tables *tables, int count, char *const words[]);

#endif
