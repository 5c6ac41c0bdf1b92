/* token_record: the tables of a training on tokens.
 *
 * trajectory.tsv  step train_loss train_excess excess overlap, then kl_<k> for every level k, mass_<h>_<k> for every head h,
 *                 of the minimal model value_<h>_<k>, and last_<h>_<k>
 * stages.tsv      the stages of the excess, and what heads do in them
 * final.tsv       tensor index value: the parameters at the end */
#ifndef HF_RUN_TOKEN_RECORD_H
#define HF_RUN_TOKEN_RECORD_H

#include "report/table.h"
#include "run/run.h"
#include "train/tensor.h"
#include "train/token_probe.h"

extern const hf_table_kind *const hf_token_record_tables[]; /* ended by NULL */

typedef struct {
    double train_loss, train_excess, excess, overlap;
    uint64_t step;
    const hf_token_view *view;
    const double *value; /* (heads, levels); NULL: the model has none */
} hf_token_row;

/* Starts trajectory.tsv in directory for rows like this one, or goes on after its first length bytes (0: anew). Errors:
 * HF_ESYSTEM. */
hf_status hf_token_record_open(hf_table *table, const char *directory, const hf_table_origin *origin, const hf_token_row *like,
                               long length, hf_error *err);

/* Errors: HF_ESYSTEM. */
hf_status hf_token_record_row(hf_table *table, const hf_token_row *row, hf_error *err);

/* stages.tsv and, last, final.tsv. Errors: HF_ESYSTEM. */
hf_status hf_token_record_end(const char *directory, const hf_table_origin *origin, const hf_token_numbers *numbers,
                              hf_tensors tensors, const double *parameters, hf_error *err);

/* final.tsv alone. Errors: HF_ESYSTEM. */
hf_status hf_token_record_final(const char *directory, const hf_table_origin *origin, hf_tensors tensors,
                                const double *parameters, hf_error *err);

#endif
