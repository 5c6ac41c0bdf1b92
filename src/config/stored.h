/* stored: the configuration of a run as the model that its folder keeps. */
#ifndef HF_CONFIG_STORED_H
#define HF_CONFIG_STORED_H

#include "config/config.h"
#include "run/folder.h"

/* The model for a folder; config must outlive it. A state table that it starts from is copied beside model.conf, so that the
 * folder is all a rerun needs. */
hf_folder_model hf_stored_model(const hf_config *config);

/* Copies the tables that a model names, its state table and its teacher, to where its model.conf is. Errors: HF_ESYSTEM. */
hf_status hf_stored_copy_tables(const hf_config *config, const char *directory, hf_error *err);

/* The hash of what the saved state of a run depends on: all of its configuration but how long it is to be trained and with how
 * many seeds. Where the times of rows or the learning rate depend on the length, that counts, too. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_stored_hash(const hf_config *config, uint64_t *hash, hf_error *err);

#endif
