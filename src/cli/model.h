/* model: the MODEL of a command line: a file, the name of one that comes with the program, or "-" for standard input. */
#ifndef HF_CLI_MODEL_H
#define HF_CLI_MODEL_H

#include "config/config.h"

typedef struct {
    hf_config_source source;
    char *text; /* of standard input; owned */
    char *path; /* of a model by name, or of the file; owned */
} hf_cli_model;

/* Finds the file, or reads standard input, where that is meant; relative paths in it start at the current directory. Errors: HF_EUSAGE (no such
 * file, no text), HF_ESYSTEM. Free with hf_cli_model_close, also after an error. */
hf_status hf_cli_model_open(hf_cli_model *model, const char *argument, hf_error *err);
void hf_cli_model_close(hf_cli_model *model);

/* hf_config_read of what a command line names. */
hf_status hf_cli_read_config(hf_config *config, const char *argument, size_t override_count, const char *const overrides[],
                             hf_error *err);

/* Whether an argument is standard input. */
bool hf_cli_is_input(const char *argument);

/* The word that names it in a command (core/shell.h). Caller frees; NULL: memory. */
char *hf_cli_model_word(const char *argument);

#endif
