/* slurm: the script of a job array that runs a sweep's tasks in chunks. */
#ifndef HF_SWEEP_SLURM_H
#define HF_SWEEP_SLURM_H

#include "sweep/parts.h"

typedef struct {
    size_t chunks;       /* of all tasks */
    size_t jobs;         /* workers, and processors, of a chunk */
    const char *program; /* headflow's own path */
} hf_slurm_options;

/* Chunks that still have a task to run, as "1,3-5,8"; caller frees. *count: how many. NULL: memory. */
char *hf_slurm_missing(const hf_results *results, size_t chunks, size_t *count);

/* Writes DIR/slurm/array.sh for these chunks; its logs go beside it. Errors: HF_ESYSTEM. */
hf_status hf_slurm_write(const hf_sweep *sweep, const char *missing, const hf_slurm_options *options, hf_error *err);

#endif
