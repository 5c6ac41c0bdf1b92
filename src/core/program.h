/* program: what systems tell a program of itself in ways of their own. Where a system is not known, or tells nothing, there is an
 * answer to go on with. Everything else of src/ is POSIX. */
#ifndef HF_CORE_PROGRAM_H
#define HF_CORE_PROGRAM_H

#include <stddef.h>

/* Where the program is, for the caller to free; NULL: the system does not say, or no memory. */
char *hf_program_path(void);

/* Its environment, "NAME=value" each, ended by NULL; it may be NULL itself. */
char **hf_program_environment(void);

/* Processors that are on; 1 where nothing is known. */
size_t hf_program_processors(void);

#endif
