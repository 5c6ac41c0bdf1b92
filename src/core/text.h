/* text: files as strings, and strings, names and numbers as the user sees them. */
#ifndef HF_CORE_TEXT_H
#define HF_CORE_TEXT_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define HF_SHOWN     240 /* bytes of a path quoted in a message, with its end */
#define HF_REAL_TEXT 40

/* What is wrong with a text, and where. */
typedef struct {
    char file[HF_SHOWN]; /* "" for the text itself, else the included file, relative to the model file */
    unsigned line;       /* from 1; 0: not in a line */
    char text[600];
} hf_fault;

/* Fills *fault and returns HF_EUSAGE. file NULL: the text itself. */
hf_status hf_fault_set(hf_fault *fault, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Copies text, escaping what is neither printable ASCII nor valid UTF-8 and cutting at "..." what is too long
 * for the size of shown, at least 8. Returns shown. */
const char *hf_text_show(const char *text, char *shown, size_t size);

/* Number of bytes of the printable character at the start of text: 1 for ASCII, 2 to 4 for UTF-8, 0 for anything else. */
size_t hf_text_printable(const char *text);

/* Reads a whole file into a string that the caller frees. HF_EUSAGE: it cannot be read, is larger than 256 MiB or holds a
 * NUL byte (fault->text says which, fault->line where). HF_ESYSTEM: the file system failed, or no memory; fault->text says so. */
hf_status hf_text_load(const char *path, char **text, hf_fault *fault);

/* The same of what is left in a stream. */
hf_status hf_text_read(FILE *stream, char **text, hf_fault *fault);

/* Behind the byte order mark that some editors put in front of a UTF-8 text; text itself if there is none. */
const char *hf_text_skip_mark(const char *text);

/* The shortest of %.15g, %.16g, %.17g that reads back as value, always with a point or an exponent. */
const char *hf_text_real(double value, char text[HF_REAL_TEXT]);

/* Writes a string of a model file, with its quotes; what is no UTF-8 is escaped. */
void hf_text_quote(const char *string, FILE *stream);

/* Writes a value, as it stands in a model file, into a field of a table, so that every reader of tables takes it for one field:
 * integers without the L of libconfig; in strings no quote and no #, which begins a comment, but \x22 and \x23. -s takes it. */
void hf_text_cell(const char *value, FILE *stream);

/* The value with an L behind every integer of more than 32 bits, which libconfig wants. Caller frees; NULL: memory. */
char *hf_text_widen(const char *value);

#endif
