/* plots: the figures of a run, as gnuplot scripts that stand on their own.
 *
 * DIR/plots/NAME.gp needs nothing but gnuplot and the tables of DIR, from whichever directory it is called; terminal is a
 * gnuplot variable: gnuplot -e "terminal='svg'" DIR/plots/flow.gp. */
#ifndef HF_REPORT_PLOTS_H
#define HF_REPORT_PLOTS_H

#include "core/error.h"
#include "core/lists.h"
#include "report/params.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes plots/NAME.gp: the variable figure = NAME, those of the labels (NULL: the usual ones) and those that write_facts writes,
 * then the parts (ended by NULL). Where the script is another one than was there, its images (NAME.png and so on) are removed.
 * Errors: HF_ESYSTEM. */
hf_status hf_plots_write_script(const char *plots, const char *name, const hf_labels *labels,
                                void (*write_facts)(FILE *, const void *), const void *data, const char *const parts[],
                                hf_error *err);

/* The same of a figure that has the canvas and a body, in directory/plots, which is made. */
hf_status hf_plots_write_figure(const char *directory, const char *name, const hf_labels *labels,
                                void (*write_facts)(FILE *, const void *), const void *data, const char *body,
                                hf_error *err);

/* A gnuplot string in single quotes as hf_markup_quote writes it: "name = string". */
void hf_plots_write_string(FILE *stream, const char *name, const char *text);

/* The same for a text that is shown: nothing in it is markup of gnuplot or LaTeX. */
void hf_plots_write_text(FILE *stream, const char *name, const char *text);

/* What the figure of one training begins with: the configuration, run_title and source, the folder of this seed's tables. */
void hf_plots_write_seed(FILE *stream, uint64_t hash, const char *title, uint64_t seed);

/* What figures have to know of a training run. */
typedef struct {
    uint64_t steps;
    size_t seeds, batch, samples, validation;
    uint64_t first_seed;
    const char *optimizer;
    double lr;
    bool is_time; /* steps stand for flow time */
} hf_plots_training;

/* What they have to know of a run. */
typedef struct {
    const char *title;
    const hf_labels *labels;
    uint64_t hash;              /* of the configuration: where it changes, so does the script, and old images go */
    const char *const *figures; /* those that show the columns of its system, by name, ended by NULL */
    bool has_flow, has_drift, has_step, has_optimizer, trains, has_rungs; /* has_step: if its tables are there */
    size_t heads, positions, pattern_count;
    const hf_count_rows *patterns;      /* (J)(n_j) positions from 1 */
    const hf_counts *copies, *replicas; /* of every class: one number for all, one for each, or none */
    double t_first, t_end;              /* of the output times */
    bool log_time, has_attention, has_events, has_saddles, has_test, has_sensitivities;
    double contrast;         /* of speeds, from which on a run falls and does not rest */
    const hf_strings *phase; /* two columns of the trajectory, or none */
    size_t eigenvalues;      /* in spectrum.tsv */
    hf_plots_training train;
} hf_plots_run;

/* Writes the scripts that fit a run into directory/plots. Errors: HF_ESYSTEM. */
hf_status hf_plots_write(const hf_plots_run *run, const char *directory, hf_error *err);

#endif
