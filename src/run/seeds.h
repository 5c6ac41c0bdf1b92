/* seeds: training runs that differ in their seed alone, as many at a time as there are threads. Threads that are left over
 * share the samples of a step. */
#ifndef HF_RUN_SEEDS_H
#define HF_RUN_SEEDS_H

#include "run/run.h"
#include "train/params.h"

/* How far all of them are. */
typedef struct {
    uint64_t step, steps; /* of all seeds */
    double ahead;         /* steps that are still to be made, one after the other (workload.h) */
    hf_run_progress last; /* of the seed that has just made a step */
} hf_seeds_progress;

typedef struct {
    const hf_train_params *train; /* first seed, how many, steps */
    uint64_t hash;                /* of the configuration, in the tables of every run */
    const char *directory;        /* seed n runs in directory/part/seed-n; NULL: nothing is written */
    const char *finished;         /* where runs that are there already need not be done again; NULL: nowhere */
    const char *part;
    bool resume;
    size_t threads;
    const volatile sig_atomic_t *interrupted;

    /* Trains with one seed. */
    hf_status (*run)(const void *self, uint64_t seed, const hf_run_options *options, hf_run_summary *summary,
                     hf_error *err);
    const void *self;

    void (*progress)(void *data, const hf_seeds_progress *progress); /* by one thread at a time; may be NULL */
    void *progress_data;
} hf_seeds;

/* How many train at a time. */
size_t hf_seeds_together(const hf_train_params *train, size_t threads);

/* Steps, one after the other, of all seeds. */
double hf_seeds_steps(const hf_train_params *train, size_t threads);

/* Trains all seeds; after an interruption the summaries of some say so. summary: (train->seeds), zeroed; to be cleared also after
 * an error. Errors: of the first seed that failed; HF_ESYSTEM. */
hf_status hf_seeds_run(const hf_seeds *seeds, hf_run_summary *summary, hf_error *err);

#endif
