/* shell: words of the command lines that the program prints, so that a pasted line means what it says whatever the names
 * in it hold. For POSIX shells. */
#ifndef HF_CORE_SHELL_H
#define HF_CORE_SHELL_H

#include <stddef.h>
#include <stdio.h>

typedef enum {
    HF_SHELL_BARE,    /* quoted where it must be: a word of letters, digits and _ . / - + = : , @ stays as it is */
    HF_SHELL_QUOTED,  /* in single quotes always */
    HF_SHELL_PARALLEL /* in quotes for GNU parallel, which fills in {} and the like and hands the line to a second shell */
} hf_shell_form;

/* Writes text as one word. A failure shows in the stream. */
void hf_shell_write(const char *text, hf_shell_form form, FILE *stream);

/* The same where a command expects a path: one that starts with '-' gets "./" in front and is no option. */
void hf_shell_write_path(const char *path, hf_shell_form form, FILE *stream);

/* The word that hf_shell_write_path writes with HF_SHELL_BARE, for a message. Caller frees; NULL: memory. */
char *hf_shell_path(const char *path);

/* Writes " -s 'path=value'" for each override. */
void hf_shell_write_overrides(size_t count, const char *const overrides[], FILE *stream);

#endif
