/* string_record: the tables of a training on strings.
 *
 * trajectory.tsv  step epoch train_loss train_accuracy loss accuracy entropy
 * logits.tsv      what the attention logits are like at the start and at the end, a row for every place of every head
 * final.tsv       tensor index value: the parameters at the end
 * learned.tsv     beside the runs: what all seeds say together */
#ifndef HF_RUN_STRING_RECORD_H
#define HF_RUN_STRING_RECORD_H

#include "report/table.h"
#include "run/run.h"
#include "train/encoder.h"
#include "train/tensor.h"

extern const hf_table_kind *const hf_string_record_tables[]; /* ended by NULL */

typedef struct {
    uint64_t step;
    double epoch, train_loss, train_accuracy, loss, accuracy, entropy;
} hf_string_row;

/* Starts trajectory.tsv in directory, or goes on after its first length bytes (0: anew). Errors: HF_ESYSTEM. */
hf_status hf_string_record_open(hf_table *table, const char *directory, const hf_table_origin *origin, long length,
                                hf_error *err);

/* Errors: HF_ESYSTEM. */
hf_status hf_string_record_row(hf_table *table, const hf_string_row *row, hf_error *err);

/* Whether trajectory.tsv of a finished run is as long as it was. Errors: HF_EUSAGE. */
hf_status hf_string_record_check(const char *directory, long length, hf_error *err);

/* What is measured of places (blocks, heads, places) at a step. */
typedef struct {
    uint64_t step;
    size_t blocks, heads, places;
    const hf_encoder_place *place;
} hf_string_places;

/* logits.tsv of count steps. Errors: HF_ESYSTEM. */
hf_status hf_string_record_places(const char *directory, const hf_table_origin *origin, size_t count,
                                  const hf_string_places *at, hf_error *err);

/* A number of a run over all seeds. */
typedef struct {
    double median, low, high; /* quartiles; a run that has not got there counts as later: inf */
    size_t runs, later;
} hf_string_spread;

/* The number of summaries (count) that is the double at this offset. HF_ESYSTEM: *spread is not set. */
hf_status hf_string_spread_of(size_t count, const hf_run_summary *summary, size_t offset, hf_string_spread *spread,
                              hf_error *err);

/* learned.tsv: a row for each of the numbers. Errors: HF_ESYSTEM. */
hf_status hf_string_record_seeds(const char *directory, const hf_table_origin *origin, size_t count,
                                 const hf_run_summary *summary, hf_error *err);

#endif
