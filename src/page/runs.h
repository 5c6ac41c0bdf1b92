/* runs: what a page shows of one run, from its folder: the loss, moments that matter, attention and shares over time. */
#ifndef HF_PAGE_RUNS_H
#define HF_PAGE_RUNS_H

#include "core/error.h"
#include "core/tsv.h"
#include "page/curve.h"
#include "page/movie.h"

#include <stdbool.h>
#include <stddef.h>

enum { HF_RUN_MARKS = 40, HF_RUN_LABEL = 24, HF_RUN_POINTS = 600, HF_RUN_STILLS = 8 };

typedef struct {
    char name[64];        /* "flow", "drift", "seed 3", "batch-512-lr-0.05/seed-1" or that of a curve */
    const char *unit;     /* of times: "flow time", "step" or the log's own column */
    const char *quantity; /* "loss", or "excess" of a Markov chain */
    hf_tsv table;         /* trajectory.tsv; of a log nothing */
    double *t, *loss;     /* (rows); owned */
    double last_energy_defect, worst_energy_defect, last_overlap; /* nan: none */
    bool log_t, log_loss;
    size_t rows;
    size_t curve_points; /* of the curve that is drawn */
    size_t *curve_point; /* (curve_points) rows of them; owned */
    size_t marks;        /* moments on the curve: stages by their numbers, and where heads part */
    hf_curve_mark mark[HF_RUN_MARKS];
    char label[HF_RUN_MARKS][HF_RUN_LABEL];
    size_t rests; /* moments of plateaus, which still pictures show */
    double rest[HF_RUN_MARKS];
    hf_movie movie;         /* frames 0: there is none, and no times for the slider but those of the curve */
    size_t heads, patterns; /* of the shares; 0: none */
    const char *share_name; /* what they are, in words */
    double *share;          /* (frames, heads, patterns) at the times of the movie; owned */
} hf_page_run;

/* Reads the run in directory/folder. room: as for a movie. Errors: HF_EUSAGE (a table is missing or damaged), HF_ESYSTEM. Free
 * with hf_page_run_clear. */
hf_status hf_page_run_read(hf_page_run *run, const char *directory, const char *folder, const char *name,
                           const hf_movie_sizes *sizes, size_t room, hf_error *err);

/* The same for a run that has times and losses but no folder: settles its scales and the times of the slider. */
hf_status hf_page_run_finish(hf_page_run *run, size_t room, hf_error *err);

/* Legal on a zeroed run. */
void hf_page_run_clear(hf_page_run *run);

/* The trajectory's row that shows the same time as this frame of the movie. */
size_t hf_page_run_row(const hf_page_run *run, size_t frame);

/* Number of the column of that name; false: there is none. */
bool hf_page_column(const hf_tsv *table, const char *name, size_t *column);

/* The run's curve, with its marks, as figure number (from 0) of the page; and its time axis. */
hf_status hf_page_run_write_curve(const hf_page_run *run, size_t number, FILE *stream, hf_error *err);
hf_curve_axis hf_page_run_axis(const hf_page_run *run);

#endif
