/* lines: tab-separated text, taken apart in place. */
#ifndef HF_SWEEP_LINES_H
#define HF_SWEEP_LINES_H

#include "core/hash.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What tells damaged text. */
static inline uint64_t hf_lines_checksum(const char *text, size_t size)
{
    uint64_t sum = HF_HASH_START;
    hf_hash_bytes(&sum, text, size);
    return sum;
}

/* Cuts the next line that ends with a newline off *text and returns it without; NULL: no whole line is left. */
static inline char *hf_lines_next(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

/* Cuts the next field off *line and returns it; NULL: no field is left. */
static inline char *hf_lines_field(char **line)
{
    char *field = *line;
    if (field == NULL)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab != NULL)
        *tab = '\0';
    *line = tab == NULL ? NULL : tab + 1;
    return field;
}

#endif
