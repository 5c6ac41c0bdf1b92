/* beside: curves of logs beside the flow of a model.
 *
 * The step of a log is flow time by the clock of the model's train section (train/clock.h) or, without one, by lr alone. Both are
 * compared where the comparison of training runs does: when the loss falls to the level halfway between the flow's plateaus
 * around a stage. */
#ifndef HF_COMPARE_BESIDE_H
#define HF_COMPARE_BESIDE_H

#include "log/look.h"
#include "report/table.h"
#include "run/flow_run.h"
#include "train/clock.h"

#include <stdio.h>

typedef struct {
    const hf_flow_run_params *flow_params; /* with the title of the model; must outlive it */
    hf_clock clock;                        /* of the log; is_time */
    hf_run_summary flow;                   /* owned */
    bool interrupted;
} hf_beside;

extern const hf_table_kind *const hf_beside_tables[];

/* Follows the flow, into directory/flow or, with NULL, in memory. Errors as hf_flow_run. Free with hf_beside_clear. */
hf_status hf_beside_run(hf_beside *beside, const hf_flow_run_params *params, hf_clock clock, const char *directory,
                        const volatile sig_atomic_t *interrupted, hf_error *err);

/* Writes directory/compare.tsv and directory/plots/beside.gp. Errors: HF_ESYSTEM. */
hf_status hf_beside_write(const hf_beside *beside, size_t count, const hf_log_look *looks, const char *directory,
                          hf_error *err);

/* The table alone, in memory: compare. Errors: HF_ESYSTEM. */
hf_status hf_beside_keep(const hf_beside *beside, size_t count, const hf_log_look *looks, hf_frames *frames, hf_error *err);

/* The times side by side, for the eye. */
void hf_beside_print(const hf_beside *beside, size_t count, const hf_log_look *looks, FILE *stream);

/* Legal on a zeroed one. */
void hf_beside_clear(hf_beside *beside);

#endif
