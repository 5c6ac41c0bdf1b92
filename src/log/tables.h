/* tables: what was found in logs, as tables: curves.tsv, stages.tsv, plateaus.tsv, and for the figure samples.tsv and
 * slope.tsv (doc/detect.md). */
#ifndef HF_LOG_TABLES_H
#define HF_LOG_TABLES_H

#include "log/look.h"
#include "report/table.h"

extern const hf_table_kind *const hf_log_tables[];

/* Writes them into directory, which is there. Errors: HF_ESYSTEM. */
hf_status hf_log_tables_write(size_t count, const hf_log_look *looks, const hf_search_params *params, const char *directory,
                              hf_error *err);

/* The same tables in memory: curves, stages, plateaus, samples, slope. Errors: HF_ESYSTEM. */
hf_status hf_log_tables_keep(size_t count, const hf_log_look *looks, hf_frames *frames, hf_error *err);

/* Writes directory/plots/detect.gp. Errors: HF_ESYSTEM. */
hf_status hf_log_figure_write(size_t count, const hf_log_look *looks, const char *directory, hf_error *err);

#endif
