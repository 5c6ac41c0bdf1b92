/* columns: which columns of somebody's table are the step and the loss.
 *
 * Names are compared without regard to case, and also behind the last "/" (train/loss) and behind " - ", where W&B puts the
 * metric behind the run: such columns are curves of different runs. Companions of W&B's (__MIN, __MAX) and clocks are neither.
 * A column that was asked for must be there. Otherwise the step is the first of step, global_step, iteration, t, epoch and the
 * like that is there, or the only other column whose numbers rise, or the number of the row; the loss is the column called
 * loss, or value, or the only one whose name holds "loss" (of several, the one of training where only one is), or the only
 * column of numbers that is left. What cannot be told is an error that names the columns. */
#ifndef HF_LOG_COLUMNS_H
#define HF_LOG_COLUMNS_H

#include "core/tsv.h"

#include <stdint.h>

#define HF_LOG_ROW SIZE_MAX /* for the step: the number of the row, from 1 */

typedef struct {
    const char *step;        /* NULL: guessed */
    size_t loss_count;       /* 0: guessed */
    const char *const *loss; /* (loss_count) */
} hf_log_wish;

typedef struct {
    size_t step;       /* column, or HF_LOG_ROW */
    size_t loss_count; /* at least 1 */
    size_t *loss;      /* (loss_count) columns, owned */
} hf_log_columns;

/* Free with hf_log_columns_clear. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_log_columns_choose(hf_log_columns *columns, const hf_tsv *table, const hf_log_wish *wish, hf_error *err);

/* Legal on zeroed columns. */
void hf_log_columns_clear(hf_log_columns *columns);

#endif
