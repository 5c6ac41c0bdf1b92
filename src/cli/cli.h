/* cli: what the commands of the program share. */
#ifndef HF_CLI_CLI_H
#define HF_CLI_CLI_H

#include "core/error.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The command line after the command's name. Strings belong to argv. */
typedef struct {
    const char *argument;         /* MODEL or DIR; NULL: none given */
    const char *const *arguments; /* all of them */
    size_t argument_count;
    const char *directory;  /* -o */
    const char **overrides; /* -s, in order; owned */
    size_t override_count;
    const char *terminal; /* --terminal */
    const char *only;     /* --only */
    const char *palette;  /* --palette */
    const char *style;    /* --style */
    double width;         /* --width, in mm; 0: not given */
    double font_size;     /* --font-size, in points; 0: not given */
    bool no_title;        /* --no-title */
    size_t jobs;          /* -j; 0: not given */
    const char *chunk;    /* --chunk */
    size_t chunks;        /* --chunks; 0: not given */
    size_t task;          /* --task; 0: not given */
    const char *step;     /* --step */
    const char **losses;  /* --loss, in order; with overrides */
    size_t loss_count;
    const char *beside;   /* --beside */
    double lr;            /* --lr; 0: not given */
    const char **to;      /* --to, in order; with overrides */
    size_t to_count;
    double from, until;   /* --from, --until; infinite: not given */
    size_t seeds;         /* --seeds, where has_seeds */
    bool has_seeds;
    int citation;         /* the letter of --bibtex, --apa or --cff; 0: none given */
    bool resume, restart, quiet, slurm, explain, json;
} hf_cli_options;

/* Whether there is a summary for the eye. */
bool hf_cli_says(const hf_cli_options *options);

/* A command of the program. run returns the exit code. */
typedef struct {
    const char *name, *usage, *summary;
    const char *argument; /* what it works on, in the usage; NULL: MODEL or DIR, as the usage says */
    bool many;            /* it takes several */
    bool none;            /* or none */
    const char
        *short_options; /* the letters it takes, and long options by their letter: e explain, r resume, x restart, q quiet,
                                  t terminal, b slurm, c chunk, n chunks, k task, p step, l loss, w beside, y lr, J json, i to, f from, u until, d seeds,
                                  F only, W width, S font-size, P palette, T style, N no-title, B bibtex, A apa, C cff */
    const char *help;
    int (*run)(const hf_cli_options *options);
} hf_cli_command;

extern const hf_cli_command hf_cli_run, hf_cli_check, hf_cli_plot, hf_cli_sweep, hf_cli_task, hf_cli_collect, hf_cli_detect, hf_cli_page, hf_cli_models, hf_cli_cite, hf_cli_fit;

/* Prints "headflow: message" to stderr and returns the error's exit code. */
int hf_cli_fail(const hf_error *err);

/* Opens /dev/null for each of standard input, output and error that is closed: else the first file to be opened would take
 * its number, and what is printed would land there. Errors: HF_ESYSTEM. */
hf_status hf_cli_open_streams(hf_error *err);

/* The signal that asked the program to stop; 0: none. The first Ctrl-C stops cleanly, the second one at once. */
extern volatile sig_atomic_t hf_cli_signal;
void hf_cli_watch_signals(void);

/* As many jobs as the machine has processors for us. */
size_t hf_cli_processors(void);

/* Seconds since some moment, for hf_cli_progress; unused may be NULL. */
double hf_cli_clock(void *unused);

/* Runs gnuplot on the scripts in directory/plots, or says, unless quiet, that it is not installed. Errors: as hf_draw_figures. */
hf_status hf_cli_draw(const char *directory, bool quiet, hf_error *err);

/* Prints "headflow: message" to stderr: for hf_draw_listener. */
void hf_cli_tell_failure(void *data, const char *message);

/* Keeps others out of directory/name until the process ends: HF_ESYSTEM if somebody is in. *forbidden, which may be NULL: nobody
 * may write there. */
hf_status hf_cli_lock(const char *directory, const char *name, bool *forbidden, hf_error *err);

/* Flushes standard output: HF_ESYSTEM if anything printed could not be written. */
hf_status hf_cli_flush(hf_error *err);

/* "out/NAME" for models/NAME.conf, "out/stdin" for "-"; to be freed. NULL: out of memory. */
char *hf_cli_default_directory(const char *model);

/* Writes what stands in the table of this name, NULL: in all, as Markdown. False: there is no such table. */
bool hf_cli_explain_columns(const char *name, FILE *stream);

#endif
