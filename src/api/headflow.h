/* headflow.h: the library of headflow: integrate a model, or equations of your own, and find its plateaus, stages and events; find
 * those of a curve of yours.
 *
 *     cc program.c $(pkg-config --cflags --libs headflow)
 *
 * A job is a model with its settings, an outcome what a run of it leaves, a frame one of its tables, with the names of
 * doc/columns.md. All three are opaque; what this header declares stays as it is: later versions only add.
 *
 * Functions that can fail return HF_OK or another hf_status and fill *err (which may be NULL) with one sentence for people; a
 * mistake in a model starts with its place, "FILE:LINE: KEY: ...". Pointers that are made are NULL after an error. The library
 * prints nothing, never exits, and has no state of its own: jobs may run in several threads, each job in one at a time. Strings
 * that come in are copied; those that come out live as long as what they were asked of. doc/library.md says more. */
#ifndef HEADFLOW_H
#define HEADFLOW_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HF_API __attribute__((visibility("default")))

/* What this header declares, counted up whenever something is added; and that of the library that is linked. */
#define HF_API_VERSION 1
HF_API int hf_api_version(void);

/* The version of headflow, "0.1.0". */
HF_API const char *hf_version(void);

#ifndef HF_CORE_ERROR_H /* headflow's own files have them from there */
typedef enum {
    HF_OK = 0,
    HF_EUSAGE = 2,   /* command line, model file or state table */
    HF_ENUMERIC = 3, /* the numerics failed: not finite, too many steps, no convergence */
    HF_ESYSTEM = 4   /* file system or memory */
} hf_status;

typedef struct {
    hf_status status;
    char message[1024]; /* one sentence without a final newline; "" while nothing has failed */
    const char *key;    /* of a model file, that the message is about and starts with; NULL: none */
} hf_error;
#endif

/* ---- frames: tables in memory ---- */

typedef struct hf_frame hf_frame;

HF_API size_t hf_frame_rows(const hf_frame *frame);
HF_API size_t hf_frame_columns(const hf_frame *frame);

/* The name of a column, counted from 0; NULL: there is none. */
HF_API const char *hf_frame_column(const hf_frame *frame, size_t column);

/* Whether there is a column of that name. */
HF_API bool hf_frame_has(const hf_frame *frame, const char *column);

/* A number; nan where it does not apply, where the cell is a word, and where there is no such row or column. Rows count from 0. */
HF_API double hf_frame_get(const hf_frame *frame, size_t row, const char *column);

/* A word, such as "cooperative"; NULL where the cell is a number, does not apply, or is not there. */
HF_API const char *hf_frame_word(const hf_frame *frame, size_t row, const char *column);

/* All numbers of a column, one behind the other (rows); NULL: there is no such column. */
HF_API const double *hf_frame_values(const hf_frame *frame, const char *column);

/* ---- outcomes: what a run leaves ---- */

typedef struct hf_outcome hf_outcome;

/* A table by its name: "trajectory", "attention", "events", "stages", "acquisitions", "plateaus", "final"; of what is in a folder also
 * with the path there, "train/seed-1/trajectory"; of a curve "curves", "stages", "plateaus", "slope", "samples". "summary" is one row
 * about the run. The frame is the outcome's. Errors: HF_EUSAGE (there is none of that name), HF_ESYSTEM. */
HF_API hf_status hf_outcome_frame(hf_outcome *outcome, const char *name, const hf_frame **frame, hf_error *err);

/* How many tables there are, and their names; NULL: no more. */
HF_API size_t hf_outcome_count(const hf_outcome *outcome);
HF_API const char *hf_outcome_name(const hf_outcome *outcome, size_t index);

/* The tables of a run, or of a sweep, in a folder. Errors: HF_EUSAGE (there are none), HF_ESYSTEM. */
HF_API hf_status hf_outcome_load(hf_outcome **outcome, const char *directory, hf_error *err);

HF_API void hf_outcome_free(hf_outcome *outcome); /* NULL is legal */

/* ---- jobs: models to be run ---- */

typedef struct hf_job hf_job;

/* A model file. It is read here and checked by hf_job_check and hf_job_run. Errors: HF_EUSAGE, HF_ESYSTEM. */
HF_API hf_status hf_job_open(hf_job **job, const char *path, hf_error *err);

/* A model as the text of a model file. name: what messages and the title call it; directory: where relative paths in it
 * start, NULL: the current one. Errors: HF_ESYSTEM. */
HF_API hf_status hf_job_parse(hf_job **job, const char *name, const char *text, const char *directory, hf_error *err);

/* Equations of your own, which go down a loss: y' = velocity(y). Of a job with them the keys of the sections solver, detect and
 * output, and title, have an effect. All functions get self; y, velocity, x and result have so many unknowns. What they
 * return is checked: numbers that are not finite end the run with HF_ENUMERIC. Set what you do not have to 0. */
typedef struct {
    size_t size; /* sizeof(hf_equations) */
    const char *name;
    void *self; /* must outlive the job */
    size_t unknowns;
    void (*start)(void *self, double *y);                             /* the state at t = 0 */
    double (*loss)(void *self, const double *y);                      /* L */
    void (*velocity)(void *self, const double *y, double *velocity);  /* y' */
    double (*speed)(void *self, const double *y);                     /* P = -dL/dt; NULL: |y'|^2, that of a gradient flow */
    void (*jacobian_times)(void *self, const double *y, const double *x, double *result); /* of y' along x; NULL: by differences */
    /* Columns of the trajectory of your own. */
    size_t column_count;
    const char *const *column; /* their names */
    void (*observe)(void *self, const double *y, double *values); /* (column_count) */
    /* What can be learned: pattern i is acquired when its part that is known rises through detect.acquired. */
    size_t pattern_count;
    double (*known)(void *self, const double *y, size_t pattern); /* pattern counts from 0 */
} hf_equations;

HF_API hf_status hf_job_solve(hf_job **job, const hf_equations *equations, hf_error *err);

/* One more setting, "path=value" as -s takes it: "init.perturbation=1e-6". Errors: HF_ESYSTEM. */
HF_API hf_status hf_job_set(hf_job *job, const char *setting, hf_error *err);

/* Where tables go, as by headflow run -o; NULL, as in the beginning: they are kept in memory. Training needs a folder. resume: go on
 * with what is there. Errors: HF_ESYSTEM. */
HF_API hf_status hf_job_write_to(hf_job *job, const char *directory, bool resume, hf_error *err);

/* Calls watcher for every row of the flow's trajectory. rows: its last row is this one, with all columns; in memory the earlier ones
 * are there, too. False stops the run. NULL: nobody watches. */
typedef bool hf_watcher(void *data, double t, double loss, double speed, const hf_frame *rows);
HF_API void hf_job_watch(hf_job *job, hf_watcher *watcher, void *data);

/* Threads for training; 1 in the beginning. Results do not depend on them. */
HF_API void hf_job_use_threads(hf_job *job, size_t threads);

/* Reads the model with its settings. *model: the effective configuration, a model file that gives the same run; the job's,
 * until the next check; may be NULL. Errors: HF_EUSAGE, HF_ESYSTEM. */
HF_API hf_status hf_job_check(hf_job *job, const char **model, hf_error *err);

/* Runs it. A run that the watcher has stopped is HF_OK: "stop" in its summary is "watcher", and nothing is found. Errors:
 * HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
HF_API hf_status hf_job_run(hf_job *job, hf_outcome **outcome, hf_error *err);

HF_API void hf_job_free(hf_job *job); /* NULL is legal */

/* ---- curves ---- */

/* Plateaus, drops and stages of a curve with noise of any size, as headflow detect finds them. t NULL: 1, 2, 3, ... Errors: HF_EUSAGE
 * (fewer than four rows that are numbers), HF_ESYSTEM. */
HF_API hf_status hf_detect(hf_outcome **outcome, size_t count, const double *t, const double *loss, hf_error *err);

/* ---- the process ---- */

/* What the program does for itself, if you want it, once and before other threads: GSL does not abort, and OpenBLAS makes every
 * product with one thread, so that results are the program's to the bit. It changes these libraries for the whole process. */
HF_API void hf_prepare_process(void);

#ifdef __cplusplus
}
#endif

#endif
