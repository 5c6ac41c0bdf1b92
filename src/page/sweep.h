/* sweep: the results of a sweep as data for the page's script. */
#ifndef HF_PAGE_SWEEP_H
#define HF_PAGE_SWEEP_H

#include "core/error.h"

#include <stddef.h>
#include <stdio.h>

enum { HF_PAGE_NUMBERS = 60000 }; /* of results.tsv that a page holds at most */

/* Writes "{"columns":[...],"inputs":n,"rows":[[...],...]}" from directory/results.tsv: the first inputs columns, behind the task,
 * are what was swept. *shown of *count rows. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_page_sweep_write(const char *directory, size_t *shown, size_t *count, FILE *stream, hf_error *err);

#endif
