/* read: from a model file and the overrides of the command line to the fields of hf_config.
 *
 * Every key has at most one source: an override, the file or the table's default, in this order. What a value is checked
 * for here can be said of one key alone; what keys must have in common is checked by validate. */
#ifndef HF_CONFIG_READ_H
#define HF_CONFIG_READ_H

#include "config/config.h"

/* Where each key was set, and to what. */
typedef struct {
    char *file;
    char **where; /* (hf_key_count) "FILE:LINE" or "-s path=value"; NULL: a default */
    char **given; /* (hf_key_count) the value as a model file says it, before validation; NULL: a default */
} hf_origins;

/* Fills the zeroed *config, its origins too, as hf_config_read_from says. On failure *config is half filled. */
hf_status hf_read_model(hf_config *config, const hf_config_source *from, size_t override_count,
                        const char *const overrides[], hf_error *err);

/* Sets one key of a configuration that has been read and validated, as if override had been its last one. For keys that no other key's
 * value or check depends on, which are the seeds. Errors: HF_EUSAGE, HF_ESYSTEM; *config is then only good for hf_config_clear. */
hf_status hf_read_again(hf_config *config, const char *override, hf_error *err);

/* Frees the origins; NULL is legal. */
void hf_read_free_origins(hf_origins *origins);

#endif
