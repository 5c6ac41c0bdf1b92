/* sweep: a folder that holds everything a sweep needs, so that it can be run anywhere, by any number of processes.
 *
 *     DIR/model.conf   the model of every task, as it was given; DIR/init.tsv, DIR/state-*.tsv its state tables
 *     DIR/sweep.conf   the effective model with its sections sweep and fit
 *     DIR/tasks.tsv    what every task overrides (tasks.h)
 *     DIR/parts/       results, line by line, as they come (parts.h) */
#ifndef HF_SWEEP_SWEEP_H
#define HF_SWEEP_SWEEP_H

#include "sweep/quantity.h"
#include "sweep/tasks.h"

#include <signal.h>

/* A task by what it is, whatever its number in this sweep: a hash of the model and of what the task overrides in it. */
typedef struct {
    uint64_t id;
    size_t task; /* from 0 */
} hf_sweep_task_id;

typedef struct {
    char *directory;
    char *model; /* DIR/model.conf */
    hf_config config;
    hf_tasks tasks;
    size_t report_count; /* what is measured of every run: what sweep.report asks for, then whether the run is censored */
    hf_quantity *report;
    size_t asked_count;    /* of these, the first ones, that are reported by name */
    size_t censored;       /* which of them says whether the run is censored */
    uint64_t model_hash;   /* of the model that the tasks share */
    uint64_t *id;          /* (tasks.count) what each task is; owned */
    hf_sweep_task_id *ids; /* (tasks.count) in order of id; owned */
} hf_sweep;

/* Makes DIR the folder of the sweep that a settled configuration describes, or finds that it is already: only what does
 * not change any result (title, fits) may differ then, and, with grow, values and seeds may have been added. All of it takes its
 * place at once (core/commit.h). The caller has locked DIR. Errors: HF_EUSAGE (values that no run can have, an old DIR of
 * another sweep), HF_ESYSTEM. */
hf_status hf_sweep_freeze(const hf_config *config, const char *directory, bool grow, hf_error *err);

/* Opens the folder of a frozen sweep. Errors: HF_EUSAGE (missing, damaged), HF_ESYSTEM. Free with hf_sweep_close. */
hf_status hf_sweep_open(hf_sweep *sweep, const char *directory, hf_error *err);

/* Legal on a zeroed sweep. */
void hf_sweep_close(hf_sweep *sweep);

/* The task that somebody ran last, as it was read. Zeroed: none. Free with hf_sweep_forget. */
typedef struct {
    bool is_there;
    size_t task;
    hf_config config;
} hf_sweep_last;

/* Runs task number i (from 0) and fills values and texts (report_count). last, of the same sweep, becomes this task: one that differs
 * in its seeds alone from the one before is not read anew. *stopped and errors: as hf_measure. */
hf_status hf_sweep_run_task(const hf_sweep *sweep, size_t i, hf_sweep_last *last, const volatile sig_atomic_t *interrupted,
                            double *values, char **texts, bool *stopped, hf_error *err);

void hf_sweep_forget(hf_sweep_last *last);

#endif
