/* cli: what the commands of the program share. */
#ifndef HF_CLI_CLI_H
#define HF_CLI_CLI_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The command line after the command's name. Strings belong to argv. */
typedef struct {
    const char *argument;   /* MODEL or DIR; NULL: none given */
    const char *directory;  /* -o */
    const char **overrides; /* -s, in order; owned */
    size_t override_count;
    const char *terminal; /* --terminal */
    size_t jobs;          /* -j */
    bool resume, quiet;
} hf_cli_options;

/* A command of the program. run returns the exit code. */
typedef struct {
    const char *name, *usage, *summary;
    const char *short_options; /* the letters it takes, and long options by their letter: r resume, q quiet, t terminal */
    const char *help;
    int (*run)(const hf_cli_options *options);
} hf_cli_command;

extern const hf_cli_command hf_cli_run, hf_cli_check, hf_cli_plot;

/* Prints "headflow: message" to stderr and returns the error's exit code. */
int hf_cli_fail(const hf_error *err);

/* "out/NAME" for models/NAME.conf; to be freed. NULL: out of memory. */
char *hf_cli_default_directory(const char *model);

#endif
