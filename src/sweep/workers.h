/* workers: processes that run the tasks of a sweep, each many of them.
 *
 * Processes and not threads, because ARPACK keeps state between calls, and so that whatever ends a worker costs its
 * present task only. The parent hands out task after task through pipes. A task whose worker was killed is tried once
 * more; if that one dies too, the task has failed. A worker whose parent is gone stops after its task. */
#ifndef HF_SWEEP_WORKERS_H
#define HF_SWEEP_WORKERS_H

#include "sweep/parts.h"

typedef struct {
    size_t total, done, failed; /* tasks to run, of these run well, of these failed */
} hf_sweep_progress;

typedef struct {
    size_t jobs;                              /* workers */
    const volatile sig_atomic_t *interrupted; /* not 0: stop; may be NULL. Its signal handler works in the workers too */
    void (*progress)(void *data, const hf_sweep_progress *progress); /* now and then; may be NULL */
    void *progress_data;
} hf_workers_options;

/* Runs count tasks (numbers from 0) and appends their results to parts. *stopped: it was interrupted. Errors: HF_ESYSTEM;
 * failed tasks are none. */
hf_status hf_workers_run(const hf_sweep *sweep, size_t count, const size_t *tasks, const hf_workers_options *options,
                         bool *stopped, hf_error *err);

#endif
