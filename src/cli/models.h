/* models: the model files that come with the program, by name. */
#ifndef HF_CLI_MODELS_H
#define HF_CLI_MODELS_H

#include "core/error.h"

/* The file that an argument means: itself, unless there is no such file but a model of this name ("three-stage",
 * "paper/minimal"). Caller frees; NULL: memory. */
char *hf_cli_models_resolve(const char *argument);

/* The model that was most likely meant by a name that is none, for the caller to free; NULL: nothing is close. */
char *hf_cli_models_suggest(const char *name);

/* Calls see for every model in order of their names, with its name and what its file says first. Errors: HF_EUSAGE (there are no
 * models), HF_ESYSTEM. */
hf_status hf_cli_models_each(void (*see)(void *data, const char *name, const char *says), void *data, hf_error *err);

#endif
