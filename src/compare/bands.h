/* bands: the median of all seeds and the band from their 10 % to their 90 % quantile.
 *
 * train/summary.tsv has a row for every row that all seeds have, and of every column that does not name a head: NAME (the
 * median), NAME_p10 and NAME_p90; t and step are those of all seeds. */
#ifndef HF_COMPARE_BANDS_H
#define HF_COMPARE_BANDS_H

#include "report/table.h"

extern const hf_table_kind *const hf_bands_tables[]; /* ended by NULL */

/* Reads the seeds' trajectories in directory/train, or finished/train where finished is not NULL and they are not in directory,
 * and writes the summary to directory. Errors: HF_EUSAGE (a trajectory that cannot be
 * read), HF_ESYSTEM. */
hf_status hf_bands_write(const hf_table_origin *origin, size_t seeds, const char *directory, const char *finished,
                         hf_error *err);

#endif
