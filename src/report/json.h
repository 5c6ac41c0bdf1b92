/* json: findings for other programs: one JSON value (RFC 8259), written as it comes.
 *
 * Numbers have 17 significant digits and read back to the same bits; what is not finite is null. Strings are ASCII: what else
 * they hold is escaped, a byte that is no UTF-8 as the lone surrogate U+DC00 + byte, which Python's os.fsencode turns back. */
#ifndef HF_REPORT_JSON_H
#define HF_REPORT_JSON_H

#include "report/frame.h"

#include <stdint.h>
#include <stdio.h>

/* To be started as {stream}. A failed write shows in the stream. */
typedef struct {
    FILE *stream;
    unsigned depth;
    bool follows; /* something stands before it in its object or list */
    bool in_row;  /* of a frame, which is one line */
} hf_json;

/* Opens and closes an object '{' or a list '['. name: in an object, else NULL; likewise below. The outermost ends with a newline. */
void hf_json_open(hf_json *json, const char *name, char bracket);
void hf_json_close(hf_json *json, char bracket);

void hf_json_number(hf_json *json, const char *name, double x);
void hf_json_count(hf_json *json, const char *name, uint64_t count);
void hf_json_flag(hf_json *json, const char *name, bool flag);

/* NULL is null. */
void hf_json_string(hf_json *json, const char *name, const char *text);

/* A row of a frame as an object of its columns, and a list of all of them. */
void hf_json_row(hf_json *json, const char *name, const hf_frame *frame, size_t row);
void hf_json_frame(hf_json *json, const char *name, const hf_frame *frame);

#endif
