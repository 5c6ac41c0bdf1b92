/* tables: headflow's tables as tables of a page. */
#ifndef HF_PAGE_TABLES_H
#define HF_PAGE_TABLES_H

#include "core/error.h"
#include "report/table.h"

#include <stdio.h>

enum { HF_PAGE_ROWS = 100 }; /* that a table of a page shows at most */

/* Writes directory/path with a caption, numbers with six digits, and what its columns mean, as far as kinds (ended by NULL; or
 * NULL) have a table of that name. A table that is not there, or has no rows, is left out. caption: anybody's. Errors: HF_EUSAGE
 * (damaged), HF_ESYSTEM. */
hf_status hf_page_table_write(const char *directory, const char *path, const char *caption,
                              const hf_table_kind *const *kinds, FILE *stream, hf_error *err);

#endif
