/* record: the tables a flow leaves behind, row by row.
 *
 * trajectory.tsv  t loss speed, the system's columns (observer.h) with energy_defect among them, then what the run adds; of
 *                 attention heads: overlap divergence growth_rate energy_defect [test_loss] pattern_loss_<j> distance_<k>
 *                 mass_<h>_<j> value_<h>_<j> share_<h>_<j>; test_loss where there are test data
 * attention.tsv   t position attention_<h>: the system's profile, where it has one (output.attention)
 * states.tsv      t kind head index value: the state at every output time (output.states)
 * spectrum.tsv    t lambda_<i> lambda_max: lowest and largest eigenvalues of the Hessian (output.spectrum)
 * final.tsv       kind head index value: the state at the end, readable as init.state */
#ifndef HF_RUN_RECORD_H
#define HF_RUN_RECORD_H

#include "report/table.h"
#include "run/params.h"
#include "system/point.h"

extern const hf_table_kind *const hf_record_tables[]; /* but the trajectory; ended by NULL */

enum { HF_RECORD_TABLES = 4 };

typedef struct {
    hf_system system;
    const char *directory;
    hf_table_origin origin;
    bool wanted[HF_RECORD_TABLES];
    hf_table table[HF_RECORD_TABLES]; /* trajectory, attention, states, spectrum; open where wanted */
    const hf_table_kind *more;        /* further columns of the trajectory, without groups; NULL: none */
    size_t spectrum;
    double *eigenvalue; /* (spectrum + 1) scratch, owned */
    hf_frames *frames;  /* see hf_record_keep; NULL: nowhere */
} hf_record;

/* Opens the wanted tables in directory, NULL: in memory (hf_record_keep); lengths: those of hf_record_sync to go on, or NULL to start anew. The system's self and
 * directory must outlive the record. more: further columns of the trajectory; NULL: none. Errors: HF_ESYSTEM. */
hf_status hf_record_open(hf_record *record, const hf_output_params *output, const hf_system *system, const char *directory,
                         const hf_table_origin *origin, const hf_table_kind *more, const long *lengths, hf_error *err);

/* Keeps the tables of a record that has just been opened in memory: all, by their names without .tsv, where there is no directory;
 * else the last row of the trajectory, for somebody who watches. frames must outlive the record. Errors: HF_ESYSTEM. */
hf_status hf_record_keep(hf_record *record, hf_frames *frames, hf_error *err);

/* One output time, at a point that is at y and that the observer has looked at; more_row: of the further columns. Errors:
 * HF_ESYSTEM, HF_ENUMERIC (eigenvalues). */
hf_status hf_record_row(hf_record *record, double t, hf_point *point, const double *y, const void *observer,
                        double energy_defect, const void *more_row, hf_error *err);

/* Whether the tables of a finished run in directory are as long as they were: HF_EUSAGE, naming one that is not. */
hf_status hf_record_check(const hf_output_params *output, const hf_system *system, const char *directory,
                          const long *lengths, hf_error *err);

/* Writes what is to be known of trajectory.tsv of a system with that name: a Markdown section. */
void hf_record_explain(const char *system, const hf_observer_kind *observer, FILE *stream);

/* Brings the rows so far to the disk. lengths: (HF_RECORD_TABLES). */
hf_status hf_record_sync(hf_record *record, long *lengths, hf_error *err);

/* Writes final.tsv, of a point that is at y, and gives all tables their names; the record is closed in any case. */
hf_status hf_record_commit(hf_record *record, double t, const hf_point *point, const double *y, hf_error *err);

/* Closes the tables under their temporary names. Legal on a zeroed or closed record. */
void hf_record_abandon(hf_record *record);

#endif
