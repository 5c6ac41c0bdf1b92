/* completion: whether a directory holds a finished run.
 *
 * final.tsv is the last table to get its name; its second line holds the hash of the configuration. */
#ifndef HF_RUN_COMPLETION_H
#define HF_RUN_COMPLETION_H

#include "core/error.h"

#include <stdbool.h>
#include <stdint.h>

/* *complete: directory holds a finished run of the configuration with this hash. HF_EUSAGE: it holds one of another
 * configuration, and no saved state (a file named checkpoint) to go on with. Other errors: HF_ESYSTEM. */
hf_status hf_completion_check(const char *directory, uint64_t hash, bool *complete, hf_error *err);

/* The same without a judgement on what else directory may hold. Errors: HF_ESYSTEM. */
hf_status hf_completion_find(const char *directory, uint64_t hash, bool *complete, hf_error *err);

#endif
