/* progress: what a command says while it works, on standard error: how far it is, and how long it will still take.
 *
 * On a terminal one line is written over and over. Elsewhere (a file, a notebook, nohup) a line is added at every tenth of
 * the work or every 30 seconds, whichever comes first, but none in the first two seconds nor within two of the last one:
 * short runs are silent. The time left is that of everything that is still to be done: of the flow and the flow with drift,
 * of all seeds and rungs of a training, of all tasks of a sweep. */
#ifndef HF_CLI_PROGRESS_H
#define HF_CLI_PROGRESS_H

#include "run/experiment.h"
#include "sweep/workers.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    /* To be set; the rest 0. */
    FILE *stream;
    bool terminal;
    double (*now)(void *clock); /* seconds since some moment */
    void *clock;
    size_t flows;        /* to be followed, one after the other; 0 counts as 1 */
    bool trains;         /* afterwards */
    const char *cheaper; /* what would make the training cheaper, one sentence; NULL: nothing does */

    double since;    /* when the present kind of work began */
    double shown;    /* when the line was written last, or the work began */
    double base;     /* done when it began */
    double tenth;    /* of the work, that has been told */
    int kind;        /* of work: 0 none yet, flows, training, tasks */
    size_t flow;     /* from 0 */
    char part[16];   /* of the flows */
    bool estimated;  /* what the training takes has been told, or need not be */
    bool is_written; /* there is a line on the terminal */
} hf_cli_progress;

/* Callbacks; progress is an hf_cli_progress. */
void hf_cli_progress_flow(void *progress, const hf_run_progress *now);
void hf_cli_progress_training(void *progress, const hf_training_progress *now);
void hf_cli_progress_tasks(void *progress, const hf_sweep_progress *now);

/* Clears the line of a terminal. */
void hf_cli_progress_end(hf_cli_progress *progress);

/* 45 s, 12 min, 3 h 20 min, 2 d 4 h into text of 32 bytes. */
void hf_cli_progress_duration(double seconds, char *text);

#endif
