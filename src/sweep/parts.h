/* parts: results of tasks as they come in, in files that only grow: DIR/parts/00001.tsv, 00002.tsv, ...
 *
 * Every worker appends to a file of its own, one write per line, so that whoever is killed leaves whole lines and at most
 * one torn one, which is ignored. A line ends with a checksum: any other damage is found. Of several results of one task a
 * success counts before a failure, and the first success and the last failure count. */
#ifndef HF_SWEEP_PARTS_H
#define HF_SWEEP_PARTS_H

#include "sweep/sweep.h"

#include <time.h>

typedef enum { HF_SWEEP_TASK_NOT_RUN, HF_SWEEP_TASK_OK, HF_SWEEP_TASK_FAILED } hf_sweep_task_state;

typedef struct {
    hf_sweep_task_state state;
    int code;       /* of a failure */
    double seconds; /* wall time */
    char *reason;   /* of a failure; owned */
} hf_sweep_task_result;

typedef struct {
    size_t count, width;  /* tasks, quantities */
    hf_sweep_task_result *task; /* (count) */
    double *value;        /* (count, width), nan unless OK; of a category its number in names, from 0 */
    hf_strings *names;    /* (width) the categories that there are, in the order of strcmp; owned */
    char **text;          /* (count, width) while they are read; NULL where there is no category */
    size_t done, failed;  /* tasks in these states */
} hf_results;

/* Reads all parts. Errors: HF_EUSAGE (damaged), HF_ESYSTEM. Free with hf_results_clear, which is legal on a zeroed one. */
hf_status hf_results_load(hf_results *results, const hf_sweep *sweep, hf_error *err);
void hf_results_clear(hf_results *results);

/* The tasks (from 0) that are not OK among those of a chunk: 1, 2, 3, ... are dealt out like cards to chunks 1..chunks, so
 * that neighbours, which cost alike, are spread. tasks: room for all. Returns their number. */
size_t hf_results_missing(const hf_results *results, size_t chunk, size_t chunks, size_t *tasks);

/* A part that is being written; zero it but for the sweep. */
typedef struct {
    const hf_sweep *sweep;
    int file; /* meaningful once path is set */
    char *path;
    time_t synced; /* when it was brought to the disk last */
} hf_part;

/* Appends the result of a task (from 0): values and texts (report_count) or, if failure is not NULL, that. Starts the file at the
 * first call. Errors: HF_ESYSTEM. */
hf_status hf_part_append(hf_part *part, size_t task, double seconds, const double *values, char *const *texts,
                         const hf_error *failure, hf_error *err);

/* Brings the file to the disk and closes it. Legal if nothing was appended. */
hf_status hf_part_close(hf_part *part, hf_error *err);

#endif
