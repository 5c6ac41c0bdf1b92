#include "run/seeds.h"

#include "core/blas.h"
#include "run/folder.h"
#include "run/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 16 }; /* of one seed: more find nothing to do */

typedef struct {
    const hf_seeds *seeds;
    size_t threads, together; /* for each seed; seeds at a time */
    uint64_t *step;           /* (seeds) reached by each */
    hf_run_summary *summary;  /* (seeds) */
    hf_status *status;        /* (seeds) */
    hf_error *error;          /* (seeds) */
    bool failed;              /* some seed has: those that have not begun need not */
} work;

typedef struct {
    work *work;
    size_t seed; /* from 0 */
} seed_progress;

static size_t usable(size_t threads)
{
    return hf_blas_is_shared() ? threads : 1;
}

size_t hf_seeds_together(const hf_train_params *train, size_t threads)
{
    const size_t most = usable(threads);
    return most < train->seeds ? most : train->seeds;
}

double hf_seeds_steps(const hf_train_params *train, size_t threads)
{
    const size_t seeds = train->seeds, together = hf_seeds_together(train, threads);
    const size_t rounds = (seeds + together - 1) / together;
    return (double)train->steps * (seeds > HF_WORKLOAD_EXACT ? (double)seeds / (double)together : (double)rounds);
}

static void report_progress(void *data, const hf_run_progress *progress)
{
    const seed_progress *mine = data;
    work *w = mine->work;
    const hf_train_params *train = w->seeds->train;
#ifdef _OPENMP
#pragma omp critical(hf_progress)
#endif
    {
        w->step[mine->seed] = progress->step;
        hf_seeds_progress all = {.steps = train->seeds * progress->steps,
                                 .ahead = hf_workload_ahead(train->seeds, w->step, progress->steps, w->together),
                                 .last = *progress};
        for (size_t k = 0; k < train->seeds; k++)
            all.step += w->step[k];
        w->seeds->progress(w->seeds->progress_data, &all);
    }
}

/* Seed number k (from 0). */
static hf_status train_seed(work *w, size_t k, hf_error *err)
{
    const hf_seeds *s = w->seeds;
    const uint64_t seed = s->train->seed + k;
    char name[128], *place = NULL;
    snprintf(name, sizeof name, "%s/seed-%" PRIu64, s->part, seed);
    hf_status status = hf_folder_place(s->directory, s->finished, name, s->hash, &place, err);
    seed_progress progress = {w, k};
    const hf_run_options run = {.directory = place,
                                .resume = s->resume || s->finished != NULL,
                                .threads = w->threads,
                                .interrupted = s->interrupted,
                                .progress = s->progress == NULL ? NULL : report_progress,
                                .progress_data = &progress};
    if (status == HF_OK)
        status = s->run(s->self, seed, &run, &w->summary[k], err);
    free(place);
    return status;
}

static void train_all(work *w)
{
    const hf_seeds *s = w->seeds;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)w->together) schedule(dynamic, 1)
#endif
    for (size_t k = 0; k < s->train->seeds; k++) {
        bool skip;
#ifdef _OPENMP
#pragma omp atomic read
#endif
        skip = w->failed;
        if (skip)
            continue;
        if (s->interrupted != NULL && *s->interrupted) { /* not begun: no step to save */
            w->summary[k].stop = HF_STOP_INTERRUPTED;
            continue;
        }
        w->status[k] = train_seed(w, k, &w->error[k]);
#ifdef _OPENMP
#pragma omp critical(hf_progress)
#endif
        w->step[k] = s->train->steps; /* one that was finished before has not reported */
        if (w->status[k] != HF_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
            w->failed = true;
        }
    }
}

hf_status hf_seeds_run(const hf_seeds *seeds, hf_run_summary *summary, hf_error *err)
{
    const size_t count = seeds->train->seeds;
    work w = {.seeds = seeds, .summary = summary, .together = hf_seeds_together(seeds->train, seeds->threads)};
    hf_status status = HF_OK;
    w.threads = usable(seeds->threads) / w.together;
    w.threads = w.threads < THREADS_MAX ? w.threads : THREADS_MAX;
    w.step = calloc(count, sizeof *w.step);
    w.status = calloc(count, sizeof *w.status);
    w.error = calloc(count, sizeof *w.error);
    if (w.step == NULL || w.status == NULL || w.error == NULL)
        status = hf_fail_memory(err, "the training runs");
    else
        train_all(&w);
    for (size_t k = 0; k < count && status == HF_OK; k++) {
        status = w.status[k];
        if (status != HF_OK && err != NULL)
            *err = w.error[k];
    }
    free(w.step);
    free(w.status);
    free(w.error);
    return status;
}
